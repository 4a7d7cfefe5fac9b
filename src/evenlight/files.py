"""Files that are there whole or not at all, readable by their owner only."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from evenlight.errors import InputError

PARTIAL = ".partial"
"""How the name of a file ends that is not yet whole."""


def folder(path: str | Path) -> Path:
    """The folder `path`, made if it is not there (mode 0700); InputError if unwritable."""
    made = Path(path)
    try:
        made.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=made):
            pass
    except OSError as error:
        raise InputError(
            f"nothing can be written to {made.name!r} ({error.strerror}); choose another folder"
        ) from None
    return made


def output(path: str | Path) -> Path:
    """The folder of an audit, for its owner alone (mode 0700) also where it was there before.

    One in which somebody works (the current folder, or above it) keeps its mode; files in it are
    0600 all the same. Raises as `folder`.
    """
    made = folder(path)
    if not Path.cwd().is_relative_to(made.resolve()):
        _closed(made)
    return made


def below(top: Path, *names: str) -> tuple[Path, ...]:
    """Folders by name in the folder `top`, made (mode 0700), of which none is a link.

    Raises InputError where one is, before any is made: nothing is written elsewhere than below the
    folder that was named.
    """
    for name in names:
        if (top / name).is_symlink():
            raise InputError(
                f"{name!r} in {top.resolve().name!r} is a link to another place, where nothing is "
                "written; delete the link, or choose another folder"
            )
    made = tuple(folder(top / name) for name in names)
    for own in made:
        _closed(own)
    return made


def append(path: Path, line: str) -> None:
    """Add a line to a file that only its owner reads (0600); InputError where it is a link."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    try:
        handle = os.open(path, flags, 0o600)
    except OSError as error:
        if path.is_symlink():
            told = f"{path.name!r} is a link to another place; put the file itself there"
            raise InputError(told) from None
        raise error
    with os.fdopen(handle, "a", encoding="utf-8", newline="\n") as file:
        with suppress(OSError):  # of another owner, who sees to it
            path.chmod(0o600)
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())


def _closed(folder: Path) -> None:
    with suppress(OSError):  # of another owner, who sees to it
        folder.chmod(0o700)


def write(path: Path, content: str | bytes) -> Path:
    """Write bytes, or text as UTF-8 with plain line ends, atomically (mode 0600)."""
    data = content.encode("utf-8") if isinstance(content, str) else content
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=PARTIAL)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
        _settled(path.parent)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise
    return path


def sweep(folder: Path) -> None:
    """Delete the parts of files that a process left which was killed as it wrote."""
    for path in folder.rglob(f".*{PARTIAL}"):
        path.unlink(missing_ok=True)


def _settled(folder: Path) -> None:
    """Sync a folder, so that the name of a file that was renamed into it outlives a crash."""
    if not hasattr(os, "O_DIRECTORY"):
        return  # such as Windows, where a folder cannot be opened
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
