"""Expression on a logarithmic scale (m, p): batches, soup, doublets, and choices before the log.

`Scale` is declared, never guessed: log1p and log2p1 are logarithms of value + 1, and hold 0 where
nothing was seen; log2 and log10 are logarithms of an intensity. Changes are made on the linear
scale or in log2, and brought back. Every function leaves its argument as it is; strength 0 changes
nothing but rounding.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Float, Values
from evenlight.errors import UnknownName
from evenlight.probes.perturbations.restored import like


@dataclass(frozen=True, slots=True)
class Scale:
    """A logarithm: its base, and what was added before it was taken (1, or 0 for intensities)."""

    name: str
    base: float
    added: float

    def linear(self, values: Values) -> Float:
        """Values before the logarithm was taken."""
        made: Float = np.exp(np.asarray(values, dtype=np.float64) * np.log(self.base)) - self.added
        return np.maximum(made, 0.0)

    def log(self, values: Float) -> Float:
        """The logarithm of linear values."""
        made: Float = np.log(values + self.added) / np.log(self.base)
        return made

    @property
    def floors(self) -> bool:
        """Whether 0 says that nothing was seen."""
        return self.added > 0


SCALES: Mapping[str, Scale] = {
    "log1p": Scale("log1p", float(np.e), 1.0),
    "log2p1": Scale("log2p1", 2.0, 1.0),
    "log2": Scale("log2", 2.0, 0.0),
    "log10": Scale("log10", 10.0, 0.0),
}


def scale_named(name: str | None) -> Scale:
    """The scale called `name`; UnknownName, listing them, for none or another."""
    if name is None or name not in SCALES:
        raise UnknownName(
            f"scale={name!r}; declare the scale of the expression values, one of "
            f"{', '.join(SCALES)} (counts have their own suite)"
        )
    return SCALES[name]


def noise(values: Values, strength: float, rng: np.random.Generator, *, scale: Scale) -> Values:
    """Measurement error with SD `strength` in log2, of its own for each row and gene."""
    return _folded(values, strength * rng.normal(size=values.shape), scale)


def batch_shift(
    values: Values, strength: float, rng: np.random.Generator, *, scale: Scale, shared: Float
) -> Values:
    """Every gene shifted by strength z in log2, one z (p,) a gene that all rows share.

    The location part of the model of batches of Johnson, Li and Rabinovic (2007, Biostatistics
    8:118).

    >>> shift = np.array([1.0, -1.0])
    >>> batch_shift(np.array([[5.0, 5.0]]), 0.5, None, scale=SCALES["log2"], shared=shift).tolist()
    [[5.5, 4.5]]
    """
    return _folded(values, strength * shared, scale)


def dropout(values: Values, strength: float, rng: np.random.Generator, *, floor: Float) -> Values:
    """Each value at its floor (p,) with probability `strength`: not detected."""
    gone = rng.random(values.shape) < strength
    return np.where(gone, np.minimum(values, like(floor, values)), values)


def reads_of(linear: Float) -> Float:
    """Counts (m, p) behind values per fixed total: each over the least above 0 of its row.

    That least value is one read, as nearly every cell has a gene with one. Where values are no
    multiples of it, counts cannot be read back, and what is returned is not whole.

    >>> reads_of(np.array([[0.0, 2.5, 7.5]])).tolist()
    [[0.0, 1.0, 3.0]]
    """
    least = np.min(np.where(linear > 0, linear, np.inf), axis=1, keepdims=True)
    counts: Float = linear / np.where(np.isfinite(least), least, 1.0)
    near = np.rint(counts)
    return np.where(np.abs(counts - near) <= 1e-3 * np.maximum(near, 1.0), near, counts)


def thinned(values: Values, strength: float, rng: np.random.Generator, *, scale: Scale) -> Values:
    """A share of reads lost, then scaled to the sum that the row had: counts are read back first.

    Each count is Binomial(count, 1 - strength), as in `counts.thinned`; see `reads_of`.
    """
    linear = scale.linear(values)
    counts = np.rint(reads_of(linear)).astype(np.int64)
    kept = rng.binomial(counts, 1 - strength)
    left = kept.sum(axis=1, keepdims=True)
    each = np.divide(
        linear.sum(axis=1, keepdims=True), left, out=np.zeros(left.shape), where=left > 0
    )
    return _kept(scale.log(kept * each), values, strength)


def ambient(
    values: Values, strength: float, rng: np.random.Generator, *, scale: Scale, profile: Float
) -> Values:
    """A share of the linear sum of each row replaced by the soup of `profile` (p,) summing to 1."""
    linear = scale.linear(values)
    soup = linear.sum(axis=1, keepdims=True) * profile
    return _kept(scale.log((1 - strength) * linear + strength * soup), values, strength)


def doublets(
    values: Values, strength: float, rng: np.random.Generator, *, scale: Scale, pool: Values
) -> Values:
    """A share of rows is the mean, on the linear scale, of the row and one of `pool` (k, p).

    What two cells in a droplet give once reads are scaled to a common sum.
    """
    double, other = rng.random(len(values)), rng.integers(len(pool), size=len(values))
    both = scale.log((scale.linear(values) + scale.linear(pool[other])) / 2)
    return np.where((double < strength)[:, None], like(both, values), values)


def offset(
    values: Values, strength: float, rng: np.random.Generator, *, scale: Scale, level: float
) -> Values:
    """More added before the logarithm: strength times `level`, on the linear scale.

    With 1 added already (log1p), the pseudo-count is 1 + strength and 0 stays 0:
    log(1 + v / (1 + strength)). Of intensities: log(v + strength level).
    """
    linear = scale.linear(values)
    made = linear / (1 + strength) if scale.floors else linear + strength * level
    return _kept(scale.log(made), values, strength)


def rebased(values: Values, strength: float, rng: np.random.Generator, *, factor: float) -> Values:
    """Values times factor ** strength: at 1 the logarithm has another base (ln 2 turns log2 to ln).

    >>> rebased(np.array([[1.0]]), 1.0, None, factor=np.log(2)).round(3).tolist()
    [[0.693]]
    """
    return like(values * factor**strength, values)


def rescaled(
    values: Values, strength: float, rng: np.random.Generator, *, scale: Scale, size: float
) -> Values:
    """The linear sum of each row scaled towards `size`: times (size / sum) ** strength."""
    linear = scale.linear(values)
    total = linear.sum(axis=1, keepdims=True)
    factor = np.divide(size, total, out=np.ones_like(total), where=total > 0) ** strength
    return _kept(scale.log(linear * factor), values, strength)


def centred(values: Values, strength: float, rng: np.random.Generator, *, middle: float) -> Values:
    """Each row moved so that its median is the share `strength` of the way to `middle`.

    >>> centred(np.array([[1.0, 2.0, 6.0]]), 1.0, None, middle=3.0).tolist()
    [[2.0, 3.0, 7.0]]
    """
    away = np.median(values, axis=1, keepdims=True) - middle
    return like(values - strength * away, values)


def quantiled(
    values: Values, strength: float, rng: np.random.Generator, *, quantiles: Float
) -> Values:
    """The share `strength` of the way to quantile normalisation.

    There the k-th smallest value of a row becomes the k-th of `quantiles` (p,) (Bolstad et al.
    2003, Bioinformatics 19:185).

    >>> quantiled(np.array([[9.0, 1.0]]), 1.0, None, quantiles=np.array([2.0, 4.0])).tolist()
    [[4.0, 2.0]]
    """
    place = np.argsort(np.argsort(values, axis=1, kind="stable"), axis=1, kind="stable")
    return like((1 - strength) * values + strength * quantiles[place], values)


def _folded(values: Values, log2: Float, scale: Scale) -> Values:
    """Linear values times 2^log2; on a plain logarithm that is a shift."""
    if not scale.floors:
        return like(values + log2 * np.log(2) / np.log(scale.base), values)
    return _kept(scale.log(scale.linear(values) * np.exp2(log2)), values, float(np.any(log2)))


def _kept(made: Float, values: Values, strength: float) -> Values:
    """`made` as the values were; the values themselves at strength 0, free of rounding."""
    return values.copy() if strength == 0 else like(made, values)
