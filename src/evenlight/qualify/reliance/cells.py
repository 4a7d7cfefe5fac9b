"""The cells in which the gate of ancestry reliance is measured: a world, a model, how many people.

Full runs are chosen by what a repetition costs, so that four cores need about two hours for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evenlight.qualify.reliance.models import KINDS
from evenlight.qualify.reliance.worlds import STRUCTURES, TRUTHS, WORLDS

SIZES = (400, 1500, 4000)
MANY = 20_000
SUBSTRUCTURE = "nested substructure"
"""The world that is also asked of 20,000 people, where support is most easily mistaken."""

PART = "reliance"
GATE, ADJUSTED, ALONE = "gate", "gate, adjusted", "no twin"
"""What is asked: with everything, also adjusted for structure, and without a twin."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A world of `n` training and `n` audited people, and the kind of model that is audited."""

    world: str
    kind: str
    n: int

    @property
    def name(self) -> str:
        """The name in the result lines.

        >>> Cell("LD tags", "linear", 400).name
        'LD tags, linear, n = 400'
        """
        return f"{self.world}, {self.kind}, n = {self.n}"

    @property
    def shortcut(self) -> bool:
        """Whether recruitment, not what the genotypes carry, sets the ancestries apart."""
        return TRUTHS[self.world] == "shortcut"

    @property
    def questions(self) -> tuple[str, ...]:
        """The gate; where there is structure inside the ancestries, also adjusted for it."""
        return (GATE, ADJUSTED) if self.world in STRUCTURES else (GATE,)


def _every() -> list[Cell]:
    made = [Cell(world, kind, n) for n in SIZES for kind in KINDS for world in WORLDS]
    return [*made, *(Cell(SUBSTRUCTURE, kind, MANY) for kind in ("linear", "trees"))]


CELLS: Mapping[str, Cell] = {cell.name: cell for cell in _every()}
"""Name to cell, the small ones first."""


def parts() -> dict[str, list[str]]:
    """Groups of cells by name: all of them, and those of one world, kind or size.

    >>> len(parts()["reliance, LD tags"])
    12
    """
    out: dict[str, list[str]] = {PART: list(CELLS)}
    for name, cell in CELLS.items():
        for own in (cell.world, cell.kind, f"n = {cell.n}"):
            out.setdefault(f"{PART}, {own}", []).append(name)
    return out
