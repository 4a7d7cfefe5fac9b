"""docs/house.md names each file of the rooms that have a table."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOMS = (
    *("explainers", "forks", "journal", "measured", "measures", "modalities", "models", "probes"),
    "stats",
)


def unnamed(page: str, room: Path) -> list[str]:
    """Files of a room, and of the packages in it, that a page does not name in backticks."""
    named = set(re.findall(r"`([\w/]+)`", page))
    files = [path.stem for path in room.rglob("*.py") if path.stem != "__init__"]
    return sorted(name for name in set(files) if name not in named)


@pytest.mark.parametrize("room", ROOMS)
def test_each_file_of_a_room_is_named(room: str, root: Path) -> None:
    """Whoever looks for where something is done finds its file in the room's table."""
    page = (root / "docs" / "house.md").read_text(encoding="utf-8")
    assert unnamed(page, root / "src" / "evenlight" / room) == []


def test_a_file_that_is_not_named_is_found(tmp_path: Path) -> None:
    """A page that names one of two files misses the other, in a package as well."""
    (tmp_path / "inner").mkdir()
    for name in ("one.py", "inner/two.py", "__init__.py"):
        (tmp_path / name).touch()
    assert unnamed("| `one` | does it |", tmp_path) == ["two"]
