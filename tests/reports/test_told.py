"""F7, F9, F10 and F14, sections B5 and C3, numbers under figures, and marks that can be reached."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from evenlight import figures, reports
from evenlight.data.digits import percent
from evenlight.figures.worst_group import tradeoff
from evenlight.further import Further
from evenlight.measures.agreement import RankAgreement
from evenlight.measures.decisions import Decisions
from evenlight.measures.leakage import Leakage
from evenlight.reports.drawings import drawings
from evenlight.stats.curve import dealt_band, reliance_curve
from tests.html_tree import Node, tree
from tests.made_audit import LEVELS, PAIRS, SUBJECTS, audit
from tests.wide_audit import wide_audit


def text(*shape: int, fill: str = "") -> np.ndarray:
    """Words of one shape."""
    return np.full(shape, fill, dtype="<U60")


def leakage() -> Leakage:
    """Values tell every pair but the first, which cannot be asked; the output hardly does."""
    auc = np.array([[np.nan, 0.56, 0.52], [np.nan, 0.97, 0.9]])
    reason = text(2, 3)
    reason[:, 0] = "no overlap"
    verdict = np.array([["not_estimable", "cannot_tell", "similar"],
                        ["not_estimable", "different", "different"]])  # fmt: skip
    return Leakage(
        grouping="race", source="self-report", levels=LEVELS, contrasts=PAIRS,
        names=("output", "values"), kinds=("output", "values"), given="outcome", target="dose",
        margin=0.05, alpha=0.05, draws=199, folds=5,
        n=np.where(np.isnan(auc)[..., None], np.nan, 200.0) + np.zeros((2, 3, 2)),
        auc=auc, low=auc - 0.03, high=np.minimum(auc + 0.03, 1.0), expected=0 * auc + 0.5,
        alone=0 * auc + 0.51, p=0 * auc + 0.01, holm=0 * auc + 0.02, verdict=verdict,
        population=text(2, 3), reason=reason,
    )  # fmt: skip


def agreement() -> RankAgreement:
    """Rankings of which the top share less than noise leaves, at every depth but the last."""
    depths = np.array([1, 2, 4, 8])
    top = np.tile([0.0, 0.5, 0.5, 1.0], (3, 1))
    four = np.full((3, 4), 0.6)
    return RankAgreement(
        grouping="race", source="self-report", levels=LEVELS, contrasts=PAIRS, subjects=SUBJECTS,
        statistics=("RBO", "top-k Jaccard", "Spearman", "Kendall"), k=4, target="dose", alpha=0.05,
        draws=199, n=np.full((3, 2), 200), value=four, low=four - 0.1, high=four + 0.1,
        expected=four + 0.2, expected_low=four + 0.1, p=four, reason=text(3, 4), depths=depths,
        top=top, top_expected=np.tile([0.9, 0.9, 0.9, 1.0], (3, 1)),
        top_low=np.tile([0.6, 0.6, 0.7, 1.0], (3, 1)),
    )  # fmt: skip


def decisions() -> Decisions:
    """Two thresholds can be held against each other; at the third a group is hidden."""
    utility = np.array([[0.30, 0.32, 0.2], [0.2, 0.1, np.nan], [0.4, 0.5, 0.3], [0.3, 0.4, 0.2]])
    reason = np.where(np.isnan(utility), "fewer than 11 people decided one way", "")
    benefit, one = utility * 0 + 0.1, np.zeros(1)
    benefit = np.nan_to_num(benefit, nan=0.1)
    return Decisions(
        grouping="race", source="self-report", levels=LEVELS, parts=("overall", *LEVELS),
        target="dose", threshold=0.5, alpha=0.05, draws=99, rates=None,
        thresholds=np.array([0.4, 0.5, 0.6]), net_benefit=benefit, net_low=benefit - 0.05,
        net_high=benefit + 0.05, treat_all=benefit - 0.2, curve_reason=text(4, 3), utility=utility,
        utility_reason=reason, summaries=("worst_mae",), given=("nothing",), of=text(1), left=("",),
        value=one, low=one, high=one, null=one, p=one, reason=text(1),
    )  # fmt: skip


@pytest.fixture(scope="module")
def root() -> Node:
    """The made audit's page with all of it."""
    beside = Further(leakages=(leakage(),), agreements=(agreement(),), decisions=(decisions(),))
    return tree(reports.build(replace(audit(), further=beside)))


def region(root: Node, key: str) -> Node:
    """The element of this id."""
    return next(n for n in root.walk() if n.attributes.get("id") == key)


def test_what_tells_the_group_has_a_section_of_its_own(root: Node) -> None:
    """B5 holds F10 and T5k; B4 holds neither; without such a measure there is no B5."""
    assert region(root, "f10") in list(region(root, "b5").walk())
    assert region(root, "t5k") in list(region(root, "b5").walk())
    assert "f10" not in {n.attributes.get("id") for n in region(root, "b4").walk()}
    assert "b5" not in {n.attributes.get("id") for n in tree(reports.build(audit())).walk()}


def test_bars_end_at_their_auc_and_a_pair_that_cannot_be_asked_is_not_drawn() -> None:
    """A bar goes from a half to its AUC; the ring stands at the outcome's own."""
    ax = figures.leakage_bars(leakage(), 1)
    bars = [bar for bar in ax.patches[1:] if isinstance(bar, Rectangle)]
    assert [bar.get_width() for bar in bars] == pytest.approx([0.06, 0.47])
    rings = [line for line in ax.lines if line.get_marker() == "o"]
    assert {float(np.ravel(line.get_xdata())[0]) for line in rings} == {0.51}
    drawn = drawings(replace(audit(), further=Further(leakages=(leakage(),))))["F10"].svg
    assert drawn.count("AUC of unseen people") == 2


def test_the_top_is_told_at_each_depth_beside_what_noise_leaves(root: Node) -> None:
    """F7 is drawn at every depth; its table has the numbers of the record."""
    ax = figures.rank_curve(agreement(), 0)
    curve = next(line for line in ax.lines if line.get_marker() == "o")
    assert np.asarray(curve.get_ydata()).tolist() == [0.0, 0.5, 0.5, 1.0]
    rows = region(root, "f7n").all("tbody")[0].all("tr")
    assert [cell.text() for cell in rows[1].all("td")] == ["2", "50 %", "90 %", "60 %"]
    assert "50 % of the 4 most important are the same" in figures.rank_text(agreement(), 0)


def test_the_worst_group_is_the_one_with_least_utility(root: Node) -> None:
    """Thresholds at which a group is hidden are left out; the deployed one has its ring."""
    at, overall, least, group = tradeoff(decisions())
    assert at.tolist() == [0.4, 0.5]
    assert overall.tolist() == [0.30, 0.32]
    assert least.tolist() == [0.2, 0.1]
    assert [LEVELS[g] for g in group] == ["Asian", "Asian"]
    assert "Best for the worst group: threshold 0.40" in figures.worst_text(decisions())
    assert len(region(root, "f14n").all("tbody")[0].all("tr")) == 2


def test_shares_dealt_at_random_lie_inside_the_band() -> None:
    """Of 400 curves whose shares were dealt at random 95 % lie inside the band at each step."""
    rng = np.random.default_rng(0)
    association = rng.uniform(size=30)
    mass = rng.dirichlet(np.ones(30))
    low, high = dealt_band(mass, association, rng=rng, draws=999)
    held = np.zeros(30)
    for _ in range(400):
        height = reliance_curve(rng.permutation(mass), association).height
        held += (height >= low - 1e-12) & (height <= high + 1e-12)
    assert (held / 400 > 0.91).all()
    assert 0.93 < held[:-1].mean() / 400 < 0.97


def test_mass_on_what_tells_the_group_leaves_the_band() -> None:
    """Where the largest shares lie on what tells the group best, the curve is above its band."""
    association = np.linspace(0.01, 0.9, 40)
    mass = np.linspace(1, 9, 40) ** 3
    mass /= mass.sum()
    curve = reliance_curve(mass, association)
    low, high = dealt_band(mass, association, rng=np.random.default_rng(1))
    assert (curve.height[5:35] > high[5:35]).all()
    assert (low <= high).all()


def test_other_margins_show_the_limit_that_decides(root: Node) -> None:
    """T22 has a row a question; the far limit is the end of the interval that lies furthest out."""
    rows = region(root, "t22").all("tbody")[0].all("tr")
    made = audit()
    assert len(rows) == len(made.answers)
    assert rows[0].all("td")[-1].text() == "+6.3"
    assert "No other choice was tried" in region(root, "c3").text()


def test_verdicts_of_each_grouping_are_counted(root: Node) -> None:
    """Each row of T24 adds up to the judged comparisons of its record."""
    rows = region(root, "t24").all("tbody")[0].all("tr")
    numbers = [[int(c.text()) for c in row.all("td")[1:]] for row in rows]
    assert sum(numbers[0]) == int((audit().performances[0].verdict != "").sum())
    assert sum(numbers[1]) == audit().comparisons[0].verdict.size


def test_the_most_telling_marks_can_be_reached_and_say_what_they_are(root: Node) -> None:
    """Named marks of F5 and F8 have an id, a title and a tab stop; their picture hides no focus."""
    for key, of in (("f5", "VKORC1, Black"), ("f8", "VKORC1: association 0.340")):
        figure = region(root, key)
        marks = [n for n in figure.walk() if n.tag == "g" and n.attributes.get("tabindex") == "0"]
        assert marks
        assert all(m.attributes["id"].startswith(f"{key}s-") for m in marks)
        assert any(m.all("title")[0].text().startswith(of) for m in marks)
        assert figure.all("svg")[0].attributes["role"] == "group"
        inside = {id(n) for g in figure.walk() if "aria-hidden" in g.attributes for n in g.walk()}
        assert not any(id(mark) in inside for mark in marks)


def test_a_page_of_many_contrasts_leaves_out_what_stands_beside() -> None:
    """At ten contrasts neither marks to reach nor folded numbers nor C3 nor F9 are there."""
    page = reports.build(wide_audit(60, 5))
    assert "Numbers of figure" not in page
    assert not {'id="c3"', 'id="f9"', 'tabindex="0" role="img"'} & set(
        re.findall(r'\S+="[^"]*"', page)
    )


def test_numbers_under_a_figure_are_those_of_the_record(root: Node) -> None:
    """The first row under F4 is the first bin of the first group."""
    record = json.loads(audit().to_json())["performances"][0]
    row = region(root, "f4n").all("tbody")[0].all("tr")[0]
    assert row.attributes["data-ref"].split()[0] == "levels/0"
    seen = record["curve_observed"][0][0]
    assert row.all("td")[1].text().startswith(f"{seen:.0f}"[:2])
    assert percent(0.5) == "50 %"


def test_figures_stand_on_given_axes() -> None:
    """Each new figure draws on the axes that it is given."""
    draws: tuple[Callable[[Axes], Axes], ...] = (
        lambda ax: figures.leakage_bars(leakage(), 1, ax=ax),
        lambda ax: figures.rank_curve(agreement(), 0, ax=ax),
        lambda ax: figures.worst_group(decisions(), ax=ax),
        lambda ax: figures.reliance_curve(audit().reliances[0], ax=ax),
    )
    for draw in draws:
        given = Figure().add_subplot()
        assert draw(given) is given
