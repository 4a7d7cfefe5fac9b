"""B3: does it use the same features? Table T4, figures F5, F6 and F15."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from htpy import Element, Node

from evenlight.data.digits import count, estimate
from evenlight.data.shown import short
from evenlight.figures.importance import ranked
from evenlight.measures.comparison import Comparison
from evenlight.record import Audit
from evenlight.reports.drawings import curves_by_grouping, drawings
from evenlight.reports.parts import block, folded, grid, leading, name, nothing, part, picture
from evenlight.reports.pointing import Told, at, each
from evenlight.reports.sections import plotted
from evenlight.reports.sections.along import gradient_table, joint_table, together_table
from evenlight.reports.sections.b8_trust import banner
from evenlight.reports.sections.changes import flips, sensitivities
from evenlight.reports.sections.contrasts import contrast_tables
from evenlight.reports.sections.keyed import keyed
from evenlight.reports.sections.placed import locally, shares
from evenlight.reports.sections.wholes import agreement_table, tree_table, whole_table
from evenlight.reports.words import CAPTIONS, NOTHING
from evenlight.small_groups import least_shown


def section(audit: Audit) -> Element:
    """Everything about the use of features, grouping by grouping."""
    if not (audit.comparisons or audit.sensitivities or audit.flips or audit.dependences):
        return nothing("b3", NOTHING["comparison"])
    compared = (_compared(audit, key, record) for key, record in keyed("t4", audit.comparisons))
    placed = (locally(audit), shares(audit))
    return block("b3", compared, _along(audit), placed, _curves(audit), _changed(audit))


def _compared(audit: Audit, key: str, record: Comparison) -> Element:
    made = drawings(audit)
    shown = [made[k] for k in (key.replace("t4", f) for f in ("F6", "F5")) if k in made]
    return part(
        f"By {record.grouping}",
        banner(audit, record.grouping),
        [picture(drawing, record) for drawing in shown],
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
            yield folded("Whole explanations", whole_table(f"{key}w", tests))
    made = drawings(audit)
    for mark, ranks in keyed("F7", beside.agreements):
        if ranks.grouping == grouping:
            if mark in made:
                yield [picture(made[mark], ranks), plotted.tops(audit, mark, ranks)]
            yield folded("Agreement of rankings", agreement_table(f"{key}r", ranks))
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
            f"Along {short(record.grouping)}",
            (gradient_table(f"{key}c{c}", record, c) for c in range(len(record.contrasts))),
            (joint_table(f"{key}j", one) for one in joint),
            ref=at(record, "grouping"),
        )


def _curves(audit: Audit) -> Node:
    made = drawings(audit)
    groupings = keyed("F15", list(curves_by_grouping(audit).items()))
    return [
        part(
            f"Value or use? Dependence by {grouping}",
            banner(audit, grouping),
            picture(made[key], *curves),
            plotted.dependences(audit, key, curves),
            ref=at(curves[0], "grouping"),
        )
        for key, (grouping, curves) in groupings
        if key in made
    ]


def _changed(audit: Audit) -> Node:
    if not (audit.sensitivities or audit.flips):
        return None
    return part("The same change for everyone", sensitivities(audit), flips(audit))


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
    )
    named = CAPTIONS["T4i"].format(
        grouping=record.grouping,
        scale=record.views[0].scale,
        shown=len(shown.rows),
        all=count(shown.of),
    )
    heads = [
        record.subject_kind.capitalize() or "Feature",
        *(_head(record, k) for k in range(len(record.levels))),
    ]
    told = Told(named, record, "grouping subjects levels unconverged views")
    return grid(key, "T4, importance", told, heads, replace(shown, of=len(shown.rows)))


def _head(record: Comparison, k: int) -> str:
    unsure = int(record.unconverged[k])
    level = short(record.levels[k], 40)
    told = count(unsure) if unsure >= least_shown() else f"fewer than {least_shown()}"
    return f"{level} ({told} rows did not converge)" if unsure else level


def _importance(record: Comparison, k: int, j: int) -> str:
    numbers = (record.importance, record.importance_low, record.importance_high)
    return estimate(*(float(a[k, j]) for a in numbers), reason=str(record.level_reason[k]))
