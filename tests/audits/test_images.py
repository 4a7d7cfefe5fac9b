"""Whole audits of images, by region."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from evenlight.api import report
from evenlight.auditing import audit
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.errors import InputError
from evenlight.plan import Plan
from evenlight.record import Audit

SIDE = 8
GRID = np.kron(np.arange(4).reshape(2, 2), np.ones((4, 4), dtype=int))
REGIONS = FeatureSets.from_label_map(
    GRID, {0: "corner", 1: "right", 2: "below", 3: "middle"}, shape=(1, SIDE, SIDE)
)
PLAN = Plan.from_data(
    {
        "question": [{"measure": "reliance", "grouping": "site", "given": "outcome"}],
        "explain": {"repeats": 0},
    }
)


def scans(n: int = 300) -> Cohort:
    """Scans of site B bear a mark in the corner; a lesion in the middle goes with the outcome."""
    rng = np.random.default_rng(0)
    in_b, ill = np.arange(n) % 2 == 1, rng.random(n) < 0.5
    x = rng.normal(0, 0.3, (n, 1, SIDE, SIDE))
    x[in_b, :, 0:2, 0:2] += 1.5
    x[:, :, 4:8, 4:8] += (0.5 * ill)[:, None, None, None]
    people = pd.DataFrame(
        {"site": np.where(in_b, "B", "A"), "ill": ill.astype(int)},
        index=[f"p{i:04d}" for i in range(n)],
    )
    return Cohort(x, people, outcome="ill", unit="row", groups=["site"])


def network() -> torch.nn.Module:
    """Adds the mark in the corner and the lesion in the middle."""
    layer = torch.nn.Linear(SIDE * SIDE, 1)
    weight = torch.zeros(SIDE, SIDE)
    weight[0:2, 0:2], weight[4:8, 4:8] = 0.5, 0.3
    with torch.no_grad():
        layer.weight.copy_(weight.reshape(1, -1))
        layer.bias.zero_()
    return torch.nn.Sequential(torch.nn.Flatten(), layer).eval()


@pytest.fixture(scope="module", name="audited")
def _audited() -> Audit:
    return audit(network(), scans(), plan=PLAN, sets=REGIONS)


def test_images_are_audited_by_region(audited: Audit) -> None:
    """The corner carries the reliance, its swap closes the gap, and the page can be made."""
    (lean,) = audited.reliances
    assert lean.subjects == REGIONS.names
    at = list(lean.given).index("outcome")
    assert int(np.argmax(lean.share[at])) == 0
    (moved,) = audited.further.levers
    corner = moved.closing.subject == "corner"
    assert (moved.closing.closure[corner] > 0.8).any()


def test_the_page_and_the_record_of_images(audited: Audit, tmp_path: Path) -> None:
    """Saved, read back alike, and reported."""
    folder = audited.save(tmp_path / "audit")
    assert Audit.load(folder).to_json() == audited.to_json()
    assert "corner" in report(audited, folder).read_text(encoding="utf-8")


def test_images_without_regions_are_refused_at_once() -> None:
    """The error names the remedy, before the model is called."""
    with pytest.raises(InputError, match="images are audited by region: pass"):
        audit(lambda x: 1 / 0, scans(), plan=PLAN)
    other = FeatureSets.from_label_map(np.zeros((2, 2), dtype=int), {0: "all"}, shape=(1, 2, 2))
    with pytest.raises(InputError, match="sets of 4 other features"):
        audit(lambda x: 1 / 0, scans(), plan=PLAN, sets=other)
