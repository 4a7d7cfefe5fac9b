"""Sequences as codes (m, L), one-hot (m, k, L) or text (m,): letters changed, hidden or moved.

Every function leaves its argument as it is, keeps the length and touches no code that is not of
the alphabet (a start, an end); strength 0 changes nothing. Padding at the end is no letter, and
nothing is read from it.
"""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Bool, Int, Values
from evenlight.errors import FeatureError
from evenlight.probes.perturbations.alphabet import Alphabet, through


def substituted(
    values: Values, strength: float, rng: np.random.Generator, *, alphabet: Alphabet
) -> Values:
    """Each letter replaced with probability `strength` by another one, all alike probable."""

    def change(at: Int) -> Int:
        hit = (rng.random(at.shape) < strength) & (at >= 0) & (at < alphabet.size)
        step = rng.integers(1, alphabet.size, size=at.shape)
        return np.where(hit, (at + step) % alphabet.size, at)

    return through(values, alphabet, change)


def hidden_run(
    values: Values, strength: float, rng: np.random.Generator, *, alphabet: Alphabet
) -> Values:
    """One run of unknown letters, `strength` of the length, anywhere in the sequence.

    Raises FeatureError where the alphabet has no letter for unknown.
    """
    if not alphabet.unknown:
        raise FeatureError("a run of unknown letters needs Alphabet(unknown=...)")

    def change(at: Int) -> Int:
        out = at.copy()
        for row in out:
            places = np.flatnonzero(_letters(row, alphabet))
            many = int(np.ceil(strength * len(places)))
            start = int(rng.random() * (len(places) - many + 1))
            row[places[start : start + many]] = alphabet.size
        return out

    return through(values, alphabet, change)


def other_strand(
    values: Values, strength: float, rng: np.random.Generator, *, alphabet: Alphabet
) -> Values:
    """A share of sequences read from the other strand: reversed, each letter its complement.

    >>> dna = Alphabet()
    >>> other_strand(np.array(["AACG"]), 1.0, np.random.default_rng(0), alphabet=dna).tolist()
    ['CGTT']
    """
    partner = alphabet.complement

    def change(at: Int) -> Int:
        out = at.copy()
        for row in out:
            if rng.random() < strength:
                places = np.flatnonzero(_letters(row, alphabet))
                row[places] = partner[row[places]][::-1]
        return out

    return through(values, alphabet, change)


def padded(
    values: Values, strength: float, rng: np.random.Generator, *, alphabet: Alphabet
) -> Values:
    """The sequence moved `strength` positions to the right; what is before it holds no letter.

    Letters that no longer fit are cut off at the end.

    >>> padded(np.array(["ACGT"]), 1.0, None, alphabet=Alphabet()).tolist()
    ['NACG']
    """
    return through(values, alphabet, lambda at: _moved(at, round(strength), alphabet))


def frame_shifted(
    values: Values, strength: float, rng: np.random.Generator, *, alphabet: Alphabet
) -> Values:
    """The first `strength` letters lost, so that every token is read from another place.

    >>> frame_shifted(np.array(["ACGT"]), 1.0, None, alphabet=Alphabet()).tolist()
    ['CGTN']
    """
    return through(values, alphabet, lambda at: _moved(at, -round(strength), alphabet))


def truncated(
    values: Values, strength: float, rng: np.random.Generator, *, alphabet: Alphabet
) -> Values:
    """The last share `strength` of the letters replaced by what stands for no letter.

    >>> truncated(np.array(["ACGT"]), 0.5, None, alphabet=Alphabet()).tolist()
    ['ACNN']
    """
    nothing = _nothing(alphabet)

    def change(at: Int) -> Int:
        out = at.copy()
        for row in out:
            places = np.flatnonzero(_letters(row, alphabet))
            row[places[len(places) - int(np.ceil(strength * len(places))) :]] = nothing
        return out

    return through(values, alphabet, change)


def _letters(row: Int, alphabet: Alphabet) -> Bool:
    """Positions that hold a letter or an unknown one: neither pad nor a foreign code."""
    known: Bool = (row >= 0) & (row < alphabet.size + len(alphabet.unknown))
    return known


def _moved(at: Int, by: int, alphabet: Alphabet) -> Int:
    """The letters of each row moved `by` places within the places that codes of the alphabet hold.

    Padding beyond the end of a sequence makes room for what moves right.
    """
    nothing = _nothing(alphabet)
    out = at.copy()
    for row in out:
        places = np.flatnonzero(row >= 0)
        own = row[places]
        new = np.full(len(own), nothing)
        if by >= 0:
            new[by:] = own[: max(0, len(own) - by)]
        else:
            new[: max(0, len(own) + by)] = own[-by:]
        row[places] = new
    return out


def _nothing(alphabet: Alphabet) -> int:
    if alphabet.nothing is None:
        raise FeatureError(
            "the alphabet has neither a pad nor an unknown letter, so no position can be emptied; "
            "say Alphabet(pad=...) or Alphabet(unknown=...)"
        )
    return alphabet.nothing
