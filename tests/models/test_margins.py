"""Margins with gradients: the years of a clock as torch has them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
from torch import nn

from evenlight.data.cohort import Cohort
from evenlight.explainers.explain import explain
from evenlight.models.adapt import adapt
from evenlight.models.links import margin_of
from evenlight.models.margins import margin_tensor
from evenlight.models.networks import margin_tensor as same


def test_years_become_the_margin_of_the_clock_with_its_slope() -> None:
    """Both halves and where they meet: the value of numpy, and 1 / (1 + age), then 1 / 21."""
    ages = torch.tensor([0.5, 10.0, 19.99, 20.01, 70.0], dtype=torch.float64, requires_grad=True)
    margin = margin_tensor(ages, "horvath", "response", 0)
    years = ages.detach().numpy()
    np.testing.assert_allclose(margin.detach().numpy(), margin_of(years, "horvath"))
    margin.sum().backward()  # type: ignore[no-untyped-call]
    assert ages.grad is not None
    slope = np.where(years < 20, 1 / (1 + years), 1 / 21)
    np.testing.assert_allclose(ages.grad.numpy(), slope)
    assert same is margin_tensor


def test_a_network_that_gives_years_is_explained_on_the_margin() -> None:
    """Attributions add up before the years, for people of both halves."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 1), nn.Softplus(beta=0.1)).double()
    x = np.random.default_rng(0).normal(0, 40, (30, 3))
    people = pd.DataFrame({"sex": ["f", "m"] * 15}, index=[f"p{i:02d}" for i in range(30)])
    made = adapt(net, link="horvath", gives="response", unit="years")
    with torch.no_grad():
        years = net(torch.tensor(x)).numpy()
    assert 0 < (years < 20).mean() < 1
    np.testing.assert_allclose(made.response(x), years)
    found = explain(made, Cohort(x, people, groups=["sex"], unit="row"))
    assert found.method == "ig"
    wanted = margin_of(years, "horvath")[:, 0]
    np.testing.assert_allclose(found.values.sum(axis=1) + found.base, wanted, atol=0.02)
