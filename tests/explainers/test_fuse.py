"""Pairs of convolution and batch normalisation, computed as one."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from evenlight.explainers.fuse import fused
from evenlight.explainers.opened import Network
from evenlight.explainers.stem import find
from evenlight.models.networks import kept
from tests.zoo import Residual


def trained(module: nn.Module, shape: tuple[int, ...]) -> nn.Module:
    """With means and variances of a batch, in place of 0 and 1."""
    module.train()
    module(2 + 3 * torch.randn(8, *shape, generator=torch.Generator().manual_seed(0)))
    return module.eval()


def test_a_fused_network_is_the_same_network() -> None:
    """Outputs and gradients agree, and the deeper pair of a residual network is found."""
    module = trained(Residual(), (3, 16, 16))
    x = torch.randn(4, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    with kept(module):
        net = find(module, x)
        z = net.enter(x)
        made = fused(net, z[:2])
        assert [part for part, _ in made.fused] == [module.deep, module.deepnorm]
        torch.testing.assert_close(made.rest(z), module(x), atol=1e-5, rtol=1e-5)
        a, b = (z.clone().requires_grad_(True) for _ in range(2))
        one = torch.autograd.grad(made.rest(a).sum(), a)[0]
        other = torch.autograd.grad(net.rest(b).sum(), b)[0]
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)
    assert all("forward" not in part.__dict__ for part in module.modules())


class Shared(nn.Module):
    """What the convolution gives is used a second time, past the normalisation."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

    def forward(self, x: Tensor) -> Tensor:
        """Images (n, 3, 8, 8) to (n, 4)."""
        y = self.conv(torch.tanh(x))
        return torch.as_tensor((self.norm(y) + y).mean((2, 3)))


class Twice(Shared):
    """The same pair runs twice."""

    def forward(self, x: Tensor) -> Tensor:
        """Images (n, 3, 8, 8) to (n, 4)."""
        one, two = (self.norm(self.conv(torch.tanh(k * x))) for k in (1, 2))
        return torch.as_tensor((one + two).mean((2, 3)))


@pytest.mark.parametrize("module", [Shared(), Twice()])
def test_pairs_that_are_not_alone_stay_as_they_are(module: nn.Module) -> None:
    """A second reader, or a second run: not fused."""
    x = torch.randn(3, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    with kept(trained(module, (3, 8, 8))):
        assert not fused(Network(module, x[:1]), x.flatten(1)).fused


def test_parts_with_hooks_stay_as_they_are() -> None:
    """A hook on the convolution sees what it always saw."""
    module = trained(nn.Sequential(nn.Tanh(), nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)), (3, 8, 8))
    x = torch.randn(3, 3, 8, 8)
    with kept(module):
        assert fused(Network(module, x[:1]), x.flatten(1)).fused
        module.get_submodule("1").register_forward_hook(lambda *_: None)
        assert not fused(Network(module, x[:1]), x.flatten(1)).fused
