"""A shap.Explanation becomes attributions of the right people, or says why it cannot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shap
from scipy.special import expit
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.errors import AttributionError
from evenlight.explainers.explain import explain
from evenlight.measures.compare import compare

N = 120
IDS = [f"p{i:03d}" for i in range(N)]
RNG = np.random.default_rng(0)
X = pd.DataFrame(RNG.normal(size=(N, 4)), index=IDS, columns=["a", "b", "c", "d"])
PEOPLE = pd.DataFrame(
    {"sex": ["f", "m"] * (N // 2), "case": (RNG.random(N) < expit(X["a"])).astype(int)}, index=IDS
)
MODEL = LogisticRegression().fit(X, PEOPLE["case"])
OUTPUT = MODEL.decision_function(X)
TOLD = shap.LinearExplainer(MODEL, X)(X)


def cohort(x: Any = X, people: pd.DataFrame = PEOPLE) -> Cohort:
    """The people who were explained."""
    return Cohort(x, people, outcome="case", groups=["sex"])


def test_an_explanation_lands_on_its_people() -> None:
    """Values, base and names are those of shap, of the cohort's rows, and bound to the cohort."""
    made = Attributions.from_shap(TOLD, cohort(), output=OUTPUT)
    np.testing.assert_array_equal(made.values, TOLD.values.astype(np.float32))
    assert made.rows.tolist() == IDS
    assert made.features.names == ("a", "b", "c", "d")
    assert made.cohort_digest == cohort().digest
    assert made.converged.all()


def test_interactions_and_people_who_were_not_explained_are_named() -> None:
    """(rows, p, p) are no p outputs; a cohort of more people is cut to those explained."""
    both = shap.Explanation(
        np.zeros((N, 4, 4)), base_values=np.zeros(N), data=X.to_numpy(), feature_names=list(X)
    )
    with pytest.raises(AttributionError, match="interaction values"):
        Attributions.from_shap(both, cohort(), output=OUTPUT)
    some = TOLD[:50]
    with pytest.raises(AttributionError, match=r"70 of the cohort's 120 rows.*cohort.take"):
        Attributions.from_shap(some, cohort(), output=OUTPUT[:50], rows=IDS[:50])
    own = cohort().take(np.isin(cohort().rows, IDS[:50]))
    assert Attributions.from_shap(some, own, output=OUTPUT[:50], rows=IDS[:50]).n == 50


def test_outputs_that_may_be_probabilities_are_asked_about_without_a_cohort() -> None:
    """Nobody says what they are: an error, with a cohort or without."""
    with pytest.raises(AttributionError, match="lie between 0 and 1"):
        Attributions.from_shap(TOLD, rows=IDS, output=expit(OUTPUT))


def test_the_answer_is_that_of_our_own_explanation() -> None:
    """Shap's linear values on the mean of everyone and ours are compared alike."""
    here = cohort()
    ours = explain(MODEL, here, method="linear", background=here)
    one = compare(Attributions.from_shap(TOLD, here, output=OUTPUT), here, by="sex")
    other = compare(ours, here, by="sex")
    np.testing.assert_allclose(one.effect[0], other.effect[0], atol=1e-5)


def test_ids_of_rows_put_them_in_order() -> None:
    """With rows= the explanation may hold more rows, in any order."""
    order = np.random.default_rng(1).permutation(N)
    some = cohort().take(np.arange(40))
    made = Attributions.from_shap(
        TOLD[order], some, output=OUTPUT[order], rows=[IDS[i] for i in order]
    )
    np.testing.assert_array_equal(made.values, TOLD.values[:40].astype(np.float32))


def test_rows_in_another_order_are_seen_without_ids() -> None:
    """An explanation carries the values it was made of, so that a shuffled one is refused."""
    order = np.r_[1, 0, np.arange(2, N)]
    with pytest.raises(AttributionError, match=r"other values .* in 2 of 120 rows.*\[0, 1\]"):
        Attributions.from_shap(TOLD[order], cohort(), output=OUTPUT[order])
    with pytest.raises(AttributionError, match="120 rows and the cohort 60; pass rows="):
        Attributions.from_shap(TOLD, cohort().take(np.arange(60)), output=OUTPUT)


def test_ids_that_belong_to_other_rows_are_seen() -> None:
    """Ids that were given in another order than the explanation's rows do not fit its values."""
    with pytest.raises(AttributionError, match="other values than the cohort's in 120 of 120"):
        Attributions.from_shap(TOLD, cohort(), output=OUTPUT, rows=IDS[::-1])


def test_features_in_another_order_are_an_error() -> None:
    """Names are compared, never positions."""
    with pytest.raises(AttributionError, match="features of the explanation are not the cohort's"):
        Attributions.from_shap(TOLD, cohort(X[["b", "a", "c", "d"]]), output=OUTPUT)


def test_probabilities_are_not_taken_for_log_odds() -> None:
    """A forest explained on its probability: the scale has to be said, and is then recorded."""
    forest = RandomForestClassifier(20, random_state=0).fit(X, PEOPLE["case"])
    told = shap.TreeExplainer(forest)(X)[..., 1]
    chance = forest.predict_proba(X)[:, 1]
    with pytest.raises(AttributionError, match=r'between 0 and 1.*scale="probability"'):
        Attributions.from_shap(told, cohort(), output=chance)
    made = Attributions.from_shap(told, cohort(), output=chance, scale="probability")
    assert made.scale == "probability"
    with pytest.raises(AttributionError, match="miss the output"):
        Attributions.from_shap(TOLD, cohort(), output=MODEL.predict_proba(X)[:, 1], scale="margin")


def without(told: shap.Explanation, **other: object) -> shap.Explanation:
    """The same with some parts otherwise."""
    kept: Mapping[str, object] = {
        "values": told.values, "base_values": told.base_values, "data": told.data,
        "feature_names": told.feature_names,
    }  # fmt: skip
    return shap.Explanation(**{**kept, **other})


@pytest.mark.parametrize(
    ("other", "given", "said"),
    [
        ({"data": None}, {}, "holds no data to compare"),
        ({"data": None, "feature_names": None}, {"rows": IDS}, "neither names of features nor"),
        ({"data": X.astype(str).to_numpy() + "?"}, {}, "no numbers"),
        ({}, {"rows": IDS[:5]}, "rows names 5 of the 120 rows"),
        ({"values": TOLD.values[:, :3], "feature_names": None}, {}, r"shape \(3,\)"),
    ],
)
def test_what_cannot_be_matched_says_so(
    other: Mapping[str, object], given: Mapping[str, Any], said: str
) -> None:
    """Without ids, names or data nothing is taken by position in silence."""
    with pytest.raises(AttributionError, match=said):
        Attributions.from_shap(without(TOLD, **other), cohort(), output=OUTPUT, **given)


def test_an_explanation_without_people_needs_ids() -> None:
    """Neither cohort nor rows: whose rows they are is asked for."""
    with pytest.raises(AttributionError, match="no ids of its 120 rows: pass the cohort"):
        Attributions.from_shap(TOLD, output=OUTPUT)


def test_a_base_of_one_column_is_one_number() -> None:
    """Shap gives (1,) or (n, 1) for some models."""
    for base in (TOLD.base_values[:1], TOLD.base_values[:, None], float(TOLD.base_values[0])):
        made = Attributions.from_shap(without(TOLD, base_values=base), cohort(), output=OUTPUT)
        np.testing.assert_allclose(made.base, TOLD.base_values)
