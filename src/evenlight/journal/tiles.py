"""A tile: one finished part of a run in one file, which says what it must hold.

Written aside, synced, renamed, and its folder synced (`files.write`): it is there whole or not at
all. Its first line holds the digest of the rest, so that a file that was cut short or of which a
bit turned is no tile. Arrays are as in .npz, and nothing in it is ever unpickled.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from evenlight import files
from evenlight.arrays import Values

HEAD = b"evenlight tile 1 sha256:"


def commit(path: Path, arrays: Mapping[str, Values]) -> None:
    """Write a tile; OSError where it cannot be, and then there is none."""
    body = io.BytesIO()
    named: dict[str, Any] = dict(arrays)
    np.savez(body, allow_pickle=False, **named)
    data = body.getvalue()
    files.write(path, HEAD + sha256(data).hexdigest().encode() + b"\n" + data)


def read(path: Path) -> dict[str, Values] | None:
    """The arrays of a tile; None where there is none, or where it is not what was written."""
    try:
        line, _, data = path.read_bytes().partition(b"\n")
    except OSError:
        return None
    if line != HEAD + sha256(data).hexdigest().encode():
        return None
    with np.load(io.BytesIO(data), allow_pickle=False) as found:
        return {name: found[name] for name in found.files}
