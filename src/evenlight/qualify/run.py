"""The run over cases and seeds: resumable, in parallel, and what follows from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from difflib import get_close_matches
from multiprocessing import get_context
from pathlib import Path
from typing import Literal

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from evenlight.errors import InputError, UnknownName
from evenlight.qualify.harness import EVERY, line
from evenlight.qualify.lines import Line, append, read
from evenlight.qualify.table import states, text
from evenlight.qualify.whole import WORLDS

LINES = "qualify.jsonl"
TEXT = "qualify.txt"

Profile = Literal["short", "full"]


@dataclass(frozen=True, slots=True)
class Runs:
    """Repetitions of a case and of a whole audit; permutations (0: as many as a family needs)."""

    cases: int
    audits: int
    draws: int


PROFILES: dict[str, Runs] = {"short": Runs(20, 10, 999), "full": Runs(1000, 1000, 0)}


@dataclass(frozen=True, slots=True, eq=False)
class Qualified:
    """The result lines of a run, and whether what must hold was found to hold."""

    lines: tuple[Line, ...]
    folder: Path

    @property
    def exit_code(self) -> int:
        """0 where all that was measured holds, 1 where something fails or could not be run."""
        bad = any(one.error for one in self.lines) or states(self.lines).get("fails", 0)
        return 1 if bad else 0

    def text(self) -> str:
        """Tables for a terminal."""
        return text(self.lines)


def qualify(
    profile: Profile,
    out: str | Path,
    *,
    cases: Sequence[str] | None = None,
    jobs: int = 1,
    progress: Callable[[str], None] | None = None,
) -> Qualified:
    """Measure the auditor's own error rates on cases whose truth is known.

    Lines are appended to `out`/qualify.jsonl as they come, seed by seed over all cases; what is
    there already is kept, so that a run may be stopped and taken up again at any time. A repetition
    that failed is tried again. `jobs` processes give the same lines in the same order.

    Raises InputError for an unknown profile, and UnknownName for an unknown case.
    """
    if profile not in PROFILES:
        raise InputError(f"profile {profile!r}; known: {', '.join(PROFILES)}")
    chosen = _known(cases)
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    path, runs = folder / LINES, PROFILES[profile]
    todo = _todo(chosen, runs, read(path))
    say = progress or _quiet
    say(f"{len(todo)} repetitions to go")
    append(path, _followed(_lines(todo, jobs), len(todo), say))
    kept = [one for one in read(path).values() if one.case in chosen and one.draws == runs.draws]
    kept.sort(key=lambda one: (chosen.index(one.case), one.seed))
    made = Qualified(tuple(kept), folder)
    (folder / TEXT).write_text(made.text() + "\n", encoding="utf-8")
    return made


def _quiet(stage: str) -> None:
    pass


def _known(cases: Sequence[str] | None) -> list[str]:
    chosen = list(cases) if cases is not None else list(EVERY)
    for case in chosen:
        if case not in EVERY:
            near = get_close_matches(case, EVERY, n=1, cutoff=0.0)[0]
            known = ", ".join(map(repr, EVERY))
            raise UnknownName(f"no case {case!r}; did you mean {near!r}? Known: {known}")
    return chosen


Task = tuple[str, int, int]


def _todo(cases: Sequence[str], runs: Runs, there: dict[tuple[str, int], Line]) -> list[Task]:
    """Case, seed and draws of what is missing, one seed of every case after the other."""
    done = {at for at, one in there.items() if one.draws == runs.draws and not one.error}
    count = {case: runs.audits if case in WORLDS else runs.cases for case in cases}
    return [
        (case, seed, runs.draws)
        for seed in range(max(count.values(), default=0))
        for case in cases
        if seed < count[case] and (case, seed) not in done
    ]


def _lines(todo: Sequence[Task], jobs: int) -> Iterator[Line]:
    if jobs <= 1 or len(todo) < 2:
        yield from map(_one, todo)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(_one, todo, chunksize=4)


def _one(task: Task) -> Line:
    """One repetition on one thread: its products are small, and threads would only wait."""
    with threadpool_limits(1):
        return line(*task)


def _followed(lines: Iterator[Line], total: int, say: Callable[[str], None]) -> Iterator[Line]:
    for i, one in enumerate(lines, 1):
        yield one
        if i % 100 == 0 or i == total:
            say(f"{i} of {total} repetitions, last {one.case}, seed {one.seed}")
