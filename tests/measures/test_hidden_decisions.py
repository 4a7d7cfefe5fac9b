"""Decision curves and summaries do not tell what performance hides."""

from __future__ import annotations

import numpy as np

from evenlight.codec import plain
from evenlight.measures.decide import decide
from evenlight.measures.decisions import Decisions
from evenlight.measures.judging import Judging
from tests.measures.test_hidden_people import ONE, TWO, by, events, foretold, people


def made(sizes: dict[str, int], others: int = 0) -> Decisions:
    """Decisions by race."""
    cohort = people(sizes, others=others)
    return decide(foretold(cohort), cohort, by=by(cohort, "race"), judging=Judging(threshold=0.5))


def test_decisions_are_the_same_whatever_hidden_people_are_like() -> None:
    """One or two hidden parts move no rate, no curve and no summary."""
    for sizes in (ONE, TWO):
        first = {k: v for k, v in plain(made(sizes)).items() if k != "cohort_digest"}
        again = {k: v for k, v in plain(made(sizes, 1)).items() if k != "cohort_digest"}
        assert str(first) == str(again)


def test_the_worst_of_all_groups_is_told_as_coarsely_as_its_group() -> None:
    """The worst Brier score and net benefits are steps, not exact means of a shown group."""
    found = made(ONE)
    assert found.rates is not None
    for name in ("worst_brier", "worst_sensitivity"):
        value = float(found.value[found.summaries.index(name)])
        assert round(value, 4) == value, name
    shown = found.net_benefit[np.isfinite(found.net_benefit)]
    np.testing.assert_allclose(shown, shown.round(3), atol=1e-12)


def test_overall_curves_are_of_groups_with_enough_deaths() -> None:
    """Three deaths of 40 are in no curve: overall it is that of the 350 others, to 0.01."""
    cohort = events({"a": (200, 63), "b": (150, 44), "c": (40, 3)})
    found = decide(foretold(cohort), cohort, by="race")
    fewer = cohort.take(np.flatnonzero((cohort.people["race"] != "c").to_numpy()))
    alone = decide(foretold(fewer), fewer, by="race")
    same = np.intersect1d(found.thresholds, alone.thresholds)
    assert len(same)
    at, there = (np.isin(one.thresholds, same) for one in (found, alone))
    near = np.abs(found.net_benefit[0, at] - alone.net_benefit[0, there])
    assert np.nanmax(near) <= 0.0051
    assert np.isnan(found.net_benefit[3]).all()
