"""Small arms, rare events, carriers and groups: *similar* is never said for want of people."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, ndtr

from evenlight.arrays import Float, Int
from evenlight.auditing import audit
from evenlight.data.attributions import Attributions
from evenlight.data.coefficients import CoefficientTable, Link
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.data.probed import Predictions
from evenlight.measures.compare import compare
from evenlight.measures.decide import decide
from evenlight.measures.measuring import measure
from evenlight.measures.people import compose, depend
from evenlight.measures.perform import MARGINS, Judging, perform, tasked
from evenlight.measures.rely import rely
from evenlight.measures.rests import whole_reasons
from evenlight.plan import Plan
from evenlight.stats.intervals import recovered, spreads
from evenlight.stats.parts import limits


def cohort_of(x: Float, group: Int, y: Float | None = None) -> Cohort:
    """People in groups A, B, C by code, with an outcome if one is given."""
    people = pd.DataFrame(
        {"race": np.array(list("ABC"))[group]}, index=[f"p{i:05d}" for i in range(len(x))]
    )
    if y is not None:
        people["y"] = y
    name = "y" if y is not None else None
    return Cohort(x, people, outcome=name, groups=["race"], unit="row")


def attributions(cohort: Cohort, values: Float) -> Attributions:
    """Values as attributions that add up to the output."""
    return Attributions.from_arrays(
        values, rows=cohort.rows.tolist(), features=cohort.features, output=values.sum(axis=1),
        base=0.0,
    )  # fmt: skip


def risk(
    sizes: tuple[int, int], events: tuple[int, int], seed: int = 0
) -> tuple[Cohort, Predictions]:
    """Two groups with a given number of events each and a score that ranks them."""
    rng = np.random.default_rng(seed)
    y = np.concatenate([np.arange(n) < e for n, e in zip(sizes, events, strict=True)]).astype(float)
    score = rng.normal(size=len(y)) + y
    cohort = cohort_of(score[:, None], np.repeat([0, 1], sizes), y)
    return cohort, Predictions(cohort.rows, score, expit(score), "y", "logit")


def judged(
    said: Predictions, cohort: Cohort, names: Collection[str] = MARGINS, at: float | None = None
) -> Mapping[str, Any]:
    """The fields of `perform` for some metrics alone, (c, m): the others take as long."""
    task = tasked(said.at(cohort), cohort, "race", Judging(threshold=at))
    metrics = {name: metric for name, metric in task.metrics.items() if name in names}
    return measure(replace(task, metrics=metrics), np.random.default_rng(0)).fields()


def test_five_events_are_too_few_and_nothing_breaks() -> None:
    """AUROC and calibration rest on the events: below 11 they are neither judged nor shown."""
    cohort, said = risk((200, 300), (5, 90))
    made = perform(said, cohort, by="race", judging=Judging(threshold=0.5))
    a = made.parts.index("A")
    for metric in ("auroc", "auprc", "calibration_slope", "sensitivity"):
        m = made.metric(metric)
        assert np.isnan(made.value[a, m])
        assert made.reason[a, m] == "fewer than 11 events or non-events"
        assert made.verdict[0, m] in ("not_estimable", "")
    assert np.isnan(made.events[a])
    assert made.verdict[0, made.metric("specificity")] != "not_estimable"


def test_few_events_are_never_similar() -> None:
    """With 11 to 19 events AUROC may differ or stay open."""
    for seed in range(10):
        cohort, said = risk((400, 3000), (15, 900), seed)
        made = judged(said, cohort, ["auroc"])
        assert made["verdict"][0, 0] != "similar"


def test_auroc_differences_cover_the_truth_with_few_events() -> None:
    """Limits on the logit scale: about 95 % of intervals hold the true difference of 0."""
    held = []
    for seed in range(120):
        cohort, said = risk((60, 400), (20, 130), seed)
        made = judged(said, cohort, ["auroc"])
        held.append(made["difference_low"][0, 0] <= 0 <= made["difference_high"][0, 0])
    assert np.mean(held) > 0.95 - 3 * np.sqrt(0.05 * 0.95 / 120)


def test_p_is_that_of_the_widest_interval_without_zero() -> None:
    """Halving finds what a walk over every number of standard errors finds."""
    cohort, said = risk((60, 400), (20, 130))
    task = tasked(said.at(cohort), cohort, "race", Judging(threshold=0.62))
    made = measure(task, np.random.default_rng(0)).measured
    pairs, spread = (np.array([2]), np.array([1])), spreads(made.drawn)
    widest = np.zeros((1, made.value.shape[1]))
    for z in np.arange(0.02, 8.5, 0.02):
        low, high = recovered(made.value, *limits(made.value, spread, made.shape, z), pairs)
        widest[(low > 0) | (high < 0)] = z
    found = judged(said, cohort, task.metrics, at=0.62)
    np.testing.assert_array_equal(found["p"], 2 * ndtr(-widest))


def test_non_events_are_hidden_too() -> None:
    """196 events of 200 people would give four away."""
    cohort, said = risk((200, 300), (196, 150))
    assert np.isnan(perform(said, cohort, by="race").events[1])


def test_no_carrier_in_a_small_arm_is_not_similar() -> None:
    """Planted: 5 % of A carry a strong feature; 20 of A without a carrier show no variance."""
    rng, said = np.random.default_rng(0), []
    for _ in range(40):
        carrier = np.concatenate([rng.uniform(size=20) < 0.05, np.zeros(200)]).astype(float)
        carrier[-1] = 1.0
        values = np.column_stack([4.0 * carrier, rng.normal(size=220)])
        cohort = cohort_of(values, np.repeat([0, 1], [20, 200]))
        said.append(compare(attributions(cohort, values), cohort, by="race").verdict[0, 0, 0])
    assert "similar" not in said


def test_a_tiny_group_does_not_make_reliance_similar() -> None:
    """12 of 1,012 people two SD away carry little variance: cannot tell, and the group is named."""
    rng = np.random.default_rng(1)
    group = np.repeat([0, 1], [12, 1000])
    x = rng.normal(size=(1012, 1)) + 2.0 * (group == 0)[:, None]
    cohort = cohort_of(x, group)
    found = rely(attributions(cohort, x), cohort, by="race")
    assert found.total_verdict[0, 0] == "cannot_tell"
    assert found.population[0] == "Groups weigh by their size: A is 1.2 % of the units."


def test_groups_below_eleven_leave_the_shares() -> None:
    """Four people far away do not decide how much of the output follows the groups."""
    rng = np.random.default_rng(2)
    group = np.repeat([0, 1, 2], [100, 100, 4])
    x = rng.normal(size=(204, 1)) + 8.0 * (group == 2)[:, None]
    cohort = cohort_of(x, group)
    found = rely(attributions(cohort, x), cohort, by="race")
    assert found.n[0] == 200
    assert found.total[0, 0] < 0.05


def test_a_constant_column_stops_no_gate() -> None:
    """A feature that nobody varies in has no common contrast, and is no part of the question."""
    rng = np.random.default_rng(3)
    group = np.arange(600) % 2
    x = np.column_stack([rng.normal(size=(600, 2)), np.ones(600)])
    y = x.sum(axis=1) + rng.normal(size=600)
    cohort = cohort_of(x, group, y)
    found = audit(CoefficientTable("sum", 0.0, {"x0": 1.0, "x1": 1.0, "x2": 1.0}), cohort)
    use = next(a for a in found.answers if a.measure == "use")
    assert use.verdict == "similar"
    assert use.sentence.endswith("Left out, for want of a common contrast: 1 feature.")


def test_a_unit_with_one_known_label_has_it_in_any_order() -> None:
    """One row labelled, the other unknown: the order of rows decides nothing."""
    rng = np.random.default_rng(4)
    who = np.repeat([f"u{i:03d}" for i in range(100)], 2)
    race = np.where(
        np.arange(200) % 2 == 0, np.where(np.repeat(np.arange(100), 2) % 2, "A", "B"), ""
    )
    people = pd.DataFrame(
        {"who": who, "race": race, "site": np.arange(200) % 3},
        index=[f"r{i:03d}" for i in range(200)],
    )
    x = pd.DataFrame(rng.normal(size=(200, 1)), index=people.index)
    one, other = (
        Cohort(x.iloc[order], people, groups=["race"], strata=["site"], unit="who")
        for order in (slice(None), slice(None, None, -1))
    )
    for cohort in (one, other):
        assert compose(cohort, by="race").count.tolist() == [50, 50, 0]
    np.testing.assert_array_equal(compose(one, by="race").cells, compose(other, by="race").cells)
    made = attributions(one, one.dense())
    np.testing.assert_array_equal(
        compare(made, one, by="race").effect, compare(made, other, by="race").effect
    )


def test_bins_of_the_outcome_leave_nothing_of_it() -> None:
    """The output follows the outcome alone, which differs by 2 SD: given it, nothing differs."""
    rng = np.random.default_rng(5)
    group = np.repeat([0, 1], [120, 4000])
    y = rng.normal(size=4120) + 2.0 * (group == 0)
    x = y[:, None] + rng.normal(size=(4120, 1))
    cohort = cohort_of(x, group, y)
    made = attributions(cohort, x)
    found, shares = compare(made, cohort, by="race"), rely(made, cohort, by="race")
    v, g = found.view("signed", "outcome"), shares.condition("outcome")
    assert found.low[v, 0, 0] < 0 < found.high[v, 0, 0]
    assert shares.total_low[g, 0] < 0.01


def test_units_lost_to_torn_signatures_count_as_lost() -> None:
    """88 of 100 people have a pair of sites that nobody of the other group has."""
    rng = np.random.default_rng(6)
    unit = (
        [f"a{i}" for i in range(100)] + [f"a{i}" for i in range(88)] + [f"b{i}" for i in range(100)]
    )
    site = ["1"] * 100 + ["2"] * 88 + ["1"] * 50 + ["2"] * 50
    people = pd.DataFrame(
        {"who": unit, "site": site, "race": [u[0].upper() for u in unit]},
        index=[f"r{i}" for i in range(288)],
    )
    x = rng.normal(size=(288, 1))
    cohort = Cohort(x, people, groups=["race"], strata=["site"], unit="who")
    found = compare(attributions(cohort, x), cohort, by="race")
    assert found.verdict[0, 0, 0] == "not_estimable"
    assert found.reason[0, 0, 0].startswith("12 of 100 units in A")


def test_a_hidden_bin_is_not_solved_by_subtraction() -> None:
    """Where a bin of a dependence is hidden, the others are told to 5."""
    rng = np.random.default_rng(7)
    group = np.arange(298) % 2
    x = rng.normal(size=(298, 1)) + 2.5 * group[:, None]
    cohort = cohort_of(x, group)
    found = depend(attributions(cohort, x), cohort, by="race", subject="x0")
    assert (found.reason == "suppressed (<11)").any()
    assert (found.n[~np.isnan(found.n)] % 5 == 0).all()


def test_a_level_that_nobody_has_breaks_nothing() -> None:
    """Declared, absent: shown as nobody, not estimable, and no warning."""
    rng = np.random.default_rng(8)
    x, y = rng.normal(size=(200, 2)), rng.normal(size=200)
    base = cohort_of(x, np.arange(200) % 2, y)
    groups = Groups.from_labels("race", base.people["race"], levels=["A", "B", "C"])
    cohort = Cohort(x, base.people, outcome="y", groups=[groups], unit="row")
    found = audit(CoefficientTable("sum", 0.0, {"x0": 1.0, "x1": 1.0}), cohort)
    race = found.comparisons[0]
    assert (
        race.verdict[:, [i for i, c in enumerate(race.contrasts) if "C" in c]] == "not_estimable"
    ).all()
    assert found.performances[0].part_reason[3] == "nobody"


def test_a_model_without_a_margin_cannot_be_asked_about_use() -> None:
    """A forest gives probabilities only: the question stays, its answer is why not."""
    pytest.importorskip("sklearn")
    from sklearn.ensemble import RandomForestClassifier

    rng = np.random.default_rng(9)
    x = rng.normal(size=(120, 3))
    y = (x[:, 0] + rng.normal(size=120) > 0).astype(float)
    cohort = cohort_of(x, np.arange(120) % 2, y)
    forest = RandomForestClassifier(10, random_state=0).fit(x, y)
    asked = {"question": [{"measure": "use", "grouping": "race"}]}
    found = audit(forest, cohort, plan=Plan.from_data(asked))
    use = next(a for a in found.answers if a.measure == "use")
    assert use.verdict == "not_estimable"
    assert "the model has no margin" in use.sentence


def test_a_perfect_share_of_twelve_is_not_certain() -> None:
    """12 of 12 events detected: the interval is that of twelve, and nothing differs for it."""
    y = np.concatenate([np.arange(40) < 12, np.arange(1000) < 500]).astype(float)
    hit = np.concatenate([np.ones(12), np.zeros(28), np.arange(500) < 451, np.zeros(500)])
    response = 0.2 + 0.6 * hit
    cohort = cohort_of(response[:, None], np.repeat([0, 1], [40, 1000]), y)
    said = Predictions(cohort.rows, response, response, "y", "logit")
    made = perform(said, cohort, by="race", judging=Judging(threshold=0.5))
    m = made.metric("sensitivity")
    a = made.parts.index("A")
    assert made.value[a, m] == 1.0
    assert 0.7 < made.low[a, m] < 0.8
    assert made.verdict[0, m] == "cannot_tell"
    assert made.p[0, m] > 0.05


def test_few_events_raise_few_alarms() -> None:
    """Planted: equal groups, 12 events in the small one. Any judged metric differs in about 5 %."""
    false = []
    for seed in range(60):
        cohort, said = risk((40, 800), (12, 240), seed)
        made = judged(said, cohort, at=0.62)
        false.append((made["verdict"] == "different").any())
    assert np.mean(false) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 60)


def test_a_misspelt_margin_is_named() -> None:
    """A metric that is not judged, with the nearest."""
    with pytest.raises(ValueError, match="no margin is set for 'auc'; did you mean 'auroc'"):
        Judging(margins={"auc": 0.05})


@pytest.mark.parametrize("kind", ["continuous", "binary"])
def test_a_page_is_made_with_a_suppressed_group(kind: str) -> None:
    """Five people of a group, an unknown label, few events: every figure and table is drawn."""
    from evenlight import reports

    rng = np.random.default_rng(10)
    group = np.repeat([0, 1, 2], [150, 60, 5])
    x = rng.normal(size=(215, 3))
    y = x.sum(axis=1) + rng.normal(size=215)
    if kind == "binary":
        y = (y > 1.5).astype(float)
    base = cohort_of(x, group, y)
    race = base.people["race"].mask(np.arange(215) < 3)
    cohort = Cohort(x, base.people.assign(race=race), outcome="y", groups=["race"], unit="row")
    link: Link = "logit" if kind == "binary" else "identity"
    model = CoefficientTable("score", 0.0, {"x0": 1.0, "x1": 1.0, "x2": 1.0}, link=link)
    page = reports.build(audit(model, cohort))
    assert "suppressed (&lt;11)" in page
    assert ">nan<" not in page


@pytest.mark.parametrize(("each", "told"), [(10, False), (11, True)])
def test_overall_says_that_it_is_of_groups_that_are_each_enough(each: int, told: bool) -> None:
    """Twenty events, ten in each of two groups: overall is hidden for their sake, and says so.

    With eleven in each it is told.
    """
    n = 4 * each
    y, sex = np.tile([0, 1], n // 2), np.repeat(["f", "m"], n // 2)
    x = np.random.default_rng(0).normal(size=(n, 2)) + y[:, None]
    people = pd.DataFrame({"ill": y, "sex": sex}, index=[f"p{i:02d}" for i in range(n)])
    cohort = Cohort(x, people, outcome="ill", groups=["sex"], unit="row")
    said = Predictions(cohort.rows, x[:, 0], expit(x[:, 0]), "ill", "logit")
    made, acted = perform(said, cohort, by="sex"), decide(said, cohort, by="sex")
    own, reason = made.metric("auroc"), whole_reasons()["rarer"]
    assert np.isfinite(made.value[0, own]) == told
    assert made.reason[0, own] == ("" if told else reason)
    assert "there is none" in reason
    if not told:
        assert set(made.reason[1:, own]) == {"fewer than 11 events or non-events"}
        assert set(acted.curve_reason[0]) == {reason}
