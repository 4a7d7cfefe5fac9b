"""What a cohort reports about its people: the record, its tables and its sentences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Int, Text
from evenlight.data.digits import MINUS, count, estimate, fixed, percent
from evenlight.data.shown import short
from evenlight.language import plural, spoken
from evenlight.measures.check import explained, shaped, worded

FIELDS = ("ancestry", "ethnicity", "geography", "sex", "gender", "age")
"""What is asked of every cohort; which column answers is named by the user."""

WORDS = ("", "below", "above", "cannot_tell", "not_estimable")

KNOWN = "{field} (column {column}, {source}): known for {share} of {n} units ({low} to {high})."
HIDDEN = "{field} (column {column}, {source}): how many are known is not shown ({reason})."
TARGETED = {
    "below": "{level} ({field}) is below the declared target: {share} where the target has "
    "{target} (difference {difference}){stands}.",
    "above": "{level} ({field}) is above the declared target: {share} where the target has "
    "{target} (difference {difference}){stands}.",
}
SHIFTED = "{level} ({field}) lies {shift} SD of training from the training mean."
UNSHIFTED = (
    "{level} ({field}) lies {shift} SD of training from the training mean; it is not shown to lie "
    "apart."
)
CONTEXT = (
    "For context: of omics publications of 2015 to 2024, 2.7 % reported ancestry or ethnicity, "
    "4.4 % geographic origin and 3.0 % sex or gender; in transcriptomics 0.7 %, in genomics 6.1 %. "
    "These are rates of reporting in publications, and no yardstick for a cohort."
)
"""The habit of the field, with its scope."""

TOLD = ("share", "low", "high")
AGAINST = ("difference", "difference_low", "difference_high", "ratio", "p")
TRAINED = ("shift", "shift_low", "shift_high", "typical", "typical_low", "typical_high")


@dataclass(frozen=True, slots=True, eq=False)
class Reported:
    """One entry a field, (f,): the column that answers ("" none), its source, how complete it is.

    `known` units of all, and their share with exact 95 % limits; where 1 to 10 are unknown they
    count as 10. `middle` is the median of a number (years of age), its limits free of any
    distribution. `hint` proposes a column where none was named: a guess, never used.
    """

    field: tuple[str, ...]
    column: tuple[str, ...]
    source: tuple[str, ...]
    hint: tuple[str, ...]
    known: Float
    share: Float
    low: Float
    high: Float
    reason: Text
    middle: Float
    middle_low: Float
    middle_high: Float
    middle_reason: Text

    def __post_init__(self) -> None:
        f = (len(self.field),)
        shaped(self, f, "known", *TOLD, "reason", "middle", "middle_low", "middle_high")
        explained(self, self.reason, "known", *TOLD)
        explained(self, self.middle_reason, "middle", "middle_low", "middle_high")


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """One entry a level, (l,), of field number `field`: units, and their share of the known.

    Shares have limits that hold together in a field. Against the declared `target`: the difference
    and its limits, the representation `ratio` (share over target), the exact p adjusted for the
    levels, and a word; `holds` says whether the word stands wherever the unknown belong ("yes",
    "no"). `shift` is the distance of the level's mean from the training mean in SD of training
    (Mahalanobis, without the bias of its size), `typical` the root mean square distance of its
    people's rows over that of training people who were left out, 1 for people like those of
    training; limits hold together in a field.
    """

    field: Int
    level: tuple[str, ...]
    n: Float
    share: Float
    low: Float
    high: Float
    reason: Text
    target: Float
    difference: Float
    difference_low: Float
    difference_high: Float
    ratio: Float
    p: Float
    word: Text
    holds: Text
    why: Text
    shift: Float
    shift_low: Float
    shift_high: Float
    typical: Float
    typical_low: Float
    typical_high: Float
    training_share: Float
    training_why: Text

    def __post_init__(self) -> None:
        shape = (len(self.level),)
        shaped(self, shape, "field", "n", *TOLD, "target", *AGAINST, *TRAINED, "training_share")
        shaped(self, shape, "reason", "word", "holds", "why", "training_why")
        worded(self, "word", WORDS)
        worded(self, "holds", ("", "yes", "no"))
        explained(self, self.reason, "n", *TOLD)
        explained(self, self.why, "target", *AGAINST)
        explained(self, self.training_why, *TRAINED)


@dataclass(frozen=True, slots=True, eq=False)
class Demographics:
    """What is reported of `n` units: `fields`, their `parts`, and what stands beside them.

    `training` says what training people the parts were set against, "" nothing. Counts are rounded
    to 5 where one of their field is hidden (`rounded` (f,), 1 or 0).
    """

    n: int
    alpha: float
    fields: Reported
    parts: Parts
    rounded: Int
    training: str
    notes: tuple[str, ...]

    def __post_init__(self) -> None:
        shaped(self, (len(self.fields.field),), "rounded")

    def __repr__(self) -> str:
        named = [f for f, c in zip(self.fields.field, self.fields.column, strict=True) if c]
        return f"Demographics: {count(self.n)} units; {', '.join(named) or 'no field'} reported"

    def to_frame(self) -> pd.DataFrame:
        """One row a level."""
        own = self.parts
        columns: dict[str, object] = {
            "field": [self.fields.field[i] for i in own.field.tolist()],
            "level": list(own.level),
        }
        names = [f for f in Parts.__dataclass_fields__ if f not in ("field", "level")]
        return pd.DataFrame(columns | {name: getattr(own, name) for name in names})

    def fields_frame(self) -> pd.DataFrame:
        """One row a field."""
        return pd.DataFrame({f: getattr(self.fields, f) for f in Reported.__dataclass_fields__})

    def at(self, field: str) -> Int:
        """The places of the parts of one field."""
        where: Int = np.flatnonzero(self.parts.field == self.fields.field.index(field))
        return where

    def sentences(self) -> tuple[str, ...]:
        """What is reported, how complete, against target and training, and the field's habit."""
        named = [i for i, column in enumerate(self.fields.column) if column]
        said = [line for i in named for line in self._field(i)]
        return (*said, *self._unnamed(), *self.notes, spoken(CONTEXT))

    def _unnamed(self) -> Iterator[str]:
        """One sentence for all fields that nobody named a column for, and what may report them."""
        made = self.fields
        names = [f for f, column in zip(made.field, made.column, strict=True) if not column]
        if not names:
            return
        hints = [
            hint.replace("may report it", f"may report {name}")
            for name, hint in zip(made.field, made.hint, strict=True)
            if name in names and hint
        ]
        told = plural(
            len(names),
            "No column was named for {field}, so nothing is told of it.",
            "No column was named for {fields} and {field}, so nothing is told of them.",
            fields=", ".join(names[:-1]),
            field=names[-1],
        )
        yield " ".join([told, *hints])

    def _field(self, i: int) -> Iterator[str]:
        made = self.fields
        name, column = made.field[i], short(made.column[i], 40)
        share = float(made.share[i])
        whose = {"field": name.capitalize(), "column": column, "source": short(made.source[i], 40)}
        if np.isfinite(share):
            low, high = (percent(float(v[i]), places=1) for v in (made.low, made.high))
            known = {"share": percent(share, places=1), "n": count(self.n)}
            yield spoken(KNOWN, **whose, **known, low=low, high=high)
        else:
            yield spoken(HIDDEN, **whose, reason=made.reason[i])
        if np.isfinite(made.middle[i]):
            limits_ = (float(made.middle_low[i]), float(made.middle_high[i]))
            told = estimate(float(made.middle[i]), *limits_)
            yield spoken("Median {field} {estimate}.", field=name, estimate=told)
        for at in self.at(name).tolist():
            yield from self._part(name, at)

    def _part(self, field: str, at: int) -> Iterator[str]:
        own, level = self.parts, short(self.parts.level[at], 40)
        if own.word[at] in TARGETED:
            yield spoken(
                TARGETED[str(own.word[at])],
                level=level,
                field=field,
                share=percent(float(own.share[at])),
                target=percent(float(own.target[at])),
                difference=points(own, at),
                stands=""
                if own.holds[at] == "yes"
                else spoken(", if the unknown are like the known"),
            )
        if np.isfinite(own.shift[at]):
            limits = (float(own.shift_low[at]), float(own.shift_high[at]))
            yield spoken(
                SHIFTED if limits[0] > 0 else UNSHIFTED,
                level=level,
                field=field,
                shift=estimate(float(own.shift[at]), *limits),
            )


def points(own: Parts, at: int) -> str:
    """A difference of shares with its limits, in points.

    The sign is told of all three.
    """
    shown = [fixed(100 * float(v[at]), 1, sign=True).replace("-", MINUS) for v in _limits(own)]
    told, low, high = shown
    return spoken("{difference} points, {low} to {high}", difference=told, low=low, high=high)


def _limits(own: Parts) -> tuple[Float, Float, Float]:
    return own.difference, own.difference_low, own.difference_high
