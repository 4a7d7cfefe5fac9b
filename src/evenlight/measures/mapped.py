"""The record of maps compared between groups, position by position in a shared space."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from evenlight.arrays import Bool, Float, Int, Text
from evenlight.data.space import Space
from evenlight.errors import UnknownName
from evenlight.measures.check import contrast_index, explained, shaped, worded
from evenlight.measures.comparison import View
from evenlight.measures.words import VERDICTS


@dataclass(frozen=True, slots=True)
class MapCluster:
    """One cluster of positions that differ together: in which view and contrast, where, how surely.

    `size` positions of `volume` (units of the space to the number of its axes; NaN where their size
    is unknown); `mass` and its p over all clusters of the view; `peak` the position of the largest
    |Z| with its Z, its effect and its p over all positions; `effect` the mean over the cluster.
    `region` holds most of its mass, `share` of it; "" and NaN where no regions were named.
    """

    view: int
    contrast: int
    size: int
    volume: float
    mass: float
    p: float
    peak: tuple[int, ...]
    peak_z: float
    peak_effect: float
    peak_p: float
    effect: float
    region: str = ""
    share: float = float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class MapComparison:
    """Differences of group-mean maps over v views, c contrasts (level, reference), positions *s.

    `effect` and `z` (v, c, *s) are the difference, level minus reference within strata, in units of
    the view, and its statistic on the normal scale, 0 outside `mask` (*s, 1 where it was asked);
    `cluster` (v, c, *s) is the number of each position's cluster in `clusters`, from 1, 0 for none.
    `mean` (m, k, *s) are mean maps of each level over all its units, of the views `means`, in the
    same units. `verdict` (v, c) is *different* where a cluster has p of `alpha` or less; where none
    has, *cannot_tell*: that maps are alike is never said of positions (`compare` says it of
    regions). `found` (v, c) counts all clusters, of which the 40 of largest mass are kept;
    `critical` (v,) is the mass that chance reaches with probability alpha, `critical_peak` the |Z|.

    Numbers have 5 digits. Missing ones have their reason in `reason` (v, c), `level_reason` (k,).
    """

    grouping: str
    source: str
    levels: tuple[str, ...]
    contrasts: tuple[tuple[str, str], ...]
    views: tuple[View, ...]
    target: str
    method: str
    space: Space
    forming: float
    height: float
    alpha: float
    draws: int
    smooth: float
    mask: Int
    means: tuple[str, ...]
    mean: Float
    level_reason: Text
    effect: Float
    z: Float
    cluster: Int
    clusters: tuple[MapCluster, ...]
    found: Int
    critical: Float
    critical_peak: Float
    n: Int
    population: Text
    verdict: Text
    reason: Text

    def __post_init__(self) -> None:
        v, c, k = len(self.views), len(self.contrasts), len(self.levels)
        s = self.space.shape
        shaped(self, s, "mask")
        shaped(self, (len(self.means), k, *s), "mean")
        shaped(self, (v, c, *s), "effect", "z", "cluster")
        shaped(self, (v, c), "found", "population", "verdict", "reason")
        shaped(self, (v, c, 2), "n")
        shaped(self, (v,), "critical", "critical_peak")
        worded(self, "verdict", VERDICTS)
        wide = np.broadcast_to(self.reason.reshape(v, c, *(1,) * len(s)), self.effect.shape)
        explained(self, wide, "effect", "z")
        own = self.level_reason.reshape(1, k, *(1,) * len(s))
        explained(self, np.broadcast_to(own, self.mean.shape), "mean")

    def view(self, name: str, given: str = "nothing") -> int:
        """The index of a view; UnknownName if it was not computed."""
        keys = [(view.name, view.given) for view in self.views]
        if (name, given) not in keys:
            raise UnknownName(f"no view {(name, given)}; known: {keys}")
        return keys.index((name, given))

    def contrast(self, level: str, reference: str) -> int:
        """The index of a contrast; UnknownName if it was not computed."""
        return contrast_index(self.contrasts, level, reference)

    def told(self, view: int = 0, contrast: int = 0) -> tuple[MapCluster, ...]:
        """The clusters of one map with p of `alpha` or less, largest mass first."""
        return tuple(
            one
            for one in self.clusters
            if (one.view, one.contrast) == (view, contrast) and one.p <= self.alpha
        )

    def significant(self, view: int = 0, contrast: int = 0) -> Bool:
        """True (*s) at the positions of these clusters."""
        numbers = [
            i
            for i, one in enumerate(self.clusters, start=1)
            if (one.view, one.contrast) == (view, contrast) and one.p <= self.alpha
        ]
        found: Bool = np.isin(self.cluster[view, contrast], numbers)
        return found

    def only(self, *views: int) -> MapComparison:
        """Some of the views, in the order given: a page holds two, not all.

        Raises UnknownName for a view that there is not.
        """
        if not views or not all(0 <= v < len(self.views) for v in views):
            raise UnknownName(f"no views {views}; there are {len(self.views)}, from 0")
        kept = [(i, one) for i, one in enumerate(self.clusters, 1) if one.view in views]
        number = np.zeros(len(self.clusters) + 1, dtype=np.int64)
        number[[i for i, _ in kept]] = np.arange(1, len(kept) + 1)
        at = list(views)
        names = tuple(n for n in self.means if n in {self.views[v].name for v in views})
        cut = ("effect", "z", "found", "critical", "critical_peak", "n", "population", "verdict")
        return replace(
            self,
            views=tuple(self.views[v] for v in views),
            clusters=tuple(replace(one, view=at.index(one.view)) for _, one in kept),
            cluster=number[self.cluster[at]],
            means=names,
            mean=self.mean[[self.means.index(n) for n in names]],
            reason=self.reason[at],
            **{name: getattr(self, name)[at] for name in cut},
        )

    def to_frame(self) -> pd.DataFrame:
        """One row a cluster: where it is, its mass, and how surely it is no chance."""
        made = [
            {
                "grouping": self.grouping,
                "view": self.views[one.view].name,
                "given": self.views[one.view].given,
                "level": self.contrasts[one.contrast][0],
                "reference": self.contrasts[one.contrast][1],
                "region": one.region,
                "share": one.share,
                "peak": one.peak,
                **{
                    name: getattr(one, name)
                    for name in ("size", "volume", "mass", "p", "effect", "peak_effect")
                },
                "peak_z": one.peak_z,
                "peak_p": one.peak_p,
            }
            for one in self.clusters
        ]
        return pd.DataFrame(made, columns=None if made else list(_COLUMNS))

    def __repr__(self) -> str:
        sides = " x ".join(map(str, self.space.shape))
        told = [
            f"{view.name}|{view.given} {level} - {reference}: "
            + (f"{len(self.told(v, c))} clusters" if not self.reason[v, c] else "not estimable")
            for v, view in enumerate(self.views)
            for c, (level, reference) in enumerate(self.contrasts)
        ]
        more = f", and {len(told) - 4} more" if len(told) > 4 else ""
        return f"MapComparison by {self.grouping} of {sides} positions: {'; '.join(told[:4])}{more}"


_COLUMNS = (
    "grouping", "view", "given", "level", "reference", "region", "share", "peak", "size", "volume",
    "mass", "p", "effect", "peak_effect", "peak_z", "peak_p",
)  # fmt: skip
