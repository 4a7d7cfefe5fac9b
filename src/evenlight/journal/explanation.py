"""Attributions as a record of plain fields: the features are those of the cohort, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from evenlight.arrays import Bool, Float, Single, Text
from evenlight.data.attributions import Attributions, Background
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features
from evenlight.journal.keep import Keep


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """The fields of `Attributions`, with the `names` of its features in their place."""

    rows: Text
    names: tuple[str, ...]
    values: Single
    output: Float
    base: Float
    error: Float
    converged: Bool
    target: str
    scale: str
    method: str
    spread: Single | None
    sensitivity: Single | None
    settings: Mapping[str, Any]
    background: Background | None
    cohort_digest: str

    @classmethod
    def of(cls, made: Attributions) -> Explanation:
        """The record of attributions."""
        own = {f.name: getattr(made, f.name) for f in fields(made) if f.name != "features"}
        return cls(names=made.features.names, **own)

    def on(self, cohort: Cohort) -> Attributions:
        """The attributions again, on the cohort that they were made on."""
        own = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "names"}
        same = self.names == cohort.features.names
        return Attributions(features=cohort.features if same else Features(self.names), **own)


def kept(keep: Keep, name: str, cohort: Cohort, make: Callable[[], Attributions]) -> Attributions:
    """Attributions as they were kept, or as they are made now."""
    return keep(name, Explanation, lambda: Explanation.of(make())).on(cohort)
