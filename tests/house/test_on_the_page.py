"""Whatever an audit keeps has a place on its page."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from evenlight.further import Further

ROOT = Path(__file__).parents[2]
SECTIONS = "\n".join(
    path.read_text(encoding="utf-8") for path in sorted((ROOT / "reports").rglob("*.py"))
)


@pytest.mark.parametrize("name", [field.name for field in fields(Further)])
def test_every_kind_of_record_is_read_by_a_section(name: str) -> None:
    """No measure is run for the record alone: who reads the page sees what was found."""
    assert re.search(rf"(further|beside)\.{name}\b", SECTIONS), name
