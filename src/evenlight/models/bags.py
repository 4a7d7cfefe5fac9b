"""Networks of bags of tiles, as of whole slides, behind x (m, c + 1, t, *s) of `evenlight.bag`."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn

from evenlight.errors import ModelError
from evenlight.models.adapt import adapt
from evenlight.models.adapted import Adapted

Takes = Literal["one", "mask", "padding", "all"]
TAKES: tuple[Takes, ...] = ("one", "mask", "padding", "all")

PARTLY = (
    "a place is neither filled nor empty: tiles of one bag were mixed with those of another; "
    'say baseline=bags.reference() with method="ig", or let whole tiles move together as players='
)


class BagReader(nn.Module):
    """Bags (m, c + 1, t, *s) to raw outputs (m, k), each by the tiles that it holds."""

    def __init__(self, network: nn.Module, takes: Takes, mask: str) -> None:
        super().__init__()
        self.network, self.takes, self.mask = network, takes, mask
        self.original_name = getattr(network, "original_name", type(network).__name__)
        self.training = network.training

    def forward(self, x: Tensor) -> Tensor:
        """Raw outputs (m, k)."""
        tiles, there = opened(x)
        if self.takes == "one":
            rows = [self._row(self.network(own[own_there])) for own, own_there in
                    zip(tiles, there, strict=True)]  # fmt: skip
            return torch.cat(rows)
        if self.takes == "all":
            if not bool(there.all()):
                raise ModelError(
                    f"{self.original_name} takes no mask, and bags have unlike numbers of tiles; "
                    'say takes="one" for a network of one bag, or most= the fewest tiles of a bag'
                )
            said = self.network(tiles)
        else:
            said = self.network(tiles, **{self.mask: there if self.takes == "mask" else ~there})
        return self._tensor(said)

    def _row(self, said: Any) -> Tensor:
        """What a network of one bag gives, (1, k)."""
        made = self._tensor(said)
        if made.ndim > 2 or (made.ndim == 2 and len(made) != 1):
            raise ModelError(
                f"{self.original_name} gives {tuple(made.shape)} for one bag; wanted (k,) or (1, k)"
            )
        return made.reshape(1, -1)

    def _tensor(self, said: Any) -> Tensor:
        if isinstance(said, Tensor):
            return said
        raise ModelError(
            f"{self.original_name} gives a {type(said).__name__} for bags; say which output with "
            "ev.wire(network, output=...)"
        )


def opened(x: Tensor) -> tuple[Tensor, Tensor]:
    """The tiles (m, t, c, *s) of bags x (m, c + 1, t, *s), and which places hold one (m, t).

    Raises ModelError for bags without the channel "tile", without a tile, or with part of one.
    """
    if x.ndim < 3 or x.shape[1] < 2:
        raise ModelError(f"x is {tuple(x.shape)}; wanted bags (m, c + 1, t, *s) as ev.bag makes")
    there = x[:, -1].detach().flatten(2).mean(dim=2) if x.ndim > 3 else x[:, -1].detach()
    if bool(((there - there.round()).abs() > 1e-4).any()) or bool((there.abs() > 1.5).any()):
        raise ModelError(PARTLY)
    held = there > 0.5
    if not bool(held.any(dim=1).all()):
        raise ModelError("a bag holds no tile; the last channel of x is 1 where there is one")
    return x[:, :-1].transpose(1, 2), held


def bagged(
    network: nn.Module, *, takes: Takes = "one", mask: str = "mask", **declared: Any
) -> Adapted:
    """A network of bags of tiles, as a model of x (n, c + 1, t, *s) from `evenlight.bag`.

    Parameters
    ----------
    network
        a torch module; where it gives more than one tensor, `evenlight.wire(network, output=...)`.
    takes
        "one": the tiles (t_i, c, *s) of one bag, without padding (CLAM and others), bag by bag;
        "mask", "padding": all tiles (m, t, c, *s) with a mask (m, t), True where a place is filled,
        or where it is empty; "all": all tiles, where every bag has as many.
    mask
        the name of that argument.
    **declared
        as in `evenlight.adapt`.

    Integrated gradients begin at `bags.reference()`, which has the tiles of its row: how many there
    are is no feature. `AttentionPool` also takes parts of tiles, and needs no such care.

    Raises ModelError for a network that takes none of this, and for x that holds no bags.
    """
    if not isinstance(network, nn.Module):
        raise ModelError(f"a {type(network).__name__} is no torch module")
    if takes not in TAKES:
        raise ModelError(f"takes={takes!r}; wanted {', '.join(TAKES)}")
    return adapt(BagReader(network, takes, mask), **declared)


class AttentionPool(nn.Module):
    """Gated attention over tiles (Ilse, Tomczak and Welling 2018), for bags (m, c + 1, t, *s).

    Tile i with encoding h_i weighs m_i exp(s_i) / sum_j m_j exp(s_j), where the score s_i is
    w' (tanh(V h_i) * sigmoid(U h_i)) and m_i the channel "tile": an empty place weighs nothing, and
    x may hold part of a tile. `encoder` maps tiles (k, c, *s) to (k, width); None for vectors.
    """

    def __init__(
        self, width: int, *, hidden: int = 32, outputs: int = 1, encoder: Any = None
    ) -> None:
        super().__init__()
        self.encoder = nn.Identity() if encoder is None else encoder
        self.value, self.gate = nn.Linear(width, hidden), nn.Linear(width, hidden)
        self.score, self.head = nn.Linear(hidden, 1), nn.Linear(width, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Raw outputs (m, k)."""
        tiles, there = x[:, :-1].transpose(1, 2), x[:, -1]
        if there.ndim > 2:
            there = there.flatten(2).mean(dim=2)
        held = self.encoder(tiles.flatten(0, 1)).unflatten(0, tiles.shape[:2])
        score = self.score(torch.tanh(self.value(held)) * torch.sigmoid(self.gate(held)))[..., 0]
        weight = there * torch.exp(score - score.amax(dim=1, keepdim=True))
        total = weight.sum(dim=1, keepdim=True).clamp_min(torch.finfo(weight.dtype).tiny)
        made: Tensor = self.head(((weight / total)[..., None] * held).sum(dim=1))
        return made
