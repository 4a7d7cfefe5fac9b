"""Sets that a caller gives: that they are sets, and of this cohort's features."""

from __future__ import annotations

from math import prod

from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.name_diff import hints
from evenlight.errors import FeatureError, InputError


def given_sets(sets: object) -> FeatureSets:
    """The sets, if they are sets.

    >>> given_sets({"markers": ["rs1", "rs2"]})
    Traceback (most recent call last):
    evenlight.errors.InputError: sets is a dict; wanted FeatureSets, as \
FeatureSets.from_lists({name: [features]}, cohort.features.names)
    """
    if not isinstance(sets, FeatureSets):
        raise InputError(
            f"sets is a {type(sets).__name__}; wanted FeatureSets, as "
            "FeatureSets.from_lists({name: [features]}, cohort.features.names)"
        )
    return sets


def sets_of(sets: object, cohort: Cohort) -> FeatureSets:
    """The same, if they are of the cohort's features, or of its variables.

    Raises FeatureError for sets of others.
    """
    made, features = given_sets(sets), cohort.features
    names = features.variables().names
    if made.fits(features.names, tuple(cohort.x.shape[1:])) or made.fits(names, (len(names),)):
        return made
    known = {*features.names, *names}
    table = cohort.x.ndim == 2 and isinstance(made.features, tuple)
    strange = [name for name in made.features if name not in known] if table else []
    other = f"; {len(strange)} are unknown to it, first {strange[:3]}" if strange else ""
    other += "".join(f"; {why}" for why in hints(strange, names)) if strange else ""
    raise FeatureError(
        f"the sets are of {len(made.features)} features that are not the "
        f"{prod(cohort.x.shape[1:])} of the cohort, in its order{other}; make them with "
        "FeatureSets.from_lists(..., cohort.features.names)"
    )
