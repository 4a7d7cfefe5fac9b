"""An interruption that a library turns into an error of its own."""

from __future__ import annotations

import errno
import os
import signal
from pathlib import Path

import pytest

from evenlight.errors import InputError, NoVerdict
from evenlight.journal.running import stoppable


def interrupted(number: signal.Signals, out: Path) -> None:
    """A run in which an import is interrupted, and says so in its own way."""
    with stoppable(Path("audit.toml"), out):
        try:
            os.kill(os.getpid(), number)
        except KeyboardInterrupt:
            raise ImportError("the import was interrupted") from None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_was_interrupted_is_no_fault(number: signal.Signals, tmp_path: Path) -> None:
    """It ends as any other stop does; the same error without a signal stays what it is."""
    with pytest.raises(NoVerdict, match="stopped; nothing was judged"):
        interrupted(number, tmp_path / "out")
    with pytest.raises(ImportError), stoppable(Path("audit.toml"), tmp_path / "out"):
        raise ImportError("it is not there")


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EROFS])
def test_a_place_that_is_closed_is_no_stop(number: int, tmp_path: Path) -> None:
    """To call again would be of no use: the place is named, and what to do."""
    out = tmp_path / "out"
    told = r"'ledger\.jsonl' cannot be written or read .*; choose another folder than 'out'"
    with pytest.raises(InputError, match=told), stoppable(Path("audit.toml"), out):
        raise OSError(number, os.strerror(number), str(tmp_path / "ledger.jsonl"))
    with pytest.raises(NoVerdict, match="goes on from there"), stoppable(Path("audit.toml"), out):
        raise OSError(errno.EIO, "Input/output error")
