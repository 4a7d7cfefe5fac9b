"""What is left of the outcome's gap between groups when every feature has its own slope."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import block_diag

from evenlight.arrays import Bool, Float, Int
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.followed import followed
from evenlight.data.rows import fingerprints
from evenlight.errors import CohortError
from evenlight.measures.observed import observed
from evenlight.measures.own_slopes import Chosen, chosen, own_values
from evenlight.measures.prepare import Setting, setting
from evenlight.measures.reliance import Reliance
from evenlight.measures.shortcut_evidence import GONE, Z95, Compared
from evenlight.measures.structure import Structure, unit_axes, unit_families
from evenlight.measures.supported import HALF_CLAIM, link_of
from evenlight.small_groups import least_shown
from evenlight.stats.hazards import Followed, hazard_remainder
from evenlight.stats.remainder import PER_COLUMN, Remainder, remainder


@dataclass(frozen=True, slots=True, eq=False)
class _People:
    """Units of known outcome: y (u,), codes of group, nuisance cell and family (u,), x (u, q).

    `share` (u, r) is what of a unit's mix of strata differs inside its cell.
    `time` (u,) is that of a survival outcome, y then whether the event was seen; else None.
    """

    y: Float
    group: Int
    cell: Int
    family: Int
    x: Float
    share: Float
    binary: bool
    time: Float | None = None


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

    Features (of images: summaries of regions, see `own_slopes`) have slopes of their own, without
    penalty, except those of subjects that are shown to have none. `training` people enter as well,
    where nothing inside the groups is adjusted for that is known of the audited people alone; they
    do not where slopes are of images, whose attributions are known of the audited people alone. A
    time to an event is a proportional hazard, each stratum with its own baseline. Met where the
    lower 95 % limit is above 0, and the slope at least one half: causes that are merely tagged
    leave a little as well.
    """
    asked = chosen(here.cohort, lean, sets)
    both = training is not None and not asked.regions and _known_of_both(adjust)
    people = len(here.unit_group) + (training.n if training is not None and both else 0)
    why = asked.reason
    if not why and people < PER_COLUMN * asked.many:
        why = f"{asked.told} need {PER_COLUMN * asked.many} people for their own slopes"
    if why:
        return Compared(GONE, None, why)
    link = link_of(made, here.cohort)
    parts = [_people(here, made, link, asked, adjust)]
    if training is not None and both:
        parts.append(_trained(training, here, made, link, asked, adjust))
    told = next((part for part in parts if isinstance(part, str)), "")
    if told:
        return Compared(GONE, None, told)
    return _asked(here, made, lean, [p for p in parts if isinstance(p, _People)], adjust)


def _known_of_both(adjust: Structure | None) -> bool:
    """Whether what is adjusted for is known of other people too: nothing, or a named family."""
    if adjust is None:
        return True
    return Structure(axes=adjust.axes).told == "" and isinstance(adjust.families, str | None)


def _people(
    there: Setting, made: Attributions, link: str, asked: Chosen, adjust: Structure | None
) -> _People | str:
    """Units of one cohort with their x, or why the outcome has no slope on them."""
    u = len(there.unit_group)
    seen = _outcome(there, made, link)
    if isinstance(seen, str):
        return seen
    family = unit_families(there, None if adjust is None else Structure(families=adjust.families))
    own = np.arange(u) if family is None else family
    x = own_values(there, asked, made)
    y, time, binary = seen
    strata = there.unit_strata
    return _People(y, there.unit_group, strata.code, own, x, strata.share, binary, time)


def _outcome(
    there: Setting, made: Attributions, link: str
) -> tuple[Float, Float | None, bool] | str:
    """The outcome (u,), its time (u,) if it has one, and whether it is a chance; or why not."""
    if there.cohort.outcome_kind == "survival":
        return _timed(there)
    u = len(there.unit_group)
    nobody, everyone = np.zeros(u), np.zeros(u, dtype=np.int64)
    seen = observed(there, nobody, everyone, link=link, target=made.target)
    if seen.reason:
        return seen.reason
    if seen.chance and link not in ("logit", "softmax", "identity"):
        return f"an event has no slope between groups on a model under the link {link}"
    return seen.y, None, seen.chance and link != "identity"


def _timed(there: Setting) -> tuple[Float, Float | None, bool] | str:
    """Whether units had the event (u,), and when (u,)."""
    each = np.column_stack(followed(there.cohort))
    own = there.per_unit(each)
    apart = np.abs(each[there.kept] - own[there.unit])
    if (apart > 1e-9 * np.abs(own[there.unit])).any():
        return "rows of one person differ in time or event; the remainder takes one of each"
    return own[:, 1], own[:, 0], True


def _trained(
    training: Cohort, here: Setting, made: Attributions, link: str, asked: Chosen,
    adjust: Structure | None,
) -> _People | str:  # fmt: skip
    """Training people, with the audited people's codes of groups, and cells of their own."""
    _alike(training, here.cohort)
    there = setting(training, here.groups.name)
    found = _people(there, made, link, asked, adjust)
    if isinstance(found, str):
        return found
    level = {name: code for code, name in enumerate(here.groups.levels)}
    codes = np.array([*(level.get(name, -1) for name in there.groups.levels), -1])
    return replace(found, group=codes[found.group])


def _alike(training: Cohort, cohort: Cohort) -> None:
    """Raise CohortError unless these are other people with the same features and outcome."""
    if training.features.names != cohort.features.names:
        raise CohortError(
            f"the training cohort has {len(training.features)} features, the audited one "
            f"{len(cohort.features)}, or in another order; build both from the same columns"
        )
    if training.outcome_kind != cohort.outcome_kind:
        raise CohortError(
            f"the training cohort's outcome is {training.outcome_kind or 'missing'}, the audited "
            f"one's {cohort.outcome_kind or 'missing'}; declare the same outcome= for both"
        )
    audited = {row.tobytes() for row in fingerprints(cohort.x, cohort.rows)}
    shared = sum(row.tobytes() in audited for row in fingerprints(training.x, training.rows))
    if shared:
        raise CohortError(
            f"{shared} of {training.n} training rows are audited rows, which would count twice; "
            "pass people who are not audited"
        )


def _asked(
    here: Setting, made: Attributions, lean: Reliance, parts: list[_People],
    adjust: Structure | None,
) -> Compared:  # fmt: skip
    """The slope in the people of all parts, in groups that are large enough among the audited."""
    large = np.append(here.sizes >= least_shown(), False)
    group, y = (np.concatenate([getattr(p, name) for p in parts]) for name in ("group", "y"))
    known = large[group] & np.isfinite(y)
    if not known.any():
        return Compared(GONE, None, f"no people of a group of {least_shown()} have an outcome")
    held = _filled(np.vstack([p.x for p in parts]))
    axes = unit_axes(here, adjust)
    if axes is not None:  # then the audited people are the only part
        own = [axes * (group == g)[:, None] for g in np.flatnonzero(large)]
        held = np.column_stack([held, *own])
    present, codes = np.unique(group[known], return_inverse=True)
    claim = _claim(here, made, lean)[present]
    found = _remainder(parts, codes, held, known, claim)
    if found.reason:
        return Compared(GONE, None, found.reason)
    limits = found.slope + Z95 * found.se * np.array([0.0, -1.0, 1.0])
    return Compared(limits, bool(limits[1] > 0 and limits[0] >= HALF_CLAIM), "")


def _remainder(
    parts: list[_People], group: Int, held: Float, known: Bool, claim: Float
) -> Remainder:
    """What is left in the known people of all parts (u,), `group` being theirs alone."""
    family = np.unique(_apart([p.family for p in parts])[known], return_inverse=True)[1]
    cell, y = _apart([p.cell for p in parts]), np.concatenate([p.y for p in parts])[known]
    held = np.column_stack([held, block_diag(*(p.share for p in parts))])
    time = [p.time for p in parts if p.time is not None]
    if time:
        seen = Followed(np.concatenate(time)[known], y, cell[known])
        return hazard_remainder(seen, group, held[known], claim=claim, family=family)
    hot = (cell[:, None] == np.unique(cell)[None, 1:]).astype(np.float64)
    wide = np.column_stack([held, hot])[known]
    return remainder(y, group, wide, claim=claim, binary=parts[0].binary, family=family)


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


def _apart(codes: list[Int]) -> Int:
    """Codes of several parts, none of which is shared between them."""
    out: list[Int] = []
    for part in codes:
        start = max((int(one.max()) for one in out), default=-1) + 1
        out.append(part - int(part.min()) + start)
    return np.concatenate(out)
