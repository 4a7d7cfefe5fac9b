"""The figures: they draw what the record says, on the axes they are given, without global state."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from evenlight import figures
from evenlight.figures.ink import COLOURS, MARKS, SIZE
from evenlight.figures.svg import inline
from evenlight.figures.volcano import heights
from tests.made_audit import audit

MADE = audit()
PERFORMANCE, COMPARISON = MADE.performances[0], MADE.comparisons[0]
DRAW = {
    "forest": lambda ax=None: figures.forest(PERFORMANCE, ax=ax),
    "strata": lambda ax=None: figures.strata(MADE.compositions[0], ax=ax),
    "dots": lambda ax=None: figures.dots(PERFORMANCE, "mae", ax=ax),
    "calibration": lambda ax=None: figures.calibration(PERFORMANCE, "White", ax=ax),
    "volcano": lambda ax=None: figures.volcano(COMPARISON, COMPARISON.contrasts[1], ax=ax),
    "importance": lambda ax=None: figures.importance(COMPARISON, ax=ax),
    "reliance": lambda ax=None: figures.reliance_scatter(MADE.reliances[0], ax=ax),
    "quality": lambda ax=None: figures.quality_dots(MADE.qualities[0], ax=ax),
    "number": lambda ax=None: figures.dependence(MADE.dependences[0], ax=ax),
    "states": lambda ax=None: figures.dependence(MADE.dependences[2], ax=ax),
}


def picture(ax: Axes, key: str = "k") -> str:
    """The axes' figure as inline svg."""
    figure = ax.figure
    assert isinstance(figure, Figure)
    return inline(figure, key=key, title="T", text="D")


@pytest.mark.parametrize("name", DRAW)
def test_a_figure_draws_on_given_axes_or_makes_its_own(name: str) -> None:
    """The given axes come back; without any, a new figure is made, and pyplot is not involved."""
    given = Figure().add_subplot()
    assert DRAW[name](given) is given
    assert isinstance(DRAW[name]().figure, Figure)
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or not pyplot.get_fignums()


@pytest.mark.parametrize("name", DRAW)
def test_the_inline_picture_is_plain_and_always_the_same(name: str) -> None:
    """Presentation attributes only, text of 12 px or more, ids with the key, the same bytes."""
    text = picture(DRAW[name]())
    assert text == picture(DRAW[name]())
    root = ElementTree.fromstring(text)
    for node in root.iter():
        assert "style" not in node.attrib
        assert not {"script", "style", "metadata", "image"} & {node.tag.rsplit("}")[-1]}
        assert node.attrib.get("id", "k-").startswith("k-")
        assert float(node.attrib.get("font-size", f"{SIZE}px")[:-2]) * 4 / 3 >= 12
    assert root.attrib["role"] == "img"
    assert root.findall("{*}text")
    assert not re.search(r"\bnan\b|date|matplotlib", text, re.IGNORECASE)


def test_two_pictures_share_no_id() -> None:
    """Keys keep the ids of several pictures of one page apart."""
    ids = [set(re.findall(r'id="([^"]+)"', picture(DRAW["forest"](), key))) for key in ("a", "b")]
    assert ids[0]
    assert not ids[0] & ids[1]


def test_the_settings_of_the_session_are_left_as_they_were() -> None:
    """Drawing and writing change no global setting."""
    before = dict(matplotlib.rcParams)
    picture(DRAW["forest"]())
    assert dict(matplotlib.rcParams) == before


def test_the_forest_is_in_margins() -> None:
    """A difference of 2.76 mg with a margin of 0.887 stands at 3.11; the band ends at one."""
    ax = DRAW["forest"]()
    marks = sorted(
        float(np.ravel(line.get_xdata())[0]) for line in ax.lines if line.get_marker() == "D"
    )
    assert marks == pytest.approx([2.76 / 0.887, 5.45 / 0.887])
    assert "6.14 margins" in figures.forest_text(PERFORMANCE)
    assert "Black or African American \N{MINUS SIGN} Asian" in figures.forest_text(PERFORMANCE)


def test_the_volcano_never_reaches_infinity() -> None:
    """A p of zero draws is drawn at the smallest p that the draws allow."""
    tall = heights(COMPARISON, 0, 1)
    assert tall.max() <= -np.log10(1 / (COMPARISON.draws + 1))
    assert "VKORC1 (+0.52 SD" in figures.volcano_text(COMPARISON, COMPARISON.contrasts[1])


def test_what_cannot_be_asked_is_written_in_the_plot() -> None:
    """A contrast without an estimate says so, in words."""
    ax = figures.volcano(COMPARISON, COMPARISON.contrasts[0])
    assert "cannot be asked here" in picture(ax)
    assert "no difference can be estimated" in figures.volcano_text(
        COMPARISON, COMPARISON.contrasts[0]
    )


def test_checks_are_drawn_in_parts_of_what_is_allowed() -> None:
    """Errors over their limit, scores as the part of 1 they may lose; nothing lies below 0."""
    made = MADE.qualities[0]
    spent = figures.allowed_part(made, made.value)
    assert spent[1, made.metric("background")] == pytest.approx(0.15 / 0.5)
    assert spent[1, made.metric("deletion")] == pytest.approx((1 - 0.99) / 0.5)
    assert spent[1, made.metric("insertion")] == 0.0
    assert len(figures.checked(made)) == 8
    low = replace(made, value=np.where(made.value > 0.9, 0.2, made.value))
    text = figures.quality_text(low)
    assert text.startswith("Nearest to its limit, or furthest beyond: deletion score 0.20 in Asian")
    assert "160 % of what is allowed" in text


def test_groups_differ_by_colour_and_by_mark() -> None:
    """Three groups, three colours, three marks, and their names."""
    ax = DRAW["importance"]()
    lines = [line for line in ax.lines if line.get_linestyle() == "None"]
    assert [line.get_color() for line in lines] == list(COLOURS[:3])
    assert [line.get_marker() for line in lines] == list(MARKS[:3])
    text = picture(ax)
    assert all(level in text for level in COMPARISON.levels)


def test_hidden_cells_are_marked_and_not_drawn() -> None:
    """Two bars hold a suppressed cell: each is marked with an s, and has no height there."""
    composition = MADE.compositions[0]
    ax = DRAW["strata"]()
    assert [t.get_text() for t in ax.texts] == ["s", "s"]
    drawn = sum(bar.get_height() for bar in ax.patches if isinstance(bar, Rectangle))
    assert drawn == pytest.approx(float(np.nansum(composition.cells)))


def test_all_calibration_panels_share_their_range() -> None:
    """Panels can be read side by side."""
    ranges = {figures.calibration(PERFORMANCE, level).get_xlim() for level in PERFORMANCE.levels}
    assert len(ranges) == 1


def test_texts_name_the_extreme() -> None:
    """Each text says which group or subject lies furthest out."""
    assert "lowest in Asian (6.55)" in figures.dots_text(PERFORMANCE, "mae")
    assert "VKORC1" in figures.importance_text(COMPARISON)
    assert "VKORC1 (association 0.340" in figures.reliance_text(MADE.reliances[0])
    assert "Black or African American" in figures.calibration_text(PERFORMANCE)
    assert "furthest apart at" in figures.dependence_text(MADE.dependences[2])
    assert "18 strata of site" in figures.strata_text(MADE.compositions[0])
