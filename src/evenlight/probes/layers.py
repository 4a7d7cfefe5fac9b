"""One layer of a model: what it holds of every row, and how the rest goes on from there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from evenlight.arrays import Float, Single
from evenlight.data.nearest import nearest
from evenlight.errors import ModelError

Channels = Literal["first", "last"] | None


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One layer: `values` (n, d) of every row, maps pooled over space or flattened.

    `run` takes what is taken off each row's values (n, d), of a pooled map the same at every place,
    and gives the margins (n, t) of the model then. `how` says what was pooled, `output` (n, t) are
    the margins of the model as it is.
    """

    name: str
    source: str
    values: Single
    run: Callable[[Float], Float]
    how: str = ""
    output: Float | None = None


def chosen(asked: Sequence[str] | None, known: Sequence[str], main: Sequence[str]) -> list[str]:
    """The names that were asked for, in the order of `known`; ModelError for one that is not."""
    if asked is None:
        return list(main)
    for name in asked:
        if name not in known:
            near = nearest(name, known, cutoff=0.0)
            raise ModelError(f"no layer {name!r}; nearest {near!r}, all {list(known)[:20]}")
    return [name for name in known if name in set(asked)]
