"""The warfarin cohort is the released one, and the published formulas err on it as published."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources

import numpy as np
import pandas as pd
import pytest

from evenlight.arrays import Float
from evenlight.cohorts import CLINICAL, PHARMACOGENETIC, warfarin
from evenlight.cohorts.warfarin import INCOMPLETE, patients
from evenlight.data.coefficients import CoefficientTable
from evenlight.data.cohort import Cohort
from evenlight.errors import CohortError

MAE = {
    PHARMACOGENETIC.name: {
        "White": 9.24,
        "Asian": 6.55,
        "Black or African American": 12.00,
        "Unknown": 7.29,
    },
    CLINICAL.name: {
        "White": 11.19,
        "Asian": 7.05,
        "Black or African American": 12.27,
        "Unknown": 9.29,
    },
}
"""Mean absolute error in mg a week of the published formulas (unrounded, the 12.27 is 12.2745)."""


def dose(formula: CoefficientTable, cohort: Cohort) -> Float:
    """The weekly dose that a formula gives, (n,), written as plainly as it can be."""
    doses = []
    for row in np.asarray(cohort.x):
        named = dict(zip(cohort.features.names, row.tolist(), strict=True))
        root = formula.intercept + sum(w * named[term] for term, w in formula.weights.items())
        doses.append(root**2)
    return np.array(doses)


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    """The complete patients."""
    return warfarin()


@pytest.mark.parametrize("formula", [PHARMACOGENETIC, CLINICAL], ids=lambda f: f.name)
def test_error_by_race_is_the_known_one(formula: CoefficientTable, cohort: Cohort) -> None:
    """The mean absolute error of each race equals what the released file gives."""
    miss = np.abs(dose(formula, cohort) - cohort.y)
    found = {r: miss[(cohort.people["race"] == r).to_numpy()].mean() for r in MAE[formula.name]}
    assert {r: round(m, 2) for r, m in found.items()} == MAE[formula.name]


@pytest.mark.parametrize(("formula", "mae"), [(PHARMACOGENETIC, 8.87), (CLINICAL, 10.24)])
def test_overall_error_is_the_known_one(
    formula: CoefficientTable, mae: float, cohort: Cohort
) -> None:
    """The mean absolute error of all complete patients is the known one."""
    assert round(float(np.abs(dose(formula, cohort) - cohort.y).mean()), 2) == mae


@pytest.mark.parametrize(
    ("race", "share"),
    [("Asian", 0.42), ("Black or African American", 0.44), ("White", 0.47), ("Unknown", 0.52)],
)
def test_share_within_a_fifth_of_the_dose(race: str, share: float, cohort: Cohort) -> None:
    """The share of patients whose dose is met within 20 % is the known one."""
    at = (cohort.people["race"] == race).to_numpy()
    near = np.abs(dose(PHARMACOGENETIC, cohort) - cohort.y) <= 0.2 * cohort.y
    assert round(float(near[at].mean()), 2) == share


@pytest.mark.parametrize(
    ("column", "counts"),
    [
        ("race", {"White": 3425, "Asian": 1654, "Black or African American": 692, "Unknown": 485}),
        ("sex", {"male": 3569, "female": 2683}),
    ],
)
def test_counts_of_all_patients(column: str, counts: Mapping[str, int]) -> None:
    """The packaged table has the released numbers of people by race and sex."""
    assert patients()[column].value_counts().to_dict() == counts


def test_size_of_the_table() -> None:
    """There are 6,256 patients of 22 sites, 4,811 complete ones of 18 sites."""
    table, whole = patients(), warfarin()
    assert (len(table), table["site"].nunique()) == (6256, 22)
    assert (whole.n, whole.people["site"].nunique()) == (4811, 18)


def test_race_and_site_overlap_poorly(cohort: Cohort) -> None:
    """35 of 1,159 Asian patients share a site with two White ones; of Black ones 472 of 668 do."""
    at = pd.crosstab(cohort.people["site"], cohort.people["race"])
    for race, here, white, total in [
        ("Asian", 35, None, 1159),
        ("Black or African American", 472, 1478, 668),
    ]:
        both = at[(at[race] >= 2) & (at["White"] >= 2)]
        assert (both[race].sum(), at[race].sum()) == (here, total)
        assert white is None or both["White"].sum() == white


def test_unknown_race_is_not_a_group(cohort: Cohort) -> None:
    """Race has three levels in the declared order, and patients of unknown race have code -1."""
    race = cohort.grouping("race")
    assert race.levels == ("White", "Asian", "Black or African American")
    unknown = (cohort.people["race"] == "Unknown").to_numpy()
    np.testing.assert_array_equal(~race.known, unknown)


def test_each_categorical_is_one_variable(cohort: Cohort) -> None:
    """VKORC1, CYP2C9 and race are one variable each, beside five single columns."""
    variables = cohort.features.variables()
    assert variables.names == (
        *("age_decade", "height_cm", "weight_kg", "VKORC1", "CYP2C9", "race"),
        *("enzyme_inducer", "amiodarone"),
    )
    assert len(variables.members("CYP2C9")) == 6


def test_other_alleles_count_as_unknown() -> None:
    """CYP2C9 pairs with an allele other than *1, *2, *3 set the column of the unknown."""
    everyone = warfarin(complete=False)
    rare = patients()["cyp2c9"].isin(["*1/*5", "*1/*6", "*1/*11", "*1/*13", "*1/*14"]).to_numpy()
    column = everyone.features.names.index("CYP2C9 unknown")
    assert rare.sum() == 17
    assert (np.asarray(everyone.x)[rare, column] == 1).all()


def test_formula_terms_are_columns(cohort: Cohort) -> None:
    """Each term of both formulas is a column of x, and the first formula uses every column."""
    assert set(PHARMACOGENETIC.weights) == set(cohort.features.names)
    assert set(CLINICAL.weights) < set(cohort.features.names)


def test_halves_are_disjoint_and_stable() -> None:
    """Train and test share nobody, make up everyone, and a patient's half never changes."""
    train, test, both = warfarin(split="train"), warfarin(split="test"), warfarin()
    assert set(train.rows) | set(test.rows) == set(both.rows)
    assert not set(train.rows) & set(test.rows)
    assert (train.n, test.n) == (2368, 2443)
    assert test.split == ("split", "test")


def test_without_race_leaves_only_the_inputs_of_race_out() -> None:
    """Race leaves x and stays a grouping."""
    blind = warfarin(features="without race")
    assert not [name for name in blind.features.names if "race" in name]
    assert blind.features.names == tuple(n for n in warfarin().features.names if "race" not in n)
    assert blind.grouping("race").levels == warfarin().grouping("race").levels


def test_everyone_is_there_with_the_gaps_named() -> None:
    """All 6,256 patients come when asked for, with gaps in x filled and noted."""
    everyone = warfarin(complete=False)
    unstable = (patients()["stable"] != 1).to_numpy()
    assert everyone.n == 6256
    assert np.isfinite(np.asarray(everyone.x)).all()
    assert any("median" in note for note in everyone.notes)
    assert np.isnan(everyone.y[unstable]).all()


@pytest.mark.parametrize(("name", "value"), [("split", "held-out"), ("features", "no race")])
def test_an_unknown_choice_is_named(name: str, value: str) -> None:
    """A misspelt option says what it got and what it wanted."""
    with pytest.raises(CohortError, match=f"{name}={value!r}; wanted"):
        warfarin(**{name: value})  # type: ignore[arg-type]


def test_a_caller_cannot_change_the_table() -> None:
    """What one caller does to the table, the next one does not see."""
    mine = patients()
    mine["dose"] = 0.0
    assert patients()["dose"].max() > 0


def test_no_subject_id_is_shipped() -> None:
    """The packaged table holds our own row ids and no id of the source."""
    packaged = resources.files("evenlight.cohorts").joinpath("warfarin.csv.gz").read_bytes()
    table = patients()
    assert len(packaged) < 200_000
    assert table.index.tolist() == [f"w{i:04d}" for i in range(1, 6257)]
    assert not table.astype(str).apply(lambda column: column.str.startswith("PA1")).any().any()


def test_who_left_before_the_audit_stands_in_the_flow() -> None:
    """The patients without what is needed are the first step; of all 6,256 nobody left."""
    assert [(one.left, one.why) for one in warfarin().flow] == [(1445, INCOMPLETE)]
    assert next(one.left for one in warfarin(split="test").flow) == 1445
    assert warfarin(complete=False).flow == ()
