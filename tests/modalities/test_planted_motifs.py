"""Trained networks on planted motifs: where groups differ, and whether by value or by context."""

from __future__ import annotations

from functools import cache
from typing import cast

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.explainers.explain import explain
from evenlight.measures.by_allele import by_allele
from evenlight.measures.compare import compare
from evenlight.measures.comparison import Comparison
from evenlight.modalities.letters import LETTERS, Alphabet, letters_of
from evenlight.modalities.motifs import by_motif, motif_hits
from evenlight.modalities.positions import by_position
from evenlight.modalities.references import Shuffles, shuffled
from evenlight.modalities.sequences import read_sequences

LENGTH, AT = 30, 10
MOTIFS = {
    "dna": ("GATTAC", "GATGAC", "CCGG", "AATT"),
    "protein": ("NPGYLD", "NPGALD", "WWKW", "SLQE"),
}
"""The motif, the same with its fourth letter changed, its partner, and what stands there else."""

CHANGED = f"position {AT + 4}"


def people(n: int, seed: int, world: str, kind: str) -> pd.DataFrame:
    """Half of everybody hold the motif, which counts for 2, or for little beside its partner.

    In the world of value more people of the south hold the motif; in that of context more of them
    hold the partner.
    """
    rng = np.random.default_rng(seed)
    south = np.arange(n) % 2 == 1
    value, context = world == "value", world == "context"
    holds = rng.random(n) < np.where(south & value, 0.75, np.where(value, 0.25, 0.5))
    beside = rng.random(n) < np.where(south & context, 0.9, np.where(context, 0.1, 0.5))
    letters = rng.choice(list(LETTERS[kind]), size=(n, LENGTH))
    motif, changed, partner, other = MOTIFS[kind]
    letters[:, AT : AT + 6] = np.where(holds[:, None], list(motif), list(changed))
    letters[:, 20:24] = np.where(beside[:, None], list(partner), list(other))
    says = 2.0 * holds * (1.0 - 0.8 * beside * context)
    return pd.DataFrame(
        {
            "seq": ["".join(row) for row in letters],
            "ancestry": np.where(south, "south", "north"),
            "y": says + 0.1 * rng.normal(size=n),
        },
        index=[f"p{i:04d}" for i in range(n)],
    )


def read(table: pd.DataFrame, kind: str) -> Cohort:
    """The sequences."""
    return read_sequences(
        table, "seq", alphabet=cast(Alphabet, kind), groups=["ancestry"], unit="row"
    )


@cache
def trained(world: str, kind: str) -> nn.Module:
    """A convolution and a layer behind it, trained in a second; some letters are hidden."""
    table = people(2000, 1, world, kind)
    x = torch.tensor(read(table, kind).dense(), dtype=torch.float32)
    y = torch.tensor(table["y"].to_numpy(), dtype=torch.float32)
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv1d(x.shape[1], 16, 6), nn.GELU(), nn.Flatten(), nn.Linear(16 * 25, 16), nn.GELU(),
        nn.Linear(16, 1),
    )  # fmt: skip
    step = torch.optim.Adam(module.parameters(), lr=3e-3, weight_decay=1e-4)
    rng = np.random.default_rng(0)
    for _ in range(300):
        some = torch.as_tensor(rng.integers(len(x), size=256))
        seen = torch.as_tensor(rng.random((256, 1, LENGTH)) < 0.9)
        loss = ((module(torch.where(seen, x[some], 1 / x.shape[1]))[:, 0] - y[some]) ** 2).mean()
        step.zero_grad()
        loss.backward()
        step.step()
    return module.eval()


def explained(world: str, kind: str) -> tuple[Attributions, Cohort]:
    """Other people, explained from an even mixture of letters."""
    cohort = read(people(400, 2, world, kind), kind)
    even = np.full(tuple(cohort.x.shape[1:]), 1 / cohort.x.shape[1])
    return explain(trained(world, kind), cohort, method="ig", baseline=even), cohort


def differing(found: Comparison, view: str, given: str) -> dict[str, float]:
    """The subjects that differ in a view, south less north, and by how much."""
    at = found.view(view, given)
    names = np.array(found.subjects)[found.verdict[at, 0] == "different"].tolist()
    place = {name: j for j, name in enumerate(found.subjects)}
    assert found.contrasts == (("south", "north"),)
    return {name: float(found.effect[at, 0, place[name]]) for name in names}


@pytest.mark.filterwarnings("ignore:The baseline lies outside")
@pytest.mark.parametrize("kind", ["dna", "protein"])
def test_a_motif_that_one_group_holds_more_often_is_a_value(kind: str) -> None:
    """Found at its one changed letter, upwards; carriers of either letter are alike."""
    made, cohort = explained("value", kind)
    own, places = by_position(made, cohort)
    found = compare(own, places, by="ancestry")
    seen = differing(found, "signed", "nothing")
    assert set(seen) == {CHANGED}
    assert seen[CHANGED] > 0.5
    assert not {CHANGED} & (
        set(differing(found, "location", "value")) | set(differing(found, "slope", "value"))
    )
    at = found.subjects.index(CHANGED)
    assert found.mechanism[found.view("signed"), 0, at] == "value"
    letters = by_allele(own, places, CHANGED, by="ancestry")
    assert set(letters.verdict.ravel()) == {"similar"}
    assert letters.value[0] > 0.5 > 0.05 > abs(letters.use[0])
    carried, counts = by_motif(made, cohort, motif_hits(cohort, MOTIFS[kind][0]))
    told = compare(carried, counts, by="ancestry")
    assert told.mechanism[told.view("signed"), 0, 0] == "value"


@pytest.mark.filterwarnings("ignore:The baseline lies outside")
@pytest.mark.parametrize("kind", ["dna", "protein"])
def test_a_motif_whose_partner_one_group_holds_is_a_context(kind: str) -> None:
    """All hold it alike, and it counts for less where its partner stands."""
    made, cohort = explained("context", kind)
    own, places = by_position(made, cohort)
    found = compare(own, places, by="ancestry")
    at = found.subjects.index(CHANGED)
    assert found.mechanism[found.view("signed"), 0, at] == "context"
    assert abs(differing(found, "slope", "value")[CHANGED]) > 0.2
    letters = by_allele(own, places, CHANGED, by="ancestry")
    effect = dict(zip(letters.states, letters.effect[:, 0], strict=True))
    verdict = dict(zip(letters.states, letters.verdict[:, 0], strict=True))
    motif, changed = MOTIFS[kind][0][3], MOTIFS[kind][1][3]
    assert verdict[motif] == "different"
    assert effect[motif] < -0.2
    assert effect[changed] > effect[motif]
    carried, counts = by_motif(made, cohort, motif_hits(cohort, MOTIFS[kind][0]))
    told = by_allele(carried, counts, MOTIFS[kind][0], by="ancestry")
    assert told.states == ("0", "1")
    assert told.verdict[1, 0] == "different"
    assert told.effect[1, 0] < -0.2


@pytest.mark.filterwarnings("ignore:Rows start at different outputs")
@pytest.mark.parametrize("own", [False, True])
def test_shuffles_find_the_motif_as_references(own: bool) -> None:
    """Against shuffles of everybody, or of each row, the largest contributions lie in the motif."""
    cohort = read(people(400, 2, "value", "dna"), "dna")
    module = trained("value", "dna")
    made = (
        explain(module, cohort, baseline=Shuffles(10))
        if own
        else explain(module, cohort, background=shuffled(cohort))
    )
    values, _ = by_position(made, cohort)
    size = np.abs(values.values).mean(axis=0)
    assert AT <= size.argmax() < AT + 6
    assert size[AT : AT + 6].sum() > 0.5 * size.sum()
    assert letters_of(cohort) == "ACGT"
