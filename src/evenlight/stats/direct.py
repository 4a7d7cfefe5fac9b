"""Values that are the group itself, or a function of it."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Bool, Float, Int
from evenlight.stats.association import function_of_group

SAME = 1e-6
"""Values closer than this part of their range are one state (float32 attributions)."""


def tells_group(values: Float, codes: Int) -> Bool:
    """Which columns (n, k) follow from the group (n,): I(x; g) / H(x) > 0.99 and x varies.

    >>> x = np.array([[1.0, 1.0], [1.0, 2.0], [5.0, 1.0], [5.0, 2.0]])
    >>> tells_group(x, np.array([0, 0, 1, 1])).tolist()
    [True, False]
    """
    out = np.zeros(values.shape[1], dtype=bool)
    reach = np.ptp(values, axis=0) if len(values) else out.astype(float)
    for j in np.flatnonzero(reach > 0):
        state = np.round((values[:, j] - values[:, j].min()) / (SAME * reach[j]))
        codes_j = np.unique(state, return_inverse=True)[1].astype(np.int64)
        out[j] = function_of_group(codes_j, codes)
    return out
