"""The closed lists of words: the same in code, JSON and page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

Verdict = Literal["not_estimable", "similar", "different", "cannot_tell"]
Extent = Literal["", "detectable", "material", "uncertain"]
Mechanism = Literal["value", "context", "direct", "use", "reference", "none", "unresolved"]
Support = Literal[
    "supported_within_groups", "supported_unequally", "not_supported_within_groups", "unresolved"
]
Severity = Literal["info", "watch", "act", "block"]

VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
EXTENTS: tuple[Extent, ...] = get_args(Extent)
MECHANISMS: tuple[Mechanism, ...] = get_args(Mechanism)
SUPPORTS: tuple[Support, ...] = get_args(Support)
SEVERITIES: tuple[Severity, ...] = get_args(Severity)

SPOKEN: dict[str, str] = {
    "not_estimable": "cannot be asked here",
    "similar": "similar",
    "different": "different",
    "cannot_tell": "cannot tell",
}
"""What people read for each verdict."""

GRAVEST: tuple[Verdict, ...] = ("different", "cannot_tell", "not_estimable", "similar")
"""Verdicts, gravest first."""


def gravest(verdicts: Iterable[str]) -> Verdict:
    """One verdict for several: *similar* only where all are similar.

    >>> gravest(["similar", "not_estimable", "cannot_tell"])
    'cannot_tell'
    """
    found = set(verdicts)
    return next((v for v in GRAVEST if v in found), "not_estimable")
