"""Polygenic scores: what a scoring file says, and whose alleles it counts."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features
from evenlight.errors import EvenlightWarning, ModelError
from evenlight.explainers.explain import explain
from evenlight.modalities.alignment import align_alleles
from evenlight.modalities.pgs import PolygenicScore, read_pgs
from evenlight.models.adapt import adapt
from evenlight.models.probe import settled

HEADER = """###PGS CATALOG SCORING FILE - made up
#format_version=2.0
##POLYGENIC SCORE (PGS) INFORMATION
#pgs_id=PGS000000
#genome_build=hg19
#variants_number={rows}
#weight_type={kind}
"""
ROWS: dict[str, Any] = {
    "rsID": ["rs1", "rs2", "rs3", "rs4", "rs5", "rs6"],
    "chr_name": ["1", "1", "2", "2", "3", "X"],
    "chr_position": [100, 200, 300, 400, 500, 600],
    "effect_allele": ["A", "C", "A", "A", "G", "AT"],
    "other_allele": ["G", "T", "C", "T", "C", "A"],
    "effect_weight": [0.5, -0.2, 0.1, 0.4, 0.3, 0.25],
    "allelefrequency_effect": [0.3, 0.3, 0.3, 0.2, 0.15, 0.4],
}
OTHER_OF_FILE = ["G", "T", "C", "T", "C", "A"]
COUNTED = ["A", "T", "T", "T", "G", "AT"]
OTHER = ["G", "C", "G", "A", "C", "A"]
N = 400
RNG = np.random.default_rng(0)
DOSAGE = RNG.binomial(2, [0.3, 0.7, 0.3, 0.2, 0.15, 0.4], (N, 6)).astype(float)
PEOPLE = pd.DataFrame(
    {"ancestry": RNG.choice(["a", "b"], N)}, index=[f"p{i:03d}" for i in range(N)]
)


def written(path: Path, rows: Mapping[str, Any], *, kind: str = "beta") -> Path:
    """A scoring file of these columns."""
    table = pd.DataFrame(rows)
    text = HEADER.format(rows=len(table), kind=kind) + table.to_csv(sep="\t", index=False)
    path.write_text(text, encoding="utf-8")
    return path


def genotyped(
    counted: list[str] = COUNTED, other: list[str] = OTHER, *, build: str = "GRCh37",
    x: Float = DOSAGE, names: list[str] | None = None,
) -> Cohort:  # fmt: skip
    """A cohort whose feature table is that of read_plink and read_vcf."""
    own = names or [f"rs{j + 1}" for j in range(len(counted))]
    table = pd.DataFrame(
        {
            "chromosome": ["1", "1", "2", "2", "3", "X"], "counted_allele": counted,
            "position": [100, 200, 300, 400, 500, 600], "other_allele": other, "build": build,
            "males": ["", "", "", "", "", "0/2"],
        },
        index=own,
    )  # fmt: skip
    return Cohort(x, PEOPLE, Features(tuple(own), table), groups=["ancestry"], unit="row")


def test_no_weight_turns_for_everyone_where_males_have_one_copy(tmp_path: Path) -> None:
    """Of a swapped variant on X 2 less the dosage would give each male one copy too many."""
    score = read_pgs(written(tmp_path / "score.txt", ROWS))
    doubled = genotyped([*COUNTED[:5], "A"], [*OTHER[:5], "AT"])
    assert score.aligned(doubled).weights["rs6"] == -0.25
    assert doubled.features.table is not None
    table = doubled.features.table.assign(males=["", "", "", "", "", "0/1"])
    cohort = Cohort(doubled.x, PEOPLE, Features(doubled.features.names, table), unit="row")
    with pytest.raises(ModelError, match=r"of 1 variants on X, Y or MT .*align_alleles"):
        score.aligned(cohort)


def test_the_file_is_read_whole(tmp_path: Path) -> None:
    """Ids, places, alleles, weights, frequencies and build; gzipped it is the same."""
    score = read_pgs(written(tmp_path / "score.txt", ROWS))
    packed = tmp_path / "score.txt.gz"
    packed.write_bytes(gzip.compress((tmp_path / "score.txt").read_bytes()))
    assert (score.name, score.build, len(score)) == ("PGS000000", "GRCh37", 6)
    for name in ("effect_allele", "other_allele"):
        assert score.variants[name].tolist() == ROWS[name]
    assert score.variants["weight"].tolist() == ROWS["effect_weight"]
    assert score.variants["frequency"].tolist() == ROWS["allelefrequency_effect"]
    pd.testing.assert_frame_equal(read_pgs(packed).variants, score.variants)


def test_the_score_is_that_of_counting_effect_alleles_one_person_at_a_time(
    tmp_path: Path,
) -> None:
    """Whichever allele the cohort counts and whichever strand it names: the same six counts.

    rs1 as it is, rs2 swapped, rs3 on the other strand, rs4 (A/T) on the other strand by its
    frequency, rs5 (G/C) as it is by its frequency, rs6 an insertion as it is.
    """
    score = read_pgs(written(tmp_path / "score.txt", ROWS))
    cohort = genotyped()
    effect = DOSAGE.copy()
    effect[:, 1] = 2 - effect[:, 1]
    slow = [sum(w * effect[i, j] for j, w in enumerate(score.variants["weight"])) for i in range(N)]
    model = score.aligned(cohort)
    np.testing.assert_allclose(adapt(model).margin(DOSAGE)[:, 0], slow, atol=1e-12)
    assert score.matched(cohort)["match"].tolist() == [
        *("same", "swapped", "other strand", "other strand", "same", "same"),
    ]
    assert "6 of 6 variants, with 100 %" in model.notes[0]
    assert any("1 variants are on the sex chromosomes" in note for note in model.notes)
    assert explain(model, cohort).method == "linear"
    assert settled(model, cohort).notes[0] == model.notes[0]


@settings(max_examples=40, deadline=None)
@given(swap=st.lists(st.booleans(), min_size=6, max_size=6), strand=st.booleans())
def test_the_score_does_not_depend_on_what_the_cohort_counts(
    swap: list[bool], strand: bool
) -> None:
    """Counting the other allele at some sites, or the other strand, changes nobody's score."""
    score = PolygenicScore("made up", variants(), "GRCh37")
    base = adapt(score.aligned(genotyped())).margin(DOSAGE)
    pairs = [(b, a) if s else (a, b) for a, b, s in zip(COUNTED, OTHER, swap, strict=True)]
    if strand:
        turn = str.maketrans("ACGT", "TGCA")
        pairs = [(a.translate(turn)[::-1], b.translate(turn)[::-1]) for a, b in pairs]
    x = np.where(swap, 2 - DOSAGE, DOSAGE)
    cohort = genotyped([a for a, _ in pairs], [b for _, b in pairs], x=x)
    np.testing.assert_allclose(adapt(score.aligned(cohort)).margin(x), base, atol=1e-9)


def variants() -> pd.DataFrame:
    """The variants of the file as a table."""
    return pd.DataFrame(ROWS).rename(
        columns={
            "rsID": "id", "chr_name": "chromosome", "chr_position": "position",
            "effect_weight": "weight", "allelefrequency_effect": "frequency",
        }
    )  # fmt: skip


def test_complementary_alleles_need_a_frequency_that_tells(tmp_path: Path) -> None:
    """Near one half, or without one, the variants are named; they are dropped or taken as asked."""
    rows = {**ROWS, "allelefrequency_effect": [0.3, 0.3, 0.3, 0.5, 0.15, 0.4]}
    score = read_pgs(written(tmp_path / "score.txt", rows))
    with pytest.raises(ModelError, match=r"the strand of 1 variants .* first \['rs4'\]"):
        score.aligned(genotyped())
    dropped = score.aligned(genotyped(), ambiguous="drop")
    assert "rs4" not in dropped.weights
    assert dropped.weights["rs5"] == 0.3
    forward = score.aligned(genotyped(), ambiguous="forward")
    assert forward.weights["rs4"] == -0.4  # A is the allele that the cohort does not count
    bare = {name: column for name, column in ROWS.items() if name != "allelefrequency_effect"}
    with pytest.raises(ModelError, match=r"the strand of 2 variants"):
        read_pgs(written(tmp_path / "bare.txt", bare)).aligned(genotyped())


def many(drift: float, *, v: int = 400, n: int = 300) -> tuple[Cohort, PolygenicScore]:
    """A cohort whose frequencies are off those of a score by `drift` (SD): half A/T, half A/G."""
    rng = np.random.default_rng(5)
    there = rng.uniform(0.02, 0.98, v)
    here = np.clip(there + rng.normal(0, drift, v), 0.02, 0.98)
    names = [f"rs{j}" for j in range(v)]
    other = np.where(np.arange(v) < v // 2, "T", "G")
    table = pd.DataFrame(
        {"chromosome": "1", "position": 1000 * np.arange(1, v + 1), "counted_allele": "A",
         "other_allele": other, "build": "GRCh37"}, index=names,
    )  # fmt: skip
    people = pd.DataFrame({"sex": ["f", "m"] * (n // 2)}, index=[f"p{i:03d}" for i in range(n)])
    x = rng.binomial(2, here, (n, v)).astype(float)
    rows = table.reset_index(names="id").rename(columns={"counted_allele": "effect_allele"})
    score = PolygenicScore("many", rows.assign(weight=1.0, frequency=there), "GRCh37")
    return Cohort(x, people, Features(tuple(names), table), unit="row"), score


def test_frequencies_of_other_people_tell_no_strand() -> None:
    """Where they tell known alleles wrongly they tell no A/T: as in `align_alleles`, all of it."""
    cohort, score = many(0.25)
    found = score.matched(cohort, ambiguous="drop")["match"].tolist()
    assert found == ["ambiguous"] * 200 + ["same"] * 200
    with pytest.raises(ModelError, match=r"Frequencies tell \d+ of \d+ known alleles wrongly"):
        score.aligned(cohort)
    model = score.aligned(cohort, ambiguous="drop", least=0.4)
    assert any("populations differ, or their alleles are wrong" in note for note in model.notes)
    table = score.variants.rename(columns={"id": "variant"})
    with pytest.warns(EvenlightWarning, match="populations differ"):
        aligned = align_alleles(cohort, table, ambiguous="drop")
    assert aligned.features.names == tuple(f"rs{j}" for j in range(200, 400))


def test_scores_and_alignment_tell_the_same_strands() -> None:
    """One rule: both keep the same A/T variants, and no known allele is told wrongly."""
    cohort, score = many(0.05)
    found = score.matched(cohort, ambiguous="drop")
    used = found["variant"][found["match"] == "same"].tolist()
    assert set(found["match"]) == {"same", "ambiguous"}
    aligned = align_alleles(
        cohort, score.variants.rename(columns={"id": "variant"}), ambiguous="drop"
    )
    assert list(aligned.features.names) == used
    assert len(used) > 250
    notes = score.aligned(cohort, ambiguous="drop", least=0.5).notes
    assert any("it tells 0 of" in note for note in notes)


def test_a_file_whose_alleles_are_in_each_other_s_column_is_refused() -> None:
    """Frequencies of most known alleles are the other one's: told, unless the user vouches."""
    cohort, score = many(0.02)
    turned = score.variants.rename(
        columns={"effect_allele": "other_allele", "other_allele": "effect_allele"}
    )
    wrong = PolygenicScore("turned", turned, "GRCh37")
    with pytest.raises(ModelError, match="is each allele in its column"):
        wrong.aligned(cohort, ambiguous="drop")
    assert wrong.aligned(cohort, ambiguous="forward").intercept == 800


def test_what_is_not_matched_is_counted_and_below_a_share_refused(tmp_path: Path) -> None:
    """Other alleles and absent variants are told; the share is of the sum of |weight|."""
    score = read_pgs(written(tmp_path / "score.txt", ROWS))
    other = genotyped(["C", *COUNTED[1:]], ["A", *OTHER[1:]])
    found = score.matched(other)
    assert found["match"][0] == "other alleles"
    assert found["feature"][0] == ""
    with pytest.raises(ModelError, match=r"5 of 6 variants, with 71 % .* at least 75 % is wanted"):
        score.aligned(other)
    model = score.aligned(other, least=0.7)
    assert "1 other alleles ['rs1']" in model.notes[0]
    fewer = other.features.names[1:5]
    part = Cohort(
        DOSAGE[:, 1:5], PEOPLE, Features(fewer, other.features.table.loc[list(fewer)]),  # type: ignore[union-attr]
        groups=["ancestry"], unit="row",
    )  # fmt: skip
    assert score.matched(part)["match"].tolist()[::5] == ["absent", "absent"]


def test_places_are_of_one_build_and_ids_serve_where_they_are_not(tmp_path: Path) -> None:
    """Another build is matched by id, never by position; without ids it is refused."""
    score = read_pgs(written(tmp_path / "score.txt", ROWS))
    lifted = genotyped(build="GRCh38")
    assert score.aligned(lifted).notes[0].count("matched by id") == 1
    with pytest.raises(ModelError, match="the score is on GRCh37, the cohort on GRCh38"):
        score.aligned(lifted, by="position")
    placed = {name: column for name, column in ROWS.items() if name != "rsID"}
    without = read_pgs(written(tmp_path / "placed.txt", placed))
    with pytest.raises(ModelError, match="the score has no ids"):
        without.aligned(lifted)
    named = genotyped(names=[f"1:{j}" for j in range(6)])
    np.testing.assert_allclose(
        adapt(without.aligned(named)).margin(DOSAGE), adapt(score.aligned(named)).margin(DOSAGE)
    )
    assert without.labels[0] == "1:100:G:A"


def test_harmonised_columns_are_taken_first(tmp_path: Path) -> None:
    """hm_ places and their build replace those of the authors, unless one says otherwise."""
    rows = {**ROWS, "hm_rsID": [f"rs{j}0" for j in range(6)], "hm_chr": ROWS["chr_name"],
            "hm_pos": [1, 2, 3, 4, 5, 6]}  # fmt: skip
    path = written(tmp_path / "score.txt", rows)
    path.write_text("#HmPOS_build=GRCh38\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    score, own = read_pgs(path), read_pgs(path, harmonised=False)
    assert (score.build, own.build) == ("GRCh38", "GRCh37")
    assert (score.variants["position"][5], own.variants["position"][5]) == (6.0, 600.0)
    assert (score.labels[0], own.labels[0]) == ("rs00", "rs1")


def test_a_file_of_version_one_is_read(tmp_path: Path) -> None:
    """Its header has words for keys, its other allele is called reference, ratios are in rows."""
    rows = {("reference_allele" if k == "other_allele" else k): v for k, v in ROWS.items()}
    text = pd.DataFrame({**rows, "weight_type": "beta"}).to_csv(sep="\t", index=False)
    head = "### PGS CATALOG SCORING FILE\n# PGS ID = PGS000009\n# Original Genome Build = GRCh37\n"
    path = tmp_path / "old.txt"
    path.write_text(f"{head}# Number of Variants = 6\n{text}", encoding="utf-8")
    score = read_pgs(path)
    assert (score.name, score.build) == ("PGS000009", "GRCh37")
    assert score.variants["other_allele"].tolist() == OTHER_OF_FILE
    ratios = pd.DataFrame({**rows, "effect_weight": [1.5] * 6, "weight_type": "OR"})
    path.write_text(head + ratios.to_csv(sep="\t", index=False), encoding="utf-8")
    with pytest.raises(ModelError, match="weight_type OR"):
        read_pgs(path)


@pytest.mark.parametrize(
    "column", ["is_interaction", "is_haplotype", "is_dominant", "is_recessive", "dosage_2_weight"]
)
def test_rows_that_are_not_additive_are_refused_by_name(tmp_path: Path, column: str) -> None:
    """Interactions, haplotypes, dominance and weights by dosage are no weight times a dosage."""
    plain = written(tmp_path / "plain.txt", {**ROWS, column: ["False"] * 6})
    assert len(read_pgs(plain)) == 6
    marked = ["False", "True", "False", "False", "False", "False"]
    values = marked if column.startswith("is_") else ["0", "0.3", "", "", "", ""]
    with pytest.raises(ModelError, match=rf"1 of 6 rows are not additive \({column}\).*'rs2'"):
        read_pgs(written(tmp_path / "other.txt", {**ROWS, column: values}))


def test_ratios_are_never_added_up(tmp_path: Path) -> None:
    """Odds ratios under the name of weights are refused; a column OR becomes its logarithm."""
    ratios = {**ROWS, "effect_weight": [1.5, 0.9, 1.1, 1.2, 1.3, 1.01]}
    with pytest.raises(ModelError, match="weight_type OR says that effect_weight are ratios"):
        read_pgs(written(tmp_path / "score.txt", ratios, kind="OR"))
    only = {name: column for name, column in ROWS.items() if name != "effect_weight"}
    score = read_pgs(written(tmp_path / "or.txt", {**only, "OR": ratios["effect_weight"]}))
    np.testing.assert_allclose(score.variants["weight"], np.log([1.5, 0.9, 1.1, 1.2, 1.3, 1.01]))
    signed = read_pgs(written(tmp_path / "log.txt", ROWS, kind="OR"))
    assert signed.variants["weight"][1] == -0.2  # below 0: no ratio


def test_a_file_that_is_wrong_says_so(tmp_path: Path) -> None:
    """Cut off, without alleles, without weights, with a weight that is no number, or absent."""
    path = written(tmp_path / "score.txt", ROWS)
    lines = path.read_text(encoding="utf-8").splitlines()
    (tmp_path / "cut.txt").write_text("\n".join(lines[:-2]), encoding="utf-8")
    with pytest.raises(ModelError, match="says 6 variants, and the file has 4"):
        read_pgs(tmp_path / "cut.txt")
    for name in ("effect_allele", "effect_weight"):
        short = {k: v for k, v in ROWS.items() if k != name}
        with pytest.raises(ModelError, match=f"no column '{name}'"):
            read_pgs(written(tmp_path / "short.txt", short))
    with pytest.raises(ModelError, match="1 of 6 variants have no finite weight, first rs1"):
        read_pgs(written(tmp_path / "x.txt", {**ROWS, "effect_weight": ["x", 1, 1, 1, 1, 1]}))
    with pytest.raises(ModelError, match="there is no scoring file"):
        read_pgs(tmp_path / "absent.txt")


def test_a_cohort_that_cannot_be_scored_says_so(tmp_path: Path) -> None:
    """Without alleles, with standardised genotypes, with one place twice, or not aligned at all."""
    score = read_pgs(written(tmp_path / "score.txt", ROWS))
    plain = Cohort(DOSAGE, PEOPLE, [f"rs{j}" for j in range(6)], groups=["ancestry"], unit="row")
    with pytest.raises(ModelError, match="features have no chromosome, position"):
        score.aligned(plain)
    with pytest.raises(ModelError, match="not standardised"):
        score.aligned(genotyped(x=DOSAGE - 1))
    with pytest.raises(ModelError, match=r"hand over score\.aligned\(cohort\)"):
        adapt(score)
    twice = pd.concat([variants(), variants().iloc[:1]], ignore_index=True)
    with pytest.raises(ModelError, match="1 features have two or more variants"):
        PolygenicScore("twice", twice, "GRCh37").aligned(genotyped())
    with pytest.raises(ModelError, match="wanted one of"):
        score.aligned(genotyped(), by="name")  # type: ignore[arg-type]
