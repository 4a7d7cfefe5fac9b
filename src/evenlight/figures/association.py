"""F20: what tells the group against what the output follows it through."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from evenlight.arrays import Float, Int
from evenlight.data.digits import number
from evenlight.figures.bulk import apart
from evenlight.figures.ink import ACCENT, CALM, INK, axis_labels, plane, spread, write
from evenlight.language import spoken
from evenlight.measures.associations import Association
from evenlight.measures.reliance import Reliance

NAMED = 6
"""Features that are named, at most."""

NONE = "0 features have both an association with {grouping} and a share."
BEST = (
    "Of {n} features, given {given}, {best} tells {grouping} best (association {association}, "
    "share of the reliance {share}); the largest share goes through {largest} (association "
    "{own_association}, share {own_share})."
)

LOUD = 0.2
"""Part of the largest share that a feature has at least to be named; the best teller always is."""


def together(association: Association, reliance: Reliance) -> tuple[str, Int, Int, int, int]:
    """The condition both have, positions of the subjects both have, and that of the condition.

    Given the outcome where both were asked it, else the first that both were; "" for none.

    Returns the condition, positions (s,) among the subjects of the association and of the reliance,
    and its position in each.
    """
    both = [given for given in reliance.given if given in association.given]
    given = "outcome" if "outcome" in both else (both[0] if both else "")
    place = {name: j for j, name in enumerate(association.subjects)}
    there = [j for j, name in enumerate(reliance.subjects) if name in place]
    here = [place[reliance.subjects[j]] for j in there]
    at = (association.given.index(given), reliance.given.index(given)) if given else (-1, -1)
    return given, np.array(here, dtype=np.int64), np.array(there, dtype=np.int64), *at


def _points(association: Association, reliance: Reliance) -> tuple[str, Int, Float, Float]:
    """The condition, subjects of the reliance that have both numbers, and the numbers."""
    given, here, there, g, h = together(association, reliance)
    if not given or not len(here):
        nothing = np.zeros(0)
        return "", np.zeros(0, dtype=np.int64), nothing, nothing
    x, y = association.share[g, here], reliance.share[h, there]
    known = np.isfinite(x) & np.isfinite(y)
    return given, there[known], x[known], y[known]


def association_points(association: Association, reliance: Reliance) -> int:
    """How many subjects have both an association and a share of the reliance."""
    return len(_points(association, reliance)[1])


def association_scatter(
    association: Association, reliance: Reliance, *, label: int = NAMED, ax: Axes | None = None
) -> Axes:
    """How far a feature's values tell the group on x, its share of the reliance on y.

    Both under the same condition. The largest shares, and what tells the group best, are named,
    with their simultaneous intervals.
    """
    ax = plane(ax, 760, 340)
    given, subject, x, y = _points(association, reliance)
    h = reliance.given.index(given) if given else 0
    loud = reliance.verdict[h, subject] == "different"
    order = _named(x, y, label)
    ax.axhline(0, color=INK, linewidth=0.75)
    low, high = reliance.low[h, subject], reliance.high[h, subject]
    ax.vlines(x[order], low[order], high[order], color=INK, linewidth=0.75)
    for of, mark, colour, size in ((loud, "D", ACCENT, 7), (~loud, "o", CALM, 6.5)):
        at = np.flatnonzero(of)[apart(x[of], y[of])]
        ax.plot(x[at], y[at], mark, color=colour, markersize=size)
    left, right = min(0.0, float(x.min(initial=0.0))), max(float(x.max(initial=0.0)), 0.02)
    ax.set_xlim(left - 0.03 * (right - left), right + 0.3 * (right - left))
    bottom, top = ax.get_ylim()
    heights = spread([float(y[j]) for j in order], 0.06 * (top - bottom))
    for j, height in zip(order.tolist(), heights, strict=True):
        beside = float(x[j]) + 0.015 * (right - left)
        write(ax, beside, height, reliance.subjects[subject[j]], va="center", longest=22)
    told = spoken("association with the group ({measure})", measure=association.measure)
    axis_labels(ax, told, spoken("share of the reliance"))
    return ax


def _named(x: Float, y: Float, most: int) -> Int:
    """Positions of the features that are named: the largest shares, and the best teller."""
    order = np.argsort(-np.abs(y), kind="stable")[:most]
    loud = order[np.abs(y[order]) >= LOUD * np.abs(y).max(initial=0.0)]
    best = np.argsort(-x, kind="stable")[:1]
    return np.unique(np.concatenate([loud, best])).astype(np.int64)


def association_text(association: Association, reliance: Reliance) -> str:
    """What the picture shows, in words."""
    given, subject, x, y = _points(association, reliance)
    if not len(subject):
        return spoken(NONE, grouping=reliance.grouping)
    far, most = int(np.argmax(x)), int(np.argmax(np.abs(y)))
    return spoken(
        BEST,
        n=len(subject),
        given=given,
        grouping=reliance.grouping,
        best=reliance.subjects[subject[far]],
        association=number(float(x[far])),
        share=number(float(y[far])),
        largest=reliance.subjects[subject[most]],
        own_association=number(float(x[most])),
        own_share=number(float(y[most])),
    )
