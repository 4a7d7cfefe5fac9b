"""Gene sets from GMT files, the format of MSigDB: one set a line, its cells divided by tabs."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path

from evenlight.errors import FeatureError


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
