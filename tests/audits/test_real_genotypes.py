"""Genotypes of 2,504 people: ancestry is in every site, sex is in none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.probed import Contrasts
from evenlight.explainers.explain import explain
from evenlight.measures.compare import compare
from evenlight.measures.rely import rely
from evenlight.measures.suspects import suspects
from evenlight.probes.contrasts import contrasts

Explained = tuple[Cohort, Attributions, Contrasts]


@pytest.fixture(scope="module", name="genotyped")
def _genotyped(data: Path) -> Explained:
    """A logistic model of African ancestry on 55 sites, learned on the half not audited."""
    folder = data / "kg2504-genotypes"
    x = np.load(folder / "genotypes.npz")["kidd55"].astype(float)
    people = pd.read_csv(folder / "samples.csv").set_index("sample")
    people["african"] = (people["superpopulation"] == "AFR").astype(int)
    train = np.random.default_rng(0).permutation(len(x)) < len(x) // 2
    model = LogisticRegression(C=0.1, max_iter=2000).fit(x[train], people["african"][train])
    names = [f"site {j}" for j in range(x.shape[1])]
    cohort = Cohort(
        x[~train], people[~train], names, outcome="african", unit="row",
        groups=["superpopulation", "sex"],
    )  # fmt: skip
    return cohort, explain(model, cohort, method="linear"), contrasts(model, cohort)


def test_sex_shows_nothing(genotyped: Explained) -> None:
    """No site is flagged by sex in any view, and the output does not follow it."""
    cohort, made, moved = genotyped
    found = compare(made, cohort, by="sex", contrasts=moved)
    assert np.nanmin(found.p_maxt) > 0.05
    assert not (found.verdict == "different").any()
    assert (found.verdict[found.view("use")] == "similar").all()
    relied = rely(made, cohort, by="sex")
    assert set(relied.total_verdict.ravel()) == {"similar"}


def test_ancestry_shows_value_shift_and_no_other_use(genotyped: Explained) -> None:
    """Sites differ between ancestries in plenty, all of it other genotypes under the same use."""
    cohort, made, moved = genotyped
    found = compare(made, cohort, by="superpopulation", contrasts=moved)
    signed = found.view("signed")
    flagged = found.verdict[signed] == "different"
    assert flagged.any(axis=1).all()
    assert (found.p_maxt[signed] <= 0.05).mean() > 0.5
    assert set(found.mechanism[signed][flagged]) == {"value"}
    assert (found.verdict[found.view("use")] == "similar").all()


def test_a_population_that_nobody_declared_is_suspected(genotyped: Explained) -> None:
    """People of one of the 26 populations are alike, within ancestries: a warning says so."""
    cohort, made, _ = genotyped
    found = {one.column: one for one in suspects(made, cohort, by="superpopulation")}
    assert found["population"].kind == "unit"
    assert found["population"].value > 0.05
