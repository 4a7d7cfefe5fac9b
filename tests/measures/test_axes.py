"""Continuous ancestry and covariates: slopes add up, confounding is not flagged, truth is found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from evenlight import codec
from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Axes
from evenlight.data.probed import Contrasts
from evenlight.errors import CohortError, GroupError
from evenlight.measures import testing as how
from evenlight.measures.adjusted import adjusted_arms
from evenlight.measures.arms import arms_of
from evenlight.measures.axes import compare_axes
from evenlight.measures.comparison import Comparison, View
from evenlight.measures.prepare import setting
from evenlight.measures.sloped import effects, judged
from evenlight.stats.permutation import difference
from tests.given import made_of

QUICK = how.Testing(draws=499)


def people(n: int, seed: int, **roles: object) -> tuple[Cohort, Float, Float]:
    """A cohort of n with age that follows ancestry, its ancestry (n, 2) and noise (n, 4)."""
    rng = np.random.default_rng(seed)
    at = rng.normal(size=(n, 2))
    table = pd.DataFrame(
        {
            "age": 50 + 10 * at[:, 0] + 8 * rng.normal(size=n),
            "site": rng.choice(["s1", "s2"], n),
            "race": np.where(at[:, 0] + rng.normal(size=n) > 0, "A", "B"),
            "y": rng.integers(0, 2, n),
        },
        index=[f"p{i:04d}" for i in range(n)],
    )
    cohort = Cohort(rng.normal(size=(n, 4)), table, unit="row", **roles)  # type: ignore[arg-type]
    return cohort, at, rng.normal(size=(n, 4))


def test_slopes_add_up_to_that_of_the_output() -> None:
    """The gap along an axis is the sum of the slopes of its features, and that of the output."""
    cohort, at, noise = people(200, 0, strata=["site"], covariates=["age"])
    made = made_of(cohort, noise + at[:, :1])
    found = compare_axes(made, cohort, Axes("pcs", at, cohort.rows), testing=QUICK)
    assert found.contrasts == (("PC1", "per SD"), ("PC2", "per SD"))
    v = found.view("signed")
    np.testing.assert_allclose(found.effect[v].sum(axis=1) * found.views[v].unit, found.gap)
    np.testing.assert_allclose(found.unexplained, 0, atol=1e-6)
    site = (cohort.people["site"] == "s1").to_numpy(dtype=float)
    age = cohort.people["age"].to_numpy(dtype=float)
    x = np.column_stack([at, age, site, np.ones(200)])
    fit = sm.OLS(np.asarray(made.values[:, 2], dtype=float), x).fit(cov_type="HC3")
    sd = at[:, 0].std() / found.views[v].unit
    assert found.effect[v, 0, 2] == pytest.approx(fit.params[0] * sd, rel=1e-5)
    assert found.se[v, 0, 2] == pytest.approx(fit.bse[0] * sd, rel=1e-5)
    assert codec.restore(Comparison, codec.plain(found)).to_frame().equals(found.to_frame())


def test_a_planted_slope_is_found_and_age_is_not_taken_for_ancestry() -> None:
    """Feature 0 follows ancestry, feature 1 only age: with age declared only 0 is flagged."""
    values = {}
    for covariates in ([], ["age"]):
        cohort, at, noise = people(300, 1, covariates=covariates)
        noise[:, 0] += 0.8 * at[:, 1]
        noise[:, 1] += 0.08 * cohort.people["age"].to_numpy()
        axes = Axes("ancestry", at, cohort.rows, names=("north", "east"))
        found = compare_axes(made_of(cohort, noise), cohort, axes, testing=QUICK)
        values[bool(covariates)] = found
    v = found.view("signed")
    assert values[True].verdict[v, :, 0].tolist()[1] == "different"
    assert values[False].verdict[v, 0, 1] == "different"
    assert values[True].verdict[v, 0, 1] != "different"
    assert (values[True].p_maxt[v, :, 2:] > 0.05).all()


def test_use_along_an_axis_has_its_minimum_effect_test() -> None:
    """A contrast of the same size for everyone is similar, one that grows with ancestry is not."""
    cohort, at, noise = people(250, 2)
    change = np.ones((250, 4))
    change[:, 1] += 0.9 * at[:, 0]
    zeros, ones = ("0",) * 4, ("1",) * 4
    contrasts = Contrasts(
        cohort.rows, cohort.features.names, zeros, ones, change, change, "f", "identity"
    )
    axes = Axes("pcs", at[:, :1], cohort.rows)
    made = made_of(cohort, noise)
    found = compare_axes(made, cohort, axes, contrasts=contrasts, testing=QUICK)
    use = found.view("use")
    assert found.verdict[use, 0].tolist() == ["similar", "different", "similar", "similar"]
    assert found.p[use, 0].round(3).tolist() == [1.0, 0.0, 1.0, 1.0]
    assert found.mechanism[use, 0, 1] == "context"


def test_shares_lose_the_largest_and_log_ratios_take_all() -> None:
    """A composition enters as slopes against the largest share, or as log-ratios."""
    cohort, _, noise = people(150, 3)
    shares = np.random.default_rng(3).dirichlet([4, 2, 1], size=150)
    noise[:, 0] += 6 * shares[:, 2]
    made, names = made_of(cohort, noise), ("EUR", "AFR", "EAS")
    axes = Axes("admixture", shares, cohort.rows, names, composition="shares")
    found = compare_axes(made, cohort, axes, testing=QUICK)
    assert found.levels == ("AFR instead of EUR", "EAS instead of EUR")
    v = found.view("signed")
    assert found.verdict[v, 1, 0] == "different"
    ratios = Axes("admixture", shares, cohort.rows, names, composition="ilr")
    other = compare_axes(made, cohort, ratios, testing=QUICK)
    assert other.levels == ("EUR against AFR", "EUR x AFR against EAS")
    with pytest.raises(GroupError, match='composition="shares"'):
        compare_axes(made, cohort, Axes("admixture", shares, cohort.rows, names), testing=QUICK)


def test_the_order_of_rows_changes_nothing() -> None:
    """Rows in another order give the same bytes."""
    cohort, at, noise = people(60, 4, covariates=["age"], strata=["site"], outcome="y")
    axes = Axes("pcs", at, cohort.rows)
    one = compare_axes(made_of(cohort, noise), cohort, axes, testing=QUICK)
    index = np.random.default_rng(0).permutation(60)
    again = cohort.take(index)
    other = compare_axes(made_of(again, noise[index]), again, axes, testing=QUICK)
    assert one.p.tobytes() == other.p.tobytes()
    assert [v.given for v in one.views] == ["nothing", "nothing", "outcome", "outcome"]


def test_rows_of_one_person_count_once() -> None:
    """Every row twice, under the same unit, leaves slopes and errors as they are."""
    cohort, at, noise = people(60, 5)
    made = compare_axes(made_of(cohort, noise), cohort, Axes("pcs", at), testing=QUICK)
    table = cohort.people.assign(person=cohort.rows).iloc[np.repeat(np.arange(60), 2)]
    table.index = pd.Index([f"r{i:03d}" for i in range(120)])
    twice = Cohort(np.zeros((120, 4)), table, unit="person")
    rows = np.repeat(np.arange(60), 2)
    found = compare_axes(made_of(twice, noise[rows]), twice, Axes("pcs", at[rows]), testing=QUICK)
    np.testing.assert_allclose(found.effect, made.effect, rtol=1e-6)
    np.testing.assert_allclose(found.se, made.se, rtol=1e-6)
    assert found.n[0, 0].tolist() == [60, 60]


def test_axes_that_cannot_be_asked_say_why() -> None:
    """Constant, repeated, missing and misnamed axes are errors; an axis of age has a reason."""
    cohort, at, noise = people(60, 6, covariates=["age"])
    made = made_of(cohort, noise)
    with pytest.raises(GroupError, match=r"\['PC2'\] do not vary"):
        compare_axes(made, cohort, Axes("pcs", at * [1, 0]), testing=QUICK)
    with pytest.raises(GroupError, match="repeat one another"):
        compare_axes(made, cohort, Axes("pcs", at[:, [0, 0]]), testing=QUICK)
    with pytest.raises(GroupError, match="1 of 2 rows have a value that is not a number"):
        Axes("pcs", np.array([[0.0], [np.nan]]))
    with pytest.raises(GroupError, match="2 components need 2 names"):
        Axes("pcs", at, names=("a",))
    with pytest.raises(GroupError, match="2 of 2 rows are no shares"):
        Axes("q", np.array([[0.5, 0.6], [0.1, 0.2]]), composition="shares")
    age = cohort.people[["age"]].to_numpy(dtype=float)
    found = compare_axes(made, cohort, Axes("age axis", age, cohort.rows), testing=QUICK)
    assert (found.verdict == "not_estimable").all()
    assert "follows from the other axes" in found.reason[0, 0, 0]


def test_adjusted_without_covariates_is_the_stratified_difference() -> None:
    """With strata alone the regression's effect is D of the permutation engine."""
    cohort, _, noise = people(120, 7, strata=["site"])
    here = setting(cohort, "race")
    rng = np.random.default_rng(0)
    arms = arms_of(here, "nothing", noise, draws=0, rng=rng)
    want = difference(arms[0].cells.values, arms[0].plan).effect
    asked = adjusted_arms(here, "nothing", noise, draws=0, rng=rng)
    np.testing.assert_allclose(effects(asked)[0], want, rtol=1e-9)


def test_a_group_difference_that_age_makes_is_gone_when_age_is_declared() -> None:
    """Adjusted for age only the planted feature differs; categories are covariates as well."""
    cohort, _, noise = people(400, 8, covariates=["age", "site"])
    noise[:, 0] += 0.9 * (cohort.people["race"] == "A").to_numpy()
    noise[:, 1] += 0.1 * cohort.people["age"].to_numpy()
    here, view = setting(cohort, "race"), View("signed", "nothing", "margin", 1.0)
    asked = adjusted_arms(here, "nothing", noise, draws=499, rng=np.random.default_rng(0))
    found = judged(asked, np.arange(4), view, testing=QUICK)
    assert found.verdict[0, 0] == "different"
    assert found.verdict[0, 1:].tolist() != ["different"] * 3
    assert found.p[0, 1] > 0.05
    x = np.column_stack(
        [
            (cohort.people["race"] == "B").to_numpy(dtype=float),
            cohort.people["age"].to_numpy(dtype=float),
            (cohort.people["site"] == "s1").to_numpy(dtype=float),
            np.ones(400),
        ]
    )
    fit = sm.OLS(noise[:, 0], x).fit(cov_type="HC3")
    assert found.effect[0, 0] == pytest.approx(fit.params[0], rel=1e-9)
    assert found.se[0, 0] == pytest.approx(fit.bse[0], rel=1e-9)


def test_a_group_that_follows_from_a_covariate_cannot_be_asked() -> None:
    """A covariate that tells the group leaves nothing to compare, and the reason names it."""
    cohort, _, noise = people(80, 9)
    cohort.people["copy"] = (cohort.people["race"] == "A").astype(float)
    again = Cohort(cohort.dense(), cohort.people, unit="row", covariates=["copy"])
    here, view = setting(again, "race"), View("signed", "nothing", "margin", 1.0)
    asked = adjusted_arms(here, "nothing", noise, draws=99, rng=np.random.default_rng(0))
    found = judged(asked, np.arange(4), view, testing=QUICK)
    assert (found.verdict == "not_estimable").all()
    assert "cannot be told apart from copy" in found.reason[0, 0]


def test_many_categories_are_no_covariate() -> None:
    """A category of 60 states is refused, with the remedy."""
    cohort, _, noise = people(60, 10)
    cohort.people["town"] = [f"t{i}" for i in range(60)]
    again = Cohort(cohort.dense(), cohort.people, unit="row", covariates=["town"])
    with pytest.raises(CohortError, match=r"60 categories.*strata"):
        adjusted_arms(
            setting(again, "race"), "nothing", noise, draws=9, rng=np.random.default_rng(0)
        )


def test_sampling_weights_are_those_of_weighted_least_squares() -> None:
    """Adjusted differences and slopes weigh units; a weight of 0 takes a unit out."""
    cohort, at, noise = people(120, 12, covariates=["age"])
    table = cohort.people.assign(w=np.r_[np.zeros(10), np.linspace(0.5, 3, 110)])
    again = Cohort(cohort.dense(), table, unit="row", covariates=["age"], weights="w")
    here, rng = setting(again, "race"), np.random.default_rng(0)
    asked = adjusted_arms(here, "nothing", noise, draws=9, rng=rng)
    age, w = (table[c].to_numpy(dtype=float)[10:] for c in ("age", "w"))
    b = (table["race"] == "B").to_numpy(dtype=float)[10:]
    fit = sm.WLS(noise[10:, 0], np.column_stack([b, age, np.ones(110)]), weights=w).fit()
    assert effects(asked)[0, 0] == pytest.approx(fit.params[0], rel=1e-9)
    assert asked[0].smaller < min(asked[0].left)
    made = made_of(again, noise)
    found = compare_axes(made, again, Axes("pcs", at[:, :1], again.rows), testing=QUICK)
    x = np.column_stack([at[10:, 0], age, np.ones(110)])
    own = np.asarray(made.values[10:, 1], dtype=float)
    slope = sm.WLS(own, x, weights=w).fit(cov_type="HC3")
    scale = at[:, 0].std() / found.views[0].unit
    assert found.effect[0, 0, 1] == pytest.approx(slope.params[0] * scale, rel=1e-5)
    assert found.se[0, 0, 1] == pytest.approx(slope.bse[0] * scale, rel=1e-5)


def test_units_of_unknown_age_are_left_out_and_counted() -> None:
    """People without the covariate do not enter; the numbers left say so."""
    cohort, _, noise = people(100, 11, covariates=["age"])
    table = cohort.people.copy()
    table.iloc[:30, 0] = np.nan
    again = Cohort(cohort.dense(), table, unit="row", covariates=["age"])
    asked = adjusted_arms(
        setting(again, "race"), "nothing", noise, draws=9, rng=np.random.default_rng(0)
    )
    assert sum(asked[0].left) == 70
    assert sum(asked[0].total) == 100
