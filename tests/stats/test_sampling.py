"""Sampling weights: weighted means, linearised variance, and what they must leave alone."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.weightstats import DescrStatsW

from evenlight.arrays import Bool, Float, Int
from evenlight.stats.cells import Cells, Design, cells, design
from evenlight.stats.parts import effective
from evenlight.stats.permutation import (
    difference,
    null_statistics,
    permuted_labels,
    weighted_variance,
)


def literal(values: Float, made: Cells, member: Bool, w: Float) -> tuple[float, float]:
    """D and V of one column by loops: sum over units of squared linearised influence.

    `member` and `w` are of each unit code; every unit must have a partner of its signature.
    """
    strata = sorted(set(made.stratum.tolist()))
    share, mean, total, count = {}, {}, {}, {}
    for s in strata:
        for side in (True, False):
            own = [i for i in range(len(values))
                   if made.stratum[i] == s and member[made.unit[i]] == side]  # fmt: skip
            total[s, side] = sum(w[made.unit[i]] for i in own)
            mean[s, side] = sum(w[made.unit[i]] * values[i] for i in own) / total[s, side]
            count[s, side] = len(own)
        a, b = count[s, True], count[s, False]
        share[s] = (total[s, True] + total[s, False]) * a * b / (a + b) ** 2
    every = sum(share.values())
    d = sum(share[s] / every * (mean[s, True] - mean[s, False]) for s in strata)
    influence: dict[int, float] = {}
    for i in range(len(values)):
        u, s = int(made.unit[i]), int(made.stratum[i])
        side = bool(member[u])
        n = count[s, side]
        part = share[s] / every * (n / (n - 1)) ** 0.5 * w[u] / total[s, side]
        influence[u] = influence.get(u, 0.0) + part * (values[i] - mean[s, side])
    return d, sum(e**2 for e in influence.values())


def made_of(rng: np.random.Generator) -> tuple[Cells, Bool, Float]:
    """Sixty units of one to three strata, all signatures mixed."""
    unit = np.repeat(np.arange(60), 1 + np.arange(60) % 3)
    stratum: Int = np.concatenate([np.arange(1 + i % 3) for i in range(60)])
    made = cells(rng.normal(size=(len(unit), 3)) + 2.0 * stratum[:, None], unit, stratum)
    return made, np.arange(60) % 5 < 2, rng.uniform(0.1, 4.0, size=60)


@pytest.mark.parametrize("seed", range(3))
def test_weighted_differences_equal_loops(seed: int) -> None:
    """D and V of the definition, also of permuted labels, with (weight, value) pairs kept."""
    rng = np.random.default_rng(seed)
    made, member, w = made_of(rng)
    plan = design(made, member, w)
    found = difference(made.values, plan)
    labels = permuted_labels(plan, draws=4, rng=rng)
    null = null_statistics(made.values, plan, labels)
    for j in range(3):
        d, v = literal(made.values[:, j], made, member, w)
        np.testing.assert_allclose(found.effect[j], d, rtol=1e-10)
        np.testing.assert_allclose(found.variance[j], v, rtol=1e-10)
    for b, row in enumerate(labels):
        again = difference(made.values, design(made, row.astype(bool), w))
        np.testing.assert_allclose(null[b], again.statistic, rtol=1e-9)


def test_equal_weights_change_nothing() -> None:
    """Weights that are all alike give the unweighted D, V and df."""
    made, member, _ = made_of(np.random.default_rng(4))
    plain, heavy = design(made, member), design(made, member, np.full(60, 7.0))
    one, other = difference(made.values, plain), difference(made.values, heavy)
    for name in ("effect", "var_level", "var_reference", "df", "s0"):
        np.testing.assert_allclose(getattr(other, name), getattr(one, name), rtol=1e-10)


def test_one_stratum_is_the_weighted_mean_of_statsmodels() -> None:
    """D is the difference of weighted means, and the scale of the weights is of no account."""
    rng = np.random.default_rng(5)
    values, member, w = rng.normal(size=(40, 1)), np.arange(40) < 15, rng.uniform(1, 9, size=40)
    made = Cells(np.arange(40), np.zeros(40, dtype=int), values)
    found = difference(values, design(made, member, w))
    a, b = (DescrStatsW(values[at, 0], weights=w[at]).mean for at in (member, ~member))
    np.testing.assert_allclose(found.effect[0], a - b, rtol=1e-10)
    again = difference(values, design(made, member, 100 * w))
    np.testing.assert_allclose(again.variance, found.variance, rtol=1e-10)


def test_the_weighted_interval_covers_the_mean_of_the_population() -> None:
    """People drawn with unequal chances: weights undo the bias that leaving them out has."""
    rng = np.random.default_rng(6)
    hit, blind = 0, 0
    for _ in range(300):
        values = rng.normal(size=4_000)
        chance = np.where(values > 0, 0.06, 0.02)
        drawn = rng.uniform(size=4_000) < chance
        own = values[drawn][:, None]
        member = rng.uniform(size=len(own)) < 0.5
        own[~member] = rng.normal(size=((~member).sum(), 1))
        w = np.where(member, 1 / chance[drawn], 1.0)
        made = Cells(np.arange(len(own)), np.zeros(len(own), dtype=int), own)
        found = difference(own, design(made, member, w))
        hit += bool(abs(found.effect[0]) < 1.96 * found.se[0])
        plain = difference(own, design(made, member))
        blind += bool(abs(plain.effect[0]) < 1.96 * plain.se[0])
    assert hit / 300 > 0.95 - 3 * np.sqrt(0.05 * 0.95 / 300)
    assert blind / 300 < 0.5


def test_effective_units_count_equal_weights_in_full() -> None:
    """Equal weights: n; one heavy unit: near 1."""
    assert effective(np.full(12, 3.0)) == pytest.approx(12.0)
    assert effective(np.array([1e9, 1.0, 1.0])) == pytest.approx(1.0)


def test_noise_of_cells_has_the_variance_of_the_weighted_mean() -> None:
    """The variance of D under independent errors of cells, by simulation."""
    rng = np.random.default_rng(7)
    made, member, w = made_of(rng)
    plan: Design = design(made, member, w)
    error = rng.uniform(0.5, 2.0, size=(len(made.unit), 1))
    drawn = rng.normal(size=(len(made.unit), 4_000)) * np.sqrt(error)
    np.testing.assert_allclose(
        weighted_variance(error, plan)[0], difference(drawn, plan).effect.var(), rtol=0.08
    )
