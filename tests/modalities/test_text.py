"""Notes and sequences as codes, and attributions of tokens as those of words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evenlight.data.attributions import Attributions
from evenlight.errors import AttributionError, CohortError
from evenlight.measures.compare import compare
from evenlight.modalities.text import REST, Notes, by_words, kmers, padded, read_notes

CODES = {"chest": 5, "pain": 6, "##ful": 7, "no": 8, "fever": 9}


class Said:
    """What the tokenizer below says of one text."""

    def __init__(self, pieces: list[tuple[str, int, int, int]]) -> None:
        self.pieces = pieces

    def __getitem__(self, name: str) -> list[int]:
        """The codes."""
        assert name == "input_ids"
        return [CODES[piece[0]] for piece in self.pieces]

    def word_ids(self) -> list[int]:
        """The word of each token."""
        return [piece[1] for piece in self.pieces]

    def word_to_chars(self, word: int) -> Any:
        """Where a word stands in the text."""
        own = next(p for p in self.pieces if p[1] == word)
        return type("Span", (), {"start": own[2], "end": own[3]})


class Pieces:
    """A tokenizer that splits "painful" in two."""

    pad_token_id: int | None = 0
    is_fast = True

    def __call__(self, text: str, *, add_special_tokens: bool) -> Said:
        """The pieces of the words of a text."""
        assert not add_special_tokens
        out, start = [], 0
        for w, word in enumerate(text.split()):
            at = text.index(word, start)
            start = at + len(word)
            own = ["pain", "##ful"] if word.lower() == "painful" else [word.lower()]
            out += [(piece, w, at, start) for piece in own]
        return Said(out)


def people() -> pd.DataFrame:
    """Twelve notes of each sex."""
    texts = ["Painful chest", "no fever pain", "chest chest"] * 8
    table = {"note": texts, "sex": ["f", "m"] * 12, "y": [0, 1, 1, 0] * 6}
    return pd.DataFrame(table, index=[f"p{i:02d}" for i in range(24)])


def notes() -> Notes:
    """The notes as a cohort."""
    return read_notes(people(), "note", Pieces(), outcome="y", groups=["sex"], unit="row")


def attributed(made: Notes) -> Attributions:
    """Attributions that are 10 times the row plus the position."""
    n, length = made.word.shape
    values = 10.0 * np.arange(n)[:, None] + np.arange(1, length + 1)
    values[made.word < 0] = 0.0
    return replace(
        Attributions.from_arrays(
            values, rows=list(made.cohort.rows), features=made.cohort.features,
            output=values.sum(axis=1) + 0.5, base=0.5,
        ),
        cohort_digest=made.cohort.digest,
    )  # fmt: skip


def test_notes_become_codes_with_their_words() -> None:
    """Padding on the right; a word that is split keeps its name, in lower case."""
    made = notes()
    np.testing.assert_array_equal(
        made.cohort.dense(np.arange(3)), [[6, 7, 5], [8, 9, 6], [5, 5, 0]]
    )
    said = [[made.words[w] if w >= 0 else "" for w in row] for row in made.word[:3]]
    assert said == [
        ["painful", "painful", "chest"],
        ["no", "fever", "pain"],
        ["chest", "chest", ""],
    ]
    assert made.cohort.features.names == ("token 1", "token 2", "token 3")


def test_words_sum_their_tokens_wherever_they_stand() -> None:
    """Against two loops; rows still add up, and a word that is absent has 0."""
    made = notes()
    own = attributed(made)
    summed, words = by_words(own, made, least=2)
    for i in range(24):
        for j, name in enumerate(words.features.names):
            here = [
                k for k in range(3) if made.word[i, k] >= 0 and made.words[made.word[i, k]] == name
            ]
            assert summed.values[i, j] == pytest.approx(sum(own.values[i, k] for k in here))
            assert words.dense()[i, j] == len(here)
    np.testing.assert_allclose(summed.total(), own.total())
    assert summed.converged.all()


def test_rare_words_stand_together() -> None:
    """Words of fewer than `least` rows are one column, since they could point at a person."""
    summed, words = by_words(attributed(notes()), notes(), least=9)
    assert words.features.names == ("chest", REST)
    np.testing.assert_allclose(summed.total(), attributed(notes()).total())


def test_words_are_compared_between_groups() -> None:
    """What needs no model takes the words as features."""
    made = notes()
    summed, words = by_words(attributed(made), made, least=2)
    found = compare(summed, words, by="sex", rng=0)
    assert set(found.subjects) == {"chest", "fever", "no", "pain", "painful"}


def test_a_split_keeps_words_beside_their_rows() -> None:
    """The words are those of the rows that are audited."""
    table = people().assign(part=["train", "test", "test"] * 8)
    made = read_notes(table, "note", Pieces(), split=("part", "test"), unit="row")
    assert made.word.shape == (16, 3)
    assert [made.words[w] for w in made.word[0]] == ["no", "fever", "pain"]


def test_attributions_of_other_notes_are_refused() -> None:
    """By their shape."""
    made = notes()
    own = replace(attributed(made), cohort_digest="")
    short = Attributions.from_arrays(
        own.values[:, :2], rows=list(own.rows), features=["a", "b"],
        output=own.values[:, :2].sum(axis=1), base=0.0,
    )  # fmt: skip
    with pytest.raises(AttributionError, match=r"shape \(24, 2\), and the notes \(24, 3\)"):
        by_words(short, made)


def test_notes_that_cannot_be_read_are_counted() -> None:
    """Missing text, an unknown column, longer than allowed, a tokenizer without padding."""
    table = people()
    with pytest.raises(CohortError, match=r"8 of 24 rows have more than 2 tokens \(up to 3\)"):
        read_notes(table[table.note != "no fever pain"].reindex(people().index, fill_value="no"),
                   "note", Pieces(), length=2)  # fmt: skip
    with pytest.raises(CohortError, match="no column 'text'"):
        read_notes(table, "text", Pieces())
    table.loc["p03", "note"] = None
    with pytest.raises(CohortError, match="1 of 24 notes are missing"):
        read_notes(table, "note", Pieces())
    slow = Pieces()
    slow.pad_token_id = None
    with pytest.raises(CohortError, match="fast tokenizer with a pad token"):
        read_notes(people(), "note", slow)


def test_kmers_overlap_and_strange_ones_are_counted() -> None:
    """Each start has its k-mer; what the vocabulary lacks is an error."""
    vocabulary = {a + b: 4 + 4 * i + j for i, a in enumerate("ACGT") for j, b in enumerate("ACGT")}
    np.testing.assert_array_equal(kmers(["ACG", "TT"], vocabulary, k=2, pad=0), [[5, 10], [19, 0]])
    with pytest.raises(CohortError, match=r"2 2-mers in 1 sequences have no token, such as \['AN'"):
        kmers(["CANC"], vocabulary, k=2, pad=0)


def test_padding_keeps_every_code() -> None:
    """Empty rows are all padding."""
    np.testing.assert_array_equal(padded([[], [3]], 1), [[1], [3]])
