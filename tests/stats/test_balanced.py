"""Nulls of heavy tails are scaled down before the maximum: one rare column drowns no other."""

from __future__ import annotations

import numpy as np
import pytest

from evenlight.arrays import Float
from evenlight.stats.balanced import heaviness
from evenlight.stats.f_scale import one_sided
from evenlight.stats.multiplicity import step_down, upper_point
from evenlight.stats.permutation import at_least_normal
from evenlight.stats.sequential import balanced_step_down

DRAWS = 1_000


def normal_and_heavy(seed: int = 0) -> Float:
    """Z* (draws, 5): four normal columns, and one that is -12 in a third of the draws."""
    rng = np.random.default_rng(seed)
    null = rng.normal(size=(DRAWS, 5))
    null[rng.random(DRAWS) < 1 / 3, 4] = -12.0
    return null


def test_normal_nulls_are_not_scaled() -> None:
    """Of 500 half-normal nulls few are scaled, and none by more than a tenth."""
    rng = np.random.default_rng(1)
    tails = np.sort(np.abs(rng.normal(size=(500, DRAWS))), axis=1)[:, -60:]
    scale = np.array([heaviness(tail, DRAWS) for tail in tails])
    assert (scale > 1).mean() < 0.02
    assert scale.max() < 1.1


def test_a_null_that_is_half_as_wide_again_is_scaled_by_a_half_less_the_band() -> None:
    """The scale is the largest ratio to the upper band of each rank; of one side as of two."""
    rng = np.random.default_rng(2)
    z = rng.normal(size=20_000)
    both = heaviness(np.sort(1.5 * np.abs(z))[-1_200:], 20_000)
    upper = heaviness(np.sort(1.5 * z)[-1_200:], 20_000, sides=1)
    assert both == pytest.approx(1.45, abs=0.06)
    assert upper == pytest.approx(1.45, abs=0.06)


def test_a_heavy_column_does_not_hide_the_others() -> None:
    """Statistics of 5 are flagged beside it, and it is itself held to its own null."""
    null, seen = normal_and_heavy(), np.array([5.0, 0.5, 1.0, -5.0, -12.0])
    plain = step_down(seen, lambda i: at_least_normal(null[:, i]), draws=DRAWS)
    assert plain.p_maxt[0] > 0.3
    found = balanced_step_down(seen, lambda i: null[:, i], draws=DRAWS)
    assert (found.p_maxt[[0, 3]] < 0.01).all()
    assert found.p_maxt[4] > 0.3
    scale = np.broadcast_to(found.scale, (2, 5))
    np.testing.assert_allclose(scale[:, :4], 1.0, atol=0.1)
    assert scale[0, 4] == 1.0
    assert scale[1, 4] > 3
    assert np.flatnonzero(found.sided).tolist() == [4]
    assert found.critical(0.05) < 4
    np.testing.assert_allclose(found.limits(0.05), found.critical(0.05) * scale)


def test_a_heavy_side_does_not_hide_the_other() -> None:
    """The column that is -12 in a third of the draws is flagged at 5, and swapping swaps sides."""
    null, seen = normal_and_heavy(), np.array([0.2, 0.5, 1.0, -0.3, 5.0])
    found = balanced_step_down(seen, lambda i: null[:, i], draws=DRAWS)
    assert max(found.p[4], found.p_maxt[4]) < 0.01
    turned = balanced_step_down(-seen, lambda i: -null[:, i], draws=DRAWS)
    np.testing.assert_array_equal(turned.p, found.p)
    np.testing.assert_array_equal(turned.p_maxt, found.p_maxt)
    np.testing.assert_array_equal(turned.limits(0.05), found.limits(0.05)[::-1])


def test_without_heavy_nulls_it_is_the_step_down_of_raised_nulls() -> None:
    """Small adjusted p and the critical value are those of full sorting."""
    rng = np.random.default_rng(3)
    null = 0.8 * rng.normal(size=(DRAWS, 40))
    seen = np.append(rng.normal(size=38), [3.6, -4.5])
    one = balanced_step_down(seen, lambda i: null[:, i], draws=DRAWS)
    other = step_down(seen, lambda i: at_least_normal(null[:, i]), draws=DRAWS)
    small = other.p_maxt < 0.05
    assert small.any()
    np.testing.assert_allclose(one.p_maxt[small], other.p_maxt[small])
    assert one.critical(0.05) == pytest.approx(other.critical(0.05))
    assert (one.p_maxt >= other.p_maxt).all()


def test_a_heavy_score_does_not_hide_the_others_among_k_groups() -> None:
    """The same of one-sided scores; p of single tests does not change."""
    rng = np.random.default_rng(4)
    null = rng.normal(size=(DRAWS, 3))
    null[rng.random(DRAWS) < 1 / 3, 2] = 9.0
    seen = np.array([4.5, -1.0, 9.0])
    p, p_maxt = one_sided(seen, null)
    assert p[2] > 0.3
    assert p_maxt[0] < 0.01
    assert p_maxt[2] > 0.3


def test_the_error_rate_holds_under_exchangeability() -> None:
    """Rare, normal and log-normal columns without any difference: any flag in 5 % of 400 runs."""
    rng, flags = np.random.default_rng(5), 0
    for _ in range(400):
        null = rng.normal(size=(400, 6))
        null[:, 4] = np.exp(1.5 * rng.normal(size=400)) - 1
        null[:, 5] = np.where(rng.random(400) < 0.4, -8.0, null[:, 5])
        seen, rest = null[0], null[1:]
        found = balanced_step_down(seen, lambda i, rest=rest: rest[:, i], draws=399)  # type: ignore[misc]
        flags += bool((found.p_maxt <= 0.05).any())
    assert 0.01 < flags / 400 < 0.05 + 2 * np.sqrt(0.05 * 0.95 / 400)


def test_the_upper_point_is_that_of_one_more_draw() -> None:
    """Of 19 draws one more exceeds the largest in 1 of 20; of all arrangements it is a quantile."""
    maxima = np.arange(19.0)
    assert upper_point(maxima, 0.05) == 18.0
    assert upper_point(np.arange(20.0), 0.05, exact=True) == 18.0
