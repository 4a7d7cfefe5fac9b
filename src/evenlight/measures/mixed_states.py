"""The states of a column of people in each unit, whose rows may differ in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Float, Int
from evenlight.measures.nuisance import known_labels
from evenlight.measures.prepare import Setting


@dataclass(frozen=True, slots=True, eq=False)
class MixedStates:
    """m pairs of a unit and a state that some of its rows are in: codes (m,), sorted by unit.

    `share` (m,) of the unit's rows of known state that are in it; 1 where all of them agree.
    """

    unit: Int
    state: Int
    share: Float

    @property
    def states(self) -> int:
        """How many states there are."""
        return int(self.state.max(initial=-1)) + 1

    @property
    def units(self) -> int:
        """How many units there are."""
        return len(np.unique(self.unit))

    def whole(self) -> tuple[Int, Int]:
        """The units whose rows agree, and the code of their state, each (w,)."""
        one = self.share == 1
        codes = np.unique(self.state[one], return_inverse=True)[1]
        return self.unit[one], codes.astype(np.int64)


def mixed_states(here: Setting, name: str) -> MixedStates:
    """The states of a column in units of known group, by all of their rows."""
    labels = known_labels(here.cohort.people[name][here.kept].tolist())
    use = np.array([t is not None for t in labels]) & (here.unit_group >= 0)[here.unit]
    text = np.array([t or "" for t in labels], dtype=np.str_)[use]
    states, state = np.unique(text, return_inverse=True)
    key, count = np.unique(here.unit[use] * max(len(states), 1) + state, return_counts=True)
    unit, own = np.divmod(key.astype(np.int64), max(len(states), 1))
    rows = np.bincount(unit, weights=count)
    return MixedStates(unit, own, count / rows[unit])
