"""Positions, windows and motifs: sums that add up, and where motifs are."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.sums import summed
from evenlight.errors import AttributionError, CohortError, FeatureError
from evenlight.measures.associate import associate
from evenlight.measures.compare import compare
from evenlight.measures.prepare import own_states
from evenlight.modalities.motifs import REST, by_motif, motif_hits
from evenlight.modalities.positions import by_position, windows
from evenlight.modalities.sequences import read_sequences

SITES = {"R": "[AG]", "Y": "[CT]", "W": "[AT]", "N": "[ACGT]"}


def cohort(texts: list[str], **own: object) -> Cohort:
    """Sequences of people of two sexes."""
    n = len(texts)
    people = pd.DataFrame(
        {"dna": texts, "sex": (["f", "m"] * n)[:n]}, index=[f"p{i:03d}" for i in range(n)]
    )
    return read_sequences(people, "dna", groups=["sex"], unit="row", **own)  # type: ignore[arg-type]


def drawn(n: int, length: int, seed: int = 0) -> list[str]:
    """Random sequences."""
    rng = np.random.default_rng(seed)
    return ["".join(row) for row in rng.choice(list("ACGT"), size=(n, length))]


def attributed(made: Cohort, seed: int = 0) -> Attributions:
    """Random attributions of every letter."""
    values = np.random.default_rng(seed).normal(size=made.x.shape)
    found = Attributions.from_arrays(
        values, rows=list(made.rows), features=made.features,
        output=values.sum(axis=(1, 2)) + 0.5, base=0.5,
    )  # fmt: skip
    return replace(found, cohort_digest=made.digest)


def test_positions_sum_their_letters() -> None:
    """Complete as before, with one variable a position whose states are the letters there."""
    texts = drawn(40, 6)
    texts = [f"G{text[1:3]}{'N' if i % 4 else 'A'}{text[4:]}" for i, text in enumerate(texts)]
    made = cohort(texts, unknown="even")
    own = attributed(made)
    found, places = by_position(own, made)
    np.testing.assert_allclose(found.values, own.values.sum(axis=1), atol=1e-5)
    np.testing.assert_allclose(found.total(), own.total(), atol=1e-5)
    assert found.features.names == places.features.variables().names == made.features.names
    assert places.x.shape[0] == 40
    for j in range(6):
        told = own_states(places, f"position {j + 1}")
        if j == 0:
            assert told is None  # alike in everybody
            continue
        assert told is not None
        codes, words = told
        said = [words[c] for c in codes]
        assert said == ["unknown" if text[j] == "N" else text[j] for text in texts]
    table = places.features.table
    assert table is not None
    assert table["position"].tolist() == sorted(table["position"])


def test_positions_of_a_cohort_that_was_made_otherwise() -> None:
    """One-hot rows (n, 4, L) need no reader; other shapes and other attributions are refused."""
    made = cohort(drawn(30, 5))
    plain = Cohort(made.x, made.people, groups=["sex"], unit="row")
    own = attributed(plain)
    found, places = by_position(own, plain)
    assert found.features.names[2] == "position 3"
    assert compare(found, places, by="sex", rng=0).subjects == found.features.names
    with pytest.raises(AttributionError, match=r"shape \(30, 5\) and the sequences \(30, 4, 5\)"):
        by_position(replace(found, cohort_digest=""), plain)
    with pytest.raises(CohortError, match="one-hot sequences are"):
        by_position(found, places)


def test_positions_tell_the_groups_by_their_letters() -> None:
    """What needs no model reads the letters as states."""
    texts = drawn(80, 4, seed=1)
    texts = [f"{text[:2]}{'A' if i % 2 else 'C'}{text[3:]}" for i, text in enumerate(texts)]
    made = cohort(texts)
    _, places = by_position(attributed(made), made)
    told = associate(places, by="sex").to_frame().set_index("subject")
    assert told["information"].idxmax() == "position 3"


def test_windows_are_sets_of_positions() -> None:
    """Side by side they add up to the output; overlapping ones are sums all the same."""
    made = cohort(drawn(12, 10))
    own = attributed(made)
    beside = windows(made, 4)
    assert beside.names == ("positions 1 to 4", "positions 5 to 8", "positions 9 to 10")
    found = own.by(beside)
    np.testing.assert_allclose(found.total(), own.total(), atol=1e-5)
    np.testing.assert_allclose(
        found.values[:, 1], own.values[:, :, 4:8].sum(axis=(1, 2)), atol=1e-5
    )
    over = windows(made, 4, step=2)
    assert over.names[:2] == ("positions 1 to 4", "positions 3 to 6")
    assert over.names[-1] == "positions 7 to 10"
    sums = summed(own, over)
    np.testing.assert_allclose(sums.values[:, 1], own.values[:, :, 2:6].sum(axis=(1, 2)), atol=1e-5)
    single, places = by_position(own, made)
    again = single.by(windows(places, 4))
    np.testing.assert_allclose(again.values, found.values, atol=1e-5)
    with pytest.raises(FeatureError, match="windows of 4 positions every 5"):
        windows(made, 4, step=5)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.text("ACGT", min_size=12, max_size=12), min_size=2, max_size=6),
    st.text("ACGTRYWN", min_size=1, max_size=4),
)
def test_words_are_found_as_by_a_regular_expression(texts: list[str], word: str) -> None:
    """All overlapping occurrences, on the other strand as well."""
    found = motif_hits(cohort(texts), word, strands="both").to_frame()
    pattern = re.compile("(?=" + "".join(SITES.get(sign, sign) for sign in word) + ")")
    turned = str.maketrans("ACGT", "TGCA")
    wanted = set()
    for i, text in enumerate(texts):
        wanted |= {(f"p{i:03d}", hit.start() + 1, "+") for hit in pattern.finditer(text)}
        other = text.translate(turned)[::-1]
        wanted |= {
            (f"p{i:03d}", len(text) - hit.start() - len(word) + 1, "-")
            for hit in pattern.finditer(other)
        }
    assert set(found[["row", "position", "strand"]].itertuples(index=False, name=None)) == wanted


def test_a_matrix_finds_what_is_rarer_than_p() -> None:
    """The consensus is found, and random starts exceed the score as rarely as asked for."""
    made = cohort(drawn(200, 60, seed=3))
    matrix = np.full((4, 6), 0.05)
    for place, letter in enumerate("GATTAC"):
        matrix["ACGT".index(letter), place] = 0.85
    rare = motif_hits(made, {"gata": matrix}, p=1e-3)
    starts = 200 * 55
    assert len(rare.motif) <= 1e-3 * starts + 4 * np.sqrt(1e-3 * starts)
    words = motif_hits(made, "GATTAC")
    both = {(r, s) for r, s in zip(rare.row.tolist(), rare.start.tolist(), strict=True)}
    assert {(r, s) for r, s in zip(words.row.tolist(), words.start.tolist(), strict=True)} <= both
    near = motif_hits(made, "GATTAC", threshold=5)
    assert len(near.motif) > len(words.motif)


def skewed(n: int, length: int) -> Cohort:
    """Random sequences with few A and many T."""
    drawn = np.random.default_rng(5).choice(list("ACGT"), size=(n, length), p=[0.1, 0.2, 0.2, 0.5])
    return cohort(["".join(row) for row in drawn])


def test_the_other_strand_is_held_against_its_own_letters() -> None:
    """TTTT, where T is common, scores its own log-odds, not those of the rarer AAAA."""
    made = skewed(200, 40)
    matrix = np.full((4, 4), 0.001)
    matrix[0] = 0.997
    found = motif_hits(made, {"A": matrix}, threshold=3.5, strands="both")
    assert set(found.strand.tolist()) == {"+", "-"}
    share = made.dense().mean(axis=(0, 2))
    for sign, letter in (("+", 0), ("-", 3)):
        best = found.score[found.strand == sign].max()
        assert best == pytest.approx(4 * np.log2(0.997 / share[letter]), rel=1e-3)


@pytest.mark.parametrize("p", [0.01, 0.003])
def test_chance_hits_each_strand_as_rarely_as_asked_for(p: float) -> None:
    """In sequences of uneven letters no strand has more random hits than p of its starts."""
    made = skewed(500, 60)
    rng = np.random.default_rng(1)
    starts = 500 * 55
    for _ in range(5):
        matrix = rng.dirichlet(np.full(4, 0.5), size=6).T
        found = motif_hits(made, {"m": matrix}, p=p, strands="both")
        for sign in "+-":
            assert (found.strand == sign).sum() <= p * starts + 5 * np.sqrt(6 * p * starts)
    assert found.thresholds.shape == (1, 2)


def test_motifs_that_do_not_fit_are_refused() -> None:
    """Other letters, too long, too common, the other strand of a protein, counts."""
    made = cohort(drawn(4, 8))
    with pytest.raises(FeatureError, match=r"motif 'GAU' holds \['U'\]"):
        motif_hits(made, "GAU")
    with pytest.raises(FeatureError, match="has 9 places and the sequences 8 positions"):
        motif_hits(made, "A" * 9)
    with pytest.raises(FeatureError, match=r"even its best word is more probable than p=0\.0001"):
        motif_hits(made, {"short": np.eye(4)[:, :2]})
    with pytest.raises(FeatureError, match=r"motif 'motif': .*divide counts by their column sums"):
        motif_hits(made, np.full((4, 6), 3.0))
    protein = read_sequences(
        pd.DataFrame({"s": ["MKLV", "MKLI"]}, index=["a", "b"]), "s", alphabet="protein"
    )
    with pytest.raises(FeatureError, match="proteins have no other strand"):
        motif_hits(protein, "KL", strands="both")
    assert motif_hits(protein, "KLJ").row.tolist() == ["b"]
    with pytest.raises(FeatureError, match="strands='minus'"):
        motif_hits(made, "A", strands="minus")  # type: ignore[arg-type]


def test_motifs_sum_the_positions_that_they_cover() -> None:
    """Against loops: overlaps count once, shared positions in equal parts, and rows add up."""
    made = cohort(drawn(60, 20, seed=2))
    own = attributed(made)
    hits = motif_hits(made, {"AA": "AA", "WW": "WW"})
    found, counts = by_motif(own, made, hits)
    assert found.features.names == ("AA", "WW", REST)
    np.testing.assert_allclose(found.total(), own.total(), atol=1e-5)
    each = own.values.sum(axis=1, dtype=np.float64)
    for i, text in enumerate(made.people["dna"]):
        covers = [
            {j + k for j in range(19) for k in range(2) if set(text[j : j + 2]) <= set(allowed)}
            for allowed in ("A", "AT")
        ]
        for m, cover in enumerate(covers):
            slow = sum(each[i, j] / sum(j in other for other in covers) for j in cover)
            assert found.values[i, m] == pytest.approx(slow, abs=1e-4)
            starts = sum(set(text[j : j + 2]) <= set(("A", "AT")[m]) for j in range(19))
            assert counts.dense()[i, m] == starts
        assert counts.dense()[i, 2] == 20 - len(covers[0] | covers[1])


def test_hits_of_other_sequences_are_refused() -> None:
    """By the cohort's digest; rows in another order are the same sequences."""
    made, other = cohort(drawn(20, 12)), cohort(drawn(20, 12, seed=9))
    with pytest.raises(AttributionError, match="found in other sequences"):
        by_motif(attributed(made), made, motif_hits(other, "A"))
    turned = made.take(np.arange(20)[::-1])
    one = by_motif(attributed(made), made, motif_hits(made, "AC"))[0]
    two = by_motif(attributed(made), turned, motif_hits(made, "AC"))[0]
    np.testing.assert_allclose(one.values[::-1], two.values)
