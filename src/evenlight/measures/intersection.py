"""The record of intersections: cells of two or more groupings, pooled and unpooled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Text
from evenlight.data.cards import told
from evenlight.measures.check import explained, shaped

CELL = ("mean", "low", "high", "pooled", "pooled_low", "pooled_high", "gamma", "weight")
TEST = ("p", "p_maxt", "q", "tau")


@dataclass(frozen=True, slots=True, eq=False)
class Intersection:
    """C cells (`cells`: one level of each grouping) and m subjects, in units named `unit`.

    `count` (C,) units, NaN where suppressed. Each (C, m): `mean` as it is, adjusted for strata and
    covariates, with pointwise limits; `pooled` towards the sum of the groupings' own effects, with
    limits given tau; `gamma` the deviation from that sum before pooling, of which `weight` is kept.
    Each (m,): `p`, `p_maxt`, `q` of the interaction, the SD `tau` of deviations; `main_p` (G, m) of
    each grouping beside the others. `reason` (C,) of cells without numbers, `why` (m,) of tests.
    `note` says that not all rows of a unit enter, "" where they do.
    """

    groupings: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    subjects: tuple[str, ...]
    quantity: str
    unit: str
    alpha: float
    draws: int
    note: str
    count: Float
    mean: Float
    low: Float
    high: Float
    pooled: Float
    pooled_low: Float
    pooled_high: Float
    gamma: Float
    weight: Float
    p: Float
    p_maxt: Float
    q: Float
    tau: Float
    main_p: Float
    reason: Text
    why: Text

    def __post_init__(self) -> None:
        c, m = len(self.cells), len(self.subjects)
        shaped(self, (c, m), *CELL)
        shaped(self, (m,), *TEST, "why")
        shaped(self, (c,), "count", "reason")
        shaped(self, (len(self.groupings), m), "main_p")
        explained(self, np.repeat(self.reason[:, None], m, axis=1), *CELL)
        explained(self, self.reason, "count")
        explained(self, self.why, *TEST)
        explained(self, np.repeat(self.why[None, :], len(self.groupings), axis=0), "main_p")

    def to_frame(self) -> pd.DataFrame:
        """One row a cell and subject."""
        c, m = self.mean.shape
        cell, subject = (a.ravel() for a in np.indices((c, m)))
        columns: dict[str, object] = {
            name: [self.cells[i][g] for i in cell] for g, name in enumerate(self.groupings)
        }
        columns |= {"subject": [self.subjects[j] for j in subject], "units": self.count[cell]}
        columns |= {name: getattr(self, name).ravel() for name in CELL}
        columns |= {f"interaction_{n}": getattr(self, n)[subject] for n in TEST}
        return pd.DataFrame(columns | {"reason": self.reason[cell], "why": self.why[subject]})

    def __repr__(self) -> str:
        hidden = int((self.reason != "").sum())
        flagged = int((self.p_maxt <= self.alpha).sum())
        facts = [" x ".join(self.groupings), f"{len(self.cells)} cells, {hidden} not shown"]
        asked = int((self.why == "").sum())
        facts.append(f"{flagged} of {asked} interact" if asked else "no interaction can be tested")
        return told("Intersection", facts)
