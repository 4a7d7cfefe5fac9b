"""How few people a condition of a reliance loses cannot be read from its counts."""

from __future__ import annotations

import numpy as np
import pytest

from evenlight.data.attributions import Attributions
from evenlight.measures.reliance import Reliance
from evenlight.measures.rely import rely
from tests.lever_world import NAMES
from tests.measures.test_small_losses import alone


def found(lost: int, unknown: int = 0) -> Reliance:
    """Reliance of 400 people, `lost` of B at a site of their own, `unknown` without an outcome."""
    cohort = alone(lost, unknown)
    x = cohort.columns(range(4))
    made = Attributions.from_arrays(
        x, rows=cohort.rows.tolist(), features=NAMES, output=x.sum(axis=1), base=0.0
    )
    return rely(made, cohort, by="anc")


@pytest.mark.parametrize("lost", [1, 3, 10])
def test_a_small_loss_is_told_as_ten(lost: int) -> None:
    """1 to 10 people without a partner in their site are told as ten, whatever their number."""
    assert found(lost).n.tolist() == [400, 400, 390]


def test_a_large_loss_and_none_are_told_as_they_are() -> None:
    """Eleven who are dropped are told, and so is nobody."""
    assert found(11).n.tolist() == [400, 400, 389]
    assert found(0).n.tolist() == [400, 400, 400]


@pytest.mark.parametrize(("lost", "unknown"), [(3, 4), (12, 2), (2, 15)])
def test_no_two_counts_differ_by_one_to_ten_people_in_truth(lost: int, unknown: int) -> None:
    """Losses on losses: each difference that is told is 0, 10, or 11 and more."""
    n = found(lost, unknown).n
    apart = np.abs(n[:, None] - n[None, :]).ravel()
    assert set(apart[apart < 10].tolist()) == {0}
    exact = np.array([400, 400 - unknown, 400 - unknown - lost])
    assert (n <= exact).all()


def minority(lost: int) -> Reliance:
    """Reliance of few people of B beside many of A, `lost` of B at a site of their own."""
    people = alone(lost)
    b = np.flatnonzero(people.people["anc"].to_numpy() == "B")
    cohort = people.take(np.delete(np.arange(people.n), b[19:]))
    x = cohort.columns(range(4))
    made = Attributions.from_arrays(
        x, rows=cohort.rows.tolist(), features=NAMES, output=x.sum(axis=1), base=0.0
    )
    return rely(made, cohort, by="anc")


def test_the_share_of_a_small_group_tells_no_small_loss() -> None:
    """What the page says of how little a group weighs is the same for a loss of 2 and of 7."""
    two, seven = (minority(lost).population[2] for lost in (2, 7))
    assert "B is" in two
    assert two == seven
