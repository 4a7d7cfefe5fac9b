"""What two audits must have alike, and what cannot be compared where they have not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from evenlight.differing.record import Apart
from evenlight.errors import InputError
from evenlight.policy import Policy
from evenlight.record import Audit
from evenlight.results import Result

EXPLAINED = "explanations"
"""What is spoiled by another method or background: numbers made of attributions."""

OF_OUTPUTS = (
    "performance", "slice", "coverage", "width", "fragility",
)  # fmt: skip
"""Kinds of results that are of outputs alone."""


def comparable(before: Audit, after: Audit, *, other_background: bool) -> tuple[Apart, ...]:
    """What the audits do not have alike; InputError where nothing of them can be compared."""
    _one_question(before, after)
    found = [*_groups(before, after), *_margins(before, after), *_threshold(before, after)]
    found += _explained(before, after, other_background)
    one, other = (str(a.plan.get("explain", {}).get("seed")) for a in (before, after))
    if one != other:
        found.append(Apart("seed", one, other, spoils=""))
    return tuple(found)


def spoiled(result: Result, apart: tuple[Apart, ...]) -> str:
    """Why a result cannot be compared, "" where it can."""
    own = {f"grouping {result.grouping}", f"margin {margin_key(result)}"}
    if result.kind == "performance":
        own.add(f"metric {result.subject}")
    if not _of_outputs(result):
        own.add(EXPLAINED)
    first = next((one for one in apart if one.spoils in own), None)
    return f"{first.what}: {first.before} before, {first.after} after" if first else ""


def margin_key(result: Result) -> str:
    """The key of the policy's margin that a result is held to."""
    if result.kind in ("performance", "slice"):
        return "mae_share" if result.subject == "mae" else result.subject
    return "reliance" if result.kind in ("reliance", "shortcut") else "attribution"


def _of_outputs(result: Result) -> bool:
    alike = result.view.startswith("use|") or result.subject == "eta_squared"
    return result.kind in OF_OUTPUTS or alike


def _one_question(before: Audit, after: Audit) -> None:
    alike = {
        "target": (before.model.target, after.model.target),
        "unit of the output": (before.model.unit, after.model.unit),
        "link": (before.model.link, after.model.link),
        "scale": (before.model.scale, after.model.scale),
        "outcome": (before.cohort.outcome, after.cohort.outcome),
        "kind of outcome": (before.cohort.outcome_kind, after.cohort.outcome_kind),
    }
    for what, (one, other) in alike.items():
        if one != other:
            raise InputError(
                f"the audits cannot be compared: the {what} is {one!r} before and {other!r} after; "
                "compare audits of one question"
            )


def _groups(before: Audit, after: Audit) -> Iterator[Apart]:
    """Groupings whose definition or levels differ."""
    levels = [{c.grouping: c for c in one.compositions} for one in (before, after)]
    for name in sorted(set(levels[0]) & set(levels[1])):
        told = [json.dumps(one.plan.get("groups", {}).get(name)) for one in (before, after)]
        parts = [", ".join(own[name].parts) for own in levels]
        sources = [own[name].source for own in levels]
        for what, (one, other) in {
            "definition": told, "levels": parts, "source of labels": sources,
        }.items():  # fmt: skip
            if one != other:
                yield Apart(f"{what} of {name}", one, other, f"grouping {name}")
                break


def _margins(before: Audit, after: Audit) -> Iterator[Apart]:
    one, other = (Policy.model_validate(a.plan.get("policy", {})).margins for a in (before, after))
    for key in type(one).model_fields:
        pair = getattr(one, key), getattr(other, key)
        if pair[0] != pair[1]:
            yield Apart(f"margin {key}", f"{pair[0]:g}", f"{pair[1]:g}", f"margin {key}")


def _threshold(before: Audit, after: Audit) -> Iterator[Apart]:
    one, other = (a.plan.get("policy", {}).get("threshold") for a in (before, after))
    for metric in ("sensitivity", "specificity") if one != other else ():
        yield Apart("threshold", str(one), str(other), f"metric {metric}")


def _explained(before: Audit, after: Audit, other_background: bool) -> Iterator[Apart]:
    one, other = (_settings(a) for a in (before, after))
    if one != other:
        yield Apart("explanation", one, other, EXPLAINED)
    grounds = [_background(a) for a in (before, after)]
    if grounds[0] != grounds[1]:
        spoils = "" if other_background else EXPLAINED
        yield Apart("background", grounds[0][:12], grounds[1][:12], spoils)


def _settings(audit: Audit) -> str:
    asked = {k: v for k, v in audit.plan.get("explain", {}).items() if k not in ("seed", "repeats")}
    return json.dumps({**asked, "method": audit.model.method}, sort_keys=True)


def _background(audit: Audit) -> str:
    own: Mapping[str, Any] | None = audit.provenance.get("background")
    return str(own["digest"]) if own else "none"
