"""Blocks of units that are left out in turn are alike in groups and in mixes of strata."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
from torch import nn

from evenlight.data.cohort import Cohort
from evenlight.probes.erase import BLOCKS, erase


def test_blocks_are_balanced_in_people_whose_rows_differ() -> None:
    """Of each group and mix of views every block leaves out two people, whatever row is first."""
    rng = np.random.default_rng(0)
    u = 2 * 3 * 2 * BLOCKS
    kind, race = np.arange(u) % 3, np.arange(u) // 3 % 2
    turn = rng.integers(0, 2, u)
    late = np.where(kind[:, None] == 1, np.stack([turn, 1 - turn], axis=1), kind[:, None] // 2)
    people = pd.DataFrame(
        {"who": [f"p{i:03d}" for i in np.repeat(np.arange(u), 2)],
         "race": np.array(["a", "b"])[np.repeat(race, 2)],
         "view": np.array(["AP", "PA"])[late.ravel()]},
        index=[f"s{i:04d}" for i in range(2 * u)],
    )  # fmt: skip
    x = rng.normal(size=(2 * u, 3)).astype(np.float32)
    cohort = Cohort(x, people, ["x", "y", "z"], groups=["race"], strata=["view"], unit="who")
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).eval()
    (made,) = erase(net, cohort, by="race", layers=["0"])
    block = made.block[::2]
    np.testing.assert_array_equal(block, made.block[1::2])
    count = np.zeros((BLOCKS, 2, 3), dtype=int)
    np.add.at(count, (block, race, kind), 1)
    assert (count == 2).all()
