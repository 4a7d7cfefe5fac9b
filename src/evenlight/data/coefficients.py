"""A published linear formula: names, weights, intercept and the link of its output."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from evenlight.data.archives import check_packed
from evenlight.data.digits import percent
from evenlight.errors import ModelError

Link = Literal["identity", "square", "logit", "softmax", "log", "horvath"]
LINKS: tuple[Link, ...] = ("identity", "square", "logit", "softmax", "log", "horvath")
"""Response from margin: itself, its square, 1/(1+exp(-m)), softmax, exp, and the years of an
epigenetic clock: 21 exp(m) - 1 below 0, else 21 m + 20 (Horvath 2013, Genome Biol 14:R115)."""


@dataclass(frozen=True, slots=True)
class CoefficientTable:
    """margin = intercept + sum of weight * feature; response by `link`, in `unit`.

    `reference` are the values at which terms that nobody measured are held (`filled`); `notes` are
    sentences about how the table was made, for the report.

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
    reference: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.weights:
            raise ModelError(f"{self.name}: a coefficient table needs at least one term")
        if self.link not in LINKS or self.link == "softmax":
            raise ModelError(
                f"{self.name}: link {self.link!r}; wanted identity, square, logit, log or horvath"
            )
        for term, weight in {"intercept": self.intercept, **self.weights}.items():
            if not np.isfinite(weight):
                raise ModelError(f"{self.name}: the weight of {term!r} is {weight}")
        bad = [term for term, value in self.reference.items() if not np.isfinite(value)]
        if bad:
            raise ModelError(f"{self.name}: {len(bad)} reference values are not finite {bad[:5]}")

    def __repr__(self) -> str:
        terms = f"{len(self.weights):,} term{'s' * (len(self.weights) != 1)}"
        unit = f" in {self.unit}" if self.unit else ""
        return (
            f"CoefficientTable {self.name}: {self.target}{unit} from {terms}, link {self.link}, "
            f"intercept {self.intercept:.4g}; see .weights"
        )

    def filled(self, names: Iterable[str], *, least: float = 0.8) -> CoefficientTable:
        """The same formula over the terms that are among `names`, the others at their reference.

        A term that is held at one value for everyone moves to the intercept, so that it can never
        differ between people; `notes` count and name such terms. `least` is the share of the sum of
        |weight| that must be among the names.

        Raises ModelError for a missing term without a reference, and below `least`.

        >>> clock = CoefficientTable("clock", 1.0, {"cg1": 2.0, "cg2": 0.5}, reference={"cg2": 0.4})
        >>> short = clock.filled(["cg1"])
        >>> dict(short.weights), short.intercept, short.notes
        ({'cg1': 2.0}, 1.2, ("clock: 1 of 2 terms are not among the features, with 20 % of the \
sum of |weight|, and are held at the reference for everyone: ['cg2'].",))
        """
        known = set(names)
        missing = [term for term in self.weights if term not in known]
        if not missing:
            return self
        bare = [term for term in missing if term not in self.reference]
        if bare:
            raise ModelError(
                f"{self.name}: {len(missing)} of {len(self.weights)} terms are not among the "
                f"features, and {len(bare)} of them have no reference value, first {bare[:5]}; "
                "measure them, name the features as the terms are named, or give a reference"
            )
        total = sum(abs(weight) for weight in self.weights.values())
        lost = sum(abs(self.weights[term]) for term in missing) / total if total else 0.0
        self._enough(lost, missing, least)
        held = sum(self.weights[term] * self.reference[term] for term in missing)
        kept = {term: weight for term, weight in self.weights.items() if term in known}
        note = (
            f"{self.name}: {len(missing)} of {len(self.weights)} terms are not among the features, "
            f"with {percent(lost)} of the sum of |weight|, and are held at the reference for "
            f"everyone: {missing[:8]}."
        )
        return replace(
            self, intercept=self.intercept + held, weights=kept, notes=(*self.notes, note)
        )

    def _enough(self, lost: float, missing: list[str], least: float) -> None:
        if lost > 1 - least + 1e-9 or len(missing) == len(self.weights):
            raise ModelError(
                f"{self.name}: {len(missing)} of {len(self.weights)} terms, with {percent(lost)} "
                f"of the sum of |weight|, are not among the features, first {missing[:5]}; at "
                f"least {percent(least)} is wanted: look at how features are named, or lower least="
            )

    @classmethod
    def from_csv(
        cls, path: str | Path, *, link: Link = "identity", target: str = "output"
    ) -> CoefficientTable:
        """Read columns `term` and `weight`; the term `intercept` is the constant."""
        check_packed(Path(path))
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
