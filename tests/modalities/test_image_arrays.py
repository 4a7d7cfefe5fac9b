"""Images in arrays and npz files: how they lie is never guessed, and large ones stay on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evenlight.data.rows import Rows
from evenlight.errors import CohortError
from evenlight.modalities import image_rows
from evenlight.modalities.images import read_images
from tests.modalities.test_images import drawn, folder_of, people, values


@pytest.mark.parametrize(
    ("shape", "axes"), [((3, 9, 8), "nchw"), ((9, 8, 3), "nhwc"), ((7, 9, 8), "ndhw")]
)
def test_axes_are_never_guessed(shape: tuple[int, ...], axes: str) -> None:
    """Channels last and volumes are said; channels first is plain where there are few."""
    images = drawn(shape=shape)
    cohort = read_images(images, people(), layout=axes)
    slow = {"nchw": images, "nhwc": np.moveaxis(images, -1, 1), "ndhw": images[:, None]}[axes]
    np.testing.assert_array_equal(cohort.x, slow)
    if axes == "nchw":
        np.testing.assert_array_equal(read_images(images, people()).x, slow)
    else:
        with pytest.raises(CohortError, match="none is guessed"):
            read_images(images, people())


def test_unsaid_channels_are_numbered_and_told() -> None:
    """Without names nobody takes channel 1 for red."""
    cohort = read_images(drawn(shape=(3, 9, 8)), people())
    assert cohort.features.names == ("channel 1", "channel 2", "channel 3")
    assert "whose order was not said" in cohort.notes[0]


def test_an_npz_is_joined_by_the_ids_that_it_holds(tmp_path: Path) -> None:
    """Its rows stand in another order than people, or hold more of them."""
    images, table = drawn(), people()
    ids = table.index.to_numpy(dtype=str)
    np.savez(tmp_path / "a.npz", scans=images[::-1], ids=ids[::-1], other=np.ones((3, 3, 3)))
    with pytest.raises(CohortError, match="holds 2 images' arrays"):
        read_images(tmp_path / "a.npz", table)
    cohort = read_images(tmp_path / "a.npz", table, key="scans", names="ids")
    np.testing.assert_array_equal(values(cohort)[:, 0], images)
    some = read_images(tmp_path / "a.npz", table[5:9], key="scans", names="ids", join="inner")
    np.testing.assert_array_equal(values(some)[:, 0], images[5:9])
    more = pd.concat([table, table[:1].set_axis(["q"], axis=0)])
    with pytest.raises(CohortError, match="1 of 25 row ids are missing"):
        read_images(tmp_path / "a.npz", more, key="scans", names="ids")


def test_large_sets_are_read_when_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files on disk give the same bytes, digest and notes as those that are kept in memory."""
    table = people()
    folder = folder_of(tmp_path, drawn(), table)
    small = read_images(folder, table)
    monkeypatch.setattr(image_rows, "KEPT", 100)
    large = read_images(folder, table)
    assert isinstance(large.x, Rows)
    np.testing.assert_array_equal(large.x[:], small.x)
    assert (large.digest, large.notes) == (small.digest, small.notes)


def test_a_transform_by_chance_is_refused(tmp_path: Path) -> None:
    """Random augmentation has no attribution."""
    table, rng = people(), np.random.default_rng(0)
    folder = folder_of(tmp_path, drawn(), table)
    with pytest.raises(CohortError, match="random augmentation off"):
        read_images(folder, table, transform=lambda x: x + rng.normal())


@pytest.mark.parametrize(
    ("source", "given", "told"),
    [
        (object(), {}, "a object gives no images"),
        ({"image": drawn()}, {}, "a dict gives no images"),
        (drawn(), {"spaceing": (1.0,)}, "spaceing= is no option of read_array_rows.*spacing"),
        (drawn(), {"file": "a"}, "names paths in a folder"),
        (drawn(), {"names": "a"}, "joins rows of an npz file"),
        (drawn(5), {}, "5 images for 24 rows"),
        (["a.png"], {"file": "a"}, "names paths in a folder"),
        (["a.png"], {}, "1 of 1 image files are not there"),
        ("a.png", {"names": "a"}, "joins rows of an npz file"),
        ("no/such/folder", {}, "no folder or file"),
    ],
)
def test_what_is_no_source_is_an_error(source: object, given: dict[str, Any], told: str) -> None:
    """The error names the option or the count, and what may be given."""
    with pytest.raises(CohortError, match=told):
        read_images(source, people(), **given)
