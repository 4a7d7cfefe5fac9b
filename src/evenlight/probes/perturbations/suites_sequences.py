"""The suite of sequences."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from evenlight.data.cohort import Cohort
from evenlight.errors import FeatureError
from evenlight.probes.perturbations import sequences as letters
from evenlight.probes.perturbations.alphabet import Alphabet, hot_axis
from evenlight.probes.perturbations.needs import need
from evenlight.probes.perturbations.perturbation import Perturbation, Suite

MOVES = (1.0, 4.0, 16.0)
"""Positions by which a sequence is moved, as far as its length allows."""


def sequence(cohort: Cohort, *, alphabet: Alphabet | str | None = None) -> Suite:
    """Perturbations of sequences, codes (n, L) or one-hot (n, k, L); by default of DNA.

    `alphabet` is an Alphabet, or its letters as text in the order of their codes. What the
    alphabet does not allow (the other strand of a protein, a run of unknown letters where there is
    no letter for unknown) is left out, with a note. Raises CohortError for values that are no
    codes.
    """
    need(cohort, "codes")
    known = alphabet if isinstance(alphabet, Alphabet) else Alphabet(alphabet or "ACGT")
    shape = tuple(cohort.x.shape)
    length = shape[1]
    if len(shape) == 3:
        length = shape[3 - hot_axis(cohort.dense(slice(0, 1)), known)]
    one: Callable[..., Perturbation] = partial(Perturbation, needs="codes", by_row=False)
    made = [
        one("substitutions", partial(letters.substituted, alphabet=known), (0.01, 0.05, 0.1),
            "share of letters", source="Jukes and Cantor 1969", by_row=True)
    ]  # fmt: skip
    more, notes = _optional(known, length, one)
    return Suite("sequence", (*made, *more), scale=known.signs, notes=tuple(notes))


def _optional(
    known: Alphabet, length: int, one: Callable[..., Perturbation]
) -> tuple[list[Perturbation], list[str]]:
    made: list[Perturbation] = []
    notes: list[str] = []
    if known.unknown:
        made.append(one(
            "N runs", partial(letters.hidden_run, alphabet=known), (0.05, 0.1, 0.25),
            "share of the length hidden", source="one run", by_row=True,
        ))  # fmt: skip
    else:
        notes.append("Runs of unknown letters were left out: the alphabet has none for unknown.")
    if _stranded(known):
        made.append(one(
            "strand", partial(letters.other_strand, alphabet=known), (0.5, 1.0),
            "share of sequences read from the other strand", source="reverse complement",
            by_row=True,
        ))  # fmt: skip
    else:
        notes.append("The other strand was left out: the letters have no complements.")
    if known.nothing is None:
        notes.append("Padding, length and offset were left out: nothing stands for no letter.")
        return made, notes
    moves = tuple(m for m in MOVES if m < length) or (1.0,)
    made += [
        one("padding", partial(letters.padded, alphabet=known), moves,
            "positions put in front", source="left padding"),
        one("length", partial(letters.truncated, alphabet=known), (0.05, 0.1, 0.25),
            "share of the letters cut off", source="truncation"),
        one("tokenisation offset", partial(letters.frame_shifted, alphabet=known), (1.0, 2.0),
            "letters lost in front", source="frame shift"),
    ]  # fmt: skip
    return made, notes


def _stranded(known: Alphabet) -> bool:
    try:
        known.complement  # noqa: B018  a property that says so by raising
    except FeatureError:
        return False
    return True
