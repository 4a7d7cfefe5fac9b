"""Columns of people without a role that look like the real unit, or like a confounder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Int
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.data.outcome import Survival
from evenlight.data.shown import short
from evenlight.measures.mixed_states import mixed_states
from evenlight.measures.prepare import Setting, as_variables, setting
from evenlight.small_groups import least_shown
from evenlight.stats.icc import (
    chi_squared,
    correlation_ratio,
    cramers_v,
    intraclass,
    intraclass_p,
    nested,
)

LEAST_ICC = 0.05
LEAST_TIE = 0.3
ALPHA = 0.05
"""Level at which a likeness within clusters is beyond chance, over all columns asked."""

TIED = 0.01
"""Level at which a tie above 0.3 is beyond chance, column by column."""

DRAWS = 999
TOP = 20
"""Attributions of the largest mean size whose likeness within clusters is asked."""

ONE_GROUP = (
    "Each of its states holds one group only, so within it nothing could be compared: it is a "
    "finer label of the same, or the group cannot be told apart from it."
)

WHOLE = 0.95
"""Least share of units whose rows agree in a column that may be the unit above them."""

MOST_STATES = 200
"""A column of text with more states than this, that are no clusters, is not read any further."""

PERSONAL = re.compile(
    r"name|mail|phone|mobile|fax|address|street|postcode|postal|zip|birth|\bdob\b|ssn|passport"
    r"|licen[cs]e|insurance|\bmrn\b|\bnhs\b|\bip\b|url|photo|account|note|comment|free.?text",
    re.IGNORECASE,
)
"""Names of columns that are likely to hold what tells who a person is: these are not read."""

_CONTENT = re.compile(r"@|https?://|\d{3}[-. ]\d{3,4}[-. ]\d{4}|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}")


@dataclass(frozen=True, slots=True)
class Suspect:
    """One undeclared column of people.

    `kind` is "unit" or "confounder", `measure` what `value` is: an intraclass correlation of
    `subject`, a bias-corrected Cramer's V or a correlation ratio with the group; `p` of a
    permutation test against chance; `told` is a sentence for the
    report.
    """

    column: str
    grouping: str
    kind: str
    measure: str
    subject: str
    value: float
    p: float
    told: str


def suspects(
    attributions: Attributions,
    cohort: Cohort,
    *,
    by: str | Groups,
    rng: np.random.Generator | int = 0,
) -> tuple[Suspect, ...]:
    """Columns of people with no role that look like units, or like confounders of `by`.

    A unit: a column whose states lie within groups, several in each, and within which the output or
    an attribution is alike (ICC above 0.05); if its states are large it may be a finer label of
    `by` instead, which is said. A confounder: bias-corrected Cramer's V with the group
    (a correlation ratio, for numbers) above 0.3. A state that differs between rows of a unit counts
    by the share of its rows, and is no unit. By permutation the first needs p below 0.05 over
    all columns asked, the second p below 0.01. Columns with a role, features, ids, and what looks
    personal are not read.
    """
    made, _ = as_variables(attributions, cohort)
    here = setting(cohort, by, kept=made.converged)
    columns = list(_candidates(cohort, here))
    generator = np.random.default_rng(rng)
    subjects, values = _asked(made, here)
    out = []
    for name in columns:
        seed = np.random.default_rng(int(generator.integers(2**62)))
        level = ALPHA / len(columns)
        found = _unit(here, name, subjects, values, level, seed) or _confounder(here, name, seed)
        if found is not None and found.p <= (level if found.kind == "unit" else TIED):
            out.append(found)
    return tuple(out)


def roles_of(cohort: Cohort) -> set[str]:
    """The columns of people that have a role, and names of features."""
    roles = {cohort.unit, cohort.weights, cohort.rater, cohort.prediction, "row"}
    roles |= {*cohort.strata, *cohort.covariates, *cohort.features.names}
    roles |= {g.name for g in cohort.groups} | {a.name for a in cohort.axes}
    roles |= {n for a in cohort.axes for n in a.names}
    roles |= {i.variable for i in cohort.features.indicators}
    roles |= {cohort.split[0]} if cohort.split else set()
    if isinstance(cohort.outcome, Survival):
        roles |= {cohort.outcome.time, cohort.outcome.event}
    elif cohort.outcome is not None:
        roles.add(cohort.outcome)
    return {r for r in roles if r is not None}


def _candidates(cohort: Cohort, here: Setting) -> Iterator[str]:
    """Columns without a role that may be read."""
    declared = roles_of(cohort) | {here.groups.name}
    for name in cohort.people.columns:
        if str(name) not in declared and not personal(str(name), cohort.people[name]):
            yield str(name)


def personal(name: str, column: pd.Series) -> bool:
    """Whether a column looks as if it told who a person is, by its name or its text.

    >>> personal("site", pd.Series(["a", "b"])), personal("e-mail", pd.Series(["x"]))
    (False, True)
    """
    if PERSONAL.search(name.replace("_", " ")):
        return True
    if pd.api.types.is_numeric_dtype(column):
        return False
    text = [str(v) for v in column.dropna().iloc[:200]]
    marked = sum(bool(_CONTENT.search(t)) or len(t) > 60 for t in text)
    return bool(text) and marked > 0.2 * len(text)


def _asked(made: Attributions, here: Setting) -> tuple[tuple[str, ...], Float]:
    """The output and the largest attributions, per unit (u, 1 + top)."""
    phi = made.values.reshape(made.n, -1).astype(np.float64)
    top = np.sort(np.argsort(-np.abs(phi).mean(axis=0), kind="stable")[:TOP])
    wide = here.per_unit(np.column_stack([made.total(), phi[:, top]]))
    return ("the output", *(made.features.names[j] for j in top)), wide


def _numeric(here: Setting, name: str) -> bool:
    """Whether a column holds measured numbers: more states than a code would have."""
    column = here.cohort.people[name]
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return False
    values = column.dropna().to_numpy(dtype=np.float64)
    return bool((values != np.round(values)).any())


def _unit(
    here: Setting,
    name: str,
    subjects: tuple[str, ...],
    values: Float,
    level: float,
    rng: np.random.Generator,
) -> Suspect | None:
    """The column as the unit: clusters nested in groups whose members are alike."""
    if _numeric(here, name):
        return None
    found = mixed_states(here, name)
    units, cluster = found.whole()
    if len(units) < WHOLE * found.units or not 2 <= found.states <= 0.5 * len(units):
        return None
    group = here.unit_group[units]
    if not nested(cluster, group):
        return None
    owner = _most(cluster, group)
    icc, ratio = intraclass(values[units], cluster, owner[cluster])
    icc = np.where(np.isfinite(ratio), icc, 0.0)
    j = int(icc.argmax())
    if icc[j] <= LEAST_ICC:
        return None
    draws = max(DRAWS, int(2 / level))
    p = intraclass_p(values[units], cluster, owner[cluster], draws=draws, rng=rng)
    told = (
        f"{short(name)} has no role, and rows that share it are alike within groups (intraclass "
        f"correlation {icc[j]:.2f} of {short(subjects[j])}). "
        f"{_advice(cluster, group, short(here.groups.name))}"
    )
    return Suspect(name, here.groups.name, "unit", "ICC", subjects[j], float(icc[j]), p, told)


def _advice(cluster: Int, group: Int, grouping: str) -> str:
    """What to do about clusters within groups: small ones were sampled, large ones may be labels.

    Donors of many cells and populations of many people look alike in the data: each state of both
    holds one group only. Which it is only the analyst knows.
    """
    sizes = np.bincount(cluster)
    pure = (np.bincount(cluster, weights=group == _most(cluster, group)[cluster]) == sizes).all()
    if not pure or np.median(sizes) < least_shown():
        return "Name it as unit, or every number of people here is too large."
    return (
        f"Each of its states holds one group only. If it is a finer label of {grouping}, as a "
        "population is of an ancestry, it is no unit: ask about it with by=, or leave it. Name it "
        "as unit only if it is what was sampled, as a donor of many cells is; then every number "
        "of people here is too large."
    )


def _most(cluster: Int, group: Int) -> Int:
    """The group in which most of each cluster lies."""
    table = np.zeros((int(cluster.max()) + 1, int(group.max()) + 1))
    np.add.at(table, (cluster, group), 1.0)
    most: Int = table.argmax(axis=1).astype(np.int64)
    return most


def _confounder(here: Setting, name: str, rng: np.random.Generator) -> Suspect | None:
    """The column as a confounder: it tells the group."""
    if _numeric(here, name) or _many(here, name):
        return _number(here, name, rng)
    found = mixed_states(here, name)
    units, unit = np.unique(found.unit, return_inverse=True)
    if found.states < 2 or found.states > min(MOST_STATES, len(units) // 2):
        return None
    at = np.unique(here.unit_group[units], return_inverse=True)[1]
    state, group = found.state, at[unit]
    if nested(state, group):
        return None
    value = cramers_v(state, group, found.share)
    if value <= LEAST_TIE:
        return None
    seen = chi_squared(state, group, found.share)
    drawn = (chi_squared(state, rng.permutation(at)[unit], found.share) for _ in range(DRAWS))
    p = (1 + sum(one >= seen * (1 - 1e-9) for one in drawn)) / (1 + DRAWS)
    told = _tied(here, name, "Cramer's V", value, p, "strata")
    pure = group == _most(state, group)[state]
    return replace(told, told=f"{told.told} {ONE_GROUP}") if pure.all() else told


def _many(here: Setting, name: str) -> bool:
    """Whether whole numbers have more states than a code would."""
    column = here.cohort.people[name]
    return bool(pd.api.types.is_numeric_dtype(column) and column.nunique() > 20)


def _number(here: Setting, name: str, rng: np.random.Generator) -> Suspect | None:
    column = here.cohort.people[name]
    if pd.api.types.is_bool_dtype(column):
        return None
    own = here.per_unit(column.to_numpy(dtype=np.float64, na_value=np.nan))
    use = np.isfinite(own) & (here.unit_group >= 0)
    x, group = own[use], here.unit_group[use]
    value = correlation_ratio(x, group) if len(x) else 0.0
    if value <= LEAST_TIE:
        return None
    null = (correlation_ratio(x, rng.permutation(group)) for _ in range(DRAWS))
    hits = sum(v >= value * (1 - 1e-9) for v in null)
    return _tied(here, name, "correlation ratio", value, (1 + hits) / (1 + DRAWS), "covariates")


def _tied(here: Setting, name: str, measure: str, value: float, p: float, role: str) -> Suspect:
    told = (
        f"{short(name)} has no role and goes with {short(here.groups.name)} ({measure} "
        f"{value:.2f}): differences between groups may be its own. Name it in {role} to compare "
        "people who are alike in it."
    )
    return Suspect(name, here.groups.name, "confounder", measure, "", value, p, told)
