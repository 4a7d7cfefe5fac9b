"""The engine: sparse rows, rows on disk, answers on disk, and memory that runs out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import zarr
from scipy import sparse
from torch import Tensor, nn

from evenlight.data import rows as reading
from evenlight.data.coefficients import CoefficientTable
from evenlight.errors import AttributionError
from evenlight.explainers import sweep
from evenlight.explainers.explain import explain
from evenlight.explainers.feed import feed
from evenlight.models import probe
from tests.engine_world import cohort, quietly
from tests.zoo import layers

SCORE = CoefficientTable("score", 0.5, {f"x{j}": 1.0 - j for j in range(6)})


def test_sparse_rows_are_never_made_dense() -> None:
    """CSR through a Linear stem gives the dense answer, and dense rows are asked for by probes."""
    x = np.random.default_rng(0).poisson(0.3, size=(40, 30)) * 1.0
    module = layers(30, 8, 1, activation=nn.Tanh)
    dense = explain(module, cohort(x=x), method="ig", baseline="mean")
    held = cohort(x=sparse.csr_array(x))
    found = explain(module, held, method="ig", baseline="mean")
    np.testing.assert_allclose(found.values, dense.values, atol=1e-6)
    normed = nn.Sequential(nn.BatchNorm1d(30).eval(), *layers(30, 8, 1, activation=nn.Tanh))
    one, other = (explain(normed, c, method="ig", baseline="mean") for c in (held, cohort(x=x)))
    np.testing.assert_allclose(one.values, other.values, atol=1e-6)


def test_the_sweep_reads_sparse_rows_as_sparse(monkeypatch: pytest.MonkeyPatch) -> None:
    """No block of the sweep is dense."""
    seen = []
    own = feed

    def watched(*args: Any, **kwargs: Any) -> Any:
        for rows in own(*args, **kwargs):
            seen.append(rows)
            yield rows

    monkeypatch.setattr(sweep, "feed", watched)
    x = sparse.csr_array(np.random.default_rng(0).poisson(0.3, size=(40, 30)) * 1.0)
    explain(layers(30, 8, 1), cohort(x=x), method="ig", baseline="mean")
    assert seen
    assert all(rows.dense is None and rows.csr is not None for rows in seen)


@pytest.mark.parametrize("kind", ["zarr", "memmap", "numpy"])
def test_answers_go_where_they_are_told(kind: str, tmp_path: Path) -> None:
    """Into an array of the caller's, on disk or in memory, with the same numbers."""
    module, people = layers(6, 8, 1), cohort(6)
    out: Any = np.zeros((40, 6), dtype=np.float32)
    if kind == "zarr":
        out = zarr.create_array(tmp_path / "a.zarr", shape=(40, 6), chunks=(16, 6), dtype="f4")
    if kind == "memmap":
        out = np.memmap(tmp_path / "a.bin", dtype=np.float32, shape=(40, 6), mode="w+")
    found = explain(module, people, method="ig", out=out)
    wanted = explain(module, people, method="ig")
    assert found.values is out
    np.testing.assert_array_equal(np.asarray(out[:]), wanted.values)
    np.testing.assert_allclose(found.total(), wanted.total())


@pytest.mark.parametrize("method", ["ig", "linear", "occlusion"])
def test_answers_go_to_a_new_file(method: str, tmp_path: Path) -> None:
    """`out=` a path: the same numbers on disk, for its owner only; a file that exists is left."""
    model: Any = layers(6, 8, 1) if method == "ig" else SCORE
    wanted = explain(model, cohort(6), method=method)
    place = tmp_path / "values.npy"
    found = explain(model, cohort(6), method=method, out=place)
    assert type(found.values).__name__ == "Rows"
    np.testing.assert_array_equal(np.asarray(found.values), wanted.values)
    np.testing.assert_array_equal(np.load(place), wanted.values)
    assert place.stat().st_mode & 0o777 == 0o600
    with pytest.raises(AttributionError, match=r"'values.npy' exists; name a new file"):
        explain(model, cohort(6), method=method, out=place)
    with pytest.raises(AttributionError, match=r"is no .npy file"):
        explain(model, cohort(6), method=method, out=tmp_path / "values.txt")


def test_a_linear_model_is_explained_block_by_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows on disk are never made dense as a whole, however many they are."""
    people, start = cohort(6), np.random.default_rng(1).normal(size=(5, 6)) / 10
    wanted = explain(SCORE, people, method="linear", background=start)
    held = zarr.create_array(tmp_path / "x.zarr", data=people.dense(), chunks=(7, 6))
    for name, value in {"BLOCK": 8 * 6 * 10, "DENSE_BUDGET": 8 * 6 * 12}.items():
        monkeypatch.setattr(reading, name, value)
    for name in ("ROWS", "BATCH"):
        monkeypatch.setattr(probe, name, 10)
    found = explain(SCORE, cohort(x=held), method="linear", background=start)
    np.testing.assert_array_equal(found.values, wanted.values)


@pytest.mark.parametrize(
    ("out", "message"),
    [
        (np.zeros((40, 5), dtype=np.float32), r"out has shape \(40, 5\)"),
        (np.zeros((40, 6)), "wanted .* float32"),
        ([np.zeros((40, 6), dtype=np.float32)] * 2, "2 arrays for 1 targets"),
    ],
)
def test_an_array_that_does_not_fit_is_refused(out: Any, message: str) -> None:
    """Before any path is integrated."""
    with pytest.raises(AttributionError, match=message):
        explain(layers(6, 8, 1), cohort(6), method="ig", out=out)


def test_rows_from_disk_give_the_same(tmp_path: Path) -> None:
    """A zarr array as x, read block by block."""
    people = cohort(6)
    stored = zarr.create_array(tmp_path / "x.zarr", data=people.dense(), chunks=(7, 6))
    module = layers(6, 8, 1, activation=nn.Tanh)
    found = explain(module, cohort(x=stored), method="ig", budget=4_000)
    wanted = explain(module, people, method="ig", budget=4_000)
    np.testing.assert_allclose(found.values, wanted.values, atol=1e-6)


@pytest.mark.parametrize("budget", [1, 3_000, 10_000_000])
def test_the_budget_changes_no_answer(budget: int) -> None:
    """One point at a time or all of them: within 1e-6 of the largest (grade D1)."""
    module, people = layers(6, 16, 8, 1), cohort(6)
    found = explain(module, people, method="ig", budget=budget)
    wanted = explain(module, people, method="ig")
    assert (budget > 3_000) or found.settings["points_at_once"] < 40
    close = 1e-6 * np.abs(wanted.values).max()
    np.testing.assert_allclose(found.values, wanted.values, atol=close, rtol=0)


class Hungry(nn.Module):
    """A network for which memory runs out above so many rows."""

    def __init__(self, most: int, error: type[Exception] = torch.OutOfMemoryError) -> None:
        super().__init__()
        self.parts, self.most, self.error = layers(6, 8, 1), most, error
        self.armed = False

    def forward(self, x: Tensor) -> Tensor:
        """Rows (n, 6) to (n, 1)."""
        if torch.is_grad_enabled() and len(x) > self.most:
            raise self.error("CUDA out of memory. Tried to allocate 2.00 GiB")
        return torch.as_tensor(self.parts(x))


@pytest.mark.parametrize("error", [torch.OutOfMemoryError, RuntimeError, MemoryError])
def test_memory_that_runs_out_halves_the_batch(error: type[Exception]) -> None:
    """Fault 53: the same answer with fewer points at once, and the grade is recorded."""
    torch.manual_seed(0)
    module = Hungry(10**9, error)
    wanted = quietly(module, cohort(6), steps=20)
    module.most = 13
    found = quietly(module, cohort(6), steps=20)
    assert (wanted.settings["grade"], found.settings["grade"]) == ("D0", "D1")
    assert found.settings["points_at_once"] <= 13
    close = 1e-6 * np.abs(wanted.values).max()
    np.testing.assert_allclose(found.values, wanted.values, atol=close, rtol=0)


def test_memory_that_never_suffices_is_an_error() -> None:
    """Fault 53: with a single point there is nothing left to halve; other errors pass through."""
    module = Hungry(10**9)
    module.most = 0
    with pytest.raises(AttributionError, match=r"memory ran out .* use a device with more"):
        explain(module, cohort(6), method="ig")
    module.error = ArithmeticError
    with pytest.raises(ArithmeticError):
        explain(module, cohort(6), method="ig")
