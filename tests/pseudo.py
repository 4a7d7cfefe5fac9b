"""A language in which every letter is full-width: what is left in ASCII was never translated."""

from __future__ import annotations

import re
from collections.abc import Iterator
from gettext import NullTranslations

from tests.html_tree import tree

_WIDE = {ord(c): ord(c) + 0xFEE0 for c in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"}
_FIELD = re.compile(r"(\{[^}]*\})")
_WORDS = re.compile(r"[A-Za-z]*[a-z]{3,}")
_QUOTED = re.compile(r"\S*[\d….:/]\S*|\b(?:True|False|None|evenlight)\b")
_LETTERS = re.compile(r"[A-Za-z]{2}")
_SPOKEN = ("aria-label", "title", "alt", "placeholder", "data-words", "data-said")


def wide(sentence: str) -> str:
    """The sentence with its letters full-width and its places as they are."""
    parts = _FIELD.split(sentence)
    return "".join(part if i % 2 else part.translate(_WIDE) for i, part in enumerate(parts))


class Pseudo(NullTranslations):
    """Every sentence, full-width; with `known`, only those of a catalogue."""

    def __init__(self, known: frozenset[str] | None = None) -> None:
        super().__init__()
        self.known = known

    def gettext(self, message: str) -> str:
        """The sentence, full-width."""
        return wide(message) if self.known is None or message in self.known else message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """The sentence for one or several, full-width."""
        return self.gettext(msgid1 if n == 1 else msgid2)


def texts(page: str) -> Iterator[tuple[str, str]]:
    """Each text and spoken attribute of a page, with the id of what it stands in."""
    for node in tree(page).walk():
        if any(up.tag in ("style", "script", "title") for up in node.up()):
            continue
        place = next((up.attributes["id"] for up in node.up() if "id" in up.attributes), "")
        yield from ((place, node.attributes[a]) for a in _SPOKEN if a in node.attributes)
        yield from ((place, c) for c in node.children if isinstance(c, str))


def unspoken(page: str, recorded: frozenset[str]) -> dict[str, list[str]]:
    """Texts with English words in them that the record does not hold, by place.

    What frameworks ask (C5) is quoted, and so are names of files, digests, dotted keys, and names
    that are cut.
    """
    found: dict[str, list[str]] = {}
    forms = (form for k in recorded for form in (k, k[:1].upper() + k[1:], k[:1].lower() + k[1:]))
    told = sorted({form.rstrip(". ") for form in forms} - {""}, key=len, reverse=True)
    for place, text in texts(page):
        left = _uncut(text.strip(), told)
        if place.startswith("c5") or any(left in known for known in told):
            continue
        for known in (k for k in told if k in left):
            left = re.sub(rf"(?<![A-Za-z]){re.escape(known)}(?![A-Za-z])", "", left)
        if _WORDS.search(_QUOTED.sub("", left)):
            found.setdefault(place, []).append(left)
    return found


def _uncut(text: str, told: list[str]) -> str:
    """The text without what was cut in the middle of something recorded."""
    parts = text.split("…")
    for i in range(len(parts) - 1):
        left, right = parts[i], parts[i + 1]
        begun = (n for n in range(len(left), 1, -1) if any(k.startswith(left[-n:]) for k in told))
        ended = (n for n in range(len(right), 1, -1) if any(k.endswith(right[:n]) for k in told))
        parts[i], parts[i + 1] = left[: len(left) - next(begun, 0)], right[next(ended, 0) :]
    return "".join(parts)


def recorded(data: object) -> frozenset[str]:
    """Every text of a record that has letters."""
    if isinstance(data, dict):
        keys = (str(key).replace("_", " ") for key in data)
        return frozenset().union(keys, *map(recorded, data.values()))
    if isinstance(data, list):
        return frozenset().union(*map(recorded, data))
    return frozenset([data] if isinstance(data, str) and _LETTERS.search(data) else [])
