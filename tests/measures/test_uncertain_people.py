"""Uncertainty by group: people nested, weighted, few, calibrated on; and wrong input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.data.outcome import Survival
from evenlight.data.probed import Predictions
from evenlight.errors import CohortError, GroupError, InputError, ModelError, UnknownName
from evenlight.measures.conforming import Calibration, Conformal
from evenlight.measures.uncertain import uncertain
from tests.uncertain_world import doses, ensemble_of, on, risks


def test_a_dozen_people_never_show_that_nothing_is_wrong() -> None:
    """All of 12 held at a level of one half: their limits reach, their number does not."""
    said, cohort = doses(212, 19, 0.0, share=12 / 212)
    found = uncertain(said, cohort, by="race", how=Conformal(levels=(0.5,)))
    assert found.value[2, 0] == 1
    assert found.held.low[1, 0] > 0.5
    assert found.held.verdict[:, 0].tolist()[1] == "cannot_tell"


def test_people_with_many_rows_and_weights_count_as_people() -> None:
    """Rows repeated within people change no mean; weights repeat people; 0 leaves them out."""
    said, cohort = doses(300, 9, 1.5)
    at = Calibration(*doses(200, 10, 1.5, who="q"))
    once = uncertain(said, cohort, by="race", how=on(at))
    table = pd.concat([cohort.people] * 3).assign(person=np.tile(cohort.rows, 3))
    table.index = pd.Index([f"r{i}" for i in range(900)])
    thrice = Cohort(np.zeros((900, 1)), table, outcome="dose", unit="person")
    said_thrice = Predictions(
        thrice.rows, np.tile(said.margin, 3), np.tile(said.response, 3), "dose", "identity"
    )
    found = uncertain(said_thrice, thrice, by="race", how=on(at))
    np.testing.assert_allclose(found.value, once.value)
    np.testing.assert_array_equal(found.n, once.n)
    np.testing.assert_allclose(found.low, once.low, atol=0.02)
    assert any("a row drawn at random from a new person" in note for note in found.notes)
    rows = 1 + (np.arange(200) % 5 == 0) * 6  # some have seven rows, and count once
    theirs = at.cohort.people.assign(person=at.cohort.rows)
    theirs = theirs.iloc[np.repeat(np.arange(200), rows)]
    theirs.index = pd.Index([f"s{i}" for i in range(len(theirs))])
    many = Cohort(np.zeros((len(theirs), 1)), theirs, outcome="dose", unit="person")
    response = np.repeat(at.predictions.response, rows)  # type: ignore[union-attr]
    nested = Calibration(Predictions(many.rows, response, response, "dose", "identity"), many)
    same = uncertain(said, cohort, by="race", how=on(nested))
    np.testing.assert_allclose(same.value, once.value)
    assert same.calibration_units == 200
    weights = np.random.default_rng(0).integers(0, 3, 300).astype(float)
    heavy = Cohort(
        np.zeros((300, 1)), cohort.people.assign(w=weights), outcome="dose", unit="row", weights="w"
    )
    own = uncertain(said, heavy, by="race", how=on(at))
    size = np.abs(cohort.y - said.response)
    q = float(own.value[0, own.measure("width", level=0.9)]) / 2
    assert np.isfinite(q)
    shares = [
        (weights * (size <= q))[here].sum() / weights[here].sum()
        for here in ((cohort.people["race"] == g).to_numpy() for g in "ab")
    ]
    got = own.value[1:, own.measure("coverage", level=0.9)]
    np.testing.assert_allclose(got, shares, atol=0.02)
    assert own.n[0] == (weights > 0).sum()
    assert "Sampling weights enter calibration and every mean." in own.notes


def test_small_groups_are_not_shown() -> None:
    """Fewer than 11 people: nothing; few to calibrate on: no unbounded width, and it is said."""
    said, cohort = doses(200, 11)
    race = np.array(["a"] * 120 + ["b"] * 60 + ["c"] * 12 + ["d"] * 5 + [""] * 3)
    groups = Groups.from_labels("race", pd.Series(race, index=cohort.rows))
    found = uncertain(said, cohort, by=groups)
    few = found.part("d")
    assert np.isnan(found.value[few]).all()
    assert (found.reason[few] == "suppressed (<11)").all()
    assert np.isnan(found.n[found.part("unknown")])
    assert (found.held.verdict[3] == "not_estimable").all()
    own = found.measure("coverage", level=0.95, calibrated="own group")
    assert "too few people to calibrate on" in found.reason[found.part("c"), own]
    wide = found.measure("width", level=0.95, calibrated="own group")
    assert "fewer than 5 people" in found.reason[found.part("b"), wide]
    assert found.reason[found.part("b"), own] == ""
    assert (found.held.verdict[2] != "not_below").all()  # 12 people show no such thing


def test_calibration_people_are_other_people_with_the_same_grouping() -> None:
    """Shared people, an absent column, another target or no outcome are refused by name."""
    said, cohort = doses(100, 12)
    other_said, other = doses(80, 13, who="q")
    with pytest.raises(InputError, match="100 are both audited and calibrated on"):
        uncertain(said, cohort, by="race", how=on(Calibration(said, cohort)))
    bare = Cohort(np.zeros((80, 1)), other.people[["dose"]], outcome="dose", unit="row")
    with pytest.raises(GroupError, match="no grouping 'race'"):
        uncertain(said, cohort, by="race", how=on(Calibration(other_said, bare)))
    mute = Cohort(np.zeros((80, 1)), other.people, unit="row")
    with pytest.raises(CohortError, match="to calibrate on have no outcome"):
        uncertain(said, cohort, by="race", how=on(Calibration(other_said, mute)))
    renamed = Predictions(other.rows, other_said.margin, other_said.response, "weight", "identity")
    with pytest.raises(ModelError, match="calibration is of weight"):
        uncertain(said, cohort, by="race", how=on(Calibration(renamed, other)))


def test_a_shift_is_seen_on_other_people_only() -> None:
    """A group whose errors grew since calibration is below its level by its own threshold too."""
    said, cohort = doses(2500, 14, 2.0)
    before = Calibration(*doses(2500, 15, 1.0, who="q"))
    found = uncertain(said, cohort, by="race", how=on(before))
    assert found.held.verdict.tolist() == [["not_below", "not_below"], ["below", "below"]]
    assert found.held_frame()["calibrated"].tolist() == ["everyone", "own group"] * 2


def test_wrong_input_is_named() -> None:
    """Survival, scores that do not suit, levels, nothing to say, an ensemble of another target."""
    said, cohort = doses(60, 16)
    people = cohort.people.assign(event=1, time=1.0 + np.arange(60))
    lived = Cohort(np.zeros((60, 1)), people, outcome=Survival("time", "event"), unit="row")
    with pytest.raises(CohortError, match="intervals for survival times are not made"):
        uncertain(said, lived, by="race")
    silent = Cohort(np.zeros((60, 1)), people, unit="row")
    with pytest.raises(CohortError, match="nothing says how sure the model is of dose"):
        uncertain(said, silent, by="race")
    for how, word in (
        ({"score": "lac"}, "is not for a continuous outcome; choose of absolute, normalised"),
        ({"score": "normalised"}, "needs an ensemble"),
    ):
        with pytest.raises(InputError, match=word):
            uncertain(said, cohort, by="race", how=Conformal(**how))  # type: ignore[arg-type]
    for bad, word in (
        ({"levels": (0.9, 0.8)}, "list one or more that ascend"),
        ({"levels": (0.9, 1.0)}, "from 0.5 to below 1"),
        ({"score": "raps"}, "known: auto, lac, aps, absolute, normalised"),
        ({"folds": 1}, "at least 2"),
        ({"margin": 0.0}, "margin is 0.0"),
        ({"alpha": 0.7}, "alpha is 0.7"),
    ):
        with pytest.raises(InputError, match=word):
            Conformal(**bad)
    risk, dying = risks(60, 17)
    with pytest.raises(ModelError, match="the members foretell died"):
        uncertain(said, cohort, by="race", ensemble=ensemble_of(risk, np.ones(60)))
    with pytest.raises(InputError, match="a ndarray is no prediction"):
        uncertain(risk.response, dying, by="race")  # type: ignore[arg-type]
    wild = Predictions(dying.rows, risk.margin, risk.margin, "died", "identity")
    with pytest.raises(ModelError, match="lie outside 0 to 1"):
        uncertain(wild, dying, by="race")
    found = uncertain(risk, Cohort(dying.x, dying.people[["race"]], unit="row"), by="race")
    assert found.measures == ("entropy",)
    assert found.held.verdict.shape == (2, 0)
    with pytest.raises(UnknownName, match="no measure"):
        found.measure("coverage", level=0.9)


def test_records_check_themselves() -> None:
    """A unit or a way of calibrating too few, words outside the list, no people to calibrate on."""
    said, cohort = doses(100, 20)
    found = uncertain(said, cohort, by="race", how=Conformal(levels=(0.9,)))
    for change, word in (
        ({"units": found.units[1:]}, "Uncertainty.units has 3 items for 4 measures"),
        ({"calibrated": ()}, "Uncertainty.calibrated has 0 items for 4 measures"),
        ({"calibrated": ("all",) * 4}, "Uncertainty.calibrated holds 'all'"),
        ({"held": replace(found.held, measure=(9,))}, r"measures \[9\] of 4"),
        ({"held": replace(found.held, groups=("a", "x"))}, r"groups \['x'\] that are not among"),
    ):
        with pytest.raises(InputError, match=word):
            replace(found, **change)
    with pytest.raises(InputError, match=r"Held.margin has shape \(2,\), wanted \(1,\)"):
        replace(found.held, margin=np.ones(2))
    with pytest.raises(InputError, match="the predictions to calibrate on: ndarray is no"):
        Calibration(said.response, cohort)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="the predictions to calibrate on: an empty list is no"):
        Calibration([], cohort)
    with pytest.raises(InputError, match="the cohort to calibrate on is a DataFrame"):
        Calibration(said, cohort.people)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="the ensemble to calibrate on: Predictions is no"):
        Calibration(said, cohort, said)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="calibration is a Cohort; pass Calibration"):
        Conformal(calibration=cohort)  # type: ignore[arg-type]
