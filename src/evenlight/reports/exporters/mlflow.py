"""What a tracking server is told: flat metrics, tags, and the folder as artifacts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from evenlight.data.shown import visible
from evenlight.record import Audit

_UNNAMEABLE = re.compile(r"[^A-Za-z0-9_. /-]")


class Tracker(Protocol):
    """The part of the `mlflow` module that is called."""

    def log_metrics(self, metrics: dict[str, float]) -> Any:
        """Keep numbers by name."""

    def set_tags(self, tags: dict[str, Any]) -> Any:
        """Keep words by name."""

    def log_artifacts(self, local_dir: str, artifact_path: str | None = None) -> Any:
        """Keep a folder."""


def metrics(audit: Audit) -> dict[str, float]:
    """Flat numbers by name: the widest gap of each primary question, and counts of findings.

    Missing ones are left out, never 0. Names keep to letters, digits, `_ - . /` and spaces.
    """
    made: dict[str, float] = {"audit.exit_code": float(audit.verdict.exit_code)}
    for answer in audit.answers:
        sizes = [abs(part.effect) for part in answer.parts if part.effect is not None]
        if sizes:
            made[_name(f"audit.{answer.measure}.{answer.grouping}.max_gap")] = max(sizes)
    for severity in ("block", "act", "watch"):
        made[f"audit.findings.{severity}"] = float(
            sum(finding.severity == severity for finding in audit.findings)
        )
    made["audit.questions.untold"] = float(
        sum(a.verdict in ("cannot_tell", "not_estimable") for a in audit.answers)
    )
    return made


def tags(audit: Audit) -> dict[str, str]:
    """The gate's word and the digests, by which a version is found again."""
    return {
        "audit.verdict": audit.verdict.word,
        "audit.plan_digest": audit.plan_digest,
        "audit.model_digest": audit.model.digest,
        "audit.cohort_digest": audit.cohort.digest,
    }


def mlflow(audit: Audit, folder: Path) -> dict[str, str]:
    """mlflow.json: the metrics and tags that `log` gives to a run."""
    made: Mapping[str, Any] = {"metrics": metrics(audit), "tags": tags(audit)}
    return {"mlflow.json": json.dumps(made, indent=1, sort_keys=True) + "\n"}


def log(audit: Audit, folder: str | Path, tracker: Tracker) -> None:
    """Give the active run of `tracker` (the module mlflow) metrics, tags and the audit's folder."""
    tracker.log_metrics(metrics(audit))
    tracker.set_tags(tags(audit))
    tracker.log_artifacts(str(folder), artifact_path="audit")


def _name(text: str) -> str:
    return _UNNAMEABLE.sub("_", visible(text))[:250]
