"""Whether processes still work: by the processor time that the system says they have used.

A process that waits for what never comes, as a file on a network that is gone or a lock that nobody
lets go, uses none; one that is stopped uses none; whatever computes does, in libraries that hold
Python's own lock as well, where no thread of the process could tell.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

LOOK = 1.0
"""Seconds after which is looked again."""

ALIVE = 0.2
"""Seconds of processor time that a living process uses within the time that it is given."""


@dataclass(slots=True)
class Pulse:
    """Which processes used no processor for `patience` seconds; `used` since a moment, by id."""

    patience: float
    used: dict[int, tuple[float, float]] = field(default_factory=dict)
    _looked: float = 0.0

    def still(self, ids: Iterable[int]) -> list[int]:
        """Those of the processes that hang; none where the system does not tell."""
        now = time.monotonic()
        if now - self._looked < min(LOOK, self.patience):
            return []
        self._looked = now
        return [one for one in ids if self._hangs(one, now)]

    def _hangs(self, one: int, now: float) -> bool:
        used = processor_seconds(one)
        if used is None:
            return False
        before, since = self.used.get(one, (-ALIVE, now))
        if used - before >= min(ALIVE, self.patience / 10):
            self.used[one] = used, now
            return False
        return now - since >= self.patience


def processor_seconds(process: int) -> float | None:
    """Seconds of processor time that a process used, None where the system does not tell.

    >>> (processor_seconds(os.getpid()) or 1.0) > 0
    True
    """
    try:
        told = Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace")
        user, system = told.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError):
        return None
