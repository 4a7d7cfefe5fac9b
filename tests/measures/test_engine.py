"""The engine inside a comparison: sampling weights, fixed point, few arrangements, small p."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from evenlight.arrays import Float
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.errors import CohortError, InputError
from evenlight.measures.arms import Arms, arms_of
from evenlight.measures.compare import compare
from evenlight.measures.comparison import View
from evenlight.measures.family import family_of, observed, results
from evenlight.measures.prepare import setting
from evenlight.measures.testing import Testing
from evenlight.measures.weighing import sampling_weights
from evenlight.stats.parts import effective
from evenlight.stats.permutation import difference, from_normal

VIEW = View("signed", "nothing", "margin", 1.0)


def people(n: int = 200, p: int = 3, *, seed: int = 0, **columns: object) -> Cohort:
    """Two groups of unlike size, the first feature higher in B."""
    rng = np.random.default_rng(seed)
    race = np.where(np.arange(n) % 5 < 2, "B", "A")
    x = rng.normal(size=(n, p))
    x[race == "B", 0] += 1.0
    table = pd.DataFrame({"race": race, **columns}, index=[f"p{i:04d}" for i in range(n)])
    weights = "w" if "w" in columns else None
    return Cohort(x, table, groups=["race"], unit="row", weights=weights)


def explained(cohort: Cohort) -> Attributions:
    """Attributions that are the values."""
    x = cohort.dense()
    return Attributions.from_arrays(
        x, rows=cohort.rows.tolist(), features=cohort.features, output=x.sum(axis=1), base=0.0
    )


def arms(cohort: Cohort, values: Float, *, draws: int = 2_000) -> list[Arms]:
    """The arms given nothing."""
    here = setting(cohort, "race")
    return arms_of(here, "nothing", values, draws=draws, rng=np.random.default_rng(0))


def test_weights_enter_the_difference_and_its_size_counts_by_kish() -> None:
    """The effect is the difference of weighted means, and the arm is told what it is worth."""
    w = np.random.default_rng(1).uniform(0.2, 5.0, size=200)
    cohort = people(w=w)
    made = explained(cohort)
    found = compare(made, cohort, by="race")
    x, b = made.values.astype(float), cohort.grouping("race").codes == 1
    gap = np.average(x[b], axis=0, weights=w[b]) - np.average(x[~b], axis=0, weights=w[~b])
    v = found.view("signed")
    np.testing.assert_allclose(found.effect[v, 0] * found.views[v].unit, gap, rtol=1e-6)
    arm = arms(cohort, x)[0]
    assert arm.effective == pytest.approx((effective(w[b]), effective(w[~b])))
    assert arm.counting == arm.effective


def test_a_person_of_weight_zero_does_not_enter() -> None:
    """Zero weights are the same as leaving these people out."""
    w = np.ones(200)
    w[::7] = 0.0
    cohort = people(w=w)
    x = cohort.dense()
    arm = arms(cohort, x)[0]
    assert sum(arm.left) == int((w > 0).sum())
    plain = people()
    inside = arms(plain, x)[0]
    assert sum(inside.left) == 200
    assert arm.counting == pytest.approx(arm.left)


@pytest.mark.parametrize(
    ("w", "told"),
    [
        (np.where(np.arange(200) == 3, -1.0, 1.0), "1 of 200 rows hold no number of 0 or more"),
        (np.where(np.arange(200) < 2, np.nan, 1.0), "2 of 200 rows"),
        (np.zeros(200), "all are 0"),
    ],
)
def test_impossible_weights_are_refused(w: Float, told: str) -> None:
    """The error names the column, the count and the remedy."""
    with pytest.raises(CohortError, match=told):
        sampling_weights(setting(people(w=w), "race"))


def test_a_weight_belongs_to_the_unit() -> None:
    """Two rows of a person with unlike weights are refused."""
    table = pd.DataFrame(
        {"who": np.repeat(np.arange(30), 2), "w": np.arange(60) % 2 + 1.0,
         "race": np.repeat(np.where(np.arange(30) % 2, "A", "B"), 2)},
        index=[f"r{i}" for i in range(60)],
    )  # fmt: skip
    x = np.random.default_rng(0).normal(size=(60, 2))
    cohort = Cohort(x, table, groups=["race"], unit="who", weights="w")
    with pytest.raises(CohortError, match="30 of 30 units have rows of different weight"):
        sampling_weights(setting(cohort, "race"))


def test_similar_needs_twenty_effective_units() -> None:
    """Where a few weights carry an arm, an interval inside the margin is no *similar*."""
    w = np.where(np.arange(200) % 5 < 2, np.where(np.arange(200) < 20, 50.0, 0.05), 1.0)
    cohort = people(w=w)
    x = np.random.default_rng(3).normal(size=(200, 1)) * 1e-3
    arm = arms(cohort, x)[0]
    assert arm.counting[0] < 20 < arm.left[0]
    found = results([arm], np.array([0]), VIEW, testing=Testing())
    assert found.verdict[0, 0] == "cannot_tell"
    assert abs(found.low[0, 0]) < 0.1 > abs(found.high[0, 0])


def test_fixed_point_has_the_same_bits_in_any_order_of_rows() -> None:
    """With bits every number of the family is byte for byte the same, and near the plain one."""
    x = np.random.default_rng(4).normal(size=(200, 5))
    testing, columns = Testing(bits=20), np.arange(5)
    cohort = people(p=5)
    whole = results(arms(cohort, x), columns, VIEW, testing=testing)
    parts = results(arms(cohort, x[:, ::-1]), columns[::-1], VIEW, testing=testing)
    plain = results(arms(cohort, x), columns, VIEW, testing=Testing())
    for name in ("effect", "low", "high", "se", "df", "p", "p_maxt", "q"):
        assert getattr(whole, name).tobytes() == getattr(parts, name).tobytes()
        np.testing.assert_allclose(getattr(whole, name), getattr(plain, name), rtol=5e-3, atol=1e-4)


def test_too_many_bits_are_refused_with_the_number_that_is_possible() -> None:
    """20 bits hold for 2,000 people; 24 do not for 200."""
    made = arms(people(), people().dense())
    with pytest.raises(InputError, match="pass bits=22"):
        results(made, np.arange(3), VIEW, testing=Testing(bits=24))


def test_se_and_df_are_of_welch() -> None:
    """Without strata se and df are Welch's, in the unit of the view."""
    cohort = people()
    x = cohort.dense()
    b = cohort.grouping("race").codes == 1
    found = results(
        arms(cohort, x), np.arange(3), View("signed", "nothing", "margin", 2.0), testing=Testing()
    )
    parts = [x[at].var(axis=0, ddof=1) / at.sum() for at in (b, ~b)]
    df = (parts[0] + parts[1]) ** 2 / sum(
        v**2 / (at.sum() - 1) for v, at in zip(parts, (b, ~b), strict=True)
    )
    np.testing.assert_allclose(found.se[0], np.sqrt(parts[0] + parts[1]) / 2)
    np.testing.assert_allclose(found.df[0], df)


def test_pairs_that_must_stay_together_are_enumerated() -> None:
    """Eleven people of each group who swap with one partner each: 2^11 arrangements, p exact."""
    sets = [*combinations(range(5), 2), (0, 1, 2)]
    who, site = zip(*[(2 * i + j, s) for i, own in enumerate(sets) for j in (0, 1) for s in own],
                    strict=True)  # fmt: skip
    person = np.array(who)
    table = pd.DataFrame(
        {"who": person, "site": site, "race": np.where(person % 2, "A", "B")},
        index=[f"r{i:02d}" for i in range(len(who))],
    )
    x = np.random.default_rng(5).normal(size=(len(who), 2)) + 0.8 * (person % 2)[:, None]
    cohort = Cohort(x, table, groups=["race"], unit="who", strata=["site"])
    (arm,) = arms(cohort, x)
    assert arm.reason == ""
    assert arm.every is not None
    assert len(arm.every) == 2**11
    found = results([arm], np.arange(2), VIEW, testing=Testing())
    values = arm.cells.values
    size = np.abs(
        [difference(values, replace(arm.plan, member=row.astype(bool))).statistic
         for row in arm.every]
    )  # fmt: skip
    seen = np.abs(difference(values, arm.plan).statistic)
    np.testing.assert_array_equal(found.p[0], (size >= seen * (1 - 1e-9)).mean(axis=0))


def test_what_may_be_unseen_holds_for_all_rare_columns_together() -> None:
    """20 columns, of which 25 people have none: 21 % may have each, not 11 % as of one column."""
    rng = np.random.default_rng(5)
    x = (rng.random((1_025, 20)) < 0.03).astype(np.float64)
    x[:25] = 0.0
    table = pd.DataFrame(
        {"race": np.where(np.arange(1_025) < 25, "B", "A")}, index=[f"p{i}" for i in range(1_025)]
    )
    arm = arms(Cohort(x, table, groups=["race"], unit="row"), x)
    one = results(arm, np.array([0]), VIEW, testing=Testing())
    many = results(arm, np.arange(20), VIEW, testing=Testing())
    strict = results(arm, np.arange(20), VIEW, testing=Testing(alpha=0.01))
    for found, p in ((one, 0.05), (many, 0.05 / 20), (strict, 0.01 / 20)):
        assert found.high[0, 0] > found.effect[0, 0] + 1 - p ** (1 / 25)
    assert one.high[0, 0] < many.high[0, 0] < strict.high[0, 0]


def test_who_is_not_seen_can_only_add_what_is_rare() -> None:
    """Carriers unseen raise the mean of their arm: only the limit that this moves is widened."""
    rng = np.random.default_rng(6)
    x = (rng.random((600, 3)) < 0.2).astype(np.float64)
    x[:25] = np.arange(25)[:, None] % 9 == 0
    race = np.where(np.arange(600) < 25, "B", "A")
    table = pd.DataFrame({"race": race}, index=[f"p{i}" for i in range(600)])
    arm = arms(Cohort(x, table, groups=["race"], unit="row"), x)
    found = results(arm, np.arange(3), VIEW, testing=Testing())
    live = np.argwhere(np.ones((1, 3), dtype=bool))
    seen = observed(arm, np.arange(3), live)
    family = family_of(arm, np.arange(3), live, seen)
    down, up = from_normal(family.limits(0.05), seen.df) * seen.se
    least, most = (down, up) if seen.effect[0] < 0 else (up, down)
    low, high = found.effect[0] - found.low[0], found.high[0] - found.effect[0]
    same, wider = (low, high) if seen.effect[0] < 0 else (high, low)
    np.testing.assert_allclose(same, least)
    widest = 1 + np.abs(seen.effect)  # no limit lies beyond what values reach
    np.testing.assert_allclose(wider, np.minimum(most + 1 - (0.05 / 3) ** (1 / 25), widest))


def test_draws_must_be_enough_for_the_error_rate() -> None:
    """With 199 draws no interval has a coverage of 99.9 %."""
    with pytest.raises(InputError, match="at least 999 permutations"):
        Testing(alpha=0.001, draws=199)
    with pytest.raises(InputError, match=r"between 0\.001 and 0\.5"):
        Testing(alpha=1e-5)


@pytest.mark.parametrize("covariates", [[], ["age"]])
def test_a_rare_column_hides_no_other_in_any_view(covariates: list[str]) -> None:
    """25 + 1,500 people, one column that one in twenty-five has: four shifted ones are flagged."""
    rng = np.random.default_rng(7)
    small, n = 25, 1_525
    race = np.where(np.arange(n) < small, "B", "A")
    phi = rng.normal(size=(n, 8))
    phi[:small, :4] += 1.3
    phi[:, 7] = rng.random(n) < 0.04
    x = rng.normal(size=(n, 8))
    table = pd.DataFrame(
        {"race": race, "age": rng.normal(size=n)}, index=[f"p{i}" for i in range(n)]
    )
    cohort = Cohort(x, table, groups=["race"], unit="row", covariates=covariates)
    made = Attributions.from_arrays(
        phi, rows=cohort.rows.tolist(), features=cohort.features, output=phi.sum(axis=1), base=0.0
    )
    found = compare(made, cohort, by="race", testing=Testing(draws=2_000))
    for name, given in (("signed", "nothing"), ("location", "value")):
        p = found.p_maxt[found.view(name, given), 0]
        assert (p[:4] < 0.05).all()
        assert (p[4:] > 0.05).all()


def test_no_limit_lies_beyond_what_values_reach() -> None:
    """A 0/1 value that one of 11 people has: the interval ends at -1 and 1, not at thousands."""
    rng = np.random.default_rng(0)
    x = np.column_stack([np.zeros(200), rng.normal(size=200)])
    x[0, 0] = 1.0
    x[50:53, 0] = 1.0
    people = pd.DataFrame(
        {"race": np.where(np.arange(200) < 11, "A", "B")}, index=[f"p{i:03d}" for i in range(200)]
    )
    cohort = Cohort(x, people, ["rare", "usual"], unit="row", groups=["race"])
    made = Attributions.from_arrays(
        x, rows=cohort.rows.tolist(), features=cohort.features, output=x.sum(axis=1), base=0.0
    )
    found = compare(made, cohort, by="race")
    at = found.view("signed"), 0, 0
    unit = found.views[at[0]].unit
    assert found.verdict[at] == "cannot_tell"
    assert -1 - 1e-9 <= found.low[at] * unit < found.high[at] * unit <= 1 + 1e-9
    a = found.levels.index("A")
    assert found.importance_high[a, 0] > found.importance[a, 0]
