"""Wrong numbers that users of shap, captum and alibi reported, and that could happen here.

The issue numbers are those of these libraries. Each is an error here, or the right answer.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
import xgboost
from sklearn.ensemble import HistGradientBoostingRegressor
from torch import nn

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.errors import ModelError
from evenlight.explainers.explain import explain
from tests.wrong_world import (
    BACK,
    COHORT,
    COMPLETE,
    EVERY,
    GRADIENTS,
    PEOPLE,
    RNG,
    X,
    explained,
    network,
)


def integral(module: nn.Module, x: Float) -> Float:
    """Integrated gradients from the background's mean by 4,000 midpoints, in float64."""
    exact, start = module.double().eval(), torch.tensor(BACK.mean(axis=0))
    nodes = (torch.arange(4000, dtype=torch.float64)[:, None] + 0.5) / 4000
    values = []
    for row in torch.tensor(x):
        points = (start + nodes * (row - start)).requires_grad_()
        (slopes,) = torch.autograd.grad(exact(points).sum(), points)
        values.append((slopes.mean(dim=0) * (row - start)).numpy())
    module.float()
    return np.array(values)


# What was reported.


@pytest.mark.parametrize("method", COMPLETE)
def test_activations_that_follow_each_other(method: str) -> None:
    """Captum 1082, 1104: a stale gradient there; DeepLIFT names it, other methods are right."""
    module = network(nn.ReLU(), nn.Tanh())
    if method == "captum.deeplift":
        with pytest.raises(ModelError, match=r"Tanh \(2\) follows ReLU \(1\) with nothing between"):
            explained(module, method)
        return
    np.testing.assert_allclose(explained(module, method).error, 0, atol=0.01)


@pytest.mark.parametrize("method", EVERY)
def test_an_in_place_relu(method: str) -> None:
    """Captum 156: a ReLU that overwrites its input gives what one gives that does not."""
    found = explained(network(nn.ReLU(inplace=True)), method)
    np.testing.assert_allclose(found.values, explained(network(), method).values, atol=1e-5)


def test_more_steps_need_not_be_better() -> None:
    """Captum 1334: a row counts as right only where it is, against 4,000 nodes in float64."""
    module = network(nn.ReLU(), nn.Linear(6, 6), nn.ReLU())
    found = explain(module, COHORT, method="ig", background=BACK, baseline="mean")
    assert found.converged.all()
    exact = integral(module, X)
    off = np.abs(found.values - exact).sum(axis=1)
    assert (off <= 0.02 * np.maximum(np.abs(exact).sum(axis=1), 0.05)).all()


@pytest.mark.parametrize("method", ["ig", "captum.ig"])
def test_memory_does_not_grow_with_steps(method: str) -> None:
    """Captum 245, 538: eight times the nodes, and no more points go through the network at once."""
    most = []
    for steps in (64, 512):
        module, seen = network(nn.Tanh()), [0]
        module[1].register_forward_hook(lambda _, x, out, seen=seen: seen.append(len(x[0])))
        explained(module, method, steps=steps)
        most.append(max(seen))
    assert most[1] <= max(2 * most[0], 1024)


@pytest.mark.parametrize("method", COMPLETE)
def test_additivity_is_checked_in_every_row(method: str) -> None:
    """Shap 2785, 3263, 3363, 3476, 3725, 3735, 3938: the residual is kept, and none is large."""
    found = explained(network(nn.Tanh(), nn.Linear(6, 6), nn.Sigmoid()), method)
    np.testing.assert_allclose(found.total() + found.error, found.output, atol=1e-9)
    assert np.abs(found.error).max() < 1e-4
    assert found.converged.all()


@pytest.mark.parametrize("method", ["trees", "shap.tree"])
def test_interventional_values_of_xgboost_add_up(method: str) -> None:
    """Shap 1151, 1378, 1744: on the margin, with a base score that is not 0, over a background."""
    model = xgboost.XGBClassifier(n_estimators=20, base_score=0.2).fit(X, X[:, 0] > 0.3)
    cohort = Cohort(X, PEOPLE.assign(y=(X[:, 0] > 0.3).astype(int)), outcome="y", unit="row")
    found = explained(model, method, cohort)
    np.testing.assert_allclose(found.total(), model.predict(X, output_margin=True), atol=1e-4)
    margin = model.predict(BACK.astype(np.float32), output_margin=True)
    np.testing.assert_allclose(found.base, margin.mean(), atol=1e-6)


def test_thresholds_in_double_precision() -> None:
    """Shap 5116: values a hair apart are told apart; the back end refuses what it cannot read."""
    x = 1 + 1e-9 * RNG.integers(0, 50, size=(200, 2)).astype(float)
    y = 1e9 * (x[:, 0] - 1)
    people = pd.DataFrame({"y": y}, [f"r{i:03d}" for i in range(200)])
    cohort = Cohort(x, people, outcome="y", unit="row")
    model = HistGradientBoostingRegressor(max_iter=20).fit(x, y)
    found = explain(model, cohort, method="trees")
    np.testing.assert_allclose(found.total(), model.predict(x), atol=1e-4)
    with pytest.raises(ValueError, match='say method="trees"'):
        explain(model, cohort, method="shap.tree")


@pytest.mark.parametrize("method", EVERY)
def test_weights_of_zero(method: str) -> None:
    """Shap 152: a network of zeros has attributions of 0, and a dead unit gives no NaN."""
    module = network()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
    assert not explained(module, method).values.any()
    dead = network()
    with torch.no_grad():
        dead.get_parameter("0.weight")[0], dead.get_parameter("0.bias")[0] = 0, -1
    assert np.isfinite(explained(dead, method).values).all()


@pytest.mark.parametrize("method", EVERY)
def test_an_input_that_is_not_used(method: str) -> None:
    """Shap 1649: a column that the network does not see has attribution 0 in every row."""
    module = network(nn.Tanh())
    with torch.no_grad():
        module.get_parameter("0.weight")[:, 3] = 0
    found = explained(module, method)
    np.testing.assert_allclose(found.values[:, 3], 0, atol=1e-6)
    assert np.abs(found.values[:, :3]).max(axis=0).min() > 1e-3


@pytest.mark.parametrize("method", EVERY)
def test_fewer_rows_than_a_batch(method: str) -> None:
    """Alibi 441: two rows alone have the values that they have among all."""
    module = network(nn.Tanh())
    whole = explained(module, method)
    two = COHORT.take(np.array([3, 20]))
    start = {"baseline": BACK.mean(axis=0)} if method in (*GRADIENTS, "captum.occlusion") else {}
    with pytest.warns(UserWarning, match="outside the range of the data"):
        alone = explained(module, method, two, **start)
    np.testing.assert_allclose(alone.values, whole.values[[3, 20]], atol=1e-5)
