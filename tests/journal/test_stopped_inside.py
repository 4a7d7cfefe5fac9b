"""An interruption that a library turns into an error of its own."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from evenlight.errors import NoVerdict
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
