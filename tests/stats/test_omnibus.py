"""The test of k groups: Welch's in one stratum, the square of T for two groups, of right size."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.oneway import anova_oneway

from evenlight.arrays import Float, Int
from evenlight.stats.cells import Cells, cells, design
from evenlight.stats.omnibus import Plan, means, midranks, null_welch, plan_of, welch
from evenlight.stats.permutation import difference
from evenlight.stats.shuffles import shuffles


def one_stratum(values: Float, group: Int) -> Plan:
    """Each unit has one cell, in one stratum."""
    return plan_of(cells(values, np.arange(len(values)), np.zeros(len(values), dtype=int)), group)


def nested(seed: int) -> tuple[Cells, Int]:
    """40 units of 3 groups, each in stratum 0, 1 or both."""
    rng = np.random.default_rng(seed)
    group = np.arange(60) % 3
    unit, stratum = [], []
    for u in range(60):
        for s in ([0], [1], [0, 1])[(u // 3) % 3]:
            unit.append(u)
            stratum.append(s)
    values = rng.normal(size=(len(unit), 3)) + np.array(stratum)[:, None]
    return Cells(np.array(unit), np.array(stratum), values), group


def test_one_stratum_is_welch_of_statsmodels() -> None:
    """F and its degrees of freedom are those of an independent Welch ANOVA; ranks likewise."""
    rng = np.random.default_rng(0)
    group = np.repeat([0, 1, 2, 3], [12, 20, 15, 30])
    values = rng.normal(size=(77, 3)) * (1 + group)[:, None]
    plan = one_stratum(values, group)
    for x in (values, midranks(values, plan)):
        f, df, z = welch(x, plan)
        for j in range(3):
            want = anova_oneway(x[:, j], group, use_var="unequal", welch_correction=True)
            assert f[j] == pytest.approx(want.statistic, rel=1e-9)
            assert df[j] == pytest.approx(want.df_denom, rel=1e-9)
            assert stats.norm.sf(z[j]) == pytest.approx(want.pvalue, abs=0.01)


def test_two_groups_give_the_square_of_t() -> None:
    """With strata that vary inside units W is (D / se)^2 of the engine of two groups."""
    made, group = nested(1)
    two = group[made.unit] < 2
    own = Cells(made.unit[two], made.stratum[two], made.values[two])
    f = welch(own.values, plan_of(own, np.minimum(group, 1)))[0]
    seen = difference(own.values, design(own, group == 1))
    np.testing.assert_allclose(f, (seen.effect / seen.se) ** 2, rtol=1e-9)


def test_the_statistic_is_the_wald_form_of_any_reference() -> None:
    """W is d' C^-1 d by loops, whichever group is the reference."""
    made, group = nested(2)
    plan = plan_of(made, group)
    m, v = means(made.values, plan)
    f, _, _ = welch(made.values, plan)
    for reference in range(3):
        others = [g for g in range(3) if g != reference]
        for j in range(3):
            d = np.array([m[g, j] - m[reference, j] for g in others])
            c = np.full((2, 2), v[reference, j]) + np.diag([v[g, j] for g in others])
            w = float(d @ np.linalg.solve(c, d))
            a = 1 / v[:, j]
            loss = sum((1 - a[g] / a.sum()) ** 2 / (20 - 1) for g in range(3))
            assert f[j] == pytest.approx(w / 2 / (1 + 2 / 8 * loss), rel=1e-9)


def test_means_and_variances_equal_loops() -> None:
    """M_g and V_g are weighted means of cells, and squared influences added up over units."""
    made, group = nested(3)
    plan = plan_of(made, group)
    m, v = means(made.values, plan)
    g = group[made.unit]
    count = {(s, k): int(((made.stratum == s) & (g == k)).sum()) for s in (0, 1) for k in range(3)}
    weight = {s: 1 / sum(1 / count[s, k] for k in range(3)) for s in (0, 1)}
    total = sum(weight.values())
    for k in range(3):
        mean = {s: made.values[(made.stratum == s) & (g == k), 0].mean() for s in (0, 1)}
        assert m[k, 0] == pytest.approx(sum(weight[s] * mean[s] for s in (0, 1)) / total)
        influence = dict.fromkeys(range(60), 0.0)
        for i in range(len(g)):
            if g[i] == k:
                s, n = int(made.stratum[i]), count[int(made.stratum[i]), k]
                part = (made.values[i, 0] - mean[s]) * weight[s] / total / (n * (n - 1)) ** 0.5
                influence[int(made.unit[i])] += part
        assert v[k, 0] == pytest.approx(sum(e**2 for e in influence.values()))


def test_draws_are_the_statistic_of_shuffled_units() -> None:
    """A draw equals the statistic computed afresh with the shuffled groups, within signatures."""
    made, group = nested(4)
    plan = plan_of(made, group)
    drawn = shuffles(plan.signature, draws=4, rng=np.random.default_rng(0))
    found = null_welch(made.values, plan, drawn)
    orders = np.vstack([o for _, o in drawn])
    for i, order in enumerate(orders):
        again = plan_of(made, plan.group[order])
        np.testing.assert_allclose(found[i], welch(made.values, again)[2], rtol=1e-9)


def test_strata_without_every_group_leave() -> None:
    """A stratum that misses a group is dropped and counted, its units with it."""
    group = np.r_[np.tile([0, 1, 2], 6), np.tile([0, 1], 5)]
    stratum = np.r_[np.zeros(18, dtype=int), np.ones(10, dtype=int)]
    values = np.random.default_rng(5).normal(size=(28, 1))
    plan = plan_of(cells(values, np.arange(28), stratum), group)
    assert (plan.dropped, len(plan.units), len(plan.share)) == (1, 18, 1)


def test_values_that_do_not_vary_give_zero() -> None:
    """Constant values have F = 0 in data and in draws."""
    values = np.full((30, 1), 3.3)
    plan = one_stratum(values, np.arange(30) % 3)
    f, _, z = welch(values, plan)
    drawn = shuffles(plan.signature, draws=5, rng=np.random.default_rng(0))
    assert f[0] == 0.0
    assert (null_welch(values, plan, drawn) == z).all()


def test_unequal_spread_is_not_taken_for_unequal_means() -> None:
    """Groups of 15, 30 and 90 with SD 3, 2 and 1, equal means: raw p below 5 % in about 5 %."""
    rng = np.random.default_rng(6)
    group = np.repeat([0, 1, 2], [15, 30, 90])
    p = []
    for _ in range(50):
        values = rng.normal(size=(135, 20)) * np.array([3.0, 2.0, 1.0])[group][:, None]
        plan = one_stratum(values, group)
        drawn = shuffles(plan.signature, draws=199, rng=rng)
        null = null_welch(values, plan, drawn)
        p.append((1 + (null >= welch(values, plan)[2] - 1e-9).sum(axis=0)) / 200)
    rate = float((np.concatenate(p) <= 0.05).mean())
    assert 0.03 < rate < 0.075
