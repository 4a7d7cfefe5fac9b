"""A step after training with MLflow: audit, log the audit, and name the version only after a pass.

    python examples/pipelines/mlflow_step.py

Needs `pip install mlflow` (or mlflow-skinny). Writes to MLFLOW_TRACKING_URI, or below this folder.
The run gets flat metrics (audit.performance.race.max_gap, audit.findings.act), tags with the
gate's word and digests, and the folder `audit/` with page and record. A registered model would get
its alias where this prints "released".
"""

import sys
from pathlib import Path

import mlflow

import evenlight as ev
from evenlight.cohorts import CLINICAL, warfarin
from evenlight.reports.exporters.mlflow import log

PLAN = ev.Plan.from_data(
    {
        "cohort": {"builtin": "warfarin"},
        "question": [{"measure": "use", "grouping": "sex", "blocks": True}],
        "report": {"title": "Warfarin dose: the clinical formula"},
    }
)


def main(folder: Path) -> int:
    """Audit inside a run, log what was found, and return the gate's exit code."""
    with mlflow.start_run(run_name="audit") as run:
        audit = ev.audit(CLINICAL, warfarin(), plan=PLAN)
        ev.report(audit, audit.save(folder))
        log(audit, folder, mlflow)
    gate = audit.gate()
    released = gate.word == "passed"
    print(f"run {run.info.run_id}: gate {gate.word}; {'released' if released else 'not released'}")
    return gate.exit_code


if __name__ == "__main__":
    sys.exit(main(Path("audit")))
