"""Several draws are judged one by one, and what all rows share in a draw widens every answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import Ridge
from sklearn.metrics import brier_score_loss, roc_auc_score

from evenlight.arrays import Float
from evenlight.data import rows as reading
from evenlight.data.cohort import Cohort
from evenlight.data.perturbed import Perturbed
from evenlight.measures.fragility import fragility
from evenlight.measures.rests import CALIBRATED
from evenlight.measures.testing import Testing
from evenlight.models import probe
from evenlight.probes.perturb import perturb
from evenlight.probes.perturb_again import perturb_again
from evenlight.qualify.cases import fragile, fragile_draw
from tests.measures.test_fragility import QUICK, drawn, expit, made, people


def noisy(cohort: Cohort, draws: int, seed: int = 3) -> Perturbed:
    """Two steps of `draws` draws, in which each row's margin has an error of its own."""
    rng = np.random.default_rng(seed)
    before = 0.3 * rng.normal(size=cohort.n)
    noise = rng.normal(size=(1, cohort.n, draws))
    after = before[:, None] + np.array([0.5, 1.0])[:, None, None] * noise
    one = made(cohort, after[..., 0], before)
    return replace(one, margins=after, responses=expit(after), shared=())


def test_several_draws_are_judged_one_by_one() -> None:
    """Flips, Brier score, AUROC, change and size are means over draws of a literal loop."""
    cohort = people(240)
    moved = noisy(cohort, 4)
    found = fragility(moved, cohort, by="g", threshold=0.5, testing=QUICK)
    g, y = np.array(cohort.people["g"]), cohort.y
    for k in "ab":
        at, r = np.flatnonzero(g == k), found.part(k)
        for i in range(2):
            wanted: dict[str, list[float]] = {n: [] for n in ("flips", "brier", "auroc", "size")}
            for d in range(4):
                new, old = moved.responses[i, at, d], moved.response_before[at]
                flips = [(a >= 0.5) != (b >= 0.5) for a, b in zip(new, old, strict=True)]
                wanted["flips"].append(float(np.mean(flips)))
                brier = brier_score_loss(y[at], new) - brier_score_loss(y[at], old)
                wanted["brier"].append(brier)
                auroc = roc_auc_score(y[at], new) - roc_auc_score(y[at], old)
                wanted["auroc"].append(auroc)
                gone = np.abs(moved.margins[i, at, d] - moved.before[at]).mean() / found.sd
                wanted["size"].append(float(gone))
            for name, values in wanted.items():
                told = found.value[r, i, found.measure(name)]
                assert told == pytest.approx(np.mean(values), abs=1e-9), name
    at_flips = found.view("flips")
    gap = found.value[2, :, found.measure("flips")] - found.value[1, :, found.measure("flips")]
    np.testing.assert_allclose(found.apart.effect[at_flips, 0], gap)


def test_more_draws_do_not_hide_what_flips() -> None:
    """A quarter of decisions flip in each draw; so they do on average, however many are drawn."""
    cohort = people(600, outcome=None)
    few, many = (
        fragility(noisy(cohort, d), cohort, by="g", threshold=0.5, testing=QUICK) for d in (1, 20)
    )
    j = few.measure("flips")
    assert few.value[0, 1, j] > 0.25
    assert many.value[0, 1, j] == pytest.approx(few.value[0, 1, j], abs=0.05)
    mean = noisy(cohort, 20)
    turned = (mean.response >= 0.5) != (mean.response_before >= 0.5)
    assert turned[1].mean() < 0.6 * many.value[0, 1, j]  # the mean over draws turns far fewer


def test_an_outcome_of_numbers_is_judged_draw_by_draw() -> None:
    """The squared error of each draw is larger than that of the mean over draws."""
    cohort = people(200)
    table = cohort.people.assign(dose=np.random.default_rng(4).normal(size=200))
    cohort = Cohort(cohort.dense(), table, outcome="dose", groups=["g"], unit="who")
    moved = noisy(cohort, 6)
    moved = replace(moved, responses=moved.margins, response_before=moved.before, link="identity")
    found = fragility(moved, cohort, by="g", testing=QUICK)
    each = ((moved.margins[1] - cohort.y[:, None]) ** 2).mean()
    before = ((moved.before - cohort.y) ** 2).mean()
    assert found.value[0, 1, found.measure("mse")] == pytest.approx(each - before)
    assert each > ((moved.after[1] - cohort.y) ** 2).mean() + 0.3


def test_repeats_enter_every_answer() -> None:
    """Flips, moved mass, parts, slopes and metrics are means over draws, as wide as they differ."""
    cohort = people(200)
    draws = [explained(cohort, seed) for seed in range(6)]
    alone = [fragility(one, cohort, by="g", threshold=0.5, testing=QUICK) for one in draws]
    found = fragility(draws[0], cohort, by="g", threshold=0.5, repeats=draws[1:], testing=QUICK)
    each = np.stack([one.value for one in alone])
    np.testing.assert_allclose(found.value, each.mean(axis=0), atol=1e-9)
    half = stats.t.ppf(0.975, 5) * each.std(axis=0, ddof=1) / np.sqrt(6)
    assert (found.high - found.value >= half - 1e-9)[..., found.measures.index("brier")].all()
    assert (found.high - found.value >= half - 1e-9)[..., found.measures.index("moved")].all()
    for name in ("flips", "moved", "size", "change"):
        at = found.view(name)
        effects = np.stack([one.apart.effect[at] for one in alone])
        np.testing.assert_allclose(found.apart.effect[at], effects.mean(axis=0), atol=1e-12)
        between = effects.var(axis=0, ddof=1) / 6
        assert (found.apart.se[at] ** 2 >= between).all()
        assert (found.apart.df[at] < alone[0].apart.df[at]).all()
    slopes = np.stack([one.doses.slope for one in alone])
    np.testing.assert_allclose(found.doses.slope, slopes.mean(axis=0))
    assert (found.doses.high - found.doses.slope > slopes.std(axis=0, ddof=1) / np.sqrt(6)).all()
    assert found.notes == ()


def explained(cohort: Cohort, seed: int, shift: float = 1.0) -> Perturbed:
    """A draw that moves everybody of group b by one number of its own, with attributions."""
    rng = np.random.default_rng([11, seed])
    base = drawn(cohort, seed=1)
    at = np.where(np.array(cohort.people["g"]) == "b", 1.0, 0.3)
    push = shift * rng.normal() * at * np.array([0.5, 1.0, 2.0])[:, None]
    mass = np.clip(0.3 + 0.1 * rng.normal() * at + 0 * push, 0, 1)
    after = base.margins + push[..., None]
    return replace(
        base, margins=after, responses=expit(after),
        method="linear", agreement=1 - mass, overlap=1 - mass, moved=mass,
    )  # fmt: skip


def test_the_note_names_what_was_drawn_once() -> None:
    """By step, and by view where repeats do not explain; nothing where rows share nothing."""
    cohort = people(120)
    first, *again = [explained(cohort, seed) for seed in range(3)]
    none = np.zeros((0, 0))
    bare = [replace(one, method="", agreement=none, overlap=none, moved=none) for one in again]
    found = fragility(first, cohort, by="g", repeats=bare, testing=QUICK)
    assert len(found.notes) == 1
    assert "agreement, overlap and moved mass of attributions there speak" in found.notes[0]
    assert "loss, 0.4 share" in found.notes[0]
    own = replace(first, shared=())
    assert fragility(own, cohort, by="g", testing=QUICK).notes == ()
    whole = fragility(first, cohort, by="g", testing=QUICK)
    assert len(whole.notes) == 1
    assert "answers there speak for that draw" in whole.notes[0]


def test_a_score_that_is_no_probability_is_not_judged_as_one() -> None:
    """Of decision values the order is told, and of Brier score and calibration why not."""
    cohort = people(120)
    moved = drawn(cohort)
    moved = replace(
        moved, responses=moved.margins, response_before=moved.before, link="identity",
        score_only=True,
    )  # fmt: skip
    found = fragility(moved, cohort, by="g", testing=QUICK)
    assert np.isfinite(found.value[..., found.measure("auroc")]).all()
    j = found.measure("brier")
    assert np.isnan(found.value[..., j]).all()
    assert all("no probability" in why for why in found.reason[..., j].ravel())
    assert "calibration_slope" not in found.measures


def test_calibration_of_decisions_is_not_asked() -> None:
    """Where the response is 0 or 1 before and after every step, its slope means nothing."""
    cohort = people(120)
    moved = drawn(cohort)
    moved = replace(
        moved, responses=(moved.responses > 0.5).astype(np.float64), link="identity",
        response_before=(moved.response_before > 0.5).astype(np.float64),
    )  # fmt: skip
    found = fragility(moved, cohort, by="g", testing=QUICK)
    assert set(found.measures) & {"auroc", "brier", *CALIBRATED} == {"auroc", "brier"}


def test_perturb_tells_what_is_shared_and_what_is_a_score() -> None:
    """The record names perturbations with a common draw, and a decision function as one."""
    from sklearn.svm import LinearSVC

    drawn_ = fragile_draw.lost_for_all(np.random.default_rng(1))
    cohort = drawn_.cohort
    moved = perturb(fragile.score, cohort, suite=fragile_draw.suite())
    assert moved.shared == ("gene-id loss",)
    y = (cohort.dense()[:, 0] > 0).astype(int)
    model = LinearSVC().fit(cohort.dense(), y)
    said = perturb(model, cohort, suite=fragile_draw.suite())
    assert said.score_only
    explained_ = perturb_again(
        fragile.score, cohort, suite=fragile_draw.suite(), repeats=2, draws=2
    )
    assert [one.draws for one in explained_] == [2, 2]


def false_rates(runs: int, *, seed: int) -> Float:
    """Shares of steps with p <= 5 %: of sizes and flips with five repeats, and sizes once."""
    out = []
    for s in range(runs):
        told = fragile_draw.told(fragile_draw.lost_for_all(np.random.default_rng([seed, s])), s)
        out.append([told[n] for n in ("raw_false", "raw_false flips", "raw_false once")])
    return np.array(out)


def test_one_draw_for_everyone_is_not_a_difference_of_groups() -> None:
    """With five repeats few p are below 5 %; judged by one draw most are."""
    found = false_rates(24, seed=9).mean(axis=0)
    assert found[0] <= 0.14
    assert found[1] <= 0.14
    assert found[2] > 0.3


def test_five_repeats_leave_power() -> None:
    """A group that every draw moves three times as far is found, repeats or not."""
    found = []
    for s in range(6):
        cohort = people(240, seed=s)
        draws = [explained(cohort, 10 * s + r, shift=0.03) for r in range(6)]
        at = np.where(np.array(cohort.people["g"]) == "b", 3.0, 1.0)
        far = [_stretched(one, at) for one in draws]
        told = fragility(far[0], cohort, by="g", repeats=far[1:], testing=Testing(draws=499))
        found.append(told.apart.verdict[told.view("size"), 0, -1] == "different")
    assert np.mean(found) == 1


def _stretched(one: Perturbed, at: Float) -> Perturbed:
    margins = one.before[:, None] + at[:, None] * (one.margins - one.before[:, None])
    return replace(one, margins=margins, responses=expit(margins))


def test_a_model_is_prepared_once_however_many_blocks_are_explained(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Rows read three at a time are explained with the model that was checked on all of them."""
    made_ = fragile_draw.lost_for_all(np.random.default_rng(2))
    cohort = made_.cohort.take(np.arange(12))
    model = Ridge().fit(made_.cohort.dense(), made_.cohort.dense()[:, 0])
    known, called = probe._prepared, []

    def counted(*given: object) -> object:
        called.append(1)
        return known(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(probe, "_prepared", counted)
    whole = perturb(model, cohort, suite=fragile_draw.suite(), explain="linear")
    assert len(called) == 1
    monkeypatch.setattr(reading, "BLOCK", 3 * 8 * fragile_draw.GENES)
    blocks = perturb(model, cohort, suite=fragile_draw.suite(), explain="linear")
    assert len(called) == 2
    np.testing.assert_allclose(blocks.moved, whole.moved, rtol=1e-6, atol=1e-9)
