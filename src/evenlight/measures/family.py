"""One view is one family: all its contrasts and subjects, under one simultaneous interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from evenlight.arrays import Float, Int, Text
from evenlight.measures.arms import Arms
from evenlight.measures.comparison import View
from evenlight.measures.testing import Testing
from evenlight.stats.equivalence import minimum_effect_p, still_needed, verdicts
from evenlight.stats.multiplicity import Family, holm, listed
from evenlight.stats.permutation import Difference, difference, from_normal, with_shared
from evenlight.stats.sequential import How, Source, staged
from evenlight.stats.unseen import ends_of, unseen

DEFAULT = Testing()
"""Permutation at 5 %, in float64."""

MOST_DF = 1e9
"""Degrees of freedom that stand for no limit, since a record holds no infinite number."""

NO_CONTRAST = "there is no common contrast of this subject (it does not vary, or none was made)"


PART = 2**26
"""Bytes of the columns of cells that are looked at together."""


@dataclass(frozen=True, slots=True, eq=False)
class Results:
    """The results of one view, each (c, p); effects, limits and `se` in the view's unit."""

    effect: Float
    low: Float
    high: Float
    se: Float
    df: Float
    p: Float
    p_maxt: Float
    q: Float
    verdict: Text
    reason: Text
    more: Float
    more_in: Text


SHARES = ("flips", "moved")
"""Views of values that are shares, between 0 and 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """The variance (c, p) of an error that all units share, from `draws` draws; see `between`."""

    variance: Float
    draws: int


def results(
    arms: list[Arms], columns: Int, view: View, *, testing: Testing, shared: Shared | None = None
) -> Results:
    """Test the cell columns of one view (p,) in every contrast; effects in units of the view.

    `shared` is the variance that another draw of the background adds to each difference.
    """
    c, p = len(arms), len(columns)
    reason = np.full((c, p), "", dtype=object)
    for i, arm in enumerate(arms):
        for some in _some(arm, p):
            gone = np.isnan(arm.cells.values[:, columns[some]]).any(axis=0)
            reason[i, some] = np.where(gone, NO_CONTRAST, reason[i, some])
        reason[i, :] = arm.reason or reason[i, :]
    live = np.argwhere(reason == "")
    names = ("effect", "low", "high", "se", "df", "p", "p_maxt", "q", "more")
    out = {name: np.full((c, p), np.nan) for name in names}
    more_in = np.full((c, p), "", dtype="<U9")
    if len(live):
        seen = observed(arms, columns, live, bits=testing.bits)
        if shared is not None:
            seen = with_shared(seen, shared.variance[tuple(live.T)], shared.draws)
        raw = view.name != "use"
        family = family_of(arms, columns, live, seen, testing=testing, raw=raw)
        at, ends = tuple(live.T), _ends(arms, columns, view)
        unseen_here = _unseen(arms, columns, ends, testing.alpha / len(live))
        slack = unseen_here[(slice(None), *live.T)] / view.unit
        found = numbers(seen, family, view, slack, testing=testing)
        most = (ends[1] - ends[0])[live[:, 1]] / view.unit
        found["low"] = np.clip(found["low"], -most, most)
        found["high"] = np.clip(found["high"], -most, most)
        found["more"], more_in[at] = _needed(found, seen, arms, live, view, testing.margin)
        for name, values in found.items():
            out[name][at] = values
    smallest = np.array([[min(arm.counting)] * p for arm in arms]).reshape(c, p)
    verdict = verdicts(out["low"], out["high"], testing.margin, smallest)
    settled = verdict != "cannot_tell"
    out["more"][settled], more_in[settled] = np.nan, ""
    return Results(**out, verdict=verdict, reason=reason.astype(np.str_), more_in=more_in)


def observed(arms: list[Arms], columns: Int, live: Int, *, bits: int | None = None) -> Difference:
    """The contrasts and subjects that can be asked, flat (m,)."""
    parts = []
    for i in np.unique(live[:, 0]):
        own = columns[live[live[:, 0] == i, 1]]
        for some in _some(arms[i], len(own)):
            values = arms[i].cells.values[:, own[some]]
            parts.append(difference(values, arms[i].plan, bits=bits))
    names = ("effect", "var_level", "var_reference", "df", "s0")
    return Difference(*(np.concatenate([getattr(part, n) for part in parts]) for n in names))


def family_of(
    arms: list[Arms],
    columns: Int,
    live: Int,
    seen: Difference,
    *,
    testing: Testing = DEFAULT,
    raw: bool = True,
) -> Family:
    """Max-T over all contrasts: each is permuted on its own, and the maximum taken draw by draw.

    `raw` False leaves out p, which a second look at the draws would refine.
    """
    used, place = np.unique(live[:, 0], return_inverse=True)
    sources = [
        Source(arms[i].cells.values, arms[i].plan, arms[i].labels, arms[i].every) for i in used
    ]
    at = np.column_stack([place.ravel(), columns[live[:, 1]]])
    how = How(bits=testing.bits, raw=raw)
    return staged(sources, at, seen.statistic, alpha=testing.alpha, how=how)


def _ends(arms: list[Arms], columns: Int, view: View) -> Float:
    """The smallest and largest values of each column (2, p): no difference is larger.

    Those of everybody; of a share 0 and 1, though nobody here may be anything but 0.
    """
    if view.name in SHARES:
        return np.tile([[0.0], [1.0]], len(columns))
    out = np.stack([np.full(len(columns), np.inf), np.full(len(columns), -np.inf)])
    for arm in arms:
        for some in _some(arm, len(columns)) if len(arm.cells.unit) else ():
            low, high = ends_of(arm.cells.values[:, columns[some]])
            out[:, some] = np.minimum(out[0, some], low), np.maximum(out[1, some], high)
    return out


def _some(arm: Arms, p: int) -> list[slice]:
    """Columns from 0 to p in parts, so that few cells are held in float64."""
    each = max(1, PART // (8 * max(1, len(arm.cells.unit))))
    return [slice(start, min(start + each, p)) for start in range(0, p, each)]


def _unseen(arms: list[Arms], columns: Int, ends: Float, alpha: float) -> Float:
    """What people like those who were not drawn could take from and add to each difference.

    (2, c, p): who is not seen at the level adds to it what differs above the usual value there.
    See `stats.unseen`; `alpha` is that of one test, the family's over its tests (Bonferroni), since
    among many rare columns one without a carrier in a small arm is the rule.
    """
    out = np.zeros((2, len(arms), len(columns)))
    for i, arm in enumerate(arms):
        if arm.reason:
            continue
        at = np.concatenate([block.cells[:, 0] for block in arm.plan.blocks])
        side = np.concatenate([arm.plan.member[block.units] for block in arm.plan.blocks])
        for some in _some(arm, len(columns)):
            values = arm.cells.values[:, columns[some]]
            level, reference = (
                unseen(values[own], ends[:, some], alpha=alpha) for own in (at[side], at[~side])
            )
            out[:, i, some] = level + reference[::-1]
    return out


class Observed(Protocol):
    """What is observed of m live tests, each (m,): of groups, or of slopes."""

    @property
    def effect(self) -> Float:
        """Differences or slopes."""

    @property
    def se(self) -> Float:
        """Their standard errors."""

    @property
    def df(self) -> Float:
        """Degrees of freedom of these."""


def numbers(
    seen: Observed, family: Family, view: View, slack: Float, *, testing: Testing
) -> dict[str, Float]:
    """Effects, simultaneous limits and p of one view, in its unit; `slack` (2, m) or (m,)."""
    down, up = from_normal(family.limits(testing.alpha), seen.df) * seen.se / view.unit + slack
    effect = seen.effect / view.unit
    p, p_maxt = family.p, family.p_maxt
    if view.name == "use":
        p = minimum_effect_p(effect, seen.se / view.unit, seen.df, testing.margin)
        p_maxt = holm(p)
    return {
        "effect": effect,
        "low": effect - down,
        "high": effect + up,
        "se": seen.se / view.unit,
        "df": np.where(np.isfinite(seen.df), seen.df, MOST_DF),
        "p": p,
        "p_maxt": p_maxt,
        "q": listed(p, testing.lists),
    }


def _needed(
    found: dict[str, Float],
    seen: Difference,
    arms: list[Arms],
    live: Int,
    view: View,
    margin: float,
) -> tuple[Float, Text]:
    interval = (found["effect"], found["low"], found["high"])
    n = np.array([arms[i].left for i in live[:, 0]]).T
    counted = np.array([arms[i].counting for i in live[:, 0]]).T
    var = (seen.var_level / view.unit**2, seen.var_reference / view.unit**2)
    shared = seen.var_shared / view.unit**2
    whole, own = (n[0], n[1]), (counted[0], counted[1])
    return still_needed(interval, margin, var, whole, shared=shared, counted=own)
