"""Grad-CAM and occlusion in two and three axes, against literal loops and on planted truth."""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch.nn.functional import interpolate

from evenlight.arrays import Float
from evenlight.cohorts.phantom import Phantom, phantom
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.errors import EvenlightWarning, ModelError
from evenlight.explainers.explain import explain
from evenlight.models.convolutional import trained_network
from tests.image_networks import Convolving

SHAPES = {2: (1, 8, 16), 3: (1, 8, 8, 16)}


def cohort(axes: int, n: int = 8) -> Cohort:
    """Images of noise."""
    x = np.random.default_rng(axes).normal(size=(n, *SHAPES[axes]))
    people = pd.DataFrame({"sex": ["f", "m"] * (n // 2)}, [f"r{i:02d}" for i in range(n)])
    return Cohort(x, people, ["intensity"], groups=["sex"], unit="row")


def quiet(*given: Any, **own: Any) -> Attributions:
    """An explanation, its warnings aside."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EvenlightWarning)
        made: Attributions = explain(*given, **own)
        return made


@pytest.mark.parametrize("axes", [2, 3])
@pytest.mark.parametrize("positive", [False, True])
def test_gradcam_is_its_formula_and_enlarged(axes: int, positive: bool) -> None:
    """Channels weighed by their mean gradient (Selvaraju 2017), one image at a time."""
    people, net = cohort(axes), Convolving(axes).double().eval()
    found = quiet(net, people, method="captum.gradcam", target=1, layer="norm", positive=positive)
    for i in range(people.n):
        held: list[torch.Tensor] = []
        hook = net.norm.register_forward_hook(lambda m, g, out, held=held: held.append(out))
        out = net(torch.tensor(people.dense(np.array([i]))))[0, 1]
        hook.remove()
        (slope,) = torch.autograd.grad(out, held[0])
        weight = slope.flatten(2).mean(dim=2)[0]
        small = sum(w * channel for w, channel in zip(weight, held[0][0], strict=True))
        small = small.clamp(min=0) if positive else small
        mode = {2: "bilinear", 3: "trilinear"}[axes]
        large = interpolate(small[None, None], SHAPES[axes][1:], mode=mode)[0]
        np.testing.assert_allclose(found.values[i], large.detach().numpy(), atol=1e-6)


def covered(net: Any, x: Float, start: Float, window: tuple[int, ...]) -> Float:
    """What covering each window takes away from the first output, window by window."""
    out = np.zeros_like(x)
    with torch.no_grad():
        whole = net(torch.tensor(x)[None])[0, 0].item()
        for at in itertools.product(
            *(range(0, s, w) for s, w in zip(x.shape, window, strict=True))
        ):
            part = tuple(slice(a, a + w) for a, w in zip(at, window, strict=True))
            hidden = x.copy()
            hidden[part] = start[part]
            out[part] = whole - net(torch.tensor(hidden)[None])[0, 0].item()
    return out


@pytest.mark.parametrize("axes", [2, 3])
@pytest.mark.parametrize("own", [None, 3])
def test_occlusion_is_what_covering_a_window_takes_away(axes: int, own: int | None) -> None:
    """By default an eighth of each side; windows that do not divide a side end with it."""
    people, net = cohort(axes), Convolving(axes).double().eval()
    window = tuple(max(1, s // 8) for s in SHAPES[axes][1:]) if own is None else (own,) * axes
    given: dict[str, Any] = {} if own is None else {"window": (1, *window)}
    found = quiet(net, people, method="captum.occlusion", target=0, baseline="black", **given)
    x = people.dense()
    for i in (0, 5):
        wanted = covered(net, x[i], np.full(x.shape[1:], x.min()), (1, *window))
        np.testing.assert_allclose(found.values[i], wanted, atol=1e-5)
    assert found.settings["baseline"] == "black"


@pytest.fixture(scope="module", name="trained", params=[2, 3])
def _trained(request: pytest.FixtureRequest) -> tuple[Phantom, Any]:
    """Generated people and a network that was trained on others."""
    dims = request.param
    learned = phantom(240, dims=dims, rng=100).cohort
    return phantom(60, dims=dims, rng=0), trained_network(learned, epochs=8, rng=0)


def test_maps_of_a_trained_network_stand_over_what_was_planted(
    trained: tuple[Phantom, Any],
) -> None:
    """Of images with mark or lesion, each method has most per position where these are."""
    made, net = trained
    bearing = made.take(np.flatnonzero((made.truth["mark"] > 0) & (made.truth["lesion"] > 0)))
    held = bearing.cohort.altered(groups=())
    planted = bearing.mark | (bearing.lesion > 0.25 * bearing.lesion.max())
    for method, own in (
        ("captum.gradcam", {"layer": "third"}), ("captum.occlusion", {"baseline": "mean"}),
        ("ig", {"baseline": "mean"}), ("ig", {"baseline": "black"}),
    ):  # fmt: skip
        found = quiet(net, held, method=method, background=made.clean, **own)
        size = np.abs(found.values[:, 0]).mean(axis=0)
        assert size[planted].mean() > 1.5 * size[~planted].mean(), (method, own)


def test_region_shapley_finds_the_mark_from_every_baseline(trained: tuple[Phantom, Any]) -> None:
    """What the mark adds, known from pairs of images, is its region's value from clean images."""
    made, net = trained
    people = made.paired(marked=True).take(np.arange(24))
    clean = made.clean[:24]
    corner = made.regions.names.index(made.mark_region)

    def unmarked(x: Float, ids: Any) -> Float:
        at = [list(people.rows).index(row) for row in ids]
        return np.asarray(clean[at][:, None], dtype=np.float64)

    found = quiet(net, people, method="shapley", players=made.regions, baseline=unmarked)
    with torch.no_grad():
        pair = [net(torch.tensor(x, dtype=torch.float32))[:, 0].numpy() for x in (people.x, clean)]
    np.testing.assert_allclose(found.values[:, corner], pair[0] - pair[1], atol=1e-4)
    assert np.abs(np.delete(found.values, corner, axis=1)).max() < 1e-4
    for word in ("mean", "black", "blur"):
        by = quiet(net, people, method="shapley", players=made.regions, baseline=word)
        assert by.features.names == made.regions.names
        np.testing.assert_allclose(by.total(), by.output, atol=1e-3)


def test_gradcam_by_grid_and_superpixels_can_be_summed(trained: tuple[Phantom, Any]) -> None:
    """Maps go by any regions of the same shape; a layer without a map is refused."""
    made, net = trained
    people = made.cohort.take(np.arange(12))
    found = quiet(net, people, method="captum.gradcam", layer="third")
    sets = FeatureSets.from_grid(people.x.shape[1:], (2,) * (people.x.ndim - 2))
    by = found.by(sets)
    np.testing.assert_allclose(by.values.sum(axis=1), found.values.reshape(12, -1).sum(axis=1),
                               atol=1e-3)  # fmt: skip
    with pytest.raises(ModelError, match="no map of"):
        quiet(net, people, method="captum.gradcam", layer="head")
