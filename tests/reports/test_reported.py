"""What the page says of the people that are reported, and what a plan asks of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from htpy import div
from scipy.stats import binomtest

from evenlight.data.cohort import Cohort
from evenlight.data.training import TrainingSummary
from evenlight.errors import PlanError
from evenlight.measures.demographics import demographics
from evenlight.plan_people import DemographicsPlan, described
from evenlight.reports.sections.reported import parts

IDS = [f"p{i:03d}" for i in range(100)]
PEOPLE = pd.DataFrame(
    {"sex": ["f"] * 30 + ["m"] * 60 + ["NA"] * 10, "race": ["<b>A"] * 95 + ["B"] * 5}, index=IDS
)
X = np.random.default_rng(0).normal(size=(100, 2))
COHORT = Cohort(X, PEOPLE, ["g1", "g2"], unit="row")
HALF = {"sex": {"f": 0.5, "m": 0.5}}


def page(fields: dict[str, str], **asked: object) -> str:
    """The parts as text."""
    made = demographics(COHORT, fields=fields, **asked)  # type: ignore[arg-type]
    return "".join(div[list(parts([made]))].iter_chunks())


def test_the_table_has_what_was_asked() -> None:
    """A target adds four columns, training one; without them there are three."""
    plain = page({"sex": "sex"})
    assert "From training" not in plain
    assert "Target" not in plain
    summary = TrainingSummary.of(X, ("g1", "g2"))
    whole = page({"sex": "sex"}, target=HALF, training=summary)
    assert "below the target" in whole
    assert "a summary of 100 training rows" in whole
    limits = binomtest(30, 90).proportion_ci(0.975, "exact")
    assert f"33.3 % [{100 * limits.low:.1f}, {100 * limits.high:.1f}]" in whole
    assert "yardstick" in whole


def test_names_are_escaped_and_small_cells_hidden() -> None:
    """A label that is markup is text, and five people are told nowhere."""
    made = page({"ancestry": "race"}, target={"ancestry": {"<b>A": 0.9, "B": 0.1}})
    assert "<b>A" not in made
    assert "&lt;b&gt;A" in made
    assert "suppressed (&lt;11)" in made
    assert "cannot be asked here" in made


def test_a_plan_names_fields_and_target() -> None:
    """It is closed, and what it asks is what the verb gives."""
    asked = DemographicsPlan.model_validate({"fields": {"sex": "sex"}, "target": HALF})
    (made,) = described(asked, COHORT)
    assert made.parts.word.tolist() == ["below", "above"]
    assert described(DemographicsPlan(), COHORT) == ()
    with pytest.raises(ValueError, match="no field 'ancestri'; did you mean 'ancestry'"):
        DemographicsPlan.model_validate({"fields": {"ancestri": "race"}})
    with pytest.raises(ValueError, match="no column was named"):
        DemographicsPlan.model_validate({"target": HALF})
    with pytest.raises(PlanError, match=r"demographics: .*did you mean 'sex'"):
        described(DemographicsPlan(fields={"sex": "sexx"}), COHORT)
