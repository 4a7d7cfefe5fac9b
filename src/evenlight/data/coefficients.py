"""A published linear formula: names, weights, intercept and the link of its output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from evenlight.errors import ModelError

Link = Literal["identity", "square", "logit", "softmax", "log"]
LINKS: tuple[Link, ...] = ("identity", "square", "logit", "softmax", "log")
"""Response from margin: itself, its square, 1/(1+exp(-m)), softmax, exp."""


@dataclass(frozen=True, slots=True)
class CoefficientTable:
    """margin = intercept + sum of weight * feature; response by `link`, in `unit`.

    >>> score = CoefficientTable("risk", -1.0, {"age": 0.1}, link="logit")
    >>> score.weights["age"]
    0.1
    """

    name: str
    intercept: float
    weights: Mapping[str, float]
    link: Link = "identity"
    target: str = "output"
    unit: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        if not self.weights:
            raise ModelError(f"{self.name}: a coefficient table needs at least one term")
        if self.link not in LINKS or self.link == "softmax":
            raise ModelError(
                f"{self.name}: link {self.link!r}; wanted identity, square, logit or log"
            )
        for term, weight in {"intercept": self.intercept, **self.weights}.items():
            if not np.isfinite(weight):
                raise ModelError(f"{self.name}: the weight of {term!r} is {weight}")

    @classmethod
    def from_csv(
        cls, path: str | Path, *, link: Link = "identity", target: str = "output"
    ) -> CoefficientTable:
        """Read columns `term` and `weight`; the term `intercept` is the constant."""
        table = pd.read_csv(path)
        if not {"term", "weight"} <= set(table.columns):
            raise ModelError(
                f"{Path(path).name}: wanted columns term and weight, found {list(table.columns)}"
            )
        if table["term"].duplicated().any():
            twice = table["term"][table["term"].duplicated()].iloc[0]
            raise ModelError(f"{Path(path).name}: the term {twice!r} occurs twice")
        weights = {str(t): float(w) for t, w in zip(table["term"], table["weight"], strict=True)}
        intercept = weights.pop("intercept", 0.0)
        return cls(Path(path).stem, intercept, weights, link, target)
