"""The record of how far the output, and each subject's part of it, follows the group."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evenlight.arrays import Bool, Float, Int, Text
from evenlight.data.cards import told
from evenlight.data.digits import percent
from evenlight.errors import InputError
from evenlight.measures.cards import told_verdicts
from evenlight.measures.check import explained, shaped, worded
from evenlight.measures.decided import (
    lacking,
    lacking_size,
    resolved,
    unjudged,
    why_made_up,
    why_undecided,
)
from evenlight.measures.words import SUPPORTS, VERDICTS
from evenlight.stats.curve import Curve, dealt_band, reliance_curve

TOTALS = ("eta_squared", "unsupported_share", "unresolved_share")
"""eta_squared: share of output variance between groups. unsupported_share: the part of it from
subjects without demonstrated support within groups. unresolved_share: the part of that which is
merely unresolved."""

UNSUPPORTED = TOTALS.index("unsupported_share")


@dataclass(frozen=True, slots=True, eq=False)
class Cuts:
    """Totals by the number of bins of a continuous outcome or of a survival time's residual.

    `given` c conditions, `bins` (b,); `total`, `low`, `high` (c, b, 3) follow `TOTALS`, `reason`
    (c, b) says why a number of bins cannot be asked.
    """

    given: tuple[str, ...]
    bins: Int
    total: Float
    low: Float
    high: Float
    reason: Text

    def __post_init__(self) -> None:
        c, b = len(self.given), len(self.bins)
        shaped(self, (c, b), "reason")
        shaped(self, (c, b, len(TOTALS)), "total", "low", "high")
        spread = np.repeat(self.reason[..., None], len(TOTALS), axis=2)
        explained(self, spread, "total", "low", "high")

    @property
    def span(self) -> Float:
        """How far each total moves over the numbers of bins, (c, 3); NaN where none is known."""
        known = np.isfinite(self.total)
        top = np.where(known, self.total, -np.inf).max(axis=1, initial=-np.inf)
        low = np.where(known, self.total, np.inf).min(axis=1, initial=np.inf)
        return np.where(known.any(axis=1), np.maximum(top - low, 0.0), np.nan)


@dataclass(frozen=True, slots=True, eq=False)
class Partial:
    """The model's own partial score of the m subjects without demonstrated support, within groups.

    `slope`, `low`, `high` (1,): 1 where the outcome follows it as the model claims, 0 where it does
    not. The subjects were chosen for lack of support in the same people, which lowers the slope; it
    is told and not decided on.
    """

    subjects: int
    slope: Float
    low: Float
    high: Float
    reason: Text

    def __post_init__(self) -> None:
        shaped(self, (1,), "slope", "low", "high", "reason")
        explained(self, self.reason, "slope", "low", "high")


@dataclass(frozen=True, slots=True, eq=False)
class Reliance:
    """B over g conditions (`given`) and p subjects, and support of each subject within groups.

    `given` is among *nothing*, *outcome*, *outcome and strata*. `share`, `low`, `high`
    (simultaneous, 1 - `alpha` (g,)), `p`, `p_maxt`, `q`, `verdict`, `reason` are (g, p): the
    bias-corrected share of output variance that lies between groups through that subject, and p
    that the subject follows the group and the output with it, whatever other subjects do; `raw`
    (g, p) before correction, whose sum over subjects is `raw_total` (g,), eta squared. `total`
    (g, 3) and its limits follow `TOTALS`; `total_reason` (g,) says why a condition could not be
    asked, `population` (g,) for whom it speaks. The unsupported share is *cannot tell* where
    support is decided for less than half of the reliance, or where its parts are beyond the margin
    and cancel (see `measures.decided`); `undecided` says so.
    `association` (p,) tells how far the subject's own values tell the group, by `association_kind`;
    `mass` (p,) its share of mean absolute attribution; `slope` (p,) how the outcome follows the
    subject's attribution within groups, in units of what the model's own output claims (1 as
    claimed, 0 none), with 95 % limits. `adjusted` tells, in words, what support was adjusted for.

    `cuts` are the totals at 5, 10 and 20 bins where the outcome is cut into bins, else None;
    `partial` the support of all subjects without demonstrated support together, None without
    an outcome.
    """

    grouping: str
    source: str
    levels: tuple[str, ...]
    target: str
    subjects: tuple[str, ...]
    subject_kind: str
    given: tuple[str, ...]
    margin: float
    alpha: Float
    draws: int
    n: Int
    strata: Int
    bins: Int
    population: Text
    raw: Float
    raw_total: Float
    share: Float
    low: Float
    high: Float
    p: Float
    p_maxt: Float
    q: Float
    verdict: Text
    reason: Text
    total: Float
    total_low: Float
    total_high: Float
    total_verdict: Text
    total_reason: Text
    association: Float
    association_kind: Text
    mass: Float
    slope: Float
    slope_low: Float
    slope_high: Float
    slope_p: Float
    heterogeneity_p: Float
    support: Text
    support_reason: Text
    adjusted: str = ""
    cuts: Cuts | None = None
    partial: Partial | None = None

    def __repr__(self) -> str:
        facts = [f"{len(self.subjects)} subjects"]
        for given, verdict, reason in zip(self.given, self.verdict, self.reason, strict=True):
            facts.append(f"given {given}: {told_verdicts(verdict, reason)}")
        return told(f"Reliance by {self.grouping}", [*facts, "see .to_frame()"])

    def __post_init__(self) -> None:
        g, p = len(self.given), len(self.subjects)
        numbers = ("raw", "share", "low", "high", "p", "p_maxt", "q")
        slopes = ("slope", "slope_low", "slope_high", "slope_p", "heterogeneity_p")
        told = ("alpha", "n", "strata", "bins", "population", "raw_total", "total_reason")
        shaped(self, (g,), *told)
        shaped(self, (g, p), *numbers, "verdict", "reason")
        shaped(self, (g, len(TOTALS)), "total", "total_low", "total_high", "total_verdict")
        shaped(self, (p,), "association", "mass", *slopes, "support", "support_reason")
        worded(self, "verdict", VERDICTS)
        worded(self, "total_verdict", VERDICTS)
        worded(self, "support", SUPPORTS)
        explained(self, self.reason, *numbers)
        spread = np.repeat(self.total_reason[:, None], len(TOTALS), axis=1)
        explained(self, spread, "total", "total_low", "total_high")
        explained(self, self.support_reason, *slopes)
        self._decided()

    def _decided(self) -> None:
        own = self.total_verdict[:, UNSUPPORTED]
        size = lacking_size(self.share, self.support)
        for g in np.flatnonzero(unjudged(own, self.share, self.support, margin=self.margin)):
            raise InputError(
                f"the unsupported share given {self.given[g]} is {str(own[g])!r}, with support "
                f"decided for {percent(float(self.resolved[g]))} of the reliance, and the sizes of "
                f"what lacks it add up to {percent(float(size[g]), places=1)}; wanted 'cannot_tell'"
            )

    def condition(self, given: str) -> int:
        """The index of a condition; LookupError if it was not computed."""
        if given not in self.given:
            raise LookupError(f"no condition {given!r}; known: {self.given}")
        return self.given.index(given)

    @property
    def lacking(self) -> Bool:
        """Mask (p,) of subjects without demonstrated support."""
        return lacking(self.support)

    @property
    def resolved(self) -> Float:
        """The share of sum_j |B_j| from subjects whose support is resolved, (g,); NaN of nothing.

        Small where there are too few people to say of most of the reliance whether it is supported.
        """
        return resolved(self.share, self.support)

    @property
    def undecided(self) -> Text:
        """Why the unsupported share is not judged, (g,); "" where enough support is decided.

        Or why one that is small is not called similar: its parts cancel.
        """
        verdict = self.total_verdict[:, UNSUPPORTED]
        few = why_undecided(verdict, self.resolved, self.support, self.support_reason)
        limits = self.total_low[:, UNSUPPORTED], self.total_high[:, UNSUPPORTED]
        size = lacking_size(self.share, self.support)
        return np.where(few == "", why_made_up(verdict, limits, size, margin=self.margin), few)

    @property
    def strictest(self) -> int | None:
        """The index of the strictest condition that holds the outcome and could be measured."""
        known = [g for g, given in enumerate(self.given) if given != "nothing"]
        return next((g for g in reversed(known) if not self.total_reason[g]), None)

    @property
    def curve(self) -> Curve:
        """The reliance curve of mass over association: a picture, never decided on."""
        return reliance_curve(self.mass, self.association)

    def curve_band(self, rng: np.random.Generator | int = 0) -> tuple[Float, Float]:
        """Where the curve lies at its steps if shares are dealt to subjects at random, 95 %."""
        return dealt_band(self.mass, self.association, rng=np.random.default_rng(rng))

    def to_frame(self) -> pd.DataFrame:
        """One row a condition and subject."""
        g, p = self.share.shape
        at, subject = (a.ravel() for a in np.indices((g, p)))
        columns: dict[str, object] = {
            "grouping": self.grouping,
            "given": [self.given[i] for i in at],
            "subject": [self.subjects[i] for i in subject],
        }
        for name in ("share", "low", "high", "p", "p_maxt", "q", "verdict", "reason"):
            columns[name] = getattr(self, name).ravel()
        for name in ("association", "association_kind", "mass", "slope", "slope_low", "slope_high"):
            columns[name] = getattr(self, name)[subject]
        return pd.DataFrame(columns | {"support": self.support[subject]})
