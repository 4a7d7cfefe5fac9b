"""A summary of the training features: moments, and no row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from evenlight.arrays import Bool, Float, Int
from evenlight.data.assay import SAMPLE, assay_of
from evenlight.data.cohort import Cohort
from evenlight.data.left_out import left_out, normal_rows, on_many
from evenlight.data.principal import Principal, fitted, principal
from evenlight.data.training_file import read_summary, write_summary
from evenlight.data.usual import STILL, by_content, half_width, usual
from evenlight.errors import FeatureError
from evenlight.small_groups import least_shown

NAN = float("nan")

ENOUGH, ENOUGH_OF_SOME = 3, 10
"""Training units a direction, at least, where all are told and where others are left: with fewer,
what further people have is not known well enough."""

WIDTH_ROWS = 2_000
"""Rows of which the quartiles are taken, at most."""


@dataclass(frozen=True, slots=True, eq=False)
class TrainingSummary:
    """Mean and principal directions of n training units over p features, and what stands beside.

    `held` is the mean squared distance a direction of training units that were left out, with its
    standard error `held_error`: what people like those of training have. Where nobody was left out
    it is that of normal rows, (n - 1) / (n - k - 2) (1 + 1 / n), and unknown (NaN) where directions
    are left. `effective` is the number of independent rows that know the mean as well: n, or more
    where a unit is a mean of several rows. `kind` says what the values are, as
    `evenlight.data.assay` finds it ("log counts"), "" unknown.

    Of each feature (p,), NaN where it is not known: `sd`; `quartile_range`, the distance of its
    quartiles; `varied`, the least share of rows that differ from any one value, a half at most.

    `still` are further features, of which fewer than 11 units have another value than `still_at`:
    their covariances would tell those people's rows, and nothing can be held against them. `lone`
    are features without a direction, as one unit alone would have it.

    Moments are exact. Where two to ten people alone have a combination of features (two columns
    that differ in these people only), the covariances tell the sum of their rows.

    >>> made = TrainingSummary.of(np.random.default_rng(0).normal(size=(500, 3)), ("a", "b", "c"))
    >>> made.n, made.distances(np.zeros((1, 3))).round(0).tolist()
    (500, [0.0])
    """

    features: tuple[str, ...]
    n: int
    principal: Principal
    held: float = NAN
    held_error: float = NAN
    effective: float = NAN
    kind: str = ""
    sd: Float = field(default_factory=lambda: np.zeros(0))
    quartile_range: Float = field(default_factory=lambda: np.zeros(0))
    varied: Float = field(default_factory=lambda: np.zeros(0))
    still: tuple[str, ...] = ()
    still_at: Float = field(default_factory=lambda: np.zeros(0))
    lone: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"TrainingSummary: {self.n:,} units of {len(self.features):,} features"

    def __post_init__(self) -> None:
        p, k = len(self.features), len(self.principal.variances)
        if len(self.principal.mean) != p or len(self.still_at) != len(self.still):
            raise FeatureError(
                f"a summary of {p} features has a mean of {len(self.principal.mean)}, and values "
                f"of {len(self.still_at)} of the {len(self.still)} that do not vary"
            )
        if self.n < least_shown() or self.n <= k:
            raise FeatureError(
                f"{self.n} training units with {k} directions tell too much of each; a summary "
                f"needs {least_shown()} units or more, and more than directions (keep fewer "
                "components)"
            )
        for name, value in _unnamed(self, p, k).items():
            object.__setattr__(self, name, value)

    @classmethod
    def of(
        cls,
        x: Float,
        features: Sequence[str],
        *,
        components: int | None = None,
        units: Sequence[object] | Int | None = None,
    ) -> TrainingSummary:
        """From training rows x (n, p), all directions or the `components` largest.

        Where units are fewer than 3 a direction, as many of the largest as have 10 units each.
        `units` (n,) names the person or donor of each row, where one has several; each has the same
        weight. Rows are to be as those that will be audited: cells for cells, donors for donors.
        FeatureError for fewer than 11 units, or more components than those.
        """
        values = _table(x, features)
        unit = _codes(units, len(values))
        n = int(unit.max(initial=-1)) + 1
        if n < least_shown():
            raise FeatureError(f"{n} training units; a summary needs {least_shown()} or more")
        order = by_content(values)
        values, unit = values[order], unit[order]
        most = usual(values, unit)
        entering = most.others >= least_shown()
        if not entering.any():
            raise FeatureError(
                f"of no feature {least_shown()} training units have another value than the most "
                "common; nothing is left to sum up"
            )
        kind = assay_of(values[_some(len(values), SAMPLE)]).kind
        made = _made(values[:, entering], unit, _some_of(features, entering), components)
        return cls(
            **made, kind=kind, varied=most.varied[entering],
            still=_some_of(features, ~entering), still_at=most.value[~entering],
        )  # fmt: skip

    @classmethod
    def from_moments(
        cls,
        features: Sequence[str],
        n: int,
        mean: Float,
        covariance: Float,
        *,
        components: int | None = None,
        kind: str = "",
    ) -> TrainingSummary:
        """From mean (p,) and covariance (p, p); what does not vary has no direction.

        Nothing is known of single people, so that features that fewer than 11 have are yours to
        leave out.
        """
        mean_ = np.asarray(mean, dtype=np.float64)
        own = np.asarray(covariance, dtype=np.float64)
        sd = np.sqrt(np.clip(np.diag(own), 0, None))
        vary = sd > STILL * np.abs(mean_)
        return cls(
            _some_of(features, vary), n,
            principal(mean_[vary], own[np.ix_(vary, vary)], components=components, rows=n),
            kind=kind, sd=sd[vary], still=_some_of(features, ~vary), still_at=mean_[~vary],
        )  # fmt: skip

    def save(self, path: str | Path) -> None:
        """Write the summary as .npz, to lie beside the model: it holds no row."""
        write_summary(path, self)

    @classmethod
    def load(cls, path: str | Path) -> TrainingSummary:
        """Read what `save` wrote; FeatureError for another file."""
        return read_summary(path, cls)

    @property
    def free(self) -> int:
        """Directions that are told apart, and the others."""
        return self.principal.free

    def distances(self, x: Float) -> Float:
        """Mahalanobis distance (n,) of rows x (n, p) from the training mean, in SD of training."""
        distance: Float = np.sqrt(self.principal.squares(x))
        return distance

    def of_cohort(self, cohort: Cohort) -> Float:
        """The distance of each row of a cohort (n,); FeatureError where a feature is not there."""
        return self.distances(cohort.columns(self.places(cohort)))

    def places(self, cohort: Cohort) -> list[int]:
        """Where the features stand in a cohort, by name; FeatureError where one is not there."""
        absent = [name for name in self.features if name not in cohort.features.place]
        if absent or cohort.x.ndim != 2:
            raise FeatureError(
                f"the training summary has {len(absent)} features that the cohort has not, as "
                f"{absent[:3]}; summarise the features that the model was trained on"
            )
        return [cohort.features.place[name] for name in self.features]


def _made(x: Float, unit: Int, features: tuple[str, ...], components: int | None) -> dict[str, Any]:
    """Moments of rows x (n, p) of the features that enter, and of rows that were left out."""
    n = int(unit.max()) + 1
    made, lone = fitted(x, unit, components), np.zeros(x.shape[1], dtype=np.bool_)
    if components is None and n < ENOUGH * len(made.variances):
        components = max(1, n // ENOUGH_OF_SOME)
        made = fitted(x, unit, components)
    enough(n, made)
    if not made.others:
        made, lone = on_many(x, unit)
    held, error = left_out(x, unit, made, components)
    return {
        "features": features,
        "n": n,
        "principal": made,
        "held": held,
        "held_error": error,
        "effective": _effective(x, unit, made),
        "sd": _spread(x, unit),
        "quartile_range": half_width(x[_some(len(x), WIDTH_ROWS)]),
        "lone": _some_of(features, lone),
    }


def _table(x: Float, features: Sequence[str]) -> Float:
    values = np.asarray(x, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] != len(features) or not np.isfinite(values).all():
        raise FeatureError(
            f"training rows have shape {values.shape}; wanted finite (n, {len(features)})"
        )
    return values


def enough(n: int, made: Principal) -> None:
    """FeatureError where n training units are too few for their directions."""
    k, each = len(made.variances), ENOUGH_OF_SOME if made.others else ENOUGH
    if n < each * k:
        raise FeatureError(
            f"{n} training units for {k} directions, fewer than {each} each; summarise fewer "
            "components"
        )


def _some_of(names: Sequence[str], at: Bool) -> tuple[str, ...]:
    return tuple(names[i] for i in np.flatnonzero(at).tolist())


def _codes(units: Sequence[object] | Int | None, n: int) -> Int:
    """The unit of each row (n,), 0 to u - 1."""
    if units is None:
        return np.arange(n, dtype=np.int64)
    names = np.asarray([str(one) for one in units], dtype=np.str_)
    if len(names) != n:
        raise FeatureError(f"units name {len(names)} rows of {n}; give the unit of each row")
    return np.unique(names, return_inverse=True)[1].astype(np.int64)


def _spread(x: Float, unit: Int) -> Float:
    """The SD of each feature (p,), units weighted alike."""
    u = int(unit.max()) + 1
    share = (1 / np.bincount(unit))[unit] / u
    spread: Float = np.sqrt(share @ (x - share @ x) ** 2 * u / (u - 1))
    return spread


def _effective(x: Float, unit: Int, made: Principal) -> float:
    """Independent rows whose mean would err as much as that of the units' means."""
    u = int(unit.max()) + 1
    if u == len(x) or not made.free:
        return float(u)
    sums = np.zeros((u, x.shape[1]))
    np.add.at(sums, unit, x)
    square = made.squares(sums / np.bincount(unit)[:, None]).sum() / (u - 1)
    return float(u * made.free / square) if square > 0 else float(u)


def _some(n: int, many: int) -> Int:
    """The rows that are looked at, from first to last."""
    return np.unique(np.linspace(0, n - 1, min(n, many)).astype(np.int64))


def _unnamed(made: TrainingSummary, p: int, k: int) -> dict[str, Any]:
    """What was not named: SDs, the distance of normal rows, as many rows as units."""
    n, own = made.n, made.principal
    out: dict[str, Any] = {}
    if not made.effective > 0:
        out["effective"] = float(n)
    if made.sd.shape != (p,):
        with np.errstate(divide="ignore", invalid="ignore"):
            told = np.sqrt(own.directions**2 @ own.variances) / own.weight
        out["sd"] = told if own.rest == 0 else np.full(p, np.nan)
    for name in ("quartile_range", "varied"):
        if getattr(made, name).shape != (p,):
            out[name] = np.full(p, np.nan)
    if not made.held > 0 and own.rest == 0 and n > k + 4 and k:
        held, error = normal_rows(n, k)
        out |= {"held": held, "held_error": held * error}
    return out
