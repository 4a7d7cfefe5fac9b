"""The gate as a report of tests, which GitLab, Jenkins and GitHub's reporters read.

Form: the JUnit XML of Apache Ant (https://llg.cubic.org/docs/junit/). A test passes only where the
answer is *similar* and could have blocked, or the gate passed: what was only reported, or is
waived, is skipped with its words, never green.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from evenlight.data.shown import visible
from evenlight.record import Audit
from evenlight.reports.exporters.noted import Note, State, answered, whole

NAME = "gate.junit.xml"

KINDS: dict[State, tuple[str, str]] = {
    "waived": ("skipped", "Waived"),
    "open": ("skipped", "Reported only"),
    "different": ("skipped", "Reported only"),
    "untold": ("error", "No verdict"),
    "stops": ("failure", "Different, and set to block"),
}
"""The element of each state but *passes*, and how its message begins."""


def junit(audit: Audit, folder: Path) -> dict[str, str]:
    """gate.junit.xml: one test for the gate and one for each primary question."""
    notes = [whole(audit), *(answered(audit, answer) for answer in audit.answers)]
    kinds = [KINDS[note.state][0] for note in notes if note.state in KINDS]
    counts = {
        "tests": str(len(notes)), "failures": str(kinds.count("failure")),
        "errors": str(kinds.count("error")), "skipped": str(kinds.count("skipped")),
        "time": f"{float(audit.provenance.get('seconds') or 0):.3f}",
    }  # fmt: skip
    top = Element("testsuites", {"name": "evenlight", **counts})
    day = audit.provenance.get("date", "1970-01-01")
    named = {"name": visible(f"evenlight: {audit.model.name}"), "timestamp": f"{day}T00:00:00"}
    suite = SubElement(top, "testsuite", {**named, **counts})
    for note in notes:
        _case(suite, note)
    indent(top, " ")
    text = tostring(top, encoding="unicode")
    return {NAME: f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'}


def _case(suite: Element, note: Note) -> None:
    named = f"{note.title} ({note.id})" if note.id != "gate" else "gate"
    case = SubElement(suite, "testcase", classname="evenlight", name=visible(named), time="0")
    if note.state not in KINDS:
        SubElement(case, "system-out").text = visible(note.text)
        return
    element, begins = KINDS[note.state]
    message = visible(f"{begins}. {note.title}")
    SubElement(case, element, message=message, type=note.state).text = visible(note.text)
