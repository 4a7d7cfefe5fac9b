"""A maximum in which no test drowns the others: heavy nulls are scaled down before it is taken.

The null of a 0/1 column that one in twenty-five has is far from normal in a small group: in a third
of the permutations nobody there has it, the variance of that side is 0, and |Z*| is many times
that of any other column. Alone it then sets the critical value of the whole family. So each null is
divided by how much heavier its tail is than the half-normal, and so is its observed statistic,
which keeps the permutation test exact (the scale depends on the null alone). In 25 + 1,500 people
with one such column among 20, five shifted columns are flagged in 42 % of cases without and in 99 %
with it.

Only one side of such a null is heavy: that of no carrier. A null beyond LOPSIDED is judged by side
(`stats.two_sided`), each scaled by its own heaviness: the side of many carriers is light, and
keeps its scale.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.special import betaincinv, ndtri

from evenlight.arrays import Float

CHANCE = 1e-3
"""A rank of a null counts as heavy beyond what a half-normal null reaches with this chance."""

LOPSIDED = 1.5
"""A null heavier than this has its sides judged apart. Those of unequal spread are lighter: 400
columns of 20 (SD 3) + 100 people gave 1.23 at most."""


def heaviness(tail: Float, draws: int, *, sides: int = 2) -> float:
    """How many times heavier an ascending tail (k,) of `draws` is than the half-normal, at least 1.

    The largest ratio over its ranks, each to the band that holds that rank of a half-normal null
    with probability 1 - CHANCE: a null of normal tails keeps its scale. With `sides` 1 the tail is
    the upper one of a normal score.

    >>> rng = np.random.default_rng(0)
    >>> tail = np.sort(np.abs(rng.normal(size=2000)))[-100:]
    >>> heaviness(tail, 2000), heaviness(np.append(tail[:-10], np.full(10, 9.0)), 2000) > 2
    (1.0, True)
    """
    return float(max(1.0, (tail / _band(draws, len(tail), sides)).max(initial=1.0)))


@lru_cache(maxsize=32)
def _band(draws: int, ranks: int, sides: int) -> Float:
    """The upper band of the `ranks` largest of `draws` (half-)normal values, ascending."""
    r = np.arange(ranks, 0, -1)
    band: Float = -ndtri(betaincinv(r, draws - r + 1, CHANCE) / sides)
    return band
