"""Whether the values of a cohort are in the units in which a model was trained."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Float, Int
from evenlight.data.assay import SAMPLE, assay_of
from evenlight.data.cohort import Cohort
from evenlight.data.library_size import EXPRESSION
from evenlight.data.training import TrainingSummary
from evenlight.data.usual import half_width, significant, usual
from evenlight.errors import CohortError, EvenlightError, FeatureError
from evenlight.measures.trained import OUTSIDE, STANDARD, TrainedValues, kinds_differ
from evenlight.measures.trained_apart import (
    FAR,
    Apart,
    Known,
    apart_from,
    mean_sd,
    moved_from,
    varying,
)
from evenlight.small_groups import least_shown

ENTRIES = 20_000_000
"""Numbers that are looked at, at most: fewer rows where there are many features."""

ROWS = 2_000

BOUNDS: dict[str, tuple[float, float]] = {
    **{str(kind): (0.0, np.inf) for kind in EXPRESSION},
    "dosage": (0.0, 2.0),
    "shares": (0.0, 1.0),
}
"""Kinds that have no values elsewhere."""

BEYOND = 0.05
"""More than this share of the values elsewhere, and they are of another kind."""

HALF = 0.5
"""With this share of the features apart, the table is in other units."""

NEAR = 0.05

MOST = 50
"""Features that are listed, at most."""


def trained_values(cohort: Cohort, training: TrainingSummary | Cohort) -> TrainedValues:
    """Whether x is in the units of training, from up to 2,000 rows, without any model.

    Counts where logarithms are wanted, values in other units or scaled with other means and SDs,
    and columns in another order under the same names. People of another kind are not told apart
    from values of another kind where they differ by 4 SD of training; nothing smaller is called
    apart. Genotypes and shares have one unit, so that there single features are told alone.
    Features that have one value here and varied in training, or the other way round, are told too.

    >>> import pandas as pd
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
        if cohort.u < least_shown():
            raise CohortError(f"fewer than {least_shown()} units")
        known = _known(training)
        names = (*known.names, *known.still)
        at = [cohort.features.place[n] for n in names if n in cohort.features.place]
        if cohort.x.ndim != 2 or len(at) < len(names):
            raise FeatureError(f"{len(names) - len(at)} features of training are not in the cohort")
        if not known.names:
            raise FeatureError("no feature varies in training")
        x, unit = _looked(cohort)
    except EvenlightError as error:
        nan, none = float("nan"), np.zeros(0)
        return TrainedValues(
            of, "", "", 0, 0, (), none, none, nan, nan, "not_estimable", str(error)
        )
    return _against(of, x[:, at], unit, known)


def _named(training: TrainingSummary | Cohort) -> str:
    n = training.n
    return f"{n:,} training rows" if isinstance(training, Cohort) else f"{n:,} training units"


def _known(training: TrainingSummary | Cohort) -> Known:
    """What is known of the features of training."""
    if isinstance(training, TrainingSummary):
        if np.isnan(training.sd).any():
            raise FeatureError("the summary does not tell the SD of each feature; pass sd=")
        return Known(
            training.features, training.principal.mean, training.sd, training.quartile_range,
            training.varied, training.still, training.still_at, training.n,
            _kind_of(training.principal.mean, training.sd, training.kind),
        )  # fmt: skip
    if training.x.ndim != 2:
        raise FeatureError("training is no table of features")
    x, unit = _looked(training)
    mean, sd = mean_sd(x)
    most, many = usual(x, unit), len(np.unique(unit))
    told = varying(mean, sd)
    if many >= 2 * least_shown():
        told &= most.others >= least_shown()
    rest = ~told & np.isfinite(most.value)
    names = np.array(training.features.names, dtype=object)
    return Known(
        tuple(names[told]), mean[told], sd[told], half_width(x[:, told]), most.varied[told],
        tuple(names[rest]), most.value[rest], many,
        _kind_of(mean[told], sd[told], assay_of(x[:SAMPLE]).kind),
    )  # fmt: skip


def _kind_of(mean: Float, sd: Float, kind: str) -> str:
    """The kind of training's values; standardised where means and SDs (p,) say so."""
    if not len(mean):
        return kind
    standard = np.median(np.abs(mean)) < NEAR and np.median(np.abs(sd - 1)) < NEAR
    return STANDARD if standard else kind


def _looked(cohort: Cohort) -> tuple[Float, Int]:
    """Some rows of x (m, p) and their units (m,), the same whatever the order they stand in."""
    many = min(cohort.n, ROWS, max(SAMPLE, ENTRIES // max(int(cohort.x.shape[1]), 1)))
    some = cohort.order[np.unique(np.linspace(0, cohort.n - 1, many).astype(np.int64))]
    back = np.argsort(np.argsort(some, kind="stable"), kind="stable")
    unit = np.unique(cohort.units[some], return_inverse=True)[1].astype(np.int64)
    return cohort.dense(np.sort(some))[back], unit


def _against(of: str, x: Float, unit: Int, known: Known) -> TrainedValues:
    """Rows x (m, p + s) of units (m,) against the p and s features of training."""
    p = len(known.names)
    kind = _kind(x, known.kind)
    own = apart_from(x[:, :p], unit, known)
    moved = [known.still[i] for i in np.flatnonzero(moved_from(x[:, p:], unit, known)).tolist()]
    filled = [known.names[i] for i in np.flatnonzero(own.filled).tolist()]
    first = np.argsort(-own.rank, kind="stable")[: min(int(own.off.sum()), MOST)]
    told = [significant(v, 2) for v in (own.shift[first], own.width[first], np.array(own.table))]
    bounded = kind == known.kind and kind in ("dosage", "shares")
    return TrainedValues(
        of, kind, known.kind, int(own.told.sum()) + x.shape[1] - p, int(own.off.sum()),
        tuple(known.names[i] for i in first.tolist()), told[0], told[1],
        float(told[2][0]), float(told[2][1]), _verdict(kind, known.kind, own, len(moved)), "",
        0 if bounded else int(own.far.sum()),
        len(filled), tuple(filled[:MOST]), len(moved), tuple(moved[:MOST]),
    )  # fmt: skip


def _kind(x: Float, before: str) -> str:
    """What the values are; `OUTSIDE` where too many of them cannot be of training's kind."""
    kind = str(assay_of(x[:SAMPLE]).kind)
    low, high = BOUNDS.get(before, (-np.inf, np.inf))
    beyond = ((x < low) | (x > high)).mean() > BEYOND
    return OUTSIDE if beyond or (before == STANDARD and not (x < 0).any()) else kind


def _verdict(kind: str, before: str, own: Apart, moved: int) -> str:
    """Kinds first, then the table as one, then its features."""
    if kinds_differ(kind, before):
        return "unlike"
    off, looked = int((own.off | own.filled).sum()), int(own.told.sum())
    bounded = kind == before and kind in ("dosage", "shares")
    if not bounded and off >= min(2, looked) and off >= HALF * looked > 0:
        return "unlike"
    shift, width = own.table
    counted = {kind, before} & set(EXPRESSION)
    if counted and (shift > FAR or width > FAR or 0 < width < 1 / FAR):
        return "unlike"
    return "some" if off or moved else "like"
