"""What the layers of a model hold of every row."""

from __future__ import annotations

from collections.abc import Sequence

from evenlight.data.cohort import Cohort
from evenlight.data.representation import Representation
from evenlight.probes.layers import Channels
from evenlight.probes.opened import opened


def embed(
    model: object,
    cohort: Cohort,
    *,
    layers: Sequence[str] | None = None,
    channels: Channels = None,
    pooled: bool = True,
) -> tuple[Representation, ...]:
    """What the named layers hold, (n, d) each, in the model's own order.

    Of a torch network: modules by their names (`model.named_modules()`), by default its parts with
    weights at the first level that has several. Maps and tokens are averaged over all axes but the
    channels, which are the first after the rows, but the last of (rows, tokens, d) where the layer
    holds no convolution; `channels` says "first" or "last". What a map holds at one place, as an
    artefact in a corner, hardly moves that average: `pooled=False` keeps every place. Of a
    scikit-learn pipeline: what it holds after each named step, by default after every transformer.
    The model is handed back as it was found.

    Raises ModelError for a model without layers, an unknown name (with the nearest), and a layer
    that is not called once with one output a row, or too large to keep every place.
    """
    return tuple(
        Representation(
            layer.name,
            cohort.rows,
            layer.values,
            layer.source,
            {"pooled": layer.how, "cohort_digest": cohort.digest},
            layer.output,
        )
        for layer in opened(model, cohort, layers=layers, channels=channels, whole=not pooled)
    )
