"""Where one person is most of a group: what is told of the group would be told of that person.

In statistical disclosure control a cell is sensitive where its largest contributor has more than
half of it (Hundepool et al. 2012, Statistical Disclosure Control, section 4.2). Here the cell is a
level's sum of |attribution| of one subject, such as that of a variant with one carrier. Its mean
and every difference that it enters are then told to steps (`stats.disclosure.told_step`): the share
of the one is not known to within 10 / sqrt(n) of itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from evenlight.arrays import Bool, Float
from evenlight.measures.comparison import Comparison
from evenlight.measures.prepare import Setting
from evenlight.measures.told_effects import told_numbers
from evenlight.stats.disclosure import dominated, told_limits, told_step, told_values

ENDS = ("importance", "importance_low", "importance_high")
EFFECTS = ("effect", "low", "high", "se", "df", "p", "p_maxt", "q")


def without_dominated(
    found: Comparison, parts: Iterable[tuple[slice, Float, Float]], here: Setting
) -> Comparison:
    """The same comparison, coarse where one unit has more than half of a level's |attribution|.

    `parts` are columns, and means and sizes of units there (u, q). Verdicts stay: they are of the
    numbers before.
    """
    mask = np.zeros(found.mean.shape, dtype=bool)
    levels = {name: getattr(found, name).copy() for name in ("mean", *ENDS)}
    for some, mean, size in parts:
        for g in range(len(mask)):
            at = here.unit_group == g
            if at.any():
                mask[g, some] = dominated(size[at])
                _coarse(levels, (g, some), mean[at], size[at])
    if not mask.any():
        return found
    kept: dict[str, Any] = {
        name: np.where(mask, levels[name], getattr(found, name)) for name in levels
    }
    return replace(found, **kept | _effects(found, mask, here))


def _coarse(levels: dict[str, Float], at: tuple[int, slice], mean: Float, size: Float) -> None:
    """Means of a level's units (m, q) to the step of their spread."""
    n = np.array(len(mean))
    step = told_step(mean.std(axis=0) / np.sqrt(n), n)
    levels["mean"][at] = told_values(levels["mean"][at], step)
    step = told_step(size.std(axis=0) / np.sqrt(n), n)
    low, high = told_limits(levels[ENDS[1]][at], levels[ENDS[2]][at], step)
    levels[ENDS[0]][at] = told_values(levels[ENDS[0]][at], step)
    levels[ENDS[1]][at], levels[ENDS[2]][at] = low, high


def _effects(found: Comparison, mask: Bool, here: Setting) -> dict[str, Float]:
    """The numbers of every view (v, c, p) where either level of a contrast is dominated."""
    place = [[here.groups.levels.index(name) for name in pair] for pair in found.contrasts]
    either = mask[np.array(place)].any(axis=1)
    exact = {name: getattr(found, name) for name in EFFECTS}
    told = told_numbers(exact, np.maximum(found.n.min(axis=-1), 1)[..., None])
    return {name: np.where(either, told[name], exact[name]) for name in EFFECTS if name in told}
