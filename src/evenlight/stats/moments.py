"""D, V and df of draws, from sums over the units at the level; see `operands` for what is summed.

One signature a stratum, the common case, needs two products, S = G phi and Q = G phi^2:

    V_level = share^2 (Q - S^2 / n_A) / (n_A (n_A - 1)), and likewise what is left for the reference

Where strata vary inside units the unit's influence is squared as a whole; with sampling weights w
the variance is linearised, n / (n - 1) sum of (w (phi - weighted mean) / sum w)^2, over units, with
Kish's effective units in df. Array-API code: the sums may be numpy arrays or torch tensors.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any

import array_api_compat
import numpy as np

from evenlight.arrays import Float
from evenlight.stats.operands import Operands, Part, influence_factors, share_of

Product = Callable[[Any], Any]
"""Multiplies an operand (..., p, u) with the labels of its units: (..., p, draws)."""


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Each (p, draws): D, V by side, and sum over sides and signatures of V^2 / (n - 1)."""

    effect: Any
    level: Any
    reference: Any
    squares: Any


def moments(made: Operands, products: list[Product], weights: list[Any] | None = None) -> Moments:
    """Moments of the draws behind `products`, one for each signature.

    With sampling weights, `weights` holds for each signature their sum and sum of squares over the
    units at the level, (2, draws).
    """
    if weights is not None:
        return _weighted(made, products, weights)
    if made.shared_out:
        return _flat(made, products)
    return _nested(made, products)


def statistic_of(found: Moments, s0: Any) -> Any:
    """Z (p, draws): T on the normal scale (Wallace 1959), T itself where no df is known."""
    xp = array_api_compat.array_namespace(found.effect)
    variance = found.level + found.reference
    t = xp.sqrt(variance)
    t += s0
    t = found.effect / t
    df = variance
    df *= variance
    df /= found.squares + xp.finfo(variance.dtype).smallest_normal
    df = at_least(df, 1e-3)
    z = t * t
    z /= df
    z = xp.log1p(z)
    z *= df
    z = xp.sqrt(z)
    df *= 8
    df += 3
    df = 2 / df
    z -= z * df
    return xp.where(found.squares > 0, xp.copysign(z, t), t)


def at_least(a: Any, least: float) -> Any:
    """The larger of an array and a number."""
    xp = array_api_compat.array_namespace(a)
    return xp.maximum(a, xp.asarray(least, dtype=a.dtype, device=array_api_compat.device(a)))


def _flat(made: Operands, products: list[Product]) -> Moments:
    """Every stratum has one signature of its own: two products."""
    share = share_of(made.plan)
    out: list[Any] = []
    for part, product in zip(made.parts, products, strict=True):
        s = int(part.strata[0])
        a, b = int(made.plan.n_level[s]), int(made.plan.n_reference[s])
        (k,), (m,) = (factor**2 for factor in influence_factors(made.plan, part.strata))
        own, square = product(part.linear)[0], product(part.square)[0]
        rest = part.linear_total[0] - own
        level = _around(own, square, a, float(k))
        square *= -1.0
        square += part.square_total[0]
        reference = _around(rest, square, b, float(m))
        squares = level * level
        squares *= (b - 1) / (a - 1)
        squares += reference * reference
        squares *= 1 / (b - 1)
        own *= float(share[s] / a)
        rest *= float(share[s] / b)
        own -= rest
        found = [own, level, reference, squares]
        out = found if not out else [x + y for x, y in zip(out, found, strict=True)]
    return Moments(*out)


def _around(own: Any, square: Any, n: int, factor: float) -> Any:
    """(Q - S^2 / n) factor, at least 0."""
    v = own * own
    v *= -1 / n
    v += square
    v *= factor
    return at_least(v, 0.0)


def _nested(made: Operands, products: list[Product]) -> Moments:
    """Units of several strata, and strata of several signatures."""
    plan = made.plan
    linear = [f(part.linear) for f, part in zip(products, made.parts, strict=True)]
    counts = [dict(enumerate(n.tolist())) for n in (plan.n_level, plan.n_reference)]
    means, effect = _means(made, linear, counts)
    out: list[Any] = [0.0, 0.0]
    squares: Any = 0.0
    for part, product, own in zip(made.parts, products, linear, strict=True):
        square, n = product(part.square), (part.count, len(part.units) - part.count)
        factors = influence_factors(plan, part.strata)
        for side in (0, 1):
            v = _influences(part, factors[side], side, n[side], own, square, means[side])
            out[side] = out[side] + v
            squares = squares + v * v * (1 / max(n[side] - 1, 1))
    return Moments(effect, out[0], out[1], squares)


def _influences(
    part: Part, k: Float, side: int, n: int, own: Any, square: Any, means: dict[int, Any]
) -> Any:
    """Sum over the units of a side of their squared influence around the means of its strata."""
    single = square.shape[0] == 1
    at, factor = (0, float(k[0]) ** 2) if single else (side, 1.0)
    quadratic = factor * (square[at] if side == 0 else part.square_total[at] - square[at])
    rows = own if side == 0 else part.linear_total - own
    first: Any = sum(float(x) * rows[r] for r, x in enumerate(k))
    strata = part.strata.tolist()
    middle: Any = sum(float(x) * means[s] for x, s in zip(k, strata, strict=True))
    return at_least(quadratic - 2 * middle * first + n * middle * middle, 0.0)


def _means(made: Operands, linear: list[Any], sizes: list[dict[int, Any]]) -> tuple[list[Any], Any]:
    """Means of each stratum by side, and D; `linear` (r, p, draws) are sums at the level."""
    sums: dict[int, Any] = {}
    every: dict[int, Any] = {}
    for part, own in zip(made.parts, linear, strict=True):
        for r, s in enumerate(part.strata.tolist()):
            sums[s] = sums.get(s, 0.0) + own[r]
            every[s] = every.get(s, 0.0) + part.linear_total[r]
    level = {s: v / sizes[0][s] for s, v in sums.items()}
    reference = {s: (every[s] - v) / sizes[1][s] for s, v in sums.items()}
    share = share_of(made.plan)
    effect = sum(float(share[s]) * (level[s] - reference[s]) for s in sums)
    return [level, reference], effect


def _weighted(made: Operands, products: list[Product], weights: list[Any]) -> Moments:
    """Weighted means and linearised variances; a weight moves with the values of its unit."""
    linear = [f(part.linear) for f, part in zip(products, made.parts, strict=True)]
    half = [own[: len(part.strata)] for own, part in zip(linear, made.parts, strict=True)]
    sums = [[_of_side(part.weights, w, side) for w, part in zip(weights, made.parts, strict=True)]
            for side in (0, 1)]  # fmt: skip
    heavy = [_by_stratum(made, own) for own in sums]
    means, effect = _means(made, half, heavy)
    out: list[Any] = [0.0, 0.0]
    squares: Any = 0.0
    for i, (part, product) in enumerate(zip(made.parts, products, strict=True)):
        square = product(part.square)
        for side in (0, 1):
            light = sums[side][i]
            v = _linearised(made, part, side, linear[i], square, (means, heavy, light[1]))
            out[side] = out[side] + v
            squares = squares + v * v / at_least(light[0] * light[0] / light[1] - 1, 1.0)
    return Moments(effect, out[0], out[1], squares)


def _linearised(
    made: Operands, part: Part, side: int, linear: Any, square: Any, of: tuple[Any, Any, Any]
) -> Any:
    """Sum over the units of a side of their squared linearised influence."""
    means, heavy, light = of
    share, n = share_of(made.plan), (made.plan.n_level, made.plan.n_reference)[side]
    strata = part.strata.tolist()
    quadratic = square if side == 0 else part.square_total - square
    second = linear if side == 0 else part.linear_total - linear
    second = second[len(strata) :]
    c = [float(share[s] * np.sqrt(n[s] / (n[s] - 1))) / heavy[side][s] for s in strata]
    m = [means[side][s] for s in strata]
    v: Any = 0.0
    for q, (i, j) in enumerate(combinations_with_replacement(range(len(strata)), 2)):
        around = quadratic[q] - m[i] * second[j] - m[j] * second[i] + m[i] * m[j] * light
        v = v + (1 if i == j else 2) * c[i] * c[j] * around
    return at_least(v, 0.0)


def _of_side(weights: Any, at_level: Any, side: int) -> list[Any]:
    """Sum of sampling weights and of their squares on one side."""
    if side == 0:
        return [at_level[0], at_level[1]]
    return [weights[i].sum() - at_level[i] for i in (0, 1)]


def _by_stratum(made: Operands, sums: list[list[Any]]) -> dict[int, Any]:
    """Sampling weights of a side in each stratum."""
    out: dict[int, Any] = {}
    for part, own in zip(made.parts, sums, strict=True):
        for s in part.strata.tolist():
            out[s] = out.get(s, 0.0) + own[0]
    return out
