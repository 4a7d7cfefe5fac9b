"""Local ancestry: how many copies of each ancestry a person has in each window of the genome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Int, Text
from evenlight.data import align
from evenlight.data.chromosomes import chromosomes
from evenlight.data.features import FeatureSets
from evenlight.data.groups import Axes
from evenlight.errors import CohortError, FeatureError


@dataclass(frozen=True, slots=True, eq=False)
class LocalAncestry:
    """Of n people in w windows: `haplotypes` (n, w, 2) codes of `ancestries`, `rows` (n,) ids.

    Windows are autosomal (two haplotypes each): `chromosome` (w,), and `start` and `end` (w,) in
    base pairs of one build. Both ends belong to a window, but where the next one starts at its
    end, that position is the next one's (RFMix writes windows so). They share nothing else.

    >>> local = LocalAncestry(
    ...     ("AFR", "EUR"), np.array(["p1"]), np.array(["1", "1"]), np.array([0, 50]),
    ...     np.array([50, 90]), np.array([[[0, 1], [1, 1]]]),
    ... )
    >>> local.copies("AFR").tolist(), local.windows
    ([[1.0, 0.0]], ('1:0-50', '1:50-90'))
    """

    ancestries: tuple[str, ...]
    rows: Text
    chromosome: Text
    start: Int
    end: Int
    haplotypes: Int

    def __post_init__(self) -> None:
        n, w = len(self.rows), len(self.start)
        if self.haplotypes.shape != (n, w, 2) or not n or not w:
            raise CohortError(
                f"haplotypes have shape {self.haplotypes.shape}; wanted ({n}, {w}, 2) (people, "
                "windows, haplotypes), one person and one window at least"
            )
        if len(set(self.ancestries)) < max(len(self.ancestries), 2):
            raise CohortError(f"wanted two ancestries or more, each once; found {self.ancestries}")
        strange = (self.haplotypes < 0) | (self.haplotypes >= len(self.ancestries))
        if strange.any():
            raise CohortError(
                f"{int(strange.sum())} of {strange.size} haplotype codes are none of the "
                f"{len(self.ancestries)} ancestries; leave such windows or people out"
            )
        align.ids(self.rows.tolist())
        if len(self.chromosome) != w or len(self.end) != w or (self.end <= self.start).any():
            raise FeatureError("windows need a chromosome, and an end behind their start, each")
        _apart(_names(self.chromosome), self.start, self.end)

    def __repr__(self) -> str:
        told = ", ".join(self.ancestries)
        return f"LocalAncestry: {len(self.rows):,} people, {len(self.start):,} windows; {told}"

    @property
    def windows(self) -> tuple[str, ...]:
        """The name of each window: chromosome:start-end."""
        cells = zip(self.chromosome.tolist(), self.start, self.end, strict=True)
        return tuple(f"{c}:{a}-{b}" for c, a, b in cells)

    def copies(self, ancestry: str) -> Float:
        """Copies 0, 1, 2 of one ancestry by person and window (n, w)."""
        made: Float = (self.haplotypes == self._code(ancestry)).sum(axis=2).astype(np.float64)
        return made

    def shares(self, *, composition: Literal["", "shares", "ilr"] = "shares") -> Axes:
        """Global proportions (n, k): the mean over windows, each weighted by its base pairs."""
        weight = (self.end - self.start) / float((self.end - self.start).sum())
        parts = [self.copies(a) @ weight / 2 for a in self.ancestries]
        return Axes(
            "global ancestry", np.column_stack(parts), self.rows, self.ancestries, composition
        )

    def window_of(self, table: pd.DataFrame) -> Int:
        """The window (p,) of each site of a table with chromosome and position; -1 in none."""
        out = np.full(len(table), -1, dtype=np.int64)
        own, position = _places(table)
        mine = _names(self.chromosome)
        for name in np.unique(mine):
            here = np.flatnonzero(mine == name)
            here = here[np.argsort(self.start[here], kind="stable")]
            sites = np.flatnonzero(own == name)
            at = np.searchsorted(self.start[here], position[sites], side="right") - 1
            inside = (at >= 0) & (position[sites] <= self.end[here[np.maximum(at, 0)]])
            out[sites[inside]] = here[at[inside]]
        return out

    def at_sites(self, table: pd.DataFrame, ancestry: str) -> Float:
        """Copies of one ancestry by person and site (n, p), NaN where a site is in no window."""
        window = self.window_of(table)
        out: Float = self.copies(ancestry)[:, window]
        out[:, window < 0] = np.nan
        return out

    def sets(self, table: pd.DataFrame, *, rest: str = "in no window") -> FeatureSets:
        """The sites of each window as a set, those in no window as `rest`; empty windows are out.

        `table` is a feature table (`cohort.features.table`), indexed by name.
        """
        window = self.window_of(table)
        names = [str(name) for name in table.index]
        made = {
            told: [names[j] for j in np.flatnonzero(window == i)]
            for i, told in enumerate(self.windows)
        }
        lists = {told: own for told, own in made.items() if own}
        if not lists:
            raise FeatureError(
                f"none of {len(names)} sites lies in a window; is the build the same?"
            )
        return FeatureSets.from_lists(lists, names, kind="window", rest=rest)

    def take(self, index: Int, rows: Text | None = None) -> LocalAncestry:
        """The same of some people; with `rows` under these ids, so that one may come twice."""
        own = self.rows[index] if rows is None else rows
        return LocalAncestry(
            self.ancestries, own, self.chromosome, self.start, self.end, self.haplotypes[index]
        )

    def _code(self, ancestry: str) -> int:
        if ancestry not in self.ancestries:
            raise CohortError(f"no ancestry {ancestry!r}; known: {', '.join(self.ancestries)}")
        return self.ancestries.index(ancestry)


def _places(table: pd.DataFrame) -> tuple[Text, Float]:
    """Chromosome, by its one name, and position (p,) of sites; NaN is in no window."""
    lost = [name for name in ("chromosome", "position") if name not in table]
    if lost:
        raise FeatureError(
            f"the table of sites has no column {', '.join(lost)}; give them in the feature table, "
            "as Features(names, table=frame)"
        )
    position = pd.to_numeric(table["position"], errors="coerce").to_numpy(dtype=np.float64)
    return _names(table["chromosome"]), position


def _names(chromosome: Text | pd.Series) -> Text:
    """Chromosomes (p,), each by its one name."""
    return chromosomes(pd.Series(chromosome)).astype(np.str_)


def _apart(chromosome: Text, start: Int, end: Int) -> None:
    """Raise FeatureError where two windows share more than an end."""
    order = np.lexsort((start, chromosome))
    same = chromosome[order][1:] == chromosome[order][:-1]
    over = same & (start[order][1:] < end[order][:-1])
    if over.any():
        i = order[int(over.argmax())]
        raise FeatureError(
            f"{int(over.sum())} windows overlap the one before them, first behind "
            f"{chromosome[i]}:{start[i]}-{end[i]}; each base pair belongs to one window"
        )
