"""How far a long explanation is: rows done, rows a second, time left."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from evenlight.errors import AttributionError


@dataclass(frozen=True, slots=True)
class Pace:
    """`done` of `rows` rows after `seconds`.

    >>> str(Pace(50, 200, 10.0))
    '50 of 200 rows, 5 rows/s, 30 s left'
    """

    done: int
    rows: int
    seconds: float

    @property
    def rate(self) -> float:
        """Rows a second."""
        return self.done / self.seconds if self.seconds > 0 else 0.0

    @property
    def left(self) -> float:
        """Seconds left at this rate; infinite before the first row."""
        return (self.rows - self.done) / self.rate if self.rate else float("inf")

    def __str__(self) -> str:
        return (
            f"{self.done:,} of {self.rows:,} rows, {self.rate:.3g} rows/s, {self.left:.0f} s left"
        )


Told = Callable[[Pace], object]
"""Who is told how far it is."""


@contextmanager
def paced(rows: int, progress: bool | Told) -> Iterator[Callable[[int], None]]:
    """A function to call with the number of rows just done.

    `progress` True draws a bar on stderr (a plain line where that is no terminal), a function is
    called with a `Pace` after each block of rows, False is silent.
    """
    if not isinstance(progress, bool) and not callable(progress):
        raise AttributionError(f"progress={progress!r}; wanted True, False or a function")
    begun, done = time.perf_counter(), 0

    def step(told: Told) -> Callable[[int], None]:
        def more(count: int) -> None:
            nonlocal done
            done += count
            told(Pace(done, rows, time.perf_counter() - begun))

        return more

    if progress is False:
        yield lambda count: None
    elif progress is True:
        with _bar(rows) as told:
            yield step(told)
    else:
        yield step(progress)


@contextmanager
def _bar(rows: int) -> Iterator[Told]:
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(console)
        return
    columns = (TextColumn("explaining"), BarColumn(), MofNCompleteColumn(),
               TextColumn("{task.fields[rate]}"), TimeRemainingColumn())  # fmt: skip
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("explaining", total=rows, rate="")
        yield lambda pace: bar.update(task, completed=pace.done, rate=f"{pace.rate:.3g} rows/s")


_LINES = 30.0
"""Seconds between two plain lines."""


def _lines(console: Console) -> Told:
    """A plain line every 30 s, and one at the end."""
    last = 0.0

    def line(pace: Pace) -> None:
        nonlocal last
        if pace.seconds - last >= _LINES or pace.done >= pace.rows:
            last = pace.seconds
            console.print(f"explaining: {pace}", highlight=False)

    return line
