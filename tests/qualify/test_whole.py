"""Whole audits: what is planted is two margins, and the answers are read right."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import rankdata

from evenlight.policy import Margins
from evenlight.qualify import whole
from evenlight.qualify.harness import line

N = 300_000
MARGINS = Margins()


@pytest.fixture(name="rng")
def _rng() -> np.random.Generator:
    return np.random.default_rng(77)


@pytest.fixture(name="ancestry")
def _ancestry() -> np.ndarray:
    return np.array(whole.ANCESTRIES)[np.arange(N) % 5]


def test_the_performance_of_one_ancestry_is_two_margins_lower(
    rng: np.random.Generator, ancestry: np.ndarray
) -> None:
    """AUROC 0.10 below the others', on people not used to set it."""
    made = whole.worse_for_one(rng, ancestry)
    ill, score = rng.uniform(size=N) < expit(made.logit), made.x @ np.array(whole.WEIGHTS)
    apart = ancestry == whole.APART
    gap = auroc(score[~apart], ill[~apart]) - auroc(score[apart], ill[apart])
    assert gap == pytest.approx(2 * MARGINS.auroc, abs=0.006)


def test_the_use_in_one_ancestry_is_two_margins_away(
    rng: np.random.Generator, ancestry: np.ndarray
) -> None:
    """The mean contrast of x_0 differs by 0.2 pooled within-group SD of the output."""
    made = whole.used_otherwise(rng, ancestry)
    low, high = np.quantile(made.x[:, 0], [0.1, 0.9])
    ends = [np.column_stack([np.full(N, v), made.x[:, 1:]]) for v in (low, high)]
    strength = whole.product_strength()
    moved = whole._with_product(ends[1], strength) - whole._with_product(ends[0], strength)
    apart = ancestry == whole.APART
    sd = np.sqrt(np.mean([made.logit[ancestry == a].var() for a in whole.ANCESTRIES]))
    gap = (moved[apart].mean() - moved[~apart].mean()) / sd
    assert gap == pytest.approx(2 * MARGINS.attribution, abs=0.004)


def test_the_marker_carries_two_margins_of_the_variance(
    rng: np.random.Generator, ancestry: np.ndarray
) -> None:
    """Of the variance within the outcome 0.2 lies between ancestries, all of it the marker's."""
    made = whole.relied_on(rng, ancestry)
    f = made.x @ np.array([*whole.WEIGHTS, whole.marker_weight()])
    ill, codes = (
        rng.uniform(size=N) < expit(made.logit),
        np.unique(ancestry, return_inverse=True)[1],
    )
    between, total = 0.0, 0.0
    for y in (True, False):
        own, g = f[ill == y], codes[ill == y]
        means = np.bincount(g, weights=own) / np.bincount(g)
        between += ((means[g] - own.mean()) ** 2).sum() / N
        total += own.var() * (ill == y).mean()
    assert between / total == pytest.approx(2 * MARGINS.reliance, abs=0.005)


def test_an_audit_answers_each_question_with_one_word() -> None:
    """Gate and answers are shares that add up to one."""
    made = line("audit, reliance two margins", 0, 0)
    assert made.error == ""
    assert set(made.found) == {"gate", "performance", "use", "reliance"}
    for question in ("performance", "use", "reliance"):
        own = made.found[question]["evenlight"]
        assert sum(v for name, v in own.items() if name.startswith("said ")) == 1.0
    assert sum(made.found["gate"]["evenlight"].values()) == 1.0
    assert made.found["reliance"]["evenlight"]["similar at two margins"] == 0.0


def auroc(score: np.ndarray, ill: np.ndarray) -> float:
    """The share of pairs in the right order."""
    ranks, n = rankdata(score), int(ill.sum())
    return float((ranks[ill].sum() - n * (n + 1) / 2) / (n * (len(ill) - n)))
