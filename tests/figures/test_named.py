"""Names beside marks, and what says in a notebook what the marks are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text

from evenlight import figures, pl
from evenlight.arrays import Float
from evenlight.figures.ink import COLOURS
from evenlight.figures.locus import Places
from evenlight.figures.naming import name_marks
from evenlight.figures.volcano import heights, outstanding
from evenlight.measures.comparison import Comparison
from tests.made_audit import audit

MADE = audit()
COMPARISON, RELIANCE = MADE.comparisons[0], MADE.reliances[0]
PAIR = COMPARISON.contrasts[1]


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Nothing opens a window, and no figure stays open."""
    pyplot.switch_backend("agg")
    yield
    pyplot.close("all")


def boxes(ax: Axes, texts: list[Text]) -> list[Any]:
    """Where texts stand once the figure is drawn, in px."""
    figure = ax.figure
    assert isinstance(figure, Figure)
    figure.canvas.draw()
    return [text.get_window_extent() for text in texts if text.get_text()]


def covered(ax: Axes, points: Float) -> int:
    """How many pairs of names, and of a name and the middle of a mark, lie on each other."""
    found = boxes(ax, list(ax.texts))
    at = ax.transData.transform(points)
    on = sum(bool(box.contains(*point)) for box in found for point in at)
    return on + sum(bool(a.overlaps(b)) for a, b in combinations(found, 2))


def crowd(n: int = 40) -> tuple[Comparison, Float]:
    """A comparison whose n subjects lie on the floor of p and at p = 1, and their places."""
    rng = np.random.default_rng(0)
    names = tuple(f"ENSG{j:05d}" for j in range(n))
    shape = (len(COMPARISON.views), len(COMPARISON.contrasts), n)
    half = np.arange(n) < n // 3
    effect = np.broadcast_to(np.where(half, 0.8, 0.0) + 0.05 * rng.normal(size=n), shape).copy()
    numbers: dict[str, Any] = {
        name: np.broadcast_to(getattr(COMPARISON, name)[..., :1], shape).copy()
        for name in ("se", "df", "p", "q", "reason", "more", "more_in", "mechanism", "extent")
    }
    levels: dict[str, Any] = {
        name: np.zeros((len(COMPARISON.levels), n))
        for name in ("mean", "importance", "importance_low", "importance_high")
    }
    own = np.zeros((len(COMPARISON.contrasts), n))
    made = replace(
        COMPARISON, subjects=names, effect=effect, low=effect - 0.1, high=effect + 0.1,
        p_maxt=np.broadcast_to(np.where(half, 0.0, 1.0), shape).copy(),
        verdict=np.broadcast_to(np.where(half, "different", "cannot_tell"), shape).copy(),
        level_reason=np.full(len(COMPARISON.levels), ""), noise_share=own, background_share=own,
        **numbers, **levels,
    )  # fmt: skip
    return made, np.column_stack([effect[0, 1], heights(made, 0, 1)])


def test_names_of_a_volcano_lie_on_nothing() -> None:
    """Where p is 1, and where many are at the floor, no name lies on a mark or on another."""
    made, points = crowd()
    ax = pl.volcano(made, contrast=PAIR, label=12, show=False)
    assert ax is not None
    assert 2 <= len(ax.texts) <= 12
    assert covered(ax, points) == 0
    assert ax.get_ylim()[0] < 0


def told_of(effect: list[float], p: list[float], verdict: list[str]) -> Comparison:
    """The comparison of `crowd` with these differences, adjusted p and verdicts in all views."""
    made, _ = crowd(len(effect))
    shape = made.effect.shape
    each: dict[str, Any] = {"effect": effect, "p_maxt": p, "verdict": verdict}
    own: dict[str, Any] = {k: np.broadcast_to(np.array(v), shape).copy() for k, v in each.items()}
    return replace(made, **own)


def test_what_is_told_to_differ_is_named_first() -> None:
    """Then what lies below the line of p, then what is beyond the margin; never the crowd."""
    made = told_of(
        [0.0, 0.3, -0.06, 0.5, 0.02, 0.2],
        [1.0, 0.2, 0.0003, 0.02, 1.0, 0.001],
        ["cannot_tell", "cannot_tell", "similar", "different", "cannot_tell", "different"],
    )
    assert outstanding(made, (0, made.contrast(*PAIR))) == [5, 3, 2, 1]
    ax = pl.volcano(made, contrast=PAIR, label=3, show=False)
    assert ax is not None
    assert [t.get_text() for t in ax.texts] == [made.subjects[j] for j in (5, 3, 2)]


def test_names_stand_beside_their_marks() -> None:
    """With room, every mark has its name within 30 px; without any, it has none."""
    figure = Figure(figsize=(6, 4))
    ax = figure.add_subplot()
    points = np.random.default_rng(1).uniform(0.1, 0.9, (12, 2))
    ax.plot(*points.T, "o")
    ax.set(xlim=(0, 1), ylim=(0, 1))
    name_marks(ax, [(f"n{i}", *point) for i, point in enumerate(points)], points)
    assert [text.get_text() for text in ax.texts] == [f"n{i}" for i in range(12)]
    for box, at in zip(boxes(ax, list(ax.texts)), ax.transData.transform(points), strict=True):
        assert np.hypot(*(at - np.clip(at, box.min, box.max))) < 30
    assert covered(ax, points) == 0
    grid = np.stack(np.meshgrid(*[np.linspace(0, 1, 60)] * 2), axis=-1).reshape(-1, 2)
    full = Figure(figsize=(6, 4)).add_subplot()
    full.set(xlim=(0, 1), ylim=(0, 1))
    name_marks(full, [("none", 0.5, 0.5)], grid)
    assert not full.texts


def test_the_names_of_the_quadrants_lie_on_no_mark() -> None:
    """A mark at 0 is above the captions at the bottom."""
    mass = np.linspace(0, 0.3, len(RELIANCE.subjects))
    made = replace(RELIANCE, mass=mass)
    ax = pl.reliance(made, show=False)
    assert ax is not None
    assert covered(ax, np.column_stack([made.association, mass])) == 0


def test_a_notebooks_figure_says_what_its_marks_are() -> None:
    """Verdicts that occur, the margin, and what a diamond of reliance is."""
    made, _ = crowd()
    told = {
        "volcano": pl.volcano(made, contrast=PAIR, show=False),
        "ranking": pl.ranking(made, contrast=PAIR, top=6, show=False),
        "reliance": pl.reliance(RELIANCE, show=False),
    }
    found = {}
    for name, ax in told.items():
        assert ax is not None
        (legend,) = ax.figure.legends
        found[name] = [text.get_text() for text in legend.get_texts()]
    verdicts = ["different", "cannot tell", "margin 0.1"]
    assert found == {
        "volcano": verdicts,
        "ranking": verdicts,
        "reliance": ["used above an equal share, and tells the group", "any other"],
    }


@pytest.mark.parametrize("scale", [1.0, 1e-3, 1e-5])
def test_numbers_below_a_ranking_have_room(scale: float) -> None:
    """At most five, none on another, however small the limits are."""
    made, _ = crowd()
    small = {name: getattr(made, name) * scale for name in ("effect", "low", "high")}
    ax = pl.ranking(replace(made, **small), contrast=PAIR, top=4, show=False)
    assert ax is not None
    left, right = ax.get_xlim()
    ticks = [t for t in ax.get_xticklabels() if left <= t.get_position()[0] <= right]
    assert 2 <= len(ticks) <= 5
    assert not any(a.overlaps(b) for a, b in combinations(boxes(ax, ticks), 2))


def test_names_of_chromosomes_have_room() -> None:
    """Short chromosomes side by side: a name that would stand on the one before is left out."""
    names = [str(c) for c in range(1, 23)]
    place = np.array([1e6, 2e8] * 3 + [1e6, 4e6] * 19)
    at = Places(tuple("v" * 44), np.repeat(names, 2), place)
    ax = figures.locus(at, np.ones((1, 44)), measure="m")
    ticks = list(ax.get_xticklabels())
    assert len(ticks) == 22
    assert [t.get_text() for t in ticks[:3]] == ["1", "2", "3"]
    assert not any(a.overlaps(b) for a, b in combinations(boxes(ax, ticks), 2))


def test_no_group_lies_on_all_others() -> None:
    """Where two groups are at the same places, each is on top of about half of them."""
    places = np.repeat(np.arange(200.0)[:, None], 2, axis=1)
    both, codes = np.vstack([places, places]), np.repeat([0, 1], 200)
    ax = figures.embedded_groups(both, codes, ("A", "B"), names=("1", "2"))
    top: dict[float, str] = {}
    drawn = 0
    for cloud in ax.collections:
        points: Any = np.asarray(cloud.get_offsets())
        face: Any = np.asarray(cloud.get_facecolor())[0]
        drawn += len(points)
        top |= dict.fromkeys(points[:, 0].tolist(), to_hex(face))
    assert drawn == 400
    assert 60 < sum(colour == COLOURS[0].lower() for colour in top.values()) < 140
