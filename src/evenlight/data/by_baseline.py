"""How much of what an explanation says rests on the baseline that it starts from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Text
from evenlight.errors import AttributionError


@dataclass(frozen=True, slots=True, eq=False)
class ByBaseline:
    """Attributions of p `subjects` under k `baselines`, the first of which is the one compared to.

    `share` (k, p): a subject's part of the mean |attribution| over units. `alike` (k, p):
    correlation over units of a subject's attributions with those from the first baseline; NaN where
    one of them does not vary, with its `reason`. `in_base` (k,): variance of the base over that of
    the output: what the references of rows have taken up, which is in no subject. `units` count
    those whose rows converged under every baseline.
    """

    baselines: tuple[str, ...]
    subjects: tuple[str, ...]
    share: Float
    alike: Float
    in_base: Float
    reason: Text
    units: int
    method: str
    target: str

    def __post_init__(self) -> None:
        k, p = len(self.baselines), len(self.subjects)
        for name, shape in (("share", (k, p)), ("alike", (k, p)), ("in_base", (k,))):
            if getattr(self, name).shape != shape:
                raise AttributionError(f"{name} has shape {getattr(self, name).shape}, not {shape}")
        if (np.isnan(self.alike) != (self.reason != "")).any():
            raise AttributionError("every correlation that is NaN needs its reason, and no other")

    def to_frame(self) -> pd.DataFrame:
        """One row a baseline and subject."""
        k, p = (a.ravel() for a in np.indices(self.share.shape))
        return pd.DataFrame(
            {
                "baseline": [self.baselines[i] for i in k],
                "subject": [self.subjects[j] for j in p],
                "share": self.share.ravel(),
                "alike": self.alike.ravel(),
                "in_base": self.in_base[k],
                "reason": self.reason.ravel(),
            }
        )

    def __repr__(self) -> str:
        return (
            f"ByBaseline: {len(self.subjects)} subjects from {len(self.baselines)} baselines "
            f"({', '.join(self.baselines)}), {self.units} units; see .to_frame()"
        )
