"""Worlds whose truth is known: what an outcome follows, who was recruited, and what must be said.

Two ancestries of equal size, A and B (in two worlds also C), and genotypes (0, 1, 2). In a
*shortcut* world the outcome differs between the ancestries by recruitment alone, in a *clean* one
for what the genotypes carry. Training and audited people are drawn from one world, apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from evenlight.arrays import Bool, Float, Int
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.groups import Groups
from evenlight.qualify.cases.genotypes import drifted, frequencies, genotypes
from evenlight.qualify.reliance.genomes import (
    SNPS,
    Genome,
    blocks,
    few_causes,
    outcomes,
    siblings,
    turns,
)

GROUP = "ancestry"
LEVELS = ("A", "B", "C")
GAP = 1.5
"""Log odds by which recruitment sets the last ancestry apart in a shortcut world."""

Truth = Literal["shortcut", "clean"]
Structure = Literal["", "axes", "families"]


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """Training and audited people, the sets that are judged, and what is true.

    `causal` (p,) marks what the outcome follows, itself or through what it tags; `ancestral` (p,)
    what differs between the ancestries and is not causal: what a shortcut is made of. `structure`
    names what is inside the ancestries, and has to be adjusted for.
    """

    training: Cohort
    audited: Cohort
    sets: FeatureSets
    causal: Bool
    ancestral: Bool
    truth: Truth
    structure: Structure = ""


Drawn = tuple[Float, Float, Int, dict[str, object]]
"""Genotypes, outcome, ancestry and further columns of people."""


def oligogenic_shortcut(rng: np.random.Generator, n: int) -> World:
    """5 differentiated and 10 shared causal SNPs, 10 markers of ancestry, 175 neutral ones.

    Recruitment raises the log odds of B by 1.5.
    """
    return _oligogenic(rng, n, gap=GAP)


def oligogenic_clean(rng: np.random.Generator, n: int) -> World:
    """The same genotypes and effects; the outcome follows them alone."""
    return _oligogenic(rng, n, gap=0.0)


def polygenic_shortcut(rng: np.random.Generator, n: int) -> World:
    """100 of 200 SNPs causal and weak, half of them for more risk; recruitment adds 1.5 in B."""
    return _polygenic(rng, n, gap=GAP)


def polygenic_clean(rng: np.random.Generator, n: int) -> World:
    """100 of 200 SNPs causal and weak; three in four raise the risk in B by their frequencies."""
    return _polygenic(rng, n, gap=0.0)


def nested_substructure(rng: np.random.Generator, n: int) -> World:
    """Three populations inside each label, at risks of their own, and no causal SNP at all."""
    first = frequencies(rng, SNPS)
    shares = np.concatenate([drifted(rng, first[0], 3), drifted(rng, first[1], 3)])
    genome = blocks(shares, np.zeros(SNPS))
    risk = np.array([-0.5, 0.0, 0.5, -0.5, 0.0, 0.5])

    def draw(count: int) -> Drawn:
        group = turns(count)
        inside = 3 * group + rng.integers(3, size=count)
        x = rng.binomial(2, shares[inside]).astype(np.float64)
        return x, outcomes(rng, risk[inside] + GAP * (group - 0.5)), group, {}

    return replace(_world(genome, draw, n, "shortcut"), structure="axes")


def under_diagnosis(rng: np.random.Generator, n: int) -> World:
    """The oligogenic risk, the same for all; of the cases in B three in ten are not recorded."""
    genome = few_causes(rng)

    def draw(count: int) -> Drawn:
        group = turns(count)
        x = genotypes(rng, group, genome.shares)
        seen = outcomes(rng, genome.logit(x))
        missed = (group == 1) & (rng.random(count) < 0.3)
        return x, np.where(missed, 0.0, seen), group, {}

    return _world(genome, draw, n, "shortcut")


def severity_shift(rng: np.random.Generator, n: int) -> World:
    """What the genotypes carry is more severe in B, so cases of B score higher for good reason.

    The causal SNPs all lie higher in B; the outcome is severity above a threshold.
    """
    genome = few_causes(rng, apart=0.2)

    def draw(count: int) -> Drawn:
        group = turns(count)
        x = genotypes(rng, group, genome.shares)
        severity = genome.logit(x) + rng.logistic(size=count)
        return x, (severity > 0).astype(np.float64), group, {}

    return _world(genome, draw, n, "clean")


def linked_tags(rng: np.random.Generator, n: int) -> World:
    """The causal SNPs are not typed: tags in LD with them (r about 0.8) are what the model sees."""
    genome = few_causes(rng)
    causes = np.flatnonzero(genome.effect)

    def draw(count: int) -> Drawn:
        group = turns(count)
        hidden = genotypes(rng, group, genome.shares)
        x = hidden.copy()
        again = genotypes(rng, group, genome.shares)
        swapped = rng.random((count, len(causes))) < 0.2
        x[:, causes] = np.where(swapped, again[:, causes], hidden[:, causes])
        return x, outcomes(rng, genome.logit(hidden)), group, {}

    return _world(genome, draw, n, "clean")


def relatives(rng: np.random.Generator, n: int) -> World:
    """Families of four siblings who share half their alleles and a risk of their own (SD 0.7)."""
    genome = few_causes(rng)

    def draw(count: int) -> Drawn:
        family = np.arange(count) // 4
        group = (family % 2).astype(np.int64)
        x = siblings(rng, genome.shares, group, family)
        shared = rng.normal(0.0, 0.7, int(family.max()) + 1)[family]
        return x, outcomes(rng, genome.logit(x) + shared), group, {"family": family.astype(str)}

    return replace(_world(genome, draw, n, "clean"), structure="families")


def three_shortcut(rng: np.random.Generator, n: int) -> World:
    """The oligogenic world in three ancestries: of each differentiated SNP and marker one has more.

    Recruitment raises the log odds of C by 1.5.
    """
    return _oligogenic(rng, n, gap=GAP, ancestries=3)


def three_clean(rng: np.random.Generator, n: int) -> World:
    """The same three ancestries; the outcome follows the genotypes alone."""
    return _oligogenic(rng, n, gap=0.0, ancestries=3)


Make = Callable[[np.random.Generator, int], World]

WORLDS: Mapping[str, Make] = {
    "oligogenic shortcut": oligogenic_shortcut,
    "oligogenic clean": oligogenic_clean,
    "polygenic shortcut": polygenic_shortcut,
    "polygenic clean, true gap": polygenic_clean,
    "nested substructure": nested_substructure,
    "under-diagnosis": under_diagnosis,
    "severity shift": severity_shift,
    "LD tags": linked_tags,
    "relatives": relatives,
    "three ancestries, shortcut": three_shortcut,
    "three ancestries, clean": three_clean,
}
"""Name to a world of n training and n audited people."""

SHORTCUTS = (
    *("oligogenic shortcut", "polygenic shortcut", "nested substructure", "under-diagnosis"),
    "three ancestries, shortcut",
)
"""Worlds in which the outcome sets the ancestries apart by how people came to be recorded."""

TRUTHS: Mapping[str, Truth] = {
    name: "shortcut" if name in SHORTCUTS else "clean" for name in WORLDS
}

STRUCTURES: Mapping[str, Structure] = {"nested substructure": "axes", "relatives": "families"}
"""What is inside the ancestries of a world, where anything is."""


def _oligogenic(rng: np.random.Generator, n: int, *, gap: float, ancestries: int = 2) -> World:
    genome = few_causes(rng, ancestries=ancestries)

    def draw(count: int) -> Drawn:
        group = turns(count, ancestries)
        x = genotypes(rng, group, genome.shares)
        apart = (group == ancestries - 1) - 1 / ancestries
        return x, outcomes(rng, genome.logit(x) + gap * apart), group, {}

    return _world(genome, draw, n, "shortcut" if gap else "clean", ancestries)


def _polygenic(rng: np.random.Generator, n: int, *, gap: float) -> World:
    shares = frequencies(rng, SNPS)
    size = np.abs(rng.normal(0.0, 0.12, SNPS))
    toward = np.sign(shares[1] - shares[0])
    sign = (
        rng.choice([-1.0, 1.0], SNPS) if gap else np.where(rng.random(SNPS) < 0.75, 1, -1) * toward
    )
    genome = blocks(shares, np.where(np.arange(SNPS) % 2 == 0, size * sign, 0.0))

    def draw(count: int) -> Drawn:
        group = turns(count)
        x = genotypes(rng, group, genome.shares)
        return x, outcomes(rng, genome.logit(x) + gap * (group - 0.5)), group, {}

    return _world(genome, draw, n, "shortcut" if gap else "clean")


def _world(
    genome: Genome, draw: Callable[[int], Drawn], n: int, truth: Truth, ancestries: int = 2
) -> World:
    names = tuple(f"s{j}" for j in range(genome.shares.shape[1]))
    causal = genome.effect != 0
    sets = FeatureSets.from_lists(
        {
            name: [names[j] for j in np.flatnonzero(genome.owner == i)]
            for i, name in enumerate(genome.names)
        },
        names,
        kind="block",
    )
    training, audited = (_cohort(draw(n), names, prefix) for prefix in "ta")
    ancestral = ~causal & (genome.apart(ancestries) > 0.1)
    return World(training, audited, sets, causal, ancestral, truth)


def _cohort(drawn: Drawn, names: tuple[str, ...], prefix: str) -> Cohort:
    x, y, group, more = drawn
    rows = [f"{prefix}{i:06d}" for i in range(len(y))]
    people = pd.DataFrame({"case": y.astype(int), **more}, index=rows)
    people[GROUP] = np.array(LEVELS)[group]
    groups = Groups.from_labels(GROUP, people[GROUP], levels=LEVELS[: int(group.max()) + 1])
    return Cohort(x, people, names, outcome="case", unit="row", groups=[groups])
