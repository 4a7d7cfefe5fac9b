"""Whether whole explanations differ between groups: one question for all features together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from evenlight.arrays import Float
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.groups import Groups
from evenlight.data.sums import summed
from evenlight.errors import AttributionError, InputError
from evenlight.measures import unlike_rows
from evenlight.measures.arms import Arms, arms_of
from evenlight.measures.global_tests import NUMBERS, GlobalTests
from evenlight.measures.hidden_people import (
    at_shown,
    exact_sd,
    shown_people,
    spread_of_many,
    told_unit,
)
from evenlight.measures.prepare import ALPHA, Setting, as_variables, population
from evenlight.measures.told_effects import told_by_limits, told_chance, told_statistic
from evenlight.stats.cells import Cells, design
from evenlight.stats.delong import auc_interval
from evenlight.stats.disclosure import shown_counts
from evenlight.stats.energy import energy, spread_between
from evenlight.stats.multiplicity import holm
from evenlight.stats.permutation import Labels, p_value, permuted_labels
from evenlight.stats.two_sample import fitted_scores, folds_of

MOST = 4000
"""Units of one contrast; of larger arms a random part enters, since costs grow with its square."""


def globally(
    attributions: Attributions,
    cohort: Cohort,
    *,
    by: str | Groups,
    sets: FeatureSets | None = None,
    draws: int = 1999,
    folds: int = 5,
    rng: np.random.Generator | int = 0,
) -> GlobalTests:
    """Test whether the joint distribution of attributions (n, p) differs, pair by pair of groups.

    On sums over `sets` where they are given (they may overlap), else on variables; scaled by SD(f)
    as a whole and not one by one, so that what matters for the output weighs most. Two answers:
    the energy statistic, which sees any difference, and a cross-fitted linear classifier on the
    attributions and their sizes (`evenlight.stats.two_sample`), whose AUC has a unit. Each is given
    nothing and given the outcome, always within the cohort's strata; whole units are permuted.
    The classifier sees shifts and spreads, and no mere change of correlation; the energy does.
    p below 0.05 says that explanations differ and not why: a mere shift of values suffices.
    Sampling weights enter the energy; the classifier counts each unit once. Where groups have
    unlike numbers of rows a unit, as many of each enter (`measures.unlike_rows`): means over more
    rows spread less, and that alone is another distribution. `population` says so.

    Raises GroupError where there is nothing to compare, AttributionError where the output does not
    vary within groups, InputError for fewer than 100 draws or 2 folds.
    """
    if draws < 100 or folds < 2:
        raise InputError(f"draws is {draws} and folds {folds}; at least 100 and 2 are needed")
    given_sums = attributions if sets is None else summed(attributions, sets)
    made, _ = as_variables(given_sums, cohort)
    here = shown_people(cohort, by, kept=made.converged)
    made = at_shown(made, here)
    here, rows_told = unlike_rows.thinned(here)
    unit = exact_sd(here, made.total())
    if not unit > 0:
        raise AttributionError("the output does not vary within groups; there is nothing to test")
    phi = made.values.reshape(made.n, -1).astype(np.float64)[here.kept] / unit
    generator = np.random.default_rng(rng)
    conditions = conditions_of(cohort)
    found = [
        [thinned(arm, generator) for arm in arms_of(here, given, phi, draws=0, rng=generator)]
        for given in conditions
    ]
    tested = [[_tests(arm, draws, folds, generator) for arm in arms] for arms in found]
    return GlobalTests(
        grouping=here.groups.name,
        source=here.groups.source,
        levels=here.groups.levels,
        contrasts=here.groups.contrasts(),
        subjects=made.features.names,
        given=conditions,
        target=made.target,
        scale=made.scale,
        unit=told_unit(spread_of_many(here, made.total()), unit),
        alpha=ALPHA,
        draws=draws,
        folds=folds,
        **told(found, here, rows_told),
        **_shown(_columns(tested), found, here),
    )


def conditions_of(cohort: Cohort) -> tuple[str, ...]:
    """Nothing, and the outcome where the cohort has one that can be held fixed."""
    if cohort.outcome_kind in ("binary", "categorical", "continuous"):
        return ("nothing", "outcome")
    return ("nothing",)


def told(found: list[list[Arms]], here: Setting, rows: str = "") -> dict[str, np.ndarray]:
    """Units that enter (g, c, 2), for whom it speaks and why not (g, c)."""
    left = [[_units(a) for a in arms] for arms in found]
    speaks = [[_speaks(a, rows) for a in arms] for arms in found]
    return {
        "n": shown_counts(np.array(left), rounded=here.rounded),
        "population": np.array(speaks, dtype=np.str_),
        "reason": np.array([[a.reason for a in arms] for arms in found], dtype=np.str_),
    }


def _speaks(arm: Arms, rows: str) -> str:
    """For whom a contrast speaks, and of how many of their `rows`; "" where it cannot be asked."""
    if arm.reason:
        return ""
    told = population(arm.total, arm.left, len(arm.plan.weight), arm.names)
    return " ".join(filter(None, (told, rows)))


def _units(arm: Arms) -> tuple[int, int]:
    member = arm.plan.member
    return (0, 0) if arm.reason else (int(member.sum()), int((~member).sum()))


def thinned(arm: Arms, rng: np.random.Generator) -> Arms:
    """The same contrast with at most half of `MOST` units in each arm, drawn at random."""
    if arm.reason or len(arm.plan.units) <= MOST:
        return arm
    keep = np.zeros(int(arm.cells.unit.max()) + 1, dtype=bool)
    member = np.zeros_like(keep)
    member[arm.plan.units] = arm.plan.member
    for side in (arm.plan.member, ~arm.plan.member):
        own = arm.plan.units[side]
        keep[rng.permutation(own)[: max(MOST // 2, MOST - int((~side).sum()))]] = True
    rows = keep[arm.cells.unit]
    cells = Cells(arm.cells.unit[rows], arm.cells.stratum[rows], arm.cells.values[rows])
    sampling = None
    if arm.plan.sampling is not None:
        sampling = np.zeros(len(keep))
        sampling[arm.plan.units] = arm.plan.sampling
    plan = design(cells, member, sampling)
    return Arms(arm.names, cells, plan, arm.labels, arm.total, arm.left, arm.reason)


def _tests(arm: Arms, draws: int, folds: int, rng: np.random.Generator) -> Mapping[str, float]:
    """Both tests of one contrast, NaN where it cannot be asked."""
    if arm.reason:
        return dict.fromkeys(NUMBERS, float("nan"))
    labels = permuted_labels(arm.plan, draws=draws, rng=rng)
    labels = np.vstack([arm.plan.member.astype(np.int8)[None], labels])
    return {**_energy(arm, labels), **_classifier(arm, labels, folds, rng)}


def _energy(arm: Arms, labels: Labels) -> dict[str, float]:
    every = energy(arm.cells.values, arm.plan, labels)
    largest = spread_between(arm.cells.values, arm.plan)
    return {
        "energy": float(every[0]),
        "energy_expected": float(every[1:].mean()),
        "energy_share": float(every[0] / largest) if largest > 0 else 0.0,
        "energy_p": _p(every) if largest > 0 else 1.0,
    }


def _classifier(
    arm: Arms, labels: Labels, folds: int, rng: np.random.Generator
) -> dict[str, float]:
    fold = folds_of(arm.plan, count=folds, rng=rng)
    values = with_sizes(arm.cells.values)
    seen, every, kept = fitted_scores(values, arm.plan, labels, fold)
    fixed = float(kept[1:].std())
    stretch = max(1.0, float(every[1:].std()) / fixed) if fixed > 0 else 1.0
    auc, low, high = auc_interval(seen, arm.plan, alpha=ALPHA, stretch=stretch)
    return {
        "auc": auc,
        "auc_low": low,
        "auc_high": high,
        "auc_expected": float(every[1:].mean()),
        "auc_p": _p(every),
    }


def with_sizes(values: Float) -> Float:
    """Attributions (m, q) and their sizes, (m, 2q): a larger spread can be told apart as well."""
    return np.hstack([values, np.abs(values)])


def _p(every: Float) -> float:
    """P of the first of all values, one-sided upward."""
    return float(p_value(every[:1], every[1:, None])[0])


def _shown(out: Mapping[str, Float], found: list[list[Arms]], here: Setting) -> Mapping[str, Any]:
    """Numbers (g, c) as they may be told: beside a hidden part AUCs to a step, energies to 1, 2, 5.

    AUCs do not add up over people, and are told to a tenth of the step of what does.
    """
    n = np.array([[min(_units(arm)) for arm in arms] for arms in found])
    ends = told_by_limits((out["auc"], out["auc_low"], out["auc_high"]), n, here, part=0.1)
    told = dict(zip(("auc", "auc_low", "auc_high"), ends, strict=True))
    for name in NUMBERS:
        if name.endswith(("_p", "_holm")):
            told[name] = told_chance(out[name], here)
        elif name.startswith("energy"):
            told[name] = told_statistic(out[name], here)
    expected = np.round(out["auc_expected"], 2) if here.rounded else out["auc_expected"]
    return {**told, "auc_expected": expected}


def _columns(tested: list[list[Mapping[str, float]]]) -> Mapping[str, Any]:
    names = [name for name in NUMBERS if not name.endswith("holm")]
    out = {name: np.array([[t[name] for t in row] for row in tested]) for name in names}
    for test in ("energy", "auc"):
        out[f"{test}_holm"] = np.stack([holm(row) for row in out[f"{test}_p"]])
    return out
