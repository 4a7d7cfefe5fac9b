"""Location and slope given the own value: literal twins, laws, size and planted truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenlight.arrays import Bool, Float, Int
from evenlight.stats.conditional import keys, lay, residuals, value_difference, value_null
from evenlight.stats.nested_values import class_labels, nest, nested_difference, nested_null
from evenlight.stats.permutation import normalised, p_value
from evenlight.stats.value_strata import bins_for, scores, value_strata, without_slope

FIVE = np.sqrt(0.05 * 0.95)


def literal(
    phi: Float, x: Float, score: Float, stratum: Int, member: Bool
) -> list[tuple[float, float]]:
    """(D, V) of location and slope by loops over strata: deltas, weights, Welch variances."""
    kept, found = [], {}
    for s in sorted(set(stratum.tolist()) - {-1}):
        at = [i for i in range(len(x)) if stratum[i] == s]
        if min(sum(member[at]), sum(~member[at])) < 2:
            continue
        xbar, pbar = np.mean(x[at]), np.mean(phi[at])
        sxx = sum((x[i] - xbar) ** 2 for i in at)
        slope = sum((x[i] - xbar) * phi[i] for i in at) / sxx if sxx > 1e-9 else 0.0
        residual = {i: phi[i] - pbar - slope * (x[i] - xbar) for i in at}
        a = [residual[i] for i in at if member[i]]
        b = [residual[i] for i in at if not member[i]]
        g = {i: float(member[i]) - np.mean(member[at]) for i in at}
        follow = sum((x[i] - xbar) * g[i] for i in at) ** 2 / sxx if sxx > 1e-9 else 0.0
        kept.append(s)
        found[s] = (
            np.mean(a) - np.mean(b), len(a) * len(b) / len(at), np.mean(score[at]),
            np.var(a, ddof=1) / len(a) + np.var(b, ddof=1) / len(b),
            len(a) * len(b) / len(at) - follow,
        )  # fmt: skip
    out = []
    for power in (0, 1):
        bottom = sum(found[s][4] * found[s][2] ** (2 * power) for s in kept)
        share = {s: found[s][1] * found[s][2] ** power / bottom for s in kept}
        d = sum(share[s] * found[s][0] for s in kept)
        out.append((float(d), float(sum(share[s] ** 2 * found[s][3] for s in kept))))
    return out


def drawn(kind: str, rng: np.random.Generator, u: int = 90) -> Float:
    """Own values of a kind: three states, a number, or a number with many zeros."""
    if kind == "states":
        return rng.binomial(2, 0.35, u).astype(float)
    x = rng.normal(size=u)
    return np.where(rng.uniform(size=u) < 0.5, 0.0, np.exp(x)) if kind == "ties" else x


@pytest.mark.parametrize("kind", ["states", "number", "ties"])
@pytest.mark.parametrize("sites", [1, 2])
def test_location_and_slope_equal_loops(kind: str, sites: int) -> None:
    """D and V are those of the definition, for states, numbers and heavy ties, within sites."""
    rng = np.random.default_rng(4)
    x, member = drawn(kind, rng), rng.permutation(np.arange(90) < 36)
    phi = rng.normal(size=(90, 2)) + np.sin(x)[:, None]
    strata = value_strata(x, 6) * sites + rng.integers(0, sites, 90)
    score = scores(x, nominal=False)
    laid = lay(strata, member, x, score)
    found = value_difference(residuals(phi, x, laid), laid)
    for k in range(2):
        slow = literal(phi[:, k], x, score[:, 0], strata, member)
        for fast, (d, v) in zip(found, slow, strict=True):
            np.testing.assert_allclose(fast.effect[k], d, rtol=1e-9)
            np.testing.assert_allclose(fast.variance[k], v, rtol=1e-9)


def test_every_draw_equals_the_observed_statistic_of_its_labels() -> None:
    """Z* of a draw is that of the group made of the lowest keys of each stratum."""
    rng = np.random.default_rng(5)
    x, member = drawn("states", rng), rng.permutation(np.arange(90) < 36)
    phi, score = rng.normal(size=(90, 3)), scores(x, nominal=False)
    laid = lay(value_strata(x), member, x, score)
    left = residuals(phi, x, laid)
    order = keys(90, draws=6, rng=rng)
    null = value_null(left, laid, order)
    for b in range(6):
        again = member.copy()
        for s in range(3):
            at = np.flatnonzero(x == s)
            again[at] = False
            again[at[np.argsort(order[b, at])[: int(member[at].sum())]]] = True
        afresh = value_difference(left, lay(value_strata(x), again, x, score))
        np.testing.assert_allclose(null[:, b], [d.statistic for d in afresh], rtol=1e-9)


def test_keys_shuffle_uniformly_inside_strata() -> None:
    """Each unit of a stratum is labelled equally often, and counts never change."""
    rng = np.random.default_rng(6)
    member, klass = np.arange(30) < 9, np.arange(30) % 2
    labels = class_labels(member, klass, keys(30, draws=4000, rng=rng))
    for k in (0, 1):
        n = int(member[klass == k].sum())
        assert (labels[:, klass == k].sum(axis=1) == n).all()
        rate = labels[:, klass == k].mean(axis=0)
        assert np.abs(rate - n / 15).max() < 4.5 * np.sqrt(0.25 / 4000)


@given(st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_swapping_groups_turns_signs_and_scale_is_free(seed: int) -> None:
    """A contrast is antisymmetric, follows the scale of phi, and not that of x."""
    rng = np.random.default_rng(seed)
    x, member = rng.normal(size=60), rng.permutation(np.arange(60) < 30)
    phi = rng.normal(size=(60, 1))

    def effects(phi: Float, x: Float, member: Bool) -> Float:
        laid = lay(value_strata(x, 5), member, x, scores(x, nominal=False))
        return np.array([d.effect[0] for d in value_difference(residuals(phi, x, laid), laid)])

    base = effects(phi, x, member)
    np.testing.assert_allclose(effects(phi, x, ~member), -base, atol=1e-10)
    np.testing.assert_allclose(effects(3 * phi + 7 - 2 * x[:, None], 5 * x + 1, member), 3 * base,
                               atol=1e-9)  # fmt: skip


def test_a_pure_slope_cancels_in_the_location_and_shows_in_the_slope() -> None:
    """Centred attributions of twice the slope: location 0 in expectation, slope found in full."""
    rng = np.random.default_rng(7)
    x, member = rng.normal(size=2000), np.arange(2000) % 2 == 0
    phi = (x - x.mean()) * np.where(member, 2.0, 1.0) + 0.1 * rng.normal(size=2000)
    laid = lay(value_strata(x), member, x, scores(x, nominal=False))
    location, slope = value_difference(residuals(phi[:, None], x, laid), laid)
    assert abs(location.effect[0]) < 0.05
    np.testing.assert_allclose(slope.effect[0], x.std(), rtol=0.03)


def test_an_additive_function_of_the_value_has_neither() -> None:
    """With phi = w (x - m), values shifted by two SD, float32 rounding: nothing is left to test."""
    rng = np.random.default_rng(8)
    x = rng.normal(size=300) + 1.0 * (np.arange(300) < 150)
    phi = (0.7 * (x - 0.5)).astype(np.float32).astype(float)[:, None]
    laid = lay(value_strata(x), np.arange(300) < 150, x, scores(x, nominal=False))
    left = residuals(phi, x, laid, floor=1e-5)
    assert (left == 0).all()
    assert [float(d.statistic[0]) for d in value_difference(left, laid)] == [0.0, 0.0]


def test_one_shared_value_gives_no_slope() -> None:
    """Where both groups share one state only, the slope has no coefficient."""
    x = np.repeat([0.0, 0.0, 1.0, 2.0], 10)
    member = np.tile([True, False], 20)
    member[20:30], member[30:] = True, False
    laid = lay(value_strata(x), member, x, scores(x, nominal=False))
    assert laid.sloped.tolist() == [True, False]
    assert (laid.left, laid.dropped) == ((10, 10), 20)


def test_nominal_states_have_one_slope_each() -> None:
    """Three states: an indicator each, standardised; two states need one."""
    three = scores(np.array([0.0, 1.0, 2.0, 1.0]), nominal=True)
    assert three.shape == (4, 3)
    np.testing.assert_allclose(three.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(three.std(axis=0), 1)
    assert scores(np.array([0.0, 1.0, 1.0]), nominal=True).shape == (3, 1)


def test_strata_keep_ties_apart_and_bins_filled() -> None:
    """Zeros of half the people are a state; the rest falls into bins of about equal size."""
    rng = np.random.default_rng(9)
    x = np.where(np.arange(400) < 200, 0.0, rng.gamma(2.0, size=400))
    made = value_strata(x, 20)
    assert (made[:200] == made[0]).all()
    count = np.bincount(made[200:])
    assert set(made[200:].tolist()).isdisjoint(made[:1].tolist())
    assert (count[count > 0].min(), count.max()) == (20, 20)
    assert value_strata(np.array([np.nan, 1.0])).tolist() == [-1, 0]


def nested_literal(
    phi: Float, score: Float, unit: Int, stratum: Int, member: Bool
) -> list[tuple[float, float]]:
    """(D, V) where strata vary inside units: cell means, and squared influences of each unit."""
    cell: dict[tuple[int, int], list[int]] = {}
    for i, pair in enumerate(zip(unit.tolist(), stratum.tolist(), strict=True)):
        cell.setdefault(pair, []).append(i)
    mean = {pair: float(np.mean(phi[rows])) for pair, rows in cell.items()}
    out = []
    for power in (0, 1):
        part = {}
        for s in sorted(set(stratum.tolist())):
            sides = [[u for u, t in cell if t == s and member[u] == side] for side in (True, False)]
            if min(map(len, sides)) < 2:
                continue
            c = float(np.mean([np.mean(score[cell[u, s]]) for u in sides[0] + sides[1]])) ** power
            part[s] = (sides, c, len(sides[0]) * len(sides[1]) / len(sides[0] + sides[1]))
        bottom = sum(w * c**2 for _, c, w in part.values())
        d = 0.0
        influence: dict[int, float] = {}
        for s, (sides, c, w) in part.items():
            for sign, side in zip((1, -1), sides, strict=True):
                middle, n = float(np.mean([mean[u, s] for u in side])), len(side)
                d += sign * w * c / bottom * middle
                for u in side:
                    own = w * c / bottom * (mean[u, s] - middle) / np.sqrt(n * (n - 1))
                    influence[u] = influence.get(u, 0.0) + own
        out.append((float(d), float(sum(v**2 for v in influence.values()))))
    return out


def test_rows_of_units_equal_loops() -> None:
    """Donors with cells of different values: D and the unit-clustered V by loops."""
    rng = np.random.default_rng(10)
    unit = np.repeat(np.arange(24), 6)
    x, member = rng.normal(size=144), np.arange(24) < 11
    phi = rng.normal(size=144) + rng.normal(size=24)[unit]
    stratum, score = value_strata(x, 5), scores(x, nominal=False)
    made = nest(phi, score, unit, stratum, member, np.zeros(24, dtype=int))
    slow = nested_literal(phi, score[:, 0], unit, stratum, member)
    for fast, (d, v) in zip(nested_difference(made), slow, strict=True):
        np.testing.assert_allclose(fast.effect[0], d, rtol=1e-9)
        np.testing.assert_allclose(fast.variance[0], v, rtol=1e-9)


def test_units_with_one_row_are_the_same_by_either_way() -> None:
    """Effect and variance of the nested layout are those of the flat one."""
    rng = np.random.default_rng(11)
    x, member = drawn("states", rng), np.arange(90) < 40
    phi, score, strata = rng.normal(size=(90, 1)), scores(x, nominal=False), value_strata(x)
    laid = lay(strata, member, x, score)
    left = np.zeros(90)
    left[laid.rows] = residuals(phi, x, laid)[:, 0]
    made = nest(left, score, np.arange(90), strata, member, np.zeros(90, dtype=int))
    for a, b in zip(
        value_difference(left[laid.rows, None], laid), nested_difference(made), strict=True
    ):
        np.testing.assert_allclose([a.effect, a.variance], [b.effect, b.variance], rtol=1e-9)


def p_values(seen: list[Float], null: Float) -> list[float]:
    """Raw permutation p of each test of one subject."""
    return [float(p_value(z, null[t, :, :1])[0]) for t, z in enumerate(seen)]


@pytest.mark.parametrize("kind", ["states", "number", "ties"])
def test_size_is_five_percent_under_value_shift(kind: str) -> None:
    """Values shifted, phi curved in x with unequal spread: raw p below 5 % in 5 +- 3 SE of runs."""
    rng, p = np.random.default_rng(12), []
    member = np.arange(160) < 60
    for _ in range(300):
        x = drawn(kind, rng, 160) + (rng.uniform(size=160) < 0.3) * member
        phi = x**2 + np.sin(2 * x) + rng.normal(size=160) * np.exp(0.3 * x) * (1 + member)
        laid = lay(value_strata(x, bins_for(60)), member, x, scores(x, nominal=False))
        left = residuals(phi[:, None], x, laid)
        null = value_null(left, laid, keys(160, draws=299, rng=rng))
        p.append(p_values([d.statistic for d in value_difference(left, laid)], null))
    rate = (np.array(p) <= 0.05).mean(axis=0)
    assert (np.abs(rate - 0.05) < 3 * FIVE / np.sqrt(300)).all(), rate


def test_size_of_donors_with_cells() -> None:
    """12 + 14 donors, ICC 0.2, cells' values shifted: raw p below 5 % in 5 +- 3 SE of runs."""
    rng, p = np.random.default_rng(13), []
    member, unit = np.arange(26) < 12, np.repeat(np.arange(26), 30)
    for _ in range(200):
        x = rng.normal(size=780) + 0.7 * member[unit] + 0.4 * rng.normal(size=26)[unit]
        phi = x + 0.3 * x**2 + rng.normal(size=780) + 0.5 * rng.normal(size=26)[unit]
        stratum = value_strata(x)
        left = without_slope(phi[:, None], x, stratum)[:, 0]
        made = nest(left, scores(x, nominal=False), unit, stratum, member, np.zeros(26, dtype=int))
        null = nested_null(made, keys(26, draws=299, rng=rng))
        p.append(p_values([d.statistic for d in nested_difference(made)], null))
    rate = (np.array(p) <= 0.05).mean(axis=0)
    assert (np.abs(rate - 0.05) < 3 * FIVE / np.sqrt(200)).all(), rate


def test_units_of_a_class_with_one_group_leave() -> None:
    """Donors of a site that only one group has are no part of it."""
    rng = np.random.default_rng(14)
    unit, x = np.repeat(np.arange(20), 4), rng.normal(size=80)
    klass = (np.arange(20) >= 16).astype(int)
    member = (np.arange(20) % 2 == 0) & (klass == 0)
    stratum = value_strata(x, 4) + 4 * klass[unit]
    made = nest(x, scores(x, nominal=False), unit, stratum, member, klass)
    assert made.units.max() < 16
    assert normalised(np.array([0.0]), np.array([5.0]))[0] == 0.0
