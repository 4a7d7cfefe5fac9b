"""Genotypes are brought to the alleles that a model counts, or refused by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from evenlight.arrays import Values
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features
from evenlight.data.rows import Rows
from evenlight.errors import EvenlightWarning, FeatureError
from evenlight.modalities.alignment import align_alleles
from evenlight.modalities.alleles import Pair, ways_of
from evenlight.modalities.plink import read_plink
from tests.genotype_files import dosages, made_sites, write_bed

OTHER = {"A": "T", "T": "A", "C": "G", "G": "C"}


def people_with(x: Values, alleles: Sequence[Pair] | None, **more: list[object]) -> Cohort:
    """A cohort in memory whose variants v0, v1 ... have these (counted, other) alleles."""
    names = tuple(f"v{j}" for j in range(x.shape[1]))
    table = pd.DataFrame(more, index=list(names))
    if alleles is not None:
        table["counted_allele"] = [a for a, _ in alleles]
        table["other_allele"] = [b for _, b in alleles]
    people = pd.DataFrame({"age": range(len(x))}, index=[f"p{i}" for i in range(len(x))])
    return Cohort(x, people, Features(names, table), unit="row")


def wants(alleles: Sequence[Pair], **more: object) -> pd.DataFrame:
    """A table of wanted variants v0, v1 ... with these (effect, other) alleles."""
    made = pd.DataFrame({"variant": [f"v{j}" for j in range(len(alleles))]})
    made["effect_allele"] = [a for a, _ in alleles]
    made["other_allele"] = [b for _, b in alleles]
    return made.assign(**more)  # type: ignore[arg-type]


def slow_way(have: tuple[str, str], want: tuple[str, str]) -> set[str]:
    """All readings of two pairs of single bases, one by one."""
    turned = (OTHER[have[0]], OTHER[have[1]])
    found = set()
    if want in (have, turned):
        found.add("kept")
    if want in (have[::-1], turned[::-1]):
        found.add("swapped")
    return found


def test_every_pair_of_bases_is_read_as_by_hand() -> None:
    """All 144 pairs of pairs: what may be kept, what swapped, and A/T and C/G may be either."""
    pairs = [(a, b) for a, b in product("ACGT", repeat=2) if a != b]
    both = list(product(pairs, pairs))
    have: list[Pair] = [h for h, _ in both]
    want: list[Pair] = [w for _, w in both]
    ways = ways_of(have, want)
    for (h, w), kept, swapped in zip(both, ways.kept, ways.swapped, strict=True):
        assert {n for n, is_so in (("kept", kept), ("swapped", swapped)) if is_so} == slow_way(h, w)
        assert (kept and swapped) == (slow_way(h, w) == {"kept", "swapped"})


def test_alleles_that_are_not_single_bases_are_read_as_sequences() -> None:
    """Insertions turn strand as a whole, words for structures never do, and none fits any."""
    have: list[Pair] = [("AT", "A"), ("AG", "A"), ("<DEL>", "A"), (None, "A"), (None, None)]
    want: list[Pair] = [("A", "AT"), ("CT", "T"), ("<DEL>", "A"), ("G", "A"), ("C", "T")]
    ways = ways_of(have, want)
    assert ways.kept.tolist() == [False, True, True, True, True]
    assert ways.swapped.tolist() == [True, False, False, False, True]
    assert ways.flip_kept.tolist() == [False, True, False, False, False]
    assert ways.known.tolist() == [True, True, True, True, False]


def test_same_swapped_and_flipped_are_aligned_and_recorded() -> None:
    """X or 2 - x in the order wanted; the table and a note say which was which."""
    x = dosages(30, 5)
    cohort = people_with(x, [("A", "G"), ("A", "G"), ("A", "G"), ("A", "G"), ("A", "C")])
    wanted = wants([("A", "G"), ("G", "A"), ("T", "C"), ("C", "T")]).iloc[::-1]
    made = align_alleles(cohort, wanted)
    assert made.features.names == ("v3", "v2", "v1", "v0")
    expected = np.column_stack([2 - x[:, 3], x[:, 2], 2 - x[:, 1], x[:, 0]])
    np.testing.assert_array_equal(made.dense(), expected)
    table = made.features.table
    assert table is not None
    assert table["alignment"].tolist() == [
        "strand flipped and swapped", "strand flipped", "swapped", "same",
    ]  # fmt: skip
    assert table["counted_allele"].tolist() == ["C", "T", "G", "A"]
    assert table["other_allele"].tolist() == ["T", "C", "A", "G"]
    assert "4 variants aligned" in made.notes[-1]
    assert "1 that were not wanted were left out" in made.notes[-1]
    again = align_alleles(made, wanted)
    np.testing.assert_array_equal(again.dense(), expected)
    assert again.features.table is not None
    assert set(again.features.table["alignment"]) == {"same"}


@pytest.mark.parametrize("kind", ["array", "rows", "csr", "bed"])
def test_the_answer_is_the_same_however_x_is_held(tmp_path: Path, kind: str) -> None:
    """An array, rows read when asked for, CSR and a bed give one digest."""
    x = dosages(30, 4)
    sites = made_sites(4)
    pairs = list(zip(sites["A1"], sites["A2"], strict=True))
    cohort = people_with(x, pairs)
    wanted = wants([(b, a) for a, b in pairs])
    direct = align_alleles(cohort, wanted)
    makers: dict[str, Callable[[], object]] = {
        "array": lambda: x, "rows": lambda: Rows(x.astype(np.float32)),
        "csr": lambda: sparse.csr_array(x),
    }  # fmt: skip
    if kind == "bed":
        path = write_bed(tmp_path / "a.bed", x, sites.assign(id=[f"v{j}" for j in range(4)]))
        own = read_plink(path)
        own = own.altered(people=own.people.set_axis(cohort.people.index, axis=0))
    else:
        own = Cohort(makers[kind](), cohort.people, cohort.features, unit="row")
    made = align_alleles(own, wanted)
    assert made.digest == direct.digest
    assert isinstance(made.x, np.ndarray) == (kind == "array")
    np.testing.assert_array_equal(made.dense(np.array([4, 2])), 2 - x[[4, 2]])


@given(st.lists(st.booleans(), min_size=3, max_size=3))
def test_a_model_does_not_notice_which_allele_was_counted(swaps: list[bool]) -> None:
    """Recoding any variants on the other allele gives the same aligned cohort."""
    x = dosages(20, 3)
    pairs: list[Pair] = [("A", "G"), ("C", "T"), ("G", "A")]
    mask = np.array(swaps)
    recoded = people_with(
        np.where(mask, 2 - x, x), [p[::-1] if s else p for p, s in zip(pairs, swaps, strict=True)]
    )
    plain, wanted = people_with(x, pairs), wants(pairs)
    assert align_alleles(recoded, wanted).digest == align_alleles(plain, wanted).digest


def test_missing_calls_stay_missing() -> None:
    """2 - NaN is NaN, and frequencies are those of known calls."""
    x = dosages(30, 2, lost=0.2)
    cohort = people_with(np.nan_to_num(x), [("A", "G"), ("A", "G")]).altered(x=x, gaps=True)
    made = align_alleles(cohort, wants([("G", "A"), ("A", "G")]))
    np.testing.assert_array_equal(made.dense(), np.column_stack([2 - x[:, 0], x[:, 1]]))
    assert made.gaps


def frequent(frequency: float, n: int = 400) -> Values:
    """Copies (n, 1) of an allele of about this frequency."""
    return np.random.default_rng(1).binomial(2, frequency, (n, 1)).astype(np.float64)


@pytest.mark.parametrize(
    ("here", "wanted", "alignment"),
    [(0.2, 0.2, "same by frequency"), (0.8, 0.2, "strand flipped and swapped by frequency")],
)
def test_clear_frequencies_tell_an_ambiguous_variant(
    here: float, wanted: float, alignment: str
) -> None:
    """A/T is kept where the counted allele is as frequent as the effect allele, else swapped."""
    x = frequent(here)
    made = align_alleles(people_with(x, [("A", "T")]), wants([("A", "T")], frequency=[wanted]))
    assert made.features.table is not None
    assert made.features.table["alignment"].tolist() == [alignment]
    np.testing.assert_array_equal(made.dense(), x if here < 0.5 else 2 - x)


@pytest.mark.parametrize(
    ("here", "wanted"), [(0.5, 0.48), (0.3, 0.42), (0.2, 0.5), (0.2, np.nan), (0.35, 0.6)]
)
def test_an_ambiguous_variant_without_a_clear_frequency_is_an_error(
    here: float, wanted: float
) -> None:
    """It is named, with what to do; it may be dropped, or taken as written if both are forward."""
    x = np.column_stack([frequent(here), frequent(0.3)])
    cohort = people_with(x, [("C", "G"), ("A", "G")])
    table = wants([("G", "C"), ("A", "G")], frequency=[wanted, np.nan])
    with pytest.raises(FeatureError) as raised:
        align_alleles(cohort, table)
    told = "1 of 2 variants are not told by their alleles: 1 are A/T or C/G, first ['v0']"
    assert told in str(raised.value)
    dropped = align_alleles(cohort, table, ambiguous="drop")
    assert dropped.features.names == ("v1",)
    assert "1 that were not told were dropped" in dropped.notes[-1]
    forward = align_alleles(cohort, table, ambiguous="forward")
    np.testing.assert_array_equal(forward.dense()[:, 0], 2 - x[:, 0])
    assert forward.features.table is not None
    assert forward.features.table["alignment"].tolist() == ["swapped", "same"]
    with pytest.raises(FeatureError, match="no wanted variant is left"):
        align_alleles(cohort, table.iloc[:1], ambiguous="drop")


def test_few_people_do_not_tell_a_frequency() -> None:
    """What 400 people tell clearly, six do not."""
    table = wants([("A", "T")], frequency=[0.1])
    assert align_alleles(people_with(frequent(0.15), [("A", "T")]), table).n == 400
    x = np.array([[1.0], [0.0], [1.0], [0.0], [0.0], [0.0]])
    with pytest.raises(FeatureError, match="not told by their alleles"):
        align_alleles(people_with(x, [("A", "T")]), table)


def test_frequencies_of_other_people_decide_nothing() -> None:
    """Where they tell known alleles wrongly, an ambiguous variant stays an error or is dropped."""
    x = np.column_stack([frequent(0.1)] * 3 + [frequent(0.1)])
    cohort = people_with(x, [("A", "G")] * 3 + [("A", "T")])
    table = wants([("A", "G")] * 3 + [("A", "T")], frequency=[0.1, 0.1, 0.1, 0.9])
    assert align_alleles(cohort, table).features.names == ("v0", "v1", "v2", "v3")
    table.loc[0, "frequency"] = 0.9
    with pytest.raises(FeatureError, match="Frequencies tell 1 of 3 known alleles wrongly"):
        align_alleles(cohort, table)
    with pytest.warns(EvenlightWarning, match=r"1 of 3 variants with a clear .*'v0'"):
        dropped = align_alleles(cohort, table, ambiguous="drop")
    assert dropped.features.names == ("v0", "v1", "v2")


def test_without_alleles_a_frequency_that_contradicts_is_an_error() -> None:
    """A flipped coding without labels is found by frequency, and never turned by it."""
    table = wants([("A", "G")], frequency=[0.2])
    agreed = align_alleles(people_with(frequent(0.2), None), table)
    assert agreed.features.table is not None
    assert agreed.features.table["alignment"].tolist() == ["same by frequency"]
    with pytest.raises(FeatureError, match=r"1 variants have no alleles .*other allele.*'v0'"):
        align_alleles(people_with(frequent(0.8), None), table)
    with pytest.raises(FeatureError, match=r"1 have no alleles in the cohort, first \['v0'\]"):
        align_alleles(people_with(frequent(0.2), None), wants([("A", "G")]))
    with pytest.raises(FeatureError, match="not told"):
        align_alleles(people_with(frequent(0.2), None), wants([("A", "G")]), ambiguous="forward")


def test_frequencies_of_the_other_allele_are_told() -> None:
    """One variant of many with the other's frequency is a warning; most of them are an error."""
    x = np.column_stack([frequent(0.2)] * 3)
    cohort = people_with(x, [("A", "G")] * 3)
    with pytest.warns(EvenlightWarning, match=r"1 of 3 variants with a clear .*'v2'"):
        align_alleles(cohort, wants([("A", "G")] * 3, frequency=[0.2, 0.2, 0.8]))
    with pytest.raises(FeatureError, match=r"3 of 3 variants with a clear frequency"):
        align_alleles(cohort, wants([("A", "G")] * 3, frequency=[0.8] * 3))
    assert align_alleles(cohort, wants([("G", "A")] * 3, frequency=[0.8] * 3).iloc[:2]).n == 400


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"variant": ["v0", "w9"]}, r"1 of 2 wanted variants are no features.*\['w9'\]"),
        ({"variant": ["v0", "v0"]}, r"1 wanted variants are named twice \(first 'v0'\)"),
        ({"effect_allele": ["C", "C"]}, r"1 of 2 variants have other alleles.*\(A/G here, C/G"),
        ({"effect_allele": ["A", None]}, r"wanted variant 'v1' has no effect allele"),
        ({"frequency": [0.1, 1.7]}, "outside 0 to 1"),
        ({"build": ["hg38", "hg38"]}, "are of GRCh38 and the cohort of GRCh37; lift"),
        ({"position": [10, 21]}, r"1 of 2 variants have another position.*\['v1'\]"),
        ({"chromosome": ["chr1", "chr2"]}, "1 of 2 variants have another chromosome"),
    ],
)
def test_wanted_variants_that_do_not_fit_are_named(change: dict[str, object], why: str) -> None:
    """Absent, doubled, of other alleles, of another build or place: each says which and what."""
    cohort = people_with(
        np.column_stack([frequent(0.3)] * 2), [("A", "G"), ("C", "A")],
        chromosome=["1", "1"], position=[10, 20], build=["GRCh37", "GRCh37"],
    )  # fmt: skip
    good = wants([("A", "G"), ("C", "A")], chromosome=["1", "chr1"], position=[10, 20])
    assert align_alleles(cohort, good, build="hg19").n == 400
    with pytest.raises(FeatureError, match=why):
        align_alleles(cohort, good.assign(**change))  # type: ignore[arg-type]


def test_choices_and_columns_that_are_wrong_are_refused() -> None:
    """An unknown choice, a build that differs, missing columns and values that are no copies."""
    cohort = people_with(frequent(0.3), [("A", "G")], build=["GRCh37"])
    good = wants([("A", "G")])
    with pytest.raises(FeatureError, match="ambiguous='guess'"):
        align_alleles(cohort, good, ambiguous="guess")  # type: ignore[arg-type]
    with pytest.raises(FeatureError, match="lift one of them over"):
        align_alleles(cohort, good, build="GRCh38")
    with pytest.raises(FeatureError, match="no column other_allele"):
        align_alleles(cohort, good.drop(columns="other_allele"))
    with pytest.raises(FeatureError, match=r"'v0' holds values that are no copies"):
        align_alleles(cohort.altered(x=cohort.dense() + 1.5), good)
    assert align_alleles(cohort, good.set_index("variant")).n == 400
    assert align_alleles(cohort, good.rename(columns={"variant": "id"})).n == 400
    alone = align_alleles(cohort, good.assign(other_allele="NA"))
    assert alone.features.table is not None
    assert alone.features.table["other_allele"].tolist() == ["G"]


def test_variants_are_named_by_a_column_and_never_by_the_numbers_of_rows() -> None:
    """A table with rsid in place of variant is told how to rename it; an index of names serves."""
    x, alleles = dosages(6, 2), [("A", "G"), ("C", "A")]
    here, wanted = people_with(x, alleles), wants(alleles)
    renamed = wanted.rename(columns={"variant": "rsID"})
    with pytest.raises(FeatureError, match=r'no column variant.*columns={"rsID": "variant"}'):
        align_alleles(here, renamed)
    with pytest.raises(FeatureError, match=r"no column variant.*rename the one that holds"):
        align_alleles(here, wanted.rename(columns={"variant": "v"}).iloc[1:])
    np.testing.assert_array_equal(align_alleles(here, wanted.set_index("variant")).dense(), x)
