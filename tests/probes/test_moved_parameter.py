"""Intensity, spread and size moved from one value to another, the same for everyone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evenlight.arrays import Float
from evenlight.cohorts.phantom import Planted, phantom
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.errors import FeatureError, ModelError, UnknownName
from evenlight.probes.image_parameters import PARAMETERS, Parameter, size, with_size
from evenlight.probes.moved_parameter import moved_parameter

SIDE = 24
GRID = np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE), indexing="ij"))


def discs(radius: Float, *, seed: int = 0) -> Float:
    """Bright discs of these radii in noise, (n, 1, 24, 24)."""
    rng = np.random.default_rng(seed)
    middle = 11.5 + rng.uniform(-1, 1, (len(radius), 2, 1, 1))
    away = np.sqrt(((GRID - middle) ** 2).sum(axis=1))
    made: Float = (away < radius[:, None, None]) + 0.05 * rng.normal(size=away.shape)
    return made[:, None]


def cohort(n: int = 60) -> Cohort:
    """Discs are larger in group b."""
    b = np.arange(n) % 2 == 1
    radius = np.random.default_rng(1).uniform(4, 6, n) + 2 * b
    people = pd.DataFrame({"group": np.where(b, "b", "a")}, index=[f"r{i:02d}" for i in range(n)])
    return Cohort(discs(radius), people, groups=["group"], unit="row")


def area(x: Float) -> Float:
    """How much is bright, saturating."""
    told: Float = np.tanh((x[:, 0] > 0.5).sum((1, 2)) / 150)
    return told


@pytest.mark.parametrize("name", list(PARAMETERS))
def test_what_is_set_is_read_again(name: str) -> None:
    """Each parameter, set to a value, is measured as that value within 5 %; zero stays itself."""
    x, inside = discs(np.array([4.0, 5.0, 7.0])), np.ones((SIDE, SIDE), dtype=bool)
    x = -x if name == "dark size" else x
    one = PARAMETERS[name]
    for to in np.quantile(one.measured(x, inside), (0.1, 0.9)):
        moved = one.moved(x, inside, float(to))
        np.testing.assert_allclose(one.measured(moved, inside), to, rtol=0.05)


def test_the_size_of_a_disc_is_its_area() -> None:
    """The side is the root of the number of bright positions, and not of its brightness."""
    x, inside = discs(np.array([4.0, 7.0])), np.ones((SIDE, SIDE), dtype=bool)
    np.testing.assert_allclose(size(x, inside), np.sqrt(np.pi) * np.array([4, 7]), rtol=0.06)
    np.testing.assert_allclose(size(3 * x + 1, inside), size(x, inside))


def test_positions_outside_of_a_region_stay() -> None:
    """A region is moved, and nothing else."""
    x, inside = discs(np.array([5.0])), np.zeros((SIDE, SIDE), dtype=bool)
    inside[4:20, 4:20] = True
    for one in (PARAMETERS["size"], PARAMETERS["intensity"], PARAMETERS["spread"]):
        moved = one.moved(x, inside, 1.1 * float(one.measured(x, inside)[0]))
        np.testing.assert_array_equal(moved[..., ~inside], x[..., ~inside])
        assert (moved[..., inside] != x[..., inside]).any()


def test_the_same_move_is_worth_the_same_though_sizes_differ() -> None:
    """Discs differ between groups, the contrast of a saturating use of their area does not."""
    people = cohort()
    made = moved_parameter(area, people, "size")
    b = (people.people["group"] == "b").to_numpy()
    own = area(people.dense())
    assert own[b].mean() - own[~b].mean() > 0.15
    assert abs(made.margin[b].mean() - made.margin[~b].mean()) < 0.03
    assert made.kind == "common"
    assert made.margin.mean() > 0.2


def test_an_intensity_moves_a_sum_by_its_positions() -> None:
    """A sum over a region of 9 positions moves by nine times the step, in that region alone."""
    labels = np.zeros((SIDE, SIDE), dtype=int)
    labels[:3, :3], labels[5:, 5:] = 1, 2
    sets = FeatureSets.from_label_map(labels, shape=(1, SIDE, SIDE))
    made = moved_parameter(
        lambda x: x[:, 0, :3, :3].sum((1, 2)), cohort(), "intensity", levels=(0.0, 0.5), sets=sets
    )
    np.testing.assert_allclose(made.margin, [[0.0, 4.5, 0.0]] * 60, atol=1e-9)
    assert (made.low[1], made.high[1]) == ("intensity 0", "intensity 0.5")


def test_the_heart_of_a_volume_and_of_an_image_is_resized() -> None:
    """The generated chest's bright heart and the head's dark ventricles are read and set."""
    for dims, region, name in ((2, "heart", "size"), (3, "ventricles", "dark size")):
        made = phantom(24, dims=dims, planted=Planted(size=(1.0, 1.3)), rng=2)
        at = made.regions.names.index(region)
        sets = FeatureSets((region,), made.regions.features, made.regions.membership[[at]])
        axes = tuple(range(1, dims + 2))
        moved = moved_parameter(lambda x, axes=axes: x.sum(axes), made.cohort, name, sets=sets)
        assert moved.subjects == (region,)
        assert (np.sign(moved.margin.mean()) > 0) == (dims == 2)


def test_a_parameter_of_ones_own_is_moved() -> None:
    """Two functions make a parameter."""
    own = Parameter(
        "first", lambda x, inside: x[:, 0, 0, 0],
        lambda x, inside, to: np.concatenate([np.full_like(x[..., :1], to), x[..., 1:]], axis=-1),
    )  # fmt: skip
    made = moved_parameter(lambda x: x[:, 0, 0, 0], cohort(), own, levels=(0.0, 2.0))
    np.testing.assert_allclose(made.margin, 2.0)


def test_what_cannot_be_moved_is_said() -> None:
    """Unknown names, flat regions, levels that are equal, tables and other sets are errors."""
    people = cohort(12)
    with pytest.raises(UnknownName, match="known: intensity"):
        moved_parameter(area, people, "brightnes")
    with pytest.raises(FeatureError, match="two numbers that differ"):
        moved_parameter(area, people, "intensity", levels=(1.0, 1.0))
    flat = people.altered(x=np.ones((12, 1, SIDE, SIDE)))
    with pytest.raises(ModelError, match="12 of 12 rows"):
        moved_parameter(area, flat, "size")
    with pytest.raises(FeatureError, match="does not vary"):
        moved_parameter(area, flat, "intensity")
    with pytest.raises(ModelError, match="go to contrasts"):
        moved_parameter(area, people.altered(x=np.ones((12, 3))), "intensity")


def test_size_of_rows_without_anything_bright_is_unknown() -> None:
    """A flat row has no size and is left as it is."""
    x, inside = np.ones((1, 1, 6, 6)), np.ones((6, 6), dtype=bool)
    assert np.isnan(size(x, inside)).all()
    np.testing.assert_array_equal(with_size(x, inside, 3.0), x)
