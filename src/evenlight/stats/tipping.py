"""What performance would be were the recorded label wrong at a given rate (binary labels).

The recorded label has sensitivity se and specificity sp for the true one, in a group, whatever the
prediction says (non-differential inside the group). Then E[y* | f] = (1 - sp) + (se + sp - 1) E[y |
f], so (y* - (1 - sp)) / (se + sp - 1) has the mean of the true label given everything else, and may
stand in its place in whatever is linear in the label (Rogan and Gladen 1978, Am J Epidemiol 107:71;
Lash, Fox and Fink 2009, chapter 6).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Bool, Float, Int
from evenlight.stats.metrics import (
    Case,
    Metric,
    auroc,
    calibration_slope,
    mean,
    sensitivity,
    specificity,
)

STEPS = 20
"""Points between 0 and the largest difference at which a verdict is looked at."""

TO = 0.001
"""A tipping point is found to this."""


def restored(y: Float, *, sensitivity: float, specificity: float) -> Float:
    """Labels (n,) with the mean of the true ones, from recorded ones of known error.

    >>> restored(np.array([0.0, 1.0]), sensitivity=0.8, specificity=1.0)
    array([0.  , 1.25])
    """
    sharp = sensitivity + specificity - 1
    if sharp <= 0:
        raise ValueError(
            f"a label of sensitivity {sensitivity} and specificity {specificity} tells nothing"
        )
    return (y - (1 - specificity)) / sharp


def restored_brier(case: Case, weight: Float) -> Float:
    """Brier score, linear in the label: E[f^2 - 2 f y + y]."""
    f, y = case.response, case.y
    return mean(f**2 - 2 * f * y + y, weight)


LINEAR: Mapping[str, Metric] = {
    "auroc": auroc,
    "brier": restored_brier,
    "calibration_slope": calibration_slope,
    "sensitivity": sensitivity,
    "specificity": specificity,
}
"""Judged metrics that restored labels may be put into."""


def furthest(events: float, kind: str) -> float:
    """The largest error rate that this share of recorded events allows: true ones are 0 to 1.

    Missed events cannot be more than non-events, false ones not more than events.

    >>> furthest(0.2, "sensitivity"), furthest(0.2, "specificity")
    (0.8, 0.2)
    """
    return 1 - events if kind == "sensitivity" else events


def tipping(
    verdict_at: Callable[[float], str], *, most: float, steps: int = STEPS
) -> tuple[float, str, float]:
    """The least difference at which the verdict is another, which, and how far was looked.

    NaN and "" where there is none. Looked for from 0 to `most` in steps, then by bisection; a
    verdict of "" (cannot be computed) ends the search there.

    >>> tipping(lambda d: "different" if d < 0.13 else "cannot_tell", most=1.0)[:2]
    (0.13, 'cannot_tell')
    """
    before, seen = 0.0, verdict_at(0.0)
    for at in np.linspace(0, most, steps + 1)[1:]:
        found = verdict_at(float(at))
        if not found:
            break
        if found != seen:
            return *_bisected(verdict_at, before, float(at), seen), float(at)
        before = float(at)
    return float("nan"), "", before


def _bisected(
    verdict_at: Callable[[float], str], low: float, high: float, seen: str
) -> tuple[float, str]:
    while high - low > TO:
        middle = (low + high) / 2
        low, high = (middle, high) if verdict_at(middle) == seen else (low, middle)
    return round(high, 3), verdict_at(high)


def given_label(values: Float, y: Float, member: Bool, stratum: Int) -> tuple[float, float]:
    """Difference of means (u,) of members and others within label and stratum, and its variance.

    D = sum_s w_s (mean_As - mean_Bs) / sum_s w_s, w_s = n_A n_B / (n_A + n_B), as between groups
    given the outcome; `y` (u,) is 0 or 1 or restored, and a unit counts y in the stratum of events
    and 1 - y in that of the others. NaN where a stratum would hold fewer than nobody.
    """
    top = bottom = spread = 0.0
    for s in np.unique(stratum):
        for share in (y, 1 - y):
            inside = np.where(stratum == s, share, 0.0)
            n_a, mean_a, var_a = _mean(values, inside * member)
            n_b, mean_b, var_b = _mean(values, inside * ~member)
            if min(n_a, n_b) < 0:
                return float("nan"), float("nan")
            if min(n_a, n_b) < 2:
                continue
            w = n_a * n_b / (n_a + n_b)
            top, bottom = top + w * (mean_a - mean_b), bottom + w
            spread += w**2 * (var_a + var_b)
    if bottom <= 0:
        return float("nan"), float("nan")
    return top / bottom, spread / bottom**2


def _mean(values: Float, share: Float) -> tuple[float, float, float]:
    """Sum of shares, their mean of values, and its variance."""
    n = float(share.sum())
    if n <= 0:
        return n, 0.0, 0.0
    mean_ = float(share @ values) / n
    return n, mean_, float(((share * (values - mean_)) ** 2).sum()) / n**2


@dataclass(frozen=True, slots=True, eq=False)
class LabelSums:
    """Sums of weight, weight times parts and weight times f squared over cells, of d draws.

    The first axis holds all units (0) and those with a recorded event (1); then d draws, S strata,
    k groups; `parts` (2, d, S, k, m + 1) with the output last.
    """

    count: Float
    parts: Float
    square: Float


def label_sums(parts: Float, y: Float, cell: tuple[Int, Int], weight: Float) -> LabelSums:
    """Sums of `parts` (u, m + 1) with labels y (u,) of 0 or 1, for draws of units (d, u).

    `cell` holds the stratum and the group of each unit, codes from 0.
    """
    stratum, group = cell
    shape = (len(weight), int(stratum.max()) + 1, int(group.max()) + 1)
    owner = np.eye(shape[1] * shape[2])[stratum * shape[2] + group]
    wide = np.column_stack([np.ones(len(y)), parts, parts[:, -1] ** 2])
    made = np.stack([
        [(weight * label) @ (owner * column[:, None]) for column in wide.T]
        for label in (np.ones(len(y)), y)
    ]).reshape(2, wide.shape[1], *shape)  # fmt: skip
    return LabelSums(made[:, 0], np.moveaxis(made[:, 1:-1], 1, -1), made[:, -1])


def restored_shares(sums: LabelSums, *, sensitivity: Float, specificity: Float) -> Float:
    """Share of variance between groups through each part given the true label and stratum, (d, m).

    The recorded label of each group has this sensitivity and specificity (k,). As `shares` of
    `stats.decomposition`, each unit counting `restored` among the events and the rest among the
    others: sums are linear in the label. NaN where a cell would hold fewer than nobody.
    """
    sharp = sensitivity + specificity - 1
    false = 1 - specificity

    def events(made: Float, spread: tuple[int, ...]) -> Float:
        out: Float = (made[1] - false.reshape(spread) * made[0]) / sharp.reshape(spread)
        return out

    count = events(sums.count, (-1,))
    parts, square = events(sums.parts, (-1, 1)), events(sums.square, (-1,))
    between, total = _within_strata(count, parts, square)
    rest = _within_strata(sums.count[0] - count, sums.parts[0] - parts, sums.square[0] - square)
    between, total = between + rest[0], total + rest[1]
    out = np.full_like(between, np.nan)
    np.divide(between, total[:, None], out=out, where=total[:, None] > 0)
    return out


def _within_strata(count: Float, parts: Float, square: Float) -> tuple[Float, Float]:
    """Sums of squares (d, m) between groups through each part, and all of the output's (d,)."""
    size = count.sum(axis=2)
    middle = parts.sum(axis=2) / np.where(size > 0, size, np.inf)[..., None]
    mean = np.divide(parts, count[..., None], out=np.zeros_like(parts), where=count[..., None] > 0)
    apart = (mean - middle[:, :, None]) * (count[..., None] > 0)
    between = np.einsum("dsg,dsgp,dsg->dp", count, apart[..., :-1], apart[..., -1])
    total = square.sum(axis=(1, 2)) - (size * middle[..., -1] ** 2).sum(axis=1)
    fewer = (count < -1e-9 * np.abs(size).max()).any(axis=(1, 2))
    between[fewer], total[fewer] = np.nan, np.nan
    return between, total
