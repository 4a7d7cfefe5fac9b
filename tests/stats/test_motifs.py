"""Scores of motifs: against loops over all windows, and all words."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from evenlight.errors import InputError
from evenlight.stats.motifs import log_odds, score_exceeded, scores

CHANCE = np.array([0.3, 0.2, 0.2, 0.3])


def motif(width: int, seed: int) -> np.ndarray:
    """Weights of a random motif."""
    drawn = np.random.default_rng(seed).dirichlet(np.full(4, 0.4), size=width).T
    return log_odds(drawn, CHANCE)


def test_scores_are_sums_over_the_window() -> None:
    """Against three loops; a window with a place without a letter has none."""
    rng = np.random.default_rng(0)
    hot = np.eye(4)[rng.integers(0, 4, size=(5, 12))].transpose(0, 2, 1)
    hot[2, :, 9:] = 0.0
    weights = motif(3, 1)
    found = scores(hot, weights)
    for i, j in product(range(5), range(10)):
        window = hot[i, :, j : j + 3]
        slow = sum(weights[a, k] * window[a, k] for a in range(4) for k in range(3))
        assert found[i, j] == (-np.inf if (window.sum(axis=0) == 0).any() else pytest.approx(slow))
    assert scores(hot, motif(13, 1)).shape == (5, 0)


@pytest.mark.parametrize("p", [0.3, 0.05, 1e-3, 1e-4])
@pytest.mark.parametrize("seed", [1, 2])
def test_chance_reaches_the_score_with_at_most_p(p: float, seed: int) -> None:
    """Against all words of five letters: no more than p of them, and one score less is too many."""
    weights = motif(5, seed)
    every = [
        (sum(weights[a, k] for k, a in enumerate(word)), float(np.prod(CHANCE[list(word)])))
        for word in product(range(4), repeat=5)
    ]
    limit = score_exceeded(weights, CHANCE, p)
    reached = sum(share for score, share in every if score >= limit)
    below = [score for score, _ in every if score < limit]
    assert reached <= p * (1 + 1e-6)
    last = max(below)
    assert sum(share for score, share in every if score >= last - 1e-9) > p * (1 - 1e-6)


def test_numbers_that_are_no_probabilities_are_refused() -> None:
    """Counts, another alphabet, and a p that is none."""
    with pytest.raises(InputError, match="divide counts by their column sums"):
        log_odds(np.full((4, 2), 5.0), CHANCE)
    with pytest.raises(InputError, match=r"shape \(3, 2\) for 4 letters"):
        log_odds(np.full((3, 2), 1 / 3), CHANCE)
    with pytest.raises(InputError, match="p=1"):
        score_exceeded(motif(3, 0), CHANCE, 1.0)
