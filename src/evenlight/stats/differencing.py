"""Whether sums over the groups of several groupings, put together, are sums over few people.

Ancestry tells the sum of 60 people, *European* that of 61, the same 60 and one more: the difference
is one person. Sums over levels, with weights a, are sums over the cells of the joint partition
with weights B a, B the indicators of levels. Of two groupings, the fewest people that a sum
which is not 0 rests on are the smallest cut of the graph whose nodes are the levels and whose edges
are the cells, each as heavy as it has people: (B a) is the difference of potentials of two nodes
(Stoer and Wagner 1997, J ACM 44:585). Of three and more a cell is told by itself where its
own indicator is in the span of B, that is where its leverage is 1; two cells where the largest
eigenvalue of their part of the projection is. Combinations of three groupings that rest on three
cells and more are not looked for.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from evenlight.arrays import Bool, Float, Int

SURE = 1 - 1e-8
"""A leverage above this is 1."""

MOST_CELLS = 3_000
"""Of more small cells two are not looked at together."""


def told_apart(codes: Int, *, smallest: int) -> Bool:
    """Which groupings (m,) would, beside those before them, tell sums of fewer than `smallest`.

    `codes` (u, m) are levels of units, -1 unknown; every level, and the unknown, of `smallest` or
    none. One that would is thought of as not told exactly when those after it are looked at.

    >>> ancestry, european = np.repeat([0, 1], [60, 61]), np.repeat([0, 1], [61, 60])
    >>> told_apart(np.column_stack([ancestry, european]), smallest=11)
    array([False,  True])
    """
    apart = np.zeros(codes.shape[1], dtype=bool)
    for j in range(1, codes.shape[1]):
        before = [i for i in range(j) if not apart[i]]
        pairs = (fewest_of_two(codes[:, i], codes[:, j]) < smallest for i in before)
        apart[j] = any(pairs) or few_in_cells(codes[:, [*before, j]], smallest=smallest)
    return apart


def fewest_of_two(one: Int, other: Int) -> float:
    """The fewest people that a sum of sums over the levels (u,) of two groupings rests on.

    inf where every such sum is over nobody. Unknown is a level, as the sum over everybody is told.

    >>> fewest_of_two(np.arange(80) % 2, np.arange(80) // 20)
    20.0
    """
    a, b = (np.unique(codes, return_inverse=True)[1].ravel() for codes in (one, other))
    table = np.zeros((int(a.max()) + 1, int(b.max()) + 1))
    np.add.at(table, (a, b), 1.0)
    k = sum(table.shape)
    weight = np.zeros((k, k))
    weight[: len(table), len(table) :] = table
    weight += weight.T
    part = connected_components(csr_array(weight), directed=False)[1]
    return min(_smallest_cut(weight[np.ix_(part == g, part == g)]) for g in np.unique(part))


def _smallest_cut(weight: Float) -> float:
    """The least weight (k, k) of edges that divide a connected graph."""
    left, best = weight.copy(), float("inf")
    while len(left) > 1:
        order, bound = [0], left[0].copy()
        bound[0] = -np.inf
        for _ in range(len(left) - 1):
            nearest = int(bound.argmax())
            order.append(nearest)
            last, bound[nearest] = float(bound[nearest]), -np.inf
            bound += left[nearest]
        best = min(best, last)
        s, t = order[-2:]
        left[s] += left[t]
        left[:, s] += left[:, t]
        left[s, s] = 0.0
        left = np.delete(np.delete(left, t, axis=0), t, axis=1)
    return best


def few_in_cells(codes: Int, *, smallest: int) -> bool:
    """Whether sums over levels (u, m) tell that of one or two cells with few people in all.

    >>> dummies = np.repeat(np.eye(4, dtype=np.int64)[:, :3], [60, 60, 60, 1], axis=0)
    >>> few_in_cells(dummies, smallest=11), few_in_cells(dummies[:180], smallest=11)
    (True, False)
    """
    cells, n = np.unique(codes, axis=0, return_counts=True)
    if (n >= smallest).all():
        return False
    left, size, _ = np.linalg.svd(_indicators(cells), full_matrices=False)
    basis = left[:, size > 1e-9 * size[0]][n < smallest]
    few, own = n[n < smallest], (basis**2).sum(axis=1)
    if len(few) > MOST_CELLS:
        return bool((own > SURE).any())
    reach = basis @ basis.T
    middle, apart = (own[:, None] + own) / 2, (own[:, None] - own) / 2
    largest = middle + np.hypot(apart, reach)
    np.fill_diagonal(largest, own)
    together = few[:, None] + few
    np.fill_diagonal(together, few)
    return bool(((largest > SURE) & (together < smallest)).any())


def _indicators(cells: Int) -> Float:
    """Which cells (c, m) are in each level of each grouping, and all of them, (c, l)."""
    wide = [np.ones((len(cells), 1))]
    for column in cells.T:
        levels = np.unique(column[column >= 0])
        wide.append((column[:, None] == levels[None, :]).astype(np.float64))
    return np.hstack(wide)
