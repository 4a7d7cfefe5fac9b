"""Published findings are what docs/findings.md says, where their people are at hand."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(name="published")
def _published(root: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """examples/published.py, which is no part of the package."""
    spec = spec_from_file_location("published", root / "examples" / "published.py")
    assert spec is not None
    assert spec.loader is not None
    made = module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "published", made)
    spec.loader.exec_module(made)
    return made


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["genotype_gain", "silent_sex", "expression_between", "support_model", "survival_by_race"],
)
def test_the_page_tells_what_is_found(
    name: str, published: ModuleType, data: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked anew, a finding gives the line of the page; of networks the script alone tells."""
    monkeypatch.setattr(published, "DATA", data)
    line = published.table([getattr(published, name)()]).splitlines()[-1]
    assert line in (root / "docs" / "findings.md").read_text(encoding="utf-8").splitlines()


def test_absent_people_are_left_out(
    published: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A finding whose folder is not there is told as not asked, and nothing is made up."""
    monkeypatch.setattr(published, "DATA", tmp_path)
    monkeypatch.setattr(published, "FINDINGS", (published.silent_sex, published.support_model))
    assert published.main() == 0
    told = capsys.readouterr().out
    assert told.count("not asked, no folder") == 2
    assert "EVENLIGHT_DATA" in told
    assert "agrees" not in told


def test_a_page_is_written_between_its_marks(published: ModuleType) -> None:
    """The table is replaced and the rest of the page left, however often it is written."""
    row = published.Asked("a", "b", "c", "d", published.AGREES)
    page = "# A\n\n<!-- found -->\nold\n<!-- /found -->\n\nEnd.\n"
    once = published.written(page, [row])
    assert "old" not in once
    assert "| a | b (c) | **agrees**: d |" in once
    assert once.startswith("# A\n")
    assert once.endswith("End.\n")
    assert published.written(once, [row]) == once
