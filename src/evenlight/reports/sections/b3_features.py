"""B3: does it use the same features? Table T4, figures F5, F6 and F15."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from htpy import Element, Node

from evenlight.data.digits import count, estimate
from evenlight.data.shown import short
from evenlight.figures.importance import ranked
from evenlight.language import spoken
from evenlight.measures.comparison import Comparison
from evenlight.record import Audit
from evenlight.reports.drawings import curves_by_grouping, drawings
from evenlight.reports.parts import block, folded, grid, leading, name, nothing, part, picture
from evenlight.reports.pointing import Told, at, each
from evenlight.reports.sections import plotted
from evenlight.reports.sections.along import gradient_table, joint_table, together_table
from evenlight.reports.sections.b8_trust import banner
from evenlight.reports.sections.changes import flips, sensitivities
from evenlight.reports.sections.contrasts import contrast_tables, kind_head
from evenlight.reports.sections.keyed import keyed
from evenlight.reports.sections.placed import locally, shares
from evenlight.reports.sections.wholes import agreement_table, tree_table, whole_table
from evenlight.reports.widest import groups_left, pairs_left, rows_within
from evenlight.reports.words import CAPTIONS, NOTHING, fewer
from evenlight.small_groups import least_shown


def section(audit: Audit) -> Element:
    """Everything about the use of features, grouping by grouping."""
    if not (audit.comparisons or audit.sensitivities or audit.flips or audit.dependences):
        return nothing("b3", spoken(NOTHING["comparison"]))
    compared = (_compared(audit, key, record) for key, record in keyed("t4", audit.comparisons))
    placed = (locally(audit), shares(audit))
    return block("b3", compared, _along(audit), placed, _curves(audit), _changed(audit))


def _compared(audit: Audit, key: str, record: Comparison) -> Element:
    made = drawings(audit)
    shown = [made[k] for k in (key.replace("t4", f) for f in ("F6", "F5")) if k in made]
    return part(
        spoken("By {grouping}", grouping=record.grouping),
        banner(audit, record.grouping),
        pairs_left(record, "tables/features.csv"),
        [picture(drawing, record) for drawing in shown],
        groups_left(at(record, "levels"), record.levels, "pairs", "audit.json"),
        importance_table(f"{key}i", record),
        contrast_tables(key, record, sum(len(c.contrasts) for c in audit.comparisons)),
        _whole(audit, key, record.grouping),
        ref=at(record, "grouping"),
    )


def _whole(audit: Audit, key: str, grouping: str) -> Iterator[Node]:
    """All attributions, all groups and all ranks together, folded."""
    beside = audit.further
    for tests in beside.global_tests:
        if tests.grouping == grouping:
            yield folded(spoken("Whole explanations"), whole_table(f"{key}w", tests))
    made = drawings(audit)
    for mark, ranks in keyed("F7", beside.agreements):
        if ranks.grouping == grouping:
            if mark in made:
                yield [picture(made[mark], ranks), plotted.tops(audit, mark, ranks)]
            yield folded(spoken("Agreement of rankings"), agreement_table(f"{key}r", ranks))
    for tree in beside.hierarchies:
        if tree.grouping == grouping:
            yield tree_table(f"{key}h", tree)
    for groups in beside.omnibuses:
        if groups.grouping == grouping:
            yield together_table(f"{key}g", groups)


def _along(audit: Audit) -> Iterator[Node]:
    """Attributions along continuous ancestry, axis by axis."""
    for key, record in keyed("t4a", audit.further.gradients):
        joint = (j for j in audit.further.axes_omnibuses if j.axes == record.grouping)
        yield part(
            spoken("Along {axes}", axes=short(record.grouping)),
            (gradient_table(f"{key}c{c}", record, c) for c in range(len(record.contrasts))),
            (joint_table(f"{key}j", one) for one in joint),
            ref=at(record, "grouping"),
        )


def _curves(audit: Audit) -> Node:
    made = drawings(audit)
    groupings = keyed("F15", list(curves_by_grouping(audit).items()))
    return [
        part(
            spoken("Value or use? Dependence by {grouping}", grouping=grouping),
            banner(audit, grouping),
            picture(made[key], *curves),
            groups_left(at(curves[0], "levels"), curves[0].levels, "curves", "audit.json"),
            plotted.dependences(audit, key, curves),
            ref=at(curves[0], "grouping"),
        )
        for key, (grouping, curves) in groupings
        if key in made
    ]


def _changed(audit: Audit) -> Node:
    if not (audit.sensitivities or audit.flips):
        return None
    return part(spoken("The same change for everyone"), sensitivities(audit), flips(audit))


def importance_table(key: str, record: Comparison) -> Element:
    """T4, importance of each subject by group."""
    levels = range(len(record.levels))
    numbers = " ".join(each("importance importance_low importance_high", k) for k in levels)
    shown = leading(
        ranked(record).tolist(),
        lambda j: [
            name(record.subjects[j]),
            *(_importance(record, k, j) for k in range(len(record.levels))),
        ],
        base=f"subjects {numbers}",
        limit=rows_within(len(record.levels)),
    )
    named = spoken(
        CAPTIONS["T4i"],
        grouping=record.grouping,
        scale=record.views[0].scale,
        shown=len(shown.rows),
        all=count(shown.of),
    )
    heads = [
        kind_head(record.subject_kind),
        *(_head(record, k) for k in range(len(record.levels))),
    ]
    told = Told(named, record, "grouping subjects levels unconverged views")
    return grid(key, spoken("T4, importance"), told, heads, replace(shown, of=len(shown.rows)))


def _head(record: Comparison, k: int) -> str:
    unsure = int(record.unconverged[k])
    level = short(record.levels[k], 40)
    if not unsure:
        return level
    told = count(unsure) if unsure >= least_shown() else fewer()
    return spoken("{level} ({count} rows did not converge)", level=level, count=told)


def _importance(record: Comparison, k: int, j: int) -> str:
    numbers = (record.importance, record.importance_low, record.importance_high)
    return estimate(*(float(a[k, j]) for a in numbers), reason=str(record.level_reason[k]))
