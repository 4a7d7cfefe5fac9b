"""Whether an audit's folder holds what was written: form, digests, files, and the run again."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Literal

import pandas as pd

from evenlight.api import run
from evenlight.codec import plain
from evenlight.energy import TIMED
from evenlight.errors import GateFailed, InputError
from evenlight.models.trust import Trusted
from evenlight.plan import Plan
from evenlight.record import Audit, audit_schema
from evenlight.reports import build
from evenlight.reports.changing import beside
from evenlight.reports.page import ASSETS

State = Literal["holds", "fails", "not there", "not asked"]

DATED = ("date", *TIMED)
"""What another run has otherwise in its provenance."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was checked: what, whether it holds, and what was found."""

    what: str
    state: State
    told: str


@dataclass(frozen=True, slots=True)
class Verified:
    """All checks of one folder; the exit code is 1 where any fails, else 0."""

    checks: tuple[Check, ...]

    @property
    def exit_code(self) -> int:
        """0, or 1 where a check fails."""
        failed = any(check.state == "fails" for check in self.checks)
        return GateFailed.exit_code if failed else 0

    def raise_for_status(self) -> None:
        """Raise GateFailed, with what fails, where any check does."""
        failed = [f"{check.what}: {check.told}" for check in self.checks if check.state == "fails"]
        if failed:
            raise GateFailed(" ".join(failed))

    def text(self) -> str:
        """One line a check."""
        return "\n".join(f"{c.state:9s} {c.what}: {c.told}" for c in self.checks)


def verify(
    folder: str | Path, *, plan: str | Path | None = None, trust: Trusted = None
) -> Verified:
    """Check the folder of an audit: the record's form, its digests, and every file made of it.

    With `plan` (its TOML file, with the data beside it) the audit is run again in a folder that is
    deleted after, and must give the same record but for date and seconds. A file that is not there
    is no failure but for audit.json and gate.json: only what is there is vouched for.

    Raises InputError where there is no audit that this version reads.
    """
    place = Path(folder)
    place = place if place.is_dir() else place.parent
    audit = Audit.load(place)
    made = [*_record(audit, place), *_files(audit, place), *_statement(place)]
    made.append(_again(audit, plan, trust))
    return Verified(tuple(made))


def _record(audit: Audit, place: Path) -> Iterator[Check]:
    same = (place / "audit.json").read_bytes() == audit.to_json().encode()
    yield _check("audit.json", same, "canonical", "other bytes than the record makes")
    digest = Plan.from_data(audit.plan).digest
    told = f"{digest[:12]}, as recorded", f"{digest[:12]}, recorded {audit.plan_digest[:12]}"
    yield _check("plan digest", digest == audit.plan_digest, *told)


def _files(audit: Audit, place: Path) -> Iterator[Check]:
    """What is made of the record alone, byte by byte."""
    schema = json.dumps(audit_schema(), indent=1) + "\n"
    gate = json.dumps(audit.gate_data(), indent=1) + "\n"
    yield _file(place / "audit.schema.json", lambda: schema)
    if (place / "gate.json").is_file():
        yield _file(place / "gate.json", lambda: gate)
    else:
        yield Check("gate.json", "fails", "it is not there")
    for name, frame in audit.tables().items():
        own = _file(place / "tables" / f"{name}.csv", partial(_csv, frame))
        yield replace(own, what=f"tables/{name}.csv")
    linked = (place / ASSETS[0]).is_file()
    earlier = beside(audit, place)
    yield _file(place / "report.html", lambda: build(audit, earlier=earlier, linked=linked))


def _csv(frame: pd.DataFrame) -> str:
    return frame.to_csv(index=False)


def _file(path: Path, make: Callable[[], str]) -> Check:
    if not path.is_file():
        return Check(path.name, "not there", "nothing to check")
    same = path.read_bytes() == make().encode("utf-8")
    return _check(path.name, same, "as the record makes it", "not what the record makes")


def _statement(place: Path) -> Iterator[Check]:
    """The digests of attestation.json, where it is there; its signature is for its own tool."""
    path = place / "attestation.json"
    if not path.is_file():
        return
    try:
        subjects = json.loads(path.read_text(encoding="utf-8"))["subject"]
        named = [(str(one["name"]), str(one["digest"]["sha256"])) for one in subjects]
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError):
        yield Check(path.name, "fails", "it is no statement")
        return
    for name, digest in named:
        own = place / name
        if Path(name).name == name and own.is_file():
            same = sha256(own.read_bytes()).hexdigest() == digest
            yield _check(f"{path.name}: {name}", same, "same digest", "another digest")


def _again(audit: Audit, plan: str | Path | None, trust: Trusted) -> Check:
    if plan is None:
        return Check("run again", "not asked", "name the plan to run it again")
    asked = Plan.from_toml(plan)
    with tempfile.TemporaryDirectory() as held:
        try:
            made = run(plan, Path(held) / "again", trust=trust)
        except InputError as error:
            return Check("run again", "fails", f"it does not run: {error}")
    if made.plan_digest != audit.plan_digest:
        return Check(
            "run again", "fails", f"{Path(plan).name} is another plan: {asked.digest[:12]}"
        )
    other = [name for name in _parts(audit) if _parts(audit)[name] != _parts(made)[name]]
    told = f"other {', '.join(other)}; compare versions and device in provenance"
    return _check("run again", not other, "the same record", told)


def _parts(audit: Audit) -> dict[str, object]:
    """The record's parts as plain data, without what another run has otherwise."""
    data = dict(plain(audit))
    data["provenance"] = {k: v for k, v in data["provenance"].items() if k not in DATED}
    data.pop("plan_fixed")
    data["warnings"] = [
        told for told in data["warnings"] if not told.startswith("The ledger holds")
    ]
    return data


def _check(what: str, same: bool, holds: str, fails: str) -> Check:
    return Check(what, "holds" if same else "fails", holds if same else fails)
