"""about.toml: closed keys, texts, choices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evenlight.about import FILE, LONGEST, checked_about, read_about
from evenlight.check import check
from evenlight.errors import PlanError
from evenlight.record import Audit
from tests.journaled import audited, project


def test_a_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Texts, risks and items that do not apply come back; no file says nothing."""
    path = tmp_path / FILE
    assert read_about(path) == {}
    path.write_text(
        'study = "evaluation"\nusers = """\nNurses.\n"""\n[risks]\n"a-1" = "RISK-1"\n'
        '[not_applicable.hti-1]\n"(9)(ii)" = "Never."\n'
    )
    assert read_about(path) == {
        "study": "evaluation",
        "users": "Nurses.",
        "risks": {"a-1": "RISK-1"},
        "not_applicable": {"hti-1": {"(9)(ii)": "Never."}},
    }


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"intended_us": "x"}, "unknown key 'intended_us'; did you mean 'intended_use'"),
        ({"users": 3}, "users is a text in quotes, not 3"),
        ({"users": "  "}, "users is empty"),
        ({"users": "x" * (LONGEST + 1)}, "at most 4000"),
        ({"study": "trial"}, "study is one of development, evaluation, both"),
        ({"audited_source": "x"}, "audited_source is one of"),
        ({"risks": "x"}, "risks is a table"),
        ({"risks": {"a": 1}}, "risks.a is a text"),
        ({"not_applicable": {"hti-1": "x"}}, "not_applicable.hti-1 is a table"),
    ],
)
def test_what_is_wrong_is_named(data: dict[str, Any], told: str) -> None:
    """Unknown keys, other types, empty, long and unknown words are errors that say so."""
    with pytest.raises(PlanError, match=told):
        checked_about(data)


def test_a_file_that_is_no_toml_is_an_error(tmp_path: Path) -> None:
    """Broken and huge files stop before any compute."""
    path = tmp_path / FILE
    path.write_text("users = ")
    with pytest.raises(PlanError, match="not TOML"):
        read_about(path)
    path.write_bytes(b"#" * (2**20 + 1))
    with pytest.raises(PlanError, match="larger than"):
        read_about(path)


def test_a_run_keeps_what_lies_beside_the_plan(tmp_path: Path) -> None:
    """about.toml beside the plan stands in the record, and with nothing beside it nothing does."""
    plan = project(tmp_path)
    (tmp_path / FILE).write_text('users = "Nurses."\n')
    assert audited(plan).about == {"users": "Nurses."}
    assert Audit.load(tmp_path / "out").about == {"users": "Nurses."}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('user = "Nurses."', "unknown key 'user'; did you mean 'users'"),
        ('[not_applicable.gmpl]\n"1" = "x"', "no framework 'gmpl'; did you mean 'gmlp'"),
        ('[not_applicable.gmlp]\n"11" = "x"', "gmlp has no item '11'"),
    ],
)
def test_a_wrong_file_stops_before_any_compute(tmp_path: Path, text: str, told: str) -> None:
    """What is wrong in about.toml is told before data are read, and nothing is written."""
    plan = project(tmp_path)
    (tmp_path / "people.csv").unlink()
    (tmp_path / FILE).write_text(text)
    with pytest.raises(PlanError, match=told):
        audited(plan)
    assert not (tmp_path / "out" / "audit.json").exists()


def test_check_reads_it_too(tmp_path: Path) -> None:
    """Checking a plan says what is wrong in it."""
    plan = project(tmp_path)
    (tmp_path / FILE).write_text("users = 3")
    with pytest.raises(PlanError, match="users is a text"):
        list(check(plan))
