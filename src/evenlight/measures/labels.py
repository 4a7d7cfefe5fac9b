"""Two labels of the same people, as self-report beside genetic, and what depends on which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Int, Text
from evenlight.data.attributions import Attributions
from evenlight.data.cards import told
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.data.units import unit_codes
from evenlight.errors import GroupError
from evenlight.measures.check import explained, shaped
from evenlight.measures.compare import compare
from evenlight.measures.comparison import Comparison
from evenlight.measures.testing import Testing
from evenlight.small_groups import hidden_text, least_shown
from evenlight.stats.disclosure import suppressed_counts
from evenlight.stats.icc import agreement


@dataclass(frozen=True, slots=True)
class Changed:
    """One conclusion that depends on the label: the verdict by either."""

    view: str
    level: str
    reference: str
    subject: str
    first: str
    second: str


@dataclass(frozen=True, slots=True, eq=False)
class LabelAgreement:
    """Labels `names` of the same units: `count` (k1, k2), NaN and a `reason` where suppressed.

    `agree` is the share of units with one label in both, `kappa` Cohen's, over units known in both
    and levels that both have; `discordant` those that differ. Where these are suppressed, `agree`
    is the bound that 10 people would give, and `kappa` and `discordant` NaN; `compared`
    conclusions of the same view, contrast and subject, of which `changed` differ.
    """

    names: tuple[str, str]
    sources: tuple[str, str]
    first_levels: tuple[str, ...]
    second_levels: tuple[str, ...]
    units: float
    count: Float
    reason: Text
    agree: float
    kappa: float
    discordant: float
    discordant_reason: str
    compared: int
    changed: tuple[Changed, ...]

    def __post_init__(self) -> None:
        shaped(self, (len(self.first_levels), len(self.second_levels)), "count", "reason")
        explained(self, self.reason, "count")

    def to_frame(self) -> pd.DataFrame:
        """One row a pair of labels."""
        i, j = (a.ravel() for a in np.indices(self.count.shape))
        return pd.DataFrame(
            {
                self.names[0]: [self.first_levels[k] for k in i],
                self.names[1]: [self.second_levels[k] for k in j],
                "units": self.count.ravel(),
                "reason": self.reason.ravel(),
            }
        )

    def __repr__(self) -> str:
        facts = [f"{self.names[0]} beside {self.names[1]}", f"kappa {self.kappa:.2f}"]
        return told(
            "LabelAgreement", [*facts, f"{len(self.changed)} of {self.compared} verdicts differ"]
        )


def label_agreement(
    attributions: Attributions,
    cohort: Cohort,
    *,
    by: tuple[str | Groups, str | Groups],
    same: Mapping[str, str] | None = None,
    testing: Testing | None = None,
    rng: np.random.Generator | int = 0,
) -> LabelAgreement:
    """Agreement of two groupings of the same people, and the conclusions that depend on which.

    `same` maps a level of the second to that of the first where their names differ. Raises
    GroupError where fewer than two levels have one name.
    """
    first, second = (cohort.grouping(one) for one in by)
    renamed = tuple((same or {}).get(level, level) for level in second.levels)
    shared = [level for level in first.levels if level in renamed]
    if len(shared) < 2:
        raise GroupError(
            f"{first.name} has {first.levels} and {second.name} {second.levels}; two levels of one "
            "name are needed: say same={level of the second: level of the first}"
        )
    again = Groups(second.name, renamed, second.codes, second.source, rows=second.rows)
    a, b = (unit_codes(g.codes, cohort.units) for g in (first, again))
    both = (a >= 0) & (b >= 0)
    table = np.zeros((len(first.levels), len(renamed)), dtype=np.int64)
    np.add.at(table, (a[both], b[both]), 1)
    return LabelAgreement(
        names=(first.name, second.name),
        sources=(first.source, second.source),
        first_levels=first.levels,
        second_levels=renamed,
        **_table(table),
        **_alike(a[both], b[both], (first, again), shared),
        **_conclusions(attributions, cohort, (first, again), testing, rng),
    )


def _table(table: Int) -> dict[str, Any]:
    shown, reason, rounded = suppressed_counts(table, smallest=least_shown())
    total = float(table.sum())
    return {"count": shown, "reason": reason, "units": 5 * round(total / 5) if rounded else total}


def _alike(a: Int, b: Int, made: tuple[Groups, Groups], shared: list[str]) -> dict[str, Any]:
    """Agreement over units whose labels are both among the shared levels."""
    place = {level: i for i, level in enumerate(shared)}
    x, y = (np.array([place.get(level, -1) for level in g.levels]) for g in made)
    first, second = x[a], y[b]
    use = (first >= 0) & (second >= 0)
    if not use.any():
        raise GroupError(f"no unit has a level of {shared} in both labels; match them by id")
    alike, kappa = agreement(first[use], second[use])
    differ = int((first[use] != second[use]).sum())
    few = 0 < differ < least_shown()
    return {
        "agree": 1 - (least_shown() - 1) / int(use.sum()) if few else alike,
        "kappa": float("nan") if few else kappa,
        "discordant": float("nan") if few else float(differ),
        "discordant_reason": hidden_text() if few else "",
    }


def _conclusions(
    attributions: Attributions,
    cohort: Cohort,
    made: tuple[Groups, Groups],
    testing: Testing | None,
    rng: np.random.Generator | int,
) -> dict[str, Any]:
    """Verdicts of the same view, contrast and subject by either label."""
    seed = rng if isinstance(rng, int) else int(rng.integers(2**62))
    one, two = (compare(attributions, cohort, by=g, testing=testing, rng=seed) for g in made)
    told = [dict(_verdicts(record)) for record in (one, two)]
    keys = [key for key in told[0] if key in told[1]]
    changed = tuple(
        Changed(*key, told[0][key], told[1][key]) for key in keys if told[0][key] != told[1][key]
    )
    return {"compared": len(keys), "changed": changed}


def _verdicts(record: Comparison) -> list[tuple[tuple[str, str, str, str], str]]:
    """Verdicts by view, unordered contrast and subject; a verdict knows no sign."""
    out = []
    for v, view in enumerate(record.views):
        for c, pair in enumerate(record.contrasts):
            first, second = sorted(pair)
            for j, subject in enumerate(record.subjects):
                out.append(((view.key, second, first, subject), str(record.verdict[v, c, j])))
    return out
