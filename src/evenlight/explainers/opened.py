"""A network opened at its stem: there, on from there, and back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from evenlight.errors import ModelError
from evenlight.models.patched import Forward, patched

MATRIX = 4096
"""Most outputs of a stem that is written as a matrix."""


class _Done(Exception):
    """The last stem has been reached."""


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """A(x) = x weights' + offset: `weights` (h, p), `offset` (h,)."""

    weights: Tensor
    offset: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One submodule whose output for one row is a piece of z, of `shape`."""

    name: str
    module: nn.Module
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Numbers in the piece."""
        return int(torch.Size(self.shape).numel())


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A network opened at z (h,): `enter` leads from x to z, `rest` from z to the raw outputs.

    Without `parts` z is the input itself, flattened, and `reason` says why. `blank` (1, *s) stands
    in for the input, and `skipped` for what runs before the stem, where only z matters. `fused` are
    parts behind the stem that are computed otherwise, with the same outcome; `copies` says that z
    must be copied, since something behind it writes in place.
    """

    module: nn.Module
    blank: Tensor
    parts: tuple[Part, ...] = ()
    reason: str = ""
    affine: bool = True
    skipped: Sequence[tuple[nn.Module, Tensor]] = ()
    fused: Sequence[tuple[nn.Module, Forward]] = ()
    copies: bool = True

    @property
    def name(self) -> str:
        """Where z lies in the network; empty for the input."""
        return ", ".join(part.name or "the network" for part in self.parts)

    @property
    def shape(self) -> tuple[int]:
        """(h,): numbers of z for one row."""
        if not self.parts:
            return (self.blank[0].numel(),)
        return (sum(part.size for part in self.parts),)

    def enter(self, x: Tensor) -> Tensor:
        """Z (m, h) of rows x (m, *s), differentiable."""
        if not self.parts:
            return x.reshape(len(x), -1)
        seen: dict[int, Tensor] = {}

        def recorded(part: Part, forward: Forward) -> Forward:
            def record(*args: Any, **kwargs: Any) -> Any:
                out = forward(*args, **kwargs)
                seen[id(part)] = out.reshape(len(x), -1).clone()
                if len(seen) == len(self.parts):
                    raise _Done
                return out

            return record

        with patched([(p.module, recorded(p, p.module.forward)) for p in self.parts]):
            try:
                self.module(x.clone())
            except _Done:
                return torch.cat([seen[id(part)] for part in self.parts], dim=1)
        raise ModelError(f"a forward pass did not reach {self.name}; say method='shapley'")

    def rest(self, z: Tensor) -> Tensor:
        """Raw outputs of rows z (m, h), differentiable; z is left as it is."""
        with self.running(z) as raw:
            return raw

    @contextmanager
    def running(self, z: Tensor) -> Iterator[Tensor]:
        """The same, to take gradients in: what is computed anew then (checkpoints) is the same."""
        if not self.parts:
            with patched(self.fused):
                yield self.module(self._own(z.reshape(-1, *self.blank.shape[1:])))
            return
        pieces = torch.split(z, [part.size for part in self.parts], dim=1)
        given = [
            (part.module, saying(self._own(piece.reshape(-1, *part.shape))))
            for part, piece in zip(self.parts, pieces, strict=True)
        ]
        before = [
            (module, saying(out.expand(len(z), *out.shape[1:]))) for module, out in self.skipped
        ]
        with patched([*self.fused, *before, *given]):
            yield self.module(self.blank.expand(len(z), *self.blank.shape[1:]))

    def _own(self, z: Tensor) -> Tensor:
        return z.clone() if self.copies else z

    def pull(self, x: Tensor, g: Tensor) -> Tensor:
        """The transposed stem: gradients g (m, h) at z brought back to x, (m, *s)."""
        if not self.parts:
            return g.reshape(x.shape)
        with torch.enable_grad():
            at = x.detach().requires_grad_(True)
            (back,) = torch.autograd.grad(self.enter(at), at, g)
        return back

    def matrix(self, *, plain: bool = False) -> Matrix | None:
        """The stem as a matrix, for rows x (p,) and at most 4,096 outputs; else None.

        With `plain` only where the weights of a linear layer are the matrix, which costs nothing.
        """
        h, blank = self.shape[0], self.blank
        if not self.parts or not self.affine or blank.ndim != 2 or h > MATRIX:
            return None
        with torch.no_grad():
            own, bias = (getattr(self.parts[0].module, n, None) for n in ("weight", "bias"))
            if isinstance(own, Tensor) and own.shape == (h, blank.shape[1]):
                offset = own.new_zeros(h) if bias is None else bias.detach()
                rows = torch.cat([blank, _noise(blank)])  # a row of zeros alone shows no weight
                here, wanted = torch.addmm(offset, rows, own.T), self.enter(rows)
                if torch.allclose(here, wanted, rtol=0, atol=2e-7 * float(wanted.abs().max())):
                    return Matrix(own.detach(), offset)
            if plain:
                return None
            offset = self.enter(torch.zeros_like(blank))[0]
        eye = torch.eye(h, dtype=blank.dtype, device=blank.device)
        return Matrix(self.pull(blank.expand(h, -1), eye), offset)


def _noise(like: Tensor) -> Tensor:
    """Two rows of noise of the size of a row (1, p), or of 1 where that is all 0."""
    maker = torch.Generator().manual_seed(0)
    noise = torch.randn((2, *like.shape[1:]), generator=maker, dtype=torch.float64).to(like)
    size = like.abs().mean()
    return noise * torch.where(size > 0, size, torch.ones_like(size))


def saying(value: Tensor) -> Forward:
    """A forward function that gives `value`, whatever it is asked."""

    def say(*args: Any, **kwargs: Any) -> Tensor:
        return value

    return say
