"""A summary of training in a file beside a model, from which nothing is run or unpacked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar
from zipfile import ZIP_STORED, BadZipFile, ZipFile

import numpy as np

from evenlight.arrays import Values
from evenlight.data.principal import Principal
from evenlight.errors import FeatureError

LARGEST = 2**30
"""Bytes of a file, at most."""

WHOLE, WORDS, TEXT = ("n", "others"), ("features", "still", "lone"), ("kind",)
"""Fields that are whole numbers, lists of names and a word; all others are numbers."""

ONE = ("rest", "held", "held_error", "effective")
"""Numbers of which there is one."""

AXES = tuple(Principal.__dataclass_fields__)
"""The fields of `principal`, which lie in the file beside the others."""

Summary = TypeVar("Summary")


def write_summary(path: str | Path, made: Any) -> None:
    """Write a `TrainingSummary` as .npz, field by field."""
    held = {name: getattr(made, name) for name in made.__dataclass_fields__ if name != "principal"}
    write_arrays(path, {**held, **{name: getattr(made.principal, name) for name in AXES}})


def read_summary(path: str | Path, kind: type[Summary]) -> Summary:
    """Read what `write_summary` wrote of such a record; FeatureError for another file."""
    fields: Sequence[str] = [n for n in kind.__dataclass_fields__ if n != "principal"]  # type: ignore[attr-defined]
    held = {n: _restored(n, value) for n, value in read_arrays(path, [*fields, *AXES]).items()}
    make: Any = kind
    made: Summary = make(principal=Principal(**{n: held.pop(n) for n in AXES}), **held)
    return made


def write_arrays(path: str | Path, arrays: Mapping[str, object]) -> None:
    """Write arrays, numbers and texts as .npz, unpacked."""
    held: dict[str, Any] = {name: np.asarray(value) for name, value in arrays.items()}
    with Path(path).open("wb") as file:
        np.savez(file, **held)


def read_arrays(path: str | Path, names: Sequence[str]) -> dict[str, Values]:
    """Read the arrays of these names; FeatureError for a file of others, packed or too large."""
    file = Path(path)
    if not file.is_file() or file.stat().st_size > LARGEST:
        raise FeatureError(f"there is no summary {file.name!r} of at most {LARGEST} bytes")
    wanted = f"{file.name} is no summary as TrainingSummary.save() writes one"
    try:
        with ZipFile(file) as held:
            packed = [one.filename for one in held.infolist() if one.compress_type != ZIP_STORED]
        if packed:
            raise FeatureError(f"{wanted}: it is packed")
        with np.load(file, allow_pickle=False) as found:
            absent = [name for name in names if name not in found]
            if absent:
                raise FeatureError(f"{wanted}: it has no {', '.join(absent)}")
            return {name: found[name] for name in names}
    except (BadZipFile, ValueError, OSError) as error:
        if isinstance(error, FeatureError):
            raise
        raise FeatureError(f"{wanted}: {error}") from error


def _restored(name: str, value: Values) -> Any:
    """One field of a file; FeatureError where it is of another kind."""
    try:
        if name in WORDS:
            return tuple(str(one) for one in value.tolist())
        if name in TEXT:
            return str(value.item())
        if name in WHOLE:
            return int(value.item())
        return float(value.item()) if name in ONE else value.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise FeatureError(f"{name} of the summary is something else: {error}") from error
