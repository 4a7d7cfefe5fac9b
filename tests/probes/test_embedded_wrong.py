"""What is not an embedding, or does not fit the people, is told before any compute."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.data.outcome import Survival
from evenlight.errors import CohortError, ModelError
from evenlight.probes.embedded import Embeddings
from tests.embedded_world import with_outcome, world


def nan_at(e: Float) -> Float:
    """The same with a hole."""
    out = e.copy()
    out[3, 1] = np.nan
    return out


E, PEOPLE = world(60, 4)
FEW = with_outcome(PEOPLE, "rare", (np.arange(60) < 3).astype(int))
NONE = Cohort(PEOPLE.x, PEOPLE.people, groups=["anc"], unit="person")
LASTING = Cohort(
    PEOPLE.x, PEOPLE.people.assign(t=1.0 + np.arange(60)), outcome=Survival("t", "y"),
    groups=["anc"], unit="person",
)  # fmt: skip
WRONG: dict[str, tuple[Callable[[], object], str]] = {
    "two-dimensional": (lambda: Embeddings(np.zeros((3, 2, 2)), rows="abc"), "wanted .n, d."),
    "score": (lambda: Embeddings(E[:, 0], rows=PEOPLE.rows), "a score, and no embedding"),
    "one column": (lambda: Embeddings(E[:, :1], rows=PEOPLE.rows), "a score, and no embedding"),
    "no ids": (lambda: Embeddings(E), "vectors without ids"),
    "fewer ids": (lambda: Embeddings(E, rows=PEOPLE.rows[:9]), "60 vectors and 9 ids"),
    "not finite": (
        lambda: Embeddings(nan_at(E), rows=PEOPLE.rows),
        "1 of 60 rows, first at position 3",
    ),
    "text": (lambda: Embeddings([["a", "b"]], rows=["x"]), "no plain numbers"),
    "class as head": (lambda: Embeddings(E, LogisticRegression, rows=PEOPLE.rows), "unfitted"),
    "no head": (lambda: Embeddings(E, "logistic", rows=PEOPLE.rows), "head is a str"),
}


@pytest.mark.parametrize("case", list(WRONG))
def test_wrong_vectors_and_heads_are_told_before_any_compute(case: str) -> None:
    """Shape, ids, gaps and heads that cannot be used are named with a remedy."""
    make, words = WRONG[case]
    with pytest.raises(ModelError, match=words):
        make()


REFUSED: dict[str, tuple[Any, Any, type[Exception], str]] = {
    "other ids": (Embeddings(E, rows=[f"q{i}" for i in range(60)]), PEOPLE, CohortError,
                  "60 of 60 row ids are missing"),
    "fewer rows": (Embeddings(E[:50], rows=PEOPLE.rows[:50]), PEOPLE, CohortError,
                   "10 of 60 row ids are missing"),
    "constant": (Embeddings(0 * E, rows=PEOPLE.rows), PEOPLE, ModelError, "are constant"),
    "survival": (Embeddings(E, rows=PEOPLE.rows), LASTING, CohortError, "head for survival"),
    "no outcome": (Embeddings(E, rows=PEOPLE.rows), NONE, CohortError, "the cohort has none"),
    "rare class": (Embeddings(E, rows=PEOPLE.rows), FEW, CohortError,
                   "outcome is 1 in 3 units, fewer than the 5 folds"),
    "one class": (Embeddings(E, rows=PEOPLE.rows), with_outcome(PEOPLE, "y", 1), CohortError,
                  "needs two classes"),
    "too many folds": (Embeddings(E, rows=PEOPLE.rows, folds=70), PEOPLE, CohortError,
                       "60 units with a known outcome do not fill 70 folds"),
    "random": (Embeddings(lambda x: np.random.default_rng().normal(size=(len(x), 3))), PEOPLE,
               ModelError, "the function is random"),
    "batch": (Embeddings(lambda x: np.ones((len(x), 2)) * len(x) + np.arange(2)), PEOPLE,
              ModelError, "rows alone are embedded"),
    "lost rows": (Embeddings(lambda x: np.ones((len(x) // 2, 2))), PEOPLE, ModelError,
                  "wanted one a row"),
    "scores": (Embeddings(lambda x: x[:, 0]), PEOPLE, ModelError, "a score, and no embedding"),
}  # fmt: skip


@pytest.mark.parametrize("case", list(REFUSED))
def test_what_does_not_fit_the_people_is_told_with_a_remedy(case: str) -> None:
    """Ids, outcomes, classes, folds and functions that cannot serve are named."""
    made, cohort, kind, words = REFUSED[case]
    with pytest.raises(kind, match=words):
        made.audited(cohort)
