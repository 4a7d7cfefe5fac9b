"""The table of explainers: each conforms and is loaded late; the verb picks a suitable one."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier
from sklearn.tree import DecisionTreeRegressor
from torch import nn

from evenlight.data.attributions import Attributions
from evenlight.data.coefficients import CoefficientTable
from evenlight.data.cohort import Cohort
from evenlight.explainers import EXPLAINERS, load
from evenlight.explainers.background import Reference
from evenlight.explainers.explain import explain

X = np.random.default_rng(0).normal(size=(40, 3))
PEOPLE = pd.DataFrame(
    {"y": X[:, 0], "case": (X[:, 0] > 0).astype(int), "sex": np.tile(["f", "m"], 20)},
    index=[f"r{i:02d}" for i in range(40)],
)
COHORT = Cohort(X, PEOPLE, list("abc"), outcome="y", groups=["sex"])
TABLE = CoefficientTable("dose", 5.0, {"a": 2.0, "b": -1.0, "c": 0.5})


def linear_network() -> nn.Linear:
    """The table as a network."""
    module = nn.Linear(3, 1)
    with torch.no_grad():
        module.weight.copy_(torch.tensor([[2.0, -1.0, 0.5]]))
        module.bias.fill_(5.0)
    return module


NETWORKS = ("ig", "smoothgrad", "shap.gradient", "captum")
TREES = ("trees", "shap.tree")
DRAWN = ("captum.gradient_shap", "shap.gradient")
MAPS = ("captum.gradcam",)
"""Tested on images alone, in test_captum_methods.py."""


@pytest.mark.parametrize("name", sorted(set(EXPLAINERS) - set(TREES) - set(MAPS)))
def test_every_explainer_conforms(name: str) -> None:
    """Each gives the right answer for a linear model, and fills every field of the record."""
    model = linear_network() if name.startswith(NETWORKS) else TABLE
    found = explain(model, COHORT, method=name, seed=2)
    exact = explain(TABLE, COHORT, method="linear", seed=2)
    close = 1.0 if name in DRAWN else 1e-4
    np.testing.assert_allclose(found.values, exact.values, atol=close)
    np.testing.assert_allclose(found.base, exact.base, atol=1e-5)
    _conforms(found, name)
    assert found.background == exact.background


@pytest.mark.parametrize("name", TREES)
def test_every_explainer_of_trees_conforms(name: str) -> None:
    """Each gives what all coalitions give."""
    trees = GradientBoostingRegressor(n_estimators=8, random_state=0).fit(X, PEOPLE["y"])
    found = explain(trees, COHORT, method=name, seed=2)
    exact = explain(trees, COHORT, method="shapley", exact=True, seed=2)
    np.testing.assert_allclose(found.values, exact.values, atol=1e-5)
    _conforms(found, name)


def _conforms(found: Attributions, name: str) -> None:
    np.testing.assert_array_equal(found.rows, COHORT.rows)
    assert (found.method, found.scale, found.settings["seed"]) == (name, "margin", 2)
    assert isinstance(found.settings["complete"], bool)
    assert {"device", "checked", "notes", "link"} <= set(found.settings)
    assert found.cohort_digest == COHORT.digest
    assert found.values.dtype == np.float32


@pytest.mark.parametrize(
    ("model", "method"),
    [
        (TABLE, "linear"),
        (linear_network(), "ig"),
        (DecisionTreeRegressor(max_depth=3).fit(X, X[:, 0]), "trees"),
        (lambda x: x[:, 0], "shapley"),
    ],
)
def test_auto_picks_what_suits_the_model(model: object, method: str) -> None:
    """Weights: closed form; torch: integrated gradients; trees by themselves; else Shapley."""
    assert explain(model, COHORT).method == method


def test_a_forest_is_explained_on_the_probability_scale() -> None:
    """The scale is recorded, and values add up to the probability."""
    forest = RandomForestClassifier(5, random_state=0).fit(X, PEOPLE["case"])
    cohort = Cohort(X, PEOPLE, list("abc"), outcome="case", groups=["sex"])
    found = explain(forest, cohort)
    assert found.scale == "probability"
    np.testing.assert_allclose(found.total(), forest.predict_proba(X)[:, 1], atol=1e-5)


def test_a_function_is_accepted_wherever_a_name_is() -> None:
    """A callable gets the drawn background, its own generator and the options."""
    seen: dict[str, Any] = {}

    def mine(model: object, cohort: Cohort, **given: Any) -> Attributions:
        seen.update(given)
        given.pop("depth")
        found: Attributions = load("linear")(model, cohort, **given)
        return found

    found = explain(TABLE, COHORT, method=mine, depth=3)
    assert seen["depth"] == 3
    assert isinstance(seen["background"], Reference)
    assert isinstance(seen["rng"], np.random.Generator)
    np.testing.assert_array_equal(found.values, explain(TABLE, COHORT).values)


def test_an_unknown_name_lists_what_exists() -> None:
    """The message names every explainer."""
    with pytest.raises(
        LookupError, match=r"no explainer 'lrp'; known: auto, captum\.deeplift, .*, ig, linear"
    ):
        explain(TABLE, COHORT, method="lrp")


def test_the_table_of_explainers_loads_nothing_heavy() -> None:
    """Importing the room leaves torch, captum, shap and sklearn out; loading ig brings torch in."""
    code = (
        "import sys, evenlight.explainers as e\n"
        "heavy = {'torch', 'captum', 'shap', 'sklearn'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        "e.load('ig')\n"
        "assert 'torch' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
