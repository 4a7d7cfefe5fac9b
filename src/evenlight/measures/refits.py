"""Does a difference belong to this model, or to how it is trained: several refits, one cohort."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from scipy import stats

from evenlight.arrays import Float, Int, Text
from evenlight.errors import InputError
from evenlight.measures.check import explained, shaped, worded
from evenlight.measures.comparison import Comparison, View, keys, nulls
from evenlight.measures.same import same_question
from evenlight.measures.words import VERDICTS
from evenlight.stats.equivalence import minimum_effect_p, verdicts
from evenlight.stats.permutation import from_normal, normalised
from evenlight.stats.refits import Pooled, agreeing, pooled

FEWEST = 5
"""Fewer refits say little about the variance between them."""

HOLDS = 0.8
"""The share of refits in which a verdict has to hold (statistics.md, section 1)."""

About = Literal["this model", "this training procedure"]

NUMBERS = ("effect", "low", "high", "se", "df", "p", "rho", "different", "similar")


@dataclass(frozen=True, slots=True, eq=False)
class Refits:
    """K refits of one model compared on one cohort: v views, c contrasts, p subjects.

    `about` is the declared target. *This training procedure*: `effect` is the mean over refits,
    `se`, `df` and the simultaneous `low`, `high` add the variance between refits by Rubin's rule.
    *This model*: they are those of the first comparison. `rho` is the share of the variance that
    training makes, B / (W + B); `different` and `similar` the shares of refits with that verdict
    (different in one direction). `verdict` says *different* or *similar* only where it holds in
    80 % of the refits too, and else *cannot_tell*. All (v, c, p), in the unit of each view.
    """

    grouping: str
    contrasts: tuple[tuple[str, str], ...]
    subjects: tuple[str, ...]
    views: tuple[View, ...]
    target: str
    about: str
    margin: float
    alpha: float
    refits: int
    n: Int
    effect: Float
    low: Float
    high: Float
    se: Float
    df: Float
    p: Float
    rho: Float
    different: Float
    similar: Float
    verdict: Text
    reason: Text

    def __post_init__(self) -> None:
        shape = (len(self.views), len(self.contrasts), len(self.subjects))
        shaped(self, (*shape[:2], 2), "n")
        shaped(self, shape, *NUMBERS, "verdict", "reason")
        worded(self, "verdict", VERDICTS)
        explained(self, self.reason, *NUMBERS)
        if self.about not in get_args(About):
            raise InputError(f"about is {self.about!r}; wanted one of {list(get_args(About))}")

    def to_frame(self) -> pd.DataFrame:
        """One row a view, contrast and subject; `null` is what its p tests."""
        columns = keys(self)
        columns |= {name: getattr(self, name).ravel() for name in (*NUMBERS, "verdict", "reason")}
        columns["null"] = nulls(self.views, len(self.contrasts) * len(self.subjects))
        return pd.DataFrame(columns)

    def __repr__(self) -> str:
        found = int((self.verdict == "different").sum())
        return (
            f"Refits by {self.grouping}: {self.refits} refits, {found} of {self.verdict.size} "
            f"differences hold for {self.about}; see .to_frame()"
        )


def refits(
    comparisons: Sequence[Comparison], *, about: About = "this training procedure"
) -> Refits:
    """Combine comparisons of K >= 5 refits of a model (seeds, folds, bootstraps) on one cohort.

    The first comparison is that of the audited model. Effects are in SD(f) of their own refit.
    Each has been made with `compare` on the same rows and design; the simultaneous critical value
    is the largest of theirs.

    Raises InputError for fewer than 5 comparisons, or one that asks another question.
    """
    made = list(comparisons)
    if len(made) < FEWEST:
        raise InputError(f"{len(made)} refits; at least {FEWEST} are needed for a variance")
    for i, one in enumerate(made[1:], start=2):
        same_question(made[0], one, what=f"refit {i}")
        if one.cohort_digest != made[0].cohort_digest or not np.array_equal(one.n, made[0].n):
            raise InputError(f"refit {i} was compared on other people; use one cohort")
    reason = _reasons(made)
    numbers, verdict = _procedure(made) if about == "this training procedure" else _model(made)
    held = np.isin(verdict, ("different", "similar")) & ~_holds(made, verdict)
    verdict = np.where(held, "cannot_tell", verdict)
    silent = reason != ""
    first = made[0]
    return Refits(
        grouping=first.grouping,
        contrasts=first.contrasts,
        subjects=first.subjects,
        views=first.views,
        target=first.target,
        about=about,
        margin=first.margin,
        alpha=first.alpha,
        refits=len(made),
        n=first.n,
        verdict=np.where(silent, "not_estimable", verdict),
        reason=reason,
        **{name: np.where(silent, np.nan, values) for name, values in numbers.items()},
    )


def _stack(made: list[Comparison], name: str) -> Float:
    values: Float = np.stack([getattr(one, name) for one in made])
    return values


def _reasons(made: list[Comparison]) -> Text:
    """Why a cell has no number: the first reason given by any refit."""
    out = made[0].reason.astype(object)
    for i, one in enumerate(made[1:], start=2):
        new = (out == "") & (one.reason != "")
        out[new] = [f"refit {i}: {told}" for told in one.reason[new]]
    return out.astype(np.str_)


def _shares(made: list[Comparison]) -> tuple[Float, Float]:
    """The shares of refits that say *different* in one direction, and *similar*."""
    word = np.stack([one.verdict for one in made])
    sign = np.sign(np.nan_to_num(_stack(made, "effect"))).astype(np.int64)
    return agreeing(np.where(word == "different", sign, 0)), (word == "similar").mean(axis=0)


def _holds(made: list[Comparison], verdict: Text) -> np.ndarray:
    different, similar = _shares(made)
    share = np.where(verdict == "different", different, similar)
    return share >= HOLDS - 1e-9


def _model(made: list[Comparison]) -> tuple[dict[str, Float], Text]:
    """The first comparison's own numbers, beside what training adds."""
    out = {name: getattr(made[0], name) for name in ("effect", "low", "high", "se", "df", "p")}
    different, similar = _shares(made)
    rho = _pooled(made).rho
    return out | {"rho": rho, "different": different, "similar": similar}, made[0].verdict


def _pooled(made: list[Comparison]) -> Pooled:
    return pooled(*(_stack(made, name) for name in ("effect", "se", "df")))


def _procedure(made: list[Comparison]) -> tuple[dict[str, Float], Text]:
    both = _pooled(made)
    critical, slack = _critical(made)
    half = from_normal_each(critical, both.df) * both.se + slack
    different, similar = _shares(made)
    low, high = both.effect - half, both.effect + half
    smallest = made[0].n.min(axis=2)[..., None]
    numbers = {
        "effect": both.effect,
        "low": low,
        "high": high,
        "se": both.se,
        "df": both.df,
        "p": _p(made[0], both),
        "rho": both.rho,
        "different": different,
        "similar": similar,
    }
    return numbers, verdicts(low, high, made[0].margin, smallest)


def from_normal_each(z: Float, df: Float) -> Float:
    """Student's t of each cell (v, c, p) for the critical value of its view z (v,)."""
    return np.stack([from_normal(float(own), part) for own, part in zip(z, df, strict=True)])


def _critical(made: list[Comparison]) -> tuple[Float, Float]:
    """The largest critical value of each view (v,) on the normal scale, and the most slack added.

    A record's half-width is t(z, df) SE, and more where what few people show has an allowance of
    its own: z is the least that any cell of the view implies, the allowance what is left.
    """
    z, slack = [], []
    for one in made:
        half = (one.high - one.low) / 2
        t = np.divide(half, one.se, out=np.full_like(half, np.nan), where=one.se > 0)
        seen = normalised(t, one.df).reshape(len(one.views), -1)
        least = np.where(np.isnan(seen), np.inf, seen).min(axis=1)
        own = np.where(np.isfinite(least), least, stats.norm.isf(one.alpha / 2))
        z.append(own)
        slack.append(np.maximum(half - from_normal_each(own, one.df) * one.se, 0.0))
    return np.max(z, axis=0), np.max(slack, axis=0)


def _p(first: Comparison, both: Pooled) -> Float:
    """Two-sided p (v, c, p): of no difference; for *use*, of none beyond the margin."""
    still = both.se <= 0
    t = both.effect / np.where(still, 1.0, both.se)
    sure = np.where(both.effect == 0, 1.0, 1e-16)
    p: Float = np.where(still, sure, np.maximum(2 * stats.t.sf(np.abs(t), both.df), 1e-16))
    for v, view in enumerate(first.views):
        if view.name == "use":
            p[v] = minimum_effect_p(both.effect[v], both.se[v], both.df[v], first.margin)
    return p
