"""Bags of tiles: any number of them, behind one x, with planted truth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from evenlight.arrays import Float
from evenlight.data import tile_bags
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.rows import Rows
from evenlight.data.tile_bags import bag
from evenlight.errors import AttributionError, CohortError, ModelError
from evenlight.explainers.explain import explain
from evenlight.models.bags import AttentionPool, bagged
from evenlight.models.probe import prepare
from evenlight.models.wired import wire

N, C = 30, 5
RNG = np.random.default_rng(0)
COUNT = RNG.integers(1, 9, N)
TILES = [RNG.normal(size=(k, C)).astype(np.float32) for k in COUNT]
PEOPLE = pd.DataFrame({"sex": ["f", "m"] * (N // 2)}, [f"s{i:02d}" for i in range(N)])
BAGS = bag(TILES, names=list("abcde"))
HELD: Any = np.asarray(BAGS.x)


def cohort(bags: Any = BAGS) -> Cohort:
    """The slides."""
    return Cohort(bags.x, PEOPLE, bags.features, groups=["sex"], unit="row")


class One(nn.Module):
    """Attention over the tiles (k, c) of one slide, with what others give beside the logits."""

    def __init__(self, pool: AttentionPool) -> None:
        super().__init__()
        self.pool = pool

    def forward(self, tiles: Tensor) -> Any:
        """Logits (1, 2), and the attention."""
        p = self.pool
        score = p.score(torch.tanh(p.value(tiles)) * torch.sigmoid(p.gate(tiles)))
        weight = score.softmax(dim=0)
        return p.head((weight * tiles).sum(dim=0, keepdim=True)), weight


class Masked(One):
    """The same over padded slides (m, t, c)."""

    def forward(self, tiles: Tensor, mask: Tensor) -> Tensor:  # type: ignore[override]
        """Logits (m, 2) by the places that are filled."""
        p = self.pool
        score = p.score(torch.tanh(p.value(tiles)) * torch.sigmoid(p.gate(tiles)))[..., 0]
        weight = score.masked_fill(~mask, -torch.inf).softmax(dim=1)
        made: Tensor = p.head((weight[..., None] * tiles).sum(dim=1))
        return made


class Padding(Masked):
    """The same, told where slides are empty."""

    def forward(self, tiles: Tensor, empty: Tensor) -> Tensor:  # type: ignore[override]
        """Logits (m, 2)."""
        return super().forward(tiles, ~empty)


def pool() -> AttentionPool:
    """Attention over vectors."""
    torch.manual_seed(0)
    return AttentionPool(C, hidden=8, outputs=2)


def models() -> dict[str, Any]:
    """One network in four ways."""
    return {
        "one": bagged(wire(One(pool()), output=0)),
        "mask": bagged(Masked(pool()), takes="mask"),
        "padding": bagged(Padding(pool()), takes="padding", mask="empty"),
        "own": pool(),
    }


def slow(i: int) -> float:
    """The margin of class 1 of slide i, by a loop over its tiles."""
    p, total, mean = pool(), 0.0, np.zeros(C)
    with torch.no_grad():
        for tile in torch.tensor(TILES[i]):
            gated = torch.tanh(p.value(tile)) * torch.sigmoid(p.gate(tile))
            weight = float(torch.exp(p.score(gated)[0]))
            total += weight
            mean += weight * tile.numpy()
        said = p.head(torch.tensor(mean / total).float()).numpy()
    return float(said[1] - said[0])


ASK: Any = {"method": "ig", "target": 1}


def classes(bags: Any = BAGS) -> Cohort:
    """The slides with an outcome of two kinds."""
    table = PEOPLE.assign(kind=["a", "b"] * (N // 2))
    return Cohort(
        bags.x, table, bags.features, outcome="kind", outcome_kind="categorical", groups=["sex"],
        unit="row",
    )  # fmt: skip


@pytest.mark.parametrize("way", ["one", "mask", "padding", "own"])
def test_every_way_gives_the_slide_by_its_own_tiles(way: str) -> None:
    """As by a loop over the tiles; integrated gradients add up, and empty places get nothing."""
    model, people = models()[way], classes()
    np.testing.assert_allclose(
        prepare(model, people, target=1).output, [slow(i) for i in range(N)], atol=1e-5
    )
    found = explain(model, people, baseline=BAGS.reference(), **ASK)
    assert found.converged.all()
    assert not found.values[:, -1].any()
    assert not found.values[np.broadcast_to(HELD[:, -1:] == 0, found.values.shape)].any()
    wanted = explain(models()["own"], people, baseline=BAGS.reference(), **ASK)
    np.testing.assert_allclose(found.values, wanted.values, atol=2e-3 * np.abs(wanted.values).max())
    assert found.settings["baseline"] == "own: mean tile"


def test_padding_and_the_order_of_tiles_change_no_slide() -> None:
    """More empty places, and tiles in another order: the same outputs, tile by tile the same."""
    order = np.random.default_rng(1).permutation(N)
    turned = [TILES[i][::-1] for i in order]
    more = bag([*turned, np.zeros((20, C))], names=list("abcde"))
    x, people = np.asarray(more.x)[:N], PEOPLE.iloc[order]
    again = Cohort(x, people, more.features, groups=["sex"], unit="row")
    first = explain(pool(), cohort(), baseline=BAGS.reference(), **ASK)
    second = explain(pool(), again, baseline=BAGS.reference(), **ASK)
    for place, i in enumerate(order):
        many = COUNT[i]
        np.testing.assert_allclose(
            second.values[place][:, :many][:, ::-1], first.values[i][:, :many], atol=1e-5
        )


def planted(bright: float, n: int = 300) -> tuple[list[Float], Float, list[Any]]:
    """Slides of images; a bright tile makes an ill one, the rest is noise. Kinds 1 are bright."""
    rng = np.random.default_rng(0)
    ill, slides, kinds = rng.integers(0, 2, n), [], []
    for y in ill:
        many = int(rng.integers(3, 7))
        tiles = rng.normal(0, 0.5, size=(many, 1, 6, 6))
        kind = np.zeros(many, dtype=int)
        kind[rng.integers(many)] = y
        tiles[kind == 1, :, 2:4, 2:4] += bright
        slides.append(tiles)
        kinds.append(kind)
    return slides, ill.astype(float), kinds


def test_a_pool_that_is_trained_looks_at_the_tile_that_decides() -> None:
    """Tiles of images with a planted spot: their attribution lies on the bright tiles."""
    slides, ill, kinds = planted(2.0)
    bags = bag(slides, names=["intensity"])
    torch.manual_seed(0)
    encoder = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(64, 8), nn.ReLU()
    )
    net = AttentionPool(8, hidden=8, encoder=encoder)
    x, y = torch.tensor(np.asarray(bags.x)), torch.tensor(ill).float()[:, None]
    step = torch.optim.Adam(net.parameters(), lr=0.01)
    for _ in range(60):
        step.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(net(x), y)
        loss.backward()  # type: ignore[no-untyped-call]
        step.step()
    table = pd.DataFrame({"sex": ["f", "m"] * 150, "ill": ill}, [f"s{i:03d}" for i in range(300)])
    people = Cohort(bags.x, table, bags.features, outcome="ill", groups=["sex"], unit="row")
    found = explain(net, people, method="ig", baseline=bags.reference())
    assert found.settings["stem"] == ""
    labels = bags.labels(kinds)
    assert labels.shape == (300, bags.x.shape[2], 6, 6)
    per_place = np.asarray(found.values).sum(axis=1)
    ill_ones = np.flatnonzero(ill == 1)
    bright = np.array([per_place[i][labels[i] == 1].sum() for i in ill_ones])
    rest = np.array([per_place[i][labels[i] == 0].sum() for i in ill_ones])
    assert np.mean(bright > rest) > 0.95
    assert (per_place[labels == -1] == 0).all()


def test_slides_stay_on_disk_where_they_would_be_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same x, read bag by bag; of a mean tile every slide counts as one."""
    monkeypatch.setattr(tile_bags, "DENSE_BUDGET", 100)
    lazy = bag(TILES, names=list("abcde"))
    assert isinstance(lazy.x, Rows)
    np.testing.assert_array_equal(np.asarray(lazy.x), BAGS.x)
    mean = np.mean([tile.mean(axis=0) for tile in TILES], axis=0)
    np.testing.assert_allclose(lazy.reference().tile, mean, atol=1e-6)
    found, wanted = (
        explain(pool(), classes(bags), baseline=bags.reference(), **ASK) for bags in (lazy, BAGS)
    )
    np.testing.assert_allclose(found.values, wanted.values, atol=1e-6)


def test_of_large_slides_some_tiles_are_chosen_and_that_is_noted() -> None:
    """By the generator; smaller slides keep all of theirs in their order."""
    few = bag(TILES, most=3, rng=1)
    assert few.count.tolist() == np.minimum(COUNT, 3).tolist()
    assert few.notes == (
        f"{(COUNT > 3).sum()} of 30 slides have more than 3 tiles; 3 of each were chosen at "
        "random.",
    )
    again = bag(TILES, most=3, rng=1)
    np.testing.assert_array_equal(few.x, again.x)
    small = int(np.argmax(COUNT <= 3))
    held = np.asarray(few.x)[small]
    np.testing.assert_array_equal(held[:-1, : COUNT[small]].T, TILES[small])


def test_tiles_as_players_of_a_shapley_game() -> None:
    """A place joins a coalition whole, with whether it is filled; a mixed tile is refused."""
    shape = tuple(BAGS.x.shape[1:])
    labels = np.broadcast_to(np.arange(shape[1]), shape)
    players = FeatureSets.from_label_map(labels, kind="tile")
    found = explain(models()["one"], classes(), method="shapley", target=1, players=players)
    np.testing.assert_allclose(found.total(), found.output, atol=1e-5)
    with pytest.raises(ModelError, match=r"neither filled nor empty.*bags.reference\(\)"):
        explain(models()["one"], classes(), method="ig", target=1, baseline="mean")


@pytest.mark.parametrize(
    ("tiles", "own", "message"),
    [
        ([np.ones((2, 3)), np.ones((0, 3))], {}, "1 slides hold no tiles, first at position 1"),
        (
            [np.ones((2, 3)), np.ones((2, 4))],
            {},
            r"\(3,\) in the first slide and \(4,\) in 1 others",
        ),
        ([np.ones((2, 3))], {}, "1 slides; wanted two or more"),
        ([np.ones((2, 3))] * 2, {"names": ["a"]}, "1 names for 3 channels"),
        ([np.ones((2, 3))] * 2, {"most": 0}, "most=0"),
    ],
)
def test_slides_that_make_no_bags_are_named(tiles: Any, own: Any, message: str) -> None:
    """By position and count."""
    with pytest.raises(CohortError, match=message):
        bag(tiles, **own)


def test_networks_that_take_no_bags_are_named() -> None:
    """Unlike numbers without a mask, several outputs, no bags, and kinds that do not fit."""
    people = cohort()
    for net, own, message in (
        (nn.Flatten(), {"takes": "all"}, r'bags have unlike numbers of tiles; say takes="one"'),
        (One(pool()), {}, r"gives a tuple for bags; say which output with ev.wire"),
        (nn.Linear(C, 2), {}, r"gives \(\d, 2\) for one bag"),
    ):
        with pytest.raises(ModelError, match=message):
            prepare(bagged(net, **own), people)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="takes='two'"):
        bagged(pool(), takes="two")  # type: ignore[arg-type]
    plain = Cohort(np.ones((N, 6, 8)) * 0.4, PEOPLE, unit="row")
    with pytest.raises(ModelError, match="neither filled nor empty"):
        prepare(models()["one"], plain)
    with pytest.raises(ModelError, match="a bag holds no tile"):
        prepare(models()["one"], Cohort(np.zeros((N, 6, 8)), PEOPLE, unit="row"))
    with pytest.raises(CohortError, match="kinds of the bag at position 0 are float64"):
        BAGS.labels([np.zeros(k) for k in COUNT])


def test_a_network_of_bags_that_mixes_slides_is_refused() -> None:
    """Fault 39: attention over the batch in place of the tiles."""

    class Across(One):
        """Takes the first axis for tiles."""

        def forward(self, tiles: Tensor, mask: Tensor) -> Tensor:  # type: ignore[override]
            """Logits (m, 2) that depend on the other slides."""
            p = self.pool
            mean = tiles.mean(dim=1)
            made: Tensor = p.head(mean - mean.mean(dim=0))
            return made

    with pytest.raises(ModelError, match="mixes the rows of a batch"):
        explain(bagged(Across(pool()), takes="mask"), classes(), **ASK)
    with pytest.raises(AttributionError, match="baseline is a function"):
        explain(pool(), classes(), method="captum.ig", target=1, baseline=BAGS.reference())
