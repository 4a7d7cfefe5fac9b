"""Sums over regions of which each row has its own map."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evenlight.arrays import Float, Values
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.errors import AttributionError, CohortError, FeatureError
from evenlight.measures.compare import compare
from evenlight.modalities.atlases import read_label_maps
from tests.scan_files import affine_of, nifti

RNG = np.random.default_rng(0)


def maps(shape: tuple[int, ...]) -> Attributions:
    """Maps of noise that add up."""
    values = RNG.normal(size=shape).astype(np.float32)
    total = values.reshape(len(values), -1).sum(axis=1, dtype=np.float64)
    rows = [f"r{i:03d}" for i in range(len(values))]
    return Attributions.from_arrays(values, rows=rows, features=["c"], output=total + 1.0, base=1.0)


def slow(values: Float, labels: Values, found: list[int]) -> Float:
    """Row by row and label by label."""
    return np.array(
        [[values[i][..., labels[i] == k].sum() for k in found] for i in range(len(values))]
    )


@pytest.mark.parametrize(("channels", "space"), [(1, (6, 7)), (3, (6, 7)), (2, (4, 5, 6))])
def test_each_row_is_summed_over_its_own_map(channels: int, space: tuple[int, ...]) -> None:
    """Against a literal loop; sums and base still add up to the output, and nothing is renamed."""
    made = maps((20, channels, *space))
    labels = RNG.integers(0, 4, (20, *space)).astype(np.uint8) * 5
    names = {0: "air", 5: "liver", 10: "spleen", 15: "tumour", 20: "of nobody"}
    found = made.by_maps(labels, names)
    assert found.features.names == ("air", "liver", "spleen", "tumour")
    wanted = slow(made.values.astype(np.float64), labels, [0, 5, 10, 15])
    np.testing.assert_allclose(found.values, wanted, atol=1e-5)
    np.testing.assert_allclose(found.total(), made.output, atol=1e-4)
    assert found.settings["regions absent"] == {}


def test_one_map_for_all_is_the_label_map_of_sets() -> None:
    """The same sums as `by`, whose map all rows share."""
    made, labels = maps((12, 2, 6, 6)), RNG.integers(0, 3, (6, 6))
    sets = FeatureSets.from_label_map(labels, shape=(2, 6, 6))
    found = made.by_maps(np.broadcast_to(labels, (12, 6, 6)))
    np.testing.assert_array_equal(found.values, made.by(sets).values)
    assert found.features.names == ("background", "region 1", "region 2")


def test_a_region_that_a_row_lacks_is_0_and_counted() -> None:
    """Counts of fewer than 11 rows, and of all but so few, are not told exactly."""
    made, labels = maps((40, 1, 4, 4)), np.ones((40, 4, 4), dtype=int)
    labels[:25, 0, 0] = 2
    labels[:37, 1, 1] = 3
    labels[:4, 2, 2] = 4
    found = made.by_maps(labels)
    assert found.settings["regions absent"] == {
        "region 2": 15, "region 3": "fewer than 11", "region 4": "all but fewer than 11"
    }  # fmt: skip
    assert not found.values[25:, 1].any()
    assert found.values[:25, 1].all()


def test_maps_are_matched_by_id_and_read_from_disk(tmp_path: Path) -> None:
    """Maps in another order, and those of a file, give the same sums."""
    made, labels = maps((12, 1, 5, 5)), RNG.integers(0, 3, (12, 5, 5)).astype(np.uint8)
    wanted = made.by_maps(labels).values
    mixed = RNG.permutation(12)
    held = np.lib.format.open_memmap(tmp_path / "l.npy", "w+", np.uint8, (12, 5, 5))
    held[:] = labels[mixed]
    found = made.by_maps(held, rows=made.rows[mixed].tolist())
    np.testing.assert_array_equal(found.values, wanted)
    with pytest.raises(CohortError, match="label maps: 1 of 12 row ids are missing"):
        made.by_maps(labels, rows=[*made.rows[:11].tolist(), "nobody"])


def test_segmentations_of_each_person_come_from_files(tmp_path: Path) -> None:
    """NIfTI label maps, one a person, with their names; the sums are those of the arrays."""
    made = maps((12, 1, 5, 6, 4))
    labels = RNG.integers(0, 3, (12, 5, 6, 4)).astype(np.uint8) * 17
    grid = affine_of((2.0, 2.0, 3.0))
    files = [nifti(tmp_path / f"{i:02d}.nii.gz", labels[i], grid) for i in range(12)]
    people = pd.DataFrame({"sex": ["f", "m"] * 6}, list(made.rows))
    cohort = Cohort(made.values, people, ["c"], groups=["sex"], unit="row")
    held, names = read_label_maps(files, cohort, {17: "left", 34: "right"})
    found = made.by_maps(held, names)
    assert found.features.names == ("background", "left", "right")
    wanted = slow(made.values.astype(np.float64), labels, [0, 17, 34])
    np.testing.assert_allclose(found.values, wanted, atol=1e-5)


def test_maps_that_do_not_fit_are_refused() -> None:
    """Another number of rows, another shape, fractions, labels without a name or with the same."""
    made, labels = maps((12, 1, 5, 5)), RNG.integers(0, 3, (12, 5, 5))
    for wrong in (labels[:11], labels[:, :4], labels[0, 0]):
        with pytest.raises(AttributionError, match="wanted one map a row over its places"):
            made.by_maps(wrong)
    with pytest.raises(FeatureError, match="whole numbers"):
        made.by_maps(labels / 2)
    with pytest.raises(FeatureError, match="1 labels have no name"):
        made.by_maps(labels, {1: "a"})
    with pytest.raises(FeatureError, match="occurs twice"):
        made.by_maps(labels, {1: "a", 2: "a"})


def test_regions_of_each_person_are_compared_without_a_shared_space() -> None:
    """A planted difference within a region that lies elsewhere in every person is found there."""
    n = 80
    people = pd.DataFrame({"sex": ["f", "m"] * (n // 2)}, [f"r{i:03d}" for i in range(n)])
    labels = np.zeros((n, 8, 8), dtype=int)
    for i in range(n):
        y, x = RNG.integers(0, 6, 2)
        labels[i, y : y + 2, x : x + 2] = 1
        labels[i, 7 - y % 2, :] = np.where(labels[i, 7 - y % 2] == 0, 2, 1)
    x = RNG.normal(size=(n, 1, 8, 8))
    x[1::2, 0][labels[1::2] == 1] += 2.0
    cohort = Cohort(x, people, ["intensity"], groups=["sex"], unit="row")
    total = x.reshape(n, -1).sum(axis=1)
    made = Attributions.from_arrays(
        x, rows=list(cohort.rows), features=["intensity"], output=total, base=0.0
    )
    made = replace(made, cohort_digest=cohort.digest)
    found = compare(made.by_maps(labels, {1: "nodule", 2: "rib"}), cohort, by="sex").to_frame()
    told = found[found["view"] == found["view"].iloc[0]].set_index("subject")["verdict"]
    assert told["nodule"] == "different"
    assert told["rib"] != "different"
