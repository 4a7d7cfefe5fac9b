"""A summary of the training features, from which no person can be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.errors import FeatureError


@dataclass(frozen=True, slots=True, eq=False)
class TrainingSummary:
    """Mean (p,) of n training rows, k directions (p, k) with their variances (k,), and the rest.

    `directions` are orthonormal principal axes; `rest` is the mean variance of the p - k
    directions that are not told (0 where none is left).

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

    @classmethod
    def of(
        cls, x: Float, features: Sequence[str], *, components: int | None = None
    ) -> TrainingSummary:
        """From training rows x (n, p), all directions or the `components` largest."""
        values = np.asarray(x, dtype=np.float64)
        if values.ndim != 2 or values.shape[1] != len(features) or not np.isfinite(values).all():
            raise FeatureError(
                f"training rows have shape {values.shape}; wanted finite (n, {len(features)})"
            )
        covariance = np.cov(values, rowvar=False).reshape(len(features), -1)
        return cls.from_moments(
            features, len(values), values.mean(axis=0), covariance, components=components
        )

    @classmethod
    def from_moments(
        cls,
        features: Sequence[str],
        n: int,
        mean: Float,
        covariance: Float,
        *,
        components: int | None = None,
    ) -> TrainingSummary:
        """From mean (p,) and covariance (p, p); directions without variance are left out."""
        found, axes = np.linalg.eigh(np.asarray(covariance, dtype=np.float64))
        order = np.argsort(-found, kind="stable")
        kept = int((found > 1e-10 * max(found.max(), 1e-300)).sum())
        k = kept if components is None else min(components, kept)
        k = min(k, n - 1)
        rest = float(np.clip(found[order[k:kept]], 0, None).mean()) if k < kept else 0.0
        mean_ = np.asarray(mean, dtype=np.float64)
        return cls(tuple(features), n, mean_, axes[:, order[:k]], found[order[:k]], rest)

    def distances(self, x: Float) -> Float:
        """Mahalanobis distance (n,) of rows x (n, p) from the training mean.

        Beyond the told directions, what is left over is set against their mean variance
        (probabilistic principal components; Tipping and Bishop 1999, JRSS B 61:611).
        """
        apart = x - self.mean
        score = apart @ self.directions
        square = (score**2 / self.variances).sum(axis=1)
        if self.rest > 0:
            square += np.clip((apart**2).sum(axis=1) - (score**2).sum(axis=1), 0, None) / self.rest
        distance: Float = np.sqrt(square)
        return distance

    def of_cohort(self, cohort: Cohort) -> Float:
        """The distance of each row of a cohort (n,); FeatureError where a feature is not there."""
        absent = [name for name in self.features if name not in cohort.features.place]
        if absent or cohort.x.ndim != 2:
            raise FeatureError(
                f"the training summary has {len(absent)} features that the cohort has not, as "
                f"{absent[:3]}; summarise the features that the model was trained on"
            )
        return self.distances(cohort.columns([cohort.features.place[n] for n in self.features]))
