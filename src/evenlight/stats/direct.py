"""Subjects and sets that are the group itself, or a function of it."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

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


def direct_sets(direct: Bool, membership: csr_array, sums: Float, codes: Int) -> Bool:
    """Which sets (s,) are direct: all features that are (p,), or a sum that is a function of group.

    `membership` (s, p) is 1 where a feature belongs; `sums` (n, s) are the sets' attributions in
    rows of group `codes` (n,). Leave features out of `membership` that the model does not use, if
    they shall not count.

    >>> sets = csr_array(np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0]]))
    >>> rows = np.array([[0.5, 1.0], [0.7, 2.0], [0.2, 1.5], [0.1, 3.0]])
    >>> direct_sets(np.array([True, True, False]), sets, rows, np.array([0, 0, 1, 1])).tolist()
    [True, False]
    """
    size = np.diff(membership.indptr)
    own = np.asarray(membership @ direct.astype(np.float64)).ravel()
    whole: Bool = (size > 0) & (own >= size)
    return whole | tells_group(sums, codes)
