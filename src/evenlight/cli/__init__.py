"""The command line. Results on stdout, progress on stderr; `--json` where a program reads.

Exit codes, one table for the program: 0 passed or not gated, 1 gate failed, 2 usage, plan or input
wrong, 3 no verdict (inconclusive, or stopped), 4 refused as unsafe, 5 internal fault. A bare crash
of Python is 1 as well, so a pipeline reads gate.json.
"""

from __future__ import annotations

import errno
import sys
import traceback
import warnings
from collections.abc import Callable
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from evenlight.cli import alone, between, reading, running, upkeep
from evenlight.cli.options import note
from evenlight.errors import EvenlightError, EvenlightWarning, InputError, NoVerdict

FULL = (errno.ENOSPC, errno.EDQUOT)
"""What the system says of a disk that is full."""

COMMANDS: tuple[tuple[str, Callable[..., None], str], ...] = (
    ("demo", running.demo, "evenlight demo imaging --out chests"),
    ("init", running.init, "evenlight init people.csv"),
    ("check", running.check, "evenlight check audit.toml"),
    ("run", running.run, "evenlight run audit.toml --out audit"),
    ("explain", alone.explain, "evenlight explain audit.toml --out features.csv"),
    ("compare", alone.compare, "evenlight compare audit.toml --by ancestry"),
    ("rely", alone.rely, "evenlight rely audit.toml --by sex --json"),
    ("gate", reading.gate, "evenlight gate audit --json"),
    ("report", reading.report, "evenlight report audit --pdf"),
    ("translate", reading.translate, "evenlight translate audit de.po"),
    ("export", reading.export, "evenlight export audit junit model-card"),
    ("diff", between.diff, "evenlight diff audit-2026q3 audit-2026q4"),
    ("pool", between.pool, "evenlight pool boston leiden --json"),
    ("verify", between.verify, "evenlight verify audit --plan audit.toml"),
    ("qualify", upkeep.qualify, "evenlight qualify short --jobs 4"),
    ("purge", upkeep.purge, "evenlight purge audit --dry-run"),
    ("doctor", upkeep.doctor, "evenlight doctor"),
)
"""Name, function, and the example that its help shows, in the order of the help."""


class Commands(TyperGroup):
    """The commands; Ctrl-C in any of them is *no verdict*, and never the code of a failed gate."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise NoVerdict("stopped; nothing was judged") from None


app = typer.Typer(
    help="Does a biomedical model lean on the same features for everyone?",
    epilog="Exit codes: 0 passed or not gated, 1 gate failed, 2 usage, plan or input wrong, "
    "3 no verdict, 4 refused as unsafe, 5 fault of evenlight.",
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for _name, _function, _example in COMMANDS:
    app.command(_name, epilog=f"Example: {_example}")(_function)


def _version(asked: bool) -> None:
    if asked:
        from evenlight import __version__

        typer.echo(f"evenlight {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line; every error becomes one line and its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal without a letter shows its number
            stream.reconfigure(errors="backslashreplace")
    warnings.showwarning = _noted(warnings.showwarning)
    try:
        app()
    except EvenlightError as error:
        _failed(error, error.exit_code)
    except KeyboardInterrupt:
        _failed("stopped; nothing was judged", NoVerdict.exit_code)
    except (PermissionError, IsADirectoryError, NotADirectoryError) as error:
        _failed(f"{error.strerror}: {error.filename}", InputError.exit_code)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in FULL:
            _failed(f"{error.strerror}; nothing was judged", NoVerdict.exit_code)
        traceback.print_exc()
        _failed("this is a fault of evenlight, not of your input", EvenlightError.exit_code)


def _noted(usual: Callable[..., None]) -> Callable[..., None]:
    """How warnings are shown: ours as one line `note: ...`, once; those of libraries as `usual`."""
    said = set[str]()

    def shown(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        if not issubclass(category, EvenlightWarning):
            usual(message, category, *where, **more)
        elif str(message) not in said:
            said.add(str(message))
            note(f"note: {message}")

    return shown


def _failed(error: object, code: int) -> NoReturn:
    from evenlight.data.shown import visible

    told = "\n".join(visible(line) for line in str(error).split("\n"))
    print(f"evenlight: {told}", file=sys.stderr)
    sys.exit(code)
