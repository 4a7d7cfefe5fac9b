"""F20: the association of features beside their share of the reliance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evenlight import figures
from evenlight.figures.association import together
from evenlight.figures.svg import inline
from evenlight.measures.associations import Association
from tests.made_audit import SUBJECTS, reliance


def association(subjects: tuple[str, ...] = SUBJECTS) -> Association:
    """Race is told by all, VKORC1 well, others hardly; one feature is missing for everybody."""
    s = len(subjects)
    share = np.tile(np.array([0.02, 0.1, 0.15, 0.34, 0.05, 0.96, -0.001, np.nan])[:s], (2, 1))
    gone = np.isnan(share)
    reason = np.where(gone, "missing for everybody", "")
    p = np.where(gone, np.nan, 0.01)
    return Association(
        grouping="race",
        source="self-report",
        levels=("A", "B"),
        measure="eps squared",
        subjects=subjects,
        kind=np.full(s, "number"),
        given=("nothing", "outcome"),
        draws=1000,
        n=np.array([100, 100]),
        strata=np.array([1, 10]),
        dropped=np.array([0, 2]),
        bins=np.array([0, 10]),
        population=np.array(["", ""]),
        share=share,
        p=p,
        p_maxt=p,
        q=p,
        reason=reason,
        information=share,
        information_reason=reason,
        drift=None,
        sets=None,
    )


def words(ax: Axes) -> set[str]:
    """The labels in a plot."""
    return {text.get_text() for text in ax.texts}


def marks(ax: Axes) -> int:
    """The marks in a plot, the line at zero aside."""
    lines = [line for line in ax.lines if line.get_linestyle() == "None"]
    return sum(len(np.asarray(line.get_xdata())) for line in lines)


def test_every_feature_with_both_numbers_has_a_mark_and_few_have_names() -> None:
    """Seven of eight are drawn; the largest shares and the best teller are named."""
    ax = figures.association_scatter(association(), reliance())
    assert marks(ax) == figures.association_points(association(), reliance()) == 7
    assert {"VKORC1", "race"} <= words(ax)
    assert len(words(ax)) < 7


def test_marks_stand_at_their_numbers_given_the_outcome() -> None:
    """X is the association, along y the share of the reliance, both given the outcome."""
    told, relied = association(), reliance()
    ax = figures.association_scatter(told, relied)
    seen = {
        (round(float(x), 9), round(float(y), 9))
        for line in ax.lines
        if line.get_linestyle() == "None"
        for x, y in zip(np.asarray(line.get_xdata()), np.asarray(line.get_ydata()), strict=True)
    }
    g, h = told.given.index("outcome"), relied.given.index("outcome")
    slow = {
        (round(float(told.share[g, j]), 9), round(float(relied.share[h, j]), 9)) for j in range(7)
    }
    assert seen == slow


def test_subjects_are_matched_by_name_and_not_by_place() -> None:
    """An association in another order gives the same points."""
    turned = replace(association(), subjects=SUBJECTS[::-1])
    given, here, there, g, h = together(turned, reliance())
    assert (given, turned.given[g], reliance().given[h]) == ("outcome",) * 3
    assert [turned.subjects[j] for j in here] == [reliance().subjects[j] for j in there]


def test_nothing_in_common_draws_nothing() -> None:
    """Other subjects, as sets, or no condition that both were asked: no point, and a sentence."""
    other = replace(association(), subjects=tuple(f"x{j}" for j in range(8)))
    assert figures.association_points(other, reliance()) == 0
    assert figures.association_text(other, reliance()).startswith("0 features")
    unlike = replace(reliance(), given=("all", "some", "none"))
    assert figures.association_points(association(), unlike) == 0
    assert isinstance(figures.association_scatter(other, reliance()).figure, Figure)


def test_the_picture_is_plain_and_says_what_it_shows() -> None:
    """The same bytes twice; the text names the best teller and the largest share."""
    figure = figures.association_scatter(association(), reliance()).figure
    assert isinstance(figure, Figure)
    first = inline(figure, key="k", title="T", text="D")
    assert first == inline(figure, key="k", title="T", text="D")
    assert "nan" not in first
    text = figures.association_text(association(), reliance())
    assert "race tells race best (association 0.96" in text
    assert "through VKORC1" in text
