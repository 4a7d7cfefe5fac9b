"""Dosages of people that are read from disk when they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evenlight.arrays import Int, Single, Values
from evenlight.errors import CohortError
from evenlight.modalities.libraries import library

TOGETHER = 2**26
"""Bytes of the rows that one pass over a file gives: its variants are what lies together."""

PART = 2**24
"""Bytes of the variants that are decoded at once."""

PGEN_MISSING = -9.0

BED_HEAD = 3
"""Bytes before the first variant of a bed, of which each person takes two bits."""

BED_MAGIC = b"\x6c\x1b"

EXACT = np.dtype(np.float32)
"""Whole counts are exact in it, and the 16,384 steps to a copy that a pgen keeps."""


@dataclass(frozen=True, slots=True, eq=False)
class GenotypeRows:
    """Dosages (n, p) as `Rows` takes them: `read` gives those of sorted positions (m,), (m, p).

    Files of genotypes lie by variant, so that each reading is a pass over the file: as many rows
    are read together as `TOGETHER` holds, however many there are in all.
    """

    shape: tuple[int, int]
    read: Callable[[Int], Values]
    dtype: np.dtype[Any] = EXACT

    @property
    def chunks(self) -> tuple[int, int]:
        """Rows and columns that are best read together."""
        each = self.dtype.itemsize * max(1, self.shape[1])
        return max(1, TOGETHER // each), max(1, self.shape[1])

    def __getitem__(self, rows: slice | Int) -> Values:
        return self.read(np.arange(self.shape[0])[rows])


def bed_rows(path: Path, size: tuple[int, int], columns: Int, *, counted: str) -> GenotypeRows:
    """Dosages of allele `counted` (A1 or A2) at some columns of a bed of `size` (people, variants).

    Missing is NaN.
    """
    reader = library("bed_reader", package="bed-reader", reads="a PLINK bed file")
    if path.stat().st_size != BED_HEAD + size[1] * -(-size[0] // 4):
        raise CohortError(_no_fit(path, size))
    _by_variant(path)

    def read(at: Int) -> Values:
        opened = reader.open_bed(
            path, iid_count=size[0], sid_count=size[1], count_A1=counted == "A1"
        )
        with opened as bed:
            found: Single = bed.read(index=np.s_[at, columns], dtype="float32", order="C")
        return found

    return GenotypeRows((size[0], len(columns)), read)


def _by_variant(path: Path) -> None:
    """Raise CohortError where a file is no bed, or one that lies by sample."""
    with path.open("rb") as opened:
        head = opened.read(BED_HEAD)
    if head[:2] != BED_MAGIC:
        raise CohortError(
            f"{path.name} does not begin as a PLINK bed does (6c 1b, found "
            f"{head[:2].hex(' ')}): is it another kind of file, such as a BED of intervals?"
        )
    if head[2:] != b"\x01":
        raise CohortError(
            f"{path.name} lies by sample, as PLINK wrote it before 1.0; write it anew: plink "
            "--bfile ... --make-bed"
        )


def pgen_rows(path: Path, size: tuple[int, int], columns: Int, *, counted: str) -> GenotypeRows:
    """The same of a pgen, where A1 is the alternate and A2 the reference allele.

    Dosages where the file has them, else calls.
    """
    reader = library("pgenlib", package="Pgenlib", reads="a PLINK 2 pgen file")
    allele = 1 if counted == "A1" else 0

    def read(at: Int) -> Values:
        out = np.empty((len(at), len(columns)), dtype=np.float32)
        many = max(1, PART // (4 * max(1, len(at))))
        try:
            pgen = reader.PgenReader(
                str(path).encode(), raw_sample_ct=size[0], variant_ct=size[1],
                sample_subset=at.astype(np.uint32),
            )  # fmt: skip
        except RuntimeError as error:
            raise CohortError(_no_fit(path, size)) from error
        with pgen:
            for start in range(0, len(columns), many):
                some = columns[start : start + many].astype(np.uint32)
                part = np.empty((len(some), len(at)), dtype=np.float32)
                pgen.read_dosages_list(some, part, allele)
                out[:, start : start + len(some)] = part.T
        out[out == PGEN_MISSING] = np.nan
        return out

    return GenotypeRows((size[0], len(columns)), read)


def held_rows(held: Values, missing: float, columns: Int) -> GenotypeRows:
    """Dosages that are in memory by variant (v, n), `missing` where none is known."""

    def read(at: Int) -> Values:
        out = held[columns][:, at].T.astype(np.float32)
        out[out == missing] = np.nan
        return np.ascontiguousarray(out)

    return GenotypeRows((held.shape[1], len(columns)), read)


def _no_fit(path: Path, size: tuple[int, int]) -> str:
    return (
        f"{path.name} does not fit its tables: {size[0]} samples, {size[1]} variants; are the "
        "three files of one data set, and is it PLINK's format, complete?"
    )
