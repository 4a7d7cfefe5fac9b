"""AnnData files: the same cohort from every format, and nothing that runs code or looks outside."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path
from typing import Any, Literal

import h5py  # type: ignore[import-untyped]
import numpy as np
import pytest
import zarr
from scipy import sparse

from evenlight.data import rows as reading
from evenlight.data.cohort import Cohort
from evenlight.data.rows import Rows
from evenlight.errors import CohortError, InputError, Refused
from evenlight.modalities import libraries
from evenlight.modalities.annotated import read_anndata
from tests.annotated_world import annotated, written

ROLES: dict[str, Any] = {"unit": "donor", "groups": ["ancestry"], "outcome": "case"}
FORMATS = ("h5ad", "zarr 2", "zarr 3")


class Canary:
    """A pickle that makes a file where it is opened."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("form", ["dense", "csr", "csc"])
@pytest.mark.parametrize("backed", [None, "r"])
def test_every_format_gives_the_cohort_of_memory(
    ending: str, form: str, backed: Literal["r"] | None, tmp_path: Path
) -> None:
    """X, a layer and raw have the digest, notes and people of the AnnData in memory."""
    adata = annotated()
    if form != "dense":
        kind = getattr(sparse, f"{form}_matrix")
        adata.X, adata.layers["counts"] = kind(adata.X), kind(adata.layers["counts"])
    adata.obsm["X_pca"] = np.arange(240.0).reshape(120, 2)
    path = written(adata, tmp_path, ending)
    for own in ({}, {"layer": "counts"}, {"raw": True, "features": "symbol"}):
        wanted = Cohort.from_anndata(adata, axes=["X_pca"], **own, **ROLES)
        found = read_anndata(path, backed=backed, axes=["X_pca"], **own, **ROLES)
        assert found.digest == wanted.digest
        assert found.notes == wanted.notes
        assert found.people.equals(wanted.people)
        assert found.features.table is not None
        assert wanted.features.table is not None
        assert found.features.table.equals(wanted.features.table)
        np.testing.assert_array_equal(found.axes[0].values, wanted.axes[0].values)
        kept = backed == "r" and (form != "csc" or "raw" in own)
        assert isinstance(found.x, Rows) == kept


def test_a_matrix_that_is_too_large_can_stay_on_disk(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Above the budget nothing is read into memory; the error says how to leave it on disk."""
    path = written(annotated(cells=40), tmp_path, "h5ad")
    monkeypatch.setattr(reading, "DENSE_BUDGET", 80_000)
    with pytest.raises(CohortError, match=r'/X takes .* GiB in memory.*backed="r"'):
        read_anndata(path, **ROLES)
    assert read_anndata(path, backed="r", **ROLES).n == 960


def _plant(path: Path, what: str, canary: Path) -> None:
    """Put something into a file that must not be read."""
    bomb = pickle.dumps(Canary(canary), protocol=4)
    with h5py.File(path, "a") as file:
        if what == "attribute":
            file["obs"].attrs["secret"] = np.bytes_(bomb.replace(b"\x00", b" "))
        elif what == "opaque attribute":
            file["obs"].attrs["secret"] = np.void(bomb)
        elif what == "objects":
            file["uns/secret"] = np.void(bomb)
        elif what == "ragged objects":
            file.create_dataset("uns/secret", (1,), dtype=h5py.vlen_dtype(np.uint8))
        elif what == "link":
            file["uns/secret"] = h5py.ExternalLink(str(path.with_name("other.h5")), "/x")
        elif what == "external values":
            outside = [(str(path.with_name("passwords")), 0, 8)]
            file.create_dataset("uns/secret", (8,), dtype="u1", external=outside)
        else:
            layout = h5py.VirtualLayout((3,), "f8")
            layout[:] = h5py.VirtualSource(str(path.with_name("other.h5")), "x", (3,))
            file.create_virtual_dataset("uns/secret", layout)


@pytest.mark.parametrize(
    "what",
    ["attribute", "opaque attribute", "objects", "ragged objects", "link", "external values",
     "virtual"],
)  # fmt: skip
def test_hdf5_that_holds_more_than_data_is_refused(what: str, tmp_path: Path) -> None:
    """Pickles, objects and links to other files are refused with exit code 4, and nothing runs."""
    path = written(annotated(), tmp_path, "h5ad")
    _plant(path, what, tmp_path / "canary")
    with pytest.raises(Refused) as told:
        read_anndata(path, **ROLES)
    assert told.value.exit_code == 4
    assert not (tmp_path / "canary").exists()


def test_links_inside_a_file_are_followed_once(tmp_path: Path) -> None:
    """A file with a loop of hard links and a soft link within itself is read as any other."""
    adata = annotated()
    path = written(adata, tmp_path, "h5ad")
    with h5py.File(path, "a") as file:
        file["uns/loop"] = file["uns"]
        file["uns/soft"] = h5py.SoftLink("/X")
    assert read_anndata(path, **ROLES).digest == Cohort.from_anndata(adata, **ROLES).digest


@pytest.mark.parametrize("what", ["codec", "consolidated", "objects", "version 3", "link"])
def test_zarr_that_holds_more_than_data_is_refused(what: str, tmp_path: Path) -> None:
    """Arrays of pickled objects, however declared, and symbolic links are refused."""
    path = written(annotated(), tmp_path, "zarr 3" if what == "version 3" else "zarr 2")
    secret = path / "uns" / "secret"
    meta: dict[str, Any] = {
        "zarr_format": 2, "shape": [1], "chunks": [1], "dtype": "|O", "fill_value": None,
        "order": "C", "compressor": None, "filters": [{"id": "pickle"}],
    }  # fmt: skip
    if what == "link":
        (path / "uns" / "outside").symlink_to(tmp_path)
    elif what == "consolidated":
        held = json.loads((path / ".zmetadata").read_text())
        held["metadata"]["uns/secret/.zarray"] = meta
        (path / ".zmetadata").write_text(json.dumps(held))
    elif what == "version 3":
        at = path / "obs" / "case" / "zarr.json"
        held = json.loads(at.read_text())
        held["codecs"] = [{"name": "numcodecs.pickle", "configuration": {}}]
        at.write_text(json.dumps(held))
    else:
        secret.mkdir()
        filters = meta["filters"] if what == "codec" else None
        (secret / ".zarray").write_text(json.dumps({**meta, "filters": filters}))
        (secret / "0").write_bytes(pickle.dumps(Canary(tmp_path / "canary")))
    with pytest.raises(Refused):
        read_anndata(path, **ROLES)
    assert not (tmp_path / "canary").exists()


def test_what_is_no_file_of_annotated_data_is_said(tmp_path: Path) -> None:
    """A file that is absent, of another kind, empty or broken is an error that names it."""
    with pytest.raises(CohortError, match=r"no file 'a\.h5ad'"):
        read_anndata(tmp_path / "a.h5ad")
    (tmp_path / "a.h5ad").write_bytes(b"PK not HDF5")
    with pytest.raises(CohortError, match=r"'a\.h5ad' is no \.h5ad file"):
        read_anndata(tmp_path / "a.h5ad")
    with pytest.raises(CohortError, match="is a folder and no zarr group"):
        read_anndata(tmp_path)
    with h5py.File(tmp_path / "b.h5ad", "w") as file:
        file["X"] = np.zeros((2, 2))
    with pytest.raises(CohortError, match="has no obs and no var"):
        read_anndata(tmp_path / "b.h5ad")
    zarr.open_group(tmp_path / "c.zarr", mode="w")
    (tmp_path / "c.zarr" / "zarr.json").write_text("{")
    with pytest.raises(CohortError, match="is no JSON"):
        read_anndata(tmp_path / "c.zarr")
    with pytest.raises(CohortError, match="backed='w'"):
        read_anndata(tmp_path / "c.zarr", backed="w")  # type: ignore[arg-type]


@pytest.mark.parametrize("what", ["itself", "nowhere"])
def test_links_that_lead_nowhere_are_errors(what: str, tmp_path: Path) -> None:
    """A table that holds itself, or a layer that is a link to nothing, is no AnnData."""
    path = written(annotated(), tmp_path, "h5ad")
    with h5py.File(path, "a") as file:
        if what == "itself":
            file["obs/self"] = file["obs"]
        else:
            file["layers/gone"] = h5py.SoftLink("/absent")
    with pytest.raises(CohortError, match=r"no AnnData"):
        read_anndata(path, **ROLES)


def test_a_truncated_file_is_an_error(tmp_path: Path) -> None:
    """Half of a file is told as what it is, and not as an internal fault."""
    path = written(annotated(), tmp_path, "h5ad")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(CohortError):
        read_anndata(path, **ROLES)


def test_a_missing_library_is_named_with_the_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without anndata the error is the command that brings it."""

    def absent(name: str) -> Any:
        raise ImportError(name)

    path = written(annotated(), tmp_path, "h5ad")
    monkeypatch.setattr(libraries, "import_module", absent)
    with pytest.raises(InputError, match="pip install anndata"):
        read_anndata(path, **ROLES)
