"""Attributions that are read by block: the same answers, and no array of all rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
import zarr

from evenlight.arrays import Single
from evenlight.data import rows as reading
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.rows import Rows
from evenlight.errors import AttributionError
from evenlight.measures import streamed
from evenlight.measures.compare import compare
from evenlight.measures.omnibus import omnibus
from evenlight.measures.rely import rely
from evenlight.measures.testing import Testing

DONORS, CELLS, GENES = 60, 9, 14
TESTING = Testing(draws=200)


def people(rng: np.random.Generator) -> pd.DataFrame:
    """Cells of donors in an order of their own; one donor of unknown ancestry."""
    donor = rng.permutation(np.repeat(np.arange(DONORS), CELLS))
    ancestry = np.array(["A", "B"])[donor % 2].astype(object)
    ancestry[donor == 7] = "unknown"
    return pd.DataFrame(
        {
            "donor": [f"d{i:02d}" for i in donor], "ancestry": ancestry,
            "site": np.array(["s", "t", "u"])[donor % 3], "case": (donor % 5 < 2).astype(int),
            "batch": np.array(["x", "y"])[rng.integers(0, 2, len(donor))],
        },
        index=[f"c{i:04d}" for i in rng.permutation(len(donor))],
    )  # fmt: skip


def world(**roles: Any) -> tuple[Cohort, Attributions]:
    """A linear score of genes that differ between donors; some rows did not converge."""
    rng = np.random.default_rng(0)
    table = people(rng)
    x = rng.normal(size=(len(table), GENES)) + (table["ancestry"] == "B").to_numpy()[:, None] * 0.4
    cohort = Cohort(x, table, groups=["ancestry"], unit="donor", outcome="case", **roles)
    values = (x * rng.normal(size=GENES)).astype(np.float32)
    output = values.sum(axis=1, dtype=np.float64) + 0.5
    output[::97] += 3
    made = Attributions.from_arrays(
        values, rows=cohort.rows.tolist(), features=cohort.features, output=output, base=0.5
    )
    return cohort, made


def stored(made: Attributions, kind: str, folder: Path) -> Attributions:
    """The same with its values elsewhere."""
    folder.mkdir()
    held: Any = made.values
    if kind == "zarr":
        held = zarr.create_array(folder / "v.zarr", data=made.values, chunks=(50, 5))
    if kind == "memmap":
        np.save(folder / "v.npy", made.values)
        held = np.load(folder / "v.npy", mmap_mode="r")
    if kind == "rows":
        held = Rows(zarr.create_array(folder / "v.zarr", data=made.values, chunks=(50, 5)))
    return Attributions(
        made.rows, made.features, held, made.output, made.base, made.error, made.converged,
        made.target, made.scale, made.method,
    )  # fmt: skip


def alike(one: Any, other: Any) -> None:
    """Every field of two records is the same, numbers to rounding."""
    for name in type(one).__dataclass_fields__:
        a, b = getattr(one, name), getattr(other, name)
        if isinstance(a, np.ndarray) and a.dtype.kind == "f":
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12, err_msg=name)
        elif isinstance(a, np.ndarray):
            np.testing.assert_array_equal(a, b, err_msg=name)
        elif name not in ("partial", "cuts", "views", "background", "partners"):
            assert a == b, name


KINDS = ("zarr", "memmap", "rows", "memory")
ROLES: tuple[dict[str, Any], ...] = (
    {}, {"strata": ["site"]}, {"covariates": ["site"]}, {"strata": ["batch"]},
)  # fmt: skip


def by_block(patch: pytest.MonkeyPatch) -> None:
    """Everything counts as large, and blocks hold 40 rows or 4 columns."""
    patch.setattr(streamed, "LARGE", 0)
    patch.setattr(streamed, "PASS", 8 * DONORS * CELLS * 4)
    patch.setattr(reading, "BLOCK", 8 * GENES * 40)


@pytest.mark.parametrize("roles", ROLES, ids=["plain", "strata", "covariates", "within"])
def test_a_comparison_by_block_is_the_same(
    roles: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Effects, limits, p and verdicts of every view, wherever the attributions lie."""
    cohort, made = world(**roles)
    asked = replace(TESTING, own_value=not roles)
    wanted = compare(made, cohort, by="ancestry", testing=asked)
    by_block(monkeypatch)
    for kind in KINDS:
        held = stored(made, kind, tmp_path / kind)
        alike(compare(held, cohort, by="ancestry", testing=asked), wanted)


def test_a_reliance_by_block_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shares, limits, p, support and what features tell of the group."""
    cohort, made = world(strata=["site"])
    wanted = rely(made, cohort, by="ancestry")
    by_block(monkeypatch)
    for kind in ("zarr", "memory"):
        alike(rely(stored(made, kind, tmp_path / kind), cohort, by="ancestry"), wanted)


class Watched:
    """An array on disk that remembers the largest part that was ever read of it."""

    def __init__(self, held: Single) -> None:
        self.held, self.most = held, 0
        self.shape, self.dtype, self.ndim = held.shape, held.dtype, held.ndim

    def __getitem__(self, at: Any) -> Any:
        part = self.held[at]
        self.most = max(self.most, part.size)
        return part


def test_no_array_of_all_rows_is_ever_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """At most a block of rows, or a band of columns, at a time; by compare and by rely."""
    cohort, made = world()
    by_block(monkeypatch)
    watched = Watched(made.values)
    held = replace(made, values=cast(Any, watched))
    compare(held, cohort, by="ancestry", testing=replace(TESTING, own_value=False))
    rely(held, cohort, by="ancestry")
    assert 0 < watched.most <= 40 * GENES
    compare(held, cohort, by="ancestry", testing=TESTING)
    assert watched.most < made.values.size / 2


def test_the_order_of_rows_in_memory_changes_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sums run in the order of ids, also where they are made block by block."""
    by_block(monkeypatch)
    cohort, made = world()
    turned = np.random.default_rng(3).permutation(cohort.n)
    asked = replace(TESTING, own_value=False)
    one = compare(made, cohort, by="ancestry", testing=asked)
    two = compare(made, cohort.take(turned), by="ancestry", testing=asked)
    np.testing.assert_array_equal(one.effect, two.effect)
    np.testing.assert_array_equal(one.p, two.p)


def test_what_cannot_be_read_by_block_is_refused_above_the_budget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An omnibus test needs all rows: it says how large they are, and what to do."""
    cohort, made = world()
    monkeypatch.setattr(reading, "DENSE_BUDGET", 1000)
    with pytest.raises(AttributionError, match=r"540 rows of 14 columns .* \.by\(sets\)"):
        omnibus(stored(made, "zarr", tmp_path / "a"), cohort, by="ancestry")


def test_a_continuous_outcome_needs_all_rows_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its dependence is taken off row by row: the same answer, refused above the budget."""
    cohort, made = world(outcome_kind="continuous")
    asked = replace(TESTING, own_value=False)
    wanted = compare(made, cohort, by="ancestry", testing=asked)
    held = stored(made, "zarr", tmp_path / "a")
    by_block(monkeypatch)
    alike(compare(held, cohort, by="ancestry", testing=asked), wanted)
    monkeypatch.setattr(reading, "DENSE_BUDGET", 1000)
    with pytest.raises(AttributionError, match="may be held at once"):
        compare(held, cohort, by="ancestry", testing=asked)
