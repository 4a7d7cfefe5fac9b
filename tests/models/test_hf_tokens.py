"""Networks of tokens: codes, genes by rank and genes by bin, read as the network itself reads."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from evenlight.errors import ModelError, Refused
from evenlight.models.probe import prepare
from evenlight.models.transformers import library as local
from evenlight.models.transformers.encoding import Bins, Positions, Ranks, Special
from evenlight.models.transformers.tokens import binned_genes, ranked_genes, sequences, special_of
from tests.tiny_transformers import (
    BERT,
    ESM,
    VOCABULARY,
    cohort,
    library,
    rows_of_codes,
    text_network,
)


def by_hand(network: Any, rows: list[list[int]], pad: int) -> np.ndarray[Any, Any]:
    """Log odds of class 1 from lists of codes, one row at a time and without padding."""
    network.eval()
    with torch.no_grad():
        said = [network(input_ids=torch.tensor([row])).logits[0] for row in rows]
    return np.array([float(z[1] - z[0]) for z in said])


@pytest.mark.parametrize("kind", ["bert", "roberta", "esm-absolute", "esm-rotary"])
def test_rows_are_read_as_the_network_reads_them_alone(kind: str) -> None:
    """Special tokens stand around each row's own, and padding changes nothing."""
    special = BERT if kind == "bert" else ESM
    network, x = text_network(kind), rows_of_codes(12, 8, special)
    made = prepare(sequences(network, special=special), cohort(x), target=1)
    rows = [
        [*special.prefix, *[int(c) for c in row if c != special.pad], *special.suffix] for row in x
    ]
    np.testing.assert_allclose(made.output, by_hand(network, rows, special.pad), atol=2e-5)
    assert made.adapted.link == "softmax"


def test_a_row_of_padding_alone_is_the_special_tokens() -> None:
    """An empty note is no error."""
    network, x = text_network(), rows_of_codes(6, 5, BERT)
    x[2] = BERT.pad
    made = prepare(sequences(network, special=BERT), cohort(x), target=1)
    np.testing.assert_allclose(made.output[2], by_hand(network, [[2, 3]], 0)[0], atol=2e-5)


def test_codes_that_are_none_are_named() -> None:
    """Fault 23: fractions, and codes beyond the vocabulary, with column and row."""
    model, x = sequences(text_network(), special=BERT), rows_of_codes(6, 5, BERT)
    x[1, 0] = 7.5
    with pytest.raises(ModelError, match=r"1 values are no whole numbers, first 7.5 in column 0"):
        prepare(model, cohort(x), target=1)
    x[1, 0] = VOCABULARY
    with pytest.raises(ModelError, match=rf"code {VOCABULARY} in column 0, row 1, is bey"):
        prepare(model, cohort(x), target=1)


def test_rows_beyond_the_positions_are_counted_and_never_cut() -> None:
    """Padding beyond the last position is no reason to refuse; a token there is."""
    model = sequences(text_network(max_position_embeddings=8), special=BERT)
    x = rows_of_codes(10, 9, BERT)
    x[:, 6:] = BERT.pad
    fits = prepare(model, cohort(x), target=1).output
    np.testing.assert_allclose(fits, prepare(model, cohort(x[:, :6]), target=1).output, atol=1e-6)
    x[[2, 5], :7] = 9
    with pytest.raises(ModelError, match=r"8 positions, and 2 of 10 rows have more tokens \(up to"):
        prepare(model, cohort(x), target=1)


def test_a_table_of_positions_with_padding_begins_behind_it() -> None:
    """RoBERTa's table of 24 holds 22 tokens; rotary positions have no end."""
    assert sequences(text_network("roberta"), special=ESM).module.limit == 22
    assert sequences(text_network("esm-absolute"), special=ESM).module.limit == 22
    assert sequences(text_network("esm-rotary"), special=ESM).module.limit is None
    assert sequences(text_network(), special=BERT).module.limit == 24


def test_cells_are_read_by_rank() -> None:
    """The highest gene first, absent ones nowhere, after division by each gene's scale."""
    network = text_network()
    genes, vocabulary = ["g1", "g2", "g3", "g4"], {"g1": 10, "g2": 11, "g3": 12, "g4": 13}
    x = np.array([[0.0, 4.0, 1.0, 2.0], [3.0, 3.0, 0.0, 0.0]])
    model = ranked_genes(network, genes, vocabulary, special=BERT)
    made = prepare(model, cohort(x, features=genes), target=1)
    wanted = by_hand(network, [[2, 11, 13, 12, 3], [2, 10, 11, 3]], 0)
    np.testing.assert_allclose(made.output, wanted, atol=2e-5)
    scale = {"g1": 1.0, "g2": 8.0, "g3": 1.0, "g4": 1.0}
    scaled = ranked_genes(network, genes, vocabulary, special=BERT, scale=scale, most=2)
    made = prepare(scaled, cohort(x, features=genes), target=1)
    wanted = by_hand(network, [[2, 13, 12, 3], [2, 10, 11, 3]], 0)
    np.testing.assert_allclose(made.output, wanted, atol=2e-5)


def test_cells_with_more_genes_than_positions_are_counted() -> None:
    """Without most= a cell is never cut; with it, the highest are read."""
    genes = [f"g{j}" for j in range(12)]
    vocabulary = {g: 10 + j for j, g in enumerate(genes)}
    network = text_network(max_position_embeddings=8)
    x = np.zeros((5, 12))
    x[:, :4] = 1.0
    x[0] = np.arange(1, 13)
    with pytest.raises(ModelError, match=r"1 of 5 rows .*say most= for genes by rank"):
        prepare(ranked_genes(network, genes, vocabulary, special=BERT), cohort(x, features=genes))
    model = ranked_genes(network, genes, vocabulary, special=BERT, most=6)
    made = prepare(model, cohort(x, features=genes), target=1)
    wanted = by_hand(network, [[2, 21, 20, 19, 18, 17, 16, 3]], 0)
    np.testing.assert_allclose(made.output[0], wanted[0], atol=2e-5)


def test_genes_without_a_token_or_scale_are_counted() -> None:
    """And the order of genes is that of the cohort, checked by name."""
    network, vocabulary = text_network(), {"g1": 10, "g2": 11}
    with pytest.raises(ModelError, match=r"1 of 3 genes have no token, first \['g9'\]"):
        ranked_genes(network, ["g1", "g9", "g2"], vocabulary, special=BERT)
    with pytest.raises(ModelError, match=r"1 of 2 genes have no scale above 0, first \['g2'\]"):
        ranked_genes(network, ["g1", "g2"], vocabulary, special=BERT, scale={"g1": 1.0, "g2": 0.0})
    model = ranked_genes(network, ["g1", "g2"], vocabulary, special=BERT)
    with pytest.raises(ModelError, match="in another order"):
        prepare(model, cohort(np.ones((4, 2)), features=["g2", "g1"]))


def test_cells_are_read_by_bin() -> None:
    """Each gene in its place with the bin of its expression."""
    network, genes = text_network(), ["a", "b", "c"]
    special = Special(0, 5, (2,))
    model = binned_genes(network, genes, np.array([0.5, 2.0]), special=special, first=5)
    x = np.array([[0.0, 0.5, 8.5], [1.0, 0.0, 0.0]])
    made = prepare(model, cohort(x, features=genes), target=1)
    wanted = by_hand(network, [[2, 5, 6, 7], [2, 6, 5, 5]], 0)
    np.testing.assert_allclose(made.output, wanted, atol=2e-5)
    with pytest.raises(ModelError, match="edges of bins must be ascending"):
        binned_genes(network, genes, np.array([2.0, 0.5]), special=special)


def test_a_row_of_baselines_is_said_where_a_row_can_say_it() -> None:
    """Empty places stay empty; a bin stands for itself; ranks of mask tokens are no cell."""
    codes = torch.tensor([[7, 8, 0], [9, 0, 0]])
    assert Positions(BERT).blank(codes).tolist() == [[4, 4, 0], [4, 0, 0]]
    edges, x = torch.tensor([0.5, 2.0]), torch.tensor([[0.0, 3.0]])
    for code, own in ((5, 0), (6, 1), (7, 2)):
        bins = Bins(Special(0, code), edges, 5)
        blank = bins.blank(x)
        assert blank is not None
        assert bins(blank).ids.tolist() == [[5 + own] * 2]
    assert Bins(Special(0, 1), edges, 5).blank(x) is None
    assert Ranks(BERT, torch.tensor([5, 6])).blank(x) is None


def test_special_codes_are_whole_and_no_padding() -> None:
    """A prefix that is the pad code would be masked."""
    with pytest.raises(ModelError, match="padding code 0 is a prefix or suffix"):
        Special(0, 1, (0,))
    with pytest.raises(ModelError, match="at least 0"):
        Special(0, -1)
    with pytest.raises(ModelError, match="special tokens are not known"):
        sequences(text_network())


def saved_tokenizer(folder: Path) -> Any:
    """A tokenizer of words with BERT's special tokens, in the folder too."""
    hf = library()
    models = pytest.importorskip("tokenizers.models")
    whole = pytest.importorskip("tokenizers")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "chest", "pain", "dose", "fever", "no"]
    made = whole.Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="[UNK]"))
    made.pre_tokenizer = pytest.importorskip("tokenizers.pre_tokenizers").Whitespace()
    made.post_processor = pytest.importorskip("tokenizers.processors").TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    fast = hf.PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="[PAD]", mask_token="[MASK]", unk_token="[UNK]",
        cls_token="[CLS]", sep_token="[SEP]",
    )  # fmt: skip
    fast.save_pretrained(folder)
    return fast


def test_a_local_folder_gives_the_saved_network_and_its_tokens(tmp_path: Path) -> None:
    """Safetensors and tokenizer from the folder, labels from its config."""
    network = text_network(id2label={0: "discharged", 1: "admitted"})
    network.save_pretrained(tmp_path, safe_serialization=True)
    assert special_of(saved_tokenizer(tmp_path)) == BERT
    x = rows_of_codes(8, 6, BERT)
    made = prepare(sequences(tmp_path), cohort(x), target="admitted")
    wanted = prepare(sequences(network, special=BERT), cohort(x), target=1)
    np.testing.assert_allclose(made.output, wanted.output, atol=1e-6)
    assert made.adapted.name == "BertForSequenceClassification"


def test_a_folder_without_a_tokenizer_says_so(tmp_path: Path) -> None:
    """And what to do about it."""
    text_network().save_pretrained(tmp_path, safe_serialization=True)
    with pytest.raises(ModelError, match=r"holds no tokenizer .*or pass special="):
        sequences(tmp_path)


def test_pickled_weights_are_refused(tmp_path: Path) -> None:
    """Before a byte of them is read."""
    network = text_network()
    network.config.save_pretrained(tmp_path)
    (tmp_path / "pytorch_model.bin").write_bytes(b"no pickle at all")
    with pytest.raises(Refused, match=r"no safetensors but pytorch_model.bin, which could run"):
        sequences(tmp_path, special=BERT)


def test_a_model_that_is_code_of_its_own_is_refused(tmp_path: Path) -> None:
    """auto_map with a type that transformers does not know."""
    library()
    told = '{"model_type": "strange", "auto_map": {"AutoModel": "modeling.Strange"}}'
    (tmp_path / "config.json").write_text(told)
    (tmp_path / "model.safetensors").write_bytes(b"")
    (tmp_path / "modeling.py").write_text("raise SystemExit('this code was run')")
    with pytest.raises(Refused, match=r"\(strange\) is code of its own \(auto_map\)"):
        sequences(tmp_path, special=BERT)


def test_a_name_that_is_no_folder_is_never_looked_up() -> None:
    """No hub, no cache."""
    library()
    with pytest.raises(ModelError, match=r"'bert-base-uncased' is no local folder, and nothing is"):
        sequences("bert-base-uncased", special=BERT)


def test_an_untrained_head_is_no_model(tmp_path: Path) -> None:
    """A folder of an encoder without the classifier that is asked for."""
    text_network().base_model.save_pretrained(tmp_path, safe_serialization=True)
    with pytest.raises(ModelError, match=r"leave \d parts of BertForSequenceClassification untr"):
        sequences(tmp_path, special=BERT)


def test_the_extra_is_named_where_transformers_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing package is an error with its remedy."""
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(ModelError, match=r'pip install "evenlight\[hf\]"'):
        local.library()


def test_something_that_is_no_model_is_named() -> None:
    """A number is no model."""
    with pytest.raises(ModelError, match="a int is no model of transformers"):
        sequences(3, special=BERT)
