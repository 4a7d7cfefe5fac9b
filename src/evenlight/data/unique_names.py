"""Names that nobody can take for one another."""

from __future__ import annotations

from collections.abc import Sequence
from unicodedata import normalize

from evenlight.data.shown import LONGEST_NAME, overlong, short
from evenlight.errors import FeatureError


def unique(names: Sequence[str], what: str) -> None:
    """Raise FeatureError for a name that is empty, no text, far too long, or there twice.

    Two that differ by capitals, or by the form of their letters in Unicode alone, are one to a
    reader, a file system and many programs, and are refused as well.
    """
    seen: set[str] = set()
    at = overlong(names)
    if at is not None:
        raise FeatureError(
            f"the {what} name {short(names[at])!r} has {len(names[at]):,} characters; at most "
            f"{LONGEST_NAME:,}: give it a shorter one"
        )
    for name in names:
        if not isinstance(name, str) or not name:
            raise FeatureError(f"a {what} name must be a non-empty string, found {name!r}")
        if name in seen:
            raise FeatureError(f"the {what} name {name!r} occurs twice; names must be unique")
        seen.add(name)
    alike: dict[str, str] = {}
    for name in names:
        other = alike.setdefault(_folded(name), name)
        if other != name:
            raise FeatureError(
                f"the {what} names {other!a} and {name!a} differ by capitals or by the "
                "form of their letters alone; rename one of them"
            )


def _folded(name: str) -> str:
    """A name without capitals and in one form of Unicode (NFKC)."""
    bare = name.casefold()
    return bare if name.isascii() else normalize("NFKC", normalize("NFKC", name).casefold())
