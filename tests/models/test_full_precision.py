"""Fault 43: what a network computes in half precision is computed in full, and that is said."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from evenlight.data.cohort import Cohort
from evenlight.data.feature_sets import FeatureSets
from evenlight.errors import ModelError
from evenlight.explainers.explain import explain
from evenlight.models.full_precision import full_precision
from evenlight.models.networks import kept
from evenlight.models.probe import prepare

N = 12
X = np.random.default_rng(0).normal(size=(N, 1, 12, 12))
PEOPLE = pd.DataFrame({"sex": ["f", "m"] * (N // 2)}, [f"r{i:02d}" for i in range(N)])
COHORT = Cohort(X, PEOPLE, ["intensity"], groups=["sex"], unit="row")


def plain() -> nn.Sequential:
    """A small convolutional network."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, 2), nn.ReLU(), nn.Conv2d(4, 4, 3), nn.ReLU(), nn.Flatten(),
        nn.Linear(36, 1),
    )  # fmt: skip


class Casting(nn.Module):
    """The same network, which computes in bfloat16 of its own accord."""

    def __init__(self, way: str) -> None:
        super().__init__()
        self.net, self.way = plain(), way

    def forward(self, x: Tensor) -> Tensor:
        """By a block, or by a decorated function; the output is float32 or bfloat16."""
        if self.way == "decorated":
            made: Tensor = DECORATED(self.net, x)
            return made
        with torch.autocast("cpu", dtype=torch.bfloat16):
            said: Tensor = self.net(x)
        return said.float() if self.way == "block" else said


def _said(net: nn.Module, x: Tensor) -> Tensor:
    said: Tensor = net(x)
    return said


DECORATED: Any = torch.autocast("cpu", dtype=torch.bfloat16)(_said)


@pytest.mark.parametrize("way", ["block", "decorated", "left"])
def test_43_a_network_that_casts_itself_is_computed_in_full(way: str) -> None:
    """Attributions are those of float32, bit by bit; how far its own outputs are is said."""
    found, wanted = (explain(m, COHORT, method="ig") for m in (Casting(way), plain()))
    np.testing.assert_array_equal(found.values, wanted.values)
    assert found.converged.all()
    said = prepare(Casting(way), COHORT).checked[0]
    assert "casts to torch.bfloat16 itself (autocast) were computed in full" in said
    assert "of their standard deviation) in 12 rows" in said
    assert not any("autocast" in line for line in prepare(plain(), COHORT).checked)


def test_43_a_network_that_casts_itself_is_handed_back_casting() -> None:
    """Outside, and after an error inside, autocast is what it was."""
    net = Casting("left")
    x = torch.tensor(X).float()
    before = net(x)
    explain(net, COHORT, method="ig")

    def stopped() -> None:
        with kept(net):
            assert net(x).dtype == torch.float32
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stopped()
    after = net(x)
    assert before.dtype == after.dtype == torch.bfloat16
    assert torch.equal(before, after)
    with full_precision() as met, full_precision() as again:
        assert met is again


def quantised() -> nn.Module:
    """The linear layer in 8 bits, scaled by each batch."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torch.ao.quantization import quantize_dynamic

        make: Any = quantize_dynamic
        made: nn.Module = make(plain().eval(), {nn.Linear}, dtype=torch.qint8)
    return made


def test_43_a_quantised_network_is_refused_with_a_remedy_that_works() -> None:
    """It has no gradients and mixes its batch; row by row, as a function, it can be asked."""
    net = quantised()
    with pytest.raises(ModelError, match=r"are quantised, first '5'.*row by row"):
        explain(net, COHORT, method="ig")

    def one_by_one(x: Any) -> Any:
        with torch.no_grad():
            return np.concatenate([net(torch.tensor(row[None]).float()).numpy() for row in x])

    halves = FeatureSets.from_label_map(np.repeat([0, 1], 6)[:, None], shape=(1, 12, 12))
    found = explain(one_by_one, COHORT, method="shapley", players=halves)
    np.testing.assert_allclose(found.total(), found.output, atol=1e-6)
    with torch.no_grad():
        wanted = plain()(torch.tensor(X).float())[:, 0].numpy()
    np.testing.assert_allclose(found.output, wanted, atol=0.05)
