"""Every number in the text of a page beside what its `data-ref` points to in the record.

A slow reading of `evenlight.reports.pointing`: it knows nothing of how the page was made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import numpy as np

from evenlight.arrays import Float
from tests.html_tree import Node
from tests.recounted import COUNTS, FUNCTIONS

NUMBER = re.compile(
    r"(?<![\w.])(?P<sign>[+\u2212])?(?P<digits>(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)*)"
    r"(?P<power>e[+\u2212-]\d+)?(?!\w)"
)
ESTIMATE = re.compile(r"\S+ \[\S+, \S+\]")
"""A number with its limits: three numbers of the record, however alike they are printed."""

POINTER = re.compile(r"(?<!\S)/[a-z_]+(?:/[\w.~-]+)+")
"""A pointer that is itself shown."""

READ = ("title", "aria-label", "alt", "data-words")
"""Attributes that people read or hear."""

LEAST = {"<": ("0.001",), "below": ("0.0001",)}
"""What stands behind a word for less than it: the least that the page tells of a kind of number."""

PERCENT = re.compile("%|points")

DIGEST = 12
"""Digits of a digest that are shown of more."""

CHOSEN = ("alpha", "level")
"""Keys of chances of error, which the page tells as coverage: 1 less the number."""


def pointed(record: Any, pointer: str) -> Any:
    """What an RFC 6901 pointer leads to; LookupError names it where it leads nowhere."""
    found = record
    for step in pointer.split("/")[1:]:
        step = unquote(step).replace("~1", "/").replace("~0", "~")
        try:
            found = found[int(step)] if isinstance(found, list) else found[step]
        except (KeyError, IndexError, ValueError, TypeError):
            raise LookupError(f"{pointer} leads nowhere") from None
    return found


def joined(words: str, bases: list[str]) -> list[str]:
    """The pointers of an attribute, those that are not whole going on from each base."""
    return [
        one
        for word in words.split()
        for one in ([word] if whole(word) else [f"{base}/{word}" for base in bases])
    ]


def whole(word: str) -> bool:
    """Whether a pointer goes on from nowhere: from the root, or of another file."""
    return word.startswith("/") or "#" in word


def bases(node: Node | None) -> list[str]:
    """From where the pointers at an element go on."""
    around = [n for n in node.up() if "data-base" in n.attributes] if node is not None else []
    found = [""]
    for one in reversed(around):
        found = joined(one.attributes["data-base"], found)
    return found


def nearest(node: Node) -> Node | None:
    """The nearest element with `data-ref` around, None without one."""
    return next((n for n in node.up() if "data-ref" in n.attributes), None)


def functions(node: Node) -> list[str]:
    """The functions that hold for an element: those of the nearest `data-of` around."""
    near = next((n for n in node.up() if "data-of" in n.attributes), None)
    return [] if near is None else near.attributes["data-of"].split()


def pointers(near: Node) -> list[str]:
    """The pointers of an element with `data-ref`."""
    return joined(near.attributes["data-ref"], bases(near))


@dataclass
class Held:
    """The numbers of some places of a record, the numbers inside its words, and its lengths."""

    numbers: Float
    words: set[str]

    def tells(self, sign: str, digits: str, before: str, *, percent: bool, times: int = 1) -> bool:
        """Whether a number as it is printed is one of these, to the digits that are printed.

        Of the numbers of the record it has to be as many as the `times` that it is printed.
        """
        plain = digits.replace(",", "")
        if plain in self.words or digits in self.words:
            return True
        if len(plain) >= DIGEST and any(word.startswith(plain) for word in self.words):
            return True
        if plain.count(".") > 1 or re.match(r"0\d", plain):
            return False
        value = float(plain)
        places = len(plain.partition(".")[2].partition("e")[0])
        if "e" in plain:
            places -= int(plain.partition("e")[2])
        if plain in LEAST.get(before[-5:].strip(), ()) and (np.abs(self.numbers) < value).any():
            return True
        numbers = np.stack([self.numbers, (100 if percent else 1) * self.numbers])
        way = {"+": numbers > 0, "\u2212": numbers < 0}.get(sign, numbers >= 0) | (value == 0)
        near = np.abs(np.abs(numbers) - value) <= 0.5 * 10.0**-places * (1 + 1e-6)
        return bool((near & way).any(axis=0).sum() >= times)


@dataclass
class Record:
    """A record as plain data, which remembers what its places hold; other files by name."""

    data: Any
    files: Mapping[str, Any] = field(default_factory=dict)
    seen: dict[str, Held] = field(default_factory=dict)

    def found(self, pointer: str) -> Any:
        """What one pointer leads to, in the record or in the file that it names."""
        file, mark, rest = pointer.partition("#")
        return pointed(self.files[unquote(file)], rest) if mark else pointed(self.data, pointer)

    def at(self, pointer: str) -> Held:
        """What one pointer holds."""
        if pointer not in self.seen:
            numbers: list[float] = []
            words: set[str] = set()
            key = next((s for s in reversed(pointer.split("/")) if not s.isdigit()), "")
            for kind, value in _inside(self.found(pointer), key):
                if kind == "text":
                    words |= {
                        re.sub(r"[+\u2212]", "", m["digits"].replace(",", ""))
                        for m in NUMBER.finditer(value)
                    }
                else:
                    numbers.append(value)
            once = np.asarray(numbers, dtype=np.float64)
            self.seen[pointer] = Held(once, words)
        return self.seen[pointer]

    def told(self, near: Node, node: Node) -> Held:
        """What may stand in the text of `node`: what `near` points to, and functions of it."""
        places = pointers(near)
        counted = COUNTS & set(near.attributes.get("data-of", "").split())
        each = [] if counted else [self.at(one) for one in places]
        computed = [
            number
            for name in functions(node)
            for number in FUNCTIONS[name]([self.found(one) for one in places], near)
        ]
        if any(up.tag == "caption" for up in node.up()):
            computed.append(sum(n.tag == "tr" for n in near.walk()) - 1)
        if counted:
            computed += [len(self.found(one)) for one in places]
        numbers = [e.numbers for e in each] + [np.asarray(computed, dtype=np.float64)]
        return Held(np.concatenate(numbers), set().union(*(e.words for e in each)))


NOTHING = Held(np.zeros(0), set())


def _inside(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, str):
        yield "text", value
    elif isinstance(value, bool) or value is None:
        return
    elif isinstance(value, int | float):
        yield "number", float(value)
        if key in CHOSEN:
            yield "number", 1 - float(value)
    elif isinstance(value, Mapping):
        for name, one in value.items():
            yield "text", name
            yield from _inside(one, name)
    else:
        yield "number", float(len(value))
        for one in value:
            yield from _inside(one, key)


def texts(root: Node) -> Iterator[tuple[Node, str]]:
    """Every piece of text that people read, with its element; axis ticks aside."""
    for node in root.walk():
        if any(up.tag in ("style", "script", "head") or "tick" in up.classes() for up in node.up()):
            continue
        for name in READ:
            if name in node.attributes:
                yield node, node.attributes[name]
        run = ""
        for child in node.children:
            if isinstance(child, str):
                run += child
            elif run:
                yield node, run
                run = ""
        if run:
            yield node, run


def repeated(text: str, number: re.Match[str]) -> int:
    """How often the number is printed in the estimate with its limits that it is one of."""
    for whole in ESTIMATE.finditer(text):
        if whole.start() <= number.start() < whole.end():
            return [_signed(m) for m in NUMBER.finditer(whole[0])].count(_signed(number))
    return 1


def _signed(number: re.Match[str]) -> tuple[bool, str]:
    return number["sign"] == "\u2212", number["digits"]


@dataclass(frozen=True)
class Piece:
    """A text that people read, the element it stands in, and what it may tell."""

    node: Node
    text: str
    held: Held

    def wrong(self, text: str | None = None) -> list[str]:
        """The numbers of the piece, or of another text in its place, that stand nowhere."""
        told = self.text if text is None else text
        return [
            m[0]
            for m in NUMBER.finditer(told)
            if not self.held.tells(
                m["sign"] or "",
                m["digits"] + (m["power"] or "").replace("\u2212", "-"),
                told[: m.start()].rstrip(),
                percent=PERCENT.search(told) is not None,
                times=repeated(told, m),
            )
        ]


def pieces(root: Node, record: Record, fixed: re.Pattern[str]) -> Iterator[Piece]:
    """Every text with a number outside of `fixed` texts and of pointers that are shown."""
    for node, text in texts(root):
        kept = fixed.sub(lambda m: re.sub(r"\d", "x", m[0]), POINTER.sub("", text))
        if NUMBER.search(kept):
            near = nearest(node)
            yield Piece(node, kept, NOTHING if near is None else record.told(near, node))


def lost(root: Node, record: Record) -> list[str]:
    """Pointers of the page that lead nowhere."""
    nowhere = []
    for node in root.walk():
        for name in ("data-ref", "data-base"):
            if name in node.attributes:
                around = bases(node if name == "data-ref" else node.parent)
                for one in joined(node.attributes[name], around):
                    try:
                        record.found(one)
                    except LookupError:
                        nowhere.append(one)
    return nowhere
