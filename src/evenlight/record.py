"""The audit record: one model x one cohort x one target; the only input of reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evenlight.findings import Answer, Findings, Gate
from evenlight.measures.comparison import Comparison
from evenlight.measures.composition import Composition
from evenlight.measures.dependence import Dependence
from evenlight.measures.performance import Performance
from evenlight.measures.reliance import Reliance
from evenlight.measures.sensitivity import Flip, Sensitivity


@dataclass(frozen=True, slots=True)
class ModelCard:
    """The audited model: `kind` (torch, sklearn, table, callable), `link`, `scale`, digest of it."""

    name: str
    kind: str
    link: str
    scale: str
    target: str
    unit: str
    digest: str
    method: str
    source: str
    probes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CohortCard:
    """The audited people: name, rows, units, roles, and notes on what was dropped or not shown."""

    name: str
    rows: int
    units: int
    features: int
    outcome: str
    outcome_kind: str
    unit: str
    strata: tuple[str, ...]
    digest: str
    source: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Audit:
    """Everything that one audit found; saved as audit.json, read by every report.

    `plan` is the plan as plain data; `plan_fixed` is True only if its digest was given from outside;
    `warnings` are sentences that the report shows; `provenance` holds versions, seeds, digests,
    seconds and the date.
    """

    plan: Mapping[str, Any]
    plan_digest: str
    plan_fixed: bool
    model: ModelCard
    cohort: CohortCard
    compositions: tuple[Composition, ...]
    performances: tuple[Performance, ...]
    comparisons: tuple[Comparison, ...]
    reliances: tuple[Reliance, ...]
    dependences: tuple[Dependence, ...]
    sensitivities: tuple[Sensitivity, ...]
    flips: tuple[Flip, ...]
    answers: tuple[Answer, ...]
    findings: Findings
    verdict: Gate
    warnings: tuple[str, ...]
    provenance: Mapping[str, Any]
