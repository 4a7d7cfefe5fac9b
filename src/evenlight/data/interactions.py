"""Interactions: what pairs of features add to each row's output."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Float, Single, Text
from evenlight.data.attributions import Background
from evenlight.data.features import Features
from evenlight.errors import AttributionError


@dataclass(frozen=True, slots=True, eq=False)
class Interactions:
    """One symmetric table of p features a row: output = sum over the table of `values` + `base`.

    `values` (n, p, p) float32: off the diagonal each half of what the pair adds together, on it
    what the feature adds by itself, in units of `scale` (margin, or probability). `rows` (n,) ids;
    `output` and `base` (n,).
    """

    rows: Text
    features: Features
    values: Single
    output: Float
    base: Float
    target: str
    scale: str
    background: Background | None = None
    cohort_digest: str = ""

    def __post_init__(self) -> None:
        wanted = (len(self.rows), len(self.features), len(self.features))
        if self.values.shape != wanted:
            raise AttributionError(f"values have shape {self.values.shape}, wanted {wanted}")
        for name in ("output", "base"):
            if len(getattr(self, name)) != wanted[0]:
                raise AttributionError(f"{name} has {len(getattr(self, name))} rows of {wanted[0]}")
        if not np.isfinite(self.values).all():
            raise AttributionError("there are interactions that are not finite")

    def attributions(self) -> Float:
        """The Shapley values (n, p): the sum of each row of the tables, in float64."""
        summed: Float = self.values.sum(axis=2, dtype=np.float64)
        return summed

    def pair(self, first: str, second: str) -> Float:
        """What two features add together, (n,), beyond what each adds by itself."""
        i, j = self.features.place[first], self.features.place[second]
        if i == j:
            raise AttributionError(f"a pair is two features; {first!r} was named twice")
        both: Float = 2.0 * self.values[:, i, j].astype(np.float64)
        return both
