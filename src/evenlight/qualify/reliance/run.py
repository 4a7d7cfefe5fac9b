"""The run over worlds, models, sizes and seeds: resumable, and what must hold of it.

python -m evenlight.qualify.reliance.run FOLDER RUNS [JOBS [KIND [SIZE]]]
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from evenlight.errors import UnknownName
from evenlight.qualify.lines import Line, append, code_digest, read
from evenlight.qualify.rates import Rate, rows
from evenlight.qualify.reliance.gate import OURS, gate
from evenlight.qualify.reliance.models import KINDS
from evenlight.qualify.reliance.worlds import TRUTHS, WORLDS
from evenlight.qualify.table import columns

LINES = "reliance.jsonl"
TEXT = "reliance.txt"
SIZES = (400, 1500, 4000)
MANY = 20_000
SUBSTRUCTURE = "nested substructure"
"""The world that is also asked of 20,000 people, where support is most easily mistaken."""

Case = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Must:
    """A rate of one cell that must be `at least` or `at most` a limit (statistics.md 4.4, 5)."""

    cell: str
    question: str
    rate: str
    kind: str
    limit: float


@dataclass(frozen=True, slots=True)
class Held:
    """A must with what was found, and how many Monte Carlo errors it lies beyond its limit."""

    must: Must
    found: Rate
    z: float

    @property
    def state(self) -> str:
        """*holds* up to two Monte Carlo errors beyond the limit, else *fails*."""
        return "holds" if self.z <= 2 else "fails"


def cases(kinds: Sequence[str] = tuple(KINDS), sizes: Sequence[int] = SIZES) -> list[Case]:
    """World, model and size of every cell."""
    made = [(world, kind, n) for n in sizes for kind in kinds for world in WORLDS]
    if tuple(sizes) == SIZES and "linear" in kinds:
        made.append((SUBSTRUCTURE, "linear", MANY))
    return made


def name_of(case: Case) -> str:
    """The name of a cell in the result lines.

    >>> name_of(("LD tags", "linear", 400))
    'LD tags, linear, n = 400'
    """
    return f"{case[0]}, {case[1]}, n = {case[2]}"


def reliance(
    out: str | Path,
    *,
    runs: int,
    asked: Sequence[Case] | None = None,
    jobs: int = 1,
    progress: Callable[[str], None] = print,
) -> list[Line]:
    """Measure the gate; lines are appended to `out`/reliance.jsonl seed by seed over all cells.

    What is there already is kept, so that a run may be stopped and taken up again.

    Raises UnknownName for an unknown world or kind of model.
    """
    chosen = list(asked) if asked is not None else cases()
    for world, kind, _ in chosen:
        if world not in WORLDS or kind not in KINDS:
            known = f"worlds {', '.join(WORLDS)}; models {', '.join(KINDS)}"
            raise UnknownName(f"no cell of {world!r} and {kind!r}; known: {known}")
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / LINES
    done = {at for at, one in read(path).items() if not one.error}
    todo = [(c, s) for s in range(runs) for c in chosen if (name_of(c), s) not in done]
    progress(f"{len(todo)} repetitions to go")
    append(path, _lines(todo, jobs, progress))
    names = {name_of(c) for c in chosen}
    kept = [one for one in read(path).values() if one.case in names]
    (folder / TEXT).write_text(text(kept) + "\n", encoding="utf-8")
    return kept


def _lines(
    todo: Sequence[tuple[Case, int]], jobs: int, progress: Callable[[str], None]
) -> Iterator[Line]:
    if jobs <= 1:
        yield from _followed(map(_one, todo), len(todo), progress)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from _followed(pool.map(_one, todo), len(todo), progress)


def _followed(lines: Iterable[Line], total: int, progress: Callable[[str], None]) -> Iterator[Line]:
    for i, one in enumerate(lines, 1):
        yield one
        if i % 20 == 0 or i == total:
            progress(f"{i} of {total} repetitions, last {one.case}, seed {one.seed}")


def _one(task: tuple[Case, int]) -> Line:
    (world, kind, n), seed = task
    name = name_of((world, kind, n))
    try:
        with threadpool_limits(1):
            found = gate(world, kind, n, seed)
    except Exception as error:  # one repetition must not end a run of hours; it is told
        return Line(name, seed, 0, code_digest(), {}, f"{type(error).__name__}: {error}")
    return Line(name, seed, 0, code_digest(), found)


def musts(case: Case) -> list[Must]:
    """What must hold in one cell."""
    world, _, n = case
    cell, word = name_of(case), "consistent"
    out = [Must(cell, "no twin", word, "at most", 0.0)]
    if TRUTHS[world] == "clean":
        out.append(Must(cell, "gate", word, "at most", 0.05))
    elif n >= 4000:
        out.append(Must(cell, "gate", word, "at least", 0.95))
    if n <= 400:
        out.append(Must(cell, "gate", "unresolved", "at least", 0.90))
    return out


def check(lines: Iterable[Line], asked: Sequence[Case]) -> list[Held]:
    """Each must of the cells that were run, the worst first."""
    table = {(r.case, r.question): r.rates for r in rows(lines) if r.method == OURS}
    held = []
    for must in (must for case in asked for must in musts(case)):
        found = table.get((must.cell, must.question), {}).get(must.rate)
        if found is None:
            continue
        off = found.value - must.limit
        beyond = off if must.kind == "at most" else -off
        held.append(Held(must, found, beyond / found.error))
    return sorted(held, key=lambda one: -one.z)


def text(lines: Sequence[Line]) -> str:
    """Every rate of every cell, then what must hold, for a terminal."""
    made = rows(lines)
    grid = [
        [r.case, r.question, name, f"{rate.value:.3f}", f"{rate.error:.3f}", str(rate.runs)]
        for r in made
        for name, rate in r.rates.items()
    ]
    known = {name_of((w, k, n)): (w, k, n) for w in WORLDS for k in KINDS for n in (*SIZES, MANY)}
    ran = [known[name] for name in dict.fromkeys(one.case for one in lines) if name in known]
    held = [
        [h.must.cell, h.must.question, h.must.rate, f"{h.must.kind} {h.must.limit:g}",
         f"{h.found.value:.3f}", f"{h.found.error:.3f}", h.state]
        for h in check(lines, ran)
    ]  # fmt: skip
    head = ["cell", "question", "rate", "value", "error", "runs"]
    parts = [columns(head, grid), "What must hold, the worst first"]
    parts.append(columns([*head[:3], "must be", "found", "error", "state"], held))
    errors = [f"{one.case}, seed {one.seed}: {one.error}" for one in lines if one.error]
    return "\n\n".join([*parts, *errors])


if __name__ == "__main__":
    folder, count, workers, kind_, size_ = [*sys.argv[1:], *["1", "", ""][len(sys.argv) - 3 :]][:5]
    cells = cases([kind_] if kind_ else tuple(KINDS), [int(size_)] if size_ else SIZES)
    print(text(reliance(folder, runs=int(count), asked=cells, jobs=int(workers))))
