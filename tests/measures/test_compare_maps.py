"""Maps compared between groups: the definition, planted truth, people, what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from evenlight import codec
from evenlight.arrays import Float, Int, Values
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features
from evenlight.data.groups import Axes
from evenlight.data.space import Space
from evenlight.errors import (
    AttributionError,
    CohortError,
    EvenlightError,
    GroupError,
    InputError,
    UnknownName,
)
from evenlight.measures.compare import compare
from evenlight.measures.compare_maps import compare_maps
from evenlight.measures.map_rows import Flat
from evenlight.measures.map_testing import MapTesting
from evenlight.measures.mapped import MapComparison
from evenlight.measures.prepare import setting
from evenlight.measures.testing import Testing
from evenlight.measures.unlike_rows import alike
from tests.mapped_world import NOTHING, QUICK, Planted, chests, linear, looking

MADE = chests()
PHI = linear(MADE.cohort, looking(MADE))
FOUND = compare_maps(PHI, MADE.cohort, by="group", regions=MADE.regions, testing=QUICK)


def near(values: Values) -> Float:
    """Values (n, c, *s) of 11 people or more, those 4 SD away drawn in, one position at a time."""
    out = np.array(values, dtype=np.float64)
    t = min(10, (len(out) - 1) // 3)
    for at in np.ndindex(*out.shape[1:]):
        held = np.sort(out[(slice(None), *at)])
        centre = held[t:-t].mean()
        far = max(1.0, 4 / norm.isf((t + 0.5) / len(held)))
        low, high = (centre + far * (held[i] - centre) for i in (t, -t - 1))
        out[(slice(None), *at)] = np.clip(out[(slice(None), *at)], low, high)
    return out


def test_a_map_is_the_difference_of_group_means() -> None:
    """Effects are differences of mean maps in SD(f), pooled within groups, by definition."""
    at = MADE.cohort.grouping("group").codes
    maps, f = PHI.values[:, 0], PHI.total()
    told = [near(maps[at == g]).mean(axis=0) for g in (0, 1)]
    square = sum(((f[at == g] - f[at == g].mean()) ** 2).sum() for g in (0, 1))
    unit = np.sqrt(square / len(f))
    np.testing.assert_allclose(FOUND.mean[0] * unit, told, rtol=1e-3, atol=1e-9)
    np.testing.assert_allclose(
        FOUND.effect[0, 0] * unit, told[1] - told[0], rtol=1e-3, atol=2e-5 * np.abs(told).max()
    )


def test_the_mark_is_found_and_the_lesion_is_not_flagged_within_outcome() -> None:
    """A mark of one group differs whatever is given; the lesion of the ill only given nothing."""
    for given in ("nothing", "outcome"):
        view = FOUND.view("signed", given)
        regions = [one.region for one in FOUND.told(view)]
        assert regions[0] == MADE.mark_region
        assert (MADE.lesion_region in regions) == (given == "nothing")
        assert FOUND.significant(view)[MADE.mark].all()


def test_a_region_is_the_sum_of_its_positions() -> None:
    """What compare tells of a region is what the map tells of its positions, added up."""
    owner = MADE.regions.owners().reshape(MADE.labels.shape)
    group, ill = MADE.cohort.grouping("group").codes, MADE.cohort.y
    cell = (2 * ill + group).astype(np.int64)
    whole: dict[str, list[Int]] = {"nothing": [group], "outcome": [cell, group]}
    for given, parts in whole.items():
        phi = PHI.values.astype(np.float64)
        for part in parts:
            for own in np.unique(part):
                phi[part == own] = near(phi[part == own])
        drawn = replace(PHI, values=phi.astype(np.float32))
        regions = compare(
            drawn.by(MADE.regions), MADE.cohort, by="group",
            testing=Testing(draws=199, own_value=False),
        )  # fmt: skip
        view = regions.view("signed", given)
        found = regions.effect[view, 0] * regions.views[view].unit / FOUND.views[0].unit
        own = FOUND.effect[FOUND.view("signed", given), 0]
        added = np.bincount(owner.ravel(), weights=own.ravel())
        np.testing.assert_allclose(added, found, rtol=1e-3, atol=1e-5)


def test_some_views_alone_are_what_they_were() -> None:
    """Two views of a record keep their maps, means and clusters; one that is not there is told."""
    v = FOUND.view("magnitude", "outcome")
    some = FOUND.only(v, 0)
    assert [view.key for view in some.views] == [FOUND.views[i].key for i in (v, 0)]
    for new, old in enumerate((v, 0)):
        np.testing.assert_array_equal(some.effect[new], FOUND.effect[old])
        np.testing.assert_array_equal(some.significant(new), FOUND.significant(old))
        assert [c.mass for c in some.told(new)] == [c.mass for c in FOUND.told(old)]
    assert FOUND.only(0).means == ("signed",)
    with pytest.raises(UnknownName, match="no views"):
        FOUND.only(9)


def test_clusters_say_where_they_are() -> None:
    """A cluster has its size in the units of the space, its region, and a peak inside it."""
    one = FOUND.told()[0]
    steps = FOUND.space.spacing
    assert one.size == int((FOUND.cluster[0, 0] == 1).sum())
    assert one.volume == pytest.approx(one.size * steps[0] * steps[1])
    assert FOUND.cluster[0, 0][one.peak] == 1
    assert abs(FOUND.z[0, 0][one.peak]) == pytest.approx(np.abs(FOUND.z[0, 0]).max())
    assert one.p <= one.peak_p + 1e-12 or one.p <= 0.05
    assert one.share > 0.9
    frame = FOUND.to_frame()
    assert len(frame) == len(FOUND.clusters)
    assert frame["region"][0] == MADE.mark_region


def test_nothing_planted_is_cannot_tell_and_never_similar() -> None:
    """Where no cluster is found a map does not say that groups are alike."""
    made = chests(planted=NOTHING)
    found = compare_maps(linear(made.cohort, looking(made)), made.cohort, by="group", testing=QUICK)
    assert set(found.verdict.ravel()) <= {"cannot_tell", "different"}
    assert (found.verdict == "cannot_tell").mean() >= 0.75


def test_a_record_comes_back_from_json() -> None:
    """What is saved is what was found, byte by byte."""
    saved = json.dumps(codec.plain(FOUND))
    again = codec.restore(MapComparison, json.loads(saved))
    assert json.dumps(codec.plain(again)) == saved
    assert again.told()[0].region == FOUND.told()[0].region


def test_the_order_of_rows_changes_nothing() -> None:
    """Shuffled people give the same bytes."""
    order = np.random.default_rng(0).permutation(MADE.cohort.n)
    cohort = MADE.cohort.take(order)
    again = compare_maps(PHI, cohort, by="group", regions=MADE.regions, testing=QUICK)
    assert json.dumps(codec.plain(again)) == json.dumps(codec.plain(FOUND))


def test_images_of_one_person_are_one_person() -> None:
    """Every image twice changes neither maps nor p."""
    twice = np.repeat(np.arange(MADE.cohort.n), 2)
    people = MADE.cohort.people.iloc[twice].reset_index(drop=True)
    people.index = [f"{i:04d}" for i in range(len(people))]
    cohort = Cohort(
        MADE.cohort.dense()[twice], people, MADE.cohort.features, outcome="ill", unit="person",
        groups=["group"],
    )  # fmt: skip
    phi = replace(
        PHI, rows=cohort.rows,
        **{n: getattr(PHI, n)[twice] for n in ("values", "output", "base", "error", "converged")},
    )  # fmt: skip
    found = compare_maps(phi, cohort, by="group", testing=QUICK)
    reference = found.contrast("b", "a") if ("b", "a") in found.contrasts else 0
    np.testing.assert_allclose(
        np.abs(found.effect[0, reference]), np.abs(FOUND.effect[0, 0]), rtol=1e-3, atol=1e-9
    )
    assert found.n[0, 0].tolist() == sorted(FOUND.n[0, 0].tolist())


def test_a_small_level_is_shown_nowhere() -> None:
    """Five people of a third group enter no mean map, no contrast, and no SD."""
    people = MADE.cohort.people.copy()
    people["third"] = people["group"].astype(str)
    people.loc[people.index[:5], "third"] = "c"
    cohort = Cohort(
        MADE.cohort.dense(), people, MADE.cohort.features, outcome="ill", unit="person",
        groups=["third"],
    )  # fmt: skip
    found = compare_maps(PHI, cohort, by="third", testing=QUICK)
    c = found.levels.index("c")
    assert found.level_reason[c] == "suppressed (<11)"
    assert np.isnan(found.mean[:, c]).all()
    for i, pair in enumerate(found.contrasts):
        if "c" in pair:
            assert (found.verdict[:, i] == "not_estimable").all()
            assert np.isnan(found.effect[:, i]).all()
            assert not (found.cluster[:, i] > 0).any()
    again = replace(PHI, values=PHI.values.copy())
    again.values[:5] *= 7
    other = compare_maps(again, cohort, by="third", testing=QUICK)
    np.testing.assert_array_equal(other.z, found.z)


def test_rows_on_disk_give_the_same(tmp_path: Path) -> None:
    """A memory map is read by block, to the same maps."""
    held = np.lib.format.open_memmap(
        tmp_path / "phi.npy", mode="w+", dtype=np.float32, shape=PHI.values.shape
    )
    held[:] = PHI.values
    lazy: Any = held
    found = compare_maps(
        replace(PHI, values=lazy), MADE.cohort, by="group", regions=MADE.regions, testing=QUICK
    )
    np.testing.assert_allclose(found.effect, FOUND.effect, rtol=1e-4, atol=1e-10)
    assert [one.size for one in found.told()] == [one.size for one in FOUND.told()]


def test_channels_of_a_position_are_added_up() -> None:
    """Three channels that share a grey attribution give its map."""
    x = np.repeat(MADE.cohort.dense(), 3, axis=1)
    features = Features(("red", "green", "blue"), space=MADE.cohort.features.space)
    cohort = MADE.cohort.altered(x=x, features=features)
    phi = np.repeat(PHI.values / np.float32(3), 3, axis=1).astype(np.float32)
    found = compare_maps(
        replace(PHI, values=phi, features=features), cohort, by="group", testing=QUICK
    )
    np.testing.assert_allclose(found.effect, FOUND.effect, rtol=1e-3, atol=1e-8)


def test_a_gradient_that_all_share_differs_nowhere() -> None:
    """A linear model is as sensitive to a position in everybody, so no cluster is formed."""
    phi = linear(MADE.cohort, looking(MADE), sensitivity=True)
    found = compare_maps(phi, MADE.cohort, by="group", testing=QUICK)
    view = found.view("sensitivity")
    assert found.found[view].tolist() == [0]
    np.testing.assert_allclose(found.effect[view], 0.0, atol=1e-9)


def test_positions_outside_the_mask_are_not_asked() -> None:
    """A mask leaves out the mark: nothing is told there."""
    found = compare_maps(PHI, MADE.cohort, by="group", mask=~MADE.mark, testing=QUICK)
    assert (found.effect[..., MADE.mark] == 0).all()
    assert (found.cluster[..., MADE.mark] == 0).all()
    assert found.mask.sum() == (~MADE.mark).sum()


def test_a_covariate_is_held() -> None:
    """Beside brightness as a covariate an intensity shift of one group leaves no cluster."""
    made = chests(160, planted=Planted(intensity=(0.0, 0.12)))
    weights = np.full(made.labels.shape, 1 / made.labels.size)
    people = made.cohort.people.assign(brightness=made.truth["brightness"].to_numpy())
    plain = made.cohort.altered(people=people, outcome=None, outcome_kind=None)
    held = plain.altered(covariates=("brightness",))
    shifted, beside = (
        compare_maps(linear(c, weights), c, by="group", testing=QUICK) for c in (plain, held)
    )
    assert shifted.verdict[0, 0] == "different"
    assert not beside.told()


def test_smoothing_spreads_what_it_adds_up() -> None:
    """A wider Gaussian lowers the peak of the mark and keeps its sum inside the picture."""
    at, sigma = np.zeros((1, 1, 24, 24), dtype=np.float32), (2.0, 2.0)
    at[0, 0, 12, 12] = 1.0
    flat = next(Flat(at, np.ones((24, 24), dtype=bool), sigma).columns(slice(0, 576)))[1]
    assert flat.sum() == pytest.approx(1.0, abs=1e-3)
    assert flat.max() == pytest.approx(1 / (2 * np.pi * 4), rel=0.05)


def test_rows_that_did_not_converge_in_one_group_withhold_it() -> None:
    """With a fifth of one group's rows left out no map of that contrast is told."""
    bad = MADE.cohort.grouping("group").members("b") & (np.arange(MADE.cohort.n) % 5 == 0)
    found = compare_maps(replace(PHI, converged=~bad), MADE.cohort, by="group", testing=QUICK)
    assert (found.verdict == "not_estimable").all()
    assert "did not converge" in str(found.reason[0, 0])


def refused(**own: Any) -> None:
    """The call with one argument otherwise."""
    asked: dict[str, Any] = {
        "attributions": PHI, "cohort": MADE.cohort, "by": "group", "testing": QUICK, **own
    }  # fmt: skip
    compare_maps(asked.pop("attributions"), asked.pop("cohort"), **asked)


def unshared() -> Cohort:
    """The cohort, whose positions nobody says are the same."""
    space = Space(MADE.labels.shape)
    return MADE.cohort.altered(features=Features(("intensity",), space=space))


@pytest.mark.parametrize(
    ("own", "error", "words"),
    [
        ({"cohort": unshared()}, CohortError, "resample them to a template"),
        ({"attributions": PHI.by(MADE.regions)}, AttributionError, "not summed by sets"),
        ({"by": Axes("pc", np.zeros((3, 1)))}, GroupError, "by regions"),
        ({"mask": np.ones((3, 3))}, AttributionError, "give one of their shape"),
        ({"mask": np.zeros(MADE.labels.shape)}, AttributionError, "leaves no position"),
        ({"testing": 5}, AttributionError, "MapTesting"),
        ({"by": "nobody"}, EvenlightError, "nobody"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    own: dict[str, Any], error: type[Exception], words: str
) -> None:
    """Each error names the item and the remedy."""
    with pytest.raises(error, match=words):
        refused(**own)


def test_regions_of_another_shape_are_refused() -> None:
    """Regions must be of the maps' own positions."""
    other = chests().regions
    small = type(other).from_label_map(np.zeros((4, 4), dtype=int))
    with pytest.raises(AttributionError, match="from_label_map"):
        refused(regions=small)


@pytest.mark.parametrize("own", [{"forming": 0.3}, {"alpha": 0.9}, {"draws": 5}, {"smooth": -1.0}])
def test_testing_checks_itself(own: dict[str, Any]) -> None:
    """Numbers outside what they may be are an error at once."""
    with pytest.raises(InputError):
        MapTesting(**own)


def test_attributions_without_a_space_are_refused() -> None:
    """Columns of a table are no map."""
    cohort = MADE.cohort.altered(features=Features(("intensity",)))
    with pytest.raises(CohortError, match="same place"):
        compare_maps(PHI, cohort, by="group")


def test_a_record_says_what_it_holds() -> None:
    """One line names the grouping, the positions and the clusters."""
    assert "MapComparison by group of 24 x 24 positions: signed|nothing" in repr(FOUND)
    assert isinstance(PHI, Attributions)


def unlike_counts() -> Cohort:
    """People of whom those of one group have two images, and the others one."""
    made = chests(60, planted=NOTHING, images=2)
    codes, unit = made.cohort.grouping("group").codes, made.cohort.units
    first = np.zeros(made.cohort.n, dtype=bool)
    first[np.unique(unit, return_index=True)[1]] = True
    return made.cohort.take(np.flatnonzero(first | (codes == 1)))


def test_maps_of_unlike_numbers_of_images_are_of_as_many() -> None:
    """Beside single images of a group one image of each person is compared."""
    cohort = unlike_counts()
    phi = linear(cohort, looking(MADE))
    found = compare_maps(phi, cohort, by="group", testing=QUICK)
    assert (found.reason == "").all()
    here = setting(cohort, "group")
    made, chosen = alike(here)
    assert np.bincount(here.unit).max() == 2
    assert (np.bincount(made.unit) == 1).all()
    np.testing.assert_array_equal(np.flatnonzero(made.kept), np.flatnonzero(chosen))
    some = cohort.take(np.flatnonzero(chosen))
    alone = compare_maps(phi.at(some), some, by="group", testing=QUICK)
    group = some.grouping("group").codes
    at = [found.levels.index(name) for name in found.contrasts[0]]
    for v, view in enumerate(found.views[:3:2]):
        phi_there = phi.values[chosen].astype(np.float64)
        own = np.abs(phi_there) if view.name == "magnitude" else phi_there
        told = [near(own[group == g])[:, 0].mean(axis=0) for g in (0, 1)]
        np.testing.assert_allclose(
            found.effect[2 * v, 0] * view.unit, told[at[0]] - told[at[1]], rtol=1e-3, atol=1e-6
        )
    assert found.n[0, 0].tolist() == alone.n[0, 0].tolist()


def test_as_many_images_follow_the_group_with_the_fewest() -> None:
    """Where half of a group have one image and half two, so have the others; with chance by ids."""
    unit = np.repeat(np.arange(80), np.r_[np.tile([1, 2], 20), np.tile([4, 7], 20)])
    table = pd.DataFrame(
        {"who": [f"u{u:02d}" for u in unit], "g": np.where(unit < 40, "a", "b")},
        index=[f"r{i:03d}" for i in range(len(unit))],
    )
    of = Cohort(np.zeros((len(unit), 1)), table, ["x"], groups=["g"], unit="who")
    made, _ = alike(setting(of, "g"))
    images = np.bincount(made.unit)
    for g in (0, 1):
        assert sorted(images[made.unit_group == g]) == [1] * 20 + [2] * 20
    order = np.random.default_rng(0).permutation(of.n)
    again, _ = alike(setting(of.take(order), "g"))
    assert set(again.cohort.rows[again.kept]) == set(of.rows[made.kept])


def test_like_numbers_of_images_are_left_as_they_are() -> None:
    """Of two images of everybody none is left out."""
    made = chests(60, planted=NOTHING, images=2)
    here = setting(made.cohort, "group")
    assert alike(here)[0] is here
