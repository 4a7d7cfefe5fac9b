"""Networks that segment, with one number for each structure as targets.

A network that gives a map for each image has no single output to explain. One must be declared:
the expected volume of a structure, its soft Dice coefficient against a reference, or how sure the
network is of it on average. All three are smooth in the image, so that every explainer serves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from evenlight.arrays import Values
from evenlight.errors import ModelError
from evenlight.models.adapt import adapt
from evenlight.models.adapted import Adapted

Measure = Literal["volume", "dice", "mean logit"]
MEASURES: tuple[Measure, ...] = ("volume", "dice", "mean logit")
Activation = Literal["softmax", "sigmoid", "none"]
ACTIVATIONS: tuple[Activation, ...] = ("softmax", "sigmoid", "none")
Structures = Mapping[str, int | Sequence[int]]
"""Name of a structure to its channel of the map, or to several that it is made of."""


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """What is asked of a map (m, k, *space), checked."""

    structures: tuple[tuple[int, ...], ...]
    measure: Measure
    activation: Activation
    own: bool
    position: float

    def __post_init__(self) -> None:
        if self.measure not in MEASURES:
            raise ModelError(f"measure={self.measure!r}; wanted {', '.join(MEASURES)}")
        if self.activation not in ACTIVATIONS:
            raise ModelError(f"activation={self.activation!r}; wanted {', '.join(ACTIVATIONS)}")
        if not self.structures or any(not one for one in self.structures):
            raise ModelError("name one structure or more, each with its channel of the map")
        several = any(len(one) > 1 for one in self.structures)
        if several and self.activation != "softmax":
            raise ModelError(
                f'activation={self.activation!r}: channels add up with "softmax" only, where no '
                "position is in two of them; name one channel for each structure"
            )
        if not self.position > 0:
            raise ModelError("spacing= is the positive distance of positions along each axis")


class Segmented(nn.Module):
    """A network (m, c, *space) -> (m, k, *space), with one number for each structure."""

    def __init__(self, network: nn.Module, asked: _Asked, reference: Tensor | None) -> None:
        super().__init__()
        self.network, self.asked = network, asked
        self.register_buffer("reference", reference, persistent=False)
        self.original_name = getattr(network, "original_name", type(network).__name__)
        self.training = network.training

    def forward(self, x: Tensor) -> Tensor:
        """One number for each structure, (m, t)."""
        count, own = len(self.asked.structures), self.asked.own
        if own and x.shape[1] <= count:
            raise ModelError(
                f"x has {x.shape[1]} channels, of which the last {count} are to be references; add "
                "them with ev.with_references(cohort, masks)"
            )
        image = x[:, :-count] if own else x
        inside = self._inside(self.network(image), image)
        held: Any = x[:, -count:] if own else self.reference
        if held is not None and tuple(held.shape[-image.ndim + 2 :]) != tuple(inside.shape[2:]):
            raise ModelError(
                f"the reference is {tuple(held.shape[-image.ndim + 2 :])} and the map "
                f"{tuple(inside.shape[2:])}; bring it to the positions of the map"
            )
        size = float(np.prod(x.shape[2:]) / np.prod(inside.shape[2:])) * self.asked.position
        return _numbers(self.asked.measure, inside, held, size)

    def _inside(self, maps: Any, image: Tensor) -> Tensor:
        """The chance, or log odds, that each position is in each structure, (m, t, *space)."""
        if not isinstance(maps, Tensor) or maps.ndim != image.ndim or len(maps) != len(image):
            kind = tuple(maps.shape) if isinstance(maps, Tensor) else f"a {type(maps).__name__}"
            raise ModelError(
                f"{self.original_name} gives {kind} for images {tuple(image.shape)}; wanted maps "
                "(m, k, *space), or say which output they are with ev.wire(network, output=...)"
            )
        top = max(max(one) for one in self.asked.structures)
        if not top < maps.shape[1]:
            raise ModelError(f"channel {top} of a map with {maps.shape[1]}; name 0 to one less")
        made = _logits if self.asked.measure == "mean logit" else _chances
        said = [made(maps, self.asked.activation, list(one)) for one in self.asked.structures]
        return torch.stack(said, dim=1)


def segmented(
    network: nn.Module,
    structures: Structures,
    *,
    activation: Activation,
    measure: Measure = "volume",
    reference: Values | Literal["channels"] | None = None,
    spacing: Sequence[float] = (),
    **declared: Any,
) -> Adapted:
    """A network that segments, as a model with one target for each structure.

    Parameters
    ----------
    network
        a torch module from images (m, c, *space) to maps (m, k, *space).
    structures
        name to channel of the map, or to channels that a structure is made of.
    activation
        what makes chances of the map: "softmax" over its channels, "sigmoid" of each, or "none"
        where the network gives chances.
    measure
        "volume": the expected number of positions inside, times their size. "dice": the soft Dice
        coefficient 2 sum(p g) / (sum p + sum g) of chances p and reference g (Milletari, Navab and
        Ahmadi 2016, with plain sums). "mean logit": the mean of log p / (1 - p) over all positions,
        or over those of the reference.
    reference
        a mask (t, *space) of each structure, the same for everyone, as in a shared space; or
        "channels": the last t channels of x, each row its own (`evenlight.with_references`).
    spacing
        of the positions of x along each axis, as `Space.spacing`; the volume is in its unit to the
        power of the axes, and without it a number of positions.
    **declared
        as in `evenlight.adapt`.

    Raises ModelError for a map of another shape, a channel that is not there, a reference that does
    not fit or is empty, or chances outside 0 to 1.

    >>> model = segmented(nn.Conv2d(1, 2, 1), {"lung": 1}, activation="softmax")
    >>> model.margin(np.zeros((1, 1, 4, 4))).shape
    (1, 1)
    """
    if not isinstance(network, nn.Module):
        raise ModelError(f"a {type(network).__name__} is no torch module")
    channels = tuple((c,) if isinstance(c, int) else tuple(c) for c in structures.values())
    own = isinstance(reference, str)
    if own and reference != "channels":
        raise ModelError(f'reference={reference!r}; wanted masks, or "channels"')
    if measure == "dice" and reference is None:
        raise ModelError('measure="dice" needs reference=: masks, or "channels" of x')
    asked = _Asked(channels, measure, activation, own, float(np.prod(spacing)))
    held = None if own or reference is None else _masks(reference, tuple(structures))
    made = Segmented(network, asked, held)
    usual = {"link": "identity", "targets": tuple(structures)}
    return adapt(made, **{**usual, **declared})


def _masks(reference: Any, names: tuple[str, ...]) -> Tensor:
    """Masks (t, *space), each of which holds something."""
    held = torch.as_tensor(np.asarray(reference, dtype=np.float32))
    if held.ndim < 2 or len(held) != len(names):
        raise ModelError(
            f"reference= is {tuple(held.shape)}; wanted one mask for each of {len(names)} "
            f"structures, ({len(names)}, *space)"
        )
    for name, mask in zip(names, held, strict=True):
        if not bool(((mask >= 0) & (mask <= 1)).all()) or not bool(mask.any()):
            raise ModelError(f"the reference of {name!r} is empty, or not within 0 and 1")
    return held


def _chances(maps: Tensor, activation: Activation, channels: list[int]) -> Tensor:
    """The chance that each position is in a structure, (m, *space)."""
    if activation == "softmax":
        _several(maps)
        return maps.softmax(dim=1)[:, channels].sum(dim=1)
    if activation == "sigmoid":
        return maps[:, channels[0]].sigmoid()
    if bool(((maps < -1e-4) | (maps > 1 + 1e-4)).any()):
        raise ModelError('the map is not within 0 and 1; say activation="softmax" or "sigmoid"')
    return maps[:, channels[0]]


def _logits(maps: Tensor, activation: Activation, channels: list[int]) -> Tensor:
    """Log odds that each position is in a structure, (m, *space), without loss far from 0."""
    if activation == "softmax":
        _several(maps)
        rest = [c for c in range(maps.shape[1]) if c not in channels]
        if not rest:
            raise ModelError("a structure of all channels of the map has no odds")
        return maps[:, channels].logsumexp(dim=1) - maps[:, rest].logsumexp(dim=1)
    if activation == "sigmoid":
        return maps[:, channels[0]]
    return _chances(maps, activation, channels).logit(eps=1e-6)


def _several(maps: Tensor) -> None:
    if maps.shape[1] < 2:
        raise ModelError('a map of one channel has no softmax; say activation="sigmoid"')


def _numbers(measure: Measure, inside: Tensor, held: Tensor | None, size: float) -> Tensor:
    """One number for each structure (m, t) from its chances or log odds (m, t, *space)."""
    space = tuple(range(2, inside.ndim))
    if measure == "volume":
        return inside.sum(dim=space) * size
    if held is None:
        return inside.mean(dim=space)
    given = held.to(inside).expand_as(inside)
    if measure == "mean logit":
        return (inside * given).sum(dim=space) / given.sum(dim=space)
    both = 2 * (inside * given).sum(dim=space)
    return both / (inside.sum(dim=space) + given.sum(dim=space))
