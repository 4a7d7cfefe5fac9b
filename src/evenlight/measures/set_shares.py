"""Which part of all importance lies in each set of features, by group."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

from evenlight.arrays import Bool, Float, Int, Text
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.groups import Groups
from evenlight.data.misfit import misfit
from evenlight.errors import AttributionError
from evenlight.measures.check import explained, shaped
from evenlight.measures.dominance import one_is_most
from evenlight.measures.prepare import Setting, setting
from evenlight.small_groups import hidden_text, least_shown
from evenlight.stats.disclosure import told_limits, told_step, told_values

SHARE = ("share", "low", "high")


@dataclass(frozen=True, slots=True, eq=False)
class SetShares:
    """Shares (k, s) of importance by group and set, with pointwise 95 % limits.

    Importance of a feature is its mean |attribution| over units; a set has the sum over its
    features, a share is that over the sum of all features. `features` (s,) of each set, so that a
    share can be held against the number of features that make it; `kind` is that of the sets.
    Groups of fewer than 11 units have a `reason` (k,).
    """

    grouping: str
    kind: str
    levels: tuple[str, ...]
    sets: tuple[str, ...]
    features: Int
    share: Float
    low: Float
    high: Float
    reason: Text

    def __post_init__(self) -> None:
        shape = (len(self.levels), len(self.sets))
        shaped(self, shape, *SHARE)
        shaped(self, shape[1:], "features")
        shaped(self, shape[:1], "reason")
        explained(self, np.repeat(self.reason[:, None], shape[1], axis=1), *SHARE)

    def to_frame(self) -> pd.DataFrame:
        """One row a group and set."""
        k, s = (a.ravel() for a in np.indices(self.share.shape))
        return pd.DataFrame(
            {
                "grouping": self.grouping,
                "kind": self.kind,
                "level": [self.levels[i] for i in k],
                "set": [self.sets[j] for j in s],
                "features": self.features[s],
                **{name: getattr(self, name).ravel() for name in SHARE},
                "reason": self.reason[k],
            }
        )

    def __repr__(self) -> str:
        return f"SetShares: {len(self.sets)} sets by {self.grouping} ({', '.join(self.levels)})"


def set_shares(
    attributions: Attributions, cohort: Cohort, sets: FeatureSets, *, by: str | Groups
) -> SetShares:
    """The share of importance in each of `sets` (a partition, as `maf_strata` makes) by group.

    Descriptive: nothing is tested between groups. Limits are those of a ratio of means over units
    (linearised, t). Raises AttributionError for sets of other features, FeatureError where a
    feature is in none or several, and for a group without any attribution.
    """
    made = attributions.at(cohort)
    if not sets.fits(made.features.names, tuple(made.values.shape[1:])):
        shape = tuple(made.values.shape[1:])
        raise AttributionError(misfit(sets, made.features.names, shape))
    owner = sets.owners()
    here = setting(cohort, by, kept=made.converged)
    size = np.abs(here.per_unit(made.values.reshape(made.n, -1).astype(np.float64)))
    parts = np.zeros((len(size), len(sets.names)))
    np.add.at(parts.T, owner, size.T)
    if one_is_most(parts, here.unit_group).any():  # shares add up to 1, groups to everybody
        here = replace(here, coarse=True)
    shape = (len(here.groups.levels), len(sets.names))
    out = {name: np.full(shape, np.nan) for name in SHARE}
    reason = np.full(shape[0], "", dtype=object)
    for k in range(shape[0]):
        own = here.unit_group == k
        if own.sum() < least_shown():
            reason[k] = hidden_text()
            continue
        for name, values in zip(SHARE, _ratio(parts, own, here), strict=True):
            out[name][k] = values
    many = np.bincount(owner, minlength=shape[1]).astype(np.int64)
    return SetShares(
        here.groups.name, sets.kind, here.groups.levels, sets.names, many, **out,
        reason=reason.astype(np.str_),
    )  # fmt: skip


def _ratio(parts: Float, own: Bool, here: Setting) -> tuple[Float, Float, Float]:
    """Shares (s,) of some units and their limits, as coarse as the counts beside them."""
    x, n = parts[own], int(own.sum())
    total = x.sum(axis=1)
    if not total.mean() > 0:
        raise AttributionError("all attributions of a group are 0; there is nothing to share out")
    share = x.mean(axis=0) / total.mean()
    rest = (x - share * total[:, None]) / total.mean()
    se = rest.std(axis=0, ddof=1) / np.sqrt(n)
    half = stats.t.ppf(0.975, n - 1) * se
    low, high = np.maximum(share - half, 0.0), np.minimum(share + half, 1.0)
    if here.rounded:
        step = told_step(se, np.array(n))
        share, (low, high) = told_values(share, step), told_limits(low, high, step)
    return share, low, high
