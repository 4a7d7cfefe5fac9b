"""The axes of images by letter: n rows, c channels, d h w places; channels are brought first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Values
from evenlight.errors import CohortError

FEW = 4
"""At most so many channels are known as such without a word; fewer than that are no side."""

COLOURS = {"r": "red", "g": "green", "b": "blue", "a": "alpha"}

ALLOWED = {3: ("nhw",), 4: ("nchw", "nhwc", "ndhw"), 5: ("ncdhw", "ndhwc")}
"""What rows of so many axes may be."""

Channels = Sequence[str] | str | None


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """How images (n, ...) lie: `axes` has one letter an axis of `shape`, n first."""

    axes: str
    shape: tuple[int, ...]

    @property
    def channels(self) -> int:
        """How many channels an image has."""
        return self.shape[self.axes.index("c")] if "c" in self.axes else 1

    @property
    def space(self) -> tuple[int, ...]:
        """Positions along each spatial axis, in the order of the array."""
        return tuple(n for a, n in zip(self.axes, self.shape, strict=True) if a in "dhw")

    def first(self, part: Values) -> Values:
        """Some rows (m, ...) as (m, c, *space)."""
        if "c" not in self.axes:
            return part[:, None]
        return np.moveaxis(part, self.axes.index("c"), 1)


def layout_of(shape: Sequence[int], layout: str | None = None) -> Layout:
    """The layout of images of a shape (n, ...), by a letter for each axis or where it is plain.

    Plain is (n, h, w), grey; and (n, c, h, w) or (n, c, d, h, w) with at most four channels and
    more places than that along each side.

    Raises CohortError, listing what it may be, where it is not plain, or letters that do not fit.

    >>> layout_of((9, 3, 64, 64)).axes, layout_of((9, 64, 64, 3), "nhwc").space
    ('nchw', (64, 64))
    """
    sides = tuple(int(n) for n in shape)
    if layout is None:
        return Layout(_plain(sides), sides)
    if layout not in ALLOWED.get(len(sides), ()):
        raise CohortError(f"layout={layout!r} for images of shape {sides}; {_choice(len(sides))}")
    return Layout(layout, sides)


def channel_names(count: int, channels: Channels, notes: list[str]) -> tuple[str, ...]:
    """The names of `count` channels, as given (as a list, or letters such as "rgb").

    Without a word one channel is "intensity", and several are numbered, which a note says.

    >>> channel_names(3, "bgr", [])
    ('blue', 'green', 'red')
    """
    if channels is None and count == 1:
        return ("intensity",)
    if channels is None:
        notes.append(
            f'Channels: {count}, whose order was not said; say channels= (as "rgb"), so that '
            "another order is found out."
        )
        return tuple(f"channel {k + 1}" for k in range(count))
    names = spelled(channels)
    if len(names) != count:
        raise CohortError(f"{len(names)} names of channels for images of {count} channels")
    return names


def spelled(channels: Sequence[str] | str) -> tuple[str, ...]:
    """Names of channels; a string is one letter a colour, or the name of one channel."""
    if not isinstance(channels, str):
        return tuple(channels)
    if channels and set(channels) <= set(COLOURS):
        return tuple(COLOURS[letter] for letter in channels)
    return (channels,)


def _plain(shape: tuple[int, ...]) -> str:
    if len(shape) == 3:
        return "nhw"
    sided = len(shape) in ALLOWED and min(shape[2:]) > FEW
    if sided and shape[1] <= FEW:
        return ALLOWED[len(shape)][0]
    raise CohortError(
        f"images of shape {shape} may lie in several ways, and none is guessed; "
        f"{_choice(len(shape))}"
    )


def _choice(axes: int) -> str:
    if axes not in ALLOWED:
        return "wanted (n, h, w), (n, c, h, w) or (n, c, d, h, w): rows, channels, places"
    named = " or ".join(f'layout="{own}"' for own in ALLOWED[axes])
    return f"say {named} (n rows, c channels, d h w places)"
