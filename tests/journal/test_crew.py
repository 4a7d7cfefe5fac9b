"""Helpers: parts that are made by several processes, and processes that die of one."""

from __future__ import annotations

import os
import re
import signal
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from evenlight.errors import NoVerdict
from evenlight.journal import Keep, Work
from evenlight.journal.crew import Processes

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
    text = "\n".join(p.read_text("utf-8") for p in (root / "src" / "evenlight").rglob("*.py"))
    assert not re.search(r"os\.fork\(|set_start_method|forkserver", text)
    assert not re.search(r"ProcessPoolExecutor\((?!jobs, mp_context=)", text)
    assert set(re.findall(r"get_context\(([^)]*)\)", text)) == {'"spawn"'}


def test_63_no_number_is_written_by_locale(root: Path) -> None:
    """Nothing in the package asks for a locale, so that a decimal is a point everywhere."""
    text = "\n".join(p.read_text("utf-8") for p in (root / "src" / "evenlight").rglob("*.py"))
    assert not re.search(r"\bimport locale|from locale|setlocale|:n\}", text)
