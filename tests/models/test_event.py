"""Which of two classes is the event that an outcome of 0 and 1 records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from lightgbm import LGBMClassifier
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import roc_auc_score
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn
from xgboost import XGBClassifier

from evenlight.data.cohort import Cohort
from evenlight.errors import CohortError, ModelError
from evenlight.explainers.explain import explain
from evenlight.measures.perform import perform
from evenlight.models.adapt import adapt
from evenlight.models.probe import prepare
from evenlight.probes.predict import predict

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 3))
ILL = (X[:, 0] + RNG.normal(size=200) > 0).astype(int)
PEOPLE = pd.DataFrame(
    {"ill": ILL, "state": np.where(ILL == 1, "case", "control"), "sex": ["f", "m"] * 100},
    index=[f"p{i:03d}" for i in range(200)],
)
COHORT = Cohort(X, PEOPLE, outcome="ill", unit="row", groups=["sex"])

LABELS: dict[str, tuple[Any, str]] = {
    "text": (np.where(ILL == 1, "case", "control"), "case"),
    "numbers": (2 - ILL, "1"),
    "signs": (1 - 2 * ILL, "-1"),
}
MODELS: dict[str, Callable[[], Any]] = {
    "linear": LogisticRegression,
    "pipeline": lambda: make_pipeline(StandardScaler(), LogisticRegression()),
    "bayes": GaussianNB,
    "forest": lambda: RandomForestClassifier(8, max_depth=3, random_state=0),
    "boosting": lambda: GradientBoostingClassifier(n_estimators=5),
    "histogram": lambda: HistGradientBoostingClassifier(max_iter=5),
    "lightgbm": lambda: LGBMClassifier(n_estimators=5, verbose=-1),
    "neighbours": KNeighborsClassifier,
}


def auroc(model: Any, cohort: Cohort = COHORT, **own: Any) -> float:
    """The AUROC of everyone that `perform` tells."""
    table = perform(predict(model, cohort, **own), cohort, by="sex").to_frame()
    return float(table.query("metric == 'auroc' and part == 'overall'")["value"].iloc[0])


@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.parametrize("model", MODELS)
def test_the_named_class_is_the_event(model: str, kind: str) -> None:
    """Also the first of two: probability, AUROC and explanation are of the class that is named."""
    labels, event = LABELS[kind]
    fitted = MODELS[model]().fit(X, labels)
    other = next(str(label) for label in fitted.classes_ if str(label) != event)
    with pytest.raises(ModelError, match=rf'apart, and outcome .ill. is 1.*target="{event}"'):
        predict(fitted, COHORT)
    chance = fitted.predict_proba(X)[:, [str(c) for c in fitted.classes_].index(event)]
    said = predict(fitted, COHORT, target=event)
    np.testing.assert_allclose(said.response, chance, atol=1e-6)
    np.testing.assert_allclose(auroc(fitted, target=event), roc_auc_score(ILL, chance))
    assert auroc(fitted, target=event) > 0.6 > 0.4 > auroc(fitted, target=other)
    made, turned = (explain(fitted, COHORT, target=t) for t in (event, other))
    np.testing.assert_allclose(made.total(), made.output, atol=1e-4)
    np.testing.assert_allclose(made.values, -turned.values, atol=1e-4)
    expected = {"linear": "linear", "pipeline": "linear", "bayes": "shapley"}
    expected |= {"neighbours": "shapley"}
    assert made.method == expected.get(model, "trees")
    assert "reason" not in made.settings


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("labels", [ILL, ILL.astype(bool), ILL.astype(float), ILL.astype(str)])
def test_classes_of_zero_and_one_need_no_name(model: str, labels: Any) -> None:
    """0 and 1, False and True: the second is the event, and the only target."""
    fitted = MODELS[model]().fit(X, labels)
    said = prepare(fitted, COHORT)
    assert said.adapted.targets == (str(fitted.classes_[1]),)
    assert auroc(fitted) > 0.6


def test_xgboost_codes_its_classes() -> None:
    """Its wrapper takes 0 and 1 only, so there is nothing to name."""
    fitted = XGBClassifier(n_estimators=5).fit(X, ILL)
    assert predict(fitted, COHORT).target == "1"
    np.testing.assert_allclose(auroc(fitted), roc_auc_score(ILL, fitted.predict_proba(X)[:, 1]))


def test_the_error_comes_before_any_explanation() -> None:
    """Explaining asks for the event as predicting does, and names both classes."""
    fitted = LogisticRegression().fit(X, PEOPLE["state"])
    for ask in (predict, explain, prepare):
        with pytest.raises(ModelError, match=r"tells the classes 'case' and 'control' apart"):
            ask(fitted, COHORT)


def test_the_page_can_say_what_one_is_read_as() -> None:
    """Where the class was named, what was checked says so."""
    fitted = LogisticRegression().fit(X, PEOPLE["state"])
    checked = prepare(fitted, COHORT, target="case").checked
    assert "Outcome ill = 1 is read as 'case'." in checked[-1]


def test_without_an_outcome_the_second_class_is_told() -> None:
    """Nothing can be scored upside down, and the class is named in what comes back."""
    fitted = LogisticRegression().fit(X, PEOPLE["state"])
    cohort = Cohort(X, PEOPLE, unit="row", groups=["sex"])
    assert predict(fitted, cohort).target == "control"
    assert predict(fitted, cohort, target="case").target == "case"


def test_decision_functions_turn_round_as_well() -> None:
    """A classifier without probabilities ranks the class that is named."""
    fitted = RidgeClassifier().fit(X, PEOPLE["state"])
    score = -fitted.decision_function(X)
    np.testing.assert_allclose(predict(fitted, COHORT, target="case").margin, score)
    np.testing.assert_allclose(auroc(fitted, target="case"), roc_auc_score(ILL, score))


def test_both_classes_can_be_given_other_names() -> None:
    """Declared names stand in the order of the classes; one name for two classes is refused."""
    fitted = LogisticRegression().fit(X, 2 - ILL)
    made = adapt(fitted, targets=["ill", "well"])
    assert auroc(made, target="ill") > 0.6
    with pytest.raises(ModelError, match="targets names 1, but the model has 2"):
        predict(adapt(fitted, targets=["ill"]), COHORT)


def test_a_network_with_named_outputs_takes_the_name_of_the_event() -> None:
    """Two outputs with names of their own: the one that is named is the event."""
    net = adapt(nn.Linear(3, 2), targets=["case", "control"])
    assert predict(net, COHORT, target="case").target == "case"


def test_an_outcome_of_two_labels_names_its_event() -> None:
    """`event` makes it 1; a classifier of the same labels is then read by itself."""
    cohort = Cohort(X, PEOPLE, outcome="state", event="case", unit="row", groups=["sex"])
    assert cohort.outcome_kind == "binary"
    np.testing.assert_array_equal(cohort.y, ILL)
    assert "Outcome state: 1 is case, 0 is control." in cohort.notes
    fitted = LogisticRegression().fit(X, PEOPLE["state"])
    assert predict(fitted, cohort).target == "case"
    np.testing.assert_allclose(auroc(fitted, cohort), auroc(fitted, target="case"))
    assert predict(fitted, cohort.take(np.arange(50))).target == "case"
    with pytest.raises(ModelError, match=r"without the event: the cohort says event='case'"):
        predict(fitted, cohort, target="control")
    plain = LogisticRegression().fit(X, ILL)
    np.testing.assert_allclose(auroc(plain, cohort), auroc(plain))


def test_an_outcome_of_one_and_two_names_its_event() -> None:
    """Numbers are labels too, and a missing outcome stays missing."""
    people = PEOPLE.assign(ill=np.where(np.arange(200) == 7, np.nan, 2 - ILL))
    cohort = Cohort(X, people, outcome="ill", event=1, unit="row", groups=["sex"])
    assert np.isnan(cohort.y[7])
    known = np.arange(200) != 7
    np.testing.assert_array_equal(cohort.y[known], ILL[known])
    assert auroc(LogisticRegression().fit(X, 2 - ILL), cohort) > 0.6


def test_an_event_that_is_no_label_is_refused() -> None:
    """Unknown labels, a third label, a turned 0 and 1, or no outcome: each with its remedy."""
    wrong = {"event": "sick", "outcome": "state"}
    with pytest.raises(CohortError, match=r"event is 'sick', .* are \['case', 'control'\]"):
        Cohort(X, PEOPLE, unit="row", **wrong)  # type: ignore[arg-type]
    three = PEOPLE.assign(state=np.resize(["a", "b", "c"], 200))
    with pytest.raises(CohortError, match="name one of two"):
        Cohort(X, three, outcome="state", event="a", unit="row")
    with pytest.raises(CohortError, match="0 and 1, where 1 is the event"):
        Cohort(X, PEOPLE, outcome="ill", event=0, unit="row")
    with pytest.raises(CohortError, match="names a label of an outcome column"):
        Cohort(X, PEOPLE, event="case", unit="row")
    with pytest.raises(CohortError, match="with event="):
        Cohort(X, PEOPLE, outcome="state", unit="row")


def test_shap_tells_of_the_named_class() -> None:
    """Shap's trees are of the second class, so those of the first are turned round."""
    for model in (GradientBoostingClassifier(n_estimators=5), RandomForestClassifier(4)):
        fitted = model.fit(X, PEOPLE["state"])
        made, own = (
            explain(fitted, COHORT, target="case", method=method, background=COHORT)
            for method in ("shap.tree", "trees")
        )
        np.testing.assert_allclose(made.values, own.values, atol=1e-4)
