"""Promptable segmentation (SAM) with one number as target: what the mask is within a region."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from evenlight.arrays import Values
from evenlight.errors import ModelError
from evenlight.models.adapt import adapt
from evenlight.models.adapted import Adapted
from evenlight.models.transformers import library
from evenlight.models.transformers.images import ImageReader, Normal, normal_of

Measure = Literal["mean logit", "area"]


def segmented(
    model: object,
    *,
    point: Sequence[float] | None = None,
    box: Sequence[float] | None = None,
    inside: Values | None = None,
    measure: Measure = "mean logit",
    normal: Normal | str | None = None,
    **declared: Any,
) -> Adapted:
    """A network that segments what a prompt points at, for images x (n, c, h, w).

    Parameters
    ----------
    model
        a module of transformers (SAM), a local folder, or a config.
    point, box
        (x, y), or (left, top, right, bottom), in pixels of x; the same for every row. One of them.
    inside
        region (h, w) that is looked at, such as an organ's known place; by default everywhere.
    measure
        "mean logit" of the mask inside the region, or "area": the share of the region in the mask,
        each pixel counted by its probability.
    normal
        as in `images`.

    Raises ModelError as `images` does, and for a prompt or region that is none.
    """
    prompt = _prompt(point, box)
    if measure not in ("mean logit", "area"):
        raise ModelError(f'measure={measure!r}; wanted "mean logit" or "area"')
    region = None if inside is None else np.asarray(inside, dtype=bool)
    if region is not None and (region.ndim != 2 or not region.any()):
        raise ModelError("inside= is a region (h, w) with at least one pixel")
    network = library.network(model, "AutoModel")

    def says(net: nn.Module, pixels: Tensor) -> Tensor:
        given = {name: v.to(pixels).expand(len(pixels), *v.shape[1:]) for name, v in prompt.items()}
        masks = net(pixel_values=pixels, multimask_output=False, **given).pred_masks[:, 0, 0]
        weight = _weight(region, masks, pixels)
        shown = masks if measure == "mean logit" else masks.sigmoid()
        held: Tensor = (shown * weight).sum(dim=(1, 2))[:, None] / weight.sum()
        return held

    made = ImageReader(network, says, normal_of(model, normal))
    return adapt(made, **{"link": "identity", "targets": [measure], **declared})


def _prompt(point: Sequence[float] | None, box: Sequence[float] | None) -> dict[str, Tensor]:
    """The prompt as the network takes it, for one row."""
    if (point is None) == (box is None):
        raise ModelError("say point= or box=, and one of them only")
    if point is not None:
        if len(point) != 2:
            raise ModelError(f"point={tuple(point)}; wanted (x, y)")
        return {"input_points": torch.tensor([[[[float(v) for v in point]]]])}
    assert box is not None
    if len(box) != 4 or box[2] <= box[0] or box[3] <= box[1]:
        raise ModelError(f"box={tuple(box)}; wanted (left, top, right, bottom)")
    return {"input_boxes": torch.tensor([[[float(v) for v in box]]])}


def _weight(region: Values | None, masks: Tensor, pixels: Tensor) -> Tensor:
    """How much of each pixel of the mask (h', w') lies in the region."""
    if region is None:
        return masks.new_ones(masks.shape[1:])
    if region.shape != tuple(pixels.shape[2:]):
        raise ModelError(f"inside= is {region.shape} and the images are {tuple(pixels.shape[2:])}")
    held = torch.as_tensor(region).to(masks)[None, None]
    return nn.functional.interpolate(held, size=masks.shape[1:], mode="area")[0, 0]
