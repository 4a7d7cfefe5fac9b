"""Whole columns (genes, probes, variants) lost, exchanged or left out, in all rows alike."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Float, Int, Values
from evenlight.probes.perturbations.restored import first_share, like


def lost(
    values: Values, strength: float, rng: np.random.Generator, *, fill: Float, shared: Int
) -> Values:
    """A share of columns holds `fill` (p,) in every row: ids that another annotation does not know.

    `shared` (p,) is the order in which columns are lost.

    >>> lost(np.array([[4.0, 5.0]]), 0.5, None, fill=np.zeros(2), shared=np.array([1, 0])).tolist()
    [[4.0, 0.0]]
    """
    out, gone = values.copy(), first_share(shared, strength)
    out[:, gone] = like(np.broadcast_to(fill[gone], (len(values), len(gone))), values)
    return out


def aliased(values: Values, strength: float, rng: np.random.Generator, *, shared: Int) -> Values:
    """A share of columns exchanged in pairs: two ids that stand for each other.

    `shared` (2, q) holds the two columns of each of q pairs in the order in which they are
    exchanged.

    >>> aliased(np.array([[4.0, 5.0, 6.0]]), 1.0, None, shared=np.array([[2], [0]])).tolist()
    [[6.0, 5.0, 4.0]]
    """
    pair = first_share(np.arange(shared.shape[1]), strength)
    one, two = shared[:, pair]
    out = values.copy()
    out[:, one], out[:, two] = values[:, two], values[:, one]
    return out


def left_out(
    values: Values, strength: float, rng: np.random.Generator, *, fill: Float, order: Int
) -> Values:
    """The first share of `order` (p,) holds `fill` (p,): the least variable genes, not selected."""
    return lost(values, strength, rng, fill=fill, shared=order)


def any_order(p: int, rng: np.random.Generator) -> Int:
    """All p columns in a random order."""
    return rng.permutation(p).astype(np.int64)


def any_pairs(p: int, rng: np.random.Generator) -> Int:
    """All columns in pairs, no column twice, (2, p // 2)."""
    return rng.permutation(p)[: p // 2 * 2].reshape(2, -1).astype(np.int64)
