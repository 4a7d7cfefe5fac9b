"""From results to answers, findings and the gate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from evenlight.auditing import audit
from evenlight.data.coefficients import CoefficientTable
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Axes
from evenlight.doubts import unused_roles
from evenlight.errors import PlanError
from evenlight.findings import Answer, Findings, Part
from evenlight.gates import gate
from evenlight.judge import judge, with_fragile
from evenlight.measures.words import gravest
from evenlight.plan import Plan
from evenlight.policy import Policy, Question
from evenlight.record import Audit
from evenlight.results import Measures, Result, results
from evenlight.sentences import sentence


def answer(verdict: str, *, blocks: bool = False) -> Answer:
    """An answer without parts."""
    return Answer("E", "use", "race", "Is it?", verdict, blocks, "", ())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answers", "inconclusive", "word", "code"),
    [
        ([("similar", True)], "report", "passed", 0),
        ([("similar", False)], "report", "not gated", 0),
        ([("different", False)], "report", "not gated", 0),
        ([("different", True)], "report", "failed", 1),
        ([("different", True), ("not_estimable", False)], "report", "failed", 1),
        ([("similar", True), ("not_estimable", False)], "report", "no verdict", 3),
        ([("cannot_tell", False)], "report", "not gated", 0),
        ([("cannot_tell", False)], "stop", "no verdict", 3),
        ([("cannot_tell", True)], "report", "no verdict", 3),
        ([], "report", "no verdict", 3),
    ],
)
def test_the_gate(answers: list[tuple[str, bool]], inconclusive: str, word: str, code: int) -> None:
    """Blocking differences fail; missing evidence never passes."""
    made = gate(
        [answer(v, blocks=b) for v, b in answers],
        Policy.model_validate({"inconclusive": inconclusive}),
    )
    assert (made.word, made.exit_code) == (word, code)


def test_one_part_that_cannot_be_asked_stops_the_gate() -> None:
    """An answer that is different for one contrast and missing for another is no pass."""
    part = Part("B / A", "x", "not_estimable", None, None, None, "", 0.1, None, None, "", "why")
    made = gate([replace(answer("different"), parts=(part,))], Policy())
    assert (made.word, made.exit_code, made.reason) == (
        "no verdict", 3, "Cannot be asked here: Is it?",
    )  # fmt: skip
    told = replace(part, contrast="C / A", verdict="similar")
    made = gate([replace(answer("similar"), parts=(part, told))], Policy())
    assert made.reason == "Cannot be asked here in 1 of 2 contrasts: Is it?"


def test_one_answer_for_several_contrasts_is_the_gravest() -> None:
    """Similar is said only where all are similar."""
    assert gravest(["similar", "similar"]) == "similar"
    assert gravest(["similar", "not_estimable"]) == "not_estimable"
    assert gravest(["not_estimable", "cannot_tell"]) == "cannot_tell"
    assert gravest(["cannot_tell", "different"]) == "different"
    assert gravest([]) == "not_estimable"


def small(n: int = 240, known: float = 1.0) -> tuple[CoefficientTable, Cohort]:
    """A linear model, two groups with other values, labels known for a share of the people."""
    rng = np.random.default_rng(0)
    race = np.where(np.arange(n) % 2 == 0, "A", "B")
    x = rng.normal(size=(n, 2)) + np.where(race == "B", 1.0, 0.0)[:, None]
    race = np.where(np.arange(n) < known * n, race, "unknown")
    people = pd.DataFrame(
        {"race": race, "y": x.sum(axis=1) + rng.normal(size=n)}, index=[f"p{i}" for i in range(n)]
    )
    cohort = Cohort(x, people, ["a", "b"], outcome="y", groups=["race"], unit="row")
    return CoefficientTable("sum", 0.0, {"a": 1.0, "b": 1.0}, unit="points"), cohort


def test_ids_of_findings_do_not_depend_on_numbers() -> None:
    """Other people, other numbers: the same ids, so that waivers and diffs hold."""
    one, other = (audit(*small(n)) for n in (240, 300))
    first = {(f.kind, f.contrast, f.subject, f.view): f.id for f in one.findings}
    second = {(f.kind, f.contrast, f.subject, f.view): f.id for f in other.findings}
    shared = set(first) & set(second)
    assert len(shared) >= 3
    assert all(first[key] == second[key] for key in shared)
    assert len(set(first.values())) == len(first)


def test_few_known_labels_judge_nothing_and_stop_the_gate() -> None:
    """Fault 13: labels for a tenth of the people: coverage told, not estimable, exit 3."""
    model, cohort = small(600, known=0.1)
    found = audit(model, cohort)
    assert {a.verdict for a in found.answers} == {"not_estimable"}
    assert found.gate().exit_code == 3
    assert any(
        "race is known for about 10 % of units; nothing is judged by it" in w
        for w in found.warnings
    )
    assert any("where race is unknown" in w and "over everybody" in w for w in found.warnings)
    assert "race is known for about 10 % of units, below the 50 % that" in found.answers[0].sentence
    asked = Plan.from_data({"policy": {"coverage": 0.05}})
    assert "different" in {a.verdict for a in audit(model, cohort, plan=asked).answers} | {
        f.verdict for f in audit(model, cohort, plan=asked).findings
    }


def test_a_question_about_nothing_is_an_error() -> None:
    """A subject that no measure has."""
    model, cohort = small()
    asked = {"measure": "use", "grouping": "race", "subject": "zzz"}
    with pytest.raises(PlanError, match=r"subject 'zzz' is not measured for use.*known: a, b"):
        audit(model, cohort, plan=Plan.from_data({"question": [asked]}))


def test_a_plan_fixed_in_advance_is_checked() -> None:
    """The digest from outside must be the plan's; then the page may say so."""
    model, cohort = small()
    plan = Plan().completed(cohort)
    assert audit(model, cohort, plan_digest=plan.digest).plan_fixed
    with pytest.raises(PlanError, match="the plan has changed since"):
        audit(model, cohort, plan_digest="0" * 64)
    with pytest.raises(PlanError, match="'abc' is no digest of a plan, which has 64 digits"):
        audit(model, cohort, plan_digest="abc")


def test_what_differs_stands_before_what_cannot_be_told(formula: Audit) -> None:
    """Among equal severities a difference is graver than a wide interval, and primary ones lead."""
    found = formula.findings[0]
    info = replace(found, severity="info", primary=False)
    wide = replace(info, id="E-a", verdict="cannot_tell", evidence={"effect": 9.0, "margin": 0.1})
    small = replace(info, id="E-b", verdict="different", evidence={"effect": 0.2, "margin": 0.1})
    asked = replace(wide, id="E-c", primary=True)
    graver = replace(wide, id="E-d", severity="watch", verdict="different")
    order = with_fragile(Findings(()), [wide, small, asked, graver])
    assert [one.id for one in order] == ["E-d", "E-c", "E-b", "E-a"]


def test_blocking_questions_are_findings_of_severity_block(formula: Audit) -> None:
    """The same measures under a policy that blocks: exit 1, and the finding says block."""
    measures = Measures(formula.performances, formula.comparisons, formula.reliances)
    asked = [Question(measure="performance", grouping="race", blocks=True)]
    findings, answers, made = judge(measures, asked, Policy())
    assert (answers[0].verdict, made.exit_code) == ("different", 1)
    assert findings.items[0].severity == "block"
    assert findings.items[0].primary


def test_the_words_of_sentences_are_chosen_with_care(formula: Audit) -> None:
    """No sentence of an audit says that a model is good, bad, or what makes people ill."""
    forbidden = ("fair", "bias", "safe", "compliant", "proves", "because of", "causes", "certif")
    measures = Measures(formula.performances, formula.comparisons, formula.reliances)
    told = [sentence(r) for r in results(measures)]
    assert len(told) > 200
    assert not [t for t in told for word in forbidden if word in t.lower()]
    assert all("interval" in t or "cannot be asked here" in t for t in told)


def test_sentences_say_direction_size_and_doubt() -> None:
    """One of each kind, to the letter."""
    base = Result(
        "performance", "race", ("B", "A"), "mae", "", "different", 2.7664, 1.6018, 3.931, 60.0,
        "mg a week", 0.9,
    )  # fmt: skip
    assert sentence(base) == (
        "Mean absolute error is 2.8 mg a week higher in B than in A (95 % interval 1.6 to 3.9): "
        "different, beyond the margin."
    )
    open_ = replace(base, verdict="cannot_tell", low=-0.3, effect=1.8, more=120.0, more_in="B")
    assert sentence(open_).endswith(": cannot tell; about 120 more people in B would settle it.")
    share = replace(
        base, kind="reliance", pair=None, subject="eta_squared", view="outcome", effect=0.204,
        low=0.18, high=0.23, unit="share of variance", margin=0.1,
    )  # fmt: skip
    assert sentence(share) == (
        "Of the variation among people with the same outcome, 20.4 % follows race "
        "(95 % interval 18.0 to 23.0): different, beyond the margin."
    )
    gone = replace(base, verdict="not_estimable", reason="too few")
    assert sentence(gone) == (
        "Performance of mean absolute error, B against A: cannot be asked here. Why: too few."
    )


def test_where_roles_are_not_used_is_told() -> None:
    """Where sampling weights and covariates enter and where they do not is said."""
    model, cohort = small()
    people = cohort.people.assign(w=1.0, age=50.0)
    told = Cohort(
        cohort.x, people, cohort.features, outcome="y", groups=["race"], unit="row", weights="w",
        covariates=["age"],
    )  # fmt: skip
    warnings = audit(model, told).warnings
    weighed, adjusted = (next(w for w in warnings if f"({n}) " in w) for n in ("w", "age"))
    assert weighed.startswith("Sampling weights (w) enter performance and the tests")
    assert "Reliance" in weighed
    assert "those of weight 0 as well" in weighed
    assert adjusted.startswith("Covariates (age) are adjusted for in the tests of attributions")
    assert "Performance, reliance" in adjusted


def test_axes_are_called_unexamined_only_where_nothing_further_is_measured() -> None:
    """With the further measures axes are used, and nothing is said against it."""
    _, cohort = small()
    along = Axes("ancestry", np.arange(float(cohort.n))[:, None], names=("PC1",))
    told = Cohort(
        cohort.x, cohort.people, cohort.features, outcome="y", groups=["race"], unit="row",
        axes=[along],
    )  # fmt: skip
    assert list(unused_roles(told)) == []
    (said,) = unused_roles(told, further=False)
    assert said == "Axes (ancestry) were not examined: the further measures were not made."
