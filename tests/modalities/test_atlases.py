"""Atlases: regions with names, of the grid of the images or brought to it on record."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evenlight.arrays import Values
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features
from evenlight.data.space import Space
from evenlight.errors import CohortError, FeatureError
from evenlight.modalities.atlases import Atlas, read_atlas, read_label_maps
from evenlight.modalities.images import read_images
from evenlight.modalities.label_tables import read_label_table
from evenlight.modalities.nifti import nifti_space, read_nifti_rows
from tests.scan_files import affine_of, nifti

SIZE = (6, 6, 6)
USUAL = affine_of((2.0, 2.0, 2.0))
NAMES = {17: "left hippocampus", 53: "right hippocampus"}


def halves() -> Values:
    """Two regions of 6 x 2 x 2 positions, and none elsewhere."""
    made = np.zeros(SIZE, dtype=np.int16)
    made[:3, 2:4, 2:4], made[3:, 2:4, 2:4] = 17, 53
    return made


def images(folder: Path, shared: str = "registered", channels: int = 1) -> Cohort:
    """Three images of noise in the usual grid."""
    rng = np.random.default_rng(0)
    shape = SIZE if channels == 1 else (*SIZE, channels)
    files = [
        nifti(folder / f"x{k}.nii", rng.normal(size=shape).astype(np.float32), USUAL)
        for k in range(3)
    ]
    names = ("intensity",) if channels == 1 else tuple(f"c{k}" for k in range(channels))
    rows = read_nifti_rows(files, shared=shared, channels=() if channels == 1 else names)
    people = pd.DataFrame({"sex": list("ffm")}, index=list("abc"))
    return Cohort(rows.x, people, Features(names, space=rows.space))


def atlas_of(folder: Path) -> Atlas:
    """The two halves as an atlas."""
    return read_atlas(nifti(folder / "atlas.nii", halves(), USUAL), NAMES)


def test_regions_are_sets_of_the_positions_of_all_channels(tmp_path: Path) -> None:
    """Each region holds its own positions in every channel, by its name."""
    for channels in (1, 2):
        cohort = images(tmp_path, channels=channels)
        sets = atlas_of(tmp_path).sets(cohort)
        assert sets.names == ("background", "left hippocampus", "right hippocampus")
        assert sets.fits(cohort.features.names, cohort.x.shape[1:])
        flags = np.zeros(cohort.x.shape[1:])
        flags.reshape(-1)[sets.columns("left hippocampus")] = 1
        np.testing.assert_array_equal(flags[0], halves() == 17)
        np.testing.assert_array_equal(flags[-1], halves() == 17)


def test_28_an_atlas_of_another_grid_is_refused_and_brought_over_on_record(tmp_path: Path) -> None:
    """A finer, mirrored atlas is an error until it is resampled; then regions lie where they do."""
    cohort = images(tmp_path)
    fine = np.repeat(np.repeat(np.repeat(halves(), 2, 0), 2, 1), 2, 2)[::-1]
    affine = affine_of((1.0, 1.0, 1.0), (-1, 1, 1))
    affine[:3, 3] = USUAL[:3, 3] - 0.5
    affine[0, 3] = USUAL[0, 3] + 10.5
    atlas = read_atlas(nifti(tmp_path / "fine.nii", np.ascontiguousarray(fine), affine), NAMES)
    with pytest.raises(FeatureError, match=r"fine and the images differ: shape .*atlas.to"):
        atlas.sets(cohort)
    assert cohort.features.space is not None
    moved = atlas.to(cohort.features.space)
    np.testing.assert_array_equal(moved.labels, halves())
    assert moved.notes[0].startswith("fine was resampled (nearest label)")
    assert moved.sets(cohort).names[1] == "left hippocampus"


def test_regions_lost_to_a_coarser_grid_are_named(tmp_path: Path) -> None:
    """A region that falls between positions of the images is counted and named in the note."""
    held = halves()
    held[1, 1, 1] = 99
    atlas = read_atlas(nifti(tmp_path / "a.nii", held, USUAL), {**NAMES, 99: "tiny"})
    moved = atlas.to(
        Space((3, 3, 3), (4.0,) * 3, "mm", affine_of((4.0, 4.0, 4.0)), "RAS", "registered")
    )
    assert "1 of 3 regions are smaller than its grid: tiny" in moved.notes[0]


def test_an_atlas_of_elsewhere_is_an_error(tmp_path: Path) -> None:
    """Where no region reaches the images, their coordinates are not of one space."""
    far = USUAL.copy()
    far[0, 3] = 900.0
    elsewhere = Space(SIZE, (2.0,) * 3, "mm", far, "RAS", "registered")
    with pytest.raises(FeatureError, match="no region of atlas lies in"):
        atlas_of(tmp_path).to(elsewhere)


def test_an_atlas_needs_images_of_one_space(tmp_path: Path) -> None:
    """Of images that were not registered an atlas means nothing: an error with the remedy."""
    with pytest.raises(CohortError, match="regions of atlas needs images whose positions mean"):
        atlas_of(tmp_path).sets(images(tmp_path, shared=""))


def test_28_an_atlas_with_sides_needs_images_with_sides(tmp_path: Path) -> None:
    """Right and left of an array that says nothing are not guessed; its reader may be told."""
    atlas = read_atlas(
        nifti(tmp_path / "a.nii", halves(), affine_of((2.0,) * 3, (-1, 1, 1))), NAMES
    )
    x = np.zeros((3, *SIZE), dtype=np.float32)
    people = pd.DataFrame({"sex": list("ffm")}, index=list("abc"))
    told = {"layout": "ndhw", "shared": "registered", "unit": "row"}
    with pytest.raises(FeatureError, match=r"a is LAS, and the images do not say .*orientation="):
        atlas.sets(read_images(x, people, **told))
    assert atlas.sets(read_images(x, people, orientation="LAS", **told)).names[1].startswith("left")
    with pytest.raises(FeatureError, match="orientation LAS against RAS"):
        atlas.sets(read_images(x, people, orientation="RAS", **told))
    for wrong in ("LA", "LAR", "LAX"):
        with pytest.raises(CohortError, match=r"orientation=|is no direction"):
            read_images(x, people, orientation=wrong, **told)


def test_labels_without_or_with_one_name_are_errors(tmp_path: Path) -> None:
    """Each label that occurs has a name of its own; names that do not occur are left out."""
    file = nifti(tmp_path / "a.nii", halves(), USUAL)
    with pytest.raises(FeatureError, match=r"1 of 3 labels have no name, first \[53\]"):
        read_atlas(file, {17: "left"})
    with pytest.raises(FeatureError, match="labels 17 and 53 are both named 'hippocampus'"):
        read_atlas(file, {17: "hippocampus", 53: "hippocampus"})
    assert read_atlas(file, {**NAMES, 1: "elsewhere"}).names[17] == "left hippocampus"
    assert read_atlas(file).names[53] == "region 53"


def test_probabilities_are_no_labels(tmp_path: Path) -> None:
    """A map that was interpolated, or holds probabilities, is refused; so are several volumes."""
    soft = nifti(tmp_path / "a.nii", halves().astype(np.float32) / 2, USUAL)
    with pytest.raises(CohortError, match="values between whole numbers"):
        read_atlas(soft)
    many = nifti(tmp_path / "b.nii", np.stack([halves()] * 2, -1), USUAL)
    with pytest.raises(CohortError, match="has 2 volumes"):
        read_atlas(many)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "index,name\n17,left hippocampus\n53,right hippocampus\n"),
        ("dseg.tsv", "index\tcolor\tname\n17\t#ff0000\tleft hippocampus\n"
                     "53\t#0\tright hippocampus\n"),
        ("b.csv", "Label,Region,Volume\n17,left hippocampus,3.5\n53,right hippocampus,3.1\n"),
        ("lut.txt", "#No. Name R G B A\n17  left hippocampus  220 216 20 0\n"
                    "53  right hippocampus  220 216 20 0\n"),
    ],
)  # fmt: skip
def test_tables_of_names_are_read_as_they_come(tmp_path: Path, name: str, text: str) -> None:
    """CSV, BIDS and FreeSurfer's colour table give the same names."""
    (tmp_path / name).write_text(text)
    assert read_label_table(tmp_path / name) == NAMES


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a,b\n1,x\n", "has columns a, b; wanted one of whole numbers"),
        ("index,name\n1,x\n1,y\n", "names 1 labels twice, first 1"),
        ("index,name\n1,x\n2,\n", "1 labels lack a name"),
        ("", "is empty"),
    ],
)
def test_tables_that_name_nothing_are_errors(tmp_path: Path, text: str, why: str) -> None:
    """What is no table of numbers and names says what it lacks."""
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(FeatureError, match=why):
        read_label_table(tmp_path / "t.csv")


def test_each_person_may_have_a_map_of_their_own(tmp_path: Path) -> None:
    """Maps of persons come in the order of rows, in the grid of the images, turned as these."""
    cohort = images(tmp_path, shared="")
    maps = [nifti(tmp_path / f"m{k}.nii", np.roll(halves(), k, 0), USUAL) for k in range(3)]
    labels, names = read_label_maps(maps, cohort, NAMES)
    assert labels.shape == (3, *SIZE)
    assert labels.dtype == np.uint8
    for k in range(3):
        np.testing.assert_array_equal(labels[k], np.roll(halves(), k, 0))
    assert names == {0: "background", **NAMES}
    with pytest.raises(CohortError, match="2 label maps for 3 rows"):
        read_label_maps(maps[:2], cohort, NAMES)
    with pytest.raises(FeatureError, match="1 labels of the maps have no name"):
        read_label_maps(maps, cohort, {17: "left"})
    moved = [nifti(tmp_path / f"n{k}.nii", halves(), affine_of((2.0, 2.0, 3.0))) for k in range(3)]
    with pytest.raises(CohortError, match=r"label maps and the images differ: spacing"):
        read_label_maps(moved, cohort, NAMES)


def test_maps_that_are_named_by_rows_are_of_these_rows(tmp_path: Path) -> None:
    """A list in another order is matched by name; names of some rows alone are an error."""
    cohort = images(tmp_path, shared="")
    (tmp_path / "maps").mkdir()
    for k, row in enumerate(cohort.rows):
        nifti(tmp_path / "maps" / f"{row}.nii", np.roll(halves(), k, 0), USUAL)
    files = [tmp_path / "maps" / f"{row}.nii" for row in cohort.rows[::-1]]
    labels, _ = read_label_maps(files, cohort, NAMES)
    for k in range(3):
        np.testing.assert_array_equal(labels[k], np.roll(halves(), k, 0))
    files[1] = files[1].rename(tmp_path / "maps" / "who.nii")
    with pytest.raises(CohortError, match="label maps are named as a row"):
        read_label_maps(files, cohort, NAMES)


def test_maps_of_persons_follow_their_images_to_a_template(tmp_path: Path) -> None:
    """Where images were resampled to a template, so are the maps, to the nearest label."""
    rng = np.random.default_rng(1)
    files = [
        nifti(tmp_path / f"x{k}.nii", rng.normal(size=SIZE).astype(np.float32), USUAL)
        for k in range(2)
    ]
    maps = [nifti(tmp_path / f"m{k}.nii", halves(), USUAL) for k in range(2)]
    template = nifti(tmp_path / "t4.nii", np.zeros((3, 3, 3), np.float32), affine_of((4.0,) * 3))
    rows = read_nifti_rows(files, template=template)
    people = pd.DataFrame({"sex": list("fm")}, index=list("ab"))
    cohort = Cohort(rows.x, people, Features(("intensity",), space=rows.space))
    labels, _ = read_label_maps(maps, cohort, NAMES)
    np.testing.assert_array_equal(labels[0], halves()[::2, ::2, ::2])
    assert replace(nifti_space(template), shared=rows.space.shared).same(rows.space) == ""


def test_attributions_are_summed_by_region(tmp_path: Path) -> None:
    """A map of attributions becomes one number a region: the sum over its positions."""
    cohort = images(tmp_path)
    sets = atlas_of(tmp_path).sets(cohort)
    x = cohort.dense()
    sums = x.reshape(3, -1) @ sets.membership.T.toarray()
    want = [[x[i, 0][halves() == k].sum() for k in (0, 17, 53)] for i in range(3)]
    np.testing.assert_allclose(sums, want)
