"""Whether refits resemble a model: the definition, a law, and error rates on planted truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from evenlight.arrays import Float
from evenlight.stats.resemblance import HALF, UNTOLD, Resemblance, expected, resemblance


def test_the_numbers_are_those_of_their_definitions() -> None:
    """Correlations of residuals on group means, by numpy, with the t limit of a further refit."""
    rng = np.random.default_rng(0)
    f, group = rng.normal(size=150), rng.integers(-1, 3, 150)
    refits = 0.8 * f + 0.5 * rng.normal(size=(6, 150)) + 3.0 * group
    found = resemblance(f, refits, group)
    known = group >= 0
    rows = np.vstack([f, refits])[:, known]
    for g in range(3):
        at = group[known] == g
        rows[:, at] -= rows[:, at].mean(axis=1, keepdims=True)
    r = np.asarray(np.corrcoef(rows))
    each, between = r[0, 1:], r[1:, 1:][np.triu_indices(6, 1)].mean()
    assert found.value == pytest.approx(each.mean())
    reach = stats.t.ppf(0.95, 5) * each.std(ddof=1) * np.sqrt(1 + 1 / 6)
    assert found.high == pytest.approx(each.mean() + reach)
    assert found.low == pytest.approx(each.mean() - reach)
    assert found.least == pytest.approx(HALF * expected(between))


def test_what_is_expected_is_what_errors_of_that_size_give() -> None:
    """Bootstrap refits of other people, drawn with known errors, correlate as the formula says."""
    rng = np.random.default_rng(1)
    shared, error = rng.normal(size=200_000), 0.5
    theirs = shared + error * rng.normal(size=200_000)
    own = error * rng.normal(size=200_000)
    again = shared + own + error * rng.normal(size=(2, 200_000))
    between = float(np.asarray(np.corrcoef(again))[0, 1])
    other = float(np.asarray(np.corrcoef(theirs, again[0]))[0, 1])
    assert expected(between) == pytest.approx(other, abs=0.01)


def test_scale_and_shift_by_group_change_nothing() -> None:
    """The output in other units, and higher in one group, resembles as much."""
    rng = np.random.default_rng(2)
    f, group = rng.normal(size=60), np.arange(60) % 2
    refits = f + rng.normal(size=(5, 60))
    one, two = resemblance(f, refits, group), resemblance(3 * f + 5 * group, 2 * refits - 1, group)
    assert (one.value, one.low, one.high, one.least) == pytest.approx(
        (two.value, two.low, two.high, two.least)
    )


def test_where_nothing_varies_within_groups_nothing_can_be_told() -> None:
    """Neither of a model that tells the group alone, nor of constant refits: no twin of it."""
    rng = np.random.default_rng(3)
    group = np.arange(40) % 2
    flat = resemblance(group.astype(float), rng.normal(size=(5, 40)), group)
    assert "its output does not vary within groups" in flat.reason
    still = resemblance(rng.normal(size=40), np.arange(5.0)[:, None] + np.ones((5, 40)), group)
    assert "no refit varies within groups" in still.reason
    for found in (flat, still):
        assert not found.there
        assert found.reason.startswith(UNTOLD.split(" (")[0])
        assert np.isnan([found.value, found.low, found.high, found.least]).all()


def test_refits_that_are_all_the_same_tell_nothing_of_training() -> None:
    """The model itself, five times over; one feature on other resamples is no such case."""
    rng = np.random.default_rng(4)
    f, group = rng.normal(size=60), np.arange(60) % 2
    same = resemblance(f, np.tile(f, (5, 1)), group)
    assert not same.there
    assert "all the same model" in same.reason
    assert resemblance(f, np.linspace(0.5, 1.5, 5)[:, None] * f, group).there


def test_refits_of_noise_cannot_be_told_to_resemble() -> None:
    """Outputs drawn at random hardly ever pass: to reach half of what is expected asks nothing."""
    there = told = 0
    for seed in range(200):
        rng = np.random.default_rng([seed, 5])
        f, group = rng.normal(size=400), np.arange(400) % 2
        found = resemblance(f, rng.normal(size=(6, 400)), group)
        there += found.there
        told += found.reason.startswith(UNTOLD.split(" (")[0])
    assert there <= 2
    assert told > 190


def test_limits_stay_within_a_correlation() -> None:
    """Refits that go with the model, but loosely, have no limit above 1 or below -1."""
    rng = np.random.default_rng(6)
    f, group = rng.normal(size=100), np.zeros(100, dtype=int)
    refits = np.vstack([f, f, f, f, -f]) + 0.01 * rng.normal(size=(5, 100))
    found = resemblance(f, refits, group)
    assert (found.low, found.high) == (-1.0, 1.0)
    assert "cannot be told" in found.reason


def test_groups_of_fewer_than_twenty_do_not_enter() -> None:
    """Nineteen people who go the other way play no part; with nobody else it cannot be told."""
    rng = np.random.default_rng(7)
    group = np.repeat([0, 1], [100, 19])
    f = rng.normal(size=119)
    refits = np.where(group == 1, -9.0, 1.0) * f + 0.2 * rng.normal(size=(5, 119))
    found = resemblance(f, refits, group)
    alone = resemblance(f[:100], refits[:, :100], group[:100])
    assert found.there
    assert found.value == pytest.approx(alone.value)
    few = resemblance(f, refits, np.arange(119) // 19)
    assert not few.there
    assert "no group has 20 audited units" in few.reason


def people(rng: np.random.Generator, *, effect: float) -> tuple[Float, Float]:
    """20 features, four of which tell next to nothing; a gap of 1 between groups."""
    group = np.arange(400) % 2
    x = rng.normal(size=(400, 20))
    x[:, 14:] += 0.8 * group[:, None]
    score = effect * x[:, :4].sum(axis=1) / 2 + (group - 0.5)
    return x, (rng.random(400) < expit(score)).astype(float)


def asked(
    rng: np.random.Generator, model: Float, x: Float, y: Float, audited: Float
) -> Resemblance:
    """The resemblance of ten bootstrap refits."""
    fitted = []
    for _ in range(10):
        i = rng.integers(len(y), size=len(y))
        fitted.append(audited @ LogisticRegression().fit(x[i], y[i]).coef_[0])
    return resemblance(model, np.array(fitted, dtype=float), np.arange(len(audited)) % 2)


def test_honest_refits_pass_and_others_do_not() -> None:
    """N = 400, 20 features: own people always, others nearly; flipped or shuffled hardly ever."""
    rng = np.random.default_rng(8)
    passed = {"own": 0, "others": 0, "flipped": 0, "flipped others": 0, "shuffled": 0}
    for _ in range(25):
        x, y = people(rng, effect=0.8)
        audited, _ = people(rng, effect=0.8)
        model = audited @ LogisticRegression().fit(x, y).coef_[0]
        other, outcome = people(rng, effect=0.8)
        given = {
            "own": (x, y),
            "others": (other, outcome),
            "flipped": (x, 1 - y),
            "flipped others": (other, 1 - outcome),
            "shuffled": (other, rng.permutation(outcome)),
        }
        for name, pair in given.items():
            passed[name] += asked(rng, model, *pair, audited).there
    assert passed["own"] == 25
    assert passed["others"] >= 23
    assert passed["flipped"] == passed["flipped others"] == 0
    assert passed["shuffled"] <= 4
