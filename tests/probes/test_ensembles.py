"""Members of an ensemble: dropout by rows, networks handed back as found, models trained apart."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.data.ensemble import Ensemble
from evenlight.data.probed import Predictions
from evenlight.errors import ModelError
from evenlight.models.adapt import adapt
from evenlight.probes.ensembles import members
from evenlight.probes.predict import predict


def people(x: Float, seed: int = 0) -> Cohort:
    """Rows of x with a group and an outcome."""
    rng = np.random.default_rng(seed)
    n = len(x)
    table = pd.DataFrame(
        {"race": rng.choice(["A", "B"], n), "y": rng.integers(0, 2, n)},
        index=[f"p{i}" for i in range(n)],
    )
    return Cohort(x, table, outcome="y", unit="row")


def dense(rate: float = 0.4) -> nn.Sequential:
    """A small network with dropout and a normalisation that training would change."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(3, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(rate), nn.Linear(16, 1)
    )


def test_dropout_has_the_moments_of_the_layer_in_training() -> None:
    """Each row has the mean and spread over masks of torch's own dropout, all else in eval mode."""
    net, x = dense(), np.random.default_rng(0).normal(size=(4, 3))
    made = members(net, people(x), draws=3000)
    net.eval()
    net[3].train()
    with torch.no_grad():
        many = torch.as_tensor(np.repeat(x, 3000, axis=0), dtype=torch.float32)
        own = net(many).numpy().reshape(4, 3000)
    error = own.std(axis=1) / np.sqrt(3000)
    assert (np.abs(made.margins.mean(axis=0) - own.mean(axis=1)) < 5 * error).all()
    np.testing.assert_allclose(made.margins.std(axis=0), own.std(axis=1), rtol=0.08)
    np.testing.assert_allclose(made.responses, 1 / (1 + np.exp(-made.margins)))


def test_masks_are_those_of_the_definition() -> None:
    """A network that is dropout and a sum: each kept number is divided by the share kept."""

    class Sum(nn.Module):
        """The sum of what dropout leaves."""

        def __init__(self) -> None:
            super().__init__()
            self.drop = nn.Dropout(0.25)

        def forward(self, x: Tensor) -> Tensor:
            """Sum over features."""
            out: Tensor = self.drop(x).sum(dim=1)
            return out

    powers = 2.0 ** np.arange(6)
    model = adapt(Sum(), link="identity")
    made = members(model, people(np.repeat(powers[None], 400, axis=0)), draws=10)
    kept = np.round(made.margins * 0.75).astype(int)
    np.testing.assert_allclose(kept / 0.75, made.margins, rtol=1e-6)
    bits = (kept[..., None] >> np.arange(6)) & 1
    assert abs(bits.mean() - 0.75) < 4 * np.sqrt(0.1875 / bits.size)
    joint = np.corrcoef(bits.reshape(-1, 6).T)
    assert np.abs(joint - np.eye(6)).max() < 4 / np.sqrt(4000)
    assert abs(np.corrcoef(bits[0].ravel(), bits[1].ravel())[0, 1]) < 4 / np.sqrt(2400)


def test_masks_belong_to_rows() -> None:
    """The same numbers in any order, in any company, and again; others with another seed."""
    net, x = dense(), np.random.default_rng(1).normal(size=(50, 3))
    cohort = people(x)
    made = members(net, cohort, draws=6, rng=3)
    np.testing.assert_array_equal(made.margins, members(net, cohort, draws=6, rng=3).margins)
    back = np.random.default_rng(2).permutation(50)
    turned = members(net, cohort.take(back), draws=6, rng=3)
    np.testing.assert_allclose(turned.margins, made.margins[:, back], rtol=1e-5, atol=1e-6)
    few = members(net, cohort.take(np.arange(5)), draws=3, rng=3)
    np.testing.assert_allclose(few.margins, made.margins[:3, :5], rtol=1e-5, atol=1e-6)
    other = members(net, cohort, draws=6, rng=4)
    assert np.abs(other.margins - made.margins).max() > 0.05
    assert np.abs(made.margins[:, 0] - made.margins[0, 0]).max() > 0


@pytest.mark.parametrize("training", [True, False])
def test_the_network_is_handed_back_as_found(training: bool) -> None:
    """Modes, statistics of normalisation, hooks and gradients stay; so does torch's generator."""
    net = dense().train(training)
    net[3].eval()
    weight = net.get_parameter("0.weight")
    weight.grad = torch.ones_like(weight)
    seen: list[int] = []
    net[3].register_forward_hook(lambda *_: seen.append(1))
    before, modes = deepcopy(net.state_dict()), [part.training for part in net.modules()]
    hooks, state = dict(net[3]._forward_hooks), torch.get_rng_state()
    members(net, people(np.random.default_rng(0).normal(size=(9, 3))), draws=3)
    assert [part.training for part in net.modules()] == modes
    assert all(torch.equal(v, net.state_dict()[k]) for k, v in before.items())
    assert dict(net[3]._forward_hooks) == hooks
    assert torch.equal(state, torch.get_rng_state())
    assert torch.equal(weight.grad, torch.ones_like(weight))


def test_channels_are_dropped_whole_and_shared_layers_anew() -> None:
    """Dropout2d leaves or takes a channel; a layer that is called twice drops differently."""

    class Twice(nn.Module):
        """Two passes through one dropout layer; channels weigh 1 and 100."""

        def __init__(self) -> None:
            super().__init__()
            self.drop = nn.Dropout2d(0.5)

        def forward(self, x: Tensor) -> Tensor:
            """Mean of each channel, from either call."""
            first, second = self.drop(x).mean(dim=(2, 3)), self.drop(x).mean(dim=(2, 3))
            out: Tensor = first[:, 0] + 10 * first[:, 1] + 100 * second[:, 0] + 1000 * second[:, 1]
            return out

    made = members(adapt(Twice(), link="identity"), people(np.ones((40, 2, 3, 3))), draws=8)
    digits = (np.round(made.margins / 2).astype(int)[..., None] // 10 ** np.arange(4)) % 10
    np.testing.assert_allclose((digits * 2 * 10 ** np.arange(4)).sum(axis=-1), made.margins)
    assert set(np.unique(digits)) == {0, 1}
    assert abs(np.corrcoef(digits[..., 0].ravel(), digits[..., 2].ravel())[0, 1]) < 0.25
    assert 0.35 < digits.mean() < 0.65


def test_attention_layers_are_not_bypassed_and_rows_stay_apart() -> None:
    """A transformer's own dropout layers drop, its attention does not and it is said."""

    class Encoder(nn.Module):
        """Three tokens of four numbers; rows are the second axis inside."""

        def __init__(self, batch_first: bool) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.first = batch_first
            self.layer = nn.TransformerEncoderLayer(4, 2, 8, 0.3, batch_first=batch_first)
            self.head = nn.Linear(4, 1)

        def forward(self, x: Tensor) -> Tensor:
            """Mean over tokens, then linear."""
            tokens = x.reshape(len(x), 3, 4)
            if self.first:
                out: Tensor = self.head(self.layer(tokens).mean(dim=1))
                return out
            turned: Tensor = self.head(self.layer(tokens.transpose(0, 1)).mean(dim=0))
            return turned

    x = np.random.default_rng(0).normal(size=(7, 12))
    cohort = people(x)
    for batch_first in (True, False):
        net = Encoder(batch_first)
        made = members(net, cohort, draws=5)
        assert (made.margins.std(axis=0) > 0).all()
        assert "drop inside themselves (first 'layer.self_attn')" in made.notes[0]
        alone = members(net, cohort.take(np.array([4, 2])), draws=5)
        np.testing.assert_allclose(alone.margins, made.margins[:, [4, 2]], rtol=1e-4, atol=1e-5)


def test_models_trained_apart_are_members() -> None:
    """Each member's margin and response is its own prediction, in their order."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 3))
    cohort = people(x)
    models = [LogisticRegression().fit(x[i::2], cohort.y[i::2]) for i in range(2)]
    made = members(models, cohort)
    for i, model in enumerate(models):
        np.testing.assert_allclose(made.margins[i], model.decision_function(x))
        np.testing.assert_allclose(made.responses[i], model.predict_proba(x)[:, 1])
    assert made.how == "models"
    assert "Ensemble of 2 members (models) for 1.0: 60 rows" in repr(made)
    back = np.arange(60)[::-1]
    np.testing.assert_array_equal(made.at(cohort.take(back)).margins, made.margins[:, back])
    made.suits(predict(models[0], cohort))


def test_wrong_input_is_named() -> None:
    """No dropout, a rate of 0, one model, one draw, members of other targets, other cohorts."""
    x = np.random.default_rng(0).normal(size=(20, 3))
    cohort = people(x)

    class Unused(nn.Module):
        """A dropout layer that forward does not pass."""

        def __init__(self) -> None:
            super().__init__()
            self.body, self.drop = nn.Linear(3, 1), nn.Dropout(0.5)

        def forward(self, x: Tensor) -> Tensor:
            """Without dropout."""
            out: Tensor = self.body(x)
            return out

    alpha = nn.Sequential(nn.Linear(3, 4), nn.AlphaDropout(0.2), nn.Linear(4, 1))
    fitted = LogisticRegression().fit(x, cohort.y)
    for model, draws, said in (
        (nn.Linear(3, 1), 20, "has no dropout layer with a rate above 0"),
        (dense(0.0), 20, "has no dropout layer with a rate above 0"),
        (Unused(), 20, "passes through none of them"),
        (alpha, 20, "alpha dropout"),
        (dense(), 1, "two or more masks"),
        (fitted, 20, "one model without dropout layers"),
        ([fitted], 20, "1 model; two or more can disagree"),
        ([fitted, adapt(lambda x: x[:, 0], link="identity")], 20, "member 1 foretells"),
    ):
        with pytest.raises(ModelError, match=said):
            members(model, cohort, draws=draws)
    made = members([fitted, fitted], cohort)
    other = Cohort(x + 1, cohort.people, outcome="y", unit="row")
    with pytest.raises(ModelError, match="another cohort"):
        made.at(other)
    with pytest.raises(ModelError, match="the predictions dose"):
        made.suits(Predictions(cohort.rows, np.zeros(20), np.zeros(20), "dose", "identity"))
    with pytest.raises(ModelError, match=r"variances has shape \(1, 20\)"):
        Ensemble(
            cohort.rows, np.zeros((2, 20)), np.zeros((2, 20)), "y", "logit",
            variances=np.zeros((1, 20)),
        )  # fmt: skip
