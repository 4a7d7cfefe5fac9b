"""Volumes are looked at a few at a time, so that memory does not grow with their number."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from evenlight.arrays import Int, Values
from evenlight.data import rows
from evenlight.data.cohort import Cohort
from evenlight.data.rows import Rows
from evenlight.modalities.image_rows import ReadImages
from evenlight.models import probe
from evenlight.models.adapt import adapt


def cohort_of(n: int, seen: list[int]) -> Cohort:
    """Volumes that are made when asked for; `seen` gets how many at once."""

    def read(at: Int) -> Values:
        seen.append(len(at))
        return np.stack([np.random.default_rng(i).normal(size=(1, 8, 8, 8)) for i in at.tolist()])

    made = ReadImages((n, 1, 8, 8, 8), np.dtype(np.float64), read)
    people = pd.DataFrame({"sex": np.arange(n) % 2}, index=[f"p{i:03d}" for i in range(n)])
    return Cohort(Rows(made), people, unit="row")


def test_a_model_is_checked_on_a_few_volumes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where volumes are large, no more than four are ever held, and the outputs are the same."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv3d(1, 2, 3), nn.ReLU(), nn.AdaptiveAvgPool3d(1), nn.Flatten())
    model = adapt(nn.Sequential(net, nn.Linear(2, 1)), link="identity", gives="margin")
    seen: list[int] = []
    whole = probe.prepare(model, cohort_of(50, seen)).output
    assert max(seen) == 50
    monkeypatch.setattr(probe, "SAMPLE", 1)
    monkeypatch.setattr(rows, "BLOCK", 2 * 8 * 8**3)
    few: list[int] = []
    cohort = cohort_of(50, few)
    np.testing.assert_allclose(probe.prepare(model, cohort).output, whole, rtol=1e-6)
    assert max(few) == probe.FEW
