"""Whose twin is compared: of noise, of constants and of one model five times none is."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest

from evenlight.codec import plain, restore
from evenlight.data.cohort import Cohort
from evenlight.data.twins import Twin
from evenlight.measures.shortcuts import Shortcut
from evenlight.probes.refitting import Refitting
from evenlight.probes.twin import twin, twin_of
from tests.measures.test_shortcut import NAMES, closed, gated, held, people

UNTOLD = "whether the refits resemble the audited model cannot be told"


def shuffled() -> Twin:
    """Refits on the model's people with their outcomes dealt out anew."""
    made = held(2.0)
    y = np.random.default_rng(5).permutation(made.training.y)
    table = made.training.people.assign(y=y)
    noise = Cohort(made.training.dense(), table, NAMES, outcome="y", unit="row", groups=["group"])
    return twin(
        made.model, made.cohort, training=noise, by="group", refitting=Refitting(refits=5), rng=4
    )


def given(weights: list[float]) -> Twin:
    """The audited coefficients times some weights, as refits and as twins."""
    made = held(2.0)
    ready = []
    for weight in weights:
        one = deepcopy(made.model)
        one.coef_ = weight * one.coef_  # type: ignore[attr-defined]
        ready.append(one)
    return twin_of(ready, ready, made.cohort, by="group")


@pytest.mark.parametrize(
    ("pair", "why"),
    [
        (shuffled, "which is not above 0"),
        (lambda: given([0.0] * 5), "the output of no refit varies within groups"),
        (lambda: given([1.0] * 5), "the refits are all the same model"),
    ],
    ids=["noise", "constants", "one model"],
)
def test_a_twin_of_which_it_cannot_be_told_is_no_comparison(pair: object, why: str) -> None:
    """No excess is told and the reason says what is the matter with it."""
    assert callable(pair)
    made = held(2.0)
    found = gated(made, twin=pair(), levers=closed(made))
    assert found.word == "unresolved"
    assert found.met[1] == "not asked"
    assert UNTOLD in found.reason
    assert why in found.reason
    assert np.isnan(found.excess_total).all()
    assert found.refits == 0
    assert plain(restore(Shortcut, plain(found))) == plain(found)


def test_an_honest_twin_of_other_people_is_compared() -> None:
    """People recruited alike, none of whom the model was trained on: its excess is told."""
    made = held(2.0)
    others = people(9, 1200, gap=2.0, prefix="o")
    pair = twin(
        made.model, made.cohort, training=others, by="group", refitting=Refitting(refits=5), rng=4
    )
    found = gated(made, twin=pair)
    assert found.met[1] == "met"
    assert 0.5 < found.resemblance[0] <= found.resemblance[1] <= 1.0
