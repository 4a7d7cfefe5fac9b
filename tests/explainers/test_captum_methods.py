"""Methods of captum: against literal formulas, and refused where they would be wrong."""

from __future__ import annotations

import warnings
from copy import deepcopy
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from captum.attr import DeepLift
from torch import Tensor, nn

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.errors import AttributionError, EvenlightWarning, ModelError
from evenlight.explainers.explain import explain
from evenlight.models.adapt import adapt

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 4))
PEOPLE = pd.DataFrame(
    {"y": X[:, 0], "kind": np.tile(["u", "v", "w", "u"], 10)}, [f"r{i:02d}" for i in range(40)]
)
COHORT = Cohort(X, PEOPLE, list("abcd"), outcome="y", unit="row")
KINDS = Cohort(X, PEOPLE, list("abcd"), outcome="kind", unit="row")
PICTURES = RNG.normal(size=(12, 2, 8, 8))
IMAGES = Cohort(PICTURES, PEOPLE.iloc[:12], outcome="y", unit="row")
START = np.full(4, 0.25)
CAPTUM = ("captum.ig", "captum.deeplift", "captum.gradient_shap", "captum.occlusion")


def network(activation: nn.Module, outputs: int = 1) -> nn.Sequential:
    """A small network."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 6), activation, nn.Linear(6, outputs)).eval()


def said(module: nn.Module, x: Float) -> Float:
    """The first output of a network, (n,)."""
    with torch.no_grad():
        out = module(torch.tensor(x, dtype=torch.float32))
    first: Float = out[:, 0].double().numpy()
    return first


def picture_network(pool: nn.Module) -> nn.Sequential:
    """A small convolutional network."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(2, 3, 3), nn.ReLU(), pool, nn.Flatten(), nn.Linear(27, 1)
    ).eval()  # fmt: skip


def test_integrated_gradients_equal_our_own_and_their_formula() -> None:
    """With a smooth network the sum over 64 midpoints, written out, and "ig" agree."""
    module = network(nn.Tanh())
    found = explain(module, COHORT, method="captum.ig", baseline=START)
    slow = np.zeros_like(X)
    for k in range(64):
        point = torch.tensor(START + (k + 0.5) / 64 * (X - START), dtype=torch.float32)
        point.requires_grad_()
        (slope,) = torch.autograd.grad(module(point).sum(), point)
        slow += slope.double().numpy() / 64 * (X - START)
    np.testing.assert_allclose(found.values, slow, atol=1e-4)
    own = explain(module, COHORT, method="ig", baseline=START)
    np.testing.assert_allclose(found.values, own.values, atol=1e-5)
    assert found.settings["rule"] == "gausslegendre"
    assert found.converged.all()


def test_the_rule_whose_weights_do_not_add_up_is_not_offered() -> None:
    """riemann_trapezoid cannot be asked for."""
    with pytest.raises(AttributionError, match="no option 'rule'; it takes baseline, steps"):
        explain(network(nn.Tanh()), COHORT, method="captum.ig", rule="riemann_trapezoid")


def test_too_few_steps_are_warned_of_and_rows_are_marked() -> None:
    """Two nodes miss a network with ReLU in many rows: they are marked, with the residual."""
    with pytest.warns(EvenlightWarning, match=r"of rows miss completeness .* raise steps="):
        found = explain(network(nn.ReLU()), COHORT, method="captum.ig", steps=2)
    assert 0.05 < (~found.converged).mean() < 1
    np.testing.assert_allclose(found.total() + found.error, found.output, atol=1e-9)


@pytest.mark.parametrize("activation", [nn.ReLU(), nn.ReLU(inplace=True), nn.Tanh()])
def test_deeplift_equals_the_rescale_rule(activation: nn.Module) -> None:
    """With one hidden layer: each unit's share is the slope between baseline and row."""
    module = network(activation)
    found = explain(module, COHORT, method="captum.deeplift", baseline=START)
    held = [module.get_parameter(name).detach() for name in ("0.weight", "0.bias", "2.weight")]
    enter, bias, leave = (one.double().numpy() for one in held)
    z, z0 = X @ enter.T + bias, START @ enter.T + bias
    bend = np.tanh if isinstance(activation, nn.Tanh) else lambda v: np.maximum(v, 0)
    slope = (bend(z) - bend(z0)) / (z - z0)
    slow = (slope * leave) @ enter * (X - START)
    np.testing.assert_allclose(found.values, slow, atol=1e-5)
    np.testing.assert_allclose(found.error, 0, atol=1e-6)


class Wrapped(nn.Module):
    """Two linear maps with something in between."""

    def __init__(self, between: Any) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.one, self.two, self.relu = nn.Linear(4, 6), nn.Linear(6, 6), nn.ReLU()
        self.bend = nn.Tanh()
        self.norm, self.last, self.between = nn.LayerNorm(6), nn.Linear(6, 1), between

    def forward(self, x: Tensor) -> Tensor:
        """The output (n, 1)."""
        out: Tensor = self.last(self.between(self, self.one(x)))
        return out


class Bent(nn.ReLU):
    """A subclass of ReLU, for which captum has no rule."""


WRONG = {
    "relu is called as a function in the network": lambda net, z: F.relu(z),
    "relu_ is called as a function in the network": lambda net, z: z.relu_(),
    "gelu is called as a function in the network": lambda net, z: F.gelu(z),
    r"ReLU \(relu\) is used 2 times": lambda net, z: net.relu(net.two(net.relu(z))),
    r"Tanh \(bend\) follows ReLU \(relu\) with nothing": lambda net, z: net.bend(net.relu(z)),
    r"what Tanh \(bend\) takes is used elsewhere": lambda net, z: z + net.bend(z),
    "mul is called as a function": lambda net, z: z * torch.ones(6) * net.two(z),
    "__rdiv__ is called as a function": lambda net, z: 1 / (5 + z),
    "layer_norm is called as a function in norm": lambda net, z: net.norm(z),
    "gt is called as a function in the network": lambda net, z: torch.where(z > 0, z, 0 * z),
    "softmax is called as a function": lambda net, z: torch.softmax(z, 1) * 6,
}


@pytest.mark.parametrize("why", WRONG)
def test_what_deeplift_does_not_see_is_refused(why: str) -> None:
    """The operation and its place are named, and other methods are offered."""
    with pytest.raises(ModelError, match=f'{why}.*say method="ig", or method="shapley"'):
        explain(Wrapped(WRONG[why]), COHORT, method="captum.deeplift")


def test_a_subclass_of_an_activation_is_refused() -> None:
    """Captum has a rule for nn.ReLU and none for what is derived from it."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(4, 6), Bent(), nn.Linear(6, 1))
    with pytest.raises(ModelError, match="relu is called as a function in 1"):
        explain(module, COHORT, method="captum.deeplift")


def test_affine_operations_are_let_through() -> None:
    """Residual sums, means, scaling by constants, batch norm, dropout and reshapes are seen."""

    class Net(nn.Module):
        """Affine but for two modules."""

        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.one, self.norm, self.relu = nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU()
            self.two, self.bend, self.last = nn.Linear(6, 6), nn.Tanh(), nn.Linear(12, 1)

        def forward(self, x: Tensor) -> Tensor:
            """A residual network."""
            z = F.dropout(self.relu(self.norm(self.one(x))), training=self.training)
            z = z + 0.5 * self.two(z).reshape(-1, 6)[:, :6]
            z -= z.mean(dim=1, keepdim=True) / 2
            out: Tensor = self.last(torch.cat([self.bend(-z), z], dim=1))
            return out.flatten()

    found = explain(Net(), COHORT, method="captum.deeplift")
    np.testing.assert_allclose(found.error, 0, atol=1e-5)


def test_margins_that_are_not_linear_in_the_outputs_are_refused() -> None:
    """Three classes, or a declared probability, bend after the last layer; two classes do not."""
    with pytest.raises(ModelError, match=r"no linear function of the outputs \(link softmax\)"):
        explain(network(nn.ReLU(), 3), KINDS, method="captum.deeplift", target=1)
    chance = adapt(nn.Sequential(network(nn.ReLU()), nn.Sigmoid()), link="logit", gives="response")
    with pytest.raises(ModelError, match=r"no linear function of the outputs \(link logit\)"):
        explain(chance, COHORT, method="captum.deeplift")
    two = adapt(network(nn.ReLU(), 2), link="softmax")
    found = explain(two, COHORT, method="captum.deeplift", target=1)
    np.testing.assert_allclose(found.error, 0, atol=1e-5)


def test_pooling_by_maximum_is_refused_right_behind_an_activation() -> None:
    """Captum takes a stale gradient there, off by half; with a layer between it is right."""
    pooled = picture_network(nn.MaxPool2d(2))
    with pytest.raises(ModelError, match=r"MaxPool2d \(2\) follows ReLU \(1\)"):
        explain(pooled, IMAGES, method="captum.deeplift")
    x = torch.tensor(PICTURES, dtype=torch.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = DeepLift(deepcopy(pooled)).attribute(x[1:], x[:1])
    moved = said(pooled, PICTURES)[1:] - said(pooled, PICTURES[:1])
    off = theirs.sum(dim=(1, 2, 3)).detach().numpy() - moved
    assert np.abs(off).max() > 0.5 * np.abs(moved).max()
    pooled[1] = nn.Conv2d(3, 3, 1)
    found = explain(pooled, IMAGES, method="captum.deeplift")
    np.testing.assert_allclose(found.error, 0, atol=1e-5)


def test_gradient_shap_is_within_its_spread_of_expected_gradients() -> None:
    """Against "ig" over all background rows, the error is within a few standard errors."""
    module = network(nn.Tanh())
    exact = explain(module, COHORT, method="ig", baseline="rows")
    found = explain(module, COHORT, method="captum.gradient_shap", samples=800)
    assert found.spread is not None
    off = np.abs(found.values - exact.values) / found.spread
    assert np.mean(off < 2.4) > 0.9  # t with 7 degrees of freedom: 95 %
    assert np.mean(off) > 0.5
    assert found.settings["complete"] is False
    np.testing.assert_allclose(found.base, exact.base, atol=1e-6)
    with pytest.raises(AttributionError, match="samples=8; wanted at least 16"):
        explain(module, COHORT, method="captum.gradient_shap", samples=8)


def test_draws_belong_to_the_row_and_the_seed() -> None:
    """Rows alone or shuffled have the same bytes, another seed others; numpy's draws go on."""
    module, some = network(nn.Tanh()), np.array([7, 3, 30])
    back = X[:9]
    asked: dict[str, Any] = {"method": "captum.gradient_shap", "background": back}
    np.random.seed(5)  # noqa: NPY002  the user's generator is what is protected
    wanted = np.random.rand(3)  # noqa: NPY002  as above
    np.random.seed(5)  # noqa: NPY002  as above
    first = explain(module, COHORT, **asked)
    np.testing.assert_array_equal(np.random.rand(3), wanted)  # noqa: NPY002  as above
    with pytest.warns(EvenlightWarning, match="outside the range"):
        again = explain(module, COHORT.take(some), **asked)
    np.testing.assert_array_equal(again.values, first.values[some])
    assert not np.array_equal(explain(module, COHORT, seed=1, **asked).values, first.values)


def test_occlusion_of_a_table_is_its_definition() -> None:
    """One feature at a time is set to the baseline."""
    module = network(nn.Tanh())
    found = explain(module, COHORT, method="captum.occlusion", baseline=START)
    for j in range(4):
        covered = X.copy()
        covered[:, j] = START[j]
        wanted = said(module, X) - said(module, covered)
        np.testing.assert_allclose(found.values[:, j], wanted, atol=1e-6)
    assert (found.settings["complete"], found.settings["window"]) == (False, [1])
    assert found.converged.all()


def test_occlusion_of_an_image_covers_windows() -> None:
    """Squares of 4 through both channels; where two overlap, the mean of both."""
    module, start = picture_network(nn.AvgPool2d(2)), np.zeros((2, 8, 8))
    found = explain(
        module, IMAGES, method="captum.occlusion", baseline=start, window=(2, 4, 4),
        stride=(2, 4, 2),
    )  # fmt: skip

    def lost(left: int) -> Float:
        covered = PICTURES.copy()
        covered[:, :, :4, left : left + 4] = 0
        return said(module, PICTURES) - said(module, covered)

    np.testing.assert_allclose(found.values[:, 0, 0, 0], lost(0), atol=1e-5)
    np.testing.assert_allclose(found.values[:, 1, 3, 3], (lost(0) + lost(2)) / 2, atol=1e-5)
    assert found.values.shape == PICTURES.shape
    small = explain(module, IMAGES, method="captum.occlusion", baseline=start)
    assert small.settings["window"] == [2, 1, 1]


@pytest.mark.parametrize("own", [{"window": (9,)}, {"window": (1, 1)}, {"stride": (0,)}])
def test_a_window_that_does_not_fit_is_refused(own: dict[str, Any]) -> None:
    """One number from 1 to the length of each axis."""
    with pytest.raises(AttributionError, match=r"wanted one number from 1 to each of \(4,\)"):
        explain(network(nn.Tanh()), COHORT, method="captum.occlusion", **own)


def test_gradcam_is_its_definition_enlarged() -> None:
    """The layer's channels, weighted by their mean gradient, at the layer's own size."""
    module = picture_network(nn.AvgPool2d(2))
    held: list[Tensor] = []
    x = torch.tensor(PICTURES, dtype=torch.float32, requires_grad=True)
    held.append(module[0](x))
    held[0].retain_grad()
    module[1:](held[0]).sum().backward()
    assert held[0].grad is not None
    weight = held[0].grad.mean(dim=(2, 3), keepdim=True)
    small = (weight * held[0]).sum(dim=1, keepdim=True).detach()
    large = F.interpolate(small, (8, 8), mode="bilinear").expand(-1, 2, -1, -1).numpy() / 2
    found = explain(module, IMAGES, method="captum.gradcam", layer="0")
    np.testing.assert_allclose(found.values, large, atol=1e-6)
    assert found.settings["complete"] is False
    positive = explain(module, IMAGES, method="captum.gradcam", layer="0", positive=True)
    assert positive.values.min() >= 0
    assert found.values.min() < 0


def test_a_layer_that_gives_no_map_is_refused() -> None:
    """A missing name lists convolutions, a flat layer is told from a map."""
    module = picture_network(nn.AvgPool2d(2))
    with pytest.raises(ModelError, match="looks at one layer; name one with layer=, such as 0"):
        explain(module, IMAGES, method="captum.gradcam")
    with pytest.raises(ModelError, match=r"layer '4' gives .* no map of"):
        explain(module, IMAGES, method="captum.gradcam", layer="4")


@pytest.mark.parametrize("method", [*CAPTUM, "captum.gradcam", "shap.gradient", "shap.kernel"])
def test_the_network_is_handed_back(method: str) -> None:
    """Mode, gradients, hooks, attributes and generators, also after an interrupt."""
    pictures = method == "captum.gradcam"
    module = picture_network(nn.AvgPool2d(2)) if pictures else network(nn.ReLU())
    calls, last = [], [10**9]

    def stop(*_: object) -> None:
        calls.append(1)
        if len(calls) == last[0]:
            raise KeyboardInterrupt

    module[-1].register_forward_hook(stop)
    module.train()
    next(module.parameters()).requires_grad_(False)
    for parameter in module[-1].parameters():
        parameter.grad = torch.ones_like(parameter)
    before = state(module)
    asked: dict[str, Any] = {"layer": "0"} if pictures else {}
    cohort = (IMAGES if pictures else COHORT).take(np.arange(12))
    asked |= {"steps": 200} if method == "captum.ig" else {}
    explain(module, cohort, method=method, **asked)
    assert state(module) == before
    last[0] = len(calls) - 1
    calls.clear()
    with pytest.raises(KeyboardInterrupt):
        explain(module, cohort, method=method, **asked)
    assert state(module) == before


def state(module: nn.Module) -> list[Any]:
    """What must not change: also the attributes that captum's hooks set."""
    hooks = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return [
        [part.training for part in module.modules()],
        [(p.requires_grad, p.grad is None) for p in module.parameters()],
        [len(getattr(part, name)) for part in module.modules() for name in hooks],
        [sorted(part.__dict__) for part in module.modules()],
        torch.get_rng_state().tolist(),
        np.random.get_state()[1].tolist(),  # type: ignore[index]  # noqa: NPY002  what is protected
    ]


@pytest.mark.parametrize("method", [*CAPTUM, "captum.gradcam", "shap.gradient"])
def test_a_model_without_gradients_is_told_what_to_use(method: str) -> None:
    """A function is no torch network."""
    with pytest.raises(ModelError, match=r'is no torch network; say method="shapley"'):
        explain(lambda x: x[:, 0], COHORT, method=method)
