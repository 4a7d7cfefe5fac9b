"""Which features explain a difference of use: planted partners are named, bystanders are not."""

from __future__ import annotations

import numpy as np
import pytest

from evenlight.arrays import Bool, Float
from evenlight.stats.partners import Explained, People, expanded, explained


def drawn(rng: np.random.Generator, p: int = 40, n: int = 300) -> tuple[Float, Bool]:
    """Genotypes of two groups; the frequencies of features 0 to 4 differ, the others by chance."""
    member = np.arange(n) < n // 2
    rate = np.where(member[:, None] & (np.arange(p) < 5), 0.6, 0.2)
    return rng.binomial(2, rate).astype(float), member


def split(s: Float, x: Float, member: Bool, seed: int = 0) -> Explained:
    """The difference of s over the features of x, everyone a unit, in one stratum."""
    n = len(s)
    people = People(member, np.zeros(n, dtype=int), np.arange(n))
    basis, rng = expanded(x, np.zeros(x.shape[1], dtype=bool)), np.random.default_rng(seed)
    return explained(s[:, None], basis, np.array([-1]), people=people, rng=rng)


def test_a_planted_partner_is_named_alone() -> None:
    """Use steps with feature 2; 0, 1, 3 and 4 differ between the groups as much: 2 is named."""
    for seed in range(20):
        rng = np.random.default_rng(seed)
        x, member = drawn(rng)
        s = 1.0 * (x[:, 2] > 0) + 0.3 * rng.normal(size=300)
        found = split(s, x, member)
        assert found.named().tolist() == [2]
        assert abs(found.share[0, 2] - 1) < 0.35


def test_what_only_tells_the_group_explains_nothing() -> None:
    """Use differs by the group itself: nobody is named, though five features differ too."""
    wrong = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        x, member = drawn(rng)
        wrong += len(split(2.0 * member + rng.normal(size=300), x, member).named())
    assert wrong == 0


def test_no_noise_is_no_obstacle() -> None:
    """Where s is an exact sum of two steps, as from trees: both are named, shares as planted."""
    x, member = drawn(np.random.default_rng(1))
    s = 2.0 * (x[:, 0] > 0) - 1.0 * (x[:, 1] > 1) + 0.5 * (x[:, 9] > 0)
    found = split(s, x, member)
    gap = [(x[member, k] > t).mean() - (x[~member, k] > t).mean() for k, t in ((0, 0), (1, 1))]
    wanted = np.array([2.0 * gap[0], -1.0 * gap[1]]) / found.delta[0]
    np.testing.assert_allclose(found.share[0, :2], wanted, atol=0.01)
    assert found.named().tolist() == [0]


def test_shares_add_up_to_the_difference_where_s_is_a_sum() -> None:
    """Without rest the shares are 1 together."""
    rng = np.random.default_rng(2)
    x, member = drawn(rng, p=6)
    found = split((x[:, :3] > 0) @ np.array([1.0, 0.7, 0.4]), x, member)
    np.testing.assert_allclose(found.share.sum(), 1.0, atol=1e-6)


@pytest.mark.parametrize("curve", ["line", "step", "bump"])
def test_numbers_are_seen_by_lines_and_steps(curve: str) -> None:
    """Partners with a straight, a stepped and a partly falling effect on s."""
    rng = np.random.default_rng(3)
    member = np.arange(400) < 200
    x = rng.normal(size=(400, 30)) + member[:, None] * (np.arange(30) < 3)
    shape = {"line": x[:, 1], "step": 1.0 * (x[:, 1] > 0.7), "bump": np.minimum(x[:, 1], 0.5)}
    found = split(shape[curve] + 0.4 * rng.normal(size=400), x, member)
    assert found.named().tolist() == [1]


def test_rows_of_a_unit_count_as_one() -> None:
    """People written down many times weigh no more: shares as without copies."""
    rng = np.random.default_rng(4)
    x, member = drawn(rng, p=10)
    s = 1.0 * (x[:, 2] > 0) + 0.3 * rng.normal(size=300)
    times = np.where(rng.uniform(size=300) < 0.5, 6, 1)
    unit = np.repeat(np.arange(300), times)
    basis = expanded(x, np.zeros(10, dtype=bool))
    crowd = People(member[unit], np.zeros(len(unit), dtype=int), unit)
    once, rng = split(s, x, member), np.random.default_rng(0)
    again = explained(s[unit][:, None], basis[unit], np.array([-1]), people=crowd, rng=rng)
    np.testing.assert_allclose(again.delta, once.delta)
    assert again.named().tolist() == once.named().tolist() == [2]


def test_a_stratum_is_held() -> None:
    """Use differs between sites that groups fill unequally: no feature of the site is named."""
    rng = np.random.default_rng(5)
    member = np.arange(300) < 150
    site = (rng.uniform(size=300) < np.where(member, 0.8, 0.2)).astype(int)
    x = rng.binomial(2, np.where(site[:, None] == 1, 0.6, 0.2), (300, 10)).astype(float)
    s = 2.0 * site + rng.normal(size=300)
    basis = expanded(x, np.zeros(10, dtype=bool))
    crowd = People(member, site, np.arange(300))
    found = explained(s[:, None], basis, np.array([-1]), people=crowd, rng=rng)
    assert found.named().size == 0


def test_two_thousand_features() -> None:
    """The partner is found among 2,000."""
    rng = np.random.default_rng(6)
    x, member = drawn(rng, p=2000)
    s = 1.0 * (x[:, 4] > 0) + 0.5 * rng.normal(size=300)
    assert split(s, x, member).named().tolist() == [4]


def test_several_subjects_share_their_halves() -> None:
    """Columns together are as each alone, and a subject is never its own partner."""
    rng = np.random.default_rng(7)
    x, member = drawn(rng, p=12)
    s = np.column_stack([x[:, 1] > 0, x[:, 2] > 1]) + 0.2 * rng.normal(size=(300, 2))
    crowd = People(member, np.zeros(300, dtype=int), np.arange(300))
    basis = expanded(x, np.zeros(12, dtype=bool))
    both = explained(s, basis, np.array([-1, 2]), people=crowd, rng=np.random.default_rng(0))
    np.testing.assert_allclose(both.share[0], split(s[:, 0], x, member).share[0])
    assert both.named(0).tolist() == [1]
    assert both.chosen[1, 2] == 0
