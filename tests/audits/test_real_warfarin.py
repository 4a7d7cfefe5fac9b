"""The warfarin patients as released: sites and race overlap poorly, and it is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.explainers.explain import explain
from evenlight.measures.compare import compare
from evenlight.measures.suspects import suspects
from evenlight.probes.contrasts import contrasts

BLACK = "Black or African American"
RACE, DOSE = "Race (OMB)", "Therapeutic Dose of Warfarin"
Fitted = tuple[np.ndarray, pd.DataFrame, LinearRegression]


@pytest.fixture(scope="module", name="patients")
def _patients(data: Path) -> Fitted:
    """Complete patients at a stable dose, and a model of the root of the dose fitted to half."""
    table = pd.read_csv(data / "iwpc" / "iwpc.csv", low_memory=False)
    sizes = table[["Height (cm)", "Weight (kg)"]].notna().all(axis=1)
    stable = (table["Subject Reached Stable Dose of Warfarin"] == 1) & table[DOSE].notna()
    use = table[sizes & stable & table["Age"].notna()].reset_index(drop=True)
    decade = use["Age"].str.extract(r"(\d+)")[0].astype(float) / 10
    risk = (use["VKORC1 -1639 consensus"].map({"G/G": 0, "A/G": 1, "A/A": 2})).astype(float)
    x = np.column_stack([
        decade, use["Height (cm)"], use["Weight (kg)"], risk.fillna(risk.median()),
    ])  # fmt: skip
    people = pd.DataFrame(
        {"race": use[RACE], "site": use["Project Site"].astype(str), "dose": use[DOSE]}
    )
    people.index = pd.Index([f"p{i}" for i in range(len(use))])
    train = np.random.default_rng(0).permutation(len(use)) < len(use) // 2
    return x, people, LinearRegression().fit(x[train], np.sqrt(people["dose"][train]))


def _cohort(patients: Fitted, **roles: object) -> Cohort:
    x, people, _ = patients
    race = Groups.from_labels("race", people["race"], reference="White")
    names = ["age", "height", "weight", "VKORC1 A"]
    return Cohort(x, people, names, outcome="dose", unit="row", groups=[race], **roles)  # type: ignore[arg-type]


def test_race_within_site(patients: Fitted) -> None:
    """Asian against White cannot be asked within site, Black against White can, for the overlap."""
    cohort = _cohort(patients, strata=["site"])
    made = explain(patients[2], cohort, method="linear")
    found = compare(made, cohort, by="race", contrasts=contrasts(patients[2], cohort))
    asian, black = found.contrast("Asian", "White"), found.contrast(BLACK, "White")
    assert (found.verdict[:, asian] == "not_estimable").all()
    assert "people of both groups from the same strata are needed" in found.reason[0, asian, 0]
    assert found.n[0, black].tolist() == [472, 1478]
    told = found.population[0, black]
    assert "71 % of Black or African American and 54 % of White" in told
    j, v = found.subjects.index("VKORC1 A"), found.view("signed")
    assert found.verdict[v, black, j] == "different"
    assert found.mechanism[v, black, j] == "value"


def test_the_site_is_suspected_where_nobody_declared_it(patients: Fitted) -> None:
    """Site follows race (Cramer's V above 0.3): a warning is mandatory."""
    cohort = _cohort(patients)
    made = explain(patients[2], cohort, method="linear")
    found = {one.column: one for one in suspects(made, cohort, by="race")}
    assert found["site"].kind == "confounder"
    assert found["site"].value > 0.3
