"""How far units are from training: block by block, in one reading for all fields."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evenlight.data.cohort import Cohort
from evenlight.data.training import TrainingSummary
from evenlight.measures import far_units as module
from evenlight.measures.demographics import demographics
from evenlight.measures.far_units import far_units
from evenlight.stats.mean_shift import pairs

RNG = np.random.default_rng(0)


def cells() -> tuple[Cohort, np.ndarray]:
    """1 to 5 rows of 60 donors in six features, in no order."""
    donor = RNG.permutation(np.repeat(np.arange(60), RNG.integers(1, 6, 60)))
    people = pd.DataFrame(
        {"donor": [f"d{i:02d}" for i in donor], "sex": np.where(donor % 3, "f", "m")},
        index=[f"r{i:03d}" for i in RNG.permutation(len(donor))],
    )
    x = RNG.normal(size=(len(donor), 6)) + RNG.normal(size=(60, 6))[donor]
    return Cohort(x, people, list("abcdef"), unit="donor"), np.arange(60) % 3


@pytest.mark.parametrize("components", [None, 2])
def test_blocks_are_what_a_loop_over_donors_is(
    components: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mean scores and squares of each donor, whatever the size of a block."""
    cohort, third = cells()
    summary = TrainingSummary.of(RNG.normal(size=(300, 6)), list("abcdef"), components=components)
    level = np.where(third == 2, -1, third)
    own = summary.principal
    z = own.apart(cohort.dense())
    both = [own.scores(z)] + ([own.beyond(z) / own.rest**0.5] if own.rest else [])
    score = np.hstack(both)
    means = np.stack([score[cohort.units == i].mean(axis=0) for i in range(60)])
    square = (score**2).sum(axis=1) / 6
    for entries in (1, 100, 8_000_000):
        monkeypatch.setattr(module, "ENTRIES", entries)
        far = far_units(cohort, summary, [(level, 2), (np.zeros(60, dtype=int), 1)])
        slow = [square[cohort.units == i].mean() for i in range(60)]
        np.testing.assert_allclose(far.squares, slow)
        for field, at in ((0, level == 1), (1, level == level)):
            wanted, found = pairs(means[at]), far.pairs(field, 1 - field, at)
            assert found.total == pytest.approx(wanted.total)
            np.testing.assert_allclose(found.own, wanted.own)
            np.testing.assert_allclose(found.along, wanted.along)


def test_what_is_in_no_distance_is_said() -> None:
    """A rare value, and rows where a sum that always held in training does not hold."""
    rng = np.random.default_rng(1)
    kind = np.eye(4)[rng.integers(0, 4, 300)]
    x = np.column_stack([kind, rng.normal(size=300), np.arange(300) == 3])
    summary = TrainingSummary.of(x, list("abcdef"))
    here = np.column_stack(
        [np.eye(4)[rng.integers(0, 4, 100)], rng.normal(size=(100, 1)), kind[:100, 0]]
    )
    here[:30, :4] = 0.0  # a fifth kind
    people = pd.DataFrame({"sex": ["f", "m"] * 50}, index=[f"p{i:02d}" for i in range(100)])
    for at, wanted in ((slice(None), True), (slice(30, None), False)):
        made = Cohort(here[at], people[at], list("abcdef"), unit="row")
        notes = " ".join(demographics(made, fields={"sex": "sex"}, training=summary).notes)
        assert "f is not in the distance from training: fewer than 11 training units" in notes
        assert ("About 30 % of the units have rows outside of all directions" in notes) == wanted


def test_heavy_tails_are_said_to_break_the_limits() -> None:
    """Lognormal values of sigma 1.5 are, near normal ones not; one extreme is no direction."""
    rng = np.random.default_rng(2)
    people = pd.DataFrame({"sex": ["f", "m"] * 50}, index=[f"p{i:02d}" for i in range(100)])
    for sigma, wanted in ((1.5, True), (0.1, False)):
        x = np.exp(sigma * rng.normal(size=(500, 6)))
        made = Cohort(x[:100], people, list("abcdef"), unit="row")
        said = demographics(
            made, fields={"sex": "sex"}, training=TrainingSummary.of(x, list("abcdef"))
        )
        assert any("a few units lie much further" in note for note in said.notes) == wanted
    one = np.r_[1e6, rng.normal(size=299)][:, None]
    made = Cohort(rng.normal(size=(100, 1)), people, ["a"], unit="row")
    said = demographics(made, fields={"sex": "sex"}, training=TrainingSummary.of(one, ["a"]))
    assert "every direction hangs on one training unit alone" in said.parts.training_why[0]
