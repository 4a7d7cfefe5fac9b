"""A cohort that was read from files of genotypes is one like any other, and flat in memory."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from evenlight.arrays import Values
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features
from evenlight.errors import EvenlightWarning, FeatureError
from evenlight.explainers.explain import explain
from evenlight.measures.compare import compare
from evenlight.measures.genotype_axes import ld_blocks, principal_genotypes
from evenlight.measures.relatives import relatives
from evenlight.modalities import genotype_rows
from evenlight.modalities.alignment import align_alleles
from evenlight.modalities.plink import read_plink
from evenlight.modalities.vcf import read_vcf
from evenlight.stats.linkage import BASES
from tests.genotype_files import (
    BED,
    calls,
    dosages,
    made_samples,
    made_sites,
    write_bed,
    write_pgen,
    write_vcf,
)
from tests.genotyped import child, linked

Real = tuple[Values, pd.DataFrame, pd.DataFrame]


@pytest.fixture(scope="module", name="thousand")
def _thousand(data: Path) -> Real:
    """Genotypes (2504, 3000) of 1000 Genomes, their sites as a bim has them, and the people."""
    folder = data / "kg2504-genotypes"
    held = np.load(folder / "genotypes.npz")
    parts = [name.split(":") for name in held["exome_common_sites"].tolist()]
    sites = pd.DataFrame(parts, columns=["chromosome", "position", "A2", "A1"])
    sites["id"] = held["exome_common_sites"]
    sites["position"] = sites["position"].astype(int)
    people = pd.read_csv(folder / "samples.csv").set_index("sample")
    return held["exome_common"].astype(np.float64), sites, people


def samples_of(people: pd.DataFrame) -> pd.DataFrame:
    """The people as a fam has them."""
    made = made_samples(len(people))
    made["FID"] = made["IID"] = people.index
    made["sex"] = people["sex"].map({"male": 1, "female": 2}).to_numpy()
    return made


@pytest.mark.parametrize("kind", ["bed", "pgen"])
def test_real_people_come_back_as_they_were(thousand: Real, tmp_path: Path, kind: str) -> None:
    """2,504 people through a bed or pgen have the digest of the arrays that they were."""
    x, sites, people = thousand
    write = write_bed if kind == "bed" else write_pgen
    path = write(tmp_path / f"a.{kind}", x, sites, samples_of(people))
    read = read_plink(path, people=people, build="GRCh37", groups=["superpopulation", "sex"])
    direct = Cohort(x, people, sites["id"].tolist(), groups=["superpopulation", "sex"], unit="row")
    assert read.digest == direct.digest
    assert read.u == 2504


def test_real_sites_of_a_vcf_come_back_as_they_were(thousand: Real, tmp_path: Path) -> None:
    """200 sites as text have the digest of the arrays, and ids are by place."""
    x, sites, people = thousand
    rows = [
        f"{s.chromosome} {s.position} . {s.A2} {s.A1} . PASS . GT {calls(x[:, j])}"
        for j, s in enumerate(sites.head(200).itertuples())
    ]
    path = write_vcf(tmp_path / "a.vcf", rows, people.index.tolist())
    read = read_vcf(path, people=people)
    direct = Cohort(x[:, :200], people, sites["id"].tolist()[:200], unit="row")
    assert read.digest == direct.digest


def test_measures_of_genotypes_run_on_what_was_read(thousand: Real, tmp_path: Path) -> None:
    """Blocks of linkage and axes are those of the arrays with the same table of sites."""
    x, sites, people = thousand
    path = write_bed(tmp_path / "a.bed", x[:, :400], sites.head(400), samples_of(people))
    read = read_plink(path, people=people, groups=["superpopulation"])
    direct = Cohort(x[:, :400], people, read.features, groups=["superpopulation"], unit="row")
    first, second = (ld_blocks(c, within="superpopulation") for c in (read, direct))
    assert first.names == second.names
    assert (first.owners() == second.owners()).all()
    assert len(first.names) < 400
    axes, other = (principal_genotypes(c, components=3) for c in (read, direct))
    assert axes.sites == other.sites
    np.testing.assert_array_equal(axes.axes.values, other.axes.values)
    african = (read.people["superpopulation"] == "AFR").to_numpy()
    assert abs(np.corrcoef(axes.axes.values[:, 0], african)[0, 1]) > 0.9


def test_a_model_is_explained_on_what_was_read(thousand: Real, tmp_path: Path) -> None:
    """A linear model of sites has the same attributions and comparison from disk and memory."""
    x, sites, people = thousand
    own = people.iloc[::4].assign(african=lambda t: (t["superpopulation"] == "AFR").astype(int))
    x, sites = x[::4, :40], sites.head(40)
    model = LogisticRegression(max_iter=2000).fit(x[::2], own["african"][::2])
    path = write_bed(tmp_path / "a.bed", x, sites, samples_of(own))
    read = read_plink(path, people=own, outcome="african", groups=["sex"])
    direct = Cohort(x, own, read.features, outcome="african", groups=["sex"], unit="row")
    made, same = (explain(model, c, method="linear") for c in (read, direct))
    np.testing.assert_allclose(made.values, same.values, atol=1e-6)
    found = compare(made, read, by="sex", rng=0)
    assert (found.verdict == compare(same, direct, by="sex", rng=0).verdict).all()


def test_flipped_alleles_mislead_a_model_until_they_are_aligned(
    thousand: Real, tmp_path: Path
) -> None:
    """Files that count other alleles move a model's output; aligned, it is as it was."""
    x, sites, people = thousand
    x, sites = x[::8, :60], sites.head(60)
    african = (people["superpopulation"] == "AFR").to_numpy()[::8]
    model = LogisticRegression(max_iter=2000).fit(x, african)
    expected = model.decision_function(x)
    other = sites.copy()
    other.loc[::2, ["A1", "A2"]] = sites.loc[::2, ["A2", "A1"]].to_numpy()
    coded = np.where(np.arange(60) % 2 == 0, 2 - x, x)
    path = write_bed(tmp_path / "a.bed", coded, other, samples_of(people.iloc[::8]))
    read = read_plink(path)
    assert np.abs(model.decision_function(read.dense()) - expected).max() > 1
    wanted = sites.rename(
        columns={"id": "variant", "A1": "effect_allele", "A2": "other_allele"}
    ).assign(build="hg19", frequency=x.mean(axis=0) / 2)
    aligned = align_alleles(read, wanted, ambiguous="forward")
    np.testing.assert_allclose(model.decision_function(aligned.dense()), expected)


def test_frequencies_tell_real_strands_of_like_people_and_refuse_others(thousand: Real) -> None:
    """A/T and C/G sites are turned right by frequencies of like people, by no others' at all."""
    x, sites, people = thousand
    rng = np.random.default_rng(7)
    half = rng.random(len(x)) < 0.5
    europe = (people["superpopulation"] == "EUR").to_numpy()
    wanted = sites.rename(
        columns={"id": "variant", "A1": "effect_allele", "A2": "other_allele"}
    ).assign(frequency=x[half & europe].mean(axis=0) / 2)
    turned = rng.random(len(sites)) < 0.5
    flips = {"A": "T", "T": "A", "C": "G", "G": "C"}
    beside = pd.DataFrame(
        {
            "counted_allele": np.where(turned, sites["A1"].map(flips), sites["A1"]),
            "other_allele": np.where(turned, sites["A2"].map(flips), sites["A2"]),
        },
        index=sites["id"].tolist(),
    )
    features = Features(tuple(beside.index), beside)
    own = Cohort(x[~half & europe], people[~half & europe], features, unit="row")
    made = align_alleles(own, wanted, ambiguous="drop")
    kept = [sites["id"].tolist().index(name) for name in made.features.names]
    np.testing.assert_array_equal(made.dense(), own.dense()[:, kept])
    assert made.features.table is not None
    by = made.features.table["alignment"].str.endswith("by frequency")
    assert by.sum() > 150
    assert by.sum() + len(sites) - made.features.table.shape[0] > 300
    africa = (people["superpopulation"] == "AFR").to_numpy()
    far = Cohort(x[africa], people[africa], features, unit="row")
    with pytest.raises(FeatureError, match="known alleles wrongly, so that they tell nothing"):
        align_alleles(far, wanted)


def test_families_of_a_fam_are_found_by_genotypes(tmp_path: Path) -> None:
    """A child that a fam names is a first-degree relative by its genotypes from disk."""
    rng = np.random.default_rng(5)
    x = dosages(40, 3000, seed=5)
    x[2] = child(x[0], x[1], rng)
    samples = made_samples(40)
    samples.loc[2, ["father", "mother"]] = ["s0", "s1"]
    cohort = read_plink(write_bed(tmp_path / "a.bed", x, made_sites(3000), samples))
    assert any("1 have a parent among the people" in note for note in cohort.notes)
    found = relatives(cohort, degree="first").to_frame()
    pairs = {frozenset(p) for p in zip(found["first"], found["second"], strict=True)}
    assert pairs == {frozenset(("s0", "s2")), frozenset(("s1", "s2"))}


def test_blocks_follow_the_places_that_the_files_tell(tmp_path: Path) -> None:
    """Sites in linkage are one block where they lie near, and several where they lie far apart."""
    x = linked(200, 4, size=5, rng=np.random.default_rng(6))
    sites = made_sites(x.shape[1])
    near = read_plink(write_bed(tmp_path / "near.bed", x, sites))
    far = read_plink(
        write_bed(
            tmp_path / "far.bed", x,
            sites.assign(position=2 * BASES * np.arange(1, len(sites) + 1)),
        )
    )  # fmt: skip
    with pytest.warns(EvenlightWarning, match="too far apart for linkage are correlated"):
        assert len(ld_blocks(far).names) == x.shape[1]
    assert len(ld_blocks(near).names) < x.shape[1]


@pytest.mark.parametrize("kind", ["bed", "pgen"])
def test_memory_is_flat_in_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Blocks of 8 times as many people take the memory of those of few, within a fifth."""
    p = 400
    monkeypatch.setattr(genotype_rows, "TOGETHER", 4 * p * 200)
    monkeypatch.setattr(genotype_rows, "PART", 4 * p * 50)
    peaks = []
    for n in (800, 6400):
        x = dosages(n, p, seed=n)
        write = write_bed if kind == "bed" else write_pgen
        cohort = read_plink(write(tmp_path / f"{n}.{kind}", x))
        tracemalloc.start()
        total = sum(float(part.sum()) for _, part in cohort.blocks(100))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert total == x.sum()
    assert peaks[1] < 1.2 * peaks[0] + 6400 * 16
    assert peaks[1] < x.nbytes / 8


def test_a_bed_of_a_foreign_writer_is_read(tmp_path: Path) -> None:
    """What bed-reader reads itself is what the cohort holds."""
    x = dosages(13, 9, lost=0.1)
    path = write_bed(tmp_path / "a.bed", x)
    with BED.open_bed(path) as bed:
        theirs = bed.read(dtype="float64")
        names = bed.sid.tolist()
    cohort = read_plink(path, missing="keep")
    np.testing.assert_array_equal(cohort.dense(), theirs)
    assert list(cohort.features.names) == names
