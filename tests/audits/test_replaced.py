"""What lies in the folder of a run: an audit is replaced, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command_line import PLAN, begun, evenlight


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("report.html", "<p>mine"),
        ("audit.json", "{}"),
        ("audit.json", "mine"),
        ("audit.json", "[]"),
    ],
)
def test_a_page_of_somebody_else_is_not_replaced(name: str, content: str, tmp_path: Path) -> None:
    """Exit 2 before any compute, with the folder and the remedy; the file stays as it was."""
    begun(tmp_path)
    (tmp_path / "audit").mkdir()
    (tmp_path / "audit" / name).write_text(content)
    done = evenlight("run", "audit.toml", folder=tmp_path)
    assert (done.returncode, "explaining" in done.stderr) == (2, False), done.stderr
    assert f"'audit' holds a {name} that is of no audit" in done.stderr
    assert [path.name for path in (tmp_path / "audit").iterdir()] == [name]
    assert (tmp_path / "audit" / name).read_text() == content


def test_the_audit_of_another_plan_is_said_to_be_replaced(tmp_path: Path) -> None:
    """The same plan again is silent, also with other people; another plan is told on stderr."""
    begun(tmp_path)
    evenlight("run", "audit.toml", folder=tmp_path)
    table = tmp_path / "people.csv"
    table.write_text("".join(table.read_text().splitlines(keepends=True)[:-10]))
    again = evenlight("run", "audit.toml", folder=tmp_path)
    assert (again.returncode, "replacing the audit" in again.stderr) == (0, False)
    (tmp_path / "audit.toml").write_text(PLAN + "[policy.margins]\nattribution = 0.3\n")
    done = evenlight("run", "audit.toml", folder=tmp_path)
    assert done.returncode == 0
    assert "replacing the audit of another plan" in done.stderr
