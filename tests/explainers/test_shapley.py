"""Shapley values: against the definition over all orders, against shap, and laws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shap
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from evenlight.arrays import Float
from evenlight.errors import ModelError
from evenlight.explainers.explain import explain
from evenlight.progress import Pace
from tests.explainers.games import Model, by_orders, cohort_of, deep, pairs, values_of

RNG = np.random.default_rng(0)
X = RNG.normal(size=(12, 4))
START = RNG.normal(size=(5, 4))
COHORT = cohort_of(X, list("abcd"))


class Counting:
    """A model that counts the rows it is asked about."""

    def __init__(self, model: Model) -> None:
        self.model, self.rows = model, 0

    def __call__(self, x: Float) -> Float:
        """Count, and ask."""
        self.rows += len(x)
        return self.model(x)


@pytest.mark.parametrize("model", [pairs, deep])
def test_exact_values_equal_the_definition(model: Model) -> None:
    """All coalitions agree with all 24 orders of four features; nothing is left to chance."""
    found = values_of(model, COHORT, START, exact=True)
    singles = [[j] for j in range(4)]
    slow = [by_orders(model, row, START, singles) for row in X]
    np.testing.assert_allclose(found.values, slow, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(found.base, model(START).mean())
    assert found.spread is not None
    assert not found.spread.any()
    assert found.settings["exact"] is True


def test_exact_values_equal_those_of_shap() -> None:
    """Its exact explainer and ours agree on five features with interactions of all orders."""
    x, start = RNG.normal(size=(6, 5)), RNG.normal(size=(9, 5))
    found = values_of(deep, cohort_of(x), start, exact=True)
    masker = shap.maskers.Independent(start, max_samples=len(start))
    wanted = shap.ExactExplainer(deep, masker)(x).values
    np.testing.assert_allclose(found.values, wanted, rtol=1e-5, atol=1e-5)


def test_walks_are_near_those_of_shap() -> None:
    """On an additive-plus-pairs game both are exact, whatever orders they drew."""
    found = values_of(pairs, COHORT, START, walks=20)
    masker = shap.maskers.Independent(START, max_samples=len(START))
    wanted = shap.PermutationExplainer(pairs, masker, seed=3)(X, silent=True).values
    np.testing.assert_allclose(found.values, wanted, atol=1e-5)


def test_pairs_are_exact_once_every_background_row_was_met() -> None:
    """A walk and its reverse leave no error of pairs; meeting rows again shows that none is left.

    Before they are met again the spread counts all variance, and so is too large, never too small.
    """
    exact = values_of(pairs, COHORT, START, exact=True)
    once, twice = (values_of(pairs, COHORT, START, walks=w) for w in (5, 10))
    for found in (once, twice):
        np.testing.assert_allclose(found.values, exact.values, atol=1e-5)
    assert once.spread is not None
    assert twice.spread is not None
    assert once.spread.max() > 0.1
    np.testing.assert_allclose(twice.spread, 0, atol=1e-6)


@pytest.mark.parametrize("walks", [2, 3, 5, 7, 20])
def test_values_add_up_however_few_the_walks(walks: int) -> None:
    """Efficiency: base plus values is the output, also before all background rows are met."""
    found = values_of(deep, COHORT, START, walks=walks)
    np.testing.assert_allclose(found.total(), deep(X), rtol=1e-5)
    assert found.converged.all()


@settings(max_examples=25, deadline=None)
@given(
    coefficients=arrays(np.float64, 7, elements=st.floats(-2, 2)),
    factor=st.floats(-3, 3),
    walks=st.integers(5, 23),
)
def test_laws_of_the_values(coefficients: Float, factor: float, walks: int) -> None:
    """Efficiency, dummy, linearity and symmetry hold for games of all orders, exactly and walked.

    Column 3 is used by no coefficient; columns 0 and 1 are equal and used alike.
    """
    x, start = X.copy(), START.copy()
    x[:, 1], start[:, 1] = x[:, 0], start[:, 0]

    def alike(z: Float) -> Float:
        a, b, c = z[:, 0] * z[:, 1], z[:, 0] + z[:, 1], z[:, 2]
        said: Float = coefficients[0] * a * c + coefficients[1] * np.tanh(b) + coefficients[2] * c
        return said

    def other(z: Float) -> Float:
        a, b, c = (coefficients[3 + j] * z[:, j] for j in range(3))
        said: Float = np.maximum(a + b + c, coefficients[6]) * z[:, 2]
        return said

    cohort = cohort_of(x)
    exact = values_of(alike, cohort, start, exact=True).values
    np.testing.assert_allclose(exact[:, 0], exact[:, 1], atol=1e-5)
    for how in ({"exact": True}, {"walks": walks}):
        first = values_of(alike, cohort, start, **how)
        second = values_of(other, cohort, start, **how)
        both = values_of(lambda z: alike(z) + factor * other(z), cohort, start, **how)
        np.testing.assert_allclose(both.values, first.values + factor * second.values, atol=1e-4)
        np.testing.assert_allclose(both.total(), both.output, atol=1e-4)
        np.testing.assert_allclose(both.values[:, 3], 0, atol=1e-12)


def test_the_same_seed_gives_the_same_bytes() -> None:
    """Seed decides: the same one gives equal bytes, another one other values."""
    first, again = (values_of(deep, COHORT, START, walks=6, seed=4) for _ in range(2))
    assert first.values.tobytes() == again.values.tobytes()
    assert not np.array_equal(values_of(deep, COHORT, START, walks=6, seed=5).values, first.values)


def test_a_row_has_its_values_whoever_stands_beside_it() -> None:
    """Draws belong to the row: no value depends on the order of rows, or on which are explained."""
    first = values_of(deep, COHORT, START, walks=6)
    mixed = RNG.permutation(12)
    shuffled = values_of(deep, COHORT.take(mixed), START, walks=6)
    few = values_of(deep, COHORT.take(np.array([7, 2])), START, walks=6)
    np.testing.assert_array_equal(shuffled.values, first.values[mixed])
    np.testing.assert_array_equal(few.values, first.values[[7, 2]])
    assert first.spread is not None
    assert few.spread is not None
    np.testing.assert_array_equal(few.spread, first.spread[[7, 2]])


def test_rows_that_are_done_leave_the_others_alone() -> None:
    """Where some rows stop before others, each has the values that it has on its own."""
    both = values_of(deep, COHORT, START, tolerance=0.02, budget=1800, exact=False)
    assert both.settings["walks"][0] < both.settings["walks"][2]
    for i in (0, 5, 11):
        alone = values_of(
            deep, COHORT.take(np.array([i, (i + 1) % 12])), START,
            tolerance=0.02, budget=1800, exact=False,
        )  # fmt: skip
        np.testing.assert_array_equal(alone.values[0], both.values[i])


@pytest.mark.parametrize(("given_", "walks"), [({"walks": 7}, 7), ({"budget": 100}, 16)])
def test_the_budget_is_spent_exactly(given_: dict[str, int], walks: int) -> None:
    """Without a tolerance each row takes all whole walks of its budget, 2 (P - 1) rows each."""
    model = Counting(deep)
    quiet: dict[str, Any] = {} if "walks" in given_ else {"tolerance": None, "exact": False}
    values_of(model, COHORT, START, **given_, **quiet)
    prepared, model.rows = model.rows, 0
    found = values_of(model, COHORT, START, walks=2)
    least, model.rows = model.rows - 12 * 2 * 6, 0
    assert prepared - least == 12 * walks * 6
    assert found.settings["model_rows"] == 12 * 2 * 6 + len(START)
    values_of(model, COHORT, START, exact=True)
    assert model.rows - least == 12 * 5 * (2**4 - 2)


def test_a_tolerance_saves_walks_and_is_kept() -> None:
    """Rows stop once they are precise, and the values are then as near as was asked."""
    x, start = RNG.normal(size=(40, 8)), RNG.normal(size=(20, 8))
    exact = values_of(deep, cohort_of(x), start, exact=True).values
    found = values_of(deep, cohort_of(x), start, tolerance=0.05, budget=14 * 4000)
    assert found.settings["precise"] == 1.0
    assert found.settings["walks"][2] < 4000
    off = np.linalg.norm(found.values - exact, axis=1) / np.linalg.norm(exact, axis=1)
    assert np.sqrt(np.mean(off**2)) < 0.06


def test_rows_above_the_tolerance_are_counted_and_kept() -> None:
    """They stay usable and complete; settings and a note say how many there are."""
    found = values_of(deep, COHORT, START, walks=12, exact=False)
    assert found.settings["precise"] < 1
    assert found.converged.all()
    (note,) = found.settings["notes"]
    assert "did not reach a Monte Carlo error of 5 %" in note
    assert "with 12 walks" in note
    assert values_of(deep, COHORT, START, exact=True).settings["notes"] == ()


def test_settings_tell_how_it_was_computed() -> None:
    """Walks, model rows, background rows and place are plain data."""
    told = values_of(deep, COHORT, START, walks=6).settings
    assert told["walks"] == [6, 6.0, 6]
    assert told["backgrounds"] == 5
    assert (told["space"], told["stem_reason"]) == ("input", "the model is no torch network")
    assert told["complete"] is True


def test_one_column_and_one_background_row() -> None:
    """One player gets everything; against one row the spread is that over orders."""
    x = np.arange(6.0).reshape(6, 1)
    one = values_of(lambda z: z[:, 0] ** 2, cohort_of(x), np.array([[1.0], [2.0]]))
    np.testing.assert_allclose(one.values[:, 0], x[:, 0] ** 2 - 2.5)
    found = values_of(deep, COHORT, START[:1], walks=400)
    exact = values_of(deep, COHORT, START[:1], exact=True)
    assert found.spread is not None
    np.testing.assert_allclose(
        found.values, exact.values, atol=5 * float(found.spread.max()) + 1e-5
    )


def test_the_global_generator_is_left_alone() -> None:
    """Nothing is drawn from numpy's global generator."""
    np.random.seed(1)  # noqa: NPY002  the user's generator is what is protected
    wanted = np.random.rand(3)  # noqa: NPY002  as above
    np.random.seed(1)  # noqa: NPY002  as above
    values_of(deep, COHORT, START, walks=3)
    np.testing.assert_array_equal(np.random.rand(3), wanted)  # noqa: NPY002  as above


def test_progress_is_told_row_by_row() -> None:
    """A function hears how many rows are done."""
    heard: list[Pace] = []
    values_of(deep, COHORT, START, walks=3, progress=heard.append)
    assert (heard[-1].done, heard[-1].rows) == (12, 12)


def test_the_verb_takes_the_options() -> None:
    """Through ev.explain with its own background, the seed is recorded and walks are taken."""
    found = explain(deep, COHORT, method="shapley", walks=4, seed=3)
    assert found.settings["seed"] == 3
    assert found.settings["walks"] == [4, 4.0, 4]


@pytest.mark.parametrize(
    ("own", "message"),
    [
        ({"walks": 1}, "walks=1: 4 players take 6 model rows a walk, and at least 2 walks"),
        ({"budget": 11}, "budget=11: .* say budget=12 or more"),
        ({"walks": 3, "budget": 100}, "leave out budget= and exact="),
        ({"walks": 3, "exact": True}, "leave out budget= and exact="),
        ({"tolerance": 0.0}, "tolerance=0.0; wanted a share above 0"),
    ],
)
def test_plans_that_cannot_be_are_refused(own: dict[str, Any], message: str) -> None:
    """Before any walk, with what to say instead."""
    with pytest.raises(ModelError, match=message):
        values_of(deep, COHORT, START, **{"exact": False, **own} if "budget" in own else own)


def test_exact_values_of_many_players_are_refused() -> None:
    """More than 12 players have too many coalitions."""
    with pytest.raises(ModelError, match=r"at most 12 players and there are 13: all 2\^13"):
        values_of(deep, cohort_of(RNG.normal(size=(3, 13))), np.zeros((1, 13)), exact=True)


def test_outputs_that_are_not_finite_are_named() -> None:
    """A model that breaks where values are mixed is refused with the count."""

    def broken(x: Float) -> Float:
        said: Float = np.where(x[:, 0] == START[0, 0], np.nan, x[:, 1])
        said[np.isin(x[:, 1], START[:, 1])] = 0.0
        return said

    with pytest.raises(ModelError, match=r"not finite for .* rows that mix"):
        values_of(broken, COHORT, START, exact=True)


def test_many_columns_need_a_named_price() -> None:
    """What thousands of columns cost is said before the start; with walks= it is done."""
    x = np.zeros((2, 5000)) + np.arange(2.0)[:, None]
    cohort, start = cohort_of(x), np.zeros((1, 5000))
    with pytest.raises(ModelError, match=r"5000 players take 9998 model rows a walk.* in all"):
        values_of(lambda z: z[:, 0], cohort, start)
    found = values_of(lambda z: z[:, 0], cohort, start, walks=2)
    np.testing.assert_allclose(found.values[:, 0], [0, 1])


def test_several_targets_are_walked_alike() -> None:
    """Each target has the values that it has when asked for alone."""

    def model(x: Float) -> Float:
        return np.column_stack([deep(x), pairs(x), -deep(x)])

    both = explain(model, COHORT, method="shapley", target=[0, 2], walks=6)
    alone = explain(model, COHORT, method="shapley", target=2, walks=6)
    np.testing.assert_array_equal(both[1].values, alone.values)
    np.testing.assert_allclose(both[0].values, -both[1].values, atol=1e-5)
