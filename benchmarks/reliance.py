"""Reliance of many features beside a numpy loop over draws, in one run.

    python -m benchmarks.reliance                        20,000 features, 2,000 people
    python -m benchmarks.reliance --features 2000

Set OMP_NUM_THREADS=1 for steady ratios, 2 for the goal: `rely` in 60 s on two cores, below 4 GB.

What is timed is what an audit does under each condition: shares less their mean under no effect
(`excess.expected_shares`), 1,000 resamples of people (`decomposition.bootstrap_shares`) and 1,000
arrangements for p of each subject whatever the others do (`following.follows`: two tests of each
subject on each draw). The peer resamples people and shuffles groups draw by draw, as
a careful user would, with one plain share on each; a few of its draws are measured and the rest
told by the number of draws, which it is linear in. The limit are bare products of draws x people
with people x features: one for the bootstrap and two for the arrangements, one for each test.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.special import expit

from benchmarks.bench import Cost, cost, head, line
from evenlight.arrays import Float, Int, Single
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.outcome import Survival
from evenlight.measures.rely import DRAWS, rely
from evenlight.stats.decomposition import Layout, bootstrap_shares, layout, shares
from evenlight.stats.excess import expected_shares
from evenlight.stats.following import follows

MEASURED = 3
"""Draws of the peer that are measured."""


def people(features: int, rows: int) -> tuple[Single, Int, Float]:
    """Attributions (n, p), four groups, and the output that they add up to (n,)."""
    rng = np.random.default_rng(0)
    group = rng.integers(0, 4, rows)
    values = rng.normal(size=(rows, features)).astype(np.float32)
    values[:, ::50] += 0.2 * group[:, None]
    values *= (rng.normal(size=features) / np.sqrt(features)).astype(np.float32)
    return values, group, values.sum(axis=1, dtype=np.float64)


def cohort_of(group: Int, table: dict[str, object], outcome: object, features: int) -> Cohort:
    """People with four groups; the features' own values are draws beside the point."""
    n = len(group)
    index = [f"p{i:06d}" for i in range(n)]
    frame = pd.DataFrame({"ancestry": np.array(list("ABCD"))[group], **table}, index=index)
    names = [f"s{j}" for j in range(features)]
    x = np.random.default_rng(1).integers(0, 3, (n, features)).astype(np.float64)
    return Cohort(x, frame, names, outcome=outcome, groups=["ancestry"], unit="row")  # type: ignore[arg-type]


def outcomes(f: Float) -> dict[str, tuple[dict[str, object], object]]:
    """A binary, a continuous and a survival outcome that follow the output."""
    rng = np.random.default_rng(2)
    time, left = rng.exponential(size=len(f)) * np.exp(-f), 2 * rng.exponential(size=len(f))
    days, died = np.minimum(time, left), (time <= left).astype(int)
    return {
        "binary": ({"y": (rng.uniform(size=len(f)) < expit(f)).astype(int)}, "y"),
        "continuous": ({"y": f + rng.normal(size=len(f))}, "y"),
        "survival": ({"days": days, "died": died}, Survival("days", "died")),
    }


def loop(phi: Float, f: Float, group: Int, stratum: Int, draws: int) -> None:
    """B of each resample and of each shuffle, one draw after the other."""
    rng = np.random.default_rng(3)
    for _ in range(draws):
        drawn = rng.integers(len(f), size=len(f))
        _share(phi[drawn], f[drawn], group[drawn], stratum[drawn])
        other = group.copy()
        for s in np.unique(stratum):
            other[stratum == s] = rng.permutation(group[stratum == s])
        _share(phi, f, other, stratum)


def _share(phi: Float, f: Float, group: Int, stratum: Int) -> Float:
    between, total = np.zeros(phi.shape[1]), 0.0
    for s in np.unique(stratum):
        own, out, of = phi[stratum == s], f[stratum == s], group[stratum == s]
        middle, centre = own.mean(axis=0), out.mean()
        total += float(((out - centre) ** 2).sum())
        for g in np.unique(of):
            at = of == g
            between += at.sum() * (own[at].mean(axis=0) - middle) * (out[at].mean() - centre)
    return between / total


def products(weight: Float, phi: Float) -> None:
    """Three float64 products of draws (1,000, n) with attributions (n, p)."""
    out = np.empty((len(weight), phi.shape[1]))
    for _ in range(3):
        np.matmul(weight, phi, out=out)


def decomposition(features: int, rows: int) -> None:
    """The draws alone, given nothing and given ten bins of an outcome."""
    head(f"Shares of {features:,} features, {rows:,} people, {DRAWS:,} resamples and shuffles")
    values, group, f = people(features, rows)
    phi = values.astype(np.float64)
    weight = np.random.default_rng(4).normal(size=(DRAWS, rows))
    limit = cost(lambda: products(weight, phi), 2)
    line("three bare dgemm (the limit)", limit)
    for name, stratum in {
        "given nothing": np.zeros(rows, dtype=np.int64),
        "given ten bins": np.argsort(np.argsort(f + np.random.default_rng(5).normal(size=rows)))
        * 10
        // rows,
    }.items():
        few = cost(lambda: loop(phi, f, group, stratum, MEASURED), 1)  # noqa: B023
        peer = Cost(few.seconds * DRAWS / MEASURED, few.megabytes, 1)
        line(f"numpy loop over draws, {name} (the peer, {MEASURED} measured)", peer, limit=limit)
        plan = layout(phi, f, group, stratum)
        for part, work in _audited(plan).items():
            line(f"evenlight, {name}: {part}", cost(work, 1), peer=peer, limit=limit)


def _audited(plan: Layout) -> dict[str, Callable[[], object]]:
    """What `rely` computes under one condition, by part and together."""

    def chance() -> Float:
        return shares(plan) - expected_shares(plan)

    def resampled() -> Float:
        return bootstrap_shares(plan, draws=DRAWS, rng=np.random.default_rng(0))

    def tested() -> object:
        return follows(plan, draws=DRAWS, rng=np.random.default_rng(0))

    def every() -> object:
        return chance(), resampled(), tested()

    return {"resamples": resampled, "p": tested, "all": every}


def whole(features: int, rows: int) -> None:
    """All of `rely`: shares, intervals, max-T, support and association."""
    head(f"rely, {features:,} features, {rows:,} people, four groups; seconds of the clock")
    values, group, f = people(features, rows)
    for name, (table, outcome) in outcomes(f).items():
        cohort = cohort_of(group, table, outcome, features)
        made = Attributions.from_arrays(
            values, rows=cohort.rows.tolist(), features=cohort.features, output=f, base=0.0
        )
        begun = time.process_time()
        own = cost(lambda: rely(made, cohort, by="ancestry"), 1, wall=True)  # noqa: B023
        line(f"evenlight, {name}; {time.process_time() - begun:.0f} CPU s of all threads", own)


def main() -> int:
    """Both tables."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--features", type=int, default=20_000)
    asked.add_argument("--people", type=int, default=2_000)
    args = asked.parse_args()
    decomposition(args.features, args.people)
    whole(args.features, args.people)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
