"""How the parts of an answer are put: which one decides, and its evidence in words."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from evenlight.data.digits import MINUS, count, estimate, number
from evenlight.data.shown import short, subject_name
from evenlight.findings import Answer, Part
from evenlight.language import spoken
from evenlight.measures.words import gravest
from evenlight.reports.parts import say
from evenlight.reports.words import EVERYBODY, MEASURES


def measure_words(measure: str) -> tuple[str, str]:
    """The question of a measure in short, and the section that holds its evidence."""
    if measure not in MEASURES:
        return short(measure), "a5"
    return spoken(MEASURES[measure][0]), MEASURES[measure][1]


def deciding(parts: Sequence[Part], verdict: str) -> Part | None:
    """The part with this verdict that lies furthest out, in margins; None without any."""
    same = [p for p in parts if p.verdict == verdict] or list(parts)
    return max(same, key=_reach, default=None)


def by_contrast(answer: Answer) -> list[Part]:
    """One part for each contrast, the gravest, in the order of the answer."""
    found: dict[str, list[Part]] = {}
    for part in answer.parts:
        found.setdefault(part.contrast, []).append(part)
    chosen = [deciding(parts, gravest(p.verdict for p in parts)) for parts in found.values()]
    return [part for part in chosen if part is not None]


def effect_words(part: Part) -> str:
    """Effect, interval and unit; where no interval is known, of what; or why there is none."""
    if part.effect is None or not isfinite(part.effect):
        return say(part.reason) or spoken("no estimate was recorded")
    if part.low is None and part.reason:  # as of maps: the mean over a cluster, and which
        sign = MINUS if part.effect < 0 else "+"
        size = f"{sign}{number(abs(part.effect), digits=2)} {short(part.unit, 30)}"
        return spoken("{size} in {where}", size=size, where=say(part.reason))
    text = estimate(part.effect, part.low, part.high, sign=not part.unit.startswith("share"))
    return f"{text} {short(part.unit, 30)}".rstrip()


def subject_words(answer: Answer, part: Part) -> str:
    """The metric or feature of a part."""
    return subject_name(part.subject, answer.measure)


def contrast_words(part: Part) -> str:
    """The two groups, or that all are meant."""
    return part.contrast or spoken(EVERYBODY)


def people_words(part: Part) -> str:
    """The number of people in words."""
    return f"n = {size_words(part)}"


def size_words(part: Part) -> str:
    """The number of people, or where to read why there is none."""
    return count(part.n, spoken("see reason" if part.reason else "not recorded"))


def _reach(part: Part) -> float:
    known = part.effect is not None and isfinite(part.effect)
    return abs(part.effect or 0.0) / (part.margin or 1.0) if known else -1.0
