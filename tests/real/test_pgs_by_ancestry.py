"""A polygenic score of a simulated trait in 2,504 people: what ancestries differ by is known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evenlight.arrays import Bool, Float
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features
from evenlight.explainers.explain import explain
from evenlight.measures.compare import compare
from evenlight.measures.testing import Testing
from evenlight.modalities.pgs import PolygenicScore, read_pgs
from evenlight.models.adapt import adapt

QUICK = Testing(draws=1000, own_value=False)
COMPLEMENT = str.maketrans("ACGT", "TGCA")


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """A cohort, a scoring file, and per site the effect allele's weight and dosage (n, p)."""

    cohort: Cohort
    path: Path
    weight: Float
    effect: Float


@pytest.fixture(scope="module", name="world")
def _world(data: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """127 sites; the file counts the reference allele at some, and names the other strand at some.

    The trait is simulated: weights are drawn by seed, for no trait that anybody has. Frequencies in
    the file are those of Europeans, as those of most published scores are.
    """
    held = np.load(data / "kg2504-genotypes" / "genotypes.npz")
    people = pd.read_csv(data / "kg2504-genotypes" / "samples.csv").set_index("sample")
    x = held["seldin128"].astype(np.float64)
    parts = [name.split("|") for name in held["seldin128_sites"]]
    place = [one[1].split(":") for one in parts]
    sites = pd.DataFrame(
        {"chromosome": [p[0] for p in place], "position": [int(p[1]) for p in place],
         "counted_allele": [p[3] for p in place], "other_allele": [p[2] for p in place],
         "build": "GRCh37"},
        index=[one[0] for one in parts],
    )  # fmt: skip
    rng = np.random.default_rng(0)
    weight, swap = rng.normal(0, 0.1, len(sites)), rng.random(len(sites)) < 0.5
    effect = np.where(swap, 2 - x, x)
    path = tmp_path_factory.mktemp("score") / "simulated.txt"
    _write(path, sites, weight, (swap, rng.random(len(sites)) < 0.3), effect[_is(people, "EUR")])
    cohort = Cohort(
        x, people, Features(tuple(sites.index), sites), groups=["superpopulation", "sex"],
        unit="row",
    )  # fmt: skip
    return World(cohort, path, weight, effect)


def _is(people: pd.DataFrame, level: str) -> Bool:
    found: Bool = (people["superpopulation"] == level).to_numpy(dtype=bool)
    return found


def _write(
    path: Path, sites: pd.DataFrame, weight: Float, turned: tuple[Bool, Bool], effect: Float
) -> None:
    swap, strand = turned
    pairs = np.array(sites[["counted_allele", "other_allele"]])
    pairs[swap] = pairs[swap][:, ::-1]
    complementary = [a == b.translate(COMPLEMENT) for a, b in pairs]
    other = strand & ~np.array(complementary)
    pairs[other] = [[a.translate(COMPLEMENT) for a in pair] for pair in pairs[other]]
    table = pd.DataFrame(
        {"rsID": sites.index, "chr_name": sites["chromosome"], "chr_position": sites["position"],
         "effect_allele": pairs[:, 0], "other_allele": pairs[:, 1], "effect_weight": weight,
         "allelefrequency_effect": effect.mean(axis=0) / 2}
    )  # fmt: skip
    head = f"#pgs_id=simulated\n#genome_build=GRCh37\n#variants_number={len(table)}\n"
    path.write_text(head + table.to_csv(sep="\t", index=False), encoding="utf-8")


def test_everyone_has_the_score_that_counting_gives(world: World) -> None:
    """Swapped and complementary alleles are found: the score is the sum over effect alleles."""
    score = read_pgs(world.path)
    model = score.aligned(world.cohort, ambiguous="forward")
    said = adapt(model).margin(world.cohort.dense())[:, 0]
    np.testing.assert_allclose(said, world.effect @ world.weight, atol=1e-9)
    words = score.matched(world.cohort, ambiguous="forward")["match"].value_counts()
    assert words.sum() == 127
    assert (words[["same", "swapped", "other strand", "swapped on the other strand"]] > 5).all()


def test_ancestries_differ_by_the_weights_times_the_frequencies(world: World) -> None:
    """Each site's part is 2 beta (p_a - p_b), the whole gap their sum, in every contrast.

    Sites at which one person is most of the spread of a group are told to a step, 10 SD / n.
    """
    model = read_pgs(world.path).aligned(world.cohort, ambiguous="forward")
    made = compare(explain(model, world.cohort), world.cohort, by="superpopulation", testing=QUICK)
    view = made.view("signed")
    for c, (one, other) in enumerate(made.contrasts):
        at, rest = (_is(world.cohort.people, level) for level in (one, other))
        shift = (world.effect[at].mean(axis=0) - world.effect[rest].mean(axis=0)) / 2
        formula = 2 * world.weight * shift
        found = made.effect[view, c] * made.views[view].unit
        told = np.abs(found - formula) > 1e-5  # to a step: one person is most of what it varies by
        assert told.mean() < 0.05
        error = np.hypot(
            *(world.effect[who].std(axis=0) / np.sqrt(who.sum()) for who in (at, rest))
        )
        assert (np.abs(found - formula)[told] < 0.5 * (np.abs(world.weight) * error)[told]).all()
        assert made.gap[c] == pytest.approx(formula.sum(), abs=1e-5)
    largest = np.abs(made.gap).max()
    assert largest > 0.5 * (world.effect @ world.weight).std()  # drawn weights, yet ancestries part


def test_the_same_score_does_not_differ_by_sex(world: World) -> None:
    """Autosomal sites tell no sex: no site is called different."""
    model = read_pgs(world.path).aligned(world.cohort, ambiguous="forward")
    made = compare(explain(model, world.cohort), world.cohort, by="sex", testing=QUICK)
    assert not (made.verdict[made.view("signed")] == "different").any()


def test_a_frequency_of_europeans_seldom_tells_a_wrong_strand_in_everybody(data: Path) -> None:
    """Of 354 A/T and C/G sites whose strand is known, what everyone's frequency tells is right.

    The file has the frequency of Europeans, the cohort five ancestries; a site that is told as on
    the other strand is told wrong.
    """
    held = np.load(data / "kg2504-genotypes" / "genotypes.npz")
    people = pd.read_csv(data / "kg2504-genotypes" / "samples.csv").set_index("sample")
    parts = [name.split(":") for name in held["exome_common_sites"]]
    at = [j for j, p in enumerate(parts) if p[2].translate(COMPLEMENT) == p[3]]
    x = held["exome_common"][:, at].astype(np.float64)
    names = [":".join(parts[j]) for j in at]
    table = pd.DataFrame([parts[j] for j in at], names, ["chromosome", "position", "other", "alt"])
    sites = table.astype({"position": int}).rename(
        columns={"other": "other_allele", "alt": "counted_allele"}
    )
    cohort = Cohort(x, people, Features(tuple(names), sites.assign(build="GRCh37")), unit="row")
    variants = sites.rename(columns={"counted_allele": "effect_allele"}).assign(
        id=None, weight=1.0, frequency=x[_is(people, "EUR")].mean(axis=0) / 2
    )
    score = PolygenicScore("every allele", variants.reset_index(drop=True), "GRCh37")
    found = score.matched(cohort, ambiguous="drop")["match"].value_counts()
    assert set(found.index) <= {"same", "other strand", "ambiguous"}
    told = found["same"] + found.get("other strand", 0)
    assert told > 0.5 * len(at)
    assert found.get("other strand", 0) <= 0.01 * told
