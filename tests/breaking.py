"""Faults on purpose: the n-th write, sync, rename, opening or read fails, all others do not."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from evenlight.errors import NoVerdict
from tests.journaled import audited, digest, project, tiles

KINDS = ("open", "write", "fsync", "rename", "read")


@dataclass(slots=True)
class Fault:
    """Counts calls of one kind, and fails at the n-th; `fired` says whether it came to that."""

    kind: str
    n: int
    seen: int = 0
    fired: bool = False

    def check(self, kind: str) -> None:
        """One more call."""
        if kind != self.kind:
            return
        self.seen += 1
        if self.seen == self.n:
            self.fired = True
            raise OSError(errno.ENOSPC if kind != "read" else errno.EIO, "made to fail")


@contextmanager
def failing(fault: Fault) -> Iterator[None]:
    """The calls by which evenlight writes and reads its own files, failing as `fault` says.

    Syncing is only counted: what a test writes need not outlive a crash of the machine.
    """
    fdopen, rename, mkstemp, load = os.fdopen, os.replace, tempfile.mkstemp, Path.read_bytes

    def opened(handle: int, *given: Any, **own: Any) -> Any:
        return _Half(fdopen(handle, *given, **own), fault)

    def checked(kind: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def asked(*given: Any, **own: Any) -> Any:
            fault.check(kind)
            return call(*given, **own)

        return asked

    with ExitStack() as held:
        held.enter_context(patch("evenlight.files.os.fdopen", opened))
        held.enter_context(patch("os.replace", checked("rename", rename)))
        held.enter_context(patch("os.fsync", checked("fsync", lambda handle: None)))
        held.enter_context(patch("tempfile.mkstemp", checked("open", mkstemp)))
        held.enter_context(patch.object(Path, "read_bytes", checked("read", load)))
        yield


class _Half:
    """A file of which a write that fails has written one half."""

    def __init__(self, file: Any, fault: Fault) -> None:
        self._file, self._fault = file, fault

    def write(self, data: Any) -> Any:
        try:
            self._fault.check("write")
        except OSError:
            self._file.write(data[: len(data) // 2])
            raise
        return self._file.write(data)

    def __enter__(self) -> _Half:
        return self

    def __exit__(self, *given: Any) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def swept(folder: Path, kind: str, *, first: int = 1, step: int = 1) -> Iterator[tuple[int, str]]:
    """Fail the n-th call of a kind until a run has fewer: n, and *right* or *taken up*.

    A run either gives the right answer or says how to go on, and then does; AssertionError else.
    """
    plan = project(folder / "right")
    audited(plan)
    right = digest(plan.parent / "out")
    n = first
    while True:
        plan = project(folder / f"{kind}-{n}")
        fault = Fault(kind, n)
        word = "right"
        with failing(fault):
            try:
                audited(plan)
            except NoVerdict as stop:
                word = "taken up" if "goes on from there" in str(stop) else str(stop)
        assert word in ("right", "taken up")
        if word == "taken up":
            before = {tile.name: tile.stat().st_ino for tile in tiles(plan)}
            held = audited(plan, keep_work=True)
            assert held.verdict.word
            after = {tile.name: tile.stat().st_ino for tile in tiles(plan)}
            assert before.items() <= after.items(), "a tile was made again"
        assert digest(plan.parent / "out") == right, (kind, n)
        assert not list(plan.parent.rglob("*.partial")), (kind, n)
        if not fault.fired:
            return
        yield n, word
        n += step


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as held:
        for each in KINDS:
            words = [word for _, word in swept(Path(held), each)]
            print(each, {word: words.count(word) for word in sorted(set(words))}, flush=True)
