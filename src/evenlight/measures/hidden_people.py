"""People of groups too small to be shown are left out of a table, and of its overall values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from evenlight.arrays import Bool
from evenlight.data.groups import SMALLEST_GROUP
from evenlight.measures.composition import UNKNOWN
from evenlight.measures.prepare import Setting
from evenlight.stats.disclosure import shown_units

HIDDEN = f"suppressed (<{SMALLEST_GROUP})"


def without_hidden(here: Setting) -> tuple[Setting, Mapping[str, str]]:
    """The setting without units of hidden parts, and why each of these is not shown, by name.

    What is computed of this setting is the same whatever the hidden people are like: an overall
    value less the shown parts leaves nothing. Where every part is too small all units stay, and all
    parts are hidden.
    """
    shown = shown_units(here.unit_group, smallest=SMALLEST_GROUP)
    names = (*here.groups.levels, UNKNOWN)
    sizes = np.bincount(here.unit_group % len(names), minlength=len(names))
    few = (sizes > 0) & (sizes < SMALLEST_GROUP)
    hidden = {name: HIDDEN for name, small in zip(names, few, strict=True) if small}
    return (here if shown.all() else _left(here, shown)), hidden


def _left(here: Setting, shown: Bool) -> Setting:
    rows = shown[here.unit]
    kept = here.kept.copy()
    kept[np.flatnonzero(here.kept)[~rows]] = False
    place = np.cumsum(rows) - 1
    return replace(
        here,
        kept=kept,
        unit=(np.cumsum(shown) - 1)[here.unit[rows]],
        unit_group=here.unit_group[shown],
        order=place[here.order[rows[here.order]]],
    )
