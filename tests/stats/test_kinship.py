"""Kinship: equal to a loop, and as planted in families of two ancestries."""

from __future__ import annotations

import numpy as np
import pytest

from evenlight.arrays import Float
from evenlight.errors import InputError
from evenlight.stats.kinship import (
    DEGREES,
    families_of,
    king_robust,
    related_pairs,
    typical_error,
)
from tests.genotyped import child, drifted, with_gaps


def slow_kinship(a: Float, b: Float) -> float:
    """Equation 11 of Manichaikul 2010 by counting sites."""
    pairs = [(x, y) for x, y in zip(a, b, strict=True) if x == x and y == y]
    both = sum(bool(x == y == 1) for x, y in pairs)
    opposite = sum({x, y} == {0, 2} for x, y in pairs)
    n = sorted((sum(x == 1 for x, _ in pairs), sum(y == 1 for _, y in pairs)))
    return float((both - 2 * opposite) / (2 * n[0]) + 0.5 - (n[0] + n[1]) / (4 * n[0]))


def pedigree(seed: int, sites: int) -> tuple[Float, dict[str, tuple[int, int]]]:
    """30 + 30 strangers of two ancestries, then a family across both; pairs by their name."""
    rng = np.random.default_rng(seed)
    x, _, _ = drifted((30, 30), sites, fst=0.1, rng=rng)
    people = list(x)
    a, b, c, d = 0, 1, 2, 31
    people.append(child(x[a], x[b], rng))  # 60
    people.append(child(x[a], x[b], rng))  # 61
    people.append(child(people[60], x[c], rng))  # 62
    people.append(child(people[61], x[d], rng))  # 63, of both ancestries
    people.append(people[60].copy())  # 64, the same person again
    pairs = {
        "parent": (0, 60),
        "siblings": (60, 61),
        "grandparent": (0, 62),
        "aunt": (61, 62),
        "cousins": (62, 63),
        "same": (60, 64),
        "strangers": (3, 4),
        "two ancestries": (3, 40),
    }
    return np.array(people), pairs


@pytest.mark.parametrize("gaps", [0.0, 0.1])
def test_kinship_is_the_formula(gaps: float) -> None:
    """Every pair is what equation 11 counts, missing genotypes left out pair by pair."""
    rng = np.random.default_rng(0)
    x = with_gaps(pedigree(0, 300)[0], gaps, rng)
    found, _ = king_robust(x)
    for i, j in [(0, 1), (0, 60), (61, 60), (3, 40), (62, 63), (5, 5)]:
        assert found[i, j] == pytest.approx(slow_kinship(x[i], x[j]))
    np.testing.assert_allclose(found, found.T)


def test_planted_relatives_have_their_kinship() -> None:
    """Families come out as they are, strangers at 0, and strangers of two ancestries below 0."""
    x, pairs = pedigree(1, 20_000)
    found, error = king_robust(x)
    wanted = {
        "parent": 0.25, "siblings": 0.25, "grandparent": 0.125, "aunt": 0.125,
        "same": 0.5, "strangers": 0.0,
    }  # fmt: skip
    for name, phi in wanted.items():
        assert found[pairs[name]] == pytest.approx(phi, abs=0.025), name
    assert found[pairs["two ancestries"]] < -0.05
    assert 0 < error[pairs["strangers"]] < 0.01


def test_the_error_is_that_of_strangers() -> None:
    """Kinship of strangers spreads by its standard error, or a little less."""
    rng = np.random.default_rng(2)
    x, _, _ = drifted((120,), 3000, fst=0.05, rng=rng)
    found, error = king_robust(x)
    upper = np.triu_indices(120, 1)
    assert abs(found[upper].mean()) < 0.01
    assert 0.7 < found[upper].std() / np.median(error[upper]) < 1.1
    assert typical_error(x) == pytest.approx(np.median(error[upper]))


def test_the_error_is_that_of_a_ratio() -> None:
    """The standard error is the root of the summed squared residuals d^2 - R h, over 4 sum h."""
    x, _ = pedigree(6, 400)
    _, error = king_robust(x)
    for i, j in ((3, 4), (60, 61)):
        low = min((i, j), key=lambda k: int((x[k] == 1).sum()))
        h, square = (x[low] == 1).astype(float), (x[i] - x[j]) ** 2
        left = square - square.sum() / h.sum() * h
        assert error[i, j] == pytest.approx(np.sqrt((left**2).sum()) / (4 * h.sum()))


def test_families_are_chains_of_relatives() -> None:
    """Second degree or nearer joins: the whole pedigree is one family, all others are alone."""
    x, _ = pedigree(3, 20_000)
    pairs = related_pairs(x)
    found = families_of(pairs, len(x))
    together = np.flatnonzero(found == found[60])
    assert set(together.tolist()) == {0, 1, 2, 31, 60, 61, 62, 63, 64}
    assert len(np.unique(found)) == len(x) - 8
    order = np.random.default_rng(4).permutation(len(x))
    again = families_of(related_pairs(x[order]), len(x))
    assert {frozenset(order[again == f].tolist()) for f in np.unique(again)} == {
        frozenset(np.flatnonzero(found == f).tolist()) for f in np.unique(found)
    }


def test_many_people_are_counted_in_runs() -> None:
    """Pairs across the runs of people are the same as in one array of all pairs."""
    rng = np.random.default_rng(5)
    x, _, _ = drifted((700,), 60, fst=0.05, rng=rng)
    x[690] = x[3]
    pairs = related_pairs(x, cut=DEGREES["same"])
    assert (3, 690) in set(zip(pairs.i.tolist(), pairs.j.tolist(), strict=True))
    full, _ = king_robust(x)
    assert len(pairs.i) == int((np.triu(full, 1) > DEGREES["same"]).sum())


def test_no_heterozygous_site_is_no_kinship() -> None:
    """Who is heterozygous nowhere has no estimate, and a bad cut is refused."""
    x = np.array([[0.0, 2.0, 0.0], [1.0, 2.0, 0.0]])
    assert np.isnan(king_robust(x)[0]).tolist() == [[True, True], [True, False]]
    with pytest.raises(InputError, match="between 0 and"):
        related_pairs(x, cut=0.7)
