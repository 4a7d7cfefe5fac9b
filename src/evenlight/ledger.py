"""The ledger beside the output: every run's plan, so that a plan changed after a look is seen."""

from __future__ import annotations

import json
import os
from pathlib import Path

from evenlight import files
from evenlight.errors import InputError


def enter(path: Path, *, plan: str, model: str, cohort: str, date: str) -> tuple[str, ...]:
    """Append a run before its attributions are read; the other plans already used on this question.

    All arguments are digests but `date`. The same model and cohort under another plan is what a
    reader should know of.
    """
    line = {"cohort": cohort, "date": date, "model": model, "plan": plan}
    _mended(path)
    earlier = _read(path)
    files.append(path, json.dumps(line, sort_keys=True))
    same = [e for e in earlier if (e.get("model"), e.get("cohort")) == (model, cohort)]
    return tuple(dict.fromkeys(e["plan"] for e in same if e["plan"] != plan))


def _mended(path: Path) -> None:
    """Without the start of a line that a full disk left: that run never began."""
    if not path.exists():
        return
    held = path.read_bytes()
    whole = held.rfind(b"\n") + 1
    if whole < len(held):
        os.truncate(path, whole)


def _read(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    try:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
    except json.JSONDecodeError:
        raise InputError(
            f"{path.name} holds a line that is not JSON; repair it or move it away, it is the "
            "memory of earlier plans"
        ) from None
