"""Notes and sequences as codes of tokens, and attributions of tokens as those of words.

No model library is loaded here: a tokenizer is whatever the caller hands over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Int
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.completeness import residual
from evenlight.data.features import Features
from evenlight.errors import AttributionError, CohortError
from evenlight.small_groups import least_shown

REST = "(other words)"
"""The column of words that are too rare to stand alone."""


@dataclass(frozen=True, slots=True, eq=False)
class Notes:
    """Notes as a cohort of codes x (n, L), one feature a position, and the word at each position.

    `word` (n, L) counts into `words`, -1 at padding.
    """

    cohort: Cohort
    words: tuple[str, ...]
    word: Int


def read_notes(
    people: pd.DataFrame, column: str, tokenizer: Any, *, length: int | None = None, **roles: Any
) -> Notes:
    """A cohort of notes: the codes of their tokens without special ones, padded on the right.

    Parameters
    ----------
    people, column
        the table of people, and its column of text.
    tokenizer
        a fast tokenizer of transformers, the one that the model was trained with.
    length
        tokens of the longest note that may come; by default that of the longest here. Longer
        notes are counted in an error, and never cut.
    **roles
        as in `Cohort`.

    A word is what the tokenizer splits further, in lower case.

    Raises CohortError for an unknown column, text that is missing, and a tokenizer without padding
    or words.
    """
    if column not in people.columns:
        raise CohortError(f"people has no column {column!r}; it has {list(people.columns)[:12]}")
    missing = int(people[column].isna().sum())
    if missing:
        raise CohortError(f"{missing} of {len(people)} notes are missing; leave these rows out")
    texts = people[column].astype(str).tolist()
    if tokenizer.pad_token_id is None or not getattr(tokenizer, "is_fast", False):
        raise CohortError(
            "wanted a fast tokenizer with a pad token, which tells the word of each token"
        )
    made = [tokenizer(text, add_special_tokens=False) for text in texts]
    codes = padded([list(m["input_ids"]) for m in made], int(tokenizer.pad_token_id), length)
    said = [_words(text, one) for text, one in zip(texts, made, strict=True)]
    words = tuple(sorted({w for own in said for w in own}))
    place = {w: i for i, w in enumerate(words)}
    word = padded([[place[w] for w in own] for own in said], -1, codes.shape[1])
    names = tuple(f"token {j + 1}" for j in range(codes.shape[1]))
    kept = Cohort(codes.astype(np.float64), people, Features(names), **roles)
    at = people.index.astype(str).get_indexer(pd.Index(kept.rows))
    return Notes(kept, words, word[at])


def padded(rows: Sequence[Sequence[int]], pad: int, length: int | None = None) -> Int:
    """Rows of codes as one array (n, L), padded on the right.

    Raises CohortError, with their number, for rows longer than `length`.

    >>> padded([[5, 6], [7]], 0).tolist()
    [[5, 6], [7, 0]]
    """
    most = max((len(row) for row in rows), default=0)
    size = most if length is None else length
    long = sum(len(row) > size for row in rows)
    if long:
        raise CohortError(
            f"{long} of {len(rows)} rows have more than {size} tokens (up to {most}); nothing is "
            "cut in silence: split them, or allow a greater length"
        )
    out = np.full((len(rows), max(size, 1)), pad, dtype=np.int64)
    for i, row in enumerate(rows):
        out[i, : len(row)] = row
    return out


def kmers(
    sequences: Sequence[str], vocabulary: Mapping[str, int], *, k: int = 1, pad: int,
    length: int | None = None,
) -> Int:  # fmt: skip
    """Codes (n, L) of all overlapping k-mers of each sequence; k = 1 for residues.

    Raises CohortError, with their number, for k-mers that the vocabulary lacks.

    >>> kmers(["ACG", "AC"], {"AC": 5, "CG": 6}, k=2, pad=0).tolist()
    [[5, 6], [5, 0]]
    """
    cut = [[s[i : i + k] for i in range(len(s) - k + 1)] for s in sequences]
    strange = Counter(word for own in cut for word in own if word not in vocabulary)
    if strange:
        raise CohortError(
            f"{sum(strange.values())} {k}-mers in {len(sequences)} sequences have no token, such "
            f"as {sorted(strange)[:3]}; say what they stand for in the vocabulary, or leave these "
            "sequences out"
        )
    return padded([[vocabulary[word] for word in own] for own in cut], pad, length)


def by_words(
    made: Attributions, notes: Notes, *, least: int | None = None
) -> tuple[Attributions, Cohort]:
    """Attributions of tokens summed over each word, and a cohort of how often each word occurs.

    The same people with words as features, for every measure that needs no model (`compare`,
    `rely`, `suspects`, ...): a word that a note does not hold has 0. Words of fewer than `least`
    rows (None: `least_shown()`) are summed as one, since they could point at a person.

    Raises AttributionError for attributions of other notes.
    """
    cohort = notes.cohort
    own = made.at(cohort)
    if own.values.shape != notes.word.shape:
        raise AttributionError(
            f"attributions have shape {own.values.shape}, and the notes {notes.word.shape}"
        )
    column, names = _columns(notes, least_shown() if least is None else least)
    count = np.zeros((cohort.n, len(names)))
    total = np.zeros_like(count)
    row, at = np.nonzero(notes.word >= 0)
    where = (row, column[notes.word[row, at]])
    np.add.at(count, where, 1.0)
    np.add.at(total, where, own.values[row, at].astype(np.float64))
    words = _with_x(cohort, count, names)
    values = total.astype(np.float32)
    error, converged = residual(values, own.output, own.base)
    return (
        replace(
            own, features=words.features, values=values, error=error,
            converged=converged & own.converged, spread=None, sensitivity=None,
            cohort_digest=words.digest,
        ),
        words,
    )  # fmt: skip


def _words(text: str, tokens: Any) -> list[str]:
    """The word of each token of one note."""
    out = []
    for i, place in enumerate(tokens.word_ids()):
        span = None if place is None else tokens.word_to_chars(place)
        out.append(f"(token {i})" if span is None else text[span.start : span.end].lower())
    return out


def _columns(notes: Notes, least: int) -> tuple[Int, tuple[str, ...]]:
    """The column of each word, and the names of columns: frequent words, then the rest as one."""
    rows = np.zeros(len(notes.words), dtype=np.int64)
    for own in notes.word:
        rows[np.unique(own[own >= 0])] += 1
    kept = np.flatnonzero(rows >= least)
    column = np.full(len(notes.words), len(kept), dtype=np.int64)
    column[kept] = np.arange(len(kept))
    names = tuple(notes.words[i] for i in kept)
    return column, names if len(kept) == len(notes.words) else (*names, REST)


def _with_x(cohort: Cohort, x: Float, names: tuple[str, ...]) -> Cohort:
    """The same people and roles with other features."""
    return Cohort(
        x, cohort.people, Features(names), outcome=cohort.outcome,
        outcome_kind=cohort.outcome_kind, unit=cohort.unit, groups=cohort.groups,
        strata=cohort.strata, covariates=cohort.covariates, axes=cohort.axes,
        weights=cohort.weights, rater=cohort.rater, prediction=cohort.prediction,
        split=cohort.split,
    )  # fmt: skip
