"""Reliance of few people and of many groups: what can be said, and who is needed for the rest."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.measures.compare import compare
from evenlight.measures.rely import rely
from evenlight.measures.testing import Testing
from evenlight.stats.decomposition import bootstrap_shares, layout, shares
from evenlight.stats.excess import expected_shares
from evenlight.stats.intervals import simultaneous

NAMES = ["signal", "marker", "noise"]
WEIGHTS = np.array([1.0, 1.2, 0.1])


def small(sizes: list[int], seed: int = 0) -> tuple[Cohort, Attributions]:
    """Groups of these sizes, cases and controls in turn; the model takes a part from the group."""
    rng, n = np.random.default_rng(seed), sum(sizes)
    group = np.repeat(np.arange(len(sizes)), sizes)
    x = rng.normal(size=(n, 3)) + np.array([0.0, 3.0, 0.0]) * (group[:, None] % 2)
    people = pd.DataFrame(
        {"race": [f"g{k:02d}" for k in group], "case": np.arange(n) % 2},
        index=[f"p{i:05d}" for i in range(n)],
    )
    cohort = Cohort(x, people, NAMES, groups=["race"], unit="row", outcome="case")
    values = (x - x.mean(axis=0)) * WEIGHTS
    made = Attributions.from_arrays(
        values, rows=cohort.rows.tolist(), features=NAMES, output=values.sum(axis=1), base=0.0
    )
    return cohort, made


def test_forty_donors_are_answered() -> None:
    """Two groups of 20, ten with the outcome in each: shares with limits under both conditions."""
    cohort, made = small([20, 20])
    found = rely(made, cohort, by="race")
    assert found.given == ("nothing", "outcome")
    assert np.isfinite(found.share).all()
    assert found.verdict[1, 1] == "different"
    assert set(found.verdict[1, [0, 2]].tolist()) <= {"similar", "cannot_tell"}


@pytest.mark.parametrize("sizes", [[20, 20], [14, 26]])
def test_small_groups_that_do_not_differ_are_not_told_to(sizes: list[int]) -> None:
    """Of 60 cohorts without a difference, the corrected total is 0 on average and none differs."""
    totals = []
    for seed in range(60):
        rng, n = np.random.default_rng(seed), sum(sizes)
        group, case = np.repeat([0, 1], sizes), rng.permutation(np.arange(n) % 2)
        phi = rng.normal(size=(n, 3))
        plan = layout(phi, phi.sum(axis=1), group, case)
        share = shares(plan) - expected_shares(plan)
        again = bootstrap_shares(plan, draws=200, rng=rng).sum(axis=1, keepdims=True)
        total = np.array([share.sum()])
        low, _ = simultaneous(total, again, centre=again.mean(axis=0), alpha=0.05)
        totals.append(total[0])
        assert low[0] < 0.1
    assert abs(np.mean(totals)) < 4 * np.std(totals) / np.sqrt(60)


def test_too_many_groups_say_how_many_people_are_needed() -> None:
    """30 groups of 11 are mostly chance: the record says so in one line, with a number."""
    cohort, made = small([11] * 30)
    found = rely(made, cohort, by="race")
    assert (found.verdict[0] == "not_estimable").all()
    assert "about 580 people in these groups are needed" in found.reason[0, 0]
    told = "given nothing: 3 cannot be asked here (the groups are too many for these people"
    assert told in repr(found)
    cohort, made = small([10] * 30)
    told = "fewer than 11 units in g00, g01, g02, g03, g04 and 25 more; two groups of 11"
    assert told in repr(rely(made, cohort, by="race"))


def test_the_line_of_a_reliance_counts_verdicts() -> None:
    """What was found stands in its line, under each condition."""
    cohort, made = small([60, 60])
    found = rely(made, cohort, by="race")
    words = [found.verdict[g].tolist() for g in range(2)]
    assert f"{words[0].count('different')} different" in repr(found)
    assert "; given outcome: " in repr(found)
    assert repr(found).endswith("; see .to_frame()")


def test_the_line_of_a_comparison_counts_verdicts() -> None:
    """Groups of 10 are too small, and its line says so and why; those of 60 are counted."""
    cohort, made = small([10] * 30)
    told = repr(compare(made, cohort, by="race", testing=Testing(draws=199, own_value=False)))
    assert "signed: 87 cannot be asked here (fewer than 11 units in g01; more people of" in told
    cohort, made = small([60, 60])
    found = compare(made, cohort, by="race", testing=Testing(draws=199, own_value=False))
    words = found.verdict[found.view("signed"), 0].tolist()
    assert f"signed: {words.count('different')} different" in repr(found)
    assert "; signed given outcome: " in repr(found)
