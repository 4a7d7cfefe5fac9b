"""Whole audits of networks of tokens through the one contract."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from evenlight.auditing import audit
from evenlight.data.cohort import Cohort
from evenlight.errors import EvenlightWarning
from evenlight.explainers.explain import explain
from evenlight.models.adapted import Adapted
from evenlight.models.probe import prepare
from evenlight.models.transformers.tokens import ranked_genes, sequences
from evenlight.plan import Plan
from evenlight.probes.faithfulness import faithfulness
from evenlight.probes.redraws import redraws
from tests.tiny_transformers import BERT, cohort, rows_of_codes, text_network

GENES = [f"g{j}" for j in range(6)]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """What is said of lengths is tested elsewhere."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EvenlightWarning)
        yield


def cells() -> tuple[Adapted, Cohort]:
    """Cells whose class is decided by one gene, read by rank by a network that learned it."""
    rng = np.random.default_rng(0)
    x = rng.gamma(2.0, size=(160, 6)) * (rng.random((160, 6)) < 0.7)
    y = rng.integers(0, 2, 160)
    x[:, 2] = np.where(y, 12.0, 0.0)
    network = text_network(initializer_range=0.1)
    vocabulary = {g: 10 + j for j, g in enumerate(GENES)}
    model = ranked_genes(network, GENES, vocabulary, special=BERT)
    step = torch.optim.Adam(network.parameters(), lr=1e-2)
    for _ in range(30):
        step.zero_grad()
        said = model.module(torch.tensor(x, dtype=torch.float32))
        loss = torch.nn.functional.cross_entropy(said, torch.tensor(y))
        loss.backward()  # type: ignore[no-untyped-call]
        step.step()
    network.eval()
    return model, cohort(x, y=y, features=GENES, groups=["sex"], unit="row")


def test_ig_by_name_is_the_integral_at_the_embedding() -> None:
    """explain(method="ig") and "auto" know a network of tokens; several targets give a tuple."""
    model, own = sequences(text_network(), special=BERT), cohort(rows_of_codes(10, 5, BERT))
    made = explain(model, own, method="ig", target=1)
    assert made.settings["baseline"] == "token 4"
    assert (made.values[own.dense() == BERT.pad] == 0).all()
    assert made.background is None
    auto = explain(model, own, target=1)
    np.testing.assert_array_equal(auto.values, made.values)


def test_an_audit_of_cells_names_the_gene_that_decides() -> None:
    """The whole audit runs, and the gene has by far the largest attribution."""
    model, own = cells()
    size = np.abs(explain(model, own, target="1").values).mean(axis=0)
    assert size.argmax() == 2
    assert size[2] > 3 * np.delete(size, 2).max()
    plan = Plan.from_data({"model": {"target": "1"}})
    made = audit(model, own, plan=plan)
    assert made.model.name == "BertForSequenceClassification"
    assert made.model.method == "ig"
    assert len(made.answers) == 3
    assert any("start at a token" in told for told in made.model.probes)


def test_tokens_are_taken_away_by_masking_them() -> None:
    """Deletion and insertion go between a row and the mask token, where its path begins."""
    x = rows_of_codes(30, 5, BERT)
    own, model = cohort(x), sequences(text_network(), special=BERT)
    made = explain(model, own, method="ig", target=1)
    found = faithfulness(model, own, made, rows=20)
    assert found.deletion.mean() > 0.5
    assert found.insertion.mean() > 0.5
    assert "start at a token" in found.reasons["background"]
    assert redraws(prepare(model, own, target=1), own, made) == ()


def test_an_audit_of_sequences_runs_on_positions() -> None:
    """Codes are exchanged by the probes, never averaged."""
    x = rows_of_codes(80, 5, BERT)
    own = cohort(x, groups=["sex"], unit="row")
    model = sequences(text_network(), special=BERT)
    made = audit(model, own, plan=Plan.from_data({"model": {"target": "1"}}))
    assert made.comparisons[0].subjects
