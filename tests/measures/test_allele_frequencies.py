"""Allele frequencies by group, variants by how common they are, and where importance lies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evenlight import codec
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.errors import (
    AttributionError,
    EvenlightWarning,
    FeatureError,
    GroupError,
    InputError,
    UnknownName,
)
from evenlight.measures.allele_frequencies import (
    AlleleFrequencies,
    allele_frequencies,
    maf_strata,
)
from evenlight.measures.genotype_axes import unlinked_sites
from evenlight.measures.set_shares import SetShares, set_shares
from tests.genotyped import linked
from tests.given import made_of


def real(data: Path, sites: str) -> Cohort:
    """The 2,504 people of 1000 Genomes at some sites."""
    folder = data / "kg2504-genotypes"
    held = np.load(folder / "genotypes.npz")
    people = pd.read_csv(folder / "samples.csv", index_col="sample")
    names = [str(s) for s in held[f"{sites}_sites"]]
    return Cohort(held[sites].astype(float), people, names, unit="row", groups=["superpopulation"])


def small(sizes: tuple[int, ...], p: int = 12, seed: int = 0) -> Cohort:
    """Groups A, B, ... with genotypes of frequencies from rare to common, a tenth missing."""
    rng = np.random.default_rng(seed)
    n = sum(sizes)
    x = rng.binomial(2, np.linspace(0.002, 0.6, p), (n, p)).astype(float)
    x[rng.random(x.shape) < 0.1] = np.nan
    labels = np.repeat(list("ABCDE")[: len(sizes)], sizes)
    table = pd.DataFrame({"group": labels}, index=[f"p{i:03d}" for i in range(n)])
    return Cohort(x, table, [f"s{j}" for j in range(p)], unit="row", missing="keep")


def test_frequencies_are_counted_and_few_carriers_are_not_told() -> None:
    """Each is copies over twice the people known; 1 to 10 carriers or people are hidden."""
    cohort = small((120, 80, 6))
    found = allele_frequencies(cohort, by="group")
    x = cohort.dense()
    for k, level in enumerate("ABC"):
        for j in range(12):
            own = x[(cohort.people["group"] == level).to_numpy(), j]
            own = own[~np.isnan(own)]
            ones, twos = (own > 0).sum(), (own < 2).sum()
            hidden = len(own) < 11 or 0 < min(ones, twos) < 11
            assert (found.reason[k, j] != "") == hidden == np.isnan(found.frequency[k, j])
            if not hidden:
                assert abs(found.frequency[k, j] - own.mean() / 2) <= 0.15
                assert abs(found.people[k, j] - len(own)) <= 2.5
    assert found.rounded
    assert (found.reason[2] == "suppressed (<11)").all()
    assert codec.restore(AlleleFrequencies, codec.plain(found)).to_frame().equals(found.to_frame())


def test_strata_are_by_the_reference_and_part_all_features() -> None:
    """Each variant is in the stratum of its minor allele frequency among the reference's people."""
    cohort = small((300, 320))
    made = maf_strata(cohort, by="group", reference="B", columns=[f"s{j}" for j in range(10)])
    x = cohort.dense()[300:]
    for j in range(10):
        q = np.nanmean(x[:, j]) / 2
        at = int(np.sum(min(q, 1 - q) >= np.array([0.01, 0.05, 0.2])))
        name = [
            "MAF below 1 % in B", "MAF 1 % to 5 % in B", "MAF 5 % to 20 % in B",
            "MAF from 20 % in B",
        ][at]  # fmt: skip
        assert f"s{j}" in made.members(name)
    assert made.members("other features") == ("s10", "s11")
    assert made.kind == "MAF stratum"
    assert (np.diff(made.membership.tocsc().indptr) == 1).all()
    assert maf_strata(cohort, by="group").names[-1].endswith("in B")


def test_strata_that_cannot_be_told_are_refused() -> None:
    """Edges, levels, small references and unread variants are errors; few copies are a warning."""
    cohort = small((300, 200, 5))
    with pytest.raises(InputError, match="they rise"):
        maf_strata(cohort, by="group", edges=(0.2, 0.1))
    with pytest.raises(UnknownName, match="no level of group 'Z'"):
        maf_strata(cohort, by="group", reference="Z")
    with pytest.raises(GroupError, match="fewer than 11 people in C"):
        maf_strata(cohort, by="group", reference="C")
    with pytest.warns(EvenlightWarning, match=r"1\.0 % is .* copies among the people of B"):
        maf_strata(small((300, 60)), by="group", reference="B")
    x = cohort.dense()
    x[5:300, 3] = np.nan
    with pytest.raises(FeatureError, match=r"1 of 12 variants .* first 's3'"):
        maf_strata(cohort.altered(x=x), by="group")


def test_shares_of_importance_are_sums_over_sets() -> None:
    """A share is the sum of mean |attribution| over a set's features; limits hold it."""
    cohort = small((90, 70, 4)).altered(x=np.zeros((164, 12)), gaps=False)
    phi = np.random.default_rng(0).normal(size=(164, 12)) * np.arange(1, 13)
    sets = FeatureSets.from_lists({"low": ["s0", "s1"]}, cohort.features.names, rest="rest")
    found = set_shares(made_of(cohort, phi), cohort, sets, by="group")
    size = np.abs(phi[:90]).mean(axis=0)
    assert found.share[0, 0] == pytest.approx(size[:2].sum() / size.sum(), abs=0.02)
    assert (found.low[:2] <= found.share[:2]).all()
    assert (found.share[:2] <= found.high[:2]).all()
    assert found.reason.tolist() == ["", "", "suppressed (<11)"]
    assert np.isnan(found.share[2]).all()
    assert found.features.tolist() == [2, 10]
    assert codec.restore(SetShares, codec.plain(found)).to_frame().equals(found.to_frame())
    other = FeatureSets.from_lists({"low": ["a"]}, ["a", "b"], rest="rest")
    with pytest.raises(AttributionError):
        set_shares(made_of(cohort, phi), cohort, other, by="group")


def test_limits_of_a_share_hold_it_at_their_rate() -> None:
    """Over 400 draws of 60 people the limits of a share hold the true one in 93 to 97 of 100."""
    held = []
    sets = FeatureSets.from_lists({"a": ["s0"]}, ["s0", "s1"], rest="rest")
    table = pd.DataFrame({"group": ["A", "B"] * 60}, index=[f"p{i}" for i in range(120)])
    cohort = Cohort(np.zeros((120, 2)), table, ["s0", "s1"], unit="row")
    for seed in range(200):
        phi = np.random.default_rng(seed).exponential(size=(120, 2)) * [1, 3]
        found = set_shares(made_of(cohort, phi), cohort, sets, by="group")
        held += ((found.low[:, 0] <= 0.25) & (found.high[:, 0] >= 0.25)).tolist()
    assert 0.91 <= np.mean(held) <= 0.98


def test_pruned_sites_are_one_of_each_block() -> None:
    """Of blocks of copies of one founder site few are left, and no pair of them is linked."""
    x = linked(150, 8, size=4, rng=np.random.default_rng(0))
    cohort = Cohort(
        x, pd.DataFrame(index=[f"p{i:03d}" for i in range(150)]), [f"s{j}" for j in range(32)],
        unit="row",
    )  # fmt: skip
    kept = unlinked_sites(cohort, cut=0.2)
    at = [cohort.features.place[n] for n in kept]
    r = np.asarray(np.corrcoef(x[:, at].T)) ** 2
    assert 8 <= len(kept) < 16
    assert (r[np.triu_indices(len(at), 1)] <= 0.2).all()


@pytest.mark.data
def test_real_frequencies_and_strata_by_population(data: Path) -> None:
    """What is rare in Europe is often common in Africa: strata differ by reference."""
    cohort = real(data, "exome_common")
    found = allele_frequencies(cohort, by="superpopulation")
    own = (cohort.people["superpopulation"] == "EUR").to_numpy()
    k = found.levels.index("EUR")
    shown = found.reason[k] == ""
    true = cohort.dense()[own].mean(axis=0) / 2
    np.testing.assert_allclose(found.frequency[k][shown], true[shown], atol=0.02)
    assert found.rounded
    assert 0 < (~shown).sum() < 1000
    by = {
        level: maf_strata(cohort, by="superpopulation", reference=level) for level in ("EUR", "AFR")
    }
    rare = set(by["EUR"].members("MAF below 1 % in EUR"))
    common = set(by["AFR"].members("MAF 5 % to 20 % in AFR")) | set(
        by["AFR"].members("MAF from 20 % in AFR")
    )
    assert len(rare & common) > 50
    made = made_of(cohort, cohort.dense() - cohort.dense().mean(axis=0))
    shares = set_shares(made, cohort, by["EUR"], by="superpopulation")
    rare_at = by["EUR"].names.index("MAF below 1 % in EUR")
    afr, eur = (shares.levels.index(level) for level in ("AFR", "EUR"))
    assert shares.low[afr, rare_at] > shares.high[eur, rare_at]
