"""The difference of means is split without remainder; direct sets; the smallest effect told."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from evenlight.arrays import Bool, Float, Int
from evenlight.stats.direct import tells_group
from evenlight.stats.equivalence import minimum_effect_p, verdicts
from evenlight.stats.kitagawa import kitagawa


def literal(phi: Float, value: Int, member: Bool) -> tuple[float, float, float]:
    """VALUE, USE and OUTSIDE by dictionaries."""
    groups = [[i for i in range(len(phi)) if member[i] == side] for side in (True, False)]
    common = set(value[groups[0]].tolist()) & set(value[groups[1]].tolist())
    inside = [[i for i in g if value[i] in common] for g in groups]
    v = u = 0.0
    for s in common:
        at = [[i for i in g if value[i] == s] for g in inside]
        m = [float(np.mean(phi[a])) for a in at]
        f = [len(a) / len(g) for a, g in zip(at, inside, strict=True)]
        v += (m[0] + m[1]) / 2 * (f[0] - f[1])
        u += (m[0] - m[1]) * (f[0] + f[1]) / 2
    out = [np.mean(phi[g]) - np.mean(phi[i]) for g, i in zip(groups, inside, strict=True)]
    return float(v), float(u), float(out[0] - out[1])


@given(st.integers(0, 10**6), st.integers(2, 9))
@settings(max_examples=60, deadline=None)
def test_value_use_and_outside_add_up(seed: int, states: int) -> None:
    """VALUE + USE + OUTSIDE = Delta to 1e-8, for any values, also such that only one group has."""
    rng = np.random.default_rng(seed)
    member = rng.permutation(np.arange(50) < 20)
    value = rng.integers(0, states, 50) + np.where(member, 0, rng.integers(0, 3))
    phi = 10 * rng.normal(size=(50, 2)) + value[:, None]
    found = kitagawa(phi, value, member)
    delta = phi[member].mean(axis=0) - phi[~member].mean(axis=0)
    np.testing.assert_allclose(found.value + found.use + found.outside, delta, atol=1e-8)
    np.testing.assert_allclose(found.delta, delta, atol=1e-8)
    if set(value[member].tolist()) & set(value[~member].tolist()):
        slow = literal(phi[:, 0], value, member)
        np.testing.assert_allclose(
            [found.value[0], found.use[0], found.outside[0]], slow, atol=1e-9
        )


def test_swapped_groups_turn_every_part() -> None:
    """The split is symmetric; a use alike has no USE, values alike no VALUE."""
    rng = np.random.default_rng(0)
    value, member = rng.integers(0, 3, 80), np.arange(80) < 30
    phi = rng.normal(size=(80, 1))
    a, b = kitagawa(phi, value, member), kitagawa(phi, value, ~member)
    for name in ("delta", "value", "use", "outside"):
        np.testing.assert_allclose(getattr(a, name), -getattr(b, name), atol=1e-12)
    additive = kitagawa(np.multiply(value[:, None], 1.5, dtype=float), value, member)
    np.testing.assert_allclose([additive.use, additive.outside], 0, atol=1e-12)
    same = np.tile([0, 1, 2], 20)
    alike = kitagawa(rng.normal(size=(60, 1)), same, np.arange(60) < 30)
    np.testing.assert_allclose(alike.value, 0, atol=1e-12)


def test_nothing_shared_is_all_outside() -> None:
    """Groups without a common value: no VALUE, no USE."""
    found = kitagawa(
        np.array([[1.0], [2.0], [5.0]]), np.array([0, 0, 1]), np.array([True, True, False])
    )
    assert (found.value[0], found.use[0], found.outside[0]) == (0.0, 0.0, -3.5)
    assert found.common.tolist() == [0.0, 0.0]


def test_a_sum_that_the_group_decides_is_told() -> None:
    """Float32 noise does not hide it; a constant and a free value do not follow from the group."""
    group = np.repeat([0, 1, 2], 20)
    rng = np.random.default_rng(1)
    sums = np.column_stack([
        rng.normal(size=60), np.float32(0.3) * (group == 1) + 1e-8 * rng.normal(size=60),
        np.zeros(60),
    ])  # fmt: skip
    assert tells_group(sums, group).tolist() == [False, True, False]


def test_the_minimum_effect_p_is_its_formula() -> None:
    """P(t > (|D| - delta)/SE) + P(t > (|D| + delta)/SE); the two cases without spread."""
    d, se, df = (
        np.array([0.05, -0.3, 0.1]),
        np.array([0.04, 0.05, 0.2]),
        np.array([12.0, 40.0, 1e9]),
    )
    slow = [
        stats.t(f).sf((abs(e) - 0.1) / s) + stats.t(f).sf((abs(e) + 0.1) / s)
        for e, s, f in zip(d, se, df, strict=True)
    ]
    np.testing.assert_allclose(minimum_effect_p(d, se, df, 0.1), slow, rtol=1e-10)
    still = minimum_effect_p(np.array([0.1, 0.11]), np.zeros(2), np.full(2, np.inf), 0.1)
    assert still.tolist() == [1.0, 1e-16]
    at = np.array([0.1, 0.11])
    assert verdicts(at, at, 0.1, np.array([50, 50])).tolist() == ["similar", "different"]
