"""Small cohorts of every kind that perturbations change, and a suite made for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features, Indicators
from evenlight.probes.perturbations.perturbation import Suite
from evenlight.probes.perturbations.suites import suite

N = 24
"""Rows of each cohort."""


def people(n: int = N) -> pd.DataFrame:
    """Two groups, ids in no order."""
    ids = [f"r{i:03d}" for i in np.random.default_rng(9).permutation(n)]
    return pd.DataFrame({"g": np.resize(["a", "b"], n), "y": np.resize([0, 1, 1], n)}, index=ids)


def cohort_of(x: Float, features: Any = None, **roles: Any) -> Cohort:
    """These rows, each a person."""
    return Cohort(x, people(len(x)), features, groups=["g"], unit="row", **roles)


def counts() -> Cohort:
    """Reads of 40 genes, many 0."""
    rng = np.random.default_rng(0)
    return cohort_of(rng.poisson(rng.gamma(0.5, 8.0, 40), (N, 40)).astype(float))


def cells() -> Cohort:
    """The same per about 1,000 reads, log(1 + x)."""
    x = counts().dense()
    x *= np.random.default_rng(7).uniform(0.5, 1.5, (N, 1)) / x.sum(axis=1, keepdims=True) * 1000
    return cohort_of(np.log1p(x))


def normalised() -> Cohort:
    """The same per 1,000 reads exactly."""
    x = counts().dense()
    return cohort_of(np.log1p(1000 * x / x.sum(axis=1, keepdims=True)))


def arrays() -> Cohort:
    """Log2 intensities of 40 probes."""
    return cohort_of(np.random.default_rng(1).normal(9.0, 2.0, (N, 40)).clip(5, 16))


def genotypes() -> Cohort:
    """30 variants with places and alleles in their names, every third one A/T."""
    rng = np.random.default_rng(2)
    names = [f"{1 + j % 2}:{900 - j}:A:{'TCG'[j % 3]}" for j in range(30)]
    return cohort_of(rng.binomial(2, rng.uniform(0.1, 0.5, 30), (N, 30)).astype(float), names)


def codes() -> Cohort:
    """DNA of length 50 as codes, N at the end of some."""
    x = np.random.default_rng(3).integers(0, 4, (N, 50)).astype(float)
    x[::3, 40:] = 4
    return cohort_of(x)


def hot() -> Cohort:
    """DNA of length 50, one-hot (4, 50)."""
    at = np.random.default_rng(4).integers(0, 4, (N, 50))
    return cohort_of((at[:, None] == np.arange(4)[None, :, None]).astype(float))


def images() -> Cohort:
    """Two channels of 16 x 20 pixels, grey values 0 to 255."""
    return cohort_of(np.random.default_rng(5).integers(0, 256, (N, 2, 16, 20)).astype(float))


def table() -> Cohort:
    """Height, decade of age, a yes or no, and a one-hot variable with a state that is unknown."""
    rng = np.random.default_rng(6)
    race = rng.integers(0, 3, N)
    x = np.column_stack(
        [rng.normal(170, 10, N), rng.integers(2, 9, N), rng.integers(0, 2, N), race == 1, race == 2]
    ).astype(float)
    coded = Indicators("race", {"race B": "B", "race ?": "unknown"}, "A")
    return cohort_of(x, Features(("height", "age", "smoker", "race B", "race ?"), None, (coded,)))


WORLDS: Mapping[str, tuple[Callable[[], Cohort], Mapping[str, Any]]] = {
    "counts": (counts, {"name": "counts"}),
    "log1p": (cells, {"name": "expression", "scale": "log1p"}),
    "log2": (arrays, {"name": "expression", "scale": "log2"}),
    "genotypes": (genotypes, {"name": "genotypes"}),
    "codes": (codes, {"name": "sequence"}),
    "one-hot": (hot, {"name": "sequence"}),
    "imaging": (images, {"name": "imaging"}),
    "tabular": (table, {"name": "tabular"}),
}


def world(name: str) -> tuple[Cohort, Suite]:
    """A cohort and its suite."""
    make, asked = WORLDS[name]
    cohort = make()
    return cohort, suite(cohort=cohort, **asked)


def every() -> list[tuple[str, str]]:
    """Each world with each perturbation of its suite."""
    return [(name, p.name) for name in WORLDS for p in world(name)[1].perturbations]
