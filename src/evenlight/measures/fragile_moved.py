"""What moved, row by row, when the data were changed: in SD(f), in decisions, in attributions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.data.perturbed import EXPLAINED, Perturbed

ROUNDING = 1e-6
"""A change below this part of SD(f) is the rounding of float32 outputs, and none."""


@dataclass(frozen=True, slots=True, eq=False)
class Moved:
    """Rows (n, s) of what moved: `change`, `size` in SD(f), `flips`, or None; means over draws.

    Every draw is judged by itself and then averaged: a decision that turns in one draw of four is
    a quarter of a flip, though the mean response turns it never. `each` holds the first and all
    further draws of what all rows share, of which this is the mean; () where there are no further.
    """

    made: Perturbed
    cohort: Cohort
    change: Float
    size: Float
    flips: Float | None
    sd: float
    each: tuple[Moved, ...] = ()

    @property
    def mass(self) -> Float | None:
        """The share of attribution mass that moved (n, s), None without attributions."""
        return self.made.moved.T if self.made.method else None

    @property
    def means(self) -> Mapping[str, tuple[Float, str, float]]:
        """Rows (n, s) by measure, with the kind of its limits and its value without a change."""
        out = {"change": (self.change, "mean", 0.0), "size": (self.size, "loss", 0.0)}
        if self.flips is not None:
            out["flips"] = self.flips, "share", 0.0
        if self.made.method:
            out["agreement"] = self.made.agreement.T, "mean", 1.0
            out["overlap"] = self.made.overlap.T, "share", 1.0
            out["moved"] = self.made.moved.T, "loss", 0.0
        return out


def moved_by(
    made: Perturbed,
    cohort: Cohort,
    *,
    sd: float,
    threshold: float | None = None,
    again: Sequence[Perturbed] = (),
) -> Moved:
    """What moved in SD(f), and which decisions turned at the threshold on the response."""
    one = _moved(made, cohort, sd, threshold)
    if not again:
        return one
    each = (one, *(_moved(other, cohort, sd, threshold) for other in again))
    names = ("change", "size") if threshold is None else ("change", "size", "flips")
    own = {name: np.mean([getattr(m, name) for m in each], axis=0) for name in names}
    return replace(one, made=_explained(made, again), each=each, **own)


def _moved(made: Perturbed, cohort: Cohort, sd: float, threshold: float | None) -> Moved:
    change = (made.margins - made.before[:, None]) / sd
    change = np.where(np.abs(change) <= ROUNDING, 0.0, change)
    flips = None
    if threshold is not None:
        yes = made.response_before >= threshold
        flips = ((made.responses >= threshold) != yes[:, None]).mean(axis=-1).T
    return Moved(made, cohort, change.mean(axis=-1).T, np.abs(change).mean(axis=-1).T, flips, sd)


def _explained(made: Perturbed, again: Sequence[Perturbed]) -> Perturbed:
    """The first draw with what attributions say on average over all draws."""
    every = (made, *again)
    own = {name: np.mean([getattr(one, name) for one in every], axis=0) for name in EXPLAINED}
    return replace(made, **(own if made.method else {}))
