"""A summary of the training features: moments, and no row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from evenlight.arrays import Float, Int, Values
from evenlight.data.assay import SAMPLE, assay_of
from evenlight.data.cohort import Cohort
from evenlight.data.principal import Principal, fitted, left_out, normal_rows, principal
from evenlight.data.training_file import read_arrays, write_arrays
from evenlight.errors import FeatureError

NAN = float("nan")
ARRAYS = ("mean", "directions", "variances", "sd")


@dataclass(frozen=True, slots=True, eq=False)
class TrainingSummary:
    """Mean (p,) of n training units, k directions (p, k) with their variances (k,), and the rest.

    `directions` are orthonormal principal axes of rows; `rest` is the mean variance of `others`
    further directions, of all that are not told where none is named (0 where none is left).
    `held` is the mean squared distance a direction of training units that were left out, with its
    standard error `held_error`: what people like those of training have. Where nobody was left out
    it is that of normal rows, (n - 1) / (n - k - 2) (1 + 1 / n), and unknown (NaN) where directions
    are left. `effective` is the number of independent rows that know the mean as well: n, or more
    where a unit is a mean of several rows. `sd` (p,) of each feature, NaN where it is not known;
    `kind` says what the values are, as `evenlight.data.assay` finds it ("log counts"), "" unknown.

    Moments are exact. Of a feature that one person has, the mean and the covariances tell that
    person's whole row, and such a feature makes distances meaningless: leave features that fewer
    than 11 people have out of a summary, above all of one that is handed on.

    >>> made = TrainingSummary.of(np.random.default_rng(0).normal(size=(500, 3)), ("a", "b", "c"))
    >>> made.n, made.distances(np.zeros((1, 3))).round(0).tolist()
    (500, [0.0])
    """

    features: tuple[str, ...]
    n: int
    mean: Float
    directions: Float
    variances: Float
    rest: float
    others: int = -1
    held: float = NAN
    held_error: float = NAN
    effective: float = NAN
    sd: Float = field(default_factory=lambda: np.zeros(0))
    kind: str = ""

    def __post_init__(self) -> None:
        p, k = len(self.features), len(self.variances)
        if self.mean.shape != (p,) or self.directions.shape != (p, k):
            raise FeatureError(
                f"a summary of {p} features has a mean of shape {self.mean.shape} and directions "
                f"of shape {self.directions.shape}, wanted ({p},) and ({p}, {k})"
            )
        if self.n <= k or not (self.variances > 0).all() or self.rest < 0:
            raise FeatureError(
                f"a summary needs more rows than directions ({self.n} and {k}) and variances above "
                "0; leave out features that do not vary, or keep fewer components"
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

        `units` (n,) names the person or donor of each row, where one has several; each has the same
        weight. Rows are to be as those that will be audited: cells for cells, donors for donors.
        """
        values = np.asarray(x, dtype=np.float64)
        if values.ndim != 2 or values.shape[1] != len(features) or not np.isfinite(values).all():
            raise FeatureError(
                f"training rows have shape {values.shape}; wanted finite (n, {len(features)})"
            )
        unit = _codes(units, len(values))
        made = fitted(values, unit, components)
        held, error = left_out(values, unit, made, components)
        n = int(unit.max()) + 1
        return cls(
            tuple(features), n, made.mean, made.directions, made.variances, made.rest, made.others,
            held, error, _effective(values, unit, made), made.sd,
            assay_of(values[_some(len(values))]).kind,
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
        """From mean (p,) and covariance (p, p); directions without variance are left out."""
        mean_ = np.asarray(mean, dtype=np.float64)
        own = np.asarray(covariance, dtype=np.float64)
        made = principal(mean_, own, components=components, rows=n)
        return cls(
            tuple(features), n, mean_, made.directions, made.variances, made.rest, made.others,
            sd=made.sd, kind=kind,
        )  # fmt: skip

    def save(self, path: str | Path) -> None:
        """Write the summary as .npz, to lie beside the model: it holds no row."""
        write_arrays(path, {name: getattr(self, name) for name in self.__dataclass_fields__})

    @classmethod
    def load(cls, path: str | Path) -> TrainingSummary:
        """Read what `save` wrote; FeatureError for another file."""
        held = read_arrays(path, list(cls.__dataclass_fields__))
        made: dict[str, Any] = {name: _restored(name, value) for name, value in held.items()}
        return cls(**made)

    @property
    def free(self) -> int:
        """Directions that are told apart, and the others."""
        return len(self.variances) + self.others

    def distances(self, x: Float) -> Float:
        """Mahalanobis distance (n,) of rows x (n, p) from the training mean.

        Beyond the told directions, what is left over is set against their mean variance
        (probabilistic principal components; Tipping and Bishop 1999, JRSS B 61:611).
        """
        made = Principal(
            self.mean, self.directions, self.variances, self.rest, self.others, self.sd
        )
        distance: Float = np.sqrt(made.squares(x))
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


def _restored(name: str, value: Values) -> Any:
    """One field of a file; FeatureError where it is of another kind."""
    try:
        if name == "features":
            return tuple(str(one) for one in value.tolist())
        if name == "kind":
            return str(value.item())
        if name in ("n", "others"):
            return int(value.item())
        return value.astype(np.float64) if name in ARRAYS else float(value.item())
    except (TypeError, ValueError) as error:
        raise FeatureError(f"{name} of the summary is something else: {error}") from error


def _codes(units: Sequence[object] | Int | None, n: int) -> Int:
    """The unit of each row (n,), 0 to u - 1."""
    if units is None:
        return np.arange(n, dtype=np.int64)
    names = np.asarray([str(one) for one in units], dtype=np.str_)
    if len(names) != n:
        raise FeatureError(f"units name {len(names)} rows of {n}; give the unit of each row")
    return np.unique(names, return_inverse=True)[1].astype(np.int64)


def _effective(x: Float, unit: Int, made: Principal) -> float:
    """Independent rows whose mean would err as much as that of the units' means."""
    u = int(unit.max()) + 1
    if u == len(x) or not made.free:
        return float(u)
    sums = np.zeros((u, x.shape[1]))
    np.add.at(sums, unit, x)
    square = made.squares(sums / np.bincount(unit)[:, None]).sum() / (u - 1)
    return float(u * made.free / square) if square > 0 else float(u)


def _some(n: int) -> Int:
    """The rows that are looked at to tell what the values are."""
    return np.unique(np.linspace(0, n - 1, min(n, SAMPLE)).astype(np.int64))


def _unnamed(made: TrainingSummary, p: int, k: int) -> dict[str, Any]:
    """What was not named: the others, SDs, the distance of normal rows, as many rows as units."""
    n = made.n
    out: dict[str, Any] = {}
    if made.others < 0:
        out["others"] = p - k if made.rest > 0 else 0
    if not made.effective > 0:
        out["effective"] = float(n)
    if made.sd.shape != (p,):
        told = np.sqrt(made.directions**2 @ made.variances)
        out["sd"] = told if made.rest == 0 else np.full(p, np.nan)
    if not made.held > 0 and made.rest == 0 and n > k + 4 and k:
        held, error = normal_rows(n, k)
        out |= {"held": held, "held_error": held * error}
    return out
