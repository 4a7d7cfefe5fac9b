"""Maps by captum: what covering a part of the input takes away, and where a layer looks."""

from __future__ import annotations

from collections.abc import Sequence

import captum
import numpy as np
import torch
from captum.attr import LayerAttribution, LayerGradCam, Occlusion
from torch import Tensor, nn

from evenlight.arrays import Values
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.errors import AttributionError, ModelError
from evenlight.explainers.background import Reference
from evenlight.explainers.baseline import starts_of
from evenlight.explainers.borrowed import task

VERSION = str(captum.__version__)


def occlusion(
    model: object,
    cohort: Cohort,
    *,
    target: int | str | None,
    background: Reference,
    rng: np.random.Generator,
    device: str = "cpu",
    baseline: str | Values = "mean",
    window: Sequence[int] | None = None,
    stride: Sequence[int] | None = None,
) -> Attributions:
    """Margin minus margin with a window set to the baseline, averaged over the windows on a place.

    `window` and `stride` have one number for each axis of a row: by default one feature of a table,
    and for images all channels of an eighth of each side, without overlap. `baseline` as in "ig".
    It does not promise that attributions add up: the residual is recorded and no row is refused.

    Raises AttributionError for a window that does not fit.
    """
    starts, kind = starts_of(baseline, cohort, background)
    size, steps = _windows(cohort.x.shape[1:], window, stride)
    with task(model, cohort, target, background) as one:
        method = Occlusion(one.net)

        def work(x: Tensor) -> Tensor:
            parts = [method.attribute(x, size, steps, one.tensor(start[None])) for start in starts]
            return torch.stack(parts).mean(dim=0)

        with torch.no_grad():
            values = one.rows(work)
        base = float(one.prepared.margin(starts).mean())
        return one.record(
            "captum.occlusion", values, base, baseline=kind, baselines=len(starts),
            window=list(size), stride=list(steps), captum=VERSION, complete=False,
        )  # fmt: skip


def _windows(
    shape: tuple[int, ...], window: Sequence[int] | None, stride: Sequence[int] | None
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Size and step of the window along each axis of a row."""
    image = len(shape) > 1
    usual = (shape[0], *(max(1, side // 8) for side in shape[1:])) if image else (1,)
    size = usual if window is None else tuple(window)
    steps = size if stride is None else tuple(stride)
    for name, given in (("window", size), ("stride", steps)):
        fits = [1 <= a <= b for a, b in zip(given, shape, strict=False)]
        if len(given) != len(shape) or not all(fits):
            raise AttributionError(f"{name}={given}; wanted one number from 1 to each of {shape}")
    return size, steps


def gradcam(
    model: object,
    cohort: Cohort,
    *,
    target: int | str | None,
    background: Reference,
    rng: np.random.Generator,
    device: str = "cpu",
    layer: str = "",
    positive: bool = False,
) -> Attributions:
    """Grad-CAM (Selvaraju 2017) of a convolutional layer, its map enlarged to the input.

    `layer` is the path of a submodule; `positive` keeps what speaks for the target only, as in the
    paper. The map is shared equally by the channels. It measures from no background and does not
    add up: base is the background's mean margin, the residual is recorded and no row is refused.

    Raises ModelError for a layer that does not exist or gives no map.
    """
    with task(model, cohort, target, background) as one:
        part = _layer(one.net.network, layer)
        method = LayerGradCam(one.net, part)
        shape = cohort.x.shape[1:]

        def work(x: Tensor) -> Tensor:
            small: Tensor = method.attribute(x, relu_attributions=positive)
            if small.ndim != x.ndim or x.ndim < 3:
                raise ModelError(f"layer {layer!r} gives {tuple(small.shape)}, no map of {shape}")
            mode = ("linear", "bilinear", "trilinear")[x.ndim - 3]
            large: Tensor = LayerAttribution.interpolate(small, tuple(shape[1:]), mode)
            return large.expand_as(x) / shape[0]

        values = one.rows(work)
        base = float(one.prepared.margin(background.rows).mean())
        return one.record(
            "captum.gradcam", values, base, layer=layer, positive=positive, captum=VERSION,
            complete=False,
        )  # fmt: skip


def _layer(module: nn.Module, layer: str) -> nn.Module:
    parts: dict[str, nn.Module] = dict(module.named_modules())
    if layer in parts and layer:
        return parts[layer]
    maps = [name for name, part in parts.items() if "Conv" in type(part).__name__] or list(parts)
    known = ", ".join(maps[-3:])
    found = f"there is no layer {layer!r}" if layer else "captum.gradcam looks at one layer"
    raise ModelError(f"{found}; name one with layer=, such as {known}")
