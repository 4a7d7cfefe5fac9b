"""Heads on embeddings of real people: expression in directions, X-rays through a network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from torch import nn

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.explainers.explain import explain
from evenlight.measures.leak import leak
from evenlight.measures.perform import perform
from evenlight.measures.representations import Teller
from evenlight.models.adapt import adapt
from evenlight.models.headed import Headed
from evenlight.probes.embedded import Embeddings
from evenlight.probes.perturb import perturb
from evenlight.probes.predict import predict

SIDE = 32


@pytest.fixture(scope="module", name="expressed")
def _expressed(data: Path) -> tuple[Float, Cohort]:
    """Sixty principal components of the 3,000 most variable probes, of 210 people."""
    folder = data / "genevar-hapmap210"
    people = pd.read_csv(folder / "samples.csv", index_col=0)
    held: Any = np.load(folder / "expression.npz")
    x = held["X"].astype(float)
    x = x[:, np.argsort(-x.var(axis=0))[:3000]]
    u, s, _ = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
    people["female"] = (people["sex"] == "female").astype(int)
    cohort = Cohort(np.zeros((len(x), 1)), people, outcome="female",
                    groups=["superpopulation"], unit="row")  # fmt: skip
    return (u * s)[:, :60], cohort


def test_sex_is_read_from_expression_and_in_sample_it_would_look_perfect(
    expressed: tuple[Float, Cohort],
) -> None:
    """The cross-fitted head is good for all ancestries; the naive one claims to be perfect."""
    e, cohort = expressed
    made = Embeddings(e, rows=cohort.rows, name="expression").audited(cohort)
    naive = LogisticRegression(C=1.0, max_iter=9999).fit(e, cohort.y)
    flattered = Embeddings(e, adapt(naive), rows=cohort.rows).audited(cohort)
    honest = roc_auc_score(cohort.y, made.model.output)
    assert 0.88 < honest < 0.97
    assert roc_auc_score(cohort.y, flattered.model.output) > 0.999
    found = perform(predict(made.model, made.cohort), made.cohort, by="superpopulation")
    assert (found.value[:-1, found.metrics.index("auroc")] > 0.8).all()


def test_expression_tells_ancestry_and_the_head_for_sex_does_not(
    expressed: tuple[Float, Cohort],
) -> None:
    """Within sex the directions tell superpopulations apart almost always, the output does not."""
    e, cohort = expressed
    made = Embeddings(e, rows=cohort.rows).audited(cohort)
    asked: list[Teller] = [
        predict(made.model, made.cohort),
        explain(made.model, made.cohort),
        "values",
    ]
    told = leak(asked, made.cohort, by="superpopulation", draws=199)
    auc = dict(zip(told.names, told.auc.T.mean(axis=0), strict=True))
    assert auc["values"] > 0.98
    assert auc["output"] < 0.65


class Net(nn.Module):
    """A fixed random network of two convolutions, averaged over space."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.parts = nn.Sequential(
            nn.Conv2d(1, 16, 5, 2), nn.ReLU(), nn.Conv2d(16, 32, 3, 2), nn.ReLU(),
            nn.AdaptiveAvgPool2d(2), nn.Flatten(),
        )  # fmt: skip

    def __call__(self, x: Float) -> Float:
        """Embeddings (m, 128) of images (m, 1, 32, 32)."""
        with torch.no_grad():
            made: Float = self.parts(torch.as_tensor(x, dtype=torch.float32)).numpy()
        return made.astype(np.float64)


@pytest.fixture(scope="module", name="imaged")
def _imaged(data: Path) -> Cohort:
    """Half-size X-rays of 264 patients; the outcome is the recorded view."""
    held: Any = np.load(data / "nih-cxr-1000" / "images.npz")
    x = held["images"].reshape(-1, 1, SIDE, 2, SIDE, 2).mean(axis=(3, 5)) / 255.0
    people = pd.read_csv(data / "nih-cxr-1000" / "metadata.csv").set_index("file")
    people["pa"] = (people["view"] == "PA").astype(int)
    return Cohort(x, people, outcome="pa", groups=["sex"], unit="patient_id")


def test_pixels_through_a_random_network_are_audited_by_patient(imaged: Cohort) -> None:
    """The view is read from 128 dimensions, no patient is on both sides, noise moves the output."""
    source = Embeddings(Net(), name="random network")
    made = source.audited(imaged)
    assert isinstance(made.model, Headed)
    for k in range(5):
        own = made.model.own == k
        assert not set(imaged.units[own]) & set(imaged.units[~own])
    assert roc_auc_score(imaged.y, made.model.output) > 0.8
    found = explain(made.model, made.cohort)
    np.testing.assert_allclose(found.total(), made.model.output, atol=1e-4)
    few = imaged.take(np.flatnonzero(np.arange(imaged.n) % 8 == 0))
    suite = {"name": "imaging"}
    moved = perturb(source, few, suite=suite)
    assert moved.cohort_digest == few.digest
    blur = moved.of(next(p for p in moved.perturbation if "blur" in p))
    assert (np.diff(moved.size[blur].mean(axis=1)) > 0).all()
    model = source.headed(few)
    np.testing.assert_allclose(moved.before, model.output, atol=1e-9)
