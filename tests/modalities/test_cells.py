"""Cells of donors as one row: exact sums, types that weigh alike, unwanted values."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from evenlight.arrays import Float
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Axes
from evenlight.data.rows import Rows
from evenlight.errors import AttributionError, CohortError, EvenlightWarning
from evenlight.measures.compare import compare
from evenlight.measures.testing import Testing
from evenlight.modalities.cells import by_type, check_values, pseudobulk
from tests.annotated_world import annotated

ROLES: dict[str, Any] = {"unit": "donor", "groups": ["ancestry"], "outcome": "case"}


def explained(cohort: Cohort, seed: int = 0) -> Attributions:
    """Attributions of a linear model, exact by construction."""
    weight = np.random.default_rng(seed).normal(size=cohort.x.shape[1])
    values = (cohort.dense() * weight).astype(np.float32)
    output = values.sum(axis=1, dtype=np.float64) + 0.5
    made = Attributions.from_arrays(
        values, rows=cohort.rows.tolist(), features=cohort.features, output=output, base=0.5
    )
    return replace(made, cohort_digest=cohort.digest)


def cells(seed: int = 0, **own: Any) -> tuple[Cohort, Attributions]:
    """A cohort of 24 donors with 40 cells each, and attributions."""
    cohort = Cohort.from_anndata(annotated(seed=seed, cells=40), **ROLES, **own)
    return cohort, explained(cohort)


def slowly(cohort: Cohort, values: Float, by: list[str], how: str, least: int) -> dict[str, Float]:
    """The same by a loop over the cells."""
    found: dict[str, list[Float]] = {}
    for i in range(cohort.n):
        key = "|".join(str(cohort.people[b].iloc[i]) for b in by)
        found.setdefault(key, []).append(values[i])
    kept = {k: v for k, v in found.items() if len(v) >= least}
    return {k: np.sum(v, axis=0) / (1 if how == "sum" else len(v)) for k, v in kept.items()}


@pytest.mark.parametrize("how", ["mean", "sum"])
@pytest.mark.parametrize("by", [None, "cell_type"])
def test_rows_are_the_cells_added_up(how: Any, by: str | None) -> None:
    """Attributions, outputs and x are the sums or means of a loop, and still add up."""
    cohort, phi = cells()
    made = pseudobulk(phi, cohort, by=by, how=how, least=12)
    keys = ["donor"] if by is None else ["donor", by]
    for mine, own in ((made.attributions.values, phi.values), (made.cohort.dense(), cohort.x)):
        wanted = slowly(cohort, np.asarray(own, dtype=np.float64), keys, how, 12)
        assert sorted(made.cohort.rows) == sorted(wanted)
        slow = np.stack([wanted[r] for r in made.cohort.rows])
        np.testing.assert_allclose(mine, slow, rtol=1e-5)
    total = made.attributions.values.sum(axis=1, dtype=np.float64) + made.attributions.base
    np.testing.assert_allclose(total, made.attributions.output, rtol=1e-5)
    assert made.attributions.converged.all()
    assert made.attributions.cohort_digest == made.cohort.digest
    assert made.cells.min() >= 12
    assert made.cohort.unit == "donor"


def test_the_order_of_the_cells_changes_nothing() -> None:
    """Cells shuffled give the same attributions to the last bit."""
    cohort, phi = cells()
    order = np.random.default_rng(1).permutation(cohort.n)
    other = cohort.take(order)
    one, two = pseudobulk(phi, cohort, by="cell_type"), pseudobulk(phi, other, by="cell_type")
    np.testing.assert_array_equal(one.cohort.rows, two.cohort.rows)
    np.testing.assert_array_equal(one.attributions.values, two.attributions.values)
    assert one.cohort.digest == two.cohort.digest


@pytest.mark.parametrize("form", ["csr", "lazy"])
def test_sparse_and_lazy_cells_give_the_same_rows(form: str) -> None:
    """CSR and rows that are read when asked for have the pseudobulk of a dense x."""
    cohort, phi = cells()
    x = sparse.csr_array(cohort.x) if form == "csr" else Rows(np.asarray(cohort.x))
    other = cohort.altered(x=x)
    found = pseudobulk(phi, other).cohort.dense()
    np.testing.assert_allclose(found, pseudobulk(phi, cohort).cohort.dense(), rtol=1e-12)


def test_standardised_types_weigh_alike() -> None:
    """Each donor is the mean of its types' means, at weights that are the same for everyone."""
    cohort, phi = cells()
    made = pseudobulk(phi, cohort, by="cell_type", how="standardised", least=3)
    people = cohort.people
    share = people.groupby("donor")["cell_type"].value_counts(normalize=True).unstack()
    weight = share.mean()
    for r, donor in enumerate(made.cohort.rows):
        wanted = sum(
            weight[t] * phi.values[((people.donor == donor) & (people.cell_type == t))].mean(axis=0)
            for t in weight.index
        )
        np.testing.assert_allclose(made.attributions.values[r], wanted, rtol=1e-4, atol=1e-6)
    assert any(n.startswith("cell_type is weighed alike: B 3") for n in made.cohort.notes)


def test_other_shares_of_types_are_no_difference_once_standardised() -> None:
    """Donors of B have more NK cells, which have more attribution: only plain means differ."""
    rng = np.random.default_rng(5)
    donors, each = 40, 60
    donor = np.repeat(np.arange(donors), each)
    often = np.where(donor % 2 == 0, 0.2, 0.8)
    nk = rng.random(len(donor)) < often
    people = pd.DataFrame(
        {"donor": [f"d{i:02d}" for i in donor], "g": np.array(["A", "B"])[donor % 2],
         "type": np.where(nk, "NK", "T")},
        index=[f"c{i:05d}" for i in range(len(donor))],
    )  # fmt: skip
    x = np.column_stack([nk * 2.0, np.zeros(len(donor))]) + rng.normal(size=(len(donor), 2))
    cohort = Cohort(x, people, ["gene", "other"], unit="donor", groups=["g"])
    phi = explained(cohort, seed=2)
    asked = Testing(draws=999, own_value=False)
    seen = {}
    for how in ("mean", "standardised"):
        by = None if how == "mean" else "type"
        made = pseudobulk(phi, cohort, by=by, how=how)
        found = compare(made.attributions, made.cohort, by="g", testing=asked)
        seen[how] = found.p[found.view("signed"), 0, 0]
    assert seen["mean"] < 0.005 < 0.05 < seen["standardised"]


def test_types_are_taken_apart() -> None:
    """Each type that eleven donors have is a pseudobulk of its own, with a donor a row."""
    cohort, phi = cells()
    both = pseudobulk(phi, cohort, by="cell_type", least=3)
    parts = by_type(both, by="cell_type")
    assert sorted(parts) == ["B", "NK", "T"]
    for name, part in parts.items():
        assert set(part.cohort.people["cell_type"]) == {name}
        assert part.cohort.u == part.cohort.n
        part.attributions.at(part.cohort)
    with pytest.raises(CohortError, match="make it with by='cell_type'"):
        by_type(pseudobulk(phi, cohort), by="cell_type")


def test_roles_go_along() -> None:
    """Groups, outcome, axes and weights are those of the donor, and library sizes are added up."""
    adata = annotated(cells=12)
    donor = np.repeat(np.arange(24), 12)
    adata.obs["weight"], adata.obs["note"] = 1.0 + donor, [f"n{i}" for i in range(288)]
    adata.obs["depth"] = np.arange(288.0)
    axes = Axes(
        "pcs", np.column_stack([donor, -donor]).astype(float), adata.obs_names.to_numpy(str)
    )
    cohort = Cohort.from_anndata(adata, **ROLES, axes=[axes], weights="weight")
    made = pseudobulk(explained(cohort), cohort).cohort
    assert made.groups[0].levels == ("A", "B")
    assert made.groups[0].codes.tolist() == [i % 2 for i in range(24)]
    assert made.outcome_kind == "binary"
    np.testing.assert_array_equal(made.axes[0].values[:, 0], np.arange(24.0))
    np.testing.assert_array_equal(made.people["weight"], 1.0 + np.arange(24))
    assert "note" not in made.people
    assert made.people["depth"].iloc[0] == np.arange(12.0).mean()
    wanted = cohort.people.groupby("donor")["library_size"].sum()
    np.testing.assert_array_equal(made.people["library_size"], wanted)


def test_what_was_left_out_is_said() -> None:
    """Small types, unknown types and cells that did not converge are left out and counted."""
    cohort, phi = cells()
    people = cohort.people.assign(cell_type=cohort.people["cell_type"].where(np.arange(960) > 2))
    phi = replace(phi, converged=np.arange(960) != 10)
    made = pseudobulk(phi, cohort.altered(people=people), by="cell_type", least=12)
    note = next(n for n in made.cohort.notes if n.startswith("Pseudobulk"))
    assert int(made.cells.sum()) == 960 - int(note.split()[1])
    assert int(note.split()[1]) >= 4
    assert "of donor and cell_type that had fewer than 12 cells" in note


def test_what_cannot_be_pooled_is_said() -> None:
    """Without a donor, with an outcome of single cells, or without enough cells there is no row."""
    cohort, phi = cells()
    with pytest.raises(CohortError, match="name the column of the donor"):
        pseudobulk(phi, cohort.altered(unit="row"))
    with pytest.raises(CohortError, match="no donor has enough cells"):
        pseudobulk(phi, cohort, least=41)
    with pytest.raises(CohortError, match="wanted mean, sum, or standardised with by="):
        pseudobulk(phi, cohort, how="standardised")
    torn = cohort.people.assign(case=np.arange(960) % 2)
    with pytest.raises(CohortError, match="'case' differs between the cells of one row"):
        pseudobulk(phi, cohort.altered(people=torn))
    with pytest.raises(AttributionError, match="do not match"):
        replace(pseudobulk(phi, cohort), cells=np.zeros(3, dtype=np.int64))


def test_values_that_the_model_did_not_want_are_warned_of() -> None:
    """Counts where logarithms are expected warn, logarithms do not, and twice logged warn."""
    adata = annotated()
    logs = Cohort.from_anndata(adata, **ROLES)
    counts = Cohort.from_anndata(adata, layer="counts", **ROLES)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "logarithms of counts" in check_values(logs, "log counts")
        check_values(counts, "numbers")
        check_values(counts.altered(x=np.minimum(counts.dense(), 1.0)), "counts")  # binarised
    with pytest.warns(EvenlightWarning, match="expects logarithms of counts. The values are coun"):
        check_values(counts, "log counts")
    twice = logs.altered(x=np.log1p(logs.dense()))
    with pytest.warns(EvenlightWarning, match="the logarithm was taken twice"):
        check_values(twice, "log counts")
    with pytest.raises(CohortError, match="wanted one of counts"):
        check_values(logs, "logs")
