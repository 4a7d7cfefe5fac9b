"""The affine stem: found by behaviour, proven, and the same network."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from evenlight.errors import ModelError
from evenlight.explainers.stem import find, open_at
from evenlight.models.networks import kept
from tests.zoo import Clamped, Patches, Residual, Skip, Tokens, Two, layers


def measured() -> nn.BatchNorm1d:
    """A normalisation by means and variances that are not 0 and 1."""
    norm = nn.BatchNorm1d(6)
    norm(3 + 2 * torch.randn(50, 6, generator=torch.Generator().manual_seed(9)))
    return norm


def convolved(first: nn.Module) -> nn.Module:
    """A convolution of eight channels, bent, and averaged."""

    class Mean(nn.Module):
        """The mean over all positions."""

        def forward(self, x: Tensor) -> Tensor:
            """(n, 8, ...) to (n, 8)."""
            return x.flatten(2).mean(2)

    return nn.Sequential(first, nn.GELU(), Mean(), nn.Linear(8, 1))


Case = tuple[nn.Module, tuple[int, ...], str]

FOUND: dict[str, Case] = {
    "linear": (layers(6, 4, 1), (6,), "0"),
    "reshaped": (nn.Sequential(nn.Flatten(), *layers(6, 4, 1)), (2, 3), "1"),
    "normalised": (nn.Sequential(measured(), *layers(6, 4, 1)), (6,), "1"),
    "conv1d": (convolved(nn.Conv1d(4, 8, 3)), (4, 8), "0"),
    "conv2d and batch norm": (Residual(), (3, 16, 16), "norm"),
    "conv3d": (convolved(nn.Conv3d(1, 8, 3)), (1, 8, 8, 8), "0"),
    "patches": (Patches(), (3, 16, 16), "drop"),
    "two inputs": (Two(), (6,), "a, b"),
    "all of it": (nn.Linear(6, 2), (6,), "the network"),
}  # fmt: skip

NOT_FOUND: dict[str, Case] = {
    "a second path": (Skip(), (6,), "a second path"),
    "a second path without gradients": (Skip(detached=True), (6,), "a second path"),
    "clamped": (Clamped(), (6,), "no part of the network is affine"),
    "layer norm": (nn.Sequential(nn.LayerNorm(6), nn.Linear(6, 1)), (6,), "no part of the network"),
}


def sample(shape: tuple[int, ...], rows: int = 3, seed: int = 0) -> Tensor:
    """Some rows."""
    return torch.randn(rows, *shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("name", FOUND)
def test_a_stem_is_found_and_the_network_stays_the_same(name: str) -> None:
    """There and on from there is the network, for rows that it has never seen."""
    module, shape, part = FOUND[name]
    with kept(module):
        net = find(module, sample(shape))
        assert (net.name, net.reason) == (part, "")
        x = 3 * sample(shape, 5, seed=1)
        torch.testing.assert_close(net.rest(net.enter(x)), module(x))
        assert net.enter(x).shape == (5, *net.shape)


@pytest.mark.parametrize("name", NOT_FOUND)
def test_without_a_stem_the_input_is_used_and_the_reason_said(name: str) -> None:
    """A second path or a bend before the first layer sends the path to the input."""
    module, shape, reason = NOT_FOUND[name]
    with kept(module):
        net = find(module, sample(shape))
        assert net.name == ""
        assert reason in net.reason
        x = sample(shape, 5, seed=1)
        torch.testing.assert_close(net.rest(net.enter(x)), module(x))


@pytest.mark.parametrize("name", FOUND)
def test_the_way_back_is_the_transposed_stem(name: str) -> None:
    """<g, A(x) - A(0)> = <A^T g, x> for any g and x."""
    module, shape, _ = FOUND[name]
    module = module.double()
    with kept(module):
        net = find(module, sample(shape).double())
        x, g = sample(shape, 4, seed=2).double(), sample(net.shape, 4, seed=3).double()
        straight = net.enter(x) - net.enter(torch.zeros_like(x))
        left, right = (g * straight).sum(1), (net.pull(x, g) * x).flatten(1).sum(1)
        torch.testing.assert_close(left, right)
    module.float()


@pytest.mark.parametrize("name", ["linear", "normalised", "two inputs"])
def test_the_matrix_is_the_stem(name: str) -> None:
    """For flat rows the stem is one product, with the layer's own weights or through others."""
    module, shape, _ = FOUND[name]
    with kept(module):
        net = find(module, sample(shape))
        matrix = net.matrix()
        assert matrix is not None
        x = sample(shape, 5, seed=1)
        torch.testing.assert_close(x @ matrix.weights.T + matrix.offset, net.enter(x))
        plain = net.matrix(plain=True)
        assert (plain is not None) == (name == "linear")


class Cut(nn.Module):
    """Affine in value, with gradients that are cut, or twice what they should be."""

    def __init__(self, cut: bool) -> None:
        super().__init__()
        self.first, self.cut = nn.Linear(6, 2), cut

    def forward(self, x: Tensor) -> Tensor:
        """Rows (n, 6) to (n, 2)."""
        z = self.first(x)
        return z.detach() if self.cut else torch.as_tensor(2 * z - z.detach())


@pytest.mark.parametrize("cut", [True, False])
def test_a_map_whose_gradients_are_not_its_own_is_no_stem(cut: bool) -> None:
    """What is affine in value must be so in its gradients as well."""
    module = Cut(cut)
    with kept(module):
        assert find(module, sample((6,))).name in ("", "first")


def test_a_matrix_is_for_rows_of_numbers_only() -> None:
    """Images have none."""
    module = Residual()
    with kept(module):
        assert find(module, sample((3, 16, 16))).matrix() is None


def test_what_runs_before_the_stem_is_not_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest of a network costs neither the first convolution nor its normalisation."""
    module, computed = Residual(), []
    own = module.conv._conv_forward

    def counted(*given: Tensor) -> Tensor:
        computed.append(len(given[0]))
        return torch.as_tensor(own(*given))

    monkeypatch.setattr(module.conv, "_conv_forward", counted)
    with kept(module):
        net = find(module, sample((3, 16, 16)))
        computed.clear()
        z = net.enter(sample((3, 16, 16)))
        assert computed == [3]
        net.rest(z)
    assert computed == [3]


def test_hooks_of_the_user_act_once() -> None:
    """A hook that changes the stem's output is part of the network behind it, and acts once."""
    module = layers(6, 4, 1)
    module[0].register_forward_hook(lambda part, given, out: 2 * out)
    with kept(module):
        net = find(module, sample((6,)))
        x = sample((6,), 5, seed=1)
        torch.testing.assert_close(net.rest(net.enter(x)), module(x))


def test_the_module_is_handed_back_as_it_was() -> None:
    """No forward function stays on any part, also after a failure inside."""
    module = layers(6, 4, 1)
    with kept(module):
        net = find(module, sample((6,)))
        module[1].register_forward_pre_hook(lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            net.rest(torch.ones(2, 4))
    assert all("forward" not in part.__dict__ for part in module.modules())


def test_a_forward_function_of_the_users_stays() -> None:
    """A part whose forward was replaced by hand keeps that."""
    module = layers(6, 4, 1)
    own = module[1].forward
    module[1].forward = lambda x: own(x) + 1
    with kept(module):
        net = find(module, sample((6,)))
        x = sample((6,), 5, seed=1)
        torch.testing.assert_close(net.rest(net.enter(x)), module(x))
    assert "forward" in module[1].__dict__


def test_z_is_left_as_it_is_by_parts_that_work_in_place() -> None:
    """An in-place ReLU behind the stem does not write into z."""
    module = nn.Sequential(nn.Linear(6, 4), nn.ReLU(inplace=True), nn.Linear(4, 1))
    with kept(module):
        net = find(module, sample((6,)))
        z = net.enter(sample((6,)))
        before = z.clone()
        net.rest(z)
    assert torch.equal(z, before)


def test_a_network_opens_at_a_layer_by_name() -> None:
    """Codes enter through an embedding, which is opened by its name."""
    module = Tokens()
    with kept(module):
        codes = torch.tensor(np.arange(10).reshape(2, 5) % 7)
        net = open_at(module, codes, "table")
        assert net.shape == (20,)
        torch.testing.assert_close(net.rest(net.enter(codes)), module(codes))


@pytest.mark.parametrize(
    ("module", "layer", "message"),
    [
        (layers(6, 4, 1), "nine", "no layer 'nine'; the network's parts are 0, 1, 2"),
        (Skip(), "first", "follows the input past layer 'first'"),
        (nn.Sequential(nn.Linear(6, 6), *[nn.ReLU()] * 2), "1", "runs 2 times"),
    ],
)
def test_a_layer_that_cannot_be_opened_is_an_error(
    module: nn.Module, layer: str, message: str
) -> None:
    """Unknown, passed by, or run twice."""
    with kept(module), pytest.raises(ModelError, match=message):
        open_at(module, sample((6,)), layer)
