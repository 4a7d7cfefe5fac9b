"""Association on real people: ancestry is in genotypes, sex in few probes, race in VKORC1."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from evenlight.cohorts import warfarin
from evenlight.data.cohort import Cohort
from evenlight.measures.associate import associate


def test_ancestry_is_in_every_site_and_sex_in_none(data: Path) -> None:
    """Of 2,504 people each of 55 sites tells ancestry, FST is that of the field, sex is silent."""
    folder = data / "kg2504-genotypes"
    x = np.load(folder / "genotypes.npz")["kidd55"].astype(float)
    table = pd.read_csv(folder / "samples.csv").set_index("sample")
    cohort = Cohort(x, table, [f"site {j}" for j in range(x.shape[1])], unit="row")
    found = associate(cohort, by="superpopulation", genotypes=True)
    assert (found.p_maxt <= 0.05).all()
    assert found.drift is not None
    assert found.drift.pooled > 0.2
    assert (found.drift.informativeness > 0.02).mean() > 0.9
    silent = associate(cohort, by="sex", genotypes=True)
    assert (silent.p_maxt > 0.05).all()
    assert silent.drift is not None
    assert abs(silent.drift.pooled) < 0.002


def test_sex_is_in_few_probes_and_lists_reach_below_the_draws(data: Path) -> None:
    """Of 3,221 probes the known ones tell sex, in the list as well, and few others do."""
    folder = data / "genevar-hapmap210"
    held = np.load(folder / "expression.npz")
    table = pd.read_csv(folder / "samples.csv").set_index("sample")
    names = [str(p) for p in held["probes"]]
    cohort = Cohort(held["X"].astype(float), table, names, unit="row")
    found = associate(cohort, by="sex")
    at = [names.index(p) for p in ("GI_33239439-S", "GI_33188426-I", "GI_42415470-S")]
    assert (found.share[0, at] > 0.5).all()
    assert (found.q[0, at] < 0.01).all()
    assert 3 <= (found.q[0] < 0.05).sum() < 60


def test_genotypes_of_warfarin_tell_race_within_doses_and_sites() -> None:
    """VKORC1 tells race whatever is given, less so of itself among people of one dose and site.

    Hardly any Asian patient is at a site with others, and so they are not among these.
    """
    cohort = warfarin()
    found = associate(cohort, by="race", sets=cohort.features.variables())
    at = found.subjects.index("VKORC1")
    assert (found.p_maxt[:, at] <= 0.05).all()
    assert (np.diff(found.share[:, at]) < 0).all()
    np.testing.assert_allclose(found.share[:, found.subjects.index("race")], 1, atol=1e-9)
    assert "41 % of units" in found.population[2]
    assert "Not among them: 36 of 1,159 units in Asian" in found.population[2]
    assert found.sets is not None
    assert found.sets.value[0, at] > 0.6
