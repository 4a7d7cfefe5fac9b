"""A classifier without probabilities ranks people, and says no more."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import average_precision_score, recall_score, roc_auc_score
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Axes
from evenlight.errors import InputError, ModelError
from evenlight.explainers.explain import explain
from evenlight.measures.decide import decide
from evenlight.measures.judging import Judging
from evenlight.measures.perform import SCORE_ONLY, perform
from evenlight.measures.perform_along import perform_along
from evenlight.measures.rests import CALIBRATED, DECIDED
from evenlight.measures.slices import slices
from evenlight.measures.versions import versions
from evenlight.models.adapt import adapt
from evenlight.probes.predict import predict

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 3))
ILL = (X[:, 0] + RNG.normal(size=300) > 0).astype(int)
ROWS = [f"p{i:03d}" for i in range(300)]
PEOPLE = pd.DataFrame({"ill": ILL, "sex": ["f", "m"] * 150}, index=ROWS)
PLACE = Axes("place", X[:, 2:], names=("PC1",))
COHORT = Cohort(X, PEOPLE, outcome="ill", unit="row", groups=["sex"], axes=[PLACE])
SVC = LinearSVC().fit(X, ILL)


@pytest.mark.parametrize("shrink", [1.0, 1e-3])
@pytest.mark.parametrize("kind", [LinearSVC, RidgeClassifier])
def test_only_ranks_are_judged(kind: type, shrink: float) -> None:
    """AUROC and average precision are those of scikit-learn; all else says why it is not there."""
    model = kind().fit(X, ILL)
    model.coef_, model.intercept_ = shrink * model.coef_, shrink * model.intercept_ + 0.5
    said = predict(model, COHORT)
    assert said.score_only
    inside = bool(((said.response > 0) & (said.response < 1)).all())
    assert inside == (shrink < 1)
    made = perform(said, COHORT, by="sex", judging=Judging(threshold=0.5))
    table = made.to_frame().query("part == 'overall'").set_index("metric")
    score = model.decision_function(X)
    assert table["value"]["auroc"] == pytest.approx(roc_auc_score(ILL, score))
    assert table["value"]["auprc"] == pytest.approx(average_precision_score(ILL, score))
    rest = table.drop(index=["auroc", "auprc"])
    assert {"brier", "calibration_slope", "sensitivity", "specificity"} <= set(rest.index)
    assert rest["value"].isna().all()
    assert set(rest["reason"]) == {SCORE_ONLY}
    assert np.isnan(made.curve_predicted).all()


def test_no_decision_is_told_of_a_score() -> None:
    """No rates, no curve, and of the summaries those of AUROC alone."""
    made = decide(predict(SVC, COHORT), COHORT, by="sex", judging=Judging(threshold=0.5))
    assert made.rates is not None
    assert set(made.rates.reason.ravel()) == {SCORE_ONLY}
    assert len(made.thresholds) == 0
    assert set(made.to_frame()["summary"]) == {"worst_auroc", "auroc_gap", "es_auroc"}


def test_no_loss_is_told_of_a_score() -> None:
    """Slices, axes and versions that need a loss say what is missing."""
    said, made = predict(SVC, COHORT), explain(SVC, COHORT)
    for ask in (
        lambda: slices(said, COHORT, over=["sex"]),
        lambda: perform_along(said, COHORT, along="place"),
        lambda: versions((made, made), COHORT, by="sex", predictions=(said, said)),
    ):
        with pytest.raises(ModelError, match="LinearSVC gives a score and no probability"):
            ask()


def test_a_declared_link_makes_it_a_probability() -> None:
    """Log odds by declaration, and classifiers with probabilities, are judged in full."""
    for model in (adapt(SVC, link="logit"), LogisticRegression().fit(X, ILL)):
        said = predict(model, COHORT)
        assert not said.score_only
        assert not said.at(COHORT).score_only
        table = perform(said, COHORT, by="sex").to_frame()
        assert table.query("metric == 'brier'")["value"].notna().all()


def test_a_tree_grown_to_its_end_has_no_calibration() -> None:
    """Its probabilities are 0 and 1 only: whom it calls is told, and of calibration a reason."""
    tree = DecisionTreeClassifier(random_state=0).fit(X[::2], ILL[::2])
    said = predict(tree, COHORT)
    assert set(said.response) == {0.0, 1.0}
    made = perform(said, COHORT, by="sex", judging=Judging(threshold=0.5))
    table = made.to_frame().query("part == 'overall'").set_index("metric")
    own = table.loc[list(CALIBRATED)]
    assert own["value"].isna().all()
    assert set(own["reason"]) == {DECIDED}
    assert table["value"]["sensitivity"] == pytest.approx(recall_score(ILL, said.response))


def test_performance_is_of_predictions() -> None:
    """Attributions, or a model, in their place are refused by name, with the remedy."""
    made: object = explain(SVC, COHORT)
    assert isinstance(made, Attributions)
    for wrong in (made, SVC, None):
        with pytest.raises(InputError, match=r"not of (Attributions|LinearSVC|NoneType): pass"):
            perform(wrong, COHORT, by="sex")  # type: ignore[arg-type]
