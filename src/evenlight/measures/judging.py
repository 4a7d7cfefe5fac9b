"""How performance is judged: the margins, and the deployed threshold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from evenlight.errors import InputError
from evenlight.measures.prepare import ALPHA

MARGINS: Mapping[str, float] = {
    "auroc": 0.05,
    "brier": 0.02,
    "calibration_slope": 0.2,
    "sensitivity": 0.05,
    "specificity": 0.05,
}
"""Margins of difference by metric; MAE's is `MAE_SHARE` of the overall MAE. No other is judged."""

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
                near = get_close_matches(name, MARGINS, n=1, cutoff=0.0)[0]
                raise InputError(
                    f"no margin is set for {name!r}; did you mean {near!r}? Judged: {list(MARGINS)}"
                )
        object.__setattr__(self, "margins", {**MARGINS, **self.margins})
