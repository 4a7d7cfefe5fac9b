"""CI counts skipped tests, and a skipped data test is a failure where the data are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CASE = '<testcase classname="tests.a" name="test_b">{}</testcase>'
NEEDS = '<properties><property name="data" value="real"/></properties>'
SKIP = '<skipped message="no folder"/>'


def check(root: Path, tmp_path: Path, cases: list[str], folder: Path) -> tuple[int, str]:
    """Exit status and output of the count over a report of `cases`."""
    report = tmp_path / "tests.xml"
    body = "".join(CASE.format(case) for case in cases)
    report.write_text(f"<testsuites><testsuite>{body}</testsuite></testsuites>")
    done = subprocess.run(
        [sys.executable, str(root / ".ci" / "skips.py"), str(report), str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    ("cases", "status"),
    [
        ([NEEDS, ""], 0),
        ([NEEDS, SKIP], 0),
        ([NEEDS, NEEDS + SKIP], 1),
        ([""], 1),
    ],
    ids=["all ran", "another skipped", "a data test skipped", "no data test at all"],
)
def test_where_the_data_are(cases: list[str], status: int, root: Path, tmp_path: Path) -> None:
    """Only a data test that skipped, or the lack of any, fails."""
    assert check(root, tmp_path, cases, tmp_path)[0] == status


def test_without_the_data(root: Path, tmp_path: Path) -> None:
    """Where the folder is not there, skipped data tests are counted and named, and do not fail."""
    status, said = check(root, tmp_path, [NEEDS + SKIP, ""], tmp_path / "nowhere")
    assert status == 0
    assert "2 tests, 1 skipped" in said
    assert "tests.a::test_b: no folder" in said


def test_data_tests_are_marked(request: pytest.FixtureRequest, data: Path) -> None:
    """A test that asks for the folder of real data is marked, whoever wrote it."""
    assert data.is_dir()
    assert request.node.get_closest_marker("data") is not None
    assert ("data", "real") in request.node.user_properties
