"""Linear models in closed form: exact, and free of draws."""

from __future__ import annotations

from typing import Any

import numpy as np

from evenlight.arrays import Float
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.errors import ModelError
from evenlight.explainers.assemble import Explained, record
from evenlight.explainers.background import Reference
from evenlight.explainers.options import outs
from evenlight.models.probe import prepare


def explain(
    model: object,
    cohort: Cohort,
    *,
    target: int | str | None,
    background: Reference,
    rng: np.random.Generator,
    device: str = "cpu",
    out: Any = None,
) -> Attributions:
    """w_j (x_j - mean of x_j over the background); base is the background's mean margin.

    These are the Shapley values and the integrated gradients of a linear margin. Rows are read and
    written block by block; `out` as in `evenlight.explainers.options`. Raises ModelError where the
    weights are not known.
    """
    prepared = prepare(model, cohort, target=target)
    weights, intercept = prepared.adapted.weights, prepared.adapted.intercept
    if weights is None or intercept is None:
        raise ModelError(
            f"{prepared.adapted.name} shows no weights of a linear margin; "
            'say method="shapley", or method="ig" for a torch network'
        )
    w = weights[prepared.column]
    values = _values(cohort, w, background.mean, out)
    base = float(background.mean @ w + intercept[prepared.column])
    found = Explained("linear", values, base, {"complete": True, "device": "cpu"})
    return record(found, prepared, cohort, background)


def _values(cohort: Cohort, w: Float, mean: Float, out: Any) -> Any:
    """The attributions (n, p) in float32, in `out` where that is given."""
    size = (cohort.n, *cohort.x.shape[1:])
    written = outs(out, 1, size)
    values = written[0] if written else np.empty(size, dtype=np.float32)
    for part, x in cohort.blocks():
        values[part] = (w * (x - mean)).astype(np.float32)
    return values
