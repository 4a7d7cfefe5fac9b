"""The record of accuracy and calibration along a continuous axis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Text
from evenlight.measures.check import explained, shaped


@dataclass(frozen=True, slots=True, eq=False)
class PerformanceAlong:
    """Losses of n units along q `components` of an axis: slopes, and curves on a grid (q, g).

    `slope` of each of m `losses` per SD of the component (`sd` (q,)), `se` HC3, `low`, `high`
    simultaneous 95 %, `p` and `p_maxt` by permutation, all (q, m), NaN with `reason`. `curve` (q,
    c, g) of the c `curves` with simultaneous band `band_low`, `band_high` along each curve, NaN
    with `curve_reason`; `worth` (q, g) is how many units stand behind a point; `overall` (c,).
    `note` says that not all rows of a unit enter, "" where they do.
    """

    axis: str
    components: tuple[str, ...]
    losses: tuple[str, ...]
    curves: tuple[str, ...]
    target: str
    unit: str
    alpha: float
    draws: int
    n: int
    note: str
    sd: Float
    slope: Float
    se: Float
    low: Float
    high: Float
    p: Float
    p_maxt: Float
    reason: Text
    overall: Float
    grid: Float
    worth: Float
    curve: Float
    band_low: Float
    band_high: Float
    curve_reason: Text

    def __post_init__(self) -> None:
        q, m, c, g = len(self.components), len(self.losses), len(self.curves), self.grid.shape[1]
        slopes = ("slope", "se", "low", "high", "p", "p_maxt")
        shaped(self, (q,), "sd")
        shaped(self, (q, m), *slopes, "reason")
        shaped(self, (c,), "overall")
        shaped(self, (q, g), "grid", "worth")
        shaped(self, (q, c, g), "curve", "band_low", "band_high", "curve_reason")
        explained(self, self.reason, *slopes)
        explained(self, self.curve_reason, "curve", "band_low", "band_high")

    def __repr__(self) -> str:
        told = ", ".join(
            f"{loss} {self.slope[0, m]:+.3g} per SD of {self.components[0]} (p = "
            f"{self.p[0, m]:.2g})"
            for m, loss in enumerate(self.losses)
            if np.isfinite(self.slope[0, m])
        )
        return f"Performance along {self.axis}: {told or 'cannot be told'}; see .to_frame()"

    def to_frame(self) -> pd.DataFrame:
        """One row a component and loss."""
        q, m = (a.ravel() for a in np.indices(self.slope.shape))
        numbers = ("slope", "se", "low", "high", "p", "p_maxt", "reason")
        made = {name: getattr(self, name).ravel() for name in numbers}
        return pd.DataFrame(
            {
                "axis": self.axis,
                "component": [self.components[i] for i in q],
                "sd": self.sd[q],
                "loss": [self.losses[i] for i in m],
                **made,
            }
        )

    def curves_frame(self) -> pd.DataFrame:
        """One row a component, curve and point."""
        q, c, g = (a.ravel() for a in np.indices(self.curve.shape))
        return pd.DataFrame(
            {
                "component": [self.components[i] for i in q],
                "curve": [self.curves[i] for i in c],
                "at": self.grid[q, g],
                "worth": self.worth[q, g],
                "value": self.curve.ravel(),
                "low": self.band_low.ravel(),
                "high": self.band_high.ravel(),
                "reason": self.curve_reason.ravel(),
            }
        )
