"""F22: from the people audited to those compared, and who is left out at each step."""

from __future__ import annotations

from collections.abc import Iterator

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from evenlight.data.digits import count, percent
from evenlight.data.shown import short, versus
from evenlight.figures.ink import INK, WIDE, plane, write
from evenlight.language import spoken
from evenlight.measures.comparison import Comparison
from evenlight.measures.composition import UNKNOWN, Composition

MOST = 3
"""Contrasts that are drawn; a table holds all."""

WITHIN = "compared within strata, where both groups meet"
KEPT = "given {given}: {n} and {reference_n} ({kept} and {reference_kept} kept)"

LEFT, MIDDLE, RIGHT = (0.0, 0.62), (0.27, 0.62), (0.65, 1.0)
"""Where boxes begin and end: those with a group, one condition, another or those left out."""


def flow(
    composition: Composition, comparison: Comparison | None, *, ax: Axes | None = None
) -> Axes:
    """Boxes from top to bottom: those with a group, then a row of boxes for each contrast."""
    steps = list(_contrasts(comparison))[:MOST]
    ax = plane(ax, WIDE, 60 + 46 * len(steps))
    ax.set_axis_off()
    ax.set_xlim(-0.003, 1.003)
    ax.set_ylim(len(steps) + 0.7, -0.4)
    by = {"grouping": short(composition.grouping, 30), "people": _known(composition)}
    gone = spoken("left out, group unknown: {people}", people=_unknown(composition))
    _box(ax, LEFT, 0, spoken("By {grouping}: {people}", **by))
    _box(ax, RIGHT, 0, gone, dashed=True)
    _arrow(ax, LEFT[1], 0, RIGHT[0], 0)
    if steps:
        _arrow(ax, 0.02, 0.36, 0.02, 0.84)
        write(ax, 0.035, 0.6, spoken(WITHIN), va="center", longest=60)
    for i, (pair, conditions) in enumerate(steps, start=1):
        write(ax, 0.0, i + 0.3, pair, va="center", longest=44)
        for (shown, nobody), place in zip(conditions, (MIDDLE, RIGHT), strict=False):
            _box(ax, place, i + 0.3, shown, dashed=nobody)
    return ax


def flow_text(composition: Composition, comparison: Comparison | None) -> str:
    """What the boxes show, in words."""
    told = [
        spoken(
            "By {grouping}: {people}; unknown: {unknown}.",
            grouping=composition.grouping,
            people=_known(composition),
            unknown=_unknown(composition),
        ),
        *(
            f"{pair}, {'; '.join(shown for shown, _ in conditions)}."
            for pair, conditions in list(_contrasts(comparison))[:MOST]
        ),
    ]
    return " ".join(told)


def flow_conditions(comparison: Comparison) -> dict[str, int]:
    """What is held fixed in a comparison, and the first view that holds it; at most two."""
    seen: dict[str, int] = {}
    for v, view in enumerate(comparison.views):
        seen.setdefault(view.given, v)
    return dict(list(seen.items())[:2])


def _compared(comparison: Comparison, given: str, at: tuple[int, int]) -> tuple[str, bool]:
    """The people of both groups in a contrast with the share of each kept; whether it is nobody."""
    if not comparison.n[at].any():
        return spoken("given {given}: nobody, see the reason", given=given), True
    n, reference_n = (count(float(many)) for many in comparison.n[at])
    kept, reference_kept = (percent(float(share)) for share in comparison.kept[at])
    values = {"n": n, "reference_n": reference_n, "kept": kept, "reference_kept": reference_kept}
    return spoken(KEPT, given=given, **values), False


def _contrasts(comparison: Comparison | None) -> Iterator[tuple[str, list[tuple[str, bool]]]]:
    if comparison is None:
        return
    for c, (level, reference) in enumerate(comparison.contrasts):
        held = flow_conditions(comparison).items()
        pair = versus((short(level, 18), short(reference, 18)))
        yield pair, [_compared(comparison, given, (v, c)) for given, v in held]


def _known(composition: Composition) -> str:
    return ", ".join(
        f"{short(part, 24)} {_people(composition, i)}"
        for i, part in enumerate(composition.parts)
        if part != UNKNOWN
    )


def _unknown(composition: Composition) -> str:
    found = [i for i, part in enumerate(composition.parts) if part == UNKNOWN]
    return _people(composition, found[0]) if found else spoken("nobody")


def _people(composition: Composition, i: int) -> str:
    return count(float(composition.count[i]), str(composition.reason[i]))


def _box(
    ax: Axes, place: tuple[float, float], y: float, text: str, *, dashed: bool = False
) -> None:
    """A frame with its words; dashed where people are left out."""
    size = place[1] - place[0]
    frame = Rectangle((place[0], y - 0.34), size, 0.68, facecolor="none", edgecolor=INK)
    frame.set_linewidth(0.75)
    frame.set_linestyle("--" if dashed else "-")
    ax.add_patch(frame)
    longest = int(size * 170)
    write(ax, place[0] + 0.01, y, text, va="center", longest=longest)


def _arrow(ax: Axes, x: float, y: float, to_x: float, to_y: float) -> None:
    look = {"arrowstyle": "->", "color": INK, "linewidth": 0.75}
    ax.annotate("", xy=(to_x, to_y), xytext=(x, y), arrowprops=look)
