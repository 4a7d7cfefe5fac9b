"""Some rows of a background in place of all, where each of them is a path of its own for each row.

The mean over paths from b rows of a population is a sample mean: it errs with 1 / sqrt(b) about the
paths from everybody, in the same way for all rows that start there. Rows are therefore taken one
from each part of the range of the output (stratified sampling; Cochran 1977, chapter 5), at
positions that are spread over the background, whose rows stand group by group.
"""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Float, Int

IMAGES_FROM = 16
"""Background images from which paths begin where nobody says from which.

On generated chests and X-rays region attributions then err by 2 to 10 % of their SD over people,
and differences between groups by 0.03 to 0.15 of their standard error (docs/images_explain.md).
"""


def spread_rows(margin: Float, many: int) -> Int:
    """Positions of `many` of b rows whose margins are (b, t), ascending; all where b is no more.

    Rows are ranked by the margin that varies most and cut into `many` parts of equal size; from
    part j comes the row whose place among the b is nearest to the j-th number of van der Corput's
    sequence, so that places are spread as evenly as margins.

    >>> spread_rows(np.arange(100.0)[:, None], 4).tolist()
    [12, 49, 50, 87]
    >>> spread_rows(np.zeros((3, 1)), 4).tolist()
    [0, 1, 2]
    """
    b = len(margin)
    if b <= many:
        return np.arange(b)
    ranked = np.argsort(margin[:, margin.std(axis=0).argmax()], kind="stable")
    wanted = (np.argsort(np.argsort(_reversed(many))) + 0.5) * b / many
    parts = np.array_split(ranked, many)
    near = [part[np.abs(part + 0.5 - at).argmin()] for part, at in zip(parts, wanted, strict=True)]
    return np.sort(np.array(near, dtype=np.int64))


def _reversed(many: int) -> Float:
    """The first numbers of van der Corput's sequence: whole numbers, their bits read backwards."""
    return np.array([int(f"{j:b}"[::-1], 2) / 2 ** max(j.bit_length(), 1) for j in range(many)])
