"""Annexes on frameworks: three states, each filled one with a pointer that resolves."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evenlight import reports
from evenlight.about import CHOICES, PROMPTS
from evenlight.data.intake import NO_SPLIT
from evenlight.errors import PlanError, UnknownName
from evenlight.further import Further
from evenlight.plan import Plan
from evenlight.plan_parts import FRAMEWORKS
from evenlight.record import Audit
from evenlight.reports.evidence import EVIDENCE, evidence
from evenlight.reports.exporters.frameworks import frameworks
from evenlight.reports.framework import (
    BEYOND,
    NOT_FIXED,
    STATES,
    Answered,
    Framework,
    answered,
    counts,
    known,
    read,
    risk_file,
)
from evenlight.reports.sections import c5_frameworks
from tests.made_audit import HIDDEN, audit
from tests.reports.test_beside_section import slices

WRITTEN = {key: f"Text on {key}." for key in PROMPTS if key not in ("study", "audited_source")}
"""An author who wrote everything that is no choice."""

PROMISED = re.compile(
    r"\b(fair|fairness|unbiased|safe|compliant|compliance|certified|proves?|pre-registered"
    r"|biology|shortcut|causes?)\b|%",
    re.IGNORECASE,
)


def asking(*names: str, about: dict[str, Any] | None = None) -> Audit:
    """The made audit with frameworks in its plan and an author's words."""
    made = audit()
    plan = {**made.plan, "report": {"frameworks": list(names)}}
    return replace(made, plan=plan).told_by(about or {})


def bare() -> Audit:
    """An audit in which nothing was measured and nobody said anything."""
    nothing: dict[str, Any] = dict.fromkeys(
        ("compositions", "performances", "comparisons", "reliances", "flips", "qualities",
         "dependences", "sensitivities", "answers", "warnings"), (),
    )  # fmt: skip
    made = replace(audit(), **nothing, further=Further(), provenance={})
    return replace(made, cohort=replace(made.cohort, notes=()))


def resolved(data: Any, pointer: str) -> Any:
    """What an RFC 6901 pointer leads to; KeyError or IndexError where it leads nowhere."""
    for step in pointer.removeprefix("/").split("/"):
        key = step.replace("~1", "/").replace("~0", "~")
        data = data[int(key)] if isinstance(data, list) else data[key]
    return data


def holds(value: Any) -> bool:
    """Whether there is any number or text below a value."""
    if isinstance(value, dict | list):
        return any(map(holds, value.values() if isinstance(value, dict) else value))
    if isinstance(value, float):
        return isfinite(value)
    return value is not None and value != ""


def test_the_plan_knows_every_file() -> None:
    """The names that a plan may give are those of the files."""
    assert known() == FRAMEWORKS


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_a_file_names_only_what_there_is(name: str) -> None:
    """Evidence, keys and conditions of a file exist; items are asked of something, and once."""
    made = read(name)
    assert made.id == name
    assert made.version
    assert made.status
    assert made.source.startswith("https://")
    assert bool(made.checked_on) == bool(made.checked_against)
    ids = [item.id for item in made.items]
    assert len(ids) == len(set(ids))
    for item in made.items:
        assert set(item.evidence + item.beside) <= set(EVIDENCE), item.id
        assert set(item.needs + item.author) <= set(PROMPTS), item.id
        assert item.evidence or item.needs or item.author, item.id
        assert not set(item.evidence) & set(item.beside), item.id
        assert not set(item.needs) & set(item.author), item.id
        assert item.only in ("", *BEYOND), item.id
        assert item.source in ("", *CHOICES["audited_source"]), item.id


def test_numbers_of_items_are_those_of_the_facts() -> None:
    """HTI-1 has 31 attributes, Annex IV nine points, GMLP ten principles, FUTURE-AI 30."""
    assert len(read("hti-1").items) == 31
    annex = {re.sub(r"\D.*", "", i.id[9:]) for i in read("eu-ai-act").items if "Annex" in i.id}
    assert annex == set("123456789")
    assert len(read("gmlp").items) == 10
    assert len(read("future-ai").items) == 30
    assert len({re.sub(r"\D", "", i.id) for i in read("tripod-ai").items}) == 26  # less item 2
    claim = [int(item.id) for item in read("claim-2024").items]
    assert sorted({*claim, 2}) == list(range(1, 45))
    parts = [item.id.split()[0] for item in read("probast-ai").items]
    assert [parts.count(part) for part in ("Development", "Evaluation")] == [16, 18]
    assert len(read("model-card").items) == 10  # nine sections, one of them in two


def test_a_check_says_what_was_read() -> None:
    """A checked file says which text was read, another how far, if the text is public."""
    for framework in map(read, FRAMEWORKS):
        assert len(framework.checked_against) > 40 or framework.checked_on is None
        assert framework.checked_on or framework.risk_file or "read" in framework.notes[-1]


def test_criteria_are_set_before_the_test_only_if_somebody_can_see_it() -> None:
    """A plan whose digest was not given in advance answers nothing on criteria that were."""
    told = audit().told_by(WRITTEN)
    assert not told.plan_fixed

    def row(made: Audit) -> Answered:
        rows = answered(made, read("fda-2025-draft"))
        return next(row for row in rows if row.item.id == "X.A Validation: analysis plan")

    assert row(told).state == "needs author"
    assert row(told).add == NOT_FIXED
    fixed = row(replace(told, plan_fixed=True))
    assert (fixed.state, fixed.add) == ("filled from evidence", "")


def test_the_author_s_word_on_a_split_stands_beside_the_record_s() -> None:
    """Whoever says that test data are apart, where no split was declared, has that beside it."""
    told = audit().told_by(WRITTEN)
    cohort = replace(told.cohort, notes=(NO_SPLIT,))
    for made, said in ((told, False), (replace(told, cohort=cohort), True)):
        rows = answered(made, read("probast-ai"))
        row = next(row for row in rows if row.item.id == "Evaluation 4.5")
        assert row.state == "filled from evidence"
        assert (NO_SPLIT in row.add) == said


def test_sites_and_crosses_are_those_that_were_searched() -> None:
    """Slices speak of sites if a stratum is among their columns, and of crosses if two are."""

    def there(*over: str) -> list[bool]:
        made = audit()
        cohort = replace(made.cohort, strata=("site",))
        one = slices()
        further = Further(slices=(replace(one, over=over),))
        found = evidence(replace(made, cohort=cohort, further=further))
        return [found["E08"].there, found["E27"].there]

    assert there("age") == [False, False]
    assert there("site") == [True, False]
    assert there("age", "sex") == [False, True]
    assert there("age", "site") == [True, True]


@pytest.mark.parametrize("name", FRAMEWORKS)
@pytest.mark.parametrize("about", [{}, WRITTEN], ids=["silent", "told"])
def test_filled_items_lead_to_something(name: str, about: dict[str, str]) -> None:
    """A filled item has a pointer, and every pointer leads to numbers or words of the record."""
    made = audit().told_by(about)
    data = json.loads(made.to_json())
    for row in answered(made, read(name)):
        assert row.state in STATES
        assert row.pointers or row.state != "filled from evidence", row.item.id
        assert row.sentence or row.state != "filled from evidence", row.item.id
        assert row.add or row.state != "needs author", row.item.id
        found = [holds(resolved(data, pointer)) for pointer in row.pointers]
        assert any(found) or not found, row.item.id


def test_nothing_is_filled_where_nothing_is_there() -> None:
    """An audit without measures fills no item that asks for one, and says what is missing."""
    there = {key for key, one in evidence(bare()).items() if one.there}
    assert there == {"E01", "E03", "E09", "E21"}
    for name in FRAMEWORKS:
        for row in answered(bare(), read(name)):
            filled = row.state == "filled from evidence"
            assert not filled or set(row.item.evidence) <= there, (name, row.item.id)


def test_hidden_numbers_fill_nothing() -> None:
    """Where every number is suppressed, performance is not there."""
    made = audit()
    gone = [
        replace(
            one,
            value=np.full_like(one.value, np.nan),
            low=np.full_like(one.low, np.nan),
            high=np.full_like(one.high, np.nan),
            reason=np.full_like(one.reason, HIDDEN),
            difference=np.full_like(one.difference, np.nan),
            difference_low=np.full_like(one.difference, np.nan),
            difference_high=np.full_like(one.difference, np.nan),
            difference_reason=np.full_like(one.difference_reason, HIDDEN),
        )
        for one in made.performances
    ]
    found = evidence(replace(made, performances=tuple(gone)))
    assert not found["E06"].there
    assert not found["E07"].there


def test_an_author_who_says_nothing_is_asked() -> None:
    """Without about.toml each key that is asked is named with its prompt."""
    rows = {row.item.id: row for row in answered(audit(), read("hti-1"))}
    assert rows["(2)(i)"].state == "needs author"
    assert "(intended_use)" in rows["(2)(i)"].add


def test_the_author_s_words_are_told_as_such() -> None:
    """A text of the author fills what only authors know, and says whose it is."""
    told = audit().told_by({"intended_use": "Dosing\nof warfarin."})
    row = {row.item.id: row for row in answered(told, read("hti-1"))}["(2)(i)"]
    assert row.state == "filled from evidence"
    assert row.pointers == ("/about/intended_use",)
    assert row.sentence == "As the author writes: Dosing of warfarin."


def test_validity_is_not_of_both_sources() -> None:
    """One audit is of the training source or of another, and of neither until somebody says so."""

    def states(about: dict[str, str]) -> list[str]:
        rows = {row.item.id: row.state for row in answered(audit().told_by(about), read("hti-1"))}
        return [rows["(7)(i)"], rows["(7)(iii)"]]

    assert states({}) == ["needs author", "needs author"]
    other = {"audited_source": "other source", "audited_data": "A registry of 2020."}
    assert states(other) == ["needs author", "filled from evidence"]
    own = {"audited_source": "training source", "independence": "Split by patient."}
    assert states(own) == ["filled from evidence", "needs author"]


def test_images_are_asked_of_images_only() -> None:
    """Items on images do not apply to a table, with the reason."""
    rows = answered(audit(), read("claim-2024"))
    assert {row.state for row in rows} == {"not applicable"}
    assert {row.sentence for row in rows} == {BEYOND["images"]}
    plan = {**audit().plan, "cohort": {"images": {"folder": "x"}}}
    seen = {row.state for row in answered(replace(audit(), plan=plan), read("claim-2024"))}
    assert "not applicable" not in seen


def test_what_does_not_apply_has_the_author_s_reason() -> None:
    """An item called not applicable points to the reason; an unknown one names the nearest."""
    said = {"not_applicable": {"eu-ai-act": {"Article 4a(1)": "No such data are used."}}}
    made = audit().told_by(said)
    row = next(r for r in answered(made, read("eu-ai-act")) if r.item.id == "Article 4a(1)")
    assert row.state == "not applicable"
    found = [resolved(json.loads(made.to_json()), pointer) for pointer in row.pointers]
    assert found == ["No such data are used."]
    wrong = audit().told_by({"not_applicable": {"eu-ai-act": {"Article 4a(11)": "x"}}})
    with pytest.raises(PlanError, match=re.escape("did you mean 'Article 4a(1)'")):
        answered(wrong, read("eu-ai-act"))


def test_an_unknown_framework_names_the_nearest() -> None:
    """Plan and reader tell the framework that was meant."""
    with pytest.raises(PlanError, match="did you mean 'eu-ai-act'"):
        Plan.from_data({"report": {"frameworks": ["eu-ai-akt"]}})
    with pytest.raises(UnknownName, match="did you mean 'tripod-ai'"):
        read("tripod")
    assert Plan.from_data({"report": {"frameworks": True}}).report.frameworks == FRAMEWORKS


def test_counts_are_counts() -> None:
    """States add up to the items."""
    rows = answered(audit(), read("gmlp"))
    assert sum(counts(rows).values()) == len(rows) == 10


def test_a_file_that_nobody_checked_says_so() -> None:
    """Without a date of a check, page and annex say that the text was not checked."""
    unchecked = [read(name) for name in FRAMEWORKS if read(name).checked_on is None]
    assert unchecked
    for framework in unchecked:
        assert "not checked against the text" in framework.checked
        text = frameworks(asking(framework.id), Path())[f"frameworks/{framework.id}.md"]
        assert framework.checked in text
        assert framework.checked in str(c5_frameworks.section(asking(framework.id)))


def test_findings_without_an_entry_have_an_unknown_risk() -> None:
    """Each finding above info has its entry or none, and entries of no finding are told."""
    first = next(f for f in audit().findings if f.severity != "info")
    made = asking("iso-14971", about={"risks": {first.id: "RISK-7", "nothing": "RISK-8"}})
    rows, loose = risk_file(made)
    assert {f.id: entry for f, entry in rows}[first.id] == "RISK-7"
    assert loose == ["nothing"]
    page = str(c5_frameworks.section(made))
    assert "RISK-7" in page
    assert "names no finding" in page
    silent = str(c5_frameworks.section(asking("iso-14971")))
    assert "the risk is unknown" in silent


def test_the_page_has_only_what_is_asked(tmp_path: Path) -> None:
    """No annex without a plan that asks; else one table a framework, and its files beside it."""
    reports.write(audit(), tmp_path / "none")
    assert not (tmp_path / "none" / "frameworks").exists()
    assert 'id="c5"' not in (tmp_path / "none" / "report.html").read_text()
    page = reports.write(asking("gmlp", "hti-1"), tmp_path / "two").read_text()
    assert 'id="c5-gmlp"' in page
    assert 'href="#c5"' in page
    names = sorted(path.name for path in (tmp_path / "two" / "frameworks").iterdir())
    assert names == ["gmlp.json", "gmlp.md", "hti-1.json", "hti-1.md"]
    data = json.loads((tmp_path / "two" / "frameworks" / "gmlp.json").read_text())
    assert [item["id"] for item in data["items"]] == [str(i) for i in range(1, 11)]


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_no_annex_promises_anything(name: str) -> None:
    """Files use none of the words that a report must not use, and no percentage of anything."""
    made: Framework = read(name)
    told = [made.status, *made.notes, *(item.asks for item in made.items)]
    assert not [text for text in told if PROMISED.search(text)]
    assert not any(PROMISED.search(text) for text in PROMPTS.values())


def test_an_author_s_markup_stays_text() -> None:
    """Markup and line ends of an author change neither page nor table."""
    evil = {"intended_use": "<script>alert(1)</script> | x\n| y | [a](http://b)"}
    made = asking("hti-1", about=evil)
    assert "<script>" not in str(c5_frameworks.section(made))
    text = frameworks(made, Path())["frameworks/hti-1.md"]
    row = next(line for line in text.splitlines() if line.startswith("| (2)(i) "))
    assert len(re.findall(r"(?<!\\)\|", row)) == 7
    assert "<script>" not in text


def test_the_record_keeps_what_the_author_says() -> None:
    """The author's words come back from audit.json, and an audit without them is silent."""
    made = asking("gmlp", about={"users": "Nurses.", "risks": {"a": "b"}})
    again = Audit.from_json(made.to_json())
    assert again.about == made.about == {"risks": {"a": "b"}, "users": "Nurses."}
    assert Audit.from_json(audit().to_json()).about == {}
