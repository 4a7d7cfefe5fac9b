"""What a console shows of an object is a line, however many rows or features it has."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evenlight.data.cohort import Cohort
from evenlight.data.features import Features
from evenlight.data.groups import Axes, Groups
from evenlight.data.scores import Scores
from evenlight.data.training import TrainingSummary
from tests.made_audit import audit

MANY = 3_000
IDS = [f"p{i}" for i in range(MANY)]
NAMES = tuple(f"gene{j}" for j in range(MANY))

SHOWN: dict[str, object] = {
    "Groups race: 2 levels (A, B) of 3,000 rows; labels from record": Groups.from_labels(
        "race", pd.Series(np.where(np.arange(MANY) % 2, "A", "B"), index=IDS)
    ),
    "Axes pcs: 3,000 rows of 2 (PC1, PC2)": Axes("pcs", np.zeros((MANY, 2)), None),
    "Features: 3,000 (gene0, gene1, gene2, ...)": Features(NAMES),
    "Scores: 2 rows of 1 (dice)": Scores.of(["a", "b"], {"dice": np.array([0.9, 0.7])}),
    "TrainingSummary: 500 units of 2 features": TrainingSummary.of(
        np.random.default_rng(0).normal(size=(500, 2)), ("a", "b")
    ),
    "Cohort: 3,000 rows, 3,000 units, 1 features; outcome none (none); strata none": Cohort(
        pd.DataFrame({"x": np.zeros(MANY)}, IDS), pd.DataFrame(index=IDS), unit="row"
    ),
}


@pytest.mark.parametrize("line", SHOWN)
def test_objects_are_shown_in_a_line(line: str) -> None:
    """Counts and the first names, no arrays."""
    assert repr(SHOWN[line]) == line


def test_records_are_shown_in_a_line() -> None:
    """Findings are counted, and every record of an audit says what it is of."""
    made = audit()
    assert repr(made.findings).startswith("Findings: ")
    assert "see .to_frame()" in repr(made.findings)
    for name in ("compositions", "performances", "comparisons", "reliances", "dependences"):
        assert len(repr(getattr(made, name)[0])) < 300
    assert len(repr(made.sensitivities)) < 300
