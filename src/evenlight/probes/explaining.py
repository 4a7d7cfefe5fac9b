"""Rows explained as they are and after a change, with one method, background and seed."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from evenlight.arrays import Float, Values
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.errors import EvenlightWarning, InputError
from evenlight.explainers.background import draw
from evenlight.explainers.explain import explain
from evenlight.models.probe import Prepared

How = str | Mapping[str, Any]
"""A name of EXPLAINERS, or {"method": name, its options}."""


@dataclass(frozen=True, slots=True, eq=False)
class Explaining:
    """How rows of a cohort are explained, the same before and after: method, options, background.

    `variables` sums one-hot columns, None where each column is a variable of its own.
    """

    prepared: Prepared
    cohort: Cohort
    method: str
    options: Mapping[str, Any]
    seed: int
    background: Float
    variables: FeatureSets | None

    def of(self, part: slice, x: Float) -> tuple[Values, int]:
        """The sizes |phi| (m, q) of rows that hold `x` (m, *s), and how many did not converge.

        The model was checked on the whole cohort, and is not checked again on each block.
        """
        there = holding(self.cohort, part, x)
        said = self.prepared.margin(x)
        ready = replace(self.prepared, output=said, cohort_digest=there.digest, rows=there.rows)
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", EvenlightWarning
            )  # of the background, told for the whole
            found = explain(
                ready, there, method=self.method, target=self.prepared.column,
                background=self.background, seed=self.seed, **self.options,
            )  # fmt: skip
        made = found if self.variables is None else found.by(self.variables)
        sizes = np.abs(np.asarray(made.values)).reshape(len(x), -1)
        return sizes, int((~found.converged).sum())


def explaining(
    prepared: Prepared, cohort: Cohort, how: How, *, rng: np.random.Generator
) -> Explaining:
    """The explainer of a probe; InputError where `how` names no method."""
    options: dict[str, Any] = {"method": how} if isinstance(how, str) else dict(how)
    if not isinstance(options.get("method"), str):
        raise InputError('explain= is the name of an explainer, or {"method": its name, options}')
    seed = int(rng.integers(2**31))
    rows = draw(cohort, options.pop("background", None), rng=np.random.default_rng([seed, 0])).rows
    coded = bool(cohort.features.indicators) and cohort.x.ndim == 2
    sets = cohort.features.variables() if coded else None
    method = str(options.pop("method"))
    return Explaining(prepared, cohort, method, options, seed, rows, sets)


def holding(cohort: Cohort, part: slice, x: Float) -> Cohort:
    """Some rows of a cohort with other values in them, which are not checked again."""
    return cohort.take(np.arange(cohort.n)[part]).altered(x=x, gaps=bool(np.isnan(x).any()))
