"""The audit record: one model x one cohort x one target; the only input of reports."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from evenlight import cards, codec, files
from evenlight.about import checked_about
from evenlight.data.gone import Step
from evenlight.data.handed import a_kind
from evenlight.errors import InputError
from evenlight.findings import Answer, Findings, Gate
from evenlight.further import Further
from evenlight.measures.comparison import Comparison
from evenlight.measures.composition import Composition
from evenlight.measures.dependence import Dependence
from evenlight.measures.performance import Performance
from evenlight.measures.quality import Quality
from evenlight.measures.reliance import Reliance
from evenlight.measures.sensitivity import Flip, Sensitivity
from evenlight.small_groups import USUAL, in_profile

CHANGED = "The ledger holds"
"""How the warning begins that says a plan was changed after an earlier run."""

SAID = {
    "consistent_with_a_shortcut": "consistent with a shortcut",
    "unresolved": "a shortcut or not: unresolved",
    "not_estimable": "a shortcut or not: cannot be asked here",
}
"""How the words of the gate of reliance are printed."""

SCHEMA = "urn:evenlight:audit:1.10"
"""Name and version of the record's form.

1.10: performance along an axis and intersections have a `note`; dependences, `encoded`, `slices`,
`decisions` and regions that tell say whether they are `rounded`.
1.9: the verdict has `waivers`, an answer the ids of its `findings`; the record has `about`, the
plan `report.frameworks`; `further` has `region_within` and `artefacts`, the plan `regions.within`,
`cohort.images.fill` and `.form`.
1.8: `further` has `maps`, `region_shares`, `region_telling` and `images`, the plan `regions`,
`maps`, `cohort.images` and `explain.baseline`.
1.7: `further` has `by_local_ancestry` and `set_shares`, the plan `local`, `maf`, `cohort.time`,
`model.features`, `policy.strict` and a margin of Uno's concordance.
1.6: `further` and the plan have `demographics`.
1.5: `further` has `fragilities`, `worsts` and `uncertainties`, the plan `holds.perturb`,
`uncertainty`, `measure.genotypes` and the outcome's `event`.
1.4: `further` has `encoded`, `slices`, `proxies`, `holds` and `set_reliances`; an association
counts the strata `dropped`, a gate names the conditions `stricter` than its own.
"""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """The audited model: `kind` (torch, sklearn, table, callable), `link`, `scale`, its digest."""

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
    """The audited people: name, rows, units, roles, and notes on what was dropped or not shown.

    `flow` counts the rows that left when the data were read and joined, step by step.
    """

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
    flow: tuple[Step, ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Audit:
    """Everything that one audit found; saved as audit.json, read by every report.

    `plan` is the plan as plain data; `plan_fixed` is True only if its digest was given from
    outside; `warnings` are sentences that the report shows; `provenance` holds versions, seeds,
    digests, seconds and the date; `about` is what the author says (`evenlight.about`), unchecked.
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
    qualities: tuple[Quality, ...]
    further: Further
    answers: tuple[Answer, ...]
    findings: Findings
    verdict: Gate
    warnings: tuple[str, ...]
    provenance: Mapping[str, Any]
    about: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("plan", "provenance", "about"):
            object.__setattr__(self, name, codec.plain(getattr(self, name)))

    def to_json(self) -> str:
        """Canonical JSON: sorted keys, shortest numbers that read back alike, null for missing."""
        return codec.to_text(self, SCHEMA)

    @classmethod
    def from_json(cls, text: str) -> Audit:
        """The audit that `to_json` wrote; InputError names what is not of this form."""
        return codec.from_text(cls, text, SCHEMA, what="the audit")

    @classmethod
    def load(cls, path: str | Path) -> Audit:
        """Read `audit.json`, given the file or its folder."""
        place = Path(path)
        if place.is_dir() and not (place / "audit.json").is_file():
            raise InputError(
                f"no audit.json in the folder {place.resolve().name!r}; run `evenlight run` first"
            )
        place = place / "audit.json" if place.is_dir() else place
        if not place.is_file():
            raise InputError(
                f"there is no {place.name!r}; give the folder of an audit, or its audit.json"
            )
        try:
            text = place.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise InputError(
                f"{place.name} is no text in UTF-8, so it is no audit; run the audit again"
            ) from None
        return cls.from_json(text)

    def __repr__(self) -> str:
        lines = [f"{a.verdict:14s} {a.question}" for a in self.answers]
        lines += [f"{SAID[s.word]}: reliance on {s.grouping}" for s in self.further.shortcuts]
        return "\n".join([f"Audit of {self.model.name}: {self.verdict.word}", *lines])

    def _repr_html_(self) -> str:
        return cards.audit_card(self)

    def told_by(self, about: Mapping[str, Any]) -> Audit:
        """The same audit with its author's words; PlanError for a key that is not known."""
        return replace(self, about=checked_about(about))

    @property
    def profile(self) -> str:
        """By whose rule small groups are hidden (`evenlight.small_groups`)."""
        return str(self.plan.get("policy", {}).get("profile", USUAL))

    def gate(self) -> Gate:
        """What a pipeline reads."""
        return self.verdict

    def tables(self) -> dict[str, pd.DataFrame]:
        """Every measure as one long table, by name."""
        frames = {
            "people": [m.to_frame() for m in self.compositions],
            "performance": [m.to_frame() for m in self.performances],
            "performance_differences": [m.differences_frame() for m in self.performances],
            "features": [m.to_frame() for m in self.comparisons],
            "reliance": [m.to_frame() for m in self.reliances],
            "sensitivity": [m.to_frame() for m in self.sensitivities],
            "flips": [m.to_frame() for m in self.flips],
            "quality": [m.to_frame() for m in self.qualities],
            "quality_differences": [m.differences_frame() for m in self.qualities],
            "findings": [self.findings.to_frame()],
        }
        made = {name: pd.concat(own, ignore_index=True) for name, own in frames.items() if own}
        return made | dict(self.further.tables())

    def save(self, folder: str | Path) -> Path:
        """Write audit.json, its schema, gate.json and tables/*.csv; the folder is returned."""
        made = files.output(folder)
        files.below(made, "tables")
        for name, text in self.texts().items():
            files.write(made / name, text)
        return made

    def texts(self) -> dict[str, str]:
        """What `save` writes, by name, in that order: the gate is last."""
        return {
            "audit.json": self.to_json(),
            "audit.schema.json": json.dumps(audit_schema(), indent=1) + "\n",
            **{f"tables/{k}.csv": own.to_csv(index=False) for k, own in self.tables().items()},
            "gate.json": json.dumps(self.gate_data(), indent=1) + "\n",
        }

    def gate_data(self) -> dict[str, Any]:
        """What gate.json holds."""
        return {
            "verdict": self.verdict.word,
            "exit_code": self.verdict.exit_code,
            "reason": self.verdict.reason,
            "questions": [
                {
                    "id": a.id,
                    "question": a.question,
                    "verdict": a.verdict,
                    "blocks": a.blocks,
                    "findings": list(a.findings),
                }
                for a in self.answers
            ],
            "findings": [f.id for f in self.findings if f.severity != "info"],
            "blocking": [
                {"id": f.id, "grouping": f.grouping, "contrast": f.contrast, "subject": f.subject}
                for f in self.findings
                if f.severity == "block"
            ],
            "waivers": codec.plain(self.verdict.waivers),
            "digests": {
                "plan": self.plan_digest,
                "model": self.model.digest,
                "cohort": self.cohort.digest,
            },
        }


def _profile_of(audit: Audit, *rest: object, **more: object) -> str:
    if not isinstance(audit, Audit):
        raise InputError(
            f"this is of an Audit, not of {a_kind(audit)}: pass ev.audit(model, cohort), or "
            "ev.Audit.load(folder)"
        )
    return audit.profile


as_told = in_profile(_profile_of)
"""A function of an audit that says "fewer than 11" by the audit's own profile."""


def audit_schema() -> dict[str, Any]:
    """JSON Schema of audit.json."""
    made = codec.schema(Audit)
    root = made["$defs"]["Audit"]
    root["properties"]["schema"] = {"const": SCHEMA}
    root["required"] = ["schema", *root["required"]]
    return made
