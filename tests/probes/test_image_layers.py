"""What the layers of networks of images hold of a group, and what of it is used."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.measures.encoded import EncodedUsed
from evenlight.measures.encoded_used import encoded_used
from evenlight.models.wired import wire
from evenlight.probes.embeddings import embed
from evenlight.probes.erase import erase
from evenlight.probes.predict import predict
from tests.image_networks import Convolving, Patching

SHAPES = {2: (8, 16), 3: (8, 8, 16)}


def images(axes: int, n: int, seed: int, *, tied: float) -> Cohort:
    """A lesion in the middle of the ill; a bright corner of group B, which `tied` goes with ill."""
    rng = np.random.default_rng(seed)
    ill = rng.integers(0, 2, n)
    in_b = rng.random(n) < 0.5 + tied * (ill - 0.5)
    x = rng.normal(0, 0.4, (n, 1, *SHAPES[axes]))
    middle: Any = (slice(2, 6),) * (axes - 1) + (slice(6, 10),)
    corner: Any = (slice(0, 4),) * axes
    x[(slice(None), 0, *middle)] += (0.8 * ill).reshape(-1, *[1] * axes)
    x[(slice(None), 0, *corner)] += (1.0 * in_b).reshape(-1, *[1] * axes)
    people = pd.DataFrame(
        {"scanner": np.where(in_b, "B", "A"), "ill": ill}, [f"p{i:04d}" for i in range(n)]
    )
    return Cohort(x, people, ["intensity"], outcome="ill", groups=["scanner"], unit="row")


@cache
def trained(kind: str, axes: int, tied: float) -> nn.Module:
    """A network of two outputs, trained where the corner does or does not go with the outcome."""
    seen = images(axes, 800, 1, tied=tied)
    net: nn.Module = Convolving(axes)
    if kind == "patching":
        net = wire(Patching(axes, tokens=int(np.prod(SHAPES[axes])) // 4**axes), output=0)
    steps = torch.optim.Adam(net.parameters(), lr=0.01)
    x, y = torch.tensor(seen.dense()).float(), torch.tensor(seen.y).long()
    for epoch in range(4):
        for at in np.array_split(np.random.default_rng(epoch).permutation(800), 10):
            steps.zero_grad()
            loss: Tensor = nn.functional.cross_entropy(net(x[at]), y[at])
            loss.backward()  # type: ignore[no-untyped-call]
            steps.step()
    return net.eval()


def table(net: nn.Module, cohort: Cohort) -> EncodedUsed:
    """Its main layers by scanner, given the outcome."""
    ask: Any = {"by": "scanner"}
    return encoded_used(
        embed(net, cohort), predict(net, cohort, target=1), cohort, draws=199,
        erased=erase(net, cohort, target=1, **ask), **ask,
    )  # fmt: skip


@pytest.mark.parametrize(("kind", "axes"), [("convolving", 2), ("convolving", 3), ("patching", 2)])
def test_a_scanner_that_is_used_is_told_from_one_that_is_seen(kind: str, axes: int) -> None:
    """The corner is encoded either way; erasing it moves the output only where it was of use."""
    cohort = images(axes, 500, 2, tied=0.0)
    used, unused = (table(trained(kind, axes, tied), cohort) for tied in (0.8, 0.0))
    assert used.encoded[0] == unused.encoded[0] == "different"
    assert set(used.reading) == {"encoded_and_used"}
    assert unused.reading[0] == "encoded_not_used"
    assert "encoded_and_used" not in set(unused.reading)


def test_blocks_in_a_list_are_layers_by_default() -> None:
    """As MONAI's vision transformers hold them: each block, averaged over its tokens to (n, d)."""
    cohort, net = images(2, 30, 0, tied=0.0), wire(Patching(2, tokens=8), output=0).eval()
    held = embed(net, cohort)
    assert [layer.name for layer in held] == [
        "network.patch", "network.blocks.0", "network.blocks.1", "network.norm", "network.head"
    ]  # fmt: skip
    with torch.no_grad():
        states = net.network(torch.tensor(cohort.dense()).float())[1]  # type: ignore[operator]
    for layer, state in zip(held[1:3], states, strict=True):
        wanted: Float = state.numpy().mean(axis=1)
        np.testing.assert_allclose(layer.values, wanted, rtol=1e-4, atol=1e-5)


def test_fewer_people_than_blocks_are_erased_one_by_one() -> None:
    """Twelve images: twelve blocks of one, and the whole; the network is run 13 times."""
    (made,) = erase(
        Convolving(2), images(2, 12, 0, tied=0.0), by="scanner", layers="deep", target=1
    )
    assert made.after.shape == (13, 12)
    assert sorted(made.block.tolist()) == list(range(12))
