"""A1: what was audited, on whom, when, and under which plan."""

from __future__ import annotations

from collections.abc import Mapping

from htpy import Element, Node, div, h1, header, p, span

from evenlight.data.digits import count
from evenlight.language import spoken
from evenlight.measures.comparison import Comparison
from evenlight.measures.composition import Composition
from evenlight.measures.performance import Performance
from evenlight.measures.reliance import Reliance
from evenlight.record import CHANGED, Audit
from evenlight.reports.parts import filled, name
from evenlight.reports.pointing import at
from evenlight.reports.words import PLAN_CHANGED, PLAN_GIVEN, PLAN_HERE, STANDING


def section(audit: Audit) -> Element:
    """The title strip."""
    people = audit.cohort
    units = people.unit not in ("", "row")
    facts = [
        *([name(audit.model.name), " · "] if heading(audit) != _named(audit) else []),
        filled(
            spoken("{number} units of {cohort}" if units else "{number} people of {cohort}"),
            number=count(people.units),
            cohort=name(people.name),
        ),
        " · ",
        filled(spoken("target {target}"), target=name(audit.model.target)),
        f" ({name(audit.model.unit)})" if audit.model.unit else "",
        " · ",
        filled(spoken("by {grouping}"), grouping=name(groupings(audit))),
    ]
    title = "/plan/report/title" if heading(audit) != _named(audit) else "/model/name"
    people_at = f"{at(audit.model)} {at(people, 'units', 'name')} {groupings_at(audit)}"
    return header(class_="title", id="a1")[
        div(class_="over")[
            h1(data_ref=title)[name(heading(audit))], p(class_="facts", data_ref=people_at)[facts]
        ],
        div(class_="strip", data_ref="/model/digest /cohort/digest /plan_digest /provenance")[
            (span[label, " ", span(class_="value")[value]] for label, value in _strip(audit))
        ],
    ]


def heading(audit: Audit) -> str:
    """The title of the plan, else the model's name."""
    told = audit.plan.get("report")
    given = told.get("title") if isinstance(told, Mapping) else None
    return str(given or _named(audit))


def _named(audit: Audit) -> str:
    return spoken("Audit of {model}", model=audit.model.name)


def groupings(audit: Audit) -> str:
    """The groupings of the audit in words."""
    found = dict.fromkeys(record.grouping for record in audit.performances)
    found |= dict.fromkeys(record.grouping for record in audit.comparisons)
    found |= dict.fromkeys(record.grouping for record in audit.compositions)
    found |= dict.fromkeys(record.grouping for record in audit.reliances)
    return spoken(" and ").join(found) or spoken("no grouping")


def groupings_at(audit: Audit) -> str:
    """The pointers of what `groupings` names."""
    found: dict[str, str] = {}
    for records in (audit.performances, audit.comparisons, audit.compositions, audit.reliances):
        record: Performance | Comparison | Composition | Reliance
        for record in records:
            found.setdefault(record.grouping, at(record, "grouping"))
    return " ".join(found.values())


def _version(audit: Audit) -> object:
    versions = audit.provenance.get("versions")
    known = versions.get("evenlight") if isinstance(versions, Mapping) else None
    return known or spoken("version not recorded")


def _plan(audit: Audit) -> str:
    """When the plan was made, as far as is known: a plan changed after a look is told here."""
    if any(told.startswith(CHANGED) for told in audit.warnings):
        return spoken(PLAN_CHANGED)
    return spoken(PLAN_GIVEN if audit.plan_fixed else PLAN_HERE)


def _strip(audit: Audit) -> list[tuple[str, Node]]:
    date = str(audit.provenance.get("date", ""))[:10]
    return [
        (spoken("model"), audit.model.digest[:12] or spoken("no digest")),
        (spoken("data"), audit.cohort.digest[:12] or spoken("no digest")),
        (_plan(audit), audit.plan_digest[:12]),
        (spoken("date"), name(date) if date else spoken("not recorded")),
        ("evenlight", name(_version(audit))),
        ("", spoken(STANDING)),
    ]
