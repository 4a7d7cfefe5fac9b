"""Uncertainty by group: against loops, planted, absent, of members, of classes."""

from __future__ import annotations

from math import log2

import numpy as np
import pytest
from scipy.stats import binomtest

from evenlight.arrays import Float, Int
from evenlight.codec import plain, restore
from evenlight.errors import ModelError
from evenlight.measures.conforming import Calibration, Conformal
from evenlight.measures.prepare import setting
from evenlight.measures.uncertain import uncertain
from evenlight.measures.uncertain_parts import ground
from evenlight.measures.uncertainty import Uncertainty
from tests.uncertain_world import NINE, classes, doses, ensemble_of, on, risks


def literal(scores: Float, fold: Int, level: float) -> Float:
    """Whether each row is held by the quantile of all other folds, by loops."""
    out = []
    for s, f in zip(scores, fold, strict=True):
        others = sorted(t for t, g in zip(scores, fold, strict=True) if g != f)
        k = int(np.ceil((len(others) + 1) * level - 1e-9))
        out.append(k > len(others) or s <= others[k - 1])
    return np.array(out, dtype=float)


def test_coverage_and_width_equal_loops_over_other_people() -> None:
    """Calibrated on other people: the share held, and twice the quantile, of all and by group."""
    said, cohort = doses(120, 0, 2.0)
    other = doses(90, 1, 2.0, who="q")
    found = uncertain(said, cohort, by="race", how=on(Calibration(*other)))
    size = np.abs(cohort.y - said.response)
    theirs = np.abs(other[1].y - other[0].response)
    race, their_race = (c.people["race"].to_numpy() for c in (cohort, other[1]))
    for r, level in enumerate(["a", "b"]):
        here = race == level
        for word, among in (("everyone", theirs), ("own group", theirs[their_race == level])):
            q = np.sort(among)[int(np.ceil((len(among) + 1) * 0.9)) - 1]
            j = found.measure("coverage", level=0.9, calibrated=word)
            assert found.value[1 + r, j] == pytest.approx((size[here] <= q).mean())
            wide = found.measure("width", level=0.9, calibrated=word)
            if (level, word) == ("b", "own group"):  # 27 people calibrate: 2.7 beyond the quantile
                assert "fewer than 5 people" in found.reason[1 + r, wide]
                continue
            assert found.value[1 + r, wide] == pytest.approx(2 * q)
    assert found.calibrated_on == "other people"
    assert found.calibration_units == 90


def test_folds_equal_loops() -> None:
    """Calibrated in folds: each is held by the quantile of the other folds."""
    said, cohort = doses(100, 2)
    found = uncertain(said, cohort, by="race", how=Conformal(levels=(0.9,), folds=4), rng=5)
    size = np.abs(cohort.y - said.response)
    value = found.value[:, found.measure("coverage", level=0.9)]
    generator = np.random.default_rng(5)
    ground(setting(cohort, "race"), {}, draws=1000, rng=generator)  # is drawn before the folds
    fold = generator.permutation(100) % 4
    held = literal(size, fold, 0.9)
    assert value[0] == pytest.approx(held.mean())
    at_b = (cohort.people["race"] == "b").to_numpy()
    assert value[2] == pytest.approx(held[at_b].mean())
    assert found.folds == 4


def test_limits_are_exact_for_all_groups_and_levels_together() -> None:
    """Clopper and Pearson's, at 0.05 over two groups and two levels; pointwise ones at 0.05."""
    found = uncertain(*doses(200, 18), by="race", how=Conformal(levels=(0.8, 0.9)))
    for g, n in enumerate((140, 60)):
        for h, level in enumerate((0.8, 0.9)):
            j = found.measure("coverage", level=level)
            hits = round(found.value[1 + g, j] * n)
            wide = binomtest(hits, n).proportion_ci(1 - 0.05 / 4, method="exact")
            assert (found.held.low[g, h], found.held.high[g, h]) == pytest.approx(tuple(wide))
            one = binomtest(hits, n).proportion_ci(0.95, method="exact")
            assert (found.low[1 + g, j], found.high[1 + g, j]) == pytest.approx(tuple(one))


def test_a_group_with_larger_errors_is_found() -> None:
    """Held less often, by wider intervals of its own; the other group is held as promised."""
    found = uncertain(*doses(1000, 3, 1.6), by="race")
    at = found.measure("coverage", level=0.9)
    assert found.held.verdict[:, 1].tolist() == ["not_below", "below"]
    truth = 2 * 0.8413447 - 1  # +-1 SD of a group's own errors
    assert found.value[2, at] < 0.85 < 0.9 < found.value[1, at]
    assert found.verdict[0, at] == "different"
    assert found.difference_high[0, at] < 0
    wide = found.measure("width", level=0.8, calibrated="own group")
    assert found.verdict[0, wide] == "different"
    low, high = found.low[2, wide], found.high[2, wide]
    assert low < 2 * 1.2815516 * 1.6 < high
    assert truth < found.value[2, found.measure("coverage", level=0.8, calibrated="own group")]
    assert "coverages shown below their level" in repr(found)
    assert found.units[wide] == "mg"


def test_a_group_with_noisier_outcomes_is_found_among_classes() -> None:
    """Sets of a group whose outcomes are partly coin tosses hold less often at the same risk."""
    found = uncertain(*risks(3000, 4, 0.6), by="race", how=Conformal(levels=(0.8, 0.9)))
    assert found.held.verdict[:, 0].tolist() == ["not_below", "below"]
    at = found.measure("set size", level=0.8, calibrated="own group")
    assert found.verdict[0, at] == "different"
    assert found.difference_low[0, at] > 0
    assert found.verdict[0, found.measure("entropy")] == "similar"


@pytest.mark.parametrize("other", [False, True])
def test_equal_groups_are_not_flagged(other: bool) -> None:
    """Nothing differs: below its level in at most 1 of 20 audits, a difference in about 1 of 20."""
    below, apart, reps = 0, 0, 40
    for seed in range(reps):
        said, cohort = doses(250, seed)
        beside = Calibration(*doses(250, 1000 + seed, who="q")) if other else None
        how = Conformal(calibration=beside)
        found = uncertain(said, cohort, by="race", how=how, rng=seed)
        below += int((found.held.verdict == "below").any())
        apart += int((found.verdict == "different").any())
    error = 3 * np.sqrt(0.05 * 0.95 / reps)
    assert below / reps < 0.05 + error
    assert apart / reps < 0.05 + error


def test_what_members_disagree_about_is_epistemic() -> None:
    """Parts add up in every part; the group where members scatter differs in that part alone."""
    said, cohort = risks(1200, 5)
    at_b = (cohort.people["race"] == "b").to_numpy()
    found = uncertain(
        said, cohort, by="race", ensemble=ensemble_of(said, np.where(at_b, 1.5, 0.3)), how=NINE
    )
    total, own, between = (found.measure(n) for n in ("total", "aleatoric", "epistemic"))
    np.testing.assert_allclose(
        found.value[:, total], found.value[:, own] + found.value[:, between], rtol=1e-9
    )
    assert found.verdict[0, between] == "different"
    assert found.difference_low[0, between] > 0
    assert found.verdict[0, found.measure("entropy")] == "similar"
    p = np.clip(said.response, 1e-12, 1 - 1e-12)
    bits = -(p * np.log2(p) + (1 - p) * np.log2(1 - p))
    np.testing.assert_allclose(found.value[2, found.measure("entropy")], bits[at_b].mean())
    assert found.members == 8


def test_members_scale_intervals_where_asked() -> None:
    """Residuals divided by a spread that is right are held alike in both groups; widths differ."""
    said, cohort = doses(1500, 6, 3.0)
    at_b = (cohort.people["race"] == "b").to_numpy()
    right = ensemble_of(said, np.where(at_b, 3.0, 1.0), m=40)
    how = Conformal(levels=(0.9,), score="normalised")
    found = uncertain(said, cohort, by="race", ensemble=right, how=how)
    assert found.held.verdict[:, 0].tolist() == ["not_below", "not_below"]
    wide = found.measure("width", level=0.9)
    assert found.value[2, wide] / found.value[1, wide] == pytest.approx(3, rel=0.15)
    spread = found.measure("epistemic")
    scatter = right.responses.std(axis=0)
    np.testing.assert_allclose(
        found.value[1:, spread],
        [np.sqrt((scatter[at] ** 2).mean()) for at in (~at_b, at_b)],
    )
    plain_ = uncertain(said, cohort, by="race", how=NINE)
    assert plain_.held.verdict[:, 0].tolist() == ["not_below", "below"]


def test_all_classes_are_asked_at_once() -> None:
    """Sets over three classes in any order of predictions; one prediction against the others."""
    said, cohort = classes(400, 7)
    found = uncertain(said, cohort, by="race", how=Conformal(score="aps"))
    again = uncertain(said[::-1], cohort, by="race", how=Conformal(score="aps"))
    np.testing.assert_array_equal(found.value, again.value)
    assert found.classes == ("one", "three", "two")
    size = found.value[0, found.measure("set size", level=0.95)]
    assert 1.5 < size < 3
    p = np.column_stack([one.response for one in said])
    bits = np.mean([-sum(v * log2(v) for v in row) for row in p])
    assert found.value[0, found.measure("entropy")] == pytest.approx(bits)
    alone = uncertain(said[2], cohort, by="race")
    assert alone.classes == ("not two", "two")
    with pytest.raises(ModelError, match="give one Predictions for each class"):
        uncertain(said[:2], cohort, by="race")
    with pytest.raises(ModelError, match="do not add up to 1 in 400 of 400 rows"):
        uncertain([said[0], said[1], said[2].__class__(
            cohort.rows, said[2].margin, said[2].response / 2 + 0.5, "two", "softmax",
        )], cohort, by="race")  # fmt: skip


def test_nothing_depends_on_the_order_of_rows_and_all_is_told_in_json() -> None:
    """Shuffled rows give the same record, and it comes back from JSON as it was."""
    said, cohort = risks(150, 8)
    how = Conformal(score="aps")
    found = uncertain(said, cohort, by="race", how=how, rng=4)
    back = np.random.default_rng(0).permutation(150)
    turned = uncertain(said, cohort.take(back), by="race", how=how, rng=4)
    assert plain(found) == plain(turned)
    again = restore(Uncertainty, plain(found))
    assert plain(again) == plain(found)
    frame = found.to_frame()
    assert frame.shape[0] == found.value.size
    assert set(frame["held"]) >= {""}
    assert len(found.differences_frame()) == found.difference.size
    assert found.held_frame()["verdict"].tolist() == found.held.verdict.ravel().tolist()
