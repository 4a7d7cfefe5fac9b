"""The manifest: everything that the answers of a run depend on, as digests and versions."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
from scipy import sparse

from evenlight.data.cohort import Cohort
from evenlight.errors import InputError

FORM = "urn:evenlight:work:1"

PACKAGES = ("numpy", "scipy", "pandas", "scikit-learn", "torch", "captum", "shap", "xgboost",
            "lightgbm", "transformers")  # fmt: skip
"""Libraries on which numbers depend."""


class State(Protocol):
    """A running digest."""

    def update(self, data: bytes, /) -> None:
        """Take in some bytes."""


def manifest(
    *, plan: str, model: str, cohort: Cohort, given: Mapping[str, object]
) -> dict[str, str]:
    """Names and digests, flat; two runs with equal ones give the same answers.

    `plan` and `model` are digests; `given` is whatever else was handed over, by name. The number of
    threads is among them, since sums of floating-point numbers depend on it.
    """
    made = {"form": FORM, "plan": plan, "model": model, "cohort": digest_of(cohort)}
    made |= {name: digest_of(value) for name, value in given.items()}
    made |= {"code": code_digest(), "python": platform.python_version()}
    made |= {"machine": f"{platform.system()} {platform.machine()}", "threads": str(_threads())}
    return made | {name: installed(name) for name in PACKAGES}


def installed(package: str) -> str:
    """The version of a package as it is installed, or that it is not.

    >>> installed("no-such-package")
    'not installed'
    """
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def differences(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """What differs between two manifests, in words.

    >>> differences({"plan": "ab", "code": "c"}, {"plan": "ab", "code": "d", "sets": "e"})
    ['code: c, now d', 'sets: nothing, now e']
    """
    names = dict.fromkeys([*old, *new])
    pairs = [(name, old.get(name, "nothing"), new.get(name, "nothing")) for name in names]
    return [f"{name}: {a[:12]}, now {b[:12]}" for name, a, b in pairs if a != b]


def digest_of(value: object) -> str:
    """sha256 of anything that an audit is given: records, arrays, tables, plain data.

    Raises InputError for an object that is none of these.

    >>> digest_of({"a": 1}) == digest_of({"a": 1}), digest_of((1, 2)) == digest_of((2, 1))
    (True, False)
    """
    if value is None:
        return "none"
    state = sha256()
    _feed(state, value)
    return state.hexdigest()


@cache
def code_digest() -> str:
    """sha256 of every source file of this package, as they were when it was first asked for."""
    root = Path(__file__).parents[1]
    state = sha256()
    for path in sorted(root.rglob("*.py")):
        state.update(path.relative_to(root).as_posix().encode() + b"\x1f")
        state.update(path.read_bytes())
    return state.hexdigest()


def _feed(state: State, value: Any) -> None:
    state.update(f"<{type(value).__name__}>".encode())
    if isinstance(value, str | int | float | bool | None | Enum):
        state.update(repr(value).encode())
    elif isinstance(value, np.ndarray | np.generic):
        _feed_array(state, np.asarray(value))
    elif isinstance(value, pd.DataFrame | pd.Series | pd.Index):
        _feed_table(state, value)
    elif isinstance(value, Mapping):
        for name in sorted(value, key=str):
            _feed(state, str(name))
            _feed(state, value[name])
    elif isinstance(value, list | tuple):
        for one in value:
            _feed(state, one)
    elif sparse.issparse(value):
        held: Any = value
        rows = held.tocsr()
        for part in (np.asarray(rows.shape), rows.indptr, rows.indices, rows.data):
            _feed_array(state, part)
    elif is_dataclass(value):
        _feed_record(state, value)
    else:
        raise InputError(
            f"a {type(value).__name__} has no digest, so that work with it cannot be taken up "
            "again; leave work= out"
        )


def _feed_record(state: State, value: Any) -> None:
    """A record field by field; x of a cohort by its own digest, which reads it in parts."""
    if isinstance(value, Cohort):
        state.update(value.digest.encode())
    for one in fields(value):
        if one.init and not (isinstance(value, Cohort) and one.name == "x"):
            state.update(one.name.encode() + b"\x1f")
            _feed(state, getattr(value, one.name))


def _feed_array(state: State, array: Any) -> None:
    state.update(f"{array.shape}{array.dtype.str}".encode())
    if array.dtype.hasobject:
        state.update(json.dumps([repr(one) for one in array.ravel().tolist()]).encode())
    else:
        state.update(np.ascontiguousarray(array).tobytes())


def _feed_table(state: State, table: Any) -> None:
    frame = table.to_frame() if isinstance(table, pd.Series | pd.Index) else table
    _feed_array(state, frame.index.to_numpy(dtype=object))
    for j, name in enumerate(frame.columns):
        state.update(repr(name).encode())
        _feed_array(state, frame.iloc[:, j].to_numpy(dtype=object))


def _threads() -> int:
    import torch

    return torch.get_num_threads()
