"""Coverage and size of conformal sets with thresholds found anew in every bootstrap draw.

A threshold is of the people who happened to calibrate. How far its error moves a group's coverage
depends on how many of that group lie near it: a group whose errors are all about as large as the
threshold is moved by more than everybody is. So calibration and audited people are drawn anew
together, by unit; where the audited people calibrate one another, the same draw serves both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Bool, Float
from evenlight.measures.calibrating import Source
from evenlight.measures.uncertain_parts import Ground
from evenlight.stats.conformal import counted, drawn_thresholds

Sum = Callable[[Bool, Float, Float], Float]
"""What is summed over rows (n,) of weights (draws, n) at thresholds (draws, k), (draws, k)."""

BLOCK = 100
"""Bootstrap draws at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Scores of n rows' outcomes `own` (n,), of all classes `each` (n, c), or `scale` (n,)."""

    own: Float
    each: Float
    scale: Float

    def held(self, rows: Bool, weight: Float, q: Float) -> Float:
        """Weight (draws, k) of the rows whose outcome is at most the threshold (draws, k)."""
        return counted(self.own[rows, None], weight, q)

    def sizes(self, rows: Bool, weight: Float, q: Float) -> Float:
        """Weighted sum (draws, k) of how many classes sets hold, or of their widths."""
        if self.each.shape[1]:
            return counted(self.each[rows], weight, q)
        wide: Float = 2 * q * (weight @ self.scale[rows])[:, None]
        return np.where(np.isfinite(wide), wide, np.nan)


def redrawn(
    sums: Sequence[Sum], at: Ground, source: Source, levels: Sequence[float], *, own: bool
) -> Float:
    """Means over each part (sums, draws, r, k), at thresholds of everyone or of the `own` group.

    `sums` are such as `Scored.held`. NaN where nobody calibrates.
    """
    draws = len(at.weight) - 1
    out = np.full((len(sums), draws, len(at.parts), len(levels)), np.nan)
    codes = np.unique(at.group).tolist()
    for start in range(0, draws, BLOCK):
        part = slice(start, min(start + BLOCK, draws))
        made = _by_group(sums, at, source, (levels, part, own))
        total = dict(zip(codes, made, strict=True))
        for r, mask in enumerate(at.parts.values()):
            weight = at.weight[1:][part][:, mask].sum(axis=1)
            held = [total[int(code)] for code in np.unique(at.group[mask])]
            if held:
                out[:, part, r] = np.sum(held, axis=0) / weight[:, None]
    return out


def _by_group(
    sums: Sequence[Sum], at: Ground, source: Source, asked: tuple[Sequence[float], slice, bool]
) -> Iterator[Float]:
    """Sums (sums, draws, k) over the rows of each group, in some draws."""
    (levels, part, own), pool = asked, source.pool
    q = np.empty((0, 0))
    for i, code in enumerate(np.unique(at.group)):
        rows = at.group == code
        weight = at.weight[1:][part][:, rows]
        from_ = pool.group == code if own else np.full(len(pool.group), True)
        if not from_.any():
            yield np.full((len(sums), len(weight), len(levels)), np.nan)
            continue
        if own or not i:  # one threshold serves all groups
            alike = float(at.sampling[rows if own else slice(None)].mean())
            q = drawn_thresholds(pool.scores[from_], source.drawn[part][:, from_], alike, levels)
        yield np.stack([make(rows, weight, q) for make in sums])
