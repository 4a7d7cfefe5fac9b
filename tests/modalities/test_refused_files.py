"""Files of data that harm: objects in npy and npz, sizes that never fit, lists of paths."""

from __future__ import annotations

import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evenlight.errors import CohortError, EvenlightError, ModelError, Refused
from evenlight.modalities.image_arrays import npz_names, read_npz_rows
from evenlight.modalities.image_folders import read_file_rows
from evenlight.modalities.nifti import read_nifti_rows
from evenlight.modalities.sealed import sealed_zarr
from evenlight.models.transformers.library import network


class Canary:
    """A pickle that plants a file when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return eval, (f"open({str(self.path)!r}, 'w').close()",)


def objects(canary: Path) -> Any:
    """An array of one object that plants a file."""
    made = np.empty(1, dtype=object)
    made[0] = Canary(canary)
    return made


def test_70_objects_in_npy_and_npz_are_refused(tmp_path: Path) -> None:
    """Fault 70: exit code 4, whichever reader meets them, and nothing runs."""
    canary = tmp_path / "canary"
    np.save(tmp_path / "x.npy", objects(canary), allow_pickle=True)
    np.savez(tmp_path / "x.npz", x=np.zeros((4, 8, 8)), names=objects(canary))
    (tmp_path / "bare.npy").write_bytes(pickle.dumps(Canary(canary)))
    for name in ("x.npy", "bare.npy"):
        with pytest.raises(Refused, match="holds pickled objects"):
            read_npz_rows(tmp_path / name)
        with pytest.raises(Refused, match="holds pickled objects"):
            read_file_rows([tmp_path / name])
    with pytest.raises(Refused, match="'names' of the npz file holds pickled objects"):
        npz_names(tmp_path / "x.npz", "names")
    with pytest.raises(Refused, match="'names' of the npz file holds pickled objects"):
        read_npz_rows(tmp_path / "x.npz", key="names")
    assert not canary.exists()


def header(shape: tuple[int, ...], dtype: str = "<f8") -> bytes:
    """The head of an npy file of this shape, without its values."""
    text = repr({"descr": dtype, "fortran_order": False, "shape": shape}).encode()
    text += b" " * (64 - (len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


def test_71_arrays_that_claim_more_than_fits_are_errors(tmp_path: Path) -> None:
    """Fault 71: of an npz and an npy, before a byte of the array is made."""
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("x.npy", header((2**20, 2**10, 2**10)))
        archive.writestr("names.npy", header((2**40,), "<U8"))
    with pytest.raises(CohortError, match="would take more than 4 GB"):
        read_npz_rows(tmp_path / "x.npz", key="x")
    with pytest.raises(CohortError, match="would take more than 4 GB"):
        npz_names(tmp_path / "x.npz", "names")
    (tmp_path / "x.npy").write_bytes(header((2**20, 2**10, 2**10)))
    with pytest.raises(CohortError, match="cut short"):
        read_npz_rows(tmp_path / "x.npy")
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", header((2**11, 2**5, 2**5)) + b"\0" * 2**24)
    with pytest.raises(Refused, match="packed in a way that harms"):
        read_npz_rows(tmp_path / "bomb.npz")


@pytest.mark.parametrize("version", [2, 3])
def test_71_a_chunk_that_never_fits_is_refused(tmp_path: Path, version: int) -> None:
    """A zarr array of one number whose chunk says that it takes 8 TiB."""
    sides = [2**20, 2**20]
    old = {"zarr_format": 2, "shape": [1, 1], "chunks": sides, "dtype": "<f8"}
    new = {
        "zarr_format": 3, "node_type": "array", "shape": [1, 1], "data_type": "float64",
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": sides}},
    }  # fmt: skip
    name = ".zarray" if version == 2 else "zarr.json"
    (tmp_path / name).write_text(json.dumps(old if version == 2 else new))
    with pytest.raises(Refused, match="one chunk takes more than 4 GiB"):
        sealed_zarr(tmp_path)
    for one in (old, new["chunk_grid"]["configuration"]):  # type: ignore[index]
        one["chunks" if one is old else "chunk_shape"] = [4, 4]
    (tmp_path / name).write_text(json.dumps(old if version == 2 else new))
    sealed_zarr(tmp_path)


def test_71_a_volume_that_claims_more_than_it_holds_is_an_error(tmp_path: Path) -> None:
    """A NIfTI header of 32,767 planes over a few bytes."""
    nibabel = pytest.importorskip("nibabel")
    made = nibabel.Nifti1Image(np.zeros((4, 4, 4), dtype=np.int16), np.eye(4))
    for name in ("a.nii", "b.nii.gz"):
        nibabel.save(made, tmp_path / name)
    raw = bytearray((tmp_path / "a.nii").read_bytes())
    raw[42:48] = (32767).to_bytes(2, "little") * 3
    (tmp_path / "a.nii").write_bytes(raw)
    with pytest.raises(CohortError, match="claims more values than"):
        read_nifti_rows([tmp_path / "a.nii"])
    import gzip

    (tmp_path / "b.nii.gz").write_bytes(gzip.compress(bytes(raw)))
    with pytest.raises(CohortError, match="claims more values than"):
        read_nifti_rows([tmp_path / "b.nii.gz"])


@pytest.mark.parametrize("leads", ["../other.safetensors", "/etc/passwd", "a/../../b.safetensors"])
def test_75_a_list_of_weights_stays_in_its_folder(tmp_path: Path, leads: str) -> None:
    """Fault 75: the index of a model in several files names files of its own folder only."""
    pytest.importorskip("transformers")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    (tmp_path / "model-1.safetensors").write_bytes(b"")
    index = {"metadata": {}, "weight_map": {"w": leads}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(Refused, match="leads out of the folder"):
        network(tmp_path, "AutoModel")


def test_71_a_config_that_is_nested_too_deep_is_an_error(tmp_path: Path) -> None:
    """A model's folder with a config of 200,000 brackets."""
    (tmp_path / "config.json").write_text("[" * 200_000)
    with pytest.raises(ModelError, match="nested too deep"):
        network(tmp_path, "AutoModel")


@pytest.mark.parametrize("size", [2**16, 2**18])
def test_71_an_image_that_is_a_bomb_is_an_error(tmp_path: Path, size: int) -> None:
    """A PNG of a few bytes that claims 65,536 by 65,536 points, and more, is never made."""
    import struct
    import zlib

    def part(kind: bytes, content: bytes) -> bytes:
        check = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", size, size, 8, 0, 0, 0, 0)
    made = b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head)
    made += part(b"IDAT", zlib.compress(b"\0" * 1000)) + part(b"IEND", b"")
    (tmp_path / "x.png").write_bytes(made)
    with pytest.raises(EvenlightError, match="cannot be read: DecompressionBombError"):
        read_file_rows([tmp_path / "x.png"])
