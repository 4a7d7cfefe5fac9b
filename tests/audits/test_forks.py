"""Whether the primary answers hold where one choice is made otherwise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evenlight.api import report
from evenlight.auditing import audit
from evenlight.codec import plain, restore
from evenlight.data.cohort import Cohort
from evenlight.errors import InputError, PlanError
from evenlight.figures.specification import curve, specification_curve, specification_text
from evenlight.findings import Answer, Part
from evenlight.forks import KINDS, Fork, hold, usual, with_holds
from evenlight.forks.gathered import gathered
from evenlight.measures.specification import UNTOUCHED, Specification
from evenlight.models.adapt import adapt
from evenlight.models.probe import prepare
from evenlight.plan import Plan
from evenlight.plan_parts import HoldsPlan
from evenlight.record import Audit

N = 400
PLAN = Plan.from_data(
    {
        "question": [
            {"measure": "performance", "grouping": "sex"},
            {"measure": "attribution", "grouping": "sex", "subject": "dose"},
        ],
        "measure": {"further": False},
        "explain": {"repeats": 0},
    }
)


def people(shift: float = 1.0) -> Cohort:
    """Men stand `shift` higher in dose; the outcome follows dose and age."""
    rng = np.random.default_rng(0)
    man = np.arange(N) % 2 == 1
    x = np.column_stack([rng.normal(size=N) + shift * man, rng.normal(size=N)])
    y = x.sum(axis=1) + rng.normal(size=N)
    table = pd.DataFrame(
        {"sex": np.where(man, "m", "f"), "y": y}, index=[f"p{i:03d}" for i in range(N)]
    )
    return Cohort(x, table, ["dose", "age"], outcome="y", unit="row", groups=["sex"])


def total(x: np.ndarray) -> np.ndarray:
    """A model that is the sum of its two inputs."""
    return np.asarray(x.sum(axis=1))


def blind(x: np.ndarray) -> np.ndarray:
    """A model that does not see the dose."""
    return np.asarray(x[:, 1])


@pytest.fixture(scope="module", name="audited")
def _audited() -> Audit:
    return audit(adapt(total, link="identity"), people(), plan=PLAN)


FORKS = (
    Fork("training seed", "blind", model=adapt(blind, link="identity")),
    Fork("preparation", "no shift", cohort=people(0.0)),
    Fork("preparation", "half", cohort=people(0.8)),
    Fork("explainer", "occlusion", method="occlusion"),
    Fork("explainer", "none", method="no such explainer"),
)


@pytest.fixture(scope="module", name="held")
def _held(audited: Audit) -> Specification:
    return hold(audited, adapt(total, link="identity"), people(), forks=FORKS)


def test_the_share_counts_forks_under_which_the_answer_is_the_same(held: Specification) -> None:
    """A planted difference is gone without the shift and without the input, else it stays.

    Of the preparations one of two holds, of the training seeds none of one: a quarter.
    """
    assert held.verdict[1] == "different"
    assert held.holds[:, 1].tolist() == [False, False, True, True]
    assert held.share[1] == pytest.approx(1 / 4)
    assert held.worst[1] == "training seed"
    assert held.fragile[1]
    assert held.share[0] == 0  # the model without the dose errs otherwise


def test_a_choice_that_does_not_enter_a_question_does_not_count(held: Specification) -> None:
    """Another explainer leaves performance as it is, and would make any answer look firm."""
    assert held.touched[:, 0].tolist() == [True, False, False, False]  # the error is the noise
    assert held.reason[3, 0] == UNTOUCHED
    assert held.touched[:, 1].tolist() == [True, True, True, False]  # a sum is a sum


def test_seeds_under_which_an_answer_stays_count_beside_those_that_overturn_it() -> None:
    """Of four seeds that move the limits alone one overturns the answer: three quarters hold."""
    part = Part("f / m", "mae", "different", 0.5, 0.11, 0.89, "", 0.1, 100, None, "", "")
    own = Answer("q", "performance", "sex", "Is it similar?", "different", False, "", (part,))
    limit = replace(part, low=0.12)
    open_ = replace(part, low=0.09, verdict="cannot_tell")
    said = [replace(own, parts=(limit,))] * 3
    said.append(replace(own, verdict="cannot_tell", parts=(open_,)))
    found = [(Fork("seed", str(i), seed=i), (answer,)) for i, answer in enumerate(said)]
    found.append((Fork("explainer", "occlusion", method="occlusion"), (own,)))
    made = gathered([own], found, ())
    assert made.touched[:, 0].tolist() == [True, True, True, True, False]
    assert made.share[0] == pytest.approx(3 / 4)
    still = gathered([own], found[:3], ())
    assert not still.touched.any()  # draws alone, and no answer moves


def test_what_cannot_be_run_is_told_and_not_counted(held: Specification) -> None:
    """An unknown explainer is no fork under which the answer fails."""
    (one,) = held.unrun
    assert (one.name, one.setting) == ("explainer", "none")
    assert "no such explainer" in one.reason
    assert len(held.names) == 4


def test_a_change_of_sign_is_another_answer(audited: Audit) -> None:
    """Different in the other direction is no confirmation."""
    turned = Fork("preparation", "turned", cohort=people(-1.0))
    held = hold(audited, adapt(total, link="identity"), people(), forks=[turned])
    assert held.fork_verdict[0, 1] == "different"
    assert not held.holds[0, 1]


def test_the_audit_again_holds_throughout(audited: Audit) -> None:
    """A fork that changes nothing gives the same numbers to the last bit."""
    same = Fork("cohort", "the same", cohort=people())
    held = hold(audited, adapt(total, link="identity"), people(), forks=[same])
    assert held.holds.all()
    np.testing.assert_array_equal(held.fork_effect[0], held.effect)


def test_it_is_saved_and_told(held: Specification) -> None:
    """The record goes to JSON and back, has one line a fork, and a picture with words."""
    again = restore(Specification, plain(held))
    pd.testing.assert_frame_equal(again.to_frame(), held.to_frame())
    assert len(held.to_frame()) == 2 * 5
    assert "25 % of 3 forks" in repr(held)
    names, verdicts, effects = curve(held, 1)
    assert (np.diff(effects[:, 0]) >= 0).all()
    assert len(names) == len(verdicts) == 4
    assert specification_curve(held, 1).get_yticklabels()[0].get_text() == names[0]
    told = specification_text(held, 1)
    assert "25 % of other choices (mean over 2 kinds of choice, 1 of 3 in all)" in told
    assert "Could not be run, and not counted as held: explainer (1)." in told


def test_the_usual_forks_ask_what_can_be_asked(audited: Audit) -> None:
    """Two seeds, each group as background, another explainer; no scale where the link is none."""
    prepared = prepare(adapt(total, link="identity"), people())
    plan = Plan.from_data(audited.plan)
    made = usual(prepared, people(), plan, "shapley")
    assert [(f.name, f.setting) for f in made] == [
        ("seed", "1"), ("seed", "2"), ("background", "f alone"), ("background", "m alone"),
        ("explainer", "occlusion"),
    ]  # fmt: skip
    with pytest.raises(InputError, match=f"no fork 'seeds'; known: {', '.join(KINDS)}"):
        usual(prepared, people(), plan, "shapley", ["seeds"])


def test_other_people_are_no_fork(audited: Audit) -> None:
    """Before anything is computed: other rows, twice the same fork, another cohort."""
    model = adapt(total, link="identity")
    few = people().take(np.arange(100))
    with pytest.raises(InputError, match=r"has other rows \(100\)"):
        hold(audited, model, people(), forks=[Fork("cohort", "few", cohort=few)])
    with pytest.raises(InputError, match="two forks are seed, 1"):
        hold(audited, model, people(), forks=[Fork("seed", "1", seed=1)] * 2)
    with pytest.raises(InputError, match="not the one that was audited"):
        hold(audited, model, few, forks=[])


def test_a_record_that_contradicts_itself_is_refused(held: Specification) -> None:
    """Numbers without a reason, words outside the list, and other lengths are errors."""
    with pytest.raises(InputError, match="missing without a reason"):
        replace(held, fork_effect=np.full_like(held.fork_effect, np.nan))
    with pytest.raises(InputError, match="'perhaps', not one of"):
        replace(held, verdict=np.array(["perhaps", "similar"]))
    with pytest.raises(InputError, match="4 forks and 1 settings"):
        replace(held, settings=("one",))


def test_a_plan_that_asks_has_the_forks_on_page_and_in_findings(tmp_path: Path) -> None:
    """`[holds]` runs the forks in the audit: section B9, a table, and what is saved."""
    plan = PLAN.model_copy(update={"holds": HoldsPlan(forks=("seed",))})
    made = audit(adapt(total, link="identity"), people(), plan=plan)
    (held,) = made.further.holds
    assert held.names == ("seed", "seed")
    assert "holds" in made.tables()
    page = report(made, made.save(tmp_path / "audit")).read_text(encoding="utf-8")
    assert "Does it hold?" in page
    assert "No other choice that" in page
    assert Audit.load(tmp_path / "audit").to_json() == made.to_json()


def test_an_answer_that_depends_on_the_choice_is_a_finding(
    audited: Audit, held: Specification
) -> None:
    """Below 80 % the question is named, with how often its answer held; its id never changes."""
    more = with_holds(audited, held)
    found = [f for f in more.findings if f.kind == "hold"]
    (one,) = found  # one fork alone enters performance
    assert "dose" in one.subject
    assert one.severity == "watch"
    assert "holds under 25 % of other choices (mean over 2 kinds of choice" in one.sentence
    assert "least of training seed, 0 of 1" in one.sentence
    assert "Could not be run, and not counted as held: explainer (1)." in one.sentence
    assert one.evidence["effect"] == pytest.approx(1 / 4)
    assert not [f for f in audited.findings if f.kind == "hold"]


def test_a_fork_that_is_unknown_is_a_mistake_in_the_plan() -> None:
    """The plan names the known ones."""
    with pytest.raises(PlanError, match="explainer"):
        Plan.from_data({"holds": {"forks": ["explainers"]}})
