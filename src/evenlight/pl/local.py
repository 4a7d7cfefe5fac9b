"""Attributions by local ancestry along the chromosomes. No single person shows."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from evenlight import figures
from evenlight.data.features import Features
from evenlight.errors import FeatureError, InputError
from evenlight.figures.keys import verdict_key
from evenlight.figures.local_ancestry import windows
from evenlight.figures.locus import Places
from evenlight.measures.local_comparison import LocalComparison
from evenlight.pl.along import inside, places_of
from evenlight.pl.given import known
from evenlight.pl.shown import axes, done


def local_ancestry(
    data: LocalComparison,
    region: str | None = None,
    *,
    given: Literal["nothing", "genotype"] = "nothing",
    features: Features | pd.DataFrame | None = None,
    label: int = 6,
    ax: Axes | None = None,
    show: bool | None = None,
    save: str | Path | None = None,
) -> Axes | None:
    """Change of each attribution for one copy more of an ancestry at its own place.

    Parameters
    ----------
    data
        what `ev.by_local_ancestry` returned.
    region
        "22:100-200" or "22"; by default all chromosomes side by side.
    given
        *nothing*, or the own *genotype*: among people of one genotype at the site.
    features
        the table of variants, by name, with `chromosome` and `position`; by default each stands in
        the middle of its window.

    Slopes are in SD of the output, their intervals hold together over all variants, the band is the
    margin. Raises FeatureError where no variant lies in the region.
    """
    if not isinstance(data, LocalComparison):
        raise InputError(
            f"found a {type(data).__name__}; wanted what ev.by_local_ancestry returned"
        )
    view = data.given.index(known(given, data.given, "view of this record"))
    table = features.table if isinstance(features, Features) else features
    if isinstance(features, Features) and table is None:
        raise FeatureError("features= has no table of chromosome and position; leave it out")
    places = windows(data) if table is None else places_of(data.subjects, table)
    made = figures.local_ancestry(
        data, view, places=_part(places, region), label=label, ax=axes(ax, 760, 300)
    )
    verdict_key(made, data.verdict[view], data.margin)
    return done(made, show, save)


def _part(places: Places, region: str | None) -> Places:
    """The places of those in a region; the others are nowhere."""
    if region is None:
        return places
    out = np.ones(len(places.names), dtype=bool)
    out[inside(places, region)] = False
    return Places(
        places.names, np.where(out, "", places.chromosome), np.where(out, np.nan, places.position),
        places.build,
    )  # fmt: skip
