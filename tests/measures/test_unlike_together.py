"""Tests of all groups, of whole explanations and of crossed groups: as many rows of each person."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from htpy import div

from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.measures.agreement import agree
from evenlight.measures.coverage import Coverage, label_coverage
from evenlight.measures.crossing import crossed
from evenlight.measures.globally import globally
from evenlight.measures.graded import MARGIN, Differences, Side, differences
from evenlight.measures.intersect import intersect, intersect_values
from evenlight.measures.leak import leak
from evenlight.measures.omnibus import omnibus
from evenlight.measures.prepare import setting
from evenlight.measures.quality import METRICS
from evenlight.measures.testing import Testing
from evenlight.measures.unlike_rows import thinned
from evenlight.measures.versions import versions
from evenlight.reports.sections.b5_told import leakage
from evenlight.reports.sections.b6_intersections import heat_table
from evenlight.reports.sections.wholes import agreement_table, whole_table

FEATURES = 16
TOLD = "Of each unit as many rows enter as units of the group with the fewest have (1)."


def world(
    one: tuple[int, int], other: tuple[int, int], seed: int, *, shift: float = 0.0
) -> tuple[Attributions, Cohort]:
    """People of two groups with so many rows each, crossed with sex.

    Attributions are skewed, most of them 0; the first of the smaller group differs by `shift`.
    """
    rng = np.random.default_rng([seed, 11])
    each = np.repeat([one[1], other[1]], [one[0], other[0]])
    unit = np.repeat(np.arange(len(each)), each)
    few = unit < one[0]
    own = 0.3 * rng.normal(size=(len(each), FEATURES))
    x = own[unit] + rng.normal(size=(len(unit), FEATURES))
    x[:, 0] += shift * few
    ids, names = [f"r{i:04d}" for i in range(len(unit))], [f"f{j}" for j in range(FEATURES)]
    columns = {"g": np.where(few, "a", "b"), "sex": np.where(unit % 2, "female", "male")}
    people = pd.DataFrame({**columns, "unit": [f"u{u:03d}" for u in unit]}, index=ids)
    cohort = Cohort(pd.DataFrame(x, ids, names), people, groups=["g", "sex"], unit="unit")
    values = np.maximum(x - 1.0, 0)
    made = Attributions.from_arrays(
        values, rows=ids, features=names, output=values.sum(axis=1), base=0.0
    )
    return made, cohort


UNLIKE = ((25, 1), (120, 8))
FEW = Testing(draws=400, own_value=False)
CROSSED = ((30, 1), (120, 8))


def test_all_groups_together_hold_their_level() -> None:
    """One row a person against eight: at most 3 of 20 null runs have a flag; 13 had before."""
    asked = Testing(draws=400)
    runs = [omnibus(*world(*UNLIKE, seed), by="g", testing=asked) for seed in range(20)]
    assert sum(bool(np.nanmin(one.p_maxt[0]) <= 0.05) for one in runs) <= 3
    assert runs[0].note == TOLD
    assert runs[0].units[0] == 145


def test_whole_explanations_hold_their_level() -> None:
    """Means of eight rows spread less than one row: energy told that in 20 of 20 null runs."""
    runs = [globally(*world(*UNLIKE, seed), by="g", draws=199) for seed in range(20)]
    assert sum(float(one.energy_p[0, 0]) <= 0.05 for one in runs) <= 3
    assert sum(float(one.auc_p[0, 0]) <= 0.05 for one in runs) <= 3
    assert runs[0].population.tolist() == [[TOLD]]
    assert TOLD in str(div[whole_table("t4w", runs[0])])


def test_what_tells_the_group_is_not_how_many_rows_there_are() -> None:
    """The leak of attributions that differ in nothing: at most 3 of 20 null runs; 6 before."""
    runs = [leak(*world(*UNLIKE, seed), by="g", draws=199) for seed in range(20)]
    assert sum(float(one.p[0, 0]) <= 0.05 for one in runs) <= 3
    assert runs[0].population.tolist() == [[TOLD]]
    assert TOLD in str(div[leakage("t5k", runs[0])])


def test_crossed_groups_hold_their_level() -> None:
    """The effect of the group beside sex: at most 1 of 10 null runs has a flag; 6 had before."""
    asked = Testing(draws=399)
    runs = [intersect(*world(*CROSSED, s), by=["g", "sex"], testing=asked) for s in range(10)]
    assert sum(bool(one.main_p[0].min() <= 0.05 / FEATURES) for one in runs) <= 1
    assert sum(bool(one.p_maxt.min() <= 0.05) for one in runs) <= 2
    assert runs[0].note == TOLD
    assert runs[0].count.tolist() == [15, 15, 60, 60]
    assert TOLD in str(div[heat_table("t8", runs[0], 0)])


def test_losses_of_rows_are_crossed_by_as_many() -> None:
    """Of eight losses of a person one enters: the mean of a cell is that of these."""
    _, cohort = world(*CROSSED, 0)
    losses = pd.DataFrame({"loss": cohort.dense()[:, 0]}, index=cohort.rows)
    found = intersect_values(losses, cohort, by=["g", "sex"], testing=Testing(draws=199))
    here, told = thinned(crossed(cohort, ["g", "sex"]))
    assert found.note == told == TOLD
    own = losses["loss"].to_numpy()[here.kept]
    for cell in range(4):
        at = here.unit_group[here.unit] == cell
        assert found.mean[cell, 0] == pytest.approx(own[at].mean(), rel=1e-6)


def test_what_differs_is_still_found() -> None:
    """A shift of the first attribution is told by all three, and by the groups' own part."""
    made, cohort = world((60, 1), (120, 8), 1, shift=1.5)
    found = omnibus(made, cohort, by="g", testing=Testing(draws=400))
    assert (found.p_maxt[0] <= 0.05).tolist() == [True] + [False] * (FEATURES - 1)
    assert globally(made, cohort, by="g", draws=199).energy_p[0, 0] <= 0.05
    both = intersect(made, cohort, by=["g", "sex"], testing=Testing(draws=499))
    assert both.main_p[0, 0] <= 0.01


@pytest.mark.parametrize("rows", [1, 4])
def test_where_rows_are_as_many_nothing_is_said(rows: int) -> None:
    """All rows enter where groups have as many of each, and nothing is told of them."""
    made, cohort = world((25, rows), (60, rows), 2)
    assert omnibus(made, cohort, by="g", testing=Testing(draws=199)).note == ""
    assert globally(made, cohort, by="g", draws=199).population.tolist() == [[""]]
    both = intersect(made, cohort, by=["g", "sex"], testing=Testing(draws=199))
    assert both.note == ""


def test_rankings_of_few_rows_are_held_against_rankings_of_as_many() -> None:
    """Means of one row rank noisily: Spearman told that in 9 of 20 null runs with all rows."""
    runs = [agree(*ranked(seed), by="g", draws=199) for seed in range(20)]
    spearman = runs[0].statistics.index("Spearman")
    assert sum(float(one.p[0, spearman]) <= 0.05 for one in runs) <= 3
    assert runs[0].population == TOLD
    assert TOLD in str(div[agreement_table("t4r", runs[0])])


def ranked(seed: int) -> tuple[Attributions, Cohort]:
    """The same for everyone: some features matter three times as much as others."""
    made, cohort = world(*UNLIKE, seed)
    values = made.values * np.linspace(1, 3, FEATURES)
    again = Attributions.from_arrays(
        values,
        rows=made.rows.tolist(),
        features=made.features.names,
        output=values.sum(axis=1),
        base=0.0,
    )
    return again, cohort


def test_people_without_a_label_are_compared_by_as_many_rows() -> None:
    """One row each of 25 unknown, eight of the known: a flag in 12 of 20 null runs before."""
    runs = [unlabelled(seed) for seed in range(20)]
    assert sum(float(np.nanmin(one.p_maxt)) <= 0.05 for one in runs) <= 3
    assert runs[0].population == TOLD


def unlabelled(seed: int) -> Coverage:
    """The sex of the smaller group is not known."""
    made, cohort = world(*UNLIKE, seed)
    few, sex = cohort.groups
    known = replace(sex, codes=np.where(few.codes == 0, -1, sex.codes))
    return label_coverage(made, cohort, by=known, testing=FEW)


def test_versions_take_as_many_rows_of_each_group_against_one_another() -> None:
    """Levels tell of every row, contrasts of as many of each: flags in 0 of 20 runs, not 13."""
    runs = [
        versions(twice(seed), world(*UNLIKE, seed)[1], by="g", testing=FEW) for seed in range(20)
    ]
    moved = [one.of("moved") for one in runs]
    assert sum(float(np.nanmin(one.apart_q)) <= 0.05 for one in moved) <= 3
    assert runs[0].population == TOLD
    first, second = twice(0)
    eight = world(*UNLIKE, 0)[1].groups[0].codes == 1
    by_hand = np.abs(second.values - first.values)[eight].mean(axis=0) / moved[0].unit
    assert moved[0].change[1] == pytest.approx(by_hand)


def twice(seed: int) -> tuple[Attributions, Attributions]:
    """Two versions of the explanation: the second adds noise, which is skewed too."""
    (first, _), (noise, _) = (world(*UNLIKE, s) for s in (seed, seed + 1000))
    values = first.values + noise.values
    second = Attributions.from_arrays(
        values,
        rows=first.rows.tolist(),
        features=first.features.names,
        output=values.sum(axis=1),
        base=0.0,
    )
    return first, second


def test_the_quality_of_explanations_is_compared_by_as_many_rows() -> None:
    """Skewed metrics beyond their margins: 8 of 20 null runs differ with all rows."""
    found = [graded_apart(seed) for seed in range(20)]
    assert sum(bool(one.differs.any()) for one in found) <= 3
    assert found[0].population == TOLD


def graded_apart(seed: int) -> Differences:
    """Attributions in the place of metrics, thirty margins large."""
    made, cohort = world(*UNLIKE, seed)
    here, asked = setting(cohort, "g"), np.flatnonzero(~np.isnan(MARGIN))
    values = np.full((cohort.n, len(METRICS)), np.nan)
    empty = values.copy()
    values[:, asked] = made.values[:, : len(asked)] * MARGIN[asked] * 30
    sides = (Side(here, values), Side(here, empty))
    return differences(sides, rng=np.random.default_rng(seed))
