"""What pairs say is true of regions: against closed forms of a model that adds up positions."""

from __future__ import annotations

import numpy as np
import pytest

from evenlight.arrays import Float
from evenlight.cohorts.phantom import GROUP, NOTHING, SHORTCUT, Phantom, Planted, phantom
from evenlight.qualify.cases.phantom_truth import Truth, truth, worlds
from evenlight.qualify.drawn import Asked
from evenlight.qualify.told import Told, score


def added(made: Phantom) -> Float:
    """The mean of each region (n, p)."""
    sets = made.regions
    size = np.asarray(sets.membership.sum(axis=1)).reshape(-1)
    out: Float = (sets.membership @ made.cohort.dense().reshape(made.cohort.n, -1).T).T / size
    return out


def true_of(planted: Planted, *, dims: int = 2) -> tuple[Phantom, Truth]:
    """People of a world, and the truth of the sums over their regions."""
    held = phantom(400, dims=dims, planted=planted, rng=1)
    return held, truth(added, held, added(held), dims=dims, seed=2)


def test_where_nothing_is_planted_nothing_differs() -> None:
    """No world has a weight, and every region is null."""
    assert worlds(NOTHING) == {}
    _, found = true_of(NOTHING)
    assert (found.effect == 0).all()
    assert found.null.all()
    assert not found.plain.any()


def test_a_mark_is_true_of_its_corner_alone() -> None:
    """Prevalence is held with the outcome; the corner differs by 70 % of a mark, to rounding."""
    held, found = true_of(SHORTCUT)
    corner = held.regions.names.index(held.mark_region)
    step = added_by(held)[corner]
    assert found.effect[corner] == pytest.approx(0.7 * step, rel=0.02)
    assert np.flatnonzero(~found.null).tolist() == np.flatnonzero(found.plain).tolist() == [corner]


def added_by(held: Phantom) -> Float:
    """What the mark adds to the mean of each region (p,)."""
    x = held.paired(marked=True).dense() - held.paired(marked=False).dense()
    flat = x.reshape(len(x), -1).mean(axis=0)
    size = np.asarray(held.regions.membership.sum(axis=1)).reshape(-1)
    out: Float = (held.regions.membership @ flat) / size
    return out


def test_brighter_images_differ_everywhere_by_what_was_added() -> None:
    """Each region by 0.1, whatever the share of the ill."""
    _, found = true_of(Planted(intensity=(0.0, 0.1)))
    np.testing.assert_allclose(found.effect, 0.1, atol=1e-6)
    assert found.plain.all()


def test_brighter_lesions_weigh_by_the_outcomes() -> None:
    """The lung by the lesion's own mean times how many of those compared are ill."""
    held, found = true_of(Planted(severity=(0.7, 1.4)))
    lung = held.regions.names.index(held.lesion_region)
    b = held.cohort.grouping(GROUP).codes == 1
    pairs = [(held.cohort.y == y) & g for y in (0, 1) for g in (b, ~b)]
    a_well, b_well, a_ill, b_ill = (int(one.sum()) for one in pairs)
    weight = [m * n / (m + n) for m, n in ((a_well, b_well), (a_ill, b_ill))]
    inside = np.flatnonzero(np.asarray(held.regions.membership[[lung]].todense()).ravel())
    whole = 0.7 * held.lesion.ravel()[inside].mean() * weight[1] / sum(weight)
    assert found.effect[lung] == pytest.approx(whole, rel=0.1)
    assert found.plain[lung]


def test_the_truth_is_what_a_large_cohort_shows() -> None:
    """Larger hearts: the difference of 2,000 chests lies near that of pairs, in every region."""
    planted = Planted(size=(1.0, 1.2))
    _, found = true_of(planted)
    many = phantom(2000, planted=planted, rng=5)
    values, b = added(many), many.cohort.grouping(GROUP).codes == 1
    gap = values[b].mean(axis=0) - values[~b].mean(axis=0)
    error = np.sqrt(values[b].var(axis=0) / b.sum() + values[~b].var(axis=0) / (~b).sum())
    assert (np.abs(gap - found.effect) < 5 * error).all()
    named = dict(zip(many.regions.names, found.effect, strict=True))
    assert max(named, key=lambda name: abs(named[name])) == "heart"
    assert abs(named["heart"]) > 10 * error[many.regions.names.index("heart")]
    assert named["marker corner"] == pytest.approx(0.0, abs=1e-6)


def test_marks_and_other_differences_make_four_worlds() -> None:
    """With and without the mark, as in a and as in b; weights add up to nothing."""
    found = worlds(Planted(mark=(0.1, 0.8), intensity=(0.0, 0.1)))
    assert len(found) == 4
    assert sum(found.values()) == pytest.approx(0.0)
    assert all(not world.differs for world in found)


def test_an_interval_is_judged_by_the_error_of_the_truth_as_well() -> None:
    """Three errors off is outside where the truth is exact, and inside where it is as uncertain."""
    p, none = np.full((1, 1), 0.5), np.zeros(1, dtype=bool)
    told = Told(p, none, none, np.array([-2.0]), np.array([2.0]), simultaneous=True)
    for error, held in ((0.0, 0.0), (1.0, 0.0), (2.0, 1.0)):
        asked = Asked("difference", none, ~none, np.array([3.0]), error=np.array([error]))
        assert score(told, asked, ("a",))["covered"] == held
