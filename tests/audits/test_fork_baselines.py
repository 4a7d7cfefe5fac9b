"""The baseline of images as a choice: an answer that needs one of them is fragile."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import torch

from evenlight.auditing import audit
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.errors import EvenlightWarning
from evenlight.forks import Fork, alternatives, baselines, hold, usual
from evenlight.models.probe import prepare
from evenlight.plan import Plan

SIDE, N = 8, 120
REGIONS = FeatureSets.from_grid((1, SIDE, SIDE), (2, 2))
PLAN = Plan.from_data(
    {
        "question": [{"measure": "attribution", "grouping": "site"}],
        "measure": {"further": False},
        "explain": {"repeats": 0},
    }
)


def scans() -> Cohort:
    """Scans of site B are brighter by one everywhere; nothing else differs."""
    rng = np.random.default_rng(0)
    in_b = np.arange(N) % 2 == 1
    x = 2 + rng.normal(0, 0.3, (N, 1, SIDE, SIDE)) + in_b[:, None, None, None]
    people = pd.DataFrame(
        {"site": np.where(in_b, "B", "A"), "ill": rng.integers(0, 2, N)},
        index=[f"p{i:04d}" for i in range(N)],
    )
    return Cohort(x, people, ["intensity"], outcome="ill", unit="row", groups=["site"])


def network() -> torch.nn.Module:
    """Adds up the first quarter of the image."""
    layer = torch.nn.Linear(SIDE * SIDE, 1)
    weight = torch.zeros(SIDE, SIDE)
    weight[:4, :4] = 0.2
    with torch.no_grad():
        layer.weight.copy_(weight.reshape(1, -1))
        layer.bias.zero_()
    return torch.nn.Sequential(torch.nn.Flatten(), layer).eval()


def test_forks_of_images_are_the_baselines_that_were_not_chosen() -> None:
    """The mean, black, a blur of each, and each filled from its frame; of one kind."""
    cohort = scans()
    prepared = prepare(network(), cohort)
    forks = usual(prepared, cohort, PLAN, "ig", ["baseline"])
    assert [(f.name, f.options["baseline"]) for f in forks] == [
        ("baseline", word) for word in ("mean", "black", "blur", "inpaint")
    ]
    assert usual(prepared, cohort, PLAN, "shapley", ["baseline"]) == ()
    own = baselines({"grey": np.full((1, SIDE, SIDE), 2.0)})
    assert own[0].setting == "grey"
    (given,) = alternatives("baseline", {"black": {"baseline": "black"}})
    assert isinstance(given, Fork)
    assert given.explains_only


def test_an_answer_that_needs_its_baseline_is_fragile() -> None:
    """Brightness differs between sites: seen from the mean and black, and in no blur of itself."""
    cohort, net = scans(), network()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EvenlightWarning)
        made = audit(net, cohort, plan=PLAN, sets=REGIONS)
        held = hold(made, net, cohort, sets=REGIONS, forks=baselines())
    assert [answer.verdict for answer in made.answers] == ["different"]
    assert not held.unrun
    told = dict(zip([f"{s}" for s in held.settings], held.fork_verdict[:, 0], strict=True))
    assert told["mean"] == told["black"] == "different"
    assert told["blur"] != "different"
    assert held.fragile.tolist() == [True]
    assert held.share[0] == pytest.approx(0.5)
