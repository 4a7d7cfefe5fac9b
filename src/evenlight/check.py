"""Before any compute: whether plan and data are right, and what can be asked at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.doubts import coverage
from evenlight.load import load_cohort, load_model
from evenlight.measures.arms import arms_of
from evenlight.measures.people import compose
from evenlight.measures.prepare import population, setting
from evenlight.models.probe import prepare
from evenlight.plan import Plan


def check(path: str | Path, *, trust: str | None = None) -> Iterator[str]:
    """Lines that say what a plan asks of whom, and which contrasts can be asked here.

    The model is loaded and probed. Raises InputError where plan, data or model are wrong, Refused
    where a file would have to be trusted and is not.
    """
    path = Path(path)
    plan = Plan.from_toml(path)
    cohort = load_cohort(plan, path.parent)
    chosen = plan.completed(cohort)
    model = prepare(load_model(plan, path.parent, trust=trust), cohort, target=plan.model.target)
    yield f"plan     {chosen.digest}"
    yield f"model    {model.adapted.name}, target {model.target}"
    yield f"cohort   {cohort.n} rows, {cohort.u} units, {len(cohort.features)} features"
    for note in cohort.notes:
        yield f"note     {note}"
    known = coverage(cohort)
    for groups in cohort.groups:
        share = known[groups.name]
        yield f"groups   {groups.name}: {_sizes(cohort, groups)}; known for {share:.0%}"
        yield from _contrasts(cohort, groups)
    for question in chosen.question:
        blocks = ", blocks" if question.blocks else ""
        yield f"question {question.measure} by {question.grouping}{blocks}"


def _sizes(cohort: Cohort, groups: Groups) -> str:
    made = compose(cohort, by=groups)
    counts = zip(made.parts, made.count, made.reason, strict=True)
    return ", ".join(f"{name} {why or format(int(n), ',')}" for name, n, why in counts)


def _contrasts(cohort: Cohort, groups: Groups) -> Iterator[str]:
    """For each contrast within strata: for whom it speaks, or why it cannot be asked."""
    here = setting(cohort, groups)
    values = np.zeros((cohort.n, 1))
    for arms in arms_of(here, "nothing", values, draws=0, rng=np.random.default_rng(0)):
        told = arms.reason and f"cannot be asked here: {arms.reason}"
        told = told or population(arms.total, arms.left, len(arms.plan.weight), arms.names)
        yield f"contrast {' against '.join(arms.names)}: {told or 'can be asked'}"
