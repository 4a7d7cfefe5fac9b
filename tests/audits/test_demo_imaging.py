"""The demo of images, on fewer people."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from evenlight import demo
from evenlight.cli import app
from evenlight.record import Audit


def test_the_demo_of_images_finds_the_mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within the outcome the corner differs and the lung does not; the page is written."""
    monkeypatch.setattr(demo, "SEEN", 400)
    monkeypatch.setattr(demo, "HELD", 160)
    said = CliRunner().invoke(app, ["demo", "imaging", "--out", str(tmp_path / "demo")])
    assert said.exit_code == 0, said.output
    assert (tmp_path / "demo" / "report.html").is_file()
    made = Audit.load(tmp_path / "demo").comparisons[0]
    at = made.view("signed", "outcome")
    word = dict(zip(made.subjects, made.verdict[at, 0], strict=True))
    assert word["marker corner"] == "different"
    assert "different" not in {w for name, w in word.items() if name != "marker corner"}
