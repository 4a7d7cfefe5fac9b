"""Integrated gradients: against a literal loop, laws, planted truth, and what must fail."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from evenlight.arrays import Float
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features, Indicators
from evenlight.errors import AttributionError, EvenlightWarning, ModelError
from evenlight.explainers.explain import explain
from evenlight.models.adapt import adapt

X = np.random.default_rng(0).normal(size=(60, 4))
PEOPLE = pd.DataFrame(
    {"y": X[:, 0], "sex": np.tile(["f", "m"], 30)}, index=[f"r{i:02d}" for i in range(60)]
)
COHORT = Cohort(X, PEOPLE, list("abcd"), outcome="y", groups=["sex"])


def network(activation: nn.Module, outputs: int = 1, seed: int = 0) -> nn.Sequential:
    """A small network."""
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(4, 6), activation, nn.Linear(6, outputs)).eval()


def literal(module: nn.Module, x: Float, start: Float, target: int = 0, steps: int = 400) -> Float:
    """The integral as a midpoint sum, one row, one path and one node at a time."""
    module = module.double()
    values = np.zeros_like(x)
    for i, row in enumerate(x):
        for k in range(steps):
            point = torch.tensor(start + (k + 0.5) / steps * (row - start))[None]
            point.requires_grad_()
            (gradient,) = torch.autograd.grad(module(point)[0, target], point)
            values[i] += gradient[0].numpy() / steps * (row - start)
    module.float()
    return values


@pytest.mark.parametrize("activation", [nn.Tanh(), nn.ReLU(), nn.ReLU(inplace=True)])
def test_it_equals_the_literal_integral(activation: nn.Module) -> None:
    """Agrees with a loop over rows and nodes, also behind an in-place ReLU."""
    module = network(activation)
    start = np.full(4, 0.25)
    found = explain(module, COHORT, method="ig", baseline=start)
    slow = literal(module, X[:6], start)
    np.testing.assert_allclose(found.values[:6], slow, atol=0.02 * np.abs(slow).max())


def test_a_module_used_twice_is_right() -> None:
    """One ReLU in two places does not confuse the gradients."""
    relu = nn.ReLU()
    torch.manual_seed(1)
    module = nn.Sequential(nn.Linear(4, 6), relu, nn.Linear(6, 6), relu, nn.Linear(6, 1)).eval()
    start = np.zeros(4)
    found = explain(module, COHORT, method="ig", baseline=start)
    slow = literal(module, X[:4], start)
    np.testing.assert_allclose(found.values[:4], slow, atol=0.02 * np.abs(slow).max())


def test_rows_as_baselines_are_the_mean_of_single_paths() -> None:
    """Expected gradients are the average over the background's rows, and the base is their mean."""
    module, starts = network(nn.Tanh()), X[:3] + 0.1
    found = explain(module, COHORT, method="ig", baseline=starts)
    single = [explain(module, COHORT, method="ig", baseline=start) for start in starts]
    np.testing.assert_allclose(found.values, np.mean([s.values for s in single], axis=0), atol=1e-6)
    np.testing.assert_allclose(found.base, np.mean([s.base for s in single], axis=0))


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 100), constant=st.floats(-5, 5))
def test_attributions_add_up_and_ignore_constants(seed: int, constant: float) -> None:
    """Values plus base equal the output in each row; a constant in the model moves the base."""
    module = network(nn.ReLU(), seed=seed)
    found = explain(module, COHORT, method="ig")
    assert found.converged.mean() >= 0.95
    np.testing.assert_allclose(found.total() + found.error, found.output, atol=1e-9)
    with torch.no_grad():
        module.get_parameter("2.bias").add_(constant)
    moved = explain(module, COHORT, method="ig")
    np.testing.assert_allclose(moved.base - found.base, constant, atol=1e-4)
    np.testing.assert_allclose(moved.values, found.values, atol=1e-3)


@pytest.mark.parametrize("baseline", ["mean", "rows"])
def test_shuffled_rows_give_shuffled_answers(baseline: str) -> None:
    """The order of rows is not part of the answer."""
    module, mixed = network(nn.Tanh()), np.random.default_rng(1).permutation(60)
    first = explain(module, COHORT, method="ig", baseline=baseline)
    second = explain(module, COHORT.take(mixed), method="ig", baseline=baseline)
    np.testing.assert_allclose(second.values, first.values[mixed], atol=1e-6)


def test_planted_weights_are_found() -> None:
    """A network that is linear gives w (x - baseline), and nothing to an unused column."""
    module = nn.Linear(4, 1)
    with torch.no_grad():
        module.weight.copy_(torch.tensor([[2.0, -1.0, 0.0, 0.5]]))
    found = explain(module, COHORT, method="ig")
    exact = explain(module, COHORT, method="ig", baseline="rows")
    w = np.array([2.0, -1.0, 0.0, 0.5])
    assert found.background is not None
    np.testing.assert_allclose(
        found.values - found.values.mean(axis=0), (X - X.mean(axis=0)) * w, atol=1e-5
    )
    np.testing.assert_allclose(found.values, exact.values, atol=1e-5)
    assert not found.values[:, 2].any()


def test_the_path_averaged_gradient_is_the_other_factor() -> None:
    """With one path, values are sensitivity times the way from the baseline."""
    start = np.full(4, -0.5)
    found = explain(network(nn.Tanh()), COHORT, method="ig", baseline=start, sensitivity=True)
    assert found.sensitivity is not None
    np.testing.assert_allclose(found.values, found.sensitivity * (X - start), atol=1e-5)


def test_the_margin_of_a_class_is_explained() -> None:
    """With softmax, output is log p_c / (1 - p_c), and a probability network gives the same."""
    people = PEOPLE.assign(y=np.tile(["u", "v", "w"], 20))
    cohort = Cohort(X, people, list("abcd"), outcome="y", groups=["sex"])
    logits = network(nn.Tanh(), 3)
    found = explain(logits, cohort, target=1)
    p = torch.softmax(logits(torch.tensor(X, dtype=torch.float32)), 1).detach().numpy()[:, 1]
    np.testing.assert_allclose(found.output, np.log(p / (1 - p)), atol=1e-5)
    assert found.converged.all()
    chances = adapt(nn.Sequential(logits, nn.Softmax(1)), link="softmax", gives="response")
    again = explain(chances, cohort, target=1)
    np.testing.assert_allclose(again.values, found.values, atol=1e-4)


def test_indicators_genotypes_and_images_take_every_background_row() -> None:
    """Continuous columns start at the mean; 0/1, 0/1/2 and images at the rows."""
    module = network(nn.Tanh())
    assert explain(module, COHORT).settings["baseline"] == "mean"
    genotypes = X.copy()
    genotypes[:, 3] = np.tile([0, 1, 2], 20)
    typed = Cohort(genotypes, PEOPLE, list("abcd"), groups=["sex"])
    assert explain(module, typed).settings["baseline"] == "rows"
    coded = X.copy()
    coded[:, 2:] = np.eye(3)[np.arange(60) % 3][:, :2]
    features = Features(tuple("abcd"), None, (Indicators("v", {"c": "C", "d": "D"}, "B"),))
    assert explain(module, Cohort(coded, PEOPLE, features)).settings["baselines"] == 60


def test_images_keep_their_shape() -> None:
    """(n, c, h, w) in gives (n, c, h, w) out, complete in every row."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(48, 1)).eval()
    x = np.random.default_rng(0).normal(size=(12, 2, 6, 6))
    people = pd.DataFrame({"y": np.arange(12.0)}, index=[f"i{i}" for i in range(12)])
    found = explain(module, Cohort(x, people, outcome="y"))
    assert found.values.shape == x.shape
    assert found.converged.all()


class Detached(nn.Module):
    """All gradients cut."""

    def forward(self, x: Tensor) -> Tensor:
        """The sum, without a graph."""
        return x.sum(1).detach()


class Rounded(nn.Module):
    """Gradients of 0."""

    def forward(self, x: Tensor) -> Tensor:
        """The rounded sum."""
        return torch.round(x * 3).sum(1)


class HalfCut(nn.Module):
    """One column without gradients, the others with."""

    def forward(self, x: Tensor) -> Tensor:
        """Column 1 is detached."""
        return x[:, 0] + x[:, 1].detach() * 1e-3


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (Detached(), "the outputs of Detached do not follow its inputs"),
        (Rounded(), r"the outputs move in \d+ rows, but all attributions are 0"),
        (HalfCut(), r"column 1 moves the output by up to .*, but all its attributions are 0"),
    ],
)
def test_gradients_that_are_cut_are_found(module: nn.Module, message: str) -> None:
    """Detach and round are refused, and Shapley values are offered."""
    with pytest.raises(ModelError, match=message + r".*say method=\"shapley\""):
        explain(module, COHORT, method="ig")


def test_a_model_without_gradients_names_the_alternatives() -> None:
    """A function given to integrated gradients is told what to use."""
    with pytest.raises(ModelError, match=r'is no torch network; say method="shapley"'):
        explain(lambda x: x[:, 0], COHORT, method="ig")


class Steep(nn.Module):
    """A step so steep that few nodes see it."""

    def forward(self, x: Tensor) -> Tensor:
        """A steep step in each column."""
        return torch.sigmoid(4000 * (x - 0.0137)).sum(1)


class Sharp(nn.Module):
    """Smooth, but with a turn that few nodes do not see."""

    def forward(self, x: Tensor) -> Tensor:
        """A softened step in each column."""
        return torch.tanh(6 * x).sum(1)


def test_rows_that_do_not_converge_are_an_error_when_many() -> None:
    """More than 5 % of rows above tolerance at the cap is refused, with the remedy."""
    with pytest.raises(AttributionError, match=r"of rows miss completeness .* raise cap="):
        explain(Steep(), COHORT, method="ig", cap=15)


def test_a_few_rows_that_do_not_converge_are_marked() -> None:
    """One hard row of 60 is returned, marked, with its residual; the others are refined."""

    class One(nn.Module):
        """Linear, but for a steep step far out."""

        def forward(self, x: Tensor) -> Tensor:
            """A step at 50."""
            return x.sum(1) + 5 * torch.sigmoid(4000 * (x[:, 0] - 50.0137))

    x = X.copy()
    x[7, 0] = 93.0
    found = explain(
        One(), Cohort(x, PEOPLE, list("abcd")), method="ig", baseline=np.zeros(4), cap=15
    )
    assert np.flatnonzero(~found.converged).tolist() == [7]
    assert abs(found.error[7]) > 0.1


def test_refining_brings_rows_within_tolerance() -> None:
    """Few nodes leave rows open, more close them, and the nodes taken are recorded."""
    with pytest.warns(EvenlightWarning, match="marked as not converged: leave steps= out"):
        rough = explain(Sharp(), COHORT, method="ig", steps=2)
    found = explain(Sharp(), COHORT, method="ig")
    assert not rough.converged.all()
    assert found.converged.all()
    assert rough.settings["steps"] == 2 < found.settings["steps_median"]


@pytest.mark.parametrize(
    ("baseline", "message"),
    [
        (np.zeros(3), r"the baseline has shape \(3,\)"),
        (np.array([np.nan, 0, 0, 0]), "not finite"),
        ("zero", 'wanted "mean"|wanted "auto"'),
    ],
)
def test_a_baseline_that_does_not_fit_is_refused(baseline: Any, message: str) -> None:
    """Wrong shape, NaN and unknown names are errors."""
    with pytest.raises(AttributionError, match=message):
        explain(network(nn.Tanh()), COHORT, method="ig", baseline=baseline)


def test_a_baseline_outside_the_data_is_flagged() -> None:
    """Fault 45: a baseline that nobody could have is used, and warned of."""
    with pytest.warns(
        EvenlightWarning, match="baseline lies outside the range of the data in 4 of 4"
    ):
        explain(network(nn.Tanh()), COHORT, method="ig", baseline=np.full(4, 1e3), cap=4096)


@pytest.mark.skipif(torch.cuda.is_available(), reason="asks for a GPU where there is none")
def test_a_device_that_is_not_there_is_an_error() -> None:
    """A GPU that was asked for is never replaced in silence."""
    with pytest.raises(ModelError, match="device 'cuda' was asked for and there are 0 CUDA"):
        explain(network(nn.Tanh()), COHORT, method="ig", device="cuda")


@pytest.mark.parametrize("method", ["ig", "shapley"])
def test_the_network_is_handed_back_also_after_an_interrupt(method: str) -> None:
    """A hook that interrupts in the middle leaves mode, gradients and hooks as they were."""
    module = network(nn.ReLU()).train()
    module[0].weight.requires_grad_(False)
    module[2].weight.grad = torch.ones(1, 6)
    calls = []

    def interrupt(*_: object) -> None:
        calls.append(1)
        if len(calls) > 12:
            raise KeyboardInterrupt

    module[1].register_forward_hook(interrupt)
    generator = torch.get_rng_state()
    with pytest.raises(KeyboardInterrupt):
        explain(module, COHORT, method=method)
    assert all(part.training for part in module.modules())
    assert [p.requires_grad for p in module.parameters()] == [False, True, True, True]
    assert module[2].weight.grad is not None
    assert module[2].weight.grad.tolist() == [[1.0] * 6]
    assert [len(part._forward_hooks) for part in module.modules()] == [0, 0, 1, 0]
    assert torch.equal(torch.get_rng_state(), generator)


def test_the_record_names_model_run_and_background() -> None:
    """Method, seed, back ends, device, checks and background are in the record."""
    found: Attributions = explain(network(nn.Tanh()), COHORT, seed=3)
    assert (found.method, found.scale, found.target) == ("ig", "margin", "output")
    assert {"seed", "steps", "stem", "grade", "torch", "device", "checked", "rule"} <= set(
        found.settings
    )
    assert found.settings["seed"] == 3
    assert found.background is not None
    assert dict(found.background.composition) == {"f": 30, "m": 30}
    assert found.cohort_digest == COHORT.digest
