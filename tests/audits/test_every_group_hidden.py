"""A grouping of which no group is large enough to be shown: the audit says so, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from evenlight.auditing import audit
from evenlight.data.cohort import Cohort
from evenlight.measures.coverage import NOBODY
from evenlight.record import Audit
from tests.audits.test_beside import NAMES, model, people


def labelled(known: int, of: str = "") -> Audit:
    """So many of 300 people have a label of ancestry, and all those of the level `of`."""
    whole = people(300)
    table = whole.people.copy()
    lost = (np.arange(300) >= known) & (table["ancestry"] != of).to_numpy()
    table["ancestry"] = table["ancestry"].mask(lost)
    groups = ["ancestry", "scanner"]
    asked = Cohort(whole.x, table, NAMES, groups=groups, strata=["site"], outcome="ill", unit="row")
    return audit(model(), asked)


@pytest.fixture(scope="module")
def seven() -> Audit:
    """Seven people of known ancestry."""
    return labelled(7)


def test_every_question_says_which_groups_are_too_small(seven: Audit) -> None:
    """No raw error, no evidence taken for that of other attributions; the share is no count."""
    own = [answer for answer in seven.answers if answer.grouping == "ancestry"]
    assert {answer.verdict for answer in own} == {"not_estimable"}
    told = " ".join(seven.warnings)
    assert "ancestry is known for under 5 % of units; nothing is judged by it." in told
    assert "fewer than 11 units in A, B; two groups of 11 or more are needed" in told
    assert "other attributions" not in told


def test_missing_labels_are_counted_as_a_bound(seven: Audit) -> None:
    """Neither the seven nor their share is told; what is unknown is told to 5."""
    (found,) = seven.further.coverages
    assert np.isnan(found.known)
    assert found.unknown == 295
    assert found.share == pytest.approx(10 / 300)
    assert set(found.reason.tolist()) == {NOBODY}


def test_the_known_less_a_group_do_not_tell_of_the_hidden_one() -> None:
    """One group is shown and one is not: known and unknown are told to 5, as the group is."""
    made = labelled(12, of="A")
    (found,) = made.further.coverages
    (composed,) = (one for one in made.compositions if one.grouping == "ancestry")
    assert np.isnan(composed.count[composed.parts.index("B")])
    assert found.rounded
    assert found.known % 5 == found.unknown % 5 == 0
    assert found.share == found.known / (found.known + found.unknown)
