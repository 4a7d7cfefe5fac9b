"""What places of images add, by every grouping: maps, shares of regions, and which of them tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any, TypeVar

import numpy as np

from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.digits import count
from evenlight.data.feature_sets import FeatureSets
from evenlight.data.groups import Groups
from evenlight.data.space import Space
from evenlight.errors import AttributionError
from evenlight.explainers.image_baselines import is_images
from evenlight.measured.given import Aside, Explained, Progress
from evenlight.measured.rules import map_testing
from evenlight.measures.artefacts import artefacts
from evenlight.measures.associate import associate
from evenlight.measures.associations import Association
from evenlight.measures.compare_maps import compare_maps
from evenlight.measures.mapped import MapComparison
from evenlight.measures.mean_image import MeanImage, mean_image
from evenlight.measures.regions_telling import RegionsTelling, regions_telling
from evenlight.measures.regions_within import regions_within
from evenlight.measures.set_shares import SetShares, set_shares
from evenlight.measures.testing import Testing
from evenlight.measures.tried import tried
from evenlight.models.probe import Prepared
from evenlight.plan import Plan

Found = TypeVar("Found")

STREAM = 10_000
"""Where the streams of the seed begin that are drawn here."""

MOST = 50_000
"""Positions of a map that is compared without being asked for."""

LARGEST = 2**27
"""Numbers of all maps together, of which shares of regions are made (1 GB of float64)."""


@dataclass(frozen=True, slots=True)
class Looked:
    """Records as in `Further`, and sentences on what could not be had."""

    maps: tuple[MapComparison, ...] = ()
    shares: tuple[SetShares, ...] = ()
    telling: tuple[RegionsTelling, ...] = ()
    images: tuple[MeanImage, ...] = ()
    within: tuple[RegionsTelling, ...] = ()
    artefacts: tuple[Association, ...] = ()
    notes: tuple[str, ...] = ()


def looked(explained: Explained, cohort: Cohort, plan: Plan, aside: Aside, say: Progress) -> Looked:
    """What is asked of images: shares and signs of a shortcut by region, and maps by position."""
    maps, sets = explained.maps, aside.sets
    if maps is None or sets is None:
        return Looked()
    notes: list[str] = []
    shares, telling = list[SetShares](), list[RegionsTelling]()
    if plan.measure.further:
        say("looking at regions")
        for i, groups in enumerate(cohort.groups):
            by = groups.name
            words = f"Shares of regions by {by} could not be measured"
            shares += _one(tried(words, notes, partial(_shares, maps, cohort, sets, by=groups)))
            words = f"Which regions tell {by} could not be measured"
            ask = partial(_telling, explained.made, cohort, plan, sets, i)
            telling += _one(tried(words, notes, ask, groups=groups))
    detected = _detected(cohort, plan, say, notes)
    within = list[RegionsTelling]()
    for i, name in enumerate(plan.regions.within):
        say(f"looking inside people by {name}")
        words = f"Which regions tell {name} inside people could not be measured"
        within += _one(tried(words, notes, partial(_within, explained.made, cohort, plan, sets, i)))
    compared = _compared(maps, cohort, plan, sets, say, notes)
    images = list[MeanImage]()
    if compared:
        images = _one(tried("The mean image is not shown", notes, mean_image, cohort=cohort))
    return Looked(
        tuple(compared), tuple(shares), tuple(telling), tuple(images), tuple(within),
        tuple(detected), tuple(notes),
    )  # fmt: skip


def _detected(cohort: Cohort, plan: Plan, say: Progress, notes: list[str]) -> list[Association]:
    """What detectors of marks, borders and grey values tell of each grouping."""
    if not plan.measure.further or not is_images(cohort):
        return []
    say("looking beside the body")
    words = "What lies in images beside the body could not be looked for"
    made = tried(words, notes, artefacts, cohort=cohort)
    if made is None:
        return []
    beside, found = made.as_cohort(cohort), list[Association]()
    for i, groups in enumerate(cohort.groups):
        rng = np.random.default_rng([plan.explain.seed, STREAM, i, 3])
        words = f"Whether what lies beside the body tells {groups.name} could not be asked"
        ask = partial(associate, beside, by=groups.name, rng=rng)
        found += _one(tried(words, notes, ask))
    notes += [note for one in found for note in marks_told(one, plan.policy.alpha)]
    return found


MARKS = {
    "stamp": "narrow and bright in a corner",
    "dark stamp": "narrow and dark in a corner",
    "writing": "narrow strokes along the frame",
}
"""The detectors that letters and lead markers set off, and what they see."""


def marks_told(made: Association, alpha: float) -> list[str]:
    """A sentence where detectors of burned-in marks tell the group, in the strictest condition."""
    asked = np.flatnonzero(np.isfinite(made.p_maxt).any(axis=1))
    if not len(asked):
        return []
    i = int(asked[-1])
    seen = [
        f"{name} ({MARKS[name]})"
        for name, p in zip(made.subjects, made.p_maxt[i].tolist(), strict=True)
        if name in MARKS and p <= alpha
    ]
    among = "" if made.given[i] == "nothing" else f" among people with the same {made.given[i]}"
    return [
        f"Detectors of burned-in marks tell {made.grouping}{among}: {', '.join(seen)}. Look at the "
        "images: letters, lead markers or blacked-out names may stand there."
    ] if seen else []  # fmt: skip


def _shares(maps: Attributions, cohort: Cohort, sets: FeatureSets, *, by: Groups) -> SetShares:
    if prod(maps.values.shape) > LARGEST:
        raise AttributionError(f"{count(prod(maps.values.shape))} numbers are too many at once")
    return set_shares(maps, cohort, sets, by=by)


def _within(
    made: Attributions, cohort: Cohort, plan: Plan, sets: FeatureSets, i: int
) -> RegionsTelling:
    rng = np.random.default_rng([plan.explain.seed, STREAM, i, 2])
    by, testing = plan.regions.within[i], Testing(alpha=plan.policy.alpha)
    return regions_within(made, cohort, by=by, sets=sets, testing=testing, rng=rng)


def _telling(
    made: Attributions, cohort: Cohort, plan: Plan, sets: FeatureSets, i: int, *, groups: Groups
) -> RegionsTelling:
    testing = Testing(margin=plan.policy.margins.reliance, alpha=plan.policy.alpha)
    rng = np.random.default_rng([plan.explain.seed, STREAM, i])
    return regions_telling(made, cohort, by=groups, sets=sets, testing=testing, rng=rng)


def _compared(
    maps: Attributions,
    cohort: Cohort,
    plan: Plan,
    sets: FeatureSets,
    say: Progress,
    notes: list[str],
) -> list[MapComparison]:
    """Maps given nothing and given the outcome, by the groupings for which they are asked."""
    space = cohort.features.space
    why, named = _unasked(plan, space), _questioned(plan)
    notes += [why] if why else []
    if space is None or not space.shared or (why and not named):
        return []
    say("comparing maps")
    found: list[MapComparison] = []
    for i, groups in enumerate(cohort.groups):
        if why and groups.name not in named:
            continue
        rng = np.random.default_rng([plan.explain.seed, STREAM, i, 1])
        ask = partial(
            compare_maps, maps, cohort, by=groups, regions=sets,
            mask=_inside(sets, space, plan.maps.without), testing=map_testing(plan, groups.name),
            rng=rng,
        )  # fmt: skip
        words = f"Maps by {groups.name} could not be compared"
        found += [_kept(made, plan.maps.views) for made in _one(tried(words, notes, ask))]
    return found


def _questioned(plan: Plan) -> set[str]:
    """The groupings of which a primary question asks for maps."""
    return {question.grouping for question in plan.question if question.measure == "map"}


def with_slopes(prepared: Prepared, cohort: Cohort, plan: Plan) -> dict[str, Any]:
    """The option by which an explainer keeps slopes beside attributions, for maps of them.

    {} but of integrated gradients, where positions are compared and all of x could be held at once.
    """
    asked, adapted = plan.explain.method, prepared.adapted
    own = asked == "ig" or (asked == "auto" and adapted.module is not None and not adapted.codes)
    compared = not _unasked(plan, cohort.features.space) and cohort.features.space is not None
    wanted = compared and "sensitivity" in plan.maps.views and cohort.x.ndim > 2
    fits = adapted.weights is None and prod(cohort.x.shape) <= LARGEST
    return {"sensitivity": True} if own and wanted and fits else {}


def _unasked(plan: Plan, space: Space | None) -> str:
    """Why maps are not compared, "" if they are."""
    asked = plan.maps.compare
    if asked is False or (asked is None and not plan.measure.further):
        return "Maps were not compared position by position: the plan does not ask for it."
    if space is None or not space.shared:
        return (
            "Maps were not compared position by position: positions do not mean the same place in "
            "every row; regions were."
        )
    many = prod(space.shape)
    if asked is None and many > MOST:
        return (
            f"Maps of {count(many)} positions were not compared position by position, which takes "
            "long and fills the record; [maps] compare = true asks for it."
        )
    return ""


def _inside(sets: FeatureSets, space: Space, without: Sequence[str]) -> np.ndarray | None:
    """1 (*s) at the positions of all other regions; None where none is left out."""
    if not without:
        return None
    left = [sets.names.index(name) for name in without]
    owner = sets.owners().reshape(-1, *space.shape)[0]
    return (~np.isin(owner, left)).astype(np.int64)


def _kept(made: MapComparison, names: Sequence[str]) -> MapComparison:
    """The views that the plan keeps; attributions where the explainer has none of them."""
    own = [v for v, view in enumerate(made.views) if view.name in names]
    return made.only(*(own or [v for v, view in enumerate(made.views) if view.name == "signed"]))


def _one(made: Found | None) -> list[Found]:
    return [] if made is None else [made]
