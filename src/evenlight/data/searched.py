"""What `worst` returns: the combination of small perturbations that hurts most, and what it does.

q perturbations, e evaluations.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Text
from evenlight.data.steps import in_words
from evenlight.errors import InputError

OBJECTIVES = ("gap", "size")
VERDICTS = ("not_estimable", "similar", "different", "cannot_tell")


@dataclass(frozen=True, slots=True)
class Search:
    """How `worst` searches.

    `objective` *gap*: the difference of the mean size of change between two groups; *size*: the
    mean size of change in one group. `level` names the group (of a gap, the one that is hurt),
    "" for whichever is worst. `drawn` combinations are drawn at random within the bounds, then
    `refined` are tried around the best. At most `units` of each group are searched; `draws` of what
    is random confirm the answer. `margin` in SD(f), `alpha` one minus the coverage.

    >>> Search(objective="size", level="b").drawn
    60
    """

    objective: str = "gap"
    level: str = ""
    drawn: int = 60
    refined: int = 60
    units: int = 250
    draws: int = 5
    margin: float = 0.1
    alpha: float = 0.05

    def __post_init__(self) -> None:
        if self.objective not in OBJECTIVES:
            raise InputError(f"objective {self.objective!r}; known: {', '.join(OBJECTIVES)}")
        least = {"drawn": 1, "refined": 0, "units": 11, "draws": 2}
        for name, few in least.items():
            value = getattr(self, name)
            if not isinstance(value, int) or value < few:
                raise InputError(f"{name} is {value!r}; it is a whole number of {few} or more")
        if not self.margin > 0 or not 0.001 <= self.alpha < 0.5:
            raise InputError(
                f"margin is {self.margin} and alpha {self.alpha}; wanted a positive number of "
                "SD(f), and a rate of 0.001 to 0.5"
            )


@dataclass(frozen=True, slots=True, eq=False)
class Worst:
    """The worst combination that a search found, and its effect on people who were not searched.

    `perturbations` (q,) in the order in which they are applied, `unit` (q,), bounds `lower`,
    `upper` (q,), and the `strength` (q,) that was found; where it is 0 the perturbation is not
    applied. Effects are in SD(f) (`sd`): the mean size of change in `level`, less that in
    `reference` (of a gap). `trace` (e,) holds the best effect so far, of `drawn` combinations drawn
    at random and then of those around the best; its last one, `searched`, is on the half that was
    searched, and too large for having been chosen. `effect`, `low`, `high`, `se`, `df`, `p` are of
    the other half, with other random numbers; the error of these is in the interval. `at_bounds`
    is the effect on the other half of every perturbation at its upper bound. `n_searched`, `n_held`
    (2,) units of level and reference. A `verdict` is of the strengths that were searched: *similar*
    does not say that no others within the bounds do more. NaN with `reason`.
    """

    grouping: str
    source: str
    suite: str
    target: str
    objective: str
    level: str
    reference: str
    perturbations: tuple[str, ...]
    unit: tuple[str, ...]
    lower: Float
    upper: Float
    strength: Float
    trace: Float
    drawn: int
    draws: int
    n_searched: Float
    n_held: Float
    sd: float
    margin: float
    alpha: float
    effect: float
    low: float
    high: float
    se: float
    df: float
    p: float
    at_bounds: float
    verdict: str
    extent: str
    reason: str
    left: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    cohort_digest: str = ""

    def __post_init__(self) -> None:
        q = len(self.perturbations)
        for name in ("lower", "upper", "strength"):
            if getattr(self, name).shape != (q,):
                raise InputError(f"Worst has {q} perturbations, but other numbers of {name}")
        if len(self.unit) != q or self.n_searched.shape != (2,) or self.n_held.shape != (2,):
            raise InputError(f"Worst has {q} perturbations, but other units or counts")
        if self.verdict not in VERDICTS or self.objective not in OBJECTIVES:
            raise InputError(
                f"Worst holds the words {self.verdict!r} and {self.objective!r}, wanted one of "
                f"{VERDICTS} and of {OBJECTIVES}"
            )
        numbers = (self.effect, self.low, self.high, self.se, self.df, self.p, self.at_bounds)
        if not np.isfinite(numbers).all() and not self.reason:
            raise InputError("Worst misses a number without a reason")

    @property
    def said(self) -> str:
        """The verdict in words."""
        if self.verdict == "similar":
            return "similar of the strengths searched"
        return self.verdict.replace("_", " ")

    @property
    def searched(self) -> float:
        """The effect on the half that was searched; NaN where nothing was."""
        return float(self.trace[-1]) if len(self.trace) else float("nan")

    @property
    def optimism(self) -> float:
        """By how much the searched half promised more than the other half shows, in SD(f)."""
        return self.searched - self.effect

    @property
    def steps(self) -> Text:
        """What was found in words, (q,)."""
        return np.array(in_words(self.perturbations, self.strength, self.unit, digits=".3g"))

    def to_frame(self) -> pd.DataFrame:
        """One row a perturbation, with the answer beside each."""
        made = pd.DataFrame(
            {
                "perturbation": self.perturbations,
                "unit": self.unit,
                "lower": self.lower,
                "upper": self.upper,
                "strength": self.strength,
            }
        )
        one = ("grouping", "objective", "level", "reference", "searched", "effect", "low", "high")
        rest = ("p", "at_bounds", "verdict", "extent", "reason")
        return made.assign(**{name: getattr(self, name) for name in (*one, *rest)})

    def __repr__(self) -> str:
        if self.reason:
            return f"Worst of {self.suite} by {self.grouping}: {self.reason}"
        told = "; ".join(str(s) for s, x in zip(self.steps, self.strength, strict=True) if x > 0)
        whom = f"{self.level} less {self.reference}" if self.reference else self.level
        return (
            f"Worst of {self.suite} ({told or 'nothing'}): {self.effect:+.3g} SD(f) "
            f"[{self.low:.3g}, {self.high:.3g}] in {whom}, {self.said}; "
            f"{self.searched:+.3g} where it was searched"
        )
