"""References of sequences: shuffles that keep how often each letter follows each other one."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from evenlight.arrays import Int, Text, Values
from evenlight.data.cohort import Cohort
from evenlight.errors import CohortError
from evenlight.modalities.letters import NOTHING, UNKNOWN, codes_of, letters_of
from evenlight.stats.dinucleotides import shuffled_places


@dataclass(frozen=True, slots=True)
class Shuffles:
    """`count` dinucleotide shuffles of each row's own sequence, as the baseline of its paths.

    Called with one-hot rows x (m, A, L) and their ids (m,), gives (m, count, A, L). Positions are
    moved as they are, so that every pair of neighbours occurs as often as in the row (Altschul and
    Erickson 1985; see `evenlight.stats.dinucleotides`); an unknown letter is one more letter, and
    positions without one at either end (padding) stay. Draws belong to `seed` and the row's id.

    What a row shares with its shuffles (its letters, its pairs, its first and last letter) is in
    its base and in no position, group differences of these among it; `shuffled` gives all rows
    one and the same background.

    Raises CohortError for fewer than one shuffle, or a negative seed.

    >>> x = np.eye(4)[[[0, 1, 0, 2, 0, 3, 0]]].transpose(0, 2, 1)
    >>> made = Shuffles(3)(x, np.array(["p1"]))
    >>> made.shape, made[0, 2].sum(axis=1).tolist()
    ((1, 3, 4, 7), [4.0, 1.0, 1.0, 1.0])
    """

    count: int = 20
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least in {"count": 1, "seed": 0}.items():
            value = getattr(self, name)
            if not isinstance(value, int | np.integer) or value < least:
                raise CohortError(f"{name}={value!r}; wanted a whole number of at least {least}")

    @property
    def told(self) -> str:
        """What the record calls these references."""
        return f"{self.count} dinucleotide shuffles of each row"

    def __call__(self, x: Values, ids: Text) -> Values:
        """The references of rows x (m, A, L), (m, count, A, L)."""
        rngs = [_generator(self.seed, str(row)) for row in ids]
        places = shuffled_places(walked_codes(x), self.count, rngs)
        return np.stack([row[:, own] for row, own in zip(x, places, strict=True)]).swapaxes(1, 2)


def shuffled(cohort: Cohort, *, seed: int = 0) -> Cohort:
    """The same people, each with one dinucleotide shuffle of their sequence: a background for all.

    Handed to `explain(..., background=)` it is drawn from as any cohort is, balanced over groups,
    so that no group's composition is the reference alone.

    Raises CohortError for rows that are no one-hot sequences.

    >>> import pandas as pd
    >>> people = pd.DataFrame({"sex": ["f", "m"]}, index=["a", "b"])
    >>> x = np.eye(4)[[[0, 1, 0, 2, 0], [3, 1, 3, 2, 3]]].transpose(0, 2, 1)
    >>> other = shuffled(Cohort(x, people, groups=["sex"]))
    >>> other.x.sum(axis=2).tolist()
    [[3.0, 1.0, 1.0, 0.0], [0.0, 1.0, 1.0, 3.0]]
    """
    letters_of(cohort)
    own = Shuffles(1, seed)
    x = np.empty(tuple(cohort.x.shape), dtype=np.float32)
    for part, rows in cohort.blocks():
        x[part] = own(rows, cohort.rows[part])[:, 0]
    note = f"Sequences were shuffled, each with its dinucleotides kept (seed {seed})."
    return cohort.altered(x=x, notes=(note, *cohort.notes))


def walked_codes(x: Values) -> Int:
    """What is shuffled in rows (m, A, L): letters, 2 codes more for gaps inside, -1 at either end.

    >>> walked_codes(np.array([[[0, 1, 0, 0.5, 0], [0, 0, 0, 0.5, 0]]])).tolist()
    [[-1, 0, 3, 2, -1]]
    """
    codes = codes_of(x)
    there = codes != NOTHING
    inside = np.maximum.accumulate(there, axis=1)
    inside &= np.maximum.accumulate(there[:, ::-1], axis=1)[:, ::-1]
    unknown, gap = x.shape[1], x.shape[1] + 1
    codes[codes == UNKNOWN] = unknown
    codes[~there] = np.where(inside[~there], gap, -1)
    return codes


def _generator(seed: int, row: str) -> np.random.Generator:
    """The generator of a row, by its id: the same whatever rows stand beside it."""
    key = blake2b(f"{seed}\x1f{row}".encode(), digest_size=16).digest()
    return np.random.default_rng(int.from_bytes(key, "little"))
