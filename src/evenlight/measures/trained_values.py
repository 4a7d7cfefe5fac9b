"""Whether the values of a cohort are in the units in which a model was trained."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evenlight.arrays import Bool, Float, Int
from evenlight.data.assay import SAMPLE, WORDS, assay_of
from evenlight.data.cohort import Cohort
from evenlight.data.digits import count, number
from evenlight.data.groups import SMALLEST_GROUP
from evenlight.data.library_size import EXPRESSION
from evenlight.data.shown import short
from evenlight.data.training import TrainingSummary
from evenlight.errors import CohortError, EvenlightError, FeatureError
from evenlight.measures.check import shaped

ENTRIES = 20_000_000
"""Numbers that are looked at, at most: fewer rows where there are many features."""

ROWS = 2_000

FAR = 4.0
"""A mean so many SD of training away, or an SD so many times that of training or less."""

BOUNDS: dict[str, tuple[float, float]] = {
    **{str(kind): (0.0, np.inf) for kind in EXPRESSION},
    "dosage": (0.0, 2.0),
    "shares": (0.0, 1.0),
}
"""Kinds that have no values elsewhere."""

STANDARD = "standardised"
"""The kind of training values whose features have mean 0 and SD 1, to 0.05."""

HALF = 0.5
"""With this share of the features apart, the table is in other units."""

NEAR = 0.05

OUTSIDE, BEYOND = "outside", 0.05
"""The kind of values where more than this share of them cannot be of training's kind."""

MOST = 50
"""Features that are listed, at most."""

SAID: dict[str, str] = {
    **{str(kind): said for kind, said in WORDS.items()},
    OUTSIDE: "to a large part outside of that range",
    STANDARD: "standardised values (mean 0, SD 1)",
}
"""Each kind in words."""

STILL = 1e-9
"""A feature whose SD is this part of its mean, or less, does not vary."""

NEVER = 1e300
"""In place of an infinite ratio."""


@dataclass(frozen=True, slots=True, eq=False)
class TrainedValues:
    """What `looked` features are like in a cohort, against training.

    `kind` and `trained` say what the values are, "" where it is not known. Of the `apart` features
    the first 50, furthest first: `shift` (f,) of the mean in SD of training, and `width` (f,), the
    SD over that of training. `table_shift` and `table_width` are the same over all features at
    once, each in its own unit. All have two digits. `verdict` is "unlike" where the kinds differ,
    or the table or half of its features are apart; "some" where a few are; "like"; or
    "not_estimable", and `reason` why.
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
        told = self.verdict in ("unlike", "not_estimable")
        return " ".join(self.sentences()) if told else ""

    def sentences(self) -> tuple[str, ...]:
        """What is apart, and what to do."""
        if self.verdict == "not_estimable":
            return (f"Whether the values are those of training cannot be told: {self.reason}.",)
        if self.verdict == "like":
            return (f"All {count(self.looked)} features are in the range of {self.of}.",)
        return tuple(self._told())

    def _told(self) -> Iterator[str]:
        if _kinds_differ(self.kind, self.trained):
            here = f"are {SAID[self.kind]}"
            if self.trained == STANDARD:
                here = "are nowhere below 0"
            yield f"The model was trained on {SAID[self.trained]}, and the values here {here}."
        if self.apart:
            yield (
                f"{count(self.apart)} of {count(self.looked)} features are apart from {self.of}: "
                f"{self._furthest()}."
            )
        elif not _kinds_differ(self.kind, self.trained):
            yield (
                f"All features together lie {number(self.table_shift, digits=2)} SD of training "
                f"away, with {number(self.table_width, digits=2)} times its SD ({self.of})."
            )
        if self.verdict == "unlike":
            yield "Bring x to what the model was trained on, or name another layer."
        else:
            yield "Look at their units and at how they were scaled."

    def _furthest(self) -> str:
        """Up to three features in words."""
        names = [short(name, 40) for name in self.feature[:3]]
        numbers = zip(self.shift.tolist(), self.width.tolist(), strict=True)
        told = [
            f"{name} {number(a, digits=2)} SD away with {number(b, digits=2)} times its SD"
            for name, (a, b) in zip(names, numbers, strict=False)
        ]
        return ", ".join(told)


def trained_values(cohort: Cohort, training: TrainingSummary | Cohort) -> TrainedValues:
    """Whether x is in the units of training, from up to 2,000 rows, without any model.

    Counts where logarithms are wanted, values in other units or scaled with other means and SDs,
    and columns in another order under the same names. People of another kind are not told apart
    from values of another kind where they differ by 4 SD of training; nothing smaller is called
    apart. Genotypes and shares have one unit, so that there single features are told alone.

    >>> rng = np.random.default_rng(0)
    >>> ids = [f"p{i}" for i in range(60)]
    >>> counts = rng.poisson(2.0, size=(60, 30)).astype(float)
    >>> names = [f"g{j}" for j in range(30)]
    >>> summary = TrainingSummary.of(np.log1p(counts), names)
    >>> cohort = Cohort(counts, pd.DataFrame(index=ids), names, unit="row")
    >>> trained_values(cohort, summary).sentences()[0]
    'The model was trained on logarithms of counts, and the values here are counts.'
    """
    of = _named(training)
    try:
        if cohort.u < SMALLEST_GROUP:
            raise CohortError(f"fewer than {SMALLEST_GROUP} units")
        names, mean, sd, trained = _moments(training)
        at = [cohort.features.place[n] for n in names if n in cohort.features.place]
        if cohort.x.ndim != 2 or len(at) < len(names):
            raise FeatureError(f"{len(names) - len(at)} features of training are not in the cohort")
        if not _varying(mean, sd).any():
            raise FeatureError("no feature varies in training")
        x = _looked(cohort)[:, at]
    except EvenlightError as error:
        nan, none = float("nan"), np.zeros(0)
        return TrainedValues(
            of, "", "", 0, 0, (), none, none, nan, nan, "not_estimable", str(error)
        )
    return _against(of, names, x, (mean, sd, trained))


def _varying(mean: Float, sd: Float) -> Bool:
    """Features (p,) whose SD is a unit."""
    vary: Bool = (sd > STILL * np.abs(mean)) & (sd > 0)
    return vary


def _named(training: TrainingSummary | Cohort) -> str:
    n = training.n
    return f"{n:,} training rows" if isinstance(training, Cohort) else f"{n:,} training units"


def _moments(training: TrainingSummary | Cohort) -> tuple[tuple[str, ...], Float, Float, str]:
    """Names, mean and SD (p,) of the features of training, and what its values are."""
    if isinstance(training, TrainingSummary):
        if np.isnan(training.sd).any():
            raise FeatureError("the summary does not tell the SD of each feature; pass sd=")
        return training.features, training.mean, training.sd, training.kind
    if training.x.ndim != 2:
        raise FeatureError("training is no table of features")
    x = _looked(training)
    return (training.features.names, *_mean_sd(x), assay_of(x[:SAMPLE]).kind)


def _looked(cohort: Cohort) -> Float:
    """Some rows of x (m, p), the same whatever the order they stand in."""
    many = min(cohort.n, ROWS, max(SAMPLE, ENTRIES // max(int(cohort.x.shape[1]), 1)))
    some = cohort.order[np.unique(np.linspace(0, cohort.n - 1, many).astype(np.int64))]
    back = np.argsort(np.argsort(some, kind="stable"), kind="stable")
    return cohort.dense(np.sort(some))[back]


def _mean_sd(x: Float) -> tuple[Float, Float]:
    """Of what is known in each column; NaN where fewer than two values are."""
    known = np.isfinite(x)
    n = known.sum(axis=0)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        mean = np.where(known, x, 0).sum(axis=0) / n
        square = (np.where(known, x - mean, 0) ** 2).sum(axis=0) / (n - 1)
    few = n < 2
    return np.where(few, np.nan, mean), np.where(few, np.nan, np.sqrt(square))


def _against(
    of: str, names: tuple[str, ...], x: Float, trained: tuple[Float, Float, str]
) -> TrainedValues:
    """Rows x (m, p) against mean, SD and kind of training."""
    mean, sd, before = trained
    if np.median(np.abs(mean)) < NEAR and np.median(np.abs(sd - 1)) < NEAR:
        before = STANDARD
    at, shift, width, table = _apart(x, mean, sd)
    off = (np.abs(shift) > FAR) | (width > FAR) | ((width < 1 / FAR) & (width > 0))
    far = np.maximum(np.abs(shift), np.maximum(width, 1 / np.maximum(width, 1 / NEVER)))
    far[~off] = 0
    first = np.argsort(-far, kind="stable")[: min(int(off.sum()), MOST)]
    kind = _kind(x, before)
    verdict = _verdict(kind, before, off, table)
    told = [_two_digits(values) for values in (shift[first], width[first], np.array(table))]
    feature = tuple(names[i] for i in at[first].tolist())
    return TrainedValues(
        of, kind, before, len(at), int(off.sum()), feature, told[0], told[1],
        float(told[2][0]), float(told[2][1]), verdict, "",
    )  # fmt: skip


def _apart(x: Float, mean: Float, sd: Float) -> tuple[Int, Float, Float, tuple[float, float]]:
    """Places (f,) of features that vary, their shift and width (f,), and those of the table."""
    own_mean, own_sd = _mean_sd(x)
    told = _varying(mean, sd) & np.isfinite(own_mean)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        shift = np.nan_to_num((own_mean - mean)[told] / sd[told], posinf=NEVER, neginf=-NEVER)
        width = np.nan_to_num(own_sd[told] / sd[told], posinf=NEVER)
        size = np.sqrt((sd[told] ** 2).sum())
        table = float(np.sqrt(((own_mean - mean)[told] ** 2).sum()) / size)
        wide = float(np.sqrt((own_sd[told] ** 2).sum()) / size)
    return np.flatnonzero(told), shift, width, (min(table, NEVER), min(wide, NEVER))


def _kind(x: Float, before: str) -> str:
    """What the values are; `OUTSIDE` where too many of them cannot be of training's kind."""
    kind = str(assay_of(x[:SAMPLE]).kind)
    low, high = BOUNDS.get(before, (-np.inf, np.inf))
    beyond = ((x < low) | (x > high)).mean() > BEYOND
    return OUTSIDE if beyond or (before == STANDARD and not (x < 0).any()) else kind


def _two_digits(values: Float) -> Float:
    """To two significant digits, so that nobody can be told from means with and without them."""
    return np.array([float(f"{value:.2g}") for value in values.tolist()], dtype=np.float64)


def _verdict(kind: str, before: str, off: Bool, table: tuple[float, float]) -> str:
    """Kinds first, then the table as one, then its features."""
    if _kinds_differ(kind, before):
        return "unlike"
    bounded = kind == before and kind in ("dosage", "shares")
    if not bounded and off.sum() >= min(2, off.size) and off.sum() >= HALF * off.size > 0:
        return "unlike"
    shift, width = table
    counted = {kind, before} & set(EXPRESSION)
    if counted and (shift > FAR or width > FAR or 0 < width < 1 / FAR):
        return "unlike"
    return "some" if off.any() else "like"


def _kinds_differ(kind: str, before: str) -> bool:
    """Whether both are known to come from counts, and not in the same way, or one is no share."""
    return kind == OUTSIDE or (kind != before and kind in EXPRESSION and before in EXPRESSION)
