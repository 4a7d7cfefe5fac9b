"""What the benchmarks share: CPU time, peak memory, and one line of a table."""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Cost:
    """The least CPU seconds over `repeats`, and the most memory beyond what was held before."""

    seconds: float
    megabytes: float
    repeats: int


def cost(work: Callable[[], object], repeats: int = 3, *, wall: bool = False) -> Cost:
    """Run some work and measure it: CPU seconds of all threads, and megabytes beyond the start.

    With `wall` the seconds are those of the clock, for work that is spread over cores.
    """
    clock = time.perf_counter if wall else time.process_time
    times, peaks = [], []
    for _ in range(repeats):
        gc.collect()
        with _Watch() as watch:
            begun = clock()
            work()
            times.append(clock() - begun)
        peaks.append(watch.extra)
    return Cost(min(times), max(peaks) / 1e6, repeats)


class _Watch:
    """The resident memory, looked at every 5 ms."""

    def __enter__(self) -> _Watch:
        self.start = self.most = _resident()
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._look, daemon=True)
        self.thread.start()
        return self

    def _look(self) -> None:
        while not self.over.wait(0.005):
            self.most = max(self.most, _resident())

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join()

    @property
    def extra(self) -> int:
        return self.most - self.start


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE


def head(title: str) -> None:
    """The head of one table."""
    print(f"\n{title}\n")
    print("| work | CPU s | MB more | against the peer | against the limit | repeats | note |")
    print("|---|---|---|---|---|---|---|", flush=True)


def line(
    name: str, own: Cost, *, peer: Cost | None = None, limit: Cost | None = None, note: str = ""
) -> None:
    """One line: how many times faster than the peer, and which part of the bare limit it takes."""
    faster = "" if peer is None else f"{peer.seconds / own.seconds:.2f} times faster"
    share = "" if limit is None else f"{own.seconds / limit.seconds:.3f} of it"
    cells: Sequence[str] = (
        name, f"{own.seconds:.3f}", f"{own.megabytes:.0f}", faster, share, str(own.repeats), note
    )  # fmt: skip
    print(f"| {' | '.join(cells)} |", flush=True)
