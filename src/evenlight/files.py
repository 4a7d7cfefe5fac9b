"""Files that are there whole or not at all, readable by their owner only."""

from __future__ import annotations

import os
import tempfile
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
