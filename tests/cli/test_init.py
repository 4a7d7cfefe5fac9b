"""A plan guessed from a table: what is found, what is left to a person, and what is never done."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest

from evenlight.drafting import draft
from evenlight.errors import InputError, Refused
from evenlight.load import load_cohort
from evenlight.plan import Plan
from tests.command_line import begun, data, evenlight

N = 60


def people() -> pd.DataFrame:
    """A table as hospitals have it."""
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "SampleID": [f"s{i}" for i in range(N)],
            "patient_id": [f"p{i // 2}" for i in range(N)],
            "Sex": np.tile(["f", "m"], N // 2),
            "self-reported race": np.tile(["A", "B", "C"], N // 3),
            "hospital": np.tile(["north", "south"], N // 2),
            "split": np.repeat(["train", "test"], N // 2),
            "diagnosis": np.tile(["healthy", "ill", "ill"], N // 3),
            "crp": rng.normal(size=N),
            "smoker": np.tile(["yes", "no", "no", "no"], N // 4),
            "note": [f"free text {i}" for i in range(N)],
        }
    )


def drawn(table: pd.DataFrame, folder: Path) -> Plan:
    """The plan that is guessed from a table."""
    table.to_csv(folder / "people.csv", index=False)
    return Plan.from_toml(draft(folder / "people.csv").path)


def test_each_role_is_found_by_name_and_values(tmp_path: Path) -> None:
    """Ids, people, groups, outcome with its event, sites, held-out rows and inputs."""
    made = drawn(people(), tmp_path).cohort
    assert (made.id, made.unit) == ("SampleID", "patient_id")
    assert made.groups == ("self-reported race", "Sex")
    assert (made.outcome, made.event) == ("diagnosis", "ill")
    assert made.strata == ("hospital",)
    assert made.split == ("split", "test")
    assert made.features == ("crp", "smoker")
    text = (tmp_path / "audit.toml").read_text()
    assert "# no role was found for: note\n" in text
    assert text.count("# guessed: ") == 8
    assert "# table = ...   # to do: name the model" in text


def test_a_guess_follows_what_it_is_made_of(tmp_path: Path) -> None:
    """Without repeated people the unit is the row; 0 and 1 with a time is survival."""
    table = people().drop(columns=["patient_id", "diagnosis", "split"])
    table["death"], table["follow-up time"] = np.arange(N) % 2, np.arange(1.0, N + 1)
    made = drawn(table, tmp_path).cohort
    assert made.unit == "row"
    assert (made.outcome, made.time) == ("death", "follow-up time")
    assert made.split is None


def test_unique_text_is_an_id_whatever_its_name(tmp_path: Path) -> None:
    """One word for each row names the rows; free text, dates, numbers and repeated words do not."""
    table = people().drop(columns=["SampleID", "patient_id"])
    table["crp text"] = [f"<{i}" for i in range(N)]
    table["seen"] = pd.date_range("2020-01-01", periods=N).strftime("%Y-%m-%d")
    table["Code"] = [f"K-{i:03d}" for i in range(N)]
    made = drawn(table, tmp_path).cohort
    assert made.id == "Code"
    assert "# guessed: text in one word, and each value is there once\nid = " in (
        tmp_path / "audit.toml"
    ).read_text(encoding="utf-8")
    (tmp_path / "audit.toml").unlink()
    assert drawn(table.drop(columns="Code"), tmp_path).cohort.id is None


def test_a_second_outcome_is_no_feature(tmp_path: Path) -> None:
    """Of columns named as outcomes one is the outcome; the others are left out, and told."""
    table = people().assign(died=np.arange(N) % 2, vital_status=np.arange(N) % 3)
    made = drawn(table, tmp_path).cohort
    assert made.outcome == "diagnosis"
    assert made.features == ("crp", "smoker")
    text = (tmp_path / "audit.toml").read_text(encoding="utf-8")
    assert "left out, as they are named as outcomes are: vital_status, died\n" in text
    assert "# no role was found for: note\n" in text


def test_a_name_alone_is_not_believed(tmp_path: Path) -> None:
    """An age at diagnosis is no outcome, a number of a person no input, a measurement no group."""
    table = people().drop(columns=["patient_id", "split"])
    table.insert(0, "age at diagnosis", np.linspace(30, 80, N))
    table["patient number"] = np.arange(N)
    table["population density"] = np.linspace(0, 1, N)
    made = drawn(table, tmp_path).cohort
    assert made.outcome == "diagnosis"
    assert made.groups == ("self-reported race", "Sex")
    assert made.features == ("age at diagnosis", "crp", "smoker", "population density")


def test_what_is_drafted_can_be_checked(tmp_path: Path) -> None:
    """With a formula beside it, `init` and `check` are all that is needed."""
    folder = begun(tmp_path)
    (folder / "audit.toml").unlink()
    told = data("init", "people.csv", folder=folder)
    assert told["guesses"]["cohort.features"] == "terms of the formula"
    assert [one.split(":")[0] for one in told["open"]] == ["cohort.split"]
    done = evenlight("check", "audit.toml", folder=folder)
    assert done.returncode == 0, done.stderr
    assert "contrast B against A: can be asked" in done.stdout


def test_a_name_cannot_write_a_plan(tmp_path: Path) -> None:
    """Quotes, line ends and control characters of a column stay inside its name."""
    wild = ['a"\n[policy]\nalpha = 0.2\n#', "b\\", "c\x1b[2J\x7f", "d'''", "é 🧬", "[cohort]"]
    table = people()[["SampleID", "Sex", "diagnosis"]]
    for i, name in enumerate(wild):
        table = table.assign(**{name: np.arange(N) * (i + 1.5)})
    made = drawn(table, tmp_path)
    assert made.policy == Plan().policy
    assert made.cohort.features == tuple(wild)
    assert "\x1b" not in (tmp_path / "audit.toml").read_text()


def test_no_value_of_a_person_is_written(tmp_path: Path) -> None:
    """The plan and what is said hold names of columns, and of values the event and the split."""
    table = people()
    table["note"] = [f"canary-{i}" for i in range(N)]
    table.loc[0, "Sex"] = "rare-canary"
    table.to_csv(tmp_path / "people.csv", index=False)
    done = evenlight("init", "people.csv", folder=tmp_path)
    assert "canary" not in (tmp_path / "audit.toml").read_text() + done.stdout + done.stderr


def test_nothing_is_overwritten_and_nothing_else_is_read(tmp_path: Path) -> None:
    """A plan that is there, a folder, a file that is no table, a table elsewhere: exit 2."""
    people().to_csv(tmp_path / "people.csv", index=False)
    (tmp_path / "audit.toml").write_text("mine")
    (tmp_path / "inner").mkdir()
    (tmp_path / "cells.h5ad").write_bytes(bytes(range(256)))
    with pytest.raises(InputError, match="exists; name another"):
        draft(tmp_path / "people.csv")
    with pytest.raises(InputError, match="is a folder"):
        draft(tmp_path / "inner")
    with pytest.raises(InputError, match=r"is no \.h5ad file \(HDF5\)"):
        draft(tmp_path / "cells.h5ad", tmp_path / "other.toml")
    (tmp_path / "cells.txt").write_bytes(bytes(range(256)))
    with pytest.raises(InputError, match=r"is no table .* \.parquet or \.h5ad file"):
        draft(tmp_path / "cells.txt", tmp_path / "other.toml")
    with pytest.raises(InputError, match="must lie beside the plan"):
        draft(tmp_path / "people.csv", tmp_path / "inner" / "audit.toml")
    assert (tmp_path / "audit.toml").read_text() == "mine"
    assert draft(tmp_path / "people.csv", tmp_path / "b.toml").path == tmp_path / "b.toml"


def test_a_table_too_wide_for_a_plan_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written that `check` would not read."""
    monkeypatch.setattr("evenlight.drafting.LARGEST_PLAN", 500)
    people().to_csv(tmp_path / "people.csv", index=False)
    with pytest.raises(InputError, match="10 columns, too many for a plan to list"):
        draft(tmp_path / "people.csv")
    assert not (tmp_path / "audit.toml").exists()


def test_missing_values_are_left_to_a_person(tmp_path: Path) -> None:
    """What to do with them is a line to fill in, never a guess."""
    table = people()
    table.loc[3, "crp"] = np.nan
    assert drawn(table, tmp_path).cohort.missing == "error"
    assert (
        "# missing = ...   # to do: features with missing values: 1, first crp"
        in (tmp_path / "audit.toml").read_text()
    )


@pytest.mark.parametrize("name", ["people.tsv", "people.tsv.gz", "people.csv.gz", "people.parquet"])
def test_a_table_of_another_form_gives_the_same_plan_and_cohort(name: str, tmp_path: Path) -> None:
    """Tabs, packed text and Parquet: what is guessed, and what a run then reads."""
    table = people().drop(columns="patient_id")
    wanted = drawn(table, tmp_path).cohort
    (tmp_path / "audit.toml").unlink()
    path = tmp_path / name
    if name.endswith(".parquet"):
        pytest.importorskip("pyarrow")
        table.to_parquet(path)
    else:
        table.to_csv(path, sep="\t" if ".tsv" in name else ",", index=False)
    found = Plan.from_toml(draft(path).path)
    assert found.cohort.model_dump(exclude={"table"}) == wanted.model_dump(exclude={"table"})
    assert found.cohort.table == name
    read = load_cohort(found, tmp_path)
    like = load_cohort(found.model_copy(update={"cohort": wanted}), tmp_path)
    pd.testing.assert_frame_equal(read.people, like.people)
    assert read.features.names == like.features.names
    np.testing.assert_allclose(read.dense(), like.dense(), rtol=1e-12)  # text has last digits


def test_a_parquet_file_that_is_none_or_too_large_is_refused(tmp_path: Path) -> None:
    """By what it is, and by what it says that it holds, before anything is read."""
    pytest.importorskip("pyarrow")
    path = tmp_path / "people.parquet"
    path.write_bytes(b"PAR1 no such file PAR1")
    with pytest.raises(InputError, match="is no Parquet file"):
        draft(path)
    people().to_parquet(path)
    with (
        patch("evenlight.modalities.tables.MOST_CELLS", 100),
        pytest.raises(Refused, match="says that it holds 600 values"),
    ):
        draft(path)
