"""A survival audit: concordance is a primary question, from Python and from a plan."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evenlight.api import run
from evenlight.auditing import audit
from evenlight.check import check
from evenlight.data.cohort import Cohort
from evenlight.data.outcome import Survival
from evenlight.errors import PlanError
from evenlight.load import load_cohort
from evenlight.models.adapt import adapt
from evenlight.plan import Plan

N = 400
PLAN = """
[model]
table = "score.csv"
link = "log"

[cohort]
table = "people.csv"
id = "id"
features = ["age", "stage"]
outcome = "died"
time = "days"
unit = "row"
groups = ["sex"]

[measure]
further = false

[[question]]
measure = "performance"
grouping = "sex"
blocks = true
"""


def people(seed: int = 0, *, worse: float = 0.0) -> pd.DataFrame:
    """People whose hazard follows age and stage; in women, less of stage by `worse`."""
    rng = np.random.default_rng(seed)
    sex = np.where(np.arange(N) % 2, "f", "m")
    age, stage = rng.normal(size=(2, N))
    risk = age + np.where(sex == "f", 1 - worse, 1.0) * stage
    death, left = rng.exponential(np.exp(-risk)), rng.exponential(3.0, N)
    return pd.DataFrame(
        {"id": [f"p{i:03d}" for i in range(N)], "age": age, "stage": stage, "sex": sex,
         "days": np.minimum(death, left), "died": (death <= left).astype(int)},
    )  # fmt: skip


def in_memory(table: pd.DataFrame) -> Cohort:
    """The same people as a cohort."""
    table = table.set_index("id")
    return Cohort(
        table[["age", "stage"]], table, outcome=Survival("days", "died"), groups=["sex"], unit="row"
    )


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    """A plan, its people and a table of weights."""
    (tmp_path / "audit.toml").write_text(PLAN)
    people().to_csv(tmp_path / "people.csv", index=False)
    (tmp_path / "score.csv").write_text("term,weight\nintercept,0\nage,1\nstage,1\n")
    return tmp_path


def test_a_plan_names_time_and_event(folder: Path) -> None:
    """A plan with a time has a survival outcome, and concordance is the default question."""
    plan = Plan.from_toml(folder / "audit.toml")
    cohort = load_cohort(plan, folder)
    assert cohort.outcome == Survival("days", "died")
    assert plan.completed(cohort).question[0].subject == "concordance_uno"
    assert Plan().completed(cohort).question[0].measure == "performance"


def test_what_check_says_of_survival(folder: Path) -> None:
    """What a concordance will tell is not foretold, and said so; it can be asked."""
    lines = list(check(folder / "audit.toml"))
    assert "question performance by sex, blocks" in lines
    assert [line for line in lines if line.startswith("forecast")] == [
        "forecast m against f: cannot be foretold, its error depends on who is followed"
    ]


def test_the_run_answers_by_concordance(folder: Path) -> None:
    """The answer is of Uno's concordance against its margin, in the record, gate and tables."""
    found = run(folder / "audit.toml", folder / "out")
    answer = found.answers[0]
    assert "concordance (Uno)" in answer.question
    assert (answer.parts[0].subject, answer.parts[0].margin) == ("concordance_uno", 0.05)
    assert answer.verdict in ("similar", "cannot_tell")
    assert found.plan["cohort"]["time"] == "days"
    table = found.tables()["performance_differences"].set_index("metric")["verdict"]
    assert np.isnan(found.performances[0].margin[found.performances[0].metric("concordance")])
    assert table["concordance_uno"] == answer.verdict
    assert "concordance (Uno) 0.05" in (folder / "out" / "report.html").read_text()


def test_a_planted_difference_blocks() -> None:
    """Where stage says nothing of women's hazard, the default question finds it and can block."""
    model = adapt(lambda x: x.sum(axis=1), link="log")
    plan = Plan.from_data({
        "measure": {"further": False},
        "question": [{"measure": "performance", "grouping": "sex", "blocks": True}],
    })  # fmt: skip
    found = audit(model, in_memory(people(worse=1.4)), plan=plan)
    assert found.answers[0].verdict == "different"
    assert found.verdict.exit_code == 1
    assert found.plan["cohort"]["outcome"] == "died"


@pytest.mark.parametrize(
    ("more", "told"),
    [({"event": "yes"}, "time goes with outcome"), ({"outcome_kind": "binary"}, "a binary one"),
     ({"outcome": None}, "time goes with outcome")],
)  # fmt: skip
def test_a_time_without_an_event_is_an_error(more: dict[str, object], told: str) -> None:
    """A plan that names a time says whether the event was seen, and nothing else of the outcome."""
    with pytest.raises(PlanError, match=told):
        Plan.from_data({"cohort": {"outcome": "died", "time": "days", **more}})
