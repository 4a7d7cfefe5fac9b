"""Where a number of the page stands in audit.json: JSON pointers (RFC 6901) in `data-ref`.

An element with `data-ref` names, separated by blanks, the places of the record that hold the
numbers of its text. A pointer that begins with "/" is whole, and so is one with "#", before which
stands the name of another file (diff.json#/changes/0); any other goes on from the nearest
`data-base` around it, from each of its pointers where there are several. So the row of a table
needs its index only. A pointer to a container stands for everything inside it, and for how much
there is. Blanks in names are written %20, as in addresses (RFC 6901, section 6).

Numbers are rounded as they are shown, in per cent where that is said; a chance of error `alpha` is
told as the coverage 1 - alpha. A number that is computed when the page is made is one of
`FUNCTIONS` of what is pointed to, as `data-of` on the element or around it says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields, is_dataclass
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
Whole = TypeVar("Whole")

_PLACES: ContextVar[Mapping[int, str]] = ContextVar("places", default={})  # noqa: B039  never changed


FUNCTIONS: Mapping[str, str] = {
    "tally": "how many contrasts the primary questions have, judged results that are not theirs, "
    "and findings of each severity",
    "contrasts": "how many contrasts of primary questions have each verdict, the gravest of its "
    "parts",
    "loud": "how many findings that are not primary call for action",
    "less": "one member less another, each rounded as it is shown",
    "resolved": "the share of sum |B| for which support is decided, and sum |B| of what lacks it",
    "rest": "how many subjects have no table of their own",
    "known": "how many checks have a value in some part",
    "held": "forks of a question that count, and those under which its answer holds, over all and "
    "by kind; the mean over kinds of the share within each; kinds; how often a name occurs",
    "steps": "how many steps there are, how many tell groups apart, and how many comparisons have "
    "each word",
    "least": "1 / (draws + 1)",
    "more": "one more",
    "asked": "how many positions a mask has, and how many of them are asked",
    "leaves": "how many values there are, a list of plain values being one",
    "margins": "differences in units of their margins, and how many of them lie within and beyond",
    "outside": "differences beyond the margin",
    "used": "a value as a part of what its threshold allows",
    "gap": "observed less predicted of a curve",
    "range": "largest less smallest mean of a curve, and how far apart groups lie at a value",
    "shown": "the sum of what is shown of a stratum, and strata with more than one group",
    "beyond": "a stability less that of one cloud",
    "part": "a count as a part of the sum of the list",
    "place": "an index of the pointer itself",
    "sum": "the sum of a list, or of the values of a mapping",
    "lines": "how many of the places that are pointed to have each part, eight at most",
    "unnamed": "how many settings there are beyond the first three",
    "others": "how many contrasts of a question beyond those told one by one have each verdict",
    "widest": "of more contrasts or groups how many are shown, how many groups have a name, and "
    "how many contrasts that differ are not shown",
    "verdicts": "how many words of a list there are of each kind, as of verdicts",
    "percent": "in per cent, where a head or a caption says so",
    "states": "rows of the table in each state",
}
"""What `data-of` may say: numbers of the text may also be this function of what is pointed to."""


@dataclass(frozen=True, slots=True)
class Told:
    """A sentence with the record that it tells of, and those fields of it that hold its numbers.

    `function` is one of `FUNCTIONS` where a number is one of what the fields hold.
    """

    words: str
    record: object
    fields: str = ""
    function: str = ""


def at(record: object, *names: str) -> str:
    """The pointer of a record of the audit that a page is made of, or of its fields by name.

    Outside a page nothing has a place, and the pointer is empty.
    """
    place = _PLACES.get().get(id(record), "")
    return " ".join(f"{place}/{name}" for name in names) if names else place


def each(names: str, *index: int) -> str:
    """Every one of several fields, at the same index.

    >>> each("low high", 0, 2)
    'low/0/2 high/0/2'
    """
    return " ".join("/".join((name, *map(str, index))) for name in names.split())


def below(record: str, names: str) -> str:
    """Several fields of a record inside another one.

    >>> below("closing", "gap after")
    'closing/gap closing/after'
    """
    return " ".join(f"{record}/{name}" for name in names.split())


@contextmanager
def placed(audit: object) -> Iterator[None]:
    """Inside, `at` knows every record that `audit` holds."""
    before = _PLACES.set(dict(_reversed(audit, "")))
    try:
        yield
    finally:
        _PLACES.reset(before)


def pointing(made: Callable[Concatenate[Whole, P], R]) -> Callable[Concatenate[Whole, P], R]:
    """A function of an audit inside which every record has its place."""

    @wraps(made)
    def pointed(audit: Whole, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with placed(audit):
            return made(audit, *args, **kwargs)

    return pointed


def _reversed(value: object, place: str) -> Iterator[tuple[int, str]]:
    """Records by identity; of one that stands at two places the first counts."""
    yield from reversed(list(_records(value, place)))


def _records(value: object, place: str) -> Iterator[tuple[int, str]]:
    if isinstance(value, tuple):
        for i, one in enumerate(value):
            yield from _records(one, f"{place}/{i}")
    elif is_dataclass(value) and not isinstance(value, type):
        yield id(value), place
        for field in fields(value):
            yield from _records(getattr(value, field.name), f"{place}/{field.name}")
