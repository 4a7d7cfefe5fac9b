"""What a reader of the audit should know: doubts as sentences, made from the measures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.measures.composition import UNKNOWN
from evenlight.measures.performance import Performance
from evenlight.measures.prepare import unit_codes
from evenlight.policy import Policy
from evenlight.results import Measures


def coverage(cohort: Cohort) -> dict[str, float]:
    """Share of units whose label is known, by grouping."""
    known = {g.name: unit_codes(g.codes, cohort.units) >= 0 for g in cohort.groups}
    return {name: float(mask.mean()) for name, mask in known.items()}


def unused_roles(cohort: Cohort) -> Iterator[str]:
    """Roles that were given and that this version does not use."""
    if cohort.weights:
        yield f"Sampling weights ({cohort.weights}) were not used: every unit counts once."
    for what, names in (("Covariates", cohort.covariates), ("Axes", [a.name for a in cohort.axes])):
        if names:
            yield f"{what} ({', '.join(names)}) were not adjusted for."
    if cohort.rater:
        yield f"Agreement of raters ({cohort.rater}) was not examined."


def unasked(groupings: Sequence[str], asked: Sequence[str]) -> Iterator[str]:
    """Groupings about which no primary question was asked."""
    for name in groupings:
        if name not in asked:
            yield f"No primary question asks about {name}: what is said about it is exploratory."


def doubts(made: Attributions, measures: Measures, policy: Policy) -> Iterator[str]:
    """Sentences about rows that did not converge, unknown labels, and the scale."""
    lost = int((~made.converged).sum())
    if lost:
        yield f"{lost} of {made.n} rows did not converge and were left out of every test."
    if made.scale == "probability":
        yield (
            "The model gives probabilities only, so attributions are compared on that scale, where "
            "an additive model shows differences wherever the base risk differs."
        )
    for name, share in measures.coverage.items():
        if share < policy.coverage:
            yield from _little_known(name, share, measures)


def _little_known(name: str, share: float, measures: Measures) -> Iterator[str]:
    yield f"{name} is known for {share:.0%} of units; nothing is judged by it."
    for made in measures.performances:
        if made.grouping == name and UNKNOWN in made.parts:
            yield from _missing_against_known(made)


def _missing_against_known(made: Performance) -> Iterator[str]:
    unknown = made.value[made.parts.index(UNKNOWN)]
    for metric, here, overall in zip(made.metrics, unknown, made.value[0], strict=True):
        if np.isfinite(here) and metric in ("mae", "auroc"):
            yield (
                f"{metric.upper()} where {made.grouping} is unknown is {here:.3g}, over everybody "
                f"{overall:.3g}: compare them before generalising from the known."
            )
