"""Concept activation: directions, steps, TCAV, and what is no concept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from captum.concept import TCAV, Classifier, Concept
from torch import nn

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.errors import ModelError, UnknownName
from evenlight.models.adapt import adapt
from evenlight.probes.concepts import concepts

SHAPE = (1, 8, 8)


def images(n: int, rng: np.random.Generator, *, spot: float = 0.0) -> Float:
    """Noise, with a spot in the middle."""
    x: Float = 0.3 * rng.normal(size=(n, *SHAPE))
    x[:, :, 3:5, 3:5] += spot
    return x


def cohort(n: int = 60, seed: int = 0) -> Cohort:
    """People with images of noise, some with spots; two images each."""
    rng = np.random.default_rng(seed)
    x = np.concatenate([images(n // 2, rng), images(n - n // 2, rng, spot=0.5)])
    people = pd.DataFrame({"person": [f"p{i // 2}" for i in range(n)]})
    return Cohort(x, people.set_axis([f"r{i:03d}" for i in range(n)]), unit="person")


def network(seed: int = 0) -> nn.Sequential:
    """A small network that adds up what its middle sees."""
    torch.manual_seed(seed)
    net = nn.Sequential(
        nn.Conv2d(1, 3, 3, padding=1), nn.GELU(), nn.Flatten(), nn.Linear(3 * 64, 4), nn.GELU(),
        nn.Linear(4, 1),
    )  # fmt: skip
    return net.eval()


def reading(sign: float) -> nn.Sequential:
    """A network whose output is the sum of the middle times a sign."""
    net = nn.Sequential(nn.Conv2d(1, 1, 1, bias=False), nn.Flatten(), nn.Linear(64, 1, bias=False))
    weights = torch.zeros(1, 1, 8, 8)
    weights[..., 3:5, 3:5] = sign
    with torch.no_grad():
        net[0].weight.fill_(1.0)  # type: ignore[operator]
        net[2].weight.copy_(weights.reshape(1, 64))  # type: ignore[operator]
    return net.eval()


def test_a_linear_network_moves_by_its_weights_times_the_difference() -> None:
    """Step and derivative are the same number, with the sign of the weights; noise is not told."""
    rng = np.random.default_rng(1)
    shown = {"spot": images(30, rng, spot=1.0), "noise": images(30, rng)}
    rest = images(30, rng)
    for sign, word in ((1.0, "raises the output"), (-1.0, "lowers the output")):
        made = concepts(adapt(reading(sign)), cohort(), shown, against=rest, layers=["0"])
        true = sign * (shown["spot"].mean(0) - rest.mean(0))[0, 3:5, 3:5].sum()
        assert made.step[0, 0] == pytest.approx(true, rel=1e-4)
        assert made.derivative[0, 0] == pytest.approx(true, rel=1e-4)
        assert made.score[0, 0] == pytest.approx(1.0 if sign > 0 else 0.0)
        assert made.reading[0].tolist() == [word, "not told by the layer"]
        assert not made.bent.any()
        np.testing.assert_allclose(made.at_layer("0").margin[:, 0], true, rtol=1e-4)
        assert made.at_layer("0").kind == "added"


def test_a_bent_network_is_seen_to_be_bent() -> None:
    """Where every row lies beyond the hill, the derivative falls though the step rises."""

    class Hill(nn.Module):
        """The margin falls at first and then rises: (s - 1)^2 of the middle's mean."""

        def __init__(self) -> None:
            super().__init__()
            self.seen = nn.Identity()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            middle = self.seen(x)[:, :, 3:5, 3:5].mean(dim=(1, 2, 3))
            told: torch.Tensor = ((middle - 1) ** 2)[:, None]
            return told

    rng = np.random.default_rng(2)
    made = concepts(
        adapt(Hill()), cohort(), {"spot": images(30, rng, spot=4.0)}, against=images(30, rng),
        layers=["seen"],
    )  # fmt: skip
    assert made.derivative[0, 0] < 0 < made.step[0, 0]
    assert made.bent.all()
    assert made.reading.tolist() == [["raises the output"]]


class Means(Classifier):  # type: ignore[misc]
    """The difference of means as a classifier, for captum."""

    def __init__(self) -> None:
        self._labels: list[int] = []
        self._weights = torch.zeros(0)

    def train_and_eval(self, dataloader: Any, **own: Any) -> dict[str, float]:
        """Take the means of both classes."""
        x, y = (torch.cat([b[k] for b in dataloader]) for k in (0, 1))
        self._labels = [int(v) for v in np.unique(y.numpy())]
        first, second = (x[y == v].mean(dim=0) for v in self._labels)
        self._weights = torch.stack([first - second, second - first])
        return {"accs": 1.0}

    def weights(self) -> torch.Tensor:
        """One row a class."""
        return self._weights

    def classes(self) -> list[int]:
        """The labels of both rows."""
        return self._labels


def test_scores_are_those_of_captum(tmp_path: Path) -> None:
    """TCAV of captum, given the same directions, has the same shares of rows."""
    rng = np.random.default_rng(3)
    shown, rest = {"spot": images(20, rng, spot=1.0)}, images(20, rng)
    people, net = cohort().altered(unit="row"), network()
    made = concepts(adapt(net), people, shown, against=rest, layers=["0", "3"])

    def as_concept(number: int, name: str, x: Float) -> Concept:
        data = torch.tensor(x, dtype=torch.float32)
        return Concept(
            number,
            name,
            torch.utils.data.DataLoader(torch.utils.data.TensorDataset(data), batch_size=20),
        )

    oracle = TCAV(net, ["0", "3"], classifier=Means(), save_path=str(tmp_path))
    sets = [[as_concept(0, "spot", shown["spot"]), as_concept(1, "rest", rest)]]
    rows = torch.tensor(people.dense(), dtype=torch.float32)
    found = oracle.interpret(rows, sets, target=0)
    for k, layer in enumerate(("0", "3")):
        theirs = float(next(iter(found.values()))[layer]["sign_count"][0])
        assert made.score[k, 0] == pytest.approx(theirs, abs=1e-6)


def test_people_count_once_and_the_order_of_rows_does_not_matter() -> None:
    """Rows turned round give the same numbers; a person with two images is one."""
    rng = np.random.default_rng(4)
    shown, rest = {"spot": images(15, rng, spot=1.0)}, images(15, rng)
    people = cohort(30)
    first = concepts(adapt(network()), people, shown, against=rest, layers=["3"])
    again = concepts(adapt(network()), people.take(np.arange(30)[::-1]), shown, against=rest,
                     layers=["3"])  # fmt: skip
    np.testing.assert_allclose(
        first.to_frame()[["step", "derivative", "step_p", "told"]].to_numpy(dtype=float),
        again.to_frame()[["step", "derivative", "step_p", "told"]].to_numpy(dtype=float),
        rtol=1e-4,
    )
    at = np.r_[np.arange(30), [0, 0, 0]].astype(np.int64)
    names = pd.Index([f"t{i:03d}" for i in range(33)])
    rows = people.take(at).people.set_axis(names)
    twice = people.take(at)
    # the first person's first image four times: its weight is that of one person still
    made = concepts(adapt(network()), twice.altered(people=rows), shown, against=rest, layers=["3"])
    weight = np.r_[np.full(30, 1 / 30)]
    weight[:2] = [4 / 5 / 15, 1 / 5 / 15]
    true = weight @ first.at_layer("3").margin[:, 0]
    assert made.step[0, 0] == pytest.approx(true, rel=1e-4)


def test_the_network_is_handed_back_as_it_was() -> None:
    """No hook is left and no weight has a gradient."""
    rng, net = np.random.default_rng(5), network()
    concepts(adapt(net), cohort(), {"spot": images(12, rng)}, against=images(12, rng), layers=["0"])
    assert all(not part._forward_hooks for part in net.modules())
    assert all(weight.grad is None for weight in net.parameters())


def test_what_cannot_be_asked_is_said() -> None:
    """Few examples, other shapes, unknown layers, no concept and no network are errors."""
    rng, net, people = np.random.default_rng(6), adapt(network()), cohort()
    good = images(12, rng)
    with pytest.raises(ModelError, match="11 or more finite images"):
        concepts(net, people, {"spot": good[:5]}, against=good, layers=["0"])
    with pytest.raises(ModelError, match="11 or more finite images"):
        concepts(net, people, {"spot": good[:, :, :4]}, against=good, layers=["0"])
    with pytest.raises(ModelError, match="no layer '9'"):
        concepts(net, people, {"spot": good}, against=good, layers=["9"])
    with pytest.raises(ModelError, match="name one or more concepts"):
        concepts(net, people, {}, against=good, layers=["0"])
    with pytest.raises(ModelError, match="no torch network"):
        concepts(lambda x: x.sum((1, 2, 3)), people, {"a": good}, against=good, layers=["0"])
    made = concepts(net, people, {"spot": good}, against=good, layers=["0"])
    with pytest.raises(UnknownName, match="known: 0"):
        made.at_layer("1")
