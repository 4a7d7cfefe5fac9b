"""A generator and a judge of its answers: a model, and scores by group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evenlight.data.cohort import Cohort
from evenlight.errors import CohortError, ModelError
from evenlight.measures.perform import perform
from evenlight.models.scored import scored
from evenlight.probes.judged import judged
from evenlight.probes.predict import predict


def answers(prompts: Sequence[str]) -> list[str]:
    """A generator that refuses whoever writes in dialect, and makes up a source now and then."""
    return [
        "I cannot help with that." if "y'all" in p else f"Take it with food. [{len(p) % 5}]"
        for p in prompts
    ]


def refused(prompts: Sequence[str], said: Sequence[str]) -> list[bool]:
    """Whether an answer is a refusal."""
    return [answer.startswith("I cannot") for answer in said]


def unsupported(prompts: Sequence[str], said: Sequence[str]) -> list[bool]:
    """Whether an answer names a source that is not there."""
    return [answer.endswith("[3]") for answer in said]


def cohort(n: int = 120) -> Cohort:
    """People who ask; one region writes in dialect in two of three prompts."""
    rng = np.random.default_rng(0)
    region = np.where(np.arange(n) % 2, "north", "south")
    dialect = (region == "south") & (rng.random(n) < 2 / 3)
    asks = [("y'all " if d else "") + "dose" + "?" * int(rng.integers(1, 6)) for d in dialect]
    people = pd.DataFrame({"region": region, "asks": asks}, index=[f"p{i:03d}" for i in range(n)])
    return Cohort(np.arange(float(n))[:, None], people, ["prompt"], groups=["region"], unit="row")


def test_refusals_by_group_are_performance_of_the_score() -> None:
    """The rates are those counted by hand, and their difference is seen."""
    people = cohort()
    found = judged(answers, {"refused": refused, "made up": unsupported}, people, inputs="asks")
    south = (people.people["region"] == "south").to_numpy()
    made = perform(found, people, by="region", rng=0)
    table = made.to_frame().set_index(["metric", "part"])["value"]
    rate = np.array([a.startswith("I") for a in answers(people.people["asks"].tolist())])
    assert table["refused", "south"] == pytest.approx(rate[south].mean())
    assert table["refused", "north"] == 0.0
    assert found.names == ("refused", "made up")
    assert found.target == "answers"


def test_a_scored_generator_is_a_model() -> None:
    """It takes rows, here the number of a prompt, and gives a score that predict returns."""
    people = cohort(40)
    asks = people.people["asks"].tolist()

    def generate(rows: Any) -> list[str]:
        return answers([asks[int(i)] for i in rows[:, 0]])

    made = predict(scored(generate, lambda rows, said: refused(rows, said)), people)
    np.testing.assert_array_equal(made.response, refused([], answers(asks)))


def test_a_generator_that_answers_at_random_is_refused() -> None:
    """As every random model is."""
    rng = np.random.default_rng(0)
    model = scored(lambda rows: rng.random(len(rows)).tolist(), lambda rows, said: said)
    with pytest.raises(ModelError, match="is random from call to call"):
        predict(model, cohort())


def test_answers_and_scores_are_one_for_each_input() -> None:
    """And a judge, and the column of inputs, must be there."""
    with pytest.raises(ModelError, match="1 answers to 2 inputs"):
        scored(lambda rows: ["a"], lambda rows, said: [0.0])([1, 2])
    with pytest.raises(ModelError, match=r"shape \(1,\) for 2 answers"):
        scored(lambda rows: ["a", "b"], lambda rows, said: [0.0])([1, 2])
    with pytest.raises(ModelError, match="there is no judge"):
        judged(answers, {}, cohort(), inputs="asks")
    with pytest.raises(CohortError, match="no column 'ask'; did you mean 'asks'"):
        judged(answers, {"refused": refused}, cohort(), inputs="ask")
