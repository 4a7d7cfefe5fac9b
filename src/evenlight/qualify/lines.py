"""Result lines on disk: one JSON line a repetition, appended; a line cut off midway is left out."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from evenlight.qualify.told import Score

Found = dict[str, dict[str, Score]]


@dataclass(frozen=True, slots=True)
class Line:
    """One repetition: scores by question and method, or the error that stopped it.

    `draws` is the number of permutations (0: as many as a family needs, and in cells of reliance,
    which choose for themselves), `code` a digest of the source that made it.
    """

    case: str
    seed: int
    draws: int
    code: str
    found: Found
    error: str = ""

    def text(self) -> str:
        """The line as it is written: keys in order, numbers as short as they read back."""
        data = {name: getattr(self, name) for name in self.__slots__}
        return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def read(path: Path) -> dict[tuple[str, int], Line]:
    """Lines by case and seed; what is no whole line is left out, of two the later counts."""
    out: dict[tuple[str, int], Line] = {}
    if not path.is_file():
        return out
    for text in path.read_bytes().split(b"\n"):
        line = _line(text)
        if line is not None:
            out[line.case, line.seed] = line
    return out


def append(path: Path, lines: Iterable[Line]) -> int:
    """Append each line as it comes, flushed; first close a line that a killed run left open."""
    count = 0
    with path.open("ab") as file:
        if _open_ended(path):
            file.write(b"\n")
        for line in lines:
            file.write(line.text().encode() + b"\n")
            file.flush()
            count += 1
    return count


COMPARED = ("stats", "measures", "qualify")
"""The rooms whose source makes the figures of comparisons."""
RELIED = ("data", "stats", "models", "explainers", "probes", "measures", "qualify")
"""Those of a cell of reliance, in which models are trained, explained, refitted and moved."""
GENERATED = (*RELIED, "cohorts")
"""Those of generated images, on which networks are trained."""


@cache
def code_digest(rooms: tuple[str, ...] = COMPARED) -> str:
    """A digest of the source in some rooms, so that figures say what code made them."""
    root, state = Path(__file__).resolve().parents[1], sha256()
    for room in rooms:
        for file in sorted((root / room).rglob("*.py")):
            state.update(file.read_bytes())
    return state.hexdigest()[:12]


def _line(text: bytes) -> Line | None:
    try:
        data: Any = json.loads(text)
        return Line(**data)
    except (ValueError, TypeError):
        return None


def _open_ended(path: Path) -> bool:
    if path.stat().st_size == 0:
        return False
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read(1) != b"\n"
