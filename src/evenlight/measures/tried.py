"""What the data do not allow is left out and said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from evenlight.errors import EvenlightError, NoVerdict

Found = TypeVar("Found")


def tried(what: str, notes: list[str], ask: Callable[..., Found], **own: Any) -> Found | None:
    """What `ask(**own)` gives, or None and a note: `what` failed, in words, and the error's own.

    Only errors of this package are caught: a fault of the code is never a note.

    >>> def few(*, n: int) -> int:
    ...     if n < 11:
    ...         raise EvenlightError(f"{n} people are too few")
    ...     return n
    >>> told: list[str] = []
    >>> tried("The gap could not be measured", told, few, n=5), tried("Nothing", told, few, n=20)
    (None, 20)
    >>> told
    ['The gap could not be measured: 5 people are too few.']
    """
    try:
        return ask(**own)
    except NoVerdict:  # the work could not be kept: that is no note on the data
        raise
    except EvenlightError as error:
        notes.append(f"{what}: {error}.")
        return None
