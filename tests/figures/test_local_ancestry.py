"""Attributions by local ancestry as a picture: the record's numbers, at the place of each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot

from evenlight import figures, pl
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features
from evenlight.data.local_ancestry import LocalAncestry
from evenlight.errors import FeatureError, InputError, UnknownName
from evenlight.figures.local_ancestry import windows
from evenlight.figures.locus import Places, laid
from evenlight.figures.svg import inline
from evenlight.measures.by_local_ancestry import by_local_ancestry
from evenlight.measures.local_comparison import LocalComparison
from evenlight.measures.testing import Testing
from tests.given import made_of

N, P = 120, 6
TABLE = pd.DataFrame(
    {"chromosome": ["1", "chr1", "2", "2", "10", "4"], "position": [1e6, 4e6, 1e6, 9e6, 5e6, 5e6]},
    index=[f"rs{j}" for j in range(P)],
)


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Nothing opens a window, and no figure stays open."""
    pyplot.switch_backend("agg")
    yield
    pyplot.close("all")


def record(over: Any = "sites") -> LocalComparison:
    """Six sites in windows of three chromosomes (one in none); rs0 follows copies at its place."""
    rng = np.random.default_rng(0)
    share = rng.beta(4, 3, N)
    rows = np.array([f"p{i:03d}" for i in range(N)])
    hap = (rng.random((N, 5, 2)) > share[:, None, None]).astype(np.int64)
    local = LocalAncestry(
        ("AFR", "EUR"), rows, np.array(["1", "1", "2", "2", "10"]),
        np.array([0, 2, 0, 5, 0]) * 10**6, np.array([2, 5, 5, 10, 10]) * 10**6, hap,
    )  # fmt: skip
    x = rng.binomial(2, 0.4, (N, P)).astype(float)
    cohort = Cohort(x, pd.DataFrame(index=rows), Features(tuple(TABLE.index), TABLE), unit="row")
    phi = rng.normal(size=(N, P))
    phi[:, 0] += 2 * local.copies("AFR")[:, 0]
    made = made_of(cohort, phi)
    return by_local_ancestry(
        made, cohort, local, ancestry="AFR", over=over, testing=Testing(draws=199)
    )


FOUND = record()


def points(ax: Any) -> dict[float, float]:
    """Marks of the plot by their place."""
    drawn = [line for line in ax.lines if line.get_linestyle() == "None"]
    return {
        round(float(x), 6): float(y)
        for line in drawn
        for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)
    }


def test_marks_and_intervals_are_those_of_the_record() -> None:
    """A mark a subject that lies in a window, at the middle of it, with the limits of its view."""
    for view in range(2):
        ax = figures.local_ancestry(FOUND, view)
        x, _ = laid(windows(FOUND))
        known = np.isfinite(FOUND.effect[view])
        assert known.sum() == P - 1
        assert points(ax) == pytest.approx(
            {
                round(float(a), 6): b
                for a, b in zip(x[known], FOUND.effect[view][known], strict=True)
            }
        )
        cut: Any = ax.collections
        ends = np.array([s for lines in cut for s in getattr(lines, "get_segments", list)()])
        np.testing.assert_allclose(np.sort(ends[:, 0, 1]), np.sort(FOUND.low[view][known]))
        np.testing.assert_allclose(np.sort(ends[:, 1, 1]), np.sort(FOUND.high[view][known]))


def test_what_differs_is_named_and_told() -> None:
    """The site that follows local ancestry carries its name and stands in the words."""
    ax = pl.local_ancestry(FOUND, show=False)
    assert ax is not None
    assert "rs0" in [text.get_text() for text in ax.texts]
    assert ax.get_xlabel() == "chromosome"
    assert "AFR" in ax.get_ylabel()
    text = figures.local_ancestry_text(FOUND)
    assert "1 of 5 attributions differ" in text
    assert "rs0 at 1:0-2000000" in text
    assert "one genotype" in figures.local_ancestry_text(FOUND, 1)
    assert "similar" not in text


def test_both_views_have_one_range() -> None:
    """Panels side by side can be compared, and no interval is cut."""
    shown = [figures.local_ancestry(FOUND, view).get_ylim() for view in range(2)]
    assert shown[0] == shown[1]
    assert shown[0][0] < np.nanmin(FOUND.low)
    assert shown[0][1] > np.nanmax(FOUND.high)


def test_of_many_the_furthest_are_drawn() -> None:
    """A plot of a whole genome leaves out what is nearest 0, and says how many it shows."""
    ax = figures.local_ancestry(FOUND, most=2)
    far = np.sort(np.abs(FOUND.effect[0][np.isfinite(FOUND.effect[0])]))[-2:]
    np.testing.assert_allclose(np.sort(np.abs(list(points(ax).values()))), far)
    assert ax.get_title(loc="left") == "given nothing: 2 of 5"


def test_a_region_and_exact_places_are_drawn() -> None:
    """With the table of variants each is at its own position, of the region asked for alone."""
    ax = pl.local_ancestry(FOUND, "1", features=TABLE, given="genotype", show=False)
    assert ax is not None
    assert list(points(ax)) == [1.0, 4.0]
    assert ax.get_xlabel().startswith("position on chromosome 1, Mb")
    assert ax.get_title(loc="left") == "given the genotype"
    with pytest.raises(FeatureError, match="no variant lies in '7'"):
        pl.local_ancestry(FOUND, "7", show=False)


def test_windows_have_one_view() -> None:
    """Sums over windows are drawn as well; a view that they do not have is told by name."""
    found = record("windows")
    assert pl.local_ancestry(found, show=False) is not None
    with pytest.raises(UnknownName, match="'genotype' is no view"):
        pl.local_ancestry(found, given="genotype", show=False)
    wrong: Any = TABLE
    with pytest.raises(InputError, match=r"wanted what ev\.by_local_ancestry"):
        pl.local_ancestry(wrong, show=False)
    with pytest.raises(FeatureError, match="has no table"):
        pl.local_ancestry(FOUND, features=Features(("a",)), show=False)


def test_nothing_that_can_be_asked_is_said_so(tmp_path: Path) -> None:
    """Without any slope the plot and the words say it, and the picture can be kept."""
    rng = np.random.default_rng(0)
    rows = np.array([f"p{i:03d}" for i in range(N)])
    hap = np.ones((N, 1, 2), dtype=np.int64)
    hap[:2, 0, 0] = 0
    local = LocalAncestry(
        ("AFR", "EUR"), rows, np.array(["1"]), np.array([0]), np.array([10**7]), hap
    )
    cohort = Cohort(
        rng.binomial(2, 0.4, (N, P)).astype(float), pd.DataFrame(index=rows),
        Features(tuple(TABLE.index), TABLE), unit="row",
    )  # fmt: skip
    made = made_of(cohort, rng.normal(size=(N, P)))
    none = by_local_ancestry(made, cohort, local, ancestry="AFR", testing=Testing(draws=199))
    assert figures.local_ancestry(none).texts[-1].get_text() == "cannot be asked here"
    assert "nothing can be asked" in figures.local_ancestry_text(none)
    assert pl.local_ancestry(none, show=False, save=tmp_path / "a.png") is not None


def test_the_picture_is_the_same_bytes() -> None:
    """As for every figure of the page."""
    one, two = (
        inline(figures.local_ancestry(FOUND).figure, key="l", title="t", text="x")  # type: ignore[arg-type]
        for _ in range(2)
    )
    assert one == two


def test_chromosomes_of_one_variant_each_have_room() -> None:
    """Three variants on three chromosomes do not fall on one spot."""
    places = Places(("a", "b", "c"), np.array(["1", "2", "3"]), np.array([5e6, 7e6, 9e6]))
    x, ends = laid(places)
    assert x[0] < ends["1"][1] < ends["2"][0] < x[1] < ends["2"][1] < ends["3"][0] < x[2]
