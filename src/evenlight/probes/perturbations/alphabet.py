"""Letters of a sequence as codes, one-hot columns or text, brought to one kind and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Int, Values
from evenlight.errors import FeatureError

COMPLEMENTS = {"A": "T", "C": "G", "G": "C", "T": "A", "U": "A"}


@dataclass(frozen=True, slots=True)
class Alphabet:
    """The letters of a sequence in the order of their codes, and what stands for no letter.

    Parameters
    ----------
    letters
        such as "ACGT", or the twenty amino acids.
    unknown, pad
        the letter for an unknown place and the one for no place at all; "" where there is none.
    codes
        the code of each letter, of `unknown` and of `pad` (those that there are), in that order; by
        default 0, 1, 2, ... Other codes (a start of the sequence, say) are never touched.

    >>> Alphabet().complement.tolist()
    [3, 2, 1, 0, 4]
    """

    letters: str = "ACGT"
    unknown: str = "N"
    pad: str = ""
    codes: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        every = self.letters + self.unknown + self.pad
        if len(self.letters) < 2 or len(set(every)) != len(every):
            raise FeatureError(
                f"the letters {self.letters!r}, unknown {self.unknown!r} and pad {self.pad!r} must "
                "be two or more, each once, and one sign for each of the others"
            )
        if len(self.unknown) > 1 or len(self.pad) > 1:
            raise FeatureError(f"unknown {self.unknown!r} and pad {self.pad!r} are one sign each")
        if self.codes and len(set(self.codes)) != len(every):
            raise FeatureError(f"{len(self.codes)} codes for {len(every)} letters {every!r}")

    @property
    def size(self) -> int:
        """Number of letters, unknown and pad left out."""
        return len(self.letters)

    @property
    def signs(self) -> str:
        """All letters in the order of their places."""
        return self.letters + self.unknown + self.pad

    @property
    def nothing(self) -> int | None:
        """The place of what fills a position without a letter: pad, else unknown."""
        return len(self.signs) - 1 if self.pad or self.unknown else None

    @property
    def complement(self) -> Int:
        """The place of each letter's complement; unknown and pad are their own.

        Raises FeatureError where a letter has none among the letters, as in a protein.
        """
        known = {a: COMPLEMENTS.get(a.upper(), "") for a in self.letters}
        if "U" in self.letters and "T" not in self.letters:
            known["A"] = "U"
        lone = [a for a, b in known.items() if b not in self.letters or not b]
        if lone:
            raise FeatureError(f"letter {lone[0]!r} has no complement among {self.letters!r}")
        places = [self.letters.index(known[a]) for a in self.letters]
        return np.array([*places, *range(self.size, len(self.signs))], dtype=np.int64)


Change = Callable[[Int], Int]


def through(values: Values, alphabet: Alphabet, change: Change) -> Values:
    """Rows of codes (m, L), one-hot (m, k, L) or text (m,), after `change` of their places (m, L).

    A place is the position of a letter in `alphabet.signs`, -1 for a code that is none of these. A
    one-hot column without a 1 is what stands for no letter.

    >>> through(np.array(["ACG", "TTA"]), Alphabet(), lambda at: at[:, ::-1]).tolist()
    ['GCA', 'ATT']
    """
    if values.dtype.kind in "UO":
        return _texts(values, alphabet, change)
    if values.ndim == 3:
        return _hot(values, alphabet, change)
    codes = np.array(alphabet.codes or range(len(alphabet.signs)))
    places = places_of(values, codes)
    made = change(places)
    return np.where(made >= 0, codes[np.maximum(made, 0)], values).astype(values.dtype)


def places_of(values: Values, codes: Int) -> Int:
    """The position in `codes` of each value, -1 for others."""
    order = np.argsort(codes, kind="stable")
    at = np.searchsorted(codes[order], values)
    near = order[np.minimum(at, len(codes) - 1)]
    return np.where(codes[near] == values, near, -1).astype(np.int64)


def _texts(values: Values, alphabet: Alphabet, change: Change) -> Values:
    place = {sign: i for i, sign in enumerate(alphabet.signs)}
    made = []
    for text in values.tolist():
        at = np.array([[place.get(sign, -1) for sign in text]], dtype=np.int64)
        new = change(at)[0].tolist()
        made.append(
            "".join(alphabet.signs[n] if n >= 0 else s for n, s in zip(new, text, strict=True))
        )
    return np.array(made, dtype=values.dtype)


def _hot(values: Values, alphabet: Alphabet, change: Change) -> Values:
    axis = hot_axis(values, alphabet)
    hot = np.moveaxis(values, axis, 1)
    nothing = -1 if alphabet.nothing is None else alphabet.nothing
    places = np.where(hot.max(axis=1) > 0, hot.argmax(axis=1), nothing)
    made = change(places.astype(np.int64))
    letters = made[:, None, :] == np.arange(hot.shape[1])[None, :, None]
    same = (made == places)[:, None, :]
    out = np.where(same, hot, letters.astype(values.dtype))
    return np.ascontiguousarray(np.moveaxis(out, 1, axis))


def hot_axis(values: Values, alphabet: Alphabet) -> int:
    """The axis of one-hot rows that holds the letters, 1 before 2; FeatureError where none does."""
    for axis in (1, 2):
        if values.shape[axis] == alphabet.size:
            return axis
    raise FeatureError(
        f"rows of shape {values.shape[1:]} hold no axis of {alphabet.size} letters "
        f"{alphabet.letters!r}; say alphabet=Alphabet(letters=...)"
    )
