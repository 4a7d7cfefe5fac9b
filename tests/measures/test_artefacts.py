"""Detectors of artefacts, and regions that tell the group and carry its part of the output."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evenlight.arrays import Float, Values
from evenlight.cohorts.phantom import NOTHING, Phantom, phantom
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features
from evenlight.data.space import Space
from evenlight.errors import CohortError, GroupError
from evenlight.measures.artefacts import artefacts
from evenlight.measures.associate import associate
from evenlight.measures.regions_telling import regions_telling
from evenlight.stats import image_facts


def auc(score: Float, member: Values) -> float:
    """Mann and Whitney's share of pairs, literally."""
    a, b = score[member == 1], score[member == 0]
    return float((a[:, None] > b).mean() + 0.5 * (a[:, None] == b).mean())


@pytest.mark.parametrize("dims", [2, 3])
def test_burned_in_marks_are_found(dims: int) -> None:
    """Images with a letter in the corner are told from those without, in 2-D and 3-D."""
    made = phantom(80, dims=dims, rng=4)
    found = artefacts(made.cohort).to_frame()
    assert auc(found["stamp"].to_numpy(), made.truth["mark"].to_numpy()) > 0.99


def test_detectors_see_what_they_are_named_for() -> None:
    """Borders, smoothing, inversion, flips, clipping and shifts move their own column."""
    plain = phantom(60, planted=NOTHING, rng=5).cohort
    x = plain.dense()
    x[:, :, 5:12, 3:8] += 1.0  # something on one side, so that a flip can be seen
    changed = x.copy()
    changed[0, :, :4] = 0.0
    changed[1] = x[1].max() - x[1]
    changed[2] = x[2][..., ::-1]
    changed[3] = np.clip(x[3], 0.1, 0.5)
    changed[4] += 2.0
    changed[5] = (np.roll(x[5], 1, -1) + x[5] + np.roll(x[5], -1, -1)) / 3
    before = artefacts(plain.altered(x=x)).to_frame()
    after = artefacts(plain.altered(x=changed)).to_frame()
    assert after["border"].iloc[0] == pytest.approx(4 / 32)
    assert (before["border"] == 0).all()
    away = after["unlike"].to_numpy()
    assert away[1] > 1 > np.delete(away, 1).max()
    assert (after["mirror"] > 0).to_numpy().nonzero()[0].tolist() == [2]
    assert after["clipped"].iloc[3] > 0.2 > before["clipped"].max()
    assert after["mean"].iloc[4] - before["mean"].iloc[4] == pytest.approx(2.0)
    assert after["sharpness"].iloc[5] < 0.75 * before["sharpness"].iloc[5]


@pytest.mark.parametrize("letters", ["RAS", "PIR", "SLA"])
def test_a_flip_is_looked_for_along_the_axis_from_left_to_right(letters: str) -> None:
    """Heads turned left to right are found whichever axis that is; without a word on it none is."""
    rng = np.random.default_rng(0)
    across = ["RL".find(one) >= 0 for one in letters].index(True)
    x = rng.normal(0, 0.1, (30, 1, 8, 8, 8))
    shape = np.zeros((8, 8, 8))
    shape[2:6, 2:6, 2:6] = 1.0
    x += np.roll(shape, -2, axis=across)
    x[:6] = np.flip(x[:6], 2 + across)
    people = pd.DataFrame({"sex": ["f", "m"] * 15}, index=[f"p{i}" for i in range(30)])
    features = Features(("intensity",), space=Space((8, 8, 8), orientation=letters))
    cohort = Cohort(x, people, features=features, unit="row")
    mirror = artefacts(cohort).to_frame()["mirror"].to_numpy()
    assert ((mirror > 0) == (np.arange(30) < 6)).all()
    unknown = Cohort(x, people, features=Features(("intensity",)), unit="row")
    assert "mirror" not in artefacts(unknown).names


def test_a_view_is_told_from_other_people() -> None:
    """Images of another view look like it, without a recorded view as well; noise does not."""
    made = phantom(120, planted=NOTHING, rng=6).cohort
    x, lying = made.dense(), np.arange(120) % 3 == 0
    x[lying, :, 16:] += 0.3
    view = np.where(lying, "AP", "PA").astype(object)
    view[::10] = None
    people = made.people.assign(view=view, chance=np.random.default_rng(0).permutation(view))
    images = made.altered(x=x, people=people)
    found = artefacts(images, view="view").to_frame()["view like AP"].to_numpy()
    unknown = np.arange(120) % 10 == 0
    assert auc(found[~unknown], lying[~unknown]) > 0.95
    assert auc(found[unknown], lying[unknown]) > 0.95
    chance = artefacts(images, view="chance").to_frame()["chance like AP"].to_numpy()
    known = people["chance"].notna().to_numpy()
    assert 0.35 < auc(chance[known], (people["chance"] == "AP").to_numpy()[known]) < 0.65


def test_artefacts_are_columns_of_people_and_are_asked_what_they_tell() -> None:
    """The detectors join people by id, and as x say which of them tell the group."""
    made = phantom(200, rng=7)
    found = artefacts(made.cohort)
    back = made.cohort.take(np.arange(made.cohort.n)[::-1])
    joined = found.joined(back)
    same = joined.people["stamp"].reindex(made.cohort.rows).to_numpy()
    np.testing.assert_array_equal(same, found.values[:, 0])
    told = associate(found.as_cohort(made.cohort), by="group").to_frame()
    q = told[told["given"] == "outcome"].set_index("subject")["q"].to_dict()
    assert q["stamp"] < 0.01
    assert q["border"] > 0.05
    with pytest.raises(CohortError, match="people have a column"):
        found.joined(joined)


def test_what_cannot_be_looked_at_is_said() -> None:
    """Tables, and views that are absent or of a few people, are errors."""
    people = pd.DataFrame({"view": ["AP"] * 12 + ["PA"] * 3}, index=[f"r{i}" for i in range(15)])
    with pytest.raises(CohortError, match="x is a table"):
        artefacts(Cohort(np.ones((15, 2)), people))
    images = Cohort(np.random.default_rng(0).normal(size=(15, 1, 8, 8)), people)
    with pytest.raises(GroupError, match="two or more levels of 11"):
        artefacts(images, view="view")
    with pytest.raises(GroupError, match="no column 'views'"):
        artefacts(images, view="views")


def test_a_flat_image_has_finite_numbers() -> None:
    """An image of one value breaks no detector."""
    flat = np.zeros((2, 8, 8))
    for name, detector in image_facts.ALONE.items():
        assert np.isfinite(detector(flat)).all(), name
    assert image_facts.unlike(flat, flat[0]).tolist() == [1.0, 1.0]


def linear(made: Phantom, *, marked: float) -> Attributions:
    """Attributions of a linear model of the lesion's region and, if asked, of the mark's."""
    x = made.cohort.dense()
    weights = made.lesion / made.lesion.sum() * 5 + marked * made.mark / made.mark.sum()
    values = (weights * (x - x.mean(axis=0))).astype(np.float32)
    output = values.reshape(len(x), -1).sum(axis=1, dtype=np.float64)
    return Attributions.from_arrays(
        values, rows=list(made.cohort.rows), features=made.cohort.features, output=output, base=0.0
    )


def test_the_marked_corner_tells_and_carries_and_the_lesion_does_not() -> None:
    """Given the outcome, the corner is the only candidate where the model reads it, else none."""
    made = phantom(300, rng=8)
    found = regions_telling(linear(made, marked=2.0), made.cohort, by="group", sets=made.regions)
    assert found.given[-1] == "outcome"
    assert found.candidates() == (made.mark_region,)
    assert made.lesion_region in found.candidates("nothing")
    at = found.given.index("outcome"), found.sets.index(made.mark_region)
    assert found.tells[at] > 0.4
    unread = regions_telling(linear(made, marked=0.0), made.cohort, by="group", sets=made.regions)
    assert unread.candidates() == ()
    assert unread.reading[at] == "tells only"


def test_sums_over_regions_are_taken_as_they_are() -> None:
    """Maps, and their sums over the same regions, give the same answer."""
    made = phantom(120, rng=9)
    maps = linear(made, marked=2.0)
    first = regions_telling(maps, made.cohort, by="group", sets=made.regions)
    again = regions_telling(maps.by(made.regions), made.cohort, by="group", sets=made.regions)
    pd.testing.assert_frame_equal(first.to_frame(), again.to_frame())


@pytest.mark.data
def test_the_view_of_real_radiographs_is_told_from_other_patients(data: Path) -> None:
    """AP and PA are told with an AUC above 0.9, by patients whom nothing was learned from."""
    with np.load(data / "nih-cxr-1000" / "images.npz") as held:
        x = held["images"][:, None].astype(np.float64) / 255
    people = pd.read_csv(data / "nih-cxr-1000" / "metadata.csv")
    people = people.set_axis([f"i{i:04d}" for i in range(len(people))])
    people["patient_id"] = people["patient_id"].astype(str)
    found = artefacts(Cohort(x, people, unit="patient_id"), view="view").to_frame()
    lying = (people["view"] == "AP").to_numpy()
    assert auc(found["view like AP"].to_numpy(), lying) > 0.9
