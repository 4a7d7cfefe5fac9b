"""What several sites found together, from what each of them published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from evenlight import codec
from evenlight.differing.record import Apart, Told
from evenlight.measures.words import Verdict

SCHEMA = "urn:evenlight:pool:1.0"


@dataclass(frozen=True, slots=True)
class Item:
    """One number of two or more sites: combined, with simultaneous limits, and how far they differ.

    `at` names the sites, `each` what they tell. `q`, `q_p`, `i_squared`, `tau` are of differences
    between sites, beyond chance; `elsewhere_low`, `elsewhere_high` (95 %) where another site is to
    be expected, None for fewer than three sites. Units `n` are to 5.
    """

    id: str
    kind: str
    grouping: str
    contrast: str
    subject: str
    view: str
    primary: bool
    verdict: Verdict
    effect: float
    low: float
    high: float
    alpha: float
    margin: float
    unit: str
    n: int | None
    at: tuple[str, ...]
    each: tuple[Told, ...]
    q: float
    q_p: float
    i_squared: float
    tau: float
    elsewhere_low: float | None
    elsewhere_high: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class People:
    """Units of one level over the sites that show them, to 5, and at how many it is hidden."""

    grouping: str
    part: str
    units: int
    sites: int
    hidden: int


@dataclass(frozen=True, slots=True)
class Pooled:
    """A primary question over all sites: the gravest verdict of what answers it."""

    question: str
    verdict: Verdict
    sentence: str


@dataclass(frozen=True, slots=True, repr=False)
class Pool:
    """Sites put together: `items` that answer a primary question, differ, or differ between sites.

    `apart` names what the sites do not have alike with the first; `counts` counts all verdicts.
    """

    sites: tuple[str, ...]
    cohorts: tuple[str, ...]
    target: str
    apart: tuple[Apart, ...]
    people: tuple[People, ...]
    answers: tuple[Pooled, ...]
    counts: Mapping[str, int]
    items: tuple[Item, ...]

    def to_json(self) -> str:
        """Canonical JSON: sorted keys, null for missing."""
        return codec.to_text(self, SCHEMA)

    @classmethod
    def from_json(cls, text: str) -> Pool:
        """What `to_json` wrote; InputError names what is not of this form."""
        return codec.from_text(cls, text, SCHEMA, what="the pool")

    def to_frame(self) -> pd.DataFrame:
        """One row an item."""
        names = [
            *("id", "kind", "grouping", "contrast", "subject", "view", "primary", "verdict"),
            *("effect", "low", "high", "margin", "unit", "n", "q", "q_p", "i_squared", "tau"),
            *("elsewhere_low", "elsewhere_high", "reason"),
        ]
        return pd.DataFrame([{n: getattr(i, n) for n in names} for i in self.items], columns=names)

    def __repr__(self) -> str:
        lines = [f"{a.verdict:14s} {a.question}" for a in self.answers]
        return "\n".join([f"Pool of {len(self.sites)} sites: {', '.join(self.sites)}", *lines])
