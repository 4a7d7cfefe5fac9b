"""The verb `perturb` on real patients, expression and genotypes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from evenlight.cohorts import PHARMACOGENETIC, warfarin
from evenlight.data.cohort import Cohort
from evenlight.data.perturbed import Perturbed
from evenlight.probes.perturb import perturb


def test_the_warfarin_formula_moves_by_its_own_coefficients() -> None:
    """Of real patients: a genotype unknown moves the margin by differences of its coefficients."""
    cohort, model = warfarin(), PHARMACOGENETIC
    name = next(i.variable for i in cohort.features.indicators if "VKORC1" in i.variable)
    made = perturb(model, cohort, suite={"name": "tabular", "only": [name]})
    moves = np.unique(np.round(made.change[-1], 4))
    assert set(moves) <= {0.0, -0.4854, 0.3823, 1.212}
    assert 0.15 < (made.change[-1] != 0).mean() < 0.25


@pytest.mark.data
def test_real_expression_and_genotypes_lose_accuracy_as_they_are_perturbed(data: Path) -> None:
    """Sex from expression and ancestry from SNPs: more batch shift, lost calls, more change."""
    found = _expression(data)
    for name in ("batch shift", "measurement error", "dropout", "gene-id loss"):
        sizes = found.size[found.of(name)].mean(axis=1)
        assert (np.diff(sizes) > 0).all(), name
    made = _snps(data)
    for name in ("allele flips", "imputation error", "missing calls"):
        sizes = made.size[made.of(name)].mean(axis=1)
        assert (np.diff(sizes) > 0).all(), name
    assert made.size[made.of("strand flips")].mean(axis=1).argmax() == 2
    assert made.steps[0] == "allele flips, 0.01 share of variants flipped"


def _expression(data: Path) -> Perturbed:
    held: Any = np.load(data / "genevar-hapmap210" / "expression.npz")
    meta = pd.read_csv(data / "genevar-hapmap210" / "samples.csv", index_col=0)
    x = pd.DataFrame(held["X"][:, ::8], index=meta.index, columns=held["probes"][::8].astype(str))
    meta["female"] = (meta["sex"].str[0].str.lower() == "f").astype(int)
    cohort = Cohort(x, meta, outcome="female", groups=["superpopulation"], unit="row")
    model = LogisticRegression(C=1e-3).fit(x.to_numpy(), meta["female"])
    return perturb(model, cohort, suite={"name": "expression", "scale": "log2"})


def _snps(data: Path) -> Perturbed:
    held: Any = np.load(data / "kg2504-genotypes" / "genotypes.npz")
    meta = pd.read_csv(data / "kg2504-genotypes" / "samples.csv", index_col=0).iloc[::6]
    x = pd.DataFrame(
        held["kidd55"][::6], index=meta.index, columns=held["kidd55_sites"].astype(str)
    )
    meta = meta.assign(afr=(meta["superpopulation"] == "AFR").astype(int))
    cohort = Cohort(x, meta, outcome="afr", groups=["sex"], unit="row")
    model = LogisticRegression().fit(x.to_numpy(), meta["afr"])
    return perturb(model, cohort, suite="genotypes")
