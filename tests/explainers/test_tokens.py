"""Integrated gradients at the embedding of tokens: completeness, padding, oracle, planted truth."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.errors import AttributionError, EvenlightWarning, ModelError
from evenlight.explainers import tokens
from evenlight.explainers.explain import explain
from evenlight.models.probe import prepare
from evenlight.models.transformers.encoding import Special
from evenlight.models.transformers.tokens import binned_genes, ranked_genes, sequences
from tests.tiny_transformers import BERT, ESM, cohort, library, rows_of_codes, text_network

KINDS = ["bert", "roberta", "esm-absolute", "esm-rotary"]


@pytest.fixture(autouse=True)
def _lengths_differ() -> Iterator[None]:
    """What is said of rows of different length is a test of its own."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Rows start at", category=EvenlightWarning)
        yield


def explained(model: object, own: Cohort, **asked: Any) -> Attributions:
    """The attributions of class 1."""
    made = explain(model, own, method="ig", target=1, **asked)
    assert isinstance(made, Attributions)
    return made


def captum_values(network: Any, x: Any, special: Any) -> Any:
    """Captum's layer integrated gradients of the log odds: of tokens (n, T)."""
    attr = pytest.importorskip("captum.attr")
    network.eval()
    ids = np.full((len(x), x.shape[1] + 2), special.pad)
    start = ids.copy()
    for i, row in enumerate(x.astype(int)):
        own = [c for c in row if c != special.pad]
        ids[i, : len(own) + 2] = [*special.prefix, *own, *special.suffix]
        start[i, : len(own) + 2] = [
            *special.prefix, *[special.baseline] * len(own), *special.suffix
        ]  # fmt: skip
    codes, starts = torch.tensor(ids), torch.tensor(start)
    mask = (codes != special.pad).long()

    def odds(given: Any, mask: Any) -> Any:
        said = network(input_ids=given, attention_mask=mask).logits
        return said[:, 1] - said[:, 0]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        method = attr.LayerIntegratedGradients(odds, network.get_input_embeddings())
        found = method.attribute(
            codes, baselines=starts, additional_forward_args=(mask,), n_steps=128,
            method="gausslegendre",
        )  # fmt: skip
    return found.sum(dim=-1).detach().numpy()


@pytest.mark.parametrize("kind", ["bert", "roberta", "esm-absolute"])
def test_attributions_agree_with_captum(kind: str) -> None:
    """The same integral as captum's layer integrated gradients, row by row and token by token."""
    special = BERT if kind == "bert" else ESM
    network, x = text_network(kind), rows_of_codes(16, 7, special)
    made = explained(sequences(network, special=special), cohort(x))
    found = captum_values(network, x, special)
    own = np.where(x == special.pad, 0.0, found[:, 1:8])
    np.testing.assert_allclose(made.values, own, atol=5e-3 * np.abs(own).max())
    assert not found[:, 0].any()


@pytest.mark.parametrize("kind", KINDS)
def test_every_row_adds_up_from_its_own_start(kind: str) -> None:
    """Attributions add up to the output minus that of the mask token everywhere, in every row."""
    special = BERT if kind == "bert" else ESM
    network, x = text_network(kind), rows_of_codes(20, 6, special)
    model = sequences(network, special=special)
    made = explained(model, cohort(x))
    assert made.converged.all()
    total = made.values.sum(axis=1, dtype=np.float64)
    moved = made.output - made.base
    np.testing.assert_allclose(total, moved, atol=2e-3 * np.abs(moved).max())
    if not kind.startswith("esm"):  # ESM's token dropout treats mask tokens that are given apart
        masked = np.where(x == special.pad, special.pad, special.baseline).astype(float)
        start = prepare(model, cohort(masked), target=1).output
        np.testing.assert_allclose(made.base, start, atol=2e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_padding_has_exactly_nothing(kind: str) -> None:
    """Not nearly 0 but 0, and more padding changes nothing."""
    special = BERT if kind == "bert" else ESM
    model, x = sequences(text_network(kind), special=special), rows_of_codes(12, 6, special)
    made = explained(model, cohort(x))
    assert (made.values[x == special.pad] == 0).all()
    wider = np.concatenate([x, np.full((12, 3), float(special.pad))], axis=1)
    again = explained(model, cohort(wider))
    assert not again.values[:, 6:].any()
    np.testing.assert_allclose(again.values[:, :6], made.values, atol=1e-3)


def test_a_token_that_is_the_baseline_has_nothing() -> None:
    """A path of length 0 adds 0."""
    x = rows_of_codes(8, 5, BERT)
    x[:, 1] = BERT.baseline
    made = explained(sequences(text_network(), special=BERT), cohort(x))
    assert not made.values[:, 1].any()
    other = explained(sequences(text_network(), special=BERT), cohort(x), baseline=9)
    assert other.values[:, 1].all()
    assert other.settings["baseline"] == "token 9"


def test_a_gene_has_what_stands_at_its_rank() -> None:
    """The values are those of the sequence of its tokens, put back to the genes."""
    network, genes = text_network(), [f"g{j}" for j in range(6)]
    vocabulary = {g: 10 + j for j, g in enumerate(genes)}
    rng = np.random.default_rng(0)
    x = rng.exponential(size=(15, 6)) * (rng.random((15, 6)) < 0.7)
    model = ranked_genes(network, genes, vocabulary, special=BERT)
    made = explained(model, cohort(x, features=genes))
    assert (made.values[x == 0] == 0).all()
    rank = np.argsort(-x, axis=1, kind="stable")
    codes = np.where(np.take_along_axis(x, rank, 1) > 0, 10 + rank, 0).astype(float)
    plain = explained(sequences(network, special=BERT), cohort(codes))
    back = np.zeros_like(made.values)
    np.put_along_axis(back, rank, plain.values, axis=1)
    np.testing.assert_allclose(made.values, back, atol=1e-5)
    np.testing.assert_allclose(made.base, plain.base, atol=1e-6)


def test_genes_that_were_not_read_are_counted() -> None:
    """A note says in how many rows, and how many genes."""
    genes = [f"g{j}" for j in range(6)]
    vocabulary = {g: 10 + j for j, g in enumerate(genes)}
    x = np.random.default_rng(0).exponential(size=(12, 6)) + 0.1
    model = ranked_genes(text_network(), genes, vocabulary, special=BERT, most=4)
    with pytest.warns(EvenlightWarning, match=r"In 12 of 12 rows .*\(24 in all\); they have 0"):
        made = explained(model, cohort(x, features=genes))
    assert ((made.values != 0).sum(axis=1) == 4).all()


def test_genes_by_bin_have_nothing_without_expression() -> None:
    """The bin of no expression is the baseline."""
    x = np.random.default_rng(0).exponential(size=(12, 5)).round(1)
    x[:, 2] = 0.0
    special = Special(0, 5, (2,))
    model = binned_genes(text_network(), list("abcde"), np.array([0.1, 0.5, 2.0]), special=special,
                         first=5)  # fmt: skip
    made = explained(model, cohort(x, features=list("abcde")))
    assert not made.values[:, 2].any()
    assert np.ptp(made.base) == 0
    assert made.converged.all()


def test_neither_order_nor_block_of_rows_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same rows in another order, and few at a time."""
    model, x = sequences(text_network(), special=BERT), rows_of_codes(8, 4, BERT)
    whole = cohort(x)
    made = explained(model, whole)
    turned = explained(model, whole.take(np.arange(8)[::-1]))
    np.testing.assert_array_equal(turned.values[::-1], made.values)
    monkeypatch.setattr(tokens, "ROWS", 3)
    few = explained(model, whole, budget=1)
    np.testing.assert_allclose(few.values, made.values, atol=1e-5)
    assert few.settings["points_at_once"] == 1


def test_several_targets_share_a_pass() -> None:
    """Each is what it is alone."""
    own = cohort(rows_of_codes(8, 5, BERT), y=np.arange(8.0))
    model = sequences(text_network(num_labels=3), special=BERT)
    both = explain(model, own, method="ig", target=[0, 2])
    for made, target in zip(both, (0, 2), strict=True):
        alone = explain(model, own, method="ig", target=target)
        np.testing.assert_allclose(made.values, alone.values, atol=2e-3)


def test_the_network_is_handed_back_as_it_was() -> None:
    """Mode, gradients, and the forward of its embedding."""
    network = text_network().train()
    before = {name: p.clone() for name, p in network.state_dict().items()}
    explained(sequences(network, special=BERT), cohort(rows_of_codes(8, 5, BERT)))
    assert network.training
    assert all(p.requires_grad and p.grad is None for p in network.parameters())
    assert "forward" not in network.get_input_embeddings().__dict__
    assert all(torch.equal(p, before[name]) for name, p in network.state_dict().items())


def test_options_without_a_meaning_are_refused() -> None:
    """And so are baselines that are none."""
    model, own = sequences(text_network(), special=BERT), cohort(rows_of_codes(8, 5, BERT))
    with pytest.raises(AttributionError, match="layer= has no meaning for a network of tokens"):
        explained(model, own, layer="bert")
    with pytest.raises(AttributionError, match="tokens have no mean"):
        explained(model, own, baseline="mean")
    with pytest.raises(AttributionError, match="one code, a whole number"):
        explained(model, own, baseline=np.zeros((5,)))
    with pytest.raises(ModelError, match="baseline code 99 is beyond the embedding"):
        explained(model, own, baseline=99)


def test_few_steps_are_marked() -> None:
    """With fixed steps, rows above tolerance are told of and marked."""
    model, own = sequences(text_network(), special=BERT), cohort(rows_of_codes(12, 6, BERT))
    with pytest.warns(EvenlightWarning, match="miss completeness .* leave steps= out"):
        made = explained(model, own, steps=1)
    assert not made.converged.all()


def trained(*, seed: int = 0) -> tuple[Any, Any, Any]:
    """A network that learned that code 7 decides the class, its rows and their classes."""
    library()
    network = text_network(initializer_range=0.1)
    x = rows_of_codes(256, 8, BERT, seed=seed)
    x[x == 7] = 8.0
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, 256)
    length = (x != BERT.pad).sum(axis=1)
    for i in np.flatnonzero(y):
        x[i, rng.integers(length[i])] = 7.0
    torch.manual_seed(seed)
    reader = sequences(network, special=BERT).module
    step = torch.optim.Adam(network.parameters(), lr=1e-2)
    network.train()
    for _ in range(50):
        step.zero_grad()
        said = reader(torch.tensor(x, dtype=torch.int64))
        loss = torch.nn.functional.cross_entropy(said, torch.tensor(y))
        loss.backward()  # type: ignore[no-untyped-call]
        step.step()
    network.eval()
    return network, x, y


def test_the_token_that_decides_is_named() -> None:
    """Planted truth: the deciding token has the largest attribution in nearly every row with it."""
    network, x, y = trained()
    own = cohort(x[:120], y=y[:120])
    model = sequences(network, special=BERT)
    made = explained(model, own)
    right = (made.output > 0) == (y[:120] == 1)
    assert right.mean() > 0.97
    with_it = (x[:120] == 7).any(axis=1)
    largest = x[np.arange(120), made.values.argmax(axis=1)]
    assert (largest[with_it] == 7).mean() > 0.97
    share = np.where(x[:120] == 7, made.values, 0).sum(axis=1)[with_it]
    assert (share / (made.output - made.base)[with_it]).mean() > 0.7


def test_rows_of_different_length_start_differently() -> None:
    """What length alone does is said, since no feature holds it."""
    network, own = text_network(num_hidden_layers=2), cohort(rows_of_codes(30, 8, BERT))
    model = sequences(network, special=BERT)
    with pytest.warns(EvenlightWarning, match=r"Rows start at different outputs \(variance \d+ %"):
        made = explained(model, own)
    assert np.ptp(made.base) > 0
    assert any("number of tokens" in note for note in made.settings["tokens"])
