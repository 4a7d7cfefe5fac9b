"""People and networks on which the engine of integrated gradients is tested."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd

from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.errors import EvenlightWarning
from evenlight.explainers.explain import explain

PEOPLE = pd.DataFrame({"sex": np.tile(["f", "m"], 20)}, index=[f"r{i:02d}" for i in range(40)])


def cohort(*shape: int, seed: int = 0, x: Any = None) -> Cohort:
    """Forty rows of noise, or of x."""
    values = np.random.default_rng(seed).normal(size=(40, *shape)) if x is None else x
    return Cohort(values, PEOPLE, groups=["sex"])


def quietly(module: object, people: Cohort, **own: Any) -> Attributions:
    """The attributions of target 0, whatever is warned of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EvenlightWarning)
        return explain(module, people, method="ig", target=0, **own)
