"""Gene expression of 210 people of one laboratory: what differs by ancestry and sex is real."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from evenlight.data.cohort import Cohort
from evenlight.explainers.explain import explain
from evenlight.measures.compare import compare
from evenlight.measures.comparison import Comparison
from evenlight.probes.contrasts import contrasts
from tests import slow

SEX_PROBES = ("GI_33239439-S", "GI_33188426-I", "GI_42415470-S")
PROBES = 300


@pytest.fixture(scope="module", name="expressed")
def _expressed(data: Path) -> tuple[Cohort, LogisticRegression]:
    """A logistic model of sex on 300 probes, learned on one half; the other half is audited."""
    folder = data / "genevar-hapmap210"
    held, people = np.load(folder / "expression.npz"), pd.read_csv(folder / "samples.csv")
    x, names = held["X"].astype(float), [str(p) for p in held["probes"]]
    train = np.random.default_rng(0).permutation(len(x)) < len(x) // 2
    spread = x[train].std(axis=0)
    spread[[names.index(p) for p in SEX_PROBES]] = np.inf
    chosen = np.sort(np.argsort(-spread)[:PROBES])
    people = people.set_index("sample").assign(female=(people["sex"] == "female").to_numpy(int))
    model = LogisticRegression(C=0.01, max_iter=2000)
    model.fit(x[train][:, chosen], people["female"][train])
    cohort = Cohort(
        x[~train][:, chosen], people[~train], [names[j] for j in chosen],
        outcome="female", unit="row", groups=["superpopulation", "sex"],
    )  # fmt: skip
    return cohort, model


def _compared(expressed: tuple[Cohort, LogisticRegression], by: str) -> Comparison:
    cohort, model = expressed
    made = explain(model, cohort, method="linear")
    return compare(made, cohort, by=by, contrasts=contrasts(model, cohort))


def test_sex_probes_differ_by_sex_and_are_used_alike(
    expressed: tuple[Cohort, LogisticRegression],
) -> None:
    """The three strongest sex probes are told apart, as other values of the same use."""
    made = _compared(expressed, "sex")
    signed, use = made.view("signed"), made.view("use")
    at = [made.subjects.index(p) for p in SEX_PROBES]
    assert (made.p_maxt[signed, 0, at] <= 0.05).all()
    assert set(np.argsort(made.p_maxt[signed, 0])[:20]) & set(at)
    flagged = made.verdict[signed, 0] == "different"
    assert flagged[at].any()
    assert set(made.mechanism[signed, 0, flagged]) == {"value"}
    assert (made.verdict[use, 0] == "similar").all()


def test_expression_differs_by_ancestry_in_value_only(
    expressed: tuple[Cohort, LogisticRegression],
) -> None:
    """Each pair of ancestries has probes that differ; an additive model uses none otherwise."""
    made = _compared(expressed, "superpopulation")
    signed, use = made.view("signed"), made.view("use")
    assert len(made.contrasts) == 3
    assert ((made.p_maxt[signed] <= 0.05).sum(axis=1) >= 3).all()
    assert (made.verdict[use] == "similar").all()
    named = set(made.mechanism[signed][made.verdict[signed] == "different"])
    assert named <= {"value"}


def test_differences_of_expression_equal_loops(
    expressed: tuple[Cohort, LogisticRegression],
) -> None:
    """A difference is that of the means of attributions, probe by probe."""
    cohort, model = expressed
    made = _compared(expressed, "superpopulation")
    phi = explain(model, cohort, method="linear").values.astype(float)
    groups, v = cohort.grouping("superpopulation"), made.view("signed")
    c = made.contrast("EUR", "AFR")
    a, b = groups.members("EUR"), groups.members("AFR")
    use = a | b
    unit, alone = np.arange(use.sum()), np.zeros(use.sum(), dtype=np.int64)
    for j in range(0, PROBES, 37):
        d, _ = slow.contrast(phi[use, j], unit, alone, a[use])
        assert made.effect[v, c, j] * made.views[v].unit == pytest.approx(d, abs=1e-7)
