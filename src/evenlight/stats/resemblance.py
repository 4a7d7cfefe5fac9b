"""Whether refits of a model resemble it: how their outputs correlate inside groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from evenlight.arrays import Bool, Float, Int

HALF = 0.5
"""Refits of the right class on the right people reach at least this part of what is expected."""

NOISE = 0.5
"""Bootstrap refits on people of whom nothing can be learned correlate so with one another."""

FEWEST_UNITS = 20
"""Audited units that a group must have for correlations within it to be counted."""

ALIKE = 1e-9


@dataclass(frozen=True, slots=True)
class Resemblance:
    """`value`: mean correlation of refits with the model; `low`, `high`: limits of a further one.

    `least`: half of what refits trained on as many other people would reach. `reason` says why the
    refits are not taken for this model's, or why that cannot be told; "" where they are.
    """

    value: float
    low: float
    high: float
    least: float
    reason: str = ""

    @property
    def there(self) -> bool:
        """Whether the refits are seen to resemble the model."""
        return not self.reason


def resemblance(output: Float, refits: Float, group: Int, *, alpha: float = 0.05) -> Resemblance:
    """The correlation of a model's `output` (u,) with that of K `refits` (K, u) within groups.

    `group` (u,) codes, -1 where unknown; groups of fewer than 20 units do not enter. The limits of
    a further refit are mean -+ t SD sqrt(1 + 1 / K), each one-sided, within -1 and 1.

    The refits do not resemble the model where the upper limit is below the least, half of
    `expected` (never below 0). It cannot be told where the lower limit is not above 0, as of refits
    on noise, where the model or the refits do not vary within groups, and where all refits are the
    same. That the refits agree among themselves by no more than noise does is no ground by itself:
    honest refits of boosted trees on 400 people do so and yet go with the model.

    >>> rng = np.random.default_rng(0)
    >>> f, group = rng.normal(size=100), np.arange(100) % 2
    >>> refits = f + 0.3 * rng.normal(size=(5, 100))
    >>> resemblance(f, refits, group).there, resemblance(-f, refits, group).there
    (True, False)
    >>> resemblance(f, rng.normal(size=(5, 100)), group).reason.split(" (")[0]
    'whether the refits resemble the audited model cannot be told'
    """
    known = _large(group)
    rows = _within(np.vstack([output, refits])[:, known], group[known])
    silent = _silent(rows)
    if silent:
        gone = float("nan")
        return Resemblance(gone, gone, gone, gone, UNTOLD.format(why=silent))
    size = np.sqrt((rows**2).sum(axis=1))
    scaled = rows / np.where(size > 0, size, 1.0)[:, None]
    each, k = scaled[1:] @ scaled[0], len(refits)
    between = float((scaled[1:] @ scaled[1:].T)[~np.eye(k, dtype=bool)].mean())
    value, least = float(each.mean()), HALF * expected(between)
    reach = float(stats.t.ppf(1 - alpha, k - 1) * each.std(ddof=1) * np.sqrt(1 + 1 / k))
    low, high = max(value - reach, -1.0), min(value + reach, 1.0)
    return Resemblance(value, low, high, least, _why((value, low, high, least), between))


UNTOLD = "whether the refits resemble the audited model cannot be told ({why})"


def _large(group: Int) -> Bool:
    """Mask (u,) of units in groups of enough units."""
    count = np.append(np.bincount(group[group >= 0], minlength=1), 0)
    large: Bool = count[group] >= FEWEST_UNITS
    return large


def _silent(rows: Float) -> str:
    """Why centred outputs (1 + K, u), the model's first, tell nothing of resemblance; else ""."""
    if not rows.shape[1]:
        return f"no group has {FEWEST_UNITS} audited units"
    largest = np.abs(rows).max(axis=1)
    if not largest[0] > 0:
        return "its output does not vary within groups"
    if not (largest[1:] > 0).any():
        return "the output of no refit varies within groups"
    if np.ptp(rows[1:], axis=0).max() <= ALIKE * largest.max():
        return "the refits are all the same model, so that nothing tells how training varies"
    return ""


def _why(limits: tuple[float, float, float, float], between: float) -> str:
    """Why refits are not taken for refits of the model, "" where they are."""
    value, low, high, least = limits
    seen = f"within groups their outputs correlate with its own by {value:.2f}"
    if high < least:
        return (
            f"the refits do not resemble the audited model ({seen}, and a further refit's by "
            f"{high:.2f} at most, where {least:.2f} is the least; the outcome of the training "
            "people may be coded the other way round or be another, or refit= trains another model)"
        )
    if low <= 0:
        return UNTOLD.format(
            why=f"{seen}, and a further refit's by {low:.2f} at least, which is not above 0; with "
            f"one another they correlate by {between:.2f}, refits on noise by {NOISE} or less; "
            "train on more people, or on those of the model"
        )
    return ""


def expected(between: float) -> float:
    """The correlation of a model with refits on other people that correlate so `between` them.

    The output of a bootstrap refit is what all trainings share, variance S, plus the error of its
    training people, V, plus that of the resample, again V: two of them correlate by
    (S + V) / (S + 2 V), and with a model of other people by S / sqrt((S + V) (S + 2 V)), the
    attenuation of Spearman (1904, Am J Psychol 15:72). 0 where they tell no S.

    >>> expected(1.0), expected(0.5), round(expected(0.8), 3)
    (1.0, 0.0, 0.671)
    """
    if between <= NOISE:
        return 0.0
    error = (1 - between) / (2 * between - 1)
    return float(1 / np.sqrt((1 + error) * (1 + 2 * error)))


def _within(rows: Float, group: Int) -> Float:
    """Rows (r, u) less the mean of each group; what is left of rounding counts as 0."""
    _, codes = np.unique(group, return_inverse=True)
    hot = np.eye(int(codes.max(initial=-1)) + 1)[codes]
    centred = rows - (rows @ hot / np.maximum(hot.sum(axis=0), 1)) @ hot.T
    tiny = 1e-12 * np.abs(rows).max(axis=1, initial=0.0)[:, None]
    out: Float = np.where(np.abs(centred) <= tiny, 0.0, centred)
    return out
