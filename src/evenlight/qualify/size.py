"""How often the comparison speaks where there is nothing to say.

Each case draws attributions that are exchangeable between groups given the declared strata, runs
the engine, and counts: raw p below 5 % over all tests, and any max-T p below 5 % in a run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Bool
from evenlight.stats.cells import Cells, cells, design
from evenlight.stats.multiplicity import step_down
from evenlight.stats.permutation import (
    at_least_normal,
    difference,
    null_statistics,
    permuted_labels,
)

ALPHA = 0.05
FEATURES = 20


@dataclass(frozen=True, slots=True)
class Size:
    """False alarms of one case over `runs`: share of raw p, and of runs with any max-T flag."""

    case: str
    runs: int
    raw: float
    any_flag: float

    @property
    def raw_error(self) -> float:
        """Monte Carlo error of `raw`; tests of one run are independent here."""
        return float(np.sqrt(ALPHA * (1 - ALPHA) / (self.runs * FEATURES)))

    @property
    def flag_error(self) -> float:
        """Monte Carlo error of `any_flag`."""
        return float(np.sqrt(ALPHA * (1 - ALPHA) / self.runs))


def null(rng: np.random.Generator) -> tuple[Cells, Bool]:
    """150 + 150 people, nothing differs."""
    return _flat(rng.normal(size=(300, FEATURES)), np.zeros(300)), np.arange(300) < 150


def site(rng: np.random.Generator) -> tuple[Cells, Bool]:
    """Two sites with other levels, and groups that are 80/20 in them."""
    at = np.arange(300) % 2
    member = rng.uniform(size=300) < np.where(at == 0, 0.8, 0.2)
    return _flat(rng.normal(size=(300, FEATURES)) + 2.0 * at[:, None], at), member


def spread(rng: np.random.Generator) -> tuple[Cells, Bool]:
    """20 people with three times the spread of the other 100."""
    member = np.arange(120) < 20
    scale = np.where(member, 3.0, 1.0)[:, None]
    return _flat(scale * rng.normal(size=(120, FEATURES)), np.zeros(120)), member


def skew(rng: np.random.Generator) -> tuple[Cells, Bool]:
    """20 + 100 people, exponential values: skewed, equal in both groups."""
    return _flat(rng.exponential(size=(120, FEATURES)), np.zeros(120)), np.arange(120) < 20


def rare(rng: np.random.Generator) -> tuple[Cells, Bool]:
    """60 + 240 people and 0/1 values that one in ten has."""
    values = (rng.uniform(size=(300, FEATURES)) < 0.1).astype(float)
    return _flat(values, np.zeros(300)), np.arange(300) < 60


def nested(rng: np.random.Generator) -> tuple[Cells, Bool]:
    """8 + 8 donors with 30 cells each, ICC 0.2: the donor is the unit."""
    donor = np.repeat(np.arange(16), 30)
    level = rng.normal(size=(16, FEATURES)) * np.sqrt(0.25)
    values = level[donor] + rng.normal(size=(480, FEATURES))
    return cells(values, donor, np.zeros(480, dtype=np.int64)), np.arange(16) < 8


def views(rng: np.random.Generator) -> tuple[Cells, Bool]:
    """Patients with one or both of two views of unlike levels: strata vary inside a unit."""
    who = rng.integers(0, 3, 120)
    unit = np.concatenate([np.flatnonzero(who != 1), np.flatnonzero(who != 0)])
    view = np.concatenate([np.zeros((who != 1).sum()), np.ones((who != 0).sum())])
    own = rng.normal(size=(120, FEATURES))
    values = own[unit] + 2.0 * view[:, None] + 0.5 * rng.normal(size=(len(unit), FEATURES))
    member = rng.uniform(size=120) < np.array([0.3, 0.7, 0.5])[who]
    return cells(values, unit, view.astype(np.int64)), member


CASES: Mapping[str, Callable[[np.random.Generator], tuple[Cells, Bool]]] = {
    "null": null,
    "site": site,
    "unequal spread": spread,
    "skew": skew,
    "rare": rare,
    "nested": nested,
    "views inside patients": views,
}


def size(case: str, *, runs: int, draws: int, rng: np.random.Generator) -> Size:
    """Measure one case; `draws` permutations a run."""
    raw, flags = [], 0
    for _ in range(runs):
        made, member = CASES[case](rng)
        plan = design(made, member)
        labels = permuted_labels(plan, draws=draws, rng=rng)
        drawn = at_least_normal(null_statistics(made.values, plan, labels))
        seen = difference(made.values, plan).statistic
        family = step_down(seen, lambda index, d=drawn: d[:, index].copy(), draws=draws)  # type: ignore[misc]
        raw.append((family.p <= ALPHA).mean())
        flags += bool((family.p_maxt <= ALPHA).any())
    return Size(case, runs, float(np.mean(raw)), flags / runs)


def _flat(values: np.ndarray, stratum: np.ndarray) -> Cells:
    return cells(values, np.arange(len(values)), stratum.astype(np.int64))


def main() -> None:
    """Print the size of every case with its Monte Carlo error."""
    rng = np.random.default_rng(20261121)
    for case in CASES:
        found = size(case, runs=400, draws=999, rng=rng)
        print(
            f"{case:24s} raw {found.raw:.4f} (5 % +- {found.raw_error:.4f})   "
            f"any max-T flag {found.any_flag:.4f} (5 % +- {found.flag_error:.4f})"
        )


if __name__ == "__main__":
    main()
