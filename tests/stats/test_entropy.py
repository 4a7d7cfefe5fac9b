"""Entropy, its parts, and exact limits: against definitions, other libraries, and laws."""

from __future__ import annotations

from math import log2

import numpy as np
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from evenlight.stats.binomial import exact
from evenlight.stats.entropy import disagreement, entropy, variance_parts


def test_entropy_equals_the_definition_and_scipy() -> None:
    """Sums of -p log2 p, nothing for 0."""
    p = np.random.default_rng(0).dirichlet(np.ones(4) / 2, 30)
    p[0] = [1, 0, 0, 0]
    slow = [-sum(v * log2(v) for v in row if v > 0) for row in p.tolist()]
    np.testing.assert_allclose(entropy(p), slow, atol=1e-12)
    np.testing.assert_allclose(entropy(p), scipy.stats.entropy(p, axis=1, base=2), atol=1e-12)


def test_disagreement_is_the_information_that_the_member_gives() -> None:
    """Equals the mutual information of the joint table of member and class, cell by cell."""
    p = np.random.default_rng(1).dirichlet(np.ones(3), (5, 7))
    found = disagreement(p)
    for i in range(7):
        joint = p[:, i] / 5
        alone = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
        np.testing.assert_allclose(found.epistemic[i], (joint * np.log2(joint / alone)).sum())


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 9), st.integers(2, 5), st.integers(0, 10**6))
def test_parts_add_up_and_stay_within_bounds(m: int, c: int, seed: int) -> None:
    """Aleatoric and epistemic add to the total, at most log2 c and log2 m; alike members agree."""
    p = np.random.default_rng(seed).dirichlet(np.ones(c) / 3, (m, 4))
    made = disagreement(p)
    np.testing.assert_allclose(made.total, made.aleatoric + made.epistemic, atol=1e-12)
    assert (made.total <= log2(c) + 1e-12).all()
    assert ((made.epistemic >= 0) & (made.epistemic <= log2(m) + 1e-12)).all()
    same = disagreement(np.repeat(p[:1], m, axis=0))
    np.testing.assert_allclose(same.epistemic, 0, atol=1e-12)


def test_variances_are_those_of_the_mixture() -> None:
    """Total variance of a mixture of members, by its moments; without variances it is not known."""
    rng = np.random.default_rng(2)
    mean, var = rng.normal(size=(6, 3)), rng.exponential(size=(6, 3))
    made = variance_parts(mean, var)
    second = (var + mean**2).mean(axis=0)
    np.testing.assert_allclose(made.total, second - mean.mean(axis=0) ** 2)
    np.testing.assert_allclose(made.epistemic, mean.var(axis=0))
    alone = variance_parts(mean)
    np.testing.assert_array_equal(alone.epistemic, made.epistemic)
    assert np.isnan(alone.aleatoric).all()
    assert np.isnan(alone.total).all()


def test_exact_limits_equal_scipy() -> None:
    """Clopper and Pearson's limits, at 0 and 1 too."""
    for hits, n in ((0, 11), (11, 11), (9, 20), (190, 200)):
        theirs = scipy.stats.binomtest(hits, n).proportion_ci(0.9, method="exact")
        low, high = exact(np.array(hits / n), np.array(float(n)), 0.1)
        np.testing.assert_allclose((low, high), (theirs.low, theirs.high), atol=1e-9)
