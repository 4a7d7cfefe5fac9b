"""Real genotypes and chest X-rays: what is encoded, what the output tells, and sex."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from evenlight.data.cohort import Cohort
from evenlight.explainers.explain import explain
from evenlight.measures.encoded_used import encoded_used
from evenlight.measures.leak import leak
from evenlight.probes.embeddings import embed
from evenlight.probes.erase import erase
from evenlight.probes.predict import predict

CAUSAL = 5


@pytest.fixture(scope="module", name="genotyped")
def _genotyped(data: Path) -> tuple[Cohort, object]:
    """Europeans and Africans; a simulated trait of the five common sites that differ least."""
    folder = data / "kg2504-genotypes"
    x = np.load(folder / "genotypes.npz")["kidd55"].astype(float)
    people = pd.read_csv(folder / "samples.csv").set_index("sample")
    own = people["superpopulation"].isin(["AFR", "EUR"]).to_numpy()
    x, people = x[own], people[own]
    rng = np.random.default_rng(0)
    african = (people["superpopulation"] == "AFR").to_numpy()
    apart = np.abs(x[african].mean(axis=0) - x[~african].mean(axis=0))
    apart[x.var(axis=0) < 0.3] = np.inf
    causal = x[:, np.argsort(apart, kind="stable")[:CAUSAL]]
    score = 2 * (causal - causal.mean(axis=0)).sum(axis=1)
    people["trait"] = (rng.random(len(x)) < expit(0.5 * score)).astype(int)
    train = rng.random(len(x)) < 0.5
    model = LogisticRegression(C=0.1, max_iter=2000).fit(x[train], people["trait"][train])
    names = [f"site {j}" for j in range(x.shape[1])]
    cohort = Cohort(
        x[~train], people[~train], names, outcome="trait", unit="row",
        groups=["superpopulation", "sex"],
    )  # fmt: skip
    return cohort, model


def test_genotypes_and_attributions_tell_ancestry_in_full_and_the_output_does_not(
    genotyped: tuple[Cohort, object],
) -> None:
    """AUC 1 of the sites and of their attributions, whatever the model does with them."""
    cohort, model = genotyped
    asked = [predict(model, cohort), explain(model, cohort, method="linear"), "values"]
    found = leak(asked, cohort, by="superpopulation", draws=199)  # type: ignore[arg-type]
    assert (found.auc[1:] > 0.995).all()
    assert found.auc[0, 0] < 0.9
    assert found.verdict[1:].ravel().tolist() == ["different", "different"]


def test_sex_is_told_by_nothing(genotyped: tuple[Cohort, object]) -> None:
    """Autosomal sites do not know the sex: no verdict says that it can be told."""
    cohort, model = genotyped
    asked = [predict(model, cohort), explain(model, cohort, method="linear"), "values"]
    found = leak(asked, cohort, by="sex", draws=199)  # type: ignore[arg-type]
    assert "different" not in found.verdict
    assert (found.p > 0.01).all()


def test_chest_images_encode_sex_beyond_the_view(data: Path) -> None:
    """Components of the pixels tell the sex given the finding, within views as well."""
    folder = data / "nih-cxr-1000"
    x = np.load(folder / "images.npz")["images"].reshape(1000, -1)[:, ::4].astype(float)
    people = pd.read_csv(folder / "metadata.csv")
    people.index = pd.Index([f"i{i}" for i in range(1000)])
    who = people["patient_id"].unique()
    learned = people["patient_id"].isin(who[np.random.default_rng(0).permutation(len(who))[:90]])
    model = make_pipeline(StandardScaler(), PCA(12, random_state=0), LogisticRegression())
    model.fit(x[learned], people["abnormal"][learned])
    rest = ~learned.to_numpy()
    cohort = Cohort(x[rest], people[rest], outcome="abnormal", groups=["sex"], unit="patient_id")
    gone = erase(model, cohort, by="sex", against="view", layers=["pca"])
    found = encoded_used(
        embed(model, cohort, layers=["pca"]), predict(model, cohort), cohort, by="sex",
        against="view", erased=gone, draws=199,
    )  # fmt: skip
    assert found.besides == ("", "view")
    assert found.encoded.tolist() == ["different", "different"]
    assert found.readout[0] > 0.99
    assert np.isfinite(found.used).all()
