"""The top floor: a plan in, a folder with the record and the page out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from evenlight import files, reports
from evenlight.auditing import audit
from evenlight.load import load_cohort, load_local, load_model, load_sets, load_training
from evenlight.plan import Plan
from evenlight.record import Audit

LEDGER = "ledger.jsonl"


def run(
    plan: str | Path,
    out: str | Path = "audit",
    *,
    plan_digest: str | None = None,
    trust: str | None = None,
    progress: Callable[[str], None] | None = None,
) -> Audit:
    """Run the plan of a TOML file and write `out`: audit.json, gate.json, tables, report.html.

    The ledger lies beside `out`. Raises InputError before any compute where plan or data are wrong,
    Refused where a file would have to be trusted and is not.
    """
    path, folder = Path(plan), Path(out)
    asked = Plan.from_toml(path)
    cohort = load_cohort(asked, path.parent)
    model = load_model(asked, path.parent, trust=trust)
    files.folder(folder.parent)
    if folder.exists():
        files.folder(folder)
    found = audit(
        model,
        cohort,
        plan=asked,
        plan_digest=plan_digest,
        ledger=folder.parent / LEDGER,
        sets=load_sets(asked, path.parent, cohort),
        local=load_local(asked, path.parent, cohort),
        training=load_training(asked, path.parent),
        progress=progress,
    )
    report(found, found.save(folder))
    return found


def report(audit: Audit, folder: str | Path) -> Path:
    """Write report.html and figures/ for an audit; the page's path is returned."""
    return reports.write(audit, Path(folder))
