"""Networks are run, and handed back exactly as they were found."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from evenlight.data.cohort import Cohort
from evenlight.errors import ModelError
from evenlight.explainers.explain import explain
from evenlight.models.adapt import adapt
from evenlight.models.networks import forward, kept, margin_tensor
from evenlight.models.probe import prepare, settled

X = np.random.default_rng(0).normal(size=(80, 3))
PEOPLE = pd.DataFrame({"y": np.tile([0, 1], 40)}, index=[f"r{i:02d}" for i in range(80)])
COHORT = Cohort(X, PEOPLE, outcome="y")


def network(outputs: int = 1) -> nn.Sequential:
    """A network in mixed modes, with dropout, batch norm, a gradient, a frozen part and a hook."""
    torch.manual_seed(0)
    made = nn.Sequential(
        nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, outputs)
    )
    made(torch.ones(4, 3)).sum().backward()
    made[0].weight.requires_grad_(False)
    made[1].eval()
    made[4].register_forward_hook(lambda *_: None)
    return made


def state(module: nn.Module) -> list[Any]:
    """Everything about a module and the generators that must not change."""
    hooks = [list(m._forward_hooks.values()) for m in module.modules()]
    hooks += [list(m._backward_hooks.values()) for m in module.modules()]
    grads = [None if p.grad is None else (id(p.grad), p.grad.tolist()) for p in module.parameters()]
    cudnn = torch.backends.cudnn
    return [
        {k: v.tolist() for k, v in module.state_dict().items()},
        [m.training for m in module.modules()],
        [p.requires_grad for p in module.parameters()],
        grads,
        [id(p) for p in module.parameters()],
        [id(b) for b in module.buffers()],
        hooks,
        torch.get_rng_state().tolist(),
        np.random.get_state()[1].tolist(),  # type: ignore[index]  # noqa: NPY002  what is protected
        random.getstate(),
        (cudnn.enabled, cudnn.benchmark, cudnn.deterministic, cudnn.allow_tf32),
    ]


@pytest.mark.parametrize("ending", [None, RuntimeError, KeyboardInterrupt])
def test_a_network_is_handed_back_as_it_was(ending: type[BaseException] | None) -> None:
    """Mode, weights, gradients, buffers, hooks and generators are restored, however it ends."""
    module = network()
    before = state(module)

    def meddle() -> None:
        with kept(module):
            assert not any(part.training for part in module.modules())
            module.register_forward_hook(lambda *_: None)
            module[4].register_full_backward_hook(lambda *_: None)
            module[4]._forward_hooks.clear()
            module.train()(torch.randn(5, 3))
            module[4].weight.grad = torch.ones(1, 8)
            np.random.rand(3)  # noqa: NPY002  the user's generator is what is protected
            random.random()
            torch.backends.cudnn.benchmark = True
            if ending is not None:
                raise ending

    if ending is None:
        meddle()
    else:
        with pytest.raises(ending):
            meddle()
    assert state(module) == before


def test_a_probe_leaves_no_trace() -> None:
    """After a probe, and after a failed one, the network is what it was."""
    module = network()
    before = state(module)
    prepare(module, COHORT)
    assert state(module) == before
    with pytest.raises(ModelError):
        prepare(module, COHORT, target=3)
    assert state(module) == before


def test_a_network_in_train_mode_is_run_in_eval_mode_and_that_is_said() -> None:
    """The answer is that of eval mode, and a sentence tells of it."""
    module = network()
    prepared = prepare(module, COHORT)
    assert module.training
    assert "handed over in train mode" in prepared.checked[0]
    wanted = network().eval()(torch.tensor(X, dtype=torch.float32))[:, 0].detach()
    np.testing.assert_allclose(prepared.output, wanted, rtol=1e-5)


def test_batches_give_the_same_answer_as_one_pass() -> None:
    """5,000 rows in batches equal the rows one by one, in float64 arrays."""
    module = network().eval()
    x = np.random.default_rng(1).normal(size=(5000, 3))
    many = forward(module, x)
    assert many.shape == (5000, 1)
    assert many.dtype == np.float64
    np.testing.assert_allclose(
        many[[0, 4096, 4999]], forward(module, x[[0, 4096, 4999]]), rtol=1e-5
    )


@pytest.mark.parametrize("link", ["identity", "logit", "softmax", "log", "square"])
@pytest.mark.parametrize("gives", ["margin", "response"])
def test_the_margin_of_tensors_is_the_margin_of_arrays(link: Any, gives: Any) -> None:
    """The differentiable margin agrees with the one that the contract gives."""

    class Net(nn.Module):
        """Outputs that are possible responses, or margins, of every link."""

        def forward(self, x: Tensor) -> Tensor:
            """Rows that add up to 1, of responses."""
            return torch.softmax(x, dim=1) if gives == "response" else x.abs()

    module = Net().double()
    adapted = settled(adapt(module, link=link, gives=gives), COHORT)
    for c in range(3):
        fast = margin_tensor(module(torch.tensor(X)), link, gives, c)
        np.testing.assert_allclose(fast, adapted.margin(X)[:, c], rtol=1e-4, atol=1e-5)


def test_half_precision_is_computed_in_single() -> None:
    """A bfloat16 network is computed in a float32 copy; the user's stays bfloat16."""
    module = network().eval().to(torch.bfloat16)
    said = settled(module, COHORT)
    assert "bfloat16" in said.notes[0]
    assert next(module.parameters()).dtype == torch.bfloat16
    assert said.module[0].weight.dtype == torch.float32


def test_parameters_without_a_device_are_refused() -> None:
    """Weights on meta, or not made yet, are named before any work."""
    with pytest.raises(ModelError, match="parameters are on cpu, meta"):
        adapt(nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1, device="meta")))
    with pytest.raises(ModelError, match="not made yet"):
        adapt(nn.LazyLinear(1))


def test_parameters_on_two_gpus_are_refused() -> None:
    """Fault 41: both are named; such a network is wrapped in a function, or put on one."""
    net = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1))
    held = [SimpleNamespace(device=torch.device("cuda", i)) for i in (0, 1)]
    with (
        patch.object(net, "parameters", return_value=held),
        pytest.raises(ModelError, match="parameters are on cuda:0, cuda:1"),
    ):
        adapt(net)


def test_a_dict_output_is_refused_with_a_hint() -> None:
    """A network that returns a dict is told to return a tensor."""

    class Net(nn.Module):
        """Returns a dict."""

        def forward(self, x: Tensor) -> dict[str, Tensor]:
            """Logits by name."""
            return {"logits": x}

    with pytest.raises(ModelError, match="Net returned a dict, wanted one array; wrap the model"):
        settled(Net(), COHORT)


def test_a_sigmoid_output_must_be_declared() -> None:
    """A network that ends in a sigmoid is not read as logits; declared, its margin is the logit."""
    module = nn.Sequential(network(), nn.Sigmoid())
    with pytest.raises(ModelError, match=r'link="logit", gives="response"'):
        settled(module, COHORT)
    said = settled(adapt(module, link="logit", gives="response"), COHORT)
    np.testing.assert_allclose(said.margin(X), settled(network(), COHORT).margin(X), atol=1e-4)


def test_a_callers_autocast_does_not_reach_the_answer() -> None:
    """Inside autocast to bfloat16 the outputs are those of float32."""
    module = network().eval()
    wanted = settled(module, COHORT).margin(X)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = settled(module, COHORT).margin(X)
    np.testing.assert_array_equal(found, wanted)


# 2026-11: importing the compiler of torch 2.13 warns of a deprecation inside torch.
@pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated:DeprecationWarning")
@pytest.mark.parametrize("wrap", [torch.compile, nn.DataParallel])
def test_a_wrapped_network_answers_as_the_bare_one(wrap: Any) -> None:
    """Compiled and data-parallel networks give the same outputs as eager ones."""
    found = settled(wrap(network().eval()), COHORT).margin(X)
    np.testing.assert_allclose(found, settled(network(), COHORT).margin(X), rtol=1e-6)


def test_the_error_of_half_precision_is_said() -> None:
    """Fault 43: how far a bfloat16 network's own outputs are from those that were explained."""
    module = network().eval().to(torch.bfloat16)
    said = settled(module, COHORT)
    own = module(torch.tensor(X[:64], dtype=torch.bfloat16)).detach().double().numpy()
    apart = float(np.abs(own - said.margin(X[:64])).max())
    assert 0 < apart < 0.1
    assert f"differ from these by up to {apart:.2g} (" in said.notes[0]
    assert "in 64 rows" in said.notes[0]


def test_half_precision_that_overflows_is_said() -> None:
    """A float16 network with infinite outputs of its own is explained in float32, and told of."""
    module = nn.Linear(3, 1)
    nn.init.constant_(module.weight, 6e4)
    said = settled(module.half(), COHORT)
    assert "its own outputs are not finite in" in said.notes[0]
    assert np.isfinite(said.margin(X)).all()


def test_a_float64_network_is_computed_in_float64() -> None:
    """Nothing is rounded to float32 on the way."""
    module = network().eval().double()
    found = prepare(module, COHORT).output
    np.testing.assert_array_equal(found, module(torch.tensor(X))[:, 0].detach().numpy())


def test_extreme_scales_are_finite_or_named() -> None:
    """Fault 32: what float32 cannot hold is named with the remedy, and float64 holds it."""
    x = np.tile([[1e30], [1e-38], [5e-324], [-1e30]], (20, 1))
    cohort = Cohort(x, PEOPLE, outcome="y")
    module = nn.Linear(1, 1)
    nn.init.constant_(module.weight, 1e10)
    with pytest.raises(ModelError, match=r"not finite in 50.0 % of rows.*compute in float64"):
        prepare(module, cohort)
    assert np.isfinite(prepare(module.double(), cohort).output).all()


def test_rows_of_any_layout_give_the_same_output() -> None:
    """Fault 30: negative strides, columns first, read-only and big-endian arrays."""
    module = network().eval()
    wanted = prepare(module, COHORT)
    fixed = X.copy()
    fixed.flags.writeable = False
    for x in (X[:, ::-1].copy()[:, ::-1], np.asfortranarray(X), fixed, X.astype(">f8")):
        cohort = Cohort(x, PEOPLE, outcome="y")
        assert cohort.digest == COHORT.digest
        np.testing.assert_array_equal(prepare(module, cohort).output, wanted.output)


# 2026-11: torch 2.13 deprecates its own scripting.
@pytest.mark.filterwarnings("ignore:.*torch.jit.*deprecated:DeprecationWarning")
@pytest.mark.parametrize("way", ["script", "trace"])
def test_a_scripted_network_answers_as_the_bare_one(way: str) -> None:
    """Fault 47: same outputs and attributions; its mode is handed back."""
    torch.manual_seed(0)
    bare = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Dropout(0.5), nn.Linear(8, 1)).eval()
    rows = torch.tensor(X[:4], dtype=torch.float32)
    scripted: Any = torch.jit.trace(bare, rows)  # type: ignore[no-untyped-call]
    if way == "script":
        scripted = torch.jit.script(bare).train()
    found, wanted = prepare(scripted, COHORT), prepare(bare, COHORT)
    np.testing.assert_allclose(found.output, wanted.output, rtol=1e-6)
    assert found.adapted.name == "Sequential"
    assert scripted.training is (way == "script")
    values = [explain(m, COHORT, method="ig").values for m in (scripted, bare)]
    np.testing.assert_allclose(values[0], values[1], atol=1e-6)
    assert scripted.training is (way == "script")


def test_a_wrapper_of_a_wrapper_is_taken_off() -> None:
    """A data-parallel network in another one is the bare one, and gradients flow."""
    bare = network().eval()
    wrapped = settled(nn.DataParallel(nn.DataParallel(bare)), COHORT)
    assert wrapped.module is bare
    assert wrapped.name == "Sequential"


def test_a_device_that_is_not_there_is_named() -> None:
    """Fault 42: no silent run on the CPU where a GPU was asked for."""
    with pytest.raises(ModelError, match="'cuda:99' was asked for and there are"):
        explain(network(), COHORT, method="ig", device="cuda:99")
    with pytest.raises(ModelError, match="device 'gpu' is unknown"):
        explain(network(), COHORT, method="ig", device="gpu")
