"""Whether an undeclared column that looks like a unit or a confounder is warned of."""

from __future__ import annotations

from collections.abc import Mapping

from evenlight.measures.suspects import suspects
from evenlight.qualify.drawn import GROUP, Drawn


def warned(drawn: Drawn, seed: int) -> Mapping[str, float]:
    """1 where at least one undeclared column is suspected, else 0."""
    found = suspects(drawn.made, drawn.cohort, by=GROUP, rng=seed)
    return {"warned": float(len(found) > 0)}
