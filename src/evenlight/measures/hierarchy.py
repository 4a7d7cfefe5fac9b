"""Sets first, features inside the sets that differ: one tree over contrasts, sets and features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

import numpy as np
from scipy import stats

from evenlight.arrays import Bool, Float, Int, Text
from evenlight.data.features import FeatureSets
from evenlight.errors import InputError
from evenlight.measures.comparison import Comparison
from evenlight.measures.global_tests import GlobalTests
from evenlight.measures.nested import Hierarchy
from evenlight.stats.competitive import competitive_p, mean_correlation
from evenlight.stats.hierarchy import Level, simes, tree
from evenlight.stats.permutation import normalised

Gate = Literal["sum", "members", "both"]


def hierarchy(
    of_sets: Comparison,
    of_features: Comparison,
    sets: FeatureSets,
    *,
    view: tuple[str, str, str] = ("signed", "nothing", "margin"),
    whole: GlobalTests | None = None,
    gate: Gate = "both",
) -> Hierarchy:
    """Test sets, and features only inside sets that were rejected, at the alpha of the comparisons.

    Parameters
    ----------
    of_sets, of_features
        `compare(summed(attributions, sets), ...)` and `compare(attributions, ...)`, made alike.
    sets
        whose names are the subjects of the first, and whose features are those of the second.
    view
        name, condition and scale of the p-values.
    whole
        tests of whole explanations under the same condition: then contrasts come first (energy p),
        and sets only inside contrasts that differ.
    gate
        what a set is tested by: its *sum*, which follows the output, and in which effects cancel
        that oppose each other or drown those of a few; its *members* (Simes), which sees these; or
        *both* (twice the smaller p).

    The tests are self-contained: whether a set differs at all between groups. Whether it does so
    more than what is outside of it is told beside (`competitive_p`), and opens nothing. The
    standard error of a sum comes from the sums of people, so that its size and the correlation of
    its members are in it. On each level the average share of false discoveries over the families
    that were opened is kept at alpha (`evenlight.stats.hierarchy`).

    Raises InputError where the three do not fit.
    """
    if gate not in get_args(Gate):
        raise InputError(f"gate is {gate!r}; wanted one of {list(get_args(Gate))}")
    _fits(of_sets, of_features, sets)
    above, below = of_sets.view(*view), of_features.view(*view)
    member, subject = _members(sets, of_features.subjects)
    c, s = len(of_sets.contrasts), len(of_sets.subjects)
    inside = of_features.p[below][:, subject]
    p_set = _gate(of_sets.p[above], inside, member, gate)
    p_whole = np.full(c, np.nan) if whole is None else _whole(whole, of_sets, view[1])
    levels = _tested(p_whole if whole is not None else None, p_set, inside, member, of_sets.alpha)
    top = np.full(c, np.nan) if whole is None else levels[0].q
    q_set, opened = levels[-2].q.reshape(c, s), levels[-2].found.reshape(c, s)[:, member]
    return Hierarchy(
        grouping=of_sets.grouping,
        contrasts=of_sets.contrasts,
        sets=of_sets.subjects,
        subjects=of_features.subjects,
        view=of_sets.views[above],
        target=of_sets.target,
        gate=gate,
        alpha=of_sets.alpha,
        levels=len(levels),
        size=np.bincount(member, minlength=s).astype(np.int64),
        contrast_p=p_whole,
        contrast_q=top,
        set_effect=of_sets.effect[above],
        set_low=of_sets.low[above],
        set_high=of_sets.high[above],
        set_p=p_set,
        set_q=q_set,
        set_reason=_set_reasons(of_sets.reason[above], p_set, q_set),
        **_competitive(of_sets, of_features, (above, below), (member, subject)),
        **_rows(of_features, below, opened, (member, subject), levels[-1]),
    )


def _fits(of_sets: Comparison, of_features: Comparison, sets: FeatureSets) -> None:
    for name in ("grouping", "contrasts", "target", "alpha"):
        a, b = getattr(of_sets, name), getattr(of_features, name)
        if a != b:
            raise InputError(f"the comparisons have {name} {a!r} and {b!r}; make both alike")
    if of_sets.subjects != sets.names:
        raise InputError(
            f"the first comparison is of {of_sets.subjects[:3]}, the sets are {sets.names[:3]}; "
            "make it of summed(attributions, sets)"
        )
    strange = [name for name in of_features.subjects if name not in set(sets.features)]
    if strange:
        raise InputError(
            f"{len(strange)} subjects of the second comparison are no features of the sets, first "
            f"{strange[:3]}; make the sets with its subjects"
        )


def _members(sets: FeatureSets, subjects: tuple[str, ...]) -> tuple[Int, Int]:
    """Every (set, subject) pair: the place of the set and of the subject, both (m,)."""
    place = {name: j for j, name in enumerate(subjects)}
    pairs = [
        (i, place[name])
        for i, own in enumerate(sets.names)
        for name in sets.members(own)
        if name in place
    ]
    both = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def _gate(p_sum: Float, inside: Float, member: Int, gate: str) -> Float:
    """The p of each set (c, s)."""
    if gate == "sum":
        return p_sum
    by_member = np.stack([simes(row, member, count=p_sum.shape[1]) for row in inside])
    if gate == "members":
        return by_member
    either: Float = np.minimum(2 * np.fmin(p_sum, by_member), 1.0)
    return either


def _tested(
    whole: Float | None, p_set: Float, inside: Float, member: Int, alpha: float
) -> list[Level]:
    """The tree: contrasts (c,) if they are asked, sets (c, s), members (c, m)."""
    c, s = p_set.shape
    above = (np.arange(c)[:, None] * s + member[None]).ravel()
    if whole is None:
        first = np.zeros(c * s, dtype=np.int64)
        return tree([p_set.ravel(), inside.ravel()], [first, above], alpha=alpha)
    up = [np.zeros(c, dtype=np.int64), np.repeat(np.arange(c), s), above]
    return tree([whole, p_set.ravel(), inside.ravel()], up, alpha=alpha)


def _whole(whole: GlobalTests, of_sets: Comparison, given: str) -> Float:
    if whole.contrasts != of_sets.contrasts or given not in whole.given:
        raise InputError(
            f"the tests of whole explanations are of {whole.contrasts} given {whole.given}; wanted "
            f"{of_sets.contrasts} given {given}"
        )
    p: Float = whole.energy_p[whole.given.index(given)]
    return p


def _set_reasons(reason: Text, p: Float, q: Float) -> Text:
    closed = "not tested: the explanations as a whole were not found to differ"
    out = np.where(np.isnan(q) & ~np.isnan(p), closed, reason)
    told: Text = np.where((out == "") & np.isnan(p), "no member could be tested", out)
    return told


def _competitive(
    of_sets: Comparison, of_features: Comparison, views: tuple[int, int], pairs: tuple[Int, Int]
) -> Mapping[str, Any]:
    """Of each set, whether its members differ more than the others (c, s)."""
    out: Float = np.full_like(of_sets.p[views[0]], np.nan)
    for c in range(len(out)):
        se, df = of_features.se[views[1], c], of_features.df[views[1], c]
        effect, known = of_features.effect[views[1], c], of_features.se[views[1], c] > 0
        place = np.cumsum(known) - 1
        z = normalised(effect[known] / se[known], df[known])
        for s in range(out.shape[1]):
            own = pairs[1][pairs[0] == s]
            own = own[known[own]]
            sum_se = float(of_sets.se[views[0], c, s])
            if len(own) and np.isfinite(sum_se):
                r = mean_correlation(se[own], sum_se)
                out[c, s] = competitive_p(z, place[own], r)
    why = "no sum, or fewer than two features outside of the set"
    return {"competitive_p": out, "competitive_reason": np.where(np.isnan(out), why, "")}


def _rows(
    made: Comparison, view: int, opened: Bool, pairs: tuple[Int, Int], level: Level
) -> Mapping[str, Any]:
    """One row a contrast, rejected set and member."""
    c, m = np.nonzero(opened)
    flat = c * opened.shape[1] + m
    subject = pairs[1][m]
    at = (view, c, subject)
    effect, se, df = made.effect[at], made.se[at], made.df[at]
    half = stats.t.isf(made.alpha * level.kept[flat] / 2, df) * se
    return {
        "row_contrast": c.astype(np.int64),
        "row_set": pairs[0][m],
        "row_subject": subject,
        "effect": effect,
        "low": effect - half,
        "high": effect + half,
        "p": made.p[at],
        "q": level.q[flat],
        "reason": made.reason[at].astype(np.str_),
    }
