"""Real chest X-rays: a small network under blur, contrast and a marker, by sex within view."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import evenlight as ev
from evenlight.arrays import Bool, Float
from evenlight.measures.fragile import Fragility

pytestmark = pytest.mark.data

SIDE = 32
MANY = 60
"""Patients with the most images, who train; of each other patient the first image is audited."""


def trained(x: Float, y: Float) -> nn.Module:
    """Three convolutions, 150 steps on batches of 64 moved by up to two pixels."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = nn.Sequential(
            nn.Conv2d(1, 8, 5, 2, 2), nn.GELU(), nn.Conv2d(8, 16, 3, 2, 1), nn.GELU(),
            nn.Conv2d(16, 16, 3, 2, 1), nn.GELU(), nn.Flatten(),
            nn.Linear(16 * (SIDE // 8) ** 2, 1),
        )  # fmt: skip
    rows, wanted = (torch.as_tensor(v, dtype=torch.float32) for v in (x, y))
    steps = torch.optim.Adam(made.parameters(), 3e-3, weight_decay=1e-3)
    rng = np.random.default_rng(0)
    for _ in range(150):
        some = torch.as_tensor(rng.integers(len(rows), size=64))
        moved = torch.roll(rows[some], tuple(rng.integers(-2, 3, size=2).tolist()), (2, 3))
        steps.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(made(moved)[:, 0], wanted[some])
        loss.backward()  # type: ignore[no-untyped-call]
        steps.step()
    return made.eval()


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """A network for one label, the patients that are audited, and what becomes of their images."""

    model: nn.Module
    cohort: ev.Cohort
    suite: ev.Suite
    found: Fragility


@pytest.fixture(scope="module", name="worlds")
def _worlds(data: Path) -> Callable[[str], World]:
    """A world by label, made once."""
    folder = data / "nih-cxr-1000"
    x = np.load(folder / "images.npz")["images"].astype(float) / 255
    x = x.reshape(1000, 1, SIDE, 2, SIDE, 2).mean(axis=(3, 5))
    people = pd.read_csv(folder / "metadata.csv")
    people.index = pd.Index([f"i{i:03d}" for i in range(1000)])
    people["effusion"] = people["finding_labels"].str.contains("Effusion").astype(int)
    learned, audited = _divided(people)

    @cache
    def world(label: str) -> World:
        model = trained(x[learned], people[label][learned].to_numpy())
        cohort = ev.Cohort(
            x[audited], people[audited], outcome=label, unit="patient_id",
            groups=["sex"], strata=["view"],
        )  # fmt: skip
        suite = ev.suite("imaging", cohort, window=(0, 1)).taking("blur", "contrast", "marker")
        moved = ev.perturb(model, cohort, suite=suite)
        return World(model, cohort, suite, ev.fragility(moved, cohort, by="sex", threshold=0.5))

    return world


def _divided(people: pd.DataFrame) -> tuple[Bool, Bool]:
    """Images of the patients who train, and the first image of every other patient."""
    count = people.groupby("patient_id").size().sort_values(ascending=False, kind="stable")
    learned = people["patient_id"].isin(count.index[:MANY]).to_numpy()
    alone = people[~learned].sort_values(["patient_id", "follow_up"])
    return learned, people.index.isin(alone.drop_duplicates("patient_id").index)


def _view(found: Fragility, name: str, perturbation: str) -> tuple[list[str], Float, Float]:
    """Verdicts of one perturbation by strength, men less women, and both limits in SD(f)."""
    at, here = found.view(name), np.array(found.perturbation) == perturbation
    own = found.apart
    words = [str(word) for word in own.verdict[at, 0, here]]
    return words, own.low[at, 0, here], own.high[at, 0, here]


def test_the_sexes_are_compared_within_views(worlds: Callable[[str], World]) -> None:
    """80 women and 124 men, in either view; outputs of both move more with every strength."""
    found = worlds("abnormal").found
    assert found.contrasts == (("male", "female"),)
    assert found.n[1:].tolist() == [80, 124]
    assert found.apart.n[found.view("size"), 0].tolist() == [124, 80]
    assert (found.doses.word == "rises").all()


def test_of_a_network_for_abnormal_images_similar_and_cannot_tell_are_the_answers(
    worlds: Callable[[str], World],
) -> None:
    """Weak blur and every marker: similar. Strong contrast, and the worst of all: cannot tell."""
    one = worlds("abnormal")
    assert "different" not in set(one.found.apart.verdict[one.found.view("size")].ravel())
    assert _view(one.found, "size", "blur")[0][:2] == ["similar", "similar"]
    assert _view(one.found, "size", "marker")[0] == ["similar"] * 3
    words, low, high = _view(one.found, "size", "contrast")
    assert words[2] == "cannot_tell"
    assert low[2] < 0 < 0.1 < high[2]
    search = ev.Search(drawn=20, refined=20)
    worst = ev.worst(one.model, one.cohort, suite=one.suite, by="sex", search=search)
    assert worst.verdict == "cannot_tell"
    assert worst.searched > worst.effect  # what is found by searching promises too much


def test_of_a_network_for_effusion_contrast_and_blur_move_men_farther(
    worlds: Callable[[str], World],
) -> None:
    """More than 0.1 SD(f) beyond women's in the same view, shown again on held-out patients."""
    one = worlds("effusion")
    words, low, high = _view(one.found, "size", "contrast")
    assert words == ["similar", "different", "different"]
    assert ((low + high)[1:] / 2 > 0.1).all()
    assert _view(one.found, "size", "blur")[0] == ["similar", "similar", "different"]
    search = ev.Search(drawn=20, refined=20)
    worst = ev.worst(one.model, one.cohort, suite=one.suite, by="sex", search=search)
    assert (worst.level, worst.verdict) == ("male", "different")
    bound = dict(zip(worst.perturbations, worst.strength, strict=True))
    assert bound["contrast"] == pytest.approx(0.5, abs=0.1)


def test_a_marker_moves_both_sexes_alike(worlds: Callable[[str], World]) -> None:
    """A fifth of an image's side, in a corner: a third of an SD(f) for effusion, in either sex."""
    found = worlds("effusion").found
    assert _view(found, "size", "marker")[0] == ["similar"] * 3
    at, size = found.steps.index("marker, 0.2 side, share of the image's"), found.measure("size")
    assert (found.low[1:, at, size] > 0.25).all()
    assert (found.high[1:, at, size] < 0.4).all()


def test_what_few_events_cannot_say_is_left_unsaid(worlds: Callable[[str], World]) -> None:
    """Fewer than 11 women have an effusion: no AUROC of theirs is shown under any perturbation."""
    found = worlds("effusion").found
    own = found.part("female"), slice(None), found.measure("auroc")
    assert np.isnan(found.value[own]).all()
    assert set(found.reason[own]) == {"fewer than 11 events or non-events"}
