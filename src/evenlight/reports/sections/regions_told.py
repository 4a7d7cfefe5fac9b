"""Regions that tell a group and carry output, and those that tell a view inside people (T9)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from htpy import Element, Node, p

from evenlight.data.digits import confidence, estimate, probability
from evenlight.data.shown import short
from evenlight.language import plural, spoken
from evenlight.measures.regions_telling import CARRIES, READINGS, TELLS, RegionsTelling
from evenlight.measures.regions_within import WITHIN
from evenlight.record import Audit
from evenlight.reports.parts import evidence, grid, name, rows_of, say
from evenlight.reports.pointing import Told, at, each
from evenlight.reports.sections.keyed import keyed
from evenlight.reports.words import STEPPED

TOLD = (
    "What each region's positions tell of {grouping} among {among} (twice the AUC less one, of "
    "people who were not learned from; q over regions), beside {carried}, with "
    "simultaneous {level} limits. A region that tells and carries is a candidate for a shortcut "
    "and no more.{more}"
)
CARRIED = "the part of the output's variance that lies between the groups through it"
CARRIED_WITHIN = (
    "the part through it of the square of the output's difference, as far as people share it"
)
BOTH = " People with images of both kinds take part; what is a person's own is gone."
NONE = (
    "No region was shown both to tell {grouping} and to carry a part of the output's dependence on "
    "it{among}."
)
UNASKED = "Which regions are a shortcut to {grouping}{among} cannot be asked here: {reason}."
ONE = (
    "Candidates for a shortcut{among}: {regions}. It tells {grouping}, and the output depends on "
    "{grouping} through it; {decides}."
)
SEVERAL = (
    "Candidates for a shortcut{among}: {regions}. They tell {grouping}, and the output depends on "
    "{grouping} through them; {decides}."
)
GATE = "the gate of reliance decides"
NO_GATE = (
    "no gate is asked of what changes from image to image of a person: put the same content into "
    "everyone there, and see whether the output moves"
)


SAID = ("grouping", "given", "sets", "share_reason", "tells_reason")
"""The fields that the sentence tells of."""


def telling(audit: Audit, grouping: str) -> Iterator[Node]:
    """The tables of one grouping of people, then of images of a person."""
    for key, record in keyed("t9s", audit.further.region_telling):
        if record.grouping == grouping:
            yield telling_table(key, record, spoken("T9, shortcuts"))
    for key, record in keyed("t9w", audit.further.region_within):
        if record.grouping == grouping:
            yield telling_table(key, record, spoken("T9, within people"))


def candidates(audit: Audit, grouping: str) -> Iterator[Node]:
    """The list of shortcut regions, in a sentence."""
    for record in (*audit.further.region_telling, *audit.further.region_within):
        if record.grouping == grouping:
            yield p(class_="reading", data_ref=at(record, *SAID) or None)[say(_candidates(record))]


def _candidates(record: RegionsTelling) -> str:
    i = _strictest(record)
    found = record.candidates(record.given[i])
    if not found:
        return _none(record, i)
    return plural(
        len(found),
        ONE,
        SEVERAL,
        grouping=record.grouping,
        among=_among(record.given[i]),
        regions=", ".join(found),
        decides=spoken(NO_GATE if record.given[i].startswith(WITHIN) else GATE),
    )


def _strictest(record: RegionsTelling) -> int:
    """The strictest condition that could be asked; the first where none could."""
    asked = (record.reading != READINGS[-1]).any(axis=1)
    return int(np.flatnonzero(asked)[-1]) if asked.any() else 0


def _none(record: RegionsTelling, i: int) -> str:
    """Why no region is named: none was shown, or none could be asked."""
    whom = {"grouping": record.grouping, "among": _among(record.given[i])}
    if not (record.reading[i] == READINGS[-1]).all():
        return spoken(NONE, **whom)
    why = str(record.share_reason[i, 0] or record.tells_reason[i, 0])
    return spoken(UNASKED, **whom, reason=why.rstrip("."))


def telling_table(key: str, record: RegionsTelling, label: str) -> Element:
    """What each region tells and carries in the strictest condition, candidates first."""
    i = _strictest(record)
    order = sorted(
        range(len(record.sets)),
        key=lambda j: (READINGS.index(str(record.reading[i, j])), -abs(_known(record.share[i, j]))),
    )
    shown = " ".join((*TELLS, *CARRIES[:3], "tells_reason", "share_reason"))
    rows = rows_of(
        [_told(record, i, j) for j in order], "",
        [f"sets/{j} {each(shown, i, j)}" for j in order],
    )  # fmt: skip
    heads = (
        *(spoken("Region"), spoken("Tells"), "q", spoken("Carries, %")),
        spoken("Reading"),
    )
    inside = record.given[i].startswith(WITHIN)
    named = spoken(
        TOLD,
        grouping=short(record.grouping),
        among=_people(record.given[i]),
        level=confidence(record.alpha),
        carried=spoken(CARRIED_WITHIN if inside else CARRIED),
        more=(spoken(BOTH) if inside else "") + (spoken(STEPPED) if record.rounded else ""),
    )
    told = Told(named, record, "grouping given alpha", "percent")
    return grid(key, label, told, heads, rows)


def _told(record: RegionsTelling, i: int, j: int) -> list[Node]:
    tells = (float(a[i, j]) for a in (record.tells, record.tells_low, record.tells_high))
    carries = (100 * float(a[i, j]) for a in (record.share, record.share_low, record.share_high))
    why, idle = str(record.tells_reason[i, j]), str(record.share_reason[i, j])
    return [
        name(record.sets[j]),
        evidence(estimate(*tells, reason=why)),
        probability(float(record.tells_q[i, j]), why),
        evidence(estimate(*carries, reason=idle, sign=True)),
        spoken(READINGS[READINGS.index(str(record.reading[i, j]))]),
    ]


def _known(value: float) -> float:
    return float(np.nan_to_num(value))


def _people(given: str) -> str:
    """Among whom, by what was given.

    >>> _people("nothing"), _people("outcome")
    ('people of all kinds', 'people with the same outcome')
    >>> _people("unit and outcome")
    'images of one person with the same outcome'
    """
    if given == "nothing":
        return spoken("people of all kinds")
    if not given.startswith(WITHIN):
        return spoken("people with the same {given}", given=given)
    held = given.removeprefix(WITHIN).removeprefix(", ").removeprefix(" and ")
    if not held:
        return spoken("images of one person")
    return spoken("images of one person with the same {given}", given=held)


def _among(given: str) -> str:
    """Among whom, after what it is said of."""
    return "" if given == "nothing" else spoken(" among {people}", people=_people(given))
