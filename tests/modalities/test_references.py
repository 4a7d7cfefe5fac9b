"""References of sequences, and what each letter would contribute against them."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.errors import AttributionError, CohortError
from evenlight.explainers.explain import explain
from evenlight.modalities.hypothetical import hypothetical
from evenlight.modalities.positions import by_position
from evenlight.modalities.references import Shuffles, shuffled, walked_codes
from evenlight.modalities.sequences import read_sequences

LENGTH = 14


def cohort(n: int = 24, seed: int = 0) -> Cohort:
    """Random sequences, one with an unknown letter."""
    rng = np.random.default_rng(seed)
    texts = ["".join(rng.choice(list("ACGT"), LENGTH)) for _ in range(n)]
    texts[1] = f"AC{'N'}{texts[1][3:]}"
    people = pd.DataFrame(
        {"dna": texts, "sex": ["f", "m"] * (n // 2)}, index=[f"p{i:02d}" for i in range(n)]
    )
    return read_sequences(people, "dna", groups=["sex"], unknown="even")


def network(bend: type[nn.Module] = nn.GELU) -> nn.Module:
    """A small network."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv1d(4, 5, 3), bend(), nn.Flatten(), nn.Linear(60, 1)).eval()


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.text("ACGTN", min_size=2, max_size=20), min_size=2, max_size=5),
    st.integers(0, 1000),
)
def test_shuffles_keep_letters_pairs_ends_and_padding(texts: list[str], seed: int) -> None:
    """Unknown letters are letters of their own; nothing is moved into the padding."""
    people = pd.DataFrame({"dna": texts}, index=[f"p{i}" for i in range(len(texts))])
    made = read_sequences(people, "dna", unknown="even", length=22)
    x = made.dense()
    for one, own in zip(x, Shuffles(2, seed)(x, made.rows), strict=True):
        for other in own:
            before, after = walked_codes(one[None])[0], walked_codes(other[None])[0]
            many = int((before >= 0).sum())
            np.testing.assert_array_equal(after < 0, before < 0)
            assert (after[0], after[many - 1]) == (before[0], before[many - 1])
            pairs = [Counter(pairwise(row[:many].tolist())) for row in (before, after)]
            assert pairs[0] == pairs[1]


def test_a_row_has_its_shuffles_whatever_stands_beside_it() -> None:
    """By its id and the seed."""
    made = cohort()
    x, ids = made.dense(), made.rows
    every = Shuffles(3)(x, ids)
    np.testing.assert_array_equal(Shuffles(3)(x[[5]], ids[[5]])[0], every[5])
    assert not np.array_equal(Shuffles(3, seed=1)(x, ids), every)
    other = shuffled(made, seed=4)
    np.testing.assert_array_equal(other.dense(), Shuffles(1, 4)(x, ids)[:, 0])
    assert other.rows.tolist() == made.rows.tolist()
    assert other.notes[0].startswith("Sequences were shuffled")
    with pytest.raises(CohortError, match="count=0; wanted a whole number of at least 1"):
        Shuffles(0)


def test_shuffled_people_are_a_background_balanced_over_groups() -> None:
    """Drawn from as any cohort is: as many shuffles of women as of men."""
    made = cohort()
    found = explain(network(), made, background=shuffled(made))
    assert found.background is not None
    assert set(found.background.composition) == {"f", "m"}
    assert len(set(found.background.composition.values())) == 1
    np.testing.assert_allclose(found.total(), found.output, atol=1e-2)


def literally(module: nn.Module, x: Float, references: Float, steps: int = 300) -> Float:
    """Hypothetical contributions of one row, reference by reference, letter by letter."""
    out = np.zeros_like(x)
    for reference in references:
        slope = np.zeros_like(x)
        for k in range(steps):
            point = torch.tensor(reference + (k + 0.5) / steps * (x - reference))[None]
            point.requires_grad_()
            (g,) = torch.autograd.grad(module(point)[0, 0], point)
            slope += g[0].numpy() / steps
        for letter in range(len(x)):
            one = np.zeros_like(x)
            one[letter] = 1.0
            out[letter] += (slope * (one - reference)).sum(axis=0) / len(references)
    return out


@pytest.mark.filterwarnings("ignore:Rows start at different outputs")
@pytest.mark.filterwarnings("ignore:The baseline lies outside")
@pytest.mark.parametrize("own", [False, True])
def test_hypothetical_contributions_are_multipliers_times_differences(own: bool) -> None:
    """Against loops over references and letters, shared by all rows or each row's own."""
    made, module = cohort(), network()
    shared = np.random.default_rng(3).dirichlet(np.ones(4), size=(3, LENGTH)).swapaxes(1, 2)
    found = explain(module, made, baseline=Shuffles(3) if own else shared, sensitivity=True)
    wide = hypothetical(found, made)
    module = module.double()
    for i in (0, 1, 9):
        x = made.dense(np.array([i]))
        references = Shuffles(3)(x, made.rows[[i]])[0] if own else shared
        np.testing.assert_allclose(
            wide[i], literally(module, x[0], references), atol=0.01 * np.abs(wide[i]).max()
        )


def test_deeplift_has_multipliers_too() -> None:
    """Attribution = multiplier x difference; hypothetical ones are the mean over references."""
    made, module = cohort(), network(nn.ReLU)
    starts = Shuffles(3)(made.dense()[:1], made.rows[:1])[0]
    own = {"method": "captum.deeplift", "sensitivity": True}
    found = explain(module, made, baseline=starts, **own)  # type: ignore[call-overload]
    each = [explain(module, made, baseline=start[None], **own) for start in starts]  # type: ignore[call-overload]
    x = made.dense()
    np.testing.assert_allclose(each[0].sensitivity * (x - starts[0]), each[0].values, atol=1e-6)
    slow = np.zeros_like(x)
    for start, one in zip(starts, each, strict=True):
        for letter in range(4):
            there = np.zeros((4, LENGTH))
            there[letter] = 1.0
            slow[:, letter] += (one.sensitivity * (there - start)).sum(axis=1) / 3
    np.testing.assert_allclose(hypothetical(found, made), slow, atol=1e-5)


@pytest.mark.filterwarnings("ignore:Rows start at different outputs")
def test_at_the_letter_that_is_there_they_are_the_contribution() -> None:
    """Their sum over the letters of a row is the output less its base, unknown letters included."""
    made = cohort()
    found = explain(network(), made, baseline=Shuffles(5), sensitivity=True)
    wide, x = hypothetical(found, made), made.dense()
    there = (wide * x).sum(axis=1)
    np.testing.assert_allclose(there, by_position(found, made)[0].values, atol=1e-6)
    np.testing.assert_allclose(there.sum(axis=1), found.output - found.base, atol=5e-3)


def test_multipliers_are_needed() -> None:
    """And attributions for each letter."""
    made = cohort()
    plain = explain(network(), made)
    with pytest.raises(AttributionError, match="explain with sensitivity=True"):
        hypothetical(plain, made)
