"""Networks of MONAI as they come: several outputs, maps, and bags of tiles."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.data.tile_bags import bag
from evenlight.errors import ModelError
from evenlight.explainers.explain import explain
from evenlight.models.bags import bagged
from evenlight.models.segmented import segmented
from evenlight.models.wired import wire
from evenlight.probes.embeddings import embed

N = 8
PEOPLE = pd.DataFrame({"sex": ["f", "m"] * (N // 2)}, [f"r{i:02d}" for i in range(N)])


@pytest.fixture(scope="module", name="nets")
def _nets() -> Any:
    """MONAI's networks, or a skip that says how to get them."""
    pytest.importorskip("einops", reason="MONAI's transformers need pip install einops")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("monai", reason="needs pip install --no-deps monai")
        import monai.networks.nets as nets
    torch.manual_seed(0)
    return nets


def cohort(*shape: int) -> Cohort:
    """Images of noise."""
    x = np.random.default_rng(0).normal(size=(N, *shape))
    return Cohort(x, PEOPLE, groups=["sex"], unit="row")


@pytest.mark.parametrize("axes", [2, 3])
def test_a_vision_transformer_is_wired_explained_and_read(nets: Any, axes: int) -> None:
    """It gives logits and the states of its blocks; behind the patches the path is straight."""
    net = nets.ViT(
        in_channels=1, img_size=(16,) * axes, patch_size=(8,) * axes, hidden_size=24, mlp_dim=32,
        num_layers=2, num_heads=3, classification=True, num_classes=2, spatial_dims=axes,
    )  # fmt: skip
    people = cohort(1, *(16,) * axes)
    with pytest.raises(ModelError, match="ViT gives a tuple of 2"):
        explain(wire(net), people, method="ig", target=1)
    found = explain(wire(net, output=0), people, method="ig", target=1)
    assert found.converged.all()
    assert found.settings["stem"] == "network.patch_embedding"
    held = {layer.name: layer.values.shape for layer in embed(wire(net, output=0), people)}
    assert held["network.blocks.1"] == (N, 24)


def test_a_u_net_has_volumes(nets: Any) -> None:
    """Normalised within each image: explained from another image, not from a constant one."""
    net = nets.UNet(
        spatial_dims=3, in_channels=1, out_channels=2, channels=(4, 8), strides=(2,), act="tanh"
    )
    people = cohort(1, 8, 8, 8)
    model = segmented(net, {"lesion": 1}, activation="softmax", spacing=(1.0, 1.0, 2.0))
    start = people.dense(np.arange(2)).mean(axis=0)
    found = explain(model, people, method="ig", baseline=start)
    with torch.no_grad():
        said = net.eval()(torch.tensor(people.dense()).float()).softmax(dim=1)[:, 1]
    wanted: Float = 2 * said.sum(dim=(1, 2, 3)).numpy()
    np.testing.assert_allclose(found.output, wanted, rtol=1e-4)
    assert found.converged.all()


def test_bags_of_images_go_through_multiple_instance_learning(nets: Any) -> None:
    """MILModel takes all tiles (m, t, c, h, w) without a mask: bags of as many tiles."""
    net = nets.MILModel(num_classes=1, mil_mode="att", pretrained=False, backbone=backbone(),
                        backbone_num_features=6)  # fmt: skip
    tiles = np.random.default_rng(0).normal(size=(N, 5, 3, 8, 8))
    bags = bag(list(tiles), names=["red", "green", "blue"])
    people = Cohort(bags.x, PEOPLE, bags.features, groups=["sex"], unit="row")
    found = explain(bagged(net, takes="all"), people, method="ig", baseline=bags.reference())
    with torch.no_grad():
        wanted = net.eval()(torch.tensor(tiles).float())[:, 0]
    np.testing.assert_allclose(found.output, wanted, atol=1e-5)
    assert found.converged.all()
    assert not found.values[:, -1].any()


def backbone() -> Any:
    """A small encoder of tiles."""

    class Encoder(torch.nn.Module):
        """Tiles (k, 3, 8, 8) to 6 numbers each, (k, 6)."""

        def __init__(self) -> None:
            super().__init__()
            self.conv = torch.nn.Conv2d(3, 6, 3)

        def forward(self, x: Any) -> Any:
            """Pooled."""
            return torch.tanh(self.conv(x)).mean(dim=(2, 3))

    return Encoder()
