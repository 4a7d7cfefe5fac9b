"""DICOM images whose headers say which side is where, and which numbers are no tissue."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evenlight.arrays import Values
from evenlight.errors import CohortError
from evenlight.modalities.dicom import read_dicom_rows
from evenlight.modalities.dicom_values import Window
from tests.scan_files import dicom, slices, values

FRONT, MIRRORED = ["L", "F"], ["R", "F"]


def marked(seed: int) -> Values:
    """A picture with something bright at its left."""
    made = np.random.default_rng(seed).integers(100, 900, size=(8, 9)).astype(np.uint16)
    made[2:5, 1:3] = 3000
    return made


def chests(folder: Path, **tags: object) -> list[Path]:
    """Four X-rays from the front, every second stored in its mirror image and saying so."""
    made = []
    for k in range(4):
        own = marked(k)[:, ::-1] if k % 2 else marked(k)
        told = {"PatientOrientation": MIRRORED if k % 2 else FRONT, "Modality": "DX", **tags}
        path = folder / f"{k}.dcm"
        made.append(dicom(path, np.ascontiguousarray(own), BitsStored=12, **told))
    return made


def test_28_mirrored_x_rays_are_refused_and_turned(tmp_path: Path) -> None:
    """Headers that say so are believed: an error with count and remedy, or turned, with a note."""
    files = chests(tmp_path)
    with pytest.raises(
        CohortError,
        match=r'2 of 4 images lie mirrored .* position 1, R/F against L/F .*orientation="IL"',
    ):
        read_dicom_rows(files)
    rows = read_dicom_rows(files, orientation="IL")
    np.testing.assert_array_equal(values(rows)[:, 0], [marked(k) for k in range(4)])
    assert rows.space.orientation == "IL"
    assert any("were turned to IL" in note for note in rows.notes)
    assert rows.facts["pointing"].tolist() == ["L/F", "R/F"] * 2
    own = read_dicom_rows(files, transform=lambda x: x)
    assert any("left to the model's own transform" in note for note in own.notes)


def test_other_planes_and_other_sides_are_no_mirror_images(tmp_path: Path) -> None:
    """A side view beside front views, and left and right breasts as they are stored by custom."""
    front = dicom(tmp_path / "a.dcm", marked(0), PatientOrientation=FRONT)
    side = dicom(tmp_path / "b.dcm", marked(1), PatientOrientation=["A", "F"])
    rows = read_dicom_rows([front, side])
    assert rows.space.orientation == ""
    with pytest.raises(CohortError, match="'IL' of an image whose axes point to 'IA': another"):
        read_dicom_rows([front, side], orientation="IL")
    breasts = [
        dicom(tmp_path / f"{s}.dcm", marked(2), PatientOrientation=way, ImageLaterality=s)
        for s, way in (("R", ["P", "L"]), ("L", ["A", "R"]))
    ]
    read_dicom_rows(breasts)


def test_x_rays_that_do_not_say_how_they_lie_are_told(tmp_path: Path) -> None:
    """No header, no side: a note; mirrored at the detector or not is a column, and a note too."""
    files = [
        dicom(tmp_path / f"{k}.dcm", marked(k), FieldOfViewHorizontalFlip=("YES", "NO")[k % 2])
        for k in range(4)
    ]
    rows = read_dicom_rows(files)
    assert any("All 4 images do not say which way they lie" in note for note in rows.notes)
    assert any("were mirrored after the detector and others not" in note for note in rows.notes)
    assert rows.facts["flipped"].tolist() == ["YES", "NO"] * 2
    blind = dicom(tmp_path / "e.dcm", marked(4), PatientOrientation=["DOE JANE", "F"])
    told = read_dicom_rows([dicom(tmp_path / "f.dcm", marked(5), PatientOrientation=FRONT), blind])
    assert told.space.orientation == ""
    assert "DOE" not in told.facts.to_csv() + str(told.notes)


@pytest.mark.parametrize("grey", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("window", [None, "bits", (1000.0, 2000.0)])
def test_padding_is_no_tissue(tmp_path: Path, window: Window, grey: str) -> None:
    """What a file calls padding is as dark as the darkest of the image, however grey is stored."""
    stored = marked(0)
    stored[:, :2] = 4095 if grey == "MONOCHROME2" else 0
    told = {"BitsStored": 12, "PhotometricInterpretation": grey}
    padded = dicom(tmp_path / "p.dcm", stored, PixelPaddingValue=int(stored[0, 0]), **told)
    plain = dicom(tmp_path / "q.dcm", stored, **told)
    x = values(read_dicom_rows([padded], window=window))[0, 0]
    was = values(read_dicom_rows([plain], window=window))[0, 0]
    np.testing.assert_array_equal(x[:, 2:], was[:, 2:])
    assert (x[:, :2] == (was[:, 2:].min() if window is None else 0.0)).all()
    assert (was[:, :2] == was.max()).all()
    notes = read_dicom_rows([padded, plain]).notes
    assert any("have a value for padding" in note for note in notes)


def test_padding_of_a_volume_is_its_own_air(tmp_path: Path) -> None:
    """A ring of -2000 beyond a CT's circle becomes -1000 HU, in each slice, also as a range."""
    held = np.random.default_rng(0).integers(-1000, 400, size=(3, 6, 6)).astype(np.int16)
    held[1, 2, 2] = -1000
    held[:, 0], held[:, -1] = -2000, -1990
    folder = slices(
        tmp_path / "ct", held, spacing=(2.0, 1.0, 1.0), RescaleSlope=1, RescaleIntercept=0,
        PixelPaddingValue=-2000, PixelPaddingRangeLimit=-1980,
    )  # fmt: skip
    x = values(read_dicom_rows([folder]))[0, 0]
    assert (x[:, [0, -1]] == -1000).all()
    np.testing.assert_array_equal(x[:, 1:-1], held[:, 1:-1])
