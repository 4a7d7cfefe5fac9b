"""Result lines as text: evenlight beside the rivals, what must hold, and what could not be run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence

from evenlight.qualify.cases.phantoms import PHANTOMS
from evenlight.qualify.layout import (
    MUST,
    Cells,
    Layout,
    columns,
    grid,
    must_cells,
    notes,
    percent,
    total,
)
from evenlight.qualify.lines import Line
from evenlight.qualify.musts import OURS, Held, check, compared, imaged
from evenlight.qualify.rates import Rate, Row, rows
from evenlight.qualify.reliance.cells import CELLS
from evenlight.qualify.reliance.table import reliance
from evenlight.qualify.rivals.all import RIVALS

METHODS = (OURS, *RIVALS, "evenlight regression")

FLAGS = "Runs with any false flag, and in brackets the share of raw p below 5 % under no difference"
LISTS = "False discovery rate / power of the list, where something is planted"
OWN = "Of evenlight alone"
HELD = "What must hold"


def text(lines: Sequence[Line]) -> str:
    """Everything that was measured, for a terminal; nothing of cases that were not run."""
    plain, relied = apart(lines)
    pictures = of_pictures(lines)
    out = []
    if plain or not (relied or pictures):
        out.append(_pages(plain, columns, "\n", cases={one.case for one in plain}))
    if pictures:
        ran = {one.case for one in pictures}
        out.append(_pages(pictures, columns, "\n", cases=ran, judged=imaged))
    if relied:
        out.append(reliance(relied, columns, "\n", all_musts=True))
    return "\n\n".join(out)


def markdown(lines: Sequence[Line]) -> str:
    """What was measured of comparisons and audits as tables of a page, each number from lines."""
    return _pages(apart(lines)[0], grid, "### ")


def image_figures(lines: Sequence[Line]) -> str:
    """What was measured of networks on generated images, as tables of a page."""
    return _pages(of_pictures(lines), grid, "### ", judged=imaged)


def apart(lines: Iterable[Line]) -> tuple[list[Line], list[Line]]:
    """Lines of comparisons, identities and audits, and lines of the cells of reliance."""
    every = [x for x in lines if x.case not in PHANTOMS]
    return [x for x in every if x.case not in CELLS], [x for x in every if x.case in CELLS]


def of_pictures(lines: Iterable[Line]) -> list[Line]:
    """Lines of networks that were trained on generated images."""
    return [x for x in lines if x.case in PHANTOMS]


def _pages(
    lines: Sequence[Line],
    layout: Layout,
    mark: str,
    *,
    cases: Container[str] | None = None,
    judged: Callable[[Sequence[Row]], list[Held]] = compared,
) -> str:
    made = rows(lines)
    held = judged(made)
    own = ["case", "question", "what", "%", "error", "runs"]
    shown = [must_cells(one) for one in held if cases is None or one.must.case in cases]
    parts = [
        f"{mark}{FLAGS}", layout(["case: question", *METHODS], list(_flags(made))),
        f"{mark}{LISTS}", layout(["case: question", *METHODS], list(_lists(made))),
        f"{mark}{OWN}", layout(own, list(_own(made))),
        f"{mark}{HELD}", layout(MUST, shown),
        total(held),
        *notes(lines),
    ]  # fmt: skip
    return "\n\n".join(parts)


def _by_question(made: Iterable[Row]) -> dict[str, dict[str, Mapping[str, Rate]]]:
    out: dict[str, dict[str, Mapping[str, Rate]]] = {}
    for row in made:
        out.setdefault(f"{row.case}: {row.question}", {})[row.method] = row.rates
    return out


def _flags(made: Iterable[Row]) -> Iterator[Cells]:
    """Questions under which nothing is planted."""
    for name, methods in _by_question(made).items():
        if any("any" in rates for rates in methods.values()) and not _planted(methods):
            yield [name, *(_flag(methods.get(method, {})) for method in METHODS)]


def _flag(rates: Mapping[str, Rate]) -> str:
    raw = f" ({percent(rates['raw'])})" if "raw" in rates else ""
    return f"{percent(rates.get('any'))}{raw}"


def _lists(made: Iterable[Row]) -> Iterator[Cells]:
    for name, methods in _by_question(made).items():
        if _planted(methods):
            yield [name, *(_list(methods.get(method, {})) for method in METHODS)]


def _list(rates: Mapping[str, Rate]) -> str:
    if "power" not in rates:
        return ""
    return f"{percent(rates.get('fdr')) or '-'} / {percent(rates['power'])}"


def _planted(methods: Mapping[str, Mapping[str, Rate]]) -> bool:
    return any("power" in rates for rates in methods.values())


def _own(made: Iterable[Row]) -> Iterator[Cells]:
    """Every rate of evenlight, with its error: intervals, verdicts, warnings, audits."""
    for row in made:
        for name, rate in row.rates.items() if row.method == OURS else ():
            what, exact = name.replace("_", " "), name.endswith(" off by")
            value = f"{rate.value:.1e}" if exact else percent(rate)
            error = "" if exact else f"{100 * rate.error:.1f}"
            yield [row.case, row.question, what, value, error, str(rate.runs)]


def states(lines: Sequence[Line]) -> Mapping[str, int]:
    """How many of what must hold are in each state."""
    return Counter(one.state for one in check(rows(lines)))
