"""The further measures of an audit: nobody's primary question, beside the answers on the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, get_args, get_type_hints

import numpy as np

from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.groups import Groups
from evenlight.data.probed import Predictions
from evenlight.data.sums import summed
from evenlight.errors import EvenlightError
from evenlight.further import Further
from evenlight.journal.keep import Keep
from evenlight.measures.agreement import agree
from evenlight.measures.associate import associate
from evenlight.measures.axes import compare_axes
from evenlight.measures.axes_omnibus import axes_omnibus
from evenlight.measures.compare import compare
from evenlight.measures.comparison import Comparison
from evenlight.measures.coverage import label_coverage
from evenlight.measures.decide import decide
from evenlight.measures.genotypes_named import WIDE
from evenlight.measures.globally import globally
from evenlight.measures.hierarchy import hierarchy
from evenlight.measures.intersect import intersect
from evenlight.measures.judging import Judging
from evenlight.measures.match import match
from evenlight.measures.nested import Hierarchy
from evenlight.measures.omnibus import omnibus
from evenlight.measures.perform_along import perform_along
from evenlight.measures.prepare import as_variables
from evenlight.measures.rate import rate
from evenlight.measures.reliance import Reliance
from evenlight.measures.testing import Testing
from evenlight.measures.tip import tip
from evenlight.measures.tip_reliance import tip_reliance
from evenlight.measures.tipped import Tipping
from evenlight.measures.tried import tried

Job = tuple[str, str, Callable[..., Any]]
"""The field of `Further`, what it is in words, and the measure, which still wants an rng."""

DRAWS = 1_999
"""Permutations of a further measure: nothing rests on its far tail."""

COSTLY = 499
"""The same where each takes distances between all people."""

TOP = 10
"""Rankings of no more subjects than this have no top to agree on."""

PREDICTED = ("binary", "continuous", "survival")
"""Outcomes that any prediction can be held to; of categories the predicted one must be among."""


def explore(
    made: Attributions,
    predicted: Predictions,
    cohort: Cohort,
    judging: Mapping[str, Judging],
    testing: Testing,
    *,
    seed: int,
    genotypes: Sequence[str] = (),
    keep: Keep | None = None,
) -> tuple[Further, tuple[str, ...]]:
    """Every further measure that can be had here, and a sentence for each that cannot.

    `judging` says by grouping how performance was judged, which the tipping points of its verdicts
    go by; all else has the error rate of `testing`. `genotypes` are columns of allele counts, whose
    FST is told. Each has a stream of the seed of its own, and is kept by `keep` as it is done. A
    measure that these data do not allow is left out and said: nothing rests on it.
    """
    found: dict[str, list[Any]] = {}
    told: list[str] = []
    quick = replace(testing, draws=DRAWS)
    jobs = [
        *_grouped(made, cohort, quick, genotypes),
        *_performed(predicted, cohort, judging, testing.alpha, seed),
        *_by_axes(made, predicted, cohort, quick),
        *_crossed(made, cohort, quick),
    ]
    keep = keep or Keep()
    keep.ahead((f"further-{i}", _drawn(job[2], seed, i)) for i, job in enumerate(jobs))
    for i, (field, words, measure) in enumerate(jobs):
        ask = partial(keep, f"further-{i}", _kind(field), _drawn(measure, seed, i))
        record = tried(f"{words} could not be measured", told, ask)
        if record is not None:
            found.setdefault(field, []).append(record)
    return Further(**{name: tuple(own) for name, own in found.items()}), tuple(told)


def _drawn(measure: Callable[..., Any], seed: int, i: int) -> Callable[[], Any]:
    """The i-th measure with its stream, which begins anew whenever it is asked for."""
    return lambda: measure(rng=np.random.default_rng([seed, 1_000 + i]))


def _kind(field: str) -> type[Any]:
    """The record of a field of `Further`."""
    made: type[Any] = get_args(get_type_hints(Further)[field])[0]
    return made


def performable(predicted: Predictions, cohort: Cohort) -> bool:
    """Whether there is an outcome that these predictions foretell."""
    if cohort.outcome_kind == "categorical":
        return predicted.target in set(cohort.people[str(cohort.outcome)].dropna().astype(str))
    return cohort.outcome_kind in PREDICTED


def _grouped(
    made: Attributions, cohort: Cohort, testing: Testing, genotypes: Sequence[str]
) -> Iterator[Job]:
    """Attributions as a whole and what features tell, by every grouping."""
    for groups in cohort.groups:
        yield from _by_groups(made, cohort, groups, testing, genotypes)


def _performed(
    predicted: Predictions,
    cohort: Cohort,
    judging: Mapping[str, Judging],
    alpha: float,
    seed: int,
) -> Iterator[Job]:
    """Decisions and label error, by every grouping."""
    for i, groups in enumerate(cohort.groups):
        own = judging[groups.name]
        yield from _decided(predicted, cohort, groups, own, alpha)
        yield from _tipped(predicted, cohort, groups, own, [seed, i, 0])


def _by_groups(
    made: Attributions,
    cohort: Cohort,
    groups: Groups,
    testing: Testing,
    genotypes: Sequence[str],
) -> Iterator[Job]:
    """Attributions as a whole and what features tell, by one grouping."""
    by = f"by {groups.name}"
    yield "global_tests", f"Whole explanations {by}", partial(globally, made, cohort, by=groups)
    if len(cohort.features.variables().names) > TOP:
        yield "agreements", f"Agreement of rankings {by}", partial(agree, made, cohort, by=groups)
    if len(groups.levels) > 2:
        together = partial(omnibus, made, cohort, by=groups, testing=testing)
        yield "omnibuses", f"All groups together {by}", together
    if (groups.codes < 0).any():
        yield (
            "coverages",
            f"Missing labels of {groups.name}",
            partial(label_coverage, made, cohort, by=groups),
        )
    if cohort.x.ndim == 2 and cohort.x.shape[1] <= WIDE:
        told = partial(associate, cohort, by=groups, genotypes=genotypes)
        yield "associations", f"Association {by}", told
    if cohort.rater is not None:
        yield "raters", f"Agreement of raters {by}", partial(rate, cohort, by=groups)


def _decided(
    predicted: Predictions, cohort: Cohort, groups: Groups, judging: Judging, alpha: float
) -> Iterator[Job]:
    """Performance as decisions, by one grouping."""
    by = f"by {groups.name}"
    own: dict[str, Any] = {"by": groups, "judging": replace(judging, alpha=alpha)}
    if performable(predicted, cohort):
        yield "decisions", f"Decisions {by}", partial(decide, predicted, cohort, **own)
    if cohort.x.ndim == 2:
        yield "matches", f"Matched people {by}", partial(_matched, predicted, cohort, **own)


def _tipped(
    predicted: Predictions, cohort: Cohort, groups: Groups, judging: Judging, stream: list[int]
) -> Iterator[Job]:
    """Label error, with the stream and error rate of the performance that it overturns."""

    def tipping(*, rng: np.random.Generator) -> object:
        own = np.random.default_rng(stream)
        return tip(predicted, cohort, by=groups, judging=judging, rng=own)

    if cohort.outcome_kind == "binary":
        yield "tippings", f"Label error by {groups.name}", tipping


def _matched(
    predicted: Predictions,
    cohort: Cohort,
    *,
    by: Groups,
    judging: Judging,
    rng: np.random.Generator,
) -> object:
    """Matching draws nothing."""
    return match(predicted, cohort, by=by, judging=judging)


def _by_axes(
    made: Attributions, predicted: Predictions, cohort: Cohort, testing: Testing
) -> Iterator[Job]:
    """Attributions and performance along continuous ancestry."""
    for axes in cohort.axes:
        along = f"along {axes.name}"
        slopes = partial(compare_axes, made, cohort, axes, testing=testing)
        yield "gradients", f"Attributions {along}", slopes
        few = replace(testing, draws=COSTLY)
        joint = partial(axes_omnibus, made, cohort, axes, testing=few)
        yield "axes_omnibuses", f"All axes together {along}", joint
        if performable(predicted, cohort) and cohort.outcome_kind != "survival":
            walk = partial(perform_along, predicted, cohort, along=axes.name)
            yield "along", f"Performance {along}", walk


def _crossed(made: Attributions, cohort: Cohort, testing: Testing) -> Iterator[Job]:
    """The first two groupings crossed."""
    if len(cohort.groups) > 1:
        first = list(cohort.groups[:2])
        words = " x ".join(groups.name for groups in first)
        crossed = partial(intersect, made, cohort, by=first, testing=testing)
        yield "intersections", f"Intersections {words}", crossed


def nest(
    made: Attributions,
    cohort: Cohort,
    sets: FeatureSets,
    compared: Sequence[Comparison],
    *,
    seed: int,
) -> tuple[tuple[Hierarchy, ...], tuple[str, ...]]:
    """Sets first, features inside the sets that differ, for each comparison of features.

    Each comparison of sets has the margin and error rate of that of features. A grouping that the
    data do not allow is left out and said.
    """
    grouped, _ = as_variables(made, cohort)
    sums, out, told = summed(grouped, sets), [], []
    for i, single in enumerate(compared):
        testing = Testing(margin=single.margin, alpha=single.alpha)
        view = ("signed", "nothing", made.scale)
        rng = np.random.default_rng([seed, 2_000 + i])
        try:
            whole = compare(sums, cohort, by=single.grouping, testing=testing, rng=rng)
            out.append(hierarchy(whole, single, sets, view=view))
        except EvenlightError as error:
            told.append(f"Sets by {single.grouping} could not be measured: {error}.")
    return tuple(out), tuple(told)


def overturned(
    made: Attributions, cohort: Cohort, relied: Sequence[Reliance], *, seed: int
) -> tuple[tuple[Tipping, ...], tuple[str, ...]]:
    """How wrong a binary label would have to be to overturn what each reliance says given it."""
    out: list[Tipping] = []
    told: list[str] = []
    for i, record in enumerate(relied):
        if cohort.outcome_kind != "binary":
            break
        rng = np.random.default_rng([seed, 3_000 + i])
        ask = partial(tip_reliance, record, made, cohort, by=record.grouping, rng=rng)
        found = tried(f"Label error of reliance on {record.grouping}", told, ask)
        out += [] if found is None else [found]
    return tuple(out), tuple(told)
