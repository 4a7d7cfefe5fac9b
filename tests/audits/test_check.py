"""What check says of models and people that no plan can name."""

from __future__ import annotations

import numpy as np
import pytest

from evenlight.check import check
from evenlight.errors import InputError, ModelError
from evenlight.plan import Plan
from evenlight.probes.embedded import Embeddings
from tests.embedded_world import world

PLAN = Plan.from_data({"question": [{"measure": "performance", "grouping": "anc"}]})


def test_embeddings_are_checked_as_they_are_audited() -> None:
    """The head is fitted, features are directions, and what can be asked of whom is told."""
    e, cohort = world(120, 4)
    told = list(check(PLAN, model=Embeddings(e, rows=cohort.rows), cohort=cohort))
    assert any(line.startswith("model    linear head on embeddings") for line in told)
    assert "cohort   120 rows, 120 units, 4 features" in told
    assert any("folds of whole units" in line for line in told)
    assert any(line.startswith("groups   anc:") and "known for 100 %" in line for line in told)
    assert any(line.startswith("contrast b against a: can be asked") for line in told)
    with pytest.raises(ModelError, match="is one number a row"):
        list(check(PLAN, model=Embeddings(np.ones(120), rows=cohort.rows), cohort=cohort))


def test_check_says_what_it_needs() -> None:
    """A model in the place of a plan, and half of what is needed: the error names the remedy."""
    e, cohort = world(60, 3)
    model = Embeddings(e, rows=cohort.rows)
    with pytest.raises(InputError, match="reads a plan, and not a Embeddings; pass the path"):
        list(check(model))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="cohort= is missing; hand over both"):
        list(check(PLAN, model=model))
    with pytest.raises(InputError, match="model= and cohort= is missing"):
        list(check(PLAN))
