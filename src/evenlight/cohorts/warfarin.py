"""The warfarin cohort: 6,256 patients of 22 sites, and two published dosing formulas.

The International Warfarin Pharmacogenetics Consortium released the patients together with its
paper and published there, as appendices S1e and S1f, one formula with genotypes and one without.
Both predict the square root of the stable weekly dose. The table is licensed CC BY-SA 4.0; see
`LICENSE-warfarin.md` beside it for attribution and changes.

Asian patients come almost only from sites without White patients, so these two groups cannot be
compared within site; Black and White patients share eight sites.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from importlib import resources
from typing import Literal

import pandas as pd

from evenlight.data.coefficients import CoefficientTable
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features, Indicators
from evenlight.data.gone import step
from evenlight.data.groups import Groups
from evenlight.errors import CohortError

SOURCE = (
    "International Warfarin Pharmacogenetics Consortium. Estimation of the Warfarin Dose with "
    "Clinical and Pharmacogenetic Data. N Engl J Med 2009;360:753-764. doi:10.1056/NEJMoa0809329"
)

LICENCE = "CC BY-SA 4.0, see LICENSE-warfarin.md"

RACES = ("White", "Asian", "Black or African American")
"""Race by the categories of the US Office of Management and Budget; Unknown is not a group."""

VKORC1 = Indicators("VKORC1", {f"VKORC1 {s}": s for s in ("A/G", "A/A", "unknown")}, "G/G")
"""Genotype at -1639 G>A (rs9923231)."""

CYP2C9 = Indicators(
    "CYP2C9",
    {f"CYP2C9 {s}": s for s in ("*1/*2", "*1/*3", "*2/*2", "*2/*3", "*3/*3", "unknown")},
    "*1/*1",
)
"""Star alleles; pairs with any other allele count as unknown, as in the published formulas."""

RACE = Indicators("race", {f"race {s}": s for s in (*RACES[1:], "unknown")}, "White")
ENZYME_INDUCER = Indicators("enzyme_inducer", {"enzyme_inducer": "yes"}, "no")
AMIODARONE = Indicators("amiodarone", {"amiodarone": "yes"}, "no")
INCOMPLETE = "patients without a stable dose, or without dose, height, weight or age"

CATEGORICAL = (VKORC1, CYP2C9, RACE, ENZYME_INDUCER, AMIODARONE)
MEASURED = ("age_decade", "height_cm", "weight_kg")

PHARMACOGENETIC = CoefficientTable(
    name="IWPC pharmacogenetic formula",
    intercept=5.6044,
    weights={
        "age_decade": -0.2614,
        "height_cm": 0.0087,
        "weight_kg": 0.0128,
        "VKORC1 A/G": -0.8677,
        "VKORC1 A/A": -1.6974,
        "VKORC1 unknown": -0.4854,
        "CYP2C9 *1/*2": -0.5211,
        "CYP2C9 *1/*3": -0.9357,
        "CYP2C9 *2/*2": -1.0616,
        "CYP2C9 *2/*3": -1.9206,
        "CYP2C9 *3/*3": -2.3312,
        "CYP2C9 unknown": -0.2188,
        "race Asian": -0.1092,
        "race Black or African American": -0.2760,
        "race unknown": -0.1032,
        "enzyme_inducer": 1.1816,
        "amiodarone": -0.5503,
    },
    link="square",
    target="weekly dose",
    unit="mg a week",
    source=f"{SOURCE}, appendix S1e",
)
"""Age, body size, race, comedication and the genotypes of VKORC1 and CYP2C9."""

CLINICAL = CoefficientTable(
    name="IWPC clinical formula",
    intercept=4.0376,
    weights={
        "age_decade": -0.2546,
        "height_cm": 0.0118,
        "weight_kg": 0.0134,
        "race Asian": -0.6752,
        "race Black or African American": 0.4060,
        "race unknown": 0.0443,
        "enzyme_inducer": 1.2799,
        "amiodarone": -0.5695,
    },
    link="square",
    target="weekly dose",
    unit="mg a week",
    source=f"{SOURCE}, appendix S1f",
)
"""Age, body size, race and comedication, without genotypes."""


def warfarin(
    *,
    complete: bool = True,
    split: Literal["train", "test"] | None = None,
    features: Literal["all", "without race"] = "all",
) -> Cohort:
    """The warfarin patients as a cohort: 17 columns, outcome `dose` in mg a week.

    Parameters
    ----------
    complete
        The 4,811 patients with a stable dose and known dose, height, weight and age. Otherwise
        all 6,256: missing values of x become the column's median, which the cohort notes, and the
        outcome is missing for patients who reached no stable dose.
    split
        Only one half of the patients: a model trained on "train" is audited on "test".
    features
        "without race" leaves the three columns of race out of x; race stays a grouping.

    Raises
    ------
    CohortError
        for an unknown `split` or `features`.

    >>> cohort = warfarin()
    >>> cohort.x.shape, cohort.groups[0].levels
    ((4811, 17), ('White', 'Asian', 'Black or African American'))
    """
    if split not in (None, "train", "test"):
        raise CohortError(f'split={split!r}; wanted "train", "test" or None')
    if features not in ("all", "without race"):
        raise CohortError(f'features={features!r}; wanted "all" or "without race"')
    every = patients()
    table = _complete(every) if complete else every
    coded = tuple(c for c in CATEGORICAL if features == "all" or c is not RACE)
    x, people = _inputs(table, coded), _people(table)
    made = Cohort(
        x,
        people,
        Features(tuple(x.columns), indicators=coded),
        outcome="dose",
        outcome_kind="continuous",
        unit="row",
        groups=_groupings(people),
        strata=["site"],
        split=None if split is None else ("split", split),
        missing="error" if complete else "median",
        source=f"{SOURCE} Table of PharmGKB; {LICENCE}.",
    )
    return made.altered(flow=(*step(INCOMPLETE, len(every) - len(table)), *made.flow))


def patients() -> pd.DataFrame:
    """The packaged table: 6,256 patients, indexed by our own row ids.

    Columns: site, sex, race, age_decade (10-19 is 1, 90 and over is 9), height_cm, weight_kg,
    vkorc1, cyp2c9, enzyme_inducer, amiodarone, stable (0, 1 or missing), dose (mg a week). A
    missing genotype is NaN, and so is a missing number.

    >>> len(patients())
    6256
    """
    return _read().copy()


@cache
def _read() -> pd.DataFrame:
    packaged = resources.files("evenlight.cohorts").joinpath("warfarin.csv.gz")
    with packaged.open("rb") as stream:
        return pd.read_csv(stream, compression="gzip", index_col="row", dtype={"site": str})


def _complete(table: pd.DataFrame) -> pd.DataFrame:
    known = table[["age_decade", "height_cm", "weight_kg", "dose"]].notna().all(axis=1)
    return table[known & (table["stable"] == 1)]


def _inputs(table: pd.DataFrame, coded: tuple[Indicators, ...]) -> pd.DataFrame:
    """Inputs (n, p) as float64: measured columns, then the indicator columns of each variable."""
    states = {
        "VKORC1": _known(table["vkorc1"], VKORC1),
        "CYP2C9": _known(table["cyp2c9"], CYP2C9),
        "race": _known(table["race"], RACE),
        "enzyme_inducer": table["enzyme_inducer"].map({0: "no", 1: "yes"}),
        "amiodarone": table["amiodarone"].map({0: "no", 1: "yes"}),
    }
    columns = {name: table[name].astype(float) for name in MEASURED}
    for variable in coded:
        for column, state in variable.columns.items():
            columns[column] = (states[variable.variable] == state).astype(float)
    return pd.DataFrame(columns)


def _known(labels: pd.Series, coded: Indicators) -> pd.Series:
    """Labels with whatever is not a state of `coded` as "unknown"."""
    return labels.where(labels.isin(coded.states), "unknown")


def _people(table: pd.DataFrame) -> pd.DataFrame:
    people = table[["race", "sex", "site"]].copy()
    people["dose"] = table["dose"].where(table["stable"] == 1)
    people["split"] = [_half(str(row)) for row in table.index]
    return people


def _half(row: str) -> str:
    """Which half a row id falls into: it depends on the id alone."""
    return "test" if sha256(f"warfarin split 1 {row}".encode()).digest()[0] % 2 else "train"


def _groupings(people: pd.DataFrame) -> tuple[Groups, Groups]:
    race = Groups.from_labels(
        "race", people["race"], levels=RACES, missing=["Unknown"], source="self-report or record"
    )
    sex = Groups.from_labels("sex", people["sex"], levels=("female", "male"), source="record")
    return race, sex
