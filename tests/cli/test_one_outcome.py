"""An outcome in which nobody differs is told by `check`, before anything is computed."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.command_line import begun, evenlight

PLAN = """
[model]
table = "score.csv"
link = "logit"
[cohort]
table = "people.csv"
id = "id"
features = ["a", "b"]
outcome = "ill"
unit = "row"
groups = ["race"]
[[question]]
measure = "performance"
grouping = "race"
subject = "auroc"
"""


@pytest.mark.parametrize("value", [0, 1])
def test_one_outcome_is_told_as_such(value: int, tmp_path: Path) -> None:
    """The question that cannot be asked says why in one line, and the note what to look at."""
    people = pd.read_csv(begun(tmp_path) / "people.csv").assign(ill=value)
    people.to_csv(tmp_path / "people.csv", index=False)
    (tmp_path / "audit.toml").write_text(PLAN)
    done = evenlight("check", "audit.toml", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    why = f"Outcome ill is {value} in all rows"
    told = [line for line in done.stdout.splitlines() if line.startswith("forecast")]
    assert told == [f"forecast cannot be asked here: {why}, and performance needs two outcomes"]
    assert f"note     {why}: no performance can be told" in done.stdout
    assert "look at its column, the label of the event, and the split" in done.stdout
