"""What is kept of single people is deleted when asked for, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evenlight.data.cohort import Cohort
from evenlight.errors import InputError, Refused
from evenlight.explainers.explain import explain
from evenlight.journal.running import place
from evenlight.journal.work import Work
from evenlight.modalities.annotated_rows import write_rows
from evenlight.purging import purge


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """An output folder with unfinished work beside it, and part of a file in it."""
    out = tmp_path / "audit"
    (out / "tables").mkdir(parents=True)
    (out / "audit.json").write_text("{}")
    (out / "tables" / ".people.csv.x1.partial").write_text("half")
    with Work(place(out)) as work:
        work.begin({"plan": "1"})
    (place(out) / "0.tile").write_bytes(b"rows of people")
    return out


def test_unfinished_work_and_parts_of_files_go_and_the_report_stays(output: Path) -> None:
    """Told first, then deleted; a second call finds nothing and is no error."""
    told = purge(output, dry=True)
    assert [p.name for p in told] == [".audit.work", ".people.csv.x1.partial"]
    assert place(output).is_dir()
    assert purge(output) == told
    assert not place(output).exists()
    assert [p.name for p in sorted(output.rglob("*"))] == ["audit.json", "tables"]
    assert purge(output) == ()


def test_a_run_that_still_works_is_left_alone(output: Path) -> None:
    """Nothing is taken away below a run."""
    with Work(place(output)), pytest.raises(InputError, match="another run"):
        purge(output)
    assert (place(output) / "0.tile").exists()


def test_kept_attributions_go(tmp_path: Path) -> None:
    """The folder of `keep_rows=` is known by what it says it is."""
    pytest.importorskip("zarr")
    people = pd.DataFrame({"sex": ["f", "m"] * 20}, index=[f"p{i}" for i in range(40)])
    cohort = Cohort(np.random.default_rng(0).normal(size=(40, 2)), people, ["a", "b"])
    folder = write_rows(explain(lambda x: x[:, 0], cohort), tmp_path / "rows", {})
    assert purge(folder) == (folder,)
    assert not folder.exists()


def test_what_is_not_ours_is_not_deleted(tmp_path: Path, output: Path) -> None:
    """A folder of somebody else, nothing, and a link are refused."""
    other = tmp_path / "photos"
    other.mkdir()
    (other / "manifest.json").write_text("{}")
    (other / "READ-ME.txt").write_text("Holidays.")
    (other / "zarr.json").write_text('{"attributes": {"schema": "another"}}')
    (tmp_path / "link").symlink_to(place(output))
    with pytest.raises(InputError, match="nothing that evenlight keeps"):
        purge(other)
    with pytest.raises(InputError, match="there is no 'nowhere'"):
        purge(tmp_path / "nowhere")
    with pytest.raises(Refused, match="is a link"):
        purge(tmp_path / "link")
    assert (other / "zarr.json").exists()
    assert place(output).is_dir()
