"""What several commands take, and how they say something: results on stdout, stages on stderr."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

Plan = Annotated[Path, typer.Argument(metavar="PLAN", help="The audit plan, a TOML file.")]
Audit = Annotated[
    Path, typer.Argument(metavar="AUDIT", help="Folder of an audit, or its audit.json.")
]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder to write.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else on stdout.")]
Trust = Annotated[
    list[str] | None,
    typer.Option(help='"import", or sha256:DIGEST of one file; repeatable.'),
]

Device = Annotated[str, typer.Option(help="Where a torch network computes: cpu, cuda, cuda:1.")]


def say(text: object) -> None:
    """One line of a result; characters that could move the cursor are spelled out."""
    from evenlight.data.shown import visible

    put(visible(text))


def tell(data: Any) -> None:
    """The result as JSON in ASCII; NaN is null."""
    from evenlight.codec import plain

    put(json.dumps(plain(data), indent=1, allow_nan=False))


def put(text: str) -> None:
    """Print lines. A reader that has left (`| head`) changes nothing of what follows."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def note(text: object) -> None:
    """One line beside the result, on stderr."""
    from evenlight.data.shown import visible

    print(visible(text), file=sys.stderr, flush=True)


def progress() -> Callable[[str], None]:
    """What is told each stage: a line on stderr."""
    from rich.console import Console

    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)

    def stage(text: str) -> None:
        console.print(f"{text} ...", style="dim")

    return stage


def ended(code: int) -> typer.Exit:
    """What ends a command with an exit code."""
    return typer.Exit(code)
