"""C3: the answers under other margins, other choices and other groupings. Tables T22 to T24."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import isfinite

import numpy as np
from htpy import Element, Node, p

from evenlight.arrays import Text
from evenlight.data.digits import count, estimate, number, plain
from evenlight.findings import Part
from evenlight.language import spoken
from evenlight.measures.specification import Specification
from evenlight.measures.words import SPOKEN, VERDICTS
from evenlight.record import Audit
from evenlight.reports.asked import question
from evenlight.reports.parts import (
    Some,
    block,
    evidence,
    grid,
    groups,
    name,
    rows_of,
    say,
    size,
    verdict,
)
from evenlight.reports.pointing import Told, at, each
from evenlight.reports.sections.judged import deciding, size_words
from evenlight.reports.told import many_pairs
from evenlight.reports.words import EVERYBODY

LEAD = (
    "What would have been answered otherwise. Nothing here changes an answer above; every single "
    "choice stands in section B9."
)
MARGINS = (
    "Other margins, of the contrast that decides. The interval does not depend on the margin, so "
    "that its far limit tells the rest: with a margin of that size or more it would be similar, "
    "given enough people; with a smaller one it is different where the interval leaves out zero, "
    "else it cannot be told."
)
CHOICES = (
    "Other choices by kind: backgrounds, baselines, explainers, draws and whatever the plan names. "
    "Effects of the contrast that decides, smallest to largest. Every setting: table T14."
)
NAMED = 3
"""Settings of one kind that are named."""
GROUPINGS = (
    "Other groupings: how many judged comparisons by each grouping of the plan have each word, "
    "those of primary questions among them. By site: where site is a grouping."
)
UNASKED = "No other choice was tried ([holds] in the plan)."
SAME = {"all": "under each", "some": "under some", "none": "under none", "": "not asked"}


def section(audit: Audit) -> Element | None:
    """Margins, choices, groupings; absent where no question was asked, or pages are full."""
    if not audit.answers or many_pairs(audit):
        return None
    choices = list(_choices(audit))
    return block(
        "c3",
        p(class_="quiet")[spoken(LEAD)],
        _margins(audit),
        choices or p(class_="quiet")[spoken(UNASKED)],
        _groupings(audit),
    )


def _margins(audit: Audit) -> Element:
    """One row a question: the contrast that decides it, and the limit that lies furthest out."""
    rows: list[list[Node]] = []
    refs = []
    for answer in audit.answers:
        part = deciding(answer.parts, answer.verdict)
        if part is None:
            continue
        told = estimate(part.effect, part.low, part.high, reason=say(part.reason), sign=True)
        rows.append([
            question(audit, answer), name(part.contrast or spoken(EVERYBODY)),
            size(size_words(part)), verdict(part.verdict),
            evidence(told), plain(part.margin, spoken("none")), _far(part),
        ])  # fmt: skip
        refs.append(f"{at(answer, 'question')} {at(part)}")
    heads = (
        *(spoken("Question"), spoken("Contrast"), "n", spoken("Verdict")),
        *(spoken("Effect [interval]"), spoken("Margin"), spoken("Far limit")),
    )
    return grid("t22", "T22", spoken(MARGINS), heads, rows_of(rows, "", refs))


def _far(part: Part) -> str:
    """The limit of largest size, with its sign."""
    ends = [e for e in (part.low, part.high) if e is not None and isfinite(e)]
    if len(ends) < 2:
        return spoken("not asked")
    far = max(ends, key=abs)
    return estimate(far, *ends, sign=True).split(" ")[0]


def _choices(audit: Audit) -> Iterator[Element]:
    """One table a specification, a row a question and kind of choice."""
    heads = (
        *(spoken("Question"), spoken("Chosen otherwise"), spoken("Settings")),
        *(spoken("Same answer"), spoken("Effects")),
    )
    for i, made in enumerate(audit.further.holds, start=1):
        asked = [(say(made.questions[k]), _kinds(made, k)) for k in range(len(made.ids))]
        told = [(question, rows) for question, rows in asked if rows.rows]
        if told:
            key = "t23" if i == 1 else f"t23-{i}"
            yield groups(key, "T23", Told(spoken(CHOICES), None, "", "unnamed"), heads, told)


def _kinds(made: Specification, k: int) -> Some:
    """The rows of one question, one a kind of choice that enters it."""
    found = {
        kind: np.flatnonzero((np.array(made.names) == kind) & made.touched[:, k]).tolist()
        for kind in made.kinds
    }
    rows = [_kind(made, k, kind, own) for kind, own in found.items() if own]
    refs = [" ".join([f"questions/{k}", *_places(own, k)]) for own in found.values() if own]
    return rows_of(rows, at(made), refs)


def _places(own: list[int], k: int) -> Iterator[str]:
    for f in own:
        yield f"names/{f} settings/{f} {each('fork_effect reason', f, k)}"


def _kind(made: Specification, k: int, kind: str, own: list[int]) -> list[Node]:
    asked = [f for f in own if made.counted[f, k]]
    same = [bool(made.holds[f, k]) for f in asked]
    word = ("all" if all(same) else "some" if any(same) else "none") if same else ""
    effects = [float(made.fork_effect[f, k]) for f in own if np.isfinite(made.fork_effect[f, k])]
    limits = float(made.low[k]), float(made.high[k])
    ends = [_brief(v, *limits) for v in (min(effects), max(effects))] if effects else []
    return [
        name(kind),
        _settings([made.settings[f] for f in own]),
        spoken(SAME[word]),
        evidence(_ends(ends)),
    ]


def _ends(ends: list[str]) -> str:
    """The smallest and the largest effect; one where both read alike."""
    if not ends:
        return spoken("none")
    low, high = ends
    return low if low == high else spoken("{low} to {high}", low=low, high=high)


def _brief(value: float, low: float, high: float) -> str:
    """The number to the digits that the interval of the answer bears."""
    told = isfinite(high - low)
    return estimate(value, low, high).split(" ")[0] if told else number(value, digits=2)


def _settings(settings: list[str]) -> list[Node]:
    """The first settings by name, and how many there are besides."""
    first = [name(setting) for setting in settings[:NAMED]]
    told: list[Node] = [part for one in first for part in (", ", one)][1:]
    rest = len(settings) - NAMED
    return [*told, spoken(" and {more} more", more=count(rest))] if rest > 0 else told


def _groupings(audit: Audit) -> Element:
    """How many comparisons of performance and of features have each word, by grouping."""
    records: list[tuple[object, str, str, Text]] = [
        (one, one.grouping, spoken("performance"), one.verdict) for one in audit.performances
    ]
    records += [
        (one, one.grouping, spoken("use of features"), one.verdict) for one in audit.comparisons
    ]
    records.sort(key=lambda told: told[1])
    rows: list[list[Node]] = []
    for _, grouping, what, words in records:
        found = Counter(str(word) for word in words.ravel())
        rows.append([name(grouping), what, *(count(found[word]) for word in VERDICTS)])
    heads = (spoken("By"), spoken("What"), *(spoken(SPOKEN[word]) for word in VERDICTS))
    some = rows_of(rows, "", [at(record, "grouping", "verdict") for record, *_ in records])
    return grid("t24", "T24", Told(spoken(GROUPINGS), None, "", "verdicts"), heads, some)
