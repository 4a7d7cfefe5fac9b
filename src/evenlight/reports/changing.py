"""An audit beside an earlier one: the record of it in the folder, and picture F13."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from evenlight.differing import Difference
from evenlight.differing.diff import FILE
from evenlight.differing.record import Moved
from evenlight.figures.ink import WIDE, grid
from evenlight.figures.slopes import TALL, highest, slope_chart, slope_text
from evenlight.language import spoken
from evenlight.record import Audit
from evenlight.reports.drawing import drawn
from evenlight.reports.parts import Drawing, say
from evenlight.reports.words_changed import FIGURE

PANELS = 6
"""Groups of one grouping that are drawn."""


def beside(audit: Audit, folder: str | Path) -> Difference | None:
    """The difference whose later audit is this one, where diff.json of the folder holds it."""
    path = Path(folder) / FILE
    if not path.is_file():
        return None
    made = Difference.from_json(path.read_text(encoding="utf-8"))
    own = {
        "model": audit.model.digest,
        "cohort": audit.cohort.digest,
        "plan": audit.plan_digest,
    }
    return made if {name: pair[1] for name, pair in made.digests.items()} == own else None


def slopes(made: Difference) -> dict[str, Drawing]:
    """F13 by key, one a grouping: F13, F13-2."""
    groupings = list(dict.fromkeys(one.grouping for one in importances(made)))
    return {d.key: d for i, g in enumerate(groupings, start=1) for d in _drawn(made, g, i)}


def importances(made: Difference) -> list[Moved]:
    """Features before and after, as they are drawn."""
    return [one for one in made.values if one.kind == "importance"]


def slopes_at(made: Difference) -> list[str]:
    """Where the lines of each picture stand in diff.json."""
    found: dict[str, list[str]] = {}
    for i, one in enumerate(made.values):
        if one.kind == "importance":
            found.setdefault(one.grouping, []).append(f"{FILE}#/values/{i}")
    return [" ".join(own) for own in found.values()]


def _drawn(made: Difference, grouping: str, i: int) -> Iterator[Drawing]:
    parts: dict[str, list[Moved]] = {}
    for one in importances(made):
        if one.grouping == grouping:
            parts.setdefault(one.part, []).append(one)
    shown = list(parts.values())[:PANELS]
    columns = min(len(shown), 3)
    figure, panels = grid(len(shown), columns, (WIDE / max(columns, 2), TALL))
    top = max(highest(values) for values in shown)
    for k, (values, ax) in enumerate(zip(shown, panels, strict=True)):
        slope_chart(values, i=k, top=top, ax=ax)
    text = " ".join(slope_text(values) for values in shown)
    yield drawn("F13", i, figure, text, spoken(FIGURE, grouping=say(grouping)))
