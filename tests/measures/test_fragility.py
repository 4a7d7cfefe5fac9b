"""Fragility: against loops and other libraries, in any order, planted, and on real data."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import brier_score_loss, r2_score, roc_auc_score

from evenlight import demo
from evenlight.arrays import Float
from evenlight.codec import plain, restore
from evenlight.cohorts import warfarin
from evenlight.data.cohort import Cohort
from evenlight.data.outcome import Survival
from evenlight.data.perturbed import STEPPED, Perturbed
from evenlight.errors import InputError, ModelError, UnknownName
from evenlight.measures.fragile import Fragility
from evenlight.measures.fragility import fragility
from evenlight.measures.testing import Testing
from evenlight.probes.perturb import perturb

STRENGTH = (0.1, 0.2, 0.4)
QUICK = Testing(draws=199)


def made(cohort: Cohort, after: Float, before: Float, **own: object) -> Perturbed:
    """One perturbation of s strengths of a logistic model, margins given."""
    s = len(after)
    fields = {
        "rows": cohort.rows, "suite": "by hand", "perturbation": ("loss",) * s,
        "strength": np.array(STRENGTH[:s]), "unit": ("share",) * s, "before": before,
        "response_before": expit(before), "margins": after[..., None],
        "responses": expit(after)[..., None], "target": "event", "link": "logit",
        "shared": ("loss",), "cohort_digest": cohort.digest,
    }  # fmt: skip
    return Perturbed(**(fields | own))  # type: ignore[arg-type]


def expit(x: Float) -> Float:
    """The probability of a log-odds."""
    out: Float = 1 / (1 + np.exp(-x))
    return out


def people(n: int, *, each: int = 1, sites: int = 1, seed: int = 0, **roles: object) -> Cohort:
    """`n` people of two groups with `each` rows, an outcome, and a site."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(n), each)
    table = pd.DataFrame({"who": [f"p{i:04d}" for i in who], "g": np.where(who % 3 > 0, "b", "a")})
    table["site"] = [f"s{i}" for i in (who // 2) % sites]
    table["y"] = (rng.random(n) < 0.5).astype(int)[who]
    table.index = pd.Index([f"r{i:05d}" for i in rng.permutation(len(who))])
    x = rng.normal(size=(len(who), 2))
    roles = {"outcome": "y", "groups": ["g"], "unit": "who"} | roles
    return Cohort(x, table, **roles)  # type: ignore[arg-type]


def drawn(cohort: Cohort, *, s: int = 3, seed: int = 1, in_a: float = 1.0) -> Perturbed:
    """Changes that grow with the strength, `in_a` times as large in group a."""
    rng = np.random.default_rng(seed)
    order = np.argsort(cohort.order)
    before, noise = (rng.normal(size=cohort.n)[order] for _ in range(2))
    scale = np.where(np.array(cohort.people["g"]) == "a", in_a, 1.0)
    after = before + np.outer(np.array(STRENGTH[:s]), noise * scale)
    return made(cohort, after, before)


def test_effects_equal_loops_over_units_and_strata() -> None:
    """Means by group and the stratified difference of sizes are those of two loops."""
    cohort = people(120, each=2, sites=2, strata=["site"])
    moved = drawn(cohort, in_a=0.5)
    found = fragility(moved, cohort, by="g", testing=QUICK)
    who, g = np.array(cohort.people["who"]), np.array(cohort.people["g"])
    site = np.array(cohort.people["site"])
    units = sorted(set(who))
    group, place = ({u: v[who == u][0] for u in units} for v in (g, site))
    f = {u: moved.before[who == u].mean() for u in units}
    rest = [f[u] - np.mean([f[v] for v in units if group[v] == group[u]]) for u in units]
    sd = np.sqrt(np.mean(np.square(rest)))
    assert found.sd == pytest.approx(sd)
    for i in range(3):
        size = {u: moved.size[i][who == u].mean() / sd for u in units}
        part = {k: np.mean([size[u] for u in units if group[u] == k]) for k in "ab"}
        for k in "ab":
            assert found.value[found.part(k), i, found.measure("size")] == pytest.approx(part[k])
        total = weight = 0.0
        for s in ("s0", "s1"):
            a, b = ([size[u] for u in units if (group[u], place[u]) == (k, s)] for k in "ab")
            w = len(a) * len(b) / (len(a) + len(b))
            total, weight = total + w * (np.mean(b) - np.mean(a)), weight + w
        at = found.view("size")
        assert found.contrasts == (("b", "a"),)
        assert found.apart.effect[at, 0, i] == pytest.approx(total / weight)


def test_metrics_are_those_of_other_libraries() -> None:
    """After minus before of Brier, AUROC, calibration and flips agree with scikit-learn."""
    cohort = people(300)
    moved = drawn(cohort)
    found = fragility(moved, cohort, by="g", threshold=0.4, testing=QUICK)
    g, y = np.array(cohort.people["g"]), cohort.y
    for k in "ab":
        at, r = g == k, found.part(k)
        for i in range(3):
            old, new = moved.response_before[at], moved.response[i][at]
            wanted = {
                "brier": brier_score_loss(y[at], new) - brier_score_loss(y[at], old),
                "auroc": roc_auc_score(y[at], new) - roc_auc_score(y[at], old),
                "calibration_slope": _slope(new, y[at]) - _slope(old, y[at]),
                "flips": np.mean((new >= 0.4) != (old >= 0.4)),
            }
            for name, value in wanted.items():
                assert found.value[r, i, found.measure(name)] == pytest.approx(value, abs=2e-4)


def _slope(p: Float, y: Float) -> float:
    x = np.log(p / (1 - p))[:, None]
    return float(LogisticRegression(C=1e9, tol=1e-9, max_iter=1000).fit(x, y).coef_[0, 0])


def test_continuous_outcomes_have_their_own_metrics() -> None:
    """MSE, R2, bias and the slope of outcome on prediction, after minus before."""
    cohort = people(200)
    cohort.people["dose"] = np.random.default_rng(3).normal(size=200) + np.arange(200) / 100
    cohort = Cohort(cohort.dense(), cohort.people, outcome="dose", groups=["g"], unit="who")
    moved = drawn(cohort)
    moved = replace(moved, responses=moved.margins, response_before=moved.before, link="identity")
    found = fragility(moved, cohort, by="g", testing=QUICK)
    at, y = np.array(cohort.people["g"]) == "b", cohort.y
    old, new, y = moved.before[at], moved.after[2][at], y[at]
    fits = [LinearRegression().fit(v[:, None], y).coef_[0] for v in (old, new)]
    wanted = {
        "mse": np.mean((new - y) ** 2) - np.mean((old - y) ** 2),
        "r2": r2_score(y, new) - r2_score(y, old),
        "bias": new.mean() - old.mean(),
        "calibration_slope": fits[1] - fits[0],
    }
    for name, value in wanted.items():
        assert found.value[found.part("b"), 2, found.measure(name)] == pytest.approx(value)
    assert "flips" not in found.measures


def test_limits_of_a_metric_are_paired() -> None:
    """Brier's interval is as wide as that of the paired differences, not of the two scores."""
    cohort = people(300)
    moved = drawn(cohort)
    found = fragility(moved, cohort, by="g", testing=QUICK)
    at = np.array(cohort.people["g"]) == "b"
    old, new = (((p - cohort.y) ** 2)[at] for p in (moved.response_before, moved.response[0]))
    error = (new - old).std(ddof=1) / np.sqrt(at.sum())
    m, r = found.measure("brier"), found.part("b")
    wide = (found.high[r, 0, m] - found.low[r, 0, m]) / (2 * 1.97)
    assert wide == pytest.approx(error, rel=0.15)
    assert wide < 0.5 * old.std() / np.sqrt(at.sum())


def test_no_answer_depends_on_the_order_of_rows() -> None:
    """Rows, labels and outputs permuted together give the same record."""
    cohort = people(90, each=2, sites=2, strata=["site"])
    moved = drawn(cohort, in_a=0.3)
    other = cohort.take(np.random.default_rng(4).permutation(cohort.n))
    one, two = (fragility(moved, c, by="g", threshold=0.5, testing=QUICK) for c in (cohort, other))
    text = [json.dumps(plain(record)) for record in (one, two)]
    assert text[0] == text[1]
    assert json.dumps(plain(restore(Fragility, json.loads(text[0])))) == text[0]


@settings(max_examples=8, deadline=None)
@given(some.integers(0, 10_000), some.sampled_from([1, 2]))
def test_a_group_without_a_change_has_none(seed: int, each: int) -> None:
    """Nobody of group a is moved: all its numbers are 0, and every metric stays as it was."""
    cohort = people(80, each=each, seed=seed)
    found = fragility(
        drawn(cohort, seed=seed, in_a=0.0), cohort, by="g", threshold=0.5, testing=QUICK, rng=seed
    )
    value, reason = found.value[found.part("a")], found.reason[found.part("a")]
    assert (value[reason == ""] == 0).all()
    assert (reason[:, :3] == "").all()
    at = found.measure("size")
    assert (found.value[found.part("b"), :, at] > 0).all()
    low, high = (end[found.part("a"), :, at] for end in (found.low, found.high))
    assert (low == 0).all()
    assert (high > 0).all()  # of 27 people who were not moved, others like them could be


def test_strength_0_says_nothing() -> None:
    """A step that changes nobody has p of 1, differences of 0, and is similar."""
    cohort = people(120)
    moved = drawn(cohort)
    still = np.vstack([moved.before[None], moved.after[1:]])
    moved = made(cohort, still, moved.before, strength=np.array([0.0, 0.2, 0.4]))
    found = fragility(moved, cohort, by="g", threshold=0.5, testing=QUICK).apart
    assert (found.p[:, :, 0] == 1).all()
    assert (found.p_maxt[:, :, 0] == 1).all()
    share = np.array([view.name == "flips" for view in found.views])
    assert (found.verdict[~share, :, 0] == "similar").all()
    assert (found.verdict[share, :, 0] != "different").all()
    assert (found.effect[..., 0] == 0).all()
    assert (np.stack([found.low, found.high])[:, ~share, :, 0] == 0).all()


@pytest.mark.parametrize(("n", "word"), [(90, "cannot_tell"), (600, "similar")])
def test_decisions_that_nobody_turns_are_similar_among_many_only(n: int, word: str) -> None:
    """Of 30 people 0 turn, and of others like them up to one in nine may."""
    cohort = people(n)
    before = np.where(np.arange(n) % 2 > 0, 3.0, -3.0)
    moved = made(cohort, np.stack([before + 0.1, before + 0.2, before + 0.4]), before)
    found = fragility(moved, cohort, by="g", threshold=0.5, testing=QUICK, rng=0)
    view = found.view("flips")
    assert set(found.apart.verdict[view].ravel()) == {word}
    assert (found.apart.effect[view] == 0).all()
    least = 1 - (0.05 / 3) ** (1 / (n // 3))
    largest = np.maximum(-found.apart.low[view], found.apart.high[view])
    np.testing.assert_allclose(largest, least, rtol=0.05)


def test_a_planted_difference_is_found_with_its_dose_response() -> None:
    """Group a moves a fifth as far: differences beyond the margin, and both rise by the dose."""
    cohort = people(300)
    found = fragility(drawn(cohort, in_a=0.2), cohort, by="g", threshold=0.5, testing=QUICK)
    at = found.view("size")
    assert found.apart.verdict[at, 0].tolist()[1:] == ["different", "different"]
    assert found.apart.extent[at, 0, 2] == "material"
    assert found.apart.verdict[found.view("change"), 0, 2] != "different"
    size = found.value[:, :, found.measure("size")]
    for r in range(3):
        slope = np.polyfit(STRENGTH, size[r], 1)[0]
        assert found.doses.slope[r, 0] == pytest.approx(slope)
    assert (found.doses.word == "rises").all()
    assert found.apart.margin[[at, found.view("flips")]].tolist() == [0.1, 0.05]
    assert "2" in repr(found)
    assert found.doses.low[2, 0] > found.doses.high[1, 0]


def test_one_strength_has_no_slope() -> None:
    """What a single strength cannot tell is not told, with the reason."""
    cohort = people(60)
    found = fragility(drawn(cohort, s=1), cohort, by="g", testing=QUICK)
    assert np.isnan(found.doses.slope).all()
    assert (found.doses.reason == "one strength; a slope needs two or more").all()
    assert (found.doses.word == "").all()


def test_small_groups_are_not_shown() -> None:
    """Of 8 people no number is told, and no contrast with them is tested."""
    cohort = people(60)
    labels = np.array(cohort.people["g"])
    labels[np.flatnonzero(labels == "a")[8:]] = "b"
    cohort = Cohort(cohort.dense(), cohort.people.assign(g=labels), outcome="y", unit="who")
    found = fragility(drawn(cohort), cohort, by="g", threshold=0.5, testing=QUICK)
    r = found.part("a")
    assert np.isnan(found.value[r]).all()
    assert np.isnan(found.n[r])
    assert (found.reason[r] == "suppressed (<11)").all()
    assert np.isnan(found.doses.slope[r]).all()
    assert (found.apart.verdict == "not_estimable").all()
    assert np.isfinite(found.value[0]).all()
    assert "8" not in json.dumps(plain(found.n)) + json.dumps(plain(found.apart.n))


def test_few_who_moved_leave_a_metric_without_limits() -> None:
    """Where 3 people of a group moved, a bootstrap knows too little: value, no limits, a reason."""
    cohort = people(120)
    moved = drawn(cohort)
    few = np.zeros(cohort.n, dtype=bool)
    few[np.flatnonzero(np.array(cohort.people["g"]) == "a")[:3]] = True
    few |= np.array(cohort.people["g"]) == "b"
    moved = made(cohort, np.where(few, moved.after, moved.before), moved.before)
    found = fragility(moved, cohort, by="g", testing=QUICK)
    m, r = found.measure("brier"), found.part("a")
    assert np.isfinite(found.value[r, :, m]).all()
    assert np.isnan(found.low[r, :, m]).all()
    assert (found.reason[r, :, m] == "fewer than 11 people's outputs changed").all()


def test_covariates_are_adjusted_for() -> None:
    """Older people move farther, and group b is older: beside age nothing is left."""
    rng = np.random.default_rng(5)
    table = people(240).people
    age = rng.normal(size=240) + 1.5 * (table["g"] == "b").to_numpy()
    table = table.assign(age=age)
    cohort = Cohort(np.zeros((240, 1)), table, groups=["g"], unit="who")
    before = rng.normal(size=240)
    after = before + np.outer([0.1, 0.2], np.abs(age + 4) + 0.3 * rng.normal(size=240))
    moved = made(cohort, after, before)
    plainly = fragility(moved, cohort, by="g", testing=QUICK)
    beside = Cohort(np.zeros((240, 1)), table, groups=["g"], unit="who", covariates=["age"])
    adjusted = fragility(moved, beside, by="g", testing=QUICK)
    at = plainly.view("size")
    assert (plainly.apart.verdict[at] == "different").all()
    assert (np.abs(adjusted.apart.effect[at]) < 0.25 * plainly.apart.effect[at]).all()


def test_repeats_are_averaged_and_widen_what_hangs_on_one_draw() -> None:
    """Effects are means over draws; their squared error is V of the mean and B / 5 by hand."""
    cohort = people(200)
    moved = drawn(cohort)
    at_b = np.array(cohort.people["g"]) == "b"
    rng = np.random.default_rng(6)
    again = [made(cohort, moved.after + 0.3 * rng.normal() * at_b, moved.before) for _ in range(4)]
    one, two = (fragility(moved, cohort, by="g", repeats=r, testing=QUICK) for r in ([], again))
    at = one.view("size")
    sizes = np.stack([np.abs(m.after - m.before) / one.sd for m in (moved, *again)])
    gaps = sizes[..., at_b].mean(axis=-1) - sizes[..., ~at_b].mean(axis=-1)
    mean = sizes.mean(axis=0)
    own = sum(mean[:, side].var(axis=1, ddof=1) / side.sum() for side in (at_b, ~at_b))
    np.testing.assert_allclose(two.apart.effect[at, 0], gaps.mean(axis=0))
    np.testing.assert_allclose(two.apart.se[at, 0] ** 2, own + gaps.var(axis=0, ddof=1) / 5)
    part = two.value[two.part("b"), :, two.measure("size")]
    np.testing.assert_allclose(part, mean[:, at_b].mean(axis=1))
    assert (two.repeats, two.notes) == (4, ())
    assert "drawn once in loss, 0.1 share; loss, 0.2 share; loss, 0.4 share" in one.notes[-1]
    part_ = [replace_steps(again_, slice(1, 2)) for again_ in again]
    some_ = fragility(moved, cohort, by="g", repeats=part_, testing=QUICK)
    np.testing.assert_allclose(some_.apart.se[at][:, 1], two.apart.se[at][:, 1])
    np.testing.assert_allclose(some_.apart.se[at][:, ::2], one.apart.se[at][:, ::2])
    np.testing.assert_allclose(some_.apart.effect[at][:, ::2], one.apart.effect[at][:, ::2])
    with pytest.raises(InputError, match="the same numbers"):
        fragility(moved, cohort, by="g", repeats=[moved])
    assert "drawn once in loss, 0.1 share; loss, 0.4 share" in some_.notes[-1]
    margins, responses = (np.repeat(getattr(again[0], name), 2, axis=2) for name in STEPPED)
    twice = replace(again[0], margins=margins, responses=responses)
    with pytest.raises(InputError, match="of 2 draws and what it repeats of 1"):
        fragility(moved, cohort, by="g", repeats=[twice])
    with pytest.raises(InputError, match="of another model"):
        fragility(moved, cohort, by="g", repeats=[replace(again[0], before=moved.before + 1)])
    with pytest.raises(InputError, match=r"other steps \(loss, 1 share, loss, 3 share, loss, 9"):
        fragility(
            moved, cohort, by="g", repeats=[replace(again[0], strength=np.array([1.0, 3.0, 9.0]))]
        )
    with pytest.raises(InputError, match="pass a list"):
        fragility(moved, cohort, by="g", repeats=moved)  # type: ignore[arg-type]


def replace_steps(moved: Perturbed, steps: slice) -> Perturbed:
    """Some steps of a record."""
    names = ("perturbation", "strength", "unit", "margins", "responses")
    return replace(moved, **{name: getattr(moved, name)[steps] for name in names})


def test_wrong_input_is_named() -> None:
    """A threshold that is none, another cohort, a constant output, a word that is not there."""
    cohort = people(60)
    moved = drawn(cohort)
    with pytest.raises(InputError, match="between 0 and 1"):
        fragility(moved, cohort, by="g", threshold=1.5)
    with pytest.raises(InputError, match="number on the response"):
        fragility(moved, cohort, by="g", threshold=float("nan"))
    with pytest.raises(ModelError, match="another cohort"):
        fragility(moved, people(60, seed=9), by="g")
    flat = made(cohort, np.zeros((1, 60)), np.zeros(60))
    with pytest.raises(ModelError, match="does not vary within groups"):
        fragility(flat, cohort, by="g")
    found = fragility(moved, cohort, by="g", testing=QUICK)
    for ask in (found.measure, found.part, found.view):
        with pytest.raises(UnknownName, match=r"no \w+ .*'flop"):
            ask("flop")


def test_survival_weights_and_unknown_groups() -> None:
    """A censored outcome has no metrics; weights and unknown labels do as in every measure."""
    rng = np.random.default_rng(8)
    table = people(150).people.assign(time=rng.exponential(size=150), seen=1)
    table["w"] = rng.integers(0, 3, 150).astype(float)
    table.loc[table.index[:30], "g"] = "unknown"
    outcome = Survival("time", "seen")
    cohort = Cohort(
        np.zeros((150, 1)), table, outcome=outcome, groups=["g"], unit="who", weights="w"
    )
    moved = drawn(cohort)
    found = fragility(moved, cohort, by="g", testing=QUICK)
    assert found.measures == ("change", "size")
    assert [view.given for view in found.apart.views] == ["nothing", "nothing"]
    weight, b = table["w"].to_numpy(), (table["g"] == "b").to_numpy()
    size = np.average(moved.size[0][b], weights=weight[b]) / found.sd
    at = found.part("b"), 0, found.measure("size")
    assert found.value[at] == pytest.approx(size)
    assert found.n[0] == (weight > 0).sum()
    assert found.levels == ("a", "b")


def test_tables_hold_every_number() -> None:
    """One row a part, step and measure; a view, contrast and step; a part and perturbation."""
    cohort = people(90)
    found = fragility(drawn(cohort), cohort, by="g", threshold=0.5, testing=QUICK)
    assert len(found.to_frame()) == found.value.size
    apart = found.differences_frame()
    assert len(apart) == found.apart.effect.size
    own = apart.query("view == 'flips' and step == 'loss, 0.4 share'")
    assert own["effect"].item() == found.apart.effect[found.view("flips"), 0, 2]
    assert own["margin"].item() == 0.05
    assert len(found.doses_frame()) == 3


def test_genotypes_missing_move_the_warfarin_network(data: Path) -> None:
    """Missing genotypes move Asian patients farthest and cost them R2; within site nobody can say.

    Their dose hangs on VKORC1, which says "unknown" where it is missing; they come from sites
    without White patients, so that the gap is not estimable within site.
    """
    cohort = warfarin(split="test", features="without race")
    model = demo.network(warfarin(split="train", features="without race"))
    moved = perturb(model, cohort, suite={"name": "tabular", "only": ["VKORC1", "CYP2C9"]})
    found = fragility(moved, cohort, by="race", threshold=49.0, testing=Testing(draws=999))
    size, m = found.value[:, :, found.measure("size")], found.measure("r2")
    white, asian = found.part("White"), found.part("Asian")
    assert (np.diff(size, axis=1) > 0).all()
    assert (found.doses.word == "rises").all()
    assert found.doses.low[asian, 0] > found.doses.high[white, 0]
    assert found.high[asian, -1, m] < found.value[white, -1, m] < 0
    at, pair = found.view("size"), found.contrasts.index(("Asian", "White"))
    assert (found.apart.verdict[at, pair] == "not_estimable").all()
    assert "stratum" in found.apart.reason[at, pair, 0]
    anywhere = fragility(moved, warfarin_anywhere(cohort), by="race", testing=Testing(draws=999))
    assert anywhere.apart.verdict[at, pair, -1] == "different"


def warfarin_anywhere(cohort: Cohort) -> Cohort:
    """The same patients without their site held."""
    return Cohort(
        cohort.x, cohort.people, cohort.features, outcome=cohort.outcome, groups=cohort.groups,
        unit=cohort.unit, outcome_kind=cohort.outcome_kind,
    )  # fmt: skip
