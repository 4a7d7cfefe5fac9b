"""A small convolutional network for images in 2-D or 3-D, trained in seconds."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
import torch
from torch import nn

from evenlight.data.cohort import Cohort
from evenlight.errors import ModelError

RATE, DECAY, BATCH = 2e-2, 1e-3, 32


class SmallNetwork(nn.Sequential):
    """The mean image taken off, three convolutions, the sum over places, a linear output (n, 1).

    Each position of the last map sees 7 positions along each axis and nothing more, so the logit is
    a sum over places: what one region adds does not depend on another one that is more than 6
    positions away. The truth of regions that were planted is therefore known.
    """


class MeanTaken(nn.Module):
    """Images (n, c, *space) less the mean image, in units of one spread."""

    mean: torch.Tensor
    spread: torch.Tensor

    def __init__(self, mean: torch.Tensor, spread: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("spread", spread)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Of the same shape."""
        return (x - self.mean) / self.spread


class SumOverPlaces(nn.Module):
    """The sum over all positions (n, c, *space) -> (n, c), in tens of positions."""

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """One number a channel."""
        return maps.flatten(2).sum(dim=2) / 10


def small_network(
    mean: torch.Tensor, spread: torch.Tensor | float = 1.0, *, width: int = 8
) -> SmallNetwork:
    """An untrained network for rows (channels, *space) like their `mean`, with 2 or 3 axes."""
    if mean.ndim not in (3, 4):
        raise ModelError(f"a mean image of shape {tuple(mean.shape)}; wanted (c, *space) in 2 or 3")
    conv = nn.Conv2d if mean.ndim == 3 else nn.Conv3d
    return SmallNetwork(
        OrderedDict(
            centred=MeanTaken(mean, torch.as_tensor(spread)),
            first=conv(len(mean), width, 3, stride=2, padding=1),
            first_bend=nn.SiLU(),
            second=conv(width, width, 3, padding=1),
            second_bend=nn.SiLU(),
            third=conv(width, width, 1),
            third_bend=nn.SiLU(),
            pool=SumOverPlaces(),
            head=nn.Linear(width, 1),
        )
    )


def trained_network(
    cohort: Cohort, *, epochs: int = 20, width: int = 8, rng: np.random.Generator | int = 0
) -> SmallNetwork:
    """A small network for a binary outcome, trained on the images of a cohort.

    AdamW on the mean cross-entropy, with a rate that falls to nothing; pixel values enter as they
    are. The same cohort and generator give the same weights on one machine.

    Raises ModelError for rows that are no images (n, c, *space), or an outcome that is not binary.
    """
    if cohort.x.ndim not in (4, 5):
        raise ModelError(f"rows of shape {cohort.x.shape[1:]}; wanted images (c, *space)")
    if cohort.outcome_kind != "binary":
        raise ModelError(f"an outcome that is {cohort.outcome_kind}; wanted a binary one")
    stream = np.random.default_rng(rng)
    known = np.flatnonzero(np.isfinite(cohort.y))
    x = torch.tensor(cohort.dense(known), dtype=torch.float32)
    y = torch.tensor(cohort.y[known], dtype=torch.float32)
    with torch.random.fork_rng():
        torch.manual_seed(int(stream.integers(2**31)))
        network = small_network(x.mean(dim=0), x.std(), width=width)
    _train(network, x, y, epochs, stream)
    return network.eval()


def _train(
    network: SmallNetwork,
    x: torch.Tensor,
    y: torch.Tensor,
    epochs: int,
    stream: np.random.Generator,
) -> None:
    steps = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
    total = epochs * -(-len(x) // BATCH)
    falling = torch.optim.lr_scheduler.OneCycleLR(steps, RATE, total_steps=total)
    for _ in range(epochs):
        shuffled = torch.from_numpy(stream.permutation(len(x)))
        for start in range(0, len(x), BATCH):
            part = shuffled[start : start + BATCH]
            steps.zero_grad()
            logit = network(x[part])[:, 0]
            torch.autograd.backward(nn.functional.binary_cross_entropy_with_logits(logit, y[part]))
            steps.step()
            falling.step()
    steps.zero_grad()
