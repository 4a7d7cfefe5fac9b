"""Strata and categories that differ between the rows of a unit: no row of it stands for all."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenlight.arrays import Int
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.units import compositions
from evenlight.measures.associate import associate
from evenlight.measures.compare import compare
from evenlight.measures.nuisance import column_of
from evenlight.measures.prepare import setting
from evenlight.measures.rely import rely
from evenlight.measures.testing import Testing

N = 720


def literal(stratum: Int, unit: Int) -> list[tuple[tuple[int, float], ...] | None]:
    """The shares of each unit's known rows by stratum, written out; None where unknown."""
    out: list[tuple[tuple[int, float], ...] | None] = []
    for u in range(int(unit.max()) + 1):
        own = stratum[unit == u].tolist()
        known = [s for s in own if s >= 0]
        states = sorted(set(known))
        if not known:
            out.append(None)
        else:
            out.append(tuple((s, round(known.count(s) / len(known), 9)) for s in states))
    return out


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(-1, 2)), min_size=1, max_size=30))
@settings(max_examples=200, deadline=None)
def test_units_of_one_stratum_have_one_composition(rows: list[tuple[int, int]]) -> None:
    """Two units share a code exactly where equal shares of their rows lie in equal strata."""
    unit = np.unique([u for u, _ in rows], return_inverse=True)[1].astype(np.int64)
    stratum = np.array([s for _, s in rows], dtype=np.int64)
    made, slow = compositions(stratum, unit), literal(stratum, unit)
    for a, b in np.ndindex(len(made), len(made)):
        assert (made[a] == made[b]) == (slow[a] == slow[b])
    for code, own in zip(made.tolist(), slow, strict=True):
        assert (code == -1) == (own is None)
        if own is not None and len(own) == 1:
            assert code == own[0][0]


def visits(seed: int = 0, *, effect: float = 4.0) -> tuple[Cohort, Attributions]:
    """Two scans of each of N people: group b has its first (by id) in view AP and the other not.

    Attributions follow the view alone, so nothing of them is the group's among people alike in it.
    """
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(N), 2)
    late = np.tile([0, 1], N)
    race = np.where(who % 2, "b", "a")
    kind = rng.permutation(N)[who] % 3  # both AP, both PA, one of each
    view = np.where(kind == 0, "AP", np.where(kind == 1, "PA", ""))
    first = np.where(race == "b", "AP", "PA")
    other = np.where(race == "b", "PA", "AP")
    view = np.where(view == "", np.where(late == 0, first, other), view)
    people = pd.DataFrame(
        {"who": [f"p{i:03d}" for i in who], "race": race, "view": view,
         "case": rng.integers(0, 2, N)[who]},
        index=[f"s{i:04d}" for i in range(2 * N)],
    )  # fmt: skip
    values = effect * (view == "AP")[:, None] + rng.normal(size=(2 * N, 1))
    cohort = Cohort(
        values, people, ["x"], outcome="case", groups=["race"], strata=["view"], unit="who"
    )
    made = Attributions.from_arrays(
        values, rows=people.index.tolist(), features=["x"], output=values[:, 0], base=0.0
    )
    return cohort, made


def test_the_first_row_does_not_stand_for_the_unit() -> None:
    """People with one scan of each view are one stratum, whichever view their first scan has."""
    cohort, _ = visits()
    here = setting(cohort, "race")
    mixed = np.array([
        cohort.people["view"][cohort.units == u].nunique() > 1 for u in range(cohort.u)
    ])  # fmt: skip
    assert mixed.sum() == N // 3
    made = here.unit_strata
    assert set(made.code[mixed].tolist()) == {2}
    assert set(made.code[~mixed].tolist()) == {0, 1}
    assert made.share.shape == (N, 0)


def test_reliance_given_mixed_strata_is_of_people_alike_in_them() -> None:
    """Where attributions follow the stratum alone, nothing follows the group given outcome and it.

    By the first row, people with one scan of each view were AP in one group and PA in the other: a
    difference of half the effect, and a false reliance.
    """
    cohort, made = visits()
    found = rely(made, cohort, by="race", testing=Testing(draws=199), rng=0)
    g = found.given.index("outcome and strata")
    assert found.total[g, 0] < 0.01
    assert found.total_verdict[g, 0] != "different"


def test_rows_in_another_order_give_the_same_reliance() -> None:
    """The stratum of a unit depends on no order of rows."""
    cohort, made = visits()
    turned = cohort.take(np.random.default_rng(1).permutation(cohort.n))
    both = [
        rely(made, one, by="race", testing=Testing(draws=199), rng=0) for one in (cohort, turned)
    ]
    np.testing.assert_array_equal(both[0].total, both[1].total)


def test_more_strata_than_units_allow_are_not_asked() -> None:
    """Each stratum that is mixed inside units is a slope more: 8 of them need 140 units."""
    rng = np.random.default_rng(2)
    who, kind = np.repeat(np.arange(120), 30), rng.integers(0, 8, 3600)
    kind[rng.random(3600) < 0.7] = 0  # the commonest of everybody
    people = pd.DataFrame(
        {"who": [f"p{i:03d}" for i in who], "race": np.where(who % 2, "b", "a"),
         "type": [f"t{k}" for k in kind], "case": rng.integers(0, 2, 120)[who]},
        index=[f"c{i:05d}" for i in range(3600)],
    )  # fmt: skip
    x = rng.normal(size=(3600, 2))
    cohort = Cohort(
        x, people, ["g1", "g2"], outcome="case", groups=["race"], strata=["type"], unit="who"
    )
    made = Attributions.from_arrays(
        x, rows=people.index.tolist(), features=["g1", "g2"], output=x.sum(axis=1), base=0.0
    )
    found = rely(made, cohort, by="race", testing=Testing(draws=199), rng=0)
    g = found.given.index("outcome and strata")
    assert found.total_verdict[g, 0] == "not_estimable"
    assert found.total_reason[g].startswith("8 strata are mixed inside units, and each of them but")
    told = associate(cohort, by="race", rng=0)
    assert told.reason[g][0] == found.total_reason[g]
    asked = compare(made, cohort, by="race", testing=Testing(draws=199), rng=0)
    assert np.isfinite(asked.effect).any()  # cells of one stratum are still compared


def test_a_category_that_differs_within_a_unit_is_its_share_of_rows() -> None:
    """A covariate is the mean over the unit's known rows, of numbers and categories alike."""
    people = pd.DataFrame(
        {"who": ["p", "p", "p", "q", "q", "r"], "race": ["a", "a", "a", "b", "b", "b"],
         "batch": ["1st", "2nd", "2nd", "1st", None, None]},
        index=list("abcdef"),
    )  # fmt: skip
    cohort = Cohort(np.eye(6), people, groups=["race"], covariates=["batch"], unit="who")
    made = column_of(setting(cohort, "race"), "batch")
    assert made[:2, 0] == pytest.approx([2 / 3, 0.0])
    assert np.isnan(made[2, 0])
