"""Images from files, arrays and datasets: who each is of, how they lie, what was done to them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py  # type: ignore[import-untyped]
import numpy as np
import pandas as pd
import pytest
import tifffile
import torch
import zarr
from PIL import Image

from evenlight.arrays import Values
from evenlight.data.cohort import Cohort
from evenlight.errors import CohortError
from evenlight.modalities.image_folders import read_file_rows
from evenlight.modalities.images import read_images

N = 24


def people(n: int = N) -> pd.DataFrame:
    """People with sex and an outcome, one image each."""
    at = np.arange(n)
    table = pd.DataFrame({"sex": np.where(at % 2, "f", "m"), "ill": (at // 2) % 2})
    return table.set_axis([f"p{i}x" for i in at], axis=0)


def values(cohort: Cohort) -> Values:
    """All images of a cohort, read."""
    return np.asarray(cohort.x)


def drawn(n: int = N, shape: tuple[int, ...] = (8, 9), top: int = 256) -> Values:
    """Images of whole numbers (n, *shape)."""
    return np.random.default_rng(0).integers(0, top, (n, *shape))


def folder_of(folder: Path, images: Values, table: pd.DataFrame, end: str = ".png") -> Path:
    """A folder of one PNG a row, named after its id."""
    for name, one in zip(table.index, images, strict=True):
        Image.fromarray(one.astype(np.uint8)).save(folder / f"{name}{end}")
    return folder


def test_a_folder_and_a_table_are_joined_by_name(tmp_path: Path) -> None:
    """Each row has its own file, in whatever order the table stands."""
    table, images = people(), drawn()
    folder = folder_of(tmp_path, images, table)
    turned = table.iloc[::-1]
    cohort = read_images(folder, turned, groups=["sex"], outcome="ill")
    np.testing.assert_array_equal(cohort.x, images[::-1, None])
    assert cohort.rows.tolist() == turned.index.tolist()
    assert cohort.features.names == ("intensity",)
    assert cohort.notes[0] == ("Images: 24 PNG; values as stored (8 bits, 0 to 255 possible).")


def test_a_column_names_the_files(tmp_path: Path) -> None:
    """Paths in the folder stand in a column, of a table in memory or in a CSV."""
    table, images = people(), drawn()
    (tmp_path / "scans" / "a").mkdir(parents=True)
    folder_of(tmp_path / "scans" / "a", images, table)
    table["where"] = [f"a/{name}.png" for name in table.index]
    made = read_images(tmp_path / "scans", table, file="where", unit="row")
    table.assign(key=[f"00{i}" for i in range(N)]).to_csv(tmp_path / "people.csv")
    from_csv = read_images(
        tmp_path / "scans", tmp_path / "people.csv", id="key", file="where", unit="row"
    )
    np.testing.assert_array_equal(made.x, from_csv.x)
    assert from_csv.rows[1] == "001"


@pytest.mark.parametrize(
    ("rows", "told"),
    [(slice(0, 20), "4 of 24 image files are of nobody"), (slice(None), "1 of 25 rows")],
)
def test_files_and_people_must_be_the_same(tmp_path: Path, rows: slice, told: str) -> None:
    """A file of nobody and a person without a file are counted, unless join="inner" is said."""
    table = people()
    folder = folder_of(tmp_path, drawn(), table)
    more = table if rows.stop else pd.concat([table, table.iloc[:1].set_axis(["p99x"], axis=0)])
    with pytest.raises(CohortError, match=told):
        read_images(folder, more.iloc[rows])
    kept = read_images(folder, more.iloc[rows], join="inner")
    assert kept.n == min(len(more.iloc[rows]), N)
    assert "Inner join" in kept.notes[1]


def test_no_name_matches_two_files(tmp_path: Path) -> None:
    """A name that stands in two folders is nobody's; its path in the folder is."""
    table, images = people(2), drawn(2)
    for part in ("a", "b"):
        (tmp_path / part).mkdir()
        folder_of(tmp_path / part, images, table)
    with pytest.raises(CohortError, match="none of 4 image files"):
        read_images(tmp_path, table)
    named = table.assign(file=["a/p0x.png", "b/p1x.png"])
    cohort = read_images(tmp_path, named, file="file", join="inner")
    np.testing.assert_array_equal(cohort.x, images[:, None])


def test_two_rows_of_one_file_are_an_error(tmp_path: Path) -> None:
    """One image is not two observations."""
    table = people()
    folder = folder_of(tmp_path, drawn(), table)
    table["file"] = [f"{name}.png" for name in table.index]
    table.loc["p1x", "file"] = "p0x.png"
    with pytest.raises(CohortError, match="1 rows of the table name a file that another row"):
        read_images(folder, table, file="file", join="inner")


@pytest.mark.parametrize("names", ["{:03d}_{:03d}.png", "{:03d}/view{:d}.png"])
def test_several_images_of_a_person_ask_for_the_unit(tmp_path: Path, names: str) -> None:
    """Numbers at the end of names, and folders of several files each, look like patients."""
    images = drawn()
    files = [names.format(i // 2, i % 2) for i in range(N)]
    for name, one in zip(files, images, strict=True):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(one.astype(np.uint8)).save(tmp_path / name)
    table = pd.DataFrame({"who": np.arange(N) // 2, "sex": np.arange(N) // 2 % 2}, index=files)
    with pytest.raises(CohortError, match=r"unit=.*each image is of another person"):
        read_images(tmp_path, table)
    assert read_images(tmp_path, table, unit="who").u == N // 2
    assert read_images(tmp_path, table, unit="row").u == N


def test_28_images_of_several_sizes_are_an_error(tmp_path: Path) -> None:
    """Sizes are counted before any image is decoded, and the model's transform is the remedy."""
    table = people()
    folder = folder_of(tmp_path, drawn(), table)
    Image.fromarray(np.full((5, 4), 7, np.uint8)).save(folder / "p3x.png")
    with pytest.raises(CohortError, match=r"2 sizes \(\(8, 9\) in 23, \(5, 4\) in 1\).*transform="):
        read_images(folder, table)
    cohort = read_images(folder, table, transform=lambda x: x[:, :4, :4], shared="registered")
    assert cohort.x.shape == (N, 1, 4, 4)
    assert (values(cohort)[3] == 7).all()
    assert cohort.people["image size"].tolist()[2:4] == ["8 x 9", "5 x 4"]
    with pytest.raises(CohortError, match=r"position 3 of 24 has shape \(1, 5, 4\)"):
        read_images(folder, table, transform=lambda x: x)


def test_29_bits_that_differ_are_an_error(tmp_path: Path) -> None:
    """8 and 16 bits stand beside each other only on a scale of their own."""
    table = people()
    folder = folder_of(tmp_path, drawn(), table)
    deep = drawn(1, top=65536)[0].astype(np.uint16)
    Image.fromarray(deep).save(folder / "p5x.png")
    with pytest.raises(CohortError, match=r"2 ranges of values .*values=\"unit\""):
        read_images(folder, table)
    cohort = read_images(folder, table, values="unit")
    np.testing.assert_allclose(values(cohort)[5, 0], deep / 65535, atol=1e-7)
    np.testing.assert_allclose(values(cohort)[4, 0], drawn()[4] / 255, atol=1e-7)
    assert "divided by the largest of their bits (8 and 16 bits" in cohort.notes[0]


def test_29_sixteen_bits_are_kept(tmp_path: Path) -> None:
    """All 65,536 values of grey PNG and of TIFF come back."""
    deep = drawn(2, top=65536).astype(np.uint16)
    Image.fromarray(deep[0]).save(tmp_path / "p0x.png")
    tifffile.imwrite(tmp_path / "p1x.tif", deep[1])
    cohort = read_images(tmp_path, people(2))
    np.testing.assert_array_equal(values(cohort)[:, 0], deep)
    assert cohort.x.dtype == np.float32


def test_29_colour_of_16_bits_is_never_cut(tmp_path: Path) -> None:
    """A PNG that pillow would cut to 8 bits is refused; as TIFF it is read whole."""
    import struct
    import zlib

    deep = drawn(2, (3, 4, 3), 65536).astype(np.uint16)
    raw = b"".join(b"\0" + row.astype(">u2").tobytes() for row in deep[0])

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", 4, 3, 16, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(raw))
    (tmp_path / "p0x.png").write_bytes(png + chunk(b"IEND", b""))
    with pytest.raises(CohortError, match="position 0 of 1 is a PNG of 16 bits in colour"):
        read_images([tmp_path / "p0x.png"], people(1), unit="row")
    for name, one in zip(("p0x", "p1x"), deep, strict=True):
        tifffile.imwrite(tmp_path / f"{name}.tif", one, photometric="rgb")
    cohort = read_images([tmp_path / "p0x.tif", tmp_path / "p1x.tif"], people(2))
    np.testing.assert_array_equal(cohort.x, np.moveaxis(deep, -1, 1))
    assert cohort.features.names == ("red", "green", "blue")


def test_29_channels_come_in_the_order_that_is_asked_for(tmp_path: Path) -> None:
    """Colours are named by the file, and put in the model's order by name."""
    table, images = people(), drawn(shape=(6, 7, 3))
    folder = folder_of(tmp_path, images, table)
    plain = read_images(folder, table)
    turned = read_images(folder, table, channels="bgr")
    assert turned.features.names == ("blue", "green", "red")
    np.testing.assert_array_equal(plain.x, np.moveaxis(images, -1, 1))
    np.testing.assert_array_equal(turned.x, values(plain)[:, ::-1])
    with pytest.raises(CohortError, match="colours that differ"):
        read_images(folder, table, channels="intensity")


def test_29_grey_and_colour_files_are_not_mixed(tmp_path: Path) -> None:
    """A grey image stored in three equal colours is read as grey where that is asked for."""
    table, images = people(), drawn()
    folder = folder_of(tmp_path, images, table)
    Image.fromarray(np.repeat(images[2][..., None], 3, axis=2).astype(np.uint8)).save(
        folder / "p2x.png"
    )
    with pytest.raises(CohortError, match=r"2 channels .*channels=\"intensity\""):
        read_images(folder, table)
    cohort = read_images(folder, table, channels="intensity")
    np.testing.assert_array_equal(values(cohort)[:, 0], images)
    assert "fewer than 11 of 24 images hold one grey image" in " ".join(cohort.notes)


def test_29_inverted_tiff_is_turned_round(tmp_path: Path) -> None:
    """Where 0 is white (PhotometricInterpretation 0), values are counted from black, and told."""
    grey = drawn(2, top=65536).astype(np.uint16)
    tifffile.imwrite(tmp_path / "p0x.tif", 65535 - grey[0], photometric="miniswhite")
    tifffile.imwrite(tmp_path / "p1x.tif", grey[1], photometric="minisblack")
    cohort = read_images(tmp_path, people(2))
    np.testing.assert_array_equal(values(cohort)[:, 0], grey)
    assert cohort.people["image inverted"].tolist() == [True, False]
    assert any("store white as 0 and were turned round" in note for note in cohort.notes)


def test_opaque_alpha_is_left_out_and_other_alpha_is_an_error(tmp_path: Path) -> None:
    """What shows through a transparent pixel is unknown."""
    images = drawn(2, (5, 6, 4))
    images[..., 3] = 255
    for i, one in enumerate(images):
        Image.fromarray(one.astype(np.uint8)).save(tmp_path / f"p{i}x.png")
    cohort = read_images(tmp_path, people(2))
    np.testing.assert_array_equal(cohort.x, np.moveaxis(images[..., :3], -1, 1))
    images[1, 0, 0, 3] = 9
    Image.fromarray(images[1].astype(np.uint8)).save(tmp_path / "p1x.png")
    with pytest.raises(CohortError, match="position 1 of 2 is transparent in places"):
        read_images(tmp_path, people(2))


def test_an_orientation_that_is_not_applied_is_told(tmp_path: Path) -> None:
    """EXIF may ask to mirror an image; it is read as stored, and a note says so."""
    table = people(2)
    folder = folder_of(tmp_path, drawn(2), table)
    exif = Image.Exif()
    exif[274] = 2
    Image.fromarray(drawn(2)[0].astype(np.uint8)).save(folder / "p0x.png", exif=exif)
    cohort = read_images(folder, table)
    np.testing.assert_array_equal(values(cohort)[:, 0], drawn(2))
    assert any("turned or mirrored" in note for note in cohort.notes)


def test_a_file_that_is_cut_is_named_by_its_place(tmp_path: Path) -> None:
    """No name of a file is told, as it may be that of a person."""
    table = people()
    folder = folder_of(tmp_path, drawn(), table)
    whole = (folder / "p4x.png").read_bytes()
    (folder / "p4x.png").write_bytes(whole[:60])
    with pytest.raises(CohortError, match="position 4 of 24 cannot be read") as told:
        read_images(folder, table)
    assert "p4x" not in str(told.value)


@pytest.mark.parametrize("end", ["png", "tif", "npy"])
def test_files_that_are_changed_give_an_image_or_an_error(tmp_path: Path, end: str) -> None:
    """Whatever becomes of some bytes, nothing but our error with the position comes out."""
    rng, path = np.random.default_rng(0), tmp_path / f"a.{end}"
    one = drawn(1)[0].astype(np.uint8)
    if end == "npy":
        np.save(path, one)
    elif end == "tif":
        tifffile.imwrite(path, one)
    else:
        Image.fromarray(one).save(path)
    whole, told = path.read_bytes(), 0
    for _ in range(150):
        bad = bytearray(whole)
        bad[rng.integers(0, min(len(bad), 200))] = rng.integers(0, 256)
        path.write_bytes(bad[: len(bad) if rng.random() < 0.7 else rng.integers(len(bad))])
        try:
            assert np.asarray(read_file_rows([path]).x).ndim >= 4
        except CohortError as error:
            told += "position 0 of 1" in str(error)
    assert told > 30


@pytest.mark.parametrize("kind", ["zarr", "h5py", "memmap", "tensor"])
def test_arrays_on_disk_and_tensors_are_laid_out_too(tmp_path: Path, kind: str) -> None:
    """Channels last in any kind of array come out channels first, and integers are exact."""
    images = drawn(shape=(6, 7, 3)).astype(np.uint16)
    source: Any
    if kind == "zarr":
        source = zarr.create_array(str(tmp_path / "a.zarr"), data=images, chunks=(5, 6, 7, 3))
    elif kind == "h5py":
        source = h5py.File(tmp_path / "a.h5", "w").create_dataset("x", data=images)
    elif kind == "memmap":
        np.save(tmp_path / "a.npy", images)
        source = np.load(tmp_path / "a.npy", mmap_mode="r")
    else:
        source = torch.from_numpy(images.astype(np.float32))
    cohort = read_images(source, people(), layout="nhwc", channels="rgb")
    np.testing.assert_array_equal(cohort.x, np.moveaxis(images, -1, 1))


def test_volumes_of_tiff_and_npy_are_read(tmp_path: Path) -> None:
    """A stack of planes is a volume (1, d, h, w), by the axes of the file or as it is said."""
    stack = drawn(2, (5, 6, 7)).astype(np.uint8)
    tifffile.imwrite(
        tmp_path / "p0x.tif", stack[0], photometric="minisblack", metadata={"axes": "ZYX"}
    )
    tifffile.imwrite(tmp_path / "p1x.tif", stack[1], photometric="minisblack")
    with pytest.raises(CohortError, match=r"position 1 of 2 has axes QYX.*layout=\"ndhw\""):
        read_images(tmp_path, people(2))
    cohort = read_images(tmp_path, people(2), layout="ndhw", spacing=(2.0, 1.0, 1.0))
    np.testing.assert_array_equal(values(cohort)[:, 0], stack)
    assert cohort.features.space is not None
    assert cohort.features.space.spacing == (2.0, 1.0, 1.0)
    for i, one in enumerate(stack):
        np.save(tmp_path / f"p{i}x.npy", one)
        (tmp_path / f"p{i}x.tif").unlink()
    np.testing.assert_array_equal(read_images(tmp_path, people(2), layout="ndhw").x, cohort.x)


def test_x_rays_of_patients(data: Path) -> None:
    """1,000 X-rays of 264 patients come from an npz and its table, patients as units."""
    folder = data / "nih-cxr-1000"
    cohort = read_images(
        folder / "images.npz", folder / "metadata.csv", id="file", key="images", names="filename",
        unit="patient_id", groups=["sex"], outcome="abnormal", strata=["view"],
    )  # fmt: skip
    stored = np.load(folder / "images.npz")["images"]
    assert (cohort.n, cohort.u, cohort.x.shape[1:]) == (1000, 264, (1, 64, 64))
    np.testing.assert_array_equal(values(cohort)[:, 0], stored)
