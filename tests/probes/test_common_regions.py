"""The same content of a region in everyone: no own value enters, and use that differs is found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evenlight.arrays import Float
from evenlight.cohorts.phantom import NOTHING, SHORTCUT, Phantom, Planted, phantom
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.errors import AttributionError, FeatureError, ModelError
from evenlight.measures.compare import compare
from evenlight.models.adapt import adapt
from evenlight.models.adapted import Adapted
from evenlight.probes.common_regions import EVALUATIONS, RANKS, common_regions
from tests.mapped_world import linear, looking


def regional(made: Phantom) -> Attributions:
    """What a linear model makes of each region."""
    return linear(made.cohort, 20 * looking(made)).by(made.regions)


def plain(model: Callable[[Float], Float]) -> Adapted:
    """The function as a score of its own."""
    return adapt(model, link="identity")


def lesion(made: Phantom, x: Float) -> Float:
    """How bright the usual place of the lesion is, inside its region."""
    inside = made.labels == made.regions.names.index(made.lesion_region)
    seen: Float = np.asarray(x)[:, 0][:, inside & (made.lesion > 0.05)].mean(axis=1)
    return seen


def test_it_is_the_difference_of_two_loops() -> None:
    """Agrees with donors picked by hand and put in one by one."""
    made = phantom(60, rng=0)
    phi, cohort, regions = regional(made), made.cohort, made.regions

    def model(x: Float) -> Float:
        out: Float = np.tanh(3 * lesion(made, x)) + x[:, 0][:, made.mark].mean(axis=1)
        return out

    found = common_regions(plain(model), cohort, regions, phi)
    x, ordered = cohort.dense(), cohort.order
    for q, name in enumerate(found.subjects):
        own = phi.values[ordered, phi.features.place[name]]
        ranked = ordered[np.argsort(own, kind="stable")]
        inside = np.array(regions.columns(name))
        out = np.zeros(cohort.n)
        for share in RANKS:
            place = round(share * (cohort.n - 1))
            for donor, sign in ((ranked[-1 - place], 1), (ranked[place], -1)):
                new = x.reshape(cohort.n, -1).copy()
                new[:, inside] = x[donor].reshape(-1)[inside]
                out += sign * model(new.reshape(x.shape)) / len(RANKS)
        np.testing.assert_allclose(found.margin[:, q], out, atol=1e-6)
    assert found.kind == "common"


def test_own_content_of_the_region_does_not_enter() -> None:
    """Larger lesions of one group, used alike: no difference at all, and never *use*."""
    made = phantom(160, planted=Planted(severity=(1.0, 1.6)), rng=1)
    phi = regional(made)
    seen = plain(lambda x: np.tanh(3 * lesion(made, x)))
    moved = common_regions(seen, made.cohort, made.regions, phi)
    at = moved.subjects.index(made.lesion_region)
    assert np.ptp(moved.margin[:, at]) < 1e-6
    assert abs(moved.margin[0, at]) > 0.1
    found = compare(phi, made.cohort, by="group", contrasts=moved)
    use, signed = found.view("use"), found.view("signed", "outcome")
    j = found.subjects.index(made.lesion_region)
    assert found.verdict[use, 0, j] == "similar"
    assert found.verdict[signed, 0, j] == "different"


def test_a_lesion_that_counts_twice_beside_a_mark_is_used_differently() -> None:
    """The marked group's lesions move the output further: *different*, through what is beside."""
    made = phantom(160, planted=SHORTCUT, rng=2)

    def model(x: Float) -> Float:
        marked: Float = x[:, 0][:, made.mark].mean(axis=1) > 0.9
        return np.asarray(10 * lesion(made, x) * (1 + marked))

    phi = regional(made)
    moved = common_regions(plain(model), made.cohort, made.regions, phi)
    found = compare(phi, made.cohort, by="group", contrasts=moved)
    j = found.subjects.index(made.lesion_region)
    assert found.verdict[found.view("use"), 0, j] == "different"
    assert found.effect[found.view("use"), 0, j] > 0


def test_the_order_of_rows_and_the_groups_play_no_part() -> None:
    """Rows turned round, groups swapped: the same numbers for the same people."""
    made = phantom(40, images=2, planted=NOTHING, rng=3)
    model = lambda x: np.tanh(3 * lesion(made, x))  # noqa: E731
    one = common_regions(plain(model), made.cohort, made.regions, regional(made))
    back = np.arange(made.cohort.n)[::-1]
    other = made.take(back)
    again = common_regions(plain(model), other.cohort, other.regions, regional(other))
    assert again.subjects == one.subjects
    np.testing.assert_allclose(again.margin, one.margin[back], atol=1e-6)


def test_a_region_that_is_alike_in_all_is_left_out() -> None:
    """Black margins move nothing; of many regions one donor an end serves."""
    rng, shape = np.random.default_rng(0), (1, 8, 8)
    x = rng.normal(size=(30, *shape))
    x[:, :, :4] = 0.0
    people = pd.DataFrame({"g": ["a", "b"] * 15}, index=[f"p{i:02d}" for i in range(30)])
    cohort = Cohort(x, people, groups=["g"])
    labels = np.arange(64).reshape(8, 8) // 2
    regions = FeatureSets.from_label_map(labels, shape=shape)
    assert len(regions.names) * 2 * len(RANKS) > EVALUATIONS
    weights = np.ones((8, 8))
    calls: list[int] = []

    def model(images: Float) -> Float:
        calls.append(len(images))
        return np.asarray(images.reshape(len(images), -1).sum(axis=1))

    found = common_regions(plain(model), cohort, regions, linear(cohort, weights).by(regions))
    assert found.subjects == regions.names[16:]
    assert sum(n == 30 for n in calls) <= 2 * 16 + 8


@pytest.mark.parametrize(
    ("change", "error", "told"),
    [
        ({"attributions": "maps"}, AttributionError, "hand over attributions.by"),
        ({"sets": "other"}, FeatureError, "the sets are of positions of shape"),
        ({"cohort": "table"}, ModelError, "common_regions changes images"),
        ({"cohort": "flat"}, FeatureError, "no region varies"),
    ],
)
def test_what_does_not_fit_is_told(
    change: dict[str, str], error: type[Exception], told: str
) -> None:
    """Each error names what is wrong and what to hand over."""
    made = phantom(30, rng=0)
    cohort, shape = made.cohort, made.cohort.x.shape
    table = Cohort(np.eye(30), cohort.people, groups=["group"])
    other = FeatureSets.from_label_map(np.zeros((2, 2), dtype=int), shape=(1, 2, 2))
    known: dict[str, Any] = {
        "maps": linear(cohort, looking(made)), "other": other, "table": table,
        "flat": cohort.altered(x=np.zeros(shape)),
    }  # fmt: skip
    given: dict[str, Any] = {
        "cohort": cohort, "sets": made.regions, "attributions": regional(made)
    } | {name: known[word] for name, word in change.items()}  # fmt: skip
    with pytest.raises(error, match=told):
        common_regions(
            plain(lambda x: np.asarray(x).reshape(len(x), -1).sum(axis=1)), given["cohort"],
            given["sets"], given["attributions"],
        )  # fmt: skip
