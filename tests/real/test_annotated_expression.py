"""Real expression and genotypes as AnnData: from a file on disk to a comparison by ancestry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anndata as ad  # type: ignore[import-untyped]
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from evenlight import tl
from evenlight.data.cohort import Cohort
from evenlight.measures.testing import Testing
from evenlight.modalities.annotated import read_anndata
from tests.annotated_world import written

SEX_PROBES = ("GI_33239439-S", "GI_33188426-I", "GI_42415470-S")


def test_expression_of_210_people_goes_through_a_file(data: Path, tmp_path: Path) -> None:
    """A model of sex leans on the known sex probes; the record outlives the file it was put in."""
    folder = data / "genevar-hapmap210"
    held = np.load(folder / "expression.npz")
    obs = pd.read_csv(folder / "samples.csv", index_col="sample")
    var = pd.DataFrame({"kind": "probe"}, index=held["probes"].astype(str))
    adata = ad.AnnData(held["X"], obs=obs.loc[held["samples"].astype(str)], var=var)
    adata.obs["woman"] = (adata.obs["sex"] == "female").astype(int)
    spread = adata.X.std(axis=0) * np.abs(np.corrcoef(adata.X.T, adata.obs["woman"])[-1, :-1])
    adata = adata[:, np.argsort(-spread, kind="stable")[:40]].copy()
    model = LogisticRegression(max_iter=5000).fit(adata.X, adata.obs["woman"])
    roles: dict[str, Any] = {"outcome": "woman", "unit": "row", "groups": ["superpopulation"]}
    tl.explain(adata, model, **roles)
    found = tl.compare(adata, groupby="superpopulation", testing=Testing(draws=199))
    leading = adata.varm["evenlight"]["mean_abs_attribution"].nlargest(10).index
    assert set(leading) & set(SEX_PROBES)
    again = ad.read_h5ad(written(adata, tmp_path, "h5ad"))
    assert tl.comparison(again).contrasts == found.contrasts
    stored = read_anndata(tmp_path / "adata.h5ad", backed="r", **roles)
    assert stored.digest == tl.cohort(adata).digest
    assert any("The values are numbers (5." in note for note in stored.notes)


def test_genotypes_are_dosages(data: Path) -> None:
    """Genotypes are told from counts, so that no library size is made of them."""
    folder = data / "kg2504-genotypes"
    held = np.load(folder / "genotypes.npz")
    name = next(k for k in held.files if held[k].ndim == 2)
    x = held[name][:200, :300].astype(np.float64)
    obs = pd.DataFrame({"n": range(200)}, index=[f"p{i}" for i in range(200)])
    adata = ad.AnnData(x, obs=obs)
    cohort = Cohort.from_anndata(adata, unit="row")
    assert any("genotype dosages" in note for note in cohort.notes)
    assert "library_size" not in cohort.people
