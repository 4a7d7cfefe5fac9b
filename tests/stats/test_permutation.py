"""The engine equals loops, scipy, nilearn-like oracles, and behaves under the null."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from evenlight.arrays import Float, Int
from evenlight.stats.cells import Cells, cells, design
from evenlight.stats.permutation import (
    difference,
    from_normal,
    normalised,
    null_statistics,
    p_value,
    permuted_labels,
)
from tests import slow


def nested(rng: np.random.Generator, u: int = 40, strata: int = 3, p: int = 4) -> tuple[Cells, Int]:
    """Units that occupy one or two strata, with labels mixed in every signature."""
    unit, stratum = [], []
    for i in range(u):
        own = [0, 1] if i % 3 == 0 else [i % strata]
        unit += [i] * len(own)
        stratum += own
    values = rng.normal(size=(len(unit), p)) + 5.0
    made = cells(values, np.array(unit), np.array(stratum))
    return made, np.arange(u)


@pytest.mark.parametrize("seed", range(3))
def test_difference_equals_loops_where_strata_vary_inside_units(seed: int) -> None:
    """D and the unit-clustered V are those of the definition."""
    rng = np.random.default_rng(seed)
    made, units = nested(rng)
    member = rng.permutation(units % 2 == 0)
    plan = design(made, member)
    found = difference(made.values, plan)
    kept = np.sort(np.concatenate([b.cells.ravel() for b in plan.blocks]))
    for j in range(made.values.shape[1]):
        d, v = slow.contrast(
            made.values[kept, j], made.unit[kept], made.stratum[kept], member[made.unit[kept]]
        )
        np.testing.assert_allclose(found.effect[j], d, rtol=1e-10)
        np.testing.assert_allclose(found.se[j] ** 2, v, rtol=1e-10)


@pytest.mark.parametrize("seed", range(3))
def test_every_permutation_equals_loops(seed: int) -> None:
    """|T*| of each draw is the statistic computed afresh with the permuted labels."""
    rng = np.random.default_rng(seed)
    made, units = nested(rng)
    plan = design(made, rng.permutation(units % 2 == 0))
    labels = permuted_labels(plan, draws=7, rng=rng)
    null = null_statistics(made.values, plan, labels)
    kept = np.sort(np.concatenate([b.cells.ravel() for b in plan.blocks]))
    place = {u: i for i, u in enumerate(plan.units.tolist())}
    at = np.array([place[u] for u in made.unit[kept].tolist()])
    for b, row in enumerate(labels):
        for j in range(made.values.shape[1]):
            d, v = slow.contrast(
                made.values[kept, j], made.unit[kept], made.stratum[kept], row[at].astype(bool)
            )
            again = replace(plan, member=row.astype(bool))
            df = difference(made.values[:, [j]], again).df
            t = np.array([d / np.sqrt(v)])
            np.testing.assert_allclose(null[b, j], normalised(t, df)[0], rtol=1e-4)


def test_one_stratum_is_welch() -> None:
    """Without strata T is Welch's t, and df is Welch-Satterthwaite's."""
    rng = np.random.default_rng(0)
    values, member = rng.normal(size=(30, 3)), np.arange(30) < 11
    found = difference(
        values, design(Cells(np.arange(30), np.zeros(30, dtype=int), values), member)
    )
    welch = stats.ttest_ind(values[member], values[~member], equal_var=False)
    np.testing.assert_allclose(found.effect / found.se, welch.statistic, rtol=1e-12)
    np.testing.assert_allclose(found.df, welch.df, rtol=1e-12)


def test_p_agrees_with_scipy_permutation_test() -> None:
    """Monte Carlo p equals that of scipy's own permutation of Welch's t, within its error."""
    rng = np.random.default_rng(1)
    values, member = rng.normal(size=(24, 1)), np.arange(24) < 9
    values[member] += 0.7
    plan = design(Cells(np.arange(24), np.zeros(24, dtype=int), values), member)
    null = null_statistics(values, plan, permuted_labels(plan, draws=20_000, rng=rng))
    ours = p_value(difference(values, plan).statistic, null)[0]

    def welch(x: Float, y: Float) -> float:
        return float(abs(stats.ttest_ind(x, y, equal_var=False).statistic))

    theirs = stats.permutation_test(
        (values[member, 0], values[~member, 0]), welch, n_resamples=5_000,
        alternative="greater", rng=np.random.default_rng(2),
    ).pvalue  # fmt: skip
    assert abs(ours - theirs) < 4 * np.sqrt(theirs * (1 - theirs) / 5_000)


def test_labels_are_permuted_within_signatures_only() -> None:
    """Each signature keeps its number of members in every draw."""
    rng = np.random.default_rng(3)
    made, units = nested(rng)
    plan = design(made, rng.permutation(units % 2 == 0))
    labels = permuted_labels(plan, draws=50, rng=rng)
    for block in plan.blocks:
        assert (labels[:, block.units].sum(axis=1) == plan.member[block.units].sum()).all()


def test_a_signature_of_one_group_leaves_and_is_counted() -> None:
    """Units whose set of strata nobody of the other group shares cannot be exchanged."""
    unit = np.array([0, 0, 1, 2, 3, 4, 5, 6, 7])
    stratum = np.array([0, 1, 0, 0, 0, 1, 1, 1, 1])
    member = np.array([True, True, False, False, True, True, False, False])
    plan = design(Cells(unit, stratum, np.zeros((9, 1))), member)
    assert plan.torn == 1
    assert 0 not in plan.units


def test_a_stratum_needs_two_units_of_each_group() -> None:
    """A stratum with one unit of a group is dropped and counted."""
    stratum = np.array([0, 0, 0, 0, 1, 1, 1])
    member = np.array([True, True, False, False, True, False, False])
    plan = design(Cells(np.arange(7), stratum, np.zeros((7, 1))), member)
    assert (plan.dropped, plan.units.tolist()) == (1, [0, 1, 2, 3])


def test_zero_variance_gives_statistic_zero_and_p_one() -> None:
    """Fault 16: a constant feature is no finding and no division warning."""
    values = np.full((20, 1), 0.1)
    plan = design(Cells(np.arange(20), np.zeros(20, dtype=int), values), np.arange(20) < 10)
    labels = permuted_labels(plan, draws=99, rng=np.random.default_rng(0))
    found = difference(values, plan)
    assert found.statistic.tolist() == [0.0]
    assert p_value(found.statistic, null_statistics(values, plan, labels)).tolist() == [1.0]


def test_ties_count_as_exceedances() -> None:
    """Fault 17: with two values only, permuted statistics that tie the observed one count."""
    values = np.array([[0.0], [1.0]] * 10)
    member = np.arange(20) < 10
    plan = design(Cells(np.arange(20), np.zeros(20, dtype=int), values), member)
    labels = permuted_labels(plan, draws=200, rng=np.random.default_rng(0))
    assert (
        p_value(difference(values, plan).statistic, null_statistics(values, plan, labels))[0] == 1.0
    )


def test_a_large_constant_costs_no_digits() -> None:
    """Sums are taken around a pivot: adding 1e9 leaves the first ten digits of T."""
    rng = np.random.default_rng(5)
    values, member = rng.normal(size=(60, 1)).round(6), np.arange(60) < 25
    plan = design(Cells(np.arange(60), np.arange(60) % 3, values), member)
    near = difference(values, plan).effect / difference(values, plan).se
    far = difference(values + 1e9, plan)
    np.testing.assert_allclose(far.effect / far.se, near, rtol=1e-5)


@given(st.integers(0, 10_000), st.floats(0.1, 100.0), st.floats(-50, 50))
@settings(max_examples=25, deadline=None)
def test_scaling_and_shifting_change_no_statistic(seed: int, scale: float, shift: float) -> None:
    """T is invariant to the unit of the attribution and to a constant; D scales."""
    rng = np.random.default_rng(seed)
    made, units = nested(rng, p=2)
    plan = design(made, rng.permutation(units % 2 == 0))
    one, other = difference(made.values, plan), difference(scale * made.values + shift, plan)
    np.testing.assert_allclose(other.effect, scale * one.effect, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(other.effect / other.se, one.effect / one.se, rtol=1e-6)


def test_swapping_the_groups_flips_the_sign() -> None:
    """A contrast is antisymmetric, its error is symmetric."""
    rng = np.random.default_rng(7)
    made, units = nested(rng)
    member = rng.permutation(units % 2 == 0)
    one, other = (difference(made.values, design(made, m)) for m in (member, ~member))
    np.testing.assert_allclose(other.effect, -one.effect)
    np.testing.assert_allclose(other.se, one.se)


@pytest.mark.parametrize(("df", "least"), [(3.0, 1e-2), (8.0, 1e-5), (30.0, 1e-5), (200.0, 1e-5)])
def test_the_normal_scale_has_the_tail_of_t(df: float, least: float) -> None:
    """Wallace's tails are within 15 %, to 1e-5 from 8 df on and to 1e-2 with 3; it is inverted."""
    t = stats.t.isf(np.array([0.1, 0.025, least]), df)
    z = normalised(t, np.full(3, df))
    np.testing.assert_allclose(stats.norm.sf(z), stats.t.sf(t, df), rtol=0.15)
    np.testing.assert_allclose(from_normal(float(z[1]), np.array([df])), t[1], rtol=1e-9)
