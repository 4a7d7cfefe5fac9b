"""Deleting what is kept of single people: unfinished work, sketches, and attributions of rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree

from evenlight import files
from evenlight.differing import sketches
from evenlight.errors import InputError, Refused
from evenlight.journal.running import place
from evenlight.journal.work import README, TOLD, Work
from evenlight.modalities.annotated_rows import SCHEMA

STORE = "zarr.json"
"""Where a folder of attributions says what it is."""


def purge(path: str | Path, *, dry: bool = False) -> tuple[Path, ...]:
    """Delete the data of single people that lie at `path`; what was deleted, in order.

    `path` is the output folder of a run (its unfinished work beside it goes, parts of files that a
    killed run left, and the sketches of its people in `.people`, unless another audit beside it is
    of the same people), such work itself, `.people`, or a folder of `keep_rows=`. The report stays:
    it holds nobody's own data; without sketches `evenlight diff` cannot tell by how many people two
    cohorts differ. `dry` only tells. A file system that keeps copies (snapshots, backups) keeps
    these too.

    Raises InputError where there is nothing of the kind or a run still works there, and Refused for
    a link: what lies behind it is not what was named.
    """
    named = _named(path)
    if named.is_symlink() or place(named).is_symlink():
        raise Refused(f"{named.name!r} is a link; name the folder that it leads to")
    found = tuple(_found(named))
    if not found and not named.is_dir():
        raise InputError(f"there is no {named.name!r}, and no unfinished work beside it")
    if not found and not (named / "audit.json").is_file():
        raise InputError(
            f"{named.name!r} holds nothing that evenlight keeps of people: it is no output folder, "
            f"no unfinished work and no folder of keep_rows={_inside(named)}"
        )
    for item in () if dry else found:
        _delete(item)
    return found


def left_beside(path: str | Path) -> Path | None:
    """The folder of sketches of people beside an output, None where there is none.

    `purge` of the output leaves it where another audit is of the same people, or other people.

    >>> left_beside("nowhere/audit") is None
    True
    """
    out = _named(path)
    store = out.parent / sketches.FOLDER
    return store if (out / "audit.json").is_file() and _sketches(store) else None


def _named(path: str | Path) -> Path:
    """The path, by its name also where it was given as `.` or `..`."""
    named = Path(path)
    return named.resolve() if named.name in ("", "..") else named


def _inside(folder: Path) -> str:
    """What could be named instead, where a folder holds the sketches of its audits' people."""
    store = folder / sketches.FOLDER
    return (
        f"; {sketches.FOLDER} in it holds sketches of people: name it" if _sketches(store) else ""
    )


def _found(named: Path) -> Iterator[Path]:
    """Everything of single people at a path."""
    if _work(named) or _rows(named) or _sketches(named):
        yield named
        return
    if _work(place(named)):
        yield place(named)
    if (named / "audit.json").is_file():
        yield from sorted(named.rglob(f".*{files.PARTIAL}"))
        yield from _own_sketches(named)


def _sketches(folder: Path) -> bool:
    """Whether this holds the sketches of the people of audits."""
    own = folder.name == sketches.FOLDER and not folder.is_symlink()
    return own and (folder / sketches.KEY).is_file()


def _own_sketches(out: Path) -> Iterator[Path]:
    """The sketches of the people of one audit; the folder, with its key, where it has no others."""
    store = out.parent / sketches.FOLDER
    if not _sketches(store):
        return
    others = {_people(path) for path in out.parent.glob("*/audit.json") if path.parent != out}
    own = sketches.file_of(store, _people(out / "audit.json"))
    if not own.is_file() or own in {sketches.file_of(store, one) for one in others}:
        return
    theirs = sorted(path for path in store.iterdir() if path.name.startswith(own.stem))
    if {path.name for path in store.iterdir()} <= {*(path.name for path in theirs), sketches.KEY}:
        yield store
    else:
        yield from theirs


def _people(record: Path) -> str:
    """The digest of the cohort of an audit, "" where that cannot be read."""
    try:
        held = json.loads(record.read_text(encoding="utf-8"))
        return str(held["cohort"]["digest"])
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError):
        return ""


def _work(folder: Path) -> bool:
    """Whether this is the work of a run, by what its first file says."""
    try:
        return (folder / README).read_text(encoding="utf-8") == TOLD
    except (OSError, UnicodeDecodeError):
        return False


def _rows(folder: Path) -> bool:
    """Whether this holds attributions of rows."""
    try:
        held = json.loads((folder / STORE).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError):
        return False
    told = held.get("attributes") if isinstance(held, dict) else None
    return isinstance(told, dict) and told.get("schema") == SCHEMA


def _delete(item: Path) -> None:
    if not item.is_dir():
        item.unlink(missing_ok=True)
    elif _rows(item) or _sketches(item):
        rmtree(item)
    else:
        with Work(item) as work:  # InputError while a run holds it
            work.remove()
