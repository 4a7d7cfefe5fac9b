"""Which allele each variant counts and on which strand: by letters, else by frequency."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Bool
from evenlight.modalities.alleles import Ways
from evenlight.modalities.frequencies import Told


@dataclass(frozen=True, slots=True, eq=False)
class Decided:
    """What becomes of q variants, (q,) masks.

    `swap`: the other allele is the wanted one; `flip`: on the other strand; `told`: known by
    frequency alone; `left`: nothing tells which, and the others then mean nothing.
    """

    swap: Bool
    flip: Bool
    told: Bool
    left: Bool


def as_written(ways: Ways) -> Bool:
    """Whether the other allele is the wanted one (q,) if both sides name the forward strand.

    Of A/T and C/G it is where only the other strand would keep the counted one.
    """
    open_ = ways.undecided & ways.known
    written: Bool = np.where(open_, ways.flip_kept, ways.swapped)
    return written


def decided(ways: Ways, told: Told, *, forward: bool) -> Decided:
    """How variants are read: by their letters, and where these leave two ways by frequency.

    `forward`: both sides name the forward strand, so that letters leave two ways only where a file
    names none. Frequencies that tell known alleles wrongly decide nothing (`Told.trusted`).
    """
    open_ = ways.undecided & ~(ways.known & forward)
    by = open_ & (told.same | told.other) & told.trusted
    swap: Bool = np.where(open_, told.other, as_written(ways))
    flip: Bool = np.where(swap, ways.flip_swapped, ways.flip_kept)
    return Decided(swap, flip, by, open_ & ~by)
