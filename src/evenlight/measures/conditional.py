"""Whether groups use the same own value alike, where only attributions exist.

Two views, *location* and *slope*, given the own value (`stats.conditional`): one family of
contrasts x subjects x {location, slope} under one simultaneous interval. Effects are in SD(f), a
slope per SD of the own value. The location alone is never given: attributions are centred, so that
a difference of slope can cancel in it. Rows of a unit with one value are averaged to the unit;
where they differ (cells, visits) they are averaged to cells, one a unit and stratum of the value,
and units are shuffled as wholes (`stats.nested_values`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from evenlight.arrays import Bool, Float, Int, Text
from evenlight.data.attributions import Attributions
from evenlight.data.digits import percent
from evenlight.measures.arms import Arms, arms_of
from evenlight.measures.comparison import View
from evenlight.measures.family import MOST_DF, Results
from evenlight.measures.own_values import A_ROW, ROUNDING, Job, jobs, own
from evenlight.measures.prepare import OVERLAP_SHARE, Setting
from evenlight.measures.regressed import regressed
from evenlight.measures.streamed import Streamed, bands, rows_of
from evenlight.measures.testing import Testing
from evenlight.measures.value_tests import FIRST, ValueTests, judged, value_tests
from evenlight.small_groups import least_shown
from evenlight.stats.equivalence import still_needed, verdicts

NAMES = ("location", "slope")

LONG = 240.0
"""Seconds of one core that the first draws may take where nobody asked for these views."""

TOGETHER = 256
"""Subjects that are laid out together."""


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """Units of one contrast `names` (level, reference) in value strata that hold both groups.

    `total` units of each; `by_subject` (p, 2) those that enter for each subject and `left` their
    median over the subjects that can be asked; `strata` likewise a median; `reason` says why
    nothing can be asked of the contrast.
    """

    names: tuple[str, str]
    total: tuple[int, int]
    left: tuple[int, int]
    by_subject: Int
    strata: int
    reason: str


def conditional(
    made: Attributions, here: Setting, *, unit: float, testing: Testing, rng: np.random.Generator
) -> list[tuple[View, Results, list[Counts]]]:
    """The views location and slope, given the own value, of attributions (n, p) of variables.

    `unit` is SD(f). Method "permutation" shuffles groups inside value strata; "regression" is the
    analyst's model (`stats.regression`). A subject whose values the groups do not share is
    not_estimable, with the reason; so is one without a single own value (a set, a region).
    """
    most = LONG if testing.own_value is None and testing.method == "permutation" else np.inf
    every, long = _jobs(made, here, floor=ROUNDING * unit, most=most)
    blank = np.zeros((len(here.unit), 1))
    arms = arms_of(here, "nothing", blank, draws=0, rng=np.random.default_rng(0))
    arms = [replace(arm, reason=arm.reason or long) for arm in arms]
    parts = [_asked(arm, made.features.names, it) for arm, it in zip(arms, every, strict=True)]
    reason, counts = np.stack([told for told, _ in parts]), [own_counts for _, own_counts in parts]
    if testing.method == "regression":
        owns = [own(here, subject) for subject in made.features.names]
        tests = regressed(here, np.asarray(rows_of(made, here)), owns, reason == "")
        reason[(reason == "") & ~_answered(tests, reason.shape)] = NO_COEFFICIENT
    else:
        live = [job for own_jobs in every for job in own_jobs if not _silent(job, reason)]
        tests = value_tests(live, testing=testing, units=len(here.unit_group), rng=rng)
    views = [
        View(name, "value", made.scale, unit, testing.alpha_of(name, "value")) for name in NAMES
    ]
    found = [_results(t, view, tests, reason, counts, testing) for t, view in enumerate(views)]
    return [(view, part, counts) for view, part in zip(views, found, strict=True)]


def _jobs(
    made: Attributions, here: Setting, *, floor: float, most: float
) -> tuple[list[list[Job]], str]:
    """The jobs of every contrast, some columns at a time, so that few are held in float64.

    None, and why, where to shuffle them would take more than `most` seconds.
    """
    pairs, names = range(len(here.groups.contrasts())), made.features.names
    out, seconds = [list[Job]() for _ in pairs], 0.0
    for start, phi in _together(rows_of(made, here)):
        stop = start + phi.shape[1]
        owns = [own(here, subject) for subject in names[start:stop]]
        for i in pairs:
            found = [_moved(job, start) for job in jobs(here, phi, owns, i, floor=floor)]
            seconds += A_ROW * phi.size + sum(job.seconds(FIRST) for job in found)
            out[i] += found
        if seconds > most:
            return [[] for _ in pairs], _too_long(seconds * len(names) / stop, len(names))
    return out, ""


def _together(rows: Float | Streamed) -> Iterator[tuple[int, Float]]:
    """Where some columns of rows (n kept, p) begin, and their values."""
    for some in bands(rows):
        phi = rows.columns(some) if isinstance(rows, Streamed) else rows[:, some]
        for start in range(0, phi.shape[1], TOGETHER):
            yield some.start + start, phi[:, start : start + TOGETHER]


def _too_long(seconds: float, subjects: int) -> str:
    return (
        f"to shuffle groups inside strata of the own value of {subjects:,} subjects would take "
        f"about {seconds / 60:,.0f} minutes or more; ask for it with Testing(own_value=True), or "
        "of fewer subjects; common contrasts can answer for all"
    )


def _moved(job: Job, by: int) -> Job:
    """The job of subjects that stand further on."""
    return replace(job, subjects=tuple(j + by for j in job.subjects)) if by else job


NO_VALUE = "{} has no single own value to hold; common contrasts can answer"
NO_COEFFICIENT = "value and strata leave nothing of the group to fit; people of both are needed"


def _asked(arm: Arms, names: tuple[str, ...], own_jobs: list[Job]) -> tuple[Text, Counts]:
    """Why each subject (p,) of a contrast cannot be asked, "" if it can, and who enters."""
    pair, p, total, why = arm.names, len(names), arm.total, arm.reason
    reason = np.array([why or NO_VALUE.format(name) for name in names], dtype=object)
    by_subject, strata = np.zeros((p, 2), dtype=np.int64), np.zeros(p, dtype=np.int64)
    for job in own_jobs:
        for j in job.subjects:
            reason[j] = why or _reason(job, names[j], pair, total)
            by_subject[j], strata[j] = job.plan.left, job.strata
    at = reason == ""
    left = np.median(by_subject[at], axis=0).astype(int) if at.any() else np.zeros(2, dtype=int)
    many = int(np.median(strata[at])) if at.any() else 0
    return reason, Counts(pair, total, (int(left[0]), int(left[1])), by_subject, many, why)


def _answered(tests: ValueTests, shape: tuple[int, ...]) -> Bool:
    """Which contrasts and subjects (c, p) have tests."""
    out = np.zeros(shape, dtype=bool)
    out[tests.where[:, 0], tests.where[:, 1]] = True
    return out


def _silent(job: Job, reason: Text) -> bool:
    return all(reason[job.contrast, j] != "" for j in job.subjects)


def _reason(job: Job, subject: str, pair: tuple[str, str], total: tuple[int, int]) -> str:
    """Why a subject cannot be asked, "" if it can."""
    left = job.plan.left
    if min(left) == 0:
        return (
            f"no value of {subject} is held by two or more units of both {pair[0]} and {pair[1]}; "
            "people of both groups with the same values are needed"
        )
    for n, m, name in zip(total, left, pair, strict=True):
        if m < least_shown():
            return f"fewer than {least_shown()} units in {name} have values that both groups have"
        if m < OVERLAP_SHARE * n:
            return (
                f"less than {percent(OVERLAP_SHARE)} of {name} have values of {subject} that both "
                "groups have; people of both groups with the same values are needed"
            )
    if not job.sloped:
        return f"one value of {subject} only is held by both groups; a slope needs two"
    return ""


def _results(
    t: int, view: View, tests: ValueTests, reason: Text, counts: Sequence[Counts], testing: Testing
) -> Results:
    """One view's part of the family, in units of the view."""
    found = judged(tests, t, unit=view.unit, margin=testing.margin, alpha=view.alpha)
    shape, at = reason.shape, tuple(found.place.T)
    out = {name: np.full(shape, np.nan) for name in found.numbers}
    for name, values in found.numbers.items():
        out[name][at] = values
    out["df"][at] = np.minimum(out["df"][at], MOST_DF)
    smallest = np.stack([own_counts.by_subject.min(axis=1) for own_counts in counts])
    verdict = verdicts(out["low"], out["high"], testing.margin, smallest)
    n = np.stack([own_counts.by_subject for own_counts in counts])[at]
    effect, low, high = (found.numbers[name] for name in ("effect", "low", "high"))
    more, more_in = np.full(shape, np.nan), np.full(shape, "", dtype="<U9")
    more[at], more_in[at] = still_needed(
        (effect, low, high), testing.margin, found.variances, (n[:, 0], n[:, 1])
    )
    settled = verdict != "cannot_tell"
    more[settled], more_in[settled] = np.nan, ""
    return Results(
        **out, verdict=verdict, reason=reason.astype(np.str_), more=more, more_in=more_in
    )
