"""Clusters of columns that go together: average linkage of 1 - |correlation|."""

from __future__ import annotations

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage

from evenlight.arrays import Float, Int
from evenlight.errors import InputError

MOST = 10_000
"""Columns: their distances take 8 p^2 / 2 bytes, 0.4 GB here."""


def correlation_clusters(values: Float, *, cut: float = 0.5) -> Int:
    """The cluster (p,) of each column of values (u, p), numbered by first appearance.

    Columns join while the average of 1 - |r| between two clusters is below `cut` (Sokal and
    Michener 1958): 0 is a copy, 1 no correlation. A column that does not vary stands alone. The
    labels of people play no part, so tests of the clusters stay valid on the same people.

    >>> x = np.array([[1.0, 2.0, 0.0, 5.0], [2.0, 4.1, 1.0, 5.0], [3.0, 6.0, 0.0, 5.0]])
    >>> correlation_clusters(x).tolist()
    [0, 0, 1, 2]
    """
    u, p = values.shape
    if p > MOST:
        raise InputError(
            f"{p} features are too many to cluster (at most {MOST}); use sets that are known, as "
            "pathways, LD blocks or genes"
        )
    if u < 3 or not 0 < cut < 1:
        raise InputError(f"{u} units and cut {cut}; at least 3 units and a cut in 0 to 1 needed")
    if p == 1:
        return np.zeros(1, dtype=np.int64)
    tree = linkage(_distances(values), method="average")
    return _numbered(fcluster(tree, t=cut, criterion="distance").astype(np.int64))


def _distances(values: Float) -> Float:
    """1 - |r| of every pair of columns, condensed; rounded to 1e-9, so that no tie is noise."""
    centred = values - values.mean(axis=0)
    size = np.sqrt((centred**2).sum(axis=0))
    still = size <= 1e-12 * np.sqrt((values**2).sum(axis=0))
    z = np.where(still, 0.0, centred / np.where(still, 1.0, size))
    p = values.shape[1]
    out = [1 - np.abs(z[:, j] @ z[:, j + 1 :]) for j in range(p - 1)]
    near: Float = np.round(np.clip(np.concatenate(out), 0.0, 1.0), 9)
    return near


def _numbered(labels: Int) -> Int:
    """The same clusters, numbered 0, 1, ... in order of first appearance."""
    _, first, code = np.unique(labels, return_index=True, return_inverse=True)
    place = np.argsort(np.argsort(first))
    return place[code].astype(np.int64)
