"""Annotated matrices become cohorts: the same answer however the numbers are kept."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anndata as ad  # type: ignore[import-untyped]
import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from evenlight.data import rows as reading
from evenlight.data.cohort import Cohort
from evenlight.data.outcome import Survival
from evenlight.data.rows import Rows
from evenlight.data.units import unit_strata
from evenlight.errors import CohortError, EvenlightWarning, FeatureError
from evenlight.explainers.explain import explain
from tests.annotated_world import WAYS, annotated, kept_as

ROLES: dict[str, Any] = {"unit": "donor", "groups": ["ancestry"], "outcome": "case"}


def plain() -> Any:
    """Counts alone, without layers."""
    made = annotated(logged=False)
    return ad.AnnData(made.X, obs=made.obs, var=made.var)


@pytest.mark.parametrize("way", WAYS)
def test_the_same_numbers_give_the_same_cohort(way: str, tmp_path: Path) -> None:
    """However X lies in memory, digest, notes and library size are those of a dense X."""
    adata = plain()
    wanted = Cohort.from_anndata(adata, **ROLES)
    other = adata[::-1] if way == "view" else SimpleNamespace(
        X=kept_as(adata.X, way, tmp_path), obs=adata.obs, var=adata.var
    )  # fmt: skip
    found = Cohort.from_anndata(other, **ROLES)
    assert found.digest == wanted.digest
    assert found.notes == wanted.notes
    aligned = found.people["library_size"].reindex(wanted.people.index)
    np.testing.assert_array_equal(aligned, wanted.people["library_size"])
    if way != "view":
        np.testing.assert_array_equal(found.dense(), wanted.dense())


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1), n=st.integers(2, 9), p=st.integers(1, 7),
    kind=st.sampled_from(["f4", "f8", ">f4", "i4", "u1", "?"]),
)  # fmt: skip
def test_any_table_has_one_digest(seed: int, n: int, p: int, kind: str) -> None:
    """Dense, CSR and CSC of any type, and rows in another order, have one digest."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 3, (n, p)).astype(kind)
    obs = pd.DataFrame({"a": range(n)}, index=[f"p{i}" for i in range(n)])
    var = pd.DataFrame(index=[f"g{j}" for j in range(p)])
    native = x.astype(x.dtype.newbyteorder("="))
    order = rng.permutation(n)
    forms = [
        (x, obs), (sparse.csr_array(native), obs), (sparse.csc_array(native), obs),
        (x[order], obs.iloc[order]),
    ]  # fmt: skip
    made = {
        Cohort.from_anndata(SimpleNamespace(X=m, obs=o, var=var), unit="row").digest
        for m, o in forms
    }
    assert len(made) == 1


@pytest.mark.parametrize("form", ["dense", "csr", "csc"])
def test_backed_matrices_and_their_views_stay_on_disk(form: str, tmp_path: Path) -> None:
    """X of a backed file, whole or as a view, is read by rows and has the digest of memory."""
    adata = plain()
    wanted = Cohort.from_anndata(adata, **ROLES).digest
    adata.X = adata.X if form == "dense" else getattr(sparse, f"{form}_matrix")(adata.X)
    adata.write_h5ad(tmp_path / "a.h5ad")
    backed = ad.read_h5ad(tmp_path / "a.h5ad", backed="r")
    some = adata.obs_names[[5, 3, 40, 41]]
    genes = adata.var_names[[7, 0]]
    for own, memory in ((backed, adata), (backed[::-1], adata), (backed[some, genes], None)):
        found = Cohort.from_anndata(own, **ROLES)
        assert isinstance(found.x, Rows) == (form != "csc")
        held = adata[some, genes].copy() if memory is None else memory
        assert found.digest == (Cohort.from_anndata(held, **ROLES).digest)
    assert Cohort.from_anndata(backed, **ROLES).digest == wanted


def test_attributions_are_the_same_from_every_form(tmp_path: Path) -> None:
    """Attributions of backed X are those of dense X to the bit; of CSR to 1e-6 of the largest.

    A sparse product adds up in another order, which moves the last bit of float32.
    """
    adata = plain()
    adata.X = adata.X.astype(np.float32)
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(12, 4), torch.nn.GELU(), torch.nn.Linear(4, 1))
    wanted = explain(model, Cohort.from_anndata(adata, **ROLES), target=0).values
    adata.write_h5ad(tmp_path / "a.h5ad")
    backed = ad.read_h5ad(tmp_path / "a.h5ad", backed="r")
    found = explain(model, Cohort.from_anndata(backed, **ROLES), target=0).values
    np.testing.assert_array_equal(found, wanted)
    adata.X = sparse.csr_matrix(adata.X)
    found = explain(model, Cohort.from_anndata(adata, **ROLES), target=0).values
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-6 * float(np.abs(wanted).max()))


def test_layers_and_raw_are_named() -> None:
    """A layer and raw give their own numbers, and a wrong name is told the nearest."""
    adata = annotated()
    counts = Cohort.from_anndata(adata, layer="counts", **ROLES)
    assert counts.digest == Cohort.from_anndata(adata, raw=True, **ROLES).digest
    assert counts.digest != Cohort.from_anndata(adata, **ROLES).digest
    assert "x is layer 'counts'." in counts.notes
    with pytest.raises(CohortError, match="did you mean 'counts'"):
        Cohort.from_anndata(adata, layer="count", **ROLES)
    with pytest.raises(CohortError, match="name one of them"):
        Cohort.from_anndata(adata, layer="counts", raw=True, **ROLES)
    adata.X = None
    with pytest.raises(CohortError, match="X is empty; name a layer: counts"):
        Cohort.from_anndata(adata, **ROLES)


def test_var_is_kept_and_names_the_features() -> None:
    """Features are named by a column of var, of which all columns are kept; no name twice."""
    adata = annotated()
    cohort = Cohort.from_anndata(adata, features="symbol", **ROLES)
    assert cohort.features.names[:2] == ("G0", "G1")
    assert cohort.features.table is not None
    assert cohort.features.table["chromosome"].tolist() == ["1"] * 12
    with pytest.raises(FeatureError, match="did you mean 'symbol'"):
        Cohort.from_anndata(adata, features="symbols", **ROLES)
    adata.var["symbol"] = ["G0", "G0", *adata.var["symbol"][2:]]
    with pytest.raises(FeatureError, match="1 feature names occur more than once, first 'G0'"):
        Cohort.from_anndata(adata, features="symbol", **ROLES)
    adata.var["symbol"] = [None, *adata.var["symbol"][1:]]
    with pytest.raises(FeatureError, match="1 of 12 features have no name"):
        Cohort.from_anndata(adata, features="symbol", **ROLES)


def test_a_matrix_by_columns_is_converted_within_the_budget(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """CSC above the budget is refused with its size and the remedy, in memory and on disk."""
    adata = plain()
    adata.X = sparse.csc_matrix(adata.X)
    adata.write_h5ad(tmp_path / "a.h5ad")
    monkeypatch.setattr(reading, "DENSE_BUDGET", 100)
    for own in (adata, ad.read_h5ad(tmp_path / "a.h5ad", backed="r")):
        with pytest.raises(CohortError, match=r"sparse by columns \(CSC\).*tocsr"):
            Cohort.from_anndata(own, **ROLES)


def test_cells_need_a_donor() -> None:
    """A column of donors that repeats, or ids that are barcodes, ask for a unit."""
    adata = plain()
    with pytest.raises(CohortError, match=r"column 'donor' names 24 for 120 rows.*unit='donor'"):
        Cohort.from_anndata(adata)
    adata.obs = adata.obs.rename(columns={"donor": "Donor UUID"})
    with pytest.raises(CohortError, match="unit='Donor UUID'"):
        Cohort.from_anndata(adata)
    adata.obs = adata.obs[["cell_type"]]
    letters = np.random.default_rng(0).choice(list("ACGT"), (120, 16))
    adata.obs_names = ["".join(row) + "-1" for row in letters]
    with pytest.raises(CohortError, match=r"cell barcodes.*one of cell_type"):
        Cohort.from_anndata(adata)
    assert Cohort.from_anndata(adata, unit="row").u == 120


def test_cells_of_samples_need_a_donor_though_their_ids_are_plain() -> None:
    """Cells of six samples with ids 0, 1, 2, ...: a column of samples asks for a unit."""
    sample = np.repeat([f"s{i}" for i in range(6)], 100)
    sex = np.where(np.char.endswith(sample, ("1")), "f", "m")
    for name in ("sample_id", "orig.ident", "Library ID", "mouse", "BioSample"):
        obs = pd.DataFrame({name: pd.Categorical(sample), "sex": sex})
        adata = SimpleNamespace(
            X=np.eye(600), obs=obs, var=pd.DataFrame(index=[str(j) for j in range(600)])
        )
        for groups in (["sex"], []):
            with pytest.raises(CohortError, match=r"names 6 for 600 rows.*not people.*unit="):
                Cohort.from_anndata(adata, groups=groups)
        with pytest.raises(CohortError, match="'sex' is the same in all rows of each"):
            Cohort(np.eye(600), obs, groups=["sex"])
        assert Cohort.from_anndata(adata, groups=["sex"], unit=name).u == 6
        assert Cohort.from_anndata(adata, groups=["sex"], unit="row").u == 600
    obs.index = [f"cell_{i}" for i in range(600)]
    with pytest.raises(CohortError, match="numbers of cells"):
        Cohort.from_anndata(SimpleNamespace(X=adata.X, obs=obs[["sex"]], var=adata.var))


def test_where_rows_may_be_cells_a_warning_names_the_columns_that_repeat() -> None:
    """Sexes differ within a sample of two kinds, and clusters of cells tell of cells."""
    obs = pd.DataFrame({"sample": ["blood", "skin"] * 60, "sex": ["f", "f", "m", "m"] * 30})
    adata = SimpleNamespace(
        X=np.eye(120), obs=obs, var=pd.DataFrame(index=[str(j) for j in range(120)])
    )
    with pytest.warns(EvenlightWarning, match="column 'sample' of obs repeats.*repeat: sample,"):
        Cohort.from_anndata(adata, groups=["sex"])
    adata.obs = (
        obs[["sex"]]
        .sort_values("sex")
        .assign(leiden="1", run=np.repeat([f"r{i}" for i in range(12)], 10))
    )
    with pytest.warns(EvenlightWarning, match="holds leiden, as of cells.*which repeat: run,"):
        Cohort.from_anndata(adata, groups=["sex"])
    assert Cohort.from_anndata(adata, groups=["sex"], unit="row").u == 120


def test_a_unit_of_which_a_donor_has_several_is_warned_of() -> None:
    """Two libraries of each donor are not two donors."""
    adata = plain()
    adata.obs["library"] = adata.obs["donor"].astype(str) + np.where(
        np.arange(120) % 5 > 2, "a", "b"
    )
    with pytest.warns(
        EvenlightWarning, match=r"'library' has 48 units, .*'donor' names 24: .*donor"
    ):
        Cohort.from_anndata(adata, **{**ROLES, "unit": "library"})
    assert Cohort.from_anndata(adata, **ROLES).u == 24


def test_a_stratum_that_differs_within_units_is_a_warning() -> None:
    """Cell types differ within donors: the cohort is made, and the remedy is named.

    Of three types a donor has two shares beside its stratum.
    """
    with pytest.warns(
        EvenlightWarning, match=r"'cell_type' differs .* in 2\d of 24: .*by its shares.*pseudobulk"
    ):
        made = Cohort.from_anndata(plain(), strata=["cell_type"], **ROLES)
    assert made.strata == ("cell_type",)
    assert unit_strata(made.stratum, made.units).share.shape == (24, 2)
    few = plain()
    donor = few.obs["donor"].astype(str)
    few.obs["batch"] = np.where(donor < "d002", np.arange(120) % 2, 0)
    with pytest.warns(EvenlightWarning, match="in fewer than 11 of 24"):
        Cohort.from_anndata(few, strata=["batch"], **ROLES)


def test_codes_for_unknown_are_missing() -> None:
    """-9, 999 and words for unknown are missing where they have a role, and the notes count them.

    A number that is no code, since others lie around it, stays.
    """
    adata = plain()
    adata.obs["case"] = np.where(adata.obs["donor"] == "d000", -9, adata.obs["case"])
    adata.obs["age"] = np.where(adata.obs["donor"] == "d001", 999, 50)
    adata.obs["lfc"] = np.linspace(-20, 20, 120).round()
    adata.obs["site"] = pd.Categorical(np.where(adata.obs["donor"] == "d002", "Unknown", "s"))
    cohort = Cohort.from_anndata(adata, strata=["site"], covariates=["age", "lfc"], **ROLES)
    assert cohort.outcome_kind == "binary"
    assert [int(cohort.people[c].isna().sum()) for c in ("case", "age", "lfc", "site")] == [
        5, 5, 0, 5,
    ]  # fmt: skip
    assert "case: fewer than 11 values that mean unknown (-9) are missing." in cohort.notes
    assert "site: fewer than 11 values that mean unknown ('Unknown') are missing." in cohort.notes
    adata.obs["case"] = np.where(adata.obs["donor"] < "d003", -9, adata.obs["case"])
    again = Cohort.from_anndata(adata, **ROLES)
    assert "case: 15 values that mean unknown (-9) are missing." in again.notes


def test_types_of_obs_become_plain() -> None:
    """Categories become labels, nullable types numbers with NaN, and ids text."""
    n = 120
    adata = plain()
    adata.obs["int"] = pd.array([1, None] * (n // 2), dtype="Int64")
    adata.obs["bool"] = pd.array([True, None] * (n // 2), dtype="boolean")
    adata.obs["whole"] = pd.array([True, False] * (n // 2), dtype="boolean")
    adata.obs["text"] = pd.array(["a", None] * (n // 2), dtype="string")
    adata.obs["coded"] = pd.Categorical([1.5, None] * (n // 2))
    people = Cohort.from_anndata(adata, **ROLES).people
    assert people["ancestry"].dtype == object
    assert people["int"].tolist()[0] == 1.0
    assert np.isnan(people["bool"].to_numpy()[1])
    assert people["whole"].dtype == np.bool_
    assert people["text"].tolist()[:2] == ["a", None]
    assert people["coded"].dtype == np.float64


def test_survival_and_embedded_axes_are_read() -> None:
    """Codes in survival columns are missing, and axes are named by their place in obsm."""
    adata = plain()
    adata.obs["time"], adata.obs["dead"] = 3.0, np.tile([0, 1], 60)
    adata.obs.loc[adata.obs["donor"] == "d000", "time"] = -9.0
    adata.obsm["X_pca"] = np.arange(240.0).reshape(120, 2)
    cohort = Cohort.from_anndata(
        adata, outcome=Survival("time", "dead"), unit="donor", axes=["X_pca"]
    )
    assert int(cohort.people["time"].isna().sum()) == 5
    assert cohort.axes[0].name == "pca"
    np.testing.assert_array_equal(cohort.axes[0].values, adata.obsm["X_pca"])
    with pytest.raises(CohortError, match="obsm has no 'X_pcs'; did you mean 'X_pca'"):
        Cohort.from_anndata(adata, unit="donor", axes=["X_pcs"])


def test_a_record_that_contradicts_the_values_is_said() -> None:
    """Where uns says that a logarithm was taken, but the values are counts, the notes say both."""
    adata = annotated()
    adata.X = adata.layers["counts"]
    assert any("another matrix was meant?" in n for n in Cohort.from_anndata(adata, **ROLES).notes)


def test_extremes_of_scale_are_kept_and_infinity_is_refused() -> None:
    """1e-38, denormals and 1e30 stay as they are in every form; an infinite value is an error."""
    x = np.array([[1e-38, 1e30], [5e-324, 0.0], [1e-45, 1.0]])
    obs, var = pd.DataFrame(index=list("abc")), pd.DataFrame(index=["g", "h"])
    forms = [x, sparse.csr_array(x), sparse.csc_array(x)]
    made = [Cohort.from_anndata(SimpleNamespace(X=m, obs=obs, var=var), unit="row") for m in forms]
    assert len({one.digest for one in made}) == 1
    np.testing.assert_array_equal(made[1].dense(), x)
    x[0, 0] = np.inf
    with pytest.raises(CohortError, match="1 values that are not finite"):
        Cohort.from_anndata(SimpleNamespace(X=x, obs=obs, var=var), unit="row")


def test_what_is_no_annotated_matrix_is_said() -> None:
    """A table, or a matrix of three axes, is no annotated matrix."""
    with pytest.raises(CohortError, match="a list has no X, obs, var; pass an AnnData"):
        Cohort.from_anndata([1.0])
    obs, var = pd.DataFrame(index=list("ab")), pd.DataFrame(index=["g"])
    with pytest.raises(CohortError, match=r"X has shape \(2, 1, 1\)"):
        Cohort.from_anndata(SimpleNamespace(X=np.zeros((2, 1, 1)), obs=obs, var=var))
