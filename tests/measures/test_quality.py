"""Quality of explanations by group: planted faults are found, nothing else is; then withholding."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evenlight.arrays import Bool, Float
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.faithful import CHECKS, Faithfulness
from evenlight.errors import AttributionError, InputError
from evenlight.measures.assess import assess
from evenlight.measures.quality import METRICS, RULES, Quality

N = 300
GOOD = {
    "residual": 0.001, "noise": 0.1, "deletion": 1.0, "insertion": 1.0, "stability": 0.1,
    "background": 0.1, "agreement": 0.1, "sanity": 0.0,
}  # fmt: skip


def people(n: int = N, *, few: int = 0, **columns: object) -> Cohort:
    """Half A, half B, and `few` of C."""
    race = np.where(np.arange(n) % 2 == 0, "A", "B")
    race[:few] = "C"
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"race": race, "y": rng.normal(size=n)} | columns, index=ids(n))
    return Cohort(rng.normal(size=(n, 3)), table, outcome="y", groups=["race"], unit="row")


def ids(n: int) -> list[str]:
    """Row ids."""
    return [f"p{i:04d}" for i in range(n)]


def attributions(cohort: Cohort, lost: Bool | None = None) -> Attributions:
    """Of a linear model; rows that are `lost` miss the output."""
    x = cohort.dense()
    made = Attributions.from_arrays(
        x, rows=cohort.rows.tolist(), features=cohort.features, output=x.sum(axis=1), base=0.0
    )
    return made if lost is None else replace(made, converged=~lost)


def checks(cohort: Cohort, seed: int = 0, **own: Float) -> Faithfulness:
    """Good checks of every row with some spread, and some of one's own."""
    rng = np.random.default_rng(seed)
    values = {name: np.abs(GOOD[name] + 0.05 * rng.standard_t(4, size=cohort.n)) for name in CHECKS}
    return Faithfulness(
        cohort.rows, **(values | own), reasons={}, method="given", target="output",
        players="3 variables", evaluations=1, explanations=1, cohort_digest=cohort.digest,
    )  # fmt: skip


def trust(made: Quality) -> dict[str, str]:
    """The trust in each level."""
    return dict(zip(made.levels, made.trust.tolist(), strict=True))


def test_good_explanations_are_reliable() -> None:
    """Every check passes in every group, and nothing is withheld."""
    cohort = people()
    made = assess(checks(cohort), attributions(cohort), cohort, by="race")
    assert trust(made) == {"A": "reliable", "B": "reliable"}
    assert made.withheld().tolist() == [""]
    assert made.unreliable == ""
    told = made.passed[:, [METRICS.index(m) for m in METRICS if m != "noise"]]
    assert (told == "passed").all()
    assert "recorded no" in made.reason[0, made.metric("noise")] or made.reason[0, 3] != ""


@pytest.mark.parametrize(
    ("metric", "bad"),
    [("deletion", 0.3), ("insertion", 0.2), ("stability", 0.8), ("background", 0.7),
     ("agreement", 0.5)],
)  # fmt: skip
def test_a_check_that_fails_in_one_group_is_found_there(metric: str, bad: float) -> None:
    """The group is unreliable, the other is not; both differ; their contrast is withheld."""
    cohort = people()
    values = checks(cohort).__getattribute__(metric).copy()
    at = cohort.grouping("race").members("B")
    values[at] += bad - GOOD[metric]
    made = assess(checks(cohort, **{metric: values}), attributions(cohort), cohort, by="race")
    assert trust(made) == {"A": "reliable", "B": "unreliable"}
    m = made.metric(metric)
    assert made.passed[made.parts.index("B"), m] == "failed"
    assert made.verdict[0, m] == "different"
    assert made.p[0, m] < 0.01
    assert made.withheld()[0].startswith("explanation unreliable: ")
    assert "in B, where at" in made.withheld()[0]
    assert "differs between B and A by" in made.apart[0]


def test_quality_that_differs_withholds_though_both_pass() -> None:
    """0.1 and 0.35 of a typical attribution: allowed each, and not alike."""
    cohort = people()
    values = checks(cohort).stability.copy()
    values[cohort.grouping("race").members("B")] += 0.25
    made = assess(checks(cohort, stability=values), attributions(cohort), cohort, by="race")
    assert trust(made) == {"A": "reliable", "B": "reliable"}
    assert made.withheld()[0].startswith(
        "explanation unreliable: change under small noise differs between B and A by +0.249"
    )


def test_a_difference_inside_the_margin_withholds_nothing() -> None:
    """Sure, and too small to matter."""
    cohort = people()
    values = checks(cohort).stability.copy()
    values[cohort.grouping("race").members("B")] += 0.1
    made = assess(checks(cohort, stability=values), attributions(cohort), cohort, by="race")
    m = made.metric("stability")
    assert made.p[0, m] < 0.01
    assert made.verdict[0, m] == "similar"
    assert made.withheld()[0] == ""


def test_false_alarms_over_all_checks_stay_near_five_percent() -> None:
    """Exchangeable groups of unequal size: any p below 5 % in about 5 % of 200 runs (SE 1.5)."""
    cohort = people(160)
    made, runs, rng = attributions(cohort), 200, np.random.default_rng(1)
    alarms = 0
    for seed in range(runs):
        labels = pd.Series(np.where(rng.permutation(160) < 40, "A", "B"), index=cohort.rows)
        own = Cohort(cohort.x, cohort.people.assign(g=labels), groups=["g"], unit="row")
        found = assess(checks(own, seed), replace(made, cohort_digest=""), own, by="g", rng=seed)
        alarms += bool(np.nanmin(found.p) <= 0.05)
    assert alarms / runs <= 0.05 + 2 * 0.0154


def test_values_are_means_over_units_and_quantiles_of_residuals() -> None:
    """Several rows of one person count once; residuals are told by median and 95th percentile."""
    cohort = people(120, who=[f"u{i // 2:03d}" for i in range(120)], race=["A", "A", "B", "B"] * 30)
    cohort = Cohort(cohort.x, cohort.people, outcome="y", groups=["race"], unit="who")
    seen = checks(cohort)
    made = replace(attributions(cohort), error=np.linspace(0, 0.1, 120))
    found = assess(seen, made, cohort, by="race")
    m, r = found.metric("deletion"), found.parts.index("A")
    at = cohort.grouping("race").members("A")
    per_unit = pd.Series(seen.deletion[at]).groupby(np.asarray(cohort.people["who"])[at]).mean()
    assert found.value[r, m] == pytest.approx(per_unit.mean())
    assert found.n[r, m] == 30
    move = np.abs(made.output)
    residual = pd.Series(made.error / np.maximum(move, np.median(move)))
    whole = residual.groupby(np.asarray(cohort.people["who"])).mean()
    for name, share in (("residual", 0.5), ("residual_tail", 0.95)):
        assert found.value[0, found.metric(name)] == pytest.approx(whole.quantile(share))
    assert found.low[0, 1] <= found.value[0, 1] <= found.high[0, 1]


def test_units_and_not_rows_decide() -> None:
    """Ten copies of each person give the same p and the same number of units."""
    cohort = people(60)
    seen = checks(cohort, stability=np.linspace(0, 1, 60))
    one = assess(seen, attributions(cohort), cohort, by="race")
    table = cohort.people.loc[cohort.people.index.repeat(10)].assign(
        who=np.repeat(cohort.rows, 10)
    ).set_axis(ids(600))  # fmt: skip
    many = Cohort(np.repeat(cohort.dense(), 10, axis=0), table, outcome="y", groups=["race"],
                  unit="who")  # fmt: skip
    values: dict[str, Any] = {name: np.repeat(getattr(seen, name), 10) for name in CHECKS}
    tenfold = replace(seen, rows=many.rows, cohort_digest=many.digest, **values)
    ten = assess(tenfold, attributions(many), many, by="race")
    np.testing.assert_allclose(ten.p, one.p)
    np.testing.assert_allclose(ten.n, one.n)
    np.testing.assert_allclose(ten.value, one.value, rtol=1e-6)


def test_groups_below_eleven_are_neither_shown_nor_judged() -> None:
    """Ten people: suppressed, unknown, and the counts of the others are rounded."""
    cohort = people(206, few=10)
    found = assess(checks(cohort), attributions(cohort), cohort, by="race")
    r = found.parts.index("C")
    assert np.isnan(found.value[r]).all()
    assert found.reason[r, found.metric("deletion")] == "suppressed (<11)"
    assert trust(found)["C"] == "unknown"
    assert (found.n[found.n > 0] % 5 == 0).all()
    c = found.contrasts.index(("C", "A"))
    assert found.verdict[c, found.metric("deletion")] == "not_estimable"
    assert found.withheld()[c] == ""


def test_where_every_group_is_small_nothing_is_judged() -> None:
    """Ten and ten: no number, no draw, and everything unknown."""
    cohort = people(20)
    found = assess(checks(cohort), attributions(cohort), cohort, by="race")
    assert set(found.trust) == {"unknown"}
    assert np.isnan(found.difference).all()
    assert set(found.verdict[0]) == {"not_estimable", ""}


def test_too_many_rows_that_did_not_converge() -> None:
    """Ten per cent in one group: unreliable; the number itself is shown from eleven rows on."""
    cohort = people(400)
    lost = np.zeros(400, dtype=bool)
    lost[1:41:2] = True
    found = assess(checks(cohort), attributions(cohort, lost), cohort, by="race")
    m = found.metric("unconverged")
    assert found.value[found.parts.index("B"), m] == 0.1
    assert found.trust_reason[1].startswith("share of rows that did not converge 0.10 in B")
    assert found.verdict[0, m] == "different"
    lost[9:] = False
    found = assess(checks(cohort), attributions(cohort, lost), cohort, by="race")
    assert np.isnan(found.value[found.parts.index("B"), m])
    assert found.reason[2, m] == found.difference_reason[0, m] == "1 to 10 rows did not converge"
    assert found.passed[2, m] == "passed"


def test_one_lost_row_of_twelve_is_no_share() -> None:
    """A single row that did not converge fails no group."""
    cohort = people(24)
    lost = np.arange(24) == 3
    found = assess(checks(cohort), attributions(cohort, lost), cohort, by="race")
    assert found.passed[found.parts.index("B"), found.metric("unconverged")] == "passed"


def test_the_noise_of_everybody_is_of_the_spread() -> None:
    """Monte Carlo error over the size of a typical attribution, for all rows."""
    cohort = people()
    made = attributions(cohort)
    spread = np.full(made.values.shape, 0.1, dtype=np.float32)
    found = assess(checks(cohort), replace(made, spread=spread), cohort, by="race")
    size = np.median(np.sqrt((cohort.dense() ** 2).sum(axis=1)))
    assert found.value[0, found.metric("noise")] == pytest.approx(0.1 * np.sqrt(3) / size, rel=1e-5)


def test_faithfulness_of_another_explanation_is_refused() -> None:
    """Method and target must be those of the attributions."""
    cohort = people()
    seen = checks(cohort)
    with pytest.raises(AttributionError, match="the faithfulness is of ig for 'output'"):
        assess(replace(seen, method="ig"), attributions(cohort), cohort, by="race")


def test_every_rule_says_where_it_comes_from() -> None:
    """Limits have reasons; what is tested has a margin below its limit."""
    assert all(len(rule.why) > 20 for rule in RULES.values())
    for rule in RULES.values():
        assert rule.margin is None or 0 < rule.margin <= rule.limit


def test_the_order_of_people_changes_no_number() -> None:
    """Shuffled rows: the same record to the bit."""
    cohort = people(few=20)
    seen, made = checks(cohort), attributions(cohort)
    turned = cohort.take(np.random.default_rng(3).permutation(cohort.n))
    one, two = (assess(seen, made, c, by="race") for c in (cohort, turned))
    for field in fields(Quality):
        a, b = getattr(one, field.name), getattr(two, field.name)
        np.testing.assert_array_equal(a, b, err_msg=field.name)


def test_a_quality_checks_itself() -> None:
    """Shapes, words and missing numbers."""
    cohort = people()
    made = assess(checks(cohort), attributions(cohort), cohort, by="race")
    with pytest.raises(InputError, match="trust holds 'good'"):
        replace(made, trust=np.array(["good", "good"]))
    with pytest.raises(InputError, match=r"Quality.n\[0, 3\] is missing without a reason"):
        replace(made, reason=np.full(made.reason.shape, ""))
    with pytest.raises(LookupError, match="no metric 'beauty'"):
        made.metric("beauty")
    assert len(made.to_frame()) == made.value.size
    assert len(made.differences_frame()) == made.difference.size
