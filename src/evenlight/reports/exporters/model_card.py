"""A model card for a hub: front matter with the metrics by group, and the answers in words.

Form: https://huggingface.co/docs/hub/model-cards (`model-index` of evaluation results).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from math import isfinite
from pathlib import Path
from typing import Any

from evenlight.data.shown import metric_name, visible
from evenlight.measures.performance import Performance
from evenlight.measures.words import SPOKEN
from evenlight.record import Audit
from evenlight.reports.exporters.markdown import marked
from evenlight.reports.words import FIXED_LIMITS, STANDING

TASKS = {"binary": "tabular-classification", "categorical": "tabular-classification"}
"""The hub's word for a model of such an outcome; all others are regressions."""


def model_card(audit: Audit, folder: Path) -> dict[str, str]:
    """model_card.md: to be completed by whoever publishes the model; hidden groups stay hidden."""
    return {"model_card.md": "\n".join([*_front(audit), "", *_text(audit)]) + "\n"}


def _front(audit: Audit) -> Iterator[str]:
    """YAML in which every value is JSON, which YAML reads as it is."""
    yield "---"
    yield f"tags: {json.dumps(['evenlight', 'bias-audit'])}"
    results = [one for made in audit.performances for one in _results(audit, made)]
    if results:
        yield "model-index:"
        yield f"- name: {json.dumps(visible(audit.model.name))}"
        yield "  results:"
        yield from (f"  - {json.dumps(one, allow_nan=False)}" for one in results)
    yield "---"


def _results(audit: Audit, made: Performance) -> Iterator[dict[str, Any]]:
    """One result a part of the people, as the hub wants them: task, data set, metrics."""
    task = {"type": TASKS.get(audit.cohort.outcome_kind, "tabular-regression")}
    for part, values in zip(made.parts, made.value.tolist(), strict=True):
        told = [
            {"type": metric, "name": metric_name(metric), "value": value}
            for metric, value in zip(made.metrics, values, strict=False)
            if isfinite(value)
        ]
        if told:
            split = visible(f"{made.grouping}: {part}")
            yield {
                "task": task,
                "dataset": {"type": "cohort", "name": visible(audit.cohort.name), "split": split},
                "metrics": told,
            }


def _text(audit: Audit) -> Iterator[str]:
    yield f"# {marked(audit.model.name)}\n"
    yield f"{STANDING} Audited by evenlight on {audit.provenance.get('date', 'no date')}: "
    yield f"gate {marked(audit.verdict.word)}. {marked(audit.verdict.reason)}\n"
    yield "## Primary questions\n"
    yield from (
        f"- **{SPOKEN[a.verdict]}**: {marked(a.question)} {marked(a.sentence)}"
        for a in audit.answers
    )
    yield "\n## Limits\n"
    yield from (f"- {limit}" for limit in FIXED_LIMITS)
    yield from (f"- {marked(warning)}" for warning in audit.warnings)
    yield "\n## To be written by the author\n"
    yield "Intended use and population; training data; who is left out; mitigation; licence."
