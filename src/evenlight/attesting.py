"""Files of an audit that tell of other files, held against these: the statement and the crate."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from evenlight.record import Audit
from evenlight.reports.exporters.ro_crate import METADATA, ro_crate
from evenlight.reports.exporters.statement import FILES, PAYLOAD, statement

State = Literal["holds", "fails", "not asked", "not checked"]

STATEMENT = "attestation.json"

LISTS = ("hasPart", "result")
"""What of a crate's entries lists files: those that came later are not in it."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was checked: what, whether it holds, and what was found."""

    what: str
    state: State
    told: str


def checked(what: str, same: bool, holds: str, fails: str) -> Check:
    """The check of one thing, with what is said of it either way."""
    return Check(what, "holds" if same else "fails", holds if same else fails)


def stated(audit: Audit, place: Path) -> Iterator[Check]:
    """attestation.json, or the statement in its envelope, against what would be stated now."""
    path = place / STATEMENT
    if not path.is_file():
        return
    told, envelope = _opened(path)
    if told is None:
        yield Check(STATEMENT, "fails", "it is no statement")
        return
    own = json.loads(statement(audit, place)[STATEMENT])
    old, new = _digests(told), _digests(own)
    for name, digest in new.items():
        where = f"{STATEMENT}: {name}"
        if name in old or name not in FILES:
            yield checked(where, old.get(name) == digest, "same digest", "another digest")
        else:
            yield Check(where, "not checked", "it was written after the statement")
    gone = [name for name in old if name not in new]
    yield checked(f"{STATEMENT}: files", not gone, "all there", f"not there: {', '.join(gone)}")
    rest = {k: v for k, v in told.items() if k != "subject"}
    same = rest == {k: v for k, v in own.items() if k != "subject"}
    yield checked(STATEMENT, same, "the verdict of the record", "not what the record states")
    if envelope:
        yield Check(f"{STATEMENT}: signature", "not checked", "ask the tool that signed it")


def crated(audit: Audit, place: Path) -> Iterator[Check]:
    """The crate: each file that it lists has that digest, and the rest is what it would say now."""
    path = place / METADATA
    if not path.is_file():
        return
    old, own = _entries(path.read_bytes()), _entries(ro_crate(audit, place)[METADATA].encode())
    if old is None or own is None:
        yield Check(METADATA, "fails", "it is no crate")
        return
    other = [name for name, entry in old.items() if _bare(entry) != _bare(own.get(name))]
    told = f"not as they are: {', '.join(sorted(other))}"
    yield checked(METADATA, not other, "its files are as it lists them", told)


def _opened(path: Path) -> tuple[dict[str, Any] | None, bool]:
    """The statement, and whether it lay in an envelope (DSSE v1); None where it is neither."""
    try:
        made = json.loads(path.read_text(encoding="utf-8"))
        envelope = isinstance(made, dict) and made.get("payloadType") == PAYLOAD
        if envelope:
            made = json.loads(b64decode(made["payload"], validate=True))
        _digests(made)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None, False
    return made, envelope


def _digests(made: Mapping[str, Any]) -> dict[str, str]:
    return {str(one["name"]): str(one["digest"]["sha256"]) for one in made["subject"]}


def _entries(text: bytes) -> dict[str, dict[str, Any]] | None:
    try:
        return {str(one["@id"]): dict(one) for one in json.loads(text)["@graph"]}
    except (ValueError, KeyError, TypeError):
        return None


def _bare(entry: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if entry is None else {k: v for k, v in entry.items() if k not in LISTS}
