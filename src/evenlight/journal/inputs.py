"""The files that a plan names, and whether they changed while they were worked on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from evenlight.errors import InputError

Seen = Mapping[str, tuple[int, int]]
"""Size and time of change, in nanoseconds, of files by name."""


def seen(plan: Mapping[str, Any], folder: Path) -> Seen:
    """Size and time of every file beside the plan that it names; of folders, all that is inside."""
    return {
        str(path.relative_to(folder)): (path.stat().st_size, path.stat().st_mtime_ns)
        for name in _words(plan)
        for path in _files(folder, name)
    }


def unchanged(before: Seen, plan: Mapping[str, Any], folder: Path) -> None:
    """Raise InputError for files that were changed, came or went since `before`."""
    now = seen(plan, folder)
    apart = sorted(name for name in {*before, *now} if before.get(name) != now.get(name))
    if apart:
        more = f" and {len(apart) - 1} more" if len(apart) > 1 else ""
        raise InputError(
            f"{apart[0]!r}{more} changed while the audit ran, so that it may be of neither state; "
            "run it again once nothing writes there"
        )


def _words(value: Any) -> Iterator[str]:
    """Every string in a plan that could name a file."""
    if isinstance(value, str):
        if value and "\0" not in value and len(value) < 4096:
            yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _words(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _words(one)


def _files(folder: Path, name: str) -> Iterator[Path]:
    path = folder / name
    try:
        inside = path.resolve().is_relative_to(folder.resolve()) and name != "."
        if inside and path.is_dir():
            yield from sorted(one for one in path.rglob("*") if one.is_file())
        elif inside and path.is_file():
            yield path
    except OSError:  # such as a sentence that is too long for a name
        return
