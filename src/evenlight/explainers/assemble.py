"""From what an explainer computed to the record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from evenlight.arrays import Bool, Float, Single
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.completeness import residual
from evenlight.data.features import Features
from evenlight.data.sealed_rows import sealed
from evenlight.explainers.background import Reference
from evenlight.models.probe import Prepared


@dataclass(frozen=True, slots=True, eq=False)
class Explained:
    """What an explainer found: `values` (n, *s), `base` (n,) or a number, and the optional rest.

    `values` may lie on disk in float32. `converged` (n,) overrules the completeness residual where
    the method promises none; `agreed` (n,) is asked for beside it. `features` are named where they
    are not the cohort's.
    """

    method: str
    values: Any
    base: Float | float
    settings: Mapping[str, object]
    spread: Float | None = None
    sensitivity: Float | None = None
    converged: Bool | None = None
    agreed: Bool | None = None
    features: Features | None = None


def record(
    found: Explained, prepared: Prepared, cohort: Cohort, background: Reference
) -> Attributions:
    """The record, with the completeness residual of every row in float64."""
    values: Any = found.values
    values = values if values.dtype == np.float32 else _single(values)
    base = np.broadcast_to(np.asarray(found.base, dtype=np.float64), (cohort.n,)).copy()
    values = sealed(values)
    error, within = residual(values, prepared.output, base)
    converged = within if found.agreed is None else within & found.agreed
    settings = {**found.settings, "checked": prepared.checked, "notes": background.notes}
    return Attributions(
        rows=cohort.rows, features=found.features or cohort.features, values=values,
        output=prepared.output,
        base=base, error=error, target=prepared.target, scale=prepared.adapted.scale,
        converged=converged if found.converged is None else found.converged,
        method=found.method, spread=_single(found.spread),
        sensitivity=_single(found.sensitivity), settings=settings,
        background=background.record, cohort_digest=cohort.digest,
    )  # fmt: skip


def _single(values: Float | Single | None) -> Single | None:
    return None if values is None else np.asarray(values, dtype=np.float32)
