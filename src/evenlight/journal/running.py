"""A run that may be stopped at any moment: what it says then, and what is left of it."""

from __future__ import annotations

import errno
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from evenlight import files
from evenlight.errors import InputError, NoVerdict, Refused
from evenlight.journal.crew import Crew
from evenlight.journal.work import MANIFEST, Work

CLOSED = (errno.EACCES, errno.EPERM, errno.EROFS)
"""What the system says of a place where nobody may write: to try again is of no use."""


@contextmanager
def stoppable(plan: Path, out: Path) -> Iterator[None]:
    """Ctrl-C, SIGTERM, a full disk, a part that could not be kept: NoVerdict, with how to go on.

    InputError where the system lets nobody write, which no second try mends. Else
    the exit code is 3: nothing was judged, and the same call goes on where this one stopped. An
    interruption that a library turned into an error of its own is one still.
    """
    stopped: list[int] = []
    try:
        with _terminable(stopped):
            yield
    except KeyboardInterrupt as stop:
        raise NoVerdict(f"stopped; {_told(plan, out)}") from stop
    except NoVerdict as stop:
        raise NoVerdict(f"{stop}; {_told(plan, out)}") from stop
    except OSError as error:
        if error.errno in CLOSED:
            raise InputError(_closed(error, out)) from error
        why = error.strerror or str(error)
        raise NoVerdict(f"the disk gave an error ({why}); {_told(plan, out)}") from error
    except Exception as error:
        if not stopped:
            raise
        raise NoVerdict(f"stopped; {_told(plan, out)}") from error


@contextmanager
def working(out: Path, *, keep: bool = False, crew: Crew | None = None) -> Iterator[Work]:
    """The folder of the work of `out`, beside it as `.NAME.work`; removed at the end but to `keep`.

    InputError and Refused of a run that began there remove it too: what was done is of no use to a
    run with another input. `crew` makes the parts.
    """
    with Work(place(out), crew=crew) as work:
        if out.is_dir():
            files.sweep(out)
        fresh = not (work.folder / MANIFEST).exists()
        try:
            yield work
        except (InputError, Refused):
            if fresh:
                work.remove()
            raise
        if not keep:
            with _deaf():  # all is written: what stops it now would find nothing to go on from
                work.remove()


def place(out: Path) -> Path:
    """Where the work of an output folder lies."""
    return out.parent / f".{out.name}.work"


def _closed(error: OSError, out: Path) -> str:
    """What is said of a place that cannot be written to, or read."""
    what = Path(str(error.filename)).name if error.filename else out.name
    where = out.absolute().parent.name or "/"
    return (
        f"{what!r} cannot be written or read ({error.strerror}); choose another folder than "
        f"{out.name!r} in {where!r}, or let its owner open it"
    )


def _told(plan: Path, out: Path) -> str:
    done = len(list(place(out).glob("*.tile")))
    return (
        f"nothing was judged, and {done} finished part{'s' * (done != 1)} kept: "
        f"`evenlight run {plan} --out {out}` goes on from there"
    )


@contextmanager
def _deaf() -> Iterator[None]:
    """Ctrl-C and SIGTERM do nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {one: signal.signal(one, signal.SIG_IGN) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


@contextmanager
def _terminable(stopped: list[int]) -> Iterator[None]:
    """SIGTERM stops as Ctrl-C does, where this is the thread that may say so; `stopped` knows."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        stopped.append(number)
        raise KeyboardInterrupt

    before = {one: signal.signal(one, stop) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
