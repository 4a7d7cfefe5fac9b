"""Whether the unit of a comparison, SD(f), is that of a few units and of nobody else."""

from __future__ import annotations

import numpy as np

from evenlight.data.attributions import Attributions
from evenlight.data.digits import count
from evenlight.data.shown import short
from evenlight.measures.prepare import Setting
from evenlight.measures.streamed import per_unit, rows_of
from evenlight.stats.lopsided import lopsided

TOLD = (
    "one in a hundred units or fewer, of {units}, make nearly all of the variance of the output "
    "within groups{through}, so that its SD is the scale of nobody else; look "
    "for values that are codes of missing or in another unit, mend them or leave these rows out"
)


def of_few(here: Setting, made: Attributions) -> str:
    """Why nothing can be told in SD(f) of the rows of a setting, "" where it can."""
    few = lopsided(here.per_unit(made.total()), here.unit_group)
    if not few.size:
        return ""
    known, phi = here.unit_group >= 0, per_unit(rows_of(made, here), here)
    moved = np.abs(phi[few] - np.median(phi[known], axis=0)).sum(axis=0)
    names = made.features.names
    most = short(names[int(moved.argmax())]) if len(names) == len(moved) else ""
    through = f", most of it through {most}" if most else ""
    return TOLD.format(units=count(int(known.sum())), through=through)
