"""Tests in a tree: contrasts, then sets, then features, each only below what was rejected.

In every family (the children of one rejected node) Benjamini and Hochberg's procedure is run at

    alpha  x  product over the families of its ancestors of (rejected in it / tests in it)

With two levels this is Benjamini and Bogomolov's selective procedure (2014, J R Stat Soc B 76:297),
with more TreeBH (Bogomolov, Peterson, Benjamini and Sabatti 2021, Biometrika 108:575; an early
form: Yekutieli 2008, J Am Stat Assoc 103:309). It keeps at most alpha, on each level, the expected
average of the false discovery proportion over the families that were selected: proven for
independent or positively dependent tests, and measured under correlation (`tests`). It is no
guarantee for each single family, nor for the pooled list of all features.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Bool, Float, Int
from evenlight.stats.multiplicity import benjamini_hochberg


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """One level of m nodes: adjusted p `q` (NaN where not tested), `found`, and what they paid.

    A node is rejected where q <= alpha. `share` (m,) is the product of rejected shares above it,
    `kept` (m,) that times the rejected share of its own family, one test at least: alpha x `kept`
    is the level of an interval that keeps its coverage after selection (Benjamini and Yekutieli
    2005, J Am Stat Assoc 100:71).
    """

    q: Float
    found: Bool
    share: Float
    kept: Float


def tree(p: Sequence[Float], parent: Sequence[Int], *, alpha: float = 0.05) -> list[Level]:
    """Test level by level: `p[l]` (m_l,), and `parent[l]` (m_l,) places in level l - 1.

    The parents of the first level name its families. A missing p is not tested and does not count.

    >>> sets, features = tree(
    ...     [np.array([0.001, 0.9]), np.array([0.01, 0.2, 0.0001])],
    ...     [np.array([0, 0]), np.array([0, 0, 1])],
    ... )
    >>> sets.found.tolist(), features.q.round(3).tolist()
    ([True, False], [0.04, 0.4, nan])
    """
    out: list[Level] = []
    for values, up in zip(p, parent, strict=True):
        share = np.ones(len(values))
        if out:
            above = out[-1]
            share = np.where(above.found[up], above.kept[up], np.nan)
        out.append(_level(values, up, share, alpha))
    return out


def _level(p: Float, parent: Int, share: Float, alpha: float) -> Level:
    q, kept = np.full(len(p), np.nan), np.full(len(p), np.nan)
    order = np.argsort(parent, kind="stable")
    starts = np.flatnonzero(np.diff(parent[order], prepend=-1))
    for family in np.split(order, starts[1:]) if len(p) else []:
        if np.isnan(share[family[0]]):
            continue
        own = np.minimum(benjamini_hochberg(p[family]) / share[family], 1.0)
        tests = max(int((~np.isnan(own)).sum()), 1)
        q[family] = own
        kept[family] = share[family] * max(int((own <= alpha).sum()), 1) / tests
    return Level(q, q <= alpha, share, kept)


def simes(p: Float, family: Int, *, count: int) -> Float:
    """Simes' p (count,) of each family of p-values (m,): min over ranks r of p_(r) m / r.

    It sees effects inside a set whose sum cancels. NaN without tests (Simes 1986, Biometrika 73).

    >>> simes(np.array([0.01, 0.04, 0.5]), np.array([0, 0, 1]), count=3).tolist()
    [0.02, 0.5, nan]
    """
    out = np.full(count, np.nan)
    for i in np.unique(family):
        own = benjamini_hochberg(p[family == i])
        if not np.isnan(own).all():
            out[i] = np.nanmin(own)
    return out
