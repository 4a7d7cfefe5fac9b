"""Volumes and X-rays from disk to attributions: read, explained, summed by region."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from evenlight.data.feature_sets import FeatureSets
from evenlight.data.rows import Rows
from evenlight.errors import CohortError
from evenlight.explainers.explain import explain
from evenlight.measures.suspects import suspects
from evenlight.modalities.atlases import read_atlas
from evenlight.modalities.dicom import read_dicom_rows
from evenlight.modalities.images import read_images
from evenlight.modalities.nifti import read_nifti_rows
from tests.scan_files import affine_of, dicom, nibabel, nifti

N = 24
SIZE = (6, 6, 6)


class Spot(nn.Module):
    """Twice the mean of one corner of a volume, through a convolution that passes values on."""

    def __init__(self) -> None:
        super().__init__()
        self.pass_on = nn.Conv3d(1, 1, 1, bias=False)
        self.pass_on.weight.data.fill_(2.0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, 1, 6, 6, 6) to (n, 1)."""
        made: torch.Tensor = self.pass_on(x)[:, :, :3, :3, :3].mean(dim=(1, 2, 3, 4))[:, None]
        return made


def brains(folder: Path) -> tuple[Path, pd.DataFrame, np.ndarray]:
    """N volumes, every third of them stored with left and right exchanged; people; the truth."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    held = rng.normal(size=(N, *SIZE)).astype(np.float32)
    codes = nibabel.orientations.axcodes2ornt(("L", "A", "S"))
    for k in range(N):
        file = nifti(folder / f"p{k:02d}.nii.gz", held[k], affine_of((2.0, 2.0, 2.0)))
        if k % 3 == 0:
            nibabel.save(nibabel.load(file).as_reoriented(codes), file)
    ids = [f"p{k:02d}" for k in range(N)]
    people = pd.DataFrame(
        {"sex": ["f", "m"] * (N // 2), "case": [0, 0, 1, 1] * (N // 4)}, index=ids
    )
    return folder, people, held


def test_28_mirrored_volumes_are_explained_where_they_are(tmp_path: Path) -> None:
    """After turning, attributions of the corner that the model reads lie in the atlas's region."""
    folder, people, held = brains(tmp_path / "x")
    roles: dict[str, Any] = {"outcome": "case", "groups": ["sex"], "unit": "row"}
    with pytest.raises(CohortError, match=r"16 of 24 images differ .*LAS against RAS"):
        read_images(folder, people, **roles)
    cohort = read_images(folder, people, orientation="RAS", shared="registered", **roles)
    np.testing.assert_array_equal(cohort.dense()[:, 0], held)
    labels = np.zeros(SIZE, dtype=np.int16)
    labels[:3, :3, :3] = 4
    atlas = read_atlas(
        nifti(tmp_path / "a.nii", labels, affine_of((2.0, 2.0, 2.0))), {4: "left corner"}
    )
    made = explain(Spot().eval(), cohort, method="ig", background=np.zeros((1, 1, *SIZE)))
    shares = np.asarray(made.by(atlas.sets(cohort)).values)
    corner = made.by(atlas.sets(cohort)).features.place["left corner"]
    want = 2 * held[:, :3, :3, :3].mean(axis=(1, 2, 3))
    np.testing.assert_allclose(shares[:, corner], want, atol=1e-5)
    np.testing.assert_allclose(np.delete(shares, corner, axis=1), 0.0, atol=1e-6)
    assert any("turned to RAS" in note for note in cohort.notes)


def test_x_rays_come_with_their_view_and_their_patients(tmp_path: Path) -> None:
    """A folder of DICOM gives view, age and patients as columns; patients are the units."""
    (tmp_path / "x").mkdir()
    rng = np.random.default_rng(1)
    for k in range(12):
        dicom(
            tmp_path / "x" / f"i{k}.dcm", rng.integers(0, 4096, (8, 8)).astype(np.uint16),
            BitsStored=12, PatientID=f"mrn-{k // 2}", ViewPosition="AP" if k % 3 else "PA",
            PatientSex="F" if k // 2 % 2 else "M", PatientAge="055Y", PatientName="DOE^J",
        )  # fmt: skip
    cohort = read_images(
        tmp_path / "x", unit="patient", groups=["sex"], strata=["view"], window="bits"
    )
    assert (cohort.n, cohort.u) == (12, 6)
    assert cohort.groups[0].levels == ("F", "M")
    assert sorted(set(cohort.people["view"])) == ["AP", "PA"]
    assert float(cohort.dense().max()) <= 1.0
    held = cohort.people.to_csv() + repr(cohort) + " ".join(cohort.notes)
    assert "mrn" not in held
    assert "DOE" not in held


def test_views_that_nobody_declared_are_named(tmp_path: Path) -> None:
    """AP and PA mixed unevenly over the sexes, in headers alone, come up as a confounder.

    Marks and spacings, which are as common in both, do not.
    """
    (tmp_path / "x").mkdir()
    rng = np.random.default_rng(3)
    sexes = np.array(["f", "m"] * 40)
    views = np.where(rng.random(80) < np.where(sexes == "f", 0.8, 0.2), "AP", "PA")
    for k in range(80):
        dicom(
            tmp_path / "x" / f"i{k:02d}.dcm", rng.integers(0, 256, (4, 4)).astype(np.uint8),
            PatientID=f"mrn-{k}", ViewPosition=views[k], PixelSpacing=[0.1 + 0.1 * (k % 3)] * 2,
            BurnedInAnnotation="YES" if k % 4 < 2 else "NO",
        )  # fmt: skip
    people = pd.DataFrame({"sex": sexes}, index=[f"i{k:02d}" for k in range(80)])
    cohort = read_images(tmp_path / "x", people, unit="row", groups=["sex"], window="bits")
    net = nn.Sequential(nn.Flatten(), nn.Linear(16, 1)).eval()
    made = explain(net, cohort, method="ig")
    sets = FeatureSets.from_label_map(np.arange(16).reshape(4, 4) // 4, shape=(1, 4, 4))
    found = [s for s in suspects(made.by(sets), cohort, by="sex") if s.kind == "confounder"]
    assert [suspect.column for suspect in found] == ["view"]
    assert any("apart (column spacing_0)" in note for note in cohort.notes)


def test_memory_does_not_grow_with_volumes(tmp_path: Path) -> None:
    """Reading 80 volumes block by block takes no more memory than reading 20."""
    rng = np.random.default_rng(2)
    held = rng.normal(size=(32, 32, 32)).astype(np.float32)
    files = [nifti(tmp_path / f"{k}.nii", held + k, affine_of((2.0,) * 3)) for k in range(80)]
    most = []
    for some in (files[:20], files):
        rows = read_nifti_rows(some, orientation="LAS")
        assert isinstance(rows.x, Rows)
        tracemalloc.start()
        total = sum(float(part.sum()) for part in rows.x.blocks(2))
        most.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert np.isfinite(total)
    assert most[1] < 1.05 * most[0]
    assert most[1] < 10 * held.nbytes


def test_readers_say_what_they_lack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the library of a format the error has the pip command, and its extra."""
    import sys

    image = nifti(tmp_path / "a.nii", np.zeros(SIZE, np.float32), affine_of((2.0,) * 3))
    shot = dicom(tmp_path / "a.dcm", np.zeros((4, 4), np.uint16))
    for module, read, file in (
        ("nibabel", read_nifti_rows, image),
        ("pydicom", read_dicom_rows, shot),
    ):
        monkeypatch.setitem(sys.modules, module, None)
        with pytest.raises(ValueError, match=rf"pip install {module}, .*evenlight\[imaging\]"):
            read([file])
        monkeypatch.undo()
