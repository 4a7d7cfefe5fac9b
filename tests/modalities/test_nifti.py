"""NIfTI volumes: grids that differ are refused, turned exactly, or resampled on record."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evenlight.arrays import Values
from evenlight.data.space import Space
from evenlight.errors import CohortError
from evenlight.modalities.nifti import nifti_space, read_nifti_rows
from tests.scan_files import affine_of, everything, nibabel, nifti, values

SIZE = (6, 7, 5)
USUAL = affine_of((2.0, 2.0, 3.0))


def volume(seed: int, shape: tuple[int, ...] = SIZE) -> Values:
    """A volume of noise."""
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def three(folder: Path) -> list[Path]:
    """Three volumes of one grid."""
    return [nifti(folder / f"{k}.nii.gz", volume(k), USUAL) for k in range(3)]


def test_the_grid_is_recorded_and_values_wait_on_disk(tmp_path: Path) -> None:
    """Spacing, orientation and affine are those of the header; values are as nibabel gives them."""
    files = three(tmp_path)
    rows = read_nifti_rows(files)
    assert rows.space.shape == SIZE
    assert rows.space.spacing == (2.0, 2.0, 3.0)
    assert (rows.space.orientation, rows.space.units, rows.space.shared) == ("RAS", "mm", "")
    np.testing.assert_array_equal(rows.space.affine, USUAL)
    assert rows.channels == ("intensity",)
    assert rows.x.dtype == np.float32
    for k, file in enumerate(files):
        np.testing.assert_array_equal(rows.x[k : k + 1][0, 0], nibabel.load(file).get_fdata())
    assert rows.facts["orientation"].tolist() == ["RAS"] * 3


@pytest.mark.parametrize(
    ("shape", "spacing", "signs", "why"),
    [
        ((6, 7, 6), (2.0, 2.0, 3.0), (1, 1, 1), r"shape \(6, 7, 5\) against \(6, 7, 6\)"),
        (SIZE, (2.0, 2.0, 4.0), (1, 1, 1), "spacing"),
        (SIZE, (2.0, 2.0, 3.0), (-1, 1, 1), "orientation RAS against LAS"),
    ],
)
def test_28_volumes_of_another_grid_are_counted(
    tmp_path: Path,
    shape: tuple[int, int, int],
    spacing: tuple[float, float, float],
    signs: tuple[int, int, int],
    why: str,
) -> None:
    """Another size, spacing or direction stops with count, position and remedy, and no name."""
    files = three(tmp_path)
    files.append(nifti(tmp_path / "jane.nii", volume(9, shape), affine_of(spacing, signs)))
    with pytest.raises(CohortError, match=f"1 of 4 .*position 3 by its {why}.*template=") as told:
        read_nifti_rows(files)
    assert "jane" not in str(told.value)


def test_28_left_and_right_are_turned_and_not_guessed(tmp_path: Path) -> None:
    """A mirrored file, once turned, has the same values at the same places; a note says so."""
    files = three(tmp_path)
    mirrored = nibabel.load(files[0]).as_reoriented(
        nibabel.orientations.axcodes2ornt(("L", "S", "A"))
    )
    nibabel.save(mirrored, tmp_path / "mirrored.nii")
    rows = read_nifti_rows([files[0], tmp_path / "mirrored.nii"], orientation="RAS")
    np.testing.assert_array_equal(values(rows)[0], values(rows)[1])
    assert any("Fewer than 11 of 2 images were turned to RAS" in note for note in rows.notes)
    assert rows.facts["orientation"].tolist() == ["RAS", "LSA"]
    assert rows.space.shared == ""


def test_scans_that_lie_elsewhere_share_no_place(tmp_path: Path) -> None:
    """Another offset is a note and no affine of all, and contradicts whoever says registered."""
    moved = USUAL.copy()
    moved[:3, 3] += 7.0
    files = [*three(tmp_path), nifti(tmp_path / "m.nii", volume(3), moved)]
    rows = read_nifti_rows(files)
    assert rows.space.affine is None
    assert (rows.space.orientation, rows.space.spacing) == ("RAS", (2.0, 2.0, 3.0))
    assert any("lie elsewhere in the scanner's coordinates" in note for note in rows.notes)
    with pytest.raises(CohortError, match="position 3 by its affines that differ by 7 mm"):
        read_nifti_rows(files, shared="registered")


def test_a_header_that_says_nothing_hides_no_difference(tmp_path: Path) -> None:
    """Where the first file has no coordinates, the others are still compared with each other."""
    blind = nifti(tmp_path / "blind.nii", volume(3), None, pixdim=[1, 2, 2, 3, 0, 0, 0, 0])
    other = nifti(tmp_path / "o.nii", volume(4), affine_of((2.0, 2.0, 3.0), (-1, 1, 1)))
    with pytest.raises(
        CohortError, match=r"1 of 5 .*position 4 by its orientation RAS against LAS"
    ):
        read_nifti_rows([blind, *three(tmp_path), other])


def test_28_a_resampling_is_recorded(tmp_path: Path) -> None:
    """Files of other grids meet in a template, whose name the space and the notes tell."""
    linear = np.fromfunction(lambda i, j, k: i + 2 * j - k, (20, 22, 18))
    fine = nifti(tmp_path / "a.nii", linear.astype(np.float32), affine_of((1.0, 1.0, 1.0)))
    coarse = linear[::2, ::2, ::2].astype(np.float32)
    half = nifti(tmp_path / "b.nii", coarse, affine_of((2.0, 2.0, 2.0)))
    template = nifti(tmp_path / "T1_3mm.nii", volume(0, (5, 6, 4)), affine_of((3.0, 3.0, 3.0)))
    rows = read_nifti_rows([fine, half], template=template)
    assert rows.space.shared == "resampled to T1_3mm"
    assert rows.x.shape == (2, 1, 5, 6, 4)
    want = linear[::3, ::3, ::3][:5, :6, :4]
    np.testing.assert_allclose(values(rows)[0, 0], want, atol=1e-4)
    np.testing.assert_allclose(values(rows)[1, 0], want, atol=1e-4)
    assert any("resampled to T1_3mm" in n and "Nothing was registered" in n for n in rows.notes)


def test_beyond_what_was_imaged_stands_the_images_own_lowest(tmp_path: Path) -> None:
    """Air stays air, no water in HU is made up; the share is a note and a column, fill= a word."""
    files = [nifti(tmp_path / f"{k}.nii", volume(k) - 1000, USUAL) for k in range(3)]
    wide = affine_of((2.5, 2.5, 3.5))
    template = nifti(tmp_path / "wide.nii", volume(0), wide)
    rows = read_nifti_rows(files, template=template)
    x = values(rows)
    assert x.max() < -900
    assert x[0, 0, -1, -1, -1] == (volume(0) - 1000).min()
    inside = (np.arange(6) * 2.5 <= 10).sum(), (np.arange(7) * 2.5 <= 12).sum(), 4
    share = 1 - np.prod(inside) / np.prod(SIZE)
    np.testing.assert_allclose(rows.facts["filled"], share)
    (note,) = [n for n in rows.notes if "beyond what was imaged" in n]
    assert note.startswith(f"{100 * share:.1f} % of the positions of wide")
    told = values(read_nifti_rows(files, template=template, fill=-3000.0))
    assert (told == -3000).mean() == pytest.approx(share)
    assert not [n for n in read_nifti_rows(files, template=files[0]).notes if "beyond" in n]
    with pytest.raises(CohortError, match="fill= is of images that are resampled"):
        read_nifti_rows(files, fill=0.0)


def test_28_a_template_elsewhere_is_refused(tmp_path: Path) -> None:
    """Images that hardly reach the template would be mostly zeros: an error, with the share."""
    far = affine_of((2.0, 2.0, 3.0))
    far[0, 3] = 400.0
    template = nifti(tmp_path / "t.nii", volume(0), far)
    with pytest.raises(CohortError, match=r"3 of 3 .* less than half of t, .*\(0 %\)"):
        read_nifti_rows(three(tmp_path), template=template)


def test_28_the_models_own_transform_may_bring_sizes_together(tmp_path: Path) -> None:
    """Sizes may differ before the model's transform; its outcome is what is attributed."""
    files = [*three(tmp_path), nifti(tmp_path / "w.nii", volume(9, (9, 8, 6)), USUAL)]
    rows = read_nifti_rows(files, transform=lambda x: x[:, :4, :4, :4] / 2)
    assert rows.x.shape == (4, 1, 4, 4, 4)
    assert (rows.space.affine, rows.space.shared) == (None, "")
    np.testing.assert_array_equal(values(rows)[3, 0], volume(9, (9, 8, 6))[:4, :4, :4] / 2)
    assert any("own transform" in note for note in rows.notes)


def test_a_transform_must_be_one_and_the_same(tmp_path: Path) -> None:
    """Random augmentation, and outcomes of other sizes, are errors with a position."""
    files = [*three(tmp_path), nifti(tmp_path / "w.nii", volume(9, (9, 8, 6)), USUAL)]
    rng = np.random.default_rng(0)
    with pytest.raises(CohortError, match="in two ways; switch augmentation off"):
        read_nifti_rows(files, transform=lambda x: x + rng.normal())
    rows = read_nifti_rows(files, transform=lambda x: x)
    with pytest.raises(CohortError, match=r"image at position 3 is \(1, 9, 8, 6\)"):
        values(rows)


def test_headers_without_coordinates_are_not_believed(tmp_path: Path) -> None:
    """Without sform and qform no direction is made up, though nibabel would say LAS."""
    file = nifti(tmp_path / "a.nii", volume(0), None)
    rows = read_nifti_rows([file, file])
    assert rows.space.orientation == ""
    assert rows.space.affine is None
    assert any("All 2 NIfTI headers hold no coordinates" in note for note in rows.notes)
    with pytest.raises(CohortError, match="2 of 2 images do not say where their axes point"):
        read_nifti_rows([file, file], orientation="RAS")


def test_two_affines_that_contradict_are_an_error(tmp_path: Path) -> None:
    """Where sform and qform point elsewhere somebody must say which is right."""
    file = nifti(tmp_path / "a.nii", volume(0), USUAL)
    image = nibabel.load(file)
    image.set_qform(affine_of((2.0, 2.0, 3.0), (-1, 1, 1)), 1)
    nibabel.save(image, tmp_path / "torn.nii")
    torn = [file, tmp_path / "torn.nii"]
    with pytest.raises(CohortError, match=r"1 of 2 .* position 1 is RAS by sform and LAS by qform"):
        read_nifti_rows(torn)
    assert read_nifti_rows(torn, form="sform").space.orientation == "RAS"
    with pytest.raises(CohortError, match="orientation RAS against LAS"):
        read_nifti_rows(torn, form="qform")


def contradicting(path: Path, second: Values, codes: tuple[int, int] = (1, 1)) -> Path:
    """A volume whose qform is another than its sform."""
    image = nibabel.Nifti1Image(volume(0), None)
    image.set_sform(USUAL, codes[0])
    image.set_qform(second, codes[1])
    nibabel.save(image, path)
    return path


def test_a_template_that_contradicts_itself_is_refused(tmp_path: Path) -> None:
    """What is an error in an image is one in the template that images are brought to."""
    torn = contradicting(tmp_path / "t.nii", affine_of((2.0, 2.0, 3.0), (-1, 1, 1)))
    with pytest.raises(CohortError, match=r"template .* is RAS by sform and LAS by qform; say"):
        read_nifti_rows(three(tmp_path), template=torn)
    rows = read_nifti_rows(three(tmp_path), template=torn, form="sform")
    assert rows.space.orientation == "RAS"


def test_two_affines_of_one_world_agree_within_a_position(tmp_path: Path) -> None:
    """40 degrees between sform and qform is an error though their letters agree; rounding is not.

    Where the codes say that they are of two worlds (scanner, template), it is a note.
    """
    turn = np.eye(4)
    b = np.deg2rad(40)
    turn[:2, :2] = [[np.cos(b), -np.sin(b)], [np.sin(b), np.cos(b)]]
    torn = contradicting(tmp_path / "a.nii", turn @ USUAL)
    with pytest.raises(CohortError, match=r"position 0 lies \d.* positions elsewhere by qform"):
        read_nifti_rows([torn])
    assert read_nifti_rows([torn], form="qform").space.affine is not None
    near = USUAL.copy()
    near[:3, 3] += 0.01
    assert read_nifti_rows([contradicting(tmp_path / "b.nii", near)]).space.orientation == "RAS"
    rows = read_nifti_rows([contradicting(tmp_path / "c.nii", turn @ USUAL, (4, 1))])
    assert any("have coordinates of two kinds, by sform and by qform" in n for n in rows.notes)


def test_slope_and_units_are_applied(tmp_path: Path) -> None:
    """Stored 16-bit integers become values by slope and intercept; metres become mm."""
    held = np.arange(210, dtype=np.int16).reshape(SIZE)
    image = nibabel.Nifti1Image(held, np.diag([0.002, 0.002, 0.003, 1.0]))
    image.header.set_slope_inter(0.5, -3.0)
    image.header.set_xyzt_units("meter")
    nibabel.save(image, tmp_path / "a.nii")
    rows = read_nifti_rows([tmp_path / "a.nii"])
    np.testing.assert_allclose(values(rows)[0, 0], held * 0.5 - 3.0)
    np.testing.assert_allclose(rows.space.spacing, (2.0, 2.0, 3.0))
    assert rows.facts["stored"].tolist() == ["int16"]


def test_29_channels_are_named_and_come_first(tmp_path: Path) -> None:
    """A fourth axis needs a name for each volume; colours are named by the file."""
    many = nifti(tmp_path / "a.nii", volume(0, (*SIZE, 2)), USUAL)
    with pytest.raises(CohortError, match="has 2 volumes, and channels= names 0"):
        read_nifti_rows([many])
    rows = read_nifti_rows([many], channels=("T1", "FLAIR"))
    np.testing.assert_array_equal(values(rows)[0], np.moveaxis(volume(0, (*SIZE, 2)), -1, 0))
    colours = np.zeros(SIZE, dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    colours["G"] = 7
    rgb = tmp_path / "rgb.nii"
    nibabel.save(nibabel.Nifti1Image(colours, USUAL), rgb)
    made = read_nifti_rows([rgb])
    assert made.channels == ("red", "green", "blue")
    assert values(made).mean(axis=(0, 2, 3, 4)).tolist() == [0.0, 7.0, 0.0]
    with pytest.raises(CohortError, match="1 with intensity, 1 with red green blue"):
        read_nifti_rows([three(tmp_path)[0], rgb])


def test_what_is_no_whole_nifti_is_told_by_position(tmp_path: Path) -> None:
    """Text, a cut file and an Analyze pair are named by position, never by the file's name."""
    files = three(tmp_path)
    text = tmp_path / "jane_doe.nii"
    text.write_text("no image")
    with pytest.raises(CohortError, match="position 3 cannot be read as NIfTI") as told:
        read_nifti_rows([*files, text])
    assert "jane" not in str(told.value)
    whole = nifti(tmp_path / "a.nii", volume(0), USUAL).read_bytes()
    (tmp_path / "cut.nii").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CohortError, match="position 0 ends before its values do"):
        read_nifti_rows([tmp_path / "cut.nii"])


def test_no_text_of_a_header_is_kept(tmp_path: Path) -> None:
    """Planted names in every free text of a header, and in an extension, are in no byte we make."""
    image = nibabel.Nifti1Image(volume(0), USUAL)
    planted = {"descrip": b"DOE^JANE", "aux_file": b"MRN4711", "intent_name": b"SMITH"}
    for name, told in planted.items():
        image.header[name] = told
    image.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", b"born 1950-01-02"))
    nibabel.save(image, tmp_path / "a.nii")
    rows = read_nifti_rows([tmp_path / "a.nii"])
    made = everything(rows)
    assert not [p for p in (*planted.values(), b"1950-01-02") if p in made]


def test_the_callers_word_is_recorded(tmp_path: Path) -> None:
    """Only whoever registered the images can say so; a header's code is a hint and no more."""
    files = [nifti(tmp_path / f"{k}.nii", volume(k), USUAL, code=4) for k in range(2)]
    plain = read_nifti_rows(files)
    assert plain.space.shared == ""
    assert any("MNI152" in note for note in plain.notes)
    assert read_nifti_rows(files, shared="registered").space.shared == "registered"
    with pytest.raises(CohortError, match=r"no option 'sharde' of images; known: .*shared="):
        read_nifti_rows(files, sharde="registered")  # type: ignore[call-arg]


def test_a_real_template_is_read() -> None:
    """The MNI152 template that nilearn brings has the grid and values that nilearn says."""
    datasets = pytest.importorskip("nilearn.datasets")
    folder = Path(datasets.__file__).parent / "data"
    file = folder / "mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz"
    want = nibabel.load(file)
    space = nifti_space(file)
    assert (space.shape, space.orientation) == (
        want.shape,
        "".join(nibabel.aff2axcodes(want.affine)),
    )
    coarse = Space((20, 24, 20), (9.0,) * 3, "mm", affine_of((9.0, 9.0, 9.0)), "RAS")
    assert coarse.affine is not None
    coarse.affine[:3, 3] = -90.0, -125.0, -70.0
    rows = read_nifti_rows([file], template=coarse)
    image = pytest.importorskip("nilearn.image")
    there = image.resample_img(
        want, coarse.affine, coarse.shape, interpolation="linear", copy_header=True,
        force_resample=True,
    )  # fmt: skip
    np.testing.assert_allclose(values(rows)[0, 0], there.get_fdata(), atol=1e-3)
    assert float(values(rows).max()) > 100.0
