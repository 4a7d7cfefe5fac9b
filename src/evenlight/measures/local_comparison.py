"""The record of attributions compared by local ancestry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Text
from evenlight.measures.check import explained, shaped, worded
from evenlight.measures.words import VERDICTS

NUMBERS = ("effect", "low", "high", "se", "df", "p", "p_maxt", "q")

COPIES = ("0", "1", "2")


@dataclass(frozen=True, slots=True, eq=False)
class LocalComparison:
    """Slopes of the attributions of p subjects per copy of one ancestry at their own place.

    `effect`, limits and `se` (v, p) are in SD(f) (`unit`: what global ancestry leaves of the
    output) per copy, beside the global proportions `beside`, covariates and strata; the limits of a
    view hold together over subjects. `given` (v,) is "nothing" or "genotype" (among people of the
    same genotype at the site). `crude` (p,) is the slope without global proportions. `count` and
    `mean` (3, p) are people with 0, 1, 2 copies and their mean attribution, unadjusted. `places`
    (p,) are windows. Missing numbers have their `reason` (v, p), `crude_reason` (p,), `cell_reason`
    (3, p).
    """

    ancestry: str
    beside: tuple[str, ...]
    subjects: tuple[str, ...]
    places: tuple[str, ...]
    given: tuple[str, ...]
    target: str
    unit: float
    margin: float
    alpha: float
    draws: int
    n: int
    rounded: bool
    effect: Float
    low: Float
    high: Float
    se: Float
    df: Float
    p: Float
    p_maxt: Float
    q: Float
    verdict: Text
    reason: Text
    crude: Float
    crude_reason: Text
    count: Float
    mean: Float
    cell_reason: Text

    def __post_init__(self) -> None:
        v, p = len(self.given), len(self.subjects)
        shaped(self, (v, p), *NUMBERS, "verdict", "reason")
        shaped(self, (p,), "crude", "crude_reason")
        shaped(self, (3, p), "count", "mean", "cell_reason")
        worded(self, "verdict", VERDICTS)
        explained(self, self.reason, *NUMBERS)
        explained(self, self.crude_reason, "crude")
        explained(self, self.cell_reason, "count", "mean")

    def to_frame(self) -> pd.DataFrame:
        """One row a view and subject."""
        v, p = (a.ravel() for a in np.indices(self.effect.shape))
        made: dict[str, object] = {
            "ancestry": self.ancestry,
            "given": [self.given[i] for i in v],
            "subject": [self.subjects[j] for j in p],
            "place": [self.places[j] for j in p],
        }
        made |= {name: getattr(self, name).ravel() for name in (*NUMBERS, "verdict", "reason")}
        return pd.DataFrame(made | {"crude": self.crude[p]})

    def carriers(self) -> pd.DataFrame:
        """One row a subject and number of copies: people, and their mean attribution in SD(f)."""
        c, p = (a.ravel() for a in np.indices(self.count.shape))
        return pd.DataFrame(
            {
                "ancestry": self.ancestry,
                "subject": [self.subjects[j] for j in p],
                "copies": [COPIES[i] for i in c],
                "count": self.count.ravel(),
                "mean": self.mean.ravel(),
                "reason": self.cell_reason.ravel(),
            }
        )

    def __repr__(self) -> str:
        words, many = np.unique(self.verdict, return_counts=True)
        told = ", ".join(f"{n:,} {w}" for w, n in zip(words, many, strict=True))
        return (
            f"LocalComparison by copies of {self.ancestry}: {len(self.subjects):,} subjects beside "
            f"{', '.join(self.beside)}; {told}"
        )
