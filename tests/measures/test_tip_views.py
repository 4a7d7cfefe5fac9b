"""Tipping points of differences in attribution given the outcome."""

from __future__ import annotations

import numpy as np
import pytest

from evenlight.codec import plain, restore
from evenlight.data.cohort import Cohort
from evenlight.errors import CohortError
from evenlight.measures.compare import compare
from evenlight.measures.tip_views import tip_views
from evenlight.measures.tipped import Tipping
from tests.underdiagnosed import NAMES, underdiagnosed

MISSED, SIGN = 0.4, 1.5
"""Of the ill of B 4 in 10 are not recorded as ill."""


def test_a_difference_that_missed_events_made_tips_before_their_share() -> None:
    """Given the outcome the sign differs; with fewer missed events than 40 % it would not."""
    cohort, made = underdiagnosed(missed=MISSED, sign=SIGN)
    found = compare(made, cohort, by="race", rng=0)
    tipped = tip_views(found, made, cohort, by="race")
    m = tipped.metrics.index("sign")
    assert tipped.verdict[0, m] == "different"
    assert 0.1 < tipped.tip[0, m, 0, 0] < 0.4
    assert tipped.measure == "signed attribution given the outcome"
    assert plain(restore(Tipping, plain(tipped))) == plain(tipped)


def test_label_error_does_not_touch_what_does_not_follow_the_label() -> None:
    """Noise is as similar as before, whatever is recorded."""
    cohort, made = underdiagnosed(6000, missed=MISSED, sign=SIGN)
    found = compare(made, cohort, by="race", rng=0)
    tipped = tip_views(found, made, cohort, by="race")
    m = tipped.metrics.index("noise")
    assert tipped.verdict[0, m] == "similar"
    sign = tipped.metrics.index("sign")
    least = np.where(tipped.reason == "", tipped.tip, tipped.most)[0]
    assert least[m].min() > 0.25
    assert least[m, 0, 0] > least[sign, 0, 0]
    assert tipped.most[0, m].min() > 0.25


def test_a_continuous_outcome_has_no_label_error() -> None:
    """Sensitivity and specificity are of events."""
    cohort, made = underdiagnosed(200, missed=MISSED, sign=SIGN)
    table = cohort.people.assign(y=np.arange(200.0))
    other = Cohort(cohort.x, table, NAMES, outcome="y", groups=["race"], unit="row")
    found = compare(made, cohort, by="race", rng=0)
    with pytest.raises(CohortError, match="binary outcome"):
        tip_views(found, made, other, by="race")
