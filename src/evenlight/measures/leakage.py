"""The record of how far representations tell the group, given what is held fixed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Int, Text
from evenlight.errors import InputError
from evenlight.measures.check import explained, shaped, worded
from evenlight.measures.representations import KINDS
from evenlight.measures.words import VERDICTS

NUMBERS = ("auc", "low", "high", "expected", "alone", "p", "holm")


@dataclass(frozen=True, slots=True, eq=False)
class TwinLeakage:
    """The output's AUC in K refits of the model and of its twin, over c contrasts.

    `model`, `twin` (K, c); `excess` (c,) their mean difference, `excess_low` its lower 95 % limit,
    mean - t_(K-1, 0.95) SD over refits (statistics.md 3.4): the two are random objects, and the SD
    is that of one refit. Above 0 the model tells the group by more than a model of its class that
    was trained with the group held fixed.
    """

    model: Float
    twin: Float
    excess: Float
    excess_low: Float
    reason: Text

    def __post_init__(self) -> None:
        c = len(self.reason)
        k = len(self.model)
        if k < 2:
            raise InputError(f"{k} refits of model and twin; a spread needs two or more, ten well")
        shaped(self, (k, c), "model", "twin")
        shaped(self, (c,), "excess", "excess_low")
        explained(self, self.reason, "excess", "excess_low")


@dataclass(frozen=True, slots=True, eq=False)
class Leakage:
    """How far r representations tell each of c pairs of groups; arrays are (r, c) unless said.

    `auc`: of two unseen units of one stratum (and of one outcome where `given` says so), one of
    each group, how often a classifier of the representation puts the right one first; `low`, `high`
    its 95 % limits; `expected` its mean, and `p` how often as large an AUC comes, when the group
    is permuted within strata and the classifier fitted anew; `holm` is p adjusted over pairs.
    `alone` is the AUC of the outcome alone in the same strata: a half, but for a continuous outcome
    that is held in bins; the representation's linear dependence on it inside bins is then taken
    off. `n` (r, c, 2) units, where a loss of 1 to 10 of a group is told as one of 10; NaN, as every
    number, where a pair cannot be asked and `reason` says why. `verdict`: can the groups be told
    apart (*different*), or by no more than `margin` above a half (*similar*)?

    `kinds` say what a representation is. Only the *output* bears on use, and only in excess of the
    `twin`; attributions, embeddings and values that tell the group show that it is encoded.
    """

    grouping: str
    source: str
    levels: tuple[str, ...]
    contrasts: tuple[tuple[str, str], ...]
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    given: str
    target: str
    margin: float
    alpha: float
    draws: int
    folds: int
    n: Float
    auc: Float
    low: Float
    high: Float
    expected: Float
    alone: Float
    p: Float
    holm: Float
    verdict: Text
    population: Text
    reason: Text
    twin: TwinLeakage | None = None

    def __post_init__(self) -> None:
        shape = (len(self.names), len(self.contrasts))
        shaped(self, (*shape, 2), "n")
        shaped(self, shape, *NUMBERS, "verdict", "population", "reason")
        worded(self, "verdict", VERDICTS)
        explained(self, self.reason, *NUMBERS)
        explained(self, np.stack([self.reason] * 2, axis=-1), "n")
        if set(self.kinds) - set(KINDS) or len(self.kinds) != len(self.names):
            raise InputError(f"kinds are {self.kinds}; known: {', '.join(KINDS)}")

    @property
    def above(self) -> Float:
        """A = 2 AUC - 1 (r, c): 0 where nothing is told, 1 where all is."""
        return 2 * self.auc - 1

    def to_frame(self) -> pd.DataFrame:
        """One row a representation and contrast."""
        r, c = (a.ravel() for a in np.indices(self.reason.shape))
        columns: dict[str, object] = {
            "grouping": self.grouping,
            "given": self.given,
            "representation": [self.names[i] for i in r],
            "kind": [self.kinds[i] for i in r],
            "level": [self.contrasts[i][0] for i in c],
            "reference": [self.contrasts[i][1] for i in c],
            "n_level": self.n[r, c, 0],
            "n_reference": self.n[r, c, 1],
        }
        columns |= {name: getattr(self, name).ravel() for name in NUMBERS}
        columns["verdict"] = self.verdict.ravel()
        columns |= self._twin_columns(r, c)
        return pd.DataFrame(columns | {"reason": self.reason.ravel()})

    def _twin_columns(self, r: Int, c: Int) -> dict[str, object]:
        """The twin's AUC and the excess, beside the output alone."""
        if self.twin is None:
            return {}
        output = np.array(self.kinds)[r] == "output"
        middle = self.twin.twin.mean(axis=0)
        parts = {"twin": middle, "excess": self.twin.excess, "excess_low": self.twin.excess_low}
        return {name: np.where(output, part[c], np.nan) for name, part in parts.items()}

    def __repr__(self) -> str:
        told = ", ".join(
            f"{name} {np.nanmax(row):.2f}"
            for name, row in zip(self.names, self.auc, strict=True)
            if np.isfinite(row).any()
        )
        return f"Leakage of {self.grouping} given {self.given}: largest AUC {told or 'none'}"
