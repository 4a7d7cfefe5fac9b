"""Commands over several audits: diff, pool, verify."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evenlight.cli.options import Audit, Json, Trust, ended, note, put, say, tell

if TYPE_CHECKING:
    from collections.abc import Iterable

    from evenlight.differing.record import Apart

Later = Annotated[Path, typer.Argument(metavar="AFTER", help="The later audit.")]
Earlier = Annotated[Path, typer.Argument(metavar="BEFORE", help="The earlier audit.")]
Rules = Annotated[
    Path | None, typer.Option(help="regression.toml: what fails, how looks share the error rate.")
]
Memory = Annotated[
    Path | None, typer.Option(help="Folder that counts looks; that around AFTER if left out.")
]
Others = Annotated[bool, typer.Option("--other-people", help="Declare that nobody is in both.")]
Against = Annotated[
    bool, typer.Option("--other-background", help="Compare attributions against other backgrounds.")
]
Sites = Annotated[list[Path], typer.Argument(metavar="AUDIT AUDIT...", help="Two or more audits.")]
Names = Annotated[
    list[str] | None,
    typer.Option("--name", help="Name of a site, once an audit in order; those of folders if not."),
]
Asked = Annotated[
    Path | None, typer.Option("--plan", help="Also run this plan again and compare the records.")
]
Into = Annotated[Path | None, typer.Option("--out", "-o", help="Folder to write it to as well.")]
Page = Annotated[Path | None, typer.Option("--html", help="Folder to write a page of it to.")]


def diff(
    before: Earlier,
    after: Later,
    policy: Rules = None,
    memory: Memory = None,
    other_people: Others = False,
    other_background: Against = False,
    out: Into = None,
    html: Page = None,
    json: Json = False,
) -> None:
    """Say what changed from one audit to the next; the exit code is that of its own gate."""
    from evenlight.differing import diff as differ
    from evenlight.differing import save_difference

    made = differ(
        before, after, policy=policy, memory=memory, other_people=other_people,
        other_background=other_background,
    )  # fmt: skip
    if out is not None:
        note(f"wrote {save_difference(made, out)}")
    if html is not None:
        from evenlight.reports.between import write_difference

        note(f"wrote {write_difference(made, html)}")
    if json:
        put(made.to_json().rstrip())
    else:
        _apart(made.apart)
        for change in made.listed():
            say(change.sentence)
        for one in (moved.judged for moved in made.values):
            if one is not None and one.verdict in ("different", "not_estimable"):
                say(one.sentence)
        say(f"people: {made.people}; look {made.look}, error rate {made.spent:.3g}")
        say(f"gate: {made.verdict.word}. {made.verdict.reason}")
    raise ended(made.verdict.exit_code)


def pool(
    audits: Sites,
    name: Names = None,
    other_background: Against = False,
    out: Into = None,
    html: Page = None,
    json: Json = False,
) -> None:
    """Put sites together from the summaries that they published; no row is moved."""
    from evenlight.measures.words import SPOKEN
    from evenlight.pooling import pool as together
    from evenlight.pooling import save_pool

    made = together(audits, names=name or (), other_background=other_background)
    if out is not None:
        note(f"wrote {save_pool(made, out)}")
    if html is not None:
        from evenlight.reports.between import write_pool

        note(f"wrote {write_pool(made, html)}")
    if json:
        put(made.to_json().rstrip())
        return
    _apart(made.apart)
    for answer in made.answers:
        say(f"{SPOKEN[answer.verdict]:22s} {answer.question}")
        say(f"{'':22s} {answer.sentence}")
    told = ", ".join(f"{n} {SPOKEN[verdict]}" for verdict, n in made.counts.items() if n)
    say(f"sites: {', '.join(made.sites)}; {told or 'nothing to put together'}")


def verify(audit: Audit, plan: Asked = None, trust: Trust = None, json: Json = False) -> None:
    """Check form, digests and files of an audit, and with its plan run it again; 1 if any fails."""
    from evenlight.verifying import verify as checked

    found = checked(audit, plan=plan, trust=trust)
    if json:
        tell({"exit_code": found.exit_code, "checks": found.checks})
    else:
        for one in found.checks:
            say(f"{one.state:11s} {one.what}: {one.told}")
    raise ended(found.exit_code)


def _apart(found: Iterable[Apart]) -> None:
    for one in found:
        spoils = f"; not compared: {one.spoils}" if one.spoils else ""
        note(f"note: {one.what}: {one.before} and {one.after}{spoils}")
