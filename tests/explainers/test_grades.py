"""The same numbers again: which explainers give the same bits, in whatever order the rows come."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from torch import nn

import evenlight as ev
from evenlight.explainers import EXPLAINERS, UNORDERED
from evenlight.provenance import grade

N, P = 40, 6
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, P))
Y = (X[:, 0] + X[:, 1] * X[:, 2] > 0).astype(int)
COHORT = ev.Cohort(X, pd.DataFrame({"sex": ["f", "m"] * (N // 2)}), list("abcdef"), groups=["sex"])
MIXED = RNG.permutation(N)
IMAGES = "captum.gradcam"
"""Looks at a layer of an image network, and is not asked here."""


def model_for(name: str) -> Any:
    """A model that the explainer takes."""
    if name == "linear":
        return LogisticRegression().fit(X, Y)
    if name in ("trees", "shap.tree"):
        return GradientBoostingClassifier(n_estimators=5, random_state=0).fit(X, Y)
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(P, 16), nn.ReLU(), nn.Linear(16, 1)).eval()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", [name for name in EXPLAINERS if name != IMAGES])
def test_each_explainer_keeps_its_grade(name: str) -> None:
    """D0 are the same bits twice and in another order of rows, D1 to 1e-6 of the largest."""
    model = model_for(name)
    one, two = (ev.explain(model, COHORT, method=name).values for _ in range(2))
    assert one.tobytes() == two.tobytes()
    again = ev.explain(model, COHORT.take(MIXED), method=name)
    if grade(again) == "D0":
        assert again.values.tobytes() == one[MIXED].tobytes()
    np.testing.assert_allclose(again.values, one[MIXED], atol=1e-6 * float(np.abs(one).max()))
    assert (grade(again) == "D1") == (name in UNORDERED)


def test_a_grade_that_nobody_measured_is_not_known() -> None:
    """A function of one's own has none; one that ran out of memory keeps that of its settings."""
    own = SimpleNamespace(method="mine", settings={})
    assert grade(own) == "not known"  # type: ignore[arg-type]
    halved = SimpleNamespace(method="ig", settings={"grade": "D1"})
    assert grade(halved) == "D1"  # type: ignore[arg-type]
