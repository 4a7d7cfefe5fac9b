"""Whether refits resemble a model: the definition, a law, and error rates on planted truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from evenlight.arrays import Float
from evenlight.stats.resemblance import HALF, Resemblance, expected, resemblance


def test_the_numbers_are_those_of_their_definitions() -> None:
    """Correlations of residuals on group means, by numpy, with the t limit of a further refit."""
    rng = np.random.default_rng(0)
    f, group = rng.normal(size=90), rng.integers(-1, 3, 90)
    refits = 0.8 * f + 0.5 * rng.normal(size=(6, 90)) + 3.0 * group
    found = resemblance(f, refits, group)
    known = group >= 0
    rows = np.vstack([f, refits])[:, known]
    for g in range(3):
        at = group[known] == g
        rows[:, at] -= rows[:, at].mean(axis=1, keepdims=True)
    r = np.asarray(np.corrcoef(rows))
    each, between = r[0, 1:], r[1:, 1:][np.triu_indices(6, 1)].mean()
    assert found.value == pytest.approx(each.mean())
    assert found.high == pytest.approx(each.mean() + stats.t.ppf(0.95, 5) * each.std(ddof=1))
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
    assert (one.value, one.high, one.least) == pytest.approx((two.value, two.high, two.least))


def test_an_output_that_does_not_vary_within_groups_refuses_nobody() -> None:
    """Nothing can be correlated then, and refits without variation count as 0."""
    rng = np.random.default_rng(3)
    group = np.arange(40) % 2
    assert resemblance(group.astype(float), rng.normal(size=(5, 40)), group).there
    still = resemblance(rng.normal(size=40), np.ones((5, 40)), group)
    assert still.value == 0.0


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


def test_honest_refits_pass_and_flipped_ones_do_not() -> None:
    """N = 400 and hardly any signal: own people always pass, other people nearly always."""
    rng = np.random.default_rng(4)
    passed = {"own": 0, "others": 0, "flipped": 0}
    for _ in range(25):
        x, y = people(rng, effect=0.2)
        audited, _ = people(rng, effect=0.2)
        model = audited @ LogisticRegression().fit(x, y).coef_[0]
        other = people(rng, effect=0.2)
        for name, given in (("own", (x, y)), ("others", other), ("flipped", (x, 1 - y))):
            passed[name] += asked(rng, model, *given, audited).there
    assert passed["own"] == 25
    assert passed["others"] >= 22  # 99 % in 100 runs
    assert passed["flipped"] == 0
