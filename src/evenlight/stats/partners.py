"""Which other features explain that the same change moves the output differently in two groups.

s_i, the output's change of unit i under a common contrast of one subject, depends on other features
x_k where the model lets them interact. Inside groups s is regressed on steps and lines of x_k, and
the difference of the groups is split exactly (Oaxaca 1973, the explained part):

    mean_A s - mean_B s = sum_k b_k (mean_A h_k(x_k) - mean_B h_k(x_k)) + rest

Groups are centred first: only what holds inside groups counts, so a feature that merely tells the
group explains nothing, and where the group itself interacts all is rest. Features are chosen by
forward selection (group orthogonal matching pursuit, stopped by the extended BIC of Chen and Chen
2008) on half of the units, and their coefficients come from the other half; shares are means over
both directions of several halvings, 0 where a feature was not chosen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Bool, Float, Int
from evenlight.stats.value_strata import FEW_STATES

HALVINGS = 5
MOST = 12
"""Features that one selection may take."""

LEAST_SHARE = 0.1
"""A feature is named where it explains at least this part of the difference on average ..."""

LEAST_CHOSEN = 0.5
"""... and was chosen in at least this part of the halves."""

STEPS = (0.25, 0.5, 0.75)


@dataclass(frozen=True, slots=True, eq=False)
class Explained:
    """Of m differences `delta` (m,): `share` (m, p) by feature, `chosen` (m, p) how often taken."""

    delta: Float
    share: Float
    chosen: Float

    def named(self, i: int = 0, most: int = 3) -> Int:
        """Features that explain difference i, the largest share first."""
        good = (self.share[i] >= LEAST_SHARE) & (self.chosen[i] >= LEAST_CHOSEN)
        order = np.argsort(-self.share[i], kind="stable")
        picked: Int = order[good[order]][:most]
        return picked


def expanded(x: Float, nominal: Bool) -> Float:
    """Functions of each feature, (n, p, 4): its states, or its line and steps at quartiles.

    States where it is `nominal` (p,) with few of them or has up to five values; unused places 0.
    """
    out = np.zeros((*x.shape, 1 + len(STEPS)))
    for k in range(x.shape[1]):
        states = np.unique(x[:, k])
        if len(states) <= FEW_STATES or nominal[k]:
            for t, state in enumerate(states[1 : 2 + len(STEPS)]):
                out[:, k, t] = x[:, k] == state
            continue
        scale = float(x[:, k].std()) or 1.0
        out[:, k, 0] = (x[:, k] - x[:, k].mean()) / scale
        for t, cut in enumerate(np.quantile(x[:, k], STEPS)):
            out[:, k, 1 + t] = x[:, k] > cut
    return out


def explained(
    s: Float, basis: Float, own: Int, *, people: People, rng: np.random.Generator
) -> Explained:
    """Split the differences of s (n, m) over features with functions (n, p, t) from `expanded`.

    `own` (m,) is the feature whose use each column is, which is not asked (-1: none). `rng` draws
    the halves, the same for all columns.
    """
    side = [w / w.sum() for w in (people.weight * people.member, people.weight * ~people.member)]
    delta = (side[0] - side[1]) @ s
    apart = np.tensordot(side[0] - side[1], basis, axes=1)
    share, chosen = np.zeros((2, s.shape[1], basis.shape[1]))
    for half in _halves(people, rng):
        told, functions = _within(s, basis, people, half)
        q, size = _orthonormal(functions)
        for i, j in enumerate(own.tolist()):
            pick = _chosen(told[:, i], functions, q, np.where(np.arange(len(size)) == j, 0, size))
            if len(pick):
                again, other = _within(s[:, [i]], basis[:, pick], people, ~half)
                flat = other.reshape(len(other), -1)
                b = np.linalg.lstsq(flat, again[:, 0], rcond=1e-8)[0].reshape(len(pick), -1)
                share[i, pick] += (b * apart[pick]).sum(axis=1)
                chosen[i, pick] += 1
    fits = 2 * HALVINGS
    whole = np.where(delta == 0, 1.0, delta)[:, None]
    return Explained(delta, np.where(delta[:, None] == 0, 0.0, share / fits / whole), chosen / fits)


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """Rows (n,): whether at the level, nuisance stratum, and unit (codes from 0)."""

    member: Bool
    stratum: Int
    unit: Int

    @property
    def weight(self) -> Float:
        """1 / rows of the unit (n,): rows of a unit count as one."""
        weight: Float = 1.0 / np.bincount(self.unit)[self.unit]
        return weight

    @property
    def cell(self) -> Int:
        """Stratum and group, inside which everything is centred."""
        return self.stratum * 2 + self.member


def _halves(people: People, rng: np.random.Generator) -> list[Bool]:
    """Masks (n,) of the rows of a half of the units of each group, and of the other half."""
    names, first, code = np.unique(people.unit, return_index=True, return_inverse=True)
    out = []
    for _ in range(HALVINGS):
        taken = np.zeros(len(names), dtype=bool)
        for side in (True, False):
            own = np.flatnonzero(people.member[first] == side)
            taken[rng.permutation(own)[: len(own) // 2]] = True
        out += [taken[code], ~taken[code]]
    return out


def _within(s: Float, basis: Float, people: People, rows: Bool) -> tuple[Float, Float]:
    """The rows of s and of functions, centred in each group and stratum, times sqrt(weight)."""
    names, code = np.unique(people.cell[rows], return_inverse=True)
    w = people.weight[rows]
    flat = np.column_stack([s[rows], basis[rows].reshape(len(w), -1)])
    owner = np.zeros((len(names), len(w)))
    owner[code, np.arange(len(w))] = w
    middle = (owner @ flat) / owner.sum(axis=1)[:, None]
    flat = (flat - middle[code]) * np.sqrt(w)[:, None]
    m = s.shape[1]
    return flat[:, :m], flat[:, m:].reshape(len(w), *basis.shape[1:])


def _chosen(s: Float, basis: Float, q: Float, size: Int) -> Int:
    """Features taken one by one while the extended BIC falls, (at most MOST,).

    `q` (n, p t) from `_orthonormal`; features of `size` 0 are not asked.
    """
    n, p, many = len(s), basis.shape[1], int((size > 0).sum())
    taken: list[int] = []
    rest, rss = s, float(s @ s)
    whole = rss
    while len(taken) < min(MOST, many) and rss > 1e-10 * whole > 0:
        gain = (rest @ q).reshape(p, -1)
        score = np.where(size > 0, (gain**2).sum(axis=1) - size * rss / n, -np.inf)
        score[taken] = -np.inf
        best = int(score.argmax())
        held = basis[:, [*taken, best]].reshape(n, -1)
        again = s - held @ np.linalg.lstsq(held, s, rcond=1e-8)[0]
        new = max(float(again @ again), 1e-300)
        if n * np.log(rss / new) <= size[best] * np.log(n) + 2 * np.log(many):
            break
        taken.append(best)
        rest, rss = again, new
    return np.array(taken, dtype=np.int64)


def _orthonormal(basis: Float) -> tuple[Float, Int]:
    """The functions of each feature made orthonormal (n, p t), and how many there are (p,)."""
    q = np.zeros_like(basis)
    size = np.zeros(basis.shape[1], dtype=np.int64)
    for t in range(basis.shape[2]):
        column = basis[:, :, t]
        norm = np.sqrt((column**2).sum(axis=0))
        for _ in range(2):
            inner = np.einsum("np,npt->pt", column, q)
            column = column - np.einsum("npt,pt->np", q, inner)
        left = np.sqrt((column**2).sum(axis=0))
        good = left > 1e-6 * np.maximum(norm, 1e-300)
        q[:, good, t] = column[:, good] / left[good]
        size += good
    return q.reshape(len(q), -1), size
