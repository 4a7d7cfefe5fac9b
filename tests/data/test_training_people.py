"""A summary of training tells no single person, and hangs on none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evenlight.codec import plain
from evenlight.data.left_out import on_many
from evenlight.data.training import TrainingSummary
from evenlight.data.usual import by_content, usual
from evenlight.errors import FeatureError

NAMES = ("age", "bmi", "creatinine", "rs123", "rare")


def patients(n: int = 800) -> np.ndarray:
    """Four ordinary columns, and a diagnosis that one person has."""
    rng = np.random.default_rng(0)
    return np.column_stack(
        [
            rng.normal(60, 10, n).round(1), rng.normal(27, 4, n).round(2),
            rng.normal(1, 0.3, n).round(2), rng.integers(0, 3, n), np.arange(n) == 417,
        ]
    )  # fmt: skip


def told(made: TrainingSummary) -> np.ndarray:
    """The covariance of the features that a summary tells."""
    own = made.principal
    with np.errstate(divide="ignore"):
        sd = np.where(own.weight > 0, 1 / own.weight, 0.0)
    return np.asarray((own.directions * own.variances) @ own.directions.T * sd[:, None] * sd)


def test_a_rare_value_gives_nobody_away(tmp_path: Path) -> None:
    """From the file, mean + (n - 1) cov is of no feature the row of the person who has it."""
    x = patients()
    TrainingSummary.of(x, NAMES).save(tmp_path / "training.npz")
    made = TrainingSummary.load(tmp_path / "training.npz")
    assert (made.features, made.still, made.still_at.tolist()) == (NAMES[:4], ("rare",), [0.0])
    rows = made.principal.mean + (made.n - 1) * told(made)
    for row in rows:  # before, the last of five was the person
        assert not np.isclose(x[:, :4], row, rtol=0.02).all(axis=1).any()
    x[400:410, 4] = 1  # ten and one: eleven people are a group
    assert TrainingSummary.of(x, NAMES).features == NAMES


def test_two_columns_that_differ_in_one_person_give_nobody_away() -> None:
    """Their difference would be that person's own; one of the two has no direction."""
    x = patients()[:, :4]
    x = np.column_stack([x, x[:, 3]])
    x[417, 4] = 2 - x[417, 4] + (x[417, 4] == 1)
    made = TrainingSummary.of(x, (*NAMES[:4], "rs124"))
    assert made.lone in (("rs123",), ("rs124",))
    apart = np.array([0, 0, 0, 1.0, -1.0])
    person = (x[417] - x.mean(axis=0)) * (apart @ x[417])
    assert not np.isclose((made.n - 1) * (told(made) @ apart), person, rtol=0.02)[:3].any()
    assert np.isfinite(made.held)
    assert made.held < 1.1


def test_no_direction_hangs_on_one_unit() -> None:
    """Of rows and of donors, the unit with an own direction has less than half of any after it."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(300, 6))
    x[7, 2] = 1e4
    for unit in (np.arange(300), np.repeat(np.arange(100), 3)):
        made, lone = on_many(x, unit)
        assert lone.tolist() == [False, False, True, False, False, False]
        assert (made.weight > 0).sum() == made.free == 5


def test_the_distance_is_not_lost_for_a_rare_value() -> None:
    """One carrier of 500 leaves people three SD away where they are; before they were at 0."""
    rng = np.random.default_rng(2)
    x = np.column_stack([rng.normal(size=(500, 5)), np.zeros(500)])
    x[0, 5] = 1
    made = TrainingSummary.of(x, tuple("abcdef"))
    assert made.held == pytest.approx(499 / 493, rel=0.05)
    assert made.distances(np.full((1, 5), 3.0))[0] == pytest.approx(3 * 5**0.5, rel=0.1)


@pytest.mark.parametrize("components", [None, 2])
def test_no_distance_depends_on_units(components: int | None) -> None:
    """Platelets a microlitre beside creatinine in mg/dl: as if each was divided by its SD."""
    rng = np.random.default_rng(3)
    x, here = rng.normal(size=(400, 3)), rng.normal((0, 5, 0), size=(50, 3))
    size, zero = np.array([60_000, 0.3, 1e-6]), np.array([250_000, 1.0, 0.0])
    one = TrainingSummary.of(x, ("a", "b", "c"), components=components)
    two = TrainingSummary.of(x * size + zero, ("a", "b", "c"), components=components)
    assert two.free == 3
    np.testing.assert_allclose(two.distances(here * size + zero), one.distances(here), rtol=1e-6)


def test_the_order_of_rows_is_in_no_byte() -> None:
    """The kind too is that of all donors, whoever stands first (before: of the first rows)."""
    rng = np.random.default_rng(4)
    depth = np.repeat([0.02, *[1.0] * 19], 100)
    x = rng.poisson(depth[:, None] * rng.gamma(2, 1.5, 40), size=(2000, 40)).astype(float)
    donor = np.repeat(np.arange(20), 100)
    made = [
        TrainingSummary.of(x[at], [f"g{j}" for j in range(40)], units=donor[at], components=2)
        for at in (np.arange(2000), np.arange(2000)[::-1], rng.permutation(2000))
    ]
    assert made[0].kind == "counts"
    assert plain(made[0]) == plain(made[1]) == plain(made[2])


def test_a_wide_table_has_as_many_directions_as_its_people_bear() -> None:
    """Sixty people of 200 features: six directions, and new people at a distance of 1."""
    rng, ratio = np.random.default_rng(5), []
    for _ in range(6):
        made = TrainingSummary.of(rng.normal(size=(60, 200)), [f"g{j}" for j in range(200)])
        new = (made.distances(rng.normal(size=(300, 200))) ** 2).mean() / made.free
        ratio.append(new / made.held)
    assert (len(made.principal.variances), made.free) == (6, 200)
    assert abs(np.mean(ratio) - 1) < 0.05
    with pytest.raises(FeatureError, match="60 training units for 20 directions, fewer than 10"):
        TrainingSummary.of(rng.normal(size=(60, 200)), [f"g{j}" for j in range(200)], components=20)


def test_a_handful_of_people_is_not_summed_up() -> None:
    """Three, or eleven of whom all but five have one value."""
    rng = np.random.default_rng(6)
    with pytest.raises(FeatureError, match="3 training units; a summary needs 11 or more"):
        TrainingSummary.of(rng.normal(size=(3, 2)), ("a", "b"))
    with pytest.raises(FeatureError, match="nothing is left to sum up"):
        TrainingSummary.of((np.arange(30) < 5)[:, None].astype(float), ("a",))


def test_the_usual_value_is_that_of_most_units() -> None:
    """By a loop; rows of one donor are one, and NaN is no other value."""
    rng = np.random.default_rng(7)
    x = (rng.random((200, 6)) < np.linspace(0, 0.3, 6)).astype(float)
    x[rng.random((200, 6)) < 0.1] = np.nan
    unit = rng.permutation(np.repeat(np.arange(50), 4))
    made = usual(x, unit)
    assert made.value.tolist() == [0.0] * 6
    for j in range(6):
        rows = x[:, j] == 1
        assert made.others[j] == len(set(unit[rows].tolist()))
        assert made.varied[j] == pytest.approx(rows.mean())
    order = by_content(np.nan_to_num(x))
    turned = by_content(np.nan_to_num(x[::-1]))
    np.testing.assert_array_equal(np.nan_to_num(x)[order], np.nan_to_num(x[::-1])[turned])
