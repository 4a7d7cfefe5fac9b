"""The plan: closed, hashed, the same from TOML and from arguments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from pydantic import BaseModel

from evenlight.cohorts import warfarin
from evenlight.data.cohort import Cohort
from evenlight.errors import InputError, PlanError
from evenlight.ledger import enter
from evenlight.load import load_cohort
from evenlight.plan import Plan

TOML = """
[model]
builtin = "warfarin.pharmacogenetic"
[cohort]
builtin = "warfarin"
[[question]]
measure = "performance"
grouping = "race"
blocks = true
[policy]
inconclusive = "stop"
[policy.margins]
auroc = 0.03
"""


def test_toml_and_arguments_are_the_same_plan(tmp_path: Path) -> None:
    """Equal fields, equal plans, equal digests."""
    path = tmp_path / "audit.toml"
    path.write_text(TOML)
    written = Plan.from_data(
        {
            "policy": {"margins": {"auroc": 0.03}, "inconclusive": "stop"},
            "question": [{"grouping": "race", "blocks": True, "measure": "performance"}],
            "cohort": {"builtin": "warfarin"},
            "model": {"builtin": "warfarin.pharmacogenetic"},
        }
    )
    assert Plan.from_toml(path) == written
    assert Plan.from_toml(path).digest == written.digest


def test_a_key_that_is_left_out_changes_no_digest() -> None:
    """A record of before a key came to be has the digest of its plan still."""
    plan = Plan.from_data({"cohort": {"builtin": "warfarin"}})
    before = plan.data()
    assert before["cohort"].pop("source") is None
    assert Plan.from_data(before).digest == plan.digest
    assert Plan.from_data({"cohort": {"builtin": "warfarin", "source": "s"}}).digest != plan.digest


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"polcy": {}}, "unknown key 'polcy'; did you mean 'policy'"),
        ({"policy": {"margins": {"auroq": 1}}}, "'policy.margins.auroq'; did you mean 'auroc'"),
        (
            {"question": [{"measure": "use", "grouping": "r", "block": True}]},
            "did you mean 'blocks'",
        ),
        ({"groups": {"race": {"colum": "r"}}}, "did you mean 'column'"),
        ({"question": [{"measure": "us", "grouping": "r"}]}, "question.0.measure: Input should be"),
        ({"policy": {"coverage": 2}}, "policy.coverage: Input should be less than or equal to 1"),
        ({"model": {"builtin": "a", "table": "b"}}, "give one of builtin, table and weights"),
        ({"question": [{"measure": "use", "grouping": "r"}] * 6}, "at most 5 items"),
    ],
)
def test_a_wrong_plan_names_the_key_and_the_nearest(data: dict[str, object], message: str) -> None:
    """Unknown keys, wrong values, too many questions."""
    with pytest.raises(PlanError, match=message):
        Plan.from_data(data)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("policy: {}", "is not TOML"),
        ("[policy]\n[policy]\n", "is not TOML"),
        ("a = 1", "unknown key 'a'"),
    ],
)
def test_a_file_that_is_no_plan_is_named(tmp_path: Path, text: str, message: str) -> None:
    """YAML, duplicate tables, strange keys."""
    path = tmp_path / "plan.toml"
    path.write_text(text)
    with pytest.raises(PlanError, match=message):
        Plan.from_toml(path)
    with pytest.raises(PlanError, match=r"there is no plan 'other\.toml'"):
        Plan.from_toml(tmp_path / "other.toml")


def test_the_default_plan_asks_three_questions() -> None:
    """Performance, use and reliance given the outcome, by the first grouping; nothing blocks."""
    plan = Plan().completed(warfarin())
    assert [(q.measure, q.grouping, q.given) for q in plan.question] == [
        ("performance", "race", None), ("use", "race", None), ("reliance", "race", "outcome"),
    ]  # fmt: skip
    assert not any(q.blocks for q in plan.question)
    assert plan.completed(warfarin()) == plan


def test_questions_are_checked_against_the_cohort() -> None:
    """A grouping or contrast that is not there is named with the nearest."""
    asked = {"measure": "use", "grouping": "rase"}
    with pytest.raises(PlanError, match=r"asks about 'rase'.*did you mean .race."):
        Plan.from_data({"question": [asked]}).completed(warfarin())
    asked = {"measure": "use", "grouping": "race", "contrast": "White / Asian"}
    with pytest.raises(PlanError, match="did you mean 'Asian / White'"):
        Plan.from_data({"question": [asked]}).completed(warfarin())
    asked = {"measure": "use", "grouping": "race", "contrast": "Whte / Asian"}
    with pytest.raises(PlanError, match="did you mean 'Asian / White'"):
        Plan.from_data({"question": [asked]}).completed(warfarin())


def test_the_ledger_remembers_other_plans(tmp_path: Path) -> None:
    """A plan changed after a look is seen; the same plan again, or another cohort, is not."""
    path = tmp_path / "ledger.jsonl"
    same = {"model": "m", "cohort": "c", "date": "2026-11-21"}
    assert enter(path, plan="p1", **same) == ()
    assert enter(path, plan="p1", **same) == ()
    assert enter(path, plan="p2", **same) == ("p1",)
    assert enter(path, plan="p3", **{**same, "cohort": "other"}) == ()
    assert len(path.read_text().splitlines()) == 4
    path.write_text("not json\n")
    with pytest.raises(InputError, match=r"ledger\.jsonl holds a line that is not JSON"):
        enter(path, plan="p1", **same)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"question": [{"measure": "use", "grouping": "race", "subject": "vkorc"}]}, "'VKORC1'"),
        ({"question": [{"measure": "performance", "grouping": "race", "subject": "auc"}]}, "mae"),
    ],
)
def test_what_is_not_measured_is_named_before_any_compute(
    data: dict[str, object], message: str
) -> None:
    """A subject or metric that no measure will have."""
    with pytest.raises(PlanError, match=message):
        Plan.from_data(data).completed(warfarin())


def test_axes_of_a_plan_are_read_from_the_table(tmp_path: Path) -> None:
    """Columns of numbers become axes, matched by id; text in them is a plan error."""
    table = tmp_path / "people.csv"
    table.write_text("id,sex,x,pc1,pc2\na,f,1,0.5,1\nb,m,2,-0.5,2\nc,f,3,0.1,3\n")
    cohort = {"table": "people.csv", "id": "id", "features": ["x"], "groups": ["sex"]}
    data = {"cohort": cohort | {"unit": "row"}, "axes": {"pcs": {"columns": ["pc1", "pc2"]}}}
    made = load_cohort(Plan.from_data(data), tmp_path)
    assert made.axes[0].names == ("pc1", "pc2")
    assert made.axes[0].values[:, 0].tolist() == [0.5, -0.5, 0.1]
    data["axes"]["pcs"]["columns"] = ["sex"]  # type: ignore[index]
    with pytest.raises(PlanError, match="'sex' of the table does not hold numbers"):
        load_cohort(Plan.from_data(data), tmp_path)


def two_labels() -> Cohort:
    """Four people, ill or well."""
    people = pd.DataFrame({"sex": ["f", "m"] * 2, "state": ["ill", "well", "well", "ill"]})
    x = np.arange(4.0)[:, None]
    return Cohort(x, people, ["age"], outcome="state", event="ill", unit="row", groups=["sex"])


def test_the_event_of_an_outcome_is_recorded() -> None:
    """Of two labels the plan says which one was 1; of 0 and 1 it says nothing."""
    assert Plan().completed(two_labels()).cohort.event == "ill"
    assert Plan().completed(warfarin()).cohort.event is None


def test_the_event_of_a_table_is_read(tmp_path: Path) -> None:
    """A plan that names the event turns two labels into 0 and 1."""
    (tmp_path / "people.csv").write_text("id,sex,x,state\na,f,1,ill\nb,m,2,well\nc,f,3,ill\n")
    roles = {"id": "id", "features": ["x"], "groups": ["sex"], "unit": "row", "outcome": "state"}
    cohort = {"table": "people.csv", "event": "ill", **roles}
    made = load_cohort(Plan.from_data({"cohort": cohort}), tmp_path)
    assert made.y.tolist() == [1.0, 0.0, 1.0]
    assert made.event == "ill"


def parts_of(kind: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    """Each table of a plan with its schema: model, cohort, groups, ..., policy.margins."""
    for name, field in kind.model_fields.items():
        hints = (field.annotation, *get_args(field.annotation))
        for own in (h for h in hints if isinstance(h, type) and issubclass(h, BaseModel)):
            yield name, own
            yield from parts_of(own)


def undocumented(text: str) -> list[str]:
    """Fields of the plan's tables that a page does not name in the table's own lines."""
    missing = []
    for table, kind in parts_of(Plan):
        own = re.split(rf"^\[+(?:policy\.|cohort\.)?{table}\b", text, flags=re.MULTILINE)[1:]
        lines = "".join(re.split(r"^\[", part, flags=re.MULTILINE)[0] for part in own)
        for name in kind.model_fields:
            nested = f"[{table}.{name}]" in text or f"[{table}.{name}." in text
            if not nested and not re.search(rf"\b{name} = ", lines):
                missing.append(f"{table}.{name}")
    return missing


def test_every_field_of_a_plan_stands_in_its_page(root: Path) -> None:
    """docs/plan.md names each field of each table, and the search for them can fail."""
    text = (root / "docs" / "plan.md").read_text(encoding="utf-8")
    assert undocumented(text) == []
    assert undocumented(text.replace("repeats = ", "")) == ["explain.repeats"]
    assert len(undocumented("")) > 40


def test_genotype_columns_are_named_before_any_compute() -> None:
    """True means all of x; a column that is no allele count, or no further measure, is told."""
    people = two_labels()
    told = Plan.from_data({"measure": {"genotypes": True}})
    with pytest.raises(PlanError, match=r"measure\.genotypes: .*age"):
        told.completed(people)
    counts = people.altered(x=np.array([[0.0], [1.0], [2.0], [1.0]]))
    assert told.completed(counts).measure.genotypes == ("age",)
    with pytest.raises(PlanError, match=r"measure\.genotypes: .*'rs9'"):
        Plan.from_data({"measure": {"genotypes": ["rs9"]}}).completed(counts)
    with pytest.raises(PlanError, match="genotypes needs further = true"):
        Plan.from_data({"measure": {"genotypes": True, "further": False}})
