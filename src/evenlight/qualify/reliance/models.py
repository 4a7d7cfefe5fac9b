"""The kinds of model that are audited, each as it is trained and how it is refitted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from torch import nn

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.models.adapt import adapt
from evenlight.probes.refitting import Refit

HIDDEN = 16
EPOCHS = 15


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """`fit` (training cohort, seed) -> model; `refit` for what cannot be cloned."""

    fit: Callable[[Cohort, int], object]
    refit: Refit | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


def linear(training: Cohort, seed: int) -> object:
    """L2 logistic regression, C = 0.05."""
    return LogisticRegression(C=0.05, max_iter=500).fit(training.dense(), training.y)


def penalised(training: Cohort, seed: int) -> object:
    """L2 logistic regression, C = 0.002: coefficients shrunken to a fraction of their due."""
    return LogisticRegression(C=0.002, max_iter=500).fit(training.dense(), training.y)


def trees(training: Cohort, seed: int) -> object:
    """40 boosted trees of depth 3."""
    made = HistGradientBoostingClassifier(
        max_iter=40, max_depth=3, learning_rate=0.15, early_stopping=False, random_state=seed
    )
    return made.fit(training.dense(), training.y)


def network(training: Cohort, seed: int) -> object:
    """One hidden layer of 16 units."""
    made = trained(training.dense(), training.y, weight=np.ones(training.n), seed=seed)
    return adapt(made, link="logit")


def trained(x: Float, y: Float, *, weight: Float, seed: int) -> nn.Module:
    """The network trained on rows x (n, p), outcome y (n,) in 0 and 1, with case weights (n,)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made = nn.Sequential(
            nn.Linear(x.shape[1], HIDDEN), nn.ReLU(), nn.Dropout(0.2), nn.Linear(HIDDEN, 1)
        )
        rows, wanted, scale = (torch.tensor(a, dtype=torch.float32) for a in (x, y, weight))
        steps = torch.optim.AdamW(made.parameters(), lr=5e-3, weight_decay=1.0)
        loss = nn.BCEWithLogitsLoss(weight=scale)
        made.train()
        for _ in range(EPOCHS):
            order = torch.randperm(len(y))
            for part in torch.split(order, 256):
                steps.zero_grad()
                loss.weight = scale[part]
                loss(made(rows[part] - 1.0)[:, 0], wanted[part]).backward()
                steps.step()
    return nn.Sequential(_Less(), *made).eval()


class _Less(nn.Module):
    """Allele counts about 1."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """One less than x."""
        return x - 1.0


KINDS: Mapping[str, Kind] = {
    "linear": Kind(linear, options={"method": "linear"}),
    "penalised": Kind(penalised, options={"method": "linear"}),
    "trees": Kind(trees, options={"method": "trees"}),
    "network": Kind(network, trained, {"method": "ig"}),
}
