"""Every case plants what it says, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from evenlight.measures.testing import Testing
from evenlight.qualify.cases import CASES
from evenlight.qualify.drawn import Asked, Drawn
from evenlight.qualify.harness import compared

KNOWN = [
    "null", "unequal spread", "skew", "rare values", "value shift", "context, product", "site",
    "cells in donors", "cells in donors, 10 true",
    "prevalence", "under-diagnosis", "probability scale", "labels missing at random",
]  # fmt: skip
"""Cases whose true differences are known in the output's units."""


@pytest.mark.parametrize("case", list(CASES))
def test_a_draw_is_the_same_for_the_same_seed(case: str) -> None:
    """Attributions, people and truth do not depend on what was drawn before."""
    one, two = (CASES[case](np.random.default_rng([7, 1])) for _ in range(2))
    np.testing.assert_array_equal(one.made.values, two.made.values)
    assert one.cohort.people.equals(two.cohort.people)
    for a, b in zip(one.asked, two.asked, strict=True):
        np.testing.assert_array_equal(a.planted, b.planted)
        assert len(a.planted) == len(a.null) == len(a.effect) == len(one.made.features)
        assert set(a.partners) | set(a.partners.values()) <= set(one.made.features.names)


@pytest.mark.parametrize("case", KNOWN)
def test_true_differences_are_true(case: str) -> None:
    """Differences of means scatter around the stated effect by their standard error, no more."""
    z = [zs for seed in range(20) for zs in _scores(CASES[case](np.random.default_rng([3, seed])))]
    made = np.concatenate(z)
    assert len(made) >= 100
    assert abs(made.mean()) < 4.0 / np.sqrt(len(made) / 10)
    assert 0.8 < made.std() < 1.25


def _scores(drawn: Drawn) -> list[np.ndarray]:
    """(difference of unit means - truth) / standard error, of what can be checked marginally."""
    out = []
    for asked in drawn.asked:
        values = _values(drawn, asked)
        if values is not None and not drawn.cohort.strata:
            out.append(_z(values, drawn, asked))
        elif values is not None:
            at = drawn.cohort.stratum
            out += [_z(values[at == s], drawn, asked, rows=at == s) for s in np.unique(at)]
    return out


def _values(drawn: Drawn, asked: Asked) -> np.ndarray | None:
    if asked.question == "difference":
        return drawn.made.values.astype(float)
    if asked.question == "use" and drawn.contrasts is not None:
        return drawn.contrasts.margin
    return None


def _z(
    values: np.ndarray, drawn: Drawn, asked: Asked, rows: np.ndarray | None = None
) -> np.ndarray:
    use = np.ones(drawn.made.n, dtype=bool) if rows is None else rows
    unit = np.unique(drawn.cohort.units[use], return_inverse=True)[1]
    mean = np.stack([values[unit == u].mean(axis=0) for u in range(unit.max() + 1)])
    first = np.array([np.flatnonzero(unit == u)[0] for u in range(unit.max() + 1)])
    known, member = drawn.known[use][first], drawn.member[use][first]
    a, b = mean[known & member], mean[known & ~member]
    error = np.sqrt(a.var(axis=0, ddof=1) / len(a) + b.var(axis=0, ddof=1) / len(b))
    live = np.isfinite(asked.effect) & (error > 1e-9)
    z: np.ndarray = (a.mean(axis=0) - b.mean(axis=0) - asked.effect)[live] / error[live]
    return z


def test_rows_taken_for_people_are_flagged_far_too_often() -> None:
    """The harness can see an error: cells as units have many times the size they should have."""
    from evenlight.qualify.cases import nested

    drawn = nested.undeclared(np.random.default_rng(5))
    bare = Drawn(drawn.made, drawn.cohort, drawn.asked)
    found = compared(bare, np.random.default_rng(0), 0, 199)["difference"]["evenlight"]
    assert found["raw_null"] / found["tests_null"] > 0.2


def test_the_same_seed_gives_the_same_numbers() -> None:
    """Draws, permutations and rivals all hang on case and seed."""
    from evenlight.qualify.harness import line

    assert line("null", 3, 199) == line("null", 3, 199)
    assert line("null", 3, 199).found != line("null", 4, 199).found
    assert Testing(draws=199).draws == 199
