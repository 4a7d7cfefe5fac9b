"""Methods of shap: against the definition, with its generator and its spread put right."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shap
import torch
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from torch import nn
from xgboost import XGBRFClassifier

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.errors import ModelError
from evenlight.explainers.explain import explain

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 11))
CASE = (X[:, 0] + X[:, 1] * X[:, 2] > 0).astype(int)
PEOPLE = pd.DataFrame({"y": X[:, 0], "case": CASE}, [f"r{i:02d}" for i in range(30)])
COHORT = Cohort(X, PEOPLE, outcome="y", unit="row")
CASES = Cohort(X, PEOPLE, outcome="case", unit="row")
BACK = (X[:8] + X[8:16]) / 2
WEIGHT = RNG.normal(size=11)
PAIR = np.triu(RNG.normal(size=(11, 11)), 1)


def pairs(x: Float) -> Float:
    """Additive, with an interaction of every two of eleven features."""
    said: Float = x @ WEIGHT + np.einsum("ni,ij,nj->n", x, PAIR, x)
    return said


def exact(x: Float, back: Float) -> Float:
    """Shapley values of `pairs` by hand: half of each pair's moves, for every background row."""
    values: Float = WEIGHT * (x - back.mean(axis=0))
    for i, j in combinations(range(11), 2):
        for b in back:
            both, none = x[:, i] * x[:, j], b[i] * b[j]
            one, other = x[:, i] * b[j], b[i] * x[:, j]
            values[:, i] += PAIR[i, j] * (both - other + one - none) / 2 / len(back)
            values[:, j] += PAIR[i, j] * (both - one + other - none) / 2 / len(back)
    return values


def network() -> nn.Sequential:
    """A small smooth network."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(11, 6), nn.Tanh(), nn.Linear(6, 1)).eval()


def test_kernel_shap_is_exact_for_pairs_where_its_default_is_far_off() -> None:
    """Without the l1 choice of ten features the regression is right; with it, off by tenths."""
    found = explain(pairs, COHORT, method="shap.kernel", background=BACK)
    np.testing.assert_allclose(found.values, exact(X, BACK), atol=1e-4)
    usual = explain(pairs, COHORT, method="shap.kernel", background=BACK, l1_reg="num_features(10)")
    assert np.abs(usual.values - exact(X, BACK)).max() > 0.3
    assert (found.settings["l1_reg"], found.settings["complete"]) == (0, True)
    assert found.converged.all()


def test_permutation_is_exact_for_pairs() -> None:
    """Walks forth and back resolve pairs: no spread, and the hand-made values."""
    found = explain(pairs, COHORT, method="shap.permutation", background=BACK)
    np.testing.assert_allclose(found.values, exact(X, BACK), atol=1e-4)
    assert found.spread is not None
    np.testing.assert_allclose(found.spread, 0, atol=1e-5)
    assert explain(pairs, COHORT, method="shap.permutation", walks=1).spread is None
    with pytest.raises(ModelError, match="walks=0; wanted at least 1"):
        explain(pairs, COHORT, method="shap.permutation", walks=0)


@pytest.mark.parametrize(
    "model",
    [GradientBoostingClassifier(n_estimators=9), RandomForestClassifier(9, random_state=0)],
)
def test_trees_of_shap_equal_ours(model: Any) -> None:
    """The same values, on the same scale, from two readers of the same trees."""
    model.fit(X, CASE)
    found = explain(model, CASES, method="shap.tree", background=BACK)
    ours = explain(model, CASES, method="trees", background=BACK)
    np.testing.assert_allclose(found.values, ours.values, atol=1e-6)
    assert (found.scale, found.settings["rounded_to_float32"]) == (ours.scale, True)


def test_trees_that_shap_does_not_read_are_refused() -> None:
    """What shap says is passed on, and "trees" is offered; a linear model has none."""
    model = XGBRFClassifier(n_estimators=5).fit(X, CASE)
    with pytest.raises(ModelError, match=r'not yet supported\. Say method="trees"'):
        explain(model, CASES, method="shap.tree", background=BACK)
    with pytest.raises(ModelError, match="is no ensemble of trees"):
        explain(pairs, COHORT, method="shap.tree")


def test_the_spread_of_gradients_is_their_standard_error() -> None:
    """Over 60 seeds the values scatter as the spread says; shap's own figure is larger by far."""
    few = COHORT.take(np.arange(16))
    asked: dict[str, Any] = {"method": "shap.gradient", "background": BACK}
    every = [explain(network(), few, seed=s, samples=50, **asked) for s in range(60)]
    seen = np.std([one.values for one in every], axis=0, ddof=1)
    said = np.mean([one.spread for one in every], axis=0)
    assert 0.9 < np.median(seen / said) < 1.1
    truth = explain(network(), few, method="ig", baseline=BACK).values
    far = np.abs(every[0].values - truth) / every[0].spread
    assert np.mean(far < 2) > 0.9
    assert every[0].settings["complete"] is False
    made = shap.GradientExplainer(network(), torch.tensor(BACK, dtype=torch.float32))
    x = torch.tensor(X[:16], dtype=torch.float32)
    variance = np.asarray(made.shap_values(x, nsamples=50, rseed=0, return_variances=True)[1])
    assert np.median(np.sqrt(variance).reshape(16, 11) / seen) > 2


def test_a_network_in_double_precision_is_taken() -> None:
    """Shap hands over float32; the network gets its own precision."""
    found = explain(network().double(), COHORT, method="shap.gradient", samples=20)
    assert np.isfinite(found.values).all()


@pytest.mark.parametrize("method", ["shap.kernel", "shap.permutation", "shap.gradient"])
def test_the_global_generator_is_left_alone(method: str) -> None:
    """Numpy's global generator goes on as if nothing was drawn, also when the model fails."""
    model: Any = network() if method == "shap.gradient" else triple
    np.random.seed(1)  # noqa: NPY002  the user's generator is what is protected
    wanted = np.random.rand(3)  # noqa: NPY002  as above
    np.random.seed(1)  # noqa: NPY002  as above
    explain(model, COHORT, method=method, background=BACK)
    calls = []

    def fails(x: Float) -> Float:
        calls.append(1)
        if len(calls) > 14:
            raise RuntimeError("broken")
        return triple(x)

    if method != "shap.gradient":
        with pytest.raises(RuntimeError, match="broken"):
            explain(fails, COHORT, method=method, background=BACK)
    np.testing.assert_array_equal(np.random.rand(3), wanted)  # noqa: NPY002  as above


def triple(x: Float) -> Float:
    """An interaction of three, which draws matter for."""
    said: Float = x[:, 0] * x[:, 1] * x[:, 2] + x[:, 3]
    return said


@pytest.mark.parametrize("method", ["shap.kernel", "shap.permutation", "shap.gradient"])
def test_draws_belong_to_the_row_and_the_seed(method: str) -> None:
    """Rows in another order or fewer of them have the same values; another seed, others."""
    model: Any = network() if method == "shap.gradient" else triple
    asked: dict[str, Any] = {"method": method, "background": BACK}
    asked |= {"samples": 60} if method == "shap.kernel" else {}
    first = explain(model, COHORT, **asked)
    some = np.random.default_rng(2).permutation(16)
    again = explain(model, COHORT.take(some), **asked)
    np.testing.assert_allclose(again.values, first.values[some], atol=1e-6)
    assert not np.allclose(explain(model, COHORT, seed=1, **asked).values, first.values, atol=1e-6)


def test_too_many_features_are_refused() -> None:
    """5,000 features take too many calls, and cheaper methods are named."""
    wide = Cohort(np.zeros((4, 5000)) + np.arange(4.0)[:, None], PEOPLE.iloc[:4], unit="row")
    for method in ("shap.kernel", "shap.permutation"):
        with pytest.raises(ModelError, match="5000 features take too many model calls"):
            explain(lambda x: x.sum(axis=1), wide, method=method)


def test_images_keep_their_shape() -> None:
    """Pixels are features, and come back as an image."""
    x = RNG.normal(size=(4, 1, 2, 2))
    found = explain(
        lambda v: v.sum(axis=(1, 2, 3)), Cohort(x, PEOPLE.iloc[:4], unit="row"),
        method="shap.permutation",
    )  # fmt: skip
    assert found.values.shape == (4, 1, 2, 2)
