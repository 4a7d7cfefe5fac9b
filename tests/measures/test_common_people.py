"""Maps of several groupings are of the same people: nobody is solved for, and no name shows."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from evenlight.arrays import Float, Text
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features, FeatureSets
from evenlight.data.groups import Groups
from evenlight.data.space import Space
from evenlight.errors import GroupError
from evenlight.measures.compare import compare
from evenlight.measures.compare_maps import compare_maps
from evenlight.measures.map_testing import MapTesting
from evenlight.measures.mapped import MapComparison
from evenlight.measures.testing import Testing

FEW = MapTesting(draws=20)
SIDE, RUNS = 16, 20
PARTS = np.kron(np.arange(4).reshape(2, 2), np.ones((SIDE // 2, SIDE // 2), dtype=np.int64))
REGIONS = FeatureSets.from_label_map(PARTS, shape=(1, SIDE, SIDE))
SEX: Text = np.where(np.arange(201) % 2, "f", "m")
RACE = np.array(["A", "B", "B"], dtype=object)[np.arange(201) % 3]
RACE[200] = "C"


def cohort(x: Float, groups: dict[str, Text]) -> Cohort:
    """People with one image each."""
    table = pd.DataFrame(groups, index=[f"p{i:03d}" for i in range(len(x))])
    features = Features(("intensity",), space=Space(x.shape[2:], shared="registered"))
    return Cohort(x.astype(np.float32), table, features, groups=list(groups), unit="row")


def attributed(of: Cohort) -> Attributions:
    """The sum of all positions, from 0 on."""
    x = of.dense()
    return Attributions.from_arrays(
        x, rows=of.rows.tolist(), features=of.features, base=0.0,
        output=x.reshape(len(x), -1).sum(axis=1),
    )  # fmt: skip


def total(found: MapComparison) -> Float:
    """The sum of maps over both of two levels, by the counts that are told."""
    shown = next(i for i, why in enumerate(found.reason[0]) if not why)
    levels, n = found.contrasts[shown], found.n[0, shown]
    mean = [found.mean[0, found.levels.index(name)] for name in levels]
    whole: Float = found.views[0].unit * (n[0] * mean[0] + n[1] * mean[1])
    return whole


@cache
def solved() -> tuple[Float, Float, Float]:
    """Regions of one hidden person: as they are, by two maps, by exact regions and a map."""
    out = np.empty((3, RUNS, 4))
    for r in range(RUNS):
        rng = np.random.default_rng(r)
        x = (
            rng.normal(size=(201, 1, SIDE, SIDE))
            + 0.7 * rng.normal(size=(201, 4))[:, PARTS][:, None]
        )
        of = cohort(x, {"sex": SEX, "race": RACE})
        made = attributed(of)
        maps = {by: total(compare_maps(made, of, by=by, testing=FEW)) for by in ("sex", "race")}
        regions = compare(
            made.by(REGIONS), of, by="sex", testing=Testing(draws=100, own_value=False)
        )
        n = [np.count_nonzero(level == SEX) for level in regions.levels]
        by_region = [np.bincount(PARTS.ravel(), m.ravel()) for m in (x[200, 0], *maps.values())]
        out[:, r] = by_region[0], by_region[1] - by_region[2], n @ regions.mean - by_region[1]
    return out[0], out[1], out[2]


def test_maps_of_two_groupings_do_not_tell_the_hidden_person() -> None:
    """What two maps differ by goes no further with the hidden person than chance."""
    true, by_maps, _ = solved()
    assert abs(np.corrcoef(true.ravel(), by_maps.ravel())[0, 1]) <= 2 / np.sqrt(RUNS)
    assert by_maps.std() < 0.03 * true.std()


def test_exact_regions_beside_a_map_tell_of_eleven() -> None:
    """Regions of everybody, less the map: the sum over eleven people, not one."""
    true, _, beside = solved()
    assert np.corrcoef(true.ravel(), beside.ravel())[0, 1] < 0.55
    assert beside.std() > 2.5 * true.std()


def test_redrawing_a_hidden_person_changes_no_map() -> None:
    """Maps by either grouping are the same whatever the hidden person's image is."""
    x = np.random.default_rng(1).normal(size=(201, 1, 8, 8))
    other = x.copy()
    other[200] = 9 * np.random.default_rng(2).normal(size=(1, 8, 8))
    for by in ("sex", "race"):
        found = []
        for image in (x, other):
            of = cohort(image, {"sex": SEX, "race": RACE})
            found.append(compare_maps(attributed(of), of, by=by, testing=FEW))
        for name in ("mean", "effect", "z", "critical", "n"):
            np.testing.assert_array_equal(getattr(found[0], name), getattr(found[1], name))


def test_a_grouping_that_is_not_declared_leaves_out_more() -> None:
    """Beside declared groupings another one with a hidden level is told of fewer people, by 11."""
    x = np.random.default_rng(1).normal(size=(201, 1, 8, 8))
    of = cohort(x, {"sex": SEX})
    labels = pd.Series(RACE, index=of.rows)
    whole = compare_maps(attributed(of), of, by="sex", testing=FEW)
    other = compare_maps(attributed(of), of, by=Groups.from_labels("race", labels), testing=FEW)
    shown = next(i for i, why in enumerate(other.reason[0]) if not why)
    assert whole.n[0, 0].sum() == 201
    assert other.n[0, shown].sum() == 201 - 11


def test_groupings_of_which_nobody_is_left_are_refused() -> None:
    """Sixteen people of a level, one of them hidden by another grouping: no maps of two levels."""
    x = np.random.default_rng(1).normal(size=(60, 1, 6, 6))
    labels = np.where(np.arange(60) < 16, "a", "b")
    other = np.where(np.arange(60) == 3, "x", "y")
    of = cohort(x, {"group": labels, "other": other})
    with pytest.raises(GroupError, match="merge small groups"):
        compare_maps(attributed(of), of, by="group", testing=FEW)


def named(bright: float = 1.0) -> tuple[Cohort, Cohort, Float]:
    """A group that is dark in its upper rows beside one that is not; one of the dark has a name."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(120, 1, 16, 16))
    x[:60, :, :6] = 0.0
    text = np.zeros((16, 16), dtype=bool)
    text[2:5] = rng.random((3, 16)) < 0.5
    marked = x.copy()
    marked[7, 0][text] = bright
    group = {"group": np.repeat(["a", "b"], 60)}
    return cohort(x, group), cohort(marked, group), text


@pytest.mark.parametrize("bright", [0.8, 2.0, 40.0])
def test_a_name_in_a_dark_group_is_in_no_map(bright: float) -> None:
    """Where a group is dark but for one person the difference and Z tell nothing of that one."""
    plain, marked, text = named(bright)
    found = [compare_maps(attributed(of), of, by="group", testing=FEW) for of in (plain, marked)]
    unit = found[0].views[0].unit
    for v, name in enumerate(("signed", "magnitude")):
        gap = found[1].effect[v, 0] * found[1].views[v].unit - found[0].effect[v, 0] * unit
        assert np.abs(gap[text]).max() < 2e-3 * bright / 60, name
        np.testing.assert_allclose(found[1].z[v, 0][text], found[0].z[v, 0][text], atol=1e-4)
    levels = found[1].mean[0, 1] - found[1].mean[0, 0]
    told = found[1].effect[0, found[1].contrasts.index(("b", "a"))]
    np.testing.assert_allclose(told, levels, atol=1e-4 * np.abs(levels).max())


def test_a_name_of_a_stratum_is_in_no_map() -> None:
    """The same within strata: dark are the ill of a group only, and one of these has a name."""
    plain, marked, text = named(2.0)
    x, y = plain.dense(), marked.dense()
    ill = np.arange(120) % 2
    lit = np.random.default_rng(9).normal(size=(30, 1, 6, 16))
    found = []
    for values in (x, y):
        values = values.copy()
        values[:60][ill[:60] == 0, :, :6] = lit
        people = plain.people.assign(ill=ill)
        of = replace_people(plain, values, people)
        found.append(compare_maps(attributed(of), of, by="group", testing=FEW))
    v = found[0].view("signed", "outcome")
    plain_map, marked_map = (one.effect[v, 0] * one.views[v].unit for one in found)
    gap = marked_map - plain_map
    assert np.abs(gap[text]).max() < 1e-3 * 2.0 / 60


def replace_people(of: Cohort, x: Float, people: pd.DataFrame) -> Cohort:
    """The same images' space, with other values and an outcome."""
    return Cohort(
        x.astype(np.float32), people, of.features, outcome="ill", groups=["group"], unit="row"
    )
