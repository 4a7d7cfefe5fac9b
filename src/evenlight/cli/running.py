"""Commands that make an audit: demo, init, check, run."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evenlight.cli.options import Device, Json, Out, Plan, Trust, ended, note, progress, say, tell

if TYPE_CHECKING:
    from evenlight.record import Audit

Digest = Annotated[str | None, typer.Option(help="Digest of the plan that was fixed in advance.")]
Jobs = Annotated[int, typer.Option(help="Processes that work.", min=1)]
Patience = Annotated[
    float,
    typer.Option(help="Seconds without use of a processor after which a process is hung.", min=1),
]
Kept = Annotated[bool, typer.Option("--keep-work", help="Keep .NAME.work, data of people.")]
Before = Annotated[
    Path | None, typer.Option(help="An earlier audit, with which this one is compared (C6).")
]
Data = Annotated[
    Path, typer.Argument(metavar="DATA", help="A table (.csv, .tsv, .parquet) or .h5ad file.")
]
Made = Annotated[
    Path | None, typer.Option("--out", "-o", help="The plan to write; audit.toml beside DATA.")
]


class Example(StrEnum):
    """What the demo shows."""

    dosing = "dosing"
    imaging = "imaging"


def demo(
    example: Annotated[Example, typer.Argument(help="dosing or imaging.")] = Example.dosing,
    out: Out = Path("demo"),
    json: Json = False,
) -> None:
    """Audit a built-in example (warfarin doses, or generated X-rays) and say where the page is."""
    from evenlight.demo import demo as dosing
    from evenlight.demo import imaging

    make = imaging if example == Example.imaging else dosing
    page = make(out, progress=progress())
    if json:
        tell({"page": str(page)})
        return
    say(f"Open {page}")


def init(data: Data, out: Made = None, json: Json = False) -> None:
    """Write a plan guessed from a table of people, each guess with its reason to be checked."""
    from evenlight.drafting import draft

    made = draft(data, out)
    if json:
        tell({"plan": str(made.path), "guesses": made.guesses, "open": made.open})
        return
    say(f"plan: {made.path}")
    for key, why in made.guesses.items():
        say(f"guessed {key}: {why}")
    for what in made.open:
        say(f"to do: {what}")
    say(f"next: evenlight check {made.path}")


def check(plan: Plan, trust: Trust = None, json: Json = False) -> None:
    """Validate plan and data, and say what can be asked, before any compute."""
    from evenlight.check import check as look

    lines = look(plan, trust=trust)
    if not json:
        for line in lines:
            say(line)
        return
    pairs = [line.split(maxsplit=1) for line in lines]
    tell({
        "plan": next(text for about, text in pairs if about == "plan"),
        "lines": [{"about": about, "text": text} for about, text in pairs],
    })  # fmt: skip


def run(
    plan: Plan,
    out: Out = Path("audit"),
    plan_digest: Digest = None,
    trust: Trust = None,
    jobs: Jobs = 1,
    keep_work: Kept = False,
    device: Device = "cpu",
    earlier: Before = None,
    patience: Patience = 600.0,
    json: Json = False,
) -> None:
    """Explain, measure, judge, report; the exit code is the gate's. A stopped run goes on."""
    from evenlight.api import run as go
    from evenlight.journal.effort import Effort

    found = go(
        plan, out, plan_digest=plan_digest, trust=trust, progress=progress(),
        effort=Effort(jobs=jobs, keep_work=keep_work, device=device, patience=patience),
        earlier=earlier,
    )  # fmt: skip
    if json:
        tell(_told(found, out))
    else:
        _said(found, out)
    raise ended(found.verdict.exit_code)


def _told(found: Audit, out: Path) -> dict[str, Any]:
    return {
        **found.gate_data(),
        "warnings": found.warnings,
        "folder": str(out),
        "page": str(out / "report.html"),
    }


def _said(found: Audit, out: Path) -> None:
    from evenlight.measures.words import SPOKEN

    for answer in found.answers:
        say(f"{SPOKEN[answer.verdict]:22s} {answer.question}")
    for told in found.warnings:
        note(f"note: {told}")
    say(f"gate: {found.verdict.word}. {found.verdict.reason}")
    say(f"page: {out / 'report.html'}")
