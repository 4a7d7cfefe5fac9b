"""Layers read and erased: against the network run by hand, and handed back as found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.data.representation import Erased, Representation
from evenlight.errors import CohortError, GroupError, ModelError
from evenlight.models.probe import prepare
from evenlight.probes import network_layers
from evenlight.probes.embeddings import embed
from evenlight.probes.erase import erase


def people(x: Float, seed: int = 0) -> Cohort:
    """Rows of x with a group, a site and an outcome."""
    rng, n = np.random.default_rng(seed), len(x)
    table = pd.DataFrame(
        {
            "race": rng.choice(["A", "B"], n),
            "site": rng.choice(["s", "t"], n),
            "y": rng.integers(0, 2, n),
        },
        index=[f"p{i}" for i in range(n)],
    )
    return Cohort(x, table, outcome="y", groups=["race"], unit="row")


class Twice(nn.Module):
    """One layer called twice, and one that gives a pair."""

    def __init__(self) -> None:
        super().__init__()
        self.same = nn.Linear(4, 4)
        self.pair = nn.LSTM(4, 3, batch_first=True)
        self.head = nn.Linear(3, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Twice through the same layer, then a recurrent one over two steps."""
        h = self.same(torch.relu(self.same(x)))
        out: Tensor = self.head(self.pair(torch.stack([h, x], dim=1))[0][:, -1])
        return out


def test_layers_are_what_the_network_computes() -> None:
    """A hidden layer equals the first half of the network, maps are averaged over space."""
    torch.manual_seed(0)
    x = np.random.default_rng(0).normal(size=(30, 1, 6, 6))
    net = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(48, 1))
    cohort = people(x)
    conv, head = embed(net, cohort)
    assert (conv.name, head.name) == ("0", "3")
    given = torch.tensor(x, dtype=torch.float32)
    maps = net[0](given).detach().numpy()
    np.testing.assert_allclose(conv.values, maps.mean(axis=(2, 3)), rtol=1e-5, atol=1e-6)
    (every,) = embed(net, cohort, layers=["0"], pooled=False)
    np.testing.assert_allclose(every.values, maps.reshape(30, -1), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(head.values, net(given).detach().numpy(), rtol=1e-5, atol=1e-6)
    (relu,) = embed(net, cohort, layers="1")
    np.testing.assert_allclose(relu.values, np.maximum(maps, 0).mean(axis=(2, 3)), rtol=1e-5)


def test_tokens_and_pairs_have_their_own_axis() -> None:
    """Of (rows, tokens, d) the tokens are averaged, unless channels are said to come first."""
    torch.manual_seed(1)
    cohort = people(np.random.default_rng(1).normal(size=(20, 4)))
    net = Twice()
    (pair,) = embed(net, cohort, layers=["pair"])
    x = torch.tensor(cohort.dense(), dtype=torch.float32)
    h = net.same(torch.relu(net.same(x)))
    every = net.pair(torch.stack([h, x], dim=1))[0].detach().numpy()
    np.testing.assert_allclose(pair.values, every.mean(axis=1), rtol=1e-5, atol=1e-6)
    (other,) = embed(net, cohort, layers=["pair"], channels="first")
    np.testing.assert_allclose(other.values, every.mean(axis=2), rtol=1e-5, atol=1e-6)
    assert [made.name for made in embed(net, cohort)] == ["pair", "head"]
    with pytest.raises(ModelError, match="not called once"):
        embed(net, cohort, layers=["same"])


def test_the_network_is_handed_back_as_it_was() -> None:
    """Mode, hooks, gradients and random numbers are those from before, also after an error."""
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 1))
    net.train()
    net[0].register_forward_hook(lambda m, i, o: None)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    state, cohort = torch.get_rng_state(), people(np.random.default_rng(2).normal(size=(40, 3)))
    embed(net, cohort)
    erase(net, cohort, by="race")
    with pytest.raises(ModelError, match=r"no layer '7'"):
        embed(net, cohort, layers=["7"])
    assert net.training
    assert all(len(part._forward_hooks) == int(part is net[0]) for part in net.modules())
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)
    assert all(p.requires_grad and p.grad is None for p in net.parameters())


def test_erasing_the_last_hidden_layer_closes_the_gap_of_the_output() -> None:
    """A linear head carries the whole gap: after it no mean differs within the outcome."""
    torch.manual_seed(3)
    cohort = people(np.random.default_rng(3).normal(size=(200, 5)))
    net = nn.Sequential(nn.Linear(5, 6), nn.Tanh(), nn.Linear(6, 6), nn.Linear(6, 1))
    made = {e.layer: e for e in erase(net, cohort, by="race")}
    assert list(made) == ["0", "2", "3"]
    for name in ("2", "3"):
        f, y = made[name].after[0], cohort.y
        at = np.array(cohort.grouping("race").labels()) == "A"
        for value in (0, 1):
            gap = f[(y == value) & at].mean() - f[(y == value) & ~at].mean()
            assert abs(gap) < 1e-5
    np.testing.assert_allclose(made["2"].after, made["3"].after, atol=1e-5)
    assert np.abs(made["0"].after[0] - made["2"].after[0]).max() > 1e-4


def test_a_shift_runs_through_the_rest_of_the_network() -> None:
    """Erasing equals taking the differences of means off by hand, at every place of a map."""
    torch.manual_seed(4)
    x = np.random.default_rng(4).normal(size=(50, 1, 5, 5))
    cohort = people(x)
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Softplus(), nn.Flatten(), nn.Linear(18, 1))
    made = erase(net, cohort, by="race", layers=["0"])[0]
    maps = net[0](torch.tensor(x, dtype=torch.float32)).detach()
    pooled, shift = maps.numpy(), np.zeros(maps.shape)
    race, y = cohort.people["race"].to_numpy(), cohort.y
    for value in (0, 1):
        means = {g: pooled[(race == g) & (y == value)].mean(axis=0) for g in "AB"}
        for g in "AB":
            shift[(race == g) & (y == value)] = means[g] - (means["A"] + means["B"]) / 2
    slow = net[1:](maps - torch.tensor(shift, dtype=torch.float32))
    np.testing.assert_allclose(made.after[0], slow.detach().numpy()[:, 0], atol=1e-5)
    np.testing.assert_allclose(made.before, prepare(net, cohort).output)
    assert made.blocks == 20
    counts = np.bincount(made.block)
    assert counts.max() - counts.min() <= 1


def test_an_artefact_in_one_corner_is_erased_from_a_map() -> None:
    """What a map holds at one place is taken off there, though its mean over space hardly moves."""
    torch.manual_seed(9)
    rng = np.random.default_rng(9)
    cohort = people(rng.normal(size=(120, 1, 8, 8)))
    x = cohort.dense().copy()
    x[:, 0, 0, 0] += 3.0 * (cohort.people["race"].to_numpy() == "B")
    marked = Cohort(x, cohort.people, outcome="y", groups=["race"], unit="row")
    conv, head = nn.Conv2d(1, 1, 1), nn.Linear(64, 1)
    with torch.no_grad():
        conv.weight.fill_(1.0)
        head.weight.zero_()
        head.weight[0, 0] = 1.0
    made = erase(nn.Sequential(conv, nn.Flatten(), head), marked, by="race", layers=["0"])[0]
    at = marked.people["race"].to_numpy() == "B"
    for value in (0, 1):
        own = marked.y == value
        before = made.before[own & at].mean() - made.before[own & ~at].mean()
        after = made.after[0][own & at].mean() - made.after[0][own & ~at].mean()
        assert before > 2.0
        assert abs(after) < 1e-5


def test_a_layer_too_large_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the layer, the numbers and the remedy."""
    monkeypatch.setattr(network_layers, "BUDGET", 1000)
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(32, 1))
    cohort = people(np.random.default_rng(10).normal(size=(60, 1, 6, 6)) * 5)
    with pytest.raises(ModelError, match="layer '0' holds 32 numbers a row"):
        erase(net, cohort, by="race")
    assert len(erase(net, cohort, by="race", layers=["2"])) == 1


def test_a_pipeline_is_opened_after_each_step() -> None:
    """What transformers make of the rows, by name, and the rest run from there."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(120, 5)) * [1, 2, 3, 4, 5]
    cohort = people(x)
    frame = pd.DataFrame(x, columns=list(cohort.features.names))
    model = make_pipeline(StandardScaler(), PCA(3), LogisticRegression()).fit(frame, cohort.y)
    scaler, pca = embed(model, cohort)
    assert (scaler.name, pca.name, pca.source) == ("standardscaler", "pca", "step")
    np.testing.assert_allclose(pca.values, model[:-1].transform(frame), rtol=1e-4, atol=1e-5)
    one, two = erase(model, cohort, by="race")
    np.testing.assert_allclose(one.after, two.after, atol=1e-8)
    held = model[:-1].transform(frame)
    race, slow = cohort.people["race"].to_numpy(), held.copy()
    for value in (0, 1):
        own = {g: (race == g) & (cohort.y == value) for g in "AB"}
        middle = sum(held[rows].mean(axis=0) for rows in own.values()) / 2
        for rows in own.values():
            slow[rows] -= held[rows].mean(axis=0) - middle
    margin = model[-1].decision_function(slow)
    np.testing.assert_allclose(two.after[0], margin, atol=1e-6)


def test_against_a_site_asks_three_questions() -> None:
    """The group, the group within sites, and the site within groups."""
    torch.manual_seed(6)
    cohort = people(np.random.default_rng(6).normal(size=(80, 3)) * 5)
    net = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1))
    made = erase(net, cohort, by="race", against="site", layers=["0"])
    asked = [(e.grouping, e.beside) for e in made]
    assert asked == [("race", ""), ("race", "site"), ("site", "race")]
    assert "race given site" in repr(made[1])
    pairs = cohort.people.assign(who=[f"u{i // 2}" for i in range(80)])
    pairs["race"] = pairs.groupby("who")["race"].transform("first")
    nested = Cohort(cohort.x, pairs, outcome="y", groups=["race"], unit="who")
    held = [e.beside for e in erase(net, nested, by="race", against="site", layers=["0"])]
    assert held == ["", "site"]
    with pytest.raises(GroupError, match="against itself"):
        erase(net, cohort, by="race", against="race")


def test_records_line_up_by_id_and_check_themselves() -> None:
    """Another order of rows is put right; what does not fit is named."""
    torch.manual_seed(7)
    cohort = people(np.random.default_rng(7).normal(size=(30, 3)) * 5)
    net = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1))
    turned = cohort.take(np.arange(29, -1, -1))
    made, moved = embed(net, cohort)[0], erase(net, cohort, by="race", layers=["0"])[0]
    np.testing.assert_array_equal(made.at(turned).values, made.values[::-1])
    np.testing.assert_array_equal(moved.at(turned).after, moved.after[:, ::-1])
    again = erase(net, turned, by="race", layers=["0"])[0]
    np.testing.assert_allclose(again.after, moved.after[:, ::-1], atol=1e-6)
    assert made.to_frame().columns.tolist() == ["0.1", "0.2"]
    assert moved.to_frame().shape == (30, 2)
    with pytest.raises(CohortError, match="row ids are missing"):
        Representation.given("h", np.zeros((30, 2)), rows=[f"q{i}" for i in range(30)]).at(cohort)
    with pytest.raises(ModelError, match="not finite in 1 of 2"):
        Representation.given("h", [[1.0], [np.nan]], rows=["a", "b"])
    with pytest.raises(ModelError, match="pool maps"):
        Representation.given("h", np.zeros((2, 2, 2)), rows=["a", "b"])
    with pytest.raises(ModelError, match="of another cohort"):
        moved.at(people(np.zeros((30, 3))))
    with pytest.raises(ModelError, match="after has shape"):
        Erased("h", "g", "", "nothing", made.rows, moved.before, moved.after[:3], moved.block, "y")


def test_models_without_layers_say_what_to_do_instead() -> None:
    """A bare estimator and a function have values and outputs, and nothing between."""
    cohort = people(np.random.default_rng(8).normal(size=(60, 3)))
    model = LogisticRegression().fit(cohort.dense(), cohort.y)
    for bare in (model, lambda x: x[:, 0]):
        with pytest.raises(ModelError, match="it has no layers"):
            embed(bare, cohort)
    with pytest.raises(ModelError, match="no layer is named"):
        embed(model, cohort, layers=[])
    with pytest.raises(ModelError, match="channels is 'middle'"):
        embed(model, cohort, channels="middle")  # type: ignore[arg-type]
