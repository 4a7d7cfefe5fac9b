"""The made audit with a gate, and answers from which that gate follows."""

from __future__ import annotations

from dataclasses import replace

from evenlight.findings import Gate
from evenlight.measures.words import Verdict
from evenlight.record import Audit
from tests.made_audit import audit

ANSWERED: dict[str, Verdict] = {
    "passed": "similar",
    "not gated": "similar",
    "waived": "different",
    "failed": "different",
    "no verdict": "cannot_tell",
}


def judged(gate: Gate) -> Audit:
    """An audit whose answers all give this gate."""
    made = audit()
    word = ANSWERED[gate.word]
    named = tuple(waiver.id for waiver in gate.waivers)
    answers = tuple(
        replace(
            one, verdict=word, blocks=gate.word != "not gated", findings=named,
            parts=tuple(replace(part, verdict=word) for part in one.parts),
        )
        for one in made.answers
    )  # fmt: skip
    return replace(made, verdict=gate, answers=answers)
