"""What an audit took: time, and an estimate of the energy of the processor."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

CORE = 12.0
"""Watts of one busy core, the value that Lannelongue et al. (2021, Advanced Science 8: 2100707)
take where the processor is not known."""

TIMED = ("seconds", "energy")
"""What of a record's provenance says how long its making took, and differs from run to run."""

LEFT_OUT = "memory, cooling, a GPU and the work of helpers are not counted"


@dataclass(frozen=True, slots=True)
class Began:
    """When work began: by the clock, and by the processor time of this process."""

    clock: float = field(default_factory=time.perf_counter)
    cpu: float = field(default_factory=time.process_time)

    def until_now(self, before: float = 0.0) -> dict[str, Any]:
        """Seconds since then, with those `before` of a run that was taken up, and the energy."""
        seconds = time.perf_counter() - self.clock + before
        return {"seconds": round(seconds, 1), "energy": energy(time.process_time() - self.cpu)}


def energy(cpu_seconds: float) -> dict[str, Any]:
    """Watt hours of so many seconds of processor time, t P / 3600, and what is not in them.

    >>> energy(600)["watt_hours"]
    2.0
    """
    return {
        "watt_hours": float(f"{cpu_seconds * CORE / 3600:.2g}"),
        "cpu_seconds": round(cpu_seconds, 1),
        "assumed": f"{CORE:g} W a busy core; {LEFT_OUT}",
    }
