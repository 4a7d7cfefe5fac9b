"""Survival in intervals: the chance of the event by a time, and the time that is lost."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.data.outcome import Survival
from evenlight.errors import ModelError
from evenlight.explainers.explain import explain
from evenlight.measures.perform import perform
from evenlight.models.adapt import adapt
from evenlight.models.horizon import Form, event_by, time_lost
from evenlight.probes.predict import predict

N, P, K = 60, 3, 4
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, P))
TIME = RNG.exponential(np.exp(-X[:, 0]))
PEOPLE = pd.DataFrame(
    {"time": TIME, "event": (RNG.random(N) < 0.8).astype(int), "sex": ["f", "m"] * (N // 2)},
    index=[f"p{i:02d}" for i in range(N)],
)
COHORT = Cohort(
    X, PEOPLE, list("abc"), outcome=Survival("time", "event"), groups=["sex"], unit="row"
)


def network(seed: int = 0, outputs: int = K) -> nn.Module:
    """A small network in float64."""
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(P, 8), nn.Tanh(), nn.Linear(8, outputs)).double()


def raw(net: nn.Module) -> Float:
    """What it gives of all rows."""
    with torch.no_grad():
        said: Float = net(torch.tensor(X)).numpy()
    return said


def chance(z: Float, last: int, form: Form) -> Float:
    """P(event by the end of interval `last`), one person and one interval at a time."""
    out = np.zeros(len(z))
    for i, row in enumerate(z):
        if form == "masses":
            mass = np.exp(row) / np.exp(row).sum()
            out[i] = mass[: last + 1].sum()
            continue
        alive = 1.0
        for j in range(last + 1):
            alive *= 1 - 1 / (1 + np.exp(-row[j]))
        out[i] = 1 - alive
    return out


def concordance(risk: Float) -> float:
    """Harrell's, pair by pair: the riskier of two has the event first."""
    event, good, pairs = PEOPLE["event"].to_numpy(), 0.0, 0
    for i in range(N):
        for j in range(N):
            if event[i] and TIME[i] < TIME[j]:
                pairs += 1
                good += float(risk[i] > risk[j]) + 0.5 * float(risk[i] == risk[j])
    return good / pairs


@pytest.mark.parametrize("form", ["hazards", "masses"])
@pytest.mark.parametrize("last", [0, 2])
def test_the_chance_by_an_interval_is_the_product_written_out(form: Form, last: int) -> None:
    """Response is F, margin its log odds, and higher is earlier."""
    net = network()
    made, wanted = event_by(net, last, gives=form), chance(raw(net), last, form)
    np.testing.assert_allclose(made.response(X)[:, 0], wanted)
    np.testing.assert_allclose(made.margin(X)[:, 0], np.log(wanted / (1 - wanted)))


@settings(max_examples=50, deadline=None)
@given(
    bias=st.lists(st.floats(-400, 400), min_size=3, max_size=3),
    form=st.sampled_from(["hazards", "masses"]),
)
def test_margin_and_gradient_stay_finite_however_sure_the_network_is(
    bias: list[float], form: Form
) -> None:
    """Logits of hundreds give margins of hundreds, in log space, with gradients."""
    net = nn.Linear(1, 3).double()
    with torch.no_grad():
        net.bias.copy_(torch.tensor(bias))
    made = event_by(net, 1, gives=form)
    x = torch.zeros(1, 1, dtype=torch.float64, requires_grad=True)
    made.module(x).sum().backward()
    assert np.isfinite(made.margin(np.zeros((1, 1)))).all()
    assert x.grad is not None
    assert torch.isfinite(x.grad).all()


def test_the_chance_grows_from_interval_to_interval() -> None:
    """What has happened by one interval has happened by the next."""
    net = network(3)
    by = np.column_stack([event_by(net, k).response(X)[:, 0] for k in range(K)])
    assert (np.diff(by, axis=1) > 0).all()


@pytest.mark.parametrize("form", ["hazards", "masses"])
def test_time_lost_is_the_horizon_less_the_restricted_mean(form: Form) -> None:
    """The area over the survival curve drawn straight between the ends of intervals, by numpy."""
    net, widths = network(1), [1.0, 2.0, 0.5]
    made = time_lost(net, widths, gives=form, unit="years")
    curves = np.column_stack(
        [np.ones(N), *(1 - chance(raw(net), k, form) for k in range(len(widths)))]
    )
    area = np.trapezoid(curves, np.cumsum([0.0, *widths]), axis=1)
    np.testing.assert_allclose(made.response(X)[:, 0], 3.5 - area)
    assert (made.link, made.unit) == ("identity", "years")


def test_it_is_explained_and_judged_like_any_network() -> None:
    """Integrated gradients add up to the log odds, and its margin ranks people by risk."""
    net = network()
    made = event_by(net, 1)
    found = explain(made, COHORT)
    assert found.method == "ig"
    np.testing.assert_allclose(
        found.values.sum(axis=1) + found.base, made.margin(X)[:, 0], atol=1e-4
    )
    judged = perform(predict(made, COHORT), COHORT, by="sex")
    at = judged.parts.index("overall"), judged.metric("concordance")
    assert judged.value[at] == pytest.approx(concordance(made.margin(X)[:, 0]))
    assert all(p.requires_grad for p in net.parameters())


def test_a_network_of_the_log_hazard_needs_its_link_only() -> None:
    """Margin is what it gives, response the multiple of the baseline hazard."""
    net = network(outputs=1)
    made = adapt(net, link="log", targets=["hazard"])
    np.testing.assert_allclose(made.response(X), np.exp(raw(net)))
    found = explain(made, COHORT)
    np.testing.assert_allclose(found.values.sum(axis=1) + found.base, raw(net)[:, 0], atol=1e-4)


def test_an_interval_that_is_not_there_is_refused() -> None:
    """The error names the intervals; by the end of the last mass everyone has had the event."""
    with pytest.raises(ModelError, match="name 0 to 3"):
        event_by(network(), K).margin(X)
    with pytest.raises(ModelError, match="add up to 1 for everyone"):
        event_by(network(), K - 1, gives="masses").margin(X)
    with pytest.raises(ModelError, match="wanted hazards or masses"):
        event_by(network(), 0, gives="chances")  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="interval -1"):
        event_by(network(), -1)
    with pytest.raises(ModelError, match="is no torch module"):
        event_by(lambda x: x, 0)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="positive length"):
        time_lost(network(), [1.0, 0.0])
    with pytest.raises(ModelError, match="shape"):
        event_by(nn.Flatten(0), 0).margin(X)
