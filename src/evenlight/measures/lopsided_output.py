"""Whether the unit of a comparison, SD(f), is that of a few units and of nobody else."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Float, Int
from evenlight.data.attributions import Attributions
from evenlight.data.digits import count
from evenlight.data.shown import short
from evenlight.errors import AttributionError
from evenlight.measures.hidden_people import shown_sd
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
    few = _few(here, made.total())
    if not few.size:
        return ""
    known, phi = here.unit_group >= 0, per_unit(rows_of(made, here), here)
    moved = np.abs(phi[few] - np.median(phi[known], axis=0)).sum(axis=0)
    names = made.features.names
    most = short(names[int(moved.argmax())]) if len(names) == len(moved) else ""
    through = f", most of it through {most}" if most else ""
    return TOLD.format(units=count(int(known.sum())), through=through)


def of_few_outputs(here: Setting, rows: Float) -> str:
    """As `of_few`, of outputs or totals by row, (n,)."""
    if not _few(here, rows).size:
        return ""
    return TOLD.format(units=count(int((here.unit_group >= 0).sum())), through="")


def sd_of_many(here: Setting, rows: Float) -> float:
    """SD(f) of rows (n,) as it may be told; AttributionError where it is 0, or of a few units."""
    unit = shown_sd(here, rows)
    if not unit > 0:
        told = "the output does not vary within groups; there is nothing to compare"
        raise AttributionError(told)
    if few := of_few_outputs(here, rows):
        raise AttributionError(few)
    return unit


def _few(here: Setting, rows: Float) -> Int:
    return lopsided(here.per_unit(rows), here.unit_group)
