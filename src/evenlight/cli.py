"""The command line: demo, check, run, report, gate, qualify. Results on stdout, progress on stderr.

Exit codes: 0 passed or not gated, 1 gate failed, 2 usage, plan or input wrong, 3 no verdict,
4 refused as unsafe, 5 internal fault. A bare crash of Python is 1 as well, so a pipeline reads
gate.json.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from evenlight.errors import EvenlightError


class Example(StrEnum):
    """What the demo shows."""

    dosing = "dosing"
    imaging = "imaging"


class Profile(StrEnum):
    """How long the self-test runs."""

    short = "short"
    full = "full"


app = typer.Typer(
    help="Does a biomedical model lean on the same features for everyone?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Out = Annotated[Path, typer.Option("--out", "-o", help="Folder to write.")]
PlanFile = Annotated[Path, typer.Argument(help="The audit plan, a TOML file.")]
Folder = Annotated[Path, typer.Argument(help="Folder of an audit, or its audit.json.")]
Digest = Annotated[str | None, typer.Option(help="Digest of the plan that was fixed in advance.")]
Trust = Annotated[str | None, typer.Option(help='"import" lets the plan\'s builder be imported.')]


@app.command()
def demo(
    example: Annotated[Example, typer.Argument(help="dosing or imaging.")] = Example.dosing,
    out: Out = Path("demo"),
) -> None:
    """Audit a built-in example (warfarin doses, or generated X-rays) and say where the page is."""
    from evenlight.demo import demo as dosing
    from evenlight.demo import imaging

    make = imaging if example == Example.imaging else dosing
    page = make(out, progress=_progress())
    typer.echo(f"Open {page}")


@app.command()
def check(plan: PlanFile, trust: Trust = None) -> None:
    """Validate plan and data, and say what can be asked, before any compute."""
    from evenlight.check import check as look

    for line in look(plan, trust=trust):
        typer.echo(line)


@app.command()
def run(
    plan: PlanFile, out: Out = Path("audit"), plan_digest: Digest = None, trust: Trust = None
) -> None:
    """Explain, measure, judge and report; the exit code is the gate's."""
    from evenlight.api import run as go

    found = go(plan, out, plan_digest=plan_digest, trust=trust, progress=_progress())
    for answer in found.answers:
        typer.echo(f"{_spoken(answer.verdict):22s} {answer.question}")
    for told in found.warnings:
        typer.echo(f"note: {told}", err=True)
    typer.echo(f"gate: {found.verdict.word}. {found.verdict.reason}")
    typer.echo(f"page: {out / 'report.html'}")
    raise typer.Exit(found.verdict.exit_code)


@app.command()
def report(audit: Folder) -> None:
    """Write the page again from the record alone."""
    from evenlight import reports
    from evenlight.record import Audit

    folder = audit if audit.is_dir() else audit.parent
    typer.echo(f"page: {reports.write(Audit.load(audit), folder)}")


@app.command()
def gate(audit: Folder) -> None:
    """Read the verdict of an audit; the exit code is the gate's."""
    from evenlight.record import Audit

    found = Audit.load(audit).gate()
    typer.echo(f"gate: {found.word}. {found.reason}")
    raise typer.Exit(found.exit_code)


@app.command()
def qualify(
    profile: Annotated[Profile, typer.Argument(help="short or full.")] = Profile.short,
    out: Out = Path("qualify"),
    case: Annotated[
        list[str] | None,
        typer.Option(
            "--case",
            "--cases",
            help="Only this case, or group (comparisons, audits, reliance, fragility); repeatable.",
        ),
    ] = None,
    jobs: Annotated[int, typer.Option(help="Processes.", min=1)] = 1,
) -> None:
    """Measure false alarms, power and coverage on planted truth; resumable."""
    from evenlight.qualify import qualify as measure

    found = measure(profile.value, out, cases=case or None, jobs=jobs, progress=_progress())
    typer.echo(found.text())
    raise typer.Exit(found.exit_code)


def main() -> None:
    """Run the command line; every error becomes one line and its exit code."""
    try:
        app()
    except EvenlightError as error:
        print(f"evenlight: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("evenlight: stopped; nothing was judged", file=sys.stderr)
        sys.exit(3)
    except Exception:
        traceback.print_exc()
        print("evenlight: this is a fault of evenlight, not of your input", file=sys.stderr)
        sys.exit(5)


def _progress() -> Callable[[str], None]:
    """Stages on stderr: one line each."""
    from rich.console import Console

    console = Console(stderr=True, highlight=False)

    def say(stage: str) -> None:
        console.print(f"[dim]{stage} ...[/dim]")

    return say


def _spoken(verdict: str) -> str:
    from evenlight.measures.words import SPOKEN

    return SPOKEN[verdict]
