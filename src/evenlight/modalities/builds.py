"""Genome builds: how they are named, what tells them, and what contradicts them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from evenlight.arrays import Bool, Float
from evenlight.data.chromosomes import chromosome
from evenlight.errors import CohortError, FeatureError

NAMES: Mapping[str, str] = {
    **dict.fromkeys(("grch37", "hg19", "b37", "hs37", "hs37d5", "human_g1k_v37", "37"), "GRCh37"),
    **dict.fromkeys(("grch38", "hg38", "b38", "hs38", "hs38dh", "38"), "GRCh38"),
}

ORDER = (*(str(i) for i in range(1, 23)), "X", "Y")

LENGTHS: Mapping[str, Mapping[str, int]] = {
    "GRCh37": dict(
        zip(
            ORDER,
            (
                *(249250621, 243199373, 198022430, 191154276, 180915260, 171115067, 159138663),
                *(146364022, 141213431, 135534747, 135006516, 133851895, 115169878, 107349540),
                *(102531392, 90354753, 81195210, 78077248, 59128983, 63025520, 48129895),
                *(51304566, 155270560, 59373566),
            ),
            strict=True,
        )
    ),
    "GRCh38": dict(
        zip(
            ORDER,
            (
                *(248956422, 242193529, 198295559, 190214555, 181538259, 170805979, 159345973),
                *(145138636, 138394717, 133797422, 135086622, 133275309, 114364328, 107043718),
                *(101991189, 90338345, 83257441, 80373285, 58617616, 64444167, 46709983),
                *(50818468, 156040895, 57227415),
            ),
            strict=True,
        )
    ),
}
"""Bases of each chromosome (Genome Reference Consortium, primary assemblies)."""

PSEUDOAUTOSOMAL: Mapping[str, tuple[tuple[int, int], ...]] = {
    "GRCh37": ((60001, 2699520), (154931044, 155260560)),
    "GRCh38": ((10001, 2781479), (155701383, 156030895)),
}
"""The parts of X that both sexes have twice (Genome Reference Consortium)."""


def build_named(build: str | None) -> str:
    """GRCh37 or GRCh38 by any of their names, "" for none; CohortError for other names.

    >>> build_named("hg19")
    'GRCh37'
    """
    if not build:
        return ""
    if build.casefold() not in NAMES:
        raise CohortError(f"build={build!r}; known: GRCh37 (hg19), GRCh38 (hg38)")
    return NAMES[build.casefold()]


def build_of_header(header: str) -> str:
    """The build that the header of a VCF or pvar tells, "" if none.

    By the lengths of its contigs, else by the word in its lines on assembly and reference.

    >>> build_of_header("##contig=<ID=chr1,length=248956422>")
    'GRCh38'
    """
    found = {
        build
        for line in header.splitlines()
        if line.startswith("##contig=")
        for build, lengths in LENGTHS.items()
        if _length(line) == lengths.get(chromosome(_field(line, "ID")), -1)
    }
    lines = [h.casefold() for h in header.splitlines()]
    told = [h for h in lines if h.startswith(("##reference=", "##assembly=", "##contig="))]
    words = {b for name, b in NAMES.items() if not name.isdigit() for h in told if name in h}
    return (found or words).pop() if len(found or words) == 1 else ""


def agreed(given: str | None, found: str) -> str:
    """The build that is recorded; CohortError where what is given and what a header says differ."""
    named = build_named(given)
    if named and found and named != found:
        raise CohortError(
            f"build={given!r}, but the header of the file says {found}; lift the file over, or "
            "correct build="
        )
    return named or found


def check_lengths(sites: pd.DataFrame, build: str) -> None:
    """Raise FeatureError where positions lie behind the end of their chromosome in `build`."""
    if not build:
        return
    longest = sites["chromosome"].map(LENGTHS[build]).to_numpy(dtype=np.float64)
    position: Float = sites["position"].to_numpy(dtype=np.float64)
    behind = int((position > longest).sum())
    if behind:
        raise FeatureError(
            f"{behind} of {len(sites)} variants lie behind the end of their chromosome in {build}; "
            "is it another build?"
        )


def haploid_in_males(sites: pd.DataFrame, build: str) -> Bool:
    """Mask (p,) of sites on X outside of its pseudo-autosomal parts (of both builds if unknown)."""
    out: Bool = (sites["chromosome"] == "X").to_numpy(dtype=bool)
    position = sites["position"].to_numpy(dtype=np.float64)
    for name in [build] if build else list(PSEUDOAUTOSOMAL):
        for start, end in PSEUDOAUTOSOMAL[name]:
            out &= ~((position >= start) & (position <= end))
    return out


def _field(line: str, key: str) -> str:
    inside = line.partition("<")[2].rstrip(">\r")
    return next((f.partition("=")[2] for f in inside.split(",") if f.startswith(key + "=")), "")


def _length(line: str) -> int:
    text = _field(line, "length")
    return int(text) if text.isdigit() else -2
