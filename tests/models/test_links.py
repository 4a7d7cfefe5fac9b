"""Links: from margin to response and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenlight.data.coefficients import LINKS, Link
from evenlight.errors import ModelError
from evenlight.models.links import margin_of, response_of, rival_margins


@pytest.mark.parametrize("link", LINKS)
@given(margin=st.floats(0.001, 8))
def test_there_and_back_is_the_same(link: Link, margin: float) -> None:
    """Margin to response to margin gives the margin that one began with."""
    there = response_of(np.array([margin]), link)
    np.testing.assert_allclose(margin_of(there, link), margin, rtol=1e-9)


def test_responses_are_the_textbook_formulas() -> None:
    """Each link is its formula, written out."""
    assert response_of(np.array([3.0]), "square") == 9.0
    assert response_of(np.array([2.0]), "log") == pytest.approx(np.exp(2.0))
    assert response_of(np.array([2.0]), "logit") == pytest.approx(1 / (1 + np.exp(-2.0)))
    assert response_of(np.array([2.0]), "identity") == 2.0


def test_the_clock_runs_with_the_logarithm_of_age_up_to_twenty() -> None:
    """Horvath (2013): F(age) is log (age + 1) - log 21 up to 20, else (age - 20) / 21."""
    ages = np.array([0.0, 1.0, 10.0, 20.0, 20.5, 45.0, 100.0])
    slow = [np.log(a + 1) - np.log(21) if a <= 20 else (a - 20) / 21 for a in ages]
    np.testing.assert_allclose(margin_of(ages, "horvath"), slow)
    np.testing.assert_allclose(response_of(np.array(slow), "horvath"), ages, atol=1e-12)
    assert response_of(np.array([-50.0]), "horvath") == pytest.approx(-1.0)  # before conception
    step = response_of(np.array([-1e-7, 1e-7]), "horvath")
    assert np.diff(step)[0] == pytest.approx(21 * 2e-7, rel=1e-5)  # smooth where the halves meet


def test_rival_margins_equal_the_log_odds_of_a_softmax() -> None:
    """The margin of class c is log p_c / (1 - p_c), written out with loops."""
    logits = np.random.default_rng(0).normal(size=(5, 3))
    slow = np.empty((5, 3))
    for i in range(5):
        p = np.exp(logits[i]) / np.exp(logits[i]).sum()
        for c in range(3):
            slow[i, c] = np.log(p[c] / (1 - p[c]))
    np.testing.assert_allclose(rival_margins(logits), slow)
    np.testing.assert_allclose(response_of(rival_margins(logits), "softmax").sum(axis=1), 1)


def test_rival_margins_stay_finite_where_a_softmax_saturates() -> None:
    """Logits 800 apart give margins of 800 and not infinity."""
    np.testing.assert_allclose(rival_margins(np.array([[0.0, 800.0]])), [[-800.0, 800.0]])


@pytest.mark.parametrize(("link", "value"), [("logit", 1.2), ("square", -1.0), ("log", -0.1)])
def test_an_impossible_response_is_refused(link: Link, value: float) -> None:
    """A probability above 1 or a dose below 0 names the count, the value and the remedy."""
    with pytest.raises(ModelError, match=r"1 outputs lie outside 0 to .* say gives=\"margin\""):
        margin_of(np.array([0.5, value]), link)
