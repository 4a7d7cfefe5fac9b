"""Primary questions of images: use by regions, maps, and what a gate makes of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from evenlight.auditing import audit
from evenlight.check import check
from evenlight.cohorts.phantom import NOTHING, Phantom
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features
from evenlight.data.outcome import Survival
from evenlight.data.space import Space
from evenlight.errors import PlanError
from evenlight.findings import Answer, Part
from evenlight.forks import hold, usual
from evenlight.gates import gate
from evenlight.judge import judge
from evenlight.measured.moved import common_contrasts
from evenlight.models.adapt import adapt
from evenlight.models.probe import prepare
from evenlight.plan import Plan
from evenlight.policy import Policy, Question
from evenlight.record import Audit
from evenlight.reports import build
from evenlight.results import Measures
from tests.audits.test_looked_audit import network
from tests.html_tree import tree
from tests.mapped_world import chests, linear, looking

USE = {"measure": "use", "grouping": "group"}
MAP = {"measure": "map", "grouping": "group", "given": "outcome"}


def asked(*questions: dict[str, Any], **more: Any) -> Plan:
    """A quick plan of these questions."""
    quick = {"draws": 200, "forming": 0.005, **more.pop("maps", {})}
    explain = {"method": "ig", "baseline": "mean", "repeats": 0, **more.pop("explain", {})}
    return Plan.from_data(
        {"explain": explain, "maps": quick, "question": list(questions), **more}
    )  # fmt: skip


@pytest.fixture(scope="module", name="people")
def _people() -> Phantom:
    return chests(160)


@pytest.fixture(scope="module", name="found")
def _found(people: Phantom) -> Audit:
    """Use and maps asked of people with a mark that goes with the group; use blocks."""
    plan = asked({**USE, "blocks": True}, MAP, measure={"further": False})
    return audit(network(people), people.cohort, plan=plan, sets=people.regions)


def test_use_is_answered_by_regions_and_the_gate_can_pass(found: Audit) -> None:
    """A sum over positions uses every region alike: *similar*, and a pass that it may be read."""
    use, _ = found.answers
    assert use.verdict == "similar"
    assert "moves the output equally far in b and a" in use.sentence
    assert (found.verdict.word, found.verdict.exit_code) == ("passed", 0)
    (moved,) = found.sensitivities
    assert "marker corner" in moved.subjects
    assert set(moved.low_state) == {"as where it adds least"}


def test_a_question_of_maps_says_where(found: Audit) -> None:
    """The marked corner, at the part of alpha that the question has; nothing else is asked."""
    _, seen = found.answers
    assert seen.verdict == "different"
    assert seen.question == (
        "Does each place of the image add the same by group among people with the same outcome?"
    )
    assert "of its mass in marker corner" in seen.sentence
    (maps,) = found.further.maps
    assert maps.alpha == pytest.approx(0.025)
    (told,) = [f for f in found.findings if f.kind == "map" and f.primary]
    assert (told.view, told.evidence["margin"]) == ("signed|outcome|margin", None)
    page = tree(build(found))
    for section in ("a2", "a3"):
        (shown,) = [n for n in page.all("section") if n.attributes["id"] == section]
        assert "all positions" in shown.text()
        assert "nan" not in shown.text().split()
        assert "no interval" not in shown.text()
        assert "in one cluster of positions" in shown.text()
    assert "Positions add the same, by group" in page.text()


def test_maps_without_a_cluster_cannot_be_told_alike() -> None:
    """People who differ in nothing: *cannot tell*, and a sentence that says what follows not."""
    same = chests(160, planted=NOTHING)
    made = audit(network(same), same.cohort, plan=asked(MAP), sets=same.regions)
    (answer,) = made.answers
    assert answer.verdict == "cannot_tell"
    assert answer.sentence.startswith(
        "Whether what positions add to the output differs between b and a among"
    )
    assert "that maps are alike does not follow" in answer.sentence
    assert made.verdict.word == "not gated"


def test_forks_ask_maps_again(people: Phantom, found: Audit) -> None:
    """Other baselines: maps are compared under each, and the corner is found by all."""
    kinds = usual(prepare(network(people), people.cohort), people.cohort,
                  Plan.from_data(found.plan), "ig", ["baseline"])  # fmt: skip
    assert [fork.setting for fork in kinds] == ["black", "blur", "inpaint"]
    held = hold(found, network(people), people.cohort, forks=kinds[:1], sets=people.regions)
    assert not held.unrun
    assert held.fork_verdict[0].tolist() == ["similar", "different"]
    shown = tree(build(replace(found, further=replace(found.further, holds=(held,)))))
    (b9,) = [n for n in shown.all("section") if n.attributes["id"] == "b9"]
    assert "among people with the same outcome?Answered different" in b9.text()


def survival(people: Phantom) -> Cohort:
    """The same images with a time to an event."""
    table = people.cohort.people.assign(days=np.arange(1.0, people.cohort.n + 1))
    return Cohort(
        people.cohort.x, table, people.cohort.features, outcome=Survival("days", "ill"),
        unit="person", groups=people.cohort.groups,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("question", "more", "told"),
    [
        ({"blocks": True}, {}, "never similar, so a gate that it blocks could not pass"),
        ({"subject": "heart"}, {}, "of the region 'heart' ask for its attribution"),
        ({}, {"maps": {"compare": False}}, "maps.compare is false"),
        ({}, {"policy": {"alpha": 0.005}, "maps": {"draws": 100}}, "needs 200 or more"),
        ({"given": "outcome and strata"}, {}, "one of: nothing, outcome"),
    ],
)
def test_questions_of_maps_that_cannot_be_asked(
    people: Phantom, question: dict[str, Any], more: dict[str, Any], told: str
) -> None:
    """Each is an error before the model is called."""
    plan = asked({**MAP, **question}, **more)
    with pytest.raises(PlanError, match=told):
        audit(lambda x: 1 / 0, people.cohort, plan=plan, sets=people.regions)


def test_questions_of_maps_need_images_that_share_their_space(people: Phantom) -> None:
    """Not a table, not places that mean something else in everyone, not a time to an event."""
    table = Cohort(np.eye(160), people.cohort.people, groups=["group"], outcome="ill")
    nowhere = Features(("intensity",), space=Space((24, 24)))
    for cohort, told in (
        (table, "x is a table of 160 columns"),
        (people.cohort.altered(features=nowhere), "a question of map needs images whose positions"),
        (survival(people), "not compared given a time to an event"),
    ):
        sets = people.regions if cohort is not table else None
        with pytest.raises(PlanError, match=told):
            audit(lambda x: 1 / 0, cohort, plan=asked(MAP), sets=sets)


def test_a_question_of_a_region_that_there_is_not(people: Phantom) -> None:
    """The nearest name is told before any compute."""
    for measure in ("use", "attribution", "reliance"):
        plan = asked({"measure": measure, "grouping": "group", "subject": "hart"})
        with pytest.raises(PlanError, match=r"'hart' of a question.*did you mean 'heart'"):
            audit(lambda x: 1 / 0, people.cohort, plan=plan, sets=people.regions)


def test_check_says_what_is_asked(people: Phantom) -> None:
    """A plan of maps is checked with model and cohort in memory."""
    plan = asked({"measure": "map", "grouping": "group"}, regions={"grid": [2, 2]})
    lines = list(check(plan, model=network(people), cohort=people.cohort))
    assert "question map by group" in lines
    assert any(line.startswith("forecast none") for line in lines)


@pytest.mark.parametrize("word", ["black", "blur", "inpaint"])
def test_a_plan_names_baselines_of_images(people: Phantom, word: str) -> None:
    """They reach the explainer; a table has none of them."""
    explain = {"baseline": word, "repeats": 2 if word == "blur" else 0}
    plan = asked(USE, explain=explain, measure={"further": False})
    made = audit(network(people), people.cohort, plan=plan, sets=people.regions)
    assert made.provenance["explainer"]["baseline"] == (word if word == "black" else f"own: {word}")
    assert made.comparisons[0].repeats == 0  # of a blur no background is drawn
    table = Cohort(np.eye(160), people.cohort.people, groups=["group"], outcome="ill")
    with pytest.raises(PlanError, match=f"explain.baseline = '{word}' is for images"):
        audit(lambda x: 1 / 0, table, plan=plan)


def test_a_plan_says_which_maps_are_kept(people: Phantom) -> None:
    """Signed maps alone where it names these; none at all is an error."""
    plan = asked(MAP, maps={"views": ["signed"]}, measure={"further": False})
    made = audit(network(people), people.cohort, plan=plan, sets=people.regions)
    assert made.further.maps[0].means == ("signed",)
    with pytest.raises(PlanError, match="name one or more of signed, magnitude, sensitivity"):
        asked(MAP, maps={"views": []})


def test_why_regions_cannot_be_moved_is_told(people: Phantom) -> None:
    """Missing values and missing regions are no missing margin."""
    cohort, phi = people.cohort, linear(people.cohort, looking(people))
    model = prepare(adapt(lambda x: x.sum(axis=(1, 2, 3)), link="identity"), cohort)
    x = np.array(cohort.x)
    x[0, 0, 0, 0] = np.nan
    gaps = Cohort(x, cohort.people, cohort.features, groups=["group"], missing="keep")
    made = phi.by(people.regions)
    for here, own, sets, told in (
        (cohort, phi, None, "there are no regions"),
        (gaps, made, people.regions, r"values are missing \(NaN\)"),
    ):
        moved, why = common_contrasts(model, own, here, sets)
        assert moved is None
        assert told.replace("\\", "") in why
        unasked = Measures(unasked={"use": why})
        _, (answer,), _ = judge(unasked, [Question.model_validate(USE)], Policy())
        assert why in answer.sentence
        assert "no margin" not in answer.sentence


def test_a_gate_that_fails_says_how_sure_the_size_is() -> None:
    """Different fails whatever its size; where the size is open the reason says so."""
    part = Part("b / a", "x", "different", 0.12, 0.02, 0.22, "SD(f)", 0.1, 50, None, "", "")
    answer = Answer("E-0", "use", "g", "Is it?", "different", True, "It is.", (part,))
    uncertain, beyond = answer, replace(answer, parts=(replace(part, low=0.11),))
    for one, said in ((uncertain, True), (beyond, False)):
        made = gate([one], Policy())
        assert (made.word, made.exit_code) == ("failed", 1)
        assert ("size uncertain (it may or may not exceed the margin)" in made.reason) is said
