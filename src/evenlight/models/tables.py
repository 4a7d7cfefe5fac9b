"""Published formulas as models."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Float
from evenlight.data.coefficients import CoefficientTable
from evenlight.data.name_diff import hints
from evenlight.data.outcome import Kind as Outcome
from evenlight.errors import ModelError
from evenlight.models.adapted import Adapted


def _other(known: tuple[str, ...], table: CoefficientTable) -> list[str]:
    """Features that are no term."""
    return [name for name in known if name not in table.weights]


def adapt_table(table: CoefficientTable) -> Adapted:
    """A coefficient table as a model; terms are found among the features by exact name.

    Features that the formula does not use get weight 0, and a note says which. A term that no
    feature carries is a ModelError.
    """

    def settle(x: Float, names: tuple[str, ...] | None, outcome: Outcome | None) -> Adapted:
        known = tuple(table.weights) if names is None else names
        there = set(known)
        missing = [term for term in table.weights if term not in there]
        if missing or x.shape[1:] != (len(known),):
            raise ModelError(
                f"{table.name}: {len(missing)} of its {len(table.weights)} terms are not among the "
                f"features, first {missing[:5]}, and x has shape {x.shape}; name the features "
                "exactly as the terms are named"
                + "".join(f"; {why}" for why in hints(missing, _other(known, table)))
            )
        weights = np.array([[table.weights.get(name, 0.0) for name in known]])
        intercept = np.array([table.intercept])
        unused = [name for name in known if name not in table.weights]
        told = f"{table.name} does not use {len(unused)} of the features: {', '.join(unused[:8])}."
        notes = (*table.notes, told) if unused else table.notes
        return Adapted(
            table.name, "table", lambda rows: rows @ weights.T + intercept, table.link,
            targets=(table.target,), features=known, unit=table.unit, weights=weights,
            intercept=intercept, notes=notes,
        )  # fmt: skip

    return Adapted(
        table.name, "table", link=table.link, targets=(table.target,), unit=table.unit,
        settle=settle,
    )  # fmt: skip
