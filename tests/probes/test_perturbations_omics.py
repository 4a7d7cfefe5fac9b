"""Counts, expression and genotypes: against definitions, laws and literal loops."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenlight.data.cohort import Cohort
from evenlight.data.features import Features
from evenlight.errors import CohortError, FeatureError, UnknownName
from evenlight.probes.perturbations import counts, expression, genotypes
from evenlight.probes.perturbations.drawing import perturbed_rows
from evenlight.probes.perturbations.expression import SCALES
from evenlight.probes.perturbations.loci import loci
from evenlight.probes.perturbations.suites import suite
from tests.perturbed_world import arrays, cells, cohort_of, images, normalised, world
from tests.perturbed_world import counts as count_cohort
from tests.perturbed_world import genotypes as genotype_cohort


@settings(max_examples=20, deadline=None)
@given(share=st.floats(0.0, 1.0), seed=st.integers(0, 2**32 - 1))
def test_thinning_keeps_the_mean_share_of_reads(share: float, seed: int) -> None:
    """Of many reads 1 - share are kept, within five standard errors, and never more than there."""
    x = np.full((1, 500), 200.0)
    made = counts.thinned(x, share, np.random.default_rng(seed))
    error = np.sqrt(share * (1 - share) * x.sum())
    assert abs(made.sum() - (1 - share) * x.sum()) <= 5 * error + 1e-6
    assert ((made >= 0) & (made <= x)).all()


def test_ambient_reads_keep_the_size_of_the_library_and_follow_the_soup() -> None:
    """Every row keeps its number of reads, and what comes in has the profile of the soup."""
    x = np.random.default_rng(0).poisson(5.0, (300, 20)).astype(float)
    profile = np.zeros(20)
    profile[3] = 1.0
    made = counts.ambient(x, 0.2, np.random.default_rng(1), profile=profile)
    np.testing.assert_array_equal(made.sum(axis=1), x.sum(axis=1))
    others = np.arange(20) != 3
    assert made[:, others].sum() / x[:, others].sum() == pytest.approx(0.8, abs=0.01)


def test_a_batch_moves_a_gene_by_the_same_fold_in_all_rows() -> None:
    """Counts times 2^(strength z) in expectation: a mean over many reads shows each gene's fold."""
    x, z = np.full((4000, 3), 50.0), np.array([-1.0, 0.0, 2.0])
    made = counts.batch_shift(x, 0.5, np.random.default_rng(0), shared=z)
    np.testing.assert_allclose(made.mean(axis=0) / 50, 2 ** (0.5 * z), rtol=2e-3)


def test_doublets_hold_the_reads_of_both_cells() -> None:
    """A row that is doubled is itself plus one row of the pool; the share of such rows is right."""
    x, pool = np.zeros((4000, 2)), np.array([[1.0, 5.0], [2.0, 7.0]])
    made = counts.doublets(x, 0.25, np.random.default_rng(0), pool=pool)
    seen = {tuple(row) for row in made.tolist()}
    assert seen == {(0.0, 0.0), (1.0, 5.0), (2.0, 7.0)}
    assert (made.sum(axis=1) > 0).mean() == pytest.approx(0.25, abs=0.03)


def test_a_common_library_size_is_reached_at_strength_one() -> None:
    """Expected sums are the size at 1, and half-way in the logarithm at 0.5; empty rows stay."""
    x = np.vstack([np.full((500, 400), 2.0), np.zeros((1, 400))])
    for strength, wanted in ((1.0, 3200.0), (0.5, 1600.0)):
        made = counts.resized(x, strength, np.random.default_rng(0), size=3200.0)
        assert made[:-1].sum(axis=1).mean() == pytest.approx(wanted, rel=0.01)
        assert made[-1].sum() == 0


def test_quantile_normalisation_equals_a_loop() -> None:
    """The k-th smallest of each row becomes the k-th quantile, and half-way is half-way."""
    x, q = np.random.default_rng(0).normal(size=(5, 7)), np.arange(7.0)
    slow = np.empty_like(x)
    for i, row in enumerate(x):
        for k, j in enumerate(sorted(range(7), key=lambda j: row[j])):
            slow[i, j] = q[k]
    rng = np.random.default_rng(0)
    np.testing.assert_allclose(expression.quantiled(x, 1.0, rng, quantiles=q), slow)
    np.testing.assert_allclose(expression.quantiled(x, 0.5, rng, quantiles=q), (x + slow) / 2)


def test_changes_of_the_log_scale_equal_their_formulas() -> None:
    """Pseudo-count, offset, soup, sum and base, each against the formula in plain numpy."""
    rng, x = np.random.default_rng(0), np.log1p(np.random.default_rng(1).poisson(3.0, (4, 6)))
    log, v = SCALES["log1p"], np.expm1(x)
    np.testing.assert_allclose(
        expression.offset(x, 1.0, rng, scale=log, level=1.0), np.log(v + 2) - np.log(2)
    )
    profile = np.full(6, 1 / 6)
    soup = 0.9 * v + 0.1 * v.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(
        expression.ambient(x, 0.1, rng, scale=log, profile=profile), np.log1p(soup)
    )
    scaled = np.expm1(expression.rescaled(x, 1.0, rng, scale=log, size=100.0))
    np.testing.assert_allclose(scaled.sum(axis=1), 100.0)
    y = np.array([[8.0, 10.0]])
    np.testing.assert_allclose(
        expression.offset(y, 0.5, rng, scale=SCALES["log2"], level=64.0), np.log2(2**y + 32)
    )
    z = np.array([1.0, 0.0])
    for name in ("log2", "log10"):
        linear = SCALES[name].linear(y / 4)
        moved = expression.batch_shift(y / 4, 1.0, rng, scale=SCALES[name], shared=z)
        np.testing.assert_allclose(SCALES[name].linear(moved), linear * [2.0, 1.0])


def test_reads_of_normalised_cells_are_read_back_and_thinned() -> None:
    """Values per 1,000 reads give their counts back; thinned ones are counts with the same sum."""
    x = counts.dropout(count_cohort().dense(), 0.0, np.random.default_rng(0))
    x[:, 0] = 1.0
    linear = 1000 * x / x.sum(axis=1, keepdims=True)
    np.testing.assert_array_equal(expression.reads_of(linear), x)
    single = np.log1p(linear).astype(np.float32)
    log = SCALES["log1p"]
    np.testing.assert_array_equal(expression.reads_of(log.linear(single)), x)
    made = log.linear(
        expression.thinned(np.log1p(linear), 0.5, np.random.default_rng(0), scale=log)
    )
    np.testing.assert_allclose(made.sum(axis=1), 1000)
    kept = expression.reads_of(made)
    np.testing.assert_array_equal(kept, np.rint(kept))
    assert (kept <= x).all()
    own = suite("expression", cohort_of(np.log1p(linear)), scale="log1p")
    assert "sequencing depth" in [p.name for p in own.perturbations]
    other = suite("expression", cohort_of(np.random.default_rng(0).random((24, 5))), scale="log1p")
    assert "Sequencing depth was left out" in " ".join(other.notes)


def test_normalisation_is_left_out_where_sums_are_common() -> None:
    """Data per 1,000 reads have nothing left to normalise, and the suite says so."""
    made = suite("expression", normalised(), scale="log1p")
    assert "normalisation" not in [p.name for p in made.perturbations]
    assert made.notes[-1].startswith("Normalisation was left out")


@pytest.mark.parametrize("lost", [0.05, 0.2, 0.5])
def test_imputation_keeps_frequencies_at_the_stated_concordance(lost: float) -> None:
    """Squared correlation with the truth is 1 - strength, and each genotype keeps its share."""
    rng = np.random.default_rng(0)
    x = rng.choice(3, size=(40_000, 2), p=[0.5, 0.2, 0.3]).astype(float)
    shares = np.stack([(x < 0.5).mean(axis=0), (x < 1.5).mean(axis=0)])
    made = genotypes.imputed(x, lost, rng, shares=shares)
    for j in range(2):
        assert np.corrcoef(x[:, j], made[:, j])[0, 1] ** 2 == pytest.approx(1 - lost, abs=0.02)
        np.testing.assert_allclose(
            np.bincount(made[:, j].astype(int)) / 40_000, [0.5, 0.2, 0.3], atol=0.01
        )


def test_flips_are_their_own_inverse_and_missing_calls_stay_missing() -> None:
    """Flipping twice gives the data back, and NaN is neither flipped nor imputed."""
    x = genotype_cohort().dense()
    x[0, 0] = np.nan
    order, rng = np.random.default_rng(0).permutation(30), np.random.default_rng(0)
    once = genotypes.flipped(x, 0.5, rng, shared=order)
    assert ((once != x) & ~np.isnan(x)).any(axis=0).sum() <= 15
    np.testing.assert_array_equal(genotypes.flipped(once, 0.5, rng, shared=order), x)
    assert np.isnan(genotypes.imputed(x, 0.9, rng, shares=np.full((2, 30), 0.5))[0, 0])


def test_strand_flips_touch_ambiguous_variants_alone() -> None:
    """Where alleles are known, all A/T and C/G variants are turned at 1 and no other is."""
    cohort, made = world("genotypes")
    change = made.taking("strand flips").perturbations[0]
    x = cohort.dense()
    after = perturbed_rows(change, x, 1.0, rows=cohort.rows, run=0)
    ambiguous = [name.endswith("A:T") for name in cohort.features.names]
    np.testing.assert_array_equal(after[:, ambiguous], 2 - x[:, ambiguous])
    np.testing.assert_array_equal(after[:, ~np.array(ambiguous)], x[:, ~np.array(ambiguous)])
    plain = suite("genotypes", cohort_of(x))
    assert "strand flips" not in [p.name for p in plain.perturbations]
    assert plain.notes == ("Strand flips were left out: alleles are not known.",)


def test_neighbours_lie_on_the_same_chromosome() -> None:
    """The neighbour of a variant is the next position of its chromosome, before it for the last."""
    cohort = genotype_cohort()
    known = loci(cohort.features, list(range(30)))
    place = [tuple(map(int, name.split(":")[:2])) for name in cohort.features.names]
    for j, near in enumerate(known.neighbour.tolist()):
        own = sorted(p for p in place if p[0] == place[j][0])
        at = own.index(place[j])
        assert place[near] == own[at + 1 if at + 1 < len(own) else at - 1]


@pytest.mark.parametrize(("missing", "wanted"), [("mean", 0.75), ("mode", 0.0)])
def test_missing_calls_hold_what_was_declared(missing: str, wanted: float) -> None:
    """The mean or the most frequent genotype stands for a call that is missing."""
    cohort = cohort_of(np.resize([0.0, 0.0, 1.0, 2.0], (24, 1)), ["snp"])
    change = suite("genotypes", cohort, missing=missing).taking("missing calls").perturbations[0]
    made = perturbed_rows(change, cohort.dense(), 1.0, rows=cohort.rows, run=0)
    np.testing.assert_array_equal(made, wanted)


def test_data_of_another_kind_are_refused_with_what_was_found() -> None:
    """Floats for counts, an image for genotypes, a wrong scale or name: each names the remedy."""
    with pytest.raises(CohortError, match=r"counts are asked for.*no whole numbers.*feature"):
        suite("counts", cells())
    with pytest.raises(CohortError, match=r"dosage are asked for as a table.*\(24, 2, 16, 20\)"):
        suite("genotypes", images())
    with pytest.raises(CohortError, match=r"outside 0 \.\. 2; name the features"):
        suite("genotypes", count_cohort())
    with pytest.raises(CohortError, match="an image is asked for"):
        suite("imaging", count_cohort())
    with pytest.raises(UnknownName, match=r"declare the scale.*log1p, log2p1, log2, log10"):
        suite("expression", arrays())
    with pytest.raises(UnknownName, match="did you mean 'genotypes'"):
        suite("genotype", genotype_cohort())
    with pytest.raises(FeatureError, match=r"only= names 'snp'"):
        suite("genotypes", genotype_cohort(), only=["snp"])
    with pytest.raises(UnknownName, match="wanted mean, mode or nan"):
        suite("genotypes", genotype_cohort(), missing="zero")


def sexed() -> Cohort:
    """Variants as a reader gives them: autosomal, X of each coding, Y, MT, and a site of three."""
    names = [f"v{j}" for j in range(8)]
    table = pd.DataFrame(
        {
            "chromosome": ["1", "1", "chrX", "X", "X", "Y", "MT", "26"],
            "position": [1, 2, 3, 4, 70_000, 6, 7, 8],
            "counted_allele": list("ACAAAAAA"), "other_allele": list("TGTTTTTT"),
            "males": ["", "", "0/1", "0/2", "", "0/2", "0/1", "0/2"],
            "alleles": [2, 3, 2, 2, 2, 2, 2, 2],
        },
        index=names,
    )  # fmt: skip
    people = pd.DataFrame({"sex": ["m", "f"] * 12}, index=[f"p{i}" for i in range(24)])
    return Cohort(np.ones((24, 8)), people, Features(tuple(names), table), unit="row")


def test_flips_leave_alone_what_not_everybody_has_twice() -> None:
    """No male gets a copy that he has not: X by its coding, never Y, no site of three alleles."""
    cohort = sexed()
    made = suite("genotypes", cohort)
    assert loci(cohort.features, range(8)).double.tolist() == [0, 3, 4, 7]
    x = np.zeros((24, 8))
    for name in ("allele flips", "strand flips"):
        change = made.taking(name).perturbations[0]
        after = perturbed_rows(change, x, 1.0, rows=cohort.rows, run=0)
        assert after[0].tolist() == [2, 0, 0, 2, 2, 0, 0, 2]
    assert "Flips leave out 4 variants of which not everybody has two copies" in made.notes[-1]
    bare = Features(("X:5:A:T", "1:7:A:C"))
    assert loci(bare, range(2)).double.tolist() == [1]
    assert loci(bare, range(2)).ambiguous.tolist() == []


def test_a_suite_without_a_variant_to_flip_says_so() -> None:
    """On Y alone nothing is flipped, and the rest of the suite stands."""
    cohort = sexed()
    assert cohort.features.table is not None
    only = Features(("v5",), cohort.features.table.loc[["v5"]])
    made = suite("genotypes", cohort.altered(x=cohort.dense()[:, [5]], features=only))
    names = [p.name for p in made.perturbations]
    assert not {"allele flips", "strand flips"} & set(names)
    assert "variants lost" in names
