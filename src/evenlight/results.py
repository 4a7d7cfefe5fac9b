"""Every judged number of every measure, flat: one shape for findings, answers and sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from evenlight.data.searched import Worst
from evenlight.measures.comparison import Comparison, View
from evenlight.measures.encoded import EncodedUsed
from evenlight.measures.fragile import Fragility
from evenlight.measures.local_comparison import LocalComparison
from evenlight.measures.mapped import MapComparison
from evenlight.measures.performance import Performance
from evenlight.measures.quality import Quality
from evenlight.measures.regions_telling import RegionsTelling
from evenlight.measures.reliance import TOTALS, Reliance
from evenlight.measures.shortcuts import LEAST_SHARE, Shortcut
from evenlight.measures.slices import Slices
from evenlight.measures.uncertainty import Uncertainty
from evenlight.measures.words import Verdict
from evenlight.result import NAN, Result
from evenlight.results_beside import (
    arm,
    encoded_results,
    fragile_results,
    map_results,
    promise_results,
    region_results,
    slice_results,
    width_results,
    worst_results,
)
from evenlight.results_local import local_results

__all__ = ["Measures", "Result", "results"]

GATED: dict[str, Verdict] = {
    "consistent_with_a_shortcut": "different",
    "unresolved": "cannot_tell",
    "not_estimable": "not_estimable",
}
"""The verdict behind each word of the gate of reliance."""

USES = ("use", "location", "slope")
"""Views that ask whether the same value is used alike: by a common contrast, or by attributions at
the same own value."""


@dataclass(frozen=True, slots=True)
class Measures:
    """All measures of one audit, and for each grouping the share of units with a known label.

    `unasked` says of a measure that was not made why, where that is known.
    """

    performances: tuple[Performance, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    reliances: tuple[Reliance, ...] = ()
    coverage: Mapping[str, float] = field(default_factory=dict)
    target: str = ""
    qualities: tuple[Quality, ...] = ()
    shortcuts: tuple[Shortcut, ...] = ()
    encoded: tuple[EncodedUsed, ...] = ()
    slices: tuple[Slices, ...] = ()
    by_sets: tuple[Reliance, ...] = ()
    fragilities: tuple[Fragility, ...] = ()
    worsts: tuple[Worst, ...] = ()
    uncertainties: tuple[Uncertainty, ...] = ()
    maps: tuple[MapComparison, ...] = ()
    telling: tuple[RegionsTelling, ...] = ()
    locally: tuple[LocalComparison, ...] = ()
    unasked: Mapping[str, str] = field(default_factory=dict)


def results(measures: Measures) -> list[Result]:
    """Every judged number of every measure; shares of sets answer for all, where there are sets."""
    sets = {made.grouping for made in measures.by_sets}

    def whole(made: Reliance) -> Iterator[Result]:
        return _reliance(made, totals=made.grouping not in sets)

    told: list[tuple[Callable[[Any], Iterator[Result]], Sequence[Any]]] = [
        (_performance, measures.performances),
        (_comparison, measures.comparisons),
        (whole, measures.reliances),
        (_reliance, measures.by_sets),
        (_quality, measures.qualities),
        (_shortcut, measures.shortcuts),
        (encoded_results, measures.encoded),
        (slice_results, measures.slices),
        (fragile_results, measures.fragilities),
        (worst_results, measures.worsts),
        (promise_results, measures.uncertainties),
        (width_results, measures.uncertainties),
        (map_results, measures.maps),
        (region_results, measures.telling),
        (local_results, measures.locally),
    ]
    return [result for tell, records in told for made in records for result in tell(made)]


def _performance(made: Performance) -> Iterator[Result]:
    sizes = dict(zip(made.parts, made.n, strict=True))
    for c, pair in enumerate(made.contrasts):
        for m in np.flatnonzero(~np.isnan(made.margin)):
            yield Result(
                kind="performance",
                grouping=made.grouping,
                pair=pair,
                subject=made.metrics[m],
                view="",
                verdict=made.verdict[c, m].item(),
                effect=float(made.difference[c, m]),
                low=float(made.difference_low[c, m]),
                high=float(made.difference_high[c, m]),
                n=float(np.minimum(sizes[pair[0]], sizes[pair[1]])),
                unit=made.units[m],
                margin=float(made.margin[m]),
                p=float(made.p[c, m]),
                alpha=made.alpha,
                more=float(made.more[c, m]),
                more_in=arm(str(made.more_in[c, m]), pair),
                reason=str(made.difference_reason[c, m]),
            )


def _comparison(made: Comparison) -> Iterator[Result]:
    partners = {(p.level, p.reference, p.subject): p.names for p in made.partners}
    for at in np.ndindex(*made.verdict.shape):
        yield _compared(made, at, partners)


def _compared(
    made: Comparison,
    at: tuple[int, ...],
    partners: Mapping[tuple[str, str, str], tuple[str, ...]],
) -> Result:
    """One subject of one contrast in one view."""
    v, c, j = at
    view, pair, subject = made.views[v], made.contrasts[c], made.subjects[j]
    return Result(
        kind="use" if _of_use(view) else "attribution",
        grouping=made.grouping,
        pair=pair,
        subject=subject,
        view=view.key,
        verdict=made.verdict[at].item(),
        effect=float(made.effect[at]),
        low=float(made.low[at]),
        high=float(made.high[at]),
        n=float(made.n[v, c].min()) if made.n[v, c].all() else NAN,
        unit="SD of the response" if view.scale == "response" else "SD(f)",
        margin=made.margin,
        p=float(made.p[at]),
        q=float(made.q[at]),
        alpha=view.alpha,
        more=float(made.more[at]),
        more_in=arm(str(made.more_in[at]), pair),
        mechanism=str(made.mechanism[at]),
        reason=str(made.reason[at]),
        partners=partners.get((*pair, subject), ()),
    )


def _of_use(view: View) -> bool:
    """Whether a view answers questions about use.

    On the probability scale a link that bends moves every attribution with the base risk, so what
    is seen there is no answer.
    """
    return view.name in USES and (view.name == "use" or view.scale == "margin")


def _reliance(made: Reliance, *, totals: bool = True) -> Iterator[Result]:
    own = partial(
        Result, kind="reliance", grouping=made.grouping, pair=None, unit="share of variance",
        margin=made.margin,
    )  # fmt: skip
    for g, given in enumerate(made.given):
        one = partial(own, view=given, n=float(made.n[g]) or NAN, alpha=float(made.alpha[g]))
        if totals:
            yield from _totals(made, g, one)
        for j, name in enumerate(made.subjects):
            yield one(
                subject=name,
                verdict=made.verdict[g, j].item(),
                effect=float(made.share[g, j]),
                low=float(made.low[g, j]),
                high=float(made.high[g, j]),
                p=float(made.p[g, j]),
                q=float(made.q[g, j]),
                mechanism=str(made.support[j]),
                reason=str(made.reason[g, j]),
            )


def _totals(made: Reliance, g: int, one: Callable[..., Result]) -> Iterator[Result]:
    """What follows the group in all, and the part of it without demonstrated support."""
    for t, name in enumerate(TOTALS[:2]):
        total = partial(
            one,
            subject=name,
            verdict=made.total_verdict[g, t].item(),
            effect=float(made.total[g, t]),
            low=float(made.total_low[g, t]),
            high=float(made.total_high[g, t]),
        )
        if name == "eta_squared":
            yield total(reason=str(made.total_reason[g]))
            continue
        yield total(
            reason=str(made.total_reason[g]) or str(made.undecided[g]),
            unresolved=float(made.total[g, TOTALS.index("unresolved_share")]),
        )


def _shortcut(made: Shortcut) -> Iterator[Result]:
    """The gate of reliance; only where all of it is met is anything said to differ."""
    value, low, high = (float(number) for number in made.unsupported)
    yield Result(
        kind="shortcut",
        grouping=made.grouping,
        pair=None,
        subject="unsupported_share",
        view=made.given,
        verdict=GATED[made.word],
        effect=value,
        low=low,
        high=high,
        n=float(made.n) or NAN,
        unit="share of variance",
        margin=LEAST_SHARE,
        alpha=made.alpha,
        mechanism=made.word,
        reason=made.reason,
        unresolved=made.unresolved_part,
    )


def _quality(made: Quality) -> Iterator[Result]:
    """Differences in the quality of explanations, of the metrics that are held to a margin."""
    for c, pair in enumerate(made.contrasts):
        at = [made.parts.index(name) for name in pair]
        for m in np.flatnonzero(made.verdict[c] != ""):
            yield Result(
                kind="quality",
                grouping=made.grouping,
                pair=pair,
                subject=made.metrics[m],
                view="",
                verdict=made.verdict[c, m].item(),
                effect=float(made.difference[c, m]),
                low=float(made.difference_low[c, m]),
                high=float(made.difference_high[c, m]),
                n=float(np.min(made.n[at, m])),
                unit="",
                margin=float(made.margin[m]),
                p=float(made.p[c, m]),
                reason=str(made.difference_reason[c, m]),
            )
