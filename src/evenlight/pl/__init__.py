"""Figures in one call, the scverse way: `ev.pl.volcano(adata)`, after `ev.tl.compare(adata, ...)`.

The first argument is an AnnData with results of `ev.tl` (under `key`), or a record that a verb of
`ev` returned. Every verb draws with matplotlib on `ax`, or on a new figure of pyplot; `show=False`
returns the Axes, otherwise the figure is shown, as scanpy does; `save=` names a file. Groups have
the colours of `adata.uns["{groupby}_colors"]` where it has any, and a mark each.

Single people show only where `individuals=True` is said, in `beeswarm`, `person`, `embedding`,
`dependence` and `maps`, with a watermark: for a notebook that stays with their data, and no report
ever holds them. Without it, what is drawn are bins of as many people as may be told of.
"""

from evenlight.pl.along import locus
from evenlight.pl.local import local_ancestry
from evenlight.pl.maps import maps
from evenlight.pl.people import beeswarm, dependence, embedding, person
from evenlight.pl.records import ranking, reliance, volcano

__all__ = [
    "beeswarm",
    "dependence",
    "embedding",
    "local_ancestry",
    "locus",
    "maps",
    "person",
    "ranking",
    "reliance",
    "volcano",
]
