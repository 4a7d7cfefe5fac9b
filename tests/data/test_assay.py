"""What the numbers of a table are is told by their structure."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenlight.arrays import Float
from evenlight.data.assay import WORDS, assay_of
from evenlight.data.library_size import row_totals, sampled
from evenlight.data.observed import plain_people, without_codes


def counts(seed: int, rows: int = 40, genes: int = 200) -> Float:
    """Overdispersed counts."""
    rng = np.random.default_rng(seed)
    mean = rng.gamma(0.5, 2.0, genes)
    return rng.poisson(rng.gamma(2.0, 0.5, (rows, genes)) * mean).astype(np.float64)


def scaled(x: Float, total: float = 1e4) -> Float:
    """Counts at a common total."""
    return np.asarray(total * x / np.maximum(x.sum(axis=1, keepdims=True), 1))


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000), total=st.sampled_from([1e3, 1e4, 1e6]), single=st.booleans(),
    part=st.integers(20, 200),
)  # fmt: skip
def test_each_step_of_normalisation_is_known(
    seed: int, total: float, single: bool, part: int
) -> None:
    """Counts, scaled counts, natural, binary and decimal logarithms, and a logarithm taken twice.

    So it is in float32, at any total, and when only some genes were kept after scaling.
    """
    x = counts(seed)
    kind = np.float32 if single else np.float64
    ways = {
        "counts": [x], "scaled counts": [scaled(x, total)],
        "log counts": [
            np.log1p(x), np.log1p(scaled(x, total)), np.log2(scaled(x, total) + 1),
            np.log10(scaled(x, total) + 1),
        ],
        "logged twice": [np.log1p(np.log1p(scaled(x, total)))],
    }  # fmt: skip
    for wanted, forms in ways.items():
        for form in forms:
            found = assay_of(form[:, :part].astype(kind).astype(np.float64))
            assert found.kind == wanted, (wanted, found)


def test_no_other_table_is_taken_for_counts() -> None:
    """Normal, uniform, log-normal and gamma numbers are never said to be counts."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        shape = (30, int(rng.integers(6, 40)))
        assert assay_of(rng.normal(size=shape)).kind == "numbers"
        assert assay_of(rng.random(shape)).kind == "shares"
        assert assay_of(np.exp(rng.normal(size=shape))).kind == "numbers"
        assert assay_of(rng.gamma(2.0, 1.0, shape)).kind == "numbers"


def test_methylation_proteins_and_genotypes_are_told_apart() -> None:
    """Beta values are shares, M-values of both signs, CLR adds up to 0, dosages are 0, 1, 2."""
    rng = np.random.default_rng(1)
    beta = rng.beta(0.5, 0.5, (30, 50))
    m = np.log2(np.clip(beta, 1e-6, 1 - 1e-6) / np.clip(1 - beta, 1e-6, 1))
    protein = np.log1p(rng.poisson(20.0, (30, 25)))
    clr = protein - protein.mean(axis=1, keepdims=True)
    found = [assay_of(v) for v in (beta, m, clr, rng.integers(0, 3, (30, 50)).astype(float))]
    assert [one.kind for one in found] == ["shares", "numbers", "log-ratios", "dosage"]
    assert "M-values" in found[1].sentence


def test_missing_values_are_left_out_and_nothing_is_nothing() -> None:
    """NaN does not hide counts, and a table of NaN alone is numbers."""
    x = counts(3)
    x[::7, ::3] = np.nan
    assert assay_of(x).kind == "counts"
    assert assay_of(np.full((3, 3), np.nan)).kind == "numbers"
    assert set(WORDS) >= {"counts", "log counts"}


def test_row_totals_are_the_plain_sums() -> None:
    """Totals by block are the sums of the rows, and missing values count 0."""
    x = counts(4)
    np.testing.assert_array_equal(row_totals(x), [sum(row) for row in x.tolist()])
    ids = np.array([f"p{i}" for i in range(40)])
    order = np.random.default_rng(0).permutation(40)
    np.testing.assert_array_equal(
        np.sort(sampled(x, ids), axis=0), np.sort(sampled(x[order], ids[order]), axis=0)
    )
    x[0, 0] = np.nan
    assert row_totals(x)[0] == np.nansum(x[0])


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([0, 1, -9], 1), ([-9.0, -8.0, -10.0], 0), ([20, 999, 31], 1), ([900, 999, 1001], 0),
        (["a", " NA ", "not reported"], 2), ([True, False, True], 0), ([None, "b", "-9"], 1),
    ],
)  # fmt: skip
def test_codes_are_known_by_what_lies_around_them(values: list[object], wanted: int) -> None:
    """A code is missing only where it could not be a value like the others."""
    people = pd.DataFrame({"v": values})
    made, notes = without_codes(people, ["v", "absent"])
    assert int(made["v"].isna().sum() - people["v"].isna().sum()) == wanted
    assert len(notes) == bool(wanted)


def test_two_columns_of_one_name_are_refused() -> None:
    """A table with a column twice has no one answer."""
    table = pd.DataFrame(np.zeros((2, 2)), columns=["a", "a"])
    with pytest.raises(ValueError, match="two columns of one name"):
        plain_people(table)
