"""What shuffled sets tell within groups: the loss of performance there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from evenlight.measures.lever import Signal
from evenlight.measures.lever_table import Lines
from evenlight.measures.rests import few_people
from evenlight.measures.told_effects import coarse_ends
from evenlight.stats.disclosure import shown_counts


def signal(lines: Sequence[Lines], *, alpha: float, rounded: bool, metric: str) -> Signal:
    """The loss within groups of every shuffled set, averaged over groups by their units."""
    losses = [_loss(line, alpha) for line in lines if line.kind == "shuffle"]
    shuffled = np.array([line.subject for line in lines if line.kind == "shuffle"], dtype=np.str_)
    numbers = np.array([loss.numbers for loss in losses], dtype=np.float64).reshape(-1, 4)
    n, *ends = numbers.T
    value, low, high = coarse_ends((ends[0], ends[1], ends[2]), n) if rounded else ends
    return Signal(
        subject=shuffled,
        metric=np.full(len(losses), metric),
        groups=np.array([loss.groups for loss in losses], dtype=np.str_),
        n=shown_counts(n, rounded=rounded),
        value=value,
        low=low,
        high=high,
        reason=np.array([loss.reason for loss in losses], dtype=np.str_),
    )


@dataclass(frozen=True, slots=True)
class Loss:
    """Units, loss and its limits as `numbers`, the groups that entered, and why there is none."""

    numbers: tuple[float, float, float, float]
    groups: str
    reason: str


def _loss(line: Lines, alpha: float) -> Loss:
    """One set's loss of the first metric, averaged over the groups in which it can be told."""
    fit = [r for r in range(1, len(line.parts)) if line.before.reason[r, 0] == ""]
    if not fit:
        reason = next((str(word) for word in line.before.reason[1:, 0]), few_people())
        return Loss((float("nan"),) * 4, "", f"in no group: {reason}")
    n = float(line.n[fit].sum())
    share = line.n[fit] / n
    value = -float(line.change[fit, 0] @ share)
    noise = float(line.noise[fit, 0] @ share**2)
    spread = float(np.nanvar(line.again[:, fit, 0] @ share, ddof=1))
    half = float(-ndtri(alpha / 2) * np.sqrt(spread + noise))
    names = ", ".join(line.parts[r] for r in fit)
    told = float(line.told[fit].sum())
    return Loss((told, value, value - half, value + half), names, "")
