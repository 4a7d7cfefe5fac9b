"""Many subjects: cells held once, clear tests that leave early, own values within a few minutes."""

from __future__ import annotations

import sys
import tracemalloc
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenlight.arrays import Float, Int, Values
from evenlight.data import rows as reading
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.errors import InputError
from evenlight.measures import conditional, family, own_values, streamed
from evenlight.measures.compare import compare
from evenlight.measures.testing import Testing
from evenlight.stats import large_looks, nulls, sequential
from evenlight.stats.cells import Cells, design, joint
from evenlight.stats.columns import Columns
from evenlight.stats.multiplicity import benjamini_hochberg
from evenlight.stats.permutation import difference, permuted_labels
from evenlight.stats.sequential import How, Source, staged
from tests.streamed_world import everything

comparing = sys.modules["evenlight.measures.compare"]  # the module; the package has the verb
FAST = Testing(draws=200, own_value=False)


def people(n: int, p: int, bend: float = 0.0) -> tuple[Cohort, Attributions]:
    """Genotypes of two ancestries, and what a score of them, bent or not, says of each."""
    rng = np.random.default_rng(0)
    second = np.arange(n) % 2 == 1
    often = np.clip(0.3 + 0.1 * second[:, None] * rng.normal(size=p), 0.05, 0.95)
    x = rng.binomial(2, often).astype(np.float32)
    table = pd.DataFrame(
        {"ancestry": np.where(second, "B", "A"), "case": rng.integers(0, 2, n)},
        index=[f"s{i:04d}" for i in range(n)],
    )
    cohort = Cohort(x, table, groups=["ancestry"], outcome="case", unit="row")
    values = (x * rng.normal(size=p) + bend * rng.normal(size=(n, p))).astype(np.float32)
    output = values.sum(axis=1, dtype=np.float64)
    made = Attributions.from_arrays(
        values, rows=cohort.rows.tolist(), features=cohort.features, output=output, base=0.0
    )
    return cohort, made


def test_cells_of_single_rows_are_held_once_as_they_were_recorded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two views under two conditions take four times the float32 rows, not twelve."""
    cohort, made = people(240, 8_000)
    compare(*people(60, 4)[::-1], by="ancestry", testing=FAST)  # what is loaded, is loaded
    monkeypatch.setattr(streamed, "LARGE", 0)
    for module, name in ((family, "PART"), (comparing, "PART"), (sequential, "HELD")):
        monkeypatch.setattr(module, name, 2**18, raising=False)
    monkeypatch.setattr(reading, "BLOCK", 2**18)
    tracemalloc.start()
    compare(made, cohort, by="ancestry", testing=FAST)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 7 * made.values.nbytes


@given(st.integers(0, 2**32 - 1))
def test_columns_answer_as_the_array_that_they_stand_for(seed: int) -> None:
    """Rows, columns, both, and rows of rows, as they are and as sizes."""
    rng = np.random.default_rng(seed)
    base = rng.normal(size=(6, 3)).astype(np.float32)
    rows = rng.permutation(6)[:4]
    held = Columns(base, (False, True)).at(rows)
    whole = np.hstack([base, np.abs(base)]).astype(np.float64)[rows]
    some, columns = rng.integers(0, 4, 3), rng.integers(0, 6, 2)
    np.testing.assert_array_equal(held, whole)
    np.testing.assert_array_equal(held[some], whole[some])
    np.testing.assert_array_equal(held[:, columns], whole[:, columns])
    np.testing.assert_array_equal(held[1:, 2:5], whole[1:, 2:5])
    np.testing.assert_array_equal(held.at(some)[:, columns], whole[np.ix_(some, columns)])


def looked(values: Float, *, draws: int, how: How) -> tuple[Any, int]:
    """The family of some columns, and how many draws of tests it took."""
    rng = np.random.default_rng(1)
    n = len(values)
    plan = design(Cells(np.arange(n), np.zeros(n, dtype=int), values), np.arange(n) % 2 == 0)
    source = Source(values, plan, permuted_labels(plan, draws=draws, rng=rng))
    seen, taken = difference(values, plan).statistic, []

    def counting(self: nulls.Nulls, index: Int, many: int) -> tuple[Values, Int]:
        taken.append(len(index) * many)
        return drawn(self, index, many)

    drawn = nulls.Nulls.drawn
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nulls.Nulls, "drawn", counting)
        found = staged([source], everything(len(seen)), seen, how=how)
    return found, sum(taken)


def planted(n: int = 300, p: int = 80) -> Float:
    """Half of the columns differ by a whole SD."""
    values = np.random.default_rng(2).normal(size=(n, p))
    values[::2, : p // 2] += 1.0
    return values


def test_what_is_clear_at_the_first_look_takes_no_second() -> None:
    """Half of the tests lie beyond every threshold: a tail says so, whether 4,000 draws or all."""
    values, m = planted(), 80
    found, taken = looked(values, draws=20_000, how=How())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sequential, "CLEAR", 0.0, raising=False)
        full, all_taken = looked(values, draws=20_000, how=How())
    assert taken < 0.5 * all_taken
    far = found.p < 0.01 * 0.05 / m
    assert far[:40].mean() > 0.9
    np.testing.assert_array_equal(found.p[~far], full.p[~far])
    assert (full.p[far] < 0.05 / m).all()
    np.testing.assert_array_equal(found.p_maxt[~far], full.p_maxt[~far])


def test_a_large_second_look_in_float32_counts_as_float64_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of genotypes, whose draws tie by the thousand."""
    values = np.random.default_rng(3).binomial(2, 0.3, size=(200, 60)).astype(float)
    values[::2, :20] += np.random.default_rng(4).binomial(1, 0.2, size=(100, 20))
    plain, _ = looked(values, draws=6_000, how=How(tails=False))
    monkeypatch.setattr(large_looks, "MUCH", 0)
    light, _ = looked(values, draws=6_000, how=How(tails=False))
    np.testing.assert_array_equal(light.p, plain.p)


def test_a_large_second_look_leaves_out_what_the_first_has_listed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Genotypes far beyond all draws keep the valid p of the first look; others lose nothing."""
    rng = np.random.default_rng(5)
    second = np.arange(400) % 2 == 1
    often = np.where(second[:, None], np.r_[np.full(40, 0.6), np.full(40, 0.3)], 0.3)
    values = rng.binomial(2, often).astype(float)
    plain, most = looked(values, draws=20_000, how=How())
    monkeypatch.setattr(large_looks, "MUCH", 0)
    light, least = looked(values, draws=20_000, how=How())
    assert least < 0.6 * most
    moved = light.p != plain.p
    assert moved[:40].mean() > 0.5
    assert not moved[40:].any()
    assert (light.p >= plain.p).all()
    np.testing.assert_allclose(light.p[moved], 1 / 4_001)
    assert (benjamini_hochberg(light.p)[moved] < 0.005).all()


def test_a_linear_model_has_nothing_to_shuffle_given_the_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same value has the same attribution in everybody: similar, and no null is drawn."""
    cohort, made = people(300, 30)
    monkeypatch.setattr(own_values, "value_null", None)
    found = compare(made, cohort, by="ancestry", testing=Testing(draws=2_000))
    at = [v.name in ("location", "slope") for v in found.views]
    assert (found.verdict[at] == "similar").all()
    assert (found.effect[at] == 0).all()


def test_own_values_that_would_take_long_are_refused_with_the_way_to_ask(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By default only; whoever asks for them gets them."""
    cohort, made = people(300, 30, bend=0.3)
    monkeypatch.setattr(conditional, "LONG", 1e-3, raising=False)
    asked = Testing(draws=2_000)
    found = compare(made, cohort, by="ancestry", testing=asked)
    at = np.array([v.name in ("location", "slope") for v in found.views])
    assert (found.verdict[at] == "not_estimable").all()
    assert "ask for it with Testing(own_value=True)" in str(found.reason[at][0, 0, 0])
    assert (found.verdict[~at] != "not_estimable").all()
    forced = compare(made, cohort, by="ancestry", testing=replace(asked, own_value=True))
    assert (forced.verdict[at] != "not_estimable").all()
    with pytest.raises(InputError, match="True, False or None"):
        Testing(own_value="auto")  # type: ignore[arg-type]


@given(st.integers(0, 2**32 - 1))
def test_joint_codes_are_those_of_sorted_rows(seed: int) -> None:
    """The place of each row among the distinct ones, as numpy sorts them; -1 where one is."""
    rng = np.random.default_rng(seed)
    codes = [rng.integers(-1, high, 40) for high in (3, 10**6, 2)]
    rows = np.column_stack(codes)
    known = (rows >= 0).all(axis=1)
    wanted = np.full(40, -1)
    if known.any():
        wanted[known] = np.unique(rows[known], axis=0, return_inverse=True)[1].ravel()
    np.testing.assert_array_equal(joint(codes), wanted)
