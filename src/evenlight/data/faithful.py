"""How far attributions can be trusted, check by check, on a sample of rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Text
from evenlight.data import align
from evenlight.data.cohort import Cohort
from evenlight.errors import ModelError

CHECKS = (
    *("residual", "noise", "deletion", "insertion"),
    *("stability", "background", "agreement", "sanity"),
)
"""What is checked of an explanation, in the order in which it is told."""


@dataclass(frozen=True, slots=True, eq=False)
class Faithfulness:
    """How far attributions of one target can be trusted, row by row, on a sample of m rows.

    Each of `CHECKS` is (m,); all NaN, with a sentence in `reasons`, where it could not be had.
    `residual`: |completeness residual| over |output - base| (its median where that is larger);
    `noise`: Monte Carlo error over the size of a typical attribution; `deletion`, `insertion`: 1
    where the output falls and rises as the attributions claim when what raises it most is taken
    away or put in first, 0 where no faster than in random order; `stability`, `background`: change
    of the attribution, over the size of a typical one, for an input moved by small noise, and for
    another draw of the background; `agreement`: distance to a second method, 0 same and 1 opposite;
    `sanity`: mean cosine with the attributions of the same network with re-drawn weights.

    `players` says what was taken away and put in, `evaluations` how many rows went through the
    model, `explanations` how many rows were explained again.
    """

    rows: Text
    residual: Float
    noise: Float
    deletion: Float
    insertion: Float
    stability: Float
    background: Float
    agreement: Float
    sanity: Float
    reasons: Mapping[str, str]
    method: str
    target: str
    players: str
    evaluations: int
    explanations: int
    cohort_digest: str = ""

    def __post_init__(self) -> None:
        for name in CHECKS:
            values = getattr(self, name)
            if len(values) != len(self.rows):
                raise ModelError(f"{name} has {len(values)} rows, wanted {len(self.rows)}")
            missing = np.isnan(values)
            if missing.any() and not (missing.all() and self.reasons.get(name)):
                raise ModelError(
                    f"{name} is missing in {int(missing.sum())} of {len(missing)} rows; a check is "
                    "there for every row, or for none with a reason"
                )

    def __repr__(self) -> str:
        middle = {name: np.median(getattr(self, name)) for name in CHECKS}
        told = ", ".join(f"{name} {value:.2g}" for name, value in middle.items() if value == value)
        return f"Faithfulness of {self.method} in {len(self.rows)} rows, medians: {told}"

    def to_frame(self) -> pd.DataFrame:
        """One line a row of the sample, one column a check. Individual data: keep them so."""
        return pd.DataFrame({name: getattr(self, name) for name in CHECKS}, index=self.rows)

    def at(self, cohort: Cohort) -> Faithfulness:
        """The same, shown to be of this cohort, its rows in the cohort's order."""
        if self.cohort_digest and self.cohort_digest != cohort.digest:
            raise ModelError("this faithfulness was measured on another cohort")
        found = align.match(cohort.rows, self.rows, what="the cohort of this faithfulness")
        order = np.argsort(found, kind="stable")
        return replace(self, rows=self.rows[order], **{n: getattr(self, n)[order] for n in CHECKS})
