"""What GitLab shows beside a merge request: a report of code quality, one issue a finding.

Form: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format. The fingerprint
is the id, which never depends on numbers, so that GitLab tells new from known.
"""

from __future__ import annotations

import json
from pathlib import Path

from evenlight.record import Audit
from evenlight.reports.exporters.noted import State, notes

PLACE = "audit.toml"
"""The file that GitLab hangs issues on: the plan, by the name that it has in the guides."""

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
    made = [
        {
            "description": f"{note.title}. {note.text}",
            "check_name": "evenlight",
            "fingerprint": note.id,
            "severity": SEVERITIES[note.state],
            "location": {"path": PLACE, "lines": {"begin": 1}},
        }
        for note in notes(audit)
        if note.state in SEVERITIES
    ]
    return {"gate.codequality.json": json.dumps(made, indent=1) + "\n"}
