"""What a reader of the audit should know: doubts as sentences, made from the measures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.completeness import beyond_typical
from evenlight.data.digits import percent, roughly
from evenlight.data.faithful import Faithfulness
from evenlight.data.intake import NO_SPLIT
from evenlight.data.units import unit_codes
from evenlight.measures.comparison import Comparison
from evenlight.measures.composition import UNKNOWN
from evenlight.measures.performance import Performance
from evenlight.measures.prepare import as_variables
from evenlight.measures.quality import Quality
from evenlight.policy import Policy
from evenlight.results import Measures


def cohort_notes(cohort: Cohort, training: object = None) -> tuple[str, ...]:
    """The notes of a cohort; training people that are apart from it answer for a missing split.

    Apart are cohorts that share no row and no unit that is declared.
    """
    notes: list[str] = list(cohort.notes)
    if not isinstance(training, Cohort) or NO_SPLIT not in notes or not _apart(cohort, training):
        return tuple(notes)
    notes[notes.index(NO_SPLIT)] = (
        f"No split was declared; none of the {cohort.n:,} audited rows is among the "
        f"{training.n:,} training rows that were given."
    )
    return tuple(notes)


def _apart(cohort: Cohort, training: Cohort) -> bool:
    rows = np.intersect1d(cohort.rows, training.rows).size
    if cohort.unit in (None, "row") or cohort.unit != training.unit:
        return not rows
    names = (set(one.people[one.unit].astype(str)) for one in (cohort, training))
    return not rows and not set.intersection(*names)


def coverage(cohort: Cohort) -> dict[str, float]:
    """Share of units whose label is known, by grouping."""
    known = {g.name: unit_codes(g.codes, cohort.units) >= 0 for g in cohort.groups}
    return {name: float(mask.mean()) for name, mask in known.items()}


def unused_roles(cohort: Cohort, *, further: bool = True) -> Iterator[str]:
    """What does not use the roles that were given; `further` says if exploratory measures do."""
    if cohort.weights:
        yield (
            f"Sampling weights ({cohort.weights}) enter performance and the tests of attributions "
            "and of common contrasts, and the worst slices. Reliance, associations of features, "
            "attributions given the own value, tests of all groups or all axes at once, matched "
            "people and bounds for unknown labels count every unit once, those of weight 0 as "
            "well. The gaps of the lever table and what representations tell of a group leave out "
            "units of weight 0 and count all others once, but that strata of such a probe weigh "
            "by their units' weights."
        )
    if cohort.covariates:
        yield (
            f"Covariates ({', '.join(cohort.covariates)}) are adjusted for in the tests of "
            "attributions and of common contrasts, and where groups are crossed. Performance, "
            "reliance, attributions given the own value and tests of whole explanations or of all "
            "groups at once are not adjusted for them."
        )
    if further:
        return
    if cohort.axes:
        names = ", ".join(axes.name for axes in cohort.axes)
        yield f"Axes ({names}) were not examined: the further measures were not made."
    if cohort.rater:
        yield f"Agreement of raters ({cohort.rater}) was not examined, as no further measure was."


def unasked(groupings: Sequence[str], asked: Sequence[str]) -> Iterator[str]:
    """Groupings about which no primary question was asked."""
    for name in groupings:
        if name not in asked:
            yield f"No primary question asks about {name}: what is said about it is exploratory."


HIDDEN = (
    "Rows are held to 1 % of how far their own output moves. Some that count as converged miss "
    "more than the median row moves in all: look for values out of range, as 9999 for missing."
)


def doubts(made: Attributions, measures: Measures, policy: Policy) -> Iterator[str]:
    """Sentences about rows that did not converge, noise, trust, unknown labels, and the scale."""
    lost = int((~made.converged).sum())
    if lost:
        yield f"{lost} of {made.n} rows did not converge and were left out of every test."
    if (made.converged & beyond_typical(made.error, made.output, made.base)).any():
        yield HIDDEN
    if made.scale == "probability":
        yield (
            "The model gives probabilities only, so attributions are compared on that scale, where "
            "an additive model shows differences wherever the base risk differs."
        )
    yield from dict.fromkeys(told for one in measures.performances for told in _turned(one))
    for comparison in measures.comparisons:
        yield from _noisy(comparison)
    for quality in measures.qualities:
        yield from _untrusted(quality)
    for name, share in measures.coverage.items():
        if share < policy.coverage:
            yield from _little_known(name, share, measures)


RANKS = {"auroc": "AUROC", "concordance_uno": "Uno's concordance"}
TURNED = (
    "In every part that is shown, the output ranks {outcome} the wrong way round ({metric} below "
    "0.5 with its whole interval). Is the output that of the other class, or the event the other "
    "label?"
)


def _turned(made: Performance) -> Iterator[str]:
    """An output that is high where the event is rare, in every part."""
    for metric in (name for name in RANKS if name in made.metrics):
        high = made.high[:, made.metric(metric)]
        if np.isfinite(high).any() and (high[np.isfinite(high)] < 0.5).all():
            yield TURNED.format(outcome=made.target, metric=RANKS[metric])


NOISE = 0.1
"""Part of a difference's variance that the explainer may make without being told."""


def _noisy(made: Comparison) -> Iterator[str]:
    """Where the explainer itself makes much of the variance of a difference."""
    for share, what, remedy in (
        (made.noise_share, "Monte Carlo error of the explainer", "more walks"),
        (made.background_share, "the draw of the background", "a larger background"),
    ):
        if np.nan_to_num(share).max(initial=0.0) > NOISE:
            c, j = (int(i) for i in np.unravel_index(np.nanargmax(share), share.shape))
            yield (
                f"By {made.grouping}, {what} makes up to {percent(share[c, j])} of the variance "
                f"of a difference ({made.subjects[j]}, {' against '.join(made.contrasts[c])}); "
                f"{remedy} would sharpen it."
            )


def _untrusted(made: Quality) -> Iterator[str]:
    """Groups whose explanations cannot be trusted, or could not be judged."""
    if made.unreliable:
        yield (
            f"By {made.grouping}, {made.unreliable}. What rests on attributions is not answered "
            "for these groups."
        )
    unknown = [level for level, t in zip(made.levels, made.trust, strict=True) if t == "unknown"]
    if unknown:
        names = ", ".join(unknown)
        yield f"The explanations could not be checked by {made.grouping} in: {names}."


def other_backgrounds(
    made: Attributions, repeats: Sequence[Attributions], checked: Faithfulness, cohort: Cohort
) -> str:
    """How far attributions move with another draw of the background."""
    if not repeats:
        why = checked.reasons.get("background", "")
        if why:
            return f"The sensitivity to the background was not examined: {why}."
        return (
            "With another draw of the background attributions move by "
            f"{checked.background.mean():.2g} of their typical size ({len(checked.rows):,} rows)."
        )
    here, _ = as_variables(made, cohort)
    there = [as_variables(again, cohort)[0] for again in repeats]
    apart = np.mean([np.abs(again.values - here.values).mean(axis=0) for again in there], axis=0)
    sd, most = float(np.std(made.total())), int(apart.argmax())
    return (
        f"With {len(repeats)} other draws of the background attributions move by "
        f"{apart.mean() / sd:.2g} SD of the output on average, those of "
        f"{here.features.names[most]} by {apart[most] / sd:.2g} ({made.n:,} rows)."
    )


def _little_known(name: str, share: float, measures: Measures) -> Iterator[str]:
    yield f"{name} is known for {roughly(share)} of units; nothing is judged by it."
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
