"""The engine as a whole: axioms, other ways in and out, memory, devices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.errors import AttributionError, ModelError
from evenlight.explainers import path
from evenlight.explainers.explain import explain
from evenlight.explainers.opened import Network
from evenlight.models.adapt import adapt
from tests.engine_world import PEOPLE, cohort, quietly
from tests.zoo import Patches, Residual, Skip, Tokens, Two, layers


@pytest.mark.parametrize(
    ("module", "shape"),
    [
        (layers(6, 8, 5, 2), (6,)),
        (layers(6, 8, 2, activation=nn.GELU), (6,)),
        (Two(), (6,)),
        (Residual(), (3, 16, 16)),
        (Patches(), (3, 16, 16)),
    ],
)
@pytest.mark.parametrize("baseline", ["mean", "rows"])
def test_stem_space_is_input_space(
    module: nn.Module, shape: tuple[int, ...], baseline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind the stem and at the input the same nodes give the same numbers."""
    people = cohort(*shape).take(np.arange(6))
    for precise, close in ((module.double(), 5e-7), (module.float(), 5e-6)):
        folded = quietly(precise, people, baseline=baseline, steps=5)
        with monkeypatch.context() as patch:
            patch.setattr(path, "find", lambda module, sample: Network(module, sample[:1]))
            plain = quietly(precise, people, baseline=baseline, steps=5)
        assert folded.settings["stem"] != ""
        assert plain.settings["stem"] == ""
        size = np.abs(plain.values).max()
        np.testing.assert_allclose(folded.values, plain.values, atol=close * size, rtol=0)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000))
def test_axioms_hold(seed: int) -> None:
    """Completeness, dummy, symmetry, linearity, and the same function written in another way."""
    torch.manual_seed(seed)
    x = np.random.default_rng(seed).normal(size=(40, 4))
    x[:, 1] = x[:, 0]
    people = cohort(x=x)
    module, other = (layers(4, 6, 1, activation=nn.Tanh).double() for _ in range(2))
    with torch.no_grad():
        weight = module.get_parameter("0.weight")
        weight[:, 3] = 0  # a dummy
        weight[:, 1] = weight[:, 0]  # two columns alike
    own: dict[str, Any] = {"baseline": np.zeros(4)}
    first = quietly(module, people, **own)
    assert np.abs(first.error).max() <= 1e-2 * np.median(np.abs(first.output - first.base)) + 1e-9
    assert not first.values[:, 3].any()
    np.testing.assert_allclose(first.values[:, 0], first.values[:, 1], atol=1e-7)

    class Sum(nn.Module):
        """Twice one network minus three times another."""

        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = module, other

        def forward(self, x: Tensor) -> Tensor:
            """The sum of both."""
            return torch.as_tensor(2 * self.a(x) - 3 * self.b(x))

    steps = {"steps": 40, **own}
    both, a, b = (quietly(m, people, **steps) for m in (Sum(), module, other))
    np.testing.assert_allclose(both.values, 2 * a.values - 3 * b.values, atol=1e-5)
    turned = Rewritten(module)
    np.testing.assert_allclose(quietly(turned, people, **steps).values, a.values, atol=1e-6)


class Rewritten(nn.Module):
    """tanh(z) = 2 s(2z) - 1: the same function with other parts, and the input through a square."""

    def __init__(self, module: nn.Sequential) -> None:
        super().__init__()
        self.first, self.last = module[0], module[2]

    def forward(self, x: Tensor) -> Tensor:
        """The same rows (n, 4) to (n, 1)."""
        z = self.first((x + x**2) - x**2)
        return torch.as_tensor(self.last(2 * torch.sigmoid(2 * z) - 1))


def brute(module: nn.Module, x: Float, starts: Float) -> Float:
    """Expected gradients of target 0 in float64, a midpoint at a time."""
    values = np.zeros_like(x)
    for start in starts:
        for k in range(2000):
            at = torch.tensor(start + (k + 0.5) / 2000 * (x - start)).requires_grad_()
            (g,) = torch.autograd.grad(module(at)[:, 0].sum(), at)
            values += g.numpy() * (x - start) / 2000 / len(starts)
    return values


@pytest.mark.parametrize("activation", [nn.Tanh, nn.GELU, nn.ReLU])
@pytest.mark.parametrize("hidden", [(7,), (7, 5)])
def test_it_equals_brute_force(activation: type[nn.Module], hidden: tuple[int, ...]) -> None:
    """Against 2,000 midpoints in float64, for one baseline and for several."""
    torch.manual_seed(3)
    module = layers(5, *hidden, 2, activation=activation)
    people, starts = cohort(5), np.random.default_rng(5).normal(size=(3, 5)) / 2
    for own in (starts[:1], starts):
        found = quietly(module, people, baseline=own)
        slow = brute(module.double(), people.dense(), own)
        module.float()
        scale = np.median(np.abs(found.output - found.base))
        np.testing.assert_allclose(found.values, slow, atol=1e-2 * scale)
        assert found.settings["exact_rows"] == (40 if activation is nn.ReLU else 0)
        if activation is nn.ReLU:
            np.testing.assert_allclose(found.values, slow, atol=4e-3 * scale)


def test_several_targets_are_the_single_ones() -> None:
    """One pass over four outputs gives what four passes give, to the bit for fixed nodes."""
    module, people = layers(6, 8, 4, activation=nn.Tanh), cohort(6)
    every = explain(module, people, method="ig", target=[3, 0, 2], steps=20)
    assert [one.target for one in every] == ["3", "0", "2"]
    for one in every:
        alone = explain(module, people, method="ig", target=one.target, steps=20)
        np.testing.assert_array_equal(one.values, alone.values)
        np.testing.assert_array_equal(one.output, alone.output)
    names = explain(module, people, method="shapley", target=["1", "2"], walks=2)
    assert [one.target for one in names] == ["1", "2"]


def test_several_targets_take_one_forward_pass_a_point() -> None:
    """Four targets cost the forward passes of one: counted, not timed."""
    people = cohort(6)

    def forwards(target: Any) -> int:
        module, points = layers(6, 8, 4, activation=nn.Tanh), []
        module[1].register_forward_hook(lambda part, given, out: points.append(len(out)))
        explain(module, people, method="ig", target=target, steps=20)
        return sum(points)

    assert forwards([0, 1, 2, 3]) == forwards([0, 1]) == forwards(0)


class Counted(nn.Module):
    """A linear layer that counts the rows it is given."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.randn(b, a)), nn.Parameter(torch.zeros(b))
        self.rows = 0

    def forward(self, x: Tensor) -> Tensor:
        """Rows (n, a) to (n, b)."""
        self.rows += len(x)
        return nn.functional.linear(x, self.weight, self.bias)


def test_the_stem_is_applied_a_fixed_number_of_times() -> None:
    """Ten times the nodes cost no application of the stem more: counted, not timed."""
    rows = []
    for steps in (10, 100):
        stem = Counted(6, 8)
        module = nn.Sequential(stem, nn.Tanh(), nn.Linear(8, 1))
        explain(module, cohort(6), method="ig", steps=steps)
        rows.append(stem.rows)
    assert rows[0] == rows[1] < 600


def test_rows_behind_the_stem_are_rows_times_nodes() -> None:
    """Forty rows at 20 nodes are 800 points and no more, beside the probes."""
    module, points = layers(6, 8, 1, activation=nn.Tanh), []
    module[1].register_forward_hook(lambda part, given, out: points.append(len(out)))
    explain(module, cohort(6), method="ig", steps=20)
    with_nodes = sum(points)
    points.clear()
    explain(module, cohort(6), method="ig", steps=21)
    assert sum(points) - with_nodes == 40


def test_codes_enter_through_their_embedding() -> None:
    """Each code's attribution is the sum over its embedding; they add up, and none is cast."""
    codes = np.random.default_rng(0).integers(0, 7, size=(40, 5)).astype(float)
    people, module = cohort(x=codes), adapt(Tokens(), codes=True)
    found = explain(module, people, method="ig", target=0, baseline="rows")
    assert found.settings["stem"] == "table"
    assert found.values.shape == (40, 5)
    assert found.converged.all()
    np.testing.assert_allclose(found.total(), found.output, atol=0.02)
    start = codes[3]
    one = explain(module, people, method="ig", target=0, baseline=start)
    assert not one.values[3].any()
    assert not one.values[codes == start].any()
    with pytest.raises(AttributionError, match="codes have no mean"):
        explain(module, people, method="ig", target=0, baseline="mean")


class Keyworded(Two):
    """The same two inputs, by keyword."""

    def forward(self, genes: Tensor, clinic: Tensor) -> Tensor:  # type: ignore[override]
        """Rows (n, 4) and (n, 2) to (n, 1)."""
        return super().forward(torch.cat([genes, clinic], 1))


def test_inputs_have_baselines_of_their_own() -> None:
    """Fault 40: each input by name, checked; the same as one baseline over all columns."""
    module, people = Keyworded(), Cohort(cohort(6).dense(), PEOPLE, list("abcdef"), groups=["sex"])
    model = adapt(module, inputs={"genes": list("abcd"), "clinic": list("ef")})
    start = np.arange(6) / 10
    named = {"genes": start[:4], "clinic": start[4:]}
    found = explain(model, people, method="ig", baseline=named)
    wanted = explain(model, people, method="ig", baseline=start)
    np.testing.assert_array_equal(found.values, wanted.values)
    assert found.settings["stem"] == "module.a, module.b"
    assert found.converged.all()
    for wrong, message in (
        ({"genes": start[:4]}, "names the inputs \\['genes'\\], wanted"),
        ({"genes": start, "clinic": start[4:]}, "baseline of 'genes' has shape"),
        ({"genes": np.zeros((2, 4)), "clinic": np.zeros((3, 2))}, "has 2 rows and another has 3"),
    ):
        with pytest.raises(AttributionError, match=message):
            explain(model, people, method="ig", baseline=wrong)


def test_a_layer_is_attributed_by_name() -> None:
    """What the units of a layer add to the output adds up as well."""
    module = layers(6, 4, 3, 1, activation=nn.Tanh)
    found = explain(module, cohort(6), method="ig", layer="1")
    assert found.features.names == ("1[0]", "1[1]", "1[2]", "1[3]")
    assert found.converged.all()
    with pytest.raises(ModelError, match="no layer 'nine'"):
        explain(module, cohort(6), method="ig", layer="nine")
    skip = Skip()
    with pytest.raises(ModelError, match="follows the input past"):
        explain(skip, cohort(6), method="ig", layer="first")


@pytest.mark.parametrize(("precision", "most"), [("float64", 1e-5), ("bfloat16", 0.2)])
def test_another_precision_says_what_it_costs(precision: str, most: float) -> None:
    """Fault 43: the largest difference from the network's own is recorded."""
    torch.manual_seed(0)
    module = layers(6, 8, 1, activation=nn.Tanh)
    before = [p.clone() for p in module.parameters()]
    found = quietly(module, cohort(6), precision=precision)
    assert 0 < found.settings["precision_error"] < most
    assert found.settings["dtype"] == precision
    assert all(torch.equal(p, q) for p, q in zip(module.parameters(), before, strict=True))
    with pytest.raises(ModelError, match="precision 'float8'; wanted"):
        quietly(module, cohort(6), precision="float8")


def test_same_seed_same_bytes() -> None:
    """Twice the same call gives the same bits; another order of rows too."""
    module, people = layers(6, 16, 8, 1), cohort(6)
    first, second = (explain(module, people, method="ig", baseline="rows") for _ in range(2))
    assert first.values.tobytes() == second.values.tobytes()
    mixed = np.random.default_rng(1).permutation(40)
    third = explain(module, people.take(mixed), method="ig", baseline="rows")
    assert third.values.tobytes() == first.values[mixed].tobytes()


def test_an_unknown_option_is_named() -> None:
    """With the nearest one, or all of them."""
    with pytest.raises(AttributionError, match="no option 'step'; did you mean 'steps'"):
        explain(layers(6, 1), cohort(6), method="ig", step=3)
    with pytest.raises(AttributionError, match="it takes baseline, steps, cap"):
        explain(layers(6, 1), cohort(6), method="ig", xyz=3)
    with pytest.raises(AttributionError, match="steps=0; wanted a whole number of at least 1"):
        explain(layers(6, 1), cohort(6), method="ig", steps=0)


@pytest.mark.gpu
@pytest.mark.parametrize(
    ("module", "shape"), [(layers(6, 64, 32, 2), (6,)), (Residual(), (3, 16, 16))]
)
def test_a_gpu_gives_what_the_cpu_gives(module: nn.Module, shape: tuple[int, ...]) -> None:
    """Grade D2: within 1e-4 of the largest in full precision; TF32 says what it costs."""
    people = cohort(*shape)
    cpu = quietly(module, people, baseline="mean")
    gpu = quietly(module, people, baseline="mean", device="cuda")
    assert gpu.settings["device"].startswith("cuda")
    close = 1e-4 * np.abs(cpu.values).max()
    np.testing.assert_allclose(gpu.values, cpu.values, atol=close, rtol=0)
    for precision in ("tf32", "bfloat16"):
        rough = quietly(module, people, baseline="mean", device="cuda", precision=precision)
        assert 0 <= rough.settings["precision_error"] < 0.3
    assert next(module.parameters()).device.type == "cpu"
