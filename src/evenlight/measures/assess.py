"""Whether explanations are good enough to be compared, in each group and between groups."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from evenlight.arrays import Float, Text
from evenlight.data import align
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.digits import estimate, number, plain
from evenlight.data.faithful import Faithfulness
from evenlight.data.groups import Groups
from evenlight.data.shown import metric_name
from evenlight.errors import AttributionError
from evenlight.measures.graded import DRAWS, Differences, Graded, Side, differences, graded
from evenlight.measures.hidden_people import shown_people, without_hidden
from evenlight.measures.prepare import ALPHA, narrowed, setting
from evenlight.measures.quality import METRICS, RULES, Quality
from evenlight.stats.fidelity import monte_carlo_error, relative_residual

SAMPLED = ("deletion", "insertion", "stability", "background", "agreement", "sanity")
"""Metrics of the sample; the others are of everybody."""


def assess(
    faithfulness: Faithfulness,
    attributions: Attributions,
    cohort: Cohort,
    *,
    by: str | Groups,
    rng: np.random.Generator | int = 0,
) -> Quality:
    """Hold explanations to the rules of `evenlight.measures.quality`, by group of `by`.

    Metrics are means over units, of everybody or of the sample in `faithfulness`. Differences
    between groups come from the studentised permutation of whole units, under max-T over metrics
    and contrasts; strata are not held, since an explanation that is worse in a group is worse
    whatever the reason. Where groups have unlike numbers of rows a unit, as many of each enter
    these (`measures.unlike_rows`). Quality *differs* where the interval leaves out 0 and the
    difference is beyond the margin. A level is *unreliable* where one metric fails, and *unknown*
    with fewer than 11 units in the sample or nothing to judge by.

    Raises AttributionError where faithfulness and attributions are of different methods or targets,
    GroupError where there is one group only.
    """
    _one_explanation(faithfulness, attributions)
    seen, whole = faithfulness.at(cohort), shown_people(cohort, by)
    there, everybody = whole.cohort, _everybody(attributions, whole.cohort)
    sampled, asked = np.isin(there.rows, seen.rows), np.isin(seen.rows, there.rows)
    sample = narrowed(whole, sampled)
    values = np.full((2, there.n, len(METRICS)), np.nan)
    for m, name in enumerate(METRICS):
        if name in SAMPLED:
            values[1, sampled, m] = getattr(seen, name)[asked]
        else:
            values[0, :, m] = everybody.get(name, np.nan)
    hidden = tuple(without_hidden(setting(cohort, by))[1])
    sides = (Side(whole, values[0], hidden), Side(sample, values[1], hidden))
    made = graded(sides, {"residual_tail": seen.reasons.get("residual", ""), **seen.reasons})
    apart = differences(sides, rng=np.random.default_rng(rng))
    trust, trust_reason = _trust(made, whole.groups.levels)
    return Quality(
        grouping=whole.groups.name, source=whole.groups.source, levels=whole.groups.levels,
        parts=made.parts, metrics=METRICS, contrasts=whole.groups.contrasts(),
        target=seen.target, method=seen.method, players=seen.players, rows=len(seen.rows),
        evaluations=seen.evaluations, explanations=seen.explanations,
        alpha=ALPHA, draws=DRAWS,
        n=made.n, value=made.value, low=made.low, high=made.high, reason=made.reason,
        threshold=np.array([rule.limit for rule in RULES.values()]), passed=made.passed,
        difference=apart.difference, difference_low=apart.low, difference_high=apart.high,
        p=apart.p, margin=apart.margin, verdict=apart.verdict, difference_reason=apart.reason,
        trust=trust, trust_reason=trust_reason, apart=_apart(apart, whole.groups.contrasts()),
        population=apart.population,
    )  # fmt: skip


def _one_explanation(faithfulness: Faithfulness, made: Attributions) -> None:
    if (faithfulness.method, faithfulness.target) != (made.method, made.target):
        raise AttributionError(
            f"the faithfulness is of {faithfulness.method} for {faithfulness.target!r}, the "
            f"attributions are of {made.method} for {made.target!r}; measure it on these"
        )


def _everybody(attributions: Attributions, cohort: Cohort) -> Mapping[str, Float]:
    """What is known for every row (n,) without the model."""
    place = align.match(attributions.rows, cohort.rows, what="attributions")
    made = attributions
    found = {"unconverged": (~made.converged).astype(np.float64)[place]}
    if made.settings.get("complete", True):
        residual = relative_residual(made.error, made.output, made.base)[place]
        found |= {"residual": residual, "residual_tail": residual}
    if made.spread is not None:
        found["noise"] = monte_carlo_error(made.values, made.spread)[place]
    return found


def _trust(made: Graded, levels: tuple[str, ...]) -> tuple[Text, Text]:
    """The trust in each level (k,), and why it is not reliable."""
    trust, why = [], []
    for level in levels:
        part = made.parts.index(level)
        failed = np.flatnonzero(made.passed[part] == "failed").tolist()
        judged = made.passed[part, [METRICS.index(name) for name in SAMPLED]] != ""
        trust.append("unreliable" if failed else "reliable" if judged.any() else "unknown")
        few = "" if judged.any() else "nothing could be judged in this group"
        why.append(_listed([_failure(made, part, m) for m in failed]) or few)
    return np.array(trust, dtype=np.str_), np.array(why, dtype=np.str_)


def _listed(told: list[str]) -> str:
    """The first reason, and how many there are besides."""
    more = f" (and {len(told) - 1} more)" if len(told) > 1 else ""
    return f"{told[0]}{more}" if told else ""


def _failure(made: Graded, part: int, m: int) -> str:
    """Which metric fails where, by how much."""
    rule, value = RULES[METRICS[m]], float(made.value[part, m])
    told = number(value, str(made.reason[part, m]), digits=2)
    side = "at least" if rule.rising else "at most"
    return (
        f"{metric_name(METRICS[m])} {told} in {made.parts[part]}, where {side} {plain(rule.limit)} "
        "is asked"
    )


def _apart(made: Differences, pairs: tuple[tuple[str, str], ...]) -> Text:
    """Why the quality differs between the two groups of a contrast (c,), the furthest first."""
    far = np.nan_to_num(np.abs(made.difference) / made.margin, nan=np.inf)
    out = []
    for c, (level, reference) in enumerate(pairs):
        worst = sorted(np.flatnonzero(made.differs[c]).tolist(), key=lambda m: -far[c, m])
        names = f"between {level} and {reference}"
        told = [f"{metric_name(METRICS[m])} differs {names}{_numbers(made, c, m)}" for m in worst]
        out.append(_listed(told))
    return np.array(out, dtype=np.str_)


def _numbers(made: Differences, c: int, m: int) -> str:
    if made.reason[c, m]:
        return ""
    ends = (float(a[c, m]) for a in (made.difference, made.low, made.high))
    return f" by {estimate(*ends, sign=True)}, margin {plain(float(made.margin[m]))}"
