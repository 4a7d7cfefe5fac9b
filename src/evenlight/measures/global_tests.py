"""The record of the tests of whole explanations between groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Int, Text
from evenlight.measures.check import explained, shaped


@dataclass(frozen=True, slots=True, eq=False)
class GlobalTests:
    """Whether explanations as a whole differ: g conditions `given`, c contrasts.

    `subjects` are what the tests see (sets, variables or features), in SD(f) of the output, `unit`.
    Each array is (g, c) unless said. `energy` is the energy statistic, `energy_expected` its mean
    under no difference, `energy_share` (0 to 1) the part of the largest that it could be; `auc` is
    how well a cross-fitted classifier orders unseen units by group within strata, with 95 % limits
    (DeLong's, widened for the fit), `auc_expected` its mean under no difference. `energy_p` and
    `auc_p` are permutation p-values of whole units within strata, `energy_holm` and `auc_holm`
    (Holm) adjusted over the contrasts of a condition. `n` (g, c, 2) are the units that enter.
    """

    grouping: str
    source: str
    levels: tuple[str, ...]
    contrasts: tuple[tuple[str, str], ...]
    subjects: tuple[str, ...]
    given: tuple[str, ...]
    target: str
    scale: str
    unit: float
    alpha: float
    draws: int
    folds: int
    n: Int
    population: Text
    reason: Text
    energy: Float
    energy_expected: Float
    energy_share: Float
    energy_p: Float
    energy_holm: Float
    auc: Float
    auc_low: Float
    auc_high: Float
    auc_expected: Float
    auc_p: Float
    auc_holm: Float

    def __post_init__(self) -> None:
        shape = (len(self.given), len(self.contrasts))
        shaped(self, (*shape, 2), "n")
        shaped(self, shape, "population", "reason", *NUMBERS)
        explained(self, self.reason, *NUMBERS)

    def to_frame(self) -> pd.DataFrame:
        """One row a condition and contrast."""
        g, c = (a.ravel() for a in np.indices(self.reason.shape))
        columns: dict[str, object] = {
            "grouping": self.grouping,
            "given": [self.given[i] for i in g],
            "level": [self.contrasts[i][0] for i in c],
            "reference": [self.contrasts[i][1] for i in c],
            "n_level": self.n[g, c, 0],
            "n_reference": self.n[g, c, 1],
        }
        columns |= {name: getattr(self, name).ravel() for name in NUMBERS}
        return pd.DataFrame(columns | {"reason": self.reason.ravel()})

    def __repr__(self) -> str:
        found = int((self.energy_holm <= self.alpha).sum())
        return (
            f"GlobalTests by {self.grouping}: the joint distribution of {len(self.subjects)} "
            f"attributions differs in {found} of {int((self.reason == '').sum())} comparisons that "
            "can be made; see .to_frame()"
        )


NUMBERS = (
    *("energy", "energy_expected", "energy_share", "energy_p", "energy_holm"),
    *("auc", "auc_low", "auc_high", "auc_expected", "auc_p", "auc_holm"),
)
