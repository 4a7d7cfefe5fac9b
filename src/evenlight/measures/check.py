"""The checks that every measure makes of itself at birth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from evenlight.arrays import Values
from evenlight.errors import InputError, UnknownName


def shaped(record: object, shape: tuple[int, ...], *names: str) -> None:
    """Raise InputError unless each named array of `record` has `shape`."""
    for name in names:
        found = getattr(record, name).shape
        if found != shape:
            raise InputError(f"{type(record).__name__}.{name} has shape {found}, wanted {shape}")


def worded(record: object, name: str, words: Iterable[str]) -> None:
    """Raise InputError for the first word of an array that is not in its closed list."""
    allowed = set(words)
    for word in np.unique(getattr(record, name)).tolist():
        if word not in allowed:
            raise InputError(
                f"{type(record).__name__}.{name} holds {word!r}, not one of {sorted(allowed)}"
            )


def place_of(name: object, known: Iterable[object], what: str) -> int:
    """Where a name stands among those that are known; UnknownName lists them.

    >>> place_of("f", ("f", "m"), "part")
    0
    """
    names = list(known)
    if name not in names:
        raise UnknownName(f"no {what} {name!r}; known: {', '.join(map(str, names))}")
    return names.index(name)


def explained(record: object, reason: Values, *names: str) -> None:
    """Raise InputError where a number is missing and `reason` (same shape) says nothing."""
    for name in names:
        values = getattr(record, name)
        if np.isinf(values).any():
            raise InputError(f"{type(record).__name__}.{name} holds an infinite number")
        silent = np.isnan(values) & (reason == "")
        if silent.any():
            at = tuple(int(i) for i in np.argwhere(silent)[0])
            raise InputError(
                f"{type(record).__name__}.{name}{list(at)} is missing without a reason"
            )


def contrast_index(known: Sequence[tuple[str, str]], level: str, reference: str) -> int:
    """The index of a contrast; UnknownName if it was not computed, or only the other way round.

    >>> contrast_index([("EUR", "AFR")], "AFR", "EUR")
    Traceback (most recent call last):
    evenlight.errors.UnknownName: no contrast ('AFR', 'EUR'): it was made as ('EUR', 'AFR'), EUR \
less AFR; name it so, and turn the sign round
    """
    if (level, reference) in known:
        return list(known).index((level, reference))
    if (reference, level) in known:
        raise UnknownName(
            f"no contrast {(level, reference)}: it was made as {(reference, level)}, {reference} "
            f"less {level}; name it so, and turn the sign round"
        )
    raise UnknownName(f"no contrast {(level, reference)}; known: {known}")
