"""Helpers: parts that are made by several processes, and processes that die of one."""

from __future__ import annotations

import ast
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from unittest.mock import patch

import pytest

from evenlight.errors import NoVerdict
from evenlight.journal import Keep, Work, locks
from evenlight.journal.crew import Processes
from evenlight.journal.pulse import Pulse

MANIFEST = {"plan": "abc"}
PARTS = tuple(f"part-{i}" for i in range(4))


@dataclass(frozen=True, slots=True)
class Number:
    """A record."""

    value: float


def _made(name: str, deadly: str, once: Path | None) -> Number:
    """The number of a part; the deadly one ends its process, with `once` only the first time."""
    if name == deadly and not (once is not None and once.exists()):
        if once is not None:
            once.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return Number(float(name[-1]))


def _through(keep: Keep, deadly: str, once: Path | None) -> list[float]:
    """All parts: what an audit is here."""
    every = [(name, partial(_made, name, deadly, once)) for name in PARTS]
    keep.ahead(every)
    return [keep(name, Number, make).value for name, make in every]


def _help(folder: str, deadly: str, once: str) -> None:
    """A helper of these tests."""
    with Work(Path(folder), joined=True) as work:
        _through(work.begin(MANIFEST), deadly, Path(once) if once else None)


def _led(folder: Path, deadly: str, once: Path | None) -> list[float]:
    crew = Processes(2, _help, (str(folder), deadly, str(once or "")))
    with Work(folder, crew=crew) as work:
        return _through(work.begin(MANIFEST), "", None)


def test_51_a_helper_that_is_killed_costs_its_part_and_no_more(tmp_path: Path) -> None:
    """Another makes the part that it had claimed, and the answers are right."""
    assert _led(tmp_path / "w", "part-2", tmp_path / "died") == [0.0, 1.0, 2.0, 3.0]
    assert (tmp_path / "died").exists()


def test_52_a_part_that_always_kills_is_named_and_the_others_are_kept(tmp_path: Path) -> None:
    """The run ends without a verdict, and can be taken up."""
    with pytest.raises(NoVerdict, match=r"2 processes died of one part \(part-2\)"):
        _led(tmp_path / "w", "part-2", None)
    assert "part-2.tile" not in {tile.name for tile in (tmp_path / "w").glob("*.tile")}
    with Work(tmp_path / "w") as work:
        assert _through(work.begin(MANIFEST), "", None) == [0.0, 1.0, 2.0, 3.0]


def test_67_no_process_is_forked(root: Path) -> None:
    """Every process of the package is a new interpreter, whatever a GPU is doing in this one."""
    found = {
        path.name: forking(ast.parse(path.read_text("utf-8")))
        for path in sorted((root / "src" / "evenlight").rglob("*.py"))
    }
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "line",
    [
        "import multiprocessing\nmultiprocessing.Pool(2)",
        "import multiprocessing as mp\nmp.Process(target=print)",
        "import multiprocessing.pool",
        "from multiprocessing import Pool",
        "from multiprocessing import get_context\nget_context()",
        "from multiprocessing import get_context as begun\nbegun('fork')",
        "from multiprocessing import get_context\nget_context(method)",
        "from multiprocessing.context import ForkContext",
        "import concurrent.futures\nconcurrent.futures.ProcessPoolExecutor(2)",
        "from concurrent.futures import ProcessPoolExecutor as Pool\nPool(2)",
        "from concurrent.futures import process",
        "from concurrent.futures import ProcessPoolExecutor as P\nP(2, mp_context=own)",
        "import torch.multiprocessing",
        "from torch import multiprocessing as tm",
        "import os\nos.fork()",
        "from os import fork",
        "import os\nos.forkpty()",
    ],
)
def test_67_a_process_that_may_be_forked_is_found(line: str) -> None:
    """Whatever it is called, a process that does not name the spawn context is seen."""
    assert forking(ast.parse(line))


def forking(made: ast.Module) -> list[int]:
    """Lines of a module at which a process could be forked, or at which nobody can tell."""
    called: dict[str, str] = {}
    lines: list[int] = []
    for node in ast.walk(made):
        if isinstance(node, ast.Import | ast.ImportFrom):
            whole = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            names = {one.asname or one.name: f"{whole}{one.name}" for one in node.names}
            lines += [node.lineno for name in names.values() if name in FORKS or _unknown(name)]
            called |= names
    for node in ast.walk(made):
        if isinstance(node, ast.Attribute) and ast.unparse(node) in FORKS:
            lines.append(node.lineno)
        elif isinstance(node, ast.Call):
            name = called.get(ast.unparse(node.func), "")
            given = [word.value for word in node.keywords if word.arg == "mp_context"]
            spawned = [ast.unparse(one) for one in (*node.args, *given)]
            if name == "multiprocessing.get_context" and spawned != ["'spawn'"]:
                lines.append(node.lineno)
            pool = name == "concurrent.futures.ProcessPoolExecutor"
            if pool and "get_context('spawn')" not in spawned:
                lines.append(node.lineno)
    return lines


FORKS = ("os.fork", "os.forkpty", "concurrent.futures", "concurrent.futures.process")
"""What is never named outside a text: modules through which a pool has many names among them."""

KNOWN = ("get_context", "process.BaseProcess")
"""What is taken of multiprocessing: the context, which is asked for by name, and a type."""


def _unknown(name: str) -> bool:
    """Whether an import takes more of multiprocessing, of any package, than is known here."""
    _, found, rest = name.partition("multiprocessing")
    return bool(found) and rest.lstrip(".") not in KNOWN


def test_63_no_number_is_written_by_locale(root: Path) -> None:
    """Nothing in the package asks for a locale, so that a decimal is a point everywhere."""
    text = "\n".join(p.read_text("utf-8") for p in (root / "src" / "evenlight").rglob("*.py"))
    assert not re.search(r"\bimport locale|from locale|setlocale|:n\}", text)


def _hang(folder: str, part: str, once: str) -> None:
    """A helper that waits for ever at one part, with `once` only the first time."""

    def made(name: str) -> Number:
        if name == part and not (once and Path(once).exists()):
            if once:
                Path(once).touch()
            time.sleep(3600)
        return Number(float(name[-1]))

    with Work(Path(folder), joined=True) as work:
        keep = work.begin(MANIFEST)
        keep.ahead([(name, partial(made, name)) for name in PARTS])


def test_65_a_helper_that_hangs_is_ended_and_another_makes_its_part(tmp_path: Path) -> None:
    """It uses no processor for as long as it is given, and costs that time and no more."""
    given = (str(tmp_path / "w"), "part-1", str(tmp_path / "hung"))
    crew = Processes(2, _hang, given, patience=4.0)
    with Work(tmp_path / "w", crew=crew) as work:
        assert _through(work.begin(MANIFEST), "", None) == [0.0, 1.0, 2.0, 3.0]
    assert (tmp_path / "hung").exists()
    assert len(crew.hung) == 1


def test_65_a_part_at_which_every_helper_hangs_is_named(tmp_path: Path) -> None:
    """Two of them, and the run says where, for how long, and what to look at."""
    crew = Processes(1, _hang, (str(tmp_path / "w"), "part-1", ""), patience=3.0)
    with (
        Work(tmp_path / "w", crew=crew) as work,
        pytest.raises(NoVerdict, match=r"2 processes hung at one part \(part-1\): no processor"),
    ):
        _through(work.begin(MANIFEST), "", None)
    assert crew._now == []
    assert (tmp_path / "w" / "part-0.tile").exists()


def test_65_a_process_that_computes_does_not_hang() -> None:
    """Processor time is what counts, whether Python's lock is held or not; a stopped one hangs."""
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        pulse = Pulse(1.0)
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            assert pulse.still([process.pid]) == []
            time.sleep(0.2)
        os.kill(process.pid, signal.SIGSTOP)
        deadline = time.monotonic() + 20
        while not pulse.still([process.pid]):
            assert time.monotonic() < deadline
            time.sleep(0.2)
    finally:
        process.kill()
        process.wait()


def _raise(folder: str) -> None:
    """A helper in which an error is raised."""

    def made(name: str) -> Number:
        raise ValueError(f"{name} cannot be had")

    with Work(Path(folder), joined=True) as work:
        work.begin(MANIFEST)("part-0", Number, partial(made, "part-0"))


def test_an_error_in_helpers_is_said_by_the_leader(tmp_path: Path) -> None:
    """It makes the part itself: what is wrong is told, and not that memory may not suffice."""
    with Work(tmp_path / "w", crew=Processes(2, _raise, (str(tmp_path / "w"),))) as work:
        journal = work.begin(MANIFEST)
        with pytest.raises(ZeroDivisionError):
            journal("part-0", Number, lambda: Number(1 / 0))


def test_60_a_claim_that_goes_as_it_is_locked_is_asked_again(tmp_path: Path) -> None:
    """Between opening a claim and looking at it, whoever had it may have taken it away."""
    path = tmp_path / "a.claim"
    asked: list[Path] = []

    def there(one: Path) -> int:
        if not asked:
            one.unlink()
        asked.append(one)
        return locks_there(one)

    locks_there = locks._there
    with patch.object(locks, "_there", there):
        lock = locks.locked(path)
    assert lock is not None
    assert len(asked) == 2
    assert locks.owner(path) == os.getpid()
    lock.close()


def _other(folder: str) -> None:
    """A helper of another code or plan."""
    with Work(Path(folder), joined=True) as work:
        work.begin({"plan": "another"})


def test_61_helpers_of_another_manifest_make_nothing_and_stop_nothing(tmp_path: Path) -> None:
    """As where the code was changed between the start of a run and that of its helpers."""
    with Work(tmp_path / "w", crew=Processes(2, _other, (str(tmp_path / "w"),))) as work:
        journal = work.begin(MANIFEST)
        assert _through(journal, "", None) == [0.0, 1.0, 2.0, 3.0]
        assert len(journal.made) == len(PARTS)
