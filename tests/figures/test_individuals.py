"""Single people show only where somebody says so, and then say whose data they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.patches import Rectangle

import evenlight as ev
from evenlight import pl
from evenlight.errors import InputError
from evenlight.pl.binned import cells_of, edges_of, strips_of
from evenlight.small_groups import profile

N = 120


@pytest.fixture(scope="module")
def made() -> tuple[Any, Any]:
    """Attributions of 120 people in two groups, with axes; one of them is far from all others."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(N, 3))
    x[0] = 50
    people = pd.DataFrame(
        {"race": np.repeat(["A", "B"], N // 2)}, index=[f"p{i}" for i in range(N)]
    )
    cohort = ev.Cohort(
        x, people, list("abc"), unit="row", groups=["race"], axes=[ev.Axes("pcs", x[:, :2])]
    )
    return ev.explain(lambda rows: rows @ np.array([1.0, 2.0, 0.5]), cohort), cohort


DRAW: dict[str, Callable[..., Axes | None]] = {
    "beeswarm": lambda made, cohort, **own: pl.beeswarm(made, cohort=cohort, **own),
    "by group": lambda made, cohort, **own: pl.beeswarm(made, "race", cohort=cohort, **own),
    "dependence": lambda made, cohort, **own: pl.dependence(made, "a", cohort=cohort, **own),
    "embedding": lambda made, cohort, **own: pl.embedding(made, "pcs", cohort=cohort, **own),
    "values": lambda made, cohort, **own: pl.embedding(
        made, "pcs", color="a", cohort=cohort, **own
    ),
}


def numbers(ax: Axes) -> np.ndarray[Any, Any]:
    """Every number that marks, bars and lines of a figure hold."""
    held: list[Any] = []
    for one in [ax, *ax.child_axes]:
        held += [line.get_xydata() for line in one.lines]
        held += [c.get_offsets() for c in one.collections if isinstance(c, PathCollection)]
        held += [np.asarray(c.get_array()) for c in one.collections if c.get_array() is not None]
        held += [(p.get_x(), p.get_y(), p.get_width(), p.get_height()) for p in one.patches
                 if isinstance(p, Rectangle)]  # fmt: skip
        held += [(*one.get_xlim(), *one.get_ylim())]
    return np.concatenate([np.ravel(np.asarray(v, dtype=float)) for v in held])


@pytest.mark.parametrize("name", DRAW)
def test_one_person_moves_no_mark_unless_they_are_asked_for(name: str, made: Any) -> None:
    """Whoever lies far off is drawn with `individuals=True`, and is in no number without."""
    attributions, cohort = made
    ax = DRAW[name](attributions, cohort, show=False)
    alone = DRAW[name](attributions, cohort, individuals=True, show=False)
    assert ax is not None
    assert alone is not None
    assert np.abs(numbers(ax)).max() < 45 < np.abs(numbers(alone)).max()
    assert [t for t in alone.texts if t.get_gid() == "watermark"]
    assert not [t for t in ax.texts if t.get_gid() == "watermark"]
    marks = sum(
        len(np.asarray(c.get_offsets())) for c in ax.collections if isinstance(c, PathCollection)
    )
    assert marks < N / 11
    pyplot.close("all")


def test_one_person_is_drawn_only_where_it_is_said(made: Any) -> None:
    """The error comes before anything is read, with the remedy."""
    attributions, cohort = made
    with pytest.raises(InputError, match="this shows one person; pass individuals=True"):
        pl.person(attributions, "p3", cohort=cohort, show=False)
    ax = pl.person(attributions, "p3", cohort=cohort, individuals=True, show=False)
    assert ax is not None
    assert any("one person" in t.get_text() for t in ax.texts)
    pyplot.close("all")


def test_no_bin_holds_fewer_than_may_be_told() -> None:
    """Of every profile; counts are to 5, and the ends are those beyond which as many lie."""
    values = np.random.default_rng(1).normal(size=(400, 2))
    for name, least in (("ons", 10), ("cms", 11), ("allofus", 21)):
        with profile(name):
            found = strips_of(values, own=values, groups=None)
        known = found.count[np.isfinite(found.count)]
        assert known.min() >= least - 2
        assert (known % 5 == 0).all()
        ordered = np.sort(values[:, 0])
        assert found.edges[0][[0, -1]].tolist() == pytest.approx(
            [ordered[least - 1], ordered[-least]]
        )
    assert edges_of(np.zeros(50), 4)[0] < 0 < edges_of(np.zeros(50), 4)[-1]


def test_cells_count_people_and_not_their_rows() -> None:
    """Ninety cells of nine donors are nine people: nothing is drawn."""
    places = np.random.default_rng(2).normal(size=(90, 2))
    few = cells_of(places, np.arange(90) % 9, np.zeros(90, dtype=np.int64), 1)
    many = cells_of(places, np.arange(90), np.zeros(90, dtype=np.int64), 1, value=places[:, 0])
    assert np.isnan(few.count).all()
    assert np.isfinite(many.count).any()
    assert many.value is not None
    inside = np.isfinite(many.count[0])
    order = np.argsort(many.middle[inside, 0])
    assert (np.diff(many.value[inside][order]) > -1).all()
