"""What calls the model again: the same change for everyone, a recorded group set otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.probed import Contrasts
from evenlight.data.tile_bags import TILE
from evenlight.errors import FeatureError
from evenlight.measured.given import Explained, Outputs
from evenlight.measures.comparison import Comparison
from evenlight.measures.dependence import Dependence
from evenlight.measures.people import depend, flips, sensitivities
from evenlight.measures.prepare import as_variables, is_direct
from evenlight.measures.sensitivity import Flip, Sensitivity
from evenlight.models.probe import Prepared
from evenlight.plan import Plan
from evenlight.policy import Policy
from evenlight.probes.common_regions import common_regions
from evenlight.probes.contrasts import contrasts, movable
from evenlight.probes.flip import flip

MOST_CONTRASTS = 2_000
"""Subjects that get a common contrast; beyond it, those with the largest attributions."""

MOST_REGIONS = 50
"""Regions of images that get one; beyond it, those with the largest attributions."""

MOST_DEPENDENCES = 6
"""Subjects whose dependence on their own value is drawn for the first grouping; half for others."""


@dataclass(frozen=True, slots=True)
class Moved:
    """Records of what calls the model again, each a tuple over groupings."""

    dependences: tuple[Dependence, ...]
    sensitivities: tuple[Sensitivity, ...]
    flips: tuple[Flip, ...]


def moved(
    prepared: Prepared,
    explained: Explained,
    outputs: Outputs,
    cohort: Cohort,
    plan: Plan,
    compared: Sequence[Comparison],
) -> Moved:
    """Dependence on own values, the same change for everyone, and recorded groups set otherwise."""
    made, unit = explained.made, prepared.adapted.unit
    sensed = (
        sensitivities(outputs.moved, cohort, by=groups, unit=unit)
        for groups in cohort.groups
        if outputs.moved is not None
    )
    flipped = (_flips(prepared, cohort, groups.name, plan.policy) for groups in cohort.groups)
    return Moved(
        drawn(made, cohort, compared), tuple(sensed), tuple(f for own in flipped for f in own)
    )


def drawn(
    made: Attributions, cohort: Cohort, compared: Sequence[Comparison]
) -> tuple[Dependence, ...]:
    """Dependence on own values of the subjects that are drawn, by each grouping."""
    most = [MOST_DEPENDENCES if i == 0 else MOST_DEPENDENCES // 2 for i in range(len(compared))]
    each = (_dependences(made, cohort, c, m) for c, m in zip(compared, most, strict=True))
    return tuple(d for own in each for d in own)


def common_contrasts(
    prepared: Prepared, made: Attributions, cohort: Cohort, sets: FeatureSets | None
) -> tuple[Contrasts | None, str]:
    """Common contrasts on the margin, of the columns of a table or of the regions of images.

    None where there are none, and then why.
    """
    if made.scale != "margin":
        return None, ""
    if cohort.x.ndim == 2:
        return _of_columns(prepared, made, cohort), ""
    if why := _immovable(made, cohort, sets):
        return None, why
    assert sets is not None
    names = _largest(sets.names, made, MOST_REGIONS)
    try:
        found = common_regions(prepared, cohort, sets, made, subjects=names, target=prepared.column)
    except FeatureError as error:
        return None, str(error)
    return found, ""


def _of_columns(prepared: Prepared, made: Attributions, cohort: Cohort) -> Contrasts | None:
    names = movable(cohort)
    if not names:
        return None
    names = _largest(names, as_variables(made, cohort)[0], MOST_CONTRASTS)
    return contrasts(prepared, cohort, target=prepared.column, subjects=names)


def _immovable(made: Attributions, cohort: Cohort, sets: FeatureSets | None) -> str:
    """Why the same content cannot be put into everyone, "" where it can."""
    if sets is None or made.values.ndim != 2:
        return "there are no regions whose content could be the same in everyone"
    if cohort.features.names[-1] == TILE:
        return "a place in a bag is another tile in everyone, so none can be put into all alike"
    if cohort.gaps:
        return "values are missing (NaN), and the same content in everyone would fill them in some"
    return ""


def _largest(names: tuple[str, ...], made: Attributions, most: int) -> tuple[str, ...]:
    """Of many subjects those with the largest attributions, in their order."""
    if len(names) <= most:
        return names
    size = np.abs(made.values).mean(axis=0)[[made.features.place[name] for name in names]]
    return tuple(names[j] for j in np.sort(np.argsort(-size, kind="stable")[:most]))


def unmoved(cohort: Cohort) -> tuple[str, ...]:
    """A note on the variables that have no common contrast, since values are missing in them."""
    if not cohort.gaps or cohort.x.ndim != 2:
        return ()
    every, free = cohort.features.variables().names, movable(cohort)
    left = [name for name in every if name not in set(free)]
    told = ", ".join(left[:5]) + (f" and {len(left) - 5} more" if len(left) > 5 else "")
    rest = f"is of the other {len(free)} features" if free else "is not asked"
    return (
        f"Values are missing (NaN) in {told}: a gap moved to a number is not the same change for "
        f"everyone, so whether the same change of each feature moves the output alike {rest}.",
    )


def _dependences(
    made: Attributions, cohort: Cohort, comparison: Comparison, most: int
) -> list[Dependence]:
    """The subjects that differ most, then those that matter most."""
    grouped, _ = as_variables(made, cohort)
    apart = np.abs(np.nan_to_num(comparison.effect[comparison.view("signed", scale=made.scale)]))
    size = np.abs(grouped.values.reshape(grouped.n, -1)).mean(axis=0)
    order = np.lexsort((-size, -apart.max(axis=0)))[:most]
    names = [comparison.subjects[j] for j in order]
    return [depend(grouped, cohort, by=comparison.grouping, subject=name) for name in names]


def _flips(prepared: Prepared, cohort: Cohort, grouping: str, policy: Policy) -> list[Flip]:
    """The recorded attribute set to each of its states, where the model has it as an input."""
    groups = cohort.grouping(grouping)
    if cohort.x.ndim != 2:
        return []
    coded = [i.variable for i in cohort.features.indicators]
    names = [v for v in coded if is_direct(cohort, v, groups)]
    unit = prepared.adapted.unit
    return [
        flips(
            flip(prepared, cohort, name, target=prepared.column),
            cohort,
            unit=unit,
            threshold=policy.threshold,
        )
        for name in names
    ]
