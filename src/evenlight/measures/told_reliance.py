"""The numbers of a reliance as they may be told beside a hidden part: to steps.

An association of two groups, or the share of the output between them, is their difference in other
words (`measures.told_effects`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from evenlight.arrays import Float, Int
from evenlight.measures.prepare import Setting
from evenlight.measures.reliance import Cuts, Partial
from evenlight.measures.told_effects import WIDE, P, told_by_limits, told_chance
from evenlight.stats.disclosure import told_step, told_values

TENTH = 0.1
"""Slopes do not add up over people: they are told to a tenth of the step of what does."""


def _units(here: Setting) -> Int:
    return np.array(len(here.unit_group))


def told_rows(out: Mapping[str, np.ndarray], here: Setting) -> dict[str, np.ndarray]:
    """Shares and totals (g, ...) of conditions; `raw` has the step of what it is corrected to."""
    if not here.rounded:
        return dict(out)
    n = _units(here)
    width = (out["high"] - out["low"]) / (2 * WIDE)
    whole = (out["total_high"][:, 0] - out["total_low"][:, 0]) / (2 * WIDE)
    told = {
        "raw": told_values(out["raw"], told_step(width, n)),
        "raw_total": told_values(out["raw_total"], told_step(whole, n)),
    }
    for names in (("share", "low", "high"), ("total", "total_low", "total_high")):
        ends = told_by_limits((out[names[0]], out[names[1]], out[names[2]]), n, here)
        told |= dict(zip(names, ends, strict=True))
    return {**out, **told, **{name: told_chance(out[name], here) for name in P}}


def told_association(association: Float, here: Setting) -> Float:
    """Associations (p,): of a share r squared, r to a part of 10 / n."""
    if not here.rounded:
        return association
    n = _units(here)
    spread = 2 * np.sqrt(np.abs(association) / n)
    return told_values(association, told_step(spread, n))


def told_support(found: Mapping[str, np.ndarray], here: Setting) -> dict[str, np.ndarray]:
    """Slopes of support with their limits, (p,)."""
    names = ("slope", "slope_low", "slope_high")
    ends = told_by_limits(
        (found[names[0]], found[names[1]], found[names[2]]), _units(here), here, part=TENTH
    )
    chances = {n: told_chance(found[n], here) for n in ("slope_p", "heterogeneity_p")}
    return {**found, **dict(zip(names, ends, strict=True)), **chances}


def told_partial(found: Partial, here: Setting) -> Partial:
    """The slope of all subjects without support together."""
    ends = (found.slope, found.low, found.high)
    slope, low, high = told_by_limits(ends, _units(here), here, part=TENTH)
    return replace(found, slope=slope, low=low, high=high)


def told_cuts(found: Cuts | None, here: Setting) -> Cuts | None:
    """Totals at other numbers of bins."""
    if found is None or not here.rounded:
        return found
    ends = (found.total, found.low, found.high)
    total, low, high = told_by_limits(ends, _units(here), here)
    return replace(found, total=total, low=low, high=high)
