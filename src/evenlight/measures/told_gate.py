"""What the gate rests on as it may be told beside a hidden part: to steps.

Refits of a twin are of the shown people alone, and of one grouping: no other table tells sums over
them. Their shares and slopes are told as coarsely as those of the audited model are, which they
resemble (`measures.told_reliance`).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from evenlight.arrays import Float
from evenlight.measures.prepare import Setting
from evenlight.measures.shortcuts import OverTwin, Shortcut
from evenlight.measures.told_effects import told_by_limits, told_shares
from evenlight.measures.told_reliance import TENTH
from evenlight.stats.disclosure import told_limits, told_se, told_step, told_values


def told_shortcut(found: Shortcut, here: Setting) -> Shortcut:
    """The same gate; its words and what is met are of the numbers before."""
    if not here.rounded:
        return found
    share = float(np.nan_to_num(found.unsupported[0]))
    return replace(
        found,
        over=_over(found.over, here),
        excess_total=_excess(found.excess_total, share, here),
        remainder=told_slope(found.remainder, here),
        resemblance=told_shares(found.resemblance, here),
    )


def told_slope(numbers: Float, here: Setting) -> Float:
    """A slope with its limits (3,), which does not add up over people."""
    n = np.array(len(here.unit_group))
    ends = tuple(numbers[[i]] for i in range(3))
    return np.concatenate(told_by_limits((ends[0], ends[1], ends[2]), n, here, part=TENTH))


def told_excess(
    mean: Float, sd: Float, low: Float, step: Float, n: int
) -> tuple[Float, Float, Float]:
    """An excess over a twin, its SD over refits and its lower limit, to a step."""
    return told_values(mean, step), told_se(sd, np.array(n)), told_limits(low, low, step)[0]


def _step(share: Float, here: Setting) -> Float:
    """The step of a share of variance r squared, r to a part of 10 / n."""
    n = np.array(len(here.unit_group))
    return told_step(2 * np.sqrt(np.abs(np.nan_to_num(share)) / n), n)


def _over(found: OverTwin, here: Setting) -> OverTwin:
    step, n = _step(found.model, here), len(here.unit_group)
    told = told_excess(found.excess, found.sd, found.low, step, n)
    return OverTwin(told_values(found.model, step), told_values(found.twin, step), *told)


def _excess(numbers: Float, share: float, here: Setting) -> Float:
    step, n = _step(np.array([share]), here), len(here.unit_group)
    return np.concatenate(told_excess(numbers[[0]], numbers[[1]], numbers[[2]], step, n))
