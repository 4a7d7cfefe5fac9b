"""Small networks of images in two and three axes, of the kinds that are in use."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

OF = {2: (nn.Conv2d, nn.BatchNorm2d, nn.InstanceNorm2d, nn.AvgPool2d),
      3: (nn.Conv3d, nn.BatchNorm3d, nn.InstanceNorm3d, nn.AvgPool3d)}  # fmt: skip


class Convolving(nn.Module):
    """A residual network in 2 or 3 axes; `relu` makes its activations, `norm` its normalisation."""

    def __init__(self, axes: int, *, relu: Any = nn.ReLU, norm: str = "batch") -> None:
        super().__init__()
        torch.manual_seed(axes)
        conv, batch, instance, pool = OF[axes]
        made: Any = {
            "batch": batch, "instance": instance, "group": lambda c: nn.GroupNorm(2, c),
            "own": lambda c: batch(c, track_running_stats=False),
        }[norm]  # fmt: skip
        self.first, self.norm = conv(1, 4, 3, 2, 1, bias=False), made(4)
        self.deep, self.deepnorm = conv(4, 4, 3, 1, 1), made(4)
        self.relu, self.again, self.pool = relu(), relu(), pool(2)
        self.head = nn.Linear(4 * 2 ** (axes + 1), 2)

    def forward(self, x: Tensor) -> Tensor:
        """Images (m, 1, 8, 8[, 16]) to (m, 2)."""
        x = self.relu(self.norm(self.first(x)))
        x = self.pool(self.again(self.deepnorm(self.deep(x)) + x))
        made: Tensor = self.head(x.flatten(1))
        return made


class Functional(Convolving):
    """The same with activations as functions, one of them in place."""

    def forward(self, x: Tensor) -> Tensor:
        """Images to (m, 2)."""
        x = nn.functional.relu(self.norm(self.first(x)))
        x = self.pool(nn.functional.relu_(self.deepnorm(self.deep(x)) + x))
        made: Tensor = self.head(x.flatten(1))
        return made


class Reused(Convolving):
    """The same with one activation module that is used twice."""

    def forward(self, x: Tensor) -> Tensor:
        """Images to (m, 2)."""
        x = self.relu(self.norm(self.first(x)))
        x = self.pool(self.relu(self.deepnorm(self.deep(x)) + x))
        made: Tensor = self.head(x.flatten(1))
        return made


class Patching(nn.Module):
    """A vision transformer in 2 or 3 axes over patches of side 4, as MONAI's: blocks in a list.

    `across` makes attention take the first axis for tokens, as without `batch_first`.
    """

    def __init__(self, axes: int, *, tokens: int, across: bool = False) -> None:
        super().__init__()
        torch.manual_seed(axes)
        self.patch = OF[axes][0](1, 8, 4, 4)
        self.mark, self.place = (nn.Parameter(torch.randn(1, k, 8)) for k in (1, tokens + 1))
        layers = [
            nn.TransformerEncoderLayer(8, 2, 16, batch_first=not across, activation="gelu")
            for _ in range(2)
        ]
        self.blocks = nn.ModuleList(layers)
        self.norm, self.head = nn.LayerNorm(8), nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Any:
        """Images to outputs (m, 2) and the states of the blocks."""
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.mark.expand(len(x), -1, -1), x], dim=1) + self.place
        states = []
        for block in self.blocks:
            x = block(x)
            states.append(x)
        return self.head(self.norm(x).mean(dim=1)), states
