"""Rubin's rule against its formulas written out, its limits, and measured coverage."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from evenlight.stats.refits import agreeing, pooled


def test_pooling_equals_the_formulas() -> None:
    """Cell by cell, by plain arithmetic."""
    rng = np.random.default_rng(0)
    effect, se = rng.normal(size=(6, 4)), rng.uniform(0.2, 1, size=(6, 4))
    df = rng.uniform(20, 200, size=(6, 4))
    out = pooled(effect, se, df)
    for j in range(4):
        k = 6
        d = sum(effect[:, j]) / k
        w = sum(s**2 for s in se[:, j]) / k
        b = sum((e - d) ** 2 for e in effect[:, j]) / (k - 1)
        t = w + (1 + 1 / k) * b
        g = (1 + 1 / k) * b / t
        nu = sum(df[:, j]) / k
        old, obs = (k - 1) / g**2, (nu + 1) / (nu + 3) * nu * (1 - g)
        assert out.effect[j] == pytest.approx(d)
        assert out.se[j] == pytest.approx(t**0.5)
        assert out.df[j] == pytest.approx(1 / (1 / old + 1 / obs))
        assert out.rho[j] == pytest.approx(b / (w + b))


def test_refits_that_agree_add_nothing() -> None:
    """B = 0: the standard error is that of one, rho is 0; and W = 0 leaves K - 1 df."""
    same = pooled(np.ones((5, 2)), np.full((5, 2), 0.3), np.full((5, 2), 50.0))
    np.testing.assert_allclose(same.se, 0.3)
    np.testing.assert_allclose(same.rho, 0.0)
    certain = pooled(np.arange(5.0)[:, None], np.zeros((5, 1)), np.full((5, 1), 1e9))
    assert certain.df[0] == pytest.approx(4.0)
    assert certain.rho[0] == 1.0
    still = pooled(np.ones((5, 1)), np.zeros((5, 1)), np.full((5, 1), 1e9))
    assert (still.se[0], still.rho[0]) == (0.0, 0.0)


@settings(max_examples=50, deadline=None)
@given(st.integers(5, 9), st.integers(0, 9999))
def test_more_disagreement_never_narrows(k: int, seed: int) -> None:
    """The standard error is at least that of people, rho lies in 0 to 1, df below the people's."""
    rng = np.random.default_rng(seed)
    se = rng.uniform(0.1, 1, size=(k, 3))
    out = pooled(rng.normal(size=(k, 3)), se, np.full((k, 3), 80.0))
    assert (out.se >= np.sqrt((se**2).mean(axis=0)) - 1e-12).all()
    assert ((out.rho >= 0) & (out.rho <= 1)).all()
    assert (out.df <= 80.0).all()


@pytest.mark.parametrize("spread", [0.0, 0.3, 1.0])
def test_the_interval_holds_the_difference_of_one_further_model(spread: float) -> None:
    """People err with SD 0.5 once, training with `spread` each time: 95 % coverage or more."""
    rng = np.random.default_rng(1)
    cells, k, people = 20_000, 5, 100
    sampling = 0.5 * rng.normal(size=cells)
    trained = spread * rng.normal(size=(k + 1, cells))
    se = 0.5 * np.sqrt(rng.chisquare(people, size=cells) / people)
    out = pooled(sampling + trained[:k], np.tile(se, (k, 1)), np.full((k, cells), float(people)))
    half = stats.t.isf(0.025, out.df) * out.se
    covered = float((np.abs(out.effect - trained[k]) <= half).mean())
    assert 0.94 < covered < 0.985


def test_a_flag_that_turns_round_does_not_hold() -> None:
    """Two up and two down of five are 40 %, not 80."""
    codes = np.array([[1, 1], [1, 1], [-1, 1], [-1, 1], [0, 0]])
    assert agreeing(codes).tolist() == [0.4, 0.8]
