"""What is said of a change between two audits. A change that is not shown is never called none."""

from __future__ import annotations

from math import isnan

from evenlight.data.digits import confidence, decimals, fixed
from evenlight.data.shown import metric_name, short
from evenlight.differing.record import Change, Status, Told
from evenlight.language import spoken
from evenlight.measures.words import SPOKEN

SPOKEN_STATUS: dict[Status, str] = {
    "worse": "worse",
    "new": "newly different",
    "better": "better",
    "resolved": "no longer different",
    "no_longer_shown": "no longer shown",
    "newly_untold": "newly untold",
    "moved": "turned round",
    "not_comparable": "not comparable",
    "asked_no_more": "asked no more",
    "asked_anew": "asked anew",
    "unchanged": "unchanged within the margin",
    "no_change_shown": "no change shown",
}
"""What people read for each status."""

CLOSINGS: dict[Status, str] = {
    "worse": "The difference is shown to have grown.",
    "better": "The difference is shown to have shrunk.",
    "new": "It differs now and did not before; that it grew is not itself shown.",
    "resolved": "It differed before and is similar now, by an interval no wider.",
    "no_longer_shown": "It differed before and is no longer shown; that is not the same as mended.",
    "newly_untold": "It was told before and cannot be told now.",
    "moved": "It differs in both, on the other side.",
    "unchanged": "Any change lies inside the margin.",
    "no_change_shown": "No change is shown, nor that there is none.",
}


def named(change: Change) -> str:
    """What a change is about: subject, grouping, contrast, view; a question has no grouping."""
    subject = metric_name(change.subject) if change.kind == "performance" else short(change.subject)
    kind, subject = change.kind.capitalize(), subject or spoken("all")
    told = spoken("{kind}: {subject}", kind=kind, subject=subject)
    if change.grouping:
        told = spoken(
            "{kind}: {subject} by {grouping}",
            kind=kind,
            subject=subject,
            grouping=short(change.grouping),
        )
    pair = f", {short(change.contrast)}" if change.contrast else ""
    return f"{told}{pair}" + (f" ({change.view.replace('|', ', ')})" if change.view else "")


def sentence(change: Change) -> str:
    """A change in a sentence: before, after, how far the size moved, and what that is."""
    if change.status in ("not_comparable", "asked_no_more", "asked_anew"):
        return f"{named(change)}: {SPOKEN_STATUS[change.status]}. Why: {change.reason}."
    told = f"{named(change)}: before {numbers(change.before)}, after {numbers(change.after)}."
    return f"{told}{_size(change)} {CLOSINGS[change.status]}"


def numbers(told: Told | None) -> str:
    """A verdict with its effect and limits."""
    if told is None:
        return "not asked"
    if told.effect is None or told.low is None or told.high is None:
        return SPOKEN[told.verdict]
    return f"{SPOKEN[told.verdict]}, {ranged(told.effect, told.low, told.high)}"


def ranged(effect: float, low: float, high: float) -> str:
    """A number with its limits.

    >>> ranged(0.31, 0.22, 0.4)
    '0.31 (0.22 to 0.40)'
    """
    places = decimals(high - low)
    return f"{fixed(effect, places)} ({fixed(low, places)} to {fixed(high, places)})"


def _size(change: Change) -> str:
    if change.size is None or change.low is None or change.high is None or isnan(change.size):
        return ""
    places = decimals(change.high - change.low)
    ends = f"{fixed(change.low, places)} to {fixed(change.high, places)}"
    level = confidence(change.alpha)
    size = fixed(change.size, places, sign=True)
    return f" Its size moved by {size} ({level} interval {ends})."
