"""Where an audit computes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.linear_model import LinearRegression

from evenlight.api import run
from evenlight.auditing import audit
from evenlight.cohorts import warfarin
from evenlight.demo import network
from evenlight.errors import ModelError
from evenlight.explainers.device import placed, standing
from evenlight.models.adapt import adapt
from evenlight.plan import Plan
from evenlight.record import Audit
from tests.journaled import project


def test_a_gpu_that_is_not_there_stops_before_any_compute() -> None:
    """Fault 42: by name, and before the first attribution."""
    told: list[str] = []
    people = warfarin(split="test")
    with pytest.raises(ModelError, match="'cuda:99' was asked for and there are"):
        audit(network(people), people, device="cuda:99", progress=told.append)
    assert told == ["checking the model"]


def test_a_model_that_no_gpu_would_serve_says_so() -> None:
    """Fault 41: a GPU that is asked for is never left aside in silence."""
    fitted = LinearRegression().fit(np.eye(3), np.arange(3.0))
    with pytest.raises(ModelError, match="leave device out"):
        placed(adapt(fitted), "cuda")
    assert placed(adapt(fitted), "cpu").module is None


def test_the_record_names_where_it_was_computed() -> None:
    """The device of the network, not of the machine."""
    found = _audited("cpu")
    assert found.provenance["device"] == "cpu"
    assert standing(adapt(torch.nn.Linear(2, 1))) == "cpu"


def test_the_record_names_the_command(tmp_path: Path) -> None:
    """As it would be typed beside the plan: no path, no folder."""
    plan = project(tmp_path)
    found = run(plan, tmp_path / "out")
    assert found.provenance["command"] == "evenlight run audit.toml"
    assert str(tmp_path) not in found.to_json()


@pytest.mark.gpu
def test_a_gpu_leads_to_the_same_verdicts() -> None:
    """Grade D2: the same words, numbers to a tolerance, and the make of the GPU in the record."""
    here, there = _audited("cpu"), _audited("cuda")
    assert there.provenance["device"].startswith("cuda, ")
    for a, b in zip(here.comparisons, there.comparisons, strict=True):
        np.testing.assert_array_equal(a.verdict, b.verdict)
        np.testing.assert_allclose(a.effect, b.effect, rtol=1e-2, atol=1e-3)


def _audited(device: str) -> Audit:
    people = warfarin(split="test")
    plan = Plan.from_data({"explain": {"repeats": 0}})
    return audit(network(warfarin(split="train")), people, plan=plan, device=device)
