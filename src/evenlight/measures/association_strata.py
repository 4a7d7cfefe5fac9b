"""The people and strata in which associations are asked, and why they may be too few."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from evenlight.arrays import Float, Int
from evenlight.data.digits import percent
from evenlight.data.groups import Axes
from evenlight.measures.axes import coordinates
from evenlight.measures.observed import unit_outcome
from evenlight.measures.prepare import OVERLAP_SHARE, OVERLAP_UNITS, TELL_LOSS, Setting
from evenlight.measures.stratified import (
    BINNED,
    Strata,
    speaks_for,
    strata_given,
    strata_held,
    too_mixed,
)
from evenlight.measures.told_values import without_slopes
from evenlight.small_groups import least_shown
from evenlight.stats.cells import joint
from evenlight.stats.disclosure import left_counts, told_counts
from evenlight.stats.explained import basis, indicators
from evenlight.stats.strata import outcome_bins, overlapping

AXES_ROOM = 20
"""Units a stratum has for each axis and one more, or the outcome is cut into fewer bins."""

NEEDED = "people of both from the same strata are needed"


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """The m units that enter under a condition: positions `at` (m,), `stratum`, `group`, `y`.

    `piece` (m,) is the bin of a continuous outcome, which declared strata may cut further;
    `share` (m, q) what of a unit's mix of strata differs inside its stratum.
    `target` (m, q) are indicators of the groups, or the axes; `group` is -1 throughout for axes.
    `n` is m as it may be told, `dropped` counts the strata that were left out.
    """

    given: str
    at: Int
    stratum: Int
    piece: Int
    group: Int
    target: Float
    y: Float
    share: Float
    bins: int
    n: int
    dropped: int
    population: str
    reason: str

    def values(self, values: Float) -> Float:
        """Values of its units (u, c) -> (m, c), without their slopes inside strata."""
        own = values[self.at]
        if not self.bins and not self.share.shape[1]:
            return own
        held = (self.y if self.bins else None, self.share)
        return without_slopes(own, held, self.stratum, self.group, self.piece)


def condition(here: Setting, given: str, axes: Axes | None) -> Condition:
    """Who enters under a condition: of groups, or of everybody where axes are asked."""
    return _of_groups(here, given) if axes is None else _of_axes(here, given, axes)


def _of_groups(here: Setting, given: str) -> Condition:
    """As many groups as have overlap; no bias is refused, unlike that of a reliance."""
    whole = strata_given(here, given)
    group = np.where(whole.whole >= 0, here.unit_group, -1)
    keep, short = overlapping(group, whole.whole, least=OVERLAP_UNITS, share=OVERLAP_SHARE)
    made = _narrowed(whole, keep)
    reason = whole.reason if _large(whole) < 2 else ""
    if not reason and _large(made) < 2:
        reason = _short(here, group, dict(list(short.items())[:1]))
    reason = reason or too_mixed(made.share)
    level, entered = np.unique(made.group), len(made.group)
    out = Condition(
        given=given,
        at=np.flatnonzero(keep),
        stratum=made.stratum,
        piece=made.piece,
        group=made.group,
        target=indicators(np.searchsorted(level, made.group)) if entered else np.empty((0, 1)),
        y=made.y,
        share=made.share,
        bins=made.bins,
        n=_told(here, entered, int((group >= 0).sum()), int((here.unit_group >= 0).sum())),
        dropped=len(np.unique(whole.whole[group >= 0])) - made.s,
        population="",
        reason=reason,
    )
    told = [speaks_for(here, made), _left_out(here, out, int((group >= 0).sum()))]
    told += [f"Not among them: {_short(here, group, short)}."] if short else []
    return out if reason else replace(out, population=" ".join(filter(None, told)))


def _large(made: Strata) -> int:
    """How many groups enter with 11 units or more."""
    return int((np.bincount(made.group, minlength=1) >= least_shown()).sum())


def _narrowed(whole: Strata, keep: np.ndarray) -> Strata:
    """The same strata for some of their units."""
    own = keep[whole.keep]
    parts = {
        name: getattr(whole, name)[own] for name in ("group", "stratum", "piece", "y", "share")
    }
    return replace(whole, keep=keep, **parts)


def _short(here: Setting, group: Int, short: Mapping[int, int]) -> str:
    """Who keeps too few units in strata that hold another group."""
    told = []
    for g, left in short.items():
        total = np.array((group == g).sum())
        shown = _told(here, left, int(total))
        of = int(told_counts(total, rounded=here.rounded, smallest=least_shown()))
        some = f"{shown:,}" if shown else f"fewer than {least_shown()}"
        told.append(f"{some} of {of:,} units in {here.groups.levels[g]}")
    return (
        f"{' and '.join(told)} are in a stratum with two or more of them and of another group; "
        f"{NEEDED}"
    )


def _left_out(here: Setting, made: Condition, total: int) -> str:
    """How many strata and units were left out, "" where none were."""
    if not made.dropped:
        return ""
    lost = np.array(total - len(made.at))
    few = int(lost) < least_shown()
    shown = int(told_counts(lost, rounded=here.rounded, smallest=least_shown()))
    units = f"fewer than {least_shown()}" if few else f"{shown:,}"
    strata = "1 stratum was" if made.dropped == 1 else f"{made.dropped} strata were"
    return f"{strata} left out, {units} units: too few of two groups are there."


def _told(here: Setting, count: int, *totals: int) -> int:
    """A count as it may be told, 0 for fewer than 11."""
    left = left_counts(np.array(count), *map(np.array, totals), smallest=least_shown())
    told = told_counts(left, rounded=here.rounded, smallest=least_shown())
    return int(told) if count >= least_shown() else 0


def _of_axes(here: Setting, given: str, axes: Axes) -> Condition:
    """Everybody in strata that leave room for the axes."""
    _, target = coordinates(axes, here.cohort, here)
    piece, y, bins = _axes_pieces(here, given, target)
    held = strata_held(here, given)
    stratum = joint([piece, held.code])
    known = (stratum >= 0) & np.isfinite(target).all(axis=1)
    entered = [rows for rows in basis(target, stratum).rows] if len(target) else []
    at = np.sort(np.concatenate(entered)) if entered else np.empty(0, dtype=np.int64)
    total, dropped = int(known.sum()), len(np.unique(stratum[known])) - len(entered)
    out = Condition(
        given=given,
        at=at,
        stratum=stratum[at],
        piece=piece[at],
        group=np.full(len(at), -1, dtype=np.int64),
        target=target[at],
        y=y[at],
        share=held.share[at],
        bins=bins,
        n=_told(here, len(at), total, len(target)),
        dropped=dropped,
        population="",
        reason=_few(here, len(at), total, dropped, axes) or too_mixed(held.share[at]),
    )
    everyone = np.array(len(target))
    left = left_counts(np.array(len(at)), everyone, smallest=least_shown())
    share = float(left) / max(len(target), 1)
    told = f"Speaks for the {percent(share)} of units in strata with enough of them."
    return out if out.reason or share >= 1 - TELL_LOSS else replace(out, population=told)


def _axes_pieces(here: Setting, given: str, target: Float) -> tuple[Int, Float, int]:
    """Piece (u,) and outcome (u,), and as few bins as leave room for the axes in each."""
    u = len(target)
    if given == "nothing":
        return np.zeros(u, dtype=np.int64), np.zeros(u), 0
    y = unit_outcome(here)
    binned = here.cohort.outcome_kind in BINNED
    most = int(np.clip(u / (AXES_ROOM * (target.shape[1] + 1)), 2, 10)) if binned else None
    kind = "continuous" if binned else "categorical"
    piece, bins = outcome_bins(y, np.zeros(u, dtype=np.int64), kind=kind, bins=most)
    return piece, y, bins


def _few(here: Setting, left: int, total: int, dropped: int, axes: Axes) -> str:
    """Why axes cannot be asked, "" if they can: as for groups, of everybody."""
    room = f"in strata that leave room for {len(axes.names)} axes"
    if left < least_shown():
        return f"fewer than {least_shown()} units {room}"
    if dropped and left < max(OVERLAP_UNITS, OVERLAP_SHARE * total):
        return f"{_told(here, left, total):,} of {total:,} units are {room}; {NEEDED}"
    return ""
