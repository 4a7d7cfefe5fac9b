"""The model's output with pieces of a row replaced by a background's, row by row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Bool, Float, Int
from evenlight.models.probe import Prepared
from evenlight.probes.pieces import Pieces
from evenlight.stats.fidelity import curve_sizes, curve_weights

BUDGET = 2**22
"""Most numbers of x that are made for one call of the model."""

ALONE = 32
"""Pieces of a row that are taken away and put in alone: the largest half, and others by lot."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """m rows x (m, P), the references (m, K, P) that replace them, attributions (m, q) of pieces.

    `output` (m,) and `away` (m, K) are the margins of the rows and of their references.
    """

    x: Float
    references: Float
    phi: Float
    output: Float
    away: Float


@dataclass(frozen=True, slots=True, eq=False)
class Tried:
    """What the model did: areas (m,), and the second attribution of some pieces.

    `deletion` and `insertion` (m,): area between the attributions' own order and random orders;
    `pieces` (m, a) which were taken away and put in alone, `second` (m, a) the mean of both
    changes, `error` (m,) the sum of the squared standard errors of these means.
    """

    deletion: Float
    insertion: Float
    pieces: Int
    second: Float
    error: Float
    evaluations: int


def tried(
    prepared: Prepared,
    rows: Rows,
    pieces: Pieces,
    shape: tuple[int, ...],
    generators: Sequence[np.random.Generator],
) -> Tried:
    """Take pieces away from each row, and put them into its references.

    For each row and reference: pieces in falling order of attribution; in a random order and its
    reverse, whose areas together are exact for an additive model; and up to 32 pieces alone. The
    mean of taking one away last and putting it in first is its Shapley value wherever no more than
    two pieces interact at a time.
    """
    sizes = curve_sizes(pieces.count)
    chosen = np.stack([_chosen(p, g) for p, g in zip(rows.phi, generators, strict=True)])

    def keep(i: int) -> Bool:
        return _kept(rows.phi[i], chosen[i], sizes, rows.away.shape[1], generators[i])

    margin = _margins(prepared, rows, pieces, keep, shape)
    inner = len(sizes) - 2
    steps, alone = margin[:, :, : 4 * inner], margin[:, :, 4 * inner :]
    deletion, insertion = _areas(rows, steps.reshape(*steps.shape[:2], 4, inner), sizes)
    second, error = _alone(rows, alone, chosen.shape[1])
    return Tried(deletion, insertion, chosen, second, error, margin.size + rows.away.size)


def _chosen(phi: Float, rng: np.random.Generator) -> Int:
    """The pieces (a,) that are tried alone: all, or the 16 largest and 16 others."""
    order = np.argsort(-np.abs(phi), kind="stable")
    if len(phi) <= ALONE:
        return np.sort(order).astype(np.int64)
    rest = rng.permutation(order[ALONE // 2 :])[: ALONE - ALONE // 2]
    return np.sort(np.concatenate([order[: ALONE // 2], rest])).astype(np.int64)


def _kept(phi: Float, alone: Int, sizes: Int, k: int, rng: np.random.Generator) -> Bool:
    """Which pieces are the row's own, (K, e, q): the rest is the reference's.

    e: taken away in order, put in in order, put in in a random order, and in its reverse, at each
    inner size; then each piece of `alone` taken away alone, and put in alone.
    """
    q, inner = len(phi), sizes[1:-1, None]
    rank = np.empty(q, dtype=np.int64)
    rank[np.argsort(-phi, kind="stable")] = np.arange(q)
    single = np.arange(q) == alone[:, None]
    out = np.empty((k, 4 * len(inner) + 2 * len(alone), q), dtype=bool)
    for i in range(k):
        random = rng.permutation(q)
        turned = q - 1 - random
        orders = [rank >= inner, rank < inner, random < inner, turned < inner]
        out[i] = np.concatenate([*orders, ~single, single])
    return out


def _margins(
    prepared: Prepared,
    rows: Rows,
    pieces: Pieces,
    keep: Callable[[int], Bool],
    shape: tuple[int, ...],
) -> Float:
    """Margins (m, K, e), a few rows at a time so that memory does not grow with them."""
    m, block = len(rows.x), 1
    parts: list[Float] = []
    while (start := sum(map(len, parts))) < m:
        at = slice(start, min(start + block, m))
        own = np.stack([keep(i) for i in range(at.start, at.stop)])
        points = np.where(
            own[..., pieces.label], rows.x[at, None, None], rows.references[at, :, None]
        )
        parts.append(prepared.margin(points.reshape(-1, *shape)).reshape(own.shape[:3]))
        block = max(1, BUDGET // (parts[0].size * rows.x.shape[1]))
    return np.concatenate(parts)


def _areas(rows: Rows, steps: Float, sizes: Int) -> tuple[Float, Float]:
    """Areas (m,) between own and random order; steps (m, K, 4, L - 1) as in `_kept`."""
    weights = curve_weights(sizes)
    whole = np.broadcast_to(rows.output[:, None], rows.away.shape)
    ends = {True: (whole, rows.away), False: (rows.away, whole)}

    def area(inner: Float, *, falling: bool) -> Float:
        first, last = ends[falling]
        curve = np.concatenate([first[..., None], inner, last[..., None]], axis=-1)
        mean: Float = (curve @ weights).mean(axis=1)
        return mean

    away, put, random, turned = (steps[:, :, i] for i in range(4))
    chance = (area(random, falling=False) + area(turned, falling=False)) / 2
    return chance - area(away, falling=True), area(put, falling=False) - chance


def _alone(rows: Rows, alone: Float, count: int) -> tuple[Float, Float]:
    """Means over references (m, a), and the sum of their squared standard errors (m,)."""
    out = rows.output[:, None, None] - alone[:, :, :count]
    put = alone[:, :, count:] - rows.away[:, :, None]
    both, k = (out + put) / 2, alone.shape[1]
    error = both.var(axis=1, ddof=1).sum(axis=1) / k if k > 1 else np.zeros(len(both))
    return both.mean(axis=1), error
