"""What is looked at before an audit computes, and entered: plan, roles, regions, the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from string import hexdigits

import numpy as np

from evenlight.clock import date
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.shown import short
from evenlight.errors import InputError, PlanError
from evenlight.ledger import enter
from evenlight.measures.nuisance import nuisance
from evenlight.measures.prepare import setting
from evenlight.measures.suspects import suspects
from evenlight.measures.weighing import sampling_weights
from evenlight.plan import Plan
from evenlight.record import CHANGED

DIGITS = 64
"""How long the digest of a plan is, in hexadecimal."""


def fixed(plan: Plan, digest: str | None) -> None:
    """Raise PlanError where the plan is not the one whose digest was fixed in advance."""
    if digest is not None and not (len(digest) == DIGITS and set(digest) <= set(hexdigits)):
        raise PlanError(
            f"{short(digest)!r} is no digest of a plan, which has {DIGITS} digits and letters a to "
            "f; `evenlight check` prints it"
        )
    if digest is not None and digest != plan.digest:
        raise PlanError(
            f"the plan's digest is {plan.digest[:12]}, but {digest[:12]} was fixed in advance; "
            "the plan has changed since"
        )


def comparable(cohort: Cohort) -> None:
    """What every comparison will need of the cohort, so that it is not found out after hours."""
    for groups in cohort.groups:
        here = setting(cohort, groups)
        sampling_weights(here)
        nuisance(here, "nothing")


def entered(ledger: Path | None, plan: Plan, model: str, cohort: Cohort) -> tuple[str, ...]:
    """The run enters the ledger; a sentence if this model and cohort had another plan before."""
    if ledger is None:
        return ()
    earlier = enter(ledger, plan=plan.digest, model=model, cohort=cohort.digest, date=date())
    if not earlier:
        return ()
    return (
        f"{CHANGED} {len(earlier)} other plan(s) for this model and cohort "
        f"({', '.join(d[:12] for d in earlier[:3])}): the plan was changed after an earlier run.",
    )


def check_regions(cohort: Cohort, sets: FeatureSets | None) -> None:
    """Raise InputError for images without regions, or with other ones."""
    shape = tuple(cohort.x.shape[1:])
    if len(shape) == 1 or (sets is not None and sets.fits(cohort.features.names, shape)):
        return
    told = "no regions" if sets is None else f"sets of {len(sets.features)} other features"
    raise InputError(
        f"x has rows of shape {shape} and there are {told}; images are audited by region: pass "
        f"sets=FeatureSets.from_label_map(labels, shape={shape}), or name [regions] in the plan"
    )


def suspected(made: Attributions, cohort: Cohort, seed: int) -> Iterator[str]:
    """Undeclared columns that look like units or confounders."""
    for i, groups in enumerate(cohort.groups):
        rng = np.random.default_rng([seed, i, 4])
        for suspect in suspects(made, cohort, by=groups, rng=rng):
            yield suspect.told
