"""Reliance on real people: survival, classes of disease, structure inside ancestry labels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from evenlight.arrays import Float, Text
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Axes
from evenlight.data.outcome import Survival
from evenlight.measures.rely import rely
from evenlight.measures.structure import Structure

COLUMNS = ["age", "meanbp", "hrt", "resp", "temp", "crea", "sod", "scoma", "wblc", "num.co"]
Halves = tuple[Float, pd.DataFrame, Float, pd.DataFrame]


@pytest.fixture(scope="module", name="halves")
def _halves(data: Path) -> Halves:
    """Values and people of support2: one half to learn from, the other to audit."""
    table = pd.read_csv(data / "support2" / "support2.csv.gz")
    table.index = pd.Index([f"p{i:05d}" for i in range(len(table))])
    x = table[COLUMNS].fillna(table[COLUMNS].median()).to_numpy(dtype=float)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    train = np.arange(len(x)) % 2 == 0
    people = table[["sex", "race", "d.time", "death", "dzclass"]]
    return x[train], people[train], x[~train], people[~train]


def linear(x: Float, weights: Float, cohort: Cohort, target: str = "y") -> Attributions:
    """Attributions of a linear margin."""
    values = (x - x.mean(axis=0)) * weights
    return Attributions.from_arrays(
        values, rows=cohort.rows.tolist(), features=cohort.features, output=values.sum(axis=1),
        base=0.0, target=target,
    )  # fmt: skip


def test_survival_after_admission_does_not_lean_on_sex(halves: Halves) -> None:
    """A Cox model of the other half: nothing between the sexes, and age supported as claimed."""
    seen, told, x, people = halves
    fitted = sm.PHReg(told["d.time"], seen, status=told["death"], ties="breslow").fit()
    cohort = Cohort(
        x, people, COLUMNS, outcome=Survival("d.time", "death"), groups=["sex", "race"], unit="row"
    )
    found = rely(linear(x, fitted.params, cohort), cohort, by="sex")
    assert found.given == ("nothing", "outcome")
    assert set(found.total_verdict.ravel()) == {"similar"}
    age = found.subjects.index("age")
    assert found.support[age].startswith("supported")
    assert found.slope_low[age] < 1 < found.slope_high[age]
    assert found.cuts is not None
    assert (found.cuts.span < 0.02).all()


def test_a_class_of_disease_is_told_by_what_is_supported_in_both_sexes(halves: Halves) -> None:
    """One of four classes against the rest: the leading values are supported within the sexes."""
    seen, told, x, people = halves
    target = "ARF/MOSF"
    model = LogisticRegression().fit(seen, told["dzclass"] == target)
    cohort = Cohort(x, people, COLUMNS, outcome="dzclass", groups=["sex"], unit="row")
    made = linear(x, model.coef_[0], cohort, target=target)
    found = rely(replace(made, settings={"link": "softmax"}), cohort, by="sex")
    assert found.bins.tolist() == [0, 0]
    assert found.strata.tolist() == [1, 4]
    top = np.argsort(-found.mass)[:3]
    assert all(word.startswith("supported") for word in found.support[top])
    assert ((found.slope_low < 1) & (found.slope_high > 1))[top].sum() >= 2


def test_populations_inside_a_superpopulation_no_longer_make_support(data: Path) -> None:
    """No site has any part in the outcome, which follows populations along their main axis.

    Components within superpopulations, from other sites, take the false support away.
    """
    folder = data / "kg2504-genotypes"
    sites = np.load(folder / "genotypes.npz")["exome_common"].astype(float)
    people = pd.read_csv(folder / "samples.csv").set_index("sample")
    x, others = sites[:, ::2][:, :600], sites[:, 1::2]
    axes = components(others, people["superpopulation"].to_numpy(dtype=np.str_), 8)
    population = people["population"].to_numpy(dtype=np.str_)
    side = np.array([axes[population == name, 0].mean() for name in population])
    rng = np.random.default_rng(0)
    people["case"] = (rng.uniform(size=len(x)) < expit(np.sign(side))).astype(int)
    cohort = Cohort(
        x, people, [f"s{j}" for j in range(600)], outcome="case", groups=["superpopulation"],
        unit="row", axes=[Axes("pcs", axes)],
    )  # fmt: skip
    made = linear(x, rng.normal(size=600) / 25, cohort)
    plain, cleared = (
        rely(made, cohort, by="superpopulation", adjust=adjust)
        for adjust in (None, Structure(axes="pcs"))
    )
    assert (plain.slope_p < 0.05).mean() > 0.12
    assert (cleared.slope_p < 0.05).mean() < 0.08
    assert not np.char.startswith(cleared.support, "supported").any()


def components(x: Float, labels: Text, q: int) -> Float:
    """Principal components (n, q) within each label, of columns of SD 1."""
    out = np.zeros((len(x), q))
    for label in np.unique(labels):
        at = labels == label
        own = x[at] - x[at].mean(axis=0)
        left, size, _ = np.linalg.svd(own / np.maximum(own.std(axis=0), 0.1), full_matrices=False)
        out[at] = left[:, :q] * size[:q]
    return out
