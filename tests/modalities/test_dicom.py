"""DICOM images: grey values that mean the same in all, slices as volumes, and what is refused."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.uid import generate_uid

from evenlight.arrays import Values
from evenlight.errors import CohortError, InputError
from evenlight.modalities.dicom import read_dicom_rows
from evenlight.modalities.dicom_values import Window, windowed
from evenlight.modalities.nifti import read_nifti_rows
from tests.scan_files import dicom, nifti, slices, values

TWELVE = {"BitsStored": 12}


def grey(seed: int = 0, shape: tuple[int, ...] = (5, 6), top: int = 4096) -> Values:
    """A grey image of numbers below `top`."""
    return np.random.default_rng(seed).integers(0, top, size=shape).astype(np.uint16)


def test_29_inverted_grey_is_mirrored(tmp_path: Path) -> None:
    """The same picture stored as MONOCHROME1 and as MONOCHROME2 is one picture, and counted."""
    plain = dicom(tmp_path / "a.dcm", grey(), **TWELVE)
    mirrored = dicom(
        tmp_path / "b.dcm", (4095 - grey()).astype(np.uint16), **TWELVE,
        PhotometricInterpretation="MONOCHROME1",
    )  # fmt: skip
    windows: tuple[Window, ...] = (None, "bits", (2000.0, 1000.0))
    for window in windows:
        x = values(read_dicom_rows([plain, mirrored], window=window))
        np.testing.assert_allclose(x[1], x[0], atol=1e-6)
    rows = read_dicom_rows([plain, mirrored])
    np.testing.assert_array_equal(values(rows)[0, 0], grey())
    assert any("Fewer than 11 of 2 images are stored as MONOCHROME1" in note for note in rows.notes)
    assert rows.facts["photometric"].tolist() == ["MONOCHROME2", "MONOCHROME1"]


def test_29_other_bits_need_one_window(tmp_path: Path) -> None:
    """12 and 16 bits side by side are an error until it is said how they become one scale."""
    files = [
        dicom(tmp_path / "a.dcm", grey(), **TWELVE),
        dicom(tmp_path / "b.dcm", grey(top=65536)),
        dicom(tmp_path / "c.dcm", grey(2), **TWELVE),
    ]
    with pytest.raises(CohortError, match=r"2 of 12 bits .*, 1 of 16 bits .*window="):
        read_dicom_rows(files)
    x = values(read_dicom_rows(files, window="bits"))
    np.testing.assert_allclose(x[0, 0], grey() / 4095, rtol=1e-6)
    np.testing.assert_allclose(x[1, 0], grey(top=65536) / 65535, rtol=1e-6)
    own = read_dicom_rows(files, transform=lambda image: image / image.max())
    assert any("left to the model's own transform" in note for note in own.notes)


def test_29_windows_are_those_of_the_file_or_one_for_all(tmp_path: Path) -> None:
    """A file's own window is applied, one that is absent is counted, and one for all serves all."""
    told = {"WindowCenter": [2000, 9], "WindowWidth": [1000, 9]}
    files = [
        dicom(tmp_path / "a.dcm", grey(), **TWELVE, **told),
        dicom(tmp_path / "b.dcm", grey(1), **TWELVE),
    ]
    with pytest.raises(CohortError, match="1 of 2 planes have no window"):
        read_dicom_rows(files, window="file")
    own = values(read_dicom_rows(files[:1], window="file"))[0, 0]
    np.testing.assert_allclose(own, windowed(grey(), 2000, 1000, "LINEAR"), atol=1e-6)
    both = values(read_dicom_rows(files, window=(2000.0, 1000.0)))
    want = np.clip((np.stack([grey(), grey(1)]) - 1500.0) / 1000.0, 0, 1)
    np.testing.assert_allclose(both[:, 0], want, atol=1e-6)


@given(
    st.sampled_from(["LINEAR", "LINEAR_EXACT", "SIGMOID"]),
    st.integers(-500, 4500),
    st.integers(2, 4000),
)
def test_windows_are_those_of_pydicom(function: str, centre: int, width: int) -> None:
    """Each function of the standard gives what pydicom gives, mapped to 0 to 1."""
    made = pydicom.Dataset()
    made.PhotometricInterpretation, made.BitsStored, made.PixelRepresentation = "MONOCHROME2", 12, 0
    made.WindowCenter, made.WindowWidth, made.VOILUTFunction = centre, width, function
    held = np.arange(0, 4096, 37, dtype=np.float64)
    pixels: Any = import_module("pydicom.pixels")
    with np.errstate(over="ignore"):
        want = pixels.apply_windowing(held, made) / 4095.0
    np.testing.assert_allclose(windowed(held, centre, width, function), want, atol=1e-9)


def test_rescaled_values_are_hounsfield_units(tmp_path: Path) -> None:
    """Slope and intercept give HU; scanners that store CT otherwise still give one scale."""
    told = {"Modality": "CT", "RescaleSlope": 1, "RescaleIntercept": -1024}
    first = dicom(tmp_path / "a.dcm", grey(), **TWELVE, **told)
    signed = (grey().astype(np.int16) - 1024).astype(np.int16)
    second = dicom(tmp_path / "b.dcm", signed, Modality="CT", RescaleType="HU", RescaleSlope=1,
                   RescaleIntercept=0)  # fmt: skip
    rows = read_dicom_rows([first, second])
    np.testing.assert_array_equal(values(rows)[0], values(rows)[1])
    np.testing.assert_array_equal(values(rows)[0, 0], grey().astype(float) - 1024)
    assert any("Fewer than 11 of 2 images were rescaled" in note for note in rows.notes)


def test_29_colours_are_named_and_not_mixed(tmp_path: Path) -> None:
    """Colour comes as red, green, blue, channels first; grey beside colour is an error."""
    colour = np.zeros((5, 6, 3), dtype=np.uint8)
    colour[..., 1] = 200
    rgb = dicom(tmp_path / "c.dcm", colour)
    rows = read_dicom_rows([rgb], window="bits")
    assert rows.channels == ("red", "green", "blue")
    np.testing.assert_allclose(values(rows).mean(axis=(0, 2, 3)), [0, 200 / 255, 0], atol=1e-6)
    with pytest.raises(CohortError, match="1 of 2 planes are in colour"):
        read_dicom_rows([rgb, dicom(tmp_path / "a.dcm", grey())])


def test_28_other_sizes_are_counted(tmp_path: Path) -> None:
    """An X-ray of another size stops with count and position; the model's transform serves it."""
    files = [dicom(tmp_path / f"{k}.dcm", grey(k), **TWELVE) for k in range(3)]
    files.append(dicom(tmp_path / "doe.dcm", grey(3, (8, 6)), **TWELVE))
    with pytest.raises(
        CohortError, match=r"1 of 4 images differ .*position 3 by its shape"
    ) as told:
        read_dicom_rows(files)
    assert "doe" not in str(told.value)
    rows = read_dicom_rows(files, transform=lambda x: x[:, :4, :4])
    assert rows.x.shape == (4, 1, 4, 4)


def test_x_rays_of_other_spacing_are_read_and_their_grid_is_unknown(tmp_path: Path) -> None:
    """Spacing at the detector may differ between X-rays; then no spacing is claimed for all."""
    steps = [
        dicom(tmp_path / f"{k}.dcm", grey(k), **TWELVE, ImagerPixelSpacing=[s, s])
        for k, s in enumerate((0.14, 0.14, 0.2))
    ]
    same = read_dicom_rows(steps[:2]).space
    assert (same.spacing, same.units) == ((0.14, 0.14), "mm at the detector")
    rows = read_dicom_rows(steps)
    assert np.isnan(rows.space.spacing).all()
    assert rows.facts["spacing_0"].tolist() == [0.14, 0.14, 0.2]
    assert any("0.14 to 0.2 mm apart" in note for note in rows.notes)
    assert not any("apart" in note for note in read_dicom_rows(steps[:2]).notes)


def test_slices_become_a_volume_by_their_places(tmp_path: Path) -> None:
    """Slices are ordered by position and not by name, and lie where a NIfTI of the same lies."""
    held = grey(0, (4, 5, 6))
    folder = slices(tmp_path / "s", held, spacing=(3.0, 2.0, 1.5), **TWELVE)
    (folder / "README.txt").write_text("not an image")
    rows = read_dicom_rows([folder])
    np.testing.assert_array_equal(values(rows)[0, 0], held)
    assert rows.space.spacing == (3.0, 2.0, 1.5)
    assert rows.space.orientation == "SPL"
    affine = rows.space.affine
    assert affine is not None
    # The first position of the first slice: x and y of the patient grow to the left and the back.
    np.testing.assert_allclose(affine @ [0, 0, 0, 1], [20.0, 30.0, 5.0, 1.0])
    np.testing.assert_allclose(affine @ [1, 1, 1, 1], [18.5, 28.0, 8.0, 1.0])
    twin = nifti(tmp_path / "t.nii", held.astype(np.float32), affine)
    turned = read_dicom_rows([folder], orientation="RAS")
    same = read_nifti_rows([twin], orientation="RAS")
    np.testing.assert_array_equal(values(turned), values(same))
    assert turned.space.same(same.space) == ""


def test_frames_become_a_volume(tmp_path: Path) -> None:
    """An enhanced file of frames with positions is the volume that its slices would be."""
    held = grey(0, (3, 5, 6))
    frames = []
    for k in (2, 0, 1):
        place, along, one = pydicom.Dataset(), pydicom.Dataset(), pydicom.Dataset()
        place.ImagePositionPatient = [-20.0, -30.0, 5.0 + 3.0 * k]
        along.ImageOrientationPatient = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
        one.PlanePositionSequence, one.PlaneOrientationSequence = [place], [along]
        frames.append(one)
    shared, steps = pydicom.Dataset(), pydicom.Dataset()
    steps.PixelSpacing, steps.SliceThickness = [2.0, 1.5], 3.0
    shared.PixelMeasuresSequence = [steps]
    file = dicom(
        tmp_path / "e.dcm", held[[2, 0, 1]], PerFrameFunctionalGroupsSequence=frames,
        SharedFunctionalGroupsSequence=[shared], Modality="CT",
    )  # fmt: skip
    plain = slices(tmp_path / "s", held, spacing=(3.0, 2.0, 1.5))
    rows = read_dicom_rows([file, plain])
    np.testing.assert_array_equal(values(rows)[0], values(rows)[1])
    np.testing.assert_array_equal(values(rows)[0, 0], held)
    with pytest.raises(CohortError, match="3 frames without positions"):
        read_dicom_rows([dicom(tmp_path / "f.dcm", held)])


def test_series_that_are_no_volume_are_refused(tmp_path: Path) -> None:
    """A missing slice, one twice, two series, two patients and an empty folder are named."""
    held = grey(0, (6, 5, 6))

    def broken(name: str) -> Path:
        return slices(tmp_path / name, held, spacing=(3.0, 2.0, 1.5), PatientID="p1")

    gap = broken("gap")
    (gap / f"{(2 * 7) % 6}.dcm").unlink()
    with pytest.raises(CohortError, match=r"position 0 lacks slices .*3 to 6 mm"):
        read_dicom_rows([gap])
    place = [-20.0, -30.0, 8.0]
    for name, tags, why in (
        ("twice", {"ImagePositionPatient": place}, "lie in one place"),
        ("series", {"SeriesInstanceUID": generate_uid()}, "holds 2 series"),
        ("people", {"PatientID": "p2"}, "holds 2 patients"),
        ("scout", {"ImageOrientationPatient": [1, 0, 0, 0, 0, -1]}, "other directions"),
    ):
        folder = broken(name)
        file = pydicom.dcmread(folder / "0.dcm")
        for tag, value in tags.items():
            setattr(file, tag, value)
        file.save_as(folder / "0.dcm")
        with pytest.raises(CohortError, match=why):
            read_dicom_rows([folder])
    (tmp_path / "none").mkdir()
    with pytest.raises(CohortError, match="position 1 holds no DICOM images"):
        read_dicom_rows([broken("whole"), tmp_path / "none"])


def test_28_volumes_of_other_spacing_are_refused_or_resampled(tmp_path: Path) -> None:
    """Two series of other slice gaps stop, and meet on record in a template."""
    thin = slices(tmp_path / "a", grey(0, (8, 5, 6)), spacing=(1.5, 2.0, 1.5))
    thick = slices(tmp_path / "b", grey(0, (4, 5, 6)), spacing=(3.0, 2.0, 1.5))
    with pytest.raises(CohortError, match=r"1 of 2 images differ .*template="):
        read_dicom_rows([thin, thick])
    template = read_dicom_rows([thick]).space
    rows = read_dicom_rows([thin, thick], template=template)
    assert rows.space.shared == "resampled to the given grid"
    np.testing.assert_allclose(values(rows)[1, 0], grey(0, (4, 5, 6)), rtol=1e-6)
    np.testing.assert_allclose(values(rows)[0, 0], grey(0, (8, 5, 6))[::2], rtol=1e-6)


def test_what_would_be_guessed_is_refused(tmp_path: Path) -> None:
    """Palettes, unknown grey, a slope of 0 and no image at all are errors by position."""
    fine = dicom(tmp_path / "a.dcm", grey())
    for told, why in (
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "PALETTE COLOR"),
        ({"PhotometricInterpretation": "SHINY"}, "other"),
        ({"RescaleSlope": 0}, "rescaled by 0"),
    ):
        bad = dicom(tmp_path / "b.dcm", grey(), **told)
        with pytest.raises(CohortError, match=f"position 1 .*{why}"):
            read_dicom_rows([fine, bad])
    text = tmp_path / "doe.dcm"
    text.write_text("no image")
    with pytest.raises(CohortError, match="position 1 cannot be read as DICOM") as error:
        read_dicom_rows([fine, text])
    assert "doe" not in str(error.value)
    with pytest.raises(CohortError, match="there are no images"):
        read_dicom_rows([])


@pytest.mark.parametrize("name", ["CT_small.dcm", "MR_small_RLE.dcm", "SC_rgb_rle.dcm"])
def test_real_files_are_read(name: str) -> None:
    """Files of real devices that pydicom brings have the values that pydicom gives."""
    file = Path(pydicom.__file__).parent / "data" / "test_files" / name
    held = pydicom.dcmread(file)
    want = held.pixel_array * float(getattr(held, "RescaleSlope", 1))
    want = want + float(getattr(held, "RescaleIntercept", 0))
    x = values(read_dicom_rows([file]))[0]
    np.testing.assert_allclose(x, np.moveaxis(want, -1, 0) if want.ndim == 3 else want[None])


def test_a_real_series_is_read() -> None:
    """Slices of a CT that pydicom brings lie one above the other as their headers say, in HU."""
    root = Path(pydicom.__file__).parent / "data" / "test_files" / "dicomdirtests"
    folder = root / "98892001" / "CT5N"
    held = [pydicom.dcmread(file) for file in folder.iterdir()]
    held.sort(key=lambda one: float(one.ImagePositionPatient[2]))
    rows = read_dicom_rows([folder])
    for k, one in enumerate(held):
        want = one.pixel_array * float(one.RescaleSlope) + float(one.RescaleIntercept)
        np.testing.assert_allclose(values(rows)[0, 0, k], want)
        assert rows.space.affine is not None
        lps = (rows.space.affine @ [k, 0, 0, 1])[:3] * [-1, -1, 1]
        np.testing.assert_allclose(lps, [float(p) for p in one.ImagePositionPatient], atol=1e-3)
    assert rows.facts["modality"].tolist() == ["CT"]


@pytest.mark.skipif(find_spec("jpeg_ls") is not None, reason="its decoder is installed")
@pytest.mark.skipif(find_spec("libjpeg") is not None, reason="its decoder is installed")
def test_a_compression_that_nothing_decodes_is_named() -> None:
    """Where a decoder is lacking, the error tells the compression and the remedy."""
    file = Path(pydicom.__file__).parent / "data" / "test_files" / "MR_small_jpeg_ls_lossless.dcm"
    rows = read_dicom_rows([file])
    with pytest.raises(InputError, match=r"stored as JPEG-LS Lossless .*pip install"):
        values(rows)
