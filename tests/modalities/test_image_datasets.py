"""Datasets of torch and MONAI: the model's own transform first, one space after it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from evenlight.data.cohort import Cohort
from evenlight.data.feature_list import FeatureList
from evenlight.data.ordered import ordered
from evenlight.data.rows import Rows
from evenlight.errors import CohortError, ModelError
from evenlight.explainers.explain import explain
from evenlight.modalities import image_rows
from evenlight.modalities.image_datasets import read_dataset_rows
from evenlight.modalities.images import read_images
from evenlight.models.adapt import adapt
from tests.scan_files import affine_of, nifti

N = 12


def people(n: int = N) -> pd.DataFrame:
    """People with sex and an outcome, one image each."""
    at = np.arange(n)
    table = pd.DataFrame({"sex": np.where(at % 2, "f", "m"), "ill": (at // 2) % 2})
    return table.set_axis([f"p{i}x" for i in at], axis=0)


class Placed(Tensor):
    """A tensor that knows its affine, as MONAI's MetaTensor does."""

    affine: Tensor


class Made(Dataset[Any]):
    """Items that are made by a function of their position."""

    def __init__(self, make: Callable[[int], Any], n: int = N) -> None:
        self.make, self.n = make, n

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, i: int) -> Any:
        return self.make(i)


def volume(
    i: int, steps: Sequence[float] = (2.0, 1.0, 1.0), sign: float = 1.0, size: int = 5
) -> Tensor:
    """A volume (1, 5, 6, 7) whose affine has these steps and lies elsewhere for each person."""
    values = np.random.default_rng(i).normal(size=(1, size, 6, 7)).astype(np.float32)
    made = torch.from_numpy(values).as_subclass(Placed)
    affine = torch.diag(torch.tensor([sign * steps[0], *steps[1:], 1.0], dtype=torch.float64))
    affine[0, 3] = 10.0 * i
    made.affine = affine
    return made


def test_a_dataset_of_dicts_gives_its_images() -> None:
    """Item i is row i, spacing and orientation come from its affine, places from nobody."""
    dataset = Made(lambda i: {"image": volume(i), "label": i % 2})
    cohort = read_images(dataset, people(), groups=["sex"], outcome="ill", unit="row")
    np.testing.assert_array_equal(np.asarray(cohort.x)[3], np.asarray(volume(3)))
    space = cohort.features.space
    assert space is not None
    assert (space.spacing, space.orientation, space.affine) == ((2.0, 1.0, 1.0), "RAS", None)
    assert space.shared == ""
    assert "12 items of a Made, after its own transform" in cohort.notes[0]


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (lambda: volume(7, (2.5, 1.0, 1.0)), "spacing"),
        (lambda: volume(7, sign=-1.0), "orientation RAS|orientation LAS"),
        (lambda: volume(7, size=4), "shape"),
    ],
)
def test_28_items_of_another_space_are_an_error(other: Callable[[], Tensor], told: str) -> None:
    """Spacing, orientation or size of one item differs: named by its position."""
    with pytest.raises(CohortError, match=f"item 7 of the dataset differs.*({told})"):
        read_images(Made(lambda i: other() if i == 7 else volume(i)), people(), unit="row")


def test_two_floating_entries_ask_which() -> None:
    """An image and its mask are both floats: the error lists the keys, key= says which."""
    dataset = Made(lambda i: {"image": torch.ones(1, 5, 6) * i, "mask": torch.zeros(1, 5, 6)})
    with pytest.raises(CohortError, match=r"hold 2 floating arrays.*key="):
        read_images(dataset, people())
    cohort = read_images(dataset, people(), key="image")
    assert np.asarray(cohort.x)[:, 0, 0, 0].tolist() == list(range(N))


def test_random_augmentation_is_refused() -> None:
    """A dataset that draws has no attribution."""
    dataset = Made(lambda _: torch.rand(1, 5, 6))
    with pytest.raises(CohortError, match="random augmentation off"):
        read_images(dataset, people())


def test_a_loader_gives_its_items_in_order() -> None:
    """Batches of a loader are those of its dataset; one that shuffles is refused."""
    dataset = Made(lambda i: (torch.full((1, 5, 6), float(i)), i % 2))
    cohort = read_images(DataLoader(dataset, batch_size=5), people())
    assert np.asarray(cohort.x)[:, 0, 0, 0].tolist() == list(range(N))
    with pytest.raises(CohortError, match="shuffle=False"):
        read_images(DataLoader(dataset, batch_size=5, shuffle=True), people())


@pytest.mark.filterwarnings("ignore:NvImgCodec:UserWarning:monai")  # 2026-11: a GPU decoder
def test_monai_reads_and_transforms(tmp_path: Path) -> None:
    """Sizes differ before MONAI's own transform; after it the images are one cohort."""
    monai = pytest.importorskip("monai")
    transforms = monai.transforms
    rng, files = np.random.default_rng(0), []
    for i in range(4):
        held = rng.normal(size=(8 + i, 9, 10)).astype(np.float32)
        nifti(tmp_path / f"{i}.nii.gz", held, affine_of((1.5, 2.0, 2.0), (-1, 1, 1)))
        files.append({"image": str(tmp_path / f"{i}.nii.gz"), "age": float(i)})
    steps = [
        transforms.LoadImaged(keys="image", ensure_channel_first=True),
        transforms.Orientationd(keys="image", axcodes="RAS", labels=None),
        transforms.SpatialPadd(keys="image", spatial_size=(12, 12, 12)),
    ]
    dataset = monai.data.Dataset(files, transform=transforms.Compose(steps))
    cohort = read_images(dataset, people(4), key="image", shared="registered")
    space = cohort.features.space
    assert space is not None
    assert (space.shape, space.spacing, space.orientation) == (
        (12, 12, 12), (1.5, 2.0, 2.0), "RAS",
    )  # fmt: skip
    np.testing.assert_array_equal(np.asarray(cohort.x)[2], np.asarray(dataset[2]["image"]))


class Bright(nn.Module):
    """A small network of images with two findings."""

    def __init__(self, channels: int = 1) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.body = nn.Sequential(
            nn.Conv2d(channels, 4, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(),
            nn.Linear(16, 2),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        """Logits (n, 2)."""
        made: Tensor = self.body(x)
        return made


def folder_cohort(folder: Path, **given: Any) -> Cohort:
    """Images of 16 x 16 from a folder."""
    rng = np.random.default_rng(0)
    for name in people().index:
        Image.fromarray(rng.integers(0, 255, (16, 16), dtype=np.uint8)).save(folder / f"{name}.png")
    return read_images(folder, people(), values="unit", groups=["sex"], outcome="ill", **given)


def test_several_findings_are_several_targets(tmp_path: Path) -> None:
    """A list of targets gives one record each, of the same images."""
    cohort = folder_cohort(tmp_path)
    model = adapt(Bright().eval(), link="logit", gives="margin", targets=("effusion", "nodule"))
    both = explain(model, cohort, target=["effusion", "nodule"], method="ig")
    assert [made.target for made in both] == ["effusion", "nodule"]
    assert {made.values.shape for made in both} == {(N, 1, 16, 16)}


def test_images_from_disk_are_explained_as_those_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether files are kept or read again, attributions are the same."""
    held = folder_cohort(tmp_path)
    monkeypatch.setattr(image_rows, "KEPT", 1)
    read = folder_cohort(tmp_path)
    assert isinstance(read.x, Rows)
    model = adapt(Bright().eval(), link="logit", gives="margin")
    a, b = (explain(model, cohort, target=1, method="ig") for cohort in (held, read))
    np.testing.assert_allclose(a.values, b.at(held).values, atol=1e-7)
    assert a.features.space is not None


def test_29_channels_in_another_order_than_the_model_takes_are_an_error() -> None:
    """A model that names its channels refuses images whose channels stand otherwise."""
    x = np.random.default_rng(0).random((N, 3, 16, 16))
    wanted = FeatureList(("blue", "green", "red"), source="train.py")
    model = adapt(Bright(3).eval(), link="logit", gives="margin", features=wanted)
    rgb = read_images(x, people(), channels="rgb", groups=["sex"])
    with pytest.raises(ModelError, match="in another order"):
        explain(model, rgb, target=1, method="ig")
    bgr = ordered(rgb, wanted.names)
    np.testing.assert_array_equal(np.asarray(bgr.x), x[:, ::-1])
    lazy = ordered(rgb.altered(x=Rows(np.asarray(rgb.x))), wanted.names)
    np.testing.assert_array_equal(np.asarray(lazy.x), x[:, ::-1])
    assert bgr.features.space is not None
    assert explain(model, bgr, target=1, method="ig").features.names == wanted.names


def test_an_empty_dataset_is_an_error() -> None:
    """There is nothing to look at."""
    with pytest.raises(CohortError, match="no rows"):
        read_dataset_rows(Made(lambda i: torch.ones(1, 5, 6), 0))
