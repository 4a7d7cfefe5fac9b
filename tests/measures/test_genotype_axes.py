"""Axes, blocks and relatives from a cohort's genotypes: as planted, on real people, refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evenlight.arrays import Float, Int
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features
from evenlight.data.groups import Groups
from evenlight.data.indicators import Indicators
from evenlight.errors import FeatureError, GroupError, InputError
from evenlight.measures.genotype_axes import genotype_axes, ld_blocks, principal_genotypes
from evenlight.measures.prepare import setting
from evenlight.measures.relatives import relatives
from evenlight.measures.structure import Structure
from evenlight.measures.supported import support_within
from tests.genotyped import child, drifted, linked
from tests.slow import eps_squared


def cohort_of(dosage: Float, table: pd.DataFrame | None = None, **given: object) -> Cohort:
    """A cohort of genotypes alone, one row a person."""
    ids = [f"p{i:04d}" for i in range(len(dosage))]
    people = pd.DataFrame({"n": range(len(dosage))}, index=ids)
    if table is not None:
        people = table.set_axis(ids)
    names = [f"s{j}" for j in range(dosage.shape[1])]
    return Cohort(dosage, people, names, **{"unit": "row", **given})  # type: ignore[arg-type]


def nested(seed: int) -> tuple[Cohort, Int]:
    """Two ancestries of which the first holds two peoples, and who is of which."""
    rng = np.random.default_rng(seed)
    dosage, codes, _ = drifted((60, 60, 80), 900, fst=0.08, rng=rng)
    label = pd.DataFrame({"ancestry": np.where(codes < 2, "north", "south")})
    return cohort_of(dosage, label, groups=["ancestry"]), codes


def test_axes_tell_populations_and_axes_within_tell_what_is_inside() -> None:
    """The first axes lie between ancestries; those within show the two peoples of one label."""
    cohort, codes = nested(0)
    pcs = genotype_axes(cohort, components=3)
    assert pcs.names == ("PC1", "PC2", "PC3")
    assert (eps_squared(pcs.values, codes)[:2] > 0.8).all()
    within = genotype_axes(cohort, within="ancestry", components=2)
    north = codes < 2
    assert eps_squared(within.values[north], codes[north])[0] > 0.8
    assert abs(eps_squared(within.values, north.astype(np.int64))[0]) < 0.05
    again = genotype_axes(cohort.take(np.arange(200)[::-1]), within="ancestry", components=2)
    np.testing.assert_array_equal(again.values[::-1], within.values)


def test_groups_that_are_too_small_have_no_axes_within() -> None:
    """They stay at 0, as does who is of unknown group; with no group left it is refused."""
    cohort, codes = nested(1)
    label = np.where(codes == 2, "south", np.where(np.arange(200) < 9, "few", "north"))
    label[150:155] = "unknown"
    groups = Groups.from_labels("own", pd.Series(label, index=cohort.rows))
    made = principal_genotypes(cohort, within=groups, components=2)
    assert made.levels == ("north", "south")
    assert (made.axes.values[:9] == 0).all()
    assert (made.axes.values[150:155] == 0).all()
    assert (made.axes.values[20:100] != 0).all()
    with pytest.raises(GroupError, match="no group has 192 people for 190 axes"):
        genotype_axes(cohort, within=groups, components=190)


def test_other_people_are_placed_on_the_axes() -> None:
    """Loadings and frequencies of the first people place their kind, and need their sites."""
    cohort, codes = nested(2)
    half = np.random.default_rng(3).permutation(200) < 120
    made = principal_genotypes(cohort.take(half), components=2)
    np.testing.assert_allclose(made.project(cohort.take(half)).values, made.axes.values)
    placed = made.project(cohort.take(~half))
    assert (eps_squared(placed.values, codes[~half]) > 0.5).all()
    assert "2 axes from" in repr(made)
    with pytest.raises(FeatureError, match="no columns of this cohort"):
        made.project(cohort_of(cohort.dense()[:, :10]))
    with pytest.raises(GroupError, match="within groups"):
        principal_genotypes(cohort, within="ancestry", components=2).project(cohort)


def test_a_large_family_makes_no_axis_of_its_own() -> None:
    """Thirty siblings take an axis; where one of each family makes the axes they do not."""
    rng = np.random.default_rng(4)
    dosage, _, _ = drifted((80, 80), 800, fst=0.05, rng=rng)
    kin = np.array([child(dosage[0], dosage[1], rng) for _ in range(30)])
    cohort = cohort_of(np.vstack([dosage, kin]))
    found = relatives(cohort, degree="first")
    sibling = (np.arange(190) >= 160).astype(np.int64)
    assert len(found.families.levels) == 1
    assert (found.families.codes[160:] == 0).all()
    naive = genotype_axes(cohort, components=2)
    assert eps_squared(naive.values, sibling).max() > 0.5
    better = genotype_axes(cohort, components=2, families=found.families)
    assert eps_squared(better.values[:160], np.repeat([0, 1], 80))[0] > 0.8
    spread = better.values[:160].std(axis=0)
    assert (np.abs(better.values[160:].mean(axis=0)) < 3 * spread).all()


def test_relatives_are_named_and_strangers_are_not() -> None:
    """Parents, siblings and a copy are found with their degree, across shuffled rows alike."""
    rng = np.random.default_rng(5)
    dosage, _, _ = drifted((50, 50), 6000, fst=0.1, rng=rng)
    kin = [child(dosage[0], dosage[1], rng) for _ in range(2)]
    cohort = cohort_of(np.vstack([dosage, kin, dosage[70:71]]))
    found = relatives(cohort)
    pairs = {
        (a, b): d
        for a, b, d in zip(
            found.first.tolist(), found.second.tolist(), found.degree.tolist(), strict=True
        )
    }
    assert pairs == {
        ("p0070", "p0102"): "same",
        ("p0000", "p0100"): "first",
        ("p0000", "p0101"): "first",
        ("p0001", "p0100"): "first",
        ("p0001", "p0101"): "first",
        ("p0100", "p0101"): "first",
    }
    again = relatives(cohort.take(rng.permutation(103)))
    assert again.to_frame().equals(found.to_frame())
    assert len(found.families.levels) == 2
    assert (found.families.codes >= 0).sum() == 6
    assert "6 pairs" in repr(found)
    with pytest.raises(InputError, match="sites tell kinship to"):
        relatives(cohort_of(cohort.dense()[:, :60]))
    with pytest.raises(InputError, match="known: same, first"):
        relatives(cohort, degree="cousin")


def test_rows_of_a_person_are_one() -> None:
    """A person seen twice is no pair, and rows of a person that differ are refused."""
    rng = np.random.default_rng(6)
    dosage, _, _ = drifted((40,), 3000, fst=0.05, rng=rng)
    table = pd.DataFrame({"person": np.tile([f"d{i:02d}" for i in range(40)], 2)})
    twice = cohort_of(np.vstack([dosage, dosage]), table, unit="person")
    assert len(relatives(twice).kinship) == 0
    once, both = (genotype_axes(c, components=2) for c in (cohort_of(dosage), twice))
    np.testing.assert_allclose(both.values, np.vstack([once.values, once.values]), atol=1e-8)
    torn = np.vstack([dosage, 2 - dosage])
    with pytest.raises(FeatureError, match="rows of one unit have different genotypes"):
        genotype_axes(cohort_of(torn, table, unit="person"))


def test_blocks_follow_the_genome_where_the_table_says_so() -> None:
    """Columns in any order are blocked along chromosomes; other variables stand alone."""
    rng = np.random.default_rng(7)
    dosage = linked(400, 6, size=4, rng=rng)
    order = rng.permutation(24)
    names = [f"s{j}" for j in range(24)]
    place = pd.DataFrame(
        {"chromosome": np.repeat([1, 2], 12), "position": 1000 * np.arange(24)}, index=names
    )
    wide = np.column_stack([dosage[:, order], rng.integers(0, 2, (400, 1)), np.zeros((400, 1))])
    columns = [names[j] for j in order] + ["kit B", "kit C"]
    table = pd.concat([place.loc[columns[:24]], pd.DataFrame(index=["kit B", "kit C"])])
    coded = (Indicators("kit", {"kit B": "B", "kit C": "C"}, "A"),)
    people = pd.DataFrame({"n": range(400)}, index=[f"p{i:03d}" for i in range(400)])
    cohort = Cohort(wide, people, Features(tuple(columns), table, coded), unit="row")
    made = ld_blocks(cohort, columns=columns[:24])
    assert made.kind == "LD block"
    assert len(made.names) == 7
    found = {frozenset(made.members(name)) for name in made.names}
    assert frozenset(["kit B", "kit C"]) in found
    assert frozenset(["s0", "s1", "s2", "s3"]) in found
    with pytest.raises(FeatureError, match="2 of 26 sites have no chromosome or position"):
        ld_blocks(cohort)


def test_columns_that_are_no_genotypes_are_refused() -> None:
    """An expression value is no allele count; maps have no genotype columns."""
    x = np.random.default_rng(8).normal(size=(30, 4))
    with pytest.raises(FeatureError, match="4 of 4 columns are no genotypes"):
        genotype_axes(cohort_of(x))
    with pytest.raises(FeatureError, match=r"pass \['s1'\]"):
        genotype_axes(cohort_of(x), columns="s1")
    still = cohort_of(np.ones((30, 4)))
    with pytest.raises(FeatureError, match="no genotype column varies"):
        genotype_axes(still)


def real(data: Path, panel: str) -> Cohort:
    """The 2,504 people of the 1000 Genomes with their sites' places."""
    folder = data / "kg2504-genotypes"
    held = np.load(folder / "genotypes.npz")
    sites = [str(s) for s in held[f"{panel}_sites"]]
    place = pd.DataFrame([s.split("|")[-1].split(":")[:2] for s in sites], index=sites)
    place.columns = pd.Index(["chromosome", "position"])
    people = pd.read_csv(folder / "samples.csv").set_index("sample")
    return Cohort(held[panel].astype(float), people, Features(tuple(sites), place), unit="row")


def test_real_axes_tell_ancestry_and_not_sex(data: Path) -> None:
    """Axes of 3,000 exome sites lie between superpopulations; no axis tells sex."""
    cohort = real(data, "exome_common")
    made = principal_genotypes(cohort, components=4)
    assert 1500 < len(made.sites) < 3000
    ancestry, sex = cohort.grouping("superpopulation"), cohort.grouping("sex")
    assert (eps_squared(made.axes.values, ancestry.codes)[:3] > 0.8).all()
    assert np.abs(eps_squared(made.axes.values, sex.codes)).max() < 0.005
    within = genotype_axes(cohort, within="superpopulation", components=2)
    population = cohort.grouping("population")
    american = ancestry.members("AMR")
    assert eps_squared(within.values[american], population.codes[american])[0] > 0.3


def test_real_people_are_strangers_mostly(data: Path) -> None:
    """The release of unrelated people holds few pairs of the first degree, if any."""
    cohort = real(data, "exome_common")
    found = relatives(cohort, degree="first")
    assert found.noise < 0.03
    assert len(found.kinship) < 25


def test_axes_within_take_structure_out_of_support() -> None:
    """Two peoples of one label that differ in risk make sites look supported; axes within do not.

    No site has an effect. The share of sites with p below 0.05 is far above that without axes, and
    near it with two axes of each group.
    """
    rng = np.random.default_rng(9)
    dosage, codes, _ = drifted((1500, 1500), 300, fst=0.02, rng=rng)
    table = pd.DataFrame({"y": rng.random(3000) < 0.3 + 0.2 * codes}).astype(int)
    table["ancestry"] = rng.choice(["north", "south"], 3000)
    cohort = cohort_of(dosage, table, outcome="y", groups=["ancestry"])
    within = genotype_axes(cohort, within="ancestry", components=2)
    phi = 0.05 * (dosage - dosage.mean(axis=0)) * rng.choice([-1, 1], 300)
    here = setting(cohort, "ancestry")
    low = [
        float((support_within(here, phi, phi.sum(axis=1), link="logit", adjust=a).p < 0.05).mean())
        for a in (None, Structure(axes=within))
    ]
    assert low[0] > 0.15
    assert low[1] < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 300)


def test_too_few_sites_are_refused_with_a_number_that_is_enough() -> None:
    """As many sites as the refusal names are accepted, and half of these are not."""
    dosage, _, _ = drifted((120,), 4500, fst=0.05, rng=np.random.default_rng(11))
    with pytest.raises(InputError, match=r"give about ([\d,]+) sites") as refused:
        relatives(cohort_of(dosage[:, :1000]))
    named = int(str(refused.value).split("give about ")[1].split(" sites")[0].replace(",", ""))
    assert 1500 < named < 4200
    assert relatives(cohort_of(dosage[:, : int(1.05 * named)])).people == 120
    with pytest.raises(InputError, match="sites tell kinship to"):
        relatives(cohort_of(dosage[:, : named // 2]))
