"""Occlusion, written plainly: one feature at a time replaced by the background's values."""

from __future__ import annotations

import numpy as np

from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.explainers.assemble import Explained, record
from evenlight.explainers.background import Reference
from evenlight.models.probe import prepare


def explain(
    model: object,
    cohort: Cohort,
    *,
    target: int | str | None,
    background: Reference,
    rng: np.random.Generator,
    device: str = "cpu",
) -> Attributions:
    """f(x) minus the mean over background rows b of f(x with x_j from b), for each feature j.

    It does not promise that attributions add up: the residual is recorded and no row is refused.
    """
    prepared = prepare(model, cohort, target=target)
    x = cohort.dense()
    flat, reference = x.reshape(len(x), -1), background.rows.reshape(len(background.rows), -1)
    values = np.empty_like(flat)
    for j in range(flat.shape[1]):
        total = np.zeros(len(x))
        for row in reference:
            changed = flat.copy()
            changed[:, j] = row[j]
            total += prepared.margin(changed.reshape(x.shape))
        values[:, j] = prepared.output - total / len(reference)
    base = float(prepared.margin(background.rows).mean())
    found = Explained(
        "occlusion", values.reshape(x.shape), base, {"complete": False, "device": "cpu"},
        converged=np.ones(len(x), dtype=bool),
    )  # fmt: skip
    return record(found, prepared, cohort, background)
