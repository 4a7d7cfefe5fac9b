"""How performance is judged: the margins, and the deployed threshold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite

from evenlight.data.nearest import nearest
from evenlight.errors import InputError
from evenlight.measures.prepare import ALPHA

MARGINS: Mapping[str, float] = {
    "auroc": 0.05,
    "brier": 0.02,
    "calibration_slope": 0.2,
    "sensitivity": 0.05,
    "specificity": 0.05,
    "concordance_uno": 0.05,
}
"""Margins of difference by metric; MAE's is `MAE_SHARE` of the overall MAE. No other is judged.

Of survival Uno's concordance is: Harrell's also follows how long a group was followed."""

MAE_SHARE = 0.10


@dataclass(frozen=True, slots=True)
class Judging:
    """How performance is judged: the deployed threshold on the response, and margins by metric.

    `alpha` is one minus the coverage of the simultaneous interval of the differences.
    """

    threshold: float | None = None
    margins: Mapping[str, float] = field(default_factory=lambda: dict(MARGINS))
    mae_share: float = MAE_SHARE
    alpha: float = ALPHA

    def __post_init__(self) -> None:
        for name in self.margins:
            if name not in MARGINS:
                near = nearest(name, MARGINS, cutoff=0.0)
                raise InputError(
                    f"no margin is set for {name!r}; did you mean {near!r}? Judged: {list(MARGINS)}"
                )
        for name, margin in {**self.margins, "mae_share": self.mae_share}.items():
            if not margin > 0:
                raise InputError(f"the margin of {name} is {margin}; it is a positive number")
        if not 0 < self.alpha < 0.5:
            raise InputError(f"alpha is {self.alpha}; it lies between 0 and 0.5, as 0.05")
        if self.threshold is not None and not isfinite(self.threshold):
            raise InputError(f"threshold is {self.threshold}; it is a number, or None for none")
        object.__setattr__(self, "margins", {**MARGINS, **self.margins})
