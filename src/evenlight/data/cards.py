"""Short cards for notebooks: a cohort and its attributions at a glance, without a script."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from htpy import Element, Node, caption, div, p, span, strong, table, tbody, td, th, thead, tr

from evenlight.arrays import Bool, Float, Int
from evenlight.data.completeness import TOLERANCE, beyond_own, beyond_typical, scale_of
from evenlight.data.digits import count, number, percent
from evenlight.data.rows import blocks
from evenlight.data.shown import short, visible
from evenlight.small_groups import hidden_text, least_shown

if TYPE_CHECKING:
    from evenlight.data.attributions import Attributions
    from evenlight.data.cohort import Cohort
    from evenlight.data.groups import Groups

ROWS = 12
"""Most rows of a card's table."""


def cohort_card(cohort: Cohort) -> str:
    """Rows, units, roles, and units by group; a count below 11 is not shown."""
    facts = cohort_facts(cohort)
    tables = [_groups(groups, cohort.units) for groups in cohort.groups[:4]]
    return card("Cohort", facts, [*tables, *(p[short(note, 300)] for note in cohort.notes[:5])])


def cohort_facts(cohort: Cohort) -> list[str]:
    """Size and roles of a cohort."""
    outcome = getattr(cohort.outcome, "time", cohort.outcome) or "none"
    return [
        f"{count(cohort.n)} rows, {count(cohort.u)} units, {count(len(cohort.features))} features",
        f"outcome {short(outcome, 40)} ({cohort.outcome_kind or 'none'})",
        f"strata {', '.join(short(s, 30) for s in cohort.strata) or 'none'}",
    ]


def attributions_card(attributions: Attributions) -> str:
    """Method, completeness and the most important features; means alone, nobody's own numbers."""
    facts = attributions_facts(attributions)
    if attributions.n < least_shown() or attributions.values.ndim != 2:
        return card("Attributions", facts, [])
    size = np.zeros(len(attributions.features))
    for _, values in blocks(attributions.values):
        size += np.abs(values).sum(axis=0, dtype=np.float64) / attributions.n
    return card("Attributions", facts, [_importance(attributions.features.names, size)])


def attributions_facts(attributions: Attributions) -> list[str]:
    """Size, method and completeness of attributions."""
    return [
        f"{count(attributions.n)} rows, {count(len(attributions.features))} features",
        f"target {short(attributions.target, 40)} on the {attributions.scale} scale",
        f"method {short(attributions.method, 40)}",
        *_completeness(attributions),
    ]


def _completeness(made: Attributions) -> Iterator[str]:
    """The largest residual for its row, and how many rows add up; what hides it is said."""
    about = made.error, made.output, made.base
    scale = scale_of(made.output, made.base)
    share = np.abs(made.error) / np.where(scale > 0, scale, 1.0)
    yield f"largest residual {number(float(share.max(initial=0.0)))} of how far its output moves"
    unsure = ~made.converged
    missed = made.converged & beyond_own(*about)
    large = made.converged & beyond_typical(*about) & ~missed
    if unsure.any():
        yield f"{_rows(unsure)} did not converge"
    if missed.any():
        yield (
            f"{_rows(missed)} counted as converged, missing more than {percent(TOLERANCE)} of how "
            "far the output moves: by rounding, or since the method does not promise to add up"
        )
    if large.any():
        yield (f"{_rows(large)} converged by size alone, missing more than the median row moves")
    if not (unsure | missed | large).any():
        yield f"every row converged, within {percent(TOLERANCE)} of how far its own output moves"


def _rows(which: Bool) -> str:
    """How many rows.

    >>> _rows(np.array([True, False])), _rows(np.array([True, True]))
    ('1 row', '2 rows')
    """
    n = int(which.sum())
    return f"{count(n)} row{'s' * (n != 1)}"


def told(heading: str, facts: Iterable[str]) -> str:
    """Heading and facts as one line of plain text, for a console.

    >>> told("Cohort", ["3 rows", "no strata"])
    'Cohort: 3 rows; no strata'
    """
    return f"{heading}: {'; '.join(facts)}"


def card(heading: str, facts: Iterable[str], content: Sequence[Node]) -> str:
    """A heading, facts in one line, and tables beneath: all text is escaped."""
    made = div(class_="evenlight-card")[p[strong[heading], " · ", " · ".join(facts)], content]
    return "".join(made.iter_chunks())


def small_table(words: str, heads: Sequence[str], rows: Sequence[Sequence[object]]) -> Element:
    """A table with caption and scopes; the first cell of a row is its head."""
    return table[
        caption[words],
        thead[tr[[th(scope="col")[head] for head in heads]]],
        tbody[
            [
                tr[th(scope="row")[label(row[0])], [td[label(cell)] for cell in row[1:]]]
                for row in rows
            ]
        ],
    ]


def label(text: object) -> Node:
    """A name or number, made visible and cut; a cut one is whole in its title."""
    cut = short(text)
    return cut if cut == visible(text) else span(title=short(text, 1000))[cut]


def _groups(groups: Groups, units: Int) -> Element:
    """Units by level; where one is hidden the others are rounded to 5."""
    names = (*groups.levels[:ROWS], "unknown")
    sizes = [len(np.unique(units[groups.codes == at])) for at in (*range(len(names) - 1), -1)]
    hidden = any(0 < size < least_shown() for size in sizes)
    rows = [(name, _hidden(size, hidden)) for name, size in zip(names, sizes, strict=True)]
    left = f"; the first {ROWS} of {len(groups.levels)} levels" if len(groups.levels) > ROWS else ""
    return small_table(
        f"{short(groups.name)} ({short(groups.source, 40)}){left}", ("Group", "Units"), rows
    )


def _hidden(size: int, rounded: bool) -> str:
    if 0 < size < least_shown():
        return hidden_text()
    return f"about {count(5 * round(size / 5))}" if rounded else count(size)


def _importance(names: Sequence[str], size: Float) -> Element:
    order = np.argsort(-size, kind="stable")[:ROWS].tolist()
    total = float(size.sum()) or 1.0
    rows = [(names[j], number(float(size[j])), percent(float(size[j]) / total)) for j in order]
    return small_table("Mean |attribution| over all rows", ("Feature", "Mean", "Share"), rows)
