"""Motifs in the sequences of people: where they are, and attributions summed over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from evenlight.arrays import Bool, Float, Int, Text, Values
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features
from evenlight.errors import AttributionError, FeatureError
from evenlight.modalities.letters import LETTERS, SEVERAL, letters_of
from evenlight.modalities.positions import over_letters, summed_to
from evenlight.stats.motifs import log_odds, score_exceeded, scores

REST = "(outside motifs)"
"""The feature of positions that no motif covers."""

Motif = str | Values
Strands = Literal["forward", "both"]


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """Where k motifs occur in n sequences of `length` positions: h hits.

    `widths` (k,) of the motifs, `thresholds` (k, 1 or 2) on the given and the other strand; `motif`
    (h,) counts into `names`; `row` (h,) is the id of the sequence, `start` (h,) its first position,
    from 0, `strand` (h,) "+" or "-", `score` (h,) in bits, or for a word the number of places that
    agree.
    """

    names: tuple[str, ...]
    widths: Int
    thresholds: Float
    motif: Int
    row: Text
    start: Int
    strand: Text
    score: Float
    length: int
    cohort_digest: str

    def __post_init__(self) -> None:
        h = len(self.motif)
        for name in ("row", "start", "strand", "score"):
            if len(getattr(self, name)) != h:
                raise FeatureError(f"Hits.{name} has {len(getattr(self, name))} hits, wanted {h}")
        inside = (self.start >= 0) & (self.start + self.widths[self.motif] <= self.length)
        if not inside.all():
            raise FeatureError(f"some hits leave the sequence of {self.length} positions")

    def to_frame(self) -> pd.DataFrame:
        """One row a hit. Individual data: keep with the people's data."""
        return pd.DataFrame(
            {
                "motif": [self.names[m] for m in self.motif],
                "row": self.row,
                "position": self.start + 1,
                "strand": self.strand,
                "score": self.score,
            }
        )

    def __repr__(self) -> str:
        return f"Hits: {len(self.motif):,} of {len(self.names)} motifs: {', '.join(self.names[:3])}"


def motif_hits(
    cohort: Cohort,
    motifs: Motif | Mapping[str, Motif],
    *,
    threshold: float | None = None,
    p: float = 1e-4,
    strands: Strands = "forward",
) -> Hits:
    """Where motifs occur in one-hot sequences, all overlapping occurrences.

    Parameters
    ----------
    motifs
        a word, with signs for several letters ("TATAWA"); or probabilities of letters (A, w) at
        each place, rows in the order of the cohort's letters; or several of them by name.
    threshold
        the least score of a hit: for a word the places that must agree (by default all), else bits
        of log-odds against the letters of all sequences pooled.
    p
        of probabilities, where no threshold is given: that of a hit at a random start, on each
        strand.
    strands
        "both" looks for the reverse complement as well (DNA and RNA), scored against the same
        letters: where A is rarer than T, TTTT is less surprising than AAAA.

    Raises FeatureError for a motif that does not fit the alphabet or the length, and where no score
    is as rare as `p`; CohortError for rows that are no one-hot sequences.

    >>> people = pd.DataFrame({"sex": ["f", "m"]}, index=["a", "b"])
    >>> x = np.eye(4)[[[0, 3, 0, 3, 0], [2, 2, 2, 2, 2]]].transpose(0, 2, 1)
    >>> motif_hits(Cohort(x, people), "TAW").to_frame()[["row", "position"]].values.tolist()
    [['a', 2]]
    """
    letters = letters_of(cohort)
    if strands not in ("forward", "both"):
        raise FeatureError(f"strands={strands!r}; wanted forward or both")
    if strands == "both" and len(letters) != 4:
        raise FeatureError("proteins have no other strand; leave strands= out")
    given = motifs if isinstance(motifs, Mapping) else {_name(motifs): motifs}
    chance = _chance(cohort) if any(not isinstance(m, str) for m in given.values()) else None
    length = int(cohort.x.shape[2])
    both = strands == "both"
    made = [
        [_weights(name, motif, letters, chance, length, t) for t in (False, True)[: 1 + both]]
        for name, motif in given.items()
    ]
    least = [
        [_threshold(name, motif, one, threshold, p, chance) for one in own]
        for (name, motif), own in zip(given.items(), made, strict=True)
    ]
    limits = np.array(least).reshape(len(made), -1)
    found = _scanned(cohort, made, limits)
    widths = np.array([own[0].shape[1] for own in made], dtype=np.int64)
    return Hits(tuple(given), widths, limits, *found, length, cohort.digest)


def _name(motif: Motif) -> str:
    return motif if isinstance(motif, str) else "motif"


def _chance(cohort: Cohort) -> Float:
    """The share of each letter in all sequences together, (A,)."""
    total = np.zeros(int(cohort.x.shape[1]))
    for _, x in cohort.blocks():
        total += x.sum(axis=(0, 2))
    held = np.maximum(total, 1.0)
    return np.asarray(held / held.sum())


def _weights(
    name: str, motif: Motif, letters: str, chance: Float | None, length: int, turned: bool
) -> Float:
    """What each letter scores at each place of a motif, (A, w); of its reverse complement."""
    rows = _word(name, motif, letters) if isinstance(motif, str) else _matrix(motif)
    made = rows[::-1, ::-1] if turned and rows.ndim == 2 else rows
    if not isinstance(motif, str):
        assert chance is not None
        try:
            made = log_odds(made, chance)  # of the turned matrix: T is held against the share of T
        except ValueError as error:
            raise FeatureError(f"motif {name!r}: {error}") from None
    if not 1 <= made.shape[1] <= length:
        raise FeatureError(
            f"motif {name!r} has {made.shape[1]} places and the sequences {length} positions"
        )
    return made


def _matrix(motif: Values) -> Float:
    return np.asarray(motif, dtype=np.float64)


def _word(name: str, motif: str, letters: str) -> Float:
    """1 where a letter agrees with a word, (A, w)."""
    kind = next((k for k, own in LETTERS.items() if own == letters), "")
    several = SEVERAL.get(kind, {})
    of = [sign if sign in letters else several.get(sign, "") for sign in motif.upper()]
    strange = sorted({sign for sign, own in zip(motif.upper(), of, strict=True) if not own})
    if strange:
        raise FeatureError(
            f"motif {name!r} holds {strange}, which are no letters among {letters!r}; a matrix of "
            "probabilities (letters, places) is taken as well"
        )
    rows = [[float(letter in own) for own in of] for letter in letters]
    return np.array(rows).reshape(len(letters), len(of))


def _threshold(
    name: str, motif: Motif, weights: Float, threshold: float | None, p: float, chance: Float | None
) -> float:
    if threshold is not None:
        return float(threshold)
    if isinstance(motif, str):
        return float(weights.shape[1]) - 1e-6
    assert chance is not None
    least = score_exceeded(weights, chance, p)
    if np.isinf(least):
        raise FeatureError(
            f"motif {name!r}: even its best word is more probable than p={p:g} at a random start; "
            "raise p, or give threshold="
        )
    return least


def _scanned(
    cohort: Cohort, made: list[list[Float]], least: Float
) -> tuple[Int, Text, Int, Text, Float]:
    """Motif, row, start, strand and score of all hits, by motif, row id, start and strand."""
    parts = []
    for part, x in cohort.blocks():
        for (m, s), limit in np.ndenumerate(least):
            score = scores(x, made[m][s])
            at, start = np.nonzero(score >= limit)
            told = np.full(len(at), m), cohort.rows[part][at], start, np.full(len(at), "+-"[s])
            parts.append((*told, score[at, start]))
    motif, row, start, strand, score = (np.concatenate(one) for one in zip(*parts, strict=True))
    order = np.lexsort((strand, start, row, motif))
    return (
        motif[order].astype(np.int64), row[order].astype(np.str_), start[order].astype(np.int64),
        strand[order].astype(np.str_), score[order].astype(np.float64),
    )  # fmt: skip


def by_motif(attributions: Attributions, cohort: Cohort, hits: Hits) -> tuple[Attributions, Cohort]:
    """Attributions summed over the positions that each motif covers, and a cohort of their number.

    The same people with motifs as features, wherever they occur, and one more feature for all other
    positions; x (n, k + 1) is how many hits a sequence holds (at how many starts), and how many
    positions none covers. A position that several motifs cover counts in equal parts in each. For
    every measure that needs no model: `compare` then tells people who carry a motif more often from
    those in whom the same motif is used otherwise.

    Raises AttributionError for attributions or hits of other sequences.
    """
    made = attributions.at(cohort)
    if hits.cohort_digest != cohort.digest:
        raise AttributionError("these hits were found in other sequences; look for them again")
    if REST in hits.names:
        raise FeatureError(f"{REST!r} is the name of positions outside; call that motif otherwise")
    values = over_letters(made, cohort)
    cover = [_covered(hits, m, cohort) for m in range(len(hits.names))]
    total = np.sum(cover, axis=0) if cover else np.zeros(values.shape)
    names = (*hits.names, REST)
    out = np.empty((cohort.n, len(names)), dtype=np.float32)
    for m, own in enumerate(cover):
        out[:, m] = (values * own / np.maximum(total, 1)).sum(axis=1)
    out[:, -1] = (values * (total == 0)).sum(axis=1)
    x = np.column_stack([*_counts(hits, cohort).T, (total == 0).sum(axis=1)]).astype(np.float64)
    told = cohort.altered(x=x, features=Features(names))
    return summed_to(made, told, out, names), told


def _covered(hits: Hits, m: int, cohort: Cohort) -> Bool:
    """The positions that hits of one motif cover, (n, L)."""
    out = np.zeros((cohort.n, hits.length), dtype=bool)
    own = hits.motif == m
    row, start = _places(hits, cohort)[own], hits.start[own]
    for step in range(int(hits.widths[m])):
        out[row, start + step] = True
    return out


def _counts(hits: Hits, cohort: Cohort) -> Float:
    """At how many starts each motif occurs in each sequence, (n, k)."""
    out = np.zeros((cohort.n, len(hits.names)))
    triples = np.stack([_places(hits, cohort), hits.motif, hits.start])
    row, motif, _ = np.unique(triples, axis=1)
    np.add.at(out, (row, motif), 1.0)
    return out


def _places(hits: Hits, cohort: Cohort) -> Int:
    """The row of each hit in the cohort's order, (h,)."""
    order = cohort.order
    found: Int = order[np.searchsorted(cohort.rows[order], hits.row)]
    return found
