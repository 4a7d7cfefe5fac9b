"""Kinds of outcomes, sampling weights, and what follows from acting at a threshold."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn import metrics as sk

from evenlight.codec import plain, restore
from evenlight.data.cohort import Cohort
from evenlight.data.outcome import Survival
from evenlight.data.probed import Predictions
from evenlight.data.scores import Scores
from evenlight.errors import CohortError, InputError
from evenlight.measures.decide import decide
from evenlight.measures.decisions import Decisions
from evenlight.measures.perform import Judging, perform
from evenlight.models.adapt import adapt
from evenlight.probes.predict import predict


def people(
    n: int, seed: int = 0, *, outcome: str = "case", weights: str | None = None
) -> tuple[Cohort, Predictions]:
    """A calibrated risk in three groups that are alike."""
    rng = np.random.default_rng(seed)
    score, group = rng.normal(size=n), rng.integers(0, 3, n)
    y = (rng.uniform(size=n) < expit(score - 0.5)).astype(int)
    table = pd.DataFrame(
        {
            "race": np.array(list("ABC"))[group],
            "case": y,
            "w": np.where(group == 0, 3.0, 1.0),
            "time": rng.exponential(np.exp(-score)),
            "seen": (rng.uniform(size=n) < 0.7).astype(int),
            "kind": np.array(["no", "mild", "severe"])[y + (y & (score > 0.5))],
            "lab": rng.normal(size=n) + score,
        },
        index=[f"p{i:05d}" for i in range(n)],
    )
    asked = Survival("time", "seen") if outcome == "survival" else outcome
    cohort = Cohort(
        score[:, None], table, ["score"], outcome=asked, groups=["race"], unit="row",
        weights=weights,
    )  # fmt: skip
    risk = score - 0.5
    return cohort, Predictions(cohort.rows, risk, expit(risk), "case", "logit")


def test_rates_of_each_group_are_those_of_its_people() -> None:
    """Predictive values, missed events and net benefit equal scikit-learn's and the formula."""
    cohort, said = people(900)
    made = decide(said, cohort, by="race", judging=Judging(threshold=0.4))
    assert made.rates is not None
    for level in "ABC":
        own = (cohort.people["race"] == level).to_numpy()
        y, yes = cohort.y[own], said.response[own] >= 0.4
        theirs = {
            "ppv": sk.precision_score(y, yes),
            "missed": 1 - sk.recall_score(y, yes),
            "call_rate": yes.mean(),
            "net_benefit": (yes * y).mean() - (yes * (1 - y)).mean() * 0.4 / 0.6,
        }
        r = made.rates.parts.index(level)
        for name, number in theirs.items():
            assert made.rates.value[r, made.rates.metric(name)] == pytest.approx(number)
    assert set(made.rates.verdict.ravel()) == {""}


def test_the_group_that_is_missed_is_named_with_its_gap() -> None:
    """In C the score is noise: AUROC is worst there, the gap's limits leave out 0."""
    cohort, said = people(3000)
    noise = np.random.default_rng(9).normal(size=3000)
    c = (cohort.people["race"] == "C").to_numpy()
    margin = np.where(c, noise, said.margin)
    failed = replace(said, margin=margin, response=expit(margin))
    made = decide(failed, cohort, by="race", judging=Judging(threshold=0.4))
    worst, gap = made.summary("worst_auroc"), made.summary("auroc_gap")
    assert made.of[worst] == "C"
    assert made.low[worst] < 0.5 < made.high[worst] < 0.6
    assert made.of[gap].startswith("C below")
    assert made.low[gap] > 0.1 > made.null[gap]
    assert made.p[gap] == pytest.approx(1 / 501)
    scaled = made.summary("es_auroc")
    value = [sk.roc_auc_score(cohort.y[m], failed.response[m]) for m in _masks(cohort)]
    wanted = value[0] / (1 + sum(abs(value[0] - v) for v in value[1:]))
    assert made.value[scaled] == pytest.approx(wanted)


def _masks(cohort: Cohort) -> list[np.ndarray]:
    race = cohort.people["race"].to_numpy()
    return [np.ones(cohort.n, dtype=bool), *(race == level for level in "ABC")]


def test_groups_that_are_alike_have_gaps_as_under_shuffling() -> None:
    """A gap is above 0 by chance alone: its limit holds 0, its p is no small one."""
    cohort, said = people(1500, 3)
    made = decide(said, cohort, by="race", judging=Judging(threshold=0.4))
    for name in ("auroc_gap", "equalised_odds_gap"):
        s = made.summary(name)
        assert made.low[s] == 0.0 < made.null[s]
        assert made.p[s] > 0.02


def test_a_decision_curve_lies_above_treating_all_where_the_model_helps() -> None:
    """A calibrated model is at least as good as calling everybody or nobody."""
    cohort, said = people(4000)
    made = decide(said, cohort, by="race")
    assert made.rates is None
    shown = made.curve_reason[0] == ""
    best = np.maximum(made.treat_all[0, shown], 0)
    assert (made.net_high[0, shown] >= best - 1e-9).all()
    assert (made.net_benefit[0, shown] > best).mean() > 0.8
    assert len(made.curves_frame()) == made.net_benefit.size


def test_points_that_rest_on_few_calls_are_hidden() -> None:
    """Where 1 to 10 people of a group are called, its net benefit is not shown."""
    cohort, said = people(150)
    made = decide(said, cohort, by="race")
    r = made.parts.index("A")
    own = said.response[(cohort.people["race"] == "A").to_numpy()]
    for j, t in enumerate(made.thresholds):
        few = 0 < (own >= t).sum() < 11 or 0 < (own < t).sum() < 11
        assert few == bool(made.curve_reason[r, j])
        assert few == bool(np.isnan(made.net_benefit[r, j]))


def test_decisions_survive_json() -> None:
    """The record comes back as it went."""
    cohort, said = people(400)
    made = decide(said, cohort, by="race", judging=Judging(threshold=0.4))
    again = restore(Decisions, plain(made))
    assert plain(again) == plain(made)
    assert made.to_frame()["summary"].tolist() == list(made.summaries)


def test_nothing_depends_on_the_order_of_rows() -> None:
    """The same people in another order give the same bytes."""
    cohort, said = people(300)
    turned = cohort.take(np.random.default_rng(1).permutation(300))
    rules = Judging(threshold=0.4)
    a, b = (plain(decide(said, c, by="race", judging=rules)) for c in (cohort, turned))
    assert a == b


def test_a_group_that_is_followed_for_less_time_is_not_foretold_better() -> None:
    """One law, foretold in the first year alone: all are ranked up to the end of the shortest."""
    rng = np.random.default_rng(0)
    n = 1200
    margin, short = rng.normal(0, 1.5, n), np.arange(n) % 2 == 1
    first, exposure = 0.25 * np.exp(margin), rng.exponential(size=n)
    time = np.where(exposure < first, exposure / first, 1 + (exposure - first) / 0.25)
    left = rng.uniform(0, 5, n) / np.where(short, 5, 1)
    table = pd.DataFrame({"race": np.where(short, "B", "A"), "time": np.minimum(time, left)})
    table["seen"] = (time <= left).astype(int)
    outcome = Survival("time", "seen")
    cohort = Cohort(margin[:, None], table, ["m"], outcome=outcome, groups=["race"], unit="row")
    made = perform(predict(adapt(lambda x: x[:, 0], link="log"), cohort), cohort, by="race")
    assert abs(float(made.difference[0, 1])) < 0.05


def test_survival_is_ranked_by_the_margin() -> None:
    """Concordance by group, with events counted: Uno's is judged, Harrell's has no verdict."""
    cohort, said = people(600, outcome="survival")
    made = perform(said, cohort, by="race")
    assert made.metrics == ("concordance", "concordance_uno")
    assert 0.6 < made.value[0, 0] < 0.8
    assert made.events[0] == cohort.people["seen"].sum()
    assert set(made.verdict[:, 0].ravel()) == {""}
    assert "" not in made.verdict[:, 1]
    assert np.isnan(made.curve_predicted).all()
    assert decide(said, cohort, by="race").summaries == ("worst_concordance",)


def test_one_class_of_several_is_judged_against_the_others() -> None:
    """A categorical outcome takes predictions of one of its classes, and says so if not."""
    cohort, said = people(900, outcome="kind")
    severe = replace(said, target="severe")
    made = perform(severe, cohort, by="race")
    y = (cohort.people["kind"] == "severe").to_numpy()
    assert made.value[0, 0] == pytest.approx(sk.roc_auc_score(y, said.response))
    with pytest.raises(CohortError, match=r"one class of 'kind': .* \['mild', 'no', 'severe'\]"):
        perform(said, cohort, by="race")


def test_a_share_within_a_fifth_of_nothing_is_not_told() -> None:
    """An outcome around 0 has no share within 20 %; a positive one has."""
    cohort, said = people(300, outcome="lab")
    assert perform(said, cohort, by="race").metrics == ("mae", "bias", "r2")
    table = cohort.people.assign(lab=np.exp(cohort.people["lab"]))
    dose = Cohort(cohort.x, table, ["score"], outcome="lab", groups=["race"], unit="row")
    assert "within_20" in perform(said, dose, by="race").metrics


def test_scores_computed_elsewhere_are_compared_as_means() -> None:
    """Dice of a segmentation by group; a row without one is left out."""
    cohort, _ = people(300)
    dice = np.random.default_rng(0).beta(9, 2, size=300) - 0.2 * (cohort.people["race"] == "B")
    dice[:5] = np.nan
    made = perform(Scores.of(cohort.rows, {"dice": dice}, target="lung"), cohort, by="race")
    own = dice[(cohort.people["race"] == "B").to_numpy() & np.isfinite(dice)]
    assert made.value[made.parts.index("B"), 0] == pytest.approx(own.mean())
    at = made.contrasts.index(("B", "A"))
    assert made.difference_high[at, 0] < -0.1
    assert made.n[0] == 295
    with pytest.raises(InputError, match="wanted 2 rows x 1 names"):
        Scores(np.array(["a", "b"]), ("dice",), np.ones((3, 1)))


def test_sampling_weights_count_people_for_those_they_stand_for() -> None:
    """Weighted metrics are scikit-learn's; a share is worth Kish's number of people."""
    cohort, said = people(600, weights="w")
    made = perform(said, cohort, by="race", judging=Judging(threshold=0.4))
    w = cohort.people["w"].to_numpy()
    for name, number in {
        "auroc": sk.roc_auc_score(cohort.y, said.response, sample_weight=w),
        "brier": sk.brier_score_loss(cohort.y, said.response, sample_weight=w),
    }.items():
        assert made.value[0, made.metric(name)] == pytest.approx(number)
    bare = perform(said, people(600)[0], by="race", judging=Judging(threshold=0.4))
    m = made.metric("sensitivity")
    wide, narrow = (x.high[0, m] - x.low[0, m] for x in (made, bare))
    assert wide > narrow
    torn = Cohort(
        cohort.x, cohort.people.assign(w=-1.0), ["score"], outcome="case", groups=["race"],
        unit="row", weights="w",
    )  # fmt: skip
    with pytest.raises(CohortError, match="600 of 600 rows hold no number of 0 or more"):
        perform(said, torn, by="race")


def test_people_of_weight_zero_leave_performance_as_they_leave_every_comparison() -> None:
    """Weight 0 is the same as not being in the cohort: values, limits, counts and curves."""
    cohort, said = people(600, weights="w")
    stay = np.arange(600) % 4 > 0
    table = cohort.people.assign(w=np.where(stay, cohort.people["w"], 0.0))
    roles: dict[str, Any] = {"outcome": "case", "groups": ["race"], "unit": "row"}
    roles["weights"] = "w"
    zeros = Cohort(cohort.x, table, ["score"], **roles)
    fewer = Cohort(cohort.dense()[stay], table[stay], ["score"], **roles)
    one, two = (perform(said, c, by="race") for c in (zeros, fewer))
    for name in ("n", "events", "value", "low", "high", "difference", "difference_high"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
