"""Networks of MONAI's kind: dicts and lists in, dicts, tuples and records out."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from evenlight.data.cohort import Cohort
from evenlight.errors import ModelError
from evenlight.explainers.explain import explain
from evenlight.models.adapt import adapt
from evenlight.models.wired import wire

N = 20
X = np.random.default_rng(0).normal(size=(N, 1, 8, 8))
PEOPLE = pd.DataFrame({"sex": ["f", "m"] * (N // 2)}, [f"r{i:02d}" for i in range(N)])
COHORT = Cohort(X, PEOPLE, ["intensity"], groups=["sex"], unit="row")
Said = namedtuple("Said", "logits hidden")


def core() -> nn.Sequential:
    """A small smooth network."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 3, 3), nn.Tanh(), nn.Flatten(), nn.Linear(108, 2))


class Odd(nn.Module):
    """The same network with other ends."""

    def __init__(self, takes: str, gives: str) -> None:
        super().__init__()
        self.core, self.takes, self.gives = core(), takes, gives

    def forward(self, given: Any) -> Any:
        """As a data dictionary, or a list of images, to one of several outputs."""
        x = given["scan"] if self.takes == "dict" else given[0] if self.takes == "list" else given
        said: Tensor = self.core(x)
        every = {
            "dict": {"logits": said, "note": "text"},
            "tuple": ([said, said], said),
            "record": Said(said, None),
        }
        return every[self.gives]


@pytest.mark.parametrize("takes", ["tensor", "dict", "list"])
@pytest.mark.parametrize(
    ("gives", "output"), [("dict", "logits"), ("tuple", 1), ("record", "logits")]
)
def test_any_ends_give_the_attributions_of_the_bare_network(
    takes: Any, gives: str, output: str | int
) -> None:
    """Through the stem, too: only the ends differ, and the network is handed back."""
    net = Odd(takes, gives).train()
    model = wire(net, hands=takes, key="scan", output=output)
    found = explain(model, COHORT, method="ig", target=1)
    wanted = explain(core(), COHORT, method="ig", target=1)
    np.testing.assert_array_equal(found.values, wanted.values)
    assert found.settings["stem"] == "network.core.0"
    assert net.training
    assert adapt(model).name == "Odd"


@pytest.mark.parametrize(
    ("gives", "output", "message"),
    [
        ("dict", None, r"Odd gives a dict of 2 \('logits': a tensor \(20, 2\), 'note': a str\)"),
        ("dict", "logit", r"no output 'logit'; did you mean 'logits'\?; it gives a dict"),
        ("dict", "note", "output 'note' of Odd is a str; wanted one tensor"),
        ("tuple", 2, r"no output 2; it gives a tuple of 2 \(0: a list of 2"),
        ("tuple", 0, "output 0 of Odd is a list of 2"),
        ("record", "hidden", "no output 'hidden'; it gives a Said of 2"),
    ],
)
def test_an_output_that_is_not_there_is_named(gives: str, output: Any, message: str) -> None:
    """With what the network gives, and the nearest name; nothing is guessed."""
    with pytest.raises(ModelError, match=message):
        explain(wire(Odd("tensor", gives), output=output), COHORT, method="ig", target=1)


def test_what_is_no_network_is_refused() -> None:
    """A function, and a way to hand images over that there is not."""
    with pytest.raises(ModelError, match="no torch module"):
        wire(lambda x: x)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match='wanted "tensor", "dict" or "list"'):
        wire(core(), hands="tuple")  # type: ignore[arg-type]
    with pytest.raises(ModelError, match=r"ev.wire\(model, output='logits'\)"):
        explain(Odd("tensor", "dict"), COHORT, method="ig", target=1)
