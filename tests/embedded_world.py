"""People whose embedding is a random rotation of known factors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort

N, D = 500, 12


def turn(d: int = D, seed: int = 9) -> Float:
    """A random rotation (d, d)."""
    return np.asarray(np.linalg.qr(np.random.default_rng(seed).normal(size=(d, d)))[0])


def world(
    n: int = N, d: int = D, *, off: float = 0.0, rows: int = 1, seed: int = 0
) -> tuple[Float, Cohort]:
    """An embedding (n * rows, d) and its people, `rows` rows each.

    Factor 0 tells ancestry alone, factor 1 the outcome alone; in ancestry b the log odds are `off`
    higher than the factor says. Everything else is noise.
    """
    rng = np.random.default_rng(seed)
    anc = np.arange(n) % 2
    factors = rng.normal(size=(n, d))
    factors[:, 0] += 2.5 * anc
    y = rng.random(n) < expit(1.6 * factors[:, 1] + off * anc)
    who = np.repeat(np.arange(n), rows)
    e = (factors[who] + 0.3 * rng.normal(size=(n * rows, d)) * (rows > 1)) @ turn(d)
    people = pd.DataFrame(
        {"anc": np.where(anc, "b", "a")[who], "y": y[who].astype(int), "person": who},
        index=[f"r{i:04d}" for i in range(n * rows)],
    )
    cohort = Cohort(np.zeros((n * rows, 1)), people, outcome="y", groups=["anc"], unit="person")
    return e, cohort


def with_outcome(cohort: Cohort, name: str, values: Any) -> Cohort:
    """The same people with another outcome."""
    people = cohort.people.assign(**{name: values})
    return Cohort(cohort.x, people, outcome=name, groups=["anc"], unit=cohort.unit)
