"""Twins: seeds, units, sets, models trained elsewhere, and wrong input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsRegressor

from evenlight.data.cohort import Cohort
from evenlight.data.features import Features, FeatureSets
from evenlight.data.outcome import Survival
from evenlight.errors import (
    AttributionError,
    CohortError,
    EvenlightWarning,
    GroupError,
    InputError,
    ModelError,
)
from evenlight.models.adapt import adapt
from evenlight.probes.offsets import settled_effect
from evenlight.probes.refitting import Refitting
from evenlight.probes.twin import twin, twin_of
from tests.twin_world import FEATURES, drawn


def test_steps_that_shrink_are_lengthened_and_others_are_not() -> None:
    """A map without a fixed point is lengthened ten times at most, an alternating one not."""
    found = settled_effect(lambda a: a + 1.0, np.zeros(1), rounds=2)
    assert found[0] == pytest.approx(1.0 + 10.0)
    back = settled_effect(lambda a: 1.0 - 0.5 * a, np.zeros(1), rounds=2)
    assert back[0] == pytest.approx(0.5)


def test_the_same_seed_gives_the_same_bytes_in_any_order_of_rows() -> None:
    """Training and audited rows may come in another order; a repeat is the same to the bit."""
    training, cohort = drawn(18), drawn(19, 60, prefix="a")
    model = LogisticRegression(C=0.1).fit(training.dense(), training.y)
    wanted = Refitting(refits=5)
    first = twin(model, cohort, training=training, by="group", refitting=wanted, rng=5)
    rng = np.random.default_rng(0)
    mixed = cohort.take(rng.permutation(cohort.n))
    again = twin(
        model, mixed, training=training.take(rng.permutation(training.n)), by="group",
        refitting=wanted, rng=5,
    ).at(cohort)  # fmt: skip
    for a, b in zip(first.models + first.twins, again.models + again.twins, strict=True):
        np.testing.assert_array_equal(a.values, b.values)


def test_people_are_resampled_whole() -> None:
    """Two rows of a person are in a resample together, equally often."""
    training = drawn(20, 200)
    people = training.people.assign(person=[f"p{i // 4}" for i in range(200)])
    people["group"] = np.where(np.arange(200) // 4 % 2, "a", "b")
    cohort = drawn(21, 60, prefix="a")
    held = Cohort(training.dense(), people, FEATURES, outcome="y", unit="person", groups=["group"])
    counts: list[np.ndarray] = []

    def refit(x: np.ndarray, y: np.ndarray, *, weight: np.ndarray, seed: int) -> object:
        copies = (x[:, None, 0] == held.dense()[None, :, 0]).sum(axis=0)
        counts.append(copies)
        return LogisticRegression().fit(x, y, sample_weight=weight)

    model = LogisticRegression().fit(held.dense(), held.y)
    wanted = Refitting(refits=5, refit=refit)
    twin(model, cohort, training=held, by="group", refitting=wanted)
    whole = counts[0].reshape(50, 4)
    assert (whole == whole[:, :1]).all()
    assert whole.max() > 1


def test_sets_are_summed_at_once() -> None:
    """Attributions come by sets, and a twin by features gives the same when summed later."""
    training, cohort = drawn(22), drawn(23, 60, prefix="a")
    sets = FeatureSets.from_lists({"one": FEATURES[:1], "two": FEATURES[1:]}, FEATURES)
    model = LogisticRegression().fit(training.dense(), training.y)
    plain = twin(model, cohort, training=training, by="group", refitting=Refitting(refits=5))
    summed = twin(model, cohort, training=training, by="group",
                  refitting=Refitting(refits=5, sets=sets))  # fmt: skip
    assert summed.models[0].features.names == ("one", "two")
    np.testing.assert_array_equal(plain.by(sets).twins[1].values, summed.twins[1].values)


def test_models_trained_elsewhere_make_a_twin() -> None:
    """twin_of explains what it is handed, pair by pair, and has no offsets to tell."""
    training, cohort = drawn(24), drawn(25, 60, prefix="a")
    x, y = training.dense(), training.y
    models = [LogisticRegression(C=c).fit(x, y) for c in (0.1, 0.2)]
    made = twin_of(models, models[::-1], cohort, by="group")
    assert made.how == "given"
    assert np.isnan(made.offsets).all()
    np.testing.assert_array_equal(made.models[0].values, made.twins[1].values)
    assert len(made.to_frame()) == 4
    assert "2 pairs" in repr(made)
    with pytest.raises(AttributionError, match="1 of its twin"):
        twin_of(models, models[:1], cohort, by="group")


def test_audited_rows_are_not_trained_on() -> None:
    """The same id and values in both cohorts are an error; a mere coincidence of ids is not."""
    training = drawn(26)
    model = LogisticRegression().fit(training.dense(), training.y)
    with pytest.raises(CohortError, match="10 of 400 training rows are audited rows"):
        twin(model, training.take(np.arange(10)), training=training, by="group")
    twin(model, drawn(27, 60), training=training, by="group", refitting=Refitting(refits=5))


def test_people_in_both_cohorts_are_warned_of() -> None:
    """Other rows of the same person are told, since their explanations are of training data."""
    made = []
    for seed, prefix in ((28, "t"), (29, "a")):
        one = drawn(seed, 60, prefix=prefix)
        people = one.people.assign(person=[f"p{i}" for i in range(60)])
        made.append(Cohort(one.dense(), people, FEATURES, outcome="y", unit="person",
                           groups=["group"]))  # fmt: skip
    model = LogisticRegression().fit(made[0].dense(), made[0].y)
    with pytest.warns(EvenlightWarning, match="60 person ids"):
        twin(model, made[1], training=made[0], by="group", refitting=Refitting(refits=5))


def test_wrong_input_is_named_before_any_training() -> None:
    """Outcome, features, groups, classes and models that cannot be taken, each with a remedy."""
    training, cohort = drawn(30), drawn(31, 60, prefix="a")
    x, y = training.dense(), training.y
    model = LogisticRegression().fit(x, y)

    def of(**own: object) -> Cohort:
        roles: dict[str, object] = {"outcome": "y", "unit": "row", "groups": ["group"], **own}
        people = roles.pop("people", training.people)
        names = roles.pop("features", FEATURES)
        return Cohort(x, people, names, **roles)  # type: ignore[arg-type]

    few = training.people.assign(group=np.where(np.arange(400) < 8, "c", training.people["group"]))
    one = training.people.assign(y=np.where(training.people["group"] == "a", 0, y))
    timed = training.people.assign(time=1.0 + np.arange(400))
    wrong: list[tuple[Cohort, type[Exception], str]] = [
        (of(people=few), GroupError, "fewer than 11 training people are in 'c'"),
        (of(people=one), GroupError, "training people in 'a' do not have all 2 classes"),
        (of(features=("a", "b", "c")), CohortError, "build both from the same columns"),
        (of(people=timed, outcome=Survival("time", "y")), CohortError, "twin_of"),
        (of(outcome=None), CohortError, "has no outcome, and refits"),
    ]
    for bad, error, told in wrong:
        with pytest.raises(error, match=told):
            twin(model, cohort, training=bad, by="group")
    with pytest.raises(CohortError, match="wanted a Cohort"):
        twin(model, cohort, training=x, by="group")  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="Refitting"):
        twin(lambda rows: rows[:, 0], cohort, training=training, by="group")
    with pytest.raises(InputError, match="refits is 4; wanted a whole number of at least 5"):
        Refitting(refits=4)
    with pytest.raises(InputError, match="refitting is a dict"):
        twin(model, cohort, training=training, by="group", refitting={})  # type: ignore[arg-type]
    with pytest.raises(InputError, match="refit is a str; wanted a function"):
        Refitting(refit="yes")  # type: ignore[arg-type]


def test_a_link_that_is_not_declared_of_training_is_refused() -> None:
    """A regressor of the response under a square link could not be told a shift on the margin."""
    training = drawn(32, kind="continuous")
    positive = training.people.assign(y=np.exp(training.people["y"]))
    held = Cohort(training.dense(), positive, FEATURES, outcome="y", unit="row", groups=["group"])
    cohort = drawn(33, 60, kind="continuous", prefix="a")
    model = KNeighborsRegressor().fit(held.dense(), held.y)
    with pytest.raises(ModelError, match='gives="margin"'):
        twin(adapt(model, link="square"), cohort, training=held, by="group")
    ridge = Ridge().fit(held.dense(), np.sqrt(held.y))
    made = twin(adapt(ridge, link="square", gives="margin"), cohort, training=held, by="group",
                refitting=Refitting(refits=5))  # fmt: skip
    np.testing.assert_allclose(made.models[0].total().mean(), np.sqrt(held.y).mean(), atol=0.3)


def test_a_twin_is_of_one_cohort_target_and_explanation() -> None:
    """Pairs that differ in number, target, features, rows or cohort are refused by name."""
    training, cohort = drawn(34), drawn(35, 60, prefix="a")
    model = LogisticRegression().fit(training.dense(), training.y)
    made = twin(model, cohort, training=training, by="group", refitting=Refitting(refits=5))
    one, two, *rest = made.twins
    for wrong, told in (
        (replace(two, target="other"), "twin 2 has another target"),
        (replace(two, features=Features(("a", "b", "c"))), "twin 2 has another features"),
        (replace(two, rows=two.rows[::-1]), "twin 2 has another rows"),
        (replace(two, cohort_digest="0"), "twin 2 has another cohort"),
    ):
        with pytest.raises(AttributionError, match=told):
            replace(made, twins=(one, wrong, *rest))
    with pytest.raises(AttributionError, match="5 refits of the model and 1 of its twin"):
        replace(made, twins=(one,))
    with pytest.raises(AttributionError, match="how is 'guess'"):
        replace(made, how="guess")  # type: ignore[arg-type]
    with pytest.raises(AttributionError, match=r"offsets have shape \(5, 1\)"):
        replace(made, offsets=made.offsets[:, :1])
    with pytest.raises(AttributionError, match=r"audited has shape \(3,\), wanted \(60,\)"):
        replace(made, audited=np.zeros(3))
    order = np.arange(60)[::-1]
    assert made.audited is not None
    turned = made.at(cohort.take(order)).audited
    np.testing.assert_array_equal(turned, made.audited[order])
