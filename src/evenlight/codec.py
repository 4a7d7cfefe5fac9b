"""Records to JSON and back without loss, and the JSON Schema of a record.

A number that is missing is null (its record holds the reason), never NaN; an array is a nested
list, and one without cells keeps its shape as {"empty": shape}.
"""

from __future__ import annotations

import json
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

from evenlight.arrays import Values
from evenlight.errors import InputError

T = TypeVar("T")

DEFS: Mapping[str, Any] = {
    kind: {
        "anyOf": [
            {"type": ["null", name] if kind == "numbers" else name},
            {"type": "array", "items": {"$ref": f"#/$defs/{kind}"}},
            {"type": "object", "required": ["empty"], "additionalProperties": False,
             "properties": {"empty": {"type": "array", "items": {"type": "integer"}}}},
        ]
    }
    for kind, name in (("numbers", "number"), ("counts", "integer"), ("words", "string"))
}  # fmt: skip


def plain(value: Any) -> Any:
    """A record, or any part of one, as plain JSON data."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, np.ndarray):
        return _listed(value)
    if isinstance(value, Mapping):
        return {str(k): plain(value[k]) for k in sorted(value, key=str)}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def restore(kind: type[T], data: Any) -> T:
    """The record of type `kind` from plain data; InputError names a missing or unknown field."""
    made: T = _restored(kind, data, kind.__name__)
    return made


def to_text(record: object, form: str) -> str:
    """Canonical JSON of a record, under its `form`: sorted keys, shortest numbers, null."""
    data = {"schema": form, **plain(record)}
    return json.dumps(data, sort_keys=True, allow_nan=False, separators=(",", ":")) + "\n"


def from_text(kind: type[T], text: str, form: str, *, what: str) -> T:
    """The record that `to_text` wrote; InputError names `what` is not of this form."""
    try:
        data = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError(f"{what} is not JSON: {error}") from None
    found = data.pop("schema", None) if isinstance(data, dict) else None
    if found != form:
        raise InputError(f"{what}'s schema is {found!r}; this version reads {form!r}")
    return restore(kind, data)


def schema(kind: type) -> dict[str, Any]:
    """JSON Schema (2020-12) of a record."""
    defs: dict[str, Any] = dict(DEFS)
    root = _schema(kind, defs)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": kind.__name__,
        **root,
        "$defs": defs,
    }


def _listed(array: Values) -> Any:
    if 0 in array.shape:
        return {"empty": list(array.shape)}
    if array.dtype.kind != "f":
        return array.tolist()
    if np.isinf(array).any():
        raise InputError("an array to be saved holds an infinite number")
    return np.where(np.isnan(array), None, array.astype(object)).tolist()  # type: ignore[call-overload]


def _restored(hint: Any, data: Any, where: str) -> Any:
    origin, args = get_origin(hint), get_args(hint)
    if is_dataclass(hint):
        return _record(hint, data, where)
    if origin is np.ndarray:
        return _array(args[1], data)
    if origin is tuple:
        if len(args) == 2 and args[1] is Ellipsis:
            return tuple(_restored(args[0], v, f"{where}[{i}]") for i, v in enumerate(data))
        return tuple(_restored(a, v, where) for a, v in zip(args, data, strict=True))
    if origin in (Union, types.UnionType):
        inner = [a for a in args if a is not type(None)]
        return None if data is None else _restored(inner[0], data, where)
    if hint is float:
        return float("nan") if data is None else float(data)
    return data


def _record(kind: Any, data: Any, where: str) -> Any:
    hints = get_type_hints(kind)
    names = [f.name for f in fields(kind)]
    if not isinstance(data, Mapping) or set(data) != set(names):
        have = set(data) if isinstance(data, Mapping) else set()
        raise InputError(
            f"{where} is not a {kind.__name__}: missing {sorted(set(names) - have)[:5]}, "
            f"unknown {sorted(have - set(names))[:5]}"
        )
    return kind(**{n: _restored(hints[n], data[n], f"{where}.{n}") for n in names})


def _array(dtype_hint: Any, data: Any) -> Values:
    scalar = get_args(dtype_hint)[0]
    if isinstance(data, np.ndarray):  # of a tile, which holds arrays as they are
        return data.astype(scalar, copy=False)
    if isinstance(data, Mapping):
        return np.zeros(data["empty"], dtype=scalar)
    if scalar is np.float64:
        return np.array(data, dtype=object).astype(np.float64)
    return np.array(data, dtype=scalar)


def _schema(hint: Any, defs: dict[str, Any]) -> dict[str, Any]:
    origin, args = get_origin(hint), get_args(hint)
    if is_dataclass(hint) and isinstance(hint, type):
        return _record_schema(hint, defs)
    if origin is np.ndarray:
        scalar = get_args(args[1])[0]
        return {"$ref": f"#/$defs/{_ARRAYS.get(scalar, 'words')}"}
    if origin is tuple:
        inner = args[0] if len(set(args) - {Ellipsis}) == 1 else Any
        return {"type": "array", "items": _schema(inner, defs)}
    if origin is Literal:
        return {"enum": list(args)}
    if origin in (Union, types.UnionType):
        return {"anyOf": [_schema(a, defs) for a in args]}
    if origin is not None and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _schema(args[1], defs)}
    return dict(_SCALARS.get(hint, {}))


def _record_schema(kind: type, defs: dict[str, Any]) -> dict[str, Any]:
    if kind.__name__ not in defs:
        defs[kind.__name__] = {}
        hints = get_type_hints(kind)
        names = [f.name for f in fields(kind)]
        defs[kind.__name__] = {
            "type": "object",
            "required": names,
            "additionalProperties": False,
            "properties": {n: _schema(hints[n], defs) for n in names},
        }
    return {"$ref": f"#/$defs/{kind.__name__}"}


_ARRAYS = {np.float64: "numbers", np.int64: "counts"}
_SCALARS: Mapping[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    float: {"type": ["number", "null"]},
    type(None): {"type": "null"},
}


def without_null(data: Any) -> Any:
    """Plain data without keys whose value is null, so that a key which is added changes no digest.

    >>> without_null({"seed": 0, "source": None, "groups": [{"column": None}]})
    {'seed': 0, 'groups': [{}]}
    """
    if isinstance(data, dict):
        return {name: without_null(value) for name, value in data.items() if value is not None}
    return [without_null(value) for value in data] if isinstance(data, list) else data
