"""What an audit can answer frameworks with: E01 to E27, each with pointers into audit.json.

The ids are stable: framework files name them. An entry without pointers is not there, and its
sentence says what is missing; nothing is inferred from an absence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from evenlight.record import Audit
from evenlight.reports.evidence_measured import (
    association,
    attributed,
    crossed,
    differences,
    heterogeneity,
    images,
    importance,
    interventions,
    leakage,
    performance,
    quality,
    ranks,
    reliance,
    robustness,
    use,
)
from evenlight.reports.evidence_stated import (
    composition,
    data,
    hidden,
    labels,
    limits,
    model,
    policy,
    previous,
    purpose,
    risks,
    signature,
    software,
)

Found = tuple[list[str], str]

EVIDENCE: Mapping[str, tuple[str, Callable[[Audit], Found]]] = {
    "E01": ("identity of the model", model),
    "E02": ("intended use, users and population", purpose),
    "E03": ("identity of the audited data", data),
    "E04": ("who is in the data", composition),
    "E05": ("how labels of groups were obtained", labels),
    "E06": ("performance by group", performance),
    "E07": ("differences of performance", differences),
    "E08": ("performance over sites and strata", heterogeneity),
    "E09": ("how attributions are made", attributed),
    "E10": ("whether explanations can be trusted", quality),
    "E11": ("importance of features", importance),
    "E12": ("differences of use and attribution", use),
    "E13": ("agreement of rankings", ranks),
    "E14": ("features that tell the group", association),
    "E15": ("reliance on what tells the group", reliance),
    "E16": ("whether the group can be read from the output", leakage),
    "E17": ("interventions", interventions),
    "E18": ("regions of images", images),
    "E19": ("what is hidden of small groups", hidden),
    "E20": ("known limits", limits),
    "E21": ("plan, policy and gate", policy),
    "E22": ("software, seeds and device", software),
    "E23": ("date and responsible person", signature),
    "E24": ("comparison with an earlier version", previous),
    "E25": ("risks and mitigation", risks),
    "E26": ("whether answers and outputs hold", robustness),
    "E27": ("performance where groups are crossed", crossed),
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """`pointers` (RFC 6901) into audit.json, and one sentence on what is there or is missing."""

    id: str
    title: str
    pointers: tuple[str, ...]
    sentence: str

    @property
    def there(self) -> bool:
        """Whether the record holds it."""
        return bool(self.pointers)


def evidence(audit: Audit) -> dict[str, Evidence]:
    """Every piece of evidence of an audit, by id, there or not."""
    made = {}
    for key, (title, find) in EVIDENCE.items():
        pointers, sentence = find(audit)
        made[key] = Evidence(key, title, tuple(pointers), sentence)
    return made
