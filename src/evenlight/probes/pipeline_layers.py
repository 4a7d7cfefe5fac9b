"""The layers of a scikit-learn pipeline: what it holds after each of its transformers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.errors import ModelError
from evenlight.models.adapt import adapt
from evenlight.models.adapted import Adapted
from evenlight.probes.layers import Layer, chosen


def pipeline_layers(
    adapted: Adapted, cohort: Cohort, asked: Sequence[str] | None
) -> tuple[Layer, ...]:
    """What a pipeline holds after each of its transformers."""
    model = adapted.estimator
    names = [name for name, step in model.steps[:-1] if step not in (None, "passthrough")]
    x, every = cohort.dense(), [name for name, _ in model.steps]
    wanted = chosen(asked, names, names)
    return tuple(_step(adapted, cohort, name, every.index(name) + 1, x) for name in wanted)


def _step(adapted: Adapted, cohort: Cohort, name: str, stop: int, x: Float) -> Layer:
    model = adapted.estimator
    held = _dense(model[:stop].transform(_framed(model, x, cohort)))
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


def _framed(model: Any, x: Float, cohort: Cohort) -> Any:
    """Rows with the names that the pipeline was fitted with, if it was fitted with names."""
    names = getattr(model, "feature_names_in_", None)
    return x if names is None else pd.DataFrame(x, columns=list(names), index=cohort.rows)


def _dense(values: Any) -> Float:
    return np.asarray(values.toarray() if hasattr(values, "toarray") else values, dtype=np.float64)
