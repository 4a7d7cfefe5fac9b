"""Worlds whose truth is known: what an outcome follows, who was recruited, and what must be said.

Two ancestries of equal size, A and B, and genotypes (0, 1, 2). In a *shortcut* world the outcome
differs between the ancestries by recruitment alone, in a *clean* one for what the genotypes carry.
Training and audited people are drawn from one world, apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from scipy.special import expit

from evenlight.arrays import Bool, Float, Int
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.groups import Groups
from evenlight.qualify.cases.genotypes import frequencies, genotypes

GROUP = "ancestry"
LEVELS = ("A", "B")
SNPS = 200
GAP = 1.5
"""Log odds by which recruitment sets the ancestries apart in a shortcut world."""
PER_SET = 25
"""SNPs of a set of those that are neither causal nor planted markers."""

Truth = Literal["shortcut", "clean"]


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
    structure: Literal["", "axes", "families"] = ""


@dataclass(frozen=True, slots=True, eq=False)
class Genome:
    """Allele frequencies (k, p) of k populations, effects (p,) on the log odds, set of each SNP."""

    shares: Float
    effect: Float
    owner: Int
    names: tuple[str, ...]

    def logit(self, x: Float) -> Float:
        """Log odds (n,) of genotypes x (n, p), about the mean of the populations."""
        out: Float = (x - 2 * self.shares.mean(axis=0)) @ self.effect
        return out


Drawn = tuple[Float, Float, Int, dict[str, object]]
"""Genotypes, outcome, ancestry and further columns of people."""


def oligogenic(rng: np.random.Generator, n: int, *, gap: float) -> World:
    """5 differentiated and 10 shared causal SNPs, 10 markers of ancestry, 175 neutral ones."""
    genome = _few_causes(rng)

    def draw(count: int) -> Drawn:
        group = _halves(count)
        x = genotypes(rng, group == 1, genome.shares)
        return x, _outcome(rng, genome.logit(x) + gap * (group - 0.5)), group, {}

    return _world(genome, draw, n, "shortcut" if gap else "clean")


def polygenic(rng: np.random.Generator, n: int, *, gap: float) -> World:
    """100 of 200 SNPs causal and weak; clean: they raise the risk in B, by their frequencies alone.

    In the shortcut world their effects have signs that do not follow the frequencies.
    """
    shares = frequencies(rng, SNPS)
    size = np.abs(rng.normal(0.0, 0.12, SNPS))
    toward = np.sign(shares[1] - shares[0])
    sign = (
        rng.choice([-1.0, 1.0], SNPS) if gap else np.where(rng.random(SNPS) < 0.75, 1, -1) * toward
    )
    effect = np.where(np.arange(SNPS) % 2 == 0, size * sign, 0.0)
    owner = np.arange(SNPS) // PER_SET
    genome = Genome(shares, effect, owner, tuple(f"block {i}" for i in range(owner.max() + 1)))

    def draw(count: int) -> Drawn:
        group = _halves(count)
        x = genotypes(rng, group == 1, genome.shares)
        return x, _outcome(rng, genome.logit(x) + gap * (group - 0.5)), group, {}

    return _world(genome, draw, n, "shortcut" if gap else "clean")


def nested_substructure(rng: np.random.Generator, n: int) -> World:
    """Three populations inside each label, at risks of their own, and no causal SNP at all."""
    first = frequencies(rng, SNPS)
    shares = np.concatenate([_drifted(rng, first[0], 3), _drifted(rng, first[1], 3)])
    owner = np.arange(SNPS) // PER_SET
    names = tuple(f"block {i}" for i in range(owner.max() + 1))
    genome = Genome(shares, np.zeros(SNPS), owner, names)
    risk = np.array([-0.5, 0.0, 0.5, -0.5, 0.0, 0.5])

    def draw(count: int) -> Drawn:
        group = _halves(count)
        inside = 3 * group + rng.integers(3, size=count)
        x = rng.binomial(2, shares[inside]).astype(np.float64)
        return x, _outcome(rng, risk[inside] + GAP * (group - 0.5)), group, {}

    return replace(_world(genome, draw, n, "shortcut"), structure="axes")


def under_diagnosis(rng: np.random.Generator, n: int) -> World:
    """The oligogenic risk, the same for all; of the cases in B three in ten are not recorded."""
    genome = _few_causes(rng)

    def draw(count: int) -> Drawn:
        group = _halves(count)
        x = genotypes(rng, group == 1, genome.shares)
        seen = _outcome(rng, genome.logit(x))
        missed = (group == 1) & (rng.random(count) < 0.3)
        return x, np.where(missed, 0.0, seen), group, {}

    return _world(genome, draw, n, "shortcut")


def severity_shift(rng: np.random.Generator, n: int) -> World:
    """What the genotypes carry is more severe in B, so cases of B score higher for good reason.

    The causal SNPs all lie higher in B; the outcome is severity above a threshold.
    """
    genome = _few_causes(rng, apart=0.2)

    def draw(count: int) -> Drawn:
        group = _halves(count)
        x = genotypes(rng, group == 1, genome.shares)
        severity = genome.logit(x) + rng.logistic(size=count)
        return x, (severity > 0).astype(np.float64), group, {}

    return _world(genome, draw, n, "clean")


def linked_tags(rng: np.random.Generator, n: int) -> World:
    """The causal SNPs are not typed: tags in LD with them (r about 0.8) are what the model sees."""
    genome = _few_causes(rng)
    causes = np.flatnonzero(genome.effect)

    def draw(count: int) -> Drawn:
        group = _halves(count)
        hidden = genotypes(rng, group == 1, genome.shares)
        x = hidden.copy()
        again = genotypes(rng, group == 1, genome.shares)
        swapped = rng.random((count, len(causes))) < 0.2
        x[:, causes] = np.where(swapped, again[:, causes], hidden[:, causes])
        return x, _outcome(rng, genome.logit(hidden)), group, {}

    return _world(genome, draw, n, "clean")


def relatives(rng: np.random.Generator, n: int) -> World:
    """Families of four siblings who share half their alleles and a risk of their own (SD 0.7)."""
    genome = _few_causes(rng)

    def draw(count: int) -> Drawn:
        family = np.arange(count) // 4
        group = (family % 2).astype(np.int64)
        x = _siblings(rng, genome.shares, group, family)
        shared = rng.normal(0.0, 0.7, int(family.max()) + 1)[family]
        return x, _outcome(rng, genome.logit(x) + shared), group, {"family": family.astype(str)}

    return replace(_world(genome, draw, n, "clean"), structure="families")


SHORTCUTS = (
    *("oligogenic shortcut", "polygenic shortcut", "nested substructure", "under-diagnosis"),
)
"""Worlds in which the outcome sets the ancestries apart by how people came to be recorded."""

Make = Callable[[np.random.Generator, int], World]

WORLDS: Mapping[str, Make] = {
    "oligogenic shortcut": lambda rng, n: oligogenic(rng, n, gap=GAP),
    "oligogenic clean": lambda rng, n: oligogenic(rng, n, gap=0.0),
    "polygenic shortcut": lambda rng, n: polygenic(rng, n, gap=GAP),
    "polygenic clean, true gap": lambda rng, n: polygenic(rng, n, gap=0.0),
    "nested substructure": nested_substructure,
    "under-diagnosis": under_diagnosis,
    "severity shift": severity_shift,
    "LD tags": linked_tags,
    "relatives": relatives,
}
"""Name to a world of n training and n audited people."""

TRUTHS: Mapping[str, Truth] = {
    name: "shortcut" if name in SHORTCUTS else "clean" for name in WORLDS
}


def _few_causes(rng: np.random.Generator, apart: float = 0.15) -> Genome:
    shares = frequencies(rng, SNPS)
    middle = np.clip(shares.mean(axis=0), 0.2, 0.8)
    shares[:, :5] = np.array([[0.5 - apart], [0.5 + apart]])
    shares[:, 5:15] = middle[5:15]
    shares[:, 15:25] = np.array([[0.2], [0.8]])
    effect = np.zeros(SNPS)
    effect[:5], effect[5:15] = 0.4, 0.35 * rng.choice([-1.0, 1.0], 10)
    owner = np.repeat([0, 1, 2], [5, 10, 10])
    owner = np.concatenate([owner, 3 + np.arange(SNPS - 25) // PER_SET])
    names: tuple[str, ...] = ("differentiated", "shared", "markers")
    names += tuple(f"neutral {i}" for i in range(int(owner.max()) - 2))
    return Genome(shares, effect, owner, names)


def _halves(count: int) -> Int:
    return (np.arange(count) % 2).astype(np.int64)


def _outcome(rng: np.random.Generator, logit: Float) -> Float:
    return (rng.random(len(logit)) < expit(logit)).astype(np.float64)


def _drifted(rng: np.random.Generator, share: Float, count: int, fst: float = 0.02) -> Float:
    """Frequencies (count, p) of populations that drifted from `share` (Balding and Nichols)."""
    scale = (1 - fst) / fst
    drawn = rng.beta(share * scale, (1 - share) * scale, size=(count, len(share)))
    return np.asarray(np.clip(drawn, 0.01, 0.99))


def _siblings(rng: np.random.Generator, shares: Float, group: Int, family: Int) -> Float:
    """Genotypes (n, p) of siblings: each gets one allele of either parent at random."""
    first = np.unique(family, return_index=True)[1]
    share = shares[group[first]]
    parents = rng.random((2, 2, *share.shape)) < share
    which = rng.integers(2, size=(2, len(family), shares.shape[1]))
    out = np.zeros((len(family), shares.shape[1]))
    for parent in (0, 1):
        alleles = parents[parent][:, family]
        out += np.where(which[parent] == 0, alleles[0], alleles[1])
    return out


def _world(genome: Genome, draw: Callable[[int], Drawn], n: int, truth: Truth) -> World:
    names = tuple(f"s{j}" for j in range(genome.shares.shape[1]))
    k = len(genome.shares) // 2
    apart = np.abs(genome.shares[:k].mean(axis=0) - genome.shares[k:].mean(axis=0))
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
    return World(training, audited, sets, causal, ~causal & (apart > 0.1), truth)


def _cohort(drawn: Drawn, names: tuple[str, ...], prefix: str) -> Cohort:
    x, y, group, more = drawn
    rows = [f"{prefix}{i:06d}" for i in range(len(y))]
    people = pd.DataFrame({"case": y.astype(int), **more}, index=rows)
    people[GROUP] = np.array(LEVELS)[group]
    groups = Groups.from_labels(GROUP, people[GROUP], levels=LEVELS)
    return Cohort(x, people, names, outcome="case", unit="row", groups=[groups])
