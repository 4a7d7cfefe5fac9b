"""How far a long piece of work is: rows (or tests) done, how many a second, time left."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evenlight.errors import AttributionError

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True, slots=True)
class Pace:
    """`done` of `rows` rows, or of what else `unit` names, after `seconds`.

    >>> str(Pace(50, 200, 10.0))
    '50 of 200 rows, 5 rows/s, 30 s left'
    """

    done: int
    rows: int
    seconds: float
    unit: str = "rows"

    @property
    def rate(self) -> float:
        """Rows (or units) a second."""
        return self.done / self.seconds if self.seconds > 0 else 0.0

    @property
    def left(self) -> float:
        """Seconds left at this rate; infinite before the first row."""
        return (self.rows - self.done) / self.rate if self.rate else float("inf")

    def __str__(self) -> str:
        return (
            f"{self.done:,} of {self.rows:,} {self.unit}, {self.rate:.3g} {self.unit}/s, "
            f"{self.left:.0f} s left"
        )


Told = Callable[[Pace], object]
"""Who is told how far it is."""


@contextmanager
def paced(
    rows: int, progress: bool | Told, *, what: str = "explaining", unit: str = "rows"
) -> Iterator[Callable[[int], None]]:
    """A function to call with the number of rows, or of another `unit`, just done.

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
            told(Pace(done, rows, time.perf_counter() - begun, unit))

        return more

    if progress is False:
        yield lambda count: None
    elif progress is True:
        with _bar(rows, what) as told:
            yield step(told)
    else:
        yield step(progress)


@contextmanager
def _bar(rows: int, what: str) -> Iterator[Told]:
    from rich.console import Console  # only a bar that was asked for needs it
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(console, what)
        return
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(),
               TextColumn("{task.fields[rate]}"), TimeRemainingColumn())  # fmt: skip
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=rows, rate="")
        yield lambda pace: bar.update(
            task, completed=pace.done, rate=f"{pace.rate:.3g} {pace.unit}/s"
        )


_LINES = 30.0
"""Seconds between two plain lines."""


def _lines(console: Console, what: str) -> Told:
    """A plain line every 30 s, and one at the end."""
    last = 0.0

    def line(pace: Pace) -> None:
        nonlocal last
        if pace.seconds - last >= _LINES or pace.done >= pace.rows:
            last = pace.seconds
            console.print(f"{what}: {pace}", highlight=False)

    return line


def now_and_then(say: Callable[[str], object], what: str = "explaining") -> Told:
    """What tells `say` a line every 30 s, as long as there is more to do.

    >>> said = []
    >>> now_and_then(said.append)(Pace(50, 200, 40.0))
    >>> said
    ['explaining, 50 of 200 rows, 1.25 rows/s, 120 s left']
    """
    last = 0.0

    def tell(pace: Pace) -> None:
        nonlocal last
        if pace.seconds - last >= _LINES:
            last = pace.seconds
            say(f"{what}, {pace}")

    return tell
