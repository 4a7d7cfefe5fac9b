"""Tiny random networks of transformers, made from configs; nothing is downloaded."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.models.transformers.encoding import Special

SMALL = {
    "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 24,
    "initializer_range": 0.4,
}  # fmt: skip
BERT = Special(0, 4, (2,), (3,))
ESM = Special(1, 4, (0,), (2,))
VOCABULARY = 30


def library() -> Any:
    """The package, or a skip that says how to get it."""
    return pytest.importorskip("transformers", reason='needs pip install "evenlight[hf]"')


def text_network(kind: str = "bert", **own: Any) -> Any:
    """A classifier of rows of tokens: bert, roberta, esm (rotary or absolute positions)."""
    hf = library()
    torch.manual_seed(0)
    asked = {"vocab_size": VOCABULARY, "max_position_embeddings": 24, **SMALL, **own}
    if kind == "bert":
        return hf.BertForSequenceClassification(hf.BertConfig(**asked))
    if kind == "roberta":
        return hf.RobertaForSequenceClassification(hf.RobertaConfig(pad_token_id=1, **asked))
    place = kind.removeprefix("esm-")
    config = hf.EsmConfig(
        pad_token_id=1, mask_token_id=4, position_embedding_type=place, token_dropout=True, **asked
    )
    return hf.EsmForSequenceClassification(config)


def rows_of_codes(n: int, length: int, special: Special, *, seed: int = 0) -> Float:
    """Random codes (n, length) of rows of 3 tokens to all of them, padded on the right."""
    rng = np.random.default_rng(seed)
    x = rng.integers(5, VOCABULARY, size=(n, length)).astype(float)
    ends = rng.integers(3, length + 1, size=n)
    x[np.arange(length) >= ends[:, None]] = special.pad
    return x


def cohort(x: Float, *, y: Any = None, **own: Any) -> Cohort:
    """A cohort of these rows with an outcome of 0 and 1, and a column of sex."""
    n, rng = len(x), np.random.default_rng(1)
    people = pd.DataFrame(
        {"sex": np.where(rng.random(n) < 0.5, "f", "m"), "y": rng.integers(0, 2, n)},
        index=[f"r{i:04d}" for i in range(n)],
    )
    if y is not None:
        people["y"] = y
    return Cohort(x, people, own.pop("features", None), outcome="y", **own)
