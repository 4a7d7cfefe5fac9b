"""Whether a subject follows the group is asked of that subject, whatever the others do."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from evenlight.arrays import Float, Int
from evenlight.stats.decomposition import Layout, layout, shuffled, standardised
from evenlight.stats.following import Follows, follows
from evenlight.stats.multiplicity import step_down

RUNS = 300


def slow_t(y: Float, rest: Float, slope: float, cell: Int, moved: Int, variance: Float) -> float:
    """T of y (n,) in cells `moved`, with weights of `rest` (n,) in cells `cell`, by loops.

    `variance` (n,) is that of y in the stratum of each unit.
    """
    top = bottom = 0.0
    for c in sorted(set(cell.tolist())):
        own, stay = y[moved == c], rest[cell == c]
        weight = sum(stay) / len(stay) + slope * sum(own) / len(own)
        middle = sum(own) / len(own)
        top += weight * sum(own)
        bottom += weight**2 * (sum((v - middle) ** 2 for v in own) + variance[cell == c][0])
    return top / np.sqrt(bottom) if bottom > 0 else 0.0


def slow_pair(plan: Layout, j: int, moved: Int, sign: Float) -> tuple[float, float]:
    """T of phi_j moved against the rest, and of the output moved against phi_j."""
    cell = plan.stratum * plan.k + plan.group
    centred, rest, variance = [], [], []
    for values in (plan.phi[:, j], plan.f):
        y = values.copy()
        for s in range(plan.s):
            y[plan.stratum == s] -= y[plan.stratum == s].mean()
        centred.append(y)
        rest.append(y - np.array([y[cell == c].mean() for c in cell]))
        variance.append(np.array([y[plan.stratum == s].var(ddof=1) for s in plan.stratum]))
    found = []
    for own, other in ((0, 1), (1, 0)):
        slope = (rest[own] @ rest[other]) / (rest[own] @ rest[own])
        y = centred[own] * sign
        y = y - np.array([y[plan.stratum == s].mean() for s in plan.stratum])
        kept = centred[other] - slope * centred[own]
        found.append(slow_t(y, kept, slope, cell, plan.stratum * plan.k + moved, variance[own]))
    return found[0], found[1]


def slow_follows(plan: Layout, moved: Int, sign: Float) -> Follows:
    """Every draw and subject by loops, then the larger p of the two tests."""
    p, still = plan.phi.shape[1], np.ones(len(plan.f))
    seen = np.array([slow_pair(plan, j, plan.group, still) for j in range(p)]).T
    null = np.array(
        [[slow_pair(plan, j, g, v) for j in range(p)] for g, v in zip(moved, sign, strict=True)]
    )
    z, size = zip(*(standardised(seen[i], null[..., i].copy()) for i in (0, 1)), strict=True)
    most = np.array([nearest(z[0][j], z[1][j], slow_cosine(plan, j)) for j in range(p)])
    both = [
        step_down(np.clip(z[i], -most, most), partial(np.take, size[i], axis=1), draws=len(null))
        for i in (0, 1)
    ]
    return Follows(np.maximum(both[0].p, both[1].p), np.maximum(both[0].p_maxt, both[1].p_maxt))


def slow_cosine(plan: Layout, j: int) -> float:
    """The cosine of the means of phi_j and f by cell, less those of their strata, by loops."""
    a: list[float] = []
    b: list[float] = []
    for c in sorted(set((plan.stratum * plan.k + plan.group).tolist())):
        s, own = c // plan.k, plan.stratum * plan.k + plan.group == c
        for values, out in ((plan.phi[:, j], a), (plan.f, b)):
            gap = values[own].mean() - values[plan.stratum == s].mean()
            out.append(np.sqrt(own.sum()) * gap)
    return float(np.dot(a, b) / np.sqrt(np.dot(a, a) * np.dot(b, b)))


def nearest(one: float, other: float, cosine: float) -> float:
    """The distance of (a, b), |a| = |one / cosine|, from all orthogonal pairs, by search."""
    x = np.array([one / cosine, 0.0])
    y = abs(other / cosine) * np.array([cosine, np.sqrt(max(1 - cosine**2, 0.0))])

    def far(at: float) -> float:  # x0 along an angle, y0 across it: projections are the nearest
        way = np.array([np.cos(at), np.sin(at)])
        across = np.array([-way[1], way[0]])
        return float(np.sqrt(x @ x + y @ y - (x @ way) ** 2 - (y @ across) ** 2))

    grid = np.linspace(0, np.pi, 181)
    best = grid[np.argmin([far(at) for at in grid])]
    return float(minimize_scalar(far, bounds=(best - 0.03, best + 0.03), method="bounded").fun)


def made(seed: int, *, family: bool = False) -> Layout:
    """Forty units, correlated subjects, three groups in two strata, one group in one of them."""
    rng = np.random.default_rng(seed)
    group, stratum = rng.integers(0, 3, 40), rng.integers(0, 2, 40)
    group[(group == 2) & (stratum == 1)] = 0
    phi = rng.normal(size=(40, 3)) + rng.normal(size=(40, 1)) + np.outer(group, [1.0, 0.2, 0.0])
    kin = np.arange(40) // 2 if family else None
    return layout(phi, phi.sum(axis=1), group, stratum, family=kin)


@pytest.mark.parametrize("seed", range(4))
def test_p_is_that_of_loops_over_draws_subjects_and_cells(seed: int) -> None:
    """The labels of one subject move, those of the rest stay: literally, on the same shuffles."""
    plan = made(seed)
    found = follows(plan, draws=39, rng=np.random.default_rng(seed))
    moved = shuffled(plan, 39, np.random.default_rng(seed))
    slow = slow_follows(plan, moved, np.ones((39, 40)))
    np.testing.assert_allclose(found.p, slow.p)
    np.testing.assert_allclose(found.p_maxt, slow.p_maxt)


def test_attributions_of_few_values_tie_as_they_should() -> None:
    """Carriers and the rest among twenty people, of any scale: a draw as far out counts, always."""
    rng = np.random.default_rng(5)
    group, none = np.repeat([0, 1], [8, 12]), np.zeros(20, dtype=int)
    phi = (rng.random((20, 3)) < 0.4) * np.array([0.1, 1e-30, 1e30]) / 3
    f = (phi / phi.std(axis=0)).sum(axis=1)
    plan = layout(phi, f, group, none)
    scaled = layout(phi / phi.std(axis=0), f, group, none)
    moved = shuffled(plan, 199, np.random.default_rng(6))
    slow = slow_follows(scaled, moved, np.ones((199, 20)))
    found = follows(scaled, draws=199, rng=np.random.default_rng(6))
    np.testing.assert_allclose(found.p, slow.p)
    np.testing.assert_allclose(found.p_maxt, slow.p_maxt)
    large = follows(plan, draws=199, rng=np.random.default_rng(6))
    np.testing.assert_allclose(large.p[[0, 2]], slow.p[[0, 2]])
    assert large.p[1] == 1.0  # a part of 1e-30 of the output is none


@pytest.mark.parametrize("seed", range(2))
def test_families_change_their_sign_whole(seed: int) -> None:
    """The same loops, with the sign of every family drawn and the labels left as they are."""
    plan = made(seed, family=True)
    found = follows(plan, draws=39, rng=np.random.default_rng(seed))
    drawn = np.random.default_rng(seed).integers(0, 2, (39, 20))[:, plan.family]
    sign = 1.0 - 2.0 * drawn.astype(float)
    slow = slow_follows(plan, np.tile(plan.group, (39, 1)), sign)
    np.testing.assert_allclose(found.p, slow.p)
    np.testing.assert_allclose(found.p_maxt, slow.p_maxt)


def test_as_many_draws_and_subjects_as_memory_allows_change_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Few draws and one subject at a time give the p of all at once."""
    rng = np.random.default_rng(3)
    group, phi = rng.integers(0, 2, 60), rng.normal(size=(60, 5))
    plan = layout(phi, phi.sum(axis=1), group, np.zeros(60, dtype=int))
    whole = follows(plan, draws=50, rng=np.random.default_rng(1))
    monkeypatch.setattr("evenlight.stats.following.BUDGET", 8 * 60 * 2 * 7)
    monkeypatch.setattr("evenlight.stats.following.BLOCK", 2)
    parts = follows(plan, draws=50, rng=np.random.default_rng(1))
    np.testing.assert_allclose(parts.p, whole.p)
    np.testing.assert_allclose(parts.p_maxt, whole.p_maxt)


def test_a_subject_that_does_not_vary_has_p_of_one() -> None:
    """Nothing is there to follow, and nothing is divided by zero; nor where no output varies."""
    rng = np.random.default_rng(4)
    group = np.arange(60) % 2
    phi = np.column_stack([rng.normal(size=60) + group, np.full(60, 0.1)])
    none = np.zeros(60, dtype=int)
    found = follows(layout(phi, phi.sum(axis=1), group, none), draws=99, rng=rng)
    assert found.p[1] == found.p_maxt[1] == 1.0
    assert found.p[0] < 0.05
    flat = follows(layout(phi, np.zeros(60), group, none), draws=99, rng=rng)
    assert flat.p.tolist() == [1.0, 1.0]


def across(rng: np.random.Generator) -> Layout:
    """Three groups between which the first subject and the output follow orthogonal directions."""
    group = np.arange(210) % 3
    own, whole = np.array([0.6, -0.6, 0.0]), np.array([0.8, 0.8, -1.6])
    phi = rng.normal(size=(210, 2)) + np.column_stack([own, whole - own])[group]
    return layout(phi, phi.sum(axis=1), group, np.zeros(210, dtype=int))


def world(name: str, rng: np.random.Generator) -> tuple[Layout, Int]:
    """Six subjects and which of them (or whose share) are without effect."""
    group, stratum = rng.integers(0, 2, 200), np.zeros(200, dtype=int)
    shift, spread, shared = np.zeros(6), np.ones(200), 0.0
    if name in ("one follows", "the others are correlated with it"):
        shift[0] = 1.5
    if name == "half of them follow":
        shift[:3] = 1.0, 0.8, 0.6
    if name == "two cancel":
        shift[:2] = 1.0, -1.0
    if name in ("three groups in six strata", "the others are correlated with it"):
        group, stratum, shared = rng.integers(0, 3, 200), rng.integers(0, 6, 200), 1.0
    if name == "20 people spread more than 180":
        group = np.repeat([0, 1], [20, 180])
        spread = np.where(group == 0, 3.0, 1.0)
    noise = rng.normal(size=(200, 6)) + shared * rng.normal(size=(200, 1))
    phi = noise * spread[:, None] + np.outer(group, shift)
    if name == "the output follows across it":
        return across(rng), np.array([0])
    none = np.arange(6) if name == "two cancel" else np.flatnonzero(shift == 0)
    return layout(phi, phi.sum(axis=1), group, stratum), none


@pytest.mark.parametrize(
    "name",
    [
        "nothing follows",
        "one follows",
        "half of them follow",
        "three groups in six strata",
        "the others are correlated with it",
        "20 people spread more than 180",
        "two cancel",
        "the output follows across it",
    ],
)
def test_subjects_without_effect_are_flagged_no_more_than_said(name: str) -> None:
    """Raw p and any flag of max-T stay at 5 % whatever other subjects do, over 300 data sets."""
    raw, flags = np.empty(RUNS), np.empty(RUNS)
    for seed in range(RUNS):
        rng = np.random.default_rng([seed, 12])
        plan, none = world(name, rng)
        found = follows(plan, draws=99, rng=rng)
        raw[seed] = (found.p[none] <= 0.05).mean()
        flags[seed] = (found.p_maxt[none] <= 0.05).any()
    assert raw.mean() < 0.05 + 4 * max(raw.std(), 0.02) / np.sqrt(RUNS)
    assert flags.mean() < 0.05 + 4 * np.sqrt(0.05 * 0.95 / RUNS)


def test_what_follows_is_found_beside_what_follows_more() -> None:
    """A shift of 0.6 SD beside one of 1.5 SD is flagged nearly always, by max-T."""
    hits = []
    for seed in range(60):
        rng = np.random.default_rng([seed, 13])
        group = np.arange(300) % 3
        phi = rng.normal(size=(300, 6)) + np.outer(group / 2, [1.5, 0.6, 0, 0, 0, 0])
        plan = layout(phi, phi.sum(axis=1), group, rng.integers(0, 2, 300))
        hits.append(follows(plan, draws=199, rng=rng).p_maxt[1] <= 0.05)
    assert np.mean(hits) > 0.85


def test_relatives_are_flagged_one_time_in_twenty_beside_a_subject_that_follows() -> None:
    """Fours of a kind: subjects without effect by families, one other follows strongly."""
    flags = np.empty(200)
    for seed in range(200):
        rng = np.random.default_rng([seed, 14])
        family = np.repeat(np.arange(50), 4)
        group = rng.integers(0, 2, 50)[family]
        phi = 0.8 * rng.normal(size=(50, 4))[family] + 0.4 * rng.normal(size=(200, 4))
        phi[:, 0] += 1.5 * group
        plan = layout(phi, phi.sum(axis=1), group, np.arange(200) % 2, family=family)
        found = follows(plan, draws=99, rng=rng)
        flags[seed] = (found.p_maxt[1:] <= 0.05).any()
    assert flags.mean() < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 200)
