"""What GitLab shows beside a merge request: a report of code quality, one issue a finding.

Form: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format. The fingerprint
is made of the id, which never depends on numbers, and of what tells audits apart that one pipeline
makes (plan file, folder, model, title), so that GitLab tells new from known.
"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

from evenlight.data.shown import visible
from evenlight.record import Audit
from evenlight.reports.exporters.noted import State, notes

PLACE = "audit.toml"
"""The file that GitLab hangs issues on where no run recorded its plan's name."""

SEVERITIES: dict[State, str] = {
    "stops": "blocker",
    "untold": "critical",
    "different": "major",
    "waived": "info",
    "open": "info",
}
"""GitLab's word for each state but *passes*, of which there is no issue."""


def gitlab(audit: Audit, folder: Path) -> dict[str, str]:
    """gate.codequality.json: an empty list where nothing is to be said."""
    place = _plan_file(audit)
    title = str(audit.plan.get("report", {}).get("title", ""))
    of = [place, folder.resolve().name, audit.model.name, title]
    made = [
        {
            "description": f"{note.title}. {note.text}",
            "check_name": "evenlight",
            "fingerprint": _print([*of, note.id]),
            "severity": SEVERITIES[note.state],
            "location": {"path": place, "lines": {"begin": 1}},
        }
        for note in notes(audit)
        if note.state in SEVERITIES
    ]
    return {"gate.codequality.json": json.dumps(made, indent=1) + "\n"}


def _plan_file(audit: Audit) -> str:
    """The plan by the name that the run recorded."""
    command = str(audit.provenance.get("command", ""))
    return visible(command.removeprefix("evenlight run ")) or PLACE


def _print(parts: list[str]) -> str:
    """One fingerprint of several texts; lone surrogates and control characters included."""
    return sha256(json.dumps(parts).encode("ascii")).hexdigest()
