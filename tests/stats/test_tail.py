"""Fitted tails: the fit, its check, and how near small p-values come."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from evenlight.stats import tail
from evenlight.stats.cells import Cells, design
from evenlight.stats.permutation import difference, permuted_labels
from evenlight.stats.sequential import How, Source, staged


def test_the_fit_recovers_shape_and_scale() -> None:
    """Weighted moments of many excesses come near the truth, and survival is scipy's."""
    drawn = np.asarray(stats.genpareto.rvs(0.15, scale=2.0, size=200_000, random_state=0))
    shape, scale = tail.pareto_fit(drawn)
    assert shape == pytest.approx(0.15, abs=0.02)
    assert scale == pytest.approx(2.0, rel=0.02)
    x = np.array([0.1, 3.0, 40.0])
    np.testing.assert_allclose(tail.survival(x, 0.15, 2.0), stats.genpareto.sf(x, 0.15, scale=2.0))
    np.testing.assert_allclose(tail.survival(x, 0.0, 2.0), stats.expon.sf(x, scale=2.0))


def test_anderson_darling_is_the_textbooks() -> None:
    """A^2 from a given exponential law equals the textbook sum over scipy's distribution."""
    drawn = np.random.default_rng(1).exponential(size=120)
    found = tail.anderson_darling(drawn, 0.0, float(drawn.mean()))
    cdf = stats.expon.cdf(np.sort(drawn), scale=drawn.mean())
    odd = 2 * np.arange(1, 121) - 1
    theirs = -120 - (odd * (np.log(cdf) + np.log(1 - cdf[::-1]))).sum() / 120
    assert found == pytest.approx(theirs, rel=1e-9)


def test_a_right_fit_is_refused_one_time_in_twenty() -> None:
    """The limit is the 5 % point where the tail is exponential."""
    rng = np.random.default_rng(2)
    wrong = 0
    for _ in range(600):
        excess = rng.exponential(size=250)
        wrong += tail.anderson_darling(excess, *tail._fitted(excess)) > tail.REFUSED
    assert abs(wrong / 600 - 0.05) < 3.5 * np.sqrt(0.05 * 0.95 / 600)


def test_a_wrong_fit_is_refused() -> None:
    """Two lumps are no Pareto tail."""
    rng = np.random.default_rng(3)
    lumps = np.concatenate([rng.uniform(0, 0.01, 150), rng.uniform(5, 5.01, 100)])
    assert tail.anderson_darling(lumps, *tail._fitted(lumps)) > tail.REFUSED


@pytest.mark.parametrize("p", [1e-4, 1e-5])
def test_small_p_of_a_normal_null_is_near_the_truth(p: float) -> None:
    """The median over 60 samples of 20,000 draws is within a factor of 1.6."""
    rng = np.random.default_rng(4)
    size = float(stats.norm.isf(p / 2))
    found = [tail.tail_p(np.abs(rng.normal(size=20_000)), size) for _ in range(60)]
    assert abs(np.log(np.median(found) / p)) < np.log(1.6)


def test_beyond_what_is_knowable_the_fit_varies_by_a_decade() -> None:
    """Where p of an exponential tail is at its floor, log10 p of 100 excesses has an SD of one."""
    rng = np.random.default_rng(7)
    far = float(np.log(10) * np.sqrt(100))
    fitted = -far / rng.exponential(size=(20_000, 100)).mean(axis=1) / np.log(10)
    assert fitted.std() == pytest.approx(1.0, abs=0.06)
    assert tail.knowable(100, 1_000) == pytest.approx(0.1 * np.exp(-far))


@pytest.mark.parametrize("size", [12.0, 1e3])
def test_no_fitted_tail_claims_more_than_its_draws_tell(size: float) -> None:
    """However far out a statistic lies, p of 1,000 draws stays at 1e-11."""
    null = np.abs(np.random.default_rng(8).normal(size=1_000))
    assert tail.tail_p(null, size) == tail.knowable(100, 1_000)


def test_few_draws_have_no_tail() -> None:
    """Below 1,000 draws nothing is fitted, and p stays as counted."""
    assert tail.tail_p(np.abs(np.random.default_rng(5).normal(size=900)), 5.0) == 1.0


def test_a_family_too_large_for_its_draws_gets_tails() -> None:
    """A clear effect passes 1 / (B + 1), and never the normal p; without tails it stops there."""
    rng = np.random.default_rng(6)
    values, member = rng.normal(size=(200, 30)), np.arange(200) < 80
    values[member, 0] += 1.0
    plan = design(Cells(np.arange(200), np.zeros(200, dtype=int), values), member)
    source = Source(values, plan, permuted_labels(plan, draws=4_000, rng=rng))
    seen = difference(values, plan).statistic
    at = np.column_stack([np.zeros(30, dtype=np.int64), np.arange(30)])
    found = staged([source], at, seen)
    plain = staged([source], at, seen, how=How(tails=False))
    assert found.p[0] < plain.p[0] == found.p_min == 1 / 4_001
    assert found.p[0] >= 2 * stats.norm.sf(abs(seen[0]))
    np.testing.assert_array_equal(found.p[plain.p > 0.01], plain.p[plain.p > 0.01])
