"""Performance, reliance, composition, dependence and flips on small planted cohorts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn import metrics as sk

from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.probed import Intervention, Predictions
from evenlight.errors import CohortError
from evenlight.measures.people import compose, depend, flips
from evenlight.measures.perform import Judging, perform
from evenlight.measures.rely import rely
from evenlight.measures.stratified import unaskable


def binary(n: int = 600, seed: int = 0) -> tuple[Cohort, Predictions]:
    """A risk score that is noise in group B."""
    rng = np.random.default_rng(seed)
    score, group = rng.normal(size=n), np.arange(n) % 3
    truth = np.where(group == 1, rng.normal(size=n), score)
    people = pd.DataFrame(
        {
            "race": np.array(["A", "B", "NA"])[group],
            "case": (rng.uniform(size=n) < expit(2 * truth)).astype(int),
        },
        index=[f"p{i}" for i in range(n)],
    )
    cohort = Cohort(score[:, None], people, ["score"], outcome="case", groups=["race"], unit="row")
    return cohort, Predictions(cohort.rows, 2 * score, expit(2 * score), "case", "logit")


def test_performance_equals_scikit_learn_in_each_part() -> None:
    """Overall, by group and where the group is unknown."""
    cohort, said = binary()
    made = perform(said, cohort, by="race", judging=Judging(threshold=0.5))
    assert made.parts == ("overall", "A", "B", "unknown")
    race = cohort.people["race"].to_numpy()
    masks = [np.ones(600, dtype=bool), race == "A", race == "B", race == "NA"]
    for r, mask in enumerate(masks):
        theirs = sk.roc_auc_score(cohort.y[mask], said.response[mask])
        assert made.value[r, made.metric("auroc")] == pytest.approx(theirs)
        assert made.low[r, 0] < theirs < made.high[r, 0]


def test_a_group_that_the_model_fails_is_found() -> None:
    """AUROC and calibration slope differ for the group whose score is noise; nothing else does."""
    cohort, said = binary()
    made = perform(said, cohort, by="race")
    assert made.contrasts == (("B", "A"),)
    assert made.verdict[0, made.metric("auroc")] == "different"
    assert made.difference[0, made.metric("auroc")] < -0.2
    assert made.verdict[0, made.metric("auprc")] == ""


def test_equal_groups_are_similar_where_there_are_enough_people() -> None:
    """A noise split of many people is inside the margin."""
    rng = np.random.default_rng(1)
    score = rng.normal(size=8_000)
    people = pd.DataFrame(
        {"half": np.array(["a", "b"])[rng.integers(0, 2, 8_000)],
         "case": (rng.uniform(size=8_000) < expit(score)).astype(int)},
        index=[f"p{i}" for i in range(8_000)],
    )  # fmt: skip
    cohort = Cohort(score[:, None], people, outcome="case", groups=["half"], unit="row")
    made = perform(
        Predictions(cohort.rows, score, expit(score), "case", "logit"), cohort, by="half"
    )
    assert made.verdict[0, made.metric("auroc")] == "similar"
    assert made.verdict[0, made.metric("brier")] == "similar"


def test_small_parts_are_suppressed() -> None:
    """Five people of a group: no count, no metric, no difference."""
    cohort, said = binary(120)
    few = cohort.people["race"].where(
        ~((cohort.people["race"] == "B") & (np.arange(120) > 15)), "A"
    )
    small = Cohort(
        cohort.x,
        cohort.people.assign(race=few),
        ["score"],
        outcome="case",
        groups=["race"],
        unit="row",
    )
    made = perform(said, small, by="race")
    b = made.parts.index("B")
    assert np.isnan(made.n[b])
    assert made.part_reason[b] == "suppressed (<11)"
    assert np.isnan(made.value[b]).all()
    assert (made.verdict[0, [0, 2, 3]] == "not_estimable").all()


def test_performance_needs_an_outcome() -> None:
    """Nothing to compare the prediction with."""
    cohort, said = binary()
    bare = Cohort(cohort.x, cohort.people, ["score"], groups=["race"], unit="row")
    with pytest.raises(CohortError, match="performance needs an outcome, this cohort has none"):
        perform(said, bare, by="race")


def shortcut(n: int = 3000) -> tuple[Cohort, Attributions]:
    """One feature predicts the outcome in every group, one only tells the group, one is noise."""
    rng = np.random.default_rng(2)
    group = rng.integers(0, 2, n)
    signal, marker, noise = rng.normal(size=n), group + 0.3 * rng.normal(size=n), rng.normal(size=n)
    y = (rng.uniform(size=n) < expit(1.5 * signal + 1.5 * group - 0.75)).astype(int)
    people = pd.DataFrame(
        {"race": np.array(["A", "B"])[group], "y": y}, index=[f"p{i}" for i in range(n)]
    )
    x = np.column_stack([signal, marker, noise])
    names = ["signal", "marker", "noise"]
    cohort = Cohort(x, people, names, outcome="y", groups=["race"], unit="row")
    values = (x - x.mean(axis=0)) * np.array([1.5, 1.5, 0.1])
    return cohort, Attributions.from_arrays(
        values, rows=cohort.rows.tolist(), features=names, output=values.sum(axis=1), base=0.0
    )


def test_a_marker_of_the_group_carries_the_output_and_lacks_support() -> None:
    """Planted: the marker's share is large, its support not shown; the signal's is."""
    cohort, made = shortcut()
    found = rely(made, cohort, by="race")
    g = found.condition("outcome")
    assert found.verdict[g].tolist() == ["similar", "different", "similar"]
    assert found.support[0] == "supported_within_groups"
    assert found.support[1] == "not_supported_within_groups"
    assert found.slope[0] == pytest.approx(1.0, abs=0.3)
    assert abs(found.slope[1]) < 0.3
    assert found.total_verdict[g, 1] == "different"
    assert found.association.argmax() == 1


def test_shares_add_up_before_correction() -> None:
    """sum_j B_j is eta squared of the output, to 1e-8, in both conditions."""
    cohort, made = shortcut()
    found = rely(made, cohort, by="race")
    f, b = made.total(), cohort.grouping("race").codes == 1
    eta = np.where(b, f[b].mean(), f[~b].mean()).var() / f.var()
    assert found.raw_total[0] == pytest.approx(eta, abs=1e-8)
    np.testing.assert_allclose(found.raw.sum(axis=1), found.raw_total, atol=1e-12)


def test_reliance_without_an_outcome_gives_the_marginal_share_only() -> None:
    """No outcome: one condition, and support unresolved with its reason."""
    cohort, made = shortcut()
    bare = Cohort(cohort.x, cohort.people, cohort.features, groups=["race"], unit="row")
    found = rely(made, bare, by="race")
    assert found.given == ("nothing",)
    assert set(found.support) == {"unresolved"}
    assert found.support_reason[0] == "support needs an outcome, this cohort has none"


def test_too_many_strata_cannot_be_asked() -> None:
    """Where the bias would outweigh the estimate, nothing is estimated."""
    cohort, made = shortcut(200)
    site = [f"s{i % 20}" for i in range(200)]
    many = Cohort(
        cohort.x, cohort.people.assign(site=site), cohort.features, outcome="y", groups=["race"],
        strata=["site"], unit="row",
    )  # fmt: skip
    found = rely(made, many, by="race")
    g = found.condition("outcome and strata")
    assert set(found.verdict[g]) == {"not_estimable"}
    assert "cells of outcome classes and strata are too many" in found.reason[g, 0]
    assert "people in these groups are needed, or fewer strata" in found.reason[g, 0]


@pytest.mark.parametrize("given", ["nothing", "outcome", "outcome and strata"])
def test_what_is_too_many_is_named(given: str) -> None:
    """Without declared strata it is outcome classes or groups; fewer strata are no remedy."""
    rng = np.random.default_rng(0)
    people = pd.DataFrame(
        {
            "race": np.repeat(list("ABCD"), 11),
            "y": np.tile([0, 1], 22),
            "site": rng.choice(["s", "t"], 44),
        },
        index=[f"p{i}" for i in range(44)],
    )
    cohort = Cohort(
        rng.normal(size=(44, 2)), people, ["a", "b"], outcome="y", groups=["race"],
        strata=["site"] if given == "outcome and strata" else [], unit="row",
    )  # fmt: skip
    told = unaskable(cohort, by="race", given=given)
    many = {
        "nothing": "the groups are too many for these people",
        "outcome": "2 outcome classes are too many for these people",
        "outcome and strata": "4 cells of outcome classes and strata are too many for these people",
    }
    assert told.startswith(many[given])
    assert ("fewer strata" in told) == (given == "outcome and strata")
    assert " people in these groups are needed" in told


def test_composition_hides_small_cells_and_rounds_the_rest() -> None:
    """No published sum gives a hidden count away."""
    people = pd.DataFrame(
        {"race": ["A"] * 93 + ["B"] * 52 + ["C"] * 4, "y": np.arange(149) % 2.0},
        index=[f"p{i}" for i in range(149)],
    )
    cohort = Cohort(np.ones((149, 1)), people, outcome="y", groups=["race"], unit="row")
    made = compose(cohort, by="race")
    np.testing.assert_array_equal(made.count, [95, 50, np.nan, 0])
    assert made.reason.tolist() == ["", "", "suppressed (<11)", ""]
    assert np.isnan(made.outcome[2])


def test_dependence_shows_no_bin_below_the_smallest_group() -> None:
    """Every shown bin holds eleven units or more, and means are those of its rows."""
    cohort, made = shortcut()
    found = depend(made, cohort, by="race", subject="signal")
    assert np.nanmin(found.n) >= 11
    np.testing.assert_allclose(
        found.mean, 1.5 * (found.value - cohort.dense()[:, 0].mean()), atol=1e-5
    )


def test_flips_average_over_those_who_are_recorded_so() -> None:
    """Mean, spread and changed decisions of a planted change."""
    cohort, _ = binary()
    recorded = np.arange(600) % 2
    response = np.where(recorded[:, None] == 0, [0.4, 0.6], [0.3, 0.45])
    made = flips(
        Intervention("sex", cohort.rows, ("f", "m"), recorded, response, response, "case"),
        cohort,
        threshold=0.5,
    )
    np.testing.assert_allclose(made.mean, [0.2, -0.15])
    np.testing.assert_allclose(made.changed, [1.0, 0.0])
    np.testing.assert_allclose(made.spread, 0.0, atol=1e-12)


def test_units_whose_rows_differ_in_outcome_are_a_stratum_of_their_own() -> None:
    """Two rows of one person, one with the event: neither an event nor a non-event."""
    cohort, made = shortcut(400)
    twice = np.repeat(np.arange(400), 2)
    people = cohort.people.iloc[twice].assign(who=[f"u{i}" for i in twice])
    people.index = [f"r{i}" for i in range(800)]
    y = people["y"].to_numpy().copy()
    y[1:200:2] = 1 - y[0:200:2]
    nested = Cohort(
        cohort.x[twice], people.assign(y=y), cohort.features, outcome="y", groups=["race"],
        unit="who",
    )  # fmt: skip
    again = Attributions.from_arrays(
        made.values[twice], rows=nested.rows.tolist(), features=made.features,
        output=made.output[twice], base=0.0,
    )  # fmt: skip
    found = rely(again, nested, by="race")
    assert found.strata[found.condition("outcome")] == 3
    assert found.n.tolist() == [400, 400]
