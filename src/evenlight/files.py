"""Files that are there whole or not at all, readable by their owner only."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from evenlight.errors import InputError


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
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".partial")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise
    return path
