"""Tipping points of verdicts about reliance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from evenlight.codec import plain, restore
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.errors import AttributionError, CohortError, InputError, UnknownName
from evenlight.measures.rely import rely
from evenlight.measures.tip_reliance import tip_reliance
from evenlight.measures.tipped import Tipping
from evenlight.stats.decomposition import layout, shares
from evenlight.stats.tipping import label_sums, restored_shares
from tests.underdiagnosed import NAMES, underdiagnosed

MISSED, SIGN = 0.7, 4.0
"""Of the ill of B 7 in 10 are not recorded as ill; the sign is clear."""


def test_with_recorded_labels_the_shares_are_those_of_the_decomposition() -> None:
    """Labels of 0 and 1 as weights give what strata of the label give, to the last digits."""
    rng = np.random.default_rng(1)
    phi, group, stratum = (
        rng.normal(size=(300, 4)),
        rng.integers(3, size=300),
        rng.integers(2, size=300),
    )
    phi[:, 0] += group
    y, f = rng.integers(2, size=300).astype(float), phi.sum(axis=1)
    plan = layout(phi, f, group, (2 * stratum + y).astype(np.int64))
    parts = np.column_stack([phi, f]) - np.append(phi.mean(axis=0), f.mean())
    weight = rng.multinomial(300, np.full(300, 1 / 300), size=5).astype(float)
    sums = label_sums(parts, y, (stratum, group), weight)
    found = restored_shares(sums, sensitivity=np.ones(3), specificity=np.ones(3))
    for drawn, row in zip(weight, found, strict=True):
        np.testing.assert_allclose(row, shares(plan, weight=drawn), atol=1e-12)


def test_reliance_that_missed_events_made_tips_before_their_share() -> None:
    """Given the recorded outcome the output follows the group; with fewer misses it would not.

    The true sensitivity in B is 0.7 less; the verdict must fall before that is reached.
    """
    cohort, made = underdiagnosed(missed=MISSED, sign=SIGN)
    found = rely(made, cohort, by="race", rng=0)
    g = found.condition("outcome")
    assert found.total_verdict[g, 0] == "different"
    tipped = tip_reliance(found, made, cohort, by="race", rng=0)
    assert tipped.contrasts == (("B", "A"),)
    assert 0.1 < tipped.tip[0, 0, 0, 0] < 0.7
    assert tipped.becomes[0, 0, 0, 0] in ("similar", "cannot_tell")
    assert "B had" in tipped.sentence(0, 0)
    assert plain(restore(Tipping, plain(tipped))) == plain(tipped)


def test_restored_shares_are_those_of_the_true_labels() -> None:
    """With the known share of missed events put right, B given the label is that of the truth."""
    rng = np.random.default_rng(3)
    n = 400_000
    group, ill = rng.integers(2, size=n), rng.random(n) < 0.5
    seen = ill & ~((group == 1) & (rng.random(n) < 0.4))
    f = rng.normal(size=n) + 2.0 * ill + 0.5 * group
    parts = np.column_stack([f, f])
    cell = (np.zeros(n, dtype=np.int64), group)
    true, told = (
        restored_shares(
            label_sums(parts, label.astype(float), cell, np.ones((1, n))),
            sensitivity=np.array([1.0, sensitivity]),
            specificity=np.ones(2),
        )[0, 0]
        for label, sensitivity in ((ill, 1.0), (seen, 0.6))
    )
    assert abs(told - true) < 0.004


def test_each_of_several_groups_stands_against_all_others() -> None:
    """With three groups there are three contrasts, and only the label of B matters most."""
    cohort, made = underdiagnosed(3000, missed=MISSED, sign=SIGN, levels="ABC")
    found = rely(made, cohort, by="race", rng=0)
    tipped = tip_reliance(found, made, cohort, by="race", rng=0)
    assert [pair[1] for pair in tipped.contrasts] == ["all others"] * 3
    assert tipped.verdict[0, 0] == "different"
    assert np.isfinite(tipped.tip[1, 0, 0, 0])


def test_what_does_not_follow_the_group_is_not_overturned_by_a_little() -> None:
    """A model of noise is similar, and stays so whatever is recorded."""
    rng = np.random.default_rng(2)
    n = 4000
    people = pd.DataFrame(
        {"race": np.where(np.arange(n) % 2, "B", "A"), "y": rng.integers(2, size=n)},
        index=[f"p{i:05d}" for i in range(n)],
    )
    x = rng.normal(size=(n, 1))
    cohort = Cohort(x, people, ["noise"], outcome="y", groups=["race"], unit="row")
    made = Attributions.from_arrays(
        x, rows=cohort.rows.tolist(), features=["noise"], output=x[:, 0], base=0.0
    )
    found = rely(made, cohort, by="race", rng=0)
    tipped = tip_reliance(found, made, cohort, by="race", rng=0)
    assert tipped.verdict[0, 0] == "similar"
    assert np.isfinite(tipped.most[0, 0]).all()
    assert (tipped.most[0, 0] > 0.45).all()
    least = np.where(tipped.reason[0, 0] == "", tipped.tip[0, 0], tipped.most[0, 0])
    assert least.min() > 0.3
    assert ((tipped.becomes[0, 0] != "similar") == (tipped.reason[0, 0] == "")).all()


def test_reliance_given_nothing_has_no_label_in_it() -> None:
    """The condition must hold the outcome, and the outcome two labels."""
    cohort, made = underdiagnosed(200, missed=MISSED, sign=SIGN)
    found = rely(made, cohort, by="race", rng=0)
    with pytest.raises(UnknownName, match="plays no part"):
        tip_reliance(found, made, cohort, by="race", given="nothing")
    with pytest.raises(UnknownName, match=r"'outcom' \(not asked\); known: outcome"):
        tip_reliance(found, made, cohort, by="race", given="outcom")
    other = Cohort(
        cohort.x, cohort.people.assign(y=np.arange(200.0)), NAMES, outcome="y", groups=["race"],
        unit="row",
    )  # fmt: skip
    with pytest.raises(CohortError, match="binary outcome"):
        tip_reliance(found, made, other, by="race")


def test_a_reliance_of_something_else_is_refused() -> None:
    """By another grouping, of another target, or of other attributions."""
    cohort, made = underdiagnosed(200, missed=MISSED, sign=SIGN)
    half = np.where(np.arange(200) < 100, "x", "y")
    cohort = Cohort(
        cohort.x, cohort.people.assign(half=half), NAMES, outcome=cohort.outcome,
        groups=["race", "half"], unit="row",
    )  # fmt: skip
    other = rely(made, cohort, by="half", rng=0)
    with pytest.raises(InputError, match=r"the reliance is by 'half' between .* are 'race' of"):
        tip_reliance(other, made, cohort, by="race")
    found = rely(made, cohort, by="race", rng=0)
    with pytest.raises(AttributionError, match="the reliance is of 'output'"):
        tip_reliance(found, replace(made, target="dose"), cohort, by="race")
    changed = made.values * np.linspace(1, 3, made.values.shape[1], dtype=np.float32)
    moved = Attributions.from_arrays(
        changed, rows=made.rows.tolist(), features=NAMES, output=changed.sum(axis=1), base=0.0
    )
    with pytest.raises(AttributionError, match="found of other attributions than these"):
        tip_reliance(found, moved, cohort, by="race")
