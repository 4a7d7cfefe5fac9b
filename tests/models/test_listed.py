"""Faults 10 and 11: features of model and data that differ, and models that name none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.linear_model import LinearRegression
from torch import nn

from evenlight.data.coefficients import CoefficientTable
from evenlight.data.cohort import Cohort
from evenlight.data.feature_list import FeatureList
from evenlight.data.ordered import ordered
from evenlight.errors import FeatureError, ModelError
from evenlight.models.adapt import adapt
from evenlight.models.listed import feature_list, weights_digest
from evenlight.models.probe import prepare

IDS = ["ENSG00000141510", "ENSG00000012048", "ENSG00000146648"]
X = np.random.default_rng(0).normal(size=(40, 3))
PEOPLE = pd.DataFrame({"y": X[:, 0]}, index=[f"r{i:02d}" for i in range(40)])


def cohort(names: list[str]) -> Cohort:
    """Forty people with these features."""
    return Cohort(X, PEOPLE, names, outcome="y")


def fitted(names: list[str]) -> LinearRegression:
    """A regression that was fitted on these names."""
    return LinearRegression().fit(pd.DataFrame(X, columns=names), X[:, 0])


@pytest.mark.parametrize(
    ("have", "told"),
    [
        ([*IDS[:2], "ENSG00000171862"], r"1 missing \['ENSG00000146648'\], 1 extra"),
        (IDS[::-1], r"in another order \(column 0 is 'ENSG00000141510', here 'ENSG00000146648'\)"),
        ([f"{name}.4" for name in IDS], r"3 of the missing differ by version only"),
        (["TP53", "BRCA1", "EGFR"], r"Ensembl ids are wanted where other names are"),
    ],
)
def test_10_features_that_differ_are_an_error_with_a_diff(have: list[str], told: str) -> None:
    """Fault 10: missing, extra, order, version and kind of name, for an estimator's own names."""
    with pytest.raises(ModelError, match=told):
        prepare(fitted(IDS), cohort(have))


def test_10_the_case_of_a_symbol_is_told() -> None:
    """Fault 10: Actb is not ACTB; which it was is not guessed."""
    with pytest.raises(ModelError, match=r"1 of the missing differs by case only \('ACTB'"):
        prepare(fitted(["ACTB", "MYC", "TP53"]), cohort(["Actb", "MYC", "TP53"]))
    with pytest.raises(ModelError, match=r"'ACTB' here 'Actb'"):
        prepare(CoefficientTable("score", 0.0, {"ACTB": 1.0}), cohort(["Actb", "MYC", "TP53"]))


def test_10_columns_are_reordered_by_exact_name_only_where_asked() -> None:
    """Fault 10: the cohort in the model's order gives the outputs of the model's own table."""
    turned = Cohort(X[:, ::-1], PEOPLE, IDS[::-1], outcome="y")
    model = fitted(IDS)
    made = prepare(model, ordered(turned, IDS))
    np.testing.assert_allclose(made.output, model.predict(pd.DataFrame(X, columns=IDS)))


def test_10_a_table_of_x_that_differs_from_its_names_is_an_error() -> None:
    """Fault 10: a DataFrame is never read by position under other names."""
    frame = pd.DataFrame(X, columns=IDS, index=PEOPLE.index)
    with pytest.raises(FeatureError, match="differ by version only"):
        Cohort(frame, PEOPLE, [f"{name}.1" for name in IDS])
    with pytest.raises(FeatureError, match="in another order"):
        Cohort(frame, PEOPLE, IDS[::-1])


@pytest.mark.parametrize("model", [nn.Linear(3, 1), lambda x: x[:, 0]])
def test_11_a_model_without_names_says_so(model: object) -> None:
    """Fault 11: a network and a function are taken by position, and the audit says it."""
    said = prepare(model, cohort(IDS)).checked
    assert any("The model names no features: the 3 columns" in line for line in said)
    said = prepare(adapt(model, features=IDS), cohort(IDS)).checked
    assert not any("names no features" in line for line in said)
    with pytest.raises(ModelError, match="in another order"):
        prepare(adapt(model, features=IDS), cohort(IDS[::-1]))


def test_11_a_list_belongs_to_the_weights_that_it_was_made_for(tmp_path: Path) -> None:
    """Fault 11: written where the model was trained, it fits these weights and no others."""
    torch.manual_seed(0)
    model, other = nn.Linear(3, 1), nn.Linear(3, 1)
    feature_list(model, IDS, source="train.py").save(tmp_path / "model.features.json")
    made = FeatureList.load(tmp_path / "model.features.json")
    assert adapt(model, features=made).features == tuple(IDS)
    with pytest.raises(ModelError, match=r"belongs to weights .*, the model has"):
        adapt(other, features=made)
    with pytest.raises(ModelError, match="the model has none"):
        adapt(lambda x: x[:, 0], features=made)
    loose = FeatureList(tuple(IDS))
    assert adapt(other, features=loose).features == tuple(IDS)


def test_11_weights_have_one_digest_whatever_holds_them() -> None:
    """A data-parallel wrapper and a copy have that of the network; another value has not."""
    torch.manual_seed(0)
    model = nn.Linear(3, 1)
    digest = weights_digest(model)
    assert weights_digest(nn.DataParallel(model)) == digest
    copy = nn.Linear(3, 1)
    copy.load_state_dict(model.state_dict())
    assert weights_digest(copy) == digest
    with torch.no_grad():
        copy.bias.add_(1)
    assert weights_digest(copy) != digest
    assert weights_digest(lambda x: x) == weights_digest(nn.ReLU()) == ""


def test_11_a_width_that_contradicts_the_list_is_an_error() -> None:
    """An estimator says how many features it was fitted on."""
    model = LinearRegression().fit(X, X[:, 0])
    assert len(feature_list(model, IDS)) == 3
    with pytest.raises(ModelError, match="was fitted on 3 features; 2 names are given"):
        feature_list(model, IDS[:2])
