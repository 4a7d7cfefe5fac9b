"""How tables of result lines are laid out: cells of text, in columns or as a page has them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from math import isfinite

from evenlight.qualify.lines import Line
from evenlight.qualify.musts import Held
from evenlight.qualify.rates import Rate

Cells = list[str]
Layout = Callable[[Sequence[str], Sequence[Cells]], str]

MUST = ["item", "case", "question", "what", "must be", "found", "state"]


def columns(head: Sequence[str], body: Sequence[Cells]) -> str:
    """A table in columns as wide as they must be."""
    every = [list(head), *body]
    wide = [max(len(row[i]) for row in every) for i in range(len(head))]
    told = ("  ".join(c.ljust(w) for c, w in zip(row, wide, strict=True)) for row in every)
    return "\n".join(line.rstrip() for line in told)


def grid(head: Sequence[str], body: Sequence[Cells]) -> str:
    """A table of a page."""
    every = [list(head), ["---"] * len(head), *body]
    return "\n".join("| " + " | ".join(row) + " |" for row in every)


def percent(rate: Rate | None) -> str:
    """A share in per cent; nothing where it was not measured.

    >>> percent(Rate(0.0512, 0.0031, 400))
    '5.1'
    """
    return "" if rate is None else f"{100 * rate.value:.1f}"


def must_cells(one: Held) -> Cells:
    """One line of what must hold, under the head `MUST`."""
    must, exact = one.must, one.must.item == "7"
    limit = f"{one.limit:.0e}" if exact else f"{100 * one.limit:.1f}"
    if must.limit is None and not isfinite(one.limit):
        limit = "the regression's"
    found = ""
    if one.found is not None:
        shown = f"{percent(one.found)} ({100 * one.found.error:.1f})"
        found = f"{one.found.value:.1e}" if exact else shown
    what = must.rate.replace("_", " ")
    return [must.item, must.case, must.question, what, f"{must.kind} {limit}", found, one.state]


def total(held: Sequence[Held]) -> str:
    """How many of what must hold are in each state."""
    count = Counter(one.state for one in held)
    told = ", ".join(f"{n} {state}" for state, n in count.most_common())
    return f"Of {len(held)}: {told}."


def notes(lines: Iterable[Line], what: str = "case", *, permuted: bool = True) -> list[str]:
    """Of how many repetitions, by what code; what could not be run, and why."""
    every = list(lines)
    good = [one for one in every if not one.error]
    runs = sorted(set(Counter(one.case for one in good).values()))
    span = f"{runs[0]} to {runs[-1]}" if len(runs) > 1 else str(*runs) or "none"
    codes = sorted({one.code for one in good})
    told = [f"Repetitions of a {what}: {span}."]
    if permuted:
        draws = [str(d) if d else "as many as a family needs" for d in {o.draws for o in good}]
        told.append(f"Permutations: {', '.join(draws)}.")
    out = [" ".join([*told, f"Code: {', '.join(codes)}."])]
    if len(codes) > 1:
        out.append(f"These lines were made by {len(codes)} states of the code.")
    failed = Counter((one.case, one.error) for one in every if one.error)
    out += [f"{case}: {n} repetitions failed: {why}" for (case, why), n in sorted(failed.items())]
    return out
