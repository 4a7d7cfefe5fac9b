"""What `members` returns: the outputs of every member of an ensemble, row by row."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from evenlight.arrays import Float, Text
from evenlight.data import align
from evenlight.data.cohort import Cohort
from evenlight.data.probed import Predictions
from evenlight.errors import ModelError

How = Literal["models", "dropout"]
"""Members are models trained apart, or one network under different dropout masks."""


@dataclass(frozen=True, slots=True, eq=False)
class Ensemble:
    """Margins and responses (m, n) of m members for one target, `unit` that of the response.

    `variances` (m, n) is the variance of the outcome that each member expects, in the unit squared,
    or None where members do not say. `notes` say what no member could vary.
    """

    rows: Text
    margins: Float
    responses: Float
    target: str
    link: str
    scale: str = "margin"
    unit: str = ""
    how: How = "models"
    variances: Float | None = None
    cohort_digest: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.how not in get_args(How):
            raise ModelError(f"how is {self.how!r}; known: {', '.join(get_args(How))}")
        shape = (len(self.margins), len(self.rows))
        given = {"margins": self.margins, "responses": self.responses}
        given |= {} if self.variances is None else {"variances": self.variances}
        for name, values in given.items():
            if values.shape != shape:
                raise ModelError(f"{name} has shape {values.shape}, wanted {shape}")
            bad = int((~np.isfinite(values)).sum())
            if bad:
                raise ModelError(f"{name} holds {bad} values that are not finite")
        if self.variances is not None and (self.variances < 0).any():
            raise ModelError(f"variances holds {int((self.variances < 0).sum())} below 0")
        if len(self.margins) < 2:
            raise ModelError(f"{len(self.margins)} member; two or more can disagree")

    @property
    def m(self) -> int:
        """Number of members."""
        return len(self.margins)

    def at(self, cohort: Cohort) -> Ensemble:
        """The same rows in the cohort's order, matched by id."""
        if self.cohort_digest and self.cohort_digest != cohort.digest:
            raise ModelError("these members were asked about another cohort; ask them anew")
        if np.array_equal(self.rows, cohort.rows):
            return self
        index = align.match(self.rows, cohort.rows, what="the ensemble's rows")
        own = None if self.variances is None else self.variances[:, index]
        return replace(
            self, rows=cohort.rows, margins=self.margins[:, index],
            responses=self.responses[:, index], variances=own,
        )  # fmt: skip

    def suits(self, predictions: Predictions) -> None:
        """Raise ModelError unless the members foretell what `predictions` do."""
        mine, theirs = (self.target, self.link), (predictions.target, predictions.link)
        if mine != theirs:
            raise ModelError(
                f"the members foretell {mine[0]} (link {mine[1]}), the predictions {theirs[0]} "
                f"(link {theirs[1]}); ask both for the same target"
            )

    def __repr__(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        apart = float(self.responses.std(axis=0).mean())
        return (
            f"Ensemble of {self.m} members ({self.how}) for {self.target}: {len(self.rows)} rows, "
            f"responses {apart:.3g}{unit} apart (mean SD between members)"
        )
