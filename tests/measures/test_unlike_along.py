"""Where numbers of rows follow an axis, as many rows of each person are compared along it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Axes
from evenlight.data.probed import Predictions
from evenlight.measures.axes import everyone
from evenlight.measures.axes_omnibus import axes_omnibus
from evenlight.measures.compare import compare
from evenlight.measures.perform_along import perform_along
from evenlight.measures.testing import Testing
from evenlight.measures.unlike_rows import thinned_along
from evenlight.reports.sections.decisions import slopes

FEATURES = 16
TOLD = "Of each unit as many rows enter as where on the axes they are fewest ("


def rising(n: int) -> np.ndarray:
    """One to eight rows a person, the more the farther along."""
    return 1 + 8 * np.arange(n) // n


def world(
    rows: np.ndarray, seed: int, *, slope: float = 0.0, ordered: bool = True
) -> tuple[Attributions, Cohort, Axes]:
    """People in their order along an axis (or at random) with so many rows each.

    Attributions are skewed, two thirds of them 0; the first follows the axis by `slope`.
    """
    rng = np.random.default_rng(seed)
    n = len(rows)
    place = rng.normal(size=n)
    place = np.sort(place) if ordered else place
    unit = np.repeat(np.arange(n), rows)
    own = 0.3 * rng.normal(size=(n, FEATURES))
    x = own[unit] + rng.normal(size=(len(unit), FEATURES))
    x[:, 0] += slope * place[unit]
    ids, names = [f"r{i:04d}" for i in range(len(unit))], [f"f{j}" for j in range(FEATURES)]
    people = pd.DataFrame({"unit": [f"u{u:03d}" for u in unit]}, index=ids)
    axes = Axes("pcs", place[unit][:, None], np.array(ids), names=("PC1",))
    cohort = Cohort(pd.DataFrame(x, ids, names), people, unit="unit", axes=[axes])
    values = np.maximum(x - 0.5, 0)
    made = Attributions.from_arrays(
        values, rows=ids, features=names, output=values.sum(axis=1), base=0.0
    )
    return made, cohort, axes


def test_skewed_attributions_hold_their_level_where_rows_follow_the_axis() -> None:
    """One to eight rows along the axis: at most 3 of 20 null runs have a flag; 7 had before."""
    asked = Testing(draws=400, own_value=False)
    flagged = 0
    for seed in range(20):
        made, cohort, axes = world(rising(120), seed)
        found = compare(made, cohort, by=axes, testing=asked)
        flagged += bool(np.nanmin(found.p_maxt[0]) <= 0.05)
    assert flagged <= 3
    assert str(found.population[0, 0]).startswith(TOLD)


def test_spread_that_rows_make_is_no_dependence() -> None:
    """Means of eight rows spread less than one row; distances told that of nearly every feature."""
    made, cohort, axes = world(rising(120), 0)
    found = axes_omnibus(made, cohort, axes, testing=Testing(draws=199))
    assert np.median(found.dependence_p) > 0.1
    assert found.note.startswith(TOLD)


def test_a_slope_is_found_with_as_many_rows_of_each() -> None:
    """The feature that follows the axis is told, and no other."""
    made, cohort, axes = world(rising(200), 3, slope=0.6)
    found = compare(made, cohort, by=axes, testing=Testing(draws=400, own_value=False))
    assert (found.p_maxt[0, 0] <= 0.05).tolist() == [True] + [False] * (FEATURES - 1)


def test_rows_do_not_follow_an_axis_any_more() -> None:
    """Of parts of the axis none has more rows a unit than another; units stay as they are."""
    _, cohort, axes = world(rising(200), 1)
    whole = everyone(cohort, np.ones(cohort.n, dtype=bool), "pcs")
    at = whole.per_unit(axes.values)
    here, told = thinned_along(whole, at)
    rows = np.bincount(here.unit)
    parts = rows.reshape(10, 20).mean(axis=1)
    assert np.ptp(parts**-0.5) < 0.08
    assert len(rows) == 200
    assert told == f"{TOLD}{rows.mean():.2g})."
    np.testing.assert_array_equal(here.cohort.units[here.kept][0], cohort.units[0])


@pytest.mark.parametrize("each", [1, 4])
def test_as_many_rows_everywhere_stay(each: int) -> None:
    """Where rows are as many along the axis nothing is left out, and nothing said."""
    made, cohort, axes = world(np.full(60, each), 2)
    whole = everyone(cohort, np.ones(cohort.n, dtype=bool), "pcs")
    here, told = thinned_along(whole, whole.per_unit(axes.values))
    assert (here is whole, told) == (True, "")
    found = compare(made, cohort, by=axes, testing=Testing(draws=199, own_value=False))
    assert (found.population == "").all()


def test_rows_that_are_unlike_by_chance_of_many_people_stay() -> None:
    """One to eight rows at random, 400 people: no part of the axis has too few."""
    rows = np.random.default_rng(4).integers(4, 9, size=400)
    _, cohort, axes = world(rows, 5, ordered=False)
    whole = everyone(cohort, np.ones(cohort.n, dtype=bool), "pcs")
    assert thinned_along(whole, whole.per_unit(axes.values))[1] == ""


def said(rows: np.ndarray, seed: int, *, growing: float = 0.0) -> tuple[Cohort, Predictions, Axes]:
    """Predictions that are off on one side only, by more along the axis."""
    _, cohort, axes = world(rows, seed)
    rng = np.random.default_rng([seed, 1])
    place = axes.values[:, 0]
    truth = rng.normal(size=cohort.n)
    off = np.maximum(rng.normal(size=cohort.n) + growing * place - 0.5, 0)
    people = cohort.people.assign(dose=truth)
    told = Cohort(
        cohort.x, people, list(cohort.features.names), outcome="dose", unit="unit", axes=[axes]
    )
    return told, Predictions(told.rows, truth + off, truth + off, "dose", "identity"), axes


def test_errors_of_few_and_of_many_rows_are_compared_by_as_many() -> None:
    """One row far out and eight elsewhere: the slope is that of the rows that are as many."""
    rows = np.where(np.arange(120) < 96, 8, 1)
    cohort, made, axes = said(rows, 0)
    found = perform_along(made, cohort, along=axes)
    whole = everyone(cohort, np.ones(cohort.n, dtype=bool), "pcs")
    here, told = thinned_along(whole, whole.per_unit(axes.values))
    assert found.note == told == f"{TOLD}1)."
    assert found.n == 120
    x = here.per_unit(axes.values)[:, 0]
    loss = here.per_unit(np.abs(made.response - cohort.y))
    assert found.slope[0, 0] == pytest.approx(np.polyfit(x / x.std(), loss, 1)[0])
    assert "where on the axes they are fewest (1)" in str(slopes("a", found))


def test_an_error_that_grows_is_found_with_as_many_rows() -> None:
    """An error that grows along the axis is told where rows grow as well."""
    cohort, made, axes = said(rising(200), 1, growing=0.6)
    found = perform_along(made, cohort, along=axes)
    assert found.low[0, 0] > 0
