"""What rests on attributions is withheld where these cannot be trusted; the rest is left alone.

Of a comparison the views *signed* and *magnitude* rest on attributions; *use* is made of contrasts,
outputs of the model alone, and stays. A reliance rests on attributions altogether.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from evenlight.arrays import Bool, Text
from evenlight.measures.comparison import NUMBERS, Comparison
from evenlight.measures.reliance import Cuts, Partial, Reliance

SHARES = ("raw", "share", "low", "high", "p", "p_maxt", "q")
TOTALS = ("total", "total_low", "total_high")
SLOPES = ("slope", "slope_low", "slope_high", "slope_p", "heterogeneity_p")


def withheld(comparison: Comparison, reasons: Sequence[str] | Text) -> Comparison:
    """The comparison with `reasons` (c,) in place of numbers, "" where a contrast stands.

    A view that cannot be asked for another reason keeps that reason. Raises ValueError where there
    are not as many reasons as contrasts.
    """
    if not any(reasons):
        return comparison
    views = np.array([view.name != "use" for view in comparison.views])
    return _without(comparison, views, reasons)


def withheld_whole(comparison: Comparison, reason: str) -> Comparison:
    """The comparison with `reason` in place of all numbers, use among them; "" leaves it alone."""
    if not reason:
        return comparison
    every = np.ones(len(comparison.views), dtype=bool)
    return _without(comparison, every, [reason] * len(comparison.contrasts))


def _without(comparison: Comparison, views: Bool, reasons: Sequence[str] | Text) -> Comparison:
    """The comparison with `reasons` (c,) in place of the numbers of some views (v,)."""
    pairs = zip(comparison.contrasts, reasons, strict=True)
    bad = np.array([bool(told) for _, told in pairs])
    where = np.broadcast_to((views[:, None] & bad)[..., None], comparison.effect.shape)
    why = np.broadcast_to(np.array(reasons, dtype=np.str_)[None, :, None], where.shape)
    numbers: dict[str, Any] = {
        name: np.where(where, np.nan, getattr(comparison, name)) for name in (*NUMBERS, "more")
    }
    unnamed = where & (comparison.mechanism != "direct")
    return replace(
        comparison,
        **numbers,
        more_in=np.where(where, "", comparison.more_in),
        verdict=np.where(where, "not_estimable", comparison.verdict),
        extent=np.where(where, "", comparison.extent),
        mechanism=np.where(unnamed, "unresolved", comparison.mechanism),
        reason=np.where(where & (comparison.reason == ""), why, comparison.reason),
    )


def withheld_reliance(reliance: Reliance, reason: str) -> Reliance:
    """The reliance with `reason` in place of every number that rests on attributions."""
    if not reason:
        return reliance
    blank: dict[str, Any] = {
        name: np.full(getattr(reliance, name).shape, np.nan)
        for name in (*SHARES, *TOTALS, *SLOPES, "raw_total")
    }
    told: dict[str, Any] = {
        name: np.where(getattr(reliance, name) == "", reason, getattr(reliance, name))
        for name in ("reason", "total_reason", "support_reason")
    }
    return replace(
        reliance,
        **blank,
        **told,
        verdict=np.full(reliance.verdict.shape, "not_estimable"),
        total_verdict=np.full(reliance.total_verdict.shape, "not_estimable"),
        support=np.full(reliance.support.shape, "unresolved"),
        cuts=_withheld_cuts(reliance.cuts, reason),
        partial=_withheld_partial(reliance.partial, reason),
    )


def _withheld_cuts(cuts: Cuts | None, reason: str) -> Cuts | None:
    if cuts is None:
        return None
    gone = np.full(cuts.total.shape, np.nan)
    told = np.where(cuts.reason == "", reason, cuts.reason)
    return replace(cuts, total=gone, low=gone, high=gone, reason=told)


def _withheld_partial(partial: Partial | None, reason: str) -> Partial | None:
    if partial is None:
        return None
    gone = np.full(1, np.nan)
    told = np.where(partial.reason == "", reason, partial.reason)
    return replace(partial, slope=gone, low=gone, high=gone, reason=told)
