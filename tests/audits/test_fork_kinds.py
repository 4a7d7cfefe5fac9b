"""Kinds of forks, each with a planted choice under which the answer is another one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression

from evenlight.arrays import Float
from evenlight.auditing import audit
from evenlight.data.cohort import Cohort
from evenlight.errors import CohortError, InputError, ModelError
from evenlight.forks import Fork, alternatives, hold, preparations, retrained, usual
from evenlight.forks.again import Asked, answers_again
from evenlight.models.adapt import adapt
from evenlight.models.probe import prepare
from evenlight.plan import Plan
from evenlight.policy import Question
from evenlight.probes.embedded import Embeddings
from tests.audits.test_images import REGIONS, network, scans
from tests.embedded_world import turn, world

N = 300
USE = Plan.from_data(
    {
        "question": [{"measure": "attribution", "grouping": "sex"}],
        "measure": {"further": False},
        "explain": {"repeats": 0},
    }
)


def counts(*, seed: int = 1, start: int = 0) -> Cohort:
    """Two genes, of which men have the same shares but twice the depth; y follows the shares."""
    rng = np.random.default_rng(seed)
    man = np.arange(N) % 2 == 1
    share = rng.beta(20, 20, size=N)
    depth = 1000.0 * (1 + man)
    x = np.column_stack([depth * share, depth * (1 - share)])
    people = pd.DataFrame(
        {"sex": np.where(man, "m", "f"), "y": 10 * share + rng.normal(size=N)},
        index=[f"p{i + start:04d}" for i in range(N)],
    )
    return Cohort(x, people, ["g1", "g2"], outcome="y", unit="row", groups=["sex"])


def first(x: Float) -> Float:
    """A model of the first gene, in thousands."""
    return np.asarray(x[:, 0] / 1000)


def shares(x: Float) -> Float:
    """Thousands of each row's depth."""
    return np.asarray(1000 * x / x.sum(axis=1, keepdims=True))


def test_a_normalisation_that_takes_the_difference_away_is_seen() -> None:
    """Depth differs by sex and shares do not: *different* on counts, not on shares."""
    raw = counts()
    made = audit(adapt(first, link="identity"), raw, plan=USE)
    forks = preparations({"shares": shares, "halved": lambda x: x / 2}, raw)
    held = hold(made, adapt(first, link="identity"), raw, forks=forks)
    assert held.verdict.tolist() == ["different"]
    assert held.names == ("preprocessing", "preprocessing")
    assert held.fork_verdict[0, 0] != "different"
    assert held.holds[:, 0].tolist() == [False, True]


def test_preparations_do_not_depend_on_the_order_of_rows_and_fit_their_own_model() -> None:
    """Quantiles over all rows are the same for each person, and `fit` sees what is prepared."""
    raw = counts()
    mixed = raw.take(np.random.default_rng(0).permutation(N))

    def ranked(x: Float) -> Float:
        return np.argsort(np.argsort(x, axis=0, kind="stable"), axis=0).astype(float)

    seen = []

    def fit(cohort: Cohort) -> Any:
        seen.append(cohort.dense().copy())
        return LinearRegression().fit(cohort.dense(), cohort.y)

    (one,) = preparations({"ranks": ranked}, raw, fit=fit)
    (two,) = preparations({"ranks": ranked}, mixed)
    assert one.cohort is not None
    assert two.cohort is not None
    np.testing.assert_array_equal(one.cohort.dense()[raw.order], two.cohort.dense()[mixed.order])
    np.testing.assert_array_equal(seen[0], one.cohort.dense())
    assert isinstance(one.model, LinearRegression)
    with pytest.raises(InputError, match=r"makes \(300, 2\) into \(300, 1\)"):
        preparations({"one": lambda x: x[:, :1]}, raw)
    with (
        pytest.raises(InputError, match="600 values that are not finite"),
        np.errstate(all="ignore"),
    ):
        preparations({"log": lambda x: np.log(0 * x)}, raw)
    with pytest.raises(InputError, match="no ways to prepare"):
        preparations({}, raw)


def test_training_seeds_are_forks_and_one_that_fails_is_seen() -> None:
    """Refits of other seeds are asked again; the seed that learned nothing of depth overturns."""
    here, elsewhere = counts(), counts(seed=2, start=5000)
    model = adapt(first, link="identity")

    def refit(x: Float, y: Float, *, weight: Float, seed: int) -> Any:
        if seed == 2:
            return lambda rows: first(shares(rows))  # learned nothing of depth
        return lambda rows: first(rows) + seed * rows[:, 1] / 1e6

    forks = retrained(model, here, training=elsewhere, refit=refit, seeds=4)
    assert [(f.name, f.setting) for f in forks] == [("training seed", str(i)) for i in (1, 2, 3, 4)]
    held = hold(audit(model, here, plan=USE), model, here, forks=forks)
    assert held.holds[:, 0].tolist() == [True, False, True, True]
    assert not held.unrun
    assert held.share[0] == 0.75
    assert held.fragile[0]


def test_a_class_is_cloned_with_its_seeds_or_refused_where_there_are_none() -> None:
    """Forests differ from seed to seed; a regression does not, and this is said."""
    here, elsewhere = counts(), counts(seed=2, start=5000)
    forest = RandomForestRegressor(8, random_state=0).fit(elsewhere.dense(), elsewhere.y)
    one, two = retrained(forest, here, training=elsewhere, seeds=2)
    outputs = [prepare(fork.model, here).output for fork in (one, two)]
    assert np.abs(outputs[0] - outputs[1]).max() > 0.01
    line = LinearRegression().fit(elsewhere.dense(), elsewhere.y)
    with pytest.raises(ModelError, match="leaves nothing to chance"):
        retrained(line, here, training=elsewhere)
    with pytest.raises(CohortError, match="training rows are audited rows"):
        retrained(forest, here, training=here)
    with pytest.raises(InputError, match="seeds is 1"):
        retrained(forest, here, training=elsewhere, seeds=1)


def test_layers_are_forks_by_themselves() -> None:
    """An Embeddings of another layer is a model of a fork; one without the outcome overturns."""
    e, cohort = world(300, off=2.5)
    asked = Plan.from_data({
        "question": [{"measure": "performance", "grouping": "anc", "subject": "brier"}],
        "explain": {"repeats": 0}, "measure": {"further": False},
    })  # fmt: skip
    model = Embeddings(e, rows=cohort.rows)
    noise = np.random.default_rng(0).normal(size=e.shape)
    others = {
        name: Embeddings(values, rows=cohort.rows, name=name)
        for name, values in {"turned": e @ turn(), "noise": noise}.items()
    }
    held = hold(audit(model, cohort, plan=asked), model, cohort,
                forks=alternatives("embedding", others))  # fmt: skip
    assert not held.unrun
    assert held.names == ("embedding", "embedding")
    assert abs(held.fork_effect[0, 0] - held.effect[0]) < 1e-3
    assert abs(held.fork_effect[1, 0] - held.effect[0]) > 0.01
    assert held.holds[0, 0]


def test_probabilities_are_asked_as_log_odds_and_margins_as_responses() -> None:
    """The scale is a fork either way, of cross-fitted heads as well."""
    raw = counts()
    ill = raw.people.assign(ill=(raw.y > 5).astype(int))
    cohort = Cohort(shares(raw.dense()), ill, ["g1", "g2"], outcome="ill", unit="row",
                    groups=["sex"])  # fmt: skip
    model = LogisticRegression().fit(cohort.dense(), cohort.y)
    (up,) = usual(prepare(model, cohort), cohort, USE, "linear", ["scale"])
    assert up.setting == "response"

    def p(x: Float) -> Float:
        return np.asarray(model.predict_proba(x)[:, 1])

    plain = prepare(adapt(p, link="identity"), cohort)
    assert usual(plain, cohort, USE, "shapley", ["scale"]) == ()  # its scale was declared
    heads = Embeddings(lambda x: x, folds=3).audited(cohort)
    (own,) = usual(heads.model, heads.cohort, USE, "linear", ["scale"])
    response = heads.model.adapted.respond(heads.model.output)
    np.testing.assert_allclose(prepare(own.model, heads.cohort).output, response)


def test_images_are_asked_again_by_region() -> None:
    """The same regions under every fork; without them the verb says what is missing."""
    cohort, model = scans(60), network()
    plan = USE.model_copy(
        update={"question": (Question(measure="attribution", grouping="site", subject="corner"),)}
    )
    made = audit(model, cohort, plan=plan, sets=REGIONS)
    forks = [Fork("background", "A alone", background=cohort.take(cohort.groups[0].codes == 0))]
    held = hold(made, model, cohort, forks=forks, sets=REGIONS)
    assert not held.unrun
    assert held.subject == ("corner",)
    assert held.fork_subject.tolist() == [["corner"]]
    assert np.isfinite(held.fork_effect).all()
    with pytest.raises(InputError, match="pass sets= the regions"):
        hold(made, model, cohort, forks=forks)


def test_nothing_is_computed_where_nothing_can_change() -> None:
    """Performance under another explainer is its own answer, without a call of the model."""
    cohort = counts()
    plan = USE.model_copy(update={"question": (USE.question[0].model_copy(
        update={"measure": "performance"}),)})  # fmt: skip
    made = audit(adapt(first, link="identity"), cohort, plan=plan)
    called = []

    def counted(x: Float) -> Float:
        called.append(len(x))
        return first(x)

    prepared = prepare(adapt(counted, link="identity"), cohort)
    asked = Asked(prepared, cohort, cohort, plan, tuple(made.answers))
    called.clear()
    same = answers_again(Fork("explainer", "occlusion", method="occlusion"), asked)
    assert same == tuple(made.answers)
    assert not called
    answers_again(Fork("seed", "1", seed=1), asked)
    assert called


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"name": "", "setting": "a", "seed": 1}, "name is ''"),
        ({"name": "seed", "setting": 1, "seed": 1}, "setting is 1"),
        ({"name": "seed", "setting": "a"}, "changes nothing; give one of model, cohort"),
        ({"name": "seed", "setting": "a", "seed": -1}, "seed is -1; wanted a whole number"),
        ({"name": "seed", "setting": "a", "seed": 0.5}, "seed is 0.5"),
        ({"name": "cohort", "setting": "a", "cohort": [1]}, "cohort is a list; wanted a Cohort"),
        ({"name": "explainer", "setting": "a", "method": 3}, "method is a int; wanted a str"),
        ({"name": "explainer", "setting": "a", "options": [1]}, "options is a list"),
    ],
)
def test_a_fork_checks_itself(given: dict[str, Any], message: str) -> None:
    """What could never be run is refused where it is written."""
    with pytest.raises(InputError, match=message):
        Fork(**given)


def test_forks_are_of_the_same_people() -> None:
    """Other units are refused before any compute, and so is what is no fork."""
    cohort = counts()
    made = audit(adapt(first, link="identity"), cohort, plan=USE)
    pairs = cohort.people.assign(house=[f"h{i % 2} {i // 4}" for i in range(N)])
    other = Cohort(cohort.dense(), pairs, ["g1", "g2"], outcome="y", unit="house", groups=["sex"])
    model = adapt(first, link="identity")
    with pytest.raises(InputError, match="forks holds a str"):
        hold(made, model, cohort, forks=["seed"])  # type: ignore[list-item]
    with pytest.raises(InputError, match="has other units than the audited one"):
        hold(made, model, cohort, forks=[Fork("cohort", "houses", cohort=other)])
    with pytest.raises(InputError, match="no alternatives"):
        alternatives("prompt", {})
