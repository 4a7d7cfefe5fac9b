"""How much works on a run: how many processes, on how many threads, and what is kept."""

from __future__ import annotations

import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from evenlight.errors import EvenlightWarning, InputError
from evenlight.journal.crew import PATIENCE, Processes

LOOK = 1.0
"""Seconds after which a helper looks again whether its leader lives."""


@dataclass(frozen=True, slots=True)
class Effort:
    """`jobs` processes work on `device`; with `keep_work` what they made stays when all is written.

    Several processes work on one thread each, which is named in the manifest, so that the answers
    are the same whatever their number. One that uses no processor for `patience` seconds is taken
    to hang, and ended: on a slow network of files give it longer.

    >>> Effort(jobs=0)
    Traceback (most recent call last):
    evenlight.errors.InputError: jobs is 0; wanted at least 1
    """

    jobs: int = 1
    keep_work: bool = False
    device: str = "cpu"
    patience: float = PATIENCE

    def __post_init__(self) -> None:
        if self.jobs < 1:
            raise InputError(f"jobs is {self.jobs}; wanted at least 1")
        if not 0 < self.patience < float("inf"):
            raise InputError(f"patience is {self.patience}; wanted seconds, more than 0")

    def crew(self, help: Callable[..., None], given: tuple[Any, ...]) -> Processes | None:
        """Who works beside this process, None for one job."""
        if self.jobs == 1:
            return None
        return Processes(self.jobs, help, given, patience=self.patience)

    @contextmanager
    def threads(self) -> Iterator[None]:
        """One thread a process where there are several."""
        if self.jobs == 1:
            yield
            return
        with _one_thread():
            yield


ALONE = Effort()


@contextmanager
def helping() -> Iterator[None]:
    """In a helper: one thread, no Ctrl-C, no warnings, and no life after its leader's."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow, args=(os.getppid(),), daemon=True).start()
    with _one_thread(), warnings.catch_warnings():
        warnings.simplefilter("ignore", EvenlightWarning)
        yield


def _follow(leader: int) -> None:
    while os.getppid() == leader:
        time.sleep(LOOK)
    os._exit(3)


@contextmanager
def _one_thread() -> Iterator[None]:
    import torch
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(before)
