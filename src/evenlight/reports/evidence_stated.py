"""Evidence that was stated: cards, people, policy, provenance, the author's words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evenlight.data.digits import count
from evenlight.data.shown import short
from evenlight.language import spoken
from evenlight.record import Audit
from evenlight.reports.words import PLAN_GIVEN, PLAN_HERE

DIGITS = 12
"""Hexadecimal digits of a digest that are shown."""

WRITES = "As the author writes: {text}"
LACKS = "about.toml lacks: {keys}."
UNLABELLED = "Nobody said how labels of groups were obtained (source = in the plan's groups)."
UNWARNED = "No warning was recorded, which does not show that there is no limit."
PROFILE = "Small groups are hidden by the profile {profile}."
SIGNED = "Dated {date}; {person} answers for it. It is signed outside of the record."


def model(audit: Audit) -> tuple[list[str], str]:
    """E01: name, kind and digest."""
    card = audit.model
    told = spoken(
        "{name} ({kind}), output {target}, digest {digest}.",
        name=short(card.name),
        kind=card.kind,
        target=short(card.target),
        digest=card.digest[:DIGITS],
    )
    return ["/model"], told


def purpose(audit: Audit) -> tuple[list[str], str]:
    """E02: the author's words."""
    return _authored(audit, ("intended_use", "users", "population", "out_of_scope"))


def data(audit: Audit) -> tuple[list[str], str]:
    """E03: digest, size and source of the audited data; dates and split are the author's."""
    card = audit.cohort
    told = spoken(
        "{name}: {rows} rows of {units} units, {features} features, digest {digest}.",
        name=short(card.name),
        rows=count(card.rows),
        units=count(card.units),
        features=count(card.features),
        digest=card.digest[:DIGITS],
    )
    if card.source:
        told += " " + spoken("Source: {source}", source=card.source)
    return ["/cohort"], told


def composition(audit: Audit) -> tuple[list[str], str]:
    """E04: units by group, unknown and hidden ones named."""
    shown = [i for i, c in enumerate(audit.compositions) if np.isfinite(c.count).any()]
    if not shown:
        return [], spoken("No group was counted that may be shown.")
    by = listed([audit.compositions[i].grouping for i in shown])
    beside = [f"/further/demographics/{i}" for i in range(len(audit.further.demographics))]
    told = spoken("Units are counted by {by}; unknown labels and hidden cells are named.", by=by)
    return [*(f"/compositions/{i}" for i in shown), *beside], told


def labels(audit: Audit) -> tuple[list[str], str]:
    """E05: where the labels come from, as the plan or the cohort says."""
    said = [(i, c) for i, c in enumerate(audit.compositions) if c.source]
    if not said:
        return [], spoken(UNLABELLED)
    told = "; ".join(f"{short(c.grouping)}: {short(c.source)}" for _, c in said)
    tipped = [f"/further/tippings/{i}" for i in range(len(audit.further.tippings))]
    where = [*(f"/compositions/{i}/source" for i, _ in said), *tipped]
    return where, spoken("Source of labels: {sources}.", sources=told)


def hidden(audit: Audit) -> tuple[list[str], str]:
    """E19: what is hidden, and why, cell by cell."""
    if not audit.compositions:
        return [], spoken("No group was counted, so nothing says what is hidden.")
    parts = ("reason", "cells_reason")
    where = [f"/compositions/{i}/{part}" for i in range(len(audit.compositions)) for part in parts]
    reasons = [getattr(made, part) for made in audit.compositions for part in parts]
    told = spoken("No count of people is hidden.")
    if any((reason != "").any() for reason in reasons):
        told = spoken("Some groups, or parts of them, are too small to be shown.")
    profile = audit.plan.get("policy", {}).get("profile")
    if profile:
        where.insert(0, "/plan/policy/profile")
        told = f"{spoken(PROFILE, profile=short(profile))} {told}"
    return where, told


def limits(audit: Audit) -> tuple[list[str], str]:
    """E20: warnings, notes, and what could not be asked."""
    unasked = [
        i for i, a in enumerate(audit.answers) if a.verdict in ("not_estimable", "cannot_tell")
    ]
    where = [f"/warnings/{i}" for i in range(len(audit.warnings))]
    where += [f"/cohort/notes/{i}" for i in range(len(audit.cohort.notes))]
    where += [f"/answers/{i}" for i in unasked]
    if not where:
        return [], spoken(UNWARNED)
    first = next(iter((*audit.warnings, *audit.cohort.notes)), "")
    if not first:
        return where, short(audit.answers[unasked[0]].sentence, 400)
    return where, spoken("First of the warnings and notes: {note}", note=short(first, 300))


def policy(audit: Audit) -> tuple[list[str], str]:
    """E21: margins and questions, when they were fixed, and what the gate says."""
    fixed = spoken(PLAN_GIVEN if audit.plan_fixed else PLAN_HERE)
    told = spoken(
        "Gate: {gate}. {reason} {plan}, digest {digest}.",
        gate=audit.verdict.word,
        reason=short(audit.verdict.reason, 300),
        plan=fixed.capitalize(),
        digest=audit.plan_digest[:DIGITS],
    )
    where = ["/plan", "/plan_digest", "/plan_fixed", "/verdict"]
    return where, told


def software(audit: Audit) -> tuple[list[str], str]:
    """E22: versions, seed and device, as recorded."""
    made = audit.provenance
    versions = ", ".join(f"{k} {v}" for k, v in sorted(made.get("versions", {}).items()))
    if not versions:
        return [], spoken("Versions were not recorded.")
    keys = [key for key in ("versions", "seed", "device", "python", "grade") if key in made]
    rest = ", ".join(f"{k} {made[k]}" for k in keys if k != "versions")
    return [f"/provenance/{key}" for key in keys], short(f"{versions}; {rest}.", 600)


def signature(audit: Audit) -> tuple[list[str], str]:
    """E23: the date of the record and who answers for it; the signature is made outside of it."""
    date, person = audit.provenance.get("date"), audit.about.get("responsible")
    if not date:
        return [], spoken("The record has no date.")
    if not person:
        return [], spoken(LACKS, keys="responsible")
    told = spoken(SIGNED, date=date, person=short(flat(person)))
    return ["/provenance/date", "/about/responsible"], told


def previous(audit: Audit) -> tuple[list[str], str]:
    """E24: what the author says of the version before; diffs of records have their own files."""
    return _authored(audit, ("previous_version",))


def risks(audit: Audit) -> tuple[list[str], str]:
    """E25: the author's words."""
    return _authored(audit, ("risks_known", "mitigation"))


def _authored(audit: Audit, keys: Sequence[str]) -> tuple[list[str], str]:
    """The author's texts under these keys, all of them or none."""
    lacks = [key for key in keys if key not in audit.about]
    if lacks:
        return [], spoken(LACKS, keys=", ".join(lacks))
    told = " ".join(short(flat(audit.about[key]), 200) for key in keys)
    return [f"/about/{key}" for key in keys], spoken(WRITES, text=told)


def flat(text: str) -> str:
    """A text of several lines as one line."""
    return " ".join(text.split())


def listed(names: Sequence[str]) -> str:
    """Names in a sentence, each short and once.

    >>> listed(["race", "sex", "race"])
    'race and sex'
    """
    once = [short(name) for name in dict.fromkeys(names)]
    if len(once) < 2:
        return "".join(once)
    return spoken("{names} and {last}", names=", ".join(once[:-1]), last=once[-1])
