"""Networks with several inputs get their columns by name, and are handed back as they were."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.errors import AttributionError, ModelError
from evenlight.explainers.explain import explain
from evenlight.models.adapt import adapt
from evenlight.models.probe import prepare
from evenlight.models.wired import wire

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 7))
NAMES = ["g0", "g1", "age", "p0", "p1", "p2", "p3"]
PEOPLE = pd.DataFrame({"y": X[:, 0]}, index=[f"r{i:02d}" for i in range(40)])
COHORT = Cohort(X, PEOPLE, NAMES, outcome="y")
IMAGE: Any = (["p0", "p1", "p2", "p3"], (1, 2, 2))
INPUTS: Any = {"expression": ["g1", "g0"], "image": IMAGE, "clinic": ["age"]}


class Net(nn.Module):
    """Genes, an image and one clinical number; smooth, so that its attributions are exact."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.genes, self.map, self.last = nn.Linear(2, 4), nn.Conv2d(1, 4, 2), nn.Linear(9, 1)

    def forward(self, expression: Tensor, image: Tensor, *, clinic: Tensor) -> Tensor:
        """Joined after one layer each."""
        parts = [self.genes(expression), self.map(image).flatten(1), clinic]
        said: Tensor = self.last(torch.tanh(torch.cat(parts, dim=1)))
        return said


class ByPlace(Net):
    """The same, with names of its own."""

    def forward(self, a: Tensor, b: Tensor, c: Tensor) -> Tensor:  # type: ignore[override]
        """By place."""
        return super().forward(a, b, clinic=c)


def said(net: Net) -> Tensor:
    """What the network says when it is called by hand, float32 (40,)."""
    x = torch.tensor(X, dtype=torch.float32)
    made: Tensor = Net.forward(net, x[:, [1, 0]], x[:, 3:].reshape(-1, 1, 2, 2), clinic=x[:, 2:3])
    return made[:, 0].detach()


@pytest.mark.parametrize("kind", [Net, ByPlace])
def test_columns_reach_the_inputs_that_they_are_named_for(kind: type[Net]) -> None:
    """By parameter name where the names match, else in the order given."""
    prepared = prepare(adapt(kind(), inputs=INPUTS), COHORT)
    np.testing.assert_allclose(prepared.output, said(kind()), rtol=1e-5)
    assert prepared.adapted.name == kind.__name__


def test_the_network_is_handed_back_as_it_was() -> None:
    """Mode and weights are the user's own after an attribution; hooks are gone."""
    net = Net().train()
    net.map.eval()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    prepared = prepare(adapt(net, inputs=INPUTS), COHORT)
    assert "handed over in train mode" in prepared.checked[0]
    explain(prepared, COHORT, method="ig", steps=4)
    assert [m.training for m in net.modules()] == [True, True, False, True]
    assert all(torch.equal(v, before[name]) for name, v in net.state_dict().items())
    assert not any(m._forward_pre_hooks or m._forward_hooks for m in net.modules())


def test_attributions_of_several_inputs_are_those_of_one() -> None:
    """Integrated gradients see one x, and agree with a network that splits x itself."""

    class One(Net):
        """Takes x and splits it."""

        def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]
            """By hand."""
            image = x[:, 3:].reshape(-1, 1, 2, 2)
            return Net.forward(self, x[:, [1, 0]], image, clinic=x[:, 2:3])

    several = explain(adapt(Net(), inputs=INPUTS), COHORT, method="ig")
    one = explain(One(), COHORT, method="ig")
    np.testing.assert_allclose(several.values, one.values, atol=1e-6)
    assert several.features.names == tuple(NAMES)
    walked = explain(adapt(Net(), inputs=INPUTS), COHORT, method="shapley")
    np.testing.assert_allclose(walked.total(), several.output, atol=1e-4)


def test_another_cohort_must_have_the_same_columns() -> None:
    """The split is made by name for one order of columns, and holds for no other."""
    made = prepare(adapt(Net(), inputs=INPUTS), COHORT)
    other = Cohort(X[:, ::-1], PEOPLE, NAMES[::-1], outcome="y")
    with pytest.raises(ModelError, match="in another order"):
        prepare(made, other)
    found = prepare(adapt(Net(), inputs=INPUTS), other)
    np.testing.assert_allclose(found.output, made.output, rtol=1e-5)


def test_columns_without_names_are_asked_for() -> None:
    """A margin of bare rows needs features=, and then has it."""
    with pytest.raises(ModelError, match=r"no names here; declare them with .*features="):
        adapt(Net(), inputs=INPUTS).margin(X)
    made = adapt(Net(), inputs=INPUTS, features=NAMES)
    np.testing.assert_allclose(made.margin(X)[:, 0], said(Net()), rtol=1e-5)


class Scans(nn.Module):
    """Two scans of a person, each with a first layer of its own; smooth."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.t1, self.flair = nn.Conv3d(1, 3, 2), nn.Conv3d(2, 3, 2)
        self.last = nn.Linear(48, 1)

    def forward(self, t1: Tensor, rest: Tensor) -> Tensor:
        """Volumes (m, 1, 3, 3, 3) and (m, 2, 3, 3, 3)."""
        parts = [self.t1(t1).flatten(1), self.flair(rest).flatten(1)]
        said: Tensor = self.last(torch.tanh(torch.cat(parts, dim=1)))
        return said


class Listed(nn.Module):
    """The same, from a list or a dict, with more than one output."""

    def __init__(self, scans: Scans, *, by: Any) -> None:
        super().__init__()
        self.scans, self.by = scans, by

    def forward(self, given: Any) -> Any:
        """The output, and what it was made of."""
        said = self.scans(*(given[key] for key in self.by))
        return {"out": said, "hidden": [said, said]}


CHANNELS = ["t1", "flair", "t2"]
VOLUMES = RNG.normal(size=(40, 3, 3, 3, 3))
SCANNED = Cohort(VOLUMES, PEOPLE, CHANNELS)
PARTS: Any = {"t1": ["t1"], "rest": ["t2", "flair"]}


def scanned() -> Float:
    """What the two scans give by hand, (40,)."""
    x = torch.tensor(VOLUMES, dtype=torch.float32)
    made: Tensor = Scans()(x[:, :1], x[:, [2, 1]])
    return made[:, 0].detach().numpy()


@pytest.mark.parametrize("hands", ["tensor", "dict", "list"])
def test_40_channels_of_images_reach_the_inputs_that_they_are_named_for(hands: Any) -> None:
    """Fault 40: by name, in a dict or a list, in the order of channels that the input names."""
    net: nn.Module = Scans()
    if hands != "tensor":
        net = Listed(Scans(), by=("t1", "rest") if hands == "dict" else (0, 1))
        net = wire(net, hands=hands, output="out")
    made = prepare(adapt(net, inputs=PARTS), SCANNED)
    np.testing.assert_allclose(made.output, scanned(), rtol=1e-4, atol=1e-5)
    found = explain(made, SCANNED, method="ig", baseline="mean")
    assert found.values.shape == VOLUMES.shape
    np.testing.assert_allclose(found.error, 0, atol=1e-3)


def test_40_inputs_of_images_have_baselines_of_their_own() -> None:
    """Fault 40: one for each input; a channel whose baseline is the image itself gets nothing."""
    model = adapt(Scans(), inputs=PARTS)
    one = np.zeros((1, 1, 3, 3, 3))
    own = VOLUMES[0][[2, 1]]
    found = explain(model, SCANNED, method="ig", baseline={"t1": one, "rest": own})
    given = np.concatenate([one[0], own[[1]], own[[0]]])
    same = explain(model, SCANNED, method="ig", baseline=given)
    np.testing.assert_array_equal(found.values, same.values)
    assert not found.values[0, 1:].any()
    with pytest.raises(AttributionError, match="names the inputs"):
        explain(model, SCANNED, method="ig", baseline={"t1": one})
    with pytest.raises(AttributionError, match=r"'rest' has shape \(1, 3, 3, 3\), wanted \(2, 3"):
        explain(model, SCANNED, method="ig", baseline={"t1": one, "rest": own[:1]})


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"t1": ["t1"], "rest": ["flair"]}, r"1 of 3 features belong to no input, first \['t2'\]"),
        ({"t1": ["t1"], "rest": ["flair", "t3"]}, r"names 't3', which is no feature"),
        ({"t1": ["t1"], "rest": (["flair", "t2"], (2, 3, 3, 3))}, "list the names of its channels"),
        ({"t1": ["t1"], "rest": []}, "names 0 features"),
    ],
)
def test_40_every_channel_belongs_to_one_input(inputs: Any, message: str) -> None:
    """Fault 40: forgotten and unknown channels, and shapes beside them, are named."""
    with pytest.raises(ModelError, match=message):
        prepare(adapt(Scans(), inputs=inputs), SCANNED)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({**INPUTS, "clinic": ["ages"]}, r"input 'clinic' names 'ages'.*did you mean 'age'\?"),
        ({**INPUTS, "clinic": ["age", "g0"]}, "'g0' belongs to the inputs 'expression' and 'clin"),
        ({**INPUTS, "expression": ["g1"]}, r"1 of 7 features belong to no input, first \['g0'\]"),
        ({**INPUTS, "image": (IMAGE[0], (1, 2, 3))}, r"names 4 features.* the shape \(1, 2, 3\)"),
        ({**INPUTS, "clinic": "age"}, "input 'clinic' is a text; list the names"),
        ({**INPUTS, "clinic": []}, "input 'clinic' names 0 features"),
    ],
)
def test_every_feature_belongs_to_one_input(inputs: Any, message: str) -> None:
    """Unknown, repeated and forgotten features, and shapes that do not hold them, are named."""
    with pytest.raises(ModelError, match=message):
        prepare(adapt(Net(), inputs=inputs), COHORT)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"expression": ["g0"], "map": ["g1"]}, r"forward takes \(expression.*'map'\] are no"),
        ({"expression": ["g0"], "image": ["g1"]}, r"missing a required .*'clinic'"),
        ({"a": ["g0"], "b": ["g1"], "c": ["age"], "d": ["p0"]}, "too many positional arguments"),
        ({"a": ["g0"], "b": ["g1"]}, r"inputs are a, b, and Net.forward takes"),
    ],
)
def test_inputs_that_forward_does_not_take_are_refused_at_once(inputs: Any, message: str) -> None:
    """The signature is shown when the model is adapted, before any data are seen."""
    with pytest.raises(ModelError, match=message):
        adapt(Net(), inputs=inputs)


def test_keywords_of_any_name_are_passed_on() -> None:
    """A forward(**inputs) gets every input by name."""

    class Any_(nn.Module):
        """Sums what it gets."""

        def forward(self, **given: Tensor) -> Tensor:
            """Genes plus twice the age."""
            return given["genes"].sum(dim=1) + 2 * given["age"][:, 0]

    cohort = Cohort(X[:, :3], PEOPLE, NAMES[:3])
    made = prepare(adapt(Any_(), inputs={"genes": ["g0", "g1"], "age": ["age"]}), cohort)
    np.testing.assert_allclose(made.output, X[:, 0] + X[:, 1] + 2 * X[:, 2], rtol=1e-5)


def test_only_networks_have_inputs_and_codes() -> None:
    """A function splits its own x."""
    for own in ({"inputs": INPUTS}, {"codes": True}):
        with pytest.raises(ModelError, match="are for networks, not for a function"):
            adapt(lambda x: x[:, 0], **own)


def test_several_inputs_in_half_precision_are_split_alike() -> None:
    """A bfloat16 network behind several inputs is computed in float32 and compared with itself."""
    made = prepare(adapt(Net().bfloat16(), inputs=INPUTS), COHORT)
    np.testing.assert_allclose(made.output, said(Net()), rtol=0.05, atol=0.02)
    assert "its own outputs differ" in made.checked[0]
