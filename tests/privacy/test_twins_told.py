"""Refits of a twin: the gate and the leak say the same whatever hidden people are like.

Refits are trained on people of their own, none of whom is audited, and a group of fewer than 11 of
these stops their making (tests/probes). Their outputs and attributions of the audited people are in
no other table, and a twin is of one grouping: there is no second sum over them to take a first one
from. So what is to be shown is that no sum holds a hidden person, and that shares that resemble the
audited model's are told no finer than its own.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from evenlight.codec import plain
from evenlight.data.cohort import Cohort
from evenlight.data.twins import Twin
from evenlight.explainers.explain import explain
from evenlight.measures.leak import leak
from evenlight.measures.leakage import Leakage
from evenlight.measures.rely import rely
from evenlight.measures.shortcut import shortcut
from evenlight.measures.shortcut_evidence import Evidence
from evenlight.measures.shortcuts import Shortcut
from evenlight.probes.predict import predict
from evenlight.probes.refitting import Refitting
from evenlight.probes.twin import twin
from tests.twin_world import FEATURES, drawn

SHOWN, HIDDEN = 240, 5


def people(others: int) -> Cohort:
    """Groups a and b of 120, and five of c; `others` makes these other people."""
    made = drawn(3, SHOWN, gap=2.0, prefix="p")
    rng = np.random.default_rng(others)
    x = np.vstack([made.dense(), 2 * rng.normal(size=(HIDDEN, 3))])
    more = pd.DataFrame(
        {"group": "c", "y": rng.integers(0, 2, HIDDEN).astype(float)},
        index=[f"h{i}" for i in range(HIDDEN)],
    )
    table = pd.concat([made.people[["group", "y"]], more])
    return Cohort(x, table, FEATURES, outcome="y", unit="row", groups=["group"])


@cache
def told(others: int) -> tuple[Shortcut, Leakage, Twin]:
    """The gate and the leak with a twin."""
    training = drawn(1, 400, gap=2.0)
    model = LogisticRegression().fit(training.dense(), training.y)
    cohort = people(others)
    made = explain(model, cohort)
    pair = twin(model, cohort, training=training, by="group", refitting=Refitting(refits=5), rng=4)
    lean = rely(made, cohort, by="group", rng=0)
    gate = shortcut(lean, made, cohort, evidence=Evidence(twin=pair))
    leaked = leak(predict(model, cohort), cohort, by="group", twin=pair, draws=199, rng=0)
    return gate, leaked, pair


def test_the_gate_and_the_leak_are_the_same_whatever_the_hidden_are_like() -> None:
    """Every number, word and reason, of the subjects, of the total and of each refit."""
    first, other = told(0), told(1)
    assert not np.array_equal(first[2].models[0].output, other[2].models[0].output)
    assert np.isfinite(first[0].over.excess).all()
    assert first[1].twin is not None
    assert np.isfinite(first[1].twin.model[:, 0]).all()
    assert plain(first[0]) == plain(other[0])
    assert plain(first[1]) == plain(other[1])


@pytest.mark.parametrize("name", ["model", "twin", "excess", "low"])
def test_shares_of_refits_are_told_as_coarsely_as_those_of_the_model(name: str) -> None:
    """Of a share r squared of n people, r is told to 10 / n: here the marker's to one of 100."""
    over = told(0)[0].over
    marker = FEATURES.index("marker")
    assert over.model[marker] > 0.1
    own = float(getattr(over, name)[marker])
    assert round(own, 2) == pytest.approx(own, abs=1e-12)


def test_aucs_of_refits_are_told_to_a_tenth_of_a_step() -> None:
    """Of 120 people a share is told to 0.02, and an AUC to a tenth of that."""
    leaked = told(0)[1]
    assert leaked.twin is not None
    for part in (leaked.twin.model[:, 0], leaked.twin.twin[:, 0], leaked.twin.excess[:1]):
        np.testing.assert_allclose(np.round(part / 0.002), part / 0.002, atol=1e-6)
