"""Codes of missing values in x itself, and numbers that single precision does not hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csc_array, csr_array

from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.column_ends import Ends
from evenlight.data.completeness import residual
from evenlight.data.finite import _others
from evenlight.data.rows import Rows
from evenlight.data.value_codes import CODES, coded, suspects
from evenlight.errors import AttributionError, CohortError, EvenlightWarning
from evenlight.explainers.explain import explain
from evenlight.measures.compare import compare
from evenlight.measures.comparison import Comparison
from evenlight.measures.rely import rely

N = 60
PEOPLE = pd.DataFrame({"sex": ["f", "m"] * 30}, index=[f"p{i:02d}" for i in range(N)])
W = np.random.default_rng(1).normal(size=6)


def dosages(code: float | None = None) -> Any:
    """Sixty people at six sites; the first twelve of each column after the third are `code`."""
    x = np.random.default_rng(0).binomial(2, 0.4, size=(N, 6)).astype(float)
    if code is not None:
        x[:12, 3:] = code
    return x


@pytest.mark.parametrize(
    ("code", "held"),
    [
        (-9.0, np.asarray),
        (-9.0, csr_array),
        (-9.0, csc_array),
        (-9.0, Rows),
        (-999.0, np.asarray),
        (9.0, np.asarray),
    ],
)
def test_14_minus_nine_among_dosages_is_no_value(code: float, held: Any) -> None:
    """Fault 14: however x is held, the code is named with count, columns and remedy."""
    with pytest.raises(CohortError, match=rf"36 values of x are {code:g}, .* 3 columns.*'x3'"):
        Cohort(held(dosages(code)), PEOPLE, features=[f"x{j}" for j in range(6)])


def test_14_codes_are_missing_where_somebody_says_what_to_do() -> None:
    """Fault 14: dropped, replaced by the median of the others, or left to the model, and told."""
    x, plain = dosages(-9.0), dosages()
    dropped = Cohort(x, PEOPLE, missing="drop")
    np.testing.assert_array_equal(dropped.dense(), plain[12:])
    filled = Cohort(x, PEOPLE, missing="median")
    np.testing.assert_array_equal(filled.dense()[:12, 3], np.full(12, np.median(plain[12:, 3])))
    kept = Cohort(x, PEOPLE, missing="keep")
    np.testing.assert_array_equal(kept.dense(), x)
    assert any("36 values of x are -9" in n and "read as missing" in n for n in dropped.notes)
    assert any("handed to the model as they are" in note for note in kept.notes)
    np.testing.assert_array_equal(
        Cohort(csr_array(x), PEOPLE, missing="drop").dense(), dropped.dense()
    )
    with pytest.raises(CohortError, match=r"not in memory, holds -9.*write NaN"):
        Cohort(Rows(x), PEOPLE, missing="median")
    assert x[0, 3] == -9.0


@pytest.mark.parametrize(
    "x",
    [
        np.where(dosages() == 1, -9.0, -3.0),
        np.rint(30 * np.random.default_rng(2).normal(size=(N, 6))),
        np.where(dosages() == 1, 9.0, 3.0),
        np.full((N, 2, 3), -9.0),
    ],
    ids=["other numbers below 0", "whole numbers of both signs", "counts", "images"],
)
def test_14_numbers_in_their_range_are_no_codes_of_x(x: Any) -> None:
    """Fault 14: -9 among other negative numbers, 9 among counts and values of images stay."""
    np.testing.assert_array_equal(Cohort(x, PEOPLE).dense(), x)


def test_14_a_few_are_not_counted_in_a_note() -> None:
    """A note, which may reach a report, counts no fewer than eleven."""
    x = dosages()
    x[0, 0] = -9.0
    notes = Cohort(x, PEOPLE, missing="keep").notes
    assert any(note.startswith("Fewer than 11 values of x are -9") for note in notes)


def with_component(x: Any) -> Any:
    """The same beside an age and a component of both signs."""
    rng = np.random.default_rng(5)
    return np.column_stack([x, np.rint(rng.uniform(40, 80, N)), rng.normal(size=N)])


@pytest.mark.parametrize("held", [np.asarray, csr_array, Rows])
@pytest.mark.parametrize("code", [-9.0, -99.0, -1.0, 9.0])
def test_14_a_code_is_found_whatever_other_columns_hold(code: float, held: Any) -> None:
    """Fault 14: an age or a component beside dosages hides no code, of whatever reader it is."""
    x = held(with_component(dosages(code)))
    words = rf"36 values of x are {code:g}, .* 3 columns \(first \['x3'.* others of these are 0, 1"
    with pytest.raises(CohortError, match=words):
        Cohort(x, PEOPLE)
    assert Cohort(x, PEOPLE, missing="drop").n == N - 12


@pytest.mark.parametrize("code", [-9.0, -1.0, 9.0])
def test_14_a_code_in_one_column_is_found_among_many_dosages(code: float) -> None:
    """Fault 14: one rare variant with a gap, beside an age, births and other variants."""
    rng = np.random.default_rng(9)
    x = np.column_stack([rng.binomial(2, 0.4, size=(N, 12)), rng.poisson(2, N), np.zeros(N)])
    x[:2, -1] = 1.0, code
    with pytest.raises(CohortError, match=rf"1 values of x are {code:g}, .*'x13'"):
        Cohort(x, PEOPLE)


@pytest.mark.parametrize(
    "x",
    [
        np.random.default_rng(3).choice([-1.0, 0.0, 1.0], size=(N, 6)),
        np.random.default_rng(3).choice([-2.0, -1.0, 0.0, 1.0, 2.0], size=(N, 6)),
        np.random.default_rng(3).choice([-1.0, 1.0], size=(N, 6)),
        np.random.default_rng(4).poisson(np.repeat([0.2, 5.0], [2, 4]), size=(N, 6)).astype(float),
    ],
    ids=["signs", "copies gained and lost", "plus and minus one", "counts"],
)
def test_14_minus_one_and_nine_are_codes_among_dosages_only(x: Any) -> None:
    """Signs, gains and losses, and a count of 9 in a column that else has 0, 1 and 2 stay."""
    if x.max() > 2:
        x[0, 0] = 9.0
    np.testing.assert_array_equal(Cohort(x, PEOPLE).dense(), x)


def test_14_codes_are_blanked_in_their_own_columns_alone() -> None:
    """-9 of a column of both signs is a value, while -9 and 9 of the dosages beside it are not."""
    change = np.rint(6 * np.random.default_rng(6).normal(size=N))
    change[:3] = -9.0, -12.0, 9.0
    x = np.column_stack([dosages(9.0), dosages(-9.0), change])
    made = Cohort(x, PEOPLE, missing="median")
    np.testing.assert_array_equal(made.dense()[:, 12], change)
    assert set(np.unique(made.dense()[:, :12])) == {0.0, 1.0, 2.0}
    assert any("72 values of x are -9 and 9" in note for note in made.notes)
    sparse = Cohort(csr_array(x), PEOPLE, missing="drop")
    np.testing.assert_array_equal(sparse.dense(), x[12:])


@pytest.mark.parametrize(
    "column",
    [
        np.append(np.random.default_rng(7).normal(size=N - 1), -99.0),
        np.append(0.05 * np.random.default_rng(7).normal(size=N - 1), -9.0),
        np.append(np.random.default_rng(7).integers(0, 12, N - 1).astype(float), -9.0),
    ],
    ids=["z score", "component", "changes that are all but one above 0"],
)
def test_14_what_may_be_a_code_or_a_value_is_warned_of(column: Any) -> None:
    """A code beside other numbers below 0 stays a value, and somebody is told."""
    other = np.random.default_rng(8).integers(-12, 12, N).astype(float)
    x = np.column_stack([other, column])
    with pytest.warns(EvenlightWarning, match=r"-9+ looks like a code .* 1 columns .*'x1'") as said:
        made = Cohort(x, PEOPLE)
    assert said[0].filename == __file__
    np.testing.assert_array_equal(made.dense(), x)


def slow(x: Any) -> dict[float, list[int]]:
    """Which columns hold which code, by the rules as they are told in docs/names.md."""
    kinds = [set(column) for column in x.T.tolist()]
    bare = [kind - set(CODES) for kind in kinds]
    small = [kind <= {0.0, 1.0, 2.0, -1.0, 9.0} for kind in bare]
    signed = any(
        any(v < 0 and v == round(v) and not (v == -1 and max(b) <= 2) and min(b) == v for v in b)
        for b in bare
    )
    found: dict[float, list[int]] = {}
    for j, (kind, b) in enumerate(zip(kinds, bare, strict=True)):
        whole = all(v == round(v) for v in b)
        if min(b, default=0) >= 0 and (small[j] or not whole or not signed):
            for code in kind & set(CODES):
                found.setdefault(code, []).append(j)
    ones = [j for j, kind in enumerate(kinds) if small[j] and min(kind) == -1]
    twos = [k for k in kinds if min(k) in {0, 1, 2} and max(k) == 2]
    trios = any(max(bare[j]) >= 2 for j in ones) or len(twos) > len(ones)
    if trios and not any(min(kind) == -2 and max(kind) <= 2 for kind in kinds):
        found[-1.0] = ones
    return found


@given(st.integers(0, 10**6))
def test_14_codes_are_those_of_the_slow_rules(seed: int) -> None:
    """Random columns of many kinds, with codes strewn in, are read as loops over sets read them."""
    rng = np.random.default_rng(seed)
    kinds = (
        rng.binomial(2, 0.5, 20), rng.integers(-2, 3, 20), rng.choice([-1, 0, 1, 2], 20),
        rng.integers(0, 60, 20), rng.normal(size=20), rng.exponential(size=20),
        rng.integers(-20, 20, 20),
    )  # fmt: skip
    x = np.column_stack([kinds[k] for k in rng.integers(0, len(kinds), 5)]).astype(float)
    for j in range(5):
        x[rng.random(20) < rng.choice([0, 0.1]), j] = rng.choice([*CODES, -1.0])
    ends = Ends.none(5)
    ends.widen(x)
    everyone, at = np.ones(20, dtype=bool), suspects(ends)
    found = coded(ends, *_others(x, everyone, at))
    seen = {
        code: [j for j in np.flatnonzero(own) if (x[:, j] == code).any()]
        for code, own in zip(found.codes, found.columns, strict=True)
    }
    assert {code: at for code, at in seen.items() if at} == {c: a for c, a in slow(x).items() if a}


def compared(x: Any, scale: float, output: float = 1.0) -> Comparison:
    """Differences by sex of a linear model of x / scale, whose output is multiplied."""
    cohort = Cohort(x * scale, PEOPLE, groups=["sex"])
    made = explain(lambda v: output * ((v / scale) @ W), cohort)
    assert rely(made, cohort, by="sex").to_frame().notna().any().any()
    return compare(made, cohort, by="sex")


@pytest.mark.parametrize("scale", [1e-100, 1e-44, 1e-38, 1e30, 1e100])
def test_32_inputs_of_any_scale_have_one_answer(scale: float) -> None:
    """Fault 32: values near the ends of float32 and far beyond are compared as they should be."""
    x = np.random.default_rng(0).normal(size=(N, 6))
    one, other = compared(x, 1.0), compared(x, scale)
    np.testing.assert_allclose(other.effect, one.effect, rtol=1e-5, atol=1e-7)
    np.testing.assert_array_equal(other.verdict, one.verdict)


@pytest.mark.parametrize("output", [1e-30, 1e-20, 1e30])
def test_32_outputs_of_any_scale_have_one_answer(output: float) -> None:
    """Fault 32: what a model gives may be as small or large as single precision holds."""
    x = np.random.default_rng(0).normal(size=(N, 6))
    one, other = compared(x, 1.0), compared(x, 1.0, output)
    np.testing.assert_allclose(other.effect, one.effect, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(other.verdict, one.verdict)


@pytest.mark.parametrize(("output", "said"), [(1e39, "reaches"), (1e-40, "moves by")])
def test_32_outputs_that_single_precision_does_not_hold_are_named(output: float, said: str) -> None:
    """Fault 32: before any work, with the remedy; also of attributions made elsewhere."""
    x = np.random.default_rng(0).normal(size=(N, 6))
    with pytest.raises(AttributionError, match=rf"the output {said}.*multiply the model's output"):
        compared(x, 1.0, output)
    with pytest.raises(AttributionError, match=rf"the output {said}.*multiply the model's output"):
        Attributions.from_arrays(
            x, rows=list(range(N)), features=list("abcdef"), output=output * x.sum(axis=1), base=0.0
        )


def test_32_an_output_of_a_tiny_scale_is_judged_by_its_own_scale() -> None:
    """Attributions of 0 do not add up to an output of 1e-20, however small that is."""
    output = 1e-20 * np.arange(1.0, 6.0)
    assert not residual(np.zeros((5, 2), dtype=np.float32), output, np.zeros(5))[1].any()
    halves = np.repeat(output[:, None] / 2, 2, axis=1).astype(np.float32)
    assert residual(halves, output, np.zeros(5))[1].all()
