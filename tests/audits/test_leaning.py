"""The gate of reliance, interventions and leakage, in a whole audit and on its page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from evenlight.api import report
from evenlight.auditing import audit
from evenlight.codec import plain, restore
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.errors import PlanError
from evenlight.measures.lever import Levers
from evenlight.measures.shortcuts import UNSUPPORTED, Shortcut
from evenlight.plan import Plan
from evenlight.record import Audit

MARKERS = 20
NAMES = ["common", "shared", *(f"marker {j}" for j in range(MARKERS))]
SETS = FeatureSets.from_lists(
    {"common gene": ["common"], "shared gene": ["shared"], "markers": NAMES[2:]}, NAMES
)
PLAN = {
    "question": [{"measure": "reliance", "grouping": "ancestry", "given": "outcome"}],
    "reliance": {"refits": 5},
    "explain": {"repeats": 0},
}


def people(n: int, seed: int) -> Cohort:
    """Two ancestries; B was recruited where the outcome is more common; markers do nothing."""
    rng = np.random.default_rng(seed)
    in_b = np.arange(n) % 2 == 1
    often = np.repeat(np.where(in_b[:, None], 0.7, 0.3), MARKERS, axis=1)
    common = rng.binomial(2, np.where(in_b, 0.6, 0.3))
    x = np.column_stack([common, rng.binomial(2, 0.4, n), rng.binomial(2, often)]).astype(float)
    risk = 0.6 * x[:, 0] + 0.6 * x[:, 1] + 2.0 * in_b
    ill = rng.random(n) < 1 / (1 + np.exp(risk.mean() - risk))
    table = pd.DataFrame(
        {"ancestry": np.where(in_b, "B", "A"), "ill": ill.astype(int)},
        index=[f"s{seed}p{i:05d}" for i in range(n)],
    )
    return Cohort(x, table, NAMES, outcome="ill", unit="row", groups=["ancestry"])


@pytest.fixture(scope="module", name="audited")
def _audited() -> Audit:
    training, cohort = people(2000, 0), people(2000, 1)
    model = LogisticRegression().fit(training.dense(), training.y)
    return audit(model, cohort, plan=Plan.from_data(PLAN), sets=SETS, twin=training)


def test_a_planted_shortcut_is_a_finding_to_act_on(audited: Audit) -> None:
    """With a twin and sets the gate says so, names the markers first, and asks for action."""
    (gate,) = audited.further.shortcuts
    assert gate.word == "consistent_with_a_shortcut"
    assert gate.ranked()[0] == "markers"
    (found,) = (f for f in audited.findings if f.kind == "shortcut")
    assert found.severity == "act"
    assert "consistent with a shortcut" in found.sentence


def test_what_is_unsupported_is_neutralised_as_a_whole(audited: Audit) -> None:
    """The levers hold the markers together, and taking them away costs nothing within groups."""
    (moved,) = audited.further.levers
    at = (moved.closing.subject == UNSUPPORTED) & (moved.closing.kind == "swap")
    assert moved.closing.closure_low[at].item() > 0.5
    assert moved.signal.high[moved.signal.subject == UNSUPPORTED].item() < 0.06
    assert set(moved.table.kind) >= {"removal"}
    assert plain(restore(Levers, plain(moved))) == plain(moved)


def test_the_page_tells_the_gate_and_what_it_rests_on(audited: Audit, tmp_path: Path) -> None:
    """Word, criteria, sets beside the twin, levers and leakage stand in the section."""
    text = report(audited, tmp_path).read_text(encoding="utf-8")
    for words in (
        "Consistent with a shortcut",
        "Neutralising these features closes a part of the gap",
        "Set by set, beside the twin",
        "features without support",
        "Can the group be read from it?",
    ):
        assert words in text
    again = Audit.from_json(audited.to_json())
    assert plain(again.further.shortcuts) == plain(audited.further.shortcuts)


def test_without_training_people_nothing_is_more_than_unresolved() -> None:
    """The same model without a twin: unresolved, and the reason names what is missing."""
    training, cohort = people(2000, 0), people(1000, 1)
    model = LogisticRegression().fit(training.dense(), training.y)
    made = audit(model, cohort, plan=Plan.from_data(PLAN), sets=SETS)
    (gate,) = made.further.shortcuts
    assert isinstance(gate, Shortcut)
    assert gate.word == "unresolved"
    assert "twin" in gate.reason
    assert not [f for f in made.findings if f.kind == "shortcut"]


def test_structure_that_is_not_there_is_refused_before_any_compute() -> None:
    """A family column or axes that nobody has are an error with the nearest name."""
    cohort = people(100, 0)
    for wanted in ({"families": "ancestri"}, {"axes": ["ancestri"]}):
        plan = Plan.from_data(PLAN | {"reliance": wanted})
        with pytest.raises(PlanError, match="ancestry"):
            plan.completed(cohort)
