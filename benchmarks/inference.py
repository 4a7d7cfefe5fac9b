"""The permutation engine beside bare products, a numpy loop and scipy, in one run.

    python -m benchmarks.inference              all tables, about ten minutes
    python -m benchmarks.inference ranks

Set OMP_NUM_THREADS=1: ratios are steadier on one thread. The bare products are what a studentised
test cannot do without: 0/1 labels times values, and times their squares, in float32.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import stats

from benchmarks.bench import Cost, cost, head, line
from evenlight.arrays import Bool, Float
from evenlight.data.cohort import Cohort
from evenlight.measures.arms import arms_of
from evenlight.measures.comparison import View
from evenlight.measures.family import results
from evenlight.measures.prepare import Setting, setting
from evenlight.measures.testing import Testing
from evenlight.stats.cells import Cells, design
from evenlight.stats.multiplicity import Family, draws_for
from evenlight.stats.permutation import difference, permuted_labels
from evenlight.stats.rank_tests import rank_tests
from evenlight.stats.sequential import How, Source, staged

FEATURES, ROWS, DRAWS = 20_000, 2_000, 10_000
BLOCK = 512


def people(features: int, rows: int) -> tuple[Float, Bool]:
    """Attributions of which one in a hundred differs between groups of one and two thirds."""
    rng = np.random.default_rng(0)
    values, member = rng.normal(size=(rows, features)), np.arange(rows) % 3 == 0
    values[member, ::100] += 0.3
    return values, member


def bare(values: Float, drawn: np.ndarray) -> None:
    """Two float32 products of labels (draws, n) with values (n, p) and their squares, in blocks."""
    out = np.empty((BLOCK, len(drawn)), dtype=np.float32)
    turned = np.ascontiguousarray(drawn.T)
    for start in range(0, values.shape[1], BLOCK):
        own = np.ascontiguousarray(values[:, start : start + BLOCK].T, dtype=np.float32)
        for operand in (own, own**2):
            np.matmul(operand, turned, out=out[: len(own)])


def loop(values: Float, labels: np.ndarray) -> Float:
    """Welch's t of each relabelling, as a careful user would loop."""
    out = np.empty((len(labels), values.shape[1]))
    for b, row in enumerate(labels.astype(bool)):
        x, y = values[row], values[~row]
        spread = x.var(axis=0, ddof=1) / len(x) + y.var(axis=0, ddof=1) / len(y)
        out[b] = (x.mean(axis=0) - y.mean(axis=0)) / np.sqrt(spread)
    return out


def permutation() -> None:
    """Studentised max-T of 20,000 features."""
    head(f"Studentised max-T, {FEATURES:,} features, {ROWS:,} rows, {DRAWS:,} draws")
    values, member = people(FEATURES, ROWS)
    plan = design(Cells(np.arange(ROWS), np.zeros(ROWS, dtype=np.int64), values), member)
    labels = permuted_labels(plan, draws=DRAWS, rng=np.random.default_rng(1))
    drawn = labels.astype(np.float32)
    limit = cost(lambda: bare(values, drawn), 2)
    line("two bare sgemm (the limit)", limit)
    few = cost(lambda: loop(values, labels[:20]), 1)
    naive = Cost(few.seconds * DRAWS / 20, few.megabytes, 1)
    line("numpy loop over draws (the peer, 20 measured)", naive, limit=limit)
    alone = cost(lambda: _scipy(values[:, :20], member), 1)
    scipys = Cost(alone.seconds * FEATURES / 20 * DRAWS / 200, alone.megabytes, 1)
    line("scipy.stats.permutation_test (20 features, 200 draws measured)", scipys, limit=limit)
    line("drawing the labels", cost(
        lambda: permuted_labels(plan, draws=DRAWS, rng=np.random.default_rng(1)), 1
    ), limit=limit)  # fmt: skip
    seen = difference(values, plan).statistic
    at = np.column_stack([np.zeros(FEATURES, dtype=np.int64), np.arange(FEATURES)])
    source, found = Source(values, plan, labels), {}
    for name, how in {
        "float32, all draws": How(single=True, first=DRAWS, tails=False),
        "float64, all draws": How(first=DRAWS, tails=False),
        "float32, two looks": How(single=True, tails=False),
        "float64, two looks": How(tails=False),
        "float64, two looks, fitted tails": How(),
    }.items():
        held: list[Family] = []
        own = cost(lambda how=how, held=held: held.append(staged([source], at, seen, how=how)), 1)  # type: ignore[misc]
        found[name] = held[0]
        line(f"evenlight, {name}", own, peer=naive, limit=limit, note=_told(held[0]))
    for looks in ("all draws", "two looks"):
        one, other = found[f"float32, {looks}"], found[f"float64, {looks}"]
        print(f"\ncounts of float32 and float64 equal, {looks}: {bool((one.p == other.p).all())}")


def _told(family: Family) -> str:
    return f"{(family.p_maxt <= 0.05).sum()} flags, 95 % point {family.critical(0.05):.3f}"


def _scipy(values: Float, member: Bool) -> None:
    def welch(x: Float, y: Float, axis: int) -> Float:
        return np.asarray(stats.ttest_ind(x, y, axis=axis, equal_var=False).statistic)

    stats.permutation_test(
        (values[member], values[~member]), welch, axis=0, n_resamples=200, vectorized=True,
        batch=20, rng=np.random.default_rng(0),
    )  # fmt: skip


def ranks() -> None:
    """Mann-Whitney and Kolmogorov-Smirnov."""
    head(f"Mann-Whitney and Kolmogorov-Smirnov, {FEATURES:,} features, {ROWS:,} rows")
    values, member = people(FEATURES, ROWS)
    values = values.astype(np.float32)
    turned = np.ascontiguousarray(values.T)
    limit = cost(lambda: np.sort(turned, axis=1), 2)
    line("one bare float32 sort of each feature (the limit)", limit)
    part = FEATURES // 10
    a, b = values[member][:, :part], values[~member][:, :part]
    both = [
        cost(lambda: stats.mannwhitneyu(a, b, axis=0, method="asymptotic"), 1),
        cost(lambda: stats.ks_2samp(a, b, axis=0, method="asymp"), 1),
    ]
    peer = Cost(10 * sum(c.seconds for c in both), max(c.megabytes for c in both), 1)
    line("scipy, both (the peer, a tenth of the features measured)", peer, limit=limit)
    line("evenlight, both", cost(lambda: rank_tests(values, member), 3), peer=peer, limit=limit)


def comparisons() -> None:
    """The engine's part of a comparison: signed and magnitude, given nothing and the outcome."""
    head("Four views of a comparison, with the draws that the family needs, in float64")
    for rows, features, groups in ((126, 400, 4), (300, 3_000, 2)):
        values, here = _case(rows, features, groups)
        pairs = len(here.groups.contrasts())
        draws = draws_for(features * pairs)
        own = cost(lambda: _four_views(values, here, draws), 2)  # noqa: B023
        name = f"{rows} people, {features:,} subjects, contrasts: {pairs}, draws: {draws:,}"
        line(name, own)


def _four_views(values: Float, here: Setting, draws: int) -> None:
    p, both = values.shape[1], np.hstack([values, np.abs(values)])
    for given in ("nothing", "outcome"):
        arms = arms_of(here, given, both, draws=draws, rng=np.random.default_rng(0))
        for i, name in enumerate(("signed", "magnitude")):
            view = View(name, given, "margin", 1.0)
            results(arms, i * p + np.arange(p), view, testing=Testing())


def _case(rows: int, features: int, groups: int) -> tuple[Float, Setting]:
    values, _ = people(features, rows)
    rng = np.random.default_rng(2)
    table = pd.DataFrame(
        {"group": np.array(list("ABCDEFG"))[np.arange(rows) % groups],
         "y": rng.integers(0, 2, rows)},
        index=[f"p{i}" for i in range(rows)],
    )  # fmt: skip
    cohort = Cohort(values, table, outcome="y", groups=["group"], unit="row")
    return values, setting(cohort, "group")


TABLES: dict[str, Callable[[], None]] = {
    "permutation": permutation, "ranks": ranks, "comparisons": comparisons,
}  # fmt: skip


def main(names: list[str]) -> int:
    """The tables that are asked for; all of them by default."""
    for name in names or TABLES:
        if name not in TABLES:
            print(f"no table {name!r}; known: {', '.join(TABLES)}")
            return 2
        TABLES[name]()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
