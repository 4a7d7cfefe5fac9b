"""The rivals are what they are called."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.multitest import multipletests

from evenlight.qualify.drawn import cohort_of, people_of
from evenlight.qualify.rivals.naive import mann_whitney, welch
from evenlight.qualify.rivals.regression import differences, nuisance_of, uses
from evenlight.qualify.rivals.relabelled import group_difference
from evenlight.qualify.rivals.two_sample import cross_fitted, fitted


@pytest.fixture(name="rng")
def _rng() -> np.random.Generator:
    return np.random.default_rng(11)


def test_welch_and_mann_whitney_are_scipys(rng: np.random.Generator) -> None:
    """Column by column, with the list of Benjamini and Hochberg."""
    phi, member = rng.normal(size=(40, 3)), np.arange(40) < 15
    phi[member, 0] += 3.0
    made, ranks = welch(phi, member), mann_whitney(phi, member)
    for j in range(3):
        a, b = phi[member, j], phi[~member, j]
        assert made.p[0, j] == pytest.approx(stats.ttest_ind(a, b, equal_var=False).pvalue)
        assert ranks.p[0, j] == pytest.approx(stats.mannwhitneyu(a, b).pvalue)
    assert made.listed.tolist() == multipletests(made.p[0], method="fdr_bh")[0].tolist()
    assert made.listed[0]
    assert made.low is not None
    assert made.low[0] > 0


def test_regression_equals_statsmodels_with_clusters(rng: np.random.Generator) -> None:
    """Coefficient, interval and p of the group, robust to clusters of rows."""
    unit = np.repeat(np.arange(20), 4)
    member = unit < 9
    site = np.where(rng.uniform(size=80) < 0.5, "s", "t")
    people = people_of(member, site=site, donor=[f"d{u:02d}" for u in unit])
    cohort = cohort_of(rng.normal(size=(80, 2)), people, strata=["site"], unit="donor")
    phi = rng.normal(size=(80, 2)) + 0.5 * member[:, None]
    nuisance = nuisance_of(cohort, np.ones(80, dtype=bool), outcome=False)
    made = differences(phi, member.astype(float), nuisance, cohort.units)
    design = np.column_stack([member.astype(float), nuisance])
    for j in range(2):
        fit = sm.OLS(phi[:, j], design).fit(
            cov_type="cluster", cov_kwds={"groups": unit}, use_t=True
        )
        assert made.p[0, j] == pytest.approx(fit.pvalues[0])
        assert made.low is not None
        assert made.low[j] == pytest.approx(fit.conf_int()[0, 0])


def test_conditional_regression_equals_statsmodels(rng: np.random.Generator) -> None:
    """The joint test of group and group times value, given the states of the value."""
    n, member = 200, np.arange(200) < 80
    x = rng.integers(0, 3, n).astype(float)
    phi = 0.3 * x + 0.1 * x * member + rng.normal(size=n)
    made = uses(phi[:, None], x[:, None], member, np.ones((n, 1)), np.arange(n))
    scaled = (x - x.mean()) / x.std()
    design = np.column_stack([member, member * scaled, x == 1, x == 2, np.ones(n)]).astype(float)
    fit = sm.OLS(phi, design).fit(cov_type="HC1", use_t=True)
    assert made.p[0, 0] == pytest.approx(float(fit.f_test(np.eye(5)[:2]).pvalue), rel=0.02)


def test_band_of_random_relabellings_is_a_ten_per_cent_test(rng: np.random.Generator) -> None:
    """Under no difference one feature in ten lies outside."""
    flagged = [
        group_difference(rng.normal(size=(60, 20)), np.arange(60) < 30, rng).flag.mean()
        for _ in range(30)
    ]
    assert abs(np.mean(flagged) - 0.10) < 4 * np.sqrt(0.09 / 600)


def test_a_classifier_on_the_rows_it_was_fitted_to_always_tells(rng: np.random.Generator) -> None:
    """Held-out units are told apart about one time in twenty, fitted ones always."""
    member, unit = np.arange(80) < 40, np.arange(80)
    draws = [rng.normal(size=(80, 20)) for _ in range(30)]
    assert np.mean([fitted(phi, member).flag[0] for phi in draws]) > 0.9
    assert np.mean([cross_fitted(phi, member, unit, rng).flag[0] for phi in draws]) < 0.25
    shifted = rng.normal(size=(80, 20)) + 1.0 * member[:, None]
    assert cross_fitted(shifted, member, unit, rng).flag[0]


def test_nuisance_holds_strata_outcome_and_covariates() -> None:
    """An intercept, one indicator fewer than levels, and covariates in SD."""
    member = np.arange(30) < 15
    people = people_of(
        member, site=np.array(["s", "t", "u"])[np.arange(30) % 3], ill=np.arange(30) % 2,
        age=np.arange(30.0),
    )  # fmt: skip
    cohort = cohort_of(
        np.ones((30, 2)) * np.arange(30)[:, None], people,
        strata=["site"], covariates=["age"], outcome="ill",
    )  # fmt: skip
    every = np.ones(30, dtype=bool)
    assert nuisance_of(cohort, every, outcome=False).shape == (30, 4)
    made = nuisance_of(cohort, every, outcome=True)
    assert made.shape == (30, 5)
    assert pd.DataFrame(made).std(ddof=0).iloc[-1] == pytest.approx(1.0)
