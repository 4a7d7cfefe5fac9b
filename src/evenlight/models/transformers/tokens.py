"""Networks that read tokens: text, sequences, and cells as genes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from evenlight.arrays import Values
from evenlight.errors import ModelError
from evenlight.models.adapt import adapt
from evenlight.models.adapted import Adapted
from evenlight.models.transformers import library
from evenlight.models.transformers.encoding import (
    Bins,
    Encoding,
    Positions,
    Ranks,
    Special,
    codes_of,
)
from evenlight.models.transformers.reader import Read, TokenReader

CLASSIFIER = "AutoModelForSequenceClassification"


def sequences(
    model: object,
    *,
    tokenizer: Any = None,
    special: Special | None = None,
    read: Read | None = None,
    **declared: Any,
) -> Adapted:
    """A classifier of notes, proteins or DNA, for rows x (n, L) of codes, one feature a position.

    Parameters
    ----------
    model
        a module of transformers (BERT, RoBERTa, ESM, DNABERT ... for sequence classification), a
        local folder, or a config.
    tokenizer
        whose special tokens are read; by default that of the folder.
    special
        the special codes by hand, in place of a tokenizer.
    read
        what the network returns, and the mask, to raw outputs (m, t); by default its logits.
    **declared
        `link`, `gives`, `targets`, `features`, `unit` as in `evenlight.adapt`. Targets are named
        as the config's labels where it has names for them.

    A position that holds the pad code is empty. The special tokens are put around a row's own
    tokens and are no features. `method="ig"` integrates from the mask token (where there is none,
    the pad token) at every position to the row's own tokens, with the row's own length; a network
    that reads up to T positions refuses longer rows.

    Raises
    ------
    ModelError
        where transformers, the tokenizer, its pad token or trained weights are missing.
    Refused
        for pickled weights, and for models that are code of their own.
    """
    if special is None:
        found = library.tokenizer_of(model, tokenizer)
        if found is None:
            raise ModelError(
                "special tokens are not known; pass tokenizer= that the model was trained with, or "
                "special=Special(pad, baseline, prefix, suffix) with its codes"
            )
        special = special_of(found)
    return _adapted(model, Positions(special), read, declared)


def ranked_genes(
    model: object,
    genes: Sequence[str],
    vocabulary: Mapping[str, int],
    *,
    special: Special,
    scale: Mapping[str, float] | None = None,
    most: int | None = None,
    **declared: Any,
) -> Adapted:
    """A cell model that reads genes in falling order of expression, as Geneformer does.

    For rows x (n, p) of expression (counts by cell total, 0 where absent), one feature a gene. A
    gene's attribution is that of the token where it stands; absent genes have exactly 0.

    Parameters
    ----------
    genes, vocabulary
        the names of the p features, and the code of each gene.
    special
        codes of padding and mask, and those before and after the genes.
    scale
        what the expression of each gene is divided by before ranking (its non-zero median over
        the cells that the model was trained on); 1 for all if absent.
    most
        how many genes are read of a cell, the highest first. Left out, all are, and a cell with
        more than the network has positions for is an error.

    Source: Theodoris et al., Transfer learning enables predictions in network biology, Nature 2023.
    """
    tokens = codes_of(genes, vocabulary, what="genes")
    if most is not None and most < 1:
        raise ModelError(f"most={most}; wanted at least 1 gene")
    held = None if scale is None else _scales(genes, scale)
    made = Ranks(special, tokens, held, most)
    return _adapted(model, made, declared.pop("read", None), {"features": genes, **declared})


def binned_genes(
    model: object,
    genes: Sequence[str],
    edges: Values,
    *,
    special: Special,
    first: int = 0,
    **declared: Any,
) -> Adapted:
    """A cell model that reads the bin of expression of each gene in its place, as scBERT does.

    For rows x (n, p) of expression, one feature a gene; `edges` ascending, and a value from
    edges[k - 1] to below edges[k] has the code first + k. With the code `first` (no expression) as
    `special.baseline`, genes without expression have exactly 0.

    Source: Yang et al., scBERT as a large-scale pretrained deep language model for cell type
    annotation of single-cell RNA-seq data, Nature Machine Intelligence 2022.
    """
    held = torch.as_tensor(edges, dtype=torch.float64)
    if held.ndim != 1 or not len(held) or not bool((held.diff() > 0).all()):
        raise ModelError("edges of bins must be ascending numbers")
    made = Bins(special, held, first)
    return _adapted(model, made, declared.pop("read", None), {"features": genes, **declared})


def special_of(tokenizer: Any) -> Special:
    """The special codes of a tokenizer: found by tokenizing one word with and without them.

    Raises ModelError for a tokenizer without a pad token, and one that puts special tokens inside.
    """
    pad, mask = tokenizer.pad_token_id, tokenizer.mask_token_id
    if pad is None:
        raise ModelError("the tokenizer has no pad token; pass special= with the codes by hand")
    plain = sorted(set(tokenizer.get_vocab().values()) - set(tokenizer.all_special_ids))
    word = tokenizer.decode(plain[:1])
    bare = list(tokenizer(word, add_special_tokens=False)["input_ids"])
    whole = list(tokenizer(word)["input_ids"])
    starts = [i for i in range(len(whole)) if whole[i : i + len(bare)] == bare]
    if not bare or not starts:
        raise ModelError(
            "the special tokens of the tokenizer could not be told from its words; pass special= "
            "with the codes by hand"
        )
    end = starts[0] + len(bare)
    prefix, suffix = tuple(whole[: starts[0]]), tuple(whole[end:])
    return Special(int(pad), int(pad if mask is None else mask), prefix, suffix)


def _scales(genes: Sequence[str], scale: Mapping[str, float]) -> torch.Tensor:
    """The scale of each gene, (p,); ModelError for one that is missing or not above 0."""
    wrong = [g for g in genes if not float(scale.get(g, 0.0)) > 0]
    if wrong:
        raise ModelError(
            f"{len(wrong)} of {len(genes)} genes have no scale above 0, first {wrong[:3]}; give "
            "each its non-zero median, or leave these genes out of the cohort"
        )
    return torch.tensor([float(scale[g]) for g in genes], dtype=torch.float64)


def _adapted(
    model: object, encoding: Encoding, read: Read | None, declared: Mapping[str, Any]
) -> Adapted:
    network = library.network(model, CLASSIFIER)
    reader = TokenReader(network, encoding, read)
    asked = dict(declared)
    if read is None:
        asked.setdefault("targets", labels_of(network))
    return adapt(reader, codes=encoding.codes, **asked)


def labels_of(network: nn.Module) -> tuple[str, ...] | None:
    """The names of a classifier's outputs, None where its config has none of its own."""
    names = getattr(getattr(network, "config", None), "id2label", None) or {}
    told = tuple(str(names[k]) for k in sorted(names))
    return None if not told or all(name.startswith("LABEL_") for name in told) else told
