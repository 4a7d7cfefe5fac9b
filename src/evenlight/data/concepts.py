"""How far the output moves along concepts that examples show, layer by layer."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from evenlight.arrays import Bool, Float, Int, Text
from evenlight.data.probed import Contrasts
from evenlight.errors import ModelError, UnknownName

READINGS = ("raises the output", "lowers the output", "not shown", "not told by the layer")
"""What is found of a concept in a layer."""
NUMBERS = (
    *("step", "step_p", "step_p_maxt"),
    *("score", "derivative", "low", "high", "derivative_p", "derivative_p_maxt"),
    *("told", "told_low", "told_high", "told_p"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Concepts:
    """Concept activation in l layers of q concepts; every array of `NUMBERS` is (l, q).

    The direction of a concept is the difference between the mean of its `examples` (q,) in a layer
    and that of the `against` others.

    `step` is how far the output moves, mean over units, where the layer moves by that difference in
    every row, in margin units. `score` is TCAV: the share of rows whose output rises along the
    direction, to first order; `derivative`, with limits that hold together, the mean of these
    directional derivatives. Each has a permutation p over who shows the concept, and p_maxt over
    all layers and concepts: that the examples are no other than the others for the output.
    `told` is 2 AUC - 1 of a cross-fitted discriminant of the examples from the others, with limits
    and p: a direction means nothing where the layer does not tell them apart.

    `reading`, among `READINGS`, goes by the step. Where a derivative has the other sign (`bent`)
    the network is bent along the concept, and TCAV, which stays at the rows, misleads.
    `contrasts` (l) hold each row's step, of kind *added*: individual data.
    """

    layers: tuple[str, ...]
    concepts: tuple[str, ...]
    examples: Int
    against: int
    draws: int
    step_draws: int
    step_rows: int
    target: str
    step: Float
    step_p: Float
    step_p_maxt: Float
    score: Float
    derivative: Float
    low: Float
    high: Float
    derivative_p: Float
    derivative_p_maxt: Float
    told: Float
    told_low: Float
    told_high: Float
    told_p: Float
    contrasts: tuple[Contrasts, ...] = field(repr=False)
    alpha: float = 0.05

    def __post_init__(self) -> None:
        shape = len(self.layers), len(self.concepts)
        for name in NUMBERS:
            found = getattr(self, name)
            if found.shape != shape or not np.isfinite(found).all():
                raise ModelError(f"concepts: {name} is {found.shape} or not finite, wanted {shape}")
        if len(self.contrasts) != len(self.layers):
            raise ModelError(f"{len(self.contrasts)} contrasts for {len(self.layers)} layers")

    @property
    def reading(self) -> Text:
        """What is found of each layer and concept, (l, q)."""
        moves = np.where(self.step > 0, READINGS[0], READINGS[1])
        shown = np.where(self.step_p_maxt <= self.alpha, moves, READINGS[2])
        apart = (self.told_p <= self.alpha) & (self.told_low > 0)
        return np.where(apart, shown, READINGS[3]).astype(np.str_)

    @property
    def bent(self) -> Bool:
        """Where derivative and step have other signs, (l, q)."""
        return np.sign(self.step) * np.sign(self.derivative) < 0

    def at_layer(self, name: str) -> Contrasts:
        """Each row's step in one layer; UnknownName with the layers that are known."""
        if name not in self.layers:
            raise UnknownName(f"no layer {name!r}; known: {', '.join(self.layers)}")
        return self.contrasts[self.layers.index(name)]

    def to_frame(self) -> pd.DataFrame:
        """One row a layer and concept."""
        i, j = (a.ravel() for a in np.indices(self.step.shape))
        columns: dict[str, object] = {
            "layer": [self.layers[k] for k in i],
            "concept": [self.concepts[k] for k in j],
            "examples": self.examples[j],
            "against": self.against,
        }
        columns |= {name: getattr(self, name).ravel() for name in NUMBERS}
        return pd.DataFrame(columns | {"reading": self.reading.ravel(), "bent": self.bent.ravel()})

    def __repr__(self) -> str:
        moves = np.isin(self.reading, READINGS[:2])
        found = [name for j, name in enumerate(self.concepts) if moves[:, j].any()]
        told = ", ".join(found)
        return (
            f"Concepts in {len(self.layers)} layers: {len(found)} of {len(self.concepts)} "
            f"move the output" + (f" ({told})" if told else "")
        )
