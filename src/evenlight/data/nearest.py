"""The nearest of known names, for errors about a name that is not there."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str], *, cutoff: float = 0.5) -> str | None:
    """The known name most like `name` whatever its capitals; None where none is like it.

    `cutoff` is the least likeness, in 0 to 1, of Python's `difflib.get_close_matches`.

    >>> nearest("Ancestr", ["ancestry", "sex"])
    'ancestry'
    """
    bare = {one.strip().casefold(): one for one in known}
    near = get_close_matches(name.strip().casefold(), list(bare), n=1, cutoff=cutoff)
    return bare[near[0]] if near else None


def hint(name: str, known: Iterable[str], otherwise: str | None = None) -> str:
    """The end of an error: the nearest known name; without one `otherwise`, or what is known.

    At most twelve names are listed; "" as `otherwise` says nothing.

    >>> hint("ancestr", ["ancestry", "sex"]), hint("zzz", ["ancestry", "sex"])
    ("; did you mean 'ancestry'?", '; known: ancestry, sex')
    """
    known = list(known)
    near = nearest(name, known)
    if near is not None:
        return f"; did you mean {near!r}?"
    said = f"known: {', '.join(known[:12]) or 'none'}" if otherwise is None else otherwise
    return f"; {said}" if said else ""
