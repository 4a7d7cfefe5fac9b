"""Questions asked by regression under Freedman and Lane: one view is one family of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Bool, Float, Int, Text
from evenlight.measures.comparison import View
from evenlight.measures.family import NO_CONTRAST, Results, Shared, numbers
from evenlight.measures.testing import Testing
from evenlight.stats.equivalence import still_needed, verdicts
from evenlight.stats.freedman_lane import (
    Regression,
    null_slopes,
    parts,
    slopes,
)
from evenlight.stats.multiplicity import Family
from evenlight.stats.permutation import normalised, studentise
from evenlight.stats.sequential import balanced_step_down
from evenlight.stats.shuffles import Shuffles
from evenlight.stats.unseen import ends_of, unseen


@dataclass(frozen=True, slots=True, eq=False)
class Sloped:
    """One slope: `names` (level, reference) or (axis, "per SD"), one row a unit.

    `values` (u, columns) of every view under one condition; `made` is None where `reason` says why
    it cannot be asked; `side` (u,) True at the level (everybody, along an axis); `scale` turns a
    slope to what is told, as the SD of the axis; `total`, `left` units of each side.
    """

    names: tuple[str, str]
    values: Float
    made: Regression | None
    drawn: Shuffles
    side: Bool
    scale: float
    total: tuple[int, int]
    left: tuple[int, int]
    reason: str

    @property
    def smaller(self) -> float:
        """Units of the smaller side, or the effective number (Kish) where weights make it less."""
        if self.side.all() or self.made is None:
            return self._counting(self.side) if self.side.all() else float(min(self.left))
        return min(self._counting(self.side), self._counting(~self.side))

    def _counting(self, side: Bool) -> float:
        if self.made is None:
            return float(side.sum())
        w = self.made.root[side] ** 2
        return float(min(w.sum() ** 2 / (w**2).sum(), len(w)))


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What is observed of m live questions: numbers (m,), the variance (2, m) by side."""

    effect: Float
    variance: Float
    df: Float
    z: Float
    shared: Float
    slack: Float

    @property
    def se(self) -> Float:
        """Standard errors (m,)."""
        se: Float = np.sqrt(self.variance.sum(axis=0) + self.shared)
        return se


def effects(asked: list[Sloped]) -> Float:
    """The slope of every column (c, columns) as told, in the values' own unit; NaN if not asked."""
    width = asked[0].values.shape[1]
    out = np.full((len(asked), width), np.nan)
    for i, one in enumerate(asked):
        if one.made is not None:
            out[i] = one.scale * slopes(one.values, one.made).effect[0]
    return out


def judged(
    asked: list[Sloped],
    columns: Int,
    view: View,
    *,
    testing: Testing,
    shared: Shared | None = None,
) -> Results:
    """Test the columns (p,) of one view in every question; effects in units of the view."""
    c, p = len(asked), len(columns)
    reason = np.full((c, p), "", dtype=object)
    for i, one in enumerate(asked):
        reason[i, np.isnan(one.values[:, columns]).any(axis=0)] = NO_CONTRAST
        reason[i, :] = one.reason or reason[i, :]
    live = np.argwhere(reason == "")
    names = ("effect", "low", "high", "se", "df", "p", "p_maxt", "q", "more")
    out = {name: np.full((c, p), np.nan) for name in names}
    more_in = np.full((c, p), "", dtype="<U9")
    if len(live):
        at = tuple(live.T)
        seen = _observed(asked, columns, live, shared, alpha=testing.alpha / len(live))
        family = _family(asked, columns, live, seen, testing.alpha)
        found = numbers(seen, family, view, seen.slack / view.unit, testing=testing)
        found["more"], more_in[at] = _needed(found, seen, asked, live, view, testing.margin)
        for name, values in found.items():
            out[name][at] = values
    smallest = np.array([[one.smaller] * p for one in asked]).reshape(c, p)
    verdict = verdicts(out["low"], out["high"], testing.margin, smallest)
    settled = verdict != "cannot_tell"
    out["more"][settled], more_in[settled] = np.nan, ""
    return Results(**out, verdict=verdict, reason=reason.astype(np.str_), more_in=more_in)


def _observed(
    asked: list[Sloped], columns: Int, live: Int, shared: Shared | None, *, alpha: float
) -> Seen:
    """Everything observed of the live questions, in their order."""
    found: list[tuple[Float, ...]] = []
    for i in np.unique(live[:, 0]):
        one, own = asked[i], live[live[:, 0] == i, 1]
        assert one.made is not None
        values = one.values[:, columns[own]]
        ends = ends_of(np.vstack([o.values[:, columns[own]] for o in asked]))
        seen, each = slopes(values, one.made), parts(values, one.made) * one.scale**2
        variance = np.stack([each[one.side].sum(axis=0), each[~one.side].sum(axis=0)])
        more = np.zeros(len(own)) if shared is None else shared.variance[i, own]
        t = studentise(
            one.scale * seen.effect[0],
            variance.sum(axis=0) + more,
            abs(one.scale) * seen.s0[0],
        )
        df = _satterthwaite(variance.sum(axis=0), one.made.df[0], more, shared)
        sides = (values[one.side], values[~one.side])
        both = unseen(sides[0], ends, alpha=alpha) + unseen(sides[1], ends, alpha=alpha)
        found.append(
            (
                one.scale * seen.effect[0],
                variance[0],
                variance[1],
                df,
                normalised(t, df),
                more,
                both.sum(axis=0),
            )
        )
    effect, first, second, df, z, more, slack = (
        np.concatenate(x) for x in zip(*found, strict=True)
    )
    return Seen(effect, np.stack([first, second]), df, z, more, slack)


def _satterthwaite(own: Float, df: float, more: Float, shared: Shared | None) -> Float:
    """Degrees of freedom with an error that all units share (Rubin 1987, section 3.3)."""
    draws = 2 if shared is None else max(shared.draws, 2)
    squares = own**2 / df + more**2 / (draws - 1)
    return np.divide(
        (own + more) ** 2, squares, out=np.full_like(own, float(df)), where=squares > 0
    )


def _family(asked: list[Sloped], columns: Int, live: Int, seen: Seen, alpha: float) -> Family:
    """Max-T over all questions, the maximum taken draw by draw."""

    def null(index: Int) -> Float:
        out = np.empty((draws, len(index)))
        for i in np.unique(live[index, 0]):
            at, one = live[index, 0] == i, asked[i]
            assert one.made is not None
            own = columns[live[index[at], 1]]
            turned = np.copysign(1.0, one.scale)
            out[:, at] = turned * null_slopes(one.values[:, own], one.made, one.drawn)
        return out

    draws = asked[int(live[0, 0])].drawn.draws
    return balanced_step_down(seen.z, null, draws=draws, alpha=alpha)


def _needed(
    found: dict[str, Float],
    seen: Seen,
    asked: list[Sloped],
    live: Int,
    view: View,
    margin: float,
) -> tuple[Float, Text]:
    """About how many more units; along an axis there is one arm, told as "both"."""
    interval = (found["effect"], found["low"], found["high"])
    n = np.array([asked[i].left for i in live[:, 0]]).T
    whole = np.array([bool(asked[i].side.all()) for i in live[:, 0]])
    n = np.where(whole, np.stack([n[0], np.zeros_like(n[1])]), n)
    var = seen.variance / view.unit**2
    shared = seen.shared / view.unit**2
    smaller = np.array([asked[i].smaller for i in live[:, 0]])
    counted = np.where(whole, np.inf, np.minimum(smaller, n))
    own = (np.where(whole, smaller, counted[0]), counted[1])
    grown, where = still_needed(
        interval, margin, (var[0], var[1]), (n[0], n[1]), shared=shared, counted=own
    )
    return grown, np.where(whole, "both", where)
