"""The gate as it stands: gate.json says that nothing is judged until a run has ended."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from evenlight import files
from evenlight.clock import latest
from evenlight.codec import plain
from evenlight.errors import EvenlightError, InputError, NoVerdict
from evenlight.findings import Gate
from evenlight.gates import unfounded
from evenlight.plan import Plan
from evenlight.policy import Policy
from evenlight.record import Audit
from evenlight.waivers import ended

FILE = "gate.json"

FORM = "urn:evenlight:audit:"
"""How the name of the form of a record begins, of any version."""

UNDER_WAY = "A run began here and has not ended; what else lies here is of an earlier run."
STOPPED = "A run was stopped before it had ended; what else lies here is of an earlier run."
UNFOUNDED = "The verdict in audit.json does not follow from its answers: {why}; run it again."
APART = "gate.json and audit.json are not of one run; run the audit again."


@contextmanager
def unjudged(folder: Path) -> Iterator[None]:
    """While a run into `folder` lasts, and after one that fails, its gate.json has no verdict.

    So a pipeline never reads the pass of an earlier run. A run that ends writes its own gate.json.
    A folder that is not there is not made.
    """
    _mark(folder, UNDER_WAY, NoVerdict.exit_code)
    try:
        yield
    except EvenlightError as error:
        _mark_if_possible(folder, f"The run ended with an error: {error}", error.exit_code)
        raise
    except Exception as error:
        told = f"The run ended with a fault of evenlight: {type(error).__name__}."
        _mark_if_possible(folder, told, EvenlightError.exit_code)
        raise
    except BaseException:
        _mark_if_possible(folder, STOPPED, NoVerdict.exit_code)
        raise


def standing(place: str | Path, *, on: str | None = None) -> Gate:
    """The gate of an audit (its folder, or its audit.json) on a day (today).

    It has no verdict where the last run into the folder did not end, and where that of the record
    does not follow from its answers. Raises PlanError where a
    waiver has ended since, InputError where there is no audit.
    """
    path = Path(place)
    folder = path if path.is_dir() else path.parent
    told = _read(folder / FILE)
    if told.get("unfinished") is True:
        return Gate(told["verdict"], told["exit_code"], told["reason"])
    audit = Audit.load(path)
    made = audit.gate()
    if told and told != plain(audit.gate_data()):
        return Gate("no verdict", NoVerdict.exit_code, APART)
    why = unfounded(made, audit.answers, _policy(audit))
    if why:
        return Gate("no verdict", NoVerdict.exit_code, UNFOUNDED.format(why=why))
    ended(made.waivers, on=on or latest())
    return made


def _policy(audit: Audit) -> Policy:
    return Plan.from_data({"policy": audit.plan.get("policy", {})}).policy


def held(folder: Path) -> str:
    """The digest of the plan whose audit lies in a folder, "" where there is none.

    Raises InputError where a page or a record lies there that evenlight did not write: a run would
    replace it.
    """
    record = folder / "audit.json"
    try:
        made = json.loads(record.read_text(encoding="utf-8")) if record.is_file() else None
    except (json.JSONDecodeError, UnicodeDecodeError):
        made = {}
    if made is None:
        theirs = ["report.html"] if (folder / "report.html").is_file() else []
    else:
        ours = isinstance(made, dict) and str(made.get("schema", "")).startswith(FORM)
        theirs = [] if ours else ["audit.json"]
    if theirs:
        raise InputError(
            f"{folder.name!r} holds a {theirs[0]} that is of no audit, and a run would replace it; "
            "name another folder, or move it away"
        )
    return "" if made is None else str(made.get("plan_digest", ""))


def _read(path: Path) -> dict[str, Any]:
    """What gate.json holds; nothing where there is none."""
    if not path.is_file():
        return {}
    try:
        made = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise InputError(f"{path.name} is not JSON; run the audit again") from None
    return made if isinstance(made, dict) else {"verdict": ""}


def _mark(folder: Path, reason: str, code: int) -> None:
    if not folder.is_dir():
        return
    made = {"verdict": "no verdict", "exit_code": code, "reason": reason, "unfinished": True}
    files.write(files.folder(folder) / FILE, json.dumps(made, indent=1) + "\n")


def _mark_if_possible(folder: Path, reason: str, code: int) -> None:
    """The error that is under way is the one to be told, whatever becomes of the mark."""
    with suppress(OSError, EvenlightError):
        _mark(folder, reason, code)
