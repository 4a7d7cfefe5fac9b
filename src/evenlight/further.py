"""What stands beside the answers: measures that nobody asked a primary question about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from typing import Protocol

import pandas as pd

from evenlight.measures.agreement import RankAgreement
from evenlight.measures.along import PerformanceAlong
from evenlight.measures.associations import Association
from evenlight.measures.axes_omnibus import AxesOmnibus
from evenlight.measures.comparison import Comparison
from evenlight.measures.coverage import Coverage
from evenlight.measures.decisions import Decisions
from evenlight.measures.global_tests import GlobalTests
from evenlight.measures.intersection import Intersection
from evenlight.measures.leakage import Leakage
from evenlight.measures.lever import Levers
from evenlight.measures.matched import Matched
from evenlight.measures.nested import Hierarchy
from evenlight.measures.omnibus import Omnibus
from evenlight.measures.performance import Performance
from evenlight.measures.shortcuts import Shortcut
from evenlight.measures.tipped import Tipping


class Framed(Protocol):
    """A record that can be told as a table."""

    def to_frame(self) -> pd.DataFrame:
        """One long table."""


@dataclass(frozen=True, slots=True, eq=False)
class Further:
    """Exploratory measures of one audit, each a tuple with one record a grouping or axes.

    `gradients` compare attributions along continuous axes; `raters` hold agreement of raters.
    """

    global_tests: tuple[GlobalTests, ...] = ()
    agreements: tuple[RankAgreement, ...] = ()
    omnibuses: tuple[Omnibus, ...] = ()
    intersections: tuple[Intersection, ...] = ()
    coverages: tuple[Coverage, ...] = ()
    gradients: tuple[Comparison, ...] = ()
    axes_omnibuses: tuple[AxesOmnibus, ...] = ()
    along: tuple[PerformanceAlong, ...] = ()
    decisions: tuple[Decisions, ...] = ()
    tippings: tuple[Tipping, ...] = ()
    matches: tuple[Matched, ...] = ()
    hierarchies: tuple[Hierarchy, ...] = ()
    raters: tuple[Performance, ...] = ()
    shortcuts: tuple[Shortcut, ...] = ()
    levers: tuple[Levers, ...] = ()
    leakages: tuple[Leakage, ...] = ()
    associations: tuple[Association, ...] = ()

    def tables(self) -> Iterator[tuple[str, pd.DataFrame]]:
        """Each kind of measure as one long table, by name."""
        for field in fields(self):
            own: Iterable[Framed] = getattr(self, field.name)
            frames = [record.to_frame() for record in own]
            if frames:
                yield field.name, pd.concat(frames, ignore_index=True)
