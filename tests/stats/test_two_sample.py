"""Energy, AUC and the cross-fitted classifier against loops, other libraries, laws and truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import energy_distance, mannwhitneyu
from sklearn.covariance import ledoit_wolf_shrinkage
from sklearn.metrics import roc_auc_score

from evenlight.arrays import Bool, Float, Int
from evenlight.stats.cells import Design, cells, design
from evenlight.stats.delong import auc_interval, stratified_auc
from evenlight.stats.energy import energy, spread_between
from evenlight.stats.permutation import p_value, permuted_labels
from evenlight.stats.rosters import arm_means, rosters
from evenlight.stats.two_sample import (
    cross_kernel,
    cross_scores,
    fitted_scores,
    folds_of,
    shrinkage,
)


def planned(
    rng: np.random.Generator, *, n: int = 30, q: int = 3, strata: int = 2
) -> tuple[Float, Design, Int, Bool]:
    """Cells of units of which some stand in several strata, their design, strata and members."""
    unit = np.repeat(np.arange(n), 2)
    stratum = np.column_stack([np.arange(n) % strata, rng.integers(strata, size=n)]).ravel()
    made = cells(rng.normal(size=(2 * n, q)), unit, stratum)
    member = rng.random(n) < 0.5
    return made.values, design(made, member), made.stratum, member[made.unit]


def observed(plan: Design) -> np.ndarray:
    """The labels as they are, (1, u)."""
    return plan.member.astype(np.int8)[None]


def slow_energy(x: Float, at: Bool) -> float:
    """2 E|A - B| - E|A - A'| - E|B - B'| by loops."""

    def mean(first: Float, second: Float) -> float:
        total = sum(float(np.sqrt(((u - v) ** 2).sum())) for u in first for v in second)
        return total / (len(first) * len(second))

    a, b = x[at], x[~at]
    return 2 * mean(a, b) - mean(a, a) - mean(b, b)


def test_energy_within_strata_equals_the_definition() -> None:
    """The matrix product agrees with loops over pairs, weighted over strata."""
    x, plan, _, _ = planned(np.random.default_rng(0))
    parts, weights = [], []
    for own in rosters(plan):
        at = plan.member[own.units]
        parts.append(slow_energy(x[own.cells], at))
        weights.append(at.sum() * (~at).sum() / len(at))
    slow = float(np.average(parts, weights=weights))
    assert energy(x, plan, observed(plan))[0] == pytest.approx(slow, rel=1e-12)


def test_energy_of_one_column_is_scipys() -> None:
    """In one dimension E is the square of scipy's energy distance."""
    rng = np.random.default_rng(1)
    x, member = rng.normal(size=(40, 1)), np.arange(40) < 15
    made = cells(x, np.arange(40), np.zeros(40, dtype=np.int64))
    plan = design(made, member)
    theirs = energy_distance(x[member, 0], x[~member, 0]) ** 2
    assert energy(x, plan, observed(plan))[0] == pytest.approx(theirs, rel=1e-10)


def test_drawn_energies_are_those_of_relabelled_data() -> None:
    """Each permutation gives what the definition gives under its labels."""
    rng = np.random.default_rng(2)
    x, member = rng.normal(size=(20, 2)), np.arange(20) < 8
    made = cells(x, np.arange(20), np.zeros(20, dtype=np.int64))
    plan = design(made, member)
    labels = permuted_labels(plan, draws=5, rng=rng)
    slow = [slow_energy(x, row.astype(bool)) for row in labels]
    np.testing.assert_allclose(energy(x, plan, labels), slow, rtol=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 10.0))
def test_energy_scales_and_does_not_move(seed: int, factor: float) -> None:
    """E of c x + b is c E of x, at least 0 and at most its largest."""
    x, plan, _, _ = planned(np.random.default_rng(seed), n=12, strata=1)
    one = energy(x, plan, observed(plan))[0]
    other = energy(factor * x + 3.0, plan, observed(plan))[0]
    assert other == pytest.approx(factor * one, rel=1e-9, abs=1e-12)
    assert 0 <= one <= spread_between(x, plan)


def test_sampling_weights_are_as_people_written_down_again() -> None:
    """Whole weights give the energy and the means of a cohort with that many copies."""
    rng = np.random.default_rng(11)
    x, member, times = rng.normal(size=(24, 2)), np.arange(24) < 10, rng.integers(1, 4, size=24)
    zero = np.zeros(24, dtype=np.int64)
    plan = design(cells(x, np.arange(24), zero), member, times.astype(float))
    assert energy(x, plan, observed(plan))[0] == pytest.approx(
        slow_energy(np.repeat(x, times, axis=0), np.repeat(member, times)), rel=1e-10
    )
    weights = np.stack([observed(plan), 1 - observed(plan)]).astype(float)
    level = arm_means(x, plan, weights)[0]
    np.testing.assert_allclose(
        level[0], np.repeat(x, times, axis=0)[np.repeat(member, times)].mean(0)
    )


def slow_delong(score: Float, at: Bool) -> tuple[float, float]:
    """AUC and DeLong's variance of one stratum, from the kernel of every pair."""
    a, b = score[at], score[~at]
    psi = np.array([[1.0 if u > v else 0.5 if u == v else 0.0 for v in b] for u in a])
    first, second = psi.mean(axis=1), psi.mean(axis=0)
    return float(psi.mean()), float(first.var(ddof=1) / len(a) + second.var(ddof=1) / len(b))


def test_auc_and_its_interval_equal_delongs_definition() -> None:
    """One stratum with ties: the AUC is sklearn's, the variance that of all pairs."""
    rng = np.random.default_rng(3)
    score, member = rng.integers(6, size=50).astype(float), np.arange(50) < 20
    score[member] += rng.integers(2, size=20)
    made = cells(score[:, None], np.arange(50), np.zeros(50, dtype=np.int64))
    plan = design(made, member)
    auc, low, high = auc_interval(score, plan)
    mean, variance = slow_delong(score, member)
    assert auc == pytest.approx(mean, abs=1e-12)
    assert auc == pytest.approx(roc_auc_score(member, score), abs=1e-12)
    assert stratified_auc(score[None], plan, observed(plan))[0] == pytest.approx(auc, abs=1e-12)
    half = (np.log(high / (1 - high)) - np.log(low / (1 - low))) / 2
    assert half == pytest.approx(1.959964 * np.sqrt(variance) / (auc * (1 - auc)), rel=1e-6)


def test_auc_of_several_strata_is_the_weighted_mean_of_theirs() -> None:
    """Pairs are made inside strata only, as Mann and Whitney's U there."""
    rng = np.random.default_rng(4)
    stratum = np.arange(60) % 3
    member = rng.random(60) < 0.5
    score = rng.normal(size=60) + 5.0 * stratum
    plan = design(cells(score[:, None], np.arange(60), stratum), member)
    parts, weights = [], []
    for s in range(3):
        a, b = score[(stratum == s) & member], score[(stratum == s) & ~member]
        parts.append(mannwhitneyu(a, b).statistic / (len(a) * len(b)))
        weights.append(len(a) * len(b) / (len(a) + len(b)))
    want = float(np.average(parts, weights=weights))
    assert auc_interval(score, plan)[0] == pytest.approx(want, abs=1e-12)


def test_groups_apart_in_full_have_an_exact_limit() -> None:
    """AUC 1 does not collapse to a point."""
    score, member = np.arange(30.0), np.arange(30) >= 15
    plan = design(cells(score[:, None], np.arange(30), np.zeros(30, dtype=np.int64)), member)
    assert auc_interval(score, plan) == pytest.approx((1.0, 0.05 ** (1 / 15), 1.0))


def test_shrinkage_is_ledoit_and_wolfs() -> None:
    """The weight of the identity agrees with scikit-learn's."""
    rng = np.random.default_rng(5)
    for m, q in ((40, 6), (15, 30)):
        x = rng.normal(size=(m, q)) * np.linspace(0.2, 2.0, q)
        x -= x.mean(axis=0)
        theirs = ledoit_wolf_shrinkage(x, assume_centered=True)
        assert shrinkage(x) == pytest.approx(theirs, rel=1e-10)


@pytest.mark.parametrize("q", [4, 40])
def test_cross_fitted_scores_equal_one_fit_a_fold(q: int) -> None:
    """Each fold's scores are those of a discriminant fitted on the other folds, by loops."""
    rng = np.random.default_rng(6)
    x = rng.normal(size=(30, q))
    member, stratum = rng.random(30) < 0.5, np.arange(30) % 2
    plan = design(cells(x, np.arange(30), stratum), member)
    folds = folds_of(plan, count=3, rng=rng)
    got = cross_scores(cross_kernel(x, plan, folds), plan, folds, observed(plan))[0]
    centred = x.copy()
    for s in (0, 1):
        centred[stratum == s] -= x[stratum == s].mean(axis=0)
    for f in range(3):
        seen = folds != f
        label = member.astype(float)
        for s in (0, 1):
            label[seen & (stratum == s)] -= member[seen & (stratum == s)].mean()
        train = centred[seen]
        d = shrinkage(train)
        cov = train.T @ train / len(train)
        inverse = np.linalg.inv((1 - d) * cov + d * np.trace(cov) / q * np.eye(q))
        want = centred[~seen] @ inverse @ (train.T @ label[seen])
        np.testing.assert_allclose(got[~seen], want, rtol=1e-8)


def test_a_fold_never_sees_its_own_labels() -> None:
    """Turning round the labels of one fold leaves its scores as they were."""
    rng = np.random.default_rng(7)
    x, member = rng.normal(size=(40, 3)), np.arange(40) % 2 == 0
    plan = design(cells(x, np.arange(40), np.zeros(40, dtype=np.int64)), member)
    folds = folds_of(plan, count=4, rng=rng)
    kernel = cross_kernel(x, plan, folds)
    turned = observed(plan).copy()
    turned[0, folds == 1] = 1 - turned[0, folds == 1]
    one = cross_scores(kernel, plan, folds, observed(plan))[0]
    other = cross_scores(kernel, plan, folds, turned)[0]
    np.testing.assert_allclose(one[folds == 1], other[folds == 1])
    assert not np.allclose(one[folds == 0], other[folds == 0])


def test_all_rows_of_a_unit_are_in_one_fold() -> None:
    """Cells of one donor are never on both sides of the split."""
    _, plan, _, _ = planned(np.random.default_rng(8), n=40)
    folds = folds_of(plan, count=5, rng=np.random.default_rng(0))
    assert folds.shape == plan.units.shape
    assert np.ptp(np.bincount(folds, minlength=5)) <= 1


def test_arm_means_are_standardised_over_strata() -> None:
    """Both arms are averaged with the same weights, as by loops."""
    rng = np.random.default_rng(9)
    x, stratum, member = rng.normal(size=(50, 2)), np.arange(50) % 2, rng.random(50) < 0.4
    plan = design(cells(x, np.arange(50), stratum), member)
    weights = np.stack([observed(plan), 1 - observed(plan)]).astype(float)
    level, reference = arm_means(x, plan, weights)
    share = plan.weight / plan.weight.sum()
    for got, at in ((level, member), (reference, ~member)):
        want = sum(share[s] * x[at & (stratum == s)].mean(axis=0) for s in (0, 1))
        np.testing.assert_allclose(got[0], want)


def both_p(x: Float, unit: Int, member: Bool, rng: np.random.Generator) -> tuple[float, float]:
    """Permutation p of the energy and of the classifier."""
    made = cells(x, unit, np.zeros(len(unit), dtype=np.int64))
    plan = design(made, member)
    labels = np.vstack([observed(plan), permuted_labels(plan, draws=99, rng=rng)])
    folds = folds_of(plan, count=5, rng=rng)
    scores = cross_scores(cross_kernel(made.values, plan, folds), plan, folds, labels)
    every = np.column_stack(
        [energy(made.values, plan, labels), stratified_auc(scores, plan, labels)]
    )
    p = p_value(every[0], every[1:])
    return float(p[0]), float(p[1])


def test_cells_in_donors_are_no_difference() -> None:
    """With 12 + 12 donors of 20 cells and no difference, about 1 test in 20 is below 0.05."""
    found = []
    for seed in range(150):
        rng = np.random.default_rng([9, seed])
        unit = np.repeat(np.arange(24), 20)
        x = rng.normal(size=(24, 4))[unit] + rng.normal(size=(480, 4))
        found.append(both_p(x, unit, np.arange(24) < 12, rng))
    assert (np.mean(np.array(found) <= 0.05, axis=0) < 0.11).all()


def test_a_planted_shift_is_found_by_both() -> None:
    """Half an SD in one of five features, 100 + 100 people."""
    found = []
    for seed in range(20):
        rng = np.random.default_rng([10, seed])
        x, member = rng.normal(size=(200, 5)), np.arange(200) < 100
        x[member, 0] += 0.6
        found.append(both_p(x, np.arange(200), member, rng))
    assert (np.mean(np.array(found) <= 0.05, axis=0) > 0.8).all()


def test_fitted_scores_are_those_of_each_draw() -> None:
    """In blocks or at once, refitted or kept: the same AUC."""
    rng = np.random.default_rng(12)
    x, member = rng.normal(size=(40, 3)), np.arange(40) < 18
    plan = design(cells(x, np.arange(40), np.zeros(40, dtype=np.int64)), member)
    labels = np.vstack([observed(plan), permuted_labels(plan, draws=300, rng=rng)])
    folds = folds_of(plan, count=4, rng=rng)
    seen, every, kept = fitted_scores(x, plan, labels, folds)
    scores = cross_scores(cross_kernel(x, plan, folds), plan, folds, labels)
    np.testing.assert_allclose(seen, scores[0])
    np.testing.assert_allclose(every, stratified_auc(scores, plan, labels))
    assert kept[7] == pytest.approx(roc_auc_score(labels[7], seen))


def test_the_widened_interval_of_a_fitted_classifier_holds_its_level() -> None:
    """No difference: 0.5 is inside about 95 % of the time, and less often without the stretch."""
    inside = []
    for seed in range(200):
        rng = np.random.default_rng([13, seed])
        x, member = rng.normal(size=(80, 6)), np.arange(80) < 40
        plan = design(cells(x, np.arange(80), np.zeros(80, dtype=np.int64)), member)
        labels = np.vstack([observed(plan), permuted_labels(plan, draws=99, rng=rng)])
        seen, every, kept = fitted_scores(x, plan, labels, folds_of(plan, count=5, rng=rng))
        stretch = every[1:].std() / kept[1:].std()
        limits = [auc_interval(seen, plan, stretch=by)[1:] for by in (1.0, stretch)]
        inside.append([low <= 0.5 <= high for low, high in limits])
    plain, stretched = np.mean(inside, axis=0)
    assert plain < stretched
    assert stretched > 0.91
