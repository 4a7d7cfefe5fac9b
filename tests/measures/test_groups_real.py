"""Real people: ancestry is seen along PCs, sex nowhere in autosomes, and in expression."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evenlight.arrays import Float
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Axes
from evenlight.measures import testing as how
from evenlight.measures.axes import compare_axes
from evenlight.measures.compare import compare
from evenlight.measures.intersect import intersect
from evenlight.measures.omnibus import omnibus
from evenlight.measures.suspects import suspects

QUICK = how.Testing(draws=499)


def linear(x: Float, names: list[str], people: pd.DataFrame) -> Attributions:
    """Attributions of a linear model with drawn weights."""
    weights = np.random.default_rng(0).normal(size=x.shape[1])
    values = (x - x.mean(axis=0)) / x.std(axis=0) * weights
    return Attributions.from_arrays(
        values,
        rows=people.index.tolist(),
        features=names,
        output=values.sum(axis=1),
        base=0.0,
    )


@pytest.fixture(scope="module")
def genotypes(data: Path) -> tuple[Float, list[str], pd.DataFrame]:
    """20 ancestry-informative and 20 common sites, people with three PCs of 1,000 other sites."""
    held = np.load(data / "kg2504-genotypes" / "genotypes.npz")
    people = pd.read_csv(data / "kg2504-genotypes" / "samples.csv", index_col="sample")
    common = held["exome_common"].astype(float)
    rest = common[:, 1000:2000]
    left, size, _ = np.linalg.svd((rest - rest.mean(axis=0)) / rest.std(axis=0), False)
    for k in range(3):
        people[f"PC{k + 1}"] = left[:, k] * size[k]
    x = np.hstack([held["kidd55"][:, :20].astype(float), common[:, :20]])
    return x, [f"aisnp{j}" for j in range(20)] + [f"site{j}" for j in range(20)], people


def test_sites_follow_ancestry_and_nothing_follows_a_shuffled_one(
    genotypes: tuple[Float, list[str], pd.DataFrame],
) -> None:
    """All ancestry-informative sites follow the PCs of other sites; with people shuffled none."""
    x, names, people = genotypes
    cohort, made = Cohort(x, people, features=names, unit="row"), linear(x, names, people)
    pcs = people[["PC1", "PC2", "PC3"]].to_numpy()
    found = compare_axes(made, cohort, Axes("pcs", pcs, cohort.rows), testing=QUICK)
    assert (found.p_maxt[found.view("signed")].min(axis=0)[:20] <= 0.05).all()
    other = np.random.default_rng(1).permutation(pcs)
    none = compare_axes(made, cohort, Axes("pcs", other, cohort.rows), testing=QUICK)
    assert none.p_maxt[none.view("signed")].min() > 0.05


def test_sex_shows_nothing_in_autosomes_however_it_is_asked(
    genotypes: tuple[Float, list[str], pd.DataFrame],
) -> None:
    """Adjusted for PCs, as a group, and crossed with ancestry: sex differs in no site."""
    x, names, people = genotypes
    made = linear(x, names, people)
    beside = Cohort(x, people, features=names, unit="row", covariates=["PC1", "PC2", "PC3"])
    adjusted = compare(made, beside, by="sex", testing=QUICK)
    assert adjusted.p_maxt[adjusted.view("signed")].min() > 0.05
    cohort = Cohort(x, people, features=names, unit="row")
    assert omnibus(made, cohort, by="sex", testing=QUICK).p_maxt.min() > 0.05
    crossed = intersect(made, cohort, by=["superpopulation", "sex"], testing=QUICK)
    assert crossed.p_maxt.min() > 0.05
    assert (crossed.main_p[0, :20] <= 0.01).all()


def test_undeclared_ancestry_is_named_beside_ancestry_and_not_beside_sex(
    genotypes: tuple[Float, list[str], pd.DataFrame],
) -> None:
    """Population and PCs are suspects beside ancestry; beside sex nothing is."""
    x, names, people = genotypes
    cohort, made = Cohort(x, people, features=names, unit="row"), linear(x, names, people)
    told = {s.column: s.kind for s in suspects(made, cohort, by="superpopulation")}
    assert told["population"] == "unit"
    assert {told[f"PC{k}"] for k in (1, 2, 3)} == {"confounder"}
    assert suspects(made, cohort, by="sex") == ()


def test_expression_of_sex_is_found_among_two_hundred_probes(data: Path) -> None:
    """The three known probes of sex are flagged, and many probes differ between populations."""
    held = np.load(data / "genevar-hapmap210" / "expression.npz")
    people = pd.read_csv(data / "genevar-hapmap210" / "samples.csv", index_col="sample")
    probes, whole = [str(p) for p in held["probes"]], held["X"].astype(float)
    known = [probes.index(p) for p in ("GI_33239439-S", "GI_33188426-I", "GI_42415470-S")]
    chosen = list(dict.fromkeys([*known, *np.argsort(-whole.var(axis=0))[:200].tolist()]))
    x, names = whole[:, chosen], [probes[j] for j in chosen]
    cohort, made = Cohort(x, people, features=names, unit="row"), linear(x, names, people)
    sex = omnibus(made, cohort, by="sex", testing=QUICK)
    assert (sex.p_maxt[0, :3] <= 0.01).all()
    assert int((sex.p_maxt[0] <= 0.05).sum()) < 10
    populations = omnibus(made, cohort, by="population", testing=QUICK)
    assert int((populations.p_maxt[0] <= 0.05).sum()) > 50
