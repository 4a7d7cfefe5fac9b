"""What is withheld where explanations cannot be trusted, and fault 38."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.probed import Contrasts
from evenlight.measures.compare import compare
from evenlight.measures.comparison import Comparison
from evenlight.measures.rely import rely
from evenlight.measures.withhold import withheld, withheld_reliance
from tests.measures.test_quality import attributions, people


def compared() -> tuple[Comparison, Cohort, Attributions]:
    """A comparison with all kinds of views, of three groups."""
    cohort = people(few=60)
    x = cohort.dense().copy()
    x[cohort.grouping("race").members("B"), 0] += 2
    cohort = Cohort(x, cohort.people, outcome="y", groups=["race"], unit="row")
    change = np.ones_like(x) + 0.1 * x
    moved = Contrasts(
        cohort.rows, cohort.features.names, ("0",) * 3, ("1",) * 3, change, change, "f", "identity"
    )
    made = attributions(cohort)
    return compare(made, cohort, by="race", contrasts=moved), cohort, made


def test_withholding_blanks_attributions_and_leaves_use_alone() -> None:
    """Signed and magnitude lose their numbers in that contrast; use and others keep every bit."""
    made, _, _ = compared()
    found = withheld(made, ["", "explanation unreliable: why", ""])
    for v, view in enumerate(made.views):
        hit = view.name != "use"
        for c in range(3):
            for name in ("effect", "low", "high", "p", "verdict", "mechanism", "reason", "more"):
                before, after = getattr(made, name)[v, c], getattr(found, name)[v, c]
                if not (hit and c == 1):
                    np.testing.assert_array_equal(after, before)
            if hit and c == 1:
                assert np.isnan(found.effect[v, c]).all()
                assert (found.verdict[v, c] == "not_estimable").all()
                assert (found.reason[v, c] == "explanation unreliable: why").all()
    assert withheld(made, ["", "", ""]) is made
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        withheld(made, ["why"])


def test_a_reliance_is_withheld_whole() -> None:
    """Every share, total and slope goes; how far values tell the group stays."""
    _, cohort, attributed = compared()
    made = rely(attributed, cohort, by="race")
    found = withheld_reliance(made, "explanation unreliable: why")
    assert withheld_reliance(made, "") is made
    for name in ("share", "total", "slope", "raw_total"):
        assert np.isnan(getattr(found, name)).all(), name
    assert set(found.verdict.ravel()) == {"not_estimable"}
    assert set(found.support) == {"unresolved"}
    np.testing.assert_array_equal(found.association, made.association)


def test_more_than_five_percent_lost_rows_are_no_comparison() -> None:
    """Fault 38: signed, magnitude and reliance say so; use has no need of attributions."""
    _, cohort, attributed = compared()
    lost = np.zeros(cohort.n, dtype=bool)
    lost[np.flatnonzero(cohort.grouping("race").members("B"))[:12]] = True
    change = np.ones((cohort.n, 3))
    moved = Contrasts(
        cohort.rows, cohort.features.names, ("0",) * 3, ("1",) * 3, change, change, "f", "identity"
    )
    found = compare(replace(attributed, converged=~lost), cohort, by="race", contrasts=moved)
    c, v = found.contrast("B", "A"), found.view("signed")
    assert (found.verdict[v, c] == "not_estimable").all()
    assert found.reason[v, c, 0] == (
        "explanation unreliable: more than 5 % of the rows in B did not converge"
    )
    assert (found.verdict[found.view("use"), c] == "similar").all()
    assert (found.verdict[v, found.contrast("C", "A")] != "not_estimable").all()
    told = rely(replace(attributed, converged=~lost), cohort, by="race")
    assert (told.total_verdict == "not_estimable").all()
    assert told.total_reason[0].startswith("explanation unreliable: more than 5 %")


def test_other_shares_of_lost_rows_are_no_comparison() -> None:
    """Fault 38: none against 4 % of 500 people; 4 % in both groups is no difference."""
    cohort = people(1000)
    lost = np.zeros(1000, dtype=bool)
    lost[1:40:2] = True
    one = compare(attributions(cohort, lost), cohort, by="race")
    assert one.reason[0, 0, 0] == (
        "explanation unreliable: other shares of the rows in B and A did not converge"
    )
    lost[:40] = True
    both = compare(attributions(cohort, lost), cohort, by="race")
    assert (both.reason == "").all()
