"""Networks that read images: classifiers, and encoders with or without a head of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from evenlight.arrays import Values
from evenlight.data.plain_files import read_json
from evenlight.errors import ModelError
from evenlight.models.adapt import adapt
from evenlight.models.adapted import Adapted
from evenlight.models.transformers import library
from evenlight.models.transformers.tokens import labels_of

Normal = tuple[Sequence[float], Sequence[float]]
"""Mean and standard deviation of each channel, in the unit of x."""

BYTES = 255.0
"""The largest value of an image of bytes, which a folder's rescale factor is made for."""


class ImageReader(nn.Module):
    """Images (m, c, h, w) to raw outputs (m, t): normalised, and said by `says` of the network."""

    def __init__(
        self, network: nn.Module, says: Callable[[nn.Module, Tensor], Tensor], normal: Normal | None
    ) -> None:
        super().__init__()
        self.network, self.says, self.size = network, says, size_of(network)
        self.original_name = type(network).__name__
        self.training = network.training
        mean, spread = ((0.0,), (1.0,)) if normal is None else normal
        for name, values in (("mean", mean), ("spread", spread)):
            held = torch.tensor([float(v) for v in values]).reshape(1, -1, 1, 1)
            self.register_buffer(name, held)
        if not bool((self.get_buffer("spread") > 0).all()):
            raise ModelError(f"the standard deviations of channels are {spread}; wanted above 0")

    def forward(self, x: Tensor) -> Tensor:
        """Raw outputs (m, t)."""
        channels = self.get_buffer("mean").shape[1]
        if x.ndim != 4 or (self.size and tuple(x.shape[2:]) != self.size):
            raise ModelError(
                f"{self.original_name} reads images (rows, channels, {self.size}), found shape "
                f"{tuple(x.shape)}; resample them before, as for training"
            )
        if channels not in (1, x.shape[1]):
            raise ModelError(f"{channels} channels are normalised, and x has {x.shape[1]}")
        return self.says(self.network, (x - self.get_buffer("mean")) / self.get_buffer("spread"))


def images(
    model: object,
    *,
    head: tuple[Values, Values] | None = None,
    encoder: bool = False,
    normal: Normal | str | None = None,
    **declared: Any,
) -> Adapted:
    """A network of images (ViT, DINOv2 ...), for x (n, c, h, w).

    Parameters
    ----------
    model
        a module of transformers, a local folder, or a config.
    head
        weights (t, d) and offsets (t,) of a linear head on the encoder's pooled output.
    encoder
        the pooled output itself (n, d): d targets, for `evenlight` to read as a representation.
    normal
        mean and standard deviation of each channel, in the unit of x; "folder" reads those of the
        model's folder, for x from 0 to 255. Left out, x is passed on as it is.
    **declared
        as in `evenlight.adapt`.

    Without head and encoder, the network is a classifier and gives its logits. Raises ModelError
    as `sequences` does, and for images of another size than the network was made for.
    """
    if head is not None and encoder:
        raise ModelError("say head= or encoder=True, not both")
    plain = head is None and not encoder
    auto = "AutoModelForImageClassification" if plain else "AutoModel"
    network = library.network(model, auto)
    asked = dict(declared)
    if plain:
        asked.setdefault("targets", labels_of(network))
    says = _logits if plain else _pooled if head is None else _headed(head)
    return adapt(ImageReader(network, says, normal_of(model, normal)), **asked)


def normal_of(model: object, normal: Normal | str | None) -> Normal | None:
    """Mean and standard deviation of channels as given, or as the model's folder says."""
    if not isinstance(normal, str):
        return normal
    if normal != "folder" or not isinstance(model, str | Path):
        raise ModelError(f'normal={normal!r}; wanted (mean, standard deviation), or "folder"')
    file = Path(model) / "preprocessor_config.json"
    if not file.is_file():
        raise ModelError(f"folder {Path(model).name!r} holds no preprocessor_config.json")
    told = read_json(file, error=ModelError)
    rescale = float(told.get("rescale_factor", 1 / BYTES)) if told.get("do_rescale", True) else 1.0
    if not told.get("do_normalize", True):
        return (0.0,), (1 / rescale,)
    mean, spread = told["image_mean"], told["image_std"]
    return [v / rescale for v in mean], [v / rescale for v in spread]


def size_of(network: nn.Module) -> tuple[int, int] | None:
    """Height and width that a network was made for, None where its config does not say."""
    config = getattr(network, "config", None)
    config = getattr(config, "vision_config", config)
    size = getattr(config, "image_size", None)
    if size is None:
        return None
    pair = (size, size) if isinstance(size, int) else tuple(size)
    return int(pair[0]), int(pair[1])


def _logits(network: nn.Module, pixels: Tensor) -> Tensor:
    said: Tensor = network(pixel_values=pixels).logits
    return said


def _pooled(network: nn.Module, pixels: Tensor) -> Tensor:
    """The pooled output (m, d), else the first token of the last layer."""
    said = network(pixel_values=pixels)
    held = getattr(said, "pooler_output", None)
    made: Tensor = said.last_hidden_state[:, 0] if held is None else held
    return made.flatten(1)


def _headed(head: tuple[Values, Values]) -> Callable[[nn.Module, Tensor], Tensor]:
    weights, offset = (torch.as_tensor(part, dtype=torch.float64) for part in head)
    if weights.ndim != 2 or offset.shape != weights.shape[:1]:
        raise ModelError(
            f"the head has weights {tuple(weights.shape)} and offsets {tuple(offset.shape)}, "
            "wanted (t, d) and (t,)"
        )

    def says(network: nn.Module, pixels: Tensor) -> Tensor:
        held = _pooled(network, pixels)
        if held.shape[1] != weights.shape[1]:
            raise ModelError(
                f"the head weighs {weights.shape[1]} numbers, and the encoder gives {held.shape[1]}"
            )
        return held @ weights.to(held).T + offset.to(held)

    return says
