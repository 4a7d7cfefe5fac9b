"""The recorded attribute changed, all else held."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evenlight.cohorts import PHARMACOGENETIC, warfarin
from evenlight.data.coefficients import CoefficientTable
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features, Indicators
from evenlight.errors import FeatureError
from evenlight.probes.flip import flip

X = pd.DataFrame(
    {
        "age": [1.0, 2, 3, 4],
        "male": [0.0, 1, 0, 1],
        "race A": [1.0, 0, 0, 0],
        "race B": [0.0, 1, 0, 0],
    },
    index=list("pqrs"),
)
RACE = Indicators("race", {"race A": "A", "race B": "B"}, "W")
COHORT = Cohort(
    X, pd.DataFrame({"y": X["age"]}), Features(tuple(map(str, X)), None, (RACE,)), outcome="y"
)
TABLE = CoefficientTable(
    "dose", 1.0, {"age": 1.0, "male": 0.5, "race A": -1.0, "race B": 2.0}, link="square"
)


def test_every_row_is_set_to_every_state() -> None:
    """Margins written out by hand: 1 + age + 0.5 male + the state's weight."""
    made = flip(TABLE, COHORT, "race")
    assert made.states == ("W", "A", "B")
    assert made.recorded.tolist() == [1, 2, 0, 0]
    rest = 1 + X["age"].to_numpy() + 0.5 * X["male"].to_numpy()
    np.testing.assert_allclose(made.margin, rest[:, None] + np.array([0.0, -1.0, 2.0]))
    np.testing.assert_allclose(made.response, made.margin**2)
    np.testing.assert_allclose(made.change("B", "W", scale="margin"), [-2.0])


def test_at_the_recorded_state_nothing_changes() -> None:
    """The output at each row's own state is the prediction."""
    made = flip(TABLE, COHORT, "race")
    own = made.margin[np.arange(4), made.recorded]
    np.testing.assert_allclose(own, X.to_numpy() @ np.array([1, 0.5, -1, 2]) + 1)


def test_a_column_of_zeros_and_ones_has_two_states() -> None:
    """Sex as one 0/1 column flips too, and x is left as it was."""
    made = flip(TABLE, COHORT, "male")
    assert made.states == ("0", "1")
    assert made.recorded.tolist() == [0, 1, 0, 1]
    np.testing.assert_allclose(made.margin[:, 1] - made.margin[:, 0], 0.5)
    np.testing.assert_array_equal(COHORT.dense(), X.to_numpy())


@pytest.mark.parametrize(
    ("attribute", "message"),
    [
        ("Race", "no variable 'Race' among the inputs; did you mean 'race'"),
        ("race A", "is one indicator of 'race'"),
        ("age", "'age' holds other values than 0 and 1"),
    ],
)
def test_what_has_no_states_is_refused(attribute: str, message: str) -> None:
    """Unknown names get the nearest one; numbers belong to contrasts."""
    with pytest.raises(FeatureError, match=message):
        flip(TABLE, COHORT, attribute)


def test_recorded_race_moves_the_warfarin_dose() -> None:
    """Black to White adds 3.57 mg a week on average, White to Black takes off 3.05."""
    made = flip(PHARMACOGENETIC, warfarin(), "race")
    black = "Black or African American"
    assert made.change(black, "White").mean() == pytest.approx(3.57, abs=0.005)
    assert made.change("White", black).mean() == pytest.approx(-3.05, abs=0.005)
