"""The top floor: a plan in, a folder with the record and the page out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from evenlight import files, reports
from evenlight.about import FILE, read_about
from evenlight.auditing import audit
from evenlight.clock import latest
from evenlight.data.cohort import Cohort
from evenlight.data.handed import a_kind
from evenlight.differing import Difference, diff, save_difference, sketches
from evenlight.differing.drawn import keep_draws
from evenlight.errors import InputError
from evenlight.journal import Work
from evenlight.journal.effort import ALONE, Effort, helping
from evenlight.journal.inputs import seen, unchanged
from evenlight.journal.kept import Journal
from evenlight.journal.running import place, stoppable, working
from evenlight.load import load_cohort, load_local, load_model, load_sets, load_training
from evenlight.measured.given import Outputs
from evenlight.measured.rules import judging_by
from evenlight.models.trust import Trusted
from evenlight.plan import Plan
from evenlight.record import Audit
from evenlight.reports import framework
from evenlight.small_groups import profile
from evenlight.standing import held, unjudged
from evenlight.waivers import FILE as WAIVERS
from evenlight.waivers import read_waivers

LEDGER = "ledger.jsonl"


def run(
    plan: str | Path,
    out: str | Path = "audit",
    *,
    plan_digest: str | None = None,
    trust: Trusted = None,
    progress: Callable[[str], None] | None = None,
    effort: Effort = ALONE,
    earlier: str | Path | None = None,
) -> Audit:
    """Run the plan of a TOML file and write `out`: audit.json, gate.json, tables, report.html.

    The ledger lies beside `out`, and in `.people` sketches by which `diff` tells how many people
    two audits do not share (keyed, no ids); about.toml beside the plan holds what its author says.
    Raises InputError before any compute where plan, data or about.toml are wrong, Refused where a
    file would have to be trusted and is not. waivers.toml beside the plan names differences that
    the gate does not fail for; one that has ended is an InputError too. Until the run has ended,
    gate.json in `out` has no verdict.

    Finished parts are kept beside `out` in `.NAME.work` (data of people), from which the same call
    goes on after it was stopped or killed, InputError where that work is of another run; NoVerdict
    says how to go on. The folder goes once all is written. `effort` says otherwise, how many
    processes work, and on which device. An audit that lies in `out` is replaced, and `progress` is
    told where it is of another plan; InputError where a page or a record there is of no audit.

    `earlier` is an audit with which this one is compared once it is written: diff.json, and section
    C6 of the page. Where they cannot be compared the audit stands without it, and the error says
    why.
    """
    own: dict[str, Any] = {"plan_digest": plan_digest, "progress": progress}
    there = held(Path(out))
    with stoppable(Path(plan), Path(out)), unjudged(Path(out)), effort.threads():
        before = None if earlier is None else Audit.load(earlier)
        found = _run(Path(plan), Path(out), trust, effort, own, there)
    if before is not None:
        report(found, out, earlier=before)
    return found


def _run(
    path: Path, folder: Path, trust: Trusted, effort: Effort, own: dict[str, Any], there: str
) -> Audit:
    asked = Plan.from_toml(path)
    waivers = read_waivers(path.parent / WAIVERS, on=latest())
    about = read_about(path.parent / FILE)
    framework.checked(about)
    before = seen(asked.data(), path.parent)
    model, cohort, given = _loaded(asked, path.parent, trust)
    files.folder(folder.parent)
    if folder.exists():
        files.folder(folder)
    with profile(asked.policy.profile):
        sketches.keep(cohort, folder.parent / sketches.FOLDER)
    own |= {"device": effort.device, "waivers": waivers, "ledger": folder.parent / LEDGER, **given}
    crew = effort.crew(_help, (str(path), str(place(folder)), trust, effort.device))
    with working(folder, keep=effort.keep_work, crew=crew) as work:
        found = audit(model, cohort, plan=asked, work=work, **own).told_by(about)
        told = {**found.provenance, "command": f"evenlight run {path.name}"}
        found = replace(found, provenance=told)
        unchanged(before, asked.data(), path.parent)
        if there not in ("", found.plan_digest) and own["progress"] is not None:
            own["progress"](f"replacing the audit of another plan, {there[:12]}")
        report(found, found.save(folder))
        _keep_draws(work, found, asked, cohort, folder.parent / sketches.FOLDER)
    return found


def _keep_draws(work: Work, found: Audit, asked: Plan, cohort: Cohort, store: Path) -> None:
    """What a later `diff` of the same people pairs its metrics by; none without an outcome."""
    outputs = Journal(work.folder).held("outputs", Outputs)
    if found.performances and outputs is not None:
        judging = judging_by(asked.policy, None)
        with profile(asked.policy.profile):
            keep_draws(outputs.predicted, cohort, found, store, judging=judging)


def _loaded(asked: Plan, folder: Path, trust: Trusted) -> tuple[object, Cohort, dict[str, Any]]:
    """Model, cohort, and whatever else the plan names, by the argument of `audit`."""
    with profile(asked.policy.profile):
        cohort = load_cohort(asked, folder)
    model = load_model(asked, folder, trust=trust)
    given = {
        "sets": load_sets(asked, folder, cohort),
        "local": load_local(asked, folder, cohort),
        "training": load_training(asked, folder),
    }
    return model, cohort, given


def _help(plan: str, folder: str, trust: Trusted, device: str) -> None:
    """What a helper does: the same audit, of which it makes the parts that are free."""
    asked = Plan.from_toml(plan)
    with helping(), Work(Path(folder), joined=True) as work:
        model, cohort, given = _loaded(asked, Path(plan).parent, trust)
        audit(model, cohort, plan=asked, work=work, device=device, **given)


def report(
    audit: Audit, folder: str | Path, *, earlier: Audit | Difference | str | Path | None = None
) -> Path:
    """Write report.html and figures/ for an audit; the page's path is returned.

    `earlier` is an audit before this one, or the difference from it (`evenlight.diff`, which knows
    more options): it is written to diff.json and becomes section C6. Later calls keep to the
    diff.json of the folder. Raises as `diff` does where the two cannot be compared.
    """
    if not isinstance(audit, Audit):
        raise InputError(
            f"a report is of an Audit, not of {a_kind(audit)}: pass ev.audit(model, cohort), or "
            "ev.audit(attributions, cohort) where there is no model; a comparison alone is read "
            "with its .to_frame() and drawn by ev.pl"
        )
    place = files.folder(folder)
    if earlier is not None:
        if not isinstance(earlier, Difference):
            earlier = diff(earlier, audit, memory=place.resolve().parent)
        save_difference(earlier, place)
    return reports.write(audit, place)
