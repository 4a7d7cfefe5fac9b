"""The layers of a scikit-learn pipeline: what it holds after each of its transformers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.errors import ModelError
from evenlight.models.adapt import adapt
from evenlight.models.adapted import Adapted
from evenlight.models.frames import as_dense, as_fitted
from evenlight.probes.layers import Layer, chosen


def pipeline_layers(
    adapted: Adapted, cohort: Cohort, asked: Sequence[str] | None
) -> tuple[Layer, ...]:
    """What a pipeline holds after each of its transformers."""
    model = adapted.estimator
    names = [name for name, step in model.steps[:-1] if step not in (None, "passthrough")]
    x, every = cohort.dense(), [name for name, _ in model.steps]
    wanted = chosen(asked, names, names)
    output = adapted.margin(x)
    made = [_step(adapted, cohort, name, every.index(name) + 1, x) for name in wanted]
    return tuple(replace(layer, output=output) for layer in made)


def _step(adapted: Adapted, cohort: Cohort, name: str, stop: int, x: Float) -> Layer:
    model = adapted.estimator
    held = as_dense(model[:stop].transform(as_fitted(model, x, cohort.rows)))
    if held.ndim != 2 or len(held) != cohort.n or not np.isfinite(held).all():
        raise ModelError(
            f"step {name!r} gives an array of shape {held.shape} for {cohort.n} rows, or values "
            "that are not finite; a layer is (n, d) and finite"
        )
    rest = _rest(adapted, model[stop:], held, cohort)

    def run(shift: Float) -> Float:
        return rest.margin(held - shift)

    return Layer(name, "step", held.astype(np.float32), run)


def _rest(adapted: Adapted, tail: Any, held: Float, cohort: Cohort) -> Adapted:
    """The steps that are left, as a model of what is held; shown to give the same margins."""
    link = "identity" if adapted.scale == "probability" else adapted.link
    known = hasattr(tail, "classes_")
    made = adapt(tail, link=link, targets=adapted.targets if known else None, gives=None)
    if made.settle is not None:
        made = made.settle(held[:1000], None, cohort.outcome_kind)
    sample = cohort.order[:200]
    apart = np.abs(made.margin(held[sample]) - adapted.margin(cohort.dense(sample))).max()
    if not apart <= 1e-6 * max(1.0, float(np.abs(made.margin(held[sample])).max())):
        raise ModelError(
            f"the last steps of {adapted.name} alone give margins that differ by {apart:.3g} from "
            "those of the whole; only pipelines whose steps follow one another can be opened"
        )
    return made
