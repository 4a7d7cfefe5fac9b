"""A head on embeddings: cross-fitted by unit, turned without loss, and what cannot be asked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.errors import EvenlightWarning, ModelError
from evenlight.explainers.explain import explain
from evenlight.models.adapt import adapt
from evenlight.models.headed import Headed
from evenlight.probes import linear_heads
from evenlight.probes.contrasts import contrasts
from evenlight.probes.crossfit import folds_of_units
from evenlight.probes.directions import directions_of
from evenlight.probes.embedded import Embeddings
from evenlight.probes.linear_heads import PENALTIES
from evenlight.probes.perturb import perturb
from evenlight.probes.perturbations.perturbation import Perturbation
from tests.embedded_world import turn, with_outcome, world


def of(e: Float, cohort: Cohort, head: Any = None, **own: Any) -> Headed:
    """The audited model, which has heads."""
    model = Embeddings(e, head, rows=cohort.rows, **own).audited(cohort).model
    assert isinstance(model, Headed)
    return model


def test_each_row_is_scored_by_a_head_that_has_not_seen_its_person() -> None:
    """A literal loop over folds, with the penalty from a literal inner loop, gives the outputs."""
    e, cohort = world(120, 5, rows=2)
    model = of(e, cohort, folds=4)
    size = np.sqrt(((e - e.mean(axis=0)) ** 2).mean())
    x, y, person = (e - e.mean(axis=0)) / size, cohort.y, cohort.people["person"].to_numpy()
    expected = np.zeros(len(y))
    for k in range(4):
        held = model.own == k
        assert not set(person[held]) & set(person[~held])
        penalty = _inner(x[~held], y[~held], person[~held])
        fitted = LogisticRegression(C=1 / (penalty * (~held).sum()), tol=1e-9, max_iter=9999)
        expected[held] = fitted.fit(x[~held], y[~held]).decision_function(x[held])
    np.testing.assert_allclose(model.output, expected, atol=1e-4)


def _inner(x: Float, y: Float, person: Any) -> float:
    """The penalty with the smallest log loss in four folds of people, dealt out class by class."""
    who = sorted(set(person.tolist()), key=lambda p: (y[person == p].max(), str(p)))
    fold = {p: i % 4 for i, p in enumerate(who)}
    of_row = np.array([fold[p] for p in person.tolist()])
    loss = []
    for penalty in PENALTIES:
        total = 0.0
        for k in range(4):
            own = of_row != k
            fitted = LogisticRegression(C=1 / (penalty * own.sum()), tol=1e-9, max_iter=9999)
            p = fitted.fit(x[own], y[own]).predict_proba(x[~own])[:, 1]
            total -= np.log(np.where(y[~own] == 1, p, 1 - p)).sum()
        loss.append(total)
    return PENALTIES[int(np.argmin(loss))]


def test_a_number_is_read_by_ridge_regression() -> None:
    """Normal equations with one of the penalties give every fold's weights and outputs."""
    e, cohort = world(90, 4)
    cohort = with_outcome(cohort, "dose", e @ [1.0, -2.0, 0.0, 0.5] + cohort.y)
    made = Embeddings(e, rows=cohort.rows).audited(cohort)
    model, x, y = made.model, made.cohort.dense(), cohort.y
    assert isinstance(model, Headed)
    for k, head in enumerate(model.heads):
        seen = model.own != k
        centred = x[seen] - x[seen].mean(axis=0)
        ways = [
            np.linalg.solve(centred.T @ centred + p * seen.sum() * np.eye(4),
                            centred.T @ (y[seen] - y[seen].mean()))
            for p in PENALTIES
        ]  # fmt: skip
        assert head.adapted.weights is not None
        assert min(np.abs(head.adapted.weights[0] - w).max() for w in ways) < 1e-9
        own = head.adapted.weights[0] @ (x - x[seen].mean(axis=0)).T + y[seen].mean()
        np.testing.assert_allclose(model.output[~seen], own[~seen], atol=1e-9)


def test_a_fit_that_does_not_come_to_rest_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a single step allowed, the head says that its weights are approximate."""
    e, cohort = world(60, 4)
    monkeypatch.setattr(linear_heads, "STEPS", 1)
    with pytest.warns(EvenlightWarning, match="did not converge in 1 steps"):
        Embeddings(e, rows=cohort.rows, folds=2).audited(cohort)


def test_both_ways_to_a_logistic_fit_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    """Newton's method and the quasi-Newton way of many weights give the same outputs."""
    e, cohort = world(100, 6)
    first = of(e, cohort, folds=2).output
    monkeypatch.setattr(linear_heads, "DIRECT", 1)
    np.testing.assert_allclose(of(e, cohort, folds=2).output, first, atol=1e-4)


def test_a_head_in_sample_is_flattered_and_the_cross_fitted_one_is_not() -> None:
    """On pure noise the head that has seen its people tells them apart, the other does not."""
    rng = np.random.default_rng(3)
    e, cohort = world(160, 60)
    cohort = with_outcome(cohort, "coin", rng.permutation(np.arange(160) % 2))
    own = LogisticRegression(C=1.0, max_iter=5000).fit(e, cohort.y)
    naive = Embeddings(e, adapt(own), rows=cohort.rows).audited(cohort)
    honest = of(e, cohort, LogisticRegression(C=1.0, max_iter=5000))
    assert roc_auc_score(cohort.y, naive.model.output) > 0.85
    assert 0.35 < roc_auc_score(cohort.y, honest.output) < 0.6
    assert "cannot be known" in " ".join(naive.cohort.notes)


def test_a_rotation_of_the_embedding_and_the_order_of_rows_change_nothing() -> None:
    """Outputs, principal directions and contrasts stay, up to rounding."""
    e, cohort = world(150, 6)
    first = Embeddings(e, rows=cohort.rows).audited(cohort)
    turned = Embeddings(e @ turn(6, 5) + 3.0, rows=cohort.rows).audited(cohort)
    np.testing.assert_allclose(turned.model.output, first.model.output, atol=1e-4)
    np.testing.assert_allclose(turned.cohort.dense(), first.cohort.dense(), atol=1e-8)
    np.testing.assert_allclose(
        contrasts(turned.model, turned.cohort).margin,
        contrasts(first.model, first.cohort).margin, atol=1e-4,
    )  # fmt: skip
    mixed = np.random.default_rng(2).permutation(cohort.n)
    other = Embeddings(e[mixed], rows=cohort.rows[mixed]).audited(cohort.take(mixed))
    np.testing.assert_array_equal(other.model.output, first.model.output[mixed])
    assert other.cohort.digest == first.cohort.digest


@pytest.mark.parametrize("named", ["principal", "clusters", "dimensions"])
def test_directions_turn_back_exactly_and_change_no_output(named: Any) -> None:
    """The basis is orthonormal, sets hold each direction once, attributions add up to outputs."""
    e, cohort = world(150, 6)
    e = np.column_stack([e, e[:, 0] + 0.1 * np.cos(7 * e[:, 1]), np.full(150, 7.0)])
    made = Embeddings(e, rows=cohort.rows, directions=named).audited(cohort)
    ways = made.directions
    np.testing.assert_allclose(ways.back(ways.to(e)), e, atol=1e-10)
    np.testing.assert_allclose(ways.basis.T @ ways.basis, np.eye(7), atol=1e-12)
    assert len(made.sets.owners()) == 7
    assert "1 of 8 dimensions of the embedding are constant" in " ".join(made.cohort.notes)
    base = Embeddings(e, rows=cohort.rows).audited(cohort)
    np.testing.assert_allclose(made.model.output, base.model.output, atol=1e-4)
    found = explain(made.model, made.cohort)
    np.testing.assert_allclose(found.by(made.sets).total(), made.model.output, atol=1e-5)


def test_clusters_hold_the_dimensions_that_go_together() -> None:
    """Four copies of a factor with little noise are one cluster, the others stand alone."""
    rng = np.random.default_rng(0)
    _, cohort = world(150, 2)
    one, two = rng.normal(size=(2, 150))
    e = np.column_stack([one + 0.2 * rng.normal(size=150) for _ in range(4)] + [two])
    ways = directions_of(e, cohort, "clusters")
    assert ways.sets.names == ("cluster 1", "cluster 2")
    assert ways.sets.members("cluster 1")[0] == "cluster 1 PC 1"
    assert ways.sets.members("cluster 2") == ("dimension 5",)
    assert (ways.basis[:4, :4] != 0).all()
    assert not ways.basis[4, :4].any()


def test_dimensions_that_are_sums_of_others_are_told() -> None:
    """Seven numbers of which one is a sum of two are six directions."""
    e, cohort = world(150, 6)
    made = Embeddings(np.column_stack([e, e[:, 0] + e[:, 1]]), rows=cohort.rows).audited(cohort)
    assert len(made.directions.names) == 6
    assert "7 dimensions of the embedding are sums of one another" in " ".join(made.cohort.notes)


def test_more_dimensions_than_people_are_told_and_stay_exact() -> None:
    """Forty rows of 200 numbers span 39 directions, which hold all of them."""
    rng = np.random.default_rng(0)
    _, cohort = world(40, 2)
    e = rng.normal(size=(40, 200))
    made = Embeddings(e, rows=cohort.rows, folds=3).audited(cohort)
    assert len(made.directions.names) == 39
    assert "200 dimensions that vary and 40 rows" in " ".join(made.cohort.notes)
    np.testing.assert_allclose(made.directions.back(made.cohort.dense()), e, atol=1e-10)
    assert made.sets.names[8:] == ("PC 9 to 16", "PC 17 to 32", "PC 33 to 39")


def test_any_estimator_is_fitted_anew_without_the_people_it_scores() -> None:
    """A pipeline and a tree on the embedding itself give what a literal loop gives."""
    e, cohort = world(150, 5)
    head = make_pipeline(StandardScaler(), PCA(3), LogisticRegression())
    model = of(e, cohort, head, folds=3)
    for k in range(3):
        own = model.own == k
        fitted = head.fit(e[~own], cohort.y[~own])
        np.testing.assert_allclose(model.output[own], fitted.decision_function(e[own]), atol=1e-8)
    assert model.heads[0].adapted.weights is not None  # affine, so explained exactly
    dose = with_outcome(cohort, "dose", e[:, 0])
    tree = of(e, dose, DecisionTreeRegressor(max_depth=3, random_state=0), folds=3)
    assert len(np.unique(tree.output[tree.own == 0])) <= 8
    forest = of(e, cohort, RandomForestClassifier(20, random_state=0), folds=3)
    assert forest.adapted.scale == "probability"
    assert 0 <= forest.output.min() <= forest.output.max() <= 1


def test_several_classes_have_one_target_each() -> None:
    """A multinomial head gives log odds of each class, named as the outcome names them."""
    rng = np.random.default_rng(1)
    e, cohort = world(180, 4)
    label = np.array(["x", "y", "z"])[np.clip((e[:, 0] + rng.normal(size=180)) * 0.8 + 1, 0, 2.9)
                                      .astype(int)]  # fmt: skip
    made = Embeddings(e, rows=cohort.rows).audited(with_outcome(cohort, "stage", label), target="z")
    assert made.model.target == "z"
    assert made.model.adapted.link == "softmax"
    assert roc_auc_score(label == "z", made.model.output) > 0.7


def test_folds_are_whole_units_with_every_class_in_each() -> None:
    """Units stay together, classes and levels of a number are spread evenly."""
    _, cohort = world(100, 2, rows=3)
    fold = folds_of_units(cohort, 5, rng=np.random.default_rng(0))
    for unit in range(cohort.u):
        assert len(np.unique(fold[cohort.units == unit])) == 1
    events = [int(cohort.y[fold == k].sum()) for k in range(5)]
    assert max(events) - min(events) <= 3  # one person of three rows
    dose = with_outcome(cohort, "dose", np.repeat(np.arange(100.0), 3))
    fold = folds_of_units(dose, 5, rng=np.random.default_rng(0))
    means = [dose.y[fold == k].mean() for k in range(5)]
    assert max(means) - min(means) < 5  # of 0 to 99


def test_rows_without_an_outcome_are_scored_and_not_learned_from() -> None:
    """Their embedding may be anything without a change to others; they have an output."""
    e, cohort = world(120, 4)
    y = cohort.y.copy()
    y[:20] = np.nan
    hidden = with_outcome(cohort, "y", y)
    far = e.copy()
    far[0] = e[0] + 1e-9
    model = of(e, hidden, LogisticRegression())
    assert np.isfinite(model.output).all()
    other = of(far, with_outcome(cohort, "y", y), LogisticRegression())
    np.testing.assert_allclose(other.output[1:], model.output[1:], atol=1e-6)


def embed(x: Float) -> Float:
    """A fixed nonlinear embedding of three numbers."""
    made: Float = np.tanh(x @ turn(3, 4)) * np.array([1.0, 2.0, 3.0])
    return made


def measured() -> Cohort:
    """People of whom three numbers are known, which tell the outcome."""
    _, cohort = world(120, 2)
    x = np.random.default_rng(6).normal(size=(120, 3)) + cohort.y[:, None]
    return Cohort(x, cohort.people, ["u", "v", "w"], outcome="y", groups=["anc"], unit="person")


def test_a_function_is_the_same_as_the_vectors_that_it_gives() -> None:
    """Whatever way the embedding comes, the outputs are the same."""
    cohort = measured()
    made = Embeddings(embed).audited(cohort)
    same = of(embed(cohort.dense()), cohort)
    np.testing.assert_allclose(made.model.output, same.output, atol=1e-12)


def shift(values: Float, strength: float, rng: np.random.Generator) -> Float:
    """Everything a little higher."""
    return np.asarray(values + strength)


def test_perturbations_go_through_the_embedding_to_the_own_head() -> None:
    """The margin afterwards is the own head's of the embedding of the changed row."""
    cohort = measured()
    step = Perturbation("shift", shift, (0.5,), "SD", "numbers", "v + s", by_row=False)
    source = Embeddings(embed)
    found = perturb(source, cohort, suite=step)
    made = source.audited(cohort)
    assert isinstance(made.model, Headed)
    moved = made.directions.to(embed(cohort.dense() + 0.5))
    expected = [made.model.heads[k].margin(moved[i : i + 1])[0]
                for i, k in enumerate(made.model.own.tolist())]  # fmt: skip
    np.testing.assert_allclose(found.before, made.model.output, atol=1e-12)
    np.testing.assert_allclose(found.after[0], expected, atol=1e-10)
    with pytest.raises(ModelError, match="of rows that are changed there are none"):
        perturb(Embeddings(embed(cohort.dense()), rows=cohort.rows), cohort, suite=step)


def test_a_table_brings_its_ids_and_more_rows_than_asked_are_left_out() -> None:
    """A DataFrame is matched by its index; the record says what it is."""
    e, cohort = world(60, 4)
    table = pd.DataFrame(e, index=cohort.rows)
    model = Embeddings(table, name="pooled").audited(cohort.take(np.arange(50))).model
    assert len(model.output) == 50
    assert repr(Embeddings(table, name="it")) == "Embeddings it: 60 vectors, linear head, 5 folds"
