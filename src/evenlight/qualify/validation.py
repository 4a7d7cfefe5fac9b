"""The tool-validation record: installation and operational qualification of evenlight itself.

What a quality system asks of a tool it relies on: which versions are installed, what must hold and
was set before, what was observed on planted truth, with which seeds and by which code. It says
nothing of a model, and whether it suffices for an intended use is decided by whoever validates.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from evenlight import files
from evenlight.errors import InputError
from evenlight.provenance import date
from evenlight.qualify.harness import rooms
from evenlight.qualify.installed import Check, installed
from evenlight.qualify.layout import MUST, grid, must_cells, total
from evenlight.qualify.lines import Line, code_digest
from evenlight.qualify.musts import Held, check
from evenlight.qualify.rates import rows

NAMES = ("validation.md", "validation.json")

SCOPE = (
    "A record of how evenlight itself was installed and how often it is right where the truth is "
    "planted. It says nothing of any model, and whether it suffices for an intended use is decided "
    "by whoever validates the tool."
)
SIGNED = "| role | name | date | signature |\n| --- | --- | --- | --- |\n" + "\n".join(
    f"| {role} |  |  |  |" for role in ("performed by", "reviewed by", "approved by")
)


def validation(lines: Sequence[Line]) -> dict[str, str]:
    """validation.md and validation.json of result lines; InputError where there are none."""
    if not lines:
        raise InputError("there are no result lines; run evenlight qualify first")
    setting, held = installed(), check(rows(lines))
    data = {
        "scope": SCOPE,
        "date": date(),
        "platform": {"system": platform.system(), "machine": platform.machine()},
        "installation": [_check(one) for one in setting],
        "operation": [_held(one, lines) for one in held],
        "lines": _lines(lines),
    }
    text = "\n\n".join(_text(data, setting, held)) + "\n"
    return dict(zip(NAMES, (text, json.dumps(data, indent=1) + "\n"), strict=True))


def write_validation(lines: Sequence[Line], folder: Path) -> tuple[Path, ...]:
    """Both files of `validation`, written into `folder`."""
    return tuple(files.write(folder / name, text) for name, text in validation(lines).items())


def _check(one: Check) -> dict[str, str]:
    return {
        "what": one.what, "expected": one.expected, "observed": one.observed, "state": one.state,
    }  # fmt: skip


def _held(one: Held, lines: Sequence[Line]) -> dict[str, Any]:
    """One requirement: expected, observed with its error, and the seeds that it rests on."""
    must, found = one.must, one.found
    seeds = sorted(line.seed for line in lines if line.case == must.case and not line.error)
    return {
        "item": must.item,
        "case": must.case,
        "question": must.question,
        "rate": must.rate,
        "kind": must.kind,
        "limit": one.limit if one.limit == one.limit else None,
        "observed": None if found is None else found.value,
        "error": None if found is None else found.error,
        "runs": 0 if found is None else found.runs,
        "seeds": [seeds[0], seeds[-1]] if seeds else [],
        "state": one.state,
    }


def _lines(lines: Sequence[Line]) -> dict[str, Any]:
    """By which code the lines were made, and whether it is the code that is installed."""
    codes = sorted({line.code for line in lines})
    now = {code_digest(rooms(line.case)) for line in lines}
    other = sum(line.code != code_digest(rooms(line.case)) for line in lines)
    return {
        "repetitions": len(lines),
        "failed": sum(bool(line.error) for line in lines),
        "code": codes,
        "code_installed": sorted(now),
        "made_by_other_code": other,
        "permutations": sorted({line.draws for line in lines}),
    }


def _text(data: dict[str, Any], setting: Sequence[Check], held: Sequence[Held]) -> Iterator[str]:
    told = data["lines"]
    yield "# Tool validation record of evenlight"
    yield SCOPE
    yield f"Date: {data['date']}. Platform: {' '.join(data['platform'].values())}."
    yield "## Installation qualification"
    head = ["what", "expected", "observed", "state"]
    yield grid(head, [[c.what, c.expected, c.observed, c.state] for c in setting])
    yield "## Operational qualification"
    yield (
        f"{told['repetitions']} repetitions, of which {told['failed']} failed to run. Code that "
        f"made them: {', '.join(told['code'])}; installed: {', '.join(told['code_installed'])}. "
        f"{_same_code(told['made_by_other_code'])}"
    )
    yield (
        "What must be stands in the installed code. Found: in per cent with its Monte "
        "Carlo error. *watch* lies beyond two errors, *fails* beyond what chance allows in all."
    )
    pairs = zip(held, data["operation"], strict=True)
    body = [[*must_cells(one), _seeds(row)] for one, row in pairs if one.state != "not measured"]
    yield grid([*MUST, "seeds"], body)
    yield total(held)
    yield "## Signatures"
    yield SIGNED


def _same_code(other: int) -> str:
    if not other:
        return "All were made by the installed code."
    return (
        f"{other} were made by other code, so that they qualify another version; run evenlight "
        "qualify again."
    )


def _seeds(row: dict[str, Any]) -> str:
    return " to ".join(map(str, dict.fromkeys(row["seeds"])))
