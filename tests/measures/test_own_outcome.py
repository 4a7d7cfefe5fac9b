"""Of several findings each is judged given its own outcome."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import evenlight as ev
from evenlight.errors import CohortError


def cohort(outcome: str) -> ev.Cohort:
    """People of two groups with two findings, of which one is commoner in b."""
    rng = np.random.default_rng(0)
    group = np.repeat(["a", "b"], 60)
    people = pd.DataFrame(
        {
            "g": group,
            "effusion": rng.integers(0, 2, 120),
            "nodule": (rng.random(120) < np.where(group == "b", 0.6, 0.2)).astype(int),
        },
        index=[f"p{i}" for i in range(120)],
    )
    x = pd.DataFrame({"u": rng.normal(size=120), "v": rng.normal(size=120)}, index=people.index)
    x["v"] += 2 * people["nodule"]
    return ev.Cohort(x, people, outcome=outcome, groups=["g"], unit="row")


def both(x: np.ndarray) -> np.ndarray:
    """The margin of either finding."""
    return np.asarray(x)


def test_a_target_is_not_judged_given_the_outcome_of_another_finding() -> None:
    """Comparing, relying and auditing name the outcome to build the cohort with."""
    people = cohort("effusion")
    model = ev.adapt(both, targets=("effusion", "nodule"), link="logit")
    found = ev.explain(model, people, target="nodule", method="shapley")
    for verb in (ev.compare, ev.rely):
        with pytest.raises(CohortError, match="outcome='nodule'"):
            verb(found, people, by="g")
    with pytest.raises(CohortError, match="target is 'nodule'"):
        ev.audit(model, people, plan=ev.Plan.from_data({"model": {"target": "nodule"}}))


def test_its_own_outcome_and_other_names_are_free() -> None:
    """The target that is the outcome, and one that is no column, are compared."""
    people = cohort("nodule")
    for names in (("effusion", "nodule"), ("first", "second")):
        model = ev.adapt(both, targets=names, link="logit")
        found = ev.explain(model, people, target=names[1], method="shapley")
        assert ev.compare(found, people, by="g").levels == ("a", "b")
