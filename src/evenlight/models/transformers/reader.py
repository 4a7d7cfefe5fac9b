"""A network of tokens as one module: rows in, raw outputs out, and opened at its embedding."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from evenlight.errors import ModelError
from evenlight.models.patched import patched
from evenlight.models.transformers.encoding import Encoding, Tokens

Read = Callable[[Any, Tensor], Tensor]
"""What a network returns, and the mask (m, T), to raw outputs (m, t)."""


@dataclass(frozen=True, slots=True, eq=False)
class Entered:
    """Rows at the embedding: `tokens`, and `own` and `start` (m, T, h), where paths end and begin.

    They are equal at special tokens and padding, along which nothing moves.
    """

    tokens: Tokens
    own: Tensor
    start: Tensor


class TokenReader(nn.Module):
    """Rows (m, p) to raw outputs (m, t): encoded, embedded and read by `network`.

    `limit` is the most tokens for which the network has positions, None where it has no table of
    them. Longer rows are refused, never cut.
    """

    def __init__(self, network: nn.Module, encoding: Encoding, read: Read | None = None) -> None:
        super().__init__()
        self.network, self.encoding, self.read = network, encoding, read or logits
        self.original_name = type(network).__name__
        self.training = network.training
        self.limit = positions(network)
        for name, held in encoding.numbers().items():  # so that a digest of the state knows them
            self.register_buffer(f"encoding_{name}", held)

    def forward(self, x: Tensor) -> Tensor:
        """Raw outputs (m, t) of rows x (m, p)."""
        return self._said(self._tokens(x))

    def entered(self, x: Tensor, baseline: int | None = None) -> Entered:
        """Rows at the embedding, where `baseline` (by default the mask token) takes their place."""
        tokens = self._tokens(x)
        code = self.encoding.special.baseline if baseline is None else baseline
        table = self._table()
        if not 0 <= code < int(getattr(table, "num_embeddings", code + 1)):
            raise ModelError(f"baseline code {code} is beyond the embedding {table}")
        other = torch.where(tokens.owner >= 0, code, tokens.ids)
        return Entered(tokens, self._embedded(tokens.ids, tokens), self._embedded(other, tokens))

    def onward(self, embedded: Tensor, tokens: Tokens) -> Tensor:
        """Raw outputs (m, t) where the embedding says `embedded` (m, T, h), differentiable."""
        return self._said(tokens, embedded)

    def _tokens(self, x: Tensor) -> Tokens:
        if x.ndim != 2:
            raise ModelError(f"{self.original_name} reads rows of one axis, found {x.ndim - 1}")
        tokens = self.encoding(x)
        if self.limit is None or tokens.ids.shape[1] <= self.limit:
            return tokens
        long = int(tokens.mask[:, self.limit :].any(dim=1).sum())
        if long:
            most = int(tokens.mask.sum(dim=1).max())
            raise ModelError(
                f"{self.original_name} has {self.limit} positions, and {long} of {len(x)} rows "
                f"have more tokens (up to {most}, special ones included); nothing is cut in "
                "silence: give shorter rows, or say most= for genes by rank"
            )
        return tokens.first(self.limit)

    def _table(self) -> nn.Module:
        table: nn.Module = self.network.get_input_embeddings()  # type: ignore[operator]
        return table

    def _embedded(self, ids: Tensor, like: Tokens) -> Tensor:
        """What the table says of codes (m, T), (m, T, h)."""
        said: Tensor = self._table()(ids)
        if said.shape[:2] != like.ids.shape:
            raise ModelError(f"the embedding of {self.original_name} gives {tuple(said.shape)}")
        return said

    def _said(self, tokens: Tokens, embedded: Tensor | None = None) -> Tensor:
        if embedded is None:
            return self.read(self._run(tokens), tokens.mask)
        with _saying(self._table(), embedded) as calls:
            out = self.read(self._run(tokens), tokens.mask)
        if len(calls) != 1:
            raise ModelError(
                f"the embedding of {self.original_name} runs {len(calls)} times in a pass, wanted "
                'once; say method="shapley"'
            )
        return out

    def _run(self, tokens: Tokens) -> Any:
        return self.network(input_ids=tokens.ids, attention_mask=tokens.mask.to(torch.int64))


@contextmanager
def _saying(table: nn.Module, embedded: Tensor) -> Iterator[list[None]]:
    """The table says `embedded` whatever it is asked; gives a list with an entry for each call."""
    calls: list[None] = []

    def say(*args: Any, **kwargs: Any) -> Tensor:
        calls.append(None)
        return embedded

    with patched([(table, say)]):
        yield calls


def logits(said: Any, mask: Tensor) -> Tensor:
    """The raw outputs (m, t) of a classifier of rows."""
    out = getattr(said, "logits", None)
    if not isinstance(out, Tensor) or out.ndim != 2:
        found = "none" if out is None else f"of shape {tuple(out.shape)}"
        raise ModelError(
            f"the network returns no logits (rows, targets) but {found}; give a classifier of "
            "rows, or say read= a function of what it returns and of the mask"
        )
    return out


def pooled(said: Any, mask: Tensor) -> Tensor:
    """The mean of the last layer over the tokens that are read, (m, h)."""
    held: Tensor = said.last_hidden_state
    weight = mask.to(held)[..., None]
    return (held * weight).sum(dim=1) / weight.sum(dim=1).clamp_min(1)


def positions(network: nn.Module) -> int | None:
    """Most tokens for which a network has positions, None without a table of them.

    A table with a padding index begins to count behind it, as RoBERTa's and ESM's do.
    """
    relative = getattr(getattr(network, "config", None), "position_embedding_type", "absolute")
    if relative == "rotary":
        return None
    found = [
        int(part.num_embeddings) - (0 if part.padding_idx is None else part.padding_idx + 1)
        for name, part in network.named_modules()
        if isinstance(part, nn.Embedding) and name.split(".")[-1] in POSITIONS
    ]
    return min(found, default=None)


POSITIONS = ("position_embeddings", "position_embedding", "embed_positions", "wpe")
"""Names that transformers gives a table of positions."""
