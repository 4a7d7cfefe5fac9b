"""Regions of real chest X-rays: from a network and its gradients to the gate, by sex, in views."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from evenlight.arrays import Float
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.errors import FeatureError
from evenlight.explainers.explain import explain
from evenlight.measures.levers import levers
from evenlight.measures.reliance import Reliance
from evenlight.measures.rely import rely
from evenlight.measures.shortcut import shortcut
from evenlight.measures.shortcut_evidence import Evidence, unsupported_set
from evenlight.probes.patches import patches
from evenlight.probes.refitting import Refitting
from evenlight.probes.twin import twin

SIDE = 16
MANY = 60
"""Patients with the most images, who are trained on; of all others the first image is audited."""

GRID = np.kron(np.arange(9).reshape(3, 3), np.ones((6, 6), dtype=int))[1:17, 1:17]
NAMES = {r: f"{row} {column}" for r, (row, column) in enumerate(
    (a, b) for a in ("upper", "middle", "lower") for b in ("left", "centre", "right"))}  # fmt: skip
REGIONS = FeatureSets.from_label_map(GRID, NAMES, shape=(1, SIDE, SIDE))
STAMPED = "lower right"


def trained(x: Float, y: Float, *, weight: Float, seed: int) -> nn.Module:
    """A small network of two convolutions."""
    torch.manual_seed(seed)
    rows, wanted, each = (torch.as_tensor(np.asarray(v), dtype=torch.float32)
                          for v in (x, y, weight))  # fmt: skip
    made = nn.Sequential(
        nn.Conv2d(1, 8, 4, 4), nn.GELU(), nn.Conv2d(8, 8, 2), nn.GELU(), nn.Flatten(),
        nn.Linear(72, 1),
    )  # fmt: skip
    steps = torch.optim.Adam(made.parameters(), 1e-2, weight_decay=1e-3)
    for _ in range(40):
        steps.zero_grad()
        loss: Tensor = nn.functional.binary_cross_entropy_with_logits(
            made(rows)[:, 0], wanted, weight=each
        )
        loss.backward()  # type: ignore[no-untyped-call]
        steps.step()
    return made.eval()


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """A network, its training and audited people, what it makes of them, and the reliance."""

    model: nn.Module
    training: Cohort
    cohort: Cohort
    phi: Attributions
    lean: Reliance


def held(data: Path, *, stamped: bool) -> Held:
    """Everything but twins and interventions.

    Stamped: every image of a man bears a bright mark, as of a device, and among the people trained
    on most ill women and healthy men are left out.
    """
    folder = data / "nih-cxr-1000"
    x = np.load(folder / "images.npz")["images"].astype(float) / 255
    x = x.reshape(1000, 1, SIDE, 4, SIDE, 4).mean(axis=(3, 5))
    people = pd.read_csv(folder / "metadata.csv")
    people.index = pd.Index([f"i{i:03d}" for i in range(1000)])
    count = people.groupby("patient_id").size().sort_values(ascending=False, kind="stable")
    learned = people["patient_id"].isin(count.index[:MANY]).to_numpy()
    alone = people[~learned].sort_values(["patient_id", "follow_up"])
    audited = people.index.isin(alone.drop_duplicates("patient_id").index)
    if stamped:
        men, ill = (people["sex"] == "male").to_numpy(), people["abnormal"].to_numpy() == 1
        x[men, :, 13:15, 13:15] = 1.0
        learned &= (men == ill) | (np.random.default_rng(0).random(1000) < 0.3)
    roles = {"outcome": "abnormal", "unit": "patient_id", "groups": ["sex"], "strata": ["view"]}
    training = Cohort(x[learned], people[learned], **roles)  # type: ignore[arg-type]
    cohort = Cohort(x[audited], people[audited], **roles)  # type: ignore[arg-type]
    model = trained(training.dense(), training.y, weight=np.ones(training.n), seed=0)
    phi = explain(model, cohort, method="ig")
    return Held(model, training, cohort, phi, rely(phi.by(REGIONS), cohort, by="sex"))


@pytest.fixture(scope="module", name="real")
def _real(data: Path) -> Held:
    """Images as they are."""
    return held(data, stamped=False)


@pytest.fixture(scope="module", name="marked")
def _marked(data: Path) -> Held:
    """Real images with a mark stamped on those of men."""
    return held(data, stamped=True)


def test_gradients_over_regions_add_up_and_a_reliance_is_found_in_views(real: Held) -> None:
    """Sums over nine regions are the output; sex is asked given the outcome and the view."""
    made = real.phi.by(REGIONS)
    assert real.phi.converged.all()
    np.testing.assert_allclose(made.total(), made.output, atol=0.05)
    lean = real.lean
    assert lean.subjects == tuple(NAMES.values())
    assert lean.given[-1] == "outcome and strata"
    assert np.isfinite(lean.total).all()
    assert lean.total_low[-1, 0] < 0.10 < lean.total_high[-1, 0]  # 204 people decide nothing


def test_donor_patches_inpainting_and_blur_run_by_region(real: Held) -> None:
    """Each region's part of the gap has limits; taking a region away is no swap."""
    made = [
        patches(real.model, real.cohort, by="sex", sets=REGIONS, how=how)
        for how in ("donor", "inpaint", "blur")
    ]
    found = levers(made, real.cohort, by="sex").closing
    assert found.subject.tolist() == [*NAMES.values()] * 3
    assert found.kind.tolist() == ["swap"] * 9 + ["inpaint"] * 9 + ["blur"] * 9
    assert (found.closure_low < found.closure_high).all()
    assert found.closure[:9].sum() == pytest.approx(1.0, abs=0.3)


def test_the_whole_picture_has_no_border_to_be_filled_from(real: Held) -> None:
    """Where nothing has support the unsupported set is the picture: swapped, but not inpainted."""
    everything = unsupported_set(real.lean, REGIONS)
    assert len(everything.columns("unsupported")) == SIDE**2
    patches(real.model, real.cohort, by="sex", sets=everything)
    with pytest.raises(FeatureError, match="256 of 256 positions of a region have no border"):
        patches(real.model, real.cohort, by="sex", sets=everything, how="inpaint")


def test_a_stamped_mark_carries_the_gap(marked: Held) -> None:
    """Donor patches, inpainting and blur of its region close most of the gap, of others little."""
    made = [
        patches(marked.model, marked.cohort, by="sex", sets=REGIONS, how=how)
        for how in ("donor", "inpaint", "blur")
    ]
    found = levers(made, marked.cohort, by="sex").closing
    own = found.subject == STAMPED
    assert (found.closure_low[own] > 0.7).all()
    assert (np.abs(found.closure[~own]) < 0.15).all()
    last = marked.lean.share[-1]
    assert NAMES[int(last.argmax())] == STAMPED


def test_the_gate_is_asked_of_real_images(real: Held, marked: Held) -> None:
    """Of 204 patients neither is decided; the share of the stamped mark is shown, the other not."""
    words = []
    for one in (real, marked):
        moved = patches(one.model, one.cohort, by="sex", sets=unsupported_set(one.lean, REGIONS))
        known = Evidence(levers=levers(moved, one.cohort, by="sex"), training=one.training)
        found = shortcut(one.lean, one.phi, one.cohort, sets=REGIONS, evidence=known)
        assert np.isfinite(found.remainder).all()
        words.append((found.word, found.met[0]))
    assert words == [("unresolved", "not met"), ("unresolved", "met")]


@pytest.mark.slow
def test_a_twin_of_a_network_leans_less_on_the_mark(marked: Held) -> None:
    """Refitted with sex accounted for, the network leans less on the stamped region."""
    again = Refitting(refits=5, refit=trained, method="ig", sets=REGIONS, folds=2, rounds=1)
    pair = twin(marked.model, marked.cohort, training=marked.training, by="sex", refitting=again)
    known = Evidence(twin=pair)
    found = shortcut(marked.lean, marked.phi, marked.cohort, sets=REGIONS, evidence=known)
    assert found.how == "offset"
    assert found.ranked()[0] == STAMPED
    assert found.over.excess[list(NAMES.values()).index(STAMPED)] > 0
