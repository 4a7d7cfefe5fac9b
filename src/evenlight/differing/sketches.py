"""By how many people two cohorts differ, from small sketches that hold no ids.

A sketch is an invertible Bloom lookup table (Goodrich and Mitzenmacher 2011, Allerton 49:792) of
keyed hashes of unit ids: each goes into one cell of three tables, where counts add up and hashes
are xored. Taken from each other two sketches hold only whom they do not share. As long as these are
few they can be counted one by one; fewer than k fill fewer than 3 k cells, so that a sketch that
cannot be read is of more people unless so few cells are filled. The key lies beside the sketches,
readable by their owner alone; both are data of people.
"""

from __future__ import annotations

import hmac
import io
import os
import secrets
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import numpy as np

from evenlight import files
from evenlight.arrays import Bool, Text, Values
from evenlight.data.cohort import Cohort
from evenlight.errors import InputError
from evenlight.small_groups import least_shown

FOLDER = ".people"
"""Beside the outputs, where sketches and their key lie."""

KEY = "key"

CELLS = 64
"""Cells of each of the three tables."""

MINUS_ONE = np.uint64(2**64 - 1)

EVERYBODY = "\x1e"
"""The name of the sketch of all units; of a level it is grouping, unit separator, level."""


def keep(cohort: Cohort, store: Path) -> Path:
    """Write the sketches of a cohort's units, and of each level that may be shown, into `store`."""
    key = key_of(files.folder(store))
    ids = unit_ids(cohort)
    made = {name: sketch(ids[own], key) for name, own in _parts(cohort, ids).items()}
    names = np.array(sorted(made), dtype=np.str_)
    body = io.BytesIO()
    np.savez(body, names=names, sketches=np.stack([made[name] for name in names.tolist()]))
    return files.write(file_of(store, cohort.digest), body.getvalue())


def apart_by(store: Path, before: str, after: str) -> Mapping[str, int | None] | None:
    """By how many units two cohorts, given by digest, differ: in all and in each shared level.

    None for a part stands for more than can be counted, and for the whole where a sketch is absent.
    A count that cannot be read although few cells are filled is told as 1: too near.
    """
    if not (file_of(store, before).is_file() and file_of(store, after).is_file()):
        return None
    key = key_of(store)
    one, other = (_read(file_of(store, digest)) for digest in (before, after))
    return {n: counted(one[n], other[n], key) for n in sorted(set(one) & set(other))}


def sketch(ids: Values, key: bytes) -> Values:
    """The cells (3, cells, 3) of unit ids: counts, xored hashes, xored checks, all unsigned.

    >>> sketch(np.array(["a", "b"]), b"k").shape
    (3, 64, 3)
    """
    return _sketched(_hashes(np.asarray(ids, dtype=np.str_), key))


def counted(one: Values, other: Values, key: bytes) -> int | None:
    """How many units are in one of two sketches and not in the other; None for too many to count.

    >>> people = [f"P{i}" for i in range(500)]
    >>> counted(sketch(np.array(people), b"k"), sketch(np.array(people[:-4]), b"k"), b"k")
    4
    """
    left = _without(one, other)
    filled = int(left.any(axis=2).sum())
    found = 0
    while (pure := _pure(left, key)) is not None:
        own = _sketched(pure[0])
        left = _without(left, own) if pure[1] else _without(left, own, sign=-1)
        found += 1
    if not left.any():
        return found
    return 1 if filled < 3 * least_shown() else None


def _without(one: Values, other: Values, sign: int = 1) -> Values:
    """One sketch taken from another; counts wrap at 2**64."""
    left = one ^ other
    left[..., 0] = one[..., 0] - other[..., 0] if sign == 1 else one[..., 0] + other[..., 0]
    return left


def _sketched(hashes: Values) -> Values:
    """The cells of hashes (n,), each once."""
    own = np.unique(hashes, axis=0)
    out = np.zeros((3, CELLS, 3), dtype=np.uint64)
    for t in range(3):
        at = (own[:, 2 + t] % CELLS).astype(np.int64)
        np.add.at(out[t, :, 0], at, np.uint64(1))
        np.bitwise_xor.at(out[t, :, 1], at, own[:, 0])
        np.bitwise_xor.at(out[t, :, 2], at, own[:, 1])
    return out


def _hashes(ids: Text, key: bytes) -> Values:
    """Of each id (n,) its keyed hash, the check of that, and three places: (n, 5)."""
    names, back = np.unique(ids, return_inverse=True)
    raw = b"".join(
        _spread(hmac.digest(key, name.encode("utf-8", "surrogatepass"), "sha256")[:8], key)
        for name in names.tolist()
    )
    return np.frombuffer(raw, dtype="<u8").astype(np.uint64).reshape(-1, 5)[back.ravel()]


def _spread(own: bytes, key: bytes) -> bytes:
    return own + sha256(key + own).digest()


def _pure(left: Values, key: bytes) -> tuple[Values, bool] | None:
    """The hash that a cell holds alone, and whether it is of the first sketch; None without any."""
    for t, c in np.argwhere((left[..., 0] == 1) | (left[..., 0] == MINUS_ONE)).tolist():
        own = int(left[t, c, 1]).to_bytes(8, "little")
        hashes = np.frombuffer(_spread(own, key), dtype="<u8").astype(np.uint64)
        if hashes[1] == left[t, c, 2]:
            return hashes[None], bool(left[t, c, 0] == 1)
    return None


def unit_ids(cohort: Cohort) -> Text:
    """The id of the unit of each row (n,), as text."""
    names = cohort.rows if cohort.unit in (None, "row") else cohort.people[cohort.unit].astype(str)
    return np.asarray(names, dtype=np.str_)


def _parts(cohort: Cohort, ids: Text) -> dict[str, Bool]:
    """Rows of everybody, and of each level of a declared grouping that may be shown."""
    made: dict[str, Bool] = {EVERYBODY: np.ones(len(ids), dtype=bool)}
    for groups in cohort.groups:
        for g, level in enumerate(groups.levels):
            own = groups.codes == g
            if len(np.unique(ids[own])) >= least_shown():
                made[f"{groups.name}\x1f{level}"] = own
    return made


def file_of(store: Path, digest: str) -> Path:
    """Where the sketches of a cohort lie, by its digest."""
    return store / f"{digest[:32]}.npz"


def _read(path: Path) -> dict[str, Values]:
    try:
        with np.load(path, allow_pickle=False) as held:
            names, cells = held["names"], held["sketches"]
    except (OSError, ValueError, KeyError):
        told = f"a sketch in {path.parent.name} cannot be read; run that audit again"
        raise InputError(told) from None
    if cells.shape != (len(names), 3, CELLS, 3) or cells.dtype != np.uint64:
        raise InputError(f"a sketch in {path.parent.name} is of another form; run the audit again")
    return dict(zip(names.tolist(), cells, strict=True))


def key_of(store: Path) -> bytes:
    """The key of a store, made once; two runs that make it at once keep the first."""
    path = store / KEY
    if not path.is_file():
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_bytes()
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(32))
    return path.read_bytes()
