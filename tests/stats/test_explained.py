"""P of explained shares: no smaller than the draws can tell, and untouched where they can."""

from __future__ import annotations

import numpy as np

from evenlight.stats.explained import basis, explained_family, indicators
from evenlight.stats.tail import knowable


def test_p_of_a_share_is_not_below_what_its_draws_can_tell() -> None:
    """A feature that is the group but for a little noise has p 1e-11 of 1,000 draws, not 1e-140."""
    rng = np.random.default_rng(0)
    codes, one = np.arange(600) % 2, np.zeros(600, dtype=np.int64)
    x = rng.normal(size=(600, 3))
    x[:, 0] = codes + 0.05 * x[:, 0]
    x[:, 1] += 0.4 * codes
    p, p_maxt = explained_family(x, basis(indicators(codes), one), draws=1_000, rng=rng)
    floor = knowable(100, 1_000)
    assert p[0] == floor > 1e-16
    assert floor < p[1] < 1e-4
    assert p_maxt[0] == 1 / 1_001
