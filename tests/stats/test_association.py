"""Association of features and sets with groups and axes: loops, other libraries, planted truth."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_ind
from sklearn.metrics import mutual_info_score

from evenlight.arrays import Float, Int
from evenlight.stats.association import (
    expected_information,
    normalised_information,
    quantile_states,
)
from evenlight.stats.discriminant import arrangements, asked_axes, asked_groups, told_by
from evenlight.stats.explained import basis, explained_family, explained_share, indicators
from evenlight.stats.two_sample import shrinkage
from evenlight.stats.unequal_spread import _parts, _ratio, unequal_family
from tests.slow import eps_squared


def people(seed: int, n: int = 90, p: int = 6) -> tuple[Float, Int, Int]:
    """Values, three groups and three strata of unlike size."""
    rng = np.random.default_rng(seed)
    stratum = rng.choice(3, n, p=[0.5, 0.3, 0.2])
    codes = (rng.random(n) * (2 + stratum)).astype(np.int64) % 3
    x: Float = rng.normal(size=(n, p)) + np.outer(codes, np.linspace(0, 1, p))
    x += 3.0 * stratum[:, None]
    return x, codes, stratum.astype(np.int64)


def slow_share(x: Float, codes: Int, stratum: Int) -> float:
    """(SSB - (k - 1) MSW) / SST, numerator and denominator summed over strata."""
    above = below = 0.0
    for s in set(stratum.tolist()):
        rows = [i for i in range(len(x)) if stratum[i] == s and x[i] == x[i]]
        levels = {int(codes[i]) for i in rows}
        mean = sum(x[i] for i in rows) / len(rows)
        between = within = 0.0
        for level in levels:
            own = [x[i] for i in rows if codes[i] == level]
            middle = sum(own) / len(own)
            between += len(own) * (middle - mean) ** 2
            within += sum((v - middle) ** 2 for v in own)
        above += between - (len(levels) - 1) * within / (len(rows) - len(levels))
        below += between + within
    return float(above / below)


@pytest.mark.parametrize("gaps", [0.0, 0.1])
def test_share_within_strata_is_the_sum_of_its_parts(gaps: float) -> None:
    """Eps squared given strata equals plain loops, with missing values left out one by one."""
    x, codes, stratum = people(0)
    x[np.random.default_rng(1).random(x.shape) < gaps] = np.nan
    found = explained_share(x, basis(indicators(codes), stratum))
    np.testing.assert_allclose(found, [slow_share(c, codes, stratum) for c in x.T])


def test_groups_and_axes_are_one_formula() -> None:
    """Without strata eps squared is the adjusted R squared of a regression on the indicators."""
    x, codes, stratum = people(2)
    one = np.zeros_like(stratum)
    found = explained_share(x, basis(indicators(codes), one))
    np.testing.assert_allclose(found, eps_squared(x, codes))
    axes = np.random.default_rng(3).normal(size=(len(x), 2)) + x[:, :1]
    again = explained_share(x, basis(axes, one))
    wide = sm.add_constant(axes)
    np.testing.assert_allclose(again, [sm.OLS(c, wide).fit().rsquared_adj for c in x.T])
    unknown = codes.copy()
    unknown[:10] = -1
    np.testing.assert_allclose(
        explained_share(x, basis(indicators(unknown), one)), eps_squared(x[10:], codes[10:])
    )


@given(st.integers(0, 1000), st.floats(-50, 50), st.floats(0.01, 100))
@settings(max_examples=25)
def test_share_knows_no_unit_and_no_name(seed: int, shift: float, scale: float) -> None:
    """Shifted or stretched values, and renamed groups, have the same share."""
    x, codes, stratum = people(seed)
    found = explained_share(x, basis(indicators(codes), stratum))
    moved = explained_share(shift + scale * x, basis(indicators(2 - codes), stratum))
    np.testing.assert_allclose(found, moved, atol=1e-9)


def test_a_feature_that_does_not_vary_tells_nothing() -> None:
    """A constant has share 0, p 1, and so does one that is constant within strata."""
    _, codes, stratum = people(4)
    x = np.column_stack([np.full(90, 7.0), stratum.astype(float)])
    given = basis(indicators(codes), stratum)
    assert explained_share(x, given).tolist() == [0.0, 0.0]
    rng = np.random.default_rng(0)
    assert explained_family(x, given, draws=99, rng=rng)[0].tolist() == [1.0, 1.0]


def test_permutation_p_of_features_hold_their_level() -> None:
    """Within strata that move both group and value, p below 0.05 comes about 1 time in 20."""
    _, codes, stratum = people(5)
    rng = np.random.default_rng(6)
    x = rng.exponential(size=(90, 3000)) * (1 + stratum[:, None]) + 4 * stratum[:, None]
    given = basis(indicators(codes), stratum)
    p, _ = explained_family(x, given, draws=199, rng=rng)
    assert abs((p <= 0.05).mean() - 0.05) < 4 * np.sqrt(0.05 * 0.95 / 3000)
    assert abs(explained_share(x, given).mean()) < 0.002
    families = [
        explained_family(x[:, 20 * i : 20 * i + 20], given, draws=99, rng=rng)[1].min() <= 0.05
        for i in range(100)
    ]
    assert np.mean(families) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 100)


def test_permutation_p_is_that_of_all_arrangements() -> None:
    """With three groups p agrees with the count over every arrangement of the labels."""
    x = np.random.default_rng(18).normal(size=(8, 3))
    codes = np.array([0, 0, 0, 1, 1, 1, 2, 2])
    one = np.zeros(8, dtype=np.int64)
    every = {tuple(order) for order in permutations(codes.tolist())}
    null = np.array([eps_squared(x, np.array(order)) for order in sorted(every)])
    exact = (null >= eps_squared(x, codes) - 1e-12).mean(axis=0)
    rng = np.random.default_rng(19)
    found, _ = explained_family(x, basis(indicators(codes), one), draws=2000, rng=rng)
    np.testing.assert_allclose(found, exact, atol=4 * np.sqrt(0.25 / 2000))


def test_planted_features_are_found_and_others_not() -> None:
    """Max-T flags the feature that follows the group, in the presence of gaps, and no other."""
    x, codes, stratum = people(7, n=150)
    rng = np.random.default_rng(8)
    x = rng.normal(size=(150, 50)) + 2 * stratum[:, None]
    x[:, 3] += codes
    x[rng.random(x.shape) < 0.05] = np.nan
    _, family = explained_family(x, basis(indicators(codes), stratum), draws=199, rng=rng)
    assert np.flatnonzero(family <= 0.05).tolist() == [3]


def test_expected_information_is_the_mean_over_permutations() -> None:
    """The exact mean is that of many permutations, and that of scikit-learn."""
    fast = pytest.importorskip("sklearn.metrics.cluster").expected_mutual_information
    rng = np.random.default_rng(9)
    x, g = rng.choice(4, 60, p=[0.5, 0.3, 0.15, 0.05]), rng.choice(3, 60)
    exact = expected_information(np.bincount(x), np.bincount(g))
    drawn = [mutual_info_score(x, rng.permutation(g)) for _ in range(2000)]
    assert exact == pytest.approx(np.mean(drawn), abs=4 * np.std(drawn) / np.sqrt(2000))
    table = np.zeros((4, 3), dtype=np.int64)
    np.add.at(table, (x, g), 1)
    assert exact == pytest.approx(fast(table, 60))


def test_information_of_many_features_is_that_of_each() -> None:
    """(I - expected) / H(g), summed over strata by their size; missing states leave."""
    rng = np.random.default_rng(10)
    _, codes, stratum = people(11)
    states = rng.integers(0, 3, (90, 5))
    states[:, 1] = codes
    states[rng.random(states.shape) < 0.1] = -1
    found = normalised_information(states, codes, stratum)
    for j in range(5):
        told = most = 0.0
        for s in range(3):
            own = (stratum == s) & (states[:, j] >= 0)
            x, g = states[own, j], codes[own]
            told += own.sum() * mutual_info_score(x, g)
            told -= own.sum() * expected_information(np.bincount(x), np.bincount(g))
            most += own.sum() * mutual_info_score(g, g)
        assert found[j] == pytest.approx(told / most)
    assert found[1] > 0.8
    assert np.isnan(normalised_information(states, np.zeros(90, dtype=np.int64))).all()


def test_information_sees_what_means_do_not() -> None:
    """A feature whose spread alone differs has no share of variance, and has information."""
    rng = np.random.default_rng(12)
    codes = np.repeat([0, 1], 200)
    x = rng.normal(size=(400, 1)) * (1 + 3 * codes[:, None])
    assert abs(eps_squared(x, codes)[0]) < 0.02
    assert normalised_information(quantile_states(x), codes)[0] > 0.1
    assert abs(normalised_information(quantile_states(rng.normal(size=(400, 40))), codes)).max() < (
        0.03
    )


def slow_auc(x: Float, codes: Int, fold: Int) -> float:
    """Mean over pairs of the AUC of a discriminant that is fitted on the other folds."""
    k, n = int(codes.max()) + 1, len(x)
    score = np.zeros((n, k))
    x = x - x.mean(axis=0)
    for f in np.unique(fold):
        seen = x[fold != f]
        m, q = seen.shape
        d = shrinkage(seen)
        s = (1 - d) / m * seen.T @ seen + d * (seen**2).sum() / (m * q) * np.eye(q)
        for g in range(k):
            # the mean of a group against everybody's, weighed as in the whole sample
            weight = (codes == g) / (codes == g).sum() - 1 / n
            score[fold == f, g] = x[fold == f] @ np.linalg.solve(s, seen.T @ weight[fold != f])
    out = []
    for a in range(k):
        for b in range(a + 1, k):
            apart = score[:, a] - score[:, b]
            pairs = [
                float(u > v) + 0.5 * float(u == v)
                for u in apart[codes == a]
                for v in apart[codes == b]
            ]
            out.append(sum(pairs) / len(pairs))
    return sum(out) / len(out)


@pytest.mark.parametrize("q", [3, 60])
def test_auc_of_a_set_is_that_of_a_plain_discriminant(q: int) -> None:
    """Few or many features, the AUC is that of an explicit fit fold by fold."""
    rng = np.random.default_rng(13)
    codes = np.repeat([0, 1, 2], [30, 20, 25])
    x = rng.normal(size=(75, q)) + 0.5 * codes[:, None] * (np.arange(q) < 2)
    asked = asked_groups(codes, np.zeros(75, dtype=np.int64), rng=rng)
    found = told_by(x, asked, np.arange(75)[None])
    assert found.value == pytest.approx(2 * slow_auc(x, codes, asked.fold) - 1)


def test_strata_weigh_by_their_pairs() -> None:
    """The AUC within strata is their mean by n m / (n + m)."""
    rng = np.random.default_rng(20)
    stratum = np.repeat([0, 1], [70, 20])
    codes = rng.integers(0, 2, 90)
    x = rng.normal(size=(90, 1)) + codes[:, None] * np.where(stratum == 0, 2.0, 0.0)[:, None]
    asked = asked_groups(codes, stratum, rng=rng)
    above = weight = 0.0
    for s in (0, 1):
        a, b = (x[(stratum == s) & (codes == g), 0] for g in (1, 0))
        share = len(a) * len(b) / (len(a) + len(b))
        above += share * float(np.mean(np.greater.outer(a, b)))
        weight += share
    found = told_by(x, asked, np.arange(90)[None])
    assert found.value == pytest.approx(2 * above / weight - 1, abs=0.05)
    assert abs(above / weight - 0.5 * sum((0.92, 0.5))) > 0.1


def test_sets_without_the_group_are_told_at_their_level() -> None:
    """For groups and axes, null sets have p below 0.05 about 1 time in 20."""
    rng = np.random.default_rng(14)
    _, codes, stratum = people(15)
    made = [
        asked_groups(codes, stratum, rng=rng),
        asked_axes(rng.normal(size=(90, 2)) + stratum[:, None], stratum, rng=rng),
    ]
    for asked in made:
        orders = arrangements(asked, draws=99, rng=rng)
        found = [
            told_by(rng.normal(size=(90, 4)) + stratum[:, None], asked, orders) for _ in range(300)
        ]
        assert np.mean([f.p <= 0.05 for f in found]) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 300)
        assert abs(np.mean([f.value for f in found])) < 0.06


@pytest.mark.parametrize("images", [(25, 120, 1, 8), (120, 25, 1, 8), (40, 120, 1, 3)])
def test_sets_hold_their_level_where_groups_have_other_spreads(
    images: tuple[int, int, int, int],
) -> None:
    """Means of several images a person beside single ones: p of 0.05 or less in 5 % of sets."""
    rng = np.random.default_rng(4)
    codes, each = np.repeat([0, 1], images[:2]), np.repeat(images[2:], images[:2])
    spread = np.sqrt(0.3**2 + 1 / each)[:, None]
    asked = asked_groups(codes, np.zeros(len(codes), dtype=np.int64), rng=rng)
    orders = arrangements(asked, draws=199, rng=rng)
    p = [told_by(rng.normal(size=(len(codes), 16)) * spread, asked, orders).p for _ in range(400)]
    assert 0.02 <= np.mean(np.array(p) <= 0.05) <= 0.09


@pytest.mark.parametrize("images", [(25, 120, 1, 8), (120, 25, 1, 8), (40, 120, 1, 3)])
def test_features_hold_their_level_where_groups_have_other_spreads(
    images: tuple[int, int, int, int],
) -> None:
    """The same of single features, whose means are asked: the level of F* is 5 %."""
    rng = np.random.default_rng(5)
    codes, each = np.repeat([0, 1], images[:2]), np.repeat(images[2:], images[:2])
    x = rng.normal(size=(len(codes), 1_000)) * np.sqrt(0.3**2 + 1 / each)[:, None]
    one = np.zeros(len(codes), dtype=np.int64)
    p = unequal_family(x, codes, one, np.arange(1_000), draws=499, rng=rng)[0]
    assert 0.03 <= np.mean(p <= 0.05) <= 0.075


def test_f_star_of_two_groups_is_welchs_t_squared() -> None:
    """The statistic that is permuted is scipy's; of three groups in two strata the literal sums."""
    rng = np.random.default_rng(6)
    x, codes = rng.normal(size=(40, 3)), np.repeat([0, 1], [12, 28])
    found = _ratio([(x - x.mean(axis=0), codes[None])], np.arange(3))[0]
    np.testing.assert_allclose(
        found, ttest_ind(x[codes == 0], x[codes == 1], equal_var=False).statistic ** 2
    )
    codes, stratum = np.tile([0, 1, 2, 1], 10), np.repeat([0, 1], [16, 24])
    above, below = np.zeros((2, 3))
    for s in (0, 1):
        own = x[stratum == s]
        for g in range(3):
            part = own[codes[stratum == s] == g]
            above += len(part) * (part.mean(axis=0) - own.mean(axis=0)) ** 2
            below += (1 - len(part) / len(own)) * part.var(axis=0, ddof=1)
    parts = [(p, g[None]) for p, g in _parts(x, codes, stratum)]
    np.testing.assert_allclose(_ratio(parts, np.arange(3))[0], above / below)


def test_sets_that_tell_are_found() -> None:
    """A set of weak features tells group and axis together; the interval leaves 0 out."""
    rng = np.random.default_rng(16)
    axis = rng.normal(size=(300, 1))
    codes = (axis[:, 0] + rng.normal(size=300) > 0).astype(np.int64)
    x = rng.normal(size=(300, 12)) + 0.5 * axis
    one = np.zeros(300, dtype=np.int64)
    for asked in (asked_groups(codes, one, rng=rng), asked_axes(axis, one, rng=rng)):
        found = told_by(x, asked, arrangements(asked, draws=99, rng=rng))
        assert found.p == 0.01
        assert found.low > 0.2


def test_intervals_of_sets_are_as_wide_as_values_spread() -> None:
    """Over fresh people the value spreads by the interval's error, which counts the fit as well."""
    rng = np.random.default_rng(21)
    one, codes = np.zeros(80, dtype=np.int64), np.repeat([0, 1], [50, 30])
    found = []
    for _ in range(200):
        asked = asked_groups(codes, one, rng=rng)
        x = rng.normal(size=(80, 5)) + 0.5 * codes[:, None] * (np.arange(5) < 2)
        found.append(told_by(x, asked, arrangements(asked, draws=99, rng=rng)))
    value = np.array([f.value for f in found])
    error = np.mean([(f.high - f.low) / (2 * 1.96) for f in found])
    assert 0.75 < value.std() / error < 1.15
    inside = [f.low <= value.mean() <= f.high for f in found]
    assert np.mean(inside) > 0.95 - 3 * np.sqrt(0.95 * 0.05 / 200)


def test_a_set_that_is_the_group_tells_it_in_full() -> None:
    """Complete separation has value 1, and a lower limit that is below it."""
    rng = np.random.default_rng(17)
    codes = np.repeat([0, 1], 50)
    asked = asked_groups(codes, np.zeros(100, dtype=np.int64), rng=rng)
    found = told_by(codes[:, None].astype(float), asked, arrangements(asked, draws=99, rng=rng))
    assert found.value == 1.0
    assert 0.8 < found.low < 1.0
