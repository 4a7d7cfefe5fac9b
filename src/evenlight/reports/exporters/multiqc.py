"""The findings as a table of MultiQC: custom content that it collects by its file's name.

Form: https://docs.seqera.io/multiqc/custom_content.
"""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import Any

from evenlight.data.shown import short
from evenlight.measures.words import SPOKEN
from evenlight.record import Audit


def multiqc(audit: Audit, folder: Path) -> dict[str, str]:
    """evenlight_mqc.json: one row an answer contrast by contrast, beside the gate's word."""
    made: dict[str, Any] = {
        "id": "evenlight",
        "section_name": "evenlight",
        "description": escape(
            f"Gate: {audit.verdict.word}. {short(audit.verdict.reason, 300)} "
            f"{len(audit.findings)} findings of {short(audit.model.name)}."
        ),
        "plot_type": "table",
        "pconfig": {"id": "evenlight_answers", "title": "evenlight: primary questions"},
        "headers": {
            "question": {"title": "Question"},
            "verdict": {"title": "Verdict"},
            "effect": {"title": "Effect", "format": "{:,.3g}"},
            "low": {"title": "From", "format": "{:,.3g}"},
            "high": {"title": "To", "format": "{:,.3g}"},
            "unit": {"title": "In"},
            "units": {"title": "n", "format": "{:,.0f}"},
        },
        "data": dict(_rows(audit)),
    }
    return {"evenlight_mqc.json": json.dumps(made, indent=1, allow_nan=False) + "\n"}


def _rows(audit: Audit) -> list[tuple[str, dict[str, Any]]]:
    """A row each part of an answer; what is missing is left out, which shows as an empty cell."""
    return [
        (
            escape(f"{answer.id} {short(part.contrast) or 'all groups'}"),
            {
                key: value
                for key, value in {
                    "question": escape(short(answer.question, 200)),
                    "verdict": SPOKEN[part.verdict],
                    "effect": part.effect, "low": part.low, "high": part.high,
                    "unit": escape(short(part.unit)), "units": part.n,
                }.items()
                if value is not None
            },
        )
        for answer in audit.answers
        for part in answer.parts
    ]  # fmt: skip
