"""Z* of every draw, by matrix products of 0/1 labels with operands, tile by tile.

The same code runs on whatever arrays the operands are: numpy, or torch on a CPU or GPU, through
the array API (array_api_compat). Every function returns (p, draws), a feature's draws side by side,
since they are sorted and counted feature by feature.
"""

from __future__ import annotations

from typing import Any

import array_api_compat
import numpy as np
from numpy.typing import NDArray

from evenlight.arrays import Int
from evenlight.stats.moments import Moments, Product, moments, statistic_of
from evenlight.stats.operands import Operands, Part

Labels = NDArray[np.int8]

FEATURES, DRAWS = 64, 512
"""A tile whose temporaries stay in a core's cache; twice as many features in float32."""

WIDE = 2**25
"""Elements of a tile on a device of its own."""


def observed_moments(made: Operands, labels: Labels) -> Moments:
    """Moments of few draws at once, (p, draws)."""
    drawn = [_drawn(made, part, labels) for part in made.parts]
    products = [_times(g, slice(None)) for g in drawn]
    return moments(made, products, _drawn_weights(made, drawn))


def null_rows(made: Operands, labels: Labels) -> Any:
    """Z* (p, draws) for labels (draws, u), tile by tile; see `permutation` for Z."""
    xp = array_api_compat.array_namespace(made.s0)
    device = array_api_compat.device(made.s0)
    out = xp.empty((made.p, len(labels)), dtype=made.s0.dtype, device=device)
    on_host = array_api_compat.is_numpy_array(made.s0) or str(device) == "cpu"
    height = FEATURES * (2 if made.s0.dtype == xp.float32 else 1) if on_host else made.p
    width = DRAWS if on_host else max(1, WIDE // max(made.p, 1))
    for start in range(0, len(labels), width):
        drawn = [_drawn(made, part, labels[start : start + width]) for part in made.parts]
        weights = _drawn_weights(made, drawn)
        for top in range(0, made.p, height):
            own = slice(top, top + height)
            products = [_times(g, own) for g in drawn]
            found = moments(rows_of(made, own), products, weights)
            out[own, start : start + width] = statistic_of(found, made.s0[own])
    return out


def at_pairs(made: Operands, labels: Labels, feature: Int, draw: Int) -> Any:
    """Z* (k,) of k pairs of a feature and a draw, each from its own sums."""
    xp = array_api_compat.array_namespace(made.s0)
    at = xp.asarray(feature, device=array_api_compat.device(made.s0))
    own = rows_of(made, at)
    drawn = [xp.matrix_transpose(_drawn(made, part, labels[draw])) for part in made.parts]
    products = [_dots(g, at) for g in drawn]
    weights = _drawn_weights(made, [xp.matrix_transpose(g) for g in drawn])
    if weights is not None:
        weights = [w[..., None] for w in weights]
    return statistic_of(moments(own, products, weights), own.s0)[:, 0]


def _times(drawn: Any, own: slice) -> Product:
    """The product with labels (u, draws), of some columns."""
    return lambda x: x[..., own, :] @ drawn


def _dots(drawn: Any, at: Any) -> Product:
    """The product of column `at` (k,) with labels (k, u), pair by pair."""
    xp = array_api_compat.array_namespace(drawn)
    return lambda x: xp.sum(x[..., at, :] * drawn, axis=-1)[..., None]


def _drawn(made: Operands, part: Part, labels: Labels) -> Any:
    """The labels of a signature's units as numbers (u, draws)."""
    xp = array_api_compat.array_namespace(made.s0)
    own = np.ascontiguousarray(labels[:, part.units].T)
    device = array_api_compat.device(made.s0)
    return xp.astype(xp.asarray(own, device=device), made.s0.dtype)


def _drawn_weights(made: Operands, drawn: list[Any]) -> list[Any] | None:
    """Sum and sum of squares of sampling weights at the level, (2, draws) for each signature."""
    if made.plan.sampling is None:
        return None
    return [part.weights @ g for part, g in zip(made.parts, drawn, strict=True)]


def rows_of(made: Operands, own: Any) -> Operands:
    """The operands with s0 and sums of some columns only; the products choose theirs."""
    parts = tuple(
        Part(
            part.units,
            part.strata,
            part.count,
            part.linear,
            part.square,
            part.linear_total[:, own],
            part.square_total[:, own],
            part.weights,
        )
        for part in made.parts
    )
    return Operands(made.plan, parts, made.s0[own], made.scale, made.shared_out)
