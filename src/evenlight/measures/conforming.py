"""How conformal sets are made: their levels, what they score, and on whom they are calibrated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from evenlight.data.cohort import Cohort
from evenlight.data.ensemble import Ensemble
from evenlight.data.probed import Predictions
from evenlight.errors import InputError
from evenlight.measures.prepare import ALPHA

Score = Literal["auto", "lac", "aps", "absolute", "normalised"]
CLASSES, NUMBERS = ("lac", "aps"), ("absolute", "normalised")
"""Scores of classes, and of continuous outcomes; *auto* is the first of either."""


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """People to calibrate on, new to the model and not audited: predictions, cohort, ensemble.

    One `Predictions`, or one for each class, as for the audited people. InputError for anything
    else.
    """

    predictions: Predictions | Sequence[Predictions]
    cohort: Cohort
    ensemble: Ensemble | Sequence[Ensemble] | None = None

    def __post_init__(self) -> None:
        _are("predictions", self.predictions, Predictions, "ev.predict(model, cohort)")
        if self.ensemble is not None:
            _are("ensemble", self.ensemble, Ensemble, "what ev.members gave")
        if not isinstance(self.cohort, Cohort):
            raise InputError(
                f"the cohort to calibrate on is a {type(self.cohort).__name__}; pass a Cohort of "
                "people who are not audited"
            )


def _are(name: str, given: object, kind: type, wanted: str) -> None:
    """InputError unless it is one record of this kind, or a list of one or more."""
    each = list(given) if isinstance(given, list | tuple) else [given]
    wrong = [type(one).__name__ for one in each if not isinstance(one, kind)]
    if wrong or not each:
        raise InputError(
            f"the {name} to calibrate on: {wrong[0] if wrong else 'an empty list'} is no "
            f"{kind.__name__}; pass {wanted}, or one for each class"
        )


@dataclass(frozen=True, slots=True)
class Conformal:
    """How conformal sets are made and judged.

    `levels` are the coverages that are promised. `score` of classes: *lac* (one minus the
    probability; the smallest sets) or *aps* (sets that adapt to the row); of continuous outcomes:
    *absolute* residual (the same width for everyone) or *normalised* (divided by the members'
    standard deviation, which needs an ensemble). `folds` of units serve where no people to
    calibrate on are given. `margin` is that of coverage, below the level and between groups;
    `share` that of other measures between groups, as a part of their overall value; `alpha` one
    minus the coverage of simultaneous intervals. The margin of a level is at most half of what the
    level leaves: 0.025 at 0.95. Without `calibration` people the audited ones serve, in `folds`.
    """

    levels: tuple[float, ...] = (0.8, 0.9, 0.95)
    score: Score = "auto"
    folds: int = 10
    margin: float = 0.05
    share: float = 0.10
    alpha: float = ALPHA
    calibration: Calibration | None = None

    def margin_at(self, level: float) -> float:
        """How far below a level, and apart, coverage may lie.

        >>> Conformal().margin_at(0.8), round(Conformal().margin_at(0.95), 3)
        (0.05, 0.025)
        """
        return min(self.margin, (1 - level) / 2)

    def __post_init__(self) -> None:
        rising = all(a < b for a, b in zip(self.levels, self.levels[1:], strict=False))
        if not self.levels or not rising or not all(0.5 <= v < 1 for v in self.levels):
            raise InputError(
                f"levels is {self.levels}; list one or more that ascend, from 0.5 to below 1"
            )
        if self.score not in get_args(Score):
            raise InputError(f"score is {self.score!r}; known: {', '.join(get_args(Score))}")
        if not isinstance(self.folds, int) or self.folds < 2:
            raise InputError(f"folds is {self.folds!r}; a whole number of at least 2")
        for name in ("margin", "share"):
            if not 0 < getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}; it lies between 0 and 1")
        if not isinstance(self.calibration, Calibration | None):
            raise InputError(
                f"calibration is a {type(self.calibration).__name__}; pass "
                "Calibration(predictions, cohort) of other people"
            )
        if not 0 < self.alpha < 0.5:
            raise InputError(f"alpha is {self.alpha}; it lies between 0 and 0.5, as 0.05")
