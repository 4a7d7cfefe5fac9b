"""Cells of reliance as text: what the gate said, the worst cell by name, and what it rests on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from evenlight.qualify.layout import MUST, Cells, Layout, must_cells, notes, total
from evenlight.qualify.lines import Line
from evenlight.qualify.musts import LEAST_RUNS, OURS, Held, relied
from evenlight.qualify.rates import Rate, rows
from evenlight.qualify.reliance.cells import ADJUSTED, ALONE, CELLS
from evenlight.qualify.reliance.models import KINDS
from evenlight.qualify.reliance.worlds import TRUTHS
from evenlight.stats.binomial import exact

SAID = "Runs called *consistent with a shortcut*, in per cent (Monte Carlo error; runs)"
WORST = "The worst cell of each requirement"
RESTS = "What the word rests on: criteria met in per cent of runs, and means"
HELD = "What must hold of reliance"

MET = ("share", "comparison", "remainder", "intervention")
MEANS = (
    *("unsupported share, lower limit", "excess, lower limit", "remainder", "rho"),
    *("causal sets supported", "sets falsely supported", "AUPRC"),
)

Measured = Mapping[tuple[str, str], Mapping[str, Rate]]
"""Rates by cell and question."""


def reliance(lines: Sequence[Line], layout: Layout, mark: str, *, all_musts: bool = False) -> str:
    """Everything that was measured of cells of reliance; of what must hold what does not.

    `all_musts` lists those that hold as well.
    """
    made = rows(lines)
    table = {(r.case, r.question): r.rates for r in made if r.method == OURS}
    held = sorted(
        (one for one in relied(made) if one.found is not None), key=lambda one: -_or_least(one)
    )
    sizes = sorted({CELLS[name].n for name, _ in table})
    parts = [f"{mark}{SAID}"]
    for n in sizes:
        kinds = [k for k in KINDS if any(CELLS[c].kind == k and CELLS[c].n == n for c, _ in table)]
        parts.append(layout([f"n = {n}", "truth", *kinds], list(_said(table, n, kinds))))
    parts += [f"{mark}{WORST}", layout(_WORST, list(_worst(held)))]
    parts += [
        f"{mark}{RESTS}",
        layout([*_WHERE, *(f"{m}, %" for m in MET), *MEANS], list(_rests(table))),
    ]
    parts.append(f"{mark}{HELD}")
    shown = [must_cells(one) for one in held if all_musts or one.state != "holds"]
    if shown:
        parts.append(layout(MUST, shown))
    parts.append(total(relied(made)))
    return "\n\n".join([*parts, *notes(lines, "cell", permuted=False)])


def _or_least(one: Held) -> float:
    """How far beyond its limit, what was not measured last."""
    return one.z if one.state != "not measured" else float("-inf")


def _said(table: Measured, n: int, kinds: Sequence[str]) -> Iterator[Cells]:
    """One line a world and question, one column a kind of model."""
    held: dict[tuple[str, str], dict[str, Rate]] = {}
    for (name, question), rates in table.items():
        cell = CELLS[name]
        if cell.n == n and question in cell.questions and "consistent" in rates:
            held.setdefault((cell.world, question), {})[cell.kind] = rates["consistent"]
    for (world, question), own in held.items():
        name = f"{world}, adjusted" if question == ADJUSTED else world
        yield [name, TRUTHS[world], *(_share(own[k]) if k in own else "" for k in kinds)]


def _share(rate: Rate) -> str:
    return f"{100 * rate.value:.0f} ({100 * rate.error:.0f}; {rate.runs})"


_WORST = ["what", "people", "must be", "worst cell", "found (error; runs)", "95 %", "of cells"]


def _worst(held: Sequence[Held]) -> Iterator[Cells]:
    """The cell furthest beyond its limit of each kind of must at each size, `held` worst first.

    Of cells that are equally far, the one of fewest runs.
    """
    groups: dict[tuple[str, int, str], list[Held]] = {}
    for one in held:
        if one.found is not None and one.found.runs >= LEAST_RUNS:
            groups.setdefault(_kind_of(one), []).append(one)
    for (what, n, limit), ones in sorted(groups.items()):
        worst = max(ones, key=_badness)
        found = worst.found
        if found is None:
            continue
        low, high = exact(np.array(found.value), np.array(found.runs), 0.05)
        where = _where_of(worst)
        span = f"{100 * low:.0f} to {100 * high:.0f}"
        yield [what, str(n), limit, where, _share(found), span, str(len(ones))]


def _kind_of(one: Held) -> tuple[str, int, str]:
    cell, must = CELLS[one.must.case], one.must
    what = "shortcut found" if cell.shortcut else "clean called a shortcut"
    if must.question == ALONE:
        what = "said without a twin"
    elif must.rate == "unresolved":
        what = "unresolved"
    return what, cell.n, f"{must.kind} {100 * one.limit:.0f}"


def _badness(one: Held) -> tuple[float, int]:
    if one.found is None:
        return float("-inf"), 0
    off = one.found.value - one.limit
    return (off if one.must.kind == "at most" else -off), -one.found.runs


def _where_of(one: Held) -> str:
    return f"{one.must.case}, adjusted" if one.must.question == ADJUSTED else one.must.case


_WHERE = ["cell", "question"]


def _rests(table: Measured) -> Iterator[Cells]:
    for (name, question), rates in table.items():
        if question not in CELLS[name].questions:
            continue
        met = [_number(rates.get(f"{m} met"), lambda v: f"{100 * v:.0f}") for m in MET]
        yield [name, question, *met, *(_number(rates.get(m), _two) for m in MEANS)]


def _two(value: float) -> str:
    return f"{value:.2f}"


def _number(rate: Rate | None, told: Callable[[float], str]) -> str:
    return "" if rate is None else told(rate.value)
