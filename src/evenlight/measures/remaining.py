"""What is left of the outcome's gap between groups when every feature has its own slope."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Float, Int
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.groups import SMALLEST_GROUP
from evenlight.data.rows import fingerprints
from evenlight.errors import CohortError
from evenlight.measures.observed import Observed, observed
from evenlight.measures.prepare import Setting, setting
from evenlight.measures.reliance import Reliance
from evenlight.measures.shortcut_evidence import GONE, Z95, Compared
from evenlight.measures.structure import Structure, unit_axes, unit_families
from evenlight.measures.supported import HALF_CLAIM, link_of
from evenlight.stats.remainder import PER_COLUMN, remainder

LACKING = "not_supported_within_groups"


@dataclass(frozen=True, slots=True, eq=False)
class _People:
    """Units of known outcome: y (u,), codes of group, nuisance cell and family (u,), x (u, q)."""

    y: Float
    group: Int
    cell: Int
    family: Int
    x: Float
    binary: bool


def remaining(
    here: Setting,
    made: Attributions,
    lean: Reliance,
    sets: FeatureSets | None,
    *,
    adjust: Structure | None = None,
    training: Cohort | None = None,
) -> Compared:
    """The slope of what no feature accounts for between groups, on what the unsupported claim.

    Features have slopes of their own, without penalty, except those of subjects that are shown to
    have none. `training` people enter as well, where nothing inside the groups is adjusted for that
    is known of the audited people alone. Met where the lower 95 % limit is above 0, and the slope
    at least one half: causes that are merely tagged leave a little as well.
    """
    chosen, why = _columns(here.cohort, lean, sets)
    both = training is not None and _known_of_both(adjust)
    people = len(here.unit_group) + (training.n if training is not None and both else 0)
    if not why and people < PER_COLUMN * len(chosen):
        why = f"{len(chosen)} features need {PER_COLUMN * len(chosen)} people for their own slopes"
    if why:
        return Compared(GONE, None, why)
    link = link_of(made, here.cohort)
    parts = [_people(here, made, link, chosen, adjust)]
    if training is not None and both:
        parts.append(_trained(training, here, made, link, chosen, adjust))
    told = next((part for part in parts if isinstance(part, str)), "")
    if told:
        return Compared(GONE, None, told)
    return _asked(here, made, lean, [p for p in parts if isinstance(p, _People)], adjust)


def _columns(cohort: Cohort, lean: Reliance, sets: FeatureSets | None) -> tuple[list[int], str]:
    """The columns of x that get slopes of their own, or why there are none."""
    if cohort.x.ndim != 2:
        return [], "images have no columns that could be given slopes of their own"
    own = sets if sets is not None else cohort.features.variables()
    place = cohort.features.place
    if own.names != lean.subjects or not all(str(name) in place for name in own.features):
        return [], "the subjects are no sets of columns of x"
    kept = [s for s, word in zip(lean.subjects, lean.support, strict=True) if word != LACKING]
    return sorted({place[name] for s in kept for name in own.members(s)}), ""


def _known_of_both(adjust: Structure | None) -> bool:
    """Whether what is adjusted for is known of other people too: nothing, or a named family."""
    if adjust is None:
        return True
    return Structure(axes=adjust.axes).told == "" and isinstance(adjust.families, str | None)


def _people(
    there: Setting, made: Attributions, link: str, chosen: list[int], adjust: Structure | None
) -> _People | str:
    """Units of one cohort with their x, or why the outcome has no slope on them."""
    u = len(there.unit_group)
    nobody, everyone = np.zeros(u), np.zeros(u, dtype=np.int64)
    seen = observed(there, nobody, everyone, link=link, target=made.target)
    why = _unfit(seen, link)
    if why:
        return why
    family = unit_families(there, None if adjust is None else Structure(families=adjust.families))
    x = there.per_unit(there.cohort.columns(chosen))
    binary = seen.chance and link != "identity"
    own = np.arange(u) if family is None else family
    return _People(seen.y, there.unit_group, there.unit_stratum, own, x, binary)


def _unfit(seen: Observed, link: str) -> str:
    """Why a gap in this outcome cannot be set beside the margin, "" if it can."""
    if seen.reason or seen.timed:
        return seen.reason or "survival has no slope between groups here"
    if seen.chance and link not in ("logit", "softmax", "identity"):
        return f"an event has no slope between groups on a model under the link {link}"
    return ""


def _trained(
    training: Cohort, here: Setting, made: Attributions, link: str, chosen: list[int],
    adjust: Structure | None,
) -> _People | str:  # fmt: skip
    """Training people, with the audited people's codes of groups, and cells of their own."""
    cohort = here.cohort
    if training.features.names != cohort.features.names:
        raise CohortError(
            f"the training cohort has {len(training.features)} features, the audited one "
            f"{len(cohort.features)}, or in another order; build both from the same columns"
        )
    audited = {row.tobytes() for row in fingerprints(cohort.x, cohort.rows)}
    shared = sum(row.tobytes() in audited for row in fingerprints(training.x, training.rows))
    if shared:
        raise CohortError(
            f"{shared} of {training.n} training rows are audited rows, which would count twice; "
            "pass people who are not audited"
        )
    there = setting(training, here.groups.name)
    found = _people(there, made, link, chosen, adjust)
    if isinstance(found, str):
        return found
    level = {name: code for code, name in enumerate(here.groups.levels)}
    codes = np.array([*(level.get(name, -1) for name in there.groups.levels), -1])
    return _People(found.y, codes[found.group], found.cell, found.family, found.x, found.binary)


def _asked(
    here: Setting, made: Attributions, lean: Reliance, parts: list[_People],
    adjust: Structure | None,
) -> Compared:  # fmt: skip
    """The slope in the people of all parts, in groups that are large enough among the audited."""
    large = np.append(here.sizes >= SMALLEST_GROUP, False)
    group, y = (np.concatenate([getattr(p, name) for p in parts]) for name in ("group", "y"))
    known = large[group] & np.isfinite(y)
    if not known.any():
        return Compared(GONE, None, f"no people of a group of {SMALLEST_GROUP} have an outcome")
    held = np.column_stack([_filled(np.vstack([p.x for p in parts])), _nuisance(parts)])
    axes = unit_axes(here, adjust)
    if axes is not None:  # then the audited people are the only part
        own = [axes * (group == g)[:, None] for g in np.flatnonzero(large)]
        held = np.column_stack([held, *own])
    present, codes = np.unique(group[known], return_inverse=True)
    family = np.unique(_apart([p.family for p in parts])[known], return_inverse=True)[1]
    found = remainder(
        y[known], codes, held[known], claim=_claim(here, made, lean)[present],
        binary=parts[0].binary, family=family,
    )  # fmt: skip
    if found.reason:
        return Compared(GONE, None, found.reason)
    limits = found.slope + Z95 * found.se * np.array([0.0, -1.0, 1.0])
    return Compared(limits, bool(limits[1] > 0 and limits[0] >= HALF_CLAIM), "")


def _claim(here: Setting, made: Attributions, lean: Reliance) -> Float:
    """What the subjects that are not supported add up to in each group (k,), 0 if it is empty."""
    lacking = ~np.char.startswith(lean.support.astype(str), "supported")
    part = here.per_unit(made.values.astype(np.float64))[:, lacking].sum(axis=1)
    known = here.unit_group >= 0
    total = np.bincount(here.unit_group[known], weights=part[known], minlength=len(here.sizes))
    out: Float = total / np.maximum(here.sizes, 1)
    return out


def _filled(x: Float) -> Float:
    """Columns with the mean in place of what is missing, and beside them who misses what."""
    gone = np.isnan(x)
    if not gone.any():
        return x
    count = np.maximum((~gone).sum(axis=0), 1)
    mean = np.where(gone, 0.0, x).sum(axis=0) / count
    return np.column_stack([np.where(gone, mean, x), gone[:, gone.any(axis=0)].astype(float)])


def _nuisance(parts: list[_People]) -> Float:
    """Indicators of the cells of nuisance strata, those of each part apart, all but the first."""
    cell = _apart([p.cell for p in parts])
    hot: Float = (cell[:, None] == np.unique(cell)[None, 1:]).astype(np.float64)
    return hot


def _apart(codes: list[Int]) -> Int:
    """Codes of several parts, none of which is shared between them."""
    out: list[Int] = []
    for part in codes:
        start = max((int(one.max()) for one in out), default=-1) + 1
        out.append(part - int(part.min()) + start)
    return np.concatenate(out)
