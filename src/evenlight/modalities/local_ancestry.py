"""Local ancestry from files: .msp.tsv of RFMix 2 (and Gnomix), and tables of haplotype labels."""

from __future__ import annotations

import re
from collections.abc import Sequence
from os import PathLike
from pathlib import Path

import numpy as np
import pandas as pd

from evenlight.arrays import Int, Text
from evenlight.data.chromosomes import chromosome
from evenlight.data.cohort import Cohort
from evenlight.data.local_ancestry import LocalAncestry
from evenlight.errors import CohortError, FeatureError
from evenlight.modalities.person_tables import placed

FIXED = ("#chm", "spos", "epos", "sgpos", "egpos", "n snps")
"""The columns of a .msp.tsv before those of haplotypes."""

Paths = str | PathLike[str] | Sequence[str | PathLike[str]]


def read_msp(paths: Paths, cohort: Cohort | None = None) -> LocalAncestry:
    """Local ancestry of a .msp.tsv of RFMix 2 or Gnomix, or of several, one a chromosome.

    The first line tells the codes (`#Subpopulation order/codes: AFR=0<tab>EUR=1`), the second the
    columns: a window's chromosome and ends, and each person's two haplotypes, `ID.0` and `ID.1`.
    With `cohort` people are those of its rows, joined by id (or by unit). Positions must be of the
    same build as the cohort's feature table: the file does not say which one it is. X and Y are
    left to other tools, since men have one copy.

    Raises CohortError where codes, people or haplotypes of the files do not fit one another or the
    cohort, FeatureError for windows that overlap or lie on X or Y.
    """
    several = [paths] if isinstance(paths, (str, PathLike)) else list(paths)
    if not several:
        raise CohortError("paths names no file")
    parts = [_one(Path(p)) for p in several]
    first = parts[0]
    for path, part in zip(several[1:], parts[1:], strict=True):
        if part.ancestries != first.ancestries or part.rows.tolist() != first.rows.tolist():
            raise CohortError(
                f"{Path(path).name} has other ancestries, other people or another order of "
                f"them than {Path(several[0]).name}; hand over the files of one run"
            )
    made = LocalAncestry(
        first.ancestries, first.rows,
        np.concatenate([p.chromosome for p in parts]), np.concatenate([p.start for p in parts]),
        np.concatenate([p.end for p in parts]),
        np.concatenate([p.haplotypes for p in parts], axis=1),
    )  # fmt: skip
    return _of(made, cohort, Path(several[0]).name)


def local_ancestry(table: pd.DataFrame, cohort: Cohort | None = None) -> LocalAncestry:
    """Local ancestry of a table (people, windows) of the labels of two haplotypes, as "AFR|EUR".

    The index holds people, the columns windows as chromosome:start-end in base pairs; labels are
    parted by | or /. Ancestries are told in sorted order.

    >>> table = pd.DataFrame({"chr1:0-50": ["AFR|EUR"], "chr1:50-90": ["EUR/EUR"]}, index=["p1"])
    >>> local_ancestry(table).copies("EUR").tolist()
    [[1.0, 2.0]]
    """
    places = [_window(str(c)) for c in table.columns]
    cells = [[_pair(cell) for cell in row] for row in table.astype(str).to_numpy().tolist()]
    lost = [(i, j) for i, row in enumerate(cells) for j, pair in enumerate(row) if len(pair) != 2]
    if lost:
        raise CohortError(
            f"{len(lost)} of {table.size} cells are no two labels (as AFR|EUR), first at row "
            f"{lost[0][0]}, column {lost[0][1]}; leave out people or windows that are not known"
        )
    known = tuple(sorted({label for row in cells for pair in row for label in pair}))
    code = {label: i for i, label in enumerate(known)}
    codes = [[[code[a] for a in pair] for pair in row] for row in cells]
    made = LocalAncestry(
        known, np.array([str(i) for i in table.index], dtype=np.str_),
        np.array([p[0] for p in places], dtype=np.str_), _whole([p[1] for p in places]),
        _whole([p[2] for p in places]), np.array(codes, dtype=np.int64).reshape(*table.shape, 2),
    )  # fmt: skip
    _autosomes(made.chromosome, "the table")
    return _of(made, cohort, "the table")


def _of(made: LocalAncestry, cohort: Cohort | None, where: str) -> LocalAncestry:
    """The people of a cohort's rows, under its row ids."""
    if cohort is None:
        return made
    return made.take(placed(made.rows, cohort, where), cohort.rows)


def _one(path: Path) -> LocalAncestry:
    """One file, its people in their order."""
    if not path.is_file():
        raise CohortError(f"there is no file {path.name!r}")
    with path.open(encoding="utf-8") as lines:
        names = _ancestries(lines.readline(), path.name)
        head = lines.readline().rstrip("\r\n").split("\t")
    rows = _people(head, path.name)
    try:
        table = pd.read_csv(path, sep="\t", skiprows=2, header=None, dtype={0: str})
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise CohortError(f"{path.name} has no windows, or is no table: {error}") from None
    if table.shape[1] != len(head):
        raise CohortError(f"{path.name}: {len(head)} names for {table.shape[1]} columns")
    codes = _coded(table.iloc[:, len(FIXED) :], path.name)
    codes = codes.T.reshape(len(rows), 2, -1).transpose(0, 2, 1)
    place = np.array([chromosome(c) for c in table[0]], dtype=np.str_)
    _autosomes(place, path.name)
    ends = _coded(table.iloc[:, 1:3], path.name)
    return LocalAncestry(names, rows, place, ends[:, 0], ends[:, 1], codes)


def _ancestries(line: str, where: str) -> tuple[str, ...]:
    """The names of codes 0, 1, ... from the first line."""
    if not line.startswith("#Subpopulation order/codes:"):
        raise CohortError(
            f"{where} does not begin with '#Subpopulation order/codes:'; wanted a .msp.tsv of RFMix"
        )
    found = re.findall(r"([^\s=]+)=(\d+)", line.split(":", 1)[1])
    code = {int(number): name for name, number in found}
    if sorted(code) != list(range(len(found))) or not found:
        raise CohortError(f"{where}: codes of ancestries are 0, 1, ..., each once; found {found}")
    return tuple(code[i] for i in range(len(found)))


def _people(head: list[str], where: str) -> Text:
    """The people (n,) whose haplotypes ID.0 and ID.1 are columns, in their order."""
    own = head[len(FIXED) :]
    stems = [name.rpartition(".") for name in own]
    pairs = list(zip(stems[::2], stems[1::2], strict=False))
    fits = all(a[0] == b[0] and (a[2], b[2]) == ("0", "1") for a, b in pairs)
    if head[: len(FIXED)] != list(FIXED) or len(own) % 2 or not own or not fits:
        raise CohortError(
            f"{where}: wanted the columns {', '.join(FIXED)} and two a person, ID.0 and ID.1; "
            f"found {len(head)} columns that begin with {head[:3]}"
        )
    return np.array([a[0] for a, _ in pairs], dtype=np.str_)


def _coded(cells: pd.DataFrame, where: str) -> Int:
    """Cells as whole numbers."""
    made = cells.apply(pd.to_numeric, errors="coerce").to_numpy(dtype=np.float64)
    bad = ~np.isfinite(made) | (made != np.round(made))
    if bad.any():
        raise CohortError(f"{where}: {int(bad.sum())} of {bad.size} cells are no whole numbers")
    whole: Int = made.astype(np.int64)
    return whole


def _autosomes(place: Text, where: str) -> None:
    odd = sorted({c for c in place.tolist() if not c.isdigit()})
    if odd:
        raise FeatureError(
            f"{where}: windows lie on {', '.join(odd[:4])}; leave them out, two copies are counted"
        )


def _window(name: str) -> tuple[str, int, int]:
    found = re.fullmatch(r"([^:]+):(\d+)-(\d+)", name.strip())
    if found is None:
        raise FeatureError(f"window {name!r} is not chromosome:start-end")
    return chromosome(found[1]), int(found[2]), int(found[3])


def _pair(cell: str) -> list[str]:
    """The two labels of a cell; fewer where one is empty or there are none."""
    return [label.strip() for label in re.split(r"[|/]", cell) if label.strip()]


def _whole(values: Sequence[int]) -> Int:
    return np.array(values, dtype=np.int64)
