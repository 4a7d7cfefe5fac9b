"""One annex a framework: what this audit answers of it, as Markdown and as data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evenlight.record import Audit
from evenlight.reports.exporters.markdown import marked
from evenlight.reports.framework import (
    Answered,
    Framework,
    answered,
    asked,
    counts,
    known,
    read,
    risk_file,
    summary,
)
from evenlight.reports.words import STANDING
from evenlight.reports.words_frameworks import (
    ANNEX_HEADS,
    COUNTS,
    NO_ENTRY,
    NO_FINDING,
    RISK_HEADS,
)


def frameworks(audit: Audit, folder: Path) -> dict[str, str]:
    """frameworks/ID.md and ID.json of those that the plan names, or of all where it names none."""
    made = {}
    for name in asked(audit) or known():
        framework = read(name)
        rows = answered(audit, framework)
        made[f"frameworks/{name}.md"] = "\n".join(_text(audit, framework, rows)) + "\n"
        data = _data(audit, framework, rows)
        made[f"frameworks/{name}.json"] = json.dumps(data, indent=1, sort_keys=True) + "\n"
    return made


def _text(audit: Audit, framework: Framework, rows: tuple[Answered, ...]) -> Iterator[str]:
    yield f"# {marked(framework.name)}\n"
    yield f"{STANDING} {COUNTS}\n"
    yield f"- Version: {marked(framework.version)}"
    yield f"- Status on {framework.status_on}: {marked(framework.status)}"
    yield f"- Source: {framework.source}"
    yield f"- {marked(framework.checked)}"
    yield from (f"- {marked(note)}" for note in framework.notes)
    yield f"- Model: {marked(audit.model.name)}, digest {audit.model.digest}"
    yield f"- Pointers lead into audit.json of the plan {audit.plan_digest}\n"
    yield f"{summary(rows)}\n"
    yield _line(*ANNEX_HEADS, "Where")
    yield _line(*["---"] * (len(ANNEX_HEADS) + 1))
    for row in rows:
        where = " ".join(f"`{p.replace('|', '')}`" for p in row.pointers)
        cells = (row.item.id, row.item.asks, row.state, row.sentence, row.add)
        yield _line(*map(marked, cells), where)
    if framework.risk_file:
        yield from _risks(audit)


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _risks(audit: Audit) -> Iterator[str]:
    """Findings with their entry in the risk management file."""
    rows, loose = risk_file(audit)
    yield "\n## Findings and the risk management file\n"
    yield _line(*RISK_HEADS)
    yield _line(*["---"] * len(RISK_HEADS))
    for found, entry in rows:
        yield _line(*map(marked, (found.id, found.severity, found.sentence, entry or NO_ENTRY)))
    yield from (f"\n{marked(name)}: {NO_FINDING}" for name in loose)


def _data(audit: Audit, framework: Framework, rows: tuple[Answered, ...]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "framework": framework.id,
        "name": framework.name,
        "version": framework.version,
        "status": framework.status,
        "status_on": framework.status_on.isoformat(),
        "source": framework.source,
        "checked_on": framework.checked_on and framework.checked_on.isoformat(),
        "plan": audit.plan_digest,
        "counts": counts(rows),
        "items": [
            {
                "id": row.item.id, "asks": row.item.asks, "state": row.state,
                "pointers": list(row.pointers), "sentence": row.sentence, "author": row.add,
            }
            for row in rows
        ],
    }  # fmt: skip
    if framework.risk_file:
        found, loose = risk_file(audit)
        made["risk_file"] = {finding.id: entry or None for finding, entry in found}
        made["entries_of_no_finding"] = loose
    return made
