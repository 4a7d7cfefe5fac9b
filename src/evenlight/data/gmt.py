"""Gene sets from GMT files, the format of MSigDB: one set a line, its cells divided by tabs."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path

from evenlight.errors import EvenlightWarning, FeatureError


def read_gmt(path: str | PathLike[str]) -> Mapping[str, tuple[str, ...]]:
    """The genes of each set, in the order of the file.

    Raises FeatureError, naming the line, for one with fewer than three cells, a name that occurs
    twice, or a file that is no text or holds no set.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise FeatureError(f"{path}: not a text file; unpack it first if it is packed") from error
    except OSError as error:
        raise FeatureError(f"{path}: cannot be read ({error.strerror}); name a GMT file") from error
    out: dict[str, tuple[str, ...]] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        name, *rest = (cell.strip() for cell in line.split("\t"))
        genes = tuple(dict.fromkeys(gene for gene in rest[1:] if gene))
        if not name or not genes:
            raise FeatureError(
                f"{path}, line {number}: a set needs a name, a description and genes, divided by "
                f"tabs; found {line[:40]!r}"
            )
        if name in out:
            raise FeatureError(f"{path}, line {number}: the set {name!r} occurs twice")
        out[name] = genes
    if not out:
        raise FeatureError(f"{path}: no set in {len(lines)} lines")
    return out


def gene_sets(
    path: str | PathLike[str], features: Sequence[str], *, least: int
) -> Mapping[str, list[str]]:
    """The sets of a file with at least `least` genes among `features`, and those genes only."""
    every, known = read_gmt(path), set(features)
    kept = {name: [g for g in genes if g in known] for name, genes in every.items()}
    kept = {name: genes for name, genes in kept.items() if len(genes) >= max(least, 1)}
    if not kept:
        first = next(iter(every.values()))[0]
        raise FeatureError(
            f"{path}: none of {len(every)} sets has {max(least, 1)} genes among the features; the "
            f"file says {first!r}, the cohort {features[0]!r}: use one kind of gene name"
        )
    if len(kept) < len(every):
        warnings.warn(
            f"{path}: {len(every) - len(kept)} of {len(every)} sets have fewer than "
            f"{max(least, 1)} genes among the features and are left out",
            EvenlightWarning,
            stacklevel=3,
        )
    return kept
