"""People with a cause, a marker of their group and noise, of which models are trained anew."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit

from evenlight.data.cohort import Cohort

FEATURES = ("cause", "marker", "noise")


def drawn(
    seed: int, n: int = 400, *, gap: float = 1.5, kind: str = "binary", prefix: str = "t"
) -> Cohort:
    """A cause, a marker of the group, noise; the outcome follows the cause and the group."""
    rng = np.random.default_rng(seed)
    group = np.arange(n) % 2
    x = rng.normal(size=(n, 3))
    x[:, 1] += 2 * group
    score = x[:, 0] + gap * (group - 0.5)
    if kind == "binary":
        y = (rng.random(n) < expit(score)).astype(float)
    else:
        y = score + 0.5 * rng.normal(size=n)
    if kind == "three classes":
        y = np.digitize(y, [-0.7, 0.7]).astype(float)
    people = pd.DataFrame(
        {"group": np.array(["a", "b"])[group], "y": y}, index=[f"{prefix}{i:04d}" for i in range(n)]
    )
    roles: dict[str, object] = {"outcome": "y", "unit": "row", "groups": ["group"]}
    if kind == "three classes":
        people["y"] = np.array(["low", "mid", "zenith"])[y.astype(int)]
    return Cohort(x, people, FEATURES, **roles)  # type: ignore[arg-type]
