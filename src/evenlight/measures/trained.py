"""What the values of a cohort are like against those of training, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from evenlight.arrays import Float
from evenlight.data.assay import WORDS
from evenlight.data.digits import count, number
from evenlight.data.library_size import EXPRESSION
from evenlight.data.shown import short
from evenlight.errors import FeatureError
from evenlight.measures.check import shaped
from evenlight.small_groups import least_shown

STANDARD = "standardised"
"""The kind of training values whose features have mean 0 and SD 1, to 0.05."""

OUTSIDE = "outside"
"""The kind of values where too many of them cannot be of training's kind."""

SAID: dict[str, str] = {
    **{str(kind): said for kind, said in WORDS.items()},
    OUTSIDE: "to a large part outside of that range",
    STANDARD: "standardised values (mean 0, SD 1)",
}
"""Each kind in words."""

UNITS = 0.01
"""This share of the features, at least, in another unit is a doubt: of hundreds that are measured
alike, one that a population has and another has not is none."""

BLANK, BLANKS = 0.1, 3
"""This share of the features, and so many, without what they had in training are a doubt."""


@dataclass(frozen=True, slots=True, eq=False)
class TrainedValues:
    """What `looked` features are like in a cohort, against training.

    `kind` and `trained` say what the values are, "" where it is not known. Of the `apart` features
    the first 50, furthest first: `shift` (f,) of the mean in SD of training, and `width` (f,), the
    SD over that of training (or the distance of the quartiles, where that alone is wide).
    `table_shift` and `table_width` are the same over all features at once, each in its own unit.
    All have two digits.
    `far` of them are further than people go: another unit. `filled` features vary in training and
    have one value here; `moved` features had one value in training, or nearly, and vary here; the
    first 50 are named.

    `verdict` is "unlike" where the kinds differ, or the table or half of its features are apart or
    filled; "some" where a few are; "like"; or "not_estimable", and `reason` why.
    """

    of: str
    kind: str
    trained: str
    looked: int
    apart: int
    feature: tuple[str, ...]
    shift: Float
    width: Float
    table_shift: float
    table_width: float
    verdict: str
    reason: str
    far: int = 0
    filled: int = 0
    filled_features: tuple[str, ...] = ()
    moved: int = 0
    moved_features: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        shaped(self, (len(self.feature),), "shift", "width")
        if self.verdict not in ("like", "some", "unlike", "not_estimable"):
            raise FeatureError(f"verdict {self.verdict!r} of values is no verdict")

    def to_frame(self) -> pd.DataFrame:
        """One row a listed feature, furthest first."""
        return pd.DataFrame(
            {"feature": list(self.feature), "shift": self.shift, "width": self.width}
        )

    def __repr__(self) -> str:
        return f"TrainedValues: {self.verdict}, {self.apart} of {self.looked} features apart"

    @property
    def doubt(self) -> str:
        """Why a strict gate does not pass, "" where the values are those of training, or nearly."""
        blank = self.filled + (0 if self.bounded else self.moved)
        told = self.verdict in ("unlike", "not_estimable") or self.far > UNITS * self.looked
        return (
            " ".join(self.sentences()) if told or blank >= max(BLANKS, BLANK * self.looked) else ""
        )

    @property
    def bounded(self) -> bool:
        """Whether the values are of a kind that has one unit, as in training."""
        return self.kind == self.trained and self.kind in ("dosage", "shares")

    def sentences(self) -> tuple[str, ...]:
        """What is apart, and what to do."""
        if self.verdict == "not_estimable":
            return (f"Whether the values are those of training cannot be told: {self.reason}.",)
        if self.verdict == "like":
            return (f"All {count(self.looked)} features are in the range of {self.of}.",)
        return tuple(self._told())

    def _told(self) -> Iterator[str]:
        differ = kinds_differ(self.kind, self.trained)
        if differ:
            here = f"are {SAID[self.kind]}"
            if self.trained == STANDARD:
                here = "are nowhere below 0"
            yield f"The model was trained on {SAID[self.trained]}, and the values here {here}."
        yield from self._features()
        if not (differ or self.apart or self.filled or self.moved):
            yield (
                f"All features together lie {number(self.table_shift, digits=2)} SD of training "
                f"away, with {number(self.table_width, digits=2)} times its SD ({self.of})."
            )
        if self.verdict == "unlike":
            yield "Bring x to what the model was trained on, or name another layer."
        elif self.apart:
            yield "Look at their units and at how they were scaled."
        else:
            yield "Look at whether they were measured, and how what is missing was filled in."

    def _features(self) -> Iterator[str]:
        if self.apart:
            yield (
                f"{count(self.apart)} of {count(self.looked)} features are apart from {self.of}: "
                f"{self._furthest()}."
            )
        if self.filled:
            have = "features has" if self.filled == 1 else "features have"
            yield (
                f"{count(self.filled)} of {count(self.looked)} {have} one value here and others in "
                f"training: {_first(self.filled_features)}."
            )
        if self.moved:
            vary = "features varies" if self.moved == 1 else "features vary"
            yield (
                f"{count(self.moved)} of {count(self.looked)} {vary} here and had one value in "
                f"training (or fewer than {least_shown()} units with another): "
                f"{_first(self.moved_features)}."
            )

    def _furthest(self) -> str:
        """Up to three features in words."""
        names = [short(name, 40) for name in self.feature[:3]]
        numbers = zip(self.shift.tolist(), self.width.tolist(), strict=True)
        told = [
            f"{name} {number(a, digits=2)} SD away with {number(b, digits=2)} times its spread"
            for name, (a, b) in zip(names, numbers, strict=False)
        ]
        return ", ".join(told)


def _first(names: Sequence[str]) -> str:
    return ", ".join(short(name, 40) for name in names[:3]) + (", ..." if len(names) > 3 else "")


def kinds_differ(kind: str, before: str) -> bool:
    """Whether both are known to come from counts, and not in the same way, or one is no share."""
    return kind == OUTSIDE or (kind != before and kind in EXPRESSION and before in EXPRESSION)
