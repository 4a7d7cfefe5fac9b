"""Intersections: planted cells are found, sums of main effects are not, small cells are hidden."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from htpy import div
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.meta_analysis import combine_effects

from evenlight import codec
from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.errors import GroupError
from evenlight.measures import testing as how
from evenlight.measures.intersect import intersect, intersect_values
from evenlight.measures.intersection import Intersection
from evenlight.reports.sections.b6_intersections import heat_table
from evenlight.stats.cell_means import adjusted_means
from evenlight.stats.shrinkage import between_variance, shrink
from tests.given import made_of

QUICK = how.Testing(draws=499)


def people(n: int = 360, seed: int = 0, few: int = 0, **roles: object) -> tuple[Cohort, Float]:
    """Three ancestries x two sexes, `few` men in ancestry c, and values with main effects only."""
    rng = np.random.default_rng(seed)
    race = np.array(["a", "b", "c"])[np.arange(n) % 3]
    sex = np.where(rng.random(n) < 0.5, "f", "m")
    if few:
        sex[race == "c"] = np.where(np.arange((race == "c").sum()) < few, "m", "f")
    site = rng.choice(["s", "t"], n)
    table = pd.DataFrame(
        {"race": race, "sex": sex, "site": site, "age": rng.normal(size=n)},
        index=[f"p{i:04d}" for i in range(n)],
    )
    cohort = Cohort(np.zeros((n, 4)), table, unit="row", **roles)  # type: ignore[arg-type]
    main = 0.6 * (race == "b") - 0.5 * (sex == "m") + 0.4 * (site == "s")
    return cohort, rng.normal(size=(n, 4)) * (1 + (race == "c"))[:, None] + main[:, None]


def test_the_planted_cell_is_found_and_main_effects_are_not_taken_for_it() -> None:
    """Women of ancestry b differ in subject 0; the others have main effects only."""
    cohort, values = people(strata=["site"], covariates=["age"])
    at = ((cohort.people["race"] == "b") & (cohort.people["sex"] == "f")).to_numpy()
    values[at, 0] += 1.5
    found = intersect(made_of(cohort, values), cohort, by=["race", "sex"], testing=QUICK)
    assert found.p_maxt[0] <= 0.01
    assert (found.p_maxt[1:] > 0.05).all()
    assert (found.main_p[0, 1:] <= 0.05).all()
    cell = found.cells.index(("b", "f"))
    assert found.gamma[:, 0].argmax() == cell
    assert found.tau[0] > 0
    assert codec.restore(Intersection, codec.plain(found)).to_frame().equals(found.to_frame())


def test_small_cells_are_named_and_not_shown() -> None:
    """Five men of ancestry c: no number, a reason, counts to 5; the rest is estimated."""
    cohort, values = people(few=5)
    found = intersect(made_of(cohort, values), cohort, by=["race", "sex"], testing=QUICK)
    cell = found.cells.index(("c", "m"))
    assert found.reason[cell] == "suppressed (<11)"
    assert np.isnan(found.mean[cell]).all()
    others = np.delete(found.count, cell)
    assert (others % 5 == 0).all()
    assert np.isfinite(found.p).all()
    page = str(div[heat_table("t8", found, 0)])
    assert "suppressed" in page
    assert "hatched" in page
    assert "style=" not in page


def test_a_pooled_cell_lies_between_itself_and_the_sum() -> None:
    """Pooled = additive part + weight x gamma, weights within 0 and 1, both visible."""
    cohort, values = people(seed=2)
    found = intersect(made_of(cohort, values), cohort, by=["race", "sex"], testing=QUICK)
    additive = found.mean - found.gamma
    np.testing.assert_allclose(found.pooled, additive + found.weight * found.gamma)
    assert ((found.weight >= 0) & (found.weight <= 1)).all()
    assert (found.pooled_high - found.pooled_low <= found.high - found.low + 1e-9).all()


def test_losses_of_rows_can_be_crossed_as_well() -> None:
    """A squared error by row, in its own unit, with three groupings."""
    cohort, values = people(600, seed=3)
    loss = pd.DataFrame({"squared error": values[:, 0] ** 2}, index=cohort.rows)
    found = intersect_values(
        loss.iloc[::-1], cohort, by=["race", "sex", "site"], quantity="loss", testing=QUICK
    )
    assert len(found.cells) == 12
    at = (
        (cohort.people["race"] == "a")
        & (cohort.people["sex"] == "f")
        & (cohort.people["site"] == "t")
    ).to_numpy()
    i = found.cells.index(("a", "f", "t"))
    assert found.mean[i, 0] == pytest.approx((values[at, 0] ** 2).mean())


def test_cell_means_are_those_of_statsmodels() -> None:
    """Adjusted means and HC3 errors are coefficients of OLS with centred nuisance."""
    rng = np.random.default_rng(4)
    cell, block = rng.integers(0, 4, 90), rng.integers(0, 2, 90)
    age, y = rng.normal(size=(90, 1)), rng.normal(size=(90, 2))
    w, beside = rng.uniform(0.5, 2, 90), np.hstack([age, np.eye(2)[block]])
    for weights in (np.ones(90), w):
        mean, variance = adjusted_means(y, cell, beside, weights)
        around = np.column_stack([age[:, 0], block])
        x = np.hstack([np.eye(4)[cell], around - np.average(around, axis=0, weights=weights)])
        fit = sm.WLS(y[:, 1], x, weights=weights).fit(cov_type="HC3")
        np.testing.assert_allclose(mean[:, 1], fit.params[:4], rtol=1e-9)
        np.testing.assert_allclose(np.sqrt(variance[:, 1]), fit.bse[:4], rtol=1e-9)


def test_tau_is_that_of_dersimonian_and_laird() -> None:
    """With an intercept alone tau^2 is statsmodels' method of moments."""
    rng = np.random.default_rng(5)
    mean, variance = rng.normal(size=9) * 2, rng.uniform(0.2, 2, 9)
    want = combine_effects(mean, variance, method_re="chi2").tau2
    assert between_variance(mean, variance, np.ones((9, 1))) == pytest.approx(want, rel=1e-9)


@given(st.integers(0, 500), st.floats(-5, 5))
def test_shrinkage_knows_no_origin(seed: int, shift: float) -> None:
    """A shift of all cells shifts pooled means alike and leaves weights as they are."""
    rng = np.random.default_rng(seed)
    mean, variance = rng.normal(size=6), rng.uniform(0.1, 1, 6)
    design = np.column_stack([np.ones(6), np.arange(6.0) % 2])
    one, other = shrink(mean, variance, design), shrink(mean + shift, variance, design)
    np.testing.assert_allclose(other.pooled, one.pooled + shift, atol=1e-8)
    np.testing.assert_allclose(other.weight, one.weight, atol=1e-8)


def test_one_grouping_or_too_many_cells_are_errors() -> None:
    """An intersection needs two groupings, and at most 60 cells."""
    cohort, values = people(90)
    with pytest.raises(GroupError, match="two groupings or more"):
        intersect(made_of(cohort, values), cohort, by=["race"], testing=QUICK)
    cohort.people["town"] = [f"t{i % 45}" for i in range(90)]
    with pytest.raises(GroupError, match="90 cells"):
        intersect(made_of(cohort, values), cohort, by=["sex", "town"], testing=QUICK)


def test_main_effects_alone_bring_no_interaction() -> None:
    """Null with unequal spread, 60 runs of 4 subjects: raw p below 5 % in about 5 %."""
    p = []
    for seed in range(60):
        cohort, values = people(120, seed=seed + 100)
        quick = how.Testing(draws=199)
        p.append(intersect(made_of(cohort, values), cohort, by=["race", "sex"], testing=quick).p)
    assert 0.015 < float((np.concatenate(p) <= 0.05).mean()) < 0.09


def test_why_nothing_can_be_tested_is_told_in_full() -> None:
    """Sexes that are the ancestries over again leave no interaction: no word of it is cut off."""
    cohort, values = people()
    sex = np.where(cohort.people["race"] == "a", "f", "m")
    same = cohort.altered(people=cohort.people.assign(sex=sex))
    frame = pd.DataFrame(values, index=same.rows)
    found = intersect_values(frame, same, by=["race", "sex"], testing=QUICK)
    told = "the cells with enough units leave no interaction to estimate"
    assert set(found.why) == {told}
    assert set(found.reason) == {told, "nobody"}
