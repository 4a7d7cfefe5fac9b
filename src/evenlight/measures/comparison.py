"""The record of a comparison of attributions between groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Int, Text
from evenlight.data.cards import told
from evenlight.errors import UnknownName
from evenlight.measures import cards
from evenlight.measures.check import contrast_index, explained, shaped, worded
from evenlight.measures.partners import Partner
from evenlight.measures.words import EXTENTS, MECHANISMS, VERDICTS


@dataclass(frozen=True, slots=True)
class View:
    """What is compared: `name` (signed, magnitude, use), `given` (nothing, outcome), `scale`.

    `unit` is the pooled within-group SD of the output on that scale; effects are multiples of it.
    `alpha` is one minus the coverage of its simultaneous intervals.
    """

    name: str
    given: str
    scale: str
    unit: float
    alpha: float = 0.05

    @property
    def key(self) -> str:
        """A short name, unique within a comparison."""
        return f"{self.name}|{self.given}|{self.scale}"


class Viewed(Protocol):
    """What has views, contrasts and subjects."""

    @property
    def grouping(self) -> str:
        """What groups people."""

    @property
    def views(self) -> tuple[View, ...]:
        """What is compared."""

    @property
    def contrasts(self) -> tuple[tuple[str, str], ...]:
        """Level and reference."""

    @property
    def subjects(self) -> tuple[str, ...]:
        """Features, variables or sets."""


def keys(record: Viewed) -> dict[str, object]:
    """The columns that name each row of its table, in the order of raveled (v, c, p) arrays."""
    shape = (len(record.views), len(record.contrasts), len(record.subjects))
    v, c, p = (a.ravel() for a in np.indices(shape))
    return {
        "grouping": record.grouping,
        "view": [record.views[i].name for i in v],
        "given": [record.views[i].given for i in v],
        "scale": [record.views[i].scale for i in v],
        "level": [record.contrasts[i][0] for i in c],
        "reference": [record.contrasts[i][1] for i in c],
        "subject": [record.subjects[i] for i in p],
    }


NULLS = ("no difference", "no more than the margin")
"""What the p of a view is a p of."""


def nulls(views: Sequence[View], each: int) -> list[str]:
    """What p, p_maxt and q of `each` row of a view are p of: by *use* the margin, else 0.

    >>> nulls([View("signed", "nothing", "margin", 1.0), View("use", "nothing", "margin", 1.0)], 1)
    ['no difference', 'no more than the margin']
    """
    return [NULLS[view.name == "use"] for view in views for _ in range(each)]


NUMBERS = ("effect", "low", "high", "se", "df", "p", "p_maxt", "q")
"""What is estimated of each subject in each contrast and view."""


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Differences between groups over v views, c contrasts (level, reference) and p subjects.

    `effect`, `low`, `high` (simultaneous, 1 - the view's `alpha`), `se`, `df`, `p`, `p_maxt`, `q`
    are (v, c, p), effects in units of the view. The p of a view *use* is that of a difference no
    larger than the margin (`stats.equivalence.minimum_effect_p`), every other one that of no
    difference, so that *different, size uncertain* goes with a large p of *use*; `extent` (v, c, p)
    says of *similar* whether it is "detectable", of *different* whether it is "material" or its
    size "uncertain"; `n`, `kept` are
    (v, c, 2): units of level and reference that enter, and the share of each that has overlap;
    `more` (v, c, p) is about how many more units of `more_in` would settle a *cannot tell*;
    `population` (v, c) says for whom an estimate speaks, "" for everybody.
    `gap` (c,) is the signed sum of differences over subjects, `unexplained` (c,) what the stored
    output adds to it, both on the margin within strata, given nothing.
    `unconverged` (k,) counts rows left out, 1 to 10 told as 10.
    `mean` and `importance` (k, p) are the mean and mean absolute attribution of each level over all
    its units, with pointwise 95 % limits of the latter.
    `noise_share` and `background_share` (c, p) are the parts of the variance of a signed difference
    that are Monte Carlo error of the explainer, and of the draw of the background (known from
    `repeats` further draws); NaN where neither was recorded.
    `partners` names, where the use of a subject differs, the features whose values explain it.
    `background` and `cohort_digest` are digests of what the attributions were made against and of
    whom, "" where nobody said. `rounded` says that numbers are told to steps: all, since a part is
    hidden or another grouping would tell of few people (`measures.told_effects`), or those of the
    subjects of which one unit is most in a level (`measures.dominance`). Effects are
    rounded to the nearest step, limits outwards, p upwards; verdict and extent are of these before.
    """

    grouping: str
    source: str
    levels: tuple[str, ...]
    contrasts: tuple[tuple[str, str], ...]
    subjects: tuple[str, ...]
    subject_kind: str
    views: tuple[View, ...]
    target: str
    margin: float
    alpha: float
    draws: int
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
    mechanism: Text
    reason: Text
    more: Float
    more_in: Text
    gap: Float
    unexplained: Float
    gap_reason: Text
    level_reason: Text
    mean: Float
    importance: Float
    importance_low: Float
    importance_high: Float
    unconverged: Int
    repeats: int
    noise_share: Float
    background_share: Float
    partners: tuple[Partner, ...] = ()
    background: str = ""
    cohort_digest: str = ""
    rounded: bool = False

    def __post_init__(self) -> None:
        v, c, p, k = len(self.views), len(self.contrasts), len(self.subjects), len(self.levels)
        shaped(self, (v, c, 2), "n", "kept")
        shaped(self, (v, c), "population")
        words = ("verdict", "extent", "mechanism", "reason", "more_in")
        shaped(self, (v, c, p), *NUMBERS, *words, "more")
        shaped(self, (c,), "gap", "unexplained", "gap_reason")
        shaped(self, (k, p), "mean", "importance", "importance_low", "importance_high")
        shaped(self, (k,), "unconverged", "level_reason")
        shaped(self, (c, p), "noise_share", "background_share")
        worded(self, "verdict", VERDICTS)
        worded(self, "extent", EXTENTS)
        worded(self, "mechanism", MECHANISMS)
        explained(self, self.reason, *NUMBERS)
        explained(self, self.gap_reason, "gap", "unexplained")
        spread = np.repeat(self.level_reason[:, None], p, axis=1)
        explained(self, spread, "mean", "importance", "importance_low", "importance_high")

    def view(self, name: str, given: str = "nothing", scale: str = "margin") -> int:
        """The index of a view; UnknownName if it was not computed."""
        for i, view in enumerate(self.views):
            if (view.name, view.given, view.scale) == (name, given, scale):
                return i
        raise UnknownName(f"no view {name}, {given}, {scale}; known: {[v.key for v in self.views]}")

    def contrast(self, level: str, reference: str) -> int:
        """The index of a contrast; UnknownName if it was not computed."""
        return contrast_index(self.contrasts, level, reference)

    def to_frame(self) -> pd.DataFrame:
        """One row a view, contrast and subject; `null` is what p, p_maxt and q of a row test."""
        each = self.effect.shape[2]
        columns = keys(self)
        for side, name in enumerate(("n_level", "n_reference")):
            columns[name] = np.repeat(self.n[..., side].ravel(), each)
        for name in (*NUMBERS, "verdict", "extent", "mechanism"):
            columns[name] = getattr(self, name).ravel()
        columns["null"] = nulls(self.views, len(self.contrasts) * each)
        columns |= {"more": self.more.ravel(), "more_in": self.more_in.ravel()}
        return pd.DataFrame(columns | {"reason": self.reason.ravel()})

    def __repr__(self) -> str:
        facts = [*cards.comparison_facts(self), *cards.comparison_told(self)]
        return told("Comparison", facts)

    def _repr_html_(self) -> str:
        return cards.comparison_card(self)
