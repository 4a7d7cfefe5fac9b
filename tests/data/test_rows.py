"""Rows that are read when they are asked for give the same answers as rows in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array
from torch.utils.data import DataLoader

import evenlight.data.rows as reading
from evenlight.arrays import Float, Values
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features, Indicators
from evenlight.data.rows import Rows, blocks
from evenlight.errors import CohortError, FeatureError
from tests.elsewhere import KINDS, PEOPLE, Items, Table, X, mapped, on_disk


@pytest.mark.parametrize("kind", KINDS)
def test_every_source_gives_the_cohort_of_the_array(kind: str, tmp_path: Path) -> None:
    """Same digest, rows, columns and blocks, whole, split and shuffled; nothing is written."""
    source = KINDS[kind](X, tmp_path)
    found, wanted = Cohort(source, PEOPLE), Cohort(X, PEOPLE)
    order = np.random.default_rng(2).permutation(60)
    for one, other in (
        (found, wanted),
        (Cohort(source, PEOPLE, split=("site", "s2")), Cohort(X, PEOPLE, split=("site", "s2"))),
        (found.take(order[:31]), wanted.take(order[:31])),
        (found.take(order < 20), wanted.take(order < 20)),
    ):
        assert one.digest == other.digest
        np.testing.assert_array_equal(one.dense(), other.dense())
        np.testing.assert_array_equal(one.dense(slice(3, 9)), other.dense()[3:9])
        np.testing.assert_array_equal(one.dense(np.array([5, 0, 5])), other.dense()[[5, 0, 5]])
        np.testing.assert_array_equal(one.column(3), other.dense()[:, 3])
        np.testing.assert_array_equal(one.columns([4, 0]), other.dense()[:, [4, 0]])
        for size in (None, 1, 7, 11, 60, 1000):
            parts = list(one.blocks(size))
            np.testing.assert_array_equal(np.concatenate([x for _, x in parts]), other.dense())
            assert all(len(x) == at.stop - at.start == len(x) for at, x in parts)
            assert size is None or all(len(x) == size for _, x in parts[:-1])
        assert one.dense(slice(0, 0)).shape == (0, 5)
    assert found.dense().dtype == np.float64
    assert wanted.digest == Cohort(csr_array(X), PEOPLE).digest


@given(
    takes=st.lists(st.lists(st.integers(0, 4), min_size=1, max_size=9), max_size=3),
    size=st.integers(1, 12),
)
def test_rows_taken_from_rows_taken_are_those_of_numpy(takes: list[list[int]], size: int) -> None:
    """Any chain of selections, with repeats, read whole or in blocks of any size."""
    rows, wanted = Rows(Table(X)), X
    for index in takes:
        at = np.array(index) % len(wanted)
        rows, wanted = rows.take(at), wanted[at]
    np.testing.assert_array_equal(rows[:], wanted)
    np.testing.assert_array_equal(np.concatenate([x for _, x in blocks(rows, size)]), wanted)
    np.testing.assert_array_equal(np.asarray(rows), wanted)


def test_images_come_in_their_shape(tmp_path: Path) -> None:
    """(n, channels, height, width) from disk and from a loader; another shape is another digest."""
    x = np.random.default_rng(0).normal(size=(12, 2, 4, 3))
    people = PEOPLE.iloc[:12]
    np.save(tmp_path / "x.npy", x)
    wanted = Cohort(x, people)
    for source in (np.load(tmp_path / "x.npy", mmap_mode="r"), DataLoader(Items(x), batch_size=5)):
        found = Cohort(source, people)
        assert found.x.shape == (12, 2, 4, 3)
        assert found.digest == wanted.digest
    assert Cohort(x.reshape(12, 2, 3, 4), people).digest != wanted.digest


def test_only_the_rows_asked_for_are_read() -> None:
    """Nothing when a cohort is taken, and each row once in a pass over it."""
    table = Table(X)
    rows = Rows(table)
    few = rows.take(np.array([40, 3, 41])).take(np.array([0, 2]))
    assert (rows.shape, few.shape, table.asked) == ((60, 5), (2, 5), [])
    np.testing.assert_array_equal(few[:], X[[40, 41]])
    assert sorted(table.asked) == [40, 41]
    table.asked.clear()
    cohort = Cohort(table, PEOPLE, split=("site", "s2"))
    assert sorted(table.asked) == list(range(1, 60, 3))
    table.asked.clear()
    assert cohort.digest == cohort.digest
    assert sorted(table.asked) == list(range(1, 60, 3))


def test_chunks_on_disk_are_read_once_in_a_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blocks smaller than a chunk do not read it again; without a band they would."""
    source = on_disk(X, tmp_path)
    read: list[int] = []
    plain = reading._read

    def counted(source: Any, at: Any) -> Values:
        read.append(len(np.unique(at // 7)))
        return plain(source, at)

    monkeypatch.setattr(reading, "_read", counted)
    parts = [len(x) for _, x in blocks(Rows(source), 2)]
    assert (parts, sum(read)) == ([2] * 30, 9)
    read.clear()
    monkeypatch.setattr(reading, "BAND", 0)
    list(blocks(Rows(source), 2))
    assert sum(read) > 30


def test_neighbouring_columns_are_read_in_one_pass() -> None:
    """All columns one after the other cost one pass over a lazy x."""
    table = Table(X)
    cohort = Cohort(table, PEOPLE)
    table.asked.clear()
    for j in (2, 0, 1, 4, 3):
        held = cohort.column(j)
        np.testing.assert_array_equal(held, X[:, j])
        held[:] = 0.0
    assert sorted(table.asked) == list(range(60))


def test_the_digest_does_not_follow_the_order_of_lazy_rows(tmp_path: Path) -> None:
    """The same people in another order have the same digest; a swap of two rows has not."""
    order = np.random.default_rng(3).permutation(60)
    one = Cohort(on_disk(X, tmp_path), PEOPLE)
    assert Cohort(X[order], PEOPLE.iloc[order]).digest == one.digest
    assert Cohort(X[order], PEOPLE).digest != one.digest


def test_minus_zero_is_zero() -> None:
    """A sparse matrix does not hold -0, so that the digest may not tell it from 0."""
    x = X.copy()
    x[0, 0] = 0.0
    minus = x.copy()
    minus[0, 0] = -0.0
    assert Cohort(x, PEOPLE).digest == Cohort(minus, PEOPLE).digest


def test_missing_values_of_lazy_rows_are_named_dropped_and_repaired(tmp_path: Path) -> None:
    """As for an array: the same error, the same rows left, the same medians."""
    x = X.copy()
    x[4, 1], x[9, 2], x[9, 3] = np.nan, np.inf, np.nan
    source = mapped(x, tmp_path)
    for rows in (x, source):
        with pytest.raises(CohortError, match=r"3 values that are not finite in 3 columns .*4, 9"):
            Cohort(rows, PEOPLE)
    for missing, split in (("drop", None), ("median", None), ("median", ("site", "s2"))):
        one = Cohort(source, PEOPLE, missing=missing, split=split)  # type: ignore[arg-type]
        other = Cohort(x, PEOPLE, missing=missing, split=split)  # type: ignore[arg-type]
        assert (one.notes, one.digest) == (other.notes, other.digest)
        assert np.isfinite(one.dense()).all()
    assert one.n == 20


def test_medians_of_images_on_disk_are_refused(tmp_path: Path) -> None:
    """A median of a voxel that is not in memory would read everything; the remedy is named."""
    x = np.zeros((12, 2, 2))
    x[3, 1, 1] = np.nan
    np.save(tmp_path / "x.npy", x)
    source = np.load(tmp_path / "x.npy", mmap_mode="r")
    with pytest.raises(CohortError, match=r'reads 1 whole columns.*missing="drop"'):
        Cohort(source, PEOPLE.iloc[:12], missing="median")
    assert Cohort(source, PEOPLE.iloc[:12], missing="drop").n == 11
    assert Cohort(x, PEOPLE.iloc[:12], missing="drop").n == 11


def test_masked_values_are_missing() -> None:
    """What a masked array hides is never read as a number."""
    hidden = np.ma.masked_array(X, mask=X > 2)
    with pytest.raises(CohortError, match=rf"x holds {int((X > 2).sum())} values"):
        Cohort(hidden, PEOPLE)


def test_no_more_than_the_budget_is_made_dense(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Sparse and lazy values are refused whole and given in part; an array is never refused."""
    for source in (mapped(X, tmp_path), csr_array(X)):
        cohort = Cohort(source, PEOPLE)
        with monkeypatch.context() as patch:
            patch.setattr(reading, "DENSE_BUDGET", 10 * 5 * 8)
            with pytest.raises(CohortError, match="too large to be made dense; ask for fewer rows"):
                cohort.dense()
            with pytest.raises(CohortError, match="too large"):
                cohort.dense(np.arange(60) < 11)
            assert cohort.dense(np.arange(10)).shape == (10, 5)
            assert Cohort(X, PEOPLE).dense().shape == (60, 5)


def test_indicators_of_a_lazy_table_are_checked(tmp_path: Path) -> None:
    """Two states in one row are found on disk too; a sound table costs one pass."""
    x = np.eye(3)[np.arange(60) % 3]
    coded = Features(("a", "b", "c"), None, (Indicators("g", {"a": "A", "b": "B", "c": "C"}),))
    table = Table(x)
    Cohort(table, PEOPLE, coded)
    assert sorted(table.asked) == sorted(2 * list(range(60)))
    x[7, 0] = x[7, 1] = 1.0
    with pytest.raises(FeatureError, match="'g': 1 rows do not name exactly one state"):
        Cohort(mapped(x, tmp_path), PEOPLE, coded)


def test_numbers_that_cannot_be_told_apart_in_float64_stay_exact() -> None:
    """Fault 32: 1e30, 1e-38 and denormals pass through unchanged."""
    extreme = np.array([[1e30, -1e-38, 5e-324, 1e-310, 0.0]])
    x: Float = np.repeat(extreme, 60, axis=0)
    np.testing.assert_array_equal(Cohort(x, PEOPLE).dense(), x)
    np.testing.assert_array_equal(Rows(Table(x))[:], x)
