"""What baseline "auto" takes: rows for codes, the mean for counts, and the record says why."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.explainers.baseline import chosen
from evenlight.explainers.explain import explain

N = 90


def cohort_of(x: Float) -> Cohort:
    """People of two groups with values x."""
    people = pd.DataFrame({"g": np.tile(["a", "b"], N // 2), "y": np.arange(N) % 2})
    return Cohort(x, people, groups=["g"], outcome="y")


def tables() -> dict[str, tuple[Float, str, str]]:
    """Tables, what is taken for each, and what was seen."""
    rng = np.random.default_rng(0)
    counts = rng.poisson(rng.gamma(1.0, 0.5, 120), (N, 120)).astype(float)
    dosages = rng.binomial(2, 0.3, (N, 120)).astype(float)
    age = rng.integers(30, 80, (N, 3)).astype(float)
    sex = rng.integers(0, 2, (N, 1)).astype(float)
    codes = "indicators or genotypes"
    return {
        "counts": (counts, "mean", "counts"),
        "log counts": (np.log1p(counts), "mean", "no indicators or genotypes"),
        "dosages": (dosages, "rows", codes),
        "dosages beside ages": (np.hstack([dosages, age]), "rows", codes),
        "a clinical table": (np.hstack([age, sex]), "rows", codes),
        "a gene table with sex": (np.hstack([rng.normal(size=(N, 120)), sex]), "rows", codes),
    }


@pytest.mark.parametrize("name", list(tables()))
def test_the_kind_of_the_table_decides(name: str) -> None:
    """Genes with few counts are no genotypes, and genotypes beside ages are no counts."""
    x, kind, seen = tables()[name]
    assert ((x <= 2).all(axis=0)).any() or kind == "mean"
    assert chosen(cohort_of(x)) == (kind, seen)


def test_the_record_says_what_was_seen() -> None:
    """One path for each cell of counts, and why; nothing where somebody said what to take."""
    cohort = cohort_of(tables()["counts"][0])
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(120, 4), nn.Tanh(), nn.Linear(4, 1)).eval()
    found = explain(module, cohort, method="ig")
    assert (found.settings["baseline"], found.settings["baselines"]) == ("mean", 1)
    assert found.settings["baseline_seen"] == "counts"
    asked = explain(module, cohort, method="ig", baseline="mean")
    assert "baseline_seen" not in asked.settings
