"""The record of fragility: what changes of the data do to a model, group by group."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Int, Text
from evenlight.data.steps import in_words
from evenlight.errors import InputError
from evenlight.measures.check import explained, place_of, shaped, worded
from evenlight.measures.comparison import NUMBERS, View, keys
from evenlight.measures.words import EXTENTS, VERDICTS

RISES = ("rises", "falls", "not shown", "")
"""Whether the size of a change is shown to grow with the strength; empty where not asked."""


@dataclass(frozen=True, slots=True, eq=False)
class Doses:
    """How the mean size of change of r parts grows over the strengths of d perturbations.

    `scale` (d,) "linear" or "log2": `slope`, `low`, `high` (r, d) are in SD(f) per `per` (d,), one
    unit of strength or one doubling, simultaneous over parts and perturbations; `word` (r, d) says
    whether it *rises*, *falls*, or neither is *shown*; NaN with `reason`.
    """

    perturbations: tuple[str, ...]
    scale: tuple[str, ...]
    per: tuple[str, ...]
    slope: Float
    low: Float
    high: Float
    word: Text
    reason: Text

    def __post_init__(self) -> None:
        d = len(self.perturbations)
        if not len(self.scale) == len(self.per) == d:
            raise InputError(f"Doses has {d} perturbations, but other scales or units")
        shaped(self, (len(self.slope), d), "slope", "low", "high", "word", "reason")
        worded(self, "word", RISES)
        explained(self, self.reason, "slope", "low", "high")


@dataclass(frozen=True, slots=True, eq=False)
class Apart:
    """Differences of fragility between groups: v views, c contrasts, s steps, as in `Comparison`.

    Views: *change* (with its sign) and *size*, both in SD(f), *flips* (share of decisions) and
    *moved* (share of attribution mass). `margin` (v,) is that of each view. `effect` to `more_in`
    are (v, c, s), intervals simultaneous over the contrasts and steps of a view; `n`, `kept`
    (v, c, 2), `population` (v, c).
    """

    views: tuple[View, ...]
    margin: Float
    n: Int
    kept: Float
    population: Text
    effect: Float
    low: Float
    high: Float
    se: Float
    df: Float
    p: Float
    p_maxt: Float
    q: Float
    verdict: Text
    extent: Text
    reason: Text
    more: Float
    more_in: Text

    def __post_init__(self) -> None:
        v, c, s = len(self.views), *self.effect.shape[1:]
        shaped(self, (v,), "margin")
        shaped(self, (v, c, 2), "n", "kept")
        shaped(self, (v, c), "population")
        shaped(self, (v, c, s), *NUMBERS, "verdict", "extent", "reason", "more", "more_in")
        worded(self, "verdict", VERDICTS)
        worded(self, "extent", EXTENTS)
        explained(self, self.reason, *NUMBERS)


@dataclass(frozen=True, slots=True, eq=False)
class Fragility:
    """What s steps of perturbation do to the outputs for r `parts` (overall and each level).

    `measures` (m,): *change* and *size* of change in SD(f) (`sd`, on `scale`), *flips* (share of
    decisions that turn at `threshold`), where there is an outcome the change of its metrics (after
    minus before), where attributions were made their *agreement*, *overlap* and *moved* mass.
    `before` (r, m) is the metric on the data as recorded (of what is no metric, its value where
    nothing changes: 0, or 1 for agreement and overlap). `value`, `low`, `high` (r, s, m) with
    pointwise limits of `coverage`; NaN with `reason` (`before` with `before_reason`). `n` (r,)
    units, NaN with `part_reason`. `doses` are (r, d); `apart` are the differences between groups.
    With `repeats` further perturbations numbers are means over these and the first one, and limits
    and p hold for other draws of what all rows share.
    """

    grouping: str
    source: str
    levels: tuple[str, ...]
    parts: tuple[str, ...]
    contrasts: tuple[tuple[str, str], ...]
    suite: str
    perturbation: tuple[str, ...]
    strength: Float
    unit: tuple[str, ...]
    measures: tuple[str, ...]
    target: str
    link: str
    scale: str
    response_unit: str
    threshold: float | None
    method: str
    sd: float
    alpha: float
    coverage: float
    draws: int
    repeats: int
    n: Float
    part_reason: Text
    before: Float
    before_reason: Text
    value: Float
    low: Float
    high: Float
    reason: Text
    doses: Doses
    apart: Apart
    notes: tuple[str, ...] = ()
    cohort_digest: str = ""

    def __post_init__(self) -> None:
        r, s, m, c = len(self.parts), len(self.perturbation), len(self.measures), self.contrasts
        shaped(self, (s,), "strength")
        shaped(self, (r,), "n", "part_reason")
        shaped(self, (r, m), "before", "before_reason")
        shaped(self, (r, s, m), "value", "low", "high", "reason")
        if len(self.unit) != s or self.apart.effect.shape[1:] != (len(c), s):
            raise InputError(f"Fragility has {s} steps, but other units or differences")
        if len(self.doses.slope) != r:
            raise InputError(f"Fragility has {r} parts and doses of {len(self.doses.slope)}")
        explained(self, self.part_reason, "n")
        explained(self, self.before_reason, "before")
        explained(self, self.reason, "value", "low", "high")

    @property
    def steps(self) -> tuple[str, ...]:
        """Each step in words, (s,)."""
        return in_words(self.perturbation, self.strength, self.unit)

    def measure(self, name: str) -> int:
        """The index of a measure; UnknownName if it was not taken."""
        return place_of(name, self.measures, "measure")

    def part(self, name: str) -> int:
        """The index of a part; UnknownName if there is none of that name."""
        return place_of(name, self.parts, "part")

    def view(self, name: str, given: str = "nothing") -> int:
        """The index of a view of the differences; UnknownName if it was not tested."""
        return place_of((name, given), [(v.name, v.given) for v in self.apart.views], "view")

    def to_frame(self) -> pd.DataFrame:
        """One row a part, step and measure."""
        r, s, m = (a.ravel() for a in np.indices(self.value.shape))
        return pd.DataFrame(
            {
                "grouping": self.grouping,
                "part": [self.parts[i] for i in r],
                "n": self.n[r],
                "perturbation": [self.perturbation[i] for i in s],
                "strength": self.strength[s],
                "unit": [self.unit[i] for i in s],
                "measure": [self.measures[i] for i in m],
                "before": self.before[r, m],
                **{name: getattr(self, name).ravel() for name in ("value", "low", "high")},
                "reason": self.reason.ravel(),
            }
        )

    def differences_frame(self) -> pd.DataFrame:
        """One row a view, contrast and step."""
        own = self.apart
        columns = keys(_Keyed(self.grouping, own.views, self.contrasts, self.steps))
        columns["step"] = columns.pop("subject")
        for name in (*NUMBERS, "verdict", "extent"):
            columns[name] = getattr(own, name).ravel()
        columns["margin"] = np.repeat(own.margin, own.effect[0].size)
        for side, name in enumerate(("n_level", "n_reference")):
            columns[name] = np.repeat(own.n[..., side].ravel(), len(self.steps))
        columns |= {"more": own.more.ravel(), "more_in": own.more_in.ravel()}
        return pd.DataFrame(columns | {"reason": own.reason.ravel()})

    def doses_frame(self) -> pd.DataFrame:
        """One row a part and perturbation."""
        r, d = (a.ravel() for a in np.indices(self.doses.slope.shape))
        numbers = ("slope", "low", "high", "word", "reason")
        return pd.DataFrame(
            {
                "grouping": self.grouping,
                "part": [self.parts[i] for i in r],
                "perturbation": [self.doses.perturbations[i] for i in d],
                "scale": [self.doses.scale[i] for i in d],
                "per": [self.doses.per[i] for i in d],
                **{name: getattr(self.doses, name).ravel() for name in numbers},
            }
        )

    def __repr__(self) -> str:
        at = self.view("size")
        found = np.unique(np.nonzero(self.apart.verdict[at] == "different")[1])
        told = "; ".join(self.steps[i] for i in found[:3]) + ("; ..." if len(found) > 3 else "")
        many = f"{len(self.steps)} steps of {self.suite} by {self.grouping}"
        return f"Fragility, {many}: groups differ in {len(found)}" + (f" ({told})" if told else "")


@dataclass(frozen=True, slots=True)
class _Keyed:
    """What names the rows of the table of differences."""

    grouping: str
    views: tuple[View, ...]
    contrasts: tuple[tuple[str, str], ...]
    subjects: tuple[str, ...]
