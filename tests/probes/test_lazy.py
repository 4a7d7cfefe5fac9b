"""Everything that is asked of a model gives the same answer where x is not in memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import zarr
from scipy.sparse import csr_array
from torch import nn
from torch.utils.data import DataLoader, Dataset

from evenlight.arrays import Float
from evenlight.auditing import audit
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features, Indicators
from evenlight.data.rows import Rows
from evenlight.explainers.explain import explain
from evenlight.models.probe import prepare
from evenlight.probes.contrasts import contrasts
from evenlight.probes.flip import flip
from evenlight.probes.predict import predict

N = 120
RNG = np.random.default_rng(0)
X = np.column_stack(
    [RNG.normal(size=(N, 3)), np.eye(3)[np.arange(N) % 3], np.arange(N) % 2]
).astype(np.float32)  # fmt: skip
NAMES = ("g0", "g1", "g2", "site a", "site b", "site c", "male")
SITE = Indicators("site", {"site a": "a", "site b": "b", "site c": "c"})
PEOPLE = pd.DataFrame(
    {"y": (X[:, 0] + RNG.normal(size=N) > 0).astype(int), "sex": np.tile(["f", "m"], N // 2)},
    index=[f"p{i:03d}" for i in RNG.permutation(N)],
)


def cohort(x: Any) -> Cohort:
    """The people with their rows, wherever these are."""
    features = Features(NAMES, None, (SITE,))
    return Cohort(x, PEOPLE, features, outcome="y", groups=["sex"], unit="row")


def network() -> nn.Module:
    """A smooth network."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(7, 8), nn.Tanh(), nn.Linear(8, 1)).eval()


class Scans(Dataset[Any]):
    """Items as image libraries give them."""

    def __len__(self) -> int:
        return N

    def __getitem__(self, i: int) -> dict[str, Any]:
        return {"image": torch.tensor(X[i]), "label": torch.tensor(i % 2), "path": f"scan{i}"}


def source(kind: str, folder: Path) -> Any:
    """The rows of X, elsewhere."""
    if kind == "zarr":
        made = zarr.create_array(folder / "x.zarr", shape=X.shape, chunks=(16, 3), dtype="f4")
        made[:] = X
        return made
    if kind == "memmap":
        np.save(folder / "x.npy", X)
        return np.load(folder / "x.npy", mmap_mode="r")
    if kind == "csr":
        return csr_array(X)
    return DataLoader(Scans(), batch_size=16) if kind == "loader" else Scans()


KINDS = ["zarr", "memmap", "csr", "loader", "dicts"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["ig", "shapley", "occlusion"])
def test_attributions_are_those_of_the_array(kind: str, method: str, tmp_path: Path) -> None:
    """Values, output, background and digest of every method."""
    lazy, whole = cohort(source(kind, tmp_path)), cohort(X)
    assert kind == "csr" or isinstance(lazy.x, Rows)
    found, wanted = (explain(network(), c, method=method, seed=1) for c in (lazy, whole))
    np.testing.assert_allclose(found.values, wanted.values, atol=2e-6)
    np.testing.assert_allclose(found.output, wanted.output, atol=1e-6)
    assert found.background == wanted.background
    assert found.cohort_digest == wanted.cohort_digest


@pytest.mark.parametrize("kind", KINDS)
def test_probes_are_those_of_the_array(kind: str, tmp_path: Path) -> None:
    """Predictions, contrasts of plain and one-hot variables, and flips."""
    lazy, whole = cohort(source(kind, tmp_path)), cohort(X)
    model = network()
    asked: list[Callable[[Cohort], Float]] = [
        lambda c: predict(model, c).margin,
        lambda c: contrasts(model, c).margin,
        lambda c: flip(model, c, "site").margin,
        lambda c: flip(model, c, "male").margin,
    ]
    for ask in asked:
        np.testing.assert_allclose(ask(lazy), ask(whole), atol=1e-6)
    assert contrasts(model, lazy).high == contrasts(model, whole).high


def test_a_prepared_model_is_taken_by_every_probe() -> None:
    """Its answers are those of the bare model, and nothing is prepared again."""
    whole, calls = cohort(X), []

    def model(x: Float) -> Float:
        calls.append(len(x))
        return np.asarray(x @ np.arange(7.0))

    prepared = prepare(model, whole)
    calls.clear()
    np.testing.assert_array_equal(predict(prepared, whole).margin, prepared.output)
    assert calls == []
    np.testing.assert_array_equal(contrasts(prepared, whole).margin, contrasts(model, whole).margin)
    np.testing.assert_array_equal(flip(prepared, whole, "male").margin[:, 1],
                                  flip(model, whole, "male").margin[:, 1])  # fmt: skip
    calls.clear()
    flip(prepared, whole, "male")
    assert sum(calls) == 2 * N


def test_a_whole_audit_runs_from_disk(tmp_path: Path) -> None:
    """Findings and verdict of an audit from zarr are those from memory."""
    found, wanted = (audit(network(), cohort(x)) for x in (source("zarr", tmp_path), X))
    assert found.verdict == wanted.verdict
    assert [f.id for f in found.findings] == [f.id for f in wanted.findings]
    assert [f.verdict for f in found.findings] == [f.verdict for f in wanted.findings]
