"""The twin: what accounting for a group takes out of a model, and what it leaves."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.compose import make_column_transformer
from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor
from sklearn.linear_model import Lasso, LinearRegression, LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, StandardScaler
from sklearn.svm import SVC
from torch import nn

from evenlight.data.cohort import Cohort
from evenlight.models.adapt import adapt
from evenlight.models.probe import prepare
from evenlight.probes.columns import linear_twin
from evenlight.probes.covariate import covariate_twin, explained
from evenlight.probes.offsets import Rows, case_weights, group_effects, offset_twin
from evenlight.probes.refitting import Refitting, trainer
from evenlight.probes.twin import twin
from tests.twin_world import FEATURES, drawn


def prepared(model: object, cohort: Cohort, refit: object = None) -> object:
    """How a model is trained anew."""
    made = prepare(model, cohort)
    return trainer(
        made.adapted, made.column, outcome=str(cohort.outcome_kind), names=FEATURES,
        refit=refit,  # type: ignore[arg-type]
    )  # fmt: skip


def codes(cohort: Cohort) -> np.ndarray:
    """The group of each row, (n,)."""
    return cohort.grouping("group").codes


def test_the_linear_twin_of_least_squares_is_the_regression_with_the_group() -> None:
    """Its weights are those of the regression on features centred within groups."""
    cohort = drawn(0, kind="continuous")
    x, y, g = cohort.dense(), cohort.y, codes(cohort)
    how = prepared(LinearRegression().fit(x, y), cohort)
    made = linear_twin(how, x, y, g, k=2, seed=0)  # type: ignore[arg-type]
    assert made is not None
    within = [a - np.array([a[g == k].mean(axis=0) for k in (0, 1)])[g] for a in (x, y)]
    slow = np.linalg.lstsq(within[0], within[1], rcond=None)[0]
    np.testing.assert_allclose(made[0].coef_, slow, rtol=1e-8)  # type: ignore[attr-defined]
    left = [(y - x @ slow)[g == k].mean() for k in (0, 1)]
    assert made[1][1] - made[1][0] == pytest.approx(left[1] - left[0])
    assert made[1] @ np.bincount(g) == pytest.approx(0.0, abs=1e-8)


def test_the_logistic_twin_is_the_optimum_without_a_penalty_on_the_group() -> None:
    """The same weights as a general optimiser finds for the loss with the group left free."""
    cohort = drawn(1)
    x, y, g = cohort.dense(), cohort.y, codes(cohort)
    model = LogisticRegression(C=0.02, tol=1e-8).fit(x, y)
    made = linear_twin(prepared(model, cohort), x, y, g, k=2, seed=0)  # type: ignore[arg-type]
    assert made is not None

    def loss(theta: np.ndarray) -> float:
        score = theta[0] + x @ theta[1:4] + theta[4] * g
        fit = np.logaddexp(0, score) - y * score
        return float(fit.sum() + (theta[1:4] @ theta[1:4]) / (2 * 0.02))

    slow = minimize(loss, np.zeros(5), tol=1e-12).x
    learned = made[0].coef_[0]  # type: ignore[attr-defined]
    np.testing.assert_allclose(learned, slow[1:4], atol=2e-3)
    assert made[1][1] - made[1][0] == pytest.approx(slow[4], abs=0.02)


@pytest.mark.parametrize("model", [
    LogisticRegression(C=0.05),
    make_pipeline(StandardScaler(), LogisticRegression(C=0.05)),
])  # fmt: skip
def test_a_linear_twin_has_unlearned_the_marker(model: object) -> None:
    """The marker's weight nearly goes, the cause's stays, with and without a pipeline."""
    training, cohort = drawn(2, 800), drawn(3, prefix="a")
    model.fit(training.dense(), training.y)  # type: ignore[attr-defined]
    made = twin(model, cohort, training=training, by="group", rng=1)
    assert made.how == "columns"
    size = [np.mean([np.abs(a.values).mean(axis=0) for a in p], axis=0)
            for p in (made.models, made.twins)]  # fmt: skip
    assert size[1][1] < 0.4 * size[0][1]
    assert size[1][0] > 0.9 * size[0][0]
    assert (made.offsets[:, 1] - made.offsets[:, 0]).mean() == pytest.approx(1.5, abs=0.5)


@pytest.mark.parametrize("how", ["columns", "covariate"])
def test_names_of_columns_and_sparse_steps_are_taken(how: str) -> None:
    """A pipeline fitted on a table with names, with a sparse step, ends in a twin of its own."""
    training, cohort = drawn(36, 200), drawn(37, 20, prefix="a")
    last = LogisticRegression() if how == "columns" else SVC(kernel="linear", random_state=0)
    head = make_column_transformer(
        (make_pipeline(KBinsDiscretizer(4, quantile_method="averaged_inverted_cdf")), ["noise"]),
        (StandardScaler(), ["cause", "marker"]),
        sparse_threshold=1.0,
    )
    table = pd.DataFrame(training.dense(), columns=list(FEATURES))
    model = make_pipeline(head, last).fit(table, training.y)
    wanted = Refitting(refits=5, folds=2, rounds=1, method="occlusion")
    made = twin(model, cohort, training=training, by="group", refitting=wanted)
    assert made.how == how


@pytest.mark.parametrize("model", [Ridge(10.0), Lasso(0.05)])
def test_other_linear_models_lose_the_marker_too(model: object) -> None:
    """Ridge and lasso twins of a number keep the cause and drop the marker."""
    training, cohort = drawn(4, kind="continuous"), drawn(5, kind="continuous", prefix="a")
    model.fit(training.dense(), training.y)  # type: ignore[attr-defined]
    made = twin(model, cohort, training=training, by="group", refitting=Refitting(refits=5))
    assert made.how == "columns"
    weight = [np.mean([np.ptp(a.values, axis=0) for a in p], axis=0)
              for p in (made.models, made.twins)]  # fmt: skip
    assert weight[1][1] < 0.35 * weight[0][1]


def test_case_weights_shift_a_group_by_just_its_effect() -> None:
    """A logistic regression without a penalty, weighted, loses the group's effect and no more."""
    rng = np.random.default_rng(6)
    n = 40_000
    group, x = rng.integers(2, size=n), rng.normal(size=n)
    y = (rng.random(n) < expit(x + 1.5 * group)).astype(float)
    weight = case_weights(y, group, np.array([[0.0, 0.0], [0.0, 1.5]]))
    made = LogisticRegression(C=1e6).fit(np.column_stack([x, group]), y, sample_weight=weight)
    np.testing.assert_allclose(made.coef_[0], [1.0, 0.0], atol=0.06)
    np.testing.assert_allclose(np.bincount(group, weights=weight), np.bincount(group))


@pytest.mark.parametrize("classes", [2, 3])
def test_effects_of_groups_are_found_beside_a_score_that_is_too_flat(classes: int) -> None:
    """With a score at half its slope, the effect of the group is still what was planted."""
    rng = np.random.default_rng(7)
    n = 30_000
    group, truth = rng.integers(2, size=n), rng.normal(size=(n, classes)) * 1.5
    truth[:, 1] += group  # the score itself differs between the groups, for good reason
    planted = np.zeros((2, classes))
    planted[1, 1] = 0.8
    score = truth + planted[group]
    y = (score + rng.gumbel(size=score.shape)).argmax(axis=1).astype(float)
    found = group_effects(0.5 * truth, y, group, classes=classes)
    difference = found[1] - found[0]
    np.testing.assert_allclose(difference, planted[1], atol=0.1)


def test_effects_on_a_number_are_those_of_the_regression() -> None:
    """A group's effect beside a slope, as least squares has it; a falling slope is set to 0."""
    rng = np.random.default_rng(8)
    group, said = rng.integers(2, size=500), rng.normal(size=500)
    y = 2 * said + 3.0 * group
    found = group_effects(said[:, None], y, group, classes=0)
    assert found[1, 0] - found[0, 0] == pytest.approx(3.0)
    falling = group_effects(-said[:, None], y, group, classes=0)
    assert falling[1, 0] - falling[0, 0] == pytest.approx(
        y[group == 1].mean() - y[group == 0].mean()
    )


@pytest.mark.parametrize("kind", ["binary", "continuous"])
@pytest.mark.parametrize("how", ["covariate", "offset"])
def test_trees_lose_the_marker_and_keep_the_cause(
    kind: str, how: Literal["covariate", "offset"]
) -> None:
    """The effect of the group comes out near what was planted, and the marker counts for less."""
    training = drawn(9, 1500, kind=kind)
    own = GradientBoostingClassifier if kind == "binary" else GradientBoostingRegressor
    model = own(n_estimators=40, max_depth=2, random_state=0).fit(training.dense(), training.y)
    cohort = drawn(10, 200, kind=kind, prefix="a")
    wanted = Refitting(refits=5, folds=3, how=how)
    made = twin(model, cohort, training=training, by="group", refitting=wanted, rng=2)
    assert made.how == how
    effect = (made.offsets[:, 1] - made.offsets[:, 0]).mean()
    assert 0.75 < effect < 2.0
    size = [np.mean([np.abs(a.values).mean(axis=0) for a in p], axis=0)
            for p in (made.models, made.twins)]  # fmt: skip
    assert size[1][1] < 0.6 * size[0][1]
    assert size[1][0] > 0.8 * size[0][0]


def test_the_covariate_twin_of_a_linear_model_is_that_of_the_columns() -> None:
    """Averaging over the groups is the same as dropping centred columns: one law, two ways."""
    training, cohort = drawn(40, 600), drawn(41, 60, prefix="a")
    model = LogisticRegression(C=0.1, tol=1e-7, max_iter=2000)
    model.fit(training.dense(), training.y)
    both = []
    for how in ("auto", "covariate"):
        wanted = Refitting(refits=5, how=how, method="linear")
        both.append(twin(model, cohort, training=training, by="group", refitting=wanted, rng=1))
    assert [made.how for made in both] == ["columns", "covariate"]
    for a, b in zip(both[0].twins, both[1].twins, strict=True):
        np.testing.assert_allclose(a.values, b.values, atol=0.05)
        np.testing.assert_allclose(a.total() - a.total()[0], b.total() - b.total()[0], atol=0.1)
        assert b.converged.all()
        assert b.cohort_digest == cohort.digest
    np.testing.assert_allclose(both[0].offsets, both[1].offsets, atol=0.1)


def test_the_covariate_twin_adds_up_to_the_mean_margin_over_groups() -> None:
    """Attributions and base give, row by row, the margin averaged over the groups by hand."""
    training, cohort = drawn(42, 600), drawn(43, 80, prefix="a")
    x, y, g = training.dense(), training.y, codes(training)
    model = GradientBoostingClassifier(n_estimators=20, max_depth=2, random_state=0).fit(x, y)
    how = prepared(model, cohort)
    made = covariate_twin(how, x, y, g, seed=3)  # type: ignore[arg-type]
    told = explained(made, cohort, column=0, seed=0, method="trees", options={})
    slow = np.zeros(cohort.n)
    for level in (0, 1):
        for i, row in enumerate(cohort.dense()):
            wide = np.concatenate([row, made.columns[level]])[None]
            slow[i] += (g == level).mean() * made.model.margin(wide)[0, 0]
    np.testing.assert_allclose(told.total(), slow, atol=1e-4)
    np.testing.assert_allclose(told.output, slow, atol=1e-9)
    assert told.features.names == FEATURES
    effect = made.effect(x, 0)
    assert (g == 0).mean() * effect[0] + (g == 1).mean() * effect[1] == pytest.approx(0, abs=1e-9)


def test_a_given_background_serves_the_covariate_twin_too() -> None:
    """Reference rows of the model's own columns are put into the same group as the rows."""
    training, cohort = drawn(44, 400), drawn(45, 60, prefix="a")
    model = GradientBoostingClassifier(n_estimators=10, max_depth=2).fit(
        training.dense(), training.y
    )
    for background in (training.dense()[:20], training.take(np.arange(40))):
        wanted = Refitting(refits=5, method="trees", options={"background": background})
        made = twin(model, cohort, training=training, by="group", refitting=wanted)
        assert made.twins[0].converged.all()


def test_without_a_gap_nothing_is_taken_out() -> None:
    """Where the group has no effect of its own, none is found, for a cause that differs too."""
    rng = np.random.default_rng(11)
    cohort = drawn(11, 2000, gap=0.0)
    x, g = cohort.dense(), codes(cohort)
    y = (rng.random(2000) < expit(x[:, 0] + x[:, 1] - 1)).astype(float)
    model = GradientBoostingClassifier(n_estimators=40, max_depth=2).fit(x, y)
    how = prepared(model, cohort)
    fold = rng.integers(3, size=2000)
    _, effect = offset_twin(how, Rows(x, y, g, fold), rounds=3, seed=0)  # type: ignore[arg-type]
    assert abs(effect[1, 1] - effect[0, 1]) < 0.4  # 2 log odds lie between the groups


def test_a_class_that_takes_no_weights_draws_rows() -> None:
    """Neighbours and the like are refitted on rows drawn with the weights."""
    training, cohort = drawn(12), drawn(13, 60, prefix="a")
    model = make_pipeline(StandardScaler(), _NoWeights()).fit(training.dense(), training.y)
    wanted = Refitting(refits=5, folds=2, rounds=1, method="occlusion", how="offset")
    made = twin(model, cohort, training=training, by="group", refitting=wanted)
    assert made.how == "offset"


class _NoWeights(GaussianNB):  # type: ignore[misc]
    """A classifier whose fit takes rows and outcome alone."""

    def fit(self, x: object, y: object) -> _NoWeights:
        super().fit(x, y)
        return self


@pytest.mark.parametrize("how", ["covariate", "offset"])
def test_three_classes_have_effects_of_their_own(how: Literal["covariate", "offset"]) -> None:
    """The offset recorded is that of the audited class."""
    training, cohort = drawn(14, 600, kind="three classes"), drawn(15, 90, kind="three classes",
                                                                  prefix="a")  # fmt: skip
    labels = training.people["y"].to_numpy()
    model = GradientBoostingClassifier(n_estimators=15, max_depth=2, random_state=0)
    model.fit(training.dense(), labels)
    wanted = Refitting(refits=5, folds=2, rounds=2, target="zenith", method="occlusion", how=how)
    made = twin(model, cohort, training=training, by="group", refitting=wanted)
    assert made.models[0].target == "zenith"
    assert ((made.offsets[:, 1] - made.offsets[:, 0]) > 0.4).all()


def test_networks_are_refitted_by_a_function() -> None:
    """A torch module gives a twin through refit, which is handed the weights and a seed."""
    seen: list[float] = []

    def refit(x: np.ndarray, y: np.ndarray, *, weight: np.ndarray, seed: int) -> nn.Module:
        seen.append(float(np.ptp(weight)))
        torch.manual_seed(seed)
        made = nn.Sequential(nn.Linear(3, 1))
        steps = torch.optim.Adam(made.parameters(), lr=0.1)
        rows, wanted, scale = (torch.tensor(a, dtype=torch.float32) for a in (x, y, weight))
        for _ in range(60):
            steps.zero_grad()
            loss = nn.functional.binary_cross_entropy_with_logits(
                made(rows)[:, 0], wanted, weight=scale
            )
            loss.backward()  # type: ignore[no-untyped-call]
            steps.step()
        return made.eval()

    training, cohort = drawn(16, 1500), drawn(17, 60, prefix="a")
    x, y, g = training.dense(), training.y, codes(training)
    model = refit(x, y, weight=np.ones(training.n), seed=0)
    wanted = Refitting(refits=5, folds=2, refit=refit, how="offset")
    made = twin(adapt(model, link="logit"), cohort, training=training, by="group", refitting=wanted)
    assert made.how == "offset"
    assert max(seen) > 0.5
    size = [np.mean([np.ptp(a.values, axis=0) for a in p], axis=0)
            for p in (made.models, made.twins)]  # fmt: skip
    assert size[1][1] < 0.5 * size[0][1]
    how = prepared(adapt(model, link="logit"), training, refit)
    fold = np.random.default_rng(0).integers(2, size=1500)
    _, effect = offset_twin(how, Rows(x, y, g, fold), rounds=3, seed=0)  # type: ignore[arg-type]
    joint = LogisticRegression(C=1e6).fit(np.column_stack([x, g]), y)
    assert effect[1, 1] - effect[0, 1] == pytest.approx(joint.coef_[0, 3], abs=0.15)
