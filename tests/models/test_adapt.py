"""Any model behind one contract."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from torch import nn

from evenlight.arrays import Float
from evenlight.data.coefficients import CoefficientTable
from evenlight.data.cohort import Cohort
from evenlight.errors import ModelError
from evenlight.models.adapt import adapt
from evenlight.models.probe import settled

TABLE = CoefficientTable("dose", 1.0, {"b": 2.0, "a": -1.0}, link="square", unit="mg")


def cohort(columns: str = "ab", *, outcome: list[object] | None = None) -> Cohort:
    """Four rows with features of one letter each."""
    rows = [f"r{i}" for i in range(4)]
    x = pd.DataFrame(np.arange(4.0 * len(columns)).reshape(4, -1) / 3, rows, list(columns))
    people = pd.DataFrame({"y": outcome or [0.1, 0.2, 0.3, 0.4]}, index=rows)
    return Cohort(x, people, outcome="y")


def test_an_adapted_model_is_returned_as_it_is() -> None:
    """Adapting twice changes nothing."""
    once = adapt(TABLE)
    assert adapt(once) is once


def test_a_table_finds_its_terms_by_name() -> None:
    """Terms in another order than the columns give the formula's own numbers."""
    said = settled(TABLE, cohort("ab"))
    x = cohort("ab").dense()
    np.testing.assert_allclose(said.margin(x)[:, 0], 1 - x[:, 0] + 2 * x[:, 1])
    np.testing.assert_allclose(said.response(x), said.margin(x) ** 2)
    assert said.weights is not None
    assert said.weights.tolist() == [[-1.0, 2.0]]
    assert (said.link, said.unit, said.scale) == ("square", "mg", "margin")


def test_a_feature_that_a_formula_does_not_use_is_noted() -> None:
    """An unused column has weight 0, and a sentence names it."""
    said = settled(TABLE, cohort("acb"))
    assert said.weights is not None
    assert said.weights.tolist() == [[-1.0, 0.0, 2.0]]
    assert said.notes == ("dose does not use 1 of the features: c.",)


def test_a_term_without_a_column_is_an_error() -> None:
    """A missing term is named."""
    with pytest.raises(
        ModelError, match=r"1 of its 2 terms are not among the features, first \['b'\]"
    ):
        settled(TABLE, cohort("ac"))


def test_a_function_is_a_model() -> None:
    """A function of (n, p) that gives (n,) has one target; with a link it has a response too."""
    model = adapt(lambda x: x.sum(axis=1), link="log", targets=["hazard"], unit="ratio")
    x = cohort().dense()
    said = settled(model, cohort())
    np.testing.assert_allclose(said.margin(x)[:, 0], x.sum(axis=1))
    np.testing.assert_allclose(said.response(x)[:, 0], np.exp(x.sum(axis=1)))
    assert (said.targets, said.unit, said.kind) == (("hazard",), "ratio", "callable")


def test_an_unsettled_model_can_be_asked_directly() -> None:
    """Without a cohort, a function without a link is read as a margin."""
    np.testing.assert_allclose(adapt(lambda x: x[:, 0]).response(np.eye(2)), [[1.0], [0.0]])


@pytest.mark.parametrize(
    ("kind", "outcome", "outputs", "link"),
    [
        ("binary", [0, 1, 0, 1], 1, "logit"),
        ("binary", [0, 1, 0, 1], 2, "softmax"),
        ("categorical", ["u", "v", "w", "u"], 3, "softmax"),
        ("continuous", [0.5, 1.5, 2.5, 0.5], 1, "identity"),
    ],
)
def test_the_outcome_decides_a_link_that_nobody_declared(
    kind: str, outcome: list[object], outputs: int, link: str
) -> None:
    """Binary gives logit, several classes softmax, continuous identity."""

    def model(x: Float) -> Float:
        return 5 * (x[:, :1] - 1) * np.arange(1, outputs + 1)

    made = cohort(outcome=outcome)
    assert made.outcome_kind == kind
    assert settled(model, made).link == link


def test_probabilities_are_not_taken_for_logits() -> None:
    """Outputs within 0 and 1 for a binary outcome need a declaration, which then is obeyed."""
    made = cohort(outcome=[0, 1, 0, 1])

    def chance(x: Float) -> Float:
        return 1 / (1 + np.exp(-x[:, 0]))

    with pytest.raises(
        ModelError, match=r'declare ev.adapt\(model, link="logit", gives="response"'
    ):
        settled(chance, made)
    said = settled(adapt(chance, link="logit", gives="response"), made)
    np.testing.assert_allclose(said.margin(made.dense())[:, 0], made.dense()[:, 0])
    believed = settled(adapt(chance, link="logit", gives="margin"), made)
    np.testing.assert_allclose(believed.margin(made.dense())[:, 0], chance(made.dense()))


def test_logits_are_not_taken_for_probabilities() -> None:
    """Outputs declared as responses must be possible ones."""
    with pytest.raises(ModelError, match="lie outside 0 to 1"):
        settled(adapt(lambda x: 9 - x[:, 0] * 9, link="logit", gives="response"), cohort())
    two = adapt(lambda x: np.full((len(x), 2), 0.3), link="softmax", gives="response")
    with pytest.raises(ModelError, match=r"rows add up to 0\.6"):
        settled(two, cohort())


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (lambda x: {"logits": x}, "returned a dict"),
        (lambda x: (x, x), "returned a tuple"),
        (lambda x: x[:, :, None], r"returned shape \(4, 2, 1\) for 4 rows"),
        (lambda x: x[:2], r"returned shape \(2, 2\) for 4 rows"),
        (lambda x: np.array(["a"] * len(x)), "wanted numbers"),
    ],
)
def test_an_output_that_is_no_column_is_refused(said: object, message: str) -> None:
    """Dict, tuple, wrong rank, wrong rows and text name what came and how to wrap the model."""
    with pytest.raises(ModelError, match=message) as seen:
        settled(said, cohort())
    assert "wrap the model so that it returns one array" in str(seen.value)


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        (TABLE, {"link": "log"}, "has its link, targets and unit already"),
        (nn.Linear, {}, "Linear is a class; hand over a fitted instance"),
        (3, {}, "a int is no model"),
        (len, {"link": "probit"}, "no link 'probit'; known: identity, square"),
        (len, {"gives": "logits"}, 'wanted "margin" or "response"'),
    ],
)
def test_what_cannot_be_adapted_says_why(
    model: object, options: dict[str, object], message: str
) -> None:
    """No model, a class, and options that do not exist or do not suit are named."""
    with pytest.raises(ModelError, match=message):
        adapt(model, **options)  # type: ignore[arg-type]


def test_links_and_targets_must_fit_the_outputs() -> None:
    """Softmax needs several outputs, and names must be as many as outputs."""
    with pytest.raises(ModelError, match="needs two or more outputs"):
        settled(adapt(lambda x: x[:, 0], link="softmax"), cohort())
    with pytest.raises(ModelError, match="targets names 2, but the model has 1"):
        settled(adapt(lambda x: x[:, 0], targets=["a", "b"]), cohort())
    with pytest.raises(ModelError, match="a target occurs twice"):
        settled(adapt(lambda x: x, targets=["a", "a"]), cohort())


@pytest.mark.parametrize("declared", [{}, {"link": "logit", "gives": "response"}])
def test_predicted_classes_are_called_so(declared: dict[str, Any]) -> None:
    """Of a method that gives 0 and 1 the message names the estimator and its probability."""
    model = LogisticRegression().fit(np.eye(4), [0, 0, 1, 1])
    people = Cohort(np.eye(4), pd.DataFrame({"y": [0, 0, 1, 1]}), outcome="y", unit="row")
    with pytest.raises(ModelError, match=r"only 0 and 1, as predicted classes.*predict_proba"):
        settled(adapt(model.predict, **declared), people)
    decided = settled(adapt(model.predict, link="identity"), people)
    assert set(decided.margin(np.eye(4)).ravel()) == {0.0, 1.0}


def test_codes_and_labels_of_classes_are_called_so_too() -> None:
    """Whole numbers from 0 to 3 in all of 40 rows are classes, and so is text; a score is not."""
    x = np.linspace(0, 3, 40)[:, None]
    people = pd.DataFrame({"y": np.arange(40) % 2})
    rows = Cohort(x, people, outcome="y", unit="row")
    with pytest.raises(ModelError, match=r"only 0, 1, 2 and 3, as predicted classes"):
        settled(adapt(lambda x: np.round(x[:, 0])), rows)
    with pytest.raises(ModelError, match="returned <U3, wanted numbers: of predicted"):
        settled(adapt(lambda x: np.where(x[:, 0] > 1, "yes", "no")), rows)
    settled(adapt(lambda x: np.round(x[:, 0]), gives="margin"), rows)
    settled(adapt(lambda x: x[:, 0]), rows)
