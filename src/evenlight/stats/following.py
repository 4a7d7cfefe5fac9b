"""Whether a subject's attributions follow the group, whatever all other subjects do.

B_j of `stats.decomposition` is 0 where phi_j does not follow the group, or where the output f does
not. With S_jc, n_c the sum and size of a cell c (group in stratum; all values less their stratum's
mean), F_c the output's mean, Q_jc the sum of squares around the cell's mean and s2 that variance in
the whole stratum,

    T_j = sum_c F_c S_jc / sqrt(sum_c F_c^2 (Q_jc + s2_j))

is B_j over its error with the weights F_c held. Under *phi_j does not follow the group* the rows of
phi are permuted within strata against labels and the rest of the output, which stay:

    F_c = a_jc + gamma_j S_jc / n_c,    gamma_j = slope of f on phi_j within cells

where a_j, what f holds beside phi_j, is kept, since its noise is uncorrelated with that of phi_j,
and gamma_j S_jc / n_c moves along. To permute the labels of phi and f together would take away what
other subjects do to F_c as well, and make the null far too narrow. Under *f does not follow the
group* phi_j and f change places. p is the larger of both, which is valid for B_j = 0 on either
ground (Berger 1982, Technometrics 24:295), and so is the larger of both step-down max-T p. Dividing
by the cells' own spread is what keeps the level where groups spread unlike (Janssen 1997; Chung and
Romano 2013, Ann Stat 41:484); one unit of the stratum's variance a cell steadies small cells.

With more than two groups, or strata, B_j is 0 as well where both follow the group, in directions
that are orthogonal. Then B_j varies with the means of phi_j and with those of f, of which either
test sees one half (p < 0.05 in 8 to 16 % of data sets). With z_1, z_2 the standardised T of the two
tests and c the cosine of the two directions (`decomposition.alike`), both are told as no more than

    z^2 = (z_1^2 + z_2^2 - sqrt((z_1^2 + z_2^2)^2 - 4 c^2 z_1^2 z_2^2)) / (2 c^2)

the likelihood ratio of a . b = 0: in units of their errors (a, b) lies (|a + b| - |a - b|) / 2 from
that cone. Of one direction, c = 1, it is the smaller of both; of orthogonal ones that of the delta
method (Sobel 1982, Sociol Methodol 13:290).

Of families no permutation keeps who is related: values less their stratum's mean change sign by
whole families (the wild cluster bootstrap; Cameron, Gelbach and Miller 2008, Rev Econ Stat 90:414).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from evenlight.arrays import Float, Int, Single
from evenlight.stats.decomposition import (
    BUDGET,
    Layout,
    alike,
    shuffled,
    standardised,
)
from evenlight.stats.multiplicity import step_down

BLOCK = 256
"""Subjects that are scored at once."""

NEAR = 1e-5
"""Sums are in single precision: statistics this close, relatively, are tied."""

STILL = 1e-20
"""A subject with less than this share of the output's sum of squares does not vary."""


@dataclass(frozen=True, slots=True, eq=False)
class Follows:
    """p of *B_j is 0*, on whatever ground, and its step-down max-T p over subjects, (p,).

    The grounds: phi_j does not follow the group; the output does not; of more than two groups, or
    in strata, both do so in directions that are orthogonal.
    """

    p: Float
    p_maxt: Float


@dataclass(frozen=True, slots=True, eq=False)
class _Stratum:
    """The units `rows` (m,) of stratum `s`, and the q cells `at` that it has, of `size` (q,) units.

    `member` (q, draws, m) says which unit is in which cell; where `signed`, -1 is one in it whose
    sign is changed.
    """

    s: int
    rows: Int
    at: Int
    size: Float
    member: Single
    signed: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Column:
    """b columns: `values` (n, b) less their stratum's mean, of unit size.

    `mean` (cells, b) are their means by cell, `spread` (s, b) is their variance in each stratum,
    `rest` (n, b) what is left in cells.
    """

    values: Float
    mean: Float
    spread: Float
    rest: Float

    def slope_of(self, other: Float) -> Float:
        """The slope within cells, (b,), of `other` (n, b or 1), which is centred there."""
        bottom = (self.rest**2).sum(axis=0)
        top = (self.rest * other).sum(axis=0)
        out: Float = np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)
        return out


Sums = list[tuple[_Stratum, Single, Single]]
"""Of each stratum the sums, and the sums of squares around the cell's mean, (q, draws, b)."""


def follows(plan: Layout, *, draws: int, rng: np.random.Generator) -> Follows:
    """How surely phi_j follows the group and the output does so with it: p of each subject (p,).

    `plan` holds n units, `draws` arrangements of them are drawn; p is at least 1 / (draws + 1).
    A subject that does not vary, or an output that does not, has p = 1.

    >>> from evenlight.stats.decomposition import layout
    >>> rng = np.random.default_rng(0)
    >>> group = np.repeat([0, 1], 100)
    >>> phi = rng.normal(size=(200, 2)) + np.outer(group, [1.0, 0.0])
    >>> plan = layout(phi, phi.sum(axis=1), group, np.zeros(200, dtype=int))
    >>> (follows(plan, draws=199, rng=rng).p_maxt < 0.05).tolist()
    [True, False]
    """
    p = plan.phi.shape[1]
    seen, null = np.empty((2, 1, p)), np.empty((2, draws, p))
    as_seen = _strata(plan, plan.group[None], None)
    _score_all(plan, as_seen, seen)
    start = 0
    while start < draws:
        some = _drawn(plan, draws - start, rng)
        stop = start + some[0].member.shape[1]
        _score_all(plan, some, null[:, start:stop])
        start = stop
    (one, size), (other, size_f) = (standardised(seen[i, 0], null[i]) for i in (0, 1))
    most = _together(one, other, alike(plan))
    held, held_f = (np.clip(z, -most, most) for z in (one, other))
    found = _stepped(held, size), _stepped(held_f, size_f)
    return Follows(*(np.maximum(found[0][i], found[1][i]) for i in (0, 1)))


def _stepped(z: Float, size: Float) -> tuple[Float, Float]:
    family = step_down(z * (1 - NEAR), lambda index: size[:, index], draws=len(size))
    return family.p, family.p_maxt


def _together(one: Float, other: Float, cosine: Float) -> Float:
    """The largest |z| of B_j that two tests (p,) leave, with a squared `cosine` (p,).

    >>> _together(np.full(3, 3.0), np.full(3, 4.0), np.array([1.0, 0.5, 0.0])).round(2).tolist()
    [3.0, 2.58, 2.4]
    """
    both, product = one**2 + other**2, (one * other) ** 2
    root = np.sqrt(np.maximum(both**2 - 4 * cosine * product, 0.0))
    square = np.divide(2 * product, both + root, out=np.zeros_like(both), where=both > 0)
    out: Float = np.sqrt(square)
    return out


def _score_all(plan: Layout, strata: list[_Stratum], out: Float) -> None:
    """T of each subject into `out` (2, draws, p): of phi_j moved, and of the output moved."""
    f = _column(plan, plan.f[:, None], 0.0)
    f_sums, floor = _sums(strata, f.values), STILL * float((plan.f**2).sum())
    for start in range(0, plan.phi.shape[1], BLOCK):
        at = slice(start, start + BLOCK)
        own = _column(plan, plan.phi[:, at], floor)
        gamma, delta = own.slope_of(f.rest), f.slope_of(own.rest)
        sums = _sums(strata, own.values)
        out[0, :, at] = _score(sums, own.spread, f.mean - gamma * own.mean, gamma)
        out[1, :, at] = _score_one(f_sums, f.spread, own.mean - delta * f.mean, delta)


def _column(plan: Layout, values: Float, floor: float) -> _Column:
    """Columns (n, b) made ready; those whose sum of squares is no more than `floor` become 0."""
    cell, cells = plan.stratum * plan.k + plan.group, plan.s * plan.k
    values = values - _means(values, plan.stratum, plan.s)[plan.stratum]
    square = (values**2).sum(axis=0)
    live = square > floor
    values *= np.divide(1.0, np.sqrt(square / len(cell)), out=np.zeros(len(live)), where=live)
    mean = _means(values, cell, cells)
    count = np.bincount(plan.stratum, minlength=plan.s)[:, None]
    spread = _means(values**2, plan.stratum, plan.s) * count / np.maximum(count - 1, 1)
    return _Column(values, mean, spread, values - mean[cell])


def _means(values: Float, code: Int, size: int) -> Float:
    """Means (size, b) of values (n, b) by code, 0 where nobody is."""
    n = len(code)
    count = np.bincount(code, minlength=size)
    sums = csr_array((np.ones(n), (code, np.arange(n))), shape=(size, n)) @ values
    out: Float = np.asarray(sums) / np.maximum(count, 1)[:, None]
    return out


def _over(one: _Stratum) -> Single:
    """The size of each cell, (q, 1, 1)."""
    return one.size[:, None, None].astype(np.float32)


def _score(sums: Sums, spread: Float, kept: Float, slope: Float) -> Float:
    """T (draws, q) of what is moved, with weights `kept` (cells, q) that stay, `slope` (q,) not."""
    top = bottom = np.zeros((), dtype=np.float32)
    stay, moves, variance = (a.astype(np.float32) for a in (kept, slope, spread))
    for one, total, square in sums:
        pull = total / _over(one) * moves
        pull += stay[one.at][:, None]
        top = top + np.einsum("qdb,qdb->db", pull, np.broadcast_to(total, pull.shape))
        pull *= pull
        noise = np.broadcast_to(square + variance[one.s], pull.shape)
        bottom = bottom + np.einsum("qdb,qdb->db", pull, noise)
    return _ratio(top, bottom)


def _score_one(sums: Sums, spread: Float, kept: Float, slope: Float) -> Float:
    """`_score` of one column that is moved against many weights, multiplied out to products."""
    top, bottom = np.zeros(()), np.zeros(())
    for one, total, square in sums:
        whole, noise = total[..., 0].T, (square[..., 0] + spread[one.s, 0]).T
        mean, own = whole / one.size, kept[one.at]
        top = top + whole @ own + np.outer((whole * mean).sum(axis=1), slope)
        bottom = bottom + noise @ own**2 + 2 * slope * ((noise * mean) @ own)
        bottom += np.outer((noise * mean**2).sum(axis=1), slope**2)
    return _ratio(top, bottom)


def _ratio(top: Float | Single, bottom: Float | Single) -> Float:
    root = np.sqrt(np.maximum(bottom, 0.0))
    out: Float = np.divide(top, root, out=np.zeros(top.shape), where=root > 0)
    return out


def _sums(strata: list[_Stratum], values: Float) -> Sums:
    """Sums and squares of columns (n, b) in every cell of every draw."""
    out = []
    for one in strata:
        own = values[one.rows].astype(np.float32)
        if one.signed:
            total, square = one.member @ own, one.member**2 @ own**2
        else:
            both = _with_last(one.member, np.hstack([own, own**2]))
            total, square = np.split(both, 2, axis=2)
        square = square - total**2 / _over(one)
        if one.signed:
            total -= _over(one) * (total.sum(axis=0) / len(own))
        out.append((one, total, square))
    return out


def _with_last(member: Single, own: Single) -> Single:
    """Sums (q, draws, b) over cells; the last holds what the others leave."""
    q, draws, _ = member.shape
    out = np.empty((q, draws, own.shape[1]), dtype=np.float32)
    np.matmul(member[:-1], own, out=out[:-1])
    np.subtract(own.sum(axis=0), out[:-1].sum(axis=0), out=out[-1])
    return out


def _drawn(plan: Layout, most: int, rng: np.random.Generator) -> list[_Stratum]:
    """As many draws, up to `most`, as the budget of their members allows."""
    n = len(plan.group)
    size = max(1, min(most, BUDGET // (8 * max(n, 1) * plan.k)))
    if plan.family is None:
        return _strata(plan, shuffled(plan, size, rng), None)
    own = np.unique(plan.family, return_inverse=True)[1]
    sign: Float = 1.0 - 2.0 * rng.integers(0, 2, (size, int(own.max()) + 1))[:, own].astype(float)
    return _strata(plan, np.broadcast_to(plan.group, (size, n)), sign)


def _strata(plan: Layout, group: Int, sign: Float | None) -> list[_Stratum]:
    """The cells of each stratum under group codes (draws, n), with the sign of each unit if any."""
    out = []
    for s in range(plan.s):
        rows = np.flatnonzero(plan.stratum == s)
        codes, size = np.unique(plan.group[rows], return_counts=True)
        member = (group[:, rows] == codes[:, None, None]).astype(np.float32)
        if sign is not None:
            member *= sign[:, rows]
        at = s * plan.k + codes
        out.append(_Stratum(s, rows, at, size.astype(float), member, sign is not None))
    return out
