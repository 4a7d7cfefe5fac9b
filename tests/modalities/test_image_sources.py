"""Folders of scans through read_images: each kind goes to its reader, with the table of people."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from evenlight.arrays import Values
from evenlight.errors import CohortError
from evenlight.modalities.images import read_images
from tests.scan_files import affine_of, dicom, nifti, slices

N = 12


def people(n: int = N) -> pd.DataFrame:
    """People with sex, one scan each."""
    at = np.arange(n)
    return pd.DataFrame({"sex": np.where(at % 2, "f", "m")}, index=[f"sub-{i}x" for i in at])


def volumes(folder: Path, table: pd.DataFrame, *, size: int = 6) -> Values:
    """NIfTI files named after rows, in folders as BIDS has them; their values."""
    made = np.random.default_rng(0).normal(size=(len(table), size, 7, 8)).astype(np.float32)
    for name, one in zip(table.index, made, strict=True):
        where = folder / str(name) / "anat"
        where.mkdir(parents=True)
        nifti(where / f"{name}.nii.gz", one, affine_of((2.0, 2.0, 2.0), (-1, 1, 1)))
    return made


def test_nifti_volumes_of_people_in_folders(tmp_path: Path) -> None:
    """Volumes are joined by name wherever they lie, and their space is known."""
    table = people()
    stored = volumes(tmp_path, table)
    turned = table.iloc[::-1]
    cohort = read_images(tmp_path, turned, groups=["sex"], unit="row", shared="registered")
    np.testing.assert_allclose(np.asarray(cohort.x)[:, 0], stored[::-1])
    space = cohort.features.space
    assert space is not None
    assert (space.orientation, space.spacing, space.shared) == (
        "LAS", (2.0, 2.0, 2.0), "registered",
    )  # fmt: skip
    ras = read_images(tmp_path, table, unit="row", orientation="RAS")
    np.testing.assert_allclose(np.asarray(ras.x)[:, 0], stored[:, ::-1])


def test_files_in_a_list_are_joined_by_name_where_they_have_one(tmp_path: Path) -> None:
    """A sorted list beside a shuffled table gives each row its own image."""
    table = people()
    stored = volumes(tmp_path, table)
    order = np.random.default_rng(3).permutation(len(table))
    files = sorted(tmp_path.rglob("*.nii.gz"))
    cohort = read_images(files, table.iloc[order], unit="row")
    np.testing.assert_allclose(np.asarray(cohort.x)[:, 0], stored[order])
    files[0] = files[0].rename(files[0].with_name("other.nii.gz"))
    with pytest.raises(CohortError, match="named as a row of the table is, the others are not"):
        read_images(files, table, unit="row")


def test_files_without_names_of_rows_are_taken_by_place_and_it_is_said(tmp_path: Path) -> None:
    """Where no file is named by a row the list is in the order of the table, and a note says so."""
    table = people()
    stored = volumes(tmp_path, table)
    files = [
        path.rename(tmp_path / f"scan_{k}.nii.gz")
        for k, path in enumerate(
            tmp_path / name / "anat" / f"{name}.nii.gz" for name in table.index
        )
    ]
    cohort = read_images(files, table, unit="row")
    np.testing.assert_allclose(np.asarray(cohort.x)[:, 0], stored)
    assert any("at its place" in note for note in cohort.notes)


def test_an_option_that_no_reader_has_is_an_error(tmp_path: Path) -> None:
    """Options of one kind of file are not passed over in silence by another."""
    volumes(tmp_path, people(2))
    with pytest.raises(CohortError, match="values"):
        read_images(tmp_path, people(2), values="unit")


def test_dicom_files_of_people(tmp_path: Path) -> None:
    """Files without an end are known by their mark; MONOCHROME1 is turned; nobody is named."""
    grey = np.random.default_rng(0).integers(0, 4096, (N, 6, 7)).astype(np.uint16)
    for i, name in enumerate(people().index):
        stored, shown = (4095 - grey[i], "MONOCHROME1") if i % 3 else (grey[i], "MONOCHROME2")
        own = {"PatientName": "Planted^Name", "PatientID": f"patient-{i}", "Modality": "DX"}
        dicom(tmp_path / str(name), stored, BitsStored=12, PhotometricInterpretation=shown, **own)
    cohort = read_images(tmp_path, people(), groups=["sex"], unit="row")
    np.testing.assert_array_equal(np.asarray(cohort.x)[:, 0], grey)
    told = cohort.people.to_csv() + " ".join(cohort.notes) + repr(cohort)
    assert "Planted" not in told
    assert "patient-3" not in told
    assert cohort.people["patient"].nunique() == N
    assert "device" not in cohort.people


def test_dicom_images_of_one_patient_ask_for_the_unit(tmp_path: Path) -> None:
    """The header's patient is kept as a code, by which repeats are seen."""
    grey = np.random.default_rng(0).integers(0, 4096, (N, 6, 7)).astype(np.uint16)
    for i, name in enumerate(people().index):
        dicom(tmp_path / f"{name}.dcm", grey[i], PatientID=f"patient-{i // 2}", Modality="DX")
    with pytest.raises(CohortError, match=r"names 6 for 12 rows.*unit="):
        read_images(tmp_path, people(), groups=["sex"])


def test_a_folder_of_slices_is_one_row(tmp_path: Path) -> None:
    """The name of a person's folder stands for the volume whose slices it holds."""
    made = np.random.default_rng(0).integers(0, 99, (3, 4, 5, 6)).astype(np.int16)
    for name, one in zip(people(3).index, made, strict=True):
        slices(tmp_path / str(name), one, spacing=(3.0, 1.0, 1.0), PatientID=str(name))
    cohort = read_images(tmp_path, people(3), unit="row")
    np.testing.assert_array_equal(np.asarray(cohort.x)[:, 0], made)
    with pytest.raises(CohortError, match="names 3 for 12 rows"):
        read_images(tmp_path)


def test_several_kinds_of_file_are_an_error(tmp_path: Path) -> None:
    """What one reader does to values another does not."""
    table = people(4)
    volumes(tmp_path, table.iloc[:2])
    for name in table.index[2:]:
        Image.fromarray(np.ones((4, 4), np.uint8)).save(tmp_path / f"{name}.png")
    with pytest.raises(CohortError, match=r"kinds .*2 nifti, 2 file|kinds .*2 file, 2 nifti"):
        read_images(tmp_path, table, unit="row")


def test_without_a_table_rows_are_numbered(tmp_path: Path) -> None:
    """No name of a file becomes an id."""
    table = people()
    volumes(tmp_path, table)
    cohort = read_images(tmp_path, unit="row")
    assert cohort.rows.tolist()[:2] == ["image 01", "image 02"]
    assert "sub-" not in cohort.people.to_csv()
