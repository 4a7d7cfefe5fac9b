"""Missing labels and two labels: coverage, bounds, and what depends on the label."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenlight import codec
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.errors import GroupError
from evenlight.measures import testing as how
from evenlight.measures.coverage import Coverage, label_coverage
from evenlight.measures.labels import LabelAgreement, label_agreement
from evenlight.stats.bounds import worst_case
from tests.given import made_of

QUICK = how.Testing(draws=499)


def cohort_of(labels: list[str | None], **roles: object) -> Cohort:
    """People with these labels, a site and a binary outcome."""
    n = len(labels)
    rng = np.random.default_rng(0)
    people = pd.DataFrame(
        {"race": labels, "site": rng.choice(["s", "t"], n), "y": rng.integers(0, 2, n)},
        index=[f"p{i:04d}" for i in range(n)],
    )
    return Cohort(np.zeros((n, 3)), people, unit="row", groups=["race"], **roles)  # type: ignore[arg-type]


@given(st.integers(0, 10_000), st.integers(0, 5), st.booleans())
def test_bounds_equal_a_trial_of_every_place(seed: int, m: int, elsewhere: bool) -> None:
    """The greedy bounds are the extremes over all assignments of the unknown."""
    rng = np.random.default_rng(seed)
    a, b, unknown = rng.normal(size=3), rng.normal(size=2), rng.normal(size=m) * 2
    seen = []
    for places in product((0, 1, 2) if elsewhere else (0, 1), repeat=m):
        at = np.array(places, dtype=int)
        first, second = np.r_[a, unknown[at == 0]], np.r_[b, unknown[at == 1]]
        seen.append(first.mean() - second.mean())
    low, high = worst_case(a[:, None], b[:, None], unknown[:, None], elsewhere=elsewhere)
    assert low[0] == pytest.approx(min(seen))
    assert high[0] == pytest.approx(max(seen))


def test_unknown_people_who_are_unlike_are_told() -> None:
    """60 of 300 unknown, whose attribution 0 and output are higher: found, the others not."""
    rng = np.random.default_rng(1)
    labels: list[str | None] = [None if i % 5 == 0 else "AB"[i % 2] for i in range(300)]
    cohort = cohort_of(labels, strata=["site"], outcome="y")
    values = rng.normal(size=(300, 3))
    values[::5, 0] += 1.5
    found = label_coverage(made_of(cohort, values), cohort, by="race", testing=QUICK)
    assert (found.known, found.unknown, found.share) == (240, 60, 0.8)
    assert found.asked[:2] == ("(the output)", "(the outcome)")
    assert (found.p_maxt[[0, 2]] <= 0.01).all()
    assert (found.p_maxt[[1, 3, 4]] > 0.05).all()
    assert (found.least <= found.difference).all()
    assert (found.difference <= found.most).all()
    assert codec.restore(Coverage, codec.plain(found)).to_frame().equals(found.to_frame())
    assert len(found.bounds_frame()) == 3


def test_a_large_difference_holds_wherever_the_unknown_belong() -> None:
    """12 unknown of 212 cannot overturn three SD, and can overturn a difference of nothing."""
    rng = np.random.default_rng(2)
    labels: list[str | None] = [None] * 12 + ["A", "B"] * 100
    cohort = cohort_of(labels)
    values = rng.normal(size=(212, 3))
    values[13::2, 0] += 3.0
    found = label_coverage(made_of(cohort, values), cohort, by="race", testing=QUICK)
    assert found.holds[0, 0] == "yes"
    assert found.holds[0, 2] == "no"


def test_few_unknown_are_counted_but_not_shown() -> None:
    """Five unknown: no number of them, no test, and the reason says so."""
    cohort = cohort_of([None] * 5 + ["A", "B"] * 40)
    values = np.random.default_rng(3).normal(size=(85, 3))
    found = label_coverage(made_of(cohort, values), cohort, by="race", testing=QUICK)
    assert np.isnan(found.unknown)
    assert found.count_reason == "suppressed (<11)"
    assert found.share == pytest.approx(75 / 85)
    assert "fewer than 11 units" in found.reason[0]
    whole = cohort_of(["A", "B"] * 40)
    again = label_coverage(made_of(whole, values[5:]), whole, by="race", testing=QUICK)
    assert again.reason[0] == "everybody's label is known"
    assert again.share == 1.0


def test_two_labels_that_differ_for_some_change_some_conclusions() -> None:
    """40 of 200 differ between self-report and genetic label; what hangs on it is listed."""
    rng = np.random.default_rng(4)
    self_report = np.array(["A", "B"] * 100)
    genetic = self_report.copy()
    genetic[:40] = np.where(genetic[:40] == "A", "B", "A")
    cohort = cohort_of(self_report.tolist())
    values = rng.normal(size=(200, 3)) * 0.7
    values[genetic == "B", 0] += 1.0
    ids = pd.Index(cohort.rows)
    second = Groups.from_labels("genetic", pd.Series(genetic, index=ids), source="genetic")
    found = label_agreement(made_of(cohort, values), cohort, by=("race", second), testing=QUICK)
    assert found.discordant == 40
    assert found.agree == pytest.approx(0.8)
    assert found.kappa == pytest.approx(0.6)
    assert found.compared >= 6
    assert found.sources == ("record", "genetic")
    assert found.count.sum() == 200
    back = codec.restore(LabelAgreement, codec.plain(found))
    assert back.changed == found.changed


def test_few_discordant_units_are_suppressed() -> None:
    """Three that differ are neither counted nor solved for."""
    labels = np.array(["A", "B"] * 50)
    other = np.where(labels == "A", "afr", "eur")
    other[0], other[2], other[4] = "eur", "eur", "eur"
    cohort = cohort_of(labels.tolist())
    values = np.random.default_rng(5).normal(size=(100, 3))
    second = Groups.from_labels("genetic", pd.Series(other, index=pd.Index(cohort.rows)))
    made = made_of(cohort, values)
    with pytest.raises(GroupError, match="same="):
        label_agreement(made, cohort, by=("race", second), testing=QUICK)
    same = {"afr": "A", "eur": "B"}
    found = label_agreement(made, cohort, by=("race", second), same=same, testing=QUICK)
    assert np.isnan(found.discordant)
    assert found.discordant_reason == "suppressed (<11)"
    assert found.reason[0, 1] == "suppressed (<11)"
    assert found.agree == pytest.approx(0.9)
    assert np.isnan(found.kappa)
