"""How far the output, attributions, layers and values tell the group, given the outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.data.twins import Twin
from evenlight.errors import InputError
from evenlight.measures import unlike_rows
from evenlight.measures.arms import Arms, arm
from evenlight.measures.belongs import same_twin
from evenlight.measures.conditions import Held, checked, held, held_default
from evenlight.measures.counted import told_left
from evenlight.measures.globally import thinned
from evenlight.measures.hidden_people import places, shown_people, twin_at_shown
from evenlight.measures.leakage import Leakage, TwinLeakage
from evenlight.measures.prepare import ALPHA, Setting, population
from evenlight.measures.representations import Shown, Teller, shown
from evenlight.measures.told_effects import told_by_limits, told_chance
from evenlight.measures.told_reliance import TENTH
from evenlight.stats.disclosure import shown_counts, told_limits, told_step, told_values
from evenlight.stats.excess import excess
from evenlight.stats.leakage import leak_auc, leak_of, told
from evenlight.stats.multiplicity import holm
from evenlight.stats.two_sample import folds_of

FOLDS = 5
LEAST_DRAWS = 100
ASKED = ("auc", "low", "high", "expected", "alone", "p")


def leak(
    representations: Teller | Sequence[Teller],
    cohort: Cohort,
    *,
    by: str | Groups,
    given: str | None = None,
    twin: Twin | None = None,
    margin: float = 0.05,
    draws: int = 999,
    rng: np.random.Generator | int = 0,
) -> Leakage:
    """Ask of each representation how far it tells the groups of `by`, pair by pair.

    `representations` are predictions (the output), attributions, embeddings, or "values", those of
    the cohort. A linear classifier is cross-fitted over folds of whole units and judged within the
    cohort's strata and, where `given` is "outcome" (by default where there is one), within the
    outcome; the test permutes the group within them with refits (`evenlight.stats.leakage`). All
    representations are asked with the same folds and permutations. `twin` puts the output of K
    refits of the model beside that of their twins. Beyond 4,000 units a random part enters. Where
    groups have unlike numbers of rows a unit, as many of each enter (`measures.unlike_rows`).

    What is told by attributions, embeddings or values is encoded; that is no evidence of use.

    Raises InputError for no representation, two of one name, fewer than 100 draws, a margin outside
    0 to 0.5, an unknown `given`, or a twin by another grouping; AttributionError for a twin of
    another model or target; CohortError where the outcome cannot be held; GroupError where there is
    nothing to compare.
    """
    _sound(draws, margin)
    items, groups = shown(representations, cohort), cohort.grouping(by)
    condition = checked(held_default(cohort) if given is None else given, cohort)
    if twin is not None:
        output = next((item.values[:, 0] for item in items if item.kind == "output"), None)
        targets = [item.target for item in items]
        twin = same_twin(twin, cohort, groups, what="leak", targets=targets, output=output)
    seed = int(np.random.default_rng(rng).integers(2**63))
    found = [_asked(item, cohort, groups, condition, draws=draws, seed=seed) for item in items]
    return Leakage(
        grouping=groups.name,
        source=groups.source,
        levels=groups.levels,
        contrasts=groups.contrasts(),
        names=tuple(item.name for item in items),
        kinds=tuple(item.kind for item in items),
        given=condition,
        target=next((item.target for item in items if item.target), ""),
        margin=margin,
        alpha=ALPHA,
        draws=draws,
        folds=FOLDS,
        twin=None if twin is None else twin_leak(twin, cohort, groups, given=condition, seed=seed),
        **_stacked(found, margin),
    )


def _sound(draws: int, margin: float) -> None:
    """InputError for too few draws, or a margin that no AUC can be held to."""
    if draws < LEAST_DRAWS or not 0 < margin < 0.5:
        raise InputError(
            f"draws is {draws} and margin {margin}; at least {LEAST_DRAWS} draws, and a margin "
            "between 0 and 0.5, are needed"
        )


def _stacked(found: Sequence[Mapping[str, list[Any]]], margin: float) -> dict[str, Any]:
    """The numbers of all representations as arrays, with verdicts."""
    made = {name: np.array([part[name] for part in found]) for name in found[0]}
    words = told(
        made["low"], made["high"], made["holm"],
        margin=margin, alpha=ALPHA, smallest=made.pop("smallest"),
    )  # fmt: skip
    return made | {"verdict": words}


def _asked(
    item: Shown, cohort: Cohort, by: Groups, given: str, *, draws: int, seed: int
) -> dict[str, list[Any]]:
    """Every number of one representation, over contrasts."""
    here, few = unlike_rows.thinned(shown_people(cohort, by, kept=item.kept))
    values = item.values[places(here, cohort)][here.kept]
    arms = arms_within(here, held(here, given), values, seed=seed)
    rows = [leaked(one, here, draws=draws, seed=seed) for one in arms]
    out: dict[str, list[Any]] = {name: [row[name] for row in rows] for name in rows[0]}
    out["population"] = [
        row["population"] if row["reason"] else f"{row['population']} {few}".strip() for row in rows
    ]
    out["holm"] = list(holm(np.array(out["p"])))
    return out


def arms_within(here: Setting, fixed: Held, values: Float, *, seed: int) -> list[Arms]:
    """The arms of every contrast within what is held, at most 4,000 units each.

    The last column of their cells is the outcome, where it varies in a stratum, else 0.
    """
    rng = np.random.default_rng(seed)
    outcome = np.zeros(len(values)) if fixed.y is None else fixed.y
    own = np.column_stack([fixed.left(here, values), outcome])
    pairs = here.groups.contrasts()
    return [thinned(arm(here, pair, fixed.stratum, own, draws=0, rng=rng), rng) for pair in pairs]


def leaked(one: Arms, here: Setting, *, draws: int, seed: int) -> dict[str, Any]:
    """The numbers of one contrast, NaN where it cannot be asked."""
    if one.reason:
        gone = dict.fromkeys(ASKED, float("nan"))
        why = {"smallest": 0, "population": "", "reason": one.reason}
        return {"n": np.full(2, np.nan), **why, **gone}
    rng = np.random.default_rng(seed)
    folds = folds_of(one.plan, count=FOLDS, rng=rng)
    values, units = one.cells.values, entering(one)
    made = leak_of(values[:, :-1], one.plan, folds, draws=draws, alpha=ALPHA, rng=rng)
    some = told_left(here, one.names, units, one.total).astype(np.float64)
    alone = leak_auc(values[:, -1:], one.plan, folds)
    return _told(asdict(made) | {"alone": alone}, min(units), here) | {
        "n": shown_counts(some, rounded=here.rounded),
        "smallest": min(units),
        "population": _speaks_for(one, here),
        "reason": "",
    }


def _told(numbers: Mapping[str, float], n: int, here: Setting) -> dict[str, float]:
    """AUCs, which do not add up over people, to a tenth of their step where a part is hidden."""
    flat, least = {name: np.array(value) for name, value in numbers.items()}, np.array(n)
    ends = told_by_limits((flat["auc"], flat["low"], flat["high"]), least, here, part=TENTH)
    half = (flat["high"] - flat["low"]) / 2
    beside = {
        name: told_by_limits((flat[name], -half, half), least, here, part=TENTH)[0]
        for name in ("expected", "alone")
    }
    made = dict(zip(("auc", "low", "high"), ends, strict=True)) | beside
    made["p"] = told_chance(flat["p"], here)
    return {name: float(made[name]) for name in flat}


def _speaks_for(one: Arms, here: Setting) -> str:
    """For whom the AUC speaks, from units that were not yet drawn at random."""
    left = told_left(here, one.names, one.left, one.total)
    return population(one.total, (int(left[0]), int(left[1])), len(one.plan.weight), one.names)


def entering(one: Arms) -> tuple[int, int]:
    """Units of level and reference that enter, after a random part was taken."""
    return int(one.plan.member.sum()), int((~one.plan.member).sum())


def twin_leak(twin: Twin, cohort: Cohort, by: Groups, *, given: str, seed: int) -> TwinLeakage:
    """The output's AUC of every refit and its twin, on the same folds, of the shown people."""
    here, _ = unlike_rows.thinned(shown_people(cohort, by))
    twin, k = twin_at_shown(twin, cohort, here), twin.refits
    outputs = [made.output[here.kept] for made in (*twin.models, *twin.twins)]
    arms = arms_within(here, held(here, given), np.column_stack(outputs), seed=seed)
    auc = np.array([_each(one, seed) for one in arms]).T
    apart = excess(auc[:k], auc[k:], alpha=ALPHA)
    reason = np.array([one.reason for one in arms], dtype=np.str_)
    if not here.rounded:
        return TwinLeakage(auc[:k], auc[k:], apart.mean, apart.low, reason)
    n = np.array([min(entering(one)) if not one.reason else 1 for one in arms])
    step = TENTH * told_step(0.5 / np.sqrt(n), n)  # of a share
    low = told_limits(apart.low, apart.low, step)[0]
    model, twins = (told_values(part, step) for part in (auc[:k], auc[k:]))
    return TwinLeakage(model, twins, told_values(apart.mean, step), low, reason)


def _each(one: Arms, seed: int) -> Float:
    """The AUC of each column but the last, one by one."""
    columns = one.cells.values.shape[1] - 1
    if one.reason:
        return np.full(columns, np.nan)
    folds = folds_of(one.plan, count=FOLDS, rng=np.random.default_rng(seed))
    values = one.cells.values
    return np.array([leak_auc(values[:, [j]], one.plan, folds) for j in range(columns)])
