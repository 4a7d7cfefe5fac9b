"""Result lines as text: evenlight beside the rivals, what must hold, and what could not be run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from math import isfinite

from evenlight.qualify.lines import Line
from evenlight.qualify.musts import OURS, Held, check
from evenlight.qualify.rates import Rate, Row, rows
from evenlight.qualify.rivals.all import RIVALS

METHODS = (OURS, *RIVALS, "evenlight regression")
Cells = list[str]
Layout = Callable[[Sequence[str], Sequence[Cells]], str]

FLAGS = "Runs with any false flag, and in brackets the share of raw p below 5 % under no difference"
LISTS = "False discovery rate / power of the list, where something is planted"
OWN = "Of evenlight alone"
HELD = "What must hold"


def text(lines: Sequence[Line]) -> str:
    """Everything that was measured, for a terminal; nothing of cases that were not run."""
    return _pages(lines, columns, "\n", cases={one.case for one in lines})


def markdown(lines: Sequence[Line]) -> str:
    """The same as tables of a page, each number from the lines."""
    return _pages(lines, grid, "### ")


def _pages(
    lines: Sequence[Line], layout: Layout, mark: str, *, cases: Container[str] | None = None
) -> str:
    made = rows(lines)
    held = check(made)
    count = Counter(one.state for one in held)
    total = ", ".join(f"{n} {state}" for state, n in count.most_common())
    own = ["case", "question", "what", "%", "error", "runs"]
    parts = [
        f"{mark}{FLAGS}", layout(["case: question", *METHODS], list(_flags(made))),
        f"{mark}{LISTS}", layout(["case: question", *METHODS], list(_lists(made))),
        f"{mark}{OWN}", layout(own, list(_own(made))),
        f"{mark}{HELD}", layout(["item", "case", "question", "what", "must be", "found", "state"],
                                [_told(one) for one in held
                                 if cases is None or one.must.case in cases]),
        f"Of {len(held)}: {total}.",
        *notes(lines),
    ]  # fmt: skip
    return "\n\n".join(parts)


def notes(lines: Iterable[Line]) -> list[str]:
    """Of how many repetitions, by what code; what could not be run, and why."""
    every = list(lines)
    good = [one for one in every if not one.error]
    runs = sorted(set(Counter(one.case for one in good).values()))
    told = ", ".join(str(d) if d else "as many as a family needs" for d in {o.draws for o in good})
    span = f"{runs[0]} to {runs[-1]}" if len(runs) > 1 else str(*runs)
    codes = sorted({one.code for one in good})
    out = [f"Repetitions of a case: {span}. Permutations: {told}. Code: {', '.join(codes)}."]
    if len(codes) > 1:
        out.append(f"These lines were made by {len(codes)} states of the code.")
    failed = Counter((one.case, one.error) for one in every if one.error)
    out += [f"{case}: {n} repetitions failed: {why}" for (case, why), n in sorted(failed.items())]
    return out


def percent(rate: Rate | None) -> str:
    """A share in per cent; nothing where it was not measured.

    >>> percent(Rate(0.0512, 0.0031, 400))
    '5.1'
    """
    return "" if rate is None else f"{100 * rate.value:.1f}"


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


def _told(one: Held) -> Cells:
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


def states(lines: Sequence[Line]) -> Mapping[str, int]:
    """How many of what must hold are in each state."""
    return Counter(one.state for one in check(rows(lines)))
