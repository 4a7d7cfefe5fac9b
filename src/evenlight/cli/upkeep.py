"""Commands about evenlight itself and what it left: qualify, purge, doctor."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from evenlight.cli.options import Json, Out, ended, progress, put, say, tell


class Profile(StrEnum):
    """How long the self-test runs."""

    short = "short"
    full = "full"


Long = Annotated[Profile, typer.Argument(help="short or full.")]
Cases = Annotated[
    list[str] | None,
    typer.Option(
        "--case",
        "--cases",
        help="Only this case, or group (comparisons, audits, reliance, fragility); repeatable.",
    ),
]
Jobs = Annotated[int, typer.Option(help="Processes.", min=1)]
Kept = Annotated[
    Path,
    typer.Argument(metavar="PATH", help="Output folder, unfinished work, or attributions of rows."),
]
Dry = Annotated[bool, typer.Option("--dry-run", help="Only say what would be deleted.")]


def qualify(
    profile: Long = Profile.short,
    out: Out = Path("qualify"),
    case: Cases = None,
    jobs: Jobs = 1,
    json: Json = False,
) -> None:
    """Measure false alarms, power and coverage on planted truth; resumable."""
    from evenlight.qualify import qualify as measure

    found = measure(profile.value, out, cases=case or None, jobs=jobs, progress=progress())
    if json:
        tell({"exit_code": found.exit_code, "folder": str(out), "lines": found.lines})
    else:
        put(found.text())
    raise ended(found.exit_code)


def purge(path: Kept, dry_run: Dry = False, json: Json = False) -> None:
    """Delete what is kept of single people; the report, which holds nobody's data, stays."""
    from evenlight.purging import left_beside
    from evenlight.purging import purge as delete

    found = delete(path, dry=dry_run)
    beside = left_beside(path)
    if json:
        tell({"deleted": not dry_run, "paths": [str(item) for item in found]})
        return
    for item in found:
        say(f"{'would delete' if dry_run else 'deleted'} {item}")
    if not found:
        say("nothing of single people is kept there")
    if beside is not None and beside not in (path, *found):
        say(
            f"sketches of people of other audits are kept in {beside}: "
            f"`evenlight purge {beside}` deletes all of them"
        )


def doctor(json: Json = False) -> None:
    """Say whether this machine is ready: versions, optional readers, browser, disk, device."""
    from evenlight.doctor import doctor as examine

    found = examine()
    bad = any(one.state == "fails" for one in found)
    if json:
        tell({"ready": not bad, "checks": found})
    else:
        for one in found:
            say(f"{one.state:12s} {one.what}: {one.observed} (wanted: {one.expected})")
        say("not ready: see what fails" if bad else "ready")
    raise ended(2 if bad else 0)
