"""Probabilities and percents that are taken for log odds are told, and real log odds are not."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.linear_model import LinearRegression, LogisticRegression

from evenlight.arrays import Float
from evenlight.data.coefficients import CoefficientTable
from evenlight.data.cohort import Cohort
from evenlight.errors import EvenlightWarning, ModelError
from evenlight.models.adapt import adapt
from evenlight.models.misread import likely_scale
from evenlight.models.probe import prepare

N = 400
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, 2))
ILL = (RNG.random(N) < expit(X[:, 0] - 1)).astype(int)
PEOPLE = pd.DataFrame({"ill": ILL}, index=[f"p{i}" for i in range(N)])
COHORT = Cohort(X, PEOPLE, ["a", "b"], outcome="ill", unit="row")


def chance(x: Float) -> Float:
    """The true probability."""
    return expit(x[:, 0] - 1)


def test_probabilities_declared_as_margins_are_warned_of() -> None:
    """The outcome tells, and the warning names the call to make in its place."""
    with pytest.warns(EvenlightWarning, match=r'between 0 and 1.*adapt\(model, link="logit", giv'):
        made = prepare(adapt(chance, link="logit", gives="margin"), COHORT)
    np.testing.assert_allclose(made.output, chance(X))  # what was declared is done


def test_small_percents_are_warned_of() -> None:
    """Percents of a small risk could be log odds by their size, and not by the outcome."""
    rare = (np.random.default_rng(1).random(N) < chance(X) / 3).astype(int)
    cohort = Cohort(X, PEOPLE.assign(ill=rare), ["a", "b"], outcome="ill", unit="row")
    with pytest.warns(EvenlightWarning, match=r"between 0 and 100.*lambda x: model\(x\) / 100, "):
        prepare(lambda x: 100 * chance(x) / 3, cohort)


def test_percents_are_refused_with_the_call_to_make() -> None:
    """Of one output and of several; declared as margins they are taken, with a warning."""
    wanted = r"between 0 and 100, as percents do.*adapt\(lambda x: model\(x\) / 100, link="
    with pytest.raises(ModelError, match=f'{wanted}"logit", gives="response"'):
        prepare(lambda x: 100 * chance(x), COHORT)
    with pytest.raises(ModelError, match=f'{wanted}"softmax", gives="response"'):
        prepare(lambda x: 100 * np.column_stack([1 - chance(x), chance(x)]), COHORT, target=1)
    with pytest.raises(ModelError, match=r"lie outside 0 to 1.*of percents hand over lambda x"):
        prepare(adapt(lambda x: 100 * chance(x), link="logit", gives="response"), COHORT)
    with pytest.warns(EvenlightWarning, match="read as percents"):
        prepare(adapt(lambda x: 100 * chance(x), link="logit", gives="margin"), COHORT)


def test_probabilities_of_classes_declared_as_logits_are_warned_of() -> None:
    """Rows of outputs that add up to 1 are no logits; those that are alike in all rows may be."""
    two = adapt(lambda x: np.column_stack([1 - chance(x), chance(x)]), link="softmax",
                gives="margin")  # fmt: skip
    with pytest.warns(EvenlightWarning, match=r"add up to 1: .*link=\"softmax\", gives=\"respons"):
        prepare(two, COHORT, target=1)
    prepare(adapt(lambda x: np.full((len(x), 2), 0.5), link="softmax", gives="margin"), COHORT,
            target=1)  # fmt: skip


def small(x: Float) -> Float:
    """Log odds of small risks, all below 0."""
    return -4 - np.abs(x[:, 0])


SOUND = {
    "a regressor of the event": LinearRegression().fit(X * [0.1, 0], ILL),
    "a classifier": LogisticRegression().fit(X, ILL),
    "log odds of small risks": adapt(small, link="logit"),
    "one number": adapt(lambda x: np.full(len(x), 0.3), link="logit", gives="margin"),
    "a formula": CoefficientTable("risk", -1.0, {"a": 1.0}, link="logit"),
}


@pytest.mark.parametrize("name", SOUND)
def test_nothing_is_said_of_sound_models(name: str) -> None:
    """Regressors within 0 to 1, classifiers, small risks, constants and formulas are let be."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        prepare(SOUND[name], COHORT)


@pytest.mark.parametrize("top", [0.2, 1, 3, 6])
@pytest.mark.parametrize("people", [100, 2000])
def test_real_log_odds_above_zero_are_never_told(top: float, people: int) -> None:
    """None of 300 draws of true log odds between 0 and `top` is taken for another scale."""
    rng = np.random.default_rng(people)
    for _ in range(300):
        margin = rng.uniform(0, top, people)
        assert likely_scale(margin, (rng.random(people) < expit(margin)).astype(float)) == 0


@pytest.mark.parametrize("whole", [1, 100])
@pytest.mark.parametrize("centre", [-3, -1, 0])
def test_probabilities_are_found_in_most_draws(whole: int, centre: float) -> None:
    """Of 800 people with small or middling risks, in 9 of 10 draws."""
    rng, found = np.random.default_rng(0), 0
    for _ in range(100):
        p = expit(rng.normal(centre, 1, 800))
        found += likely_scale(whole * p, (rng.random(800) < p).astype(float)) == whole
    assert found >= 90


def test_shrunken_log_odds_are_not_misread() -> None:
    """Log odds that a penalty drew to near 0.6 lie near probabilities, and are none."""
    rng = np.random.default_rng(4)
    for _ in range(50):
        own = rng.normal(0.7, 1.5, 200)
        y = (rng.random(200) < expit(own)).astype(float)
        assert likely_scale(0.65 + 0.05 * (own - 0.7) / 1.5, y) == 0
