"""Networks of images in two and three axes through the engine, right or refused."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from evenlight.arrays import Float
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.errors import EvenlightWarning, ModelError
from evenlight.explainers.explain import explain
from evenlight.models.wired import wire
from tests.image_networks import Convolving, Functional, Patching, Reused

SHAPES = {2: (1, 8, 16), 3: (1, 8, 8, 16)}
N = 10
PEOPLE = pd.DataFrame({"sex": ["f", "m"] * (N // 2)}, [f"r{i:02d}" for i in range(N)])


def cohort(axes: int) -> Cohort:
    """Images of noise."""
    x = np.random.default_rng(axes).normal(size=(N, *SHAPES[axes]))
    return Cohort(x, PEOPLE, ["intensity"], groups=["sex"], unit="row")


def made(kind: str, axes: int) -> nn.Module:
    """A convolving network or a vision transformer, in double precision."""
    if kind == "patching":
        tokens = int(np.prod(SHAPES[axes])) // 4**axes
        return wire(Patching(axes, tokens=tokens), output=0).double()
    return Convolving(axes, relu=nn.Tanh, norm=kind).double()


def slow(net: nn.Module, x: Float, start: Float, nodes: int = 300) -> Float:
    """(x - start) times the mean gradient at midpoints of the path, one image at a time."""
    values = np.zeros(x.shape)
    for i, row in enumerate(x):
        for a in (np.arange(nodes) + 0.5) / nodes:
            at = torch.tensor(start + a * (row - start))[None].requires_grad_(True)
            (slope,) = torch.autograd.grad(net(at)[0, 0], at)
            values[i] += (row - start) * slope[0].numpy() / nodes
    return values


@pytest.mark.parametrize("axes", [2, 3])
@pytest.mark.parametrize("kind", ["batch", "group", "patching"])
def test_attributions_of_images_are_the_integral(kind: str, axes: int) -> None:
    """Against a literal loop in float64; the first affine layer is found, and rows add up."""
    people, net = cohort(axes), made(kind, axes).eval()
    start = np.full(SHAPES[axes], 0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EvenlightWarning)
        found = explain(net, people, method="ig", target=0, baseline=start)
    assert found.converged.all()
    assert found.settings["stem"] == {
        "batch": "norm", "group": "first", "patching": "network.patch"
    }[kind]  # fmt: skip
    wanted = slow(net, people.dense(np.arange(2)), start)
    np.testing.assert_allclose(found.values[:2], wanted, atol=2e-3 * np.abs(wanted).max())


def asked(net: nn.Module, axes: int, method: str) -> Attributions:
    """Attributions of target 0 from a baseline of zeros."""
    own: dict[str, Any] = {"steps": 512} if method == "captum.ig" else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EvenlightWarning)
        return explain(
            net, cohort(axes), method=method, target=0, baseline=np.zeros(SHAPES[axes]), **own
        )


@pytest.mark.parametrize("axes", [2, 3])
@pytest.mark.parametrize("kind", ["in place", "function", "reused"])
@pytest.mark.parametrize("method", ["ig", "captum.ig", "captum.deeplift", "captum.occlusion"])
def test_37_activations_of_any_kind_give_the_right_answer_or_none(
    kind: str, axes: int, method: str
) -> None:
    """Fault 37: in place, as a function, or used twice; DeepLIFT is refused where it errs."""
    net = {
        "in place": Convolving(axes, relu=lambda: nn.ReLU(inplace=True)),
        "function": Functional(axes), "reused": Reused(axes),
    }[kind]  # fmt: skip
    if method == "captum.deeplift" and kind != "in place":
        with pytest.raises(ModelError, match=r"called as a function|used 2 times"):
            asked(net, axes, method)
        return
    found, wanted = (asked(m, axes, method).values for m in (net, Convolving(axes)))
    np.testing.assert_allclose(found, wanted, atol=1e-5 * np.abs(wanted).max())


@pytest.mark.parametrize("axes", [2, 3])
def test_37_gradcam_reads_a_layer_before_it_is_written_over(axes: int) -> None:
    """Fault 37 (captum 156): an activation in place behind the layer changes no map."""
    written = Convolving(axes, relu=lambda: nn.ReLU(inplace=True))
    found, wanted = (
        explain(net, cohort(axes), method="captum.gradcam", target=0, layer="norm").values
        for net in (written, Convolving(axes))
    )
    np.testing.assert_array_equal(found, wanted)
    assert found.any()


@pytest.mark.parametrize("axes", [2, 3])
def test_39_images_that_enter_one_another_are_refused(axes: int) -> None:
    """Fault 39: statistics of the batch in eval mode, and attention over rows, not tokens."""
    tokens = int(np.prod(SHAPES[axes])) // 4**axes
    for net in (
        Convolving(axes, norm="own"), wire(Patching(axes, tokens=tokens, across=True), output=0)
    ):  # fmt: skip
        with pytest.raises(ModelError, match="mixes the rows of a batch"):
            explain(net, cohort(axes), method="ig", target=0)
    right = wire(Patching(axes, tokens=tokens), output=0)
    assert explain(right, cohort(axes), method="ig", target=0).converged.all()
    alone = explain(
        Convolving(axes, norm="instance"), cohort(axes), method="ig", target=0, cap=4096
    )
    assert alone.converged.mean() > 0.9
