"""The tool-validation record: what is installed, and what was expected and observed."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from evenlight.errors import InputError
from evenlight.qualify.harness import rooms
from evenlight.qualify.installed import Check, installed
from evenlight.qualify.lines import Line, code_digest
from evenlight.qualify.musts import OURS, check
from evenlight.qualify.rates import rows
from evenlight.qualify.validation import NAMES, validation, write_validation


def lines(false: int = 0, of: int = 40) -> list[Line]:
    """Repetitions of the case in which nothing differs, the first `false` with a false flag."""
    code = code_digest(rooms("null"))
    return [
        Line("null", seed, 99, code, {"difference": {OURS: {
            "tests_null": 20.0, "raw_null": 1.0, "nulls": 20.0, "planted": 0.0,
            "flag_null": float(seed < false), "flag_planted": 0.0,
            "list_null": 0.0, "list_planted": 0.0,
        }}})
        for seed in range(of)
    ]  # fmt: skip


def package(folder: Path, *, changed: bool = False, requires: str = "numpy>=1.0") -> None:
    """An installed package of two files with the record of its wheel."""
    top = folder / "toolx"
    top.mkdir()
    record = []
    for name in ("a.py", "b.py"):
        data = f"# {name}\n".encode()
        digest = urlsafe_b64encode(sha256(data).digest()).rstrip(b"=").decode()
        (top / name).write_bytes(data + (b"x = 1\n" if changed and name == "b.py" else b""))
        record.append(f"toolx/{name},sha256={digest},{len(data)}")
    info = folder / "toolx-1.0.dist-info"
    info.mkdir()
    head = "Metadata-Version: 2.1\nName: toolx\nVersion: 1.0\nRequires-Python: >=3.11\n"
    (info / "METADATA").write_text(f"{head}Requires-Dist: {requires}\n")
    (info / "RECORD").write_text("\n".join(record) + "\n")


def of(checks: tuple[Check, ...], what: str) -> Check:
    """The check of this name."""
    return next(one for one in checks if one.what == what)


def test_an_installation_that_is_as_shipped_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files that equal the wheel's digests and packages that are new enough hold."""
    package(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert {one.state for one in installed("toolx")} == {"holds"}
    assert of(installed("toolx"), "files of the package").observed == "all 2 are equal"


def test_a_file_that_was_changed_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shipped file that differs is counted and named."""
    package(tmp_path, changed=True)
    monkeypatch.syspath_prepend(str(tmp_path))
    found = of(installed("toolx"), "files of the package")
    assert found.state == "fails"
    assert found.observed == "1 of 2 differ, the first b.py"


@pytest.mark.parametrize(
    ("requires", "what", "observed"),
    [
        ("numpy>=99.0", "numpy", ""),
        ("no-such-package-x>=1.0", "no-such-package-x", "not installed"),
    ],
)
def test_a_package_that_is_old_or_absent_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, requires: str, what: str, observed: str
) -> None:
    """A requirement that is not met fails, with what is there instead."""
    package(tmp_path, requires=requires)
    monkeypatch.syspath_prepend(str(tmp_path))
    found = of(installed("toolx"), what)
    assert found.state == "fails"
    assert found.observed
    assert observed in found.observed


def test_a_package_that_is_not_there_is_an_error() -> None:
    """Nothing can be qualified that is not installed."""
    with pytest.raises(InputError, match="is not installed"):
        installed("no-such-package-x")


def test_the_record_says_what_the_musts_say() -> None:
    """Every requirement is in it, with the state, rate and error that the check finds."""
    made = json.loads(validation(lines())["validation.json"])
    held = check(rows(lines()))
    assert len(made["operation"]) == len(held)
    for row, one in zip(made["operation"], held, strict=True):
        assert (row["item"], row["case"], row["rate"]) == (
            one.must.item, one.must.case, one.must.rate,
        )  # fmt: skip
        assert row["state"] == one.state
        assert row["observed"] == (None if one.found is None else one.found.value)
    measured = [row for row in made["operation"] if row["state"] != "not measured"]
    assert measured
    assert {tuple(row["seeds"]) for row in measured} == {(0, 39)}


def test_a_failure_is_not_hidden() -> None:
    """False flags in half of the runs fail, in both files."""
    files = validation(lines(false=20))
    made = json.loads(files["validation.json"])["operation"]
    own = [row for row in made if row["case"] == "null" and row["question"] == "difference"]
    assert {row["rate"]: row["state"] for row in own}["any"] == "fails"
    assert "| fails |" in files["validation.md"]
    assert "| fails |" not in validation(lines())["validation.md"]


def test_lines_of_other_code_qualify_another_version() -> None:
    """Lines that other code made are counted, and said to be of another version."""
    mixed = [replace(one, code="000000000000") for one in lines()[:7]] + lines()[7:]
    files = validation(mixed)
    assert json.loads(files["validation.json"])["lines"]["made_by_other_code"] == 7
    assert "7 were made by other code" in files["validation.md"]
    assert "All were made by the installed code." in validation(lines())["validation.md"]


def test_it_is_written_beside_the_lines(tmp_path: Path) -> None:
    """Both files are there; without lines there is nothing to record."""
    assert [path.name for path in write_validation(lines(), tmp_path)] == list(NAMES)
    with pytest.raises(InputError, match="no result lines"):
        validation([])
