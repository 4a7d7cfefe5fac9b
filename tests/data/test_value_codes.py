"""Codes of missing values in x itself, and numbers that single precision does not hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csc_array, csr_array

from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.completeness import residual
from evenlight.data.rows import Rows
from evenlight.errors import AttributionError, CohortError
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
