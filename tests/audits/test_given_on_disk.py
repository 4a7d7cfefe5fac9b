"""Given attributions that are maps of images, or lie on disk: audited as those in memory are."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evenlight import codec
from evenlight.auditing import audit
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.sources import lazy
from evenlight.errors import AttributionError, InputError
from evenlight.measured.attributed import attributions_digest
from evenlight.measures.compare import compare
from evenlight.plan import Plan
from evenlight.record import Audit

h5py = pytest.importorskip("h5py")
zarr = pytest.importorskip("zarr")

N, SIDE = 120, 8
SOON: dict[str, Any] = {"measure": {"further": False}}
GRID = Plan.from_data({**SOON, "regions": {"grid": [2, 2]}})


@cache
def images() -> tuple[Cohort, np.ndarray]:
    """Images of people at two sites, and maps that are larger in a corner at one of them."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(N, 1, SIDE, SIDE)).astype(np.float32)
    site = np.array(["a", "b"] * (N // 2))
    phi = (0.1 * x * rng.normal(size=(1, SIDE, SIDE))).astype(np.float32)
    phi[site == "b", :, :4, :4] += 0.05
    y = (phi.sum(axis=(1, 2, 3)) + rng.normal(size=N) > 0).astype(int)
    people = pd.DataFrame({"site": site, "y": y}, index=[f"P{i:03d}" for i in range(N)])
    return Cohort(x, people, outcome="y", groups=["site"], unit="row"), phi


def made(values: Any) -> Attributions:
    """What was computed elsewhere, as log odds."""
    here, phi = images()
    output = phi.reshape(N, -1).sum(axis=1, dtype=np.float64)
    return Attributions.from_arrays(
        values,
        rows=here.rows.tolist(),
        features=here.features,
        output=output,
        base=0.0,
        link="logit",
    )


def in_npy(folder: Path) -> Any:
    """The maps in an npy file."""
    np.save(folder / "phi.npy", images()[1])
    return np.load(folder / "phi.npy", mmap_mode="r")


def in_zarr(folder: Path) -> Any:
    """The maps in a zarr folder."""
    held = zarr.create_array(folder / "phi.zarr", shape=images()[1].shape, dtype="f4", chunks=(
        16, 1, SIDE, SIDE
    ))  # fmt: skip
    held[:] = images()[1]
    return held


def in_hdf5(folder: Path) -> Any:
    """The maps in an HDF5 file that stays open."""
    with h5py.File(folder / "phi.h5", "w") as file:
        file["phi"] = images()[1]
    return h5py.File(folder / "phi.h5")["phi"]


WAYS: dict[str, Callable[[Path], Any]] = {"npy": in_npy, "zarr": in_zarr, "hdf5": in_hdf5}


def numbers(found: Audit) -> Any:
    """All that was found, but for when and how long."""
    told = codec.plain(found)
    return {name: part for name, part in told.items() if name != "provenance"}


def larger_than_memory(monkeypatch: pytest.MonkeyPatch, values: Any) -> Attributions:
    """The record of values that are left on disk, as those above 4 GiB are."""
    with monkeypatch.context() as now:
        now.setattr("evenlight.data.rows.DENSE_BUDGET", 100)
        return made(values)


@cache
def in_memory() -> Audit:
    """The audit of the maps as an array."""
    return audit(made(images()[1]), images()[0], plan=GRID)


def test_maps_are_audited_by_region() -> None:
    """What is compared are sums over the regions that the plan draws."""
    cohort, phi = images()
    corner = np.arange(SIDE) // (SIDE // 2)
    labels = 2 * corner[:, None] + corner[None, :] + 1
    sets = FeatureSets.from_label_map(labels, shape=(1, SIDE, SIDE))
    own = compare(made(phi).by(sets), cohort, by="site")
    (found,) = in_memory().comparisons
    np.testing.assert_allclose(found.effect[0], own.effect[0])
    assert (found.verdict[0] == "different").sum() == 1
    with pytest.raises(InputError, match="images are audited by region"):
        audit(made(phi), cohort, plan=Plan.from_data(SOON))


@pytest.mark.parametrize("way", WAYS)
def test_values_on_disk_give_the_same_audit(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """npy, zarr and HDF5, read block by block where they are larger than is held."""
    values = WAYS[way](tmp_path)
    assert not lazy(made(values).values) or way == "npy"
    left = larger_than_memory(monkeypatch, values)
    assert lazy(left.values)
    assert numbers(audit(left, images()[0], plan=GRID)) == numbers(in_memory())


def test_the_digest_does_not_depend_on_where_values_lie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same numbers have one digest, in any order of the rows."""
    cohort, phi = images()
    left = larger_than_memory(monkeypatch, in_zarr(tmp_path))
    assert attributions_digest(left, cohort) == attributions_digest(made(phi), cohort)


@pytest.mark.parametrize("way", ["zarr", "hdf5"])
def test_a_file_that_is_closed_or_gone_is_told(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A closed file gives nothing, a deleted zarr folder zeros: both are errors before any work."""
    values = WAYS[way](tmp_path)
    left = larger_than_memory(monkeypatch, values)
    if way == "zarr":
        shutil.rmtree(tmp_path / "phi.zarr" / "c")
        why = "120 of 120 rows add up to something else"
    else:
        values.file.close()
        why = "a file that is closed or gone"
    with pytest.raises(AttributionError, match=why):
        audit(left, images()[0], plan=GRID)


def test_what_is_no_array_is_told_with_what_to_pass(tmp_path: Path) -> None:
    """A path, an archive, an open file or words: the error names the array that is wanted."""
    np.savez(tmp_path / "phi.npz", phi=images()[1], other=np.zeros(3))
    in_hdf5(tmp_path).file.close()
    with pytest.raises(AttributionError, match=r"values are a path, 'phi.npz'; pass the array"):
        made(tmp_path / "phi.npz")
    with (
        np.load(tmp_path / "phi.npz") as archive,
        pytest.raises(AttributionError, match=r"a NpzFile of 2 arrays \(other, phi\); pass one"),
    ):
        made(archive)
    with (
        h5py.File(tmp_path / "phi.h5") as file,
        pytest.raises(AttributionError, match=r"a File of 1 arrays \(phi\)"),
    ):
        made(file)
    with pytest.raises(AttributionError, match="holds no rows of numbers"):
        made([["high", "low"]] * N)


def test_values_of_another_kind_are_not_left_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """float64 that is too large to be made float32 is an error that says what to write."""
    np.save(tmp_path / "phi.npy", images()[1].astype(np.float64))
    values = np.load(tmp_path / "phi.npy", mmap_mode="r")
    with pytest.raises(AttributionError, match="values on disk are float64, and take"):
        larger_than_memory(monkeypatch, values)


def test_maps_of_another_shape_are_told(tmp_path: Path) -> None:
    """Maps without channels are no maps of these images, and no set of regions is to blame."""
    cohort, phi = images()
    with pytest.raises(
        AttributionError, match=r"rows of shape \(8, 8\), the cohort of \(1, 8, 8\)"
    ):
        audit(made(phi[:, 0]), cohort, plan=GRID)
