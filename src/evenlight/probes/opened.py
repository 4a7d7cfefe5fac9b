"""A model opened at its layers.

A layer of a network is read, and moved, by a forward hook; the network is handed back as it was
found. A step of a scikit-learn pipeline is what its transformers up to there make of the rows.
"""

from __future__ import annotations

from collections.abc import Sequence

from evenlight.data.cohort import Cohort
from evenlight.errors import ModelError
from evenlight.models.probe import settled
from evenlight.probes.layers import Channels, Layer
from evenlight.probes.network_layers import network_layers
from evenlight.probes.pipeline_layers import pipeline_layers


def opened(
    model: object,
    cohort: Cohort,
    *,
    layers: Sequence[str] | None,
    channels: Channels = None,
    whole: bool = False,
) -> tuple[Layer, ...]:
    """The named layers of a model, or its main ones: parts with weights, or steps of a pipeline.

    Maps are pooled over space, or held as a `whole`.

    Raises ModelError where the model has no layers, a name is unknown (with the nearest), or a
    layer does not give one output a row, or is too large to be held as a whole.
    """
    if isinstance(layers, str):
        layers = (layers,)
    if layers is not None and not layers:
        raise ModelError("no layer is named; name some, or leave layers= out")
    if channels not in (None, "first", "last"):
        raise ModelError(f'channels is {channels!r}; known: "first", "last"')
    adapted = settled(model, cohort)
    if adapted.module is not None:
        return network_layers(adapted, cohort, layers, channels, whole=whole)
    steps = getattr(adapted.estimator, "steps", None)
    if steps is None or len(steps) < 2:
        raise ModelError(
            f"{adapted.name} is no network and no pipeline: it has no layers; what its values tell "
            'is asked with leak(["values"], ...)'
        )
    return pipeline_layers(adapted, cohort, layers)
