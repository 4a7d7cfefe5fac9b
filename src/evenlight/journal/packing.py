"""Records as named arrays and back, without loss: numbers that are not finite, and dtypes, stay.

`codec` makes JSON of a record, in which a missing number is null; here arrays lie beside the JSON
as they are, so that work that is taken up goes on with the same bits.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

import numpy as np

from evenlight import codec
from evenlight.arrays import Values

T = TypeVar("T")

RECORD = "record"
"""The array that holds the JSON of all that is no array."""


def pack(value: object) -> dict[str, Values]:
    """A record of codec's kinds as arrays, the JSON of the rest among them.

    Raises TypeError for what neither JSON nor a plain array can hold.
    """
    arrays: dict[str, Values] = {}
    text = json.dumps(_tree(value, arrays), allow_nan=False)
    return {RECORD: np.frombuffer(text.encode(), dtype=np.uint8), **arrays}


def unpack(kind: type[T], arrays: Mapping[str, Values]) -> T:
    """The record of type `kind` that `pack` took apart."""
    tree = json.loads(arrays[RECORD].tobytes())
    return codec.restore(kind, _filled(tree, arrays))


def _tree(value: Any, arrays: dict[str, Values]) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _tree(getattr(value, f.name), arrays) for f in fields(value) if f.init}
    if isinstance(value, np.ndarray):
        if value.dtype.hasobject:
            raise TypeError("an array of objects is in no tile")
        arrays[f"a{len(arrays)}"] = value
        return {"#array": f"a{len(arrays) - 1}"}
    if isinstance(value, Mapping):
        return {str(k): _tree(v, arrays) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_tree(v, arrays) for v in value]
    if isinstance(value, np.generic):
        return _tree(value.item(), arrays)
    if isinstance(value, float) and not np.isfinite(value):
        return {"#float": repr(value)}
    return value


def _filled(tree: Any, arrays: Mapping[str, Values]) -> Any:
    if isinstance(tree, list):
        return [_filled(one, arrays) for one in tree]
    if not isinstance(tree, dict):
        return tree
    if set(tree) == {"#array"}:
        return arrays[tree["#array"]]
    if set(tree) == {"#float"}:
        return float(tree["#float"])
    return {name: _filled(one, arrays) for name, one in tree.items()}
