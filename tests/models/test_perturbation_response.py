"""Models that say what a cell becomes: one number of it is a model of the cell."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from torch import nn

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.errors import ModelError
from evenlight.explainers.explain import explain
from evenlight.models.adapt import adapt

GENES = ("IFNB1", "STAT1", "MX1", "ACTB")
N = 40
CELLS = np.random.default_rng(0).normal(3, 1, (N, 4))
PEOPLE = pd.DataFrame(
    {"donor": [f"d{i % 8}" for i in range(N)], "sex": ["f", "m"] * (N // 2)},
    index=[f"cell{i:02d}" for i in range(N)],
)
COHORT = Cohort(CELLS, PEOPLE, list(GENES), unit="donor", groups=["sex"])


def responds(cells: Float, perturbation: str) -> Float:
    """Expression (m, 4) after a stimulus: MX1 rises with STAT1 where IFNB1 is there."""
    after = cells.copy()
    if perturbation == "interferon":
        after[:, 2] += cells[:, 1] * np.maximum(cells[:, 0], 0)
    return after


def test_the_shift_of_a_gene_is_explained_by_the_genes_that_make_it() -> None:
    """MX1 after less MX1 before: STAT1 and IFNB1 share it, ACTB and MX1 itself have nothing."""
    j = GENES.index("MX1")
    shift = adapt(
        lambda x: responds(x, "interferon")[:, j] - responds(x, "control")[:, j],
        link="identity", targets=["shift of MX1"],
    )  # fmt: skip
    found = explain(shift, COHORT, background=CELLS[:10])
    assert found.target == "shift of MX1"
    np.testing.assert_allclose(
        found.values.sum(axis=1) + found.base, CELLS[:, 1] * np.maximum(CELLS[:, 0], 0), atol=1e-4
    )
    np.testing.assert_allclose(found.values[:, 2:], 0, atol=1e-6)
    assert np.abs(found.values[:, :2]).mean() > 0.5


def test_the_shift_of_a_signature_is_the_sum_of_the_shifts_of_its_genes() -> None:
    """Attributions of a weighted sum of genes are the weighted sum of theirs."""
    weights = np.array([0.5, 0.0, 2.0, -1.0])

    def shift(x: Float) -> Float:
        moved: Float = responds(x, "interferon") - x
        return moved

    whole = explain(lambda x: shift(x) @ weights, COHORT, background=CELLS[:10])
    parts = [
        explain(lambda x, j=j: shift(x)[:, j], COHORT, background=CELLS[:10]).values
        for j in range(4)
    ]
    total = sum(w * part for w, part in zip(weights, parts, strict=True))
    np.testing.assert_allclose(whole.values, total, atol=1e-4)


def test_a_model_that_gives_a_whole_profile_asks_for_a_target() -> None:
    """Without one number the error lists the genes; with a name it is that gene after."""
    whole = adapt(lambda x: responds(x, "interferon"), targets=GENES)
    with pytest.raises(ModelError, match="name one of 'IFNB1'"):
        explain(whole, COHORT)
    assert explain(whole, COHORT, target="MX1", background=CELLS[:10]).target == "MX1"


def test_a_network_stays_a_network_behind_a_chosen_output() -> None:
    """A module that picks the scalar keeps gradients, so the method is integrated gradients."""

    class Shift(nn.Module):
        """Output 2 less input 2."""

        def __init__(self, network: nn.Module) -> None:
            super().__init__()
            self.network = network

        def forward(self, x):  # type: ignore[no-untyped-def]
            """The shift (m, 1)."""
            return (self.network(x) - x)[:, 2:3]

    net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 4)).double()
    made = adapt(Shift(net), link="identity")
    found = explain(made, COHORT)
    assert found.method == "ig"
    np.testing.assert_allclose(
        found.values.sum(axis=1) + found.base, made.margin(CELLS)[:, 0], atol=1e-4
    )
