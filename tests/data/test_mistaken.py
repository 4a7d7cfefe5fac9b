"""Mistakes that no error tells are said of the cohort."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

from evenlight.auditing import audit
from evenlight.data.cohort import Cohort
from evenlight.data.mistaken import mistaken
from evenlight.data.outcome import Survival
from evenlight.data.rows import Rows

N = 240
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, 6))
PEOPLE = pd.DataFrame(
    {
        "case": (RNG.random(N) < 0.5).astype(int),
        "donor": [f"d{i // 2}" for i in range(N)],
        "part": ["train", "test"] * (N // 2),
        "days": RNG.exponential(300, N).round(),
        "died": (RNG.random(N) < 0.7).astype(int),
    },
    index=[f"p{i:03d}" for i in range(N)],
)


def said(x: Any, **roles: Any) -> list[str]:
    """What is said of these values."""
    return list(mistaken(Cohort(x, PEOPLE, **{"unit": "row", **roles})))


@pytest.mark.parametrize("held", [np.asarray, csr_array, Rows])
def test_the_same_people_under_two_ids_are_told(held: Any) -> None:
    """Thirty rows with the values of thirty others are counted, however x is held."""
    x = X.copy()
    x[100:130] = x[:30]
    (told,) = said(held(x))
    assert told.startswith("30 rows of x hold exactly the values of a row of somebody else")
    assert said(held(X)) == []


def test_few_are_not_counted_and_rows_of_one_person_are_no_mistake() -> None:
    """Below eleven no number is told; a donor measured twice with one result is one donor."""
    x = X.copy()
    x[4] = x[9]
    assert said(x)[0].startswith("Fewer than 11 rows of x")
    x = np.repeat(X[::2], 2, axis=0)
    assert said(x, unit="donor") == []


def test_tables_that_many_share_say_nothing() -> None:
    """Rows of few states are alike without being the same person."""
    rare = RNG.binomial(2, 0.1, size=(N, 12)).astype(float)
    assert len(np.unique(rare, axis=0)) < N - 11
    assert said(rare) == []
    assert said(rare[:, :3]) == []


def test_genotypes_under_two_ids_are_told() -> None:
    """A hundred sites tell people apart, although a site does not."""
    x = RNG.binomial(2, 0.3, size=(N, 100)).astype(float)
    assert said(x) == []
    x[200:220] = x[:20]
    assert said(x)[0].startswith("20 rows of x")


@pytest.mark.parametrize("sign", [1, -1])
def test_the_outcome_among_the_features_is_told(sign: int) -> None:
    """A feature that is the outcome, or its opposite, has been told the answer."""
    x = X.copy()
    x[:, 4] = 3 + 7 * sign * PEOPLE["case"]
    (told,) = said(x, outcome="case")
    assert f"Feature x4 is the outcome case itself (correlation {sign} in 240 rows)" in told
    x[0, 4] += 7
    assert said(x, outcome="case") == []


def test_the_time_of_a_survival_outcome_is_told() -> None:
    """The time until the event is known only once it is over."""
    x = X.copy()
    x[:, 2] = PEOPLE["days"] / 30.4
    (told,) = said(x, outcome=Survival("days", "died"))
    assert "Feature x2 is the outcome days itself" in told


def test_a_donor_on_both_sides_of_the_split_is_told() -> None:
    """Rows of one donor in training and in the audit: it is not held out."""
    made = Cohort(X, PEOPLE, unit="donor", split=("part", "test"))
    assert any(
        "120 of the audited units (donor) have rows on the other side" in n for n in made.notes
    )
    apart = Cohort(
        X,
        PEOPLE.assign(part=["train"] * 120 + ["test"] * 120),
        unit="donor",
        split=("part", "test"),
    )
    assert not any("other side" in note for note in apart.notes)


def test_an_audit_says_it() -> None:
    """What looks like a mistake stands among the warnings of an audit."""
    x = X.copy()
    x[100:130] = x[:30]
    cohort = Cohort(
        x, PEOPLE.assign(sex=["f", "m"] * (N // 2)), outcome="case", unit="row", groups=["sex"]
    )
    found = audit(lambda v: 3 * v[:, 0] - v[:, 1], cohort)
    assert any("30 rows of x hold exactly the values" in warning for warning in found.warnings)
