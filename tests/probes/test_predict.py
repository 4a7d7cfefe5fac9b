"""Predictions on both scales."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from evenlight.cohorts import CLINICAL, PHARMACOGENETIC, warfarin
from evenlight.data.coefficients import CoefficientTable
from evenlight.data.cohort import Cohort
from evenlight.errors import ModelError
from evenlight.models.headed import Headed
from evenlight.probes.embedded import Embeddings
from evenlight.probes.predict import predict

X = np.random.default_rng(0).normal(size=(40, 2))
PEOPLE = pd.DataFrame({"case": (X[:, 0] > 0).astype(int)}, index=[f"r{i:02d}" for i in range(40)])
COHORT = Cohort(X, PEOPLE, ["a", "b"], outcome="case")


def test_margin_and_response_belong_together() -> None:
    """A classifier gives its logit and its probability, with names and link."""
    model = LogisticRegression().fit(X, PEOPLE["case"])
    said = predict(model, COHORT)
    np.testing.assert_allclose(said.response, model.predict_proba(X)[:, 1])
    np.testing.assert_allclose(said.margin, model.decision_function(X))
    assert (said.link, said.scale, said.target) == ("logit", "margin", "1")
    assert said.model == "LogisticRegression"
    np.testing.assert_array_equal(said.rows, COHORT.rows)


def test_several_targets_need_a_name() -> None:
    """The error of the probe reaches the caller."""
    with pytest.raises(ModelError, match="has 2 targets; name one of '0', '1'"):
        predict(lambda x: 9 * x, COHORT)


def test_permuted_rows_permute_the_answer() -> None:
    """Each row keeps its own output."""
    table = CoefficientTable("score", 1.0, {"b": 2.0, "a": 3.0}, link="logit")
    mixed = np.random.default_rng(1).permutation(40)
    first, second = predict(table, COHORT), predict(table, COHORT.take(mixed))
    np.testing.assert_array_equal(second.response, first.response[mixed])


@pytest.mark.parametrize(
    ("table", "wanted"),
    [(PHARMACOGENETIC, (6.55, 12.00, 9.24, 7.29)), (CLINICAL, (7.05, 12.27, 11.19, 9.29))],
)
def test_the_published_formulas_miss_the_dose_by_what_is_known(
    table: CoefficientTable, wanted: tuple[float, ...]
) -> None:
    """Mean absolute error in mg a week: Asian, Black, White, and people of unknown race."""
    cohort = warfarin()
    off = np.abs(predict(table, cohort).response - cohort.y)
    race = cohort.grouping("race")
    masks = [race.members(level) for level in ("Asian", "Black or African American", "White")]
    found = [off[mask].mean() for mask in [*masks, ~race.known]]
    np.testing.assert_allclose(found, wanted, atol=0.005)


def test_embeddings_are_scored_by_the_head_that_has_not_seen_the_row() -> None:
    """The same outputs as those of the audited model, of each person by a head fitted on others."""
    model = Embeddings(lambda x: x, folds=4)
    said = predict(model, COHORT)
    made = model.audited(COHORT)
    assert isinstance(made.model, Headed)
    np.testing.assert_array_equal(said.margin, made.model.output)
    for k, head in enumerate(made.model.heads):
        own = made.model.own == k
        np.testing.assert_allclose(said.margin[own], head.output[own])
    np.testing.assert_array_equal(said.rows, COHORT.rows)
    assert said.link == "logit"
