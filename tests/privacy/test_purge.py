"""What is kept of single people is deleted when asked for, and nothing else is."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evenlight.data.cohort import Cohort
from evenlight.differing import sketches
from evenlight.errors import InputError, Refused
from evenlight.explainers.explain import explain
from evenlight.journal.running import place
from evenlight.journal.work import Work
from evenlight.modalities.annotated_rows import write_rows
from evenlight.purging import purge
from tests.command_line import evenlight


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


def sketched(out: Path, cohort: Cohort) -> Path:
    """An output of an audit of these people, with their sketches beside it."""
    out.mkdir(exist_ok=True)
    (out / "audit.json").write_text(json.dumps({"cohort": {"digest": cohort.digest}}))
    return sketches.keep(cohort, out.parent / sketches.FOLDER)


def test_sketches_of_people_go_with_their_last_audit(tmp_path: Path) -> None:
    """Those of one audit, unless another is of the same people; at last the folder with its key."""
    people = pd.DataFrame({"sex": ["f", "m"] * 20}, index=[f"p{i}" for i in range(40)])
    first = Cohort(np.zeros((40, 1)), people, ["a"], unit="row")
    other = first.take(np.arange(30))
    one, two = (sketched(tmp_path / name, first) for name in ("june", "july"))
    left = sketched(tmp_path / "august", other)
    assert one == two
    assert purge(tmp_path / "june") == ()
    shutil.rmtree(tmp_path / "july")
    assert purge(tmp_path / "june", dry=True) == (one,)
    assert purge(tmp_path / "june") == (one,)
    assert left.exists()
    assert purge(tmp_path / "august") == (tmp_path / sketches.FOLDER,)
    assert not (tmp_path / sketches.FOLDER).exists()
    assert (tmp_path / "august" / "audit.json").exists()


def test_a_folder_of_sketches_goes_by_its_name(tmp_path: Path) -> None:
    """One without a key is somebody else's."""
    people = pd.DataFrame({"sex": ["f", "m"] * 20}, index=[f"p{i}" for i in range(40)])
    sketched(tmp_path / "june", Cohort(np.zeros((40, 1)), people, ["a"], unit="row"))
    store = tmp_path / sketches.FOLDER
    assert purge(store) == (store,)
    store.mkdir()
    (store / "holiday.npz").write_bytes(b"")
    with pytest.raises(InputError, match="nothing that evenlight keeps"):
        purge(store)


def test_sketches_that_stay_are_told_with_how_they_go(tmp_path: Path) -> None:
    """Where another audit is of the same people, and where a folder above is named."""
    people = pd.DataFrame({"sex": ["f", "m"] * 20}, index=[f"p{i}" for i in range(40)])
    cohort = Cohort(np.zeros((40, 1)), people, ["a"], unit="row")
    for name in ("june", "july"):
        sketched(tmp_path / name, cohort)
    for words in (("june", "--dry-run"), ("june",)):
        done = evenlight("purge", *words, folder=tmp_path)
        assert "`evenlight purge .people` deletes all of them" in done.stdout
    above = evenlight("purge", ".", folder=tmp_path)
    assert above.returncode == 2
    assert repr(tmp_path.name) in above.stderr
    assert ".people in it holds sketches of people: name it" in above.stderr
    gone = evenlight("purge", ".people", folder=tmp_path)
    assert (gone.returncode, gone.stdout) == (0, "deleted .people\n")
    assert "sketches" not in evenlight("purge", "june", folder=tmp_path).stdout
