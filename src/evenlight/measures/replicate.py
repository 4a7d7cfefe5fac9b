"""What is found again: two comparisons of one model in other people, or at another time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from evenlight.arrays import Bool, Float, Int, Text
from evenlight.errors import InputError
from evenlight.measures.check import explained, shaped, worded
from evenlight.measures.comparison import Comparison, View, keys
from evenlight.measures.same import same_background, same_question
from evenlight.stats.multiplicity import holm
from evenlight.stats.replication import direction_p, predicted, welch_df

ANSWERS = ("replicated", "contradicted", "cannot_tell", "not_asked")
"""Of each cell; *not_asked* where the first comparison found neither *different* nor *similar*."""

NUMBERS = ("first", "again", "change", "change_low", "change_high", "expected_low", "expected_high")


@dataclass(frozen=True, slots=True, eq=False)
class Replication:
    """Two comparisons that ask the same of other people: v views, c contrasts, p subjects.

    `first` and `again` are the effects, in each one's SD(f). `answer` of a *different*: replicated
    where the second differs in the same direction (`p`, one-sided, Holm over the differences of a
    view: `p_holm` <= alpha), contradicted where the second is *similar* or differs the other way;
    of a *similar*: replicated where the second is, contradicted where it differs.
    `expected_low`, `expected_high` hold the second effect in 95 % of the cases where both estimate
    one difference; `inside` is 1 where they do. `change` is second minus first with pointwise 95 %
    limits. `same_sign` and `overlap` (of the simultaneous intervals) are 1 or 0.
    All (v, c, p); counts are 0 where there is no number.
    """

    grouping: str
    contrasts: tuple[tuple[str, str], ...]
    subjects: tuple[str, ...]
    views: tuple[View, ...]
    target: str
    margin: float
    alpha: float
    background: str
    n_first: Int
    n_again: Int
    first: Float
    again: Float
    same_sign: Int
    overlap: Int
    p: Float
    p_holm: Float
    expected_low: Float
    expected_high: Float
    inside: Int
    change: Float
    change_low: Float
    change_high: Float
    answer: Text
    reason: Text
    p_reason: Text

    def __post_init__(self) -> None:
        shape = (len(self.views), len(self.contrasts), len(self.subjects))
        shaped(self, (*shape[:2], 2), "n_first", "n_again")
        words = ("answer", "reason", "p_reason", "same_sign", "overlap", "inside")
        shaped(self, shape, *NUMBERS, "p", "p_holm", *words)
        worded(self, "answer", ANSWERS)
        explained(self, self.reason, *NUMBERS)
        explained(self, self.p_reason, "p", "p_holm")

    def to_frame(self) -> pd.DataFrame:
        """One row a view, contrast and subject."""
        columns = keys(self)
        names = (*NUMBERS, "same_sign", "overlap", "inside", "p", "p_holm", "answer", "reason")
        return pd.DataFrame(columns | {name: getattr(self, name).ravel() for name in names})

    def __repr__(self) -> str:
        told = ", ".join(f"{int((self.answer == word).sum())} {word}" for word in ANSWERS[:3])
        return f"Replication by {self.grouping}: {told}; see .to_frame()"


def replicate(
    first: Comparison, again: Comparison, *, other_background: bool = False
) -> Replication:
    """Which answers of a comparison hold in other people: another cohort, site or quarter.

    No person may be in both. Each comparison was made with `compare` alike: the same grouping,
    levels, subjects, views, target, margin, alpha and background (`other_background=True` declares
    another one); effects are in the SD(f) of each cohort.

    Raises InputError and AttributionError where they do not ask the same, or of the same people.
    """
    same_question(first, again, what="the second comparison")
    if first.cohort_digest and first.cohort_digest == again.cohort_digest:
        raise InputError("both comparisons are of one cohort; replication asks other people")
    background = same_background(first, again, other_background=other_background)
    reason = np.where(first.reason != "", first.reason, again.reason).astype(np.str_)
    asked = (reason == "") & (first.verdict == "different")
    p = np.where(asked, direction_p(first.effect, again.effect, again.se, again.df), np.nan)
    p_holm = np.stack([holm(part) for part in p])
    why = np.where(reason != "", reason, "the first comparison found no difference")
    return Replication(
        grouping=first.grouping,
        contrasts=first.contrasts,
        subjects=first.subjects,
        views=first.views,
        target=first.target,
        margin=first.margin,
        alpha=first.alpha,
        background=background,
        n_first=first.n,
        n_again=again.n,
        p=p,
        p_holm=p_holm,
        p_reason=np.where(asked, "", why).astype(np.str_),
        answer=_answers(first, again, p_holm, reason),
        reason=reason,
        **_numbers(first, again, reason == ""),
    )


def _answers(first: Comparison, again: Comparison, p: Float, reason: Text) -> Text:
    out = np.full(p.shape, "cannot_tell", dtype="<U13")
    alike = first.verdict == "similar"
    apart = first.verdict == "different"
    turned = np.sign(first.effect) != np.sign(again.effect)
    other = again.verdict == "different"
    out[alike & (again.verdict == "similar")] = "replicated"
    out[alike & other] = "contradicted"
    out[apart & ((again.verdict == "similar") | (other & turned))] = "contradicted"
    out[apart & (p <= first.alpha) & (again.verdict != "similar")] = "replicated"
    out[~(alike | apart) | (reason != "")] = "not_asked"
    return out


def _numbers(first: Comparison, again: Comparison, known: Bool) -> Mapping[str, Any]:
    df = welch_df(first.se, first.df, again.se, again.df)
    low, high = predicted(first.effect, first.se, again.se, df)
    change = again.effect - first.effect
    half = stats.t.isf(0.025, df) * np.hypot(first.se, again.se)
    numbers = {
        "first": first.effect,
        "again": again.effect,
        "change": change,
        "change_low": change - half,
        "change_high": change + half,
        "expected_low": low,
        "expected_high": high,
    }
    out: dict[str, Any] = {name: np.where(known, x, np.nan) for name, x in numbers.items()}
    marks = {
        "same_sign": np.sign(first.effect) == np.sign(again.effect),
        "overlap": (first.low <= again.high) & (again.low <= first.high),
        "inside": (low <= again.effect) & (again.effect <= high),
    }
    return out | {name: (mark & known).astype(np.int64) for name, mark in marks.items()}
