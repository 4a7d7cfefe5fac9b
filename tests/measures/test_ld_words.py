"""LD blocks say when populations, or a missing table, made them."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features
from evenlight.errors import EvenlightWarning, FeatureError
from evenlight.measures.genotype_axes import ld_blocks
from evenlight.stats.linkage import Places, far_linked, squared_correlations
from tests.genotyped import drifted, linked


def cohort_of(dosage: Float, table: pd.DataFrame | None = None, **labels: object) -> Cohort:
    """People with these genotypes and labels; sites s0, s1, ... with this table."""
    ids = [f"p{i:04d}" for i in range(len(dosage))]
    people = pd.DataFrame({"n": range(len(dosage)), **labels}, index=ids)
    names = tuple(f"s{j}" for j in range(dosage.shape[1])) if table is None else tuple(table.index)
    return Cohort(dosage, people, Features(names, table), unit="row", groups=list(labels))


def placed(sites: int, columns: tuple[str, str] = ("chromosome", "position")) -> pd.DataFrame:
    """Sites on 22 chromosomes, near each other."""
    names = [f"s{j}" for j in range(sites)]
    where = {columns[0]: 1 + np.arange(sites) % 22, columns[1]: 1000 * np.arange(sites)}
    return pd.DataFrame(where, index=names)


def told(cohort: Cohort, **asked: object) -> list[str]:
    """What `ld_blocks` warns of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ld_blocks(cohort, **asked)  # type: ignore[arg-type]
    assert all(issubclass(w.category, EvenlightWarning) for w in caught)
    return [str(w.message) for w in caught]


def test_populations_that_make_a_block_are_named_with_the_remedy() -> None:
    """Unlinked sites of two drifted peoples: one block, and four sentences on why."""
    rng = np.random.default_rng(0)
    dosage, codes, _ = drifted((150, 150), 60, fst=0.5, rng=rng)
    cohort = cohort_of(dosage, people=np.where(codes == 0, "north", "south"))
    said = told(cohort)
    assert len(said) == 3
    assert (
        "the feature table has no chromosome (or chrom, chr) and position (or pos, bp)" in said[0]
    )
    assert "once correlations are taken within people" in said[1]
    assert "pass within='people'" in said[1]
    assert said[2].startswith("One LD block holds ")
    assert told(cohort, within="people") == []


def test_one_people_with_a_table_is_said_nothing_of() -> None:
    """Blocks that linkage made, with places and no structure, need no word."""
    dosage = linked(400, 22, size=3, rng=np.random.default_rng(1))
    table = pd.DataFrame(
        {"CHROM": np.repeat(np.arange(22), 3), "POS": 1000 * np.arange(66)},
        index=[f"s{j}" for j in range(66)],
    )
    half = np.where(np.arange(400) % 2, "a", "b")
    assert told(cohort_of(dosage, table, sex=half)) == []


def test_far_sites_tell_of_populations_that_nobody_declared() -> None:
    """Without a grouping, sites of other chromosomes that correlate are counted."""
    dosage, _, _ = drifted((150, 150), 66, fst=0.5, rng=np.random.default_rng(2))
    (said,) = told(cohort_of(dosage, placed(66)))
    assert "too far apart for linkage are correlated" in said
    assert "pass within= a grouping by ancestry" in said


def test_a_block_over_chromosomes_is_told_by_the_names_of_its_sites() -> None:
    """Two sites of one block whose names begin with other chromosomes."""
    dosage = linked(300, 3, size=2, rng=np.random.default_rng(3))
    names = ["1:10:A:C", "2:10:A:C", "3:5:G:T", "3:6:G:T", "X:1:A:C", "X:2:A:C"]
    people = pd.DataFrame({"n": range(300)}, index=[f"p{i}" for i in range(300)])
    said = told(Cohort(dosage, people, names, unit="row"))
    assert "1 of 3 LD blocks span up to 2 chromosomes" in said[-1]


@pytest.mark.parametrize("columns", [("chrom", "pos"), ("CHR", "BP"), ("#CHROM", "POS")])
def test_columns_are_known_by_the_names_that_formats_give_them(columns: tuple[str, str]) -> None:
    """The blocks are those of the table with plain names, not of the order of columns."""
    dosage = linked(300, 22, size=2, rng=np.random.default_rng(4))
    order = np.random.default_rng(5).permutation(44)
    table = pd.DataFrame(
        {columns[0]: np.repeat(np.arange(22), 2), columns[1]: np.arange(44)},
        index=[f"s{j}" for j in range(44)],
    )
    made = ld_blocks(cohort_of(dosage[:, order], table.iloc[order]))
    assert len(made.names) == 22


def test_half_of_a_place_is_refused_by_name() -> None:
    """A chromosome without a position says which names are known."""
    table = placed(44).rename(columns={"position": "place"})
    with pytest.raises(FeatureError, match="has the chromosome of each site, and no position"):
        ld_blocks(cohort_of(linked(100, 22, size=2, rng=np.random.default_rng(6)), table))


def test_far_linked_counts_each_pair_out_of_reach() -> None:
    """As two loops do."""
    rng = np.random.default_rng(7)
    dosage, _, _ = drifted((60, 60), 12, fst=0.4, rng=rng)
    places = Places(np.repeat([0, 1], 6), np.tile(10 * np.arange(6), 2), 25)
    tied = []
    for i in range(12):
        for j in range(i + 1, 12):
            if places.chromosome[i] != places.chromosome[j] or j - i > 2:
                pair = squared_correlations(dosage[:, [i]], dosage[:, [j]])
                tied.append(pair[0, 0] > 0.2)
    assert far_linked(dosage, places, cut=0.2) == pytest.approx(np.mean(tied))
    assert np.isnan(far_linked(dosage[:, :3], Places(np.zeros(3, int), np.arange(3), 9)))


@pytest.mark.data
def test_sixty_exome_sites_of_two_ancestries_are_not_one_silent_block(data: Path) -> None:
    """On the 1000 Genomes the block of nearly all sites is told with its remedy."""
    folder = data / "kg2504-genotypes"
    held = np.load(folder / "genotypes.npz")
    people = pd.read_csv(folder / "samples.csv", index_col="sample")
    rows = people["superpopulation"].isin(["AFR", "EUR"]).to_numpy()
    some = np.sort(
        np.random.default_rng(0).choice(held["exome_common"].shape[1], 60, replace=False)
    )
    names = [str(held["exome_common_sites"][j]) for j in some]
    x = held["exome_common"][np.ix_(rows, some)].astype(float)
    cohort = Cohort(x, people[rows], names, unit="row", groups=["superpopulation", "sex"])
    said = told(cohort)
    assert any("pass within='superpopulation'" in sentence for sentence in said)
    assert any("chromosomes by the names of their sites" in sentence for sentence in said)
    assert len(told(cohort, within="superpopulation")) <= 1
