"""Networks of many shapes, for tests of what happens inside them."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional


class Residual(nn.Module):
    """A small residual network over images, with a fixed normalisation and in-place ReLUs."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 8, 5, 2, 2, bias=False), nn.BatchNorm2d(8)
        self.deep, self.deepnorm = nn.Conv2d(8, 8, 3, 1, 1), nn.BatchNorm2d(8)
        self.relu, self.head = nn.ReLU(inplace=True), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        """Images (n, 3, 16, 16) to (n, 3)."""
        x = self.relu(self.norm(self.conv((x - 0.45) / 0.22)))
        y = self.deepnorm(self.deep(x))
        y += x
        return torch.as_tensor(self.head(functional.relu(y).mean((2, 3))))


class Skip(nn.Module):
    """The input also goes past the first layer."""

    def __init__(self, detached: bool = False) -> None:
        super().__init__()
        self.first, self.last, self.detached = nn.Linear(6, 6), nn.Linear(6, 1), detached

    def forward(self, x: Tensor) -> Tensor:
        """Rows (n, 6) to (n, 1)."""
        past = x.detach() if self.detached else x
        return torch.as_tensor(self.last(past + torch.tanh(self.first(x))))


class Two(nn.Module):
    """Two inputs, each with a first layer of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.last = nn.Linear(4, 5), nn.Linear(2, 3), nn.Linear(8, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Rows (n, 6) to (n, 1)."""
        parts = [torch.relu(self.a(x[:, :4])), torch.tanh(self.b(x[:, 4:]))]
        return torch.as_tensor(self.last(torch.cat(parts, 1)))


class Clamped(nn.Module):
    """Affine between -5 and 5 only."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(6, 5), nn.Linear(5, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Rows (n, 6) to (n, 1)."""
        return torch.as_tensor(self.last(torch.tanh(self.first(x.clamp(-5, 5)))))


class Patches(nn.Module):
    """A vision transformer of two blocks over patches of 4 x 4."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = nn.Conv2d(3, 16, 4, 4)
        self.mark, self.place = (nn.Parameter(torch.randn(1, k, 16)) for k in (1, 17))
        self.drop = nn.Dropout(0.1)
        layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
        self.blocks = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(16, 2)

    def forward(self, x: Tensor) -> Tensor:
        """Images (n, 3, 16, 16) to (n, 2)."""
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.mark.expand(len(x), -1, -1), x], 1) + self.place
        return torch.as_tensor(self.head(self.blocks(self.drop(x))[:, 0]))


class Tokens(nn.Module):
    """Codes (n, 5) below 7, embedded; the order matters."""

    def __init__(self) -> None:
        super().__init__()
        self.table, self.last = nn.Embedding(7, 4), nn.Linear(20, 2)
        self.place = nn.Parameter(torch.randn(5, 4))

    def forward(self, x: Tensor) -> Tensor:
        """Codes (n, 5) to (n, 2)."""
        return torch.as_tensor(self.last(torch.tanh(self.table(x) + self.place).flatten(1)))


def layers(*sizes: int, activation: type[nn.Module] = nn.ReLU) -> nn.Sequential:
    """Linear layers of these sizes with an activation between each two."""
    parts: list[nn.Module] = []
    for a, b in itertools.pairwise(sizes):
        parts += [nn.Linear(a, b), activation()]
    return nn.Sequential(*parts[:-1])
