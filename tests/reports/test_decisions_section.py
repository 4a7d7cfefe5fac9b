"""Tables and pictures of decisions, matched people, tipping points and axes."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from evenlight.figures.along import along_curve, along_text
from evenlight.figures.decision import decision_curve, decision_text
from evenlight.measures.along import PerformanceAlong
from evenlight.measures.decide import decide
from evenlight.measures.decisions import Decisions
from evenlight.measures.match import match
from evenlight.measures.perform import Judging
from evenlight.measures.perform_along import perform_along
from evenlight.measures.tip import tip
from evenlight.reports.decided import decided, walked
from evenlight.reports.sections import decisions as shown
from tests.measures import test_along, test_decide, test_tip_rate


@pytest.fixture(scope="module")
def made() -> Decisions:
    """Decisions on three groups."""
    cohort, said = test_decide.people(900)
    return decide(said, cohort, by="race", judging=Judging(threshold=0.4))


@pytest.fixture(scope="module")
def walk() -> PerformanceAlong:
    """Performance along two components."""
    cohort, said, axes = test_along.people(300)
    return perform_along(said, cohort, along=axes)


def test_every_rate_and_summary_is_on_the_page(made: Decisions) -> None:
    """Each group has a row of rates, each summary its value, limits and chance."""
    text = "".join(str(table) for table in shown.rates("t3", made))
    assert made.rates is not None
    assert "acting at 0.4" in " ".join(re.sub("<[^>]*>", "", text).split())
    for word in ("positive predictive value", "false-negative rate", "call rate, largest gap"):
        assert word in text
    assert text.count("<tr") == 2 + len(made.parts) + len(made.summaries)
    value = made.rates.value[0, made.rates.metric("ppv")]
    assert f"{value:.2f}" in text
    assert not re.search(r"\b(fair|unbiased|safe)\b", text)


def test_decision_curves_stop_where_nothing_is_shown(made: Decisions) -> None:
    """The line has the record's numbers and gaps; the words name each group's range."""
    line = decision_curve(made, "B").lines[1]
    np.testing.assert_array_equal(line.get_ydata(), made.net_benefit[made.parts.index("B")])
    words = decision_text(made)
    assert all(f"{level}: better than calling everybody" in words for level in "ABC")
    drawing = next(iter(decided(made, 2)))
    assert drawing.key == "F18-2"
    assert ElementTree.fromstring(drawing.svg).attrib["role"] == "img"
    assert len(drawing.svg) < 25_000


def test_a_group_without_a_curve_says_why() -> None:
    """Too few events: words in place of a line."""
    cohort, said = test_decide.people(40)
    few = decide(said, cohort, by="race")
    assert "too few people" in decision_text(few)
    ax = decision_curve(few, "A")
    assert any("fewer than 11" in t.get_text() for t in ax.texts)


def test_an_axis_is_drawn_and_told(walk: PerformanceAlong) -> None:
    """Slopes in the table with their sign; the curve is the record's."""
    text = str(shown.slopes("t3x", walk))
    assert text.count("mean absolute error") == 2
    assert "PC1" in along_text(walk)
    curve = along_curve(walk, "PC1", "mae").lines[1]
    np.testing.assert_array_equal(curve.get_ydata(), walk.curve[0, 0])
    assert [d.key for d in walked(walk, 1)] == ["F19"]


def test_label_error_is_told_for_verdicts_only() -> None:
    """One line a verdict that could be overturned, none where nothing was judged."""
    cohort, said = test_tip_rate.missed(2000, 0.3)
    judged = tip(said, cohort, by="race", judging=Judging(threshold=0.5))
    asked = int(np.isin(judged.verdict, ["similar", "different"]).sum())
    assert asked > 0
    assert str(shown.tips(judged)).count("<li") == asked
    few, other = test_tip_rate.missed(60, 0.0)
    assert shown.tips(tip(other, few, by="race")) is None


def test_matched_people_have_a_row_a_contrast() -> None:
    """Pairs, difference, adjusted, distance, decisions; reasons where there is none."""
    cohort, said = test_decide.people(600)
    text = str(shown.pairs("t3", match(said, cohort, by="race")))
    assert text.count("<tr") == 1 + 3
    assert "no threshold is given" in text
