"""Ten perturbations of counts in three groups beside a plain loop, in one run.

    python -m benchmarks.perturb                          2,000 cells x 2,000 genes
    python -m benchmarks.perturb --cells 500 --genes 500

The goal is 60 s on two cores for all ten at three strengths, facts and checks of the data included;
seconds are those of the processor, since the work is done in one thread. The peer does what a
careful user would: for each perturbation, strength and group it copies the group's rows, changes
them one by one with a generator of its own seeded by the row, and asks the model. A few of its
steps are measured and the rest told by their number, which it is linear in. The limit is the model
alone on as many rows.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
import pandas as pd

from benchmarks.bench import Cost, cost, head, line
from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.probes.perturb import perturb
from evenlight.probes.perturbations.suites import suite

MEASURED = 4
"""Steps of the peer that are measured, one of each kind in `PEERS`."""

Row = Callable[[Float, np.random.Generator], Float]


def cells(n: int, p: int) -> Cohort:
    """Counts of n cells from three groups: nine of ten genes are seen in few cells."""
    rng = np.random.default_rng(0)
    rate = rng.gamma(0.3, 2.0, size=p) * rng.gamma(4.0, 0.25, size=(n, 1))
    x = rng.poisson(rate).astype(np.float64)
    people = pd.DataFrame({"ancestry": rng.choice(["A", "B", "C"], n)})
    people.index = pd.Index([f"c{i:05d}" for i in range(n)])
    return Cohort(x, people, [f"g{j}" for j in range(p)], groups=["ancestry"], unit="row")


def model_of(p: int) -> Callable[[Float], Float]:
    """A linear score of log counts."""
    weight = np.random.default_rng(1).normal(size=p) / np.sqrt(p)

    def score(x: Float) -> Float:
        said: Float = np.log1p(x) @ weight
        return said

    return score


def lose(row: Float, rng: np.random.Generator) -> Float:
    """Values lost."""
    return np.where(rng.random(len(row)) < 0.1, 0.0, row)


def thin(row: Float, rng: np.random.Generator) -> Float:
    """Reads lost."""
    return rng.binomial(row.astype(np.int64), 0.75).astype(np.float64)


def soup(row: Float, rng: np.random.Generator) -> Float:
    """Reads exchanged for others."""
    kept = rng.binomial(row.astype(np.int64), 0.9)
    lost = int(row.sum() - kept.sum())
    return (kept + rng.multinomial(lost, np.full(len(row), 1 / len(row)))).astype(np.float64)


def forget(row: Float, rng: np.random.Generator) -> Float:
    """Genes lost."""
    out = row.copy()
    out[: len(row) // 10] = 0.0
    return out


PEERS: dict[str, Row] = {"dropout": lose, "depth": thin, "ambient": soup, "gene loss": forget}


def loop(cohort: Cohort, model: Callable[[Float], Float]) -> None:
    """One step of each kind, group by group and row by row."""
    x, codes = np.asarray(cohort.x), cohort.groups[0].codes
    for of in PEERS.values():
        for g in range(3):
            rows = np.flatnonzero(codes == g)
            made = [of(x[i], np.random.default_rng([7, int(i)])) for i in rows]
            model(np.stack(made))


def main() -> int:
    """One table."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--cells", type=int, default=2_000)
    asked.add_argument("--genes", type=int, default=2_000)
    args = asked.parse_args()
    cohort, model = cells(args.cells, args.genes), model_of(args.genes)
    counts = suite("counts", cohort)
    steps = sum(len(p.strengths) for p in counts.perturbations)
    head(
        f"{len(counts.perturbations)} perturbations in {steps} steps, {args.cells:,} cells of 3 "
        f"groups x {args.genes:,} genes; goal 60 s on two cores"
    )
    x = np.asarray(cohort.x)
    limit = cost(lambda: [model(x) for _ in range(steps)], 2)
    line("the model alone (the limit)", limit)
    few = cost(lambda: loop(cohort, model), 1)
    peer = Cost(few.seconds * steps / MEASURED, few.megabytes, 1)
    line(
        f"plain loop over groups and rows (the peer, {MEASURED} steps measured)", peer, limit=limit
    )
    own = cost(lambda: perturb(model, cohort, suite="counts"), 2)
    line("evenlight", own, peer=peer, limit=limit, note=f"{60 / own.seconds:.1f} times the goal")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
