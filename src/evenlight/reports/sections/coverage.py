"""B9, how sure: whether sets hold the outcome of each group as often as they promise. T17."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from htpy import Element, Node, p, span

from evenlight.data.digits import confidence, count, estimate, interval, percent
from evenlight.data.shown import short
from evenlight.language import spoken
from evenlight.measures.uncertainty import Uncertainty
from evenlight.record import Audit
from evenlight.reports.icons import icon
from evenlight.reports.parts import evidence, groups, name, part, rows_of, say, size
from evenlight.reports.pointing import Told, at, each
from evenlight.reports.sections.keyed import keyed
from evenlight.reports.words import CAPTIONS

HELD = {
    "below": ("different", "below"),
    "not_below": ("similar", "not below"),
    "cannot_tell": ("cannot_tell", "cannot tell"),
    "not_estimable": ("not_estimable", "cannot be asked here"),
}
"""The look of each word on a promise, and the word as it is read."""

LESS = "One threshold for everyone covers less than it promises: {groups}."
NOT_LESS = "No group is shown to be covered less often than one threshold promises."
PROMISED = "Coverage is promised for people whom the model was not trained on."
SIZED = {
    "set size": "Set size to hold it in the group",
    "width": "Width to hold it in the group",
}


def parts(audit: Audit) -> Iterator[Node]:
    """One part a grouping: a reading, and coverage by group and promise."""
    for key, record in keyed("t17", audit.further.uncertainties):
        yield part(
            spoken("How sure, by {grouping}", grouping=record.grouping),
            p(class_="reading", data_ref=at(record, "value", "level", "parts"))[reading(record)],
            _promises(key, record),
            (
                p(class_="quiet", data_ref=at(record, f"notes/{i}"))[say(note)]
                for i, note in enumerate(record.notes)
            ),
            ref=at(record, "grouping"),
        )


def reading(made: Uncertainty) -> str:
    """In which groups one threshold for everyone fails."""
    held, low = made.held, []
    for h, m in enumerate(held.measure):
        if made.calibrated[m] == "everyone":
            low += [
                spoken(
                    "{covered} of {group} in place of {promised}",
                    covered=percent(float(made.value[made.part(held.groups[g]), m]), places=1),
                    group=short(held.groups[g], 40),
                    promised=percent(float(made.level[m])),
                )
                for g in np.flatnonzero(held.verdict[:, h] == "below")
            ]
    said = spoken(LESS, groups="; ".join(low)) if low else spoken(NOT_LESS)
    return f"{said} {spoken(PROMISED)}"


def _promises(key: str, record: Uncertainty) -> Element:
    held = record.held
    sized = next((n for n in record.measures if n in SIZED), "")
    unit = next((u for n, u in zip(record.measures, record.units, strict=True) if n == sized), "")
    heads = (
        *(spoken("Promise"), spoken("Group"), "n"),
        *(spoken("Held, one threshold for everyone"), spoken("Word")),
        spoken(SIZED.get(sized, "Size to hold it in the group"))
        + (f" ({short(unit, 30)})" if unit else ""),
    )
    people = range(len(held.groups))
    told = [
        (
            percent(float(record.level[m])),
            rows_of(
                [_promise(record, g, h, sized) for g in people],
                "",
                [_promise_at(record, g, h, sized) for g in people],
            ),
        )
        for h, m in enumerate(held.measure)
        if record.calibrated[m] == "everyone"
    ]
    named = spoken(
        CAPTIONS["T17"],
        grouping=short(record.grouping),
        level=confidence(record.alpha),
        score=record.score,
        how=_calibrated(record),
    )
    caption = Told(named, record, "grouping alpha score folds calibration_units units")
    return groups(key, "T17", caption, heads, told)


def _promise_at(record: Uncertainty, g: int, h: int, sized: str) -> str:
    held, m = record.held, record.held.measure[h]
    r = record.part(held.groups[g])
    own = record.measure(sized, level=float(record.level[m]), calibrated="own group")
    cell = each("held/low held/high held/reason", g, h)
    size_at = each("value low high reason", r, own)
    return f"parts/{r} n/{r} part_reason/{r} level/{m} value/{r}/{m} {cell} {size_at}"


def _calibrated(record: Uncertainty) -> str:
    if record.calibrated_on == "folds":
        return spoken("on the audited people in {folds} folds of whole units", folds=record.folds)
    return spoken("on {number} other people", number=count(record.calibration_units))


def _promise(record: Uncertainty, g: int, h: int, sized: str) -> list[Node]:
    held, m = record.held, record.held.measure[h]
    group, why = held.groups[g], str(held.reason[g, h])
    r = record.part(group)
    word = str(held.verdict[g, h])
    look, said = HELD[word][0], spoken(HELD[word][1])
    level = float(record.level[m])
    own = record.measure(sized, level=level, calibrated="own group")
    limits = (float(a[r, own]) for a in (record.value, record.low, record.high))
    return [
        name(group),
        size(count(float(record.n[r]), str(record.part_reason[r]))),
        evidence(_share(float(record.value[r, m]), (held.low[g, h], held.high[g, h]), why)),
        span(class_=f"verdict v-{look.replace('_', '-')}")[icon(look), " ", said],
        evidence(estimate(*limits, reason=str(record.reason[r, own]))),
    ]


def _share(value: float, limits: tuple[float, float], why: str) -> str:
    """A share with its limits, in per cent."""
    if not np.isfinite(value):
        return why
    return f"{percent(value, places=1)} {interval(100 * limits[0], 100 * limits[1], 1)}"
