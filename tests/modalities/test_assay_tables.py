"""Tables of methylation, proteins and counts are told as such; a table of patients is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evenlight.arrays import Float
from evenlight.modalities.tables import read_table


def notes(x: Float, folder: Path) -> tuple[str, ...]:
    """The notes of a cohort that is read from a file with these columns."""
    names = [f"f{j}" for j in range(x.shape[1])]
    table = pd.DataFrame(x, columns=names).assign(sex=np.arange(len(x)) % 2)
    table.to_csv(folder / "table.csv", index=False)
    return read_table(folder / "table.csv", features=names, unit="row", groups=["sex"]).notes[1:]


@pytest.mark.parametrize(("kind", "wanted"), [("beta", "beta values"), ("clr", "(CLR)")])
def test_assays_are_told(kind: str, wanted: str, tmp_path: Path) -> None:
    """Beta values and centred log-ratios of proteins get a note."""
    rng = np.random.default_rng(0)
    x = rng.beta(0.5, 0.5, (50, 30))
    if kind == "clr":
        logs = np.log1p(rng.poisson(20.0, (50, 30)))
        x = logs - logs.mean(axis=1, keepdims=True)
    found = notes(x, tmp_path)
    assert len(found) == 1
    assert wanted in found[0]


def test_patients_are_not_told(tmp_path: Path) -> None:
    """Whole numbers of patients, and shares in a few columns, get no note."""
    rng = np.random.default_rng(1)
    assert notes(rng.integers(0, 90, (50, 30)).astype(float), tmp_path) == ()
    assert notes(rng.random((50, 5)), tmp_path) == ()
    assert notes(rng.normal(size=(50, 30)), tmp_path) == ()
