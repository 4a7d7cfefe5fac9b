"""Whether an audit's folder holds what was written: form, digests, files, and the run again."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from evenlight.api import run
from evenlight.attesting import Check, checked, crated, stated
from evenlight.codec import plain
from evenlight.energy import TIMED
from evenlight.errors import GateFailed, InputError
from evenlight.gates import unfounded
from evenlight.models.trust import Trusted, trust_of
from evenlight.plan import Plan
from evenlight.record import Audit
from evenlight.reports.exporters.ro_crate import METADATA
from evenlight.reports.remade import remade

NEEDED = ("audit.json", "gate.json")
"""Files that are never optional."""

APART = ("attestation.json", METADATA)
"""Files that tell of other files; they are held against these."""

DATED = ("date", *TIMED)
"""What another run has otherwise in its provenance."""


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
        return "\n".join(f"{c.state:11s} {c.what}: {c.told}" for c in self.checks)


def verify(
    folder: str | Path, *, plan: str | Path | None = None, trust: Trusted = None
) -> Verified:
    """Check the folder of an audit: the record's form, its digests, and every file made of it.

    With `plan` (its TOML file, with the data beside it) the audit is run again in a folder that is
    deleted after, and must give the same record but for date and seconds. The verdict must follow
    from the answers under the policy. A file that is not there is no failure but for audit.json and
    gate.json: only what is there is vouched for; what the record does not make is "not checked".

    Raises InputError where there is no audit that this version reads, and for `trust` of no form.
    """
    trust_of(trust)
    place = Path(folder)
    place = place if place.is_dir() else place.parent
    audit = Audit.load(place)
    made = [*_record(audit), *_files(audit, place)]
    made += [*stated(audit, place), *crated(audit, place), _again(audit, plan, trust)]
    return Verified(tuple(made))


def _record(audit: Audit) -> Iterator[Check]:
    plan = Plan.from_data(audit.plan)
    told = f"{plan.digest[:12]}, as recorded", f"{plan.digest[:12]}, not {audit.plan_digest[:12]}"
    yield checked("plan digest", plan.digest == audit.plan_digest, *told)
    why = unfounded(audit.verdict, audit.answers, plan.policy)
    yield checked("verdict", not why, "it follows from the answers", why)


def _files(audit: Audit, place: Path) -> Iterator[Check]:
    """Each file of the folder beside what the record makes, byte by byte."""
    made = remade(audit, place)
    for name in sorted({*NEEDED, *_named(place)} - set(APART)):
        path = place / name
        if path.is_symlink():
            yield Check(name, "fails", "a link; what an audit writes is no link")
        elif not path.is_file():
            yield Check(name, "fails", "it is not there")
        elif name in made:
            same = path.read_bytes() == made[name]
            yield checked(name, same, "as the record makes it", "not what the record makes")
        else:
            yield Check(name, "not checked", "the record does not make it")


def _named(place: Path) -> Iterator[str]:
    """Files of the audit's folder, with `/` between; hidden ones are none of them."""
    for path in place.rglob("*"):
        name = path.relative_to(place)
        if (path.is_file() or path.is_symlink()) and not any(p.startswith(".") for p in name.parts):
            yield name.as_posix()


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
    return checked("run again", not other, "the same record", told)


def _parts(audit: Audit) -> dict[str, object]:
    """The record's parts as plain data, without what another run has otherwise."""
    data = dict(plain(audit))
    data["provenance"] = {k: v for k, v in data["provenance"].items() if k not in DATED}
    data.pop("plan_fixed")
    data["warnings"] = [
        told for told in data["warnings"] if not told.startswith("The ledger holds")
    ]
    return data
