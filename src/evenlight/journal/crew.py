"""Who makes the parts of a run: an executor of three methods, and the one of processes here.

A helper goes through the same audit as its leader and makes every part that nobody else has
claimed; what it makes it keeps as a tile, so that no message goes between them but files. A claim
is a lock of the kernel: of a helper that is killed no more is lost than the part that it made. One
that hangs is ended, and another makes its part.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Protocol

from evenlight.errors import NoVerdict
from evenlight.journal.locks import owner
from evenlight.journal.pulse import Pulse

CLAIM = ".claim"
"""How the name of a file ends by which a helper claims a part."""

DEATHS = 2
"""Helpers that may die of one part; then it is left, and the run ends without a verdict."""

PATIENCE = 600.0
"""Seconds without any use of the processor after which a helper is taken to hang."""

GRACE = 10.0
"""Seconds that a helper is given to end by itself."""

ERROR = 1
"""The exit code of a helper in which an error was raised."""


class Crew(Protocol):
    """Helpers, wherever they are."""

    def start(self, folder: Path) -> None:
        """Begin to work in the folder of a run, whose manifest is there."""

    def busy(self) -> bool:
        """Whether anybody works still; NoVerdict for a part of which helpers died."""

    def stop(self) -> None:
        """End all of them."""


@dataclass(slots=True)
class Processes:
    """`count` processes on this machine, each `help(*given)` in a new interpreter (spawn).

    No process is ever forked, so that a GPU in use here is no matter there. One that dies is
    replaced by a new one, unless its part was the death of `DEATHS` already; so is one that uses no
    processor for `patience` seconds, which is ended. One in which an error was raised is not: its
    parts are made by the others, or at last by the leader, which then says what is wrong.
    """

    count: int
    help: Callable[..., None]
    given: tuple[Any, ...]
    folder: Path = field(default_factory=Path)
    deaths: dict[str, int] = field(default_factory=dict)
    patience: float = PATIENCE
    hung: set[int] = field(default_factory=set)
    _now: list[BaseProcess] = field(default_factory=list)
    _pulse: Pulse | None = None

    def start(self, folder: Path) -> None:
        """Begin in a folder."""
        self.folder = folder
        for claim in folder.glob(f"*{CLAIM}"):
            claim.unlink()
        self._pulse = Pulse(self.patience)
        self._now = [self._one() for _ in range(self.count)]

    def busy(self) -> bool:
        """Whether a helper works still; those that died or hung were counted and replaced."""
        self._end_hung()
        for one in [one for one in self._now if one.exitcode is not None]:
            self._now.remove(one)
            if one.exitcode not in (0, ERROR):
                self._died(one)
        return bool(self._now)

    def _end_hung(self) -> None:
        """Kill helpers that use no processor: one that is stopped hears nothing else."""
        if self._pulse is None:
            return
        ids = {one.pid: one for one in self._now if one.pid is not None and one.exitcode is None}
        for still in self._pulse.still(ids):
            self.hung.add(still)
            ids[still].kill()
            ids[still].join()

    def stop(self) -> None:
        """End all helpers."""
        for one in self._now:
            one.terminate()
        for one in self._now:
            one.join(GRACE)
            if one.exitcode is None:
                one.kill()
                one.join()
        self._now = []

    def _one(self) -> BaseProcess:
        made = get_context("spawn").Process(target=self.help, args=self.given, daemon=True)
        made.start()
        return made

    def _died(self, one: BaseProcess) -> None:
        """Count the part that a helper had claimed, and replace the helper."""
        claims = [path for path in self.folder.glob(f"*{CLAIM}") if owner(path) == one.pid]
        part = claims[0].name.removesuffix(CLAIM) if claims else "the start"
        self.deaths[part] = self.deaths.get(part, 0) + 1
        if self.deaths[part] >= DEATHS:
            raise NoVerdict(f"{self.deaths[part]} processes {self._how(one, part)}")
        self._now.append(self._one())

    def _how(self, one: BaseProcess, part: str) -> str:
        """How helpers ended at a part, and what may be done about it."""
        if one.pid in self.hung:
            return (
                f"hung at one part ({part}): no processor was used for {self.patience:,.0f} "
                "seconds; see whether a file, a network folder or another program is waited for"
            )
        return (
            f"died of one part ({part}), of which the memory of the machine may not suffice; run "
            "it with fewer --jobs"
        )
