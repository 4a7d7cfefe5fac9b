"""Baselines of images: black, blur and filling, for integrated gradients and Shapley values."""

from __future__ import annotations

import itertools
import warnings
from math import factorial
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from evenlight.arrays import Float
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.errors import AttributionError, EvenlightWarning
from evenlight.explainers.explain import explain
from evenlight.explainers.image_baselines import blur, inpaint
from evenlight.probes.faithfulness import faithfulness
from evenlight.probes.patches import filling
from evenlight.stats.drawn_in import drawn_in
from tests.image_networks import Convolving

SHAPES = {2: (1, 8, 16), 3: (1, 8, 8, 16)}
IDS = np.array(["a", "b", "c"])


def cohort(axes: int, n: int = 12) -> Cohort:
    """Images of noise about 3."""
    x = 3 + np.random.default_rng(axes).normal(size=(n, *SHAPES[axes]))
    people = pd.DataFrame({"sex": ["f", "m"] * (n // 2)}, [f"r{i:02d}" for i in range(n)])
    return Cohort(x, people, ["intensity"], groups=["sex"], unit="row")


def quiet(*given: Any, **own: Any) -> Attributions:
    """An explanation, its warnings of rows that start elsewhere aside."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EvenlightWarning)
        made: Attributions = explain(*given, **own)
        return made


@pytest.mark.parametrize("shape", [(2, 6, 9), (1, 5, 6, 7)])
def test_a_filled_image_is_the_mean_of_neighbours_inside_its_frame(shape: tuple[int, ...]) -> None:
    """The same as the sparse solution of another part of the package; the frame stays as it is."""
    x = np.random.default_rng(0).normal(size=(3, *shape))
    made = inpaint(x, IDS)
    inside = np.zeros(shape, dtype=bool)
    inside[(slice(None), *(slice(1, -1) for _ in shape[1:]))] = True
    at = np.flatnonzero(inside).astype(np.int64)
    border, weight = filling(shape, at)
    wanted = x.reshape(3, -1).copy()
    wanted[:, at] = wanted[:, border] @ weight.T
    assert made.shape == (3, 1, *shape)
    np.testing.assert_allclose(made[:, 0].reshape(3, -1), wanted, atol=1e-10)
    np.testing.assert_array_equal(inpaint(x[..., :2], IDS)[:, 0], x[..., :2])


def test_a_blur_keeps_the_mean_of_a_flat_image_and_the_channels_apart() -> None:
    """A flat image is its own blur; a spot spreads by an eighth of each side, in its channel."""
    flat = np.full((3, 2, 32, 64), 5.0)
    np.testing.assert_allclose(blur(flat, IDS)[:, 0], flat)
    spot = np.zeros((3, 2, 65, 129))
    spot[:, 0, 32, 64] = 1.0
    made = blur(spot, IDS)[0, 0]
    assert not made[1].any()
    y, x = np.mgrid[:65, :129]
    for axis, side in ((y - 32, 65), (x - 64, 129)):
        spread = np.sqrt((made[0] * axis**2).sum() / made[0].sum())
        assert spread == pytest.approx(side / 8, rel=0.1)


@pytest.mark.parametrize("axes", [2, 3])
@pytest.mark.parametrize("word", ["mean", "black", "blur", "inpaint"])
def test_integrated_gradients_begin_at_the_named_image(word: str, axes: int) -> None:
    """The same as with the images handed over: one for all, or one for each row."""
    people, net = cohort(axes), Convolving(axes, relu=torch.nn.Tanh).double().eval()
    found = quiet(net, people, method="ig", target=0, baseline=word)
    x = people.dense()
    near = drawn_in(x.reshape(people.n, -1)).mean(axis=0).reshape(x.shape[1:])
    each = {
        "black": np.full((people.n, 1, *x.shape[1:]), x.min()),
        "blur": blur(x, people.rows), "inpaint": inpaint(x, people.rows),
        "mean": np.broadcast_to(near, (people.n, 1, *x.shape[1:])),
    }[word]  # fmt: skip
    for i in (0, 7):
        one = people.take(np.array([i]))
        alone = quiet(net, one, method="ig", target=0, baseline=each[i])
        scale = np.abs(alone.values).max()
        np.testing.assert_allclose(found.values[i], alone.values[0], atol=2e-3 * scale)
        assert found.base[i] == pytest.approx(alone.base[0], abs=1e-6)
    assert found.converged.all()
    own = word in ("blur", "inpaint")
    assert found.settings["baseline"] == (f"own: {word}" if own else word)
    assert (found.background is None) == own


def slow(net: Any, x: Float, start: Float, owner: Float, players: int) -> Float:
    """Shapley values of one image by their definition: all coalitions, regions absent at start."""

    def worth(members: tuple[int, ...]) -> float:
        there = np.isin(owner, members)
        with torch.no_grad():
            return float(net(torch.tensor(np.where(there, x, start))[None])[0, 0])

    out = np.zeros(players)
    for j in range(players):
        others = [k for k in range(players) if k != j]
        for size in range(players):
            share = factorial(size) * factorial(players - size - 1) / factorial(players)
            for some in itertools.combinations(others, size):
                out[j] += share * (worth((*some, j)) - worth(some))
    return out


@pytest.mark.parametrize("axes", [2, 3])
@pytest.mark.parametrize("word", ["black", "blur", "inpaint"])
def test_region_shapley_values_are_those_of_their_definition(word: str, axes: int) -> None:
    """A literal enumeration with each row's own reference; sums add up to output minus base."""
    people, net = cohort(axes), Convolving(axes, relu=torch.nn.Tanh).double().eval()
    sets = FeatureSets.from_grid(SHAPES[axes], (1,) * (axes - 2) + (2, 2))
    found = quiet(net, people, method="shapley", target=0, players=sets, baseline=word)
    owner = sets.owners().reshape(SHAPES[axes])
    for i in (0, 11):
        x = people.dense(np.array([i]))
        start = {"black": np.full_like(x, people.dense().min()),
                 "blur": blur(x, IDS)[:, 0], "inpaint": inpaint(x, IDS)[:, 0]}[word]  # fmt: skip
        wanted = slow(net, x[0], start[0], owner.astype(np.float64), 4)
        np.testing.assert_allclose(found.values[i], wanted, atol=1e-5)
    np.testing.assert_allclose(found.total(), found.output, atol=1e-4)
    assert found.settings["exact"]
    assert (found.background is None) == (word != "black")


def test_walks_with_references_of_rows_own_reach_the_exact_values() -> None:
    """Random walks and enumeration agree, and rows are the same whatever stands beside them."""
    people, net = cohort(2), Convolving(2).eval()
    sets = FeatureSets.from_grid(SHAPES[2], (2, 4))
    own: dict[str, Any] = {"method": "shapley", "target": 0, "players": sets, "baseline": "blur"}
    exact = quiet(net, people, **own, exact=True)
    walked = quiet(net, people, **own, walks=150)
    far = np.abs(walked.values - exact.values)
    assert walked.spread is not None
    assert (far <= 5 * walked.spread + 1e-5).all()
    part = people.take(np.array([5, 2]))
    few = quiet(net, part, **own, walks=150, background=people)
    np.testing.assert_allclose(few.values, walked.values[[5, 2]], atol=1e-6)


def test_several_references_of_rows_own_are_averaged() -> None:
    """A function that gives each row two references has the mean of both games."""
    people, net = cohort(2), Convolving(2).eval()
    sets = FeatureSets.from_grid(SHAPES[2], (2, 2))

    def both(x: Float, ids: Any) -> Float:
        return np.concatenate([blur(x, ids), inpaint(x, ids)], axis=1)

    every = [
        quiet(net, people, method="shapley", target=0, players=sets, baseline=word)
        for word in (both, "blur", "inpaint")
    ]
    np.testing.assert_allclose(every[0].values, (every[1].values + every[2].values) / 2, atol=1e-5)
    np.testing.assert_allclose(every[0].base, (every[1].base + every[2].base) / 2, atol=1e-6)


@pytest.mark.parametrize("word", ["black", "blur", "inpaint"])
def test_deletion_is_judged_from_where_attributions_start(word: str) -> None:
    """A linear network's attributions are right from every baseline, and are found to be."""
    people = cohort(2, n=40)
    layer = torch.nn.Linear(128, 1)
    net = torch.nn.Sequential(torch.nn.Flatten(), layer).eval()
    made = quiet(net, people, method="ig", baseline=word)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EvenlightWarning)
        checked = faithfulness(net, people, made, rows=20)
    assert checked.deletion.mean() == pytest.approx(1, abs=0.01)
    assert checked.insertion.mean() == pytest.approx(1, abs=0.01)


def test_names_of_images_are_refused_for_what_is_none() -> None:
    """Tables and one-hot sequences; and captum's methods, which take one reference for all."""
    n = 20
    people = pd.DataFrame({"sex": ["f", "m"] * (n // 2)}, [f"r{i:02d}" for i in range(n)])
    rng = np.random.default_rng(0)
    for x, width in ((rng.normal(size=(n, 12)), 12), (rng.normal(size=(n, 3, 4)), 12)):
        table = Cohort(x, people, groups=["sex"], unit="row")
        net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(width, 1)).eval()
        for word in ("black", "blur", "inpaint"):
            with pytest.raises(AttributionError, match=f"baseline '{word}' is for images"):
                quiet(net, table, method="ig", baseline=word)
    with pytest.raises(AttributionError, match='"ig" and "shapley" alone take'):
        quiet(Convolving(2).eval(), cohort(2), method="captum.ig", target=0, baseline="blur")
    with pytest.raises(AttributionError, match="wanted"):
        quiet(Convolving(2).eval(), cohort(2), method="ig", target=0, baseline="grey")
