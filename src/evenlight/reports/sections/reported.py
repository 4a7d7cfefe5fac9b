"""B1, what is reported of the people: completeness, a declared target, training. Table T18."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from htpy import Element, Node, li, p, ul

from evenlight.data.digits import confidence, count, estimate, interval, number, percent
from evenlight.data.shown import short
from evenlight.language import spoken
from evenlight.measures.demographic import CONTEXT, Demographics
from evenlight.reports.parts import evidence, grid, name, part, rows_of, say, size
from evenlight.reports.pointing import Told, at
from evenlight.reports.sections.keyed import keyed
from evenlight.reports.words import ROUNDED

CAPTION = (
    "{field} as reported by column {column} ({source}): units, and their share of those who are "
    "known. Limits of shares hold together with {level}, exact.{target}{training}{rounded}"
)
TARGET = (
    " Against the declared target population: share less target in points, and their ratio; the "
    "word goes by the limits."
)
TRAINING = (
    " Distance from the training mean in SD of training, along all its directions, without the "
    "bias of a small group ({of})."
)
FIELDS = {
    "ancestry": "Ancestry",
    "ethnicity": "Ethnicity",
    "geography": "Geography",
    "sex": "Sex",
    "gender": "Gender",
    "age": "Age",
}
WORDS = {
    "below": "below the target",
    "above": "above the target",
    "cannot_tell": "cannot tell",
    "not_estimable": "cannot be asked here",
}


PARTS = " ".join(
    f"parts/{name}"
    for name in (
        *("level", "n", "reason", "share", "low", "high", "target", "difference", "ratio", "why"),
        *("difference_low", "difference_high", "shift", "shift_low", "shift_high", "training_why"),
    )
)
"""The fields of which a row of T18 tells."""


def parts(records: Sequence[Demographics]) -> Iterator[Element]:
    """What is told of each record: one list of sentences, and a table for every named field."""
    for key, record in keyed("t18", records):
        yield part(
            spoken("What is reported"), _complete(record), list(_tables(key, record)), _context()
        )


def _complete(record: Demographics) -> Element:
    """Which fields are reported, and how completely."""
    told = [line for line in record.sentences() if line != spoken(CONTEXT)]
    ref = at(record, "n", "fields", "parts", "notes", "training", "alpha")
    return ul(data_ref=ref)[(li[say(line)] for line in told)]


def _context() -> Element:
    return p(class_="quiet")[spoken(CONTEXT)]


def _tables(key: str, record: Demographics) -> Iterator[Element]:
    for i, field in enumerate(record.fields.field):
        own = record.at(field)
        if not len(own):
            continue
        target = bool(np.isfinite(record.parts.target[own]).any())
        training = bool(np.isfinite(record.parts.shift[own]).any())
        heads = _heads(record, target=target, training=training)
        caption = _caption(record, i, target=target, training=training)
        rows = [_row(record, int(j), target=target, training=training) for j in own]
        told = Told(caption, record, f"fields/column/{i} fields/source/{i} alpha training")
        yield grid(f"{key}-{field}", "T18", told, heads, rows_of(rows, PARTS, own.tolist()))


def _heads(record: Demographics, *, target: bool, training: bool) -> list[str]:
    level = confidence(record.alpha)
    heads = [spoken("Group"), spoken("Units"), spoken("Share [{level}]", level=level)]
    if target:
        heads += [spoken("Target"), spoken("Difference"), spoken("Ratio"), spoken("Word")]
    return heads + ([spoken("From training")] if training else [])


def _caption(record: Demographics, i: int, *, target: bool, training: bool) -> str:
    field = record.fields.field[i]
    return spoken(
        CAPTION,
        field=spoken(FIELDS[field]) if field in FIELDS else field.capitalize(),
        column=short(record.fields.column[i], 40),
        source=short(record.fields.source[i], 40),
        level=confidence(record.alpha),
        target=spoken(TARGET) if target else "",
        training=spoken(TRAINING, of=record.training) if training else "",
        rounded=spoken(ROUNDED) if record.rounded[i] else "",
    )


def _row(record: Demographics, j: int, *, target: bool, training: bool) -> list[Node]:
    own = record.parts
    cells: list[Node] = [
        name(own.level[j]),
        size(count(float(own.n[j]), str(own.reason[j]))),
        evidence(_share(record, j)),
    ]
    if target:
        low, high = 100 * float(own.difference_low[j]), 100 * float(own.difference_high[j])
        word = str(own.word[j])
        apart = 100 * float(own.difference[j])
        cells += [
            percent(float(own.target[j]), spoken("no target"), places=1),
            evidence(estimate(apart, low, high, reason=str(own.why[j]), sign=True)),
            number(float(own.ratio[j]), str(own.why[j]), digits=2),
            spoken(WORDS[word]) if word else "",
        ]
    if training:
        limits = (float(own.shift_low[j]), float(own.shift_high[j]))
        cells.append(
            evidence(estimate(float(own.shift[j]), *limits, reason=str(own.training_why[j])))
        )
    return cells


def _share(record: Demographics, j: int) -> str:
    """A share with its limits in per cent, or why there is none."""
    own = record.parts
    value = float(own.share[j])
    if not np.isfinite(value):
        return str(own.reason[j])
    limits = interval(100 * float(own.low[j]), 100 * float(own.high[j]), 1)
    return f"{percent(value, places=1)} {limits}"
