"""F14: what everybody gains from a threshold, against what the worst-served group gains."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from evenlight.arrays import Bool, Float, Int
from evenlight.data.digits import fixed, number
from evenlight.figures.ink import INK, axis_labels, key, look, plane
from evenlight.figures.naming import name_marks
from evenlight.language import spoken
from evenlight.measures.decisions import Decisions

BEST = {
    "all": "Best for all: threshold {threshold}, utility over all {utility}, of {group}, which "
    "gains least, {least}.",
    "worst": "Best for the worst group: threshold {threshold}, utility over all {utility}, of "
    "{group}, which gains least, {least}.",
}


def worst_group(decisions: Decisions, *, ax: Axes | None = None) -> Axes:
    """One mark a threshold: utility over all on x, of the group with least of it on y.

    The mark is that of the group; on the dashed line everybody gains alike. The ring is the
    threshold nearest to the deployed one; 0 is calling nobody. The thresholds that are best for all
    and best for the worst group carry their value.
    """
    ax = plane(ax, 560, 380)
    at, overall, least, group = tradeoff(decisions)
    ends = [min(0.0, float(least.min())), max(float(overall.max()), 0.0)]
    ax.plot(ends, ends, color=INK, linewidth=0.75, dashes=(3, 3))
    for g in np.unique(group).tolist():
        of = group == g
        ax.plot(overall[of], least[of], linestyle="", **look(g))
    near = int(np.abs(at - (decisions.threshold or 0.0)).argmin())
    ax.plot(overall[near], least[near], "o", color=INK, markerfacecolor="none", markersize=13)
    ax.margins(0.12)
    best = dict.fromkeys([int(overall.argmax()), int(least.argmax())])
    named = [(fixed(float(at[j]), 2), float(overall[j]), float(least[j])) for j in best]
    ax.set_xlim(ax.get_xlim())
    ax.set_ylim(ax.get_ylim())
    name_marks(ax, named, np.column_stack([overall, least]))
    axis_labels(ax, spoken("utility over all"), spoken("utility of the worst group"))
    return ax


def worst_key(ax: Axes, decisions: Decisions) -> None:
    """The groups' marks, in the plot."""
    key(ax, decisions.levels)


def entering(decisions: Decisions) -> Bool:
    """Groups (k,) of which any threshold is shown; the others cannot be the worst."""
    return np.array([np.isfinite(decisions.utility[r]).any() for r in _rows(decisions)])


def drawable(decisions: Decisions) -> bool:
    """Whether there is a threshold at which all groups that enter, two or more, are shown."""
    enough = int(entering(decisions).sum()) > 1
    return enough and bool(len(tradeoff(decisions)[0]))


def tradeoff(decisions: Decisions) -> tuple[Float, Float, Float, Int]:
    """Thresholds at which every entering group is shown; utility over all, least, and whose."""
    part = next(name for name in decisions.parts if name not in decisions.levels)
    overall = decisions.utility[decisions.parts.index(part)]
    own = decisions.utility[_rows(decisions)]
    own = np.where(entering(decisions)[:, None], own, np.inf)
    kept = np.isfinite(overall) & ~np.isnan(own).any(axis=0)
    worst: Int = own[:, kept].argmin(axis=0) if kept.any() else np.zeros(0, dtype=np.int64)
    return (
        decisions.thresholds[kept],
        overall[kept],
        own[:, kept].min(axis=0, initial=np.inf),
        worst,
    )


def _rows(decisions: Decisions) -> list[int]:
    return [decisions.parts.index(level) for level in decisions.levels]


def worst_text(decisions: Decisions) -> str:
    """Which threshold serves all best, and which the worst group, in words."""
    at, overall, least, group = tradeoff(decisions)
    made = []
    for whose, j in (("all", int(overall.argmax())), ("worst", int(least.argmax()))):
        told = spoken(
            BEST[whose],
            threshold=fixed(float(at[j]), 2),
            utility=number(float(overall[j])),
            group=decisions.levels[int(group[j])],
            least=number(float(least[j])),
        )
        made.append(told)
    return " ".join(made)
