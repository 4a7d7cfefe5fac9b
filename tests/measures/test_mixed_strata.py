"""Units that are alike in no mix of strata: what a stratum adds to rows is taken off by a slope."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenlight.arrays import Float, Int
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.units import ALIKE, unit_strata
from evenlight.measures.associate import associate
from evenlight.measures.compare import compare
from evenlight.measures.prepare import setting
from evenlight.measures.rely import rely
from evenlight.measures.remaining import remaining
from evenlight.measures.stratified import strata_given
from evenlight.measures.supported import support_within
from evenlight.measures.testing import Testing
from evenlight.measures.tip_reliance import tip_reliance
from evenlight.measures.tip_views import tip_views
from evenlight.stats.following import follows
from evenlight.stats.strata import held_inside, within_adjusted

LANES = ("l1", "l2", "l3")
SHIFT = np.array([0.0, 3.0, 6.0])
"""What a lane adds to a row's attribution of `lane`."""

U = 360
FEW = Testing(draws=199)


def donors(seed: int, *, mix: str = "all", group: float = 0.0) -> tuple[Cohort, Attributions]:
    """360 donors of 8 to 14 cells whose lanes differ: of `mix` all, or one stray cell in half.

    Group b has more cells in later lanes. `lane` follows the lane and the donor alone, `own` the
    outcome and `group` times the group.
    """
    rng = np.random.default_rng(seed)
    size = rng.integers(8, 15, U)
    who = np.repeat(np.arange(U), size)
    race, case = rng.integers(0, 2, U), rng.integers(0, 2, U)
    chance = np.where(race[:, None] == 1, [0.2, 0.3, 0.5], [0.5, 0.3, 0.2])
    if mix == "stray":
        chance = np.eye(3)[rng.integers(0, 3, U)]
    lane = (chance.cumsum(axis=1)[who] < rng.random(len(who))[:, None]).sum(axis=1)
    if mix == "stray":
        first = np.diff(who, prepend=-1) > 0
        lane[first & (rng.random(U) < 0.5)[who]] = 0
    x = rng.normal(size=(len(who), 2))
    x[:, 0] += SHIFT[lane] + rng.normal(size=U)[who]
    x[:, 1] += (case + group * race + rng.normal(size=U))[who]
    people = pd.DataFrame(
        {"who": [f"d{i:03d}" for i in who], "race": np.array(["a", "b"])[race[who]],
         "case": case[who], "lane": np.array(LANES)[lane]},
        index=[f"c{i:05d}" for i in range(len(who))],
    )  # fmt: skip
    cohort = Cohort(
        x, people, ["lane of a cell", "own"], outcome="case", groups=["race"], strata=["lane"],
        unit="who",
    )  # fmt: skip
    return cohort, attributed(cohort, x)


def attributed(cohort: Cohort, x: Float) -> Attributions:
    """Attributions that are the values themselves."""
    return Attributions.from_arrays(
        x, rows=cohort.rows.tolist(), features=cohort.features, output=x.sum(axis=1), base=0.0,
        scale="margin", target="case",
    )  # fmt: skip


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(-1, 2)), min_size=1, max_size=30),
)
@settings(max_examples=200, deadline=None)
def test_a_unit_joins_the_stratum_of_most_of_its_rows(rows: list[tuple[int, int]]) -> None:
    """The code is the first of the commonest strata; shares are those of known rows."""
    unit = np.unique([u for u, _ in rows], return_inverse=True)[1].astype(np.int64)
    stratum = np.array([s for _, s in rows], dtype=np.int64)
    made = unit_strata(stratum, unit)
    counts = [
        Counter(s for s in stratum[unit == u].tolist() if s >= 0) for u in range(len(made.code))
    ]
    for code, own in zip(made.code.tolist(), counts, strict=True):
        assert code == (min(own, key=lambda s: (-own[s], s)) if own else -1)
    mixed = sorted({s for own in counts if len(own) > 1 for s in own})
    assert made.share.shape == (len(made.code), max(len(mixed) - 1, 0))
    literal = {tuple(round(own[s] / max(own.total(), 1), 9) for own in counts) for s in mixed}
    assert {tuple(np.round(column, 9)) for column in made.share.T} <= literal


def test_a_composition_that_many_share_is_a_stratum_of_its_own() -> None:
    """200 units of one row in each of two strata are alike; with 199 they join the first."""
    for n in (ALIKE, ALIKE - 1):
        stratum, unit = np.tile([0, 1], n), np.repeat(np.arange(n), 2)
        made = unit_strata(np.append(stratum, [0, 1]), np.append(unit, [n, n + 1]))
        assert set(made.code[:n].tolist()) == ({2} if n == ALIKE else {0})
        assert made.share.shape[1] == (0 if n == ALIKE else 1)


def test_of_many_strata_every_composition_is_its_own() -> None:
    """Where 31 strata are mixed inside units no slope is fitted, and nobody joins another."""
    unit, stratum = np.repeat(np.arange(31), 2), np.arange(62) // 2
    stratum[1::2] = (stratum[1::2] + 1) % 31
    made = unit_strata(stratum, unit)
    assert len(set(made.code.tolist())) == 31
    assert made.code.min() == 31
    assert made.share.shape == (31, 0)


def _slow(values: Float, y: Float, share: Float, cell: Int, stratum: Int, piece: Int) -> Float:
    """By least squares on indicators of cells, y in each piece and the shares at once."""
    hot = (cell[:, None] == np.unique(cell)).astype(float)
    each = (piece[:, None] == np.unique(piece)) * y[:, None]
    fit = np.linalg.lstsq(np.hstack([hot, each, share]), values)[0][hot.shape[1] :]
    held = np.hstack([each, share])
    inside = held - np.stack([held[stratum == s].mean(axis=0) for s in stratum])
    return np.asarray(values - inside @ fit)


def test_slopes_are_those_of_one_fit_of_outcome_and_shares() -> None:
    """Bins and shares at once agree with least squares on all columns."""
    rng = np.random.default_rng(3)
    n = 240
    piece, code, group = (rng.integers(0, k, n) for k in (3, 2, 2))
    y, share = piece + rng.random(n), rng.dirichlet([1, 1, 1], n)[:, :2]
    share[:, 0] += 0.2 * y
    stratum = 2 * piece + code
    values = rng.normal(size=(n, 4)) + y[:, None] + share @ rng.normal(size=(2, 4)) + group[:, None]
    made = held_inside(values, (y, share), stratum, group, piece=piece)
    slow = _slow(values, y, share, 2 * stratum + group, stratum, piece)
    np.testing.assert_allclose(made, slow, atol=1e-10)
    none = np.zeros((n, 0))
    np.testing.assert_array_equal(
        held_inside(values, (y, none), stratum, group, piece=piece),
        within_adjusted(values, y, stratum, group, piece=piece),
    )
    np.testing.assert_array_equal(held_inside(values, (None, none), stratum, group), values)


@pytest.mark.parametrize("mix", ["all", "stray"])
def test_reliance_is_asked_of_donors_whose_lanes_differ(mix: str) -> None:
    """What follows the lane alone is no reliance given lanes, and what follows the group is one.

    Compositions as strata leave a fifth of donors alone, and nothing could be asked.
    """
    cohort, made = donors(0, mix=mix, group=2.0)
    found = rely(made, cohort, by="race", testing=FEW, rng=0)
    g = found.given.index("outcome and strata")
    assert found.total_reason[g] == ""
    assert found.n[g] == U
    assert abs(found.share[g, 0]) < 0.04
    assert found.verdict[g, 1] == "different"
    if mix == "all":
        assert found.share[found.given.index("outcome"), 0] > 0.15


def test_lanes_alone_are_rarely_told_as_reliance() -> None:
    """Of 30 cohorts whose groups differ in lanes alone at most 4 have p below 0.05 given them."""
    hits = {name: 0 for name in ("outcome", "outcome and strata")}
    for seed in range(30):
        cohort, made = donors(seed, group=1.0)
        here = setting(cohort, "race")
        phi = here.per_unit(made.values.astype(np.float64))
        for name in hits:
            plan = strata_given(here, name).laid(phi, phi.sum(axis=1))
            rng = np.random.default_rng(seed)
            hits[name] += bool(follows(plan, draws=99, rng=rng).p[0] <= 0.05)
    assert hits["outcome"] == 30
    assert hits["outcome and strata"] <= 4


def test_one_row_more_hardly_moves_the_answer() -> None:
    """A row of each of ten donors that did not converge changes a total by little, and no word."""
    cohort, _ = donors(1, group=2.0)
    gone = np.zeros(cohort.n, dtype=bool)
    gone[np.unique(cohort.units, return_index=True)[1][:10]] = True
    less = cohort.take(np.flatnonzero(~gone))
    both = [
        rely(attributed(one, one.dense()), one, by="race", testing=FEW, rng=0)
        for one in (cohort, less)
    ]
    g = both[0].given.index("outcome and strata")
    assert abs(both[0].total[g, 0] - both[1].total[g, 0]) < 0.02
    assert both[0].total_verdict[g, 0] == both[1].total_verdict[g, 0] == "different"


def test_support_enters_every_donor_and_clears_the_lanes() -> None:
    """Within groups the outcome's slope on an attribution is asked at the same lanes."""
    cohort, made = donors(2)
    here = setting(cohort, "race")
    phi = here.per_unit(made.values.astype(np.float64))
    found = support_within(here, phi, phi[:, 1], link="logit", target="case")
    assert found.word[1] == "supported_within_groups"
    # the outcome now follows the lanes, and the attribution of the lanes by them alone
    lanes = here.per_unit(SHIFT[cohort.stratum])
    late = (lanes + np.random.default_rng(0).normal(size=U) > 3).astype(int)
    people = cohort.people.assign(case=late[cohort.units])
    other = Cohort(
        cohort.dense(), people, cohort.features, outcome="case", groups=["race"], strata=["lane"],
        unit="who",
    )  # fmt: skip
    there = setting(other, "race")
    told = support_within(there, phi, phi.sum(axis=1), link="logit", target="case")
    assert told.p[0] > 0.001
    bare = Cohort(
        cohort.dense(), people, cohort.features, outcome="case", groups=["race"], unit="who"
    )
    assert (
        support_within(setting(bare, "race"), phi, phi.sum(axis=1), link="logit", target="case").p[
            0
        ]
        < 1e-6
    )


def test_what_tells_the_group_by_its_lanes_is_no_association() -> None:
    """A feature that follows the lane alone tells the group, and does not at equal lanes."""
    cohort, _ = donors(3)
    found = associate(cohort, by="race", rng=0)
    g = [found.given.index(name) for name in ("outcome", "outcome and strata")]
    assert found.reason[g[1]][0] == ""
    assert found.share[g[0], 0] > 0.1
    assert abs(found.share[g[1], 0]) < 0.02


def test_tipping_points_are_of_the_same_donors() -> None:
    """Reliance and comparison are tipped given mixed lanes without losing a donor."""
    cohort, made = donors(4, group=1.5)
    found = rely(made, cohort, by="race", testing=FEW, rng=0)
    tipped = tip_reliance(found, made, cohort, by="race", given="outcome and strata", rng=0)
    assert tipped.verdict[0, 0] == "different"
    assert np.isfinite(tipped.tip[0, 0]).any() or (tipped.becomes[0, 0] != "").any()
    seen = compare(made, cohort, by="race", testing=FEW, rng=0)
    views = tip_views(seen, made, cohort, by="race")
    assert views.verdict.shape == (1, 2)


def test_the_remainder_holds_the_lanes_by_their_shares() -> None:
    """What features leave of a gap has one slope for a lane's share, and not one for each mix."""
    cohort, made = donors(5, group=1.0)
    lean = rely(made, cohort, by="race", testing=FEW, rng=0)
    found = remaining(setting(cohort, "race"), made, lean, None)
    assert found.reason == ""
    assert np.isfinite(found.numbers).all()
