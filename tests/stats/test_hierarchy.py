"""Trees of tests: the definition by loops, error rates on planted truth; clusters by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm, ttest_ind
from statsmodels.stats.multitest import multipletests

from evenlight.arrays import Float
from evenlight.errors import InputError
from evenlight.stats.clusters import correlation_clusters
from evenlight.stats.competitive import competitive_p, mean_correlation
from evenlight.stats.hierarchy import simes, tree


def slow_bh(p: list[float], alpha: float) -> list[bool]:
    """Benjamini and Hochberg's step-up rule by loops."""
    m = len(p)
    top = max((r for r in range(1, m + 1) if sum(x <= alpha * r / m for x in p) >= r), default=0)
    return [x <= alpha * top / m for x in p]


def test_three_levels_equal_the_procedure_written_out() -> None:
    """Each family at alpha times the rejected shares of the families above it."""
    for seed in range(30):
        rng = np.random.default_rng(seed)
        top = rng.uniform(size=3) ** 4
        middle, up = rng.uniform(size=12) ** 4, np.repeat(np.arange(3), 4)
        leaf, over = rng.uniform(size=60) ** 4, np.repeat(np.arange(12), 5)
        got = tree([top, middle, leaf], [np.zeros(3, dtype=np.int64), up, over])
        first = slow_bh(top.tolist(), 0.05)
        assert got[0].found.tolist() == first
        one = 0.05 * sum(first) / 3
        for i in range(3):
            own = np.flatnonzero(up == i)
            want = slow_bh(middle[own].tolist(), one) if first[i] else [False] * 4
            assert got[1].found[own].tolist() == want
            two = one * sum(want) / 4
            for k, node in enumerate(own):
                below = np.flatnonzero(over == node)
                last = slow_bh(leaf[below].tolist(), two) if want[k] else [False] * 5
                assert got[2].found[below].tolist() == last
                assert np.isnan(got[2].q[below]).all() != want[k]


def test_one_level_is_benjamini_and_hochbergs() -> None:
    """As statsmodels has it; a missing p is left out."""
    p = np.random.default_rng(0).uniform(size=20) ** 3
    q = tree([np.append(p, np.nan)], [np.zeros(21, dtype=np.int64)])[0].q
    np.testing.assert_allclose(q[:-1], multipletests(p, method="fdr_bh")[1])
    assert np.isnan(q[-1])


def test_simes_is_the_smallest_adjusted_p() -> None:
    """Min over ranks of p m / r."""
    p = np.array([0.02, 0.3, 0.04])
    assert simes(p, np.zeros(3, dtype=np.int64), count=1)[0] == pytest.approx(0.06)


def rates(rho: float, seeds: int) -> Float:
    """Set FDR, average FDR in opened sets, the same without adjustment, power; 60 sets of 10."""
    family, out = np.repeat(np.arange(60), 10), []
    true = np.zeros((60, 10), dtype=bool)
    true[:12, :4] = True
    for seed in range(seeds):
        rng = np.random.default_rng([1, seed])
        z = np.sqrt(rho) * rng.normal(size=(60, 1)) + np.sqrt(1 - rho) * rng.normal(size=(60, 10))
        p = 2 * norm.sf(np.abs(z + 3.5 * true))
        gate = simes(p.ravel(), family, count=60)
        sets, leaves = tree([gate, p.ravel()], [np.zeros(60, dtype=np.int64), family])
        naive = tree([p.ravel()], [family])[0].found.reshape(60, 10)
        shares = []
        for found in (leaves.found.reshape(60, 10), naive & sets.found[:, None]):
            part = (found & ~true).sum(axis=1) / np.maximum(found.sum(axis=1), 1)
            shares.append(part[sets.found].sum() / max(sets.found.sum(), 1))
        wrong = sets.found[12:].sum() / max(sets.found.sum(), 1)
        out.append([wrong, *shares, leaves.found.reshape(60, 10)[true].mean()])
    mean: Float = np.mean(out, axis=0)
    return mean


def test_error_rates_of_the_tree_are_kept() -> None:
    """Correlated members, a fifth of the sets real: both levels below 5 %, most features found."""
    wrong_sets, wrong_features, naive, power = rates(0.5, 120)
    assert wrong_sets < 0.06
    assert wrong_features < 0.06
    assert naive > wrong_features
    assert power > 0.5


def test_without_any_difference_hardly_a_set_is_opened() -> None:
    """All null: any rejection in at most 5 % of the runs."""
    family, opened = np.repeat(np.arange(20), 5), 0
    for seed in range(400):
        p = np.random.default_rng([2, seed]).uniform(size=100)
        gate = simes(p, family, count=20)
        opened += int(tree([gate, p], [np.zeros(20, dtype=np.int64), family])[0].found.any())
    assert opened / 400 < 0.08


def test_the_competitive_test_knows_the_correlation_of_members() -> None:
    """Correlated null sets: 5 % with the inflation, far more without; the formula by hand."""
    p, rate = [], 0.4
    for seed in range(400):
        rng = np.random.default_rng([4, seed])
        z = rng.normal(size=60)
        z[:10] = rate**0.5 * rng.normal() + (1 - rate) ** 0.5 * z[:10]
        own = np.arange(10)
        p.append([competitive_p(z, own, rate), competitive_p(z, own, 0.0)])
    size, naive = np.mean(np.array(p) <= 0.05, axis=0)
    assert size < 0.085
    assert naive > 0.2
    z = np.array([2.0, 1.0, 0.5, -0.5, 0.3])
    want = ttest_ind(z[:2], z[2:]).pvalue
    assert competitive_p(z, np.array([0, 1]), 0.0) == pytest.approx(want)


def test_the_mean_correlation_is_read_from_the_error_of_a_sum() -> None:
    """From a covariance matrix written out."""
    rng = np.random.default_rng(5)
    se = rng.uniform(0.5, 2, size=4)
    cov = np.outer(se, se) * (0.3 + 0.7 * np.eye(4))
    assert mean_correlation(se, float(np.sqrt(cov.sum()))) == pytest.approx(0.3)
    assert mean_correlation(se, 0.0) == 0.0
    assert mean_correlation(se[:1], 1.0) == 0.0


def test_clusters_are_those_that_were_planted_in_any_order_of_columns() -> None:
    """Three factors, signs turned, one constant column; a permutation of columns permutes."""
    rng = np.random.default_rng(3)
    factor = rng.normal(size=(200, 3))
    owner = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2])
    x = factor[:, owner] * np.where(np.arange(9) % 2, -1, 1) + 0.3 * rng.normal(size=(200, 9))
    x = np.column_stack([x, np.full(200, 7.0)])
    got = correlation_clusters(x)
    assert got.tolist() == [0, 1, 2, 0, 1, 2, 0, 1, 2, 3]
    turn = rng.permutation(10)
    other = correlation_clusters(x[:, turn])
    same = (got[turn][:, None] == got[turn]) == (other[:, None] == other)
    assert same.all()


def test_too_many_columns_and_strange_cuts_are_refused() -> None:
    """The message says what to use in place."""
    with pytest.raises(InputError, match="use sets that are known"):
        correlation_clusters(np.zeros((3, 10_001)))
    with pytest.raises(InputError, match="a cut in 0 to 1"):
        correlation_clusters(np.eye(4), cut=1.5)
    assert correlation_clusters(np.ones((5, 1))).tolist() == [0]
