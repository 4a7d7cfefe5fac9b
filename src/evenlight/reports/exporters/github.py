"""What GitHub Actions shows: annotations beside a job, and its summary.

Form: https://docs.github.com/actions/reference/workflow-commands-for-github-actions. Text of the
record cannot begin a command of its own: no line break of it is printed as one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from evenlight.data.shown import short, visible
from evenlight.findings import Waiver
from evenlight.measures.words import SPOKEN
from evenlight.record import Audit
from evenlight.reports.exporters.markdown import marked
from evenlight.reports.exporters.noted import Note, State, largest, notes, state
from evenlight.reports.words import STANDING

LEVELS: dict[State, str] = {
    "stops": "error",
    "untold": "error",
    "different": "warning",
    "waived": "notice",
    "open": "notice",
    "passes": "notice",
}

MOST = 10
"""Annotations of one level that GitHub shows of a step."""

DOES: dict[State, str] = {
    "stops": "stops the pipeline",
    "untold": "no verdict",
    "different": "reported only",
    "waived": "waived",
    "open": "reported only",
    "passes": "passes",
}
"""What an answer does to the gate, in words."""


def github(audit: Audit, folder: Path) -> dict[str, str]:
    """gate.github.txt, to be printed in a step, and gate.summary.md for $GITHUB_STEP_SUMMARY."""
    lines = "\n".join(_annotations(notes(audit)))
    return {"gate.github.txt": f"{lines}\n", "gate.summary.md": summary(audit)}


def summary(audit: Audit) -> str:
    """The gate, the answers and the waivers in Markdown; GitHub and GitLab show it as it is."""
    lines = [
        f"## evenlight: gate {marked(audit.verdict.word)}\n",
        f"{marked(short(audit.verdict.reason, 700))}\n",
        f"{marked(short(audit.model.name))}, {audit.cohort.units} units of "
        f"{marked(short(audit.cohort.name))}. {STANDING}\n",
        *_questions(audit),
        *_waivers(audit.verdict.waivers),
        f"Plan `{audit.plan_digest[:12]}`, model `{audit.model.digest[:12]}`, "
        f"people `{audit.cohort.digest[:12]}`. The page is `report.html` in the audit's folder.",
    ]
    return "\n".join(lines) + "\n"


def _annotations(told: list[Note]) -> Iterator[str]:
    """Commands, gravest first; beyond what GitHub shows, the last one of a level counts the rest.

    What is similar needs no annotation.
    """
    shown = [n for n in told if n.id == "gate" or n.state not in ("passes", "open")]
    for level in dict.fromkeys(LEVELS.values()):
        own = [note for note in shown if LEVELS[note.state] == level]
        few = own if len(own) <= MOST else own[: MOST - 1]
        yield from (_command(level, note.title, note.text) for note in few)
        if len(own) > len(few):
            yield _command(level, "More", f"{len(own) - len(few)} more are on the page.")


def _command(level: str, title: str, text: str) -> str:
    return f"::{level} title={_escaped(title, ':,')}::{_escaped(text)}"


def _escaped(text: str, more: str = "") -> str:
    """A text in a command: no character of it can end the value or the line."""
    made = visible(text)
    for character in f"%\r\n{more}":
        made = made.replace(character, f"%{ord(character):02X}")
    return made


def _questions(audit: Audit) -> Iterator[str]:
    if not audit.answers:
        yield "No primary question was asked.\n"
        return
    yield "| Answer | Question | Decided by | Gate |\n|---|---|---|---|"
    for answer in audit.answers:
        does = DOES[state(audit, answer)]
        cells = (short(answer.question, 200), short(largest(answer), 300), does)
        yield f"| **{SPOKEN[answer.verdict]}** | {' | '.join(map(marked, cells))} |"
    yield ""


def _waivers(waivers: tuple[Waiver, ...]) -> Iterator[str]:
    if not waivers:
        return
    yield "| Waived until | By | Why | What |\n|---|---|---|---|"
    for one in waivers:
        what = f"{one.id}: {short(one.waives, 300) or 'nothing that was measured'}"
        cells = (one.until, short(one.person), short(one.reason, 300), what)
        yield f"| {' | '.join(map(marked, cells))} |"
    yield ""
