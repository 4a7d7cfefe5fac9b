"""An embedding with a head, audited like any other model, on planted truth."""

from __future__ import annotations

import numpy as np
import pytest

from evenlight.auditing import audit
from evenlight.errors import InputError, ModelError
from evenlight.forks import hold
from evenlight.layered import layerings
from evenlight.measures.perform import perform
from evenlight.plan import Plan
from evenlight.probes.embedded import Embeddings
from evenlight.probes.predict import predict
from evenlight.record import Audit
from tests.embedded_world import turn, world

PLAN = Plan.from_data({"explain": {"repeats": 1}})


@pytest.fixture(scope="module", name="audited")
def _audited() -> Audit:
    e, cohort = world(off=1.5)
    return audit(Embeddings(e, rows=cohort.rows), cohort, plan=PLAN)


def test_planted_truth_is_found_in_an_embedding(audited: Audit) -> None:
    """The embedding tells ancestry, the head hardly does; group b is miscalibrated, use is alike.

    One factor of the rotated embedding is of ancestry alone, one of the outcome alone; in b the
    outcome is more frequent than the factor says.
    """
    told = audited.further.leakages[0]
    auc = dict(zip(told.names, told.auc[:, 0], strict=True))
    assert auc["values"] > 0.9
    assert auc["output"] < auc["values"] - 0.1
    assert told.given == "outcome"
    answers = {a.measure: a for a in audited.answers}
    assert answers["use"].verdict == "similar"  # every fold's head is one function for everyone
    assert audited.performances[0].metrics
    assert audited.model.method == "linear"
    assert audited.cohort.features == 12
    assert any("has not seen its unit" in note for note in audited.cohort.notes)


def test_one_groups_calibration_is_found() -> None:
    """Where a head cannot see ancestry, b is observed more often than foretold, a less often."""
    e, cohort = world(800, off=1.5)
    factors = e @ turn().T
    factors[:, 0] = np.random.default_rng(1).normal(size=len(e))  # nothing tells ancestry
    made = Embeddings(factors @ turn(), rows=cohort.rows).audited(cohort)
    found = perform(predict(made.model, made.cohort), made.cohort, by="anc")
    m = found.metrics.index("observed_expected")
    by = dict(zip(found.parts, found.value[:, m], strict=True))
    assert by["b"] > 1.15
    assert by["a"] < 0.85
    m = found.metrics.index("calibration_intercept")
    assert found.contrasts[0] == ("b", "a")
    assert found.difference_low[0, m] > 0.3


def test_a_rotation_leaves_the_answers_and_the_gate(audited: Audit) -> None:
    """Another basis of the same embedding, and rows in another order: the same verdicts."""
    e, cohort = world(off=1.5)
    mixed = np.random.default_rng(0).permutation(cohort.n)
    turned = (e @ turn(seed=4))[mixed]
    other = audit(Embeddings(turned, rows=cohort.rows[mixed]), cohort.take(mixed), plan=PLAN)
    assert other.verdict == audited.verdict
    pairs = [
        (part, same)
        for own, again in zip(audited.answers, other.answers, strict=True)
        for part, same in zip(own.parts, again.parts, strict=True)
    ]
    assert [part.verdict for part, _ in pairs] == [same.verdict for _, same in pairs]
    effects = np.array([(part.effect, same.effect) for part, same in pairs], dtype=np.float64)
    assert np.isfinite(effects).all(axis=1).sum() == len(audited.answers) == 3
    np.testing.assert_allclose(effects[:, 0], effects[:, 1], atol=1e-3)


def test_layers_and_poolings_are_forks() -> None:
    """Answers are asked again on another layer; one that has lost the outcome overturns them."""
    e, cohort = world(300)
    model = Embeddings(e, rows=cohort.rows)
    there = model.audited(cohort)
    asked = Plan.from_data({
        "question": [{"measure": "performance", "grouping": "anc"}],
        "explain": {"repeats": 0}, "measure": {"further": False},
    })  # fmt: skip
    first = audit(there.model, there.cohort, plan=asked)
    noise = np.random.default_rng(0).normal(size=e.shape)
    forks = layerings({"turned": e @ turn(), "noise": noise}, cohort, rows=cohort.rows)
    held = hold(first, there.model, there.cohort, forks=forks)
    assert not held.unrun
    assert held.settings == ("turned", "noise")
    assert held.holds[0, 0]
    assert abs(held.fork_effect[0, 0] - held.effect[0]) < 1e-3
    assert abs(held.fork_effect[1, 0] - held.effect[0]) > 1e-3
    with pytest.raises(InputError, match="no embeddings"):
        layerings({}, cohort)


def test_a_score_is_told_what_cannot_be_asked_of_it() -> None:
    """One number a row is no embedding: the error names what can be asked, and with what."""
    e, cohort = world(100)
    with pytest.raises(ModelError, match=r"prediction=.*ev.perform.*cannot be asked of a score"):
        audit(Embeddings(e[:, 0], rows=cohort.rows), cohort)
