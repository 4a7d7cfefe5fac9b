"""The scverse way: results in .uns and .varm that are written, read back and looked up."""

from __future__ import annotations

import gc
import json
from pathlib import Path
from typing import Any

import anndata as ad  # type: ignore[import-untyped]
import numpy as np
import pytest
import torch
import zarr
from scipy import sparse
from torch import nn

from evenlight import codec, tl
from evenlight.data.cohort import Cohort
from evenlight.data.outcome import Survival
from evenlight.errors import (
    AttributionError,
    CohortError,
    EvenlightWarning,
    InputError,
    UnknownName,
)
from evenlight.figures import volcano
from evenlight.measures.compare import compare
from evenlight.measures.testing import Testing
from evenlight.modalities.annotated_results import begin, roles_of
from evenlight.modalities.annotated_rows import Chunks
from evenlight.modalities.cells import pseudobulk
from evenlight.stats.disclosure import told_step
from tests.annotated_world import annotated, written

ROLES: dict[str, Any] = {"unit": "donor", "groups": ["ancestry"], "outcome": "case"}
QUICK = Testing(draws=199, own_value=False)


class Network(nn.Sequential):
    """A small network that says what it was trained on."""

    expects = "log counts"


def network(genes: int = 12) -> nn.Module:
    """A network with fixed weights."""
    torch.manual_seed(0)
    return Network(nn.Linear(genes, 4), nn.GELU(), nn.Linear(4, 1))


@pytest.fixture
def adata() -> Any:
    """Log counts of 30 donors."""
    return annotated(donors=30)


@pytest.mark.parametrize("ending", ["h5ad", "zarr 2", "zarr 3"])
def test_results_survive_being_written(adata: Any, ending: str, tmp_path: Path) -> None:
    """Records, roles and the table of genes are the same after writing and reading."""
    tl.explain(adata, network(), target=0, **ROLES)
    found = tl.compare(adata, groupby="ancestry", testing=QUICK)
    relied = tl.rely(adata, groupby="ancestry")
    path = written(adata, tmp_path, ending)
    again = ad.read_h5ad(path) if ending == "h5ad" else ad.read_zarr(path)
    assert codec.plain(tl.comparison(again)) == codec.plain(found)
    assert codec.plain(tl.reliance(again, "ancestry")) == codec.plain(relied)
    assert roles_of(again, "evenlight") == ROLES
    assert again.varm["evenlight"].equals(adata.varm["evenlight"])
    assert tl.cohort(again).digest == again.uns["evenlight"]["explained"]["cohort_digest"]
    assert again.uns["evenlight"]["explained"]["method"] == "ig"


def test_the_table_of_genes_holds_the_records_numbers(adata: Any) -> None:
    """Mean |attribution| counts donors once; difference, p and q are those of the record."""
    adata = adata[np.random.default_rng(0).random(150) < 0.6].copy()
    made = tl.explain(adata, network(), target=0, **ROLES)
    found = tl.compare(adata, groupby="ancestry", testing=QUICK)
    relied = tl.rely(adata, groupby="ancestry")
    table = adata.varm["evenlight"]
    donor = adata.obs["donor"].to_numpy()
    each = [np.abs(made.values[donor == d]).mean(axis=0) for d in np.unique(donor)]
    own = table["mean_abs_attribution"]
    np.testing.assert_allclose(own, np.mean(each, axis=0), rtol=5.1e-3)  # three digits
    v, level, reference = found.view("signed"), *found.contrasts[0]
    stem = f"ancestry: {level} - {reference} "
    for name, values in (("difference", found.effect), ("p", found.p), ("q", found.q)):
        np.testing.assert_array_equal(table[stem + name], values[v, 0])
    magnitude = found.effect[found.view("magnitude"), 0]
    np.testing.assert_array_equal(table[f"{stem}magnitude difference"], magnitude)
    np.testing.assert_array_equal(
        table["ancestry: reliance share"], relied.share[relied.strictest or 0]
    )
    assert table.index.equals(adata.var_names)


def test_the_answer_is_that_of_the_plain_verbs(adata: Any) -> None:
    """What tl.compare finds is what ev.compare finds of the same attributions and cohort."""
    made = tl.explain(adata, network(), target=0, **ROLES)
    found = tl.compare(adata, groupby="ancestry", testing=QUICK)
    wanted = compare(made, tl.cohort(adata), by="ancestry", testing=QUICK)
    assert codec.plain(found) == codec.plain(wanted)
    assert volcano(found, found.contrasts[0]).get_title(loc="left") is not None


def test_cell_types_weigh_alike_where_they_are_named() -> None:
    """With cell_type, compare and rely speak of donors standardised to one mix of the types."""
    adata = annotated(donors=30, cells=45)
    made = tl.explain(adata, network(), target=0, **ROLES)
    found = tl.compare(adata, groupby="ancestry", cell_type="cell_type", testing=QUICK)
    bulk = pseudobulk(made, tl.cohort(adata), by="cell_type", how="standardised")
    wanted = compare(bulk.attributions, bulk.cohort, by="ancestry", testing=QUICK)
    assert codec.plain(found) == codec.plain(wanted)
    assert tl.rely(adata, groupby="ancestry", cell_type="cell_type").n.max() <= bulk.cohort.n


def test_the_plain_comparison_stays_beside_the_standardised(tmp_path: Path) -> None:
    """Each is kept under a name of its own, in .uns and .varm, in whatever order they are made."""
    adata = annotated(donors=30, cells=45)
    tl.explain(adata, network(), target=0, **ROLES)
    plain = tl.compare(adata, groupby="ancestry", testing=QUICK)
    own = {"groupby": "ancestry", "cell_type": "cell_type"}
    alike = tl.compare(adata, **own, testing=QUICK)
    relied = [tl.rely(adata, **own), tl.rely(adata, groupby="ancestry")]
    assert not np.allclose(plain.effect[0, 0], alike.effect[0, 0])
    again = ad.read_h5ad(written(adata, tmp_path, "h5ad"))
    assert codec.plain(tl.comparison(again)) == codec.plain(plain)
    assert codec.plain(tl.comparison(again, cell_type="cell_type")) == codec.plain(alike)
    assert codec.plain(tl.comparison(again, **own)) == codec.plain(alike)
    assert codec.plain(tl.reliance(again, **own)) == codec.plain(relied[0])
    assert codec.plain(tl.reliance(again, "ancestry")) == codec.plain(relied[1])
    table, stem = again.varm["evenlight"], "ancestry at the same shares of cell_type"
    for name, found in (("ancestry", plain), (stem, alike)):
        np.testing.assert_array_equal(table[f"{name}: B - A difference"], found.effect[0, 0])
    for name, lean in ((stem, relied[0]), ("ancestry", relied[1])):
        share = lean.share[lean.strictest or 0]
        np.testing.assert_array_equal(table[f"{name}: reliance share"], share)


def test_counts_where_a_logarithm_is_recorded_are_a_warning(adata: Any) -> None:
    """Of X and of a layer, unless it is said that the model wants counts; logarithms are silent."""
    model = nn.Linear(12, 1)
    with pytest.warns(EvenlightWarning, match='another matrix was meant.*expects="counts"'):
        tl.explain(adata, model, layer="counts", **ROLES)
    tl.explain(adata, model, layer="counts", expects="counts", **ROLES)
    tl.explain(adata, model, **ROLES)
    adata.X = adata.layers["counts"]
    with pytest.warns(EvenlightWarning, match="a logarithm was taken, and the values are counts"):
        tl.explain(adata, model, **ROLES)


def test_one_grouping_may_stand_as_its_name(adata: Any) -> None:
    """groups="ancestry" is groups=["ancestry"], for adata and for a cohort."""
    tl.explain(adata, network(), target=0, unit="donor", outcome="case", groups="ancestry")
    assert [g.name for g in tl.cohort(adata).groups] == ["ancestry"]
    assert tl.compare(adata, groupby="ancestry", testing=QUICK).grouping == "ancestry"
    made = tl.cohort(adata)
    own = Cohort(made.x, made.people, groups="ancestry", strata="case", unit="donor")
    assert ([g.name for g in own.groups], own.strata) == (["ancestry"], ("case",))


def test_a_standardised_comparison_is_never_taken_for_the_plain_one() -> None:
    """Where it is the only one, it is given by its cell type alone."""
    adata = annotated(donors=30, cells=45)
    tl.explain(adata, network(), target=0, **ROLES)
    tl.compare(adata, groupby="ancestry", cell_type="cell_type", testing=QUICK)
    for grouping in (None, "ancestry"):
        with pytest.raises(UnknownName, match="name their column of cell types with cell_type="):
            tl.comparison(adata, grouping)


def test_sparse_and_dense_adata_have_one_answer(adata: Any) -> None:
    """CSR and dense X give the same differences within float32."""
    other = adata.copy()
    other.X = sparse.csr_matrix(other.X)
    effects = []
    for one in (adata, other):
        tl.explain(one, network(), target=0, **ROLES)
        effects.append(tl.compare(one, groupby="ancestry", testing=QUICK).effect)
    np.testing.assert_allclose(effects[0], effects[1], rtol=1e-3, atol=1e-5)


def test_rows_are_written_as_they_are_explained(
    adata: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of an adata on disk they go to the folder block by block; an error leaves no folder."""
    adata.write_h5ad(tmp_path / "a.h5ad")
    held = ad.read_h5ad(tmp_path / "a.h5ad", backed="r")
    wanted = tl.explain(adata, network(), target=0, **ROLES)
    found: Any = tl.explain(held, network(), target=0, keep_rows=tmp_path / "rows.zarr", **ROLES)
    assert isinstance(found.values, Chunks)
    np.testing.assert_allclose(np.asarray(found.values), wanted.values, atol=1e-6)
    one, two = (tl.compare(a, groupby="ancestry", testing=QUICK) for a in (adata, held))
    np.testing.assert_allclose(one.effect, two.effect, rtol=1e-3, atol=1e-5)
    place = tmp_path / "torn.zarr"

    def fails(*_: Any) -> None:
        assert (place / "values").exists()
        raise OSError("no space left on device")

    monkeypatch.setattr(tl, "write_rows", fails)
    with pytest.raises(OSError, match="no space left"):
        tl.explain(held, network(), target=0, keep_rows=place, **ROLES)
    assert not place.exists()
    with pytest.raises(AttributionError, match="several targets"):
        tl.explain(held, network(), target=[0, 0], **ROLES)
    held.file.close()


def test_rows_are_kept_only_where_they_are_asked_for(adata: Any, tmp_path: Path) -> None:
    """A folder of rows gives the same answer in another session, holds no id, and is private."""
    place = tmp_path / "rows.zarr"
    tl.explain(adata, network(), target=0, keep_rows=place, **ROLES)
    wanted = tl.compare(adata, groupby="ancestry", testing=QUICK)
    adata.write_h5ad(tmp_path / "a.h5ad")
    again = ad.read_h5ad(tmp_path / "a.h5ad")
    with pytest.raises(AttributionError, match="not at hand"):
        tl.compare(again, groupby="ancestry")
    found = tl.compare(again, groupby="ancestry", rows=place, testing=QUICK)
    assert codec.plain(found) == codec.plain(wanted)
    assert place.stat().st_mode & 0o077 == 0
    written_bytes = b"".join(p.read_bytes() for p in place.rglob("*") if p.is_file())
    assert b"_cell" not in written_bytes
    assert str(tmp_path) not in json.dumps(
        [again.uns["evenlight"]["roles"], *map(str, again.uns["evenlight"]["explained"].values())]
    )
    with pytest.raises(AttributionError, match="stand in another order"):
        tl.attributions(again[::-1].copy(), rows=place)
    with pytest.raises(AttributionError, match="exists; name a new folder"):
        tl.explain(adata, network(), target=0, keep_rows=place, **ROLES)
    with pytest.raises(AttributionError, match="no folder 'absent'"):
        tl.attributions(again, rows=tmp_path / "absent")
    zarr.open_group(tmp_path / "other", mode="w")
    with pytest.raises(AttributionError, match="holds no attributions of evenlight"):
        tl.attributions(again, rows=tmp_path / "other")


def test_adata_that_changed_since_is_refused(adata: Any) -> None:
    """Attributions of other values, or of another object, are never compared."""
    tl.explain(adata, network(), target=0, **ROLES)
    with pytest.raises(AttributionError, match="not at hand"):
        tl.compare(adata.copy(), groupby="ancestry")
    adata.X[0, 0] += 1
    with pytest.raises(AttributionError, match="made on another cohort"):
        tl.compare(adata, groupby="ancestry")


def test_attributions_go_with_their_adata(adata: Any) -> None:
    """Once adata is gone, so are its attributions."""
    tl.explain(adata, network(), target=0, **ROLES)
    own = annotated(donors=12)
    tl.explain(own, network(), target=0, **ROLES)
    key = id(own)
    assert key in tl._near
    del own
    gc.collect()
    assert key not in tl._near


def test_a_model_that_wants_other_values_is_told(adata: Any) -> None:
    """Counts for a model that expects logarithms of counts warn, and .uns says so."""
    with pytest.warns(EvenlightWarning, match="expects logarithms of counts"):
        tl.explain(adata, network(), target=0, layer="counts", **ROLES)
    assert adata.uns["evenlight"]["explained"]["values"].startswith("The model expects")
    tl.explain(adata, network(), target=0, layer="counts", expects="counts", **ROLES)


def test_raw_and_symbols_find_their_genes(adata: Any) -> None:
    """Genes of raw stand at their place in adata, by whatever name the features have."""
    adata = adata[:, 3:9].copy()
    tl.explain(adata, network(), target=0, raw=True, features="symbol", expects="counts", **ROLES)
    found = adata.varm["evenlight"]["mean_abs_attribution"]
    other = annotated(donors=30, logged=False)
    tl.explain(other, network(), target=0, expects="counts", **ROLES)
    wanted = other.varm["evenlight"]["mean_abs_attribution"].iloc[3:9]
    np.testing.assert_array_equal(found.to_numpy(), wanted.to_numpy())


def test_nothing_is_shown_of_few_donors(adata: Any) -> None:
    """With fewer than 11 donors no number a gene is kept."""
    tl.explain(adata[:50].copy(), network(), target=0, **ROLES)
    few = adata[:50].copy()
    tl.explain(few, network(), target=0, **ROLES)
    assert few.varm["evenlight"].isna().all().all()


def test_names_with_a_slash_are_kept(adata: Any, tmp_path: Path) -> None:
    """Results by a column and of labels with a slash are written, read and found by name."""
    adata.obs["race/ethnicity"] = adata.obs["ancestry"].cat.rename_categories({"B": "B/C"})
    tl.explain(adata, network(), target=0, unit="donor", groups=["race/ethnicity"])
    tl.compare(adata, groupby="race/ethnicity", testing=QUICK)
    del adata.obs["race/ethnicity"]  # anndata itself writes no such key
    again = ad.read_h5ad(written(adata, tmp_path, "h5ad"))
    assert tl.comparison(again, "race/ethnicity").grouping == "race/ethnicity"


def test_what_is_not_there_is_named(adata: Any) -> None:
    """A key, a grouping, a view and roles that cannot be remembered are errors with a remedy."""
    with pytest.raises(UnknownName, match=r"call ev\.tl\.explain\(adata, model, key_added='x'\)"):
        tl.comparison(adata, key="x")
    tl.explain(adata, network(), target=0, **ROLES)
    with pytest.raises(UnknownName, match="there is no comparison under 'evenlight'; known: none"):
        tl.comparison(adata)
    tl.compare(adata, groupby="ancestry", testing=QUICK)
    with pytest.raises(UnknownName, match=r"no comparison by 'sex' .*known: ancestry"):
        tl.comparison(adata, "sex")
    adata.obs["sex"] = np.where(adata.obs["donor"].str[-1].astype(int) % 4 < 2, "f", "m")
    tl.compare(adata, groupby="sex", testing=QUICK)
    several = r"there are 2 of the kind comparison .*say which with groupby=: 'ancestry', 'sex'$"
    with pytest.raises(UnknownName, match=several):
        tl.comparison(adata)
    with pytest.raises(CohortError, match="adata is a view"):
        tl.explain(adata[:60], network(), target=0, **ROLES)
    with pytest.raises(InputError, match="axes is a list, which adata cannot remember"):
        begin(adata, "k", roles={"axes": [1.0]}, explained={})
    begin(adata, "k", roles={"outcome": Survival("t", "e"), "split": ("s", "test")}, explained={})
    assert roles_of(adata, "k") == {"outcome": Survival("t", "e"), "split": ("s", "test")}


def test_the_table_of_genes_tells_nothing_of_a_hidden_donor(adata: Any) -> None:
    """Where a declared grouping hides donors, means of everybody are as coarse as its counts."""
    few = adata.obs["donor"].isin(sorted(set(adata.obs["donor"]))[:2])
    adata.obs["ancestry"] = np.where(few, "rare", adata.obs["ancestry"].astype(str))
    made = tl.explain(adata, network(), target=0, **ROLES)
    donor = adata.obs["donor"].to_numpy()
    every = np.array([np.abs(made.values[donor == d]).mean(axis=0) for d in np.unique(donor)])
    own = adata.varm["evenlight"]["mean_abs_attribution"].to_numpy()
    step = told_step(every.std(axis=0) / np.sqrt(30), np.array(30))
    assert (np.abs(own / step - np.round(own / step)) < 1e-6).all()
    assert (np.abs(own - every.mean(axis=0)) <= 5 * step).all()
    assert (30 * step > every.std(axis=0)).all()
