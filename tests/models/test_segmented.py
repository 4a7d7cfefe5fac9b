"""Networks that segment: one declared number for each structure, right and complete."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from evenlight.arrays import Float
from evenlight.data.beside_images import holding, with_references
from evenlight.data.cohort import Cohort
from evenlight.data.rows import Rows
from evenlight.errors import AttributionError, CohortError, EvenlightWarning, ModelError
from evenlight.explainers.explain import explain
from evenlight.models.probe import prepare
from evenlight.models.segmented import segmented
from evenlight.models.wired import wire

N = 16
PEOPLE = pd.DataFrame({"sex": ["f", "m"] * (N // 2)}, [f"r{i:02d}" for i in range(N)])
LUNGS: Any = {"left": 1, "right": 2}


def cohort(*space: int) -> Cohort:
    """Images of noise, the same whatever other tests have drawn."""
    x = np.random.default_rng(0).normal(size=(N, 1, *space))
    return Cohort(x, PEOPLE, ["intensity"], groups=["sex"], unit="row")


class Unet(nn.Module):
    """A small U-shaped network in two or three axes, smooth."""

    def __init__(self, axes: int, classes: int) -> None:
        super().__init__()
        torch.manual_seed(axes)
        conv: Any = nn.Conv2d if axes == 2 else nn.Conv3d
        up: Any = nn.ConvTranspose2d if axes == 2 else nn.ConvTranspose3d
        self.first, self.down = conv(1, 4, 3, padding=1), conv(4, 6, 2, 2)
        self.up, self.last = up(6, 4, 2, 2), conv(8, classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Maps (m, classes, *space)."""
        high = torch.tanh(self.first(x))
        low = self.up(torch.tanh(self.down(high)))
        made: Tensor = self.last(torch.cat([high, torch.tanh(low)], dim=1)) * 3
        return made


def maps(net: nn.Module, people: Cohort) -> Float:
    """The maps of all rows by hand, float64."""
    with torch.no_grad():
        made: Tensor = net(torch.tensor(people.dense()).float())
    return made.double().numpy()


@pytest.mark.parametrize("axes", [2, 3])
def test_volumes_are_expected_volumes_and_complete(axes: int) -> None:
    """Chances summed over space times the size of a position, for each structure; they add up."""
    people, net = cohort(*(8,) * axes), Unet(axes, 3)
    raw = maps(net, people)
    p = np.exp(raw) / np.exp(raw).sum(axis=1, keepdims=True)
    model = segmented(
        net, {**LUNGS, "both": (1, 2)}, activation="softmax", spacing=(2.0,) * axes, unit="mm"
    )
    every = explain(model, people, method="ig", target=["left", "right", "both"], baseline="mean")
    for at, made in enumerate(every):
        own = p[:, [[1], [2], [1, 2]][at]].sum(axis=1)
        wanted = own.reshape(N, -1).sum(axis=1) * 2.0**axes
        np.testing.assert_allclose(made.output, wanted, rtol=1e-4)
        np.testing.assert_allclose(made.total() - made.output, 0, atol=1e-3 * wanted.std())
    assert [made.target for made in every] == ["left", "right", "both"]
    whole = every[0].values + every[1].values
    np.testing.assert_allclose(whole, every[2].values, atol=1e-3 * np.abs(whole).max())


def test_mean_logits_are_log_odds_of_the_structure() -> None:
    """Of a softmax against all other channels, of a sigmoid its own; far from 0 nothing is lost."""
    people, net = cohort(8, 8), Unet(2, 3)
    raw = maps(net, people)
    odds = raw[:, 1] - np.log(np.exp(raw[:, [0, 2]]).sum(axis=1))
    ask: Any = {"measure": "mean logit"}
    made = prepare(segmented(net, {"left": 1}, activation="softmax", **ask), people)
    np.testing.assert_allclose(made.output, odds.mean(axis=(1, 2)), atol=1e-4)
    part = np.zeros((1, 8, 8))
    part[0, :3] = 1
    made = prepare(segmented(net, {"left": 1}, activation="sigmoid", reference=part, **ask), people)
    np.testing.assert_allclose(made.output, raw[:, 1, :3].mean(axis=(1, 2)), atol=1e-4)
    far = nn.Conv2d(1, 2, 1)
    with torch.no_grad():
        far.weight.fill_(0)
        far.get_parameter("bias").copy_(torch.tensor([0.0, 60.0]))
    made = prepare(segmented(far, {"a": 1}, activation="softmax", **ask), people)
    np.testing.assert_allclose(made.output, 60, rtol=1e-5)


def masks(people: Cohort, net: nn.Module) -> Float:
    """A reference of each row: the network's own mask, moved by one position."""
    return np.roll(maps(net, people)[:, 1] > 0, 1, axis=1).astype(float)


def slow_dice(p: Float, g: Float) -> float:
    """2 sum(p g) / (sum p + sum g), by loops."""
    both = total = 0.0
    for a, b in zip(p.ravel(), g.ravel(), strict=True):
        both += 2 * a * b
        total += a + b
    return both / total


@pytest.mark.parametrize("lazy", [False, True])
def test_dice_against_the_reference_of_each_row(lazy: bool) -> None:
    """As by loops; the reference goes with its row and gets nothing; bases that differ are told."""
    people, net = cohort(8, 8), Unet(2, 2)
    given = masks(people, net)
    if lazy:
        people = people.altered(x=Rows(np.asarray(people.x)))
    both = with_references(people, {"lung": given})
    assert both.features.names == ("intensity", "reference of lung")
    ask: Any = {"measure": "dice", "reference": "channels"}
    model = segmented(net, {"lung": 1}, activation="sigmoid", **ask)
    p = 1 / (1 + np.exp(-maps(net, people)[:, 1]))
    wanted = [slow_dice(a, b) for a, b in zip(p, given, strict=True)]
    np.testing.assert_allclose(prepare(model, both).output, wanted, atol=1e-5)
    start = holding(both, 0.0, ["reference of lung"])
    with pytest.warns(EvenlightWarning, match="Rows start at different outputs"):
        found = explain(model, both, method="ig", baseline=start)
    assert found.converged.all()
    assert not found.values[:, 1].any()
    assert np.abs(found.values[:, 0]).max() > 0
    assert found.settings["baseline"] == "own: start, holding reference of lung"
    order = np.random.default_rng(1).permutation(N)
    with pytest.warns(EvenlightWarning, match="Rows start at different outputs"):
        turned = explain(model, both.take(order), method="ig", baseline=start)
    np.testing.assert_array_equal(turned.values, found.values[order])


def test_a_reference_for_everyone_is_the_same_for_everyone() -> None:
    """In a shared space one mask serves; dice against the map's own mask is higher."""
    people, net = cohort(8, 8), Unet(2, 3)
    half = np.zeros((2, 8, 8))
    half[0, :, :4] = half[1, :, 4:] = 1
    model = segmented(net, LUNGS, activation="softmax", measure="dice", reference=half)
    left, right = explain(model, people, method="ig", target=[0, 1], baseline="mean")
    raw = maps(net, people)
    p = np.exp(raw) / np.exp(raw).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(left.output, [slow_dice(q, half[0]) for q in p[:, 1]], atol=1e-5)
    np.testing.assert_allclose(right.output, [slow_dice(q, half[1]) for q in p[:, 2]], atol=1e-5)


def test_holding_leaves_channels_of_a_function_as_they_are() -> None:
    """Whatever the function makes of them; unknown channels and misfits are named."""
    both = with_references(cohort(4, 4), {"a": np.ones((N, 4, 4))})
    x, ids = both.dense(), both.rows
    made = holding(both, lambda x, ids: -x[:, None].repeat(2, axis=1), ["reference of a"])(x, ids)
    np.testing.assert_array_equal(made[:, 1, 1], x[:, 1])
    np.testing.assert_array_equal(made[:, 1, 0], -x[:, 0])
    with pytest.raises(
        AttributionError, match=r"channels \['b'\]; x has intensity, reference of a"
    ):
        holding(both, 0.0, ["b"])
    with pytest.raises(AttributionError, match="does not fit rows"):
        holding(both, np.zeros(3), ["reference of a"])


def test_references_that_mark_nothing_or_do_not_fit_are_counted() -> None:
    """Dice against nothing is 0 whatever the network does; such rows are named before."""
    people, few = cohort(4, 4), np.ones((N, 4, 4))
    few[[2, 5]] = 0
    with pytest.raises(CohortError, match="mark nothing in 2 of 16 rows; leave these rows out"):
        with_references(people, {"lung": few})
    with pytest.raises(CohortError, match=r"wanted \(n, \*space\) = \(16, 4, 4\)"):
        with_references(people, {"lung": few[:3]})
    with pytest.raises(CohortError, match="not within 0 and 1"):
        with_references(people, {"lung": few * 3})


@pytest.mark.parametrize(
    ("own", "message"),
    [
        ({"measure": "area"}, "measure='area'; wanted volume, dice"),
        ({"activation": "relu"}, "activation='relu'"),
        ({"structures": {}}, "name one structure or more"),
        ({"structures": {"a": (0, 1)}, "activation": "sigmoid"}, 'with "softmax" only'),
        ({"measure": "dice"}, "needs reference="),
        ({"reference": "x"}, 'wanted masks, or "channels"'),
        ({"reference": np.zeros((1, 8, 8))}, "the reference of 'a' is empty"),
        ({"reference": np.ones((8, 8))}, r"wanted one mask for each of 1 structures"),
        ({"spacing": (1.0, -1.0)}, "spacing="),
        ({"structures": {"a": 3}}, "channel 3 of a map with 3"),
        ({"activation": "none"}, "not within 0 and 1"),
        ({"measure": "dice", "reference": np.ones((1, 4, 4))}, r"is \(4, 4\) and the map \(8, 8\)"),
        ({"measure": "dice", "reference": "channels"}, "x has 1 channels, of which the last 1"),
    ],
)
def test_what_cannot_be_asked_of_a_map_is_named(own: Any, message: str) -> None:
    """Before any attribution, with the remedy."""
    asked = {"structures": {"a": 1}, "activation": "softmax", **own}
    with pytest.raises(ModelError, match=message):
        prepare(segmented(Unet(2, 3), asked.pop("structures"), **asked), cohort(8, 8))


def test_a_network_that_gives_no_map_is_told_how_to_wire_it() -> None:
    """A list of deep supervision, and a classifier."""

    class Deep(nn.Module):
        """Two maps in a list."""

        def __init__(self) -> None:
            super().__init__()
            self.net = Unet(2, 3)

        def forward(self, x: Tensor) -> Any:
            """The map at full size first."""
            made = self.net(x)
            return [made, made[..., ::2, ::2]]

    people = cohort(8, 8)
    with pytest.raises(ModelError, match=r"gives a list for images \(16, 1, 8, 8\).*ev.wire"):
        prepare(segmented(Deep(), {"a": 1}, activation="softmax"), people)
    one, bare = (
        prepare(segmented(net, {"a": 1}, activation="softmax"), people).output
        for net in (wire(Deep(), output=0), Unet(2, 3))
    )
    np.testing.assert_array_equal(one, bare)
    small = prepare(segmented(wire(Deep(), output=1), {"a": 1}, activation="softmax"), people)
    assert np.abs(small.output - one).max() < 0.5 * one.mean()
    assert abs(small.output.mean() / one.mean() - 1) < 0.1
