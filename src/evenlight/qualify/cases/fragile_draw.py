"""A perturbation in which all rows share one draw: it moves one group more by luck, not by rule."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from evenlight.data.perturbed import Perturbed
from evenlight.measures.fragile import Fragility
from evenlight.measures.fragility import fragility
from evenlight.measures.testing import Testing
from evenlight.probes.perturb import perturb
from evenlight.probes.perturb_again import perturb_again
from evenlight.probes.perturbations.columns import any_order, lost
from evenlight.probes.perturbations.perturbation import Perturbation, Suite
from evenlight.qualify.cases.fragile import DRAWS, score
from evenlight.qualify.drawn import GROUP, Drawn, cohort_of, linear, people_of
from evenlight.qualify.told import ALPHA

GENES, PEOPLE = 40, 100
"""Features, and people of each group."""

STEPS = (0.05, 0.1, 0.2)
"""Shares of genes that are lost, the same ones for everybody."""

SPREAD = 0.6
"""The SD over genes of the log SD of a gene."""


def lost_for_all(rng: np.random.Generator) -> Drawn:
    """100 + 100 people of whom the same genes are lost, each time others; three steps are null.

    Both groups have the same 40 SDs of genes, each in an order of its own: one draw of lost genes
    moves one of them more, all draws together neither. Judged with five repeats.
    """
    member = np.arange(2 * PEOPLE) >= PEOPLE
    sd = np.exp(SPREAD * rng.normal(size=GENES))
    own = np.where(member[:, None], rng.permutation(sd), sd)
    cohort = cohort_of(own * rng.normal(size=(2 * PEOPLE, GENES)), people_of(member))
    return Drawn(linear(cohort.dense(), np.ones(GENES), cohort), cohort, (), extra=told)


def suite() -> Suite:
    """The same genes lost in everybody."""
    of = partial(lost, fill=np.zeros(GENES))
    common = partial(any_order, GENES)
    lose = Perturbation(
        "gene-id loss", of, STEPS, "share of genes", "numbers", "a random order", common, False
    )
    return Suite("planted", (lose,))


def told(drawn: Drawn, seed: int) -> Mapping[str, float]:
    """Whether any step is flagged in size or decisions, and how many p are below 5 %.

    With five repeats, and *once* without any: then the answer speaks for the genes that were lost.
    """
    first, other = (np.random.default_rng([seed, i]) for i in range(2))
    made = perturb(score, drawn.cohort, suite=suite(), rng=first)
    again = perturb_again(score, drawn.cohort, suite=suite(), rng=other)
    found = {"": _asked(made, drawn, again, seed), " once": _asked(made, drawn, (), seed)}
    out: dict[str, float] = {}
    for name, one in found.items():
        for view, of in (("", "size"), (" flips", "flips")):
            at = one.view(of)
            p, flagged = one.apart.p[at, 0], one.apart.p_maxt[at, 0] <= ALPHA
            out |= {f"false{view}{name}": float(flagged.any())}
            out |= {f"raw_false{view}{name}": float((p <= ALPHA).mean())}
    return out


def _asked(made: Perturbed, drawn: Drawn, again: tuple[Perturbed, ...], seed: int) -> Fragility:
    return fragility(
        made, drawn.cohort, by=GROUP, threshold=0.0, repeats=again, testing=Testing(draws=DRAWS),
        rng=seed,
    )  # fmt: skip
