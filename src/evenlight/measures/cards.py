"""Short cards for notebooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evenlight.measures.comparison import Comparison


def comparison_card(comparison: Comparison) -> str:
    """Placeholder until the card is written."""
    raise NotImplementedError
