"""What stands beside the answers: measures that nobody asked a primary question about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Protocol, TypeVar

import pandas as pd

from evenlight.data.searched import Worst
from evenlight.measures.agreement import RankAgreement
from evenlight.measures.along import PerformanceAlong
from evenlight.measures.associations import Association
from evenlight.measures.axes_omnibus import AxesOmnibus
from evenlight.measures.comparison import Comparison
from evenlight.measures.coverage import Coverage
from evenlight.measures.decisions import Decisions
from evenlight.measures.demographic import Demographics
from evenlight.measures.encoded import EncodedUsed
from evenlight.measures.fragile import Fragility
from evenlight.measures.global_tests import GlobalTests
from evenlight.measures.intersection import Intersection
from evenlight.measures.leakage import Leakage
from evenlight.measures.lever import Levers
from evenlight.measures.local_comparison import LocalComparison
from evenlight.measures.mapped import MapComparison
from evenlight.measures.matched import Matched
from evenlight.measures.mean_image import MeanImage
from evenlight.measures.nested import Hierarchy
from evenlight.measures.omnibus import Omnibus
from evenlight.measures.performance import Performance
from evenlight.measures.proxied import Proxied
from evenlight.measures.regions_telling import RegionsTelling
from evenlight.measures.reliance import Reliance
from evenlight.measures.set_shares import SetShares
from evenlight.measures.shortcuts import Shortcut
from evenlight.measures.slices import Slices
from evenlight.measures.specification import Specification
from evenlight.measures.tipped import Tipping
from evenlight.measures.uncertainty import Uncertainty

Record = TypeVar("Record")


class Framed(Protocol):
    """A record that can be told as a table."""

    def to_frame(self) -> pd.DataFrame:
        """One long table."""


@dataclass(frozen=True, slots=True, eq=False)
class Further:
    """Exploratory measures of one audit, each a tuple with one record a grouping or axes.

    `gradients` compare attributions along continuous axes; `raters` hold agreement of raters;
    `encoded` says what layers hold of a grouping, `slices` where performance is worst (one record
    a way of being wrong), `proxies` what is found of clusters (one record a representation);
    `holds` the answers under other choices, `fragilities` and `worsts` what perturbations do,
    `uncertainties` whether sets hold what they promise, `demographics` what is reported of the
    people, against a declared target and training; `by_local_ancestry` compares attributions by
    the copies of an ancestry at their own place, `set_shares` tells the parts of all importance.
    Of images, `maps` compares positions, `region_shares` tells the part of all |attribution| in
    each region, `region_telling` which of them tell the group, `region_within` which tell what
    changes from image to image of a person, `artefacts` what detectors of marks, borders and grey
    values tell of a group, and `images` holds their mean.
    None holds a person's own value or row.
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
    set_reliances: tuple[Reliance, ...] = ()
    shortcuts: tuple[Shortcut, ...] = ()
    levers: tuple[Levers, ...] = ()
    leakages: tuple[Leakage, ...] = ()
    associations: tuple[Association, ...] = ()
    encoded: tuple[EncodedUsed, ...] = ()
    slices: tuple[Slices, ...] = ()
    proxies: tuple[Proxied, ...] = ()
    holds: tuple[Specification, ...] = ()
    fragilities: tuple[Fragility, ...] = ()
    worsts: tuple[Worst, ...] = ()
    uncertainties: tuple[Uncertainty, ...] = ()
    demographics: tuple[Demographics, ...] = ()
    by_local_ancestry: tuple[LocalComparison, ...] = ()
    set_shares: tuple[SetShares, ...] = ()
    maps: tuple[MapComparison, ...] = ()
    region_shares: tuple[SetShares, ...] = ()
    region_telling: tuple[RegionsTelling, ...] = ()
    images: tuple[MeanImage, ...] = ()
    region_within: tuple[RegionsTelling, ...] = ()
    artefacts: tuple[Association, ...] = ()

    def tables(self) -> Iterator[tuple[str, pd.DataFrame]]:
        """Each kind of measure as one long table, by name."""
        for field in fields(self):
            own: Iterable[Framed] = getattr(self, field.name)
            frames = [_frame(record) for record in own]
            if frames:
                yield field.name, pd.concat(frames, ignore_index=True)
        yield from _joined("lever_closings", self.levers, _closings)
        yield from _joined("lever_signals", self.levers, _signals)
        yield from _joined("proxy_verdicts", self.proxies, Proxied.verdicts_frame)
        drifts = [made for made in self.associations if made.drift is not None]
        yield from _joined("drifts", drifts, Association.drift_frame)
        apart, doses = Fragility.differences_frame, Fragility.doses_frame
        yield from _joined("fragility_differences", self.fragilities, apart)
        yield from _joined("fragility_doses", self.fragilities, doses)
        sizes, held = Uncertainty.differences_frame, Uncertainty.held_frame
        yield from _joined("uncertainty_differences", self.uncertainties, sizes)
        yield from _joined("coverage_held", self.uncertainties, held)
        yield from _joined("demographic_fields", self.demographics, Demographics.fields_frame)
        carriers = LocalComparison.carriers
        yield from _joined("local_ancestry_carriers", self.by_local_ancestry, carriers)


def _frame(record: Framed) -> pd.DataFrame:
    """The table of a record; of slices with what they are worst by."""
    made = record.to_frame()
    if isinstance(record, Slices):
        made.insert(0, "of", record.of)
        return made.assign(searched=record.searched)
    return made


def _joined(
    name: str, records: Sequence[Record], frame: Callable[[Record], pd.DataFrame]
) -> Iterator[tuple[str, pd.DataFrame]]:
    """A further table of the same records, where there are any."""
    if records:
        yield name, pd.concat([frame(record) for record in records], ignore_index=True)


def _closings(record: Levers) -> pd.DataFrame:
    """The gap before and after each intervention, and the share of it that goes."""
    made = record.closing.to_frame()
    made.insert(0, "grouping", record.grouping)
    return made.assign(given=record.given, alpha=record.alpha)


def _signals(record: Levers) -> pd.DataFrame:
    """What each set tells within groups."""
    made = record.signal.to_frame()
    made.insert(0, "grouping", record.grouping)
    return made.assign(alpha=record.alpha)
