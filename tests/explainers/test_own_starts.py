"""Paths from references of each row's own: against paths row by row, and what must fail."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from evenlight.arrays import Text, Values
from evenlight.data.cohort import Cohort
from evenlight.errors import AttributionError, EvenlightWarning
from evenlight.explainers.explain import explain

IDS = [f"r{i:02d}" for i in range(24)]
X = np.random.default_rng(0).normal(size=(24, 4, 9))
PEOPLE = pd.DataFrame({"sex": np.tile(["f", "m"], 12)}, index=IDS)
COHORT = Cohort(X, PEOPLE, groups=["sex"])


def reversed_and_near(x: Values, ids: Text) -> Values:
    """Three references: the row from its end, and two that its id decides."""
    noise = [np.random.default_rng(int(one[1:])).normal(size=(2, *x.shape[1:])) for one in ids]
    return np.concatenate([x[:, None, :, ::-1], 0.3 * np.stack(noise)], axis=1)


def network(kind: str) -> nn.Module:
    """Small networks: with a stem and smooth, with a stem and exact pieces, and without a stem."""
    torch.manual_seed(0)
    layers: dict[str, list[nn.Module]] = {
        "conv": [nn.Conv1d(4, 6, 3), nn.GELU(), nn.Flatten(), nn.Linear(42, 2)],
        "relu": [nn.Flatten(), nn.Linear(36, 8), nn.ReLU(), nn.Linear(8, 6), nn.ReLU(),
                 nn.Linear(6, 2)],
        "single": [nn.Flatten(), nn.Linear(36, 8), nn.ReLU(), nn.Linear(8, 2)],
        "bare": [nn.Flatten(), nn.Tanh(), nn.Linear(36, 2)],
    }  # fmt: skip
    return nn.Sequential(*layers[kind]).eval()


@pytest.mark.filterwarnings("ignore::evenlight.errors.EvenlightWarning")
@pytest.mark.parametrize("kind", ["conv", "relu", "single", "bare"])
def test_each_row_is_explained_from_its_own_references(kind: str) -> None:
    """As if it were explained alone, with its references as the baseline of all."""
    own: dict[str, Any] = {"method": "ig", "target": 1, "sensitivity": True}
    found = explain(network(kind), COHORT, baseline=reversed_and_near, **own)
    for i in (0, 7, 23):
        two = COHORT.take(np.array([i, (i + 1) % 24]))
        starts = reversed_and_near(X[[i]], np.array([IDS[i]]))[0]
        alone = explain(network(kind), two, baseline=starts, **own)
        np.testing.assert_allclose(found.values[i], alone.values[0], atol=2e-4)
        np.testing.assert_allclose(found.base[i], alone.base[0], atol=1e-6)
        assert found.sensitivity is not None
        assert alone.sensitivity is not None
        np.testing.assert_allclose(found.sensitivity[i], alone.sensitivity[0], atol=2e-3)
    assert found.converged.all()
    assert found.settings["baseline"] == "own: reversed_and_near"
    assert found.settings["baselines"] == 3
    assert found.background is None


@pytest.mark.filterwarnings("ignore::evenlight.errors.EvenlightWarning")
def test_blocks_and_order_change_no_bit() -> None:
    """Rows in another order, and blocks of a few rows."""
    own: dict[str, Any] = {"method": "ig", "target": 0, "baseline": reversed_and_near}
    found = explain(network("conv"), COHORT, **own)
    order = np.random.default_rng(1).permutation(24)
    again = explain(network("conv"), COHORT.take(order), **own)
    np.testing.assert_array_equal(found.values[order], again.values)
    np.testing.assert_array_equal(found.base[order], again.base)
    few = explain(network("conv"), COHORT, budget=20_000, **own)
    np.testing.assert_allclose(few.values, found.values, atol=1e-5)


@pytest.mark.filterwarnings("ignore::evenlight.errors.EvenlightWarning")
def test_several_targets_and_another_precision() -> None:
    """Each target has the bases of its own output; precision is compared on the same references."""
    both = explain(network("conv"), COHORT, target=[0, 1], baseline=reversed_and_near)
    one = explain(network("conv"), COHORT, target=1, baseline=reversed_and_near)
    np.testing.assert_allclose(both[1].values, one.values, atol=1e-6)
    assert np.abs(both[0].base - both[1].base).max() > 0.01
    fine = explain(
        network("conv"), COHORT, target=1, baseline=reversed_and_near, precision="float64"
    )
    np.testing.assert_allclose(fine.values, one.values, atol=1e-4)
    assert fine.settings["precision_error"] < 1e-3


def test_bases_that_differ_are_told() -> None:
    """What the references of a row share with its output is in no feature, and a note says so."""
    with pytest.warns(EvenlightWarning, match="Rows start at different outputs"):
        found = explain(network("conv"), COHORT, target=0, baseline=reversed_and_near)
    assert "in no feature" in found.settings["starts"][0]
    np.testing.assert_allclose(found.total(), found.output, atol=1e-2)


def test_a_table_takes_them_too() -> None:
    """Rows (n, p), with a column that does not matter."""
    table = Cohort(X[:, 0, :5], PEOPLE, list("abcde"), groups=["sex"])
    torch.manual_seed(1)
    layer = nn.Linear(5, 4)
    with torch.no_grad():
        layer.weight[:, 2] = 0.0
    model = nn.Sequential(layer, nn.Tanh(), nn.Linear(4, 1)).eval()
    with pytest.warns(EvenlightWarning, match="Rows start"):
        found = explain(model, table, baseline=lambda x, ids: x[:, None, ::-1])
    np.testing.assert_array_equal(found.values[:, 2], 0.0)
    np.testing.assert_allclose(found.total(), found.output, atol=1e-2)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda x, ids: x, r"gave shape \(8, 4, 9\) for rows of shape \(8, 4, 9\)"),
        (lambda x, ids: x[:3, None], r"gave shape \(3, 1, 4, 9\)"),
        (lambda x, ids: x[:, None] * np.nan, "gave 288 values that are not finite"),
    ],
)
def test_references_that_do_not_fit_are_refused(made: Any, said: str) -> None:
    """One for each row, of its shape, and finite."""
    with pytest.raises(AttributionError, match=said):
        explain(network("conv"), COHORT, target=0, baseline=made)


def test_other_methods_refuse_them() -> None:
    """Captum's have one baseline for all."""
    with pytest.raises(AttributionError, match='which method="ig" and "shapley" alone take'):
        explain(network("conv"), COHORT, target=0, method="captum.ig", baseline=reversed_and_near)
