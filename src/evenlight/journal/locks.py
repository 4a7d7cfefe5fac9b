"""Locks of files by the kernel: they go with their process, however that ends."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # Windows, where nothing is locked: one run at a time is the user's care
    fcntl = None  # type: ignore[assignment]


def locked(path: Path) -> IO[str] | None:
    """The file `path`, made if it is not there, locked until it is closed, with the process's id.

    None where another process has it. OSError where the file system has no locks.
    """
    while True:
        opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        file = os.fdopen(opened, "r+", encoding="utf-8")
        try:
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        except OSError:
            file.close()
            raise
        if _there(path) == os.fstat(file.fileno()).st_ino:
            file.truncate(0)
            file.write(f"{os.getpid()}\n")
            file.flush()
            return file
        file.close()  # it was removed by whoever had just finished


def _there(path: Path) -> int:
    """The inode of a file, -1 where it is there no longer: others take it away as they finish."""
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return -1


def owner(path: Path) -> int:
    """The id of the process that locked a file last, 0 where there was none."""
    try:
        return int(path.read_text(encoding="utf-8").strip() or 0)
    except (OSError, ValueError):
        return 0
