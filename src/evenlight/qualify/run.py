"""The run over cases and seeds: resumable, in parallel, and what follows from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from evenlight.data.nearest import nearest
from evenlight.errors import UnknownName
from evenlight.qualify.harness import EVERY, line
from evenlight.qualify.lines import Line, append, read
from evenlight.qualify.profiles import PROFILES, Profile, Runs, chosen, groups
from evenlight.qualify.table import states, text
from evenlight.qualify.validation import write_validation

LINES = "qualify.jsonl"
TEXT = "qualify.txt"


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
    that failed is tried again. `jobs` processes give the same lines in the same order. Beside them
    lie the tables, and the record by which the tool is validated (`qualify.validation`).

    `cases` are names of cases, or of groups of them: "comparisons" (identities among them),
    "fragility", "audits", "reliance", and for one world, model or size "reliance, LD tags",
    "reliance, trees", "reliance, n = 400". None is all that the profile has.

    Raises InputError for an unknown profile or a case that the profile leaves out, and UnknownName
    for an unknown case.
    """
    wanted = chosen(profile, _known(cases))
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    path, runs = folder / LINES, PROFILES[profile]
    todo = _todo(wanted, runs, read(path))
    say = progress or _quiet
    say(f"{len(todo)} repetitions to go")
    append(path, _followed(_lines(todo, jobs), len(todo), say))
    place = {case: i for i, case in enumerate(wanted)}
    there = (one for one in read(path).values() if one.case in place)
    kept = [one for one in there if one.draws == runs.permutations(one.case)]
    kept.sort(key=lambda one: (place[one.case], one.seed))
    made = Qualified(tuple(kept), folder)
    (folder / TEXT).write_text(made.text() + "\n", encoding="utf-8")
    if made.lines:
        write_validation(made.lines, folder)
    return made


def _quiet(stage: str) -> None:
    pass


def _known(cases: Sequence[str] | None) -> list[str] | None:
    if cases is None:
        return None
    names = [*EVERY, *groups()]
    for case in cases:
        if case not in names:
            near = nearest(case, names, cutoff=0.0)
            raise UnknownName(f"no case {case!r}; did you mean {near!r}? Known: {_listed()}")
    return list(cases)


def _listed() -> str:
    """Cases by name, cells of reliance as groups."""
    own = [case for case in EVERY if case not in groups()["reliance"]]
    return ", ".join(map(repr, [*own, *groups()]))


Task = tuple[str, int, int]


def _todo(cases: Sequence[str], runs: Runs, there: dict[tuple[str, int], Line]) -> list[Task]:
    """Case, seed and draws of what is missing, one seed of every case after the other."""
    done = {
        at for at, one in there.items() if one.draws == runs.permutations(at[0]) and not one.error
    }
    return [
        (case, seed, runs.permutations(case))
        for seed in range(max(map(runs.of, cases), default=0))
        for case in cases
        if seed < runs.of(case) and (case, seed) not in done
    ]


def _lines(todo: Sequence[Task], jobs: int) -> Iterator[Line]:
    if jobs <= 1 or len(todo) < 2:
        yield from map(_one, todo)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(_one, todo)


def _one(task: Task) -> Line:
    """One repetition on one thread: its products are small, and threads would only wait."""
    with threadpool_limits(1):
        return line(*task)


def _followed(lines: Iterator[Line], total: int, say: Callable[[str], None]) -> Iterator[Line]:
    for i, one in enumerate(lines, 1):
        yield one
        if i % 100 == 0 or i == total:
            say(f"{i} of {total} repetitions, last {one.case}, seed {one.seed}")
