"""Nodes and weights for integrals over a path from 0 to 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.special import roots_legendre

from evenlight.arrays import Float

_K7 = (
    (0.960491268708020283, 0.104656226026467265),
    (0.774596669241483377, 0.268488089868333441),
    (0.434243749346802558, 0.401397414775962223),
)
_K15 = (
    (0.991455371120812639, 0.022935322010529225),
    (0.949107912342758525, 0.063092092629978553),
    (0.864864423359769073, 0.104790010322250184),
    (0.741531185599394440, 0.140653259715525919),
    (0.586087235467691130, 0.169004726639267903),
    (0.405845151377397167, 0.190350578064785410),
    (0.207784955007898468, 0.204432940075298892),
)
_MIDDLE = {7: 0.450916538658474142, 15: 0.209482141084727828}


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """`nodes` (q,) in (0, 1), `weights` (q,) that add up to 1.

    `coarse` (q,) are the weights of a smaller rule on some of the same nodes, None without one.
    """

    nodes: Float
    weights: Float
    coarse: Float | None = None

    @property
    def size(self) -> int:
        """Number of nodes."""
        return len(self.nodes)


def fixed(rules: Sequence[Rule]) -> bool:
    """Whether one rule was asked for, so that nothing is compared and nothing refined.

    >>> fixed([legendre(8)]), fixed([nested(7)])
    (True, False)
    """
    return len(rules) == 1 and rules[0].coarse is None


@cache
def legendre(n: int) -> Rule:
    """Gauss-Legendre with n nodes, exact for polynomials of degree 2n - 1.

    >>> rule = legendre(3)
    >>> bool(np.isclose(rule.weights @ rule.nodes**5, 1 / 6))
    True
    """
    nodes, weights = np.polynomial.legendre.leggauss(n) if n <= 512 else roots_legendre(n)
    return Rule((nodes + 1) / 2, weights / weights.sum())


@cache
def nested(n: int) -> Rule:
    """A rule of 3, 7 or 15 nodes that holds Gauss-Legendre with 1, 3 or 7 of them.

    7 and 15 are Gauss-Kronrod rules (Kronrod 1965; nodes and weights as in QUADPACK, 1983), exact
    up to degree 11 and 23, so that one set of gradients gives two levels to compare.

    >>> rule = nested(7)
    >>> bool(np.isclose(rule.weights @ rule.nodes**11, 1 / 12))
    True
    >>> bool(np.isclose(rule.coarse @ rule.nodes**5, 1 / 6))
    True
    """
    if n == 3:
        full = legendre(3)
        return Rule(full.nodes, full.weights, np.array([0.0, 1.0, 0.0]))
    half = {7: _K7, 15: _K15}[n]
    positive, weights = np.array(half).T
    nodes = np.concatenate([-positive, [0.0], positive[::-1]])
    full_weights = np.concatenate([weights, [_MIDDLE[n]], weights[::-1]])
    coarse = np.zeros(n)
    coarse[1::2] = legendre(n // 2).weights
    return Rule((nodes + 1) / 2, full_weights / 2, coarse)


def ladder(starts: int, cap: int) -> tuple[Rule, ...]:
    """The rules that a row climbs until it has converged: nested ones first, then doubling.

    Averages over many paths (`starts` >= 8) begin with 3 nodes a path, others with 7.

    >>> [rule.size for rule in ladder(1, 128)]
    [7, 15, 32, 64, 128]
    """
    rules = [nested(n) for n in (3, 7, 15)][0 if starts >= 8 else 1 :]
    size = 32
    while size <= cap:
        rules.append(legendre(size))
        size *= 2
    return tuple(rule for rule in rules if rule.size <= max(cap, 7))
