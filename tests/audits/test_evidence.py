"""What an audit is given beside a model: checked before any compute, and told where it fits not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from evenlight.auditing import audit
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.twins import Twin
from evenlight.errors import AttributionError, CohortError, EvenlightError, FeatureError, InputError
from evenlight.explainers.explain import explain
from evenlight.leaning import Audited, Leaning, check_evidence, leaning
from evenlight.measures.judging import Judging
from evenlight.models.probe import prepare
from evenlight.plan import Plan
from evenlight.probes.predict import predict
from evenlight.probes.refitting import Refitting
from evenlight.probes.twin import twin
from tests.audits.test_leaning import NAMES, PLAN, SETS, people

UNRELIABLE = "explanation unreliable: A: deletion 0.1, below 0.5"


def sexed(n: int, seed: int) -> Cohort:
    """The people of two ancestries, with a second grouping."""
    made = people(n, seed)
    table = made.people.assign(sex=np.where(np.arange(n) // 2 % 2, "f", "m"))
    roles = {"outcome": "ill", "unit": "row", "groups": ["ancestry", "sex"]}
    return Cohort(made.dense(), table, NAMES, **roles)  # type: ignore[arg-type]


@pytest.fixture(scope="module", name="three")
def _three() -> tuple[LogisticRegression, Cohort, Twin]:
    training, cohort = sexed(400, 0), sexed(400, 1)
    model = LogisticRegression().fit(training.dense(), training.y)
    again = Refitting(refits=5, sets=SETS)
    return model, cohort, twin(model, cohort, training=training, by="sex", refitting=again)


def test_what_does_not_fit_is_refused_before_any_compute(
    three: tuple[LogisticRegression, Cohort, Twin],
) -> None:
    """Models for twins, dictionaries for sets, other features, and audited people in training."""
    model, cohort, pair = three
    other = FeatureSets.from_lists({"a": ["q"]}, ["q", "r"])
    fewer = Cohort(cohort.dense()[:, :5], cohort.people, NAMES[:5], groups=["ancestry"])
    renamed = cohort.people.set_axis([f"r{i}" for i in range(cohort.n)])
    x = cohort.dense() + np.linspace(0, 1e-3, cohort.n)[:, None]
    own, theirs = (Cohort(x, t, NAMES, groups=["sex"]) for t in (cohort.people, renamed))
    wrong: list[tuple[object, object, Cohort, type[EvenlightError], str]] = [
        (model, None, cohort, InputError, "twin is a LogisticRegression; wanted the Twin of"),
        (cohort.people, None, cohort, InputError, "twin is a DataFrame"),
        (None, {"a": NAMES[:3]}, cohort, InputError, r"sets is a dict.*FeatureSets.from_lists"),
        (None, other, cohort, FeatureError, r"2 are unknown to it, first \['q', 'r'\]"),
        (cohort, None, cohort, CohortError, "400 of 400 training rows are audited rows"),
        (theirs, None, own, CohortError, "under another id: they are the same people"),
        (fewer, None, cohort, CohortError, "5 features, the audited one 22"),
        (pair, None, people(400, 3), AttributionError, "another cohort"),
    ]
    for given, sets, audited, error, words in wrong:
        with pytest.raises(error, match=words):
            check_evidence(given, sets, cohort=audited)
    check_evidence(pair, SETS, cohort=cohort)
    check_evidence(people(400, 5), None, cohort=cohort)
    check_evidence(cohort=cohort)


def test_a_twin_by_another_grouping_is_told_as_such(
    three: tuple[LogisticRegression, Cohort, Twin],
) -> None:
    """The gate by ancestry says that the twin is by sex, not that there is none."""
    model, cohort, pair = three
    made = audit(model, cohort, plan=Plan.from_data(PLAN), sets=SETS, twin=pair)
    (gate,) = made.further.shortcuts
    assert gate.word == "unresolved"
    assert "the twin is by 'sex'; this reliance is by 'ancestry'" in gate.reason
    assert "no twin was given" not in gate.reason
    assert any("the twin is by 'sex'" in told for told in made.warnings)


def asked(three: tuple[LogisticRegression, Cohort, Twin], twin: Twin, bad: str) -> Leaning:
    """What a reliance on ancestry rests on, with some twin, and explanations that may be bad."""
    model, cohort, _ = three
    prepared, plan = prepare(model, cohort), Plan.from_data(PLAN).completed(cohort)
    made, said = explain(prepared, cohort), predict(prepared, cohort)
    unreliable = {"ancestry": bad} if bad else {}
    given = Audited(prepared, made, said, twin, SETS, 5, None, unreliable)
    return leaning(given, cohort, plan, Judging(), lambda stage: None)


def test_a_twin_of_another_model_is_left_out_and_told(
    three: tuple[LogisticRegression, Cohort, Twin],
) -> None:
    """The gate goes on without it, and the reason says whose it is."""
    pair = replace(three[2], grouping="ancestry", levels=("A", "B"))
    assert pair.audited is not None
    found = asked(three, replace(pair, audited=-2 * pair.audited), "")
    assert "the twin is of another model" in found.shortcuts[0].reason
    assert any("the twin is of another model" in note for note in found.notes)
    assert asked(three, pair, "").shortcuts[0].refits == 5


def test_unreliable_explanations_withhold_the_gate(
    three: tuple[LogisticRegression, Cohort, Twin],
) -> None:
    """Nothing is said of reliance or its sets; the output and the values still tell the group."""
    found = asked(three, three[2], UNRELIABLE)
    (gate,) = found.shortcuts
    assert gate.word == "not_estimable"
    assert gate.reason == UNRELIABLE
    assert np.isnan(gate.share).all()
    assert np.isnan(gate.slope).all()
    assert not found.levers
    assert not found.notes
    assert found.leakages[0].names == ("output", "values")
