"""Perturbations and kept promises in a whole audit: what is planted is found, told and saved."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pandas as pd
import pytest

from evenlight.api import report
from evenlight.arrays import Float
from evenlight.auditing import audit
from evenlight.codec import plain, restore
from evenlight.data.cohort import Cohort
from evenlight.data.searched import Worst
from evenlight.errors import PlanError
from evenlight.measures.fragile import Fragility
from evenlight.measures.uncertainty import Uncertainty
from evenlight.models.adapt import adapt
from evenlight.plan import Plan
from evenlight.plan_parts import SUITES, HoldsPlan
from evenlight.probes.perturbations import suites
from evenlight.record import Audit, audit_schema
from tests.html_tree import tree

N = 600


def asked(**parts: Any) -> Plan:
    """A plan of one question and whatever is named."""
    return Plan.from_data(
        {
            "question": [{"measure": "performance", "grouping": "ward", "blocks": True}],
            "measure": {"further": False},
            "explain": {"repeats": 0},
            **parts,
        }
    )


def people(n: int = N) -> Cohort:
    """Two wards with the same doses; outcomes of B scatter three times as far."""
    rng = np.random.default_rng(0)
    in_b = np.arange(n) % 2 == 1
    x = np.column_stack([rng.normal(size=(n, 2)), in_b])
    y = score(x) + rng.normal(size=n) * np.where(in_b, 3.0, 1.0)
    table = pd.DataFrame(
        {"ward": np.where(in_b, "B", "A"), "dose": y}, index=[f"person{i:04d}" for i in range(n)]
    )
    return Cohort(x, table, ["crp", "age", "in_b"], outcome="dose", unit="row", groups=["ward"])


def score(x: Float) -> Float:
    """A sum in which the first number counts five times as much in ward B."""
    return np.asarray(x[:, 0] * (1 + 4 * x[:, 2]) + x[:, 1])


def model() -> object:
    """The sum with its link."""
    return adapt(score, link="identity")


FULL = asked(
    holds={"perturb": {"name": "tabular", "only": ["crp", "age"]}, "worst": "measurement error"},
    uncertainty={"levels": [0.9]},
)


@pytest.fixture(scope="module", name="audited")
def _audited() -> Audit:
    return audit(model(), people(), plan=FULL)


def test_a_group_that_moves_further_is_a_finding_to_watch(audited: Audit) -> None:
    """Five times the weight: the smallest strength that tells the wards apart is told."""
    found = [f for f in audited.findings if f.kind == "fragility" and f.view == "size|nothing"]
    errors = next(f for f in found if f.subject == "measurement error")
    assert (errors.severity, errors.primary, errors.contrast) == ("watch", False, "B / A")
    (record,) = audited.further.fragilities
    v, told = record.view("size"), record.steps
    first = min(
        s for s in range(3) if record.apart.verdict[v, 0, s] == "different"
    )  # the suite begins with three strengths of measurement error
    assert errors.sentence.startswith(f"After {told[first]}, the output moves ")
    assert "SD(f) further in B than in A (95 % interval " in errors.sentence
    assert "margin 0.1, 300 people in the smaller group): different" in errors.sentence
    assert errors.evidence["effect"] == record.apart.effect[v, 0, first]


def test_the_worst_is_confirmed_in_people_who_were_not_searched(audited: Audit) -> None:
    """Among measurement errors alone the largest is worst, and it is a finding of its own."""
    (record,) = audited.further.worsts
    assert record.perturbations == ("measurement error",)
    assert (record.level, record.reference, record.verdict) == ("B", "A", "different")
    (one,) = [f for f in audited.findings if f.view == "worst|gap"]
    assert one.severity == "watch"
    assert "in people who were not searched" in one.sentence


def test_one_threshold_that_fails_a_group_is_told(audited: Audit) -> None:
    """Coverage at 90 % falls short in B alone; that its sets must be larger is information."""
    found = [f for f in audited.findings if f.kind == "coverage"]
    assert [(f.subject, f.severity, f.verdict) for f in found] == [("B", "watch", "different")]
    assert "meant to hold the outcome of 90 %, holds it for" in found[0].sentence
    assert "below what is promised" in found[0].sentence
    assert found[0].evidence["high"] is not None
    assert found[0].evidence["high"] < 0
    (wider,) = [f for f in audited.findings if f.kind == "width"]
    assert wider.severity == "info"
    assert "larger in B than in A" in wider.sentence


def test_neither_blocks_nor_answers(audited: Audit) -> None:
    """The gate and the answers are those of the same plan without perturbations and sets."""
    bare = audit(model(), people(), plan=asked())
    assert audited.gate() == bare.gate()
    assert audited.answers == bare.answers
    own = {"fragility", "coverage", "width"}
    assert [f for f in audited.findings if f.kind not in own] == list(bare.findings)


def test_the_record_reads_back_and_fits_its_schema(audited: Audit) -> None:
    """Fragility, worst and uncertainty survive JSON, and the schema describes them."""
    again = Audit.from_json(audited.to_json())
    assert again.to_json() == audited.to_json()
    jsonschema.validate(json.loads(audited.to_json()), audit_schema())
    for kind, own in (
        (Fragility, audited.further.fragilities),
        (Worst, audited.further.worsts),
        (Uncertainty, audited.further.uncertainties),
    ):
        for record in own:
            made: Any = restore(kind, plain(record))
            pd.testing.assert_frame_equal(made.to_frame(), record.to_frame())


def test_tables_and_page_hold_all_of_it_and_nobody(audited: Audit, tmp_path: Path) -> None:
    """Each has a table; section B9 has the figure, the tables, and no person's name."""
    folder = audited.save(tmp_path / "audit")
    names = {path.stem for path in (folder / "tables").iterdir()}
    assert names >= {
        "fragilities", "fragility_differences", "fragility_doses", "worsts", "uncertainties",
        "uncertainty_differences", "coverage_held",
    }  # fmt: skip
    page = report(audited, folder).read_text(encoding="utf-8")
    ids = {node.attributes.get("id") for node in tree(page).walk()}
    assert ids >= {"b9", "f17", "t15", "t15m", "t16", "t17"}
    assert "Groups are moved differently far by" in page
    assert "One threshold for everyone covers less than it promises" in page
    for text in (page, audited.to_json(), *(p.read_text() for p in (folder / "tables").iterdir())):
        assert "person0" not in text


def test_what_the_data_do_not_allow_is_said_before_any_compute() -> None:
    """Counts in a table of numbers, a change that the suite lacks, sets without an outcome."""
    stages: list[str] = []
    for holds, message in (
        ({"perturb": "counts"}, r"holds\.perturb: counts are asked for, and x holds"),
        ({"perturb": "imaging"}, r"holds\.perturb: an image is asked for"),
        ({"perturb": {"name": "tabular", "scale": "log2"}}, r"takes .*, not 'scale'"),
        ({"perturb": {"name": "tabular", "errors": 3}}, r"holds\.perturb: .* cannot be read"),
        ({"perturb": "tabular", "worst": "blur"}, r"holds\.worst: .* has no 'blur'; it has"),
    ):
        with pytest.raises(PlanError, match=message):
            audit(model(), people(60), plan=asked(holds=holds), progress=stages.append)
    bare = people(60).altered(outcome=None, outcome_kind=None)
    question = [{"measure": "use", "grouping": "ward"}]
    plan = asked(question=question, uncertainty={"levels": True})
    with pytest.raises(PlanError, match=r"uncertainty\.levels .* and the cohort has no outcome"):
        audit(model(), bare, plan=plan, progress=stages.append)
    with pytest.raises(PlanError, match="no score of a continuous outcome; known: auto, absolute"):
        audit(model(), people(60), plan=asked(uncertainty={"levels": [0.9], "score": "aps"}))
    assert "explaining" not in stages


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"holds": {"perturb": "tabula"}}, "did you mean 'tabular'; known: counts, expression"),
        ({"holds": {"perturb": {"scale": "log2"}}}, "no suite ''; known: counts"),
        ({"holds": {"perturb": 3}}, "no suite 3"),
        ({"holds": {"worst": True}}, "worst is asked of the perturbations of a suite; name one"),
        ({"holds": {"attributions": True}}, "attributions is asked of the perturbations"),
        ({"holds": {"perturb": "tabular", "draws": 0}}, "holds.draws: Input should be greater"),
        ({"uncertainty": {"levels": [0.9, 0.8]}}, "list one or more that ascend"),
        ({"uncertainty": {"levels": [0.2]}}, "list one or more that ascend, from 0.5"),
        ({"uncertainty": {"score": "lax"}}, "uncertainty.score: Input should be 'auto'"),
        ({"uncertainty": {"level": [0.9]}}, "did you mean 'levels'"),
    ],
)
def test_a_wrong_word_names_what_is_known(data: dict[str, Any], message: str) -> None:
    """Suites, levels and scores are checked where the plan is read."""
    with pytest.raises(PlanError, match=message):
        Plan.from_data(data)


def test_a_plan_knows_the_suites_that_there_are() -> None:
    """The plan, which loads no probe, has the same names as the suites."""
    assert tuple(suites.SUITES) == SUITES


def test_a_name_and_a_table_say_the_same() -> None:
    """A suite by its name, one change by its name, true for every level."""
    short = Plan.from_data(
        {"holds": {"perturb": "tabular", "worst": "rounding"}, "uncertainty": {"levels": True}}
    )
    assert short.holds == HoldsPlan(perturb={"name": "tabular"}, worst=("rounding",))
    assert short.uncertainty.levels == (0.8, 0.9, 0.95)
    assert Plan.from_data(short.data()) == short


def test_explanations_are_compared_where_it_is_asked() -> None:
    """By the audit's own explainer, before and after: agreement and moved mass by group."""
    holds = {"perturb": {"name": "tabular", "only": ["age"]}, "attributions": True}
    (record,) = audit(model(), people(120), plan=asked(holds=holds)).further.fragilities
    assert {"agreement", "moved"} <= set(record.measures)
    assert record.method
    assert np.isfinite(record.value[1:, :, record.measure("moved")]).all()


def test_a_fork_is_not_perturbed_again() -> None:
    """Perturbations and sets are of the audit: asked once, however many forks there are."""
    stages: list[str] = []
    holds = {"perturb": {"name": "tabular", "only": ["age"]}, "forks": ["seed"]}
    plan = asked(holds=holds, uncertainty={"levels": [0.9]})
    made = audit(model(), people(120), plan=plan, progress=stages.append)
    assert [s for s in stages if s.startswith("perturbing")] == ["perturbing: tabular"]
    assert [s for s in stages if s.startswith("how sure")] == ["how sure by ward"]
    assert len(made.further.holds[0].names) >= 2
    assert len(made.further.fragilities) == len(made.further.uncertainties) == 1
