"""The same patch put into everyone, a parameter moved, and occlusion beside them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from evenlight.arrays import Float
from evenlight.cohorts.phantom import Planted, phantom
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.errors import FeatureError, ModelError, UnknownName
from evenlight.measures.compare import compare
from evenlight.measures.testing import Testing
from evenlight.probes.common_patch import Patch, common_patch, occluded
from evenlight.probes.patches import filling

SHAPE = (1, 12, 12)
LABELS = np.zeros((12, 12), dtype=int)
LABELS[1:4, 1:4], LABELS[5:10, 5:10] = 1, 2
REGIONS = FeatureSets.from_label_map(LABELS, {0: "rest", 1: "corner", 2: "lesion"}, shape=SHAPE)
LESION = Patch.at(np.ones((3, 3)), corner=(6, 6), shape=(12, 12), adds=True)
MARK = Patch.at(np.full((3, 3), 2.0), corner=(1, 1), shape=(12, 12))


def lesions(n: int = 240, *, larger: float = 1.4, seed: int = 0) -> Cohort:
    """Everybody has a lesion, which is brighter in group b; a mark in the corner of most of b."""
    rng = np.random.default_rng(seed)
    b = np.arange(n) % 2 == 1
    x = 0.1 * rng.normal(size=(n, *SHAPE))
    x[:, :, 6:9, 6:9] += (np.where(b, larger, 1.0) * rng.uniform(0.5, 1.5, n))[:, None, None, None]
    x[b & (rng.random(n) < 0.8), :, 1:4, 1:4] += 2.0
    people = pd.DataFrame({"group": np.where(b, "b", "a")}, index=[f"r{i:03d}" for i in range(n)])
    return Cohort(x, people, groups=["group"], unit="row")


def bent(x: Float) -> Float:
    """What is in the lesion's region, saturating: the same use for everyone."""
    lesion, corner = x[:, 0, 6:9, 6:9].sum((1, 2)), x[:, 0, 1:4, 1:4].sum((1, 2))
    told: Float = np.tanh(lesion / 20) + 0.002 * corner
    return told


def gated(x: Float) -> Float:
    """The lesion counts twice where the corner is marked."""
    marked = x[:, 0, 1:4, 1:4].mean((1, 2)) > 1
    told: Float = x[:, 0, 5:10, 5:10].sum((1, 2)) * np.where(marked, 2.0, 1.0) / 6
    return told


def maps(cohort: Cohort, model: object) -> Attributions:
    """Attributions by region that add up, only so that contrasts have a place beside them."""
    output = model(cohort.dense())  # type: ignore[operator]
    own = cohort.dense().reshape(cohort.n, -1) @ REGIONS.membership.T.toarray()
    own[:, 0] += output - own.sum(axis=1)
    return Attributions.from_arrays(
        own.astype(np.float32), rows=list(cohort.rows), features=list(REGIONS.names),
        output=output, base=0.0,
    )  # fmt: skip


def seen(model: object, cohort: Cohort, contrasts: object, view: str) -> dict[str, dict[str, Any]]:
    """The rows of one view on the margin, by subject."""
    made = compare(
        maps(cohort, model), cohort, by="group", contrasts=contrasts,  # type: ignore[arg-type]
        testing=Testing(draws=1000),
    ).to_frame()  # fmt: skip
    own = made[(made["view"] == view) & (made["scale"] == "margin")].set_index("subject")
    return {str(name): dict(row) for name, row in own.iterrows()}


def test_the_same_patch_moves_everyone_alike_though_lesions_differ() -> None:
    """Own values are gone on both sides: a saturating use of larger lesions is *similar*."""
    people = lesions()
    made = common_patch(bent, people, {"lesion": LESION}, under="mean")
    assert np.ptp(made.margin[:, 0]) < 1e-9
    found = seen(bent, people, made, "use")
    assert found["lesion"]["verdict"] == "similar"
    assert found["lesion"]["mechanism"] == "none"


def test_occlusion_differs_with_the_own_value_and_is_never_use() -> None:
    """Lesions that are 40 % larger differ by occlusion, which is a view of its own name."""
    people = lesions()
    made = occluded(
        bent, people, FeatureSets(("lesion",), REGIONS.features, REGIONS.membership[[2]])
    )
    assert made.kind == "occlusion"
    found = seen(bent, people, made, "occlusion")
    assert found["lesion"]["verdict"] == "different"
    assert found["lesion"]["effect"] > 0.2
    assert {one["mechanism"] for one in found.values()} == {"unresolved"}
    assert not seen(bent, people, made, "use")


def test_a_use_that_rests_on_a_mark_is_found() -> None:
    """The lesion counts twice beside a mark that most of one group bear: *different*."""
    people = lesions(larger=1.0)
    made = common_patch(gated, people, {"lesion": LESION})
    found = seen(gated, people, made, "use")
    assert found["lesion"]["verdict"] == "different"
    assert found["lesion"]["mechanism"] == "context"


def test_a_patch_over_its_own_border_is_what_the_definition_says() -> None:
    """Row by row: the region from its border, with and without the patch."""
    people = lesions(n=12)
    made = common_patch(gated, people, {"lesion": LESION, "corner": MARK})
    for i, row in enumerate(people.dense()):
        for q, patch in enumerate((LESION, MARK)):
            columns = np.flatnonzero(np.broadcast_to(patch.where, SHAPE))
            border, weight = filling(SHAPE, columns)
            low = row.copy().reshape(-1)
            low[columns] = weight @ row.reshape(-1)[border]
            high = low.copy()
            values = patch.values.reshape(-1)[columns]
            high[columns] = low[columns] + values if patch.adds else values
            both = gated(np.stack([high, low]).reshape(2, *SHAPE))
            assert made.margin[i, q] == pytest.approx(both[0] - both[1])


def test_the_mark_is_worth_what_paired_images_say() -> None:
    """Where the corner is dark without it, the mark moves the output as in paired images."""
    made = phantom(60, planted=Planted(mark=(0.1, 0.8)), rng=3)
    corner = made.mark

    def model(x: Float) -> Float:
        told: Float = np.tanh(x[:, 0][:, corner].mean(axis=1))
        return told

    true = model(made.paired(marked=True).dense()) - model(made.paired(marked=False).dense())
    patch = Patch(np.full(corner.shape, made.bright), corner)
    found = common_patch(model, made.cohort, {made.mark_region: patch})
    assert found.margin[:, 0].mean() == pytest.approx(true.mean(), abs=0.02)
    assert found.margin[:, 0].std() < 0.1


def test_a_patch_on_what_each_has_is_of_another_kind() -> None:
    """Added to the own content, it is no common contrast, and says so."""
    made = common_patch(bent, lesions(n=20), {"lesion": LESION}, under="own")
    assert made.kind == "added"
    assert made.low == ("as recorded",)
    assert "added" in repr(made)


def test_volumes_and_images_without_channels_are_taken() -> None:
    """A patch of (d, h, w) and of (h, w) goes where it is asked for."""
    rng = np.random.default_rng(0)
    people = pd.DataFrame({"group": ["a", "b"] * 4}, index=[f"r{i}" for i in range(8)])
    cube = Cohort(rng.normal(size=(8, 2, 5, 5, 5)), people)
    patch = Patch.at(np.ones((2, 1, 1, 1)), corner=(2, 2, 2), shape=(5, 5, 5), adds=True)
    made = common_patch(lambda x: x.sum((1, 2, 3, 4)), cube, {"one": patch})
    np.testing.assert_allclose(made.margin, 2.0)
    flat = Cohort(rng.normal(size=(8, 6, 6)), people)
    patch = Patch.at(np.ones((2, 2)), corner=(2, 2), shape=(6, 6), adds=True)
    made = common_patch(lambda x: x.sum((1, 2)), flat, {"one": patch}, under="own")
    np.testing.assert_allclose(made.margin, 4.0)


def test_what_cannot_be_patched_is_said() -> None:
    """Tables, other shapes, no patch, unknown ways and patches beyond the edge are errors."""
    people = lesions(n=12)
    with pytest.raises(ModelError, match="columns of tables go to contrasts"):
        common_patch(lambda x: x[:, 0], people.altered(x=np.ones((12, 2))), {"a": LESION})
    small = Patch.at(np.ones((1, 1)), corner=(0, 0), shape=(6, 6))
    with pytest.raises(FeatureError, match="images are"):
        common_patch(bent, people, {"a": small})
    with pytest.raises(FeatureError, match="no patch is named"):
        common_patch(bent, people, {})
    with pytest.raises(UnknownName, match="inpaint, mean, own"):
        common_patch(bent, people, {"a": LESION}, under="noise")  # type: ignore[arg-type]
    with pytest.raises(UnknownName, match="inpaint, blur"):
        occluded(bent, people, REGIONS, how="black")  # type: ignore[arg-type]
    with pytest.raises(FeatureError, match="leaves images"):
        Patch.at(np.ones((3, 3)), corner=(4, 4), shape=(6, 6))
    with pytest.raises(FeatureError, match="needs a position"):
        Patch(np.ones((3, 3)), np.zeros((3, 3), dtype=bool))
