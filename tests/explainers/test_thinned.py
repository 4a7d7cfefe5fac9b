"""Images start at some rows of the background, spread over outputs and over the background."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import torch
from torch import nn

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.errors import EvenlightWarning
from evenlight.explainers.background import draw
from evenlight.explainers.explain import explain
from evenlight.explainers.thinned import IMAGES_FROM, spread_rows
from evenlight.probes.again import _options


def literal(margin: Float, many: int) -> list[int]:
    """The same, by counting: part by part, and place by place."""
    b = len(margin)
    ranked = sorted(range(b), key=lambda i: (margin[i], i))
    halves = [0.0]
    while len(halves) < many:  # van der Corput: 0, 1/2, 1/4, 3/4, 1/8, ...
        step = 1 / (2 * len(halves))
        halves += [h + step for h in halves]
    halves = halves[:many]
    chosen = []
    for j, part in enumerate(np.array_split(ranked, many)):
        wanted = (sum(h < halves[j] for h in halves) + 0.5) * b / many
        chosen.append(min((abs(i + 0.5 - wanted), k, int(i)) for k, i in enumerate(part))[2])
    return sorted(chosen)


def test_one_row_from_each_part_of_the_outputs_at_spread_places() -> None:
    """As counted by hand, one from each part of the range, and of each quarter of the rows."""
    rng = np.random.default_rng(0)
    for many in (3, 7, 16):
        margin = rng.normal(size=(100, 2)) * [0.1, 3.0]
        at = spread_rows(margin, many)
        assert at.tolist() == literal(margin[:, 1], many)
        assert len(set(at)) == many
    rank = np.argsort(np.argsort(margin[:, 1]))[at]
    assert sorted(np.searchsorted(np.cumsum([7] * 4 + [6] * 12), rank, "right")) == [*range(16)]
    assert all(3 <= k <= 5 for k in np.bincount(at // 25, minlength=4))


def test_the_mean_output_is_kept_far_better_than_by_chance() -> None:
    """The base errs by a third or less of what as many rows drawn at random err by."""
    rng = np.random.default_rng(1)
    apart = []
    for _ in range(200):
        margin = rng.gamma(2.0, size=(100, 1))
        apart.append(margin[spread_rows(margin, 16)].mean() - margin.mean())
    chance = np.sqrt(2.0 / 16 * (1 - 16 / 100))
    assert np.sqrt(np.mean(np.square(apart))) < chance / 3


def cohort_of(n: int) -> Cohort:
    """Images of two groups, one of which is brighter."""
    rng = np.random.default_rng(2)
    people = pd.DataFrame({"sex": ["f", "m"] * (n // 2)}, [f"r{i:03d}" for i in range(n)])
    x = rng.normal(size=(n, 1, 8, 8)) + np.arange(n)[:, None, None, None] % 2
    return Cohort(x, people, groups=["sex"], unit="row")


def network() -> nn.Module:
    """A smooth convolution with one output."""
    torch.manual_seed(0)
    conv = nn.Conv2d(1, 4, 3, padding=1)
    return nn.Sequential(conv, nn.SiLU(), nn.Flatten(), nn.Linear(256, 1)).double().eval()


def test_images_start_at_some_rows_of_the_background_unless_all_are_asked_for() -> None:
    """The mean over the paths from the chosen rows; "rows" is the mean over all of them."""
    cohort, net = cohort_of(120), network()
    rows = draw(cohort, rng=np.random.default_rng([0, 0])).rows
    with torch.no_grad():
        margin = net(torch.tensor(rows)).numpy()
    at = spread_rows(margin, IMAGES_FROM)
    assert 6 <= (at < 50).sum() <= 10  # of the background's first group
    found = explain(net, cohort, method="ig", target=0)
    wanted = explain(net, cohort, method="ig", target=0, baseline=rows[at])
    np.testing.assert_allclose(found.values, wanted.values, atol=1e-6)
    assert (found.settings["baseline"], found.settings["baselines"]) == ("rows", IMAGES_FROM)
    whole = explain(net, cohort, method="ig", target=0, baseline="rows")
    assert whole.settings["baselines"] == 100
    apart = found.values.sum(axis=(1, 2, 3)) - whole.values.sum(axis=(1, 2, 3))
    assert np.abs(apart).max() < 0.1 * whole.output.std()
    assert found.converged.all()


def test_what_is_explained_again_starts_at_the_same_rows() -> None:
    """With the background at hand, some of the people have the attributions they had among all."""
    cohort, net = cohort_of(120), network()
    made = explain(net, cohort, method="ig", target=0)
    few = cohort.take(np.arange(30))
    rows = draw(cohort, rng=np.random.default_rng([0, 0])).rows
    own = _options(made)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EvenlightWarning)  # few rows span little
        again = explain(net, few, method="ig", target=0, background=rows, **own)
    np.testing.assert_allclose(again.values, made.values[:30], atol=1e-6)
    whole = explain(net, cohort, method="ig", target=0, baseline="rows")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EvenlightWarning)
        every = explain(net, few, method="ig", target=0, background=rows, **_options(whole))
    np.testing.assert_allclose(every.values, whole.values[:30], atol=1e-6)
