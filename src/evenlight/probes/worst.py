"""The worst small perturbation within stated bounds: searched on half of people, shown on others.

All combinations that are searched meet the same random numbers, so that what is searched is a
function of the strengths alone (`stats.search`); other people with other random numbers then show
what the found strengths do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from evenlight.arrays import Float, Int
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.data.handed import need_cohort
from evenlight.data.nearest import hint
from evenlight.data.searched import Search, Worst
from evenlight.data.units import unit_codes
from evenlight.errors import InputError, ModelError, UnknownName
from evenlight.models.probe import Prepared, prepare
from evenlight.probes.composed import Composed, composed
from evenlight.probes.halves import Questions, questions, split
from evenlight.probes.perturbations.perturbation import Suite
from evenlight.probes.perturbations.suites import Asked, suite_of
from evenlight.probes.shown_groups import hides, shown_only
from evenlight.stats.disclosure import (
    shown_counts,
    told_df,
    told_limits,
    told_p,
    told_sd,
    told_se,
    told_step,
    told_values,
)
from evenlight.stats.effects import unit_means, within_sd
from evenlight.stats.held_out import Question, gap_shown, size_shown
from evenlight.stats.search import climbed

Bounds = Mapping[str, float | tuple[float, float]]


def worst(
    model: object,
    cohort: Cohort,
    *,
    suite: Asked,
    by: str | Groups,
    bounds: Bounds | None = None,
    target: int | str | None = None,
    search: Search | None = None,
    rng: np.random.Generator | int = 0,
) -> Worst:
    """The combination of a suite's perturbations within bounds that moves one group's outputs most.

    Units are divided at random into halves, group by group. On one half strengths are searched for
    the largest mean size of change in one group, or the largest gap of it between two; the other
    half, with other random numbers, shows what they do, with an interval: one question, fixed
    beforehand. *similar* is said of the strengths that were searched, and of no others within the
    bounds. Perturbations are applied together, in the suite's order. A gap is one within
    the cohort's strata; covariates and sampling weights are not used. People of a level of 1 to 10
    units are in no number, SD(f) among these; beside them numbers are told to steps
    (`stats.disclosure`), and judged before.

    Parameters
    ----------
    bounds
        perturbation to its largest strength, or (smallest, largest), in its own unit; the others of
        the suite are then left out. None: from 0 to the largest strength that the suite names.
    search
        objective, margin, and how long to search.

    Raises
    ------
    UnknownName
        for a perturbation or a level that is not there.
    InputError
        for bounds in the wrong order.
    GroupError
        where no group (for a gap, no two groups in shared strata) has 11 units in either half.
    ModelError, CohortError
        as `perturb` does; the strengths are named.

    >>> import pandas as pd
    >>> from evenlight.probes.perturbations.perturbation import Perturbation
    >>> people = pd.DataFrame({"g": ["a", "b"] * 90}, index=[f"r{i:03d}" for i in range(180)])
    >>> x = np.random.default_rng(0).normal(size=(180, 1))
    >>> x[::2] = 0.0
    >>> lose = Perturbation("loss", lambda v, s, rng: v * (1 - s), (0.2,), "share", "numbers",
    ...                     "v (1 - s)", by_row=False)
    >>> found = worst(lambda x: x[:, 0], Cohort(x, people, unit="row"), suite=lose, by="g")
    >>> found.level, found.reference, found.strength.tolist(), found.verdict
    ('b', 'a', [0.2], 'different')
    """
    need_cohort(cohort, "worst(model, cohort, by=...)")
    how, groups = search or Search(), cohort.grouping(by)
    whole = suite_of(suite, cohort)
    names, lower, upper = bounded(whole, bounds)
    generator = np.random.default_rng(rng)
    known = shown_only(groups, cohort)
    halves = split(cohort, known, most=how.units, rng=generator)
    asked = questions(cohort, known, halves, how)
    prepared = prepare(model, cohort, target=target)
    world = composed(prepared, cohort, whole.taking(*names))
    sd = _sd(prepared, cohort, groups, known)
    aim = _Aim(world, asked, halves, how, int(generator.integers(2**62)), sd)
    at, trace = climbed(
        aim.value, (lower, upper), drawn=how.drawn, refined=how.refined, rng=generator
    )
    pair = aim.pair(at)
    n_searched, n_held = _counts(cohort, groups, halves, pair)
    told = _shown(aim, known, pair, (at, upper), generator)
    if hides(groups, cohort):
        told, trace = _to_steps(told, trace, n_held[n_held > 0].min(keepdims=True))
    return Worst(
        groups.name, groups.source, whole.name, prepared.target, how.objective, *pair, names,
        tuple(p.unit for p in world.suite.perturbations), lower, upper, at, trace, how.drawn,
        how.draws, n_searched, n_held, sd, how.margin, how.alpha, **told,
        left=tuple(level for level in groups.levels if not any(level in p for p in asked)),
        notes=whole.notes, cohort_digest=cohort.digest,
    )  # fmt: skip


def bounded(suite: Suite, bounds: Bounds | None) -> tuple[tuple[str, ...], Float, Float]:
    """The perturbations to be searched, in the suite's order, and their bounds, each (q,)."""
    known = {p.name: p for p in suite.perturbations}
    asked = {name: p.strengths[-1] for name, p in known.items()} if bounds is None else dict(bounds)
    for name in asked:
        if name not in known:
            raise UnknownName(f"no perturbation {name!r}{hint(name, list(known))}")
    names = tuple(name for name in known if name in asked)
    if not names:
        raise InputError("bounds names no perturbation; give one or more a largest strength")
    both = [v if isinstance(v, tuple) else (0.0, v) for v in (asked[name] for name in names)]
    lower, upper = np.array(both, dtype=np.float64).T
    for name, low, high in zip(names, lower, upper, strict=True):
        if not (np.isfinite([low, high]).all() and 0 <= low < high):
            raise InputError(f"bounds of {name!r} are {low:g} to {high:g}; wanted 0 <= low < high")
    return names, lower, upper


@dataclass(frozen=True, slots=True, eq=False)
class _Aim:
    """What is searched for on `halves[0]`, with the random numbers of `run`; `sd` is SD(f)."""

    world: Composed
    asked: Questions
    halves: tuple[Int, Int]
    how: Search
    run: int
    sd: float

    def value(self, strength: Float) -> float:
        """The largest answer in SD(f)."""
        return max(self._answers(strength).values())

    def pair(self, strength: Float) -> tuple[str, str]:
        """The level that is hurt most, and the reference of a gap."""
        answers = self._answers(strength)
        return max(answers, key=lambda pair: answers[pair])

    def _answers(self, strength: Float) -> dict[tuple[str, str], float]:
        sizes = self.world.sizes(self.halves[0], strength, run=self.run) / self.sd
        return {pair: float(weight @ sizes) for pair, weight in self.asked.items()}


def _sd(prepared: Prepared, cohort: Cohort, groups: Groups, known: Groups) -> float:
    """SD(f), pooled within the `known` groups; ModelError where it is 0."""
    group = unit_codes(known.codes, cohort.units)
    sd = within_sd(unit_means(prepared.output, cohort.units, cohort.order), group)
    if not sd > 0:
        raise ModelError("the output does not vary within groups; there is no SD(f)")
    return told_sd(sd, int((group >= 0).sum())) if hides(groups, cohort) else sd


def _counts(
    cohort: Cohort, groups: Groups, halves: tuple[Int, Int], pair: tuple[str, str]
) -> tuple[Float, Float]:
    """Units of level and reference in either half (2,), to 5 where a level is hidden."""
    group = unit_codes(groups.codes, cohort.units)
    rounded, found = hides(groups, cohort), []
    for rows in halves:
        own = group[np.unique(cohort.units[rows])]
        sizes = [int((own == groups.levels.index(name)).sum()) if name else 0 for name in pair]
        found.append(shown_counts(np.array(sizes, dtype=np.float64), rounded=rounded))
    return found[0], found[1]


def _to_steps(told: dict[str, Any], trace: Float, n: Float) -> tuple[dict[str, Any], Float]:
    """The answer and the trace beside a hidden level, n units of the smaller group."""
    one = {k: np.array([told[k]]) for k in ("effect", "low", "high", "se", "df", "p", "at_bounds")}
    step = told_step(one["se"], n)
    low, high = told_limits(one["low"], one["high"], step)
    made = {"low": low, "high": high, "se": told_se(one["se"], n), "p": told_p(one["p"])}
    made |= {name: told_values(one[name], step) for name in ("effect", "at_bounds")}
    made["df"] = told_df(one["df"], n)
    return told | {k: float(v[0]) for k, v in made.items()}, told_values(trace, step[0] + 0 * trace)


def _shown(
    aim: _Aim,
    groups: Groups,
    pair: tuple[str, str],
    ends: tuple[Float, Float],
    rng: np.random.Generator,
) -> dict[str, Any]:
    """What the half that was not searched shows, with random numbers of its own.

    `ends` are the strengths that were found, and the upper bounds.
    """
    cohort, how, run = aim.world.cohort, aim.how, aim.run + 1
    codes = [groups.levels.index(name) for name in pair if name]
    rows = aim.halves[1][np.isin(groups.codes[aim.halves[1]], codes)]
    drawn = [aim.world.sizes(rows, ends[0], run=run, draw=d) for d in range(how.draws)]
    values = np.column_stack([*drawn, aim.world.sizes(rows, ends[1], run=run)]) / aim.sd
    asked, unit = Question(how.margin, how.alpha, _reach(aim, ends)), cohort.units[rows]
    if how.objective == "size":
        return size_shown(values, unit, asked)
    held = cohort.stratum[rows], groups.codes[rows] == codes[0]
    return gap_shown(values, unit, held, asked, rng=rng)


def _reach(aim: _Aim, ends: tuple[Float, Float]) -> Float:
    """The smallest and the largest size (2,) of anybody's units, of both halves and all groups."""
    cohort, rows = aim.world.cohort, np.concatenate(aim.halves)
    both = np.column_stack([aim.world.sizes(rows, end, run=aim.run) for end in ends]) / aim.sd
    unit = np.unique(cohort.units[rows], return_inverse=True)[1]
    means = unit_means(both, unit, np.arange(len(rows)))
    return np.array([means.min(), means.max()])
