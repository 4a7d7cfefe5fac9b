"""The closed form of linear models, and the plain slow truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evenlight.arrays import Float
from evenlight.data.coefficients import CoefficientTable
from evenlight.data.cohort import Cohort
from evenlight.errors import ModelError
from evenlight.explainers.explain import explain

X = np.random.default_rng(0).normal(size=(20, 3))
PEOPLE = pd.DataFrame({"y": X[:, 0]}, index=[f"r{i:02d}" for i in range(20)])
COHORT = Cohort(X, PEOPLE, list("abc"), outcome="y")
START = np.random.default_rng(1).normal(size=(6, 3))
TABLE = CoefficientTable("dose", 5.0, {"a": 2.0, "b": -1.0, "c": 0.5}, link="square")


def test_linear_attributions_are_the_closed_form() -> None:
    """w_j (x_j - mean_j), written out with loops, on the margin and exact."""
    found = explain(TABLE, COHORT, background=START)
    weights = list(TABLE.weights.values())
    slow = [
        [w * (v - sum(START[:, j]) / 6) for j, (w, v) in enumerate(zip(weights, row, strict=True))]
        for row in X
    ]
    np.testing.assert_allclose(found.values, slow, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found.error, 0, atol=1e-5)
    assert (found.method, found.scale) == ("linear", "margin")
    assert found.converged.all()


@pytest.mark.parametrize("method", ["shapley", "occlusion"])
def test_other_explainers_agree_on_a_linear_margin(method: str) -> None:
    """Shapley values and occlusion equal the closed form where nothing interacts."""
    exact = explain(TABLE, COHORT, method="linear", background=START)
    found = explain(TABLE, COHORT, method=method, background=START)
    np.testing.assert_allclose(found.values, exact.values, atol=1e-5)
    np.testing.assert_allclose(found.base, exact.base)


def test_occlusion_is_its_definition() -> None:
    """f(x) minus the mean over background rows of f with one feature replaced."""

    def model(x: Float) -> Float:
        said: Float = x[:, 0] * x[:, 1] + x[:, 2] ** 2
        return said

    found = explain(model, COHORT, method="occlusion", background=START)
    for i in range(3):
        for j in range(3):
            outputs = []
            for row in START:
                changed = X[i].copy()
                changed[j] = row[j]
                outputs.append(changed[0] * changed[1] + changed[2] ** 2)
            wanted = model(X[i : i + 1])[0] - sum(outputs) / len(outputs)
            assert found.values[i, j] == pytest.approx(wanted, abs=1e-5)


def test_occlusion_promises_no_completeness_but_records_the_residual() -> None:
    """With an interaction the residual is large, said in the settings, and no row is marked."""
    found = explain(lambda x: x[:, 0] * x[:, 1], COHORT, method="occlusion", background=START)
    assert found.settings["complete"] is False
    assert found.converged.all()
    assert np.abs(found.error).max() > 0.1
    np.testing.assert_allclose(found.total() + found.error, found.output, atol=1e-9)


def test_a_model_without_weights_is_refused() -> None:
    """The closed form needs weights, and the message names what to use."""
    with pytest.raises(ModelError, match=r'shows no weights .* say method="shapley"'):
        explain(lambda x: x[:, 0], COHORT, method="linear")
