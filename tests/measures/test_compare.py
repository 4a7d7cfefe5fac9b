"""The comparator on planted truth: gaps add up, mechanisms are named, nothing depends on order."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evenlight.arrays import Float
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.groups import Axes, Groups
from evenlight.data.probed import Contrasts
from evenlight.errors import AttributionError
from evenlight.measures.compare import compare
from evenlight.measures.testing import Testing
from evenlight.measures.why import why

N = 300


def cohort_of(x: Float, *, seed: int = 0, **columns: object) -> Cohort:
    """People with a group that is half A and half B."""
    rng = np.random.default_rng(seed)
    base = {"race": np.where(np.arange(len(x)) % 2 == 0, "A", "B"), "y": rng.normal(size=len(x))}
    people = pd.DataFrame({**base, **columns}, index=[f"p{i}" for i in range(len(x))])
    return Cohort(x, people, outcome="y", groups=["race"], unit="row")


def additive(cohort: Cohort, weights: Float) -> Attributions:
    """Attributions of a linear model around the mean."""
    x = cohort.dense()
    values = (x - x.mean(axis=0)) * weights
    return Attributions.from_arrays(
        values,
        rows=cohort.rows.tolist(),
        features=cohort.features,
        output=values.sum(axis=1),
        base=0.0,
    )


def moved(cohort: Cohort, change: Float) -> Contrasts:
    """Common contrasts whose change of output is given, (n, p)."""
    p = len(cohort.features)
    return Contrasts(
        cohort.rows, cohort.features.names, ("0",) * p, ("1",) * p, change, change, "f", "identity"
    )


def test_signed_differences_add_up_to_the_score_gap() -> None:
    """sum_j D_j is the gap of the output, and nothing is unexplained."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(N, 5)) + 0.3 * (np.arange(N) % 2)[:, None]
    cohort = cohort_of(x)
    made = additive(cohort, np.array([1.0, -1, 2, 0.5, 3]))
    found = compare(made, cohort, by="race")
    v, unit = found.view("signed"), found.views[0].unit
    f, b = made.output, cohort.grouping("race").codes == 1
    assert found.contrasts == (("B", "A"),)
    assert found.effect[v, 0].sum() * unit == pytest.approx(found.gap[0], abs=1e-9)
    assert found.gap[0] == pytest.approx(f[b].mean() - f[~b].mean(), abs=1e-6)
    assert abs(found.unexplained[0]) < 1e-6


def test_a_shift_of_values_is_named_value() -> None:
    """Planted: other values, the same use."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(N, 3))
    x[1::2, 0] += 1.5
    cohort, weights = cohort_of(x), np.array([1.0, 1.0, 1.0])
    change = np.broadcast_to(weights, x.shape).copy()
    found = compare(additive(cohort, weights), cohort, by="race", contrasts=moved(cohort, change))
    v, use = found.view("signed"), found.view("use")
    assert found.verdict[v, 0, 0] == "different"
    assert found.mechanism[v, 0, 0] == "value"
    assert found.verdict[use, 0].tolist() == ["similar"] * 3
    assert found.mechanism[use, 0].tolist() == ["none"] * 3


def test_a_difference_in_use_is_named_context_without_the_group_as_input() -> None:
    """Planted: the same change moves the output further in one group."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(N, 3))
    cohort = cohort_of(x)
    change = np.ones_like(x)
    change[1::2, 1] = 2.0 + 0.1 * rng.normal(size=N // 2)
    found = compare(
        additive(cohort, np.ones(3)), cohort, by="race", contrasts=moved(cohort, change)
    )
    use = found.view("use")
    assert found.verdict[use, 0].tolist() == ["similar", "different", "similar"]
    assert found.mechanism[use, 0, 1] == "context"
    assert found.p[use, 0, 1] < 1e-10


def test_the_group_as_a_feature_is_direct() -> None:
    """A column that follows from the group is named before anything is tested."""
    rng = np.random.default_rng(3)
    x = np.column_stack([rng.normal(size=N), np.arange(N) % 2])
    cohort = cohort_of(x)
    found = compare(additive(cohort, np.array([1.0, 1.0])), cohort, by="race")
    assert (found.mechanism[:, 0, 1] == "direct").all()
    assert (found.mechanism[:, 0, 0] != "direct").all()


def test_mechanisms_follow_the_table() -> None:
    """Each pair of verdicts, with and without the group as an input."""
    seen = np.array(
        [["different", "different", "similar", "cannot_tell", "different", "not_estimable"]]
    )
    use = np.array([["similar", "cannot_tell", "similar", "similar", "different", "not_estimable"]])
    none = np.zeros(6, dtype=bool)
    words = ["value", "unresolved", "none", "unresolved", "context", "unresolved"]
    assert why(seen, use, none, group_is_input=False)[0].tolist() == words
    words[4] = "use"
    assert why(seen, use, none, group_is_input=True)[0].tolist() == words
    alone = why(seen, None, none, group_is_input=False)[0].tolist()
    assert alone == ["unresolved", "unresolved", "none", "unresolved", "unresolved", "unresolved"]


def test_rows_shuffled_features_reordered_groups_renamed_give_the_same_answer() -> None:
    """Bits do not depend on the order of rows; nor answers on order and names of columns."""
    rng = np.random.default_rng(4)
    x = pd.DataFrame(
        rng.normal(size=(N, 4)), columns=list("abcd"), index=[f"p{i}" for i in range(N)]
    )
    people = pd.DataFrame(
        {"race": np.where(rng.uniform(size=N) < 0.4, "A", "B"), "site": rng.integers(0, 3, N)},
        index=x.index,
    )
    x.loc[people["race"] == "B", "c"] += 0.4

    def found(order: pd.Index[str], columns: list[str], names: dict[str, str]) -> pd.DataFrame:
        table = people.replace({"race": names}).loc[order]
        cohort = Cohort(x.loc[order, columns], table, groups=["race"], strata=["site"], unit="row")
        values = (x.loc[order, columns] - x[columns].mean()).to_numpy()
        made = Attributions.from_arrays(
            values, rows=list(order), features=columns, output=values.sum(axis=1), base=0.0
        )
        return compare(made, cohort, by="race").to_frame().set_index(["view", "subject"])

    one = found(x.index, list("abcd"), {})
    shuffled = found(x.index[rng.permutation(N)], list("abcd"), {})
    pd.testing.assert_frame_equal(one, shuffled, check_exact=True)
    renamed = found(x.index, list("dbca"), {"A": "first", "B": "second"}).loc[one.index]
    for name in ("effect", "low", "high", "p", "p_maxt", "q"):
        np.testing.assert_allclose(renamed[name], one[name], rtol=1e-9, err_msg=name)


def test_below_eleven_nothing_is_tested() -> None:
    """Ten units of a group: not estimable, with the remedy."""
    x = np.random.default_rng(5).normal(size=(60, 2))
    cohort = cohort_of(x, race=["A"] * 50 + ["B"] * 10)
    found = compare(additive(cohort, np.ones(2)), cohort, by="race")
    assert (found.verdict == "not_estimable").all()
    assert "fewer than 11 units in B; more people of that group are needed" in found.reason[0, 0, 0]


def test_small_arms_are_never_similar() -> None:
    """Eleven to nineteen units may differ or stay open, but are not called similar."""
    rng = np.random.default_rng(6)
    x = np.column_stack([rng.normal(size=200), 1e-4 * rng.normal(size=200)])
    cohort = cohort_of(x, race=["A"] * 185 + ["B"] * 15)
    found = compare(additive(cohort, np.ones(2)), cohort, by="race")
    assert found.verdict[0, 0, 1] == "cannot_tell"


def test_overlap_is_required_and_the_loss_is_told() -> None:
    """Half of a group without partners: the estimate speaks for the overlap population."""
    rng = np.random.default_rng(7)
    race = np.array(["A"] * 100 + ["B"] * 100)
    site = np.array(["1"] * 60 + ["2"] * 40 + ["1"] * 60 + ["3"] * 40)
    people = pd.DataFrame({"race": race, "site": site}, index=[f"p{i}" for i in range(200)])
    cohort = Cohort(rng.normal(size=(200, 2)), people, groups=["race"], strata=["site"], unit="row")
    found = compare(additive(cohort, np.ones(2)), cohort, by="race")
    np.testing.assert_allclose(found.kept[0, 0], [0.6, 0.6])
    assert found.population[0, 0] == (
        "Estimated for the overlap population, 60 % of B and 60 % of A units, "
        "in 1 strata that hold both."
    )


def test_rows_that_did_not_converge_are_left_out_and_counted() -> None:
    """Two of a hundred rows miss the output: they enter no test."""
    rng = np.random.default_rng(8)
    x = rng.normal(size=(100, 2))
    cohort = cohort_of(x)
    output = x.sum(axis=1)
    output[:2] += 50.0
    made = Attributions.from_arrays(
        x, rows=cohort.rows.tolist(), features=cohort.features, output=output, base=0.0
    )
    found = compare(made, cohort, by="race")
    assert found.unconverged.tolist() == [10, 10]  # told as 10: fewer than 11
    assert found.n[0, 0].tolist() == [40, 40]  # and so are those who are left


def test_units_are_people_and_not_rows() -> None:
    """Ten copies of each person change nothing but the rows."""
    rng = np.random.default_rng(9)
    x = rng.normal(size=(60, 2))
    people = pd.DataFrame(
        {
            "race": np.where(np.arange(60) % 2 == 0, "A", "B"),
            "who": [f"u{i:03d}" for i in range(60)],
        },
        index=[f"u{i:03d}" for i in range(60)],
    )
    single = Cohort(x, people, groups=["race"], unit="who")
    many = people.loc[people.index.repeat(10)].set_axis([f"r{i:04d}" for i in range(600)])
    tenfold = Cohort(np.repeat(x, 10, axis=0), many, groups=["race"], unit="who")
    one = compare(additive(single, np.ones(2)), single, by="race")
    ten = compare(additive(tenfold, np.ones(2)), tenfold, by="race")
    np.testing.assert_allclose(ten.p, one.p)
    np.testing.assert_allclose(ten.effect, one.effect, rtol=1e-5)
    assert ten.n[0, 0].tolist() == [30, 30]


def test_contrasts_with_a_probability_are_refused() -> None:
    """Use is asked on the margin only."""
    rng = np.random.default_rng(10)
    cohort = cohort_of(rng.uniform(size=(60, 2)) / 4)
    x = cohort.dense()
    made = Attributions.from_arrays(
        x, rows=cohort.rows.tolist(), features=cohort.features, output=x.sum(axis=1), base=0.0,
        scale="probability",
    )  # fmt: skip
    with pytest.raises(AttributionError, match="contrasts are on the margin"):
        compare(made, cohort, by="race", contrasts=moved(cohort, np.ones_like(x)))


def test_attributions_of_other_people_are_refused() -> None:
    """Ids that the cohort does not have."""
    cohort = cohort_of(np.random.default_rng(11).normal(size=(40, 2)))
    made = Attributions.from_arrays(
        cohort.dense(), rows=[f"z{i}" for i in range(40)], features=cohort.features,
        output=cohort.dense().sum(axis=1), base=0.0,
    )  # fmt: skip
    with pytest.raises(ValueError, match="attributions: 40 of 40 row ids are missing"):
        compare(made, cohort, by="race")


def test_axes_are_not_groups() -> None:
    """Continuous ancestry is not cut: each axis is a contrast per SD, and the verb is the same."""
    rng = np.random.default_rng(12)
    cohort = cohort_of(rng.normal(size=(60, 2)))
    axes = Axes("pc", rng.normal(size=(60, 2)), cohort.rows)
    found = compare(additive(cohort, np.ones(2)), cohort, by=axes)
    assert found.contrasts == (("PC1", "per SD"), ("PC2", "per SD"))
    assert found.levels == ("PC1", "PC2")


def test_a_grouping_of_its_own_is_aligned_by_id() -> None:
    """Groups that the cohort did not declare may be given, in any order."""
    cohort = cohort_of(np.random.default_rng(13).normal(size=(80, 2)))
    labels = pd.Series(["x", "y"] * 40, index=cohort.rows)
    one = compare(additive(cohort, np.ones(2)), cohort, by=Groups.from_labels("g", labels))
    other = Groups.from_labels("g", labels.sample(frac=1, random_state=0))
    np.testing.assert_array_equal(
        one.effect, compare(additive(cohort, np.ones(2)), cohort, by=other).effect
    )


def test_a_set_that_adds_up_to_the_group_is_direct() -> None:
    """Two columns of which one is the group and one is not used; another set is not direct."""
    rng = np.random.default_rng(3)
    x = np.column_stack([np.arange(N) % 2, rng.normal(size=N), rng.normal(size=N)])
    cohort = cohort_of(x)
    names = cohort.features.names
    made = additive(cohort, np.array([1.0, 0.0, 1.0]))
    sets = FeatureSets.from_lists({"group": names[:2], "rest": names[2:]}, names, kind="pathway")
    found = compare(made.by(sets), cohort, by="race", testing=Testing(draws=200))
    assert (found.mechanism[:, 0, 0] == "direct").all()
    assert (found.mechanism[:, 0, 1] != "direct").all()


def test_the_views_given_the_own_value_can_be_left_out() -> None:
    """The other views are the same without them."""
    rng = np.random.default_rng(4)
    cohort = cohort_of(rng.normal(size=(N, 2)))
    made = additive(cohort, np.ones(2))
    short = compare(made, cohort, by="race", testing=Testing(draws=200, own_value=False))
    whole = compare(made, cohort, by="race", testing=Testing(draws=200))
    assert {view.name for view in whole.views} - {view.name for view in short.views} == {
        "location", "slope",
    }  # fmt: skip
    np.testing.assert_array_equal(short.effect, whole.effect[: len(short.views)])
    np.testing.assert_array_equal(short.p, whole.p[: len(short.views)])


@pytest.mark.parametrize("covariates", [[], ["age"]])
def test_lists_under_any_dependence_hold_with_covariates_as_well(covariates: list[str]) -> None:
    """Yekutieli's q are those of Hochberg times 1 + 1/2 + 1/3, with and without adjustment."""
    rng = np.random.default_rng(5)
    cohort = cohort_of(rng.normal(size=(N, 3)))
    people = cohort.people.assign(age=rng.normal(size=N))
    cohort = Cohort(
        cohort.x, people, cohort.features, unit="row", groups=["race"], covariates=covariates
    )
    made = additive(cohort, np.ones(3))
    bh, by = (
        compare(made, cohort, by="race", testing=Testing(draws=200, lists=rule))
        for rule in ("bh", "by")
    )
    assert (by.q >= bh.q - 1e-12).all()
    low = bh.q[:2] * (1 + 1 / 2 + 1 / 3) <= 1
    np.testing.assert_allclose(by.q[:2][low], (bh.q[:2] * (1 + 1 / 2 + 1 / 3))[low])
