"""Generated people with images: what is planted is there, and nothing else is."""

from __future__ import annotations

import numpy as np
import pytest

from evenlight.cohorts.anatomy import BY_DIMS, anatomy, grid, labels, stamp
from evenlight.cohorts.phantom import NOTHING, SHORTCUT, Phantom, Planted, phantom
from evenlight.data.space import shared_space
from evenlight.errors import CohortError

BOTH = pytest.mark.parametrize("dims", [2, 3])


def apart(made: Phantom, values: np.ndarray) -> np.ndarray:
    """Difference of means b - a over its standard error, (n, *s) -> (*s)."""
    codes = made.cohort.grouping("group").codes
    a, b = (np.asarray(values[codes == g], dtype=float) for g in (0, 1))
    error = np.sqrt(a.var(axis=0, ddof=1) / len(a) + b.var(axis=0, ddof=1) / len(b))
    out: np.ndarray = (b.mean(axis=0) - a.mean(axis=0)) / np.maximum(error, 1e-12)
    return out


@BOTH
def test_the_same_seed_gives_the_same_images(dims: int) -> None:
    """People, images and marks hang on the generator alone."""
    one, two, other = (phantom(12, dims=dims, rng=seed) for seed in (3, 3, 4))
    assert one.cohort.digest == two.cohort.digest != other.cohort.digest
    assert one.truth.equals(two.truth)


@BOTH
def test_images_lie_on_a_template_and_regions_cover_them(dims: int) -> None:
    """Maps may be averaged, each position is in one region, and the lesion is in its own."""
    made = phantom(8, dims=dims)
    space = shared_space(made.cohort.features.space, what="a map")
    assert space.shape == made.labels.shape == made.cohort.x.shape[2:]
    assert len(made.regions.owners()) == made.labels.size
    named = dict(enumerate(made.regions.names))
    peak = np.unravel_index(made.lesion.argmax(), made.lesion.shape)
    assert named[made.labels[peak]] == made.lesion_region
    assert {named[label] for label in made.labels[made.mark]} == {made.mark_region}


@BOTH
def test_no_other_region_comes_near_the_mark(dims: int) -> None:
    """A filter that reaches 6 positions sees the mark or another region, never both."""
    for side in (BY_DIMS[dims].least, 20 if dims == 3 else 32):
        named, _ = labels(anatomy(dims), (side,) * dims)
        other, mark = np.argwhere(named != 1), np.argwhere(stamp((side,) * dims))
        away = np.abs(other[:, None] - mark[None]).max(axis=2)
        assert away.min() > 6


@BOTH
def test_a_pair_differs_by_the_mark_and_nothing_else(dims: int) -> None:
    """Everyone or nobody has it; the cohort itself has it where the truth says so."""
    made = phantom(20, dims=dims)
    there, gone = made.paired(marked=True), made.paired(marked=False)
    differs = (there.dense() != gone.dense())[:, 0]
    assert (differs == made.mark).all()
    assert (there.dense()[:, 0, made.mark] == np.float32(made.bright)).all()
    for i, marked in enumerate(made.truth["mark"]):
        wanted = (there if marked else gone).dense()[i]
        np.testing.assert_array_equal(made.cohort.dense()[i], wanted)
    assert there.digest != gone.digest


@BOTH
@pytest.mark.parametrize(
    "planted",
    [
        Planted(severity=(0.7, 1.4)), Planted(intensity=(0.0, 0.1)), Planted(size=(1.0, 1.12)),
        Planted(mark=(0.1, 0.8)),
    ],
)  # fmt: skip
def test_the_same_seed_gives_the_same_people_whatever_is_planted(
    dims: int, planted: Planted
) -> None:
    """A pair with and without a difference: group a keeps every number, and so do ill and well."""
    with_it, without = (phantom(16, dims=dims, planted=p, rng=3) for p in (planted, NOTHING))
    assert with_it.cohort.people.equals(without.cohort.people)
    a = with_it.cohort.grouping("group").codes == 0
    clean = np.abs(with_it.clean - without.clean).reshape(16, -1).max(axis=1)
    if planted.severity == (1.0, 1.0):
        assert (clean[a] == 0).all()
    lesion, well = with_it.truth["lesion"].to_numpy(), without.cohort.y == 0
    assert (lesion[well] == 0).all()
    assert (clean[~a].max() > 0) == (planted.mark == (0.0, 0.0))


def test_shares_and_sizes_are_those_planted() -> None:
    """Each difference is found in the truth at its size, and what was not planted is alike."""
    planted = Planted((0.2, 0.6), (0.1, 0.8), (1.0, 1.5), (0.0, 0.2), (1.0, 1.2))
    made = phantom(2000, side=24, planted=planted, rng=1)
    truth = made.truth.assign(ill=made.cohort.y)
    b = made.cohort.grouping("group").codes == 1
    for name, pair in (("ill", (0.2, 0.6)), ("mark", (0.1, 0.8)), ("size", (1.0, 1.2))):
        for at, value in ((~b, pair[0]), (b, pair[1])):
            assert truth[name][at].mean() == pytest.approx(value, abs=0.04)
    shift = truth["brightness"]
    assert shift[b].mean() - shift[~b].mean() == pytest.approx(0.2, abs=0.01)
    ill = truth["ill"] == 1
    assert truth["lesion"][b & ill].mean() == pytest.approx(1.5, abs=0.05)
    assert (truth["lesion"][~ill] == 0).all()
    assert planted.differs == ("prevalence", "mark", "severity", "intensity", "size")


@BOTH
def test_without_differences_no_position_differs(dims: int) -> None:
    """No group difference beyond chance; with marks, none but where the mark lies."""
    made = phantom(200, dims=dims, planted=NOTHING, rng=2)
    z = apart(made, made_x(made))
    assert 0.8 < z.std() < 1.2
    assert not made.truth["mark"].any()
    only = Planted(mark=(0.1, 0.8))
    made = phantom(200, dims=dims, planted=only, rng=2)
    z = apart(made, made_x(made))
    assert (np.abs(z[made.mark]) > 8).all()
    assert np.abs(z[~made.mark]).max() < 5.5


def made_x(made: Phantom) -> np.ndarray:
    """Images (n, *s) of the one channel."""
    out: np.ndarray = made.cohort.dense()[:, 0]
    return out


def test_a_lesion_is_where_it_is_said_to_be() -> None:
    """The mean image of the ill less that of the healthy is the usual lesion, blurred by jitter."""
    made = phantom(1500, planted=NOTHING, rng=5)
    ill = made.cohort.y == 1
    x = made_x(made)
    gap = x[ill].mean(axis=0) - x[~ill].mean(axis=0)
    assert np.corrcoef(gap.ravel(), made.lesion.ravel())[0, 1] > 0.97
    np.testing.assert_allclose(gap.sum(), made.lesion.sum(), rtol=0.1)


def test_images_of_one_person_share_the_anatomy_and_not_the_noise() -> None:
    """Several images are one unit, of one group and outcome; they are no copies."""
    made = phantom(30, images=3, rng=6)
    assert (made.cohort.n, made.cohort.u) == (90, 30)
    assert made.truth["size"].nunique() == 30
    assert len(np.unique(made_x(made)[:, 0, 0])) == 90
    assert made.truth["mark"].groupby(made.cohort.units).nunique().max() == 2


def test_people_that_are_taken_keep_their_truth() -> None:
    """Rows, truth and pairs of some of them."""
    made = phantom(20)
    some = made.take(np.arange(20) % 2 == 1)
    assert list(some.truth.index) == list(some.cohort.people.index)
    np.testing.assert_array_equal(
        some.paired(marked=True).dense(), made.paired(marked=True).dense()[1::2]
    )
    assert "10 images" in repr(some)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"dims": 4}, "wanted 2"),
        ({"side": 8}, "needs at least 24"),
        ({"people": 1}, "at least 2"),
        ({"images": 0}, "at least 2 with 1"),
    ],
)
def test_what_cannot_be_drawn_is_refused(asked: dict[str, int], told: str) -> None:
    """Each error names what was asked and what is wanted."""
    with pytest.raises(CohortError, match=told):
        phantom(**asked)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "asked", [{"mark": (0.1, 1.4)}, {"prevalence": (-0.1, 0.2)}, {"size": (1.0, 0.0)}]
)
def test_what_cannot_be_planted_is_refused(asked: dict[str, tuple[float, float]]) -> None:
    """Shares lie from 0 to 1, factors are positive."""
    with pytest.raises(CohortError, match=next(iter(asked))):
        Planted(**asked)


def test_a_shortcut_is_what_its_name_says() -> None:
    """The mark goes with the group, the group with the outcome, and the mark with neither more."""
    made = phantom(4000, side=24, rng=7)
    assert made.planted is SHORTCUT
    mark, ill = made.truth["mark"].to_numpy(), made.cohort.y
    b = made.cohort.grouping("group").codes == 1
    assert np.corrcoef(mark, ill)[0, 1] > 0.2
    for at in (b, ~b):
        assert abs(np.corrcoef(mark[at], ill[at])[0, 1]) < 0.07


def test_coordinates_run_from_one_side_to_the_other() -> None:
    """The first position is -1 and the last is 1, along each axis."""
    at = grid((3, 5))
    assert at.shape == (2, 3, 5)
    assert at[0, :, 0].tolist() == [-1.0, 0.0, 1.0]
