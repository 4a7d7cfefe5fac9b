"""What only the author of a model can say: about.toml beside the plan, with closed keys.

    intended_use = "Supports the first weekly dose of warfarin in adults."
    study = "evaluation"

    [risks]
    "finding-id" = "RISK-012"

    [not_applicable.hti-1]
    "(9)(ii)" = "The intervention is not corrected between releases."

Every text stands in the record as it was written, and nothing here checks that it is true.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evenlight.data.nearest import hint
from evenlight.data.plain_files import read_toml
from evenlight.errors import PlanError

FILE = "about.toml"

LONGEST = 4000
"""Characters of one text, at most."""

CHOICES: Mapping[str, tuple[str, ...]] = {
    "study": ("development", "evaluation", "both"),
    "audited_source": ("training source", "other source"),
}
"""Keys with a closed list of words, on which it depends what a framework asks."""

PROMPTS: Mapping[str, str] = {
    "study": "Whether the study is a development, an evaluation or both",
    "audited_source": "Whether the audited data are of the training source or of an other source",
    "developer": "Who developed the model, and how they are reached",
    "funding": "Who paid, with what role",
    "interests": "Conflicts of interest",
    "responsible": "The person who answers for the audit and signs it",
    "version": "Which version of the model this is, and when it was released",
    "previous_version": "Which version came before, and what has changed since",
    "intended_use": "What the model is for",
    "users": "Who uses it, with what knowledge",
    "population": "For which patients it is meant",
    "setting": "Where in care, and in which places, it is used",
    "role": "Whether it informs, augments or replaces a decision",
    "out_of_scope": "Where and in whom it must not be used",
    "background": "The health care context, and which models exist already",
    "objectives": "What was to be found out, fixed before the results",
    "inequalities": "Known inequalities of health between groups of these people",
    "training_data": "The training data: source, dates, places, how they were chosen",
    "training_criteria": "Who was taken into the training data and who was left out",
    "training_procedure": "How the model was built and trained, with tuning",
    "training_representation": "Who is in the training data, by group",
    "audited_data": "The audited data: source, dates, places, licence",
    "eligibility": "Who was eligible for the audited data",
    "treatments": "Treatments received, and how they were dealt with",
    "independence": "How the audited people are kept apart from those of training",
    "outcome_assessment": "How, when and by whom the outcome was assessed, alike in all groups",
    "predictors": "How and when the inputs were measured, and how they were chosen",
    "group_labels": "How labels of groups were obtained, and how often they are wrong",
    "preprocessing": "Preparation and quality checks of the data, alike in all groups",
    "missing_data": "How missing values were dealt with",
    "acquisition": "How images or samples were acquired: devices and protocols",
    "annotation": "Who made the reference standard, and how far they agree",
    "sample_size": "Why so many people, and whether they suffice",
    "metrics_rationale": "Why these metrics, thresholds and margins",
    "fairness_approach": "What was done so that the model serves all groups, and why",
    "mitigation": "What was done against differences that were found",
    "interpretation": "What the results mean for the objectives",
    "limitations": "Limits that the audit cannot see, and what they may do",
    "risks_known": "Foreseeable unintended outcomes and risks",
    "risk_management": "Where the risk management file is, and how it is kept",
    "clinical_evaluation": "What is known of effects on outcomes and care",
    "external_validation": "Who tested it on other data, where and how",
    "oversight": "How people oversee it, and what helps them to read its output",
    "input_handling": "What becomes of poor or missing inputs in use",
    "human_team": "How people and model perform together",
    "monitoring": "How validity and differences between groups are watched in use",
    "updates": "How and how often it is updated and corrected",
    "planned_changes": "Changes that were decided on in advance",
    "cybersecurity": "Measures against attacks",
    "system": "Software and hardware around it, forms of delivery, user interface",
    "standards": "Standards that were applied",
    "conformity": "Declarations and assessments of conformity",
    "lawful_basis": "Why special categories of data may be processed, with safeguards",
    "ethics": "Approval and consent, or their waiver",
    "involvement": "How patients and the public were involved",
    "protocol": "Where the protocol is and where it was registered, or that there is none",
    "data_availability": "Who can have the data, and how",
    "code_availability": "Who can have model and code, and how",
    "next_steps": "What remains to be done before it is used elsewhere",
}  # fmt: skip
"""What is asked of the author, by key."""

TABLES = ("risks", "not_applicable")
KEYS = (*PROMPTS, *TABLES)


def read_about(path: str | Path) -> dict[str, Any]:
    """The author's words from a TOML file; none where the file is not there.

    Raises PlanError for a file that is no TOML or too large, and as `checked_about`.
    """
    place = Path(path)
    if not place.is_file():
        return {}
    return checked_about(read_toml(place, error=PlanError))


def checked_about(data: Mapping[str, Any]) -> dict[str, Any]:
    """The author's words, if every key is known and every text can be shown.

    Raises PlanError with the key and the nearest known name.

    >>> checked_about({"intended_use": " Dosing. "})
    {'intended_use': 'Dosing.'}
    """
    for key in data:
        if key not in KEYS:
            raise PlanError(f"{FILE}: unknown key {key!r}{hint(key, KEYS)}")
    made: dict[str, Any] = {k: _text(k, v) for k, v in data.items() if k not in TABLES}
    for key, words in CHOICES.items():
        if key in made and made[key] not in words:
            raise PlanError(f"{FILE}: {key} is one of {', '.join(words)}, not {made[key]!r}")
    if "risks" in data:
        made["risks"] = _texts("risks", data["risks"])
    if "not_applicable" in data:
        tables = _table("not_applicable", data["not_applicable"])
        made["not_applicable"] = {k: _texts(f"not_applicable.{k}", v) for k, v in tables.items()}
    return made


def _table(where: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise PlanError(f"{FILE}: {where} is a table of texts by name, not {value!r}")
    return value


def _texts(where: str, value: Any) -> dict[str, str]:
    return {key: _text(f"{where}.{key}", text) for key, text in _table(where, value).items()}


def _text(where: str, value: Any) -> str:
    if not isinstance(value, str):
        raise PlanError(f"{FILE}: {where} is a text in quotes, not {value!r}")
    text = value.strip()
    if not text:
        raise PlanError(f"{FILE}: {where} is empty; write it, or leave the key out")
    if len(text) > LONGEST:
        raise PlanError(f"{FILE}: {where} has {len(text)} characters; at most {LONGEST}")
    return text
