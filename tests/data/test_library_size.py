"""Library size: of all genes, where it is asked for, or said to be unknown."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evenlight.data.cohort import Cohort
from evenlight.errors import CohortError
from tests.annotated_world import annotated

ROLES: dict[str, Any] = {"unit": "donor", "groups": ["ancestry"], "outcome": "case"}


def test_values_are_told_and_library_size_is_a_column() -> None:
    """Logarithms are known as such, and the library size is that of the layer of counts."""
    adata = annotated()
    cohort = Cohort.from_anndata(adata, covariates=["library_size"], **ROLES)
    wanted = adata.layers["counts"].sum(axis=1)
    np.testing.assert_array_equal(cohort.people["library_size"], wanted)
    told = " ".join(cohort.notes)
    assert "The values are logarithms of counts" in told
    assert "uns['log1p'] records that a logarithm was taken." in told
    assert "the sum of the counts in layer 'counts'" in told


def test_library_size_is_looked_for_and_else_said_to_be_unknown() -> None:
    """Without a layer raw is taken, then what obs records, and then a note says it is unknown."""
    adata = annotated()
    wanted = adata.layers["counts"].sum(axis=1)
    del adata.layers["counts"]
    np.testing.assert_array_equal(
        Cohort.from_anndata(adata, **ROLES).people["library_size"], wanted
    )
    adata.raw = None
    cohort = Cohort.from_anndata(adata, **ROLES)
    assert "library_size" not in cohort.people
    assert cohort.notes[-1].startswith("The library size is not known")
    adata.obs["total_counts"] = wanted
    np.testing.assert_array_equal(
        Cohort.from_anndata(adata, **ROLES).people["library_size"], wanted
    )


def test_the_library_is_that_of_all_genes_where_some_were_selected() -> None:
    """After adata[:, chosen] raw, else what obs records, holds more genes; a scaled total does not.

    The note says over how many features the sum goes.
    """
    whole = annotated(genes=40)
    total = whole.layers["counts"].sum(axis=1)
    some = whole[:, :5].copy()
    cohort = Cohort.from_anndata(some, **ROLES)
    np.testing.assert_array_equal(cohort.people["library_size"], total)
    assert "the sum of the counts in raw, over 40 features." in cohort.notes[-1]
    some.raw = None
    own = some.layers["counts"].sum(axis=1)
    for name, recorded, wanted in (
        ("total_counts", total, total), ("nCount_RNA", np.full(120, 1e4), own),
        ("n_counts", own - 1, own), ("total_counts", own, own),
    ):  # fmt: skip
        some.obs = table_without(some.obs).assign(**{name: recorded})
        cohort = Cohort.from_anndata(some, **ROLES)
        np.testing.assert_array_equal(cohort.people["library_size"], wanted)
        assert ("what obs records as total_counts" in cohort.notes[-1]) == (wanted is total)
        assert "in layer 'counts', over 5 features." in cohort.notes[-1]
    some.var["highly_variable"] = True
    assert "over 5 features that were selected" in Cohort.from_anndata(some, **ROLES).notes[-1]


def table_without(obs: pd.DataFrame) -> pd.DataFrame:
    """People without recorded totals."""
    return obs.drop(columns=["total_counts", "nCount_RNA", "n_counts"], errors="ignore")


def test_binarised_counts_have_a_library_where_it_is_asked_for() -> None:
    """0 and 1 may be open chromatin or genotypes: covariates=["library_size"] says which."""
    x = (np.random.default_rng(0).random((60, 50)) < 0.1).astype(float)
    obs = pd.DataFrame({"sex": ["f", "m"] * 30}, index=[f"p{i}" for i in range(60)])
    adata = SimpleNamespace(X=x, obs=obs, var=pd.DataFrame(index=[f"g{i}" for i in range(50)]))
    plainly = Cohort.from_anndata(adata, groups=["sex"], unit="row")
    assert "library_size" not in plainly.people
    assert "genotype dosages and binarised counts" in plainly.notes[-1]
    asked = Cohort.from_anndata(adata, groups=["sex"], unit="row", covariates=["library_size"])
    np.testing.assert_array_equal(asked.people["library_size"], x.sum(axis=1))
    adata.X = np.random.default_rng(0).normal(size=(60, 50))
    with pytest.raises(CohortError, match="library_size is not known: neither x nor a layer"):
        Cohort.from_anndata(adata, unit="row", covariates=["library_size"])
