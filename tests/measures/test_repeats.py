"""Other draws of the background in the variance of differences: literal twin, size, refusals."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest

from evenlight.arrays import Float
from evenlight.data.attributions import Attributions, Background
from evenlight.data.cohort import Cohort
from evenlight.errors import AttributionError
from evenlight.measures.compare import compare
from evenlight.measures.comparison import Comparison
from evenlight.stats.cells import cells, design
from evenlight.stats.equivalence import more_units
from evenlight.stats.permutation import (
    difference,
    from_normal,
    normalised,
    with_shared,
)
from tests import slow


def people(n: int, *, apart: float = 2.0, seed: int = 0) -> Cohort:
    """x1 alike in both groups, x2 higher in B; two sites."""
    rng = np.random.default_rng(seed)
    race = np.where(np.arange(n) % 2 == 0, "A", "B")
    x = rng.normal(size=(n, 2))
    x[:, 1] += apart * (race == "B")
    table = pd.DataFrame(
        {"race": race, "site": rng.integers(0, 2, n)}, index=[f"p{i:04d}" for i in range(n)]
    )
    return Cohort(x, table, ["x1", "x2"], groups=["race"], strata=["site"], unit="row")


def product(cohort: Cohort, background: Float, name: str) -> Attributions:
    """Shapley values of x1 x2 over a background, in closed form."""
    x, b = cohort.dense(), background
    both = (b[:, 0] * b[:, 1]).mean()
    whole = x[:, 0] * x[:, 1]
    crossed = x[:, 0] * b[:, 1].mean(), x[:, 1] * b[:, 0].mean()
    values = np.column_stack(
        [whole - crossed[1] + crossed[0] - both, whole - crossed[0] + crossed[1] - both]
    )
    return Attributions.from_arrays(
        values / 2, rows=cohort.rows.tolist(), features=cohort.features, output=whole, base=both,
        background=Background(name, len(b)),
    )  # fmt: skip


def draws(cohort: Cohort, count: int, size: int, seed: int) -> list[Attributions]:
    """Explanations on `count` backgrounds of `size` rows whose x1 is 0 on average."""
    rng = np.random.default_rng([seed, 7])
    made = []
    for i in range(count):
        background = rng.normal(size=(size, 2))
        made.append(product(cohort, background, f"b{i}"))
    return made


def arrays(made: Comparison) -> dict[str, bytes]:
    """Every array of a comparison as bytes."""
    found = {f.name: getattr(made, f.name) for f in fields(made)}
    return {name: v.tobytes() for name, v in found.items() if isinstance(v, np.ndarray)}


def test_without_repeats_nothing_changes() -> None:
    """No repeats, or repeats that differ by a constant only: intervals and p are bit for bit."""
    cohort = people(120)
    made = draws(cohort, 1, 50, 0)[0]
    plain, empty = compare(made, cohort, by="race"), compare(made, cohort, by="race", repeats=())
    assert arrays(plain) == arrays(empty)
    assert np.isnan(plain.background_share).all()
    shifted = [
        replace(made, values=made.values + np.float32(2**-k), background=Background(str(k), 9))
        for k in range(3, 7)
    ]
    same = compare(made, cohort, by="race", repeats=shifted)
    v = plain.view("signed")
    for name in ("effect", "low", "high", "p", "p_maxt"):
        np.testing.assert_array_equal(getattr(same, name)[v], getattr(plain, name)[v])
    assert same.background_share.tolist() == [[0.0, 0.0]]
    assert same.repeats == 4


def test_the_variance_equals_the_literal_formula() -> None:
    """V + (1 + 1/R) B with D and V by loops, its df by Satterthwaite; the interval follows."""
    cohort = people(80)
    every = draws(cohort, 6, 15, 1)
    with_, without = (compare(every[0], cohort, by="race", repeats=r) for r in (every[1:], ()))
    b = cohort.grouping("race").codes == 1
    unit, stratum = np.arange(cohort.n), cohort.stratum
    for j in range(2):
        found = [slow.contrast(a.values[:, j].astype(float), unit, stratum, b) for a in every]
        d, v = [f[0] for f in found], found[0][1]
        mean = sum(d) / 6
        between = sum((e - mean) ** 2 for e in d) / 5
        shared = (1 + 1 / 6) * between
        assert with_.background_share[0, j] == pytest.approx(shared / (v + shared), rel=1e-6)
        made = cells(every[0].values[:, [j]].astype(float), unit, stratum)
        seen = difference(made.values, design(made, b))
        df = (v + shared) ** 2 / (v**2 / seen.df[0] + shared**2 / 5)
        sd = with_.views[0].unit
        half = [(c.high[0, 0, j] - c.low[0, 0, j]) / 2 * sd for c in (without, with_)]
        z = normalised(np.array([half[0] / np.sqrt(v)]), seen.df)[0]
        wanted = from_normal(z, np.array([df]))[0] * np.sqrt(v + shared)
        assert half[1] == pytest.approx(wanted, rel=1e-6)
        assert with_.effect[0, 0, j] == without.effect[0, 0, j]


def test_noise_of_the_background_inflates_false_alarms_only_without_repeats() -> None:
    """x1 does not differ over all backgrounds; 100 runs, Monte Carlo error at 5 %: 2.2 points."""
    runs, blind, alarms = 100, 30, np.zeros(2)
    for seed in range(runs):
        cohort = people(160, seed=seed)
        every = draws(cohort, 6, 12, seed)
        for i, repeats in enumerate((every[1:], [])[: 1 + (seed < blind)]):
            found = compare(every[0], cohort, by="race", repeats=repeats, rng=seed)
            alarms[i] += found.p[found.view("signed"), 0, 0] <= 0.05
    assert alarms[0] / runs <= 0.05 + 2 * 0.022
    assert alarms[1] / blind > 0.3


def test_repeats_must_be_repeats() -> None:
    """The same method, target and subjects, other backgrounds, the same people."""
    cohort = people(60)
    made, other = draws(cohort, 2, 20, 2)
    for change, told in (
        ({"method": "ig"}, "a repeat has method 'ig', wanted 'given'"),
        ({"target": "dose"}, "a repeat has target 'dose', wanted 'output'"),
        ({"background": made.background}, "two of the repeats have the same background"),
    ):
        wrong = replace(other, **change)
        with pytest.raises(AttributionError, match=told):
            compare(made, cohort, by="race", repeats=[wrong])
    fewer = Attributions.from_arrays(
        other.values[:, :1], rows=cohort.rows.tolist(), features=["x1"],
        output=other.values[:, 0], base=0.0,
    )  # fmt: skip
    with pytest.raises(AttributionError, match="a repeat has other subjects"):
        compare(made, cohort, by="race", repeats=[fewer])


def test_the_share_of_monte_carlo_noise_equals_loops() -> None:
    """Variance of D from independent errors of rows, over V, in strata with several rows a unit."""
    rng = np.random.default_rng(3)
    n = 90
    who = np.arange(n) // 2
    race, names = np.where(who % 2 == 0, "A", "B"), [f"u{i:02d}" for i in who]
    table = pd.DataFrame(
        {"race": race, "site": who % 3, "who": names}, index=[f"p{i:03d}" for i in range(n)]
    )
    x = rng.normal(size=(n, 2))
    cohort = Cohort(x, table, ["a", "b"], groups=["race"], strata=["site"], unit="who")
    made = Attributions.from_arrays(
        x, rows=cohort.rows.tolist(), features=cohort.features, output=x.sum(axis=1), base=0.0
    )
    spread = rng.uniform(0.1, 0.5, size=(n, 2)).astype(np.float32)
    found = compare(replace(made, spread=spread), cohort, by="race")
    for j in range(2):
        part, whole = slow_noise(
            made.values[:, j].astype(float), spread[:, j].astype(float), cohort
        )
        assert found.noise_share[0, j] == pytest.approx(part / whole, rel=1e-5)
    assert np.isnan(compare(made, cohort, by="race").noise_share).all()


def slow_noise(phi: Float, spread: Float, cohort: Cohort) -> tuple[float, float]:
    """Monte Carlo part of V, and V, by loops over the people of each stratum."""
    codes = cohort.grouping("race").codes
    who, noise, mean, at, group = cohort.units, {}, {}, {}, {}
    for u in np.unique(who):
        rows = np.flatnonzero(who == u)
        noise[u] = sum(float(spread[i]) ** 2 for i in rows) / len(rows) ** 2
        mean[u] = sum(float(phi[i]) for i in rows) / len(rows)
        at[u], group[u] = cohort.stratum[rows[0]], codes[rows[0]]
    sizes = {
        (s, g): sum(at[u] == s and group[u] == g for u in at) for s in range(3) for g in range(2)
    }
    weight = {s: sizes[s, 0] * sizes[s, 1] / (sizes[s, 0] + sizes[s, 1]) for s in range(3)}
    total = sum(weight.values())
    part = sum((weight[at[u]] / total / sizes[at[u], group[u]]) ** 2 * noise[u] for u in at)
    units = np.array(sorted(at))
    _, whole = slow.contrast(
        np.array([mean[u] for u in units]), units, np.array([at[u] for u in units]),
        np.array([group[u] == 1 for u in units]),
    )  # fmt: skip
    return float(part), whole


def test_shared_error_widens_and_never_sharpens() -> None:
    """A larger shared variance: larger standard error, smaller statistic, df towards its own."""
    made = cells(
        np.random.default_rng(4).normal(size=(40, 1)), np.arange(40), np.zeros(40, dtype=int)
    )
    seen = difference(made.values, design(made, np.arange(40) < 15))
    last = seen
    for shared in (0.01, 0.1, 10.0):
        more = with_shared(seen, np.array([shared]), 5)
        assert more.se[0] > last.se[0]
        assert abs(more.statistic[0]) < abs(last.statistic[0])
        last = more
    assert last.df[0] == pytest.approx(4, abs=0.1)
    none = with_shared(seen, np.zeros(1), 5)
    assert (none.se[0], none.df[0]) == (seen.se[0], seen.df[0])


def test_more_people_do_not_lessen_a_shared_error() -> None:
    """What all share is left out of what more people can do; where it is too much, none is told."""
    effect, half, margin = np.array([0.0]), np.array([0.2]), 0.1
    var, n = (np.array([0.004]), np.array([0.004])), (np.array([100]), np.array([100]))
    alone, _ = more_units(effect, half, margin, var, n)
    some, _ = more_units(effect, half, margin, var, n, shared=0.001)
    none, _ = more_units(effect, half, margin, var, n, shared=0.1)
    assert some[0] > alone[0]
    assert np.isnan(none[0])
