"""How a row becomes tokens: codes as they stand, genes by rank, or genes by bin of expression.

m rows, p features, T tokens of a row with its special ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor

from evenlight.errors import ModelError


@dataclass(frozen=True, slots=True, eq=False)
class Tokens:
    """Rows as a network of tokens takes them; each array is (m, T) unless said otherwise.

    `ids` the codes; `mask` True where a token is read; `owner` the feature to which a token
    belongs, -1 for special tokens and padding; `cut` (m,) how many tokens of a row were left out
    because the encoding asks for the first ones only.
    """

    ids: Tensor
    mask: Tensor
    owner: Tensor
    cut: Tensor

    def first(self, size: int) -> Tokens:
        """The first tokens only, (m, size)."""
        return Tokens(self.ids[:, :size], self.mask[:, :size], self.owner[:, :size], self.cut)

    def at(self, rows: Tensor) -> Tokens:
        """Some rows."""
        return Tokens(self.ids[rows], self.mask[rows], self.owner[rows], self.cut[rows])


@dataclass(frozen=True, slots=True)
class Special:
    """Codes that are no feature: `pad`, `baseline` (mask token), and those around a sequence.

    `prefix` stands before a row's own tokens, `suffix` after the last of them.
    """

    pad: int
    baseline: int
    prefix: tuple[int, ...] = ()
    suffix: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        every = (self.pad, self.baseline, *self.prefix, *self.suffix)
        if any(not isinstance(code, int) or code < 0 for code in every):
            raise ModelError(f"special codes are whole numbers of at least 0, found {every}")
        if self.pad in (*self.prefix, *self.suffix):
            raise ModelError(f"the padding code {self.pad} is a prefix or suffix too")

    def numbers(self) -> Tensor:
        """All of them, so that a digest knows them: pad, baseline, how many before, the rest."""
        every = (self.pad, self.baseline, len(self.prefix), *self.prefix, *self.suffix)
        return torch.tensor(every, dtype=torch.int64)


class Encoding(Protocol):
    """What makes tokens of rows."""

    @property
    def codes(self) -> bool:
        """Whether rows are codes already."""
        ...

    @property
    def special(self) -> Special:
        """Codes that are no feature."""
        ...

    def numbers(self) -> Mapping[str, Tensor]:
        """What it is made of, by name."""
        ...

    def blank(self, x: Tensor) -> Tensor | None:
        """Rows x (m, p) with the baseline in all their places; None where no row can say it."""
        ...

    def __call__(self, x: Tensor) -> Tokens:
        """Rows x (m, p) as tokens."""
        ...


@dataclass(frozen=True, slots=True)
class Positions:
    """Codes (m, p) as they stand, one feature a position; a position with the pad code is empty.

    >>> made = Positions(Special(0, 4, (2,), (3,)))(torch.tensor([[7, 8, 0]]))
    >>> made.ids.tolist(), made.mask.tolist(), made.owner.tolist()
    ([[2, 7, 8, 3, 0]], [[True, True, True, True, False]], [[-1, 0, 1, -1, -1]])
    """

    special: Special
    codes: bool = field(default=True, init=False)

    def numbers(self) -> Mapping[str, Tensor]:
        """The special codes."""
        return {"special": self.special.numbers()}

    def blank(self, x: Tensor) -> Tensor:
        """The baseline's code in every place that is not empty."""
        return torch.where(x == self.special.pad, x, self.special.baseline)

    def __call__(self, x: Tensor) -> Tokens:
        """Tokens in their places; the suffix stands after the last that is not padding."""
        here = x != self.special.pad
        place = torch.arange(1, x.shape[1] + 1, device=x.device)
        length = (here * place).amax(dim=1)
        return laid_out(x, here, place.expand_as(x) - 1, length, self.special)


@dataclass(frozen=True, slots=True, eq=False)
class Ranks:
    """Cells as their expressed genes in falling order of expression (Theodoris et al. 2023).

    `tokens` (p,) is the code of each gene, `scale` (p,) what its expression is divided by before
    genes are ranked (the non-zero median over many cells), `most` how many genes are read at most.
    A gene at 0 or below is absent; genes of equal rank stand in the order of the features.

    >>> made = Ranks(Special(0, 1), torch.tensor([5, 6, 7]))(torch.tensor([[0.5, 0.0, 2.0]]))
    >>> made.ids.tolist(), made.owner.tolist()
    ([[7, 5, 0]], [[2, 0, -1]])
    """

    special: Special
    tokens: Tensor
    scale: Tensor | None = None
    most: int | None = None
    codes: bool = field(default=False, init=False)

    def numbers(self) -> Mapping[str, Tensor]:
        """The special codes, the genes' codes and scales, and the most genes (-1 for all)."""
        most = torch.tensor([-1 if self.most is None else self.most])
        scale = torch.ones(len(self.tokens)) if self.scale is None else self.scale
        own = {"tokens": self.tokens, "scale": scale, "most": most}
        return {"special": self.special.numbers(), **own}

    def blank(self, x: Tensor) -> Tensor | None:
        """None: a cell of mask tokens is no expression that a cell could have."""
        return None

    def __call__(self, x: Tensor) -> Tokens:
        """The expressed genes of each cell, the highest first."""
        if x.shape[1] != len(self.tokens):
            raise ModelError(f"{x.shape[1]} genes in a row, and {len(self.tokens)} have a token")
        size = x if self.scale is None else x / self.scale.to(x)
        height, gene = torch.sort(size, dim=1, descending=True, stable=True)
        here = height > 0
        kept = slice(None) if self.most is None else slice(self.most)
        cut = here.sum(dim=1) - here[:, kept].sum(dim=1)
        gene, here = gene[:, kept], here[:, kept]
        ids = self.tokens.to(x.device)[gene]
        made = laid_out(ids, here, gene, here.sum(dim=1), self.special)
        return Tokens(made.ids, made.mask, made.owner, cut)


@dataclass(frozen=True, slots=True, eq=False)
class Bins:
    """Cells as the bin of expression of each gene, genes in their places (Yang et al. 2022).

    A value below edges[0] has the code `first`, one from edges[k - 1] on has first + k.

    >>> made = Bins(Special(0, 9), torch.tensor([0.5, 2.0]), 3)(torch.tensor([[0.0, 1.0, 7.0]]))
    >>> made.ids.tolist()
    [[3, 4, 5]]
    """

    special: Special
    edges: Tensor
    first: int
    codes: bool = field(default=False, init=False)

    def numbers(self) -> Mapping[str, Tensor]:
        """The special codes, the edges of bins and the first code."""
        own = {"edges": self.edges, "first": torch.tensor([self.first])}
        return {"special": self.special.numbers(), **own}

    def blank(self, x: Tensor) -> Tensor | None:
        """A value of the baseline's bin for every gene; None where the baseline is no bin."""
        k = self.special.baseline - self.first
        if not 0 <= k <= len(self.edges):
            return None
        value = self.edges[k - 1] if k else self.edges[0] - 1
        return torch.full_like(x, float(value))

    def __call__(self, x: Tensor) -> Tokens:
        """The bin of each gene."""
        ids = self.first + torch.searchsorted(self.edges.to(x), x.contiguous(), right=True)
        whole = torch.ones_like(ids, dtype=torch.bool)
        place = torch.arange(x.shape[1], device=x.device).expand_as(ids)
        length = torch.full((len(x),), x.shape[1], device=x.device)
        return laid_out(ids, whole, place, length, self.special)


def laid_out(ids: Tensor, here: Tensor, owner: Tensor, length: Tensor, special: Special) -> Tokens:
    """Tokens `ids` (m, L) of features `owner` between their special ones.

    `here` (m, L) says which are read and `length` (m,) after how many the suffix stands.
    """
    m, before, after = len(ids), len(special.prefix), len(special.suffix)
    size = (m, before + ids.shape[1] + after)
    made = torch.full(size, special.pad, dtype=torch.int64, device=ids.device)
    mask = torch.zeros(size, dtype=torch.bool, device=ids.device)
    whose = torch.full(size, -1, dtype=torch.int64, device=ids.device)
    own = slice(before, before + ids.shape[1])
    made[:, own] = torch.where(here, ids, special.pad)
    mask[:, own] = here
    whose[:, own] = torch.where(here, owner, -1)
    for j, code in enumerate(special.prefix):
        made[:, j], mask[:, j] = code, True
    rows = torch.arange(m, device=ids.device)
    for j, code in enumerate(special.suffix):
        at = before + length + j
        made[rows, at], mask[rows, at] = code, True
    return Tokens(made, mask, whose, torch.zeros(m, dtype=torch.int64, device=ids.device))


def codes_of(names: Sequence[str], vocabulary: Mapping[str, int], *, what: str) -> Tensor:
    """The code of each name, (p,); ModelError counts the names that the vocabulary lacks."""
    missing = [name for name in names if name not in vocabulary]
    if missing:
        raise ModelError(
            f"{len(missing)} of {len(names)} {what} have no token, first {missing[:3]}; leave them "
            "out of the cohort, or rename them as the vocabulary does"
        )
    return torch.tensor([int(vocabulary[name]) for name in names], dtype=torch.int64)
