"""Sequences as text, codes and one-hot columns: against literal strings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenlight.errors import CohortError, FeatureError
from evenlight.probes.perturbations import sequences
from evenlight.probes.perturbations.alphabet import Alphabet, through
from evenlight.probes.perturbations.suites import suite
from tests.perturbed_world import cohort_of

DNA = Alphabet()
PADDED = Alphabet(pad="-")
TEXT = st.text(alphabet="ACGTN", min_size=5, max_size=30)


def rng() -> np.random.Generator:
    """A fresh generator."""
    return np.random.default_rng(0)


@given(text=TEXT)
def test_the_reverse_complement_twice_is_the_identity(text: str) -> None:
    """Once it equals the literal one, twice the sequence itself; in all three kinds alike."""
    partner = dict(zip("ACGTN", "TGCAN", strict=True))
    literal = "".join(partner[a] for a in reversed(text))
    once = sequences.other_strand(np.array([text]), 1.0, rng(), alphabet=DNA)
    assert once.tolist() == [literal]
    assert sequences.other_strand(once, 1.0, rng(), alphabet=DNA).tolist() == [text]
    codes = np.array([["ACGTN".index(a) for a in text]])
    made = sequences.other_strand(codes, 1.0, rng(), alphabet=DNA)
    assert "".join("ACGTN"[c] for c in made[0]) == literal
    hot = (codes[:, None] == np.arange(4)[None, :, None]).astype(float)
    other = sequences.other_strand(hot, 1.0, rng(), alphabet=DNA)
    np.testing.assert_array_equal(other, (made[:, None] == np.arange(4)[None, :, None]))
    last = sequences.other_strand(hot.swapaxes(1, 2), 1.0, rng(), alphabet=DNA)
    np.testing.assert_array_equal(last, other.swapaxes(1, 2))


@given(text=TEXT, by=st.integers(1, 6))
def test_shifts_equal_slices_of_the_text(text: str, by: int) -> None:
    """Padding puts signs in front, an offset drops letters in front; the length stays."""
    front = sequences.padded(np.array([text]), float(by), rng(), alphabet=DNA)
    assert front.tolist() == [("N" * by + text)[: len(text)]]
    shifted = sequences.frame_shifted(np.array([text]), float(by), rng(), alphabet=DNA)
    assert shifted.tolist() == [(text[by:] + "N" * by)[: len(text)]]


def test_padding_at_the_end_makes_room() -> None:
    """A sequence that is shorter than its row loses no letter, and pad is never read as one."""
    text = np.array(["ACGT----"])
    assert sequences.padded(text, 3.0, rng(), alphabet=PADDED).tolist() == ["---ACGT-"]
    assert sequences.other_strand(text, 1.0, rng(), alphabet=PADDED).tolist() == ["ACGT----"]
    assert sequences.truncated(text, 0.5, rng(), alphabet=PADDED).tolist() == ["AC------"]
    hidden = sequences.hidden_run(text, 0.5, rng(), alphabet=PADDED).tolist()[0]
    assert hidden.count("N") == 2
    assert "NN" in hidden
    assert hidden.endswith("----")


def test_foreign_codes_are_never_touched() -> None:
    """A start and an end keep their places, whatever happens to the letters between them."""
    tokens = Alphabet(letters="ACGT", unknown="N", pad="-", codes=(5, 6, 7, 8, 9, 0))
    row = np.array([[2, 5, 6, 7, 8, 3, 0, 0]])
    np.testing.assert_array_equal(
        sequences.other_strand(row, 1.0, rng(), alphabet=tokens), [[2, 5, 6, 7, 8, 3, 0, 0]]
    )
    moved = sequences.frame_shifted(row, 1.0, rng(), alphabet=tokens)
    np.testing.assert_array_equal(moved, [[2, 6, 7, 8, 0, 3, 0, 0]])
    made = sequences.substituted(row, 1.0, rng(), alphabet=tokens)
    assert (made[0, 1:5] != row[0, 1:5]).all()
    np.testing.assert_array_equal(made[0, [0, 5, 6, 7]], row[0, [0, 5, 6, 7]])


def test_substitutions_come_at_the_stated_rate_and_to_every_other_letter() -> None:
    """One letter in ten changes, and each other letter takes a third of these."""
    x = np.zeros((1, 60_000), dtype=np.int64)
    made = sequences.substituted(x, 0.1, rng(), alphabet=DNA)
    share = np.bincount(made[0], minlength=5) / x.size
    np.testing.assert_allclose(share, [0.9, 0.1 / 3, 0.1 / 3, 0.1 / 3, 0], atol=0.005)


def test_a_protein_has_no_other_strand() -> None:
    """The suite leaves it out and says so; asking for it by hand is an error."""
    letters = "ACDEFGHIKLMNPQRSTVWY"
    protein = Alphabet(letters=letters, unknown="X")
    x = rng().integers(0, 20, (24, 30)).astype(float)
    made = suite("sequence", cohort_of(x), alphabet=protein)
    assert "strand" not in [p.name for p in made.perturbations]
    assert made.notes == ("The other strand was left out: the letters have no complements.",)
    with pytest.raises(FeatureError, match="no complement"):
        sequences.other_strand(x, 1.0, rng(), alphabet=protein)
    bare = suite("sequence", cohort_of(x), alphabet=Alphabet(letters=letters, unknown=""))
    assert [p.name for p in bare.perturbations] == ["substitutions"]
    assert len(bare.notes) == 3


def test_wrong_alphabets_and_codes_are_refused() -> None:
    """A letter twice, codes that do not fit, an axis that is not there, fractions for codes."""
    with pytest.raises(FeatureError, match="each once"):
        Alphabet(letters="AAC")
    with pytest.raises(FeatureError, match="3 codes for 5 letters"):
        Alphabet(codes=(1, 2, 3))
    with pytest.raises(FeatureError, match="no axis of 4 letters"):
        through(np.zeros((1, 5, 7)), DNA, lambda at: at)
    with pytest.raises(CohortError, match=r"no codes of letters.*first 0\.5"):
        suite("sequence", cohort_of(np.full((24, 5), 0.5)))
