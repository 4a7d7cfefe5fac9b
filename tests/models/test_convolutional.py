"""The small network for images: local, trained in seconds, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from evenlight.cohorts.phantom import NOTHING, Phantom, Planted, phantom
from evenlight.cohorts.warfarin import warfarin
from evenlight.data.cohort import Cohort
from evenlight.errors import ModelError
from evenlight.models.convolutional import SmallNetwork, small_network, trained_network

BOTH = pytest.mark.parametrize("dims", [2, 3])


def said(network: torch.nn.Module, cohort: Cohort) -> np.ndarray:
    """Logits (n,)."""
    with torch.no_grad():
        out: np.ndarray = network(torch.tensor(cohort.dense(), dtype=torch.float32)).numpy()[:, 0]
    return out


def auroc(score: np.ndarray, ill: np.ndarray) -> float:
    """Share of pairs (ill, healthy) in the right order."""
    return float((score[ill][:, None] > score[~ill][None]).mean())


@BOTH
def test_what_a_region_adds_does_not_depend_on_one_farther_away(dims: int) -> None:
    """The mark moves the logit as far whatever lies more than 6 positions from it."""
    made = phantom(6, dims=dims)
    torch.manual_seed(1)
    network = small_network(torch.zeros(made.cohort.x.shape[1:]), 0.2).eval().double()
    x = np.asarray(made.clean, dtype=float)
    other = np.random.default_rng(0).normal(size=x.shape)
    far = np.where(made.labels == 1, x, other)
    moved = []
    for base in (x, far):
        marked = base.copy()
        marked[:, :, made.mark] = made.bright
        with torch.no_grad():
            moved.append((network(torch.tensor(marked)) - network(torch.tensor(base))).numpy())
    np.testing.assert_allclose(moved[0], moved[1], atol=1e-9)
    assert np.abs(moved[0]).max() > 1e-3


@pytest.fixture(scope="module", name="learned")
def _learned() -> tuple[Phantom, SmallNetwork]:
    train = phantom(600, rng=100)
    return train, trained_network(train.cohort)


def test_it_learns_the_lesion_and_the_mark(learned: tuple[Phantom, SmallNetwork]) -> None:
    """Held-out people are told apart, and a mark raises the logit of all of them."""
    held = phantom(300, rng=1)
    network = learned[1]
    assert auroc(said(network, held.cohort), held.cohort.y == 1) > 0.9
    effect = said(network, held.paired(marked=True)) - said(network, held.paired(marked=False))
    assert effect.mean() > 0.8
    assert (effect > 0).mean() > 0.9


def test_without_marks_in_training_there_is_no_shortcut() -> None:
    """Trained on people of equal prevalence, the mark moves the logit by chance only."""
    train = phantom(600, planted=Planted(mark=(0.1, 0.8)), rng=100)
    held = phantom(200, planted=NOTHING, rng=1)
    network = trained_network(train.cohort)
    effect = said(network, held.paired(marked=True)) - said(network, held.paired(marked=False))
    assert abs(effect.mean()) < 0.6


@pytest.mark.slow
def test_heads_are_told_apart_as_well() -> None:
    """In 3-D, with 400 people."""
    network = trained_network(phantom(400, dims=3, rng=100).cohort)
    held = phantom(200, dims=3, rng=1)
    assert auroc(said(network, held.cohort), held.cohort.y == 1) > 0.9


def test_the_same_seed_gives_the_same_weights() -> None:
    """Weights hang on the cohort and the generator; torch's own state is left as it was."""
    cohort = phantom(40, side=24).cohort
    before = torch.get_rng_state()
    one, two, other = (trained_network(cohort, epochs=2, rng=seed) for seed in (0, 0, 1))
    assert torch.equal(before, torch.get_rng_state())
    weights = [network.state_dict()["head.weight"] for network in (one, two, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_what_is_no_image_is_refused() -> None:
    """A table, or an outcome that is not binary, is named."""
    with pytest.raises(ModelError, match="wanted images"):
        trained_network(warfarin())
    made = phantom(8).cohort
    with pytest.raises(ModelError, match="continuous"):
        trained_network(made.altered(outcome_kind="continuous"))
    with pytest.raises(ModelError, match="mean image"):
        small_network(torch.zeros(5))
