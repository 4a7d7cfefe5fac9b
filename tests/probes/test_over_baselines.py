"""One explanation from several baselines, side by side."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import torch

from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.errors import CohortError, EvenlightWarning, InputError
from evenlight.explainers.explain import explain
from evenlight.probes.over_baselines import over_baselines

SIDE, N = 8, 40
SETS = FeatureSets.from_grid((1, SIDE, SIDE), (2, 2))


def scans() -> Cohort:
    """Bright images, two of each person; the last quarter is the same in all of them."""
    rng = np.random.default_rng(0)
    x = 2 + rng.normal(0, 0.3, (N, 1, SIDE, SIDE)) + rng.normal(size=(N, 1, 1, 1))
    x[:, :, 4:, 4:] = 2.0
    people = pd.DataFrame(
        {"person": [f"p{i // 2}" for i in range(N)], "sex": np.resize(["f", "f", "m", "m"], N)},
        index=[f"r{i:02d}" for i in range(N)],
    )
    return Cohort(x, people, ["intensity"], groups=["sex"], unit="person")


def network() -> torch.nn.Module:
    """A linear network."""
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(SIDE * SIDE, 1)).eval()


@pytest.mark.parametrize("method", ["ig", "shapley"])
def test_shares_and_likeness_are_those_of_single_explanations(method: str) -> None:
    """Against each baseline explained by itself, people averaged in plain pandas."""
    cohort, net = scans(), network()
    words = ("mean", "black", "blur")
    found = over_baselines(net, cohort, sets=SETS, baselines=words, method=method)
    assert found.units == N // 2
    means = []
    for k, word in enumerate(words):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", EvenlightWarning)
            made = explain(net, cohort, method="ig", baseline=word).by(SETS)
        table = pd.DataFrame(made.values.astype(float), columns=list(SETS.names))
        person = cohort.people["person"].to_numpy()
        size = table.abs().groupby(person).mean().mean()
        np.testing.assert_allclose(found.share[k], size / size.sum(), atol=1e-4)
        means.append(table.groupby(person).mean())
        assert found.in_base[k] == pytest.approx(made.base.var() / made.output.var(), abs=1e-6)
        for j in range(3):
            wanted = np.corrcoef(means[0].iloc[:, j], means[k].iloc[:, j])[0, 1]
            assert found.alike[k, j] == pytest.approx(wanted, abs=1e-4)
    np.testing.assert_allclose(found.alike[1, :3], 1.0, atol=1e-5)
    assert found.alike[2, 0] < 0.9


def test_what_does_not_vary_has_no_likeness_but_a_reason() -> None:
    """A region that is the same in everyone differs from the mean by nothing."""
    found = over_baselines(network(), scans(), sets=SETS, baselines=("black", "mean"))
    frame = found.to_frame().set_index(["baseline", "subject"])
    assert frame.loc[("black", "part 2,2"), "reason"] == "attributions do not vary"
    assert frame["alike"].isna()[("black", "part 2,2")]
    assert frame.loc[("black", "part 1,1"), "reason"] == ""
    assert "4 subjects from 2 baselines (black, mean), 20 units" in repr(found)


def test_what_cannot_be_compared_is_refused() -> None:
    """One baseline, maps without regions, and fewer than 11 people."""
    cohort, net = scans(), network()
    with pytest.raises(InputError, match="compared with nothing"):
        over_baselines(net, cohort, sets=SETS, baselines=("mean",))
    with pytest.raises(InputError, match="by region"):
        over_baselines(net, cohort)
    with pytest.raises(CohortError, match="10 units"):
        over_baselines(net, cohort.take(np.arange(20)), sets=SETS, baselines=("mean", "black"))
