"""What a permutation multiplies its labels with: values around a pivot, and squared influences.

For each signature (see `cells`) of u units and r strata, with k_s = share_s / sqrt(n_s (n_s - 1)):

    linear   (r, p, u)   the cells around the mean of their stratum
    square   (q, p, u)   r = 1: their squares, q = 1
                         r > 1: (sum_r k_r phi_r)^2 for the level and the reference, q = 2

With sampling weights w of units, squares need the weights of each draw, so all pairs are kept:

    linear   (2r, p, u)  w phi_r, then w^2 phi_r
    square   (q, p, u)   w^2 phi_r phi_s for all pairs r <= s, q = r (r + 1) / 2

Values are divided by a power of two near their size, which rounds nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any

import numpy as np

from evenlight.arrays import Float, Int
from evenlight.stats.cells import Block, Design
from evenlight.stats.fixed_point import centred, check_bits, fixed

Move = Callable[[Float], Any]
"""Takes a numpy array to the library, device and type in which products are made."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The operands of one signature and their sums over all its units; see the module.

    `weights` (2, u): sampling weights and their squares, or None.
    """

    units: Int
    strata: Int
    count: int
    linear: Any
    square: Any
    linear_total: Any
    square_total: Any
    weights: Any


@dataclass(frozen=True, slots=True, eq=False)
class Operands:
    """One contrast over p columns, ready for products; `scale` (p,) undoes the power of two.

    `shared_out` says that every stratum lies in one signature of its own, the common case.
    """

    plan: Design
    parts: tuple[Part, ...]
    s0: Any
    scale: Float
    shared_out: bool

    @property
    def p(self) -> int:
        """Number of columns."""
        return len(self.scale)


def share_of(plan: Design) -> Float:
    """Weights of the strata that add up to 1, (s,)."""
    share: Float = plan.weight / plan.weight.sum()
    return share


def influence_factors(plan: Design, strata: Int) -> tuple[Float, Float]:
    """Factors k (r,) of the level and the reference: share / sqrt(n (n - 1))."""
    share = share_of(plan)[strata]
    a, b = plan.n_level[strata], plan.n_reference[strata]
    return share / np.sqrt(a * (a - 1.0)), share / np.sqrt(b * (b - 1.0))


def pivoted(values: Float, plan: Design, bits: int | None = None) -> Float:
    """Values (m, p) minus the mean of their stratum over the cells that enter.

    D and V do not change, and float64 sums lose no digits to a large constant. Variation below
    1e-12 of the largest value is rounding, and set to 0. With `bits`, values and pivots are in
    fixed point.
    """
    size = np.abs(values).max(axis=0, initial=0.0)
    if bits is not None:
        check_bits(bits, len(plan.units))
        values = centred(values, bits)
    out = np.zeros_like(values)
    total = np.zeros((len(plan.weight), values.shape[1]))
    for block in plan.blocks:
        for j, s in enumerate(block.strata):
            total[s] += values[block.cells[:, j]].sum(axis=0)
    mean = total / (plan.n_level + plan.n_reference)[:, None]
    if bits is not None:
        step = np.ldexp(1.0, np.frexp(np.abs(values).max(axis=0, initial=0.0))[1] - (bits - 1))
        mean = np.round(mean / step) * step
    for block in plan.blocks:
        for j, s in enumerate(block.strata):
            rows = block.cells[:, j]
            out[rows] = values[rows] - mean[s]
    out[:, np.abs(out).max(axis=0, initial=0.0) <= 1e-12 * size] = 0.0
    return out


def floor_of(phi: Float, plan: Design) -> Float:
    """s0 (p,): a millionth of the SD of the values that enter."""
    rows = np.concatenate([b.cells.ravel() for b in plan.blocks])
    floor: Float = 1e-6 * phi[rows].std(axis=0)
    return floor


def operands(values: Float, plan: Design, *, bits: int | None = None, move: Move) -> Operands:
    """Operands of cells (m, p); `bits` asks for fixed point (InputError if too many for n)."""
    phi = pivoted(values, plan, bits)
    scale = np.ldexp(1.0, np.frexp(np.abs(phi).max(axis=0, initial=0.0))[1])
    phi = phi / scale
    s0 = floor_of(phi, plan)
    strata = np.concatenate([b.strata for b in plan.blocks])
    return Operands(
        plan=plan,
        parts=tuple(_part(phi, plan, block, bits, move) for block in plan.blocks),
        s0=move(np.where(s0 > 0, s0, 1.0)[:, None]),
        scale=scale,
        shared_out=len(np.unique(strata)) == len(strata) == len(plan.blocks),
    )


def _part(phi: Float, plan: Design, block: Block, bits: int | None, move: Move) -> Part:
    own = np.ascontiguousarray(phi[block.cells].transpose(1, 2, 0))
    weights = None
    if plan.sampling is None:
        linear, square = own, _squares(own, plan, block, bits)
    else:
        w = plan.sampling[block.units]
        linear, square = _weighted(own, w, bits)
        both = np.stack([w, w**2])
        weights = move(both if bits is None else fixed(both, 2 * bits))
    return Part(
        units=block.units,
        strata=block.strata,
        count=int(plan.member[block.units].sum()),
        linear=move(linear),
        square=move(square),
        linear_total=move(linear.sum(axis=-1)[..., None]),
        square_total=move(square.sum(axis=-1)[..., None]),
        weights=weights,
    )


def _squares(own: Float, plan: Design, block: Block, bits: int | None) -> Float:
    if len(own) == 1:
        return own**2
    sides = [np.einsum("r,rpu->pu", k, own) for k in influence_factors(plan, block.strata)]
    return np.stack([(e if bits is None else fixed(e, bits)) ** 2 for e in sides])


def _weighted(own: Float, w: Float, bits: int | None) -> tuple[Float, Float]:
    pairs = combinations_with_replacement(range(len(own)), 2)
    linear = np.concatenate([w * own, w**2 * own])
    square = np.stack([w**2 * own[r] * own[s] for r, s in pairs])
    if bits is None:
        return linear, square
    return fixed(linear, 2 * bits), fixed(square, 2 * bits)
