"""What must hold (statistics.md 4.4), and whether it does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from scipy.stats import binom, norm

from evenlight.qualify.rates import Rate, Row
from evenlight.qualify.reliance.cells import ALONE, CELLS

State = Literal["holds", "watch", "fails", "not measured"]
Kind = Literal["near", "at most", "at least"]

OURS, YARDSTICK = "evenlight", "regression"
LEVEL = 0.05
LEAST_RUNS = 10
"""Fewer repetitions show nothing: their own spread is no error."""
SKEW = 0.07
"""The size that is allowed for 20 people and skewed values: the test is asymptotic."""


@dataclass(frozen=True, slots=True)
class Must:
    """`rate` of evenlight in one case and question must be `kind` `limit`.

    `limit` None stands for the yardstick's own rate. A size that must be *near* a level fails above
    it; below it the test is shy, which the table shows and power pays for.
    """

    item: str
    case: str
    question: str
    rate: str
    kind: Kind
    limit: float | None


@dataclass(frozen=True, slots=True)
class Held:
    """One must with what was found: state, value and error."""

    must: Must
    state: State
    found: Rate | None
    limit: float
    z: float


D, U, A = "difference", "use", "use from attributions alone"
Y = "difference given the outcome"
NULLS = {
    "null": D, "unequal spread": D, "rare values": D, "site": D, "cells in donors": D,
    "unequal spread, 1,500 features": D, "many rare values": D,
    "views inside patients": D, "prevalence": Y, "library size": D, "continuous ancestry": D,
    "probability scale": "size", "labels missing at random": D,
}  # fmt: skip
"""Cases in which nothing differs under the question that is named."""

PLANTED = {
    "one rare value, 5 true": D,
    "use difference": U, "context, product": U, "context, trees": U, "site, 6 true": D,
    "library size, 6 true": D, "cells in donors, 10 true": D, "continuous ancestry, 5 true": D,
    "severity": Y,
}  # fmt: skip
"""Cases with planted differences and others that must stay quiet."""

TRUTH_KNOWN = {
    "value shift": D, "use difference": U, "context, product": U, "context, trees": U,
    "cells in donors, 10 true": D,
}  # fmt: skip
"""Cases in which the true difference is known in the output's units, and beyond the margin."""


PLANTED_IMAGES: Mapping[str, bool | None] = {
    f"{body}, {name}": planted
    for body, part in (("chest", "heart"), ("head", "ventricles"))
    for name, planted in (
        ("shortcut", True), ("nothing", False), ("severity", True), ("intensity", None),
        (f"size of the {part}", None), ("everything", True),
    )
}  # fmt: skip
"""Whether a region is planted within the outcome; None where pairs alone tell which differ."""

EVERYWHERE = ("intensity", "everything")
"""What is planted in cases of images in which every region differs: none may stay quiet."""

RELIANCE = "5"
"""The item whose rates are shares of runs, counted exactly."""

FRAGILE = "fragility"
"""That a planted fragility is found, and a robust model not flagged."""


def musts() -> Iterator[Must]:
    """Everything that must hold of comparisons, warnings, identities and audits."""
    yield from _quiet()
    yield from _used()
    yield from _explained()
    yield from _warned()
    yield Must("6", "image artefact", Y, "flag_power", "at least", 0.95)
    yield Must("6", "image artefact", Y, "any", "at most", LEVEL)
    yield from _fragile()
    yield from _whole()
    for rate in ("gap", "shares", "difference", "standard error", "value and use"):
        yield Must("7", "identities", "identities", f"{rate} off by", "at most", 1e-8)


def _quiet() -> Iterator[Must]:
    """Sizes, where nothing differs."""
    for case, question in NULLS.items():
        yield Must("1", case, question, "raw", "near", LEVEL)
        yield Must("1", case, question, "any", "at most", LEVEL)
    yield Must("1", "skew", D, "raw", "near", SKEW)
    yield Must("1", "null", A, "raw", "near", LEVEL)
    yield Must("1", "null", A, "any", "at most", LEVEL)
    yield Must("1", "cells in 8 + 8 donors", D, "not_estimable", "at least", 1.0)


def _used() -> Iterator[Must]:
    """Other values are told apart from other use."""
    yield Must("2", "value shift", D, "mechanism", "at least", 0.95)
    yield Must("2", "value shift", U, "any", "at most", LEVEL)
    yield Must("2", "value shift", A, "any", "at most", LEVEL)
    yield Must("2", "value shift", A, "raw", "near", LEVEL)
    for question in (U, A):
        yield Must("2", "use difference", question, "power", "at least", 0.95)
        yield Must("2", "use difference", question, "fdr", "at most", LEVEL)
    yield Must("2", "use difference", U, "mechanism", "at least", 0.95)


def _explained() -> Iterator[Must]:
    """Partners are named, and what truly differs is not called similar."""
    for case in ("context, product", "context, trees"):
        yield Must("3", case, U, "partner", "at least", 0.90)
        yield Must("3", case, U, "power", "at least", 0.95)
    for case, question in TRUTH_KNOWN.items():
        yield Must("3", case, question, "similar_beyond", "at most", LEVEL)
    yield Must("3", "one rare value, 5 true", D, "flag_power", "at least", 0.80)


def _warned() -> Iterator[Must]:
    """Warnings that are owed are given, and no others."""
    for case in ("undeclared site", "undeclared donors"):
        yield Must("4", case, "extra", "warned", "at least", 0.95)
    yield Must("4", "columns of no account", "extra", "warned", "at most", LEVEL)
    yield Must("4", "labels missing not at random", "extra", "told", "at least", 0.95)
    yield Must("4", "labels missing at random", "extra", "told", "at most", LEVEL)


def _fragile() -> Iterator[Must]:
    one, none, draw = "fragile in one group", "robust for everyone", "one draw for everyone"
    for case in (one, none, draw):
        yield Must(FRAGILE, case, "extra", "raw_false", "near", LEVEL)
        yield Must(FRAGILE, case, "extra", "false", "at most", LEVEL)
    yield Must(FRAGILE, draw, "extra", "raw_false flips", "near", LEVEL)
    yield Must(FRAGILE, draw, "extra", "false flips", "at most", LEVEL)
    yield Must(FRAGILE, one, "extra", "largest_found", "at least", 0.95)
    yield Must(FRAGILE, one, "extra", "called_similar", "at most", LEVEL)


def _whole() -> Iterator[Must]:
    yield Must("2.7", "audit, null", "gate", "gate failed", "at most", LEVEL)
    for measure in ("performance", "use", "reliance"):
        case = f"audit, {measure} two margins"
        yield Must("2.7", case, measure, "similar at two margins", "at most", LEVEL)


def of_images() -> Iterator[Must]:
    """What must hold of networks that were trained on generated images.

    The region of a planted difference is found; within the outcome no other is flagged, the lesion
    where it is alike among them; intervals of all regions hold what pairs with and without the
    difference tell; the same patch put into everyone is no difference of use.
    """
    for case, planted in PLANTED_IMAGES.items():
        if not case.endswith(EVERYWHERE):
            yield Must("6", case, Y, "any", "at most", LEVEL)
        yield Must("6", case, Y, "covered", "at least", 0.95)
        if planted:
            yield Must("6", case, Y, "flag_power", "at least", 0.95)
        yield Must("6", case, U, "any", "at most", LEVEL)


def against_yardstick() -> Iterator[Must]:
    """Never worse than the regression: power where something is planted.

    Where the regression's own size or FDR is too high its power is bought, and is no yardstick.
    """
    for case, question in {**PLANTED, "image artefact": Y}.items():
        yield Must("yardstick", case, question, "power", "at least", None)
    yield Must("yardstick", "use difference", A, "power", "at least", None)


def of_reliance() -> Iterator[Must]:
    """What must hold of each cell of ancestry reliance (item 5).

    Never a word without a twin; a clean model called a shortcut in at most 5 % of runs; a shortcut
    found in at least 95 % from 4,000 people on; with 400 people unresolved in at least 90 %.
    """
    for name, cell in CELLS.items():
        yield Must(RELIANCE, name, ALONE, "consistent", "at most", 0.0)
        for question in cell.questions:
            if not cell.shortcut:
                yield Must(RELIANCE, name, question, "consistent", "at most", LEVEL)
            elif cell.n >= 4000:
                yield Must(RELIANCE, name, question, "consistent", "at least", 0.95)
            if cell.n <= 400:
                yield Must(RELIANCE, name, question, "unresolved", "at least", 0.90)


def check(rows: Sequence[Row]) -> list[Held]:
    """Each must with its state, those of reliance and of images last.

    *watch* is beyond two Monte Carlo errors, *fails* beyond what chance allows in all of them
    together (5 %, Bonferroni, reliance by itself): of fifty true statements one or two lie beyond
    two errors.
    """
    return [*compared(rows), *relied(rows), *imaged(rows)]


def compared(rows: Sequence[Row]) -> list[Held]:
    """Each must of comparisons, warnings, identities and audits."""
    return _each([*musts(), *against_yardstick()], rows)


def relied(rows: Sequence[Row]) -> list[Held]:
    """Each must of the cells of reliance."""
    return _each(list(of_reliance()), rows)


def imaged(rows: Sequence[Row]) -> list[Held]:
    """Each must of generated images."""
    return _each(list(of_images()), rows)


def _each(wanted: Sequence[Must], rows: Sequence[Row]) -> list[Held]:
    table = {(r.case, r.question, r.method): r.rates for r in rows}
    far = float(norm.isf(0.05 / len(wanted)))
    return [_held(must, table, far) for must in wanted]


def _held(must: Must, table: Mapping[tuple[str, str, str], Mapping[str, Rate]], far: float) -> Held:
    found = table.get((must.case, must.question, OURS), {}).get(must.rate)
    theirs = table.get((must.case, must.question, YARDSTICK), {})
    limit = must.limit if must.limit is not None else _yardstick(theirs)
    if found is None or limit is None or _too_few(must, found):
        gone = float("nan")
        return Held(must, "not measured", found, gone if limit is None else limit, gone)
    error = found.error
    if must.limit is None and must.rate in theirs:
        error = (error**2 + theirs[must.rate].error ** 2) ** 0.5
    beyond = limit - found.value if must.kind == "at least" else found.value - limit
    if must.item == "7":
        return Held(must, "fails" if beyond > 0 else "holds", found, limit, beyond)
    z = _counted(must.kind, limit, found) if must.item == RELIANCE else beyond / error
    state: State = "holds" if z <= 2 else "watch" if z <= far else "fails"
    return Held(must, state, found, limit, z)


def _yardstick(theirs: Mapping[str, Rate]) -> float | None:
    """The regression's power where its size and list are right, else 0, which is always reached."""
    if "power" not in theirs:
        return None
    wrong = [theirs[n] for n in ("raw", "fdr") if n in theirs]
    right = all(rate.value <= LEVEL + 2 * rate.error for rate in wrong)
    return theirs["power"].value if right else 0.0


def _too_few(must: Must, found: Rate) -> bool:
    """Whether the runs show nothing; of what must never be, one run is enough."""
    never = must.item == RELIANCE and must.limit == 0
    return found.runs < LEAST_RUNS and not (never and found.value > 0)


def _counted(kind: Kind, limit: float, found: Rate) -> float:
    """How far a share of runs lies beyond its limit: the binomial tail, were the limit true, as z.

    With few runs the error of what was found is largest where it is worst, and would excuse it.
    """
    count = round(found.value * found.runs)
    if kind == "at least":
        return float(norm.isf(binom.cdf(count, found.runs, limit)))
    return float(norm.isf(binom.sf(count - 1, found.runs, limit)))
