"""Groupings that are crossed, as ancestry x sex: their cells, and the setting they make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from evenlight.arrays import Float, Int
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.errors import GroupError
from evenlight.measures.prepare import Setting, setting, several
from evenlight.stats.cells import joint

MOST_CELLS = 60
"""Most cells that are crossed."""


@dataclass(frozen=True, slots=True, eq=False)
class Cross:
    """What is asked of which cells."""

    here: Setting
    groupings: tuple[Groups, ...]
    subjects: tuple[str, ...]
    quantity: str
    unit: str

    @property
    def cells(self) -> tuple[tuple[str, ...], ...]:
        """The levels of each cell, in the order of the setting's groups."""
        return tuple(product(*(g.levels for g in self.groupings)))

    def indicators(self, cell: Int) -> list[Float]:
        """Of each grouping, indicators (m, levels - 1) of the levels of some cells (m,)."""
        sizes = [len(g.levels) for g in self.groupings]
        parts = np.unravel_index(cell, sizes)
        return [np.eye(k)[part][:, 1:] for part, k in zip(parts, sizes, strict=True)]


def groupings_of(cohort: Cohort, by: Sequence[str | Groups]) -> tuple[Groups, ...]:
    """The groupings that are crossed; GroupError for fewer than two, or one with one level."""
    if isinstance(by, str | Groups) or len(by) < 2:
        raise GroupError("an intersection needs two groupings or more, as by=['ancestry', 'sex']")
    made = tuple(cohort.grouping(one) for one in by)
    for groups in made:
        several(groups)
    return made


def crossed(cohort: Cohort, by: Sequence[str | Groups]) -> Setting:
    """The setting whose groups are all cells of the groupings; unknown in one is unknown."""
    made = groupings_of(cohort, by)
    cells = list(product(*(range(len(g.levels)) for g in made)))
    if len(cells) > MOST_CELLS:
        raise GroupError(
            f"{' x '.join(g.name for g in made)} has {len(cells)} cells; at most {MOST_CELLS} are "
            "crossed: join levels with merge="
        )
    sizes = [len(g.levels) for g in made]
    known = joint([g.codes for g in made]) >= 0
    codes = np.full(cohort.n, -1, dtype=np.int64)
    codes[known] = np.ravel_multi_index(tuple(g.codes[known] for g in made), sizes)
    names = tuple(" x ".join(p) for p in product(*(g.levels for g in made)))
    both = Groups(" x ".join(g.name for g in made), names, codes, rows=cohort.rows)
    return setting(cohort, both)
