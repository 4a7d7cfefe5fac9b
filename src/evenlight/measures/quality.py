"""The record of how far explanations can be trusted in each group, and the rules it is held to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Text
from evenlight.data.completeness import TOLERANCE
from evenlight.measures.check import explained, shaped, worded
from evenlight.measures.words import VERDICTS

UNRELIABLE = "explanation unreliable"
"""How the reason begins wherever a comparison is withheld for the quality of explanations."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A metric passes up to `limit`, or from it on where more is better (`rising`).

    Groups may differ by `margin`; None where they are not tested. `why` says where limit and margin
    come from.
    """

    limit: float
    margin: float | None
    why: str
    rising: bool = False

    def passes(self, value: float) -> bool:
        """Whether a value passes.

        >>> Rule(0.5, 0.25, "", rising=True).passes(0.4), Rule(0.05, 0.02, "").passes(0.05)
        (False, True)
        """
        return value >= self.limit if self.rising else value <= self.limit


HALF = "beyond half the size of a typical attribution, what is told of a person is mostly chance"

RULES: Mapping[str, Rule] = {
    "unconverged": Rule(
        0.05, 0.02, "rows left out: 2 % more of a group can move its mean by 2 % of the range"
    ),
    "residual": Rule(TOLERANCE / 2, None, "half of what one row may miss"),
    "residual_tail": Rule(TOLERANCE, None, "what one converged row may miss"),
    "noise": Rule(0.5, 0.15, HALF),
    "deletion": Rule(0.5, 0.25, "half of what the attributions claim", rising=True),
    "insertion": Rule(0.5, 0.25, "half of what the attributions claim", rising=True),
    "stability": Rule(0.5, 0.15, HALF),
    "background": Rule(0.5, 0.15, HALF),
    "agreement": Rule(0.3, 0.15, "0.33 is a factor of two, about 0.7 is no relation"),
    "sanity": Rule(0.6, None, "chance alone gives 0 +- 0.3 for four features and three networks"),
}  # fmt: skip
"""The limits of each metric, in the order in which it is told."""

METRICS = tuple(RULES)
PASSING = ("passed", "failed", "")
TRUST = ("reliable", "unreliable", "unknown")


@dataclass(frozen=True, slots=True, eq=False)
class Quality:
    """Metrics of explanations over r `parts` (overall, each level), and differences over c pairs.

    `n`, `value`, `low`, `high` (pointwise 95 %) and `passed` are (r, m); metrics are means over
    units, `residual` a median and `residual_tail` a 95th percentile. `unconverged`, the residuals
    and `noise` are of everybody, the others of the sample of `rows` rows. `threshold`, `margin`
    (m,) as in `RULES`, margin NaN where groups are not tested. `difference`, its limits
    (simultaneous 95 %), `p` (max-T), `verdict` (c, m) level minus reference, held to the margin.
    `trust` (k,) says of each level whether all metrics that could be had pass; `apart` (c,) why
    quality differs between two groups, "" where it was not found to. `population` says where
    not all rows enter the differences.
    """

    grouping: str
    source: str
    levels: tuple[str, ...]
    parts: tuple[str, ...]
    metrics: tuple[str, ...]
    contrasts: tuple[tuple[str, str], ...]
    target: str
    method: str
    players: str
    rows: int
    evaluations: int
    explanations: int
    alpha: float
    draws: int
    n: Float
    value: Float
    low: Float
    high: Float
    reason: Text
    threshold: Float
    passed: Text
    difference: Float
    difference_low: Float
    difference_high: Float
    p: Float
    margin: Float
    verdict: Text
    difference_reason: Text
    trust: Text
    trust_reason: Text
    apart: Text
    population: str = ""

    def __repr__(self) -> str:
        return f"Quality by {self.grouping}: {len(self.metrics)} checks; see .to_frame()"

    def __post_init__(self) -> None:
        r, m, c, k = len(self.parts), len(self.metrics), len(self.contrasts), len(self.levels)
        differences = ("difference", "difference_low", "difference_high", "p")
        shaped(self, (r, m), "n", "value", "low", "high", "reason", "passed")
        shaped(self, (c, m), *differences, "verdict", "difference_reason")
        shaped(self, (m,), "threshold", "margin")
        shaped(self, (k,), "trust", "trust_reason")
        shaped(self, (c,), "apart")
        worded(self, "passed", PASSING)
        worded(self, "verdict", (*VERDICTS, ""))
        worded(self, "trust", TRUST)
        explained(self, self.reason, "n", "value", "low", "high")
        explained(self, self.difference_reason, *differences)

    @property
    def unreliable(self) -> str:
        """Why the grouping as a whole cannot be trusted: a level fails, or two differ; else ""."""
        failing = zip(self.trust.tolist(), self.trust_reason.tolist(), strict=True)
        why = [reason for word, reason in failing if word == "unreliable"]
        why += [reason for reason in self.apart.tolist() if reason and not why]
        return f"{UNRELIABLE}: {'; '.join(why)}" if why else ""

    @property
    def fault(self) -> str:
        """The same without its first words."""
        return self.unreliable.removeprefix(f"{UNRELIABLE}: ")

    def metric(self, name: str) -> int:
        """The index of a metric; LookupError if it is none."""
        if name not in self.metrics:
            raise LookupError(f"no metric {name!r}; known: {self.metrics}")
        return self.metrics.index(name)

    def withheld(self) -> Text:
        """Why attributions cannot be compared in each contrast (c,), "" where they can."""
        place = {level: i for i, level in enumerate(self.levels)}
        out = []
        for pair, apart in zip(self.contrasts, self.apart.tolist(), strict=True):
            bad = [i for i in (place[name] for name in pair) if self.trust[i] == "unreliable"]
            why = [str(self.trust_reason[i]) for i in bad] or ([apart] if apart else [])
            out.append(f"{UNRELIABLE}: {'; '.join(why)}" if why else "")
        return np.array(out, dtype=np.str_)

    def to_frame(self) -> pd.DataFrame:
        """One row a part and metric."""
        r, m = self.value.shape
        part, metric = (a.ravel() for a in np.indices((r, m)))
        columns: dict[str, object] = {
            "grouping": self.grouping,
            "part": [self.parts[i] for i in part],
            "metric": [self.metrics[i] for i in metric],
            "n": self.n.ravel(),
        }
        for name in ("value", "low", "high", "passed", "reason"):
            columns[name] = getattr(self, name).ravel()
        return pd.DataFrame(columns | {"threshold": self.threshold[metric]})

    def differences_frame(self) -> pd.DataFrame:
        """One row a contrast and metric."""
        c, m = self.difference.shape
        pair, metric = (a.ravel() for a in np.indices((c, m)))
        columns: dict[str, object] = {
            "grouping": self.grouping,
            "level": [self.contrasts[i][0] for i in pair],
            "reference": [self.contrasts[i][1] for i in pair],
            "metric": [self.metrics[i] for i in metric],
            "margin": self.margin[metric],
        }
        for name in ("difference", "difference_low", "difference_high", "p", "verdict"):
            columns[name] = getattr(self, name).ravel()
        return pd.DataFrame(columns | {"reason": self.difference_reason.ravel()})
