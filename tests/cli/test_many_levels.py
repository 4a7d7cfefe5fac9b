"""A grouping of hundreds of levels on the command line: told at once, and not line by line."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.command_line import begun, evenlight

PLAN = """
[model]
table = "score.csv"
[cohort]
table = "people.csv"
id = "id"
features = ["a", "b"]
outcome = "y"
unit = "row"
groups = ["day"]
"""


def planned(folder: Path, large: int) -> Path:
    """The small project, with a grouping of which `large` people are at two levels."""
    people = pd.read_csv(begun(folder) / "people.csv")
    days = [f"day {i}" if i >= large else "AB"[i % 2] for i in range(len(people))]
    people.assign(day=days).to_csv(folder / "people.csv", index=False)
    (folder / "audit.toml").write_text(PLAN)
    return folder


@pytest.mark.parametrize(
    "words",
    [
        ("check", "audit.toml"),
        ("run", "audit.toml"),
        ("compare", "audit.toml", "--by", "day"),
        ("compare", "audit.toml"),
        ("rely", "audit.toml"),
    ],
)
def test_a_date_is_no_grouping(words: tuple[str, ...], tmp_path: Path) -> None:
    """Exit 2 with the grouping, how many levels, and the remedy, before anything is computed."""
    done = evenlight(*words, folder=planned(tmp_path, 0))
    assert done.returncode == 2, done.stderr
    assert "day has 240 levels, and no two of them have 11 rows" in done.stderr
    assert "cut it into a few bins" in done.stderr
    assert "explaining" not in done.stderr
    assert "contrast" not in done.stdout


def test_explain_asks_nothing_of_groupings(tmp_path: Path) -> None:
    """What the model leans on is told of people whatever they are grouped by."""
    done = evenlight("explain", "audit.toml", folder=planned(tmp_path, 0))
    assert done.returncode == 0, done.stderr


def test_contrasts_that_cannot_be_asked_are_counted(tmp_path: Path) -> None:
    """Two larger levels among two hundred are compared; the others take one line."""
    done = evenlight("check", "audit.toml", folder=planned(tmp_path, 60))
    assert done.returncode == 0, done.stderr
    assert "contrast 180 of 181 of day cannot be asked here" in done.stdout
    assert done.stdout.count("\ncontrast") == 2
    assert len(done.stdout.splitlines()) < 20
    assert done.stderr.count("day has 182 levels, 180 of them") == 1
    assert "note: day has 182 levels" in done.stderr
    assert "EvenlightWarning" not in done.stderr
