"""Arrays in a file beside a model, from which nothing is run and nothing is unpacked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, BadZipFile, ZipFile

import numpy as np

from evenlight.arrays import Values
from evenlight.errors import FeatureError

LARGEST = 2**30
"""Bytes of a file, at most."""


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
