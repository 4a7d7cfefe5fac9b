"""Conformal thresholds against loops, the law that they promise, and another library."""

from __future__ import annotations

from math import ceil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mapie.classification import SplitConformalClassifier
from mapie.regression import SplitConformalRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression

from evenlight.stats import conformal
from evenlight.stats.conformal import Pool

LEVELS = (0.8, 0.9, 0.95)


def slow_threshold(scores: list[float], weight: list[float], own: float, level: float) -> float:
    """The least score up to which calibration rows hold the level's share of all weight."""
    wanted = level * (sum(weight) + own)
    for s in sorted(scores):
        if sum(w for t, w in zip(scores, weight, strict=True) if t <= s) >= wanted - 1e-9:
            return s
    return float("inf")


def slow_adaptive(p: list[float], u: float) -> list[float]:
    """Mass of likelier classes, and u of a class's own; ties to the first."""
    out = []
    for k, own in enumerate(p):
        before = sum(q for j, q in enumerate(p) if q > own or (q == own and j < k))
        out.append(before + u * own)
    return out


def test_thresholds_equal_the_definition() -> None:
    """Weighted rows, tied scores, several new people: as a loop over sorted scores says."""
    rng = np.random.default_rng(0)
    for n in (1, 5, 30):
        scores, weight = rng.integers(0, 12, n) / 4.0, rng.integers(1, 4, n) / 2.0
        own = np.array([0.5, 1.0, 2.0])
        fast = conformal.thresholds(scores, weight, own, LEVELS)
        slow = [
            [slow_threshold(scores.tolist(), weight.tolist(), o, v) for v in LEVELS] for o in own
        ]
        np.testing.assert_array_equal(fast, slow)
        drawn = np.vstack([weight, rng.permutation(weight), np.roll(weight, 1)])
        again = conformal.drawn_thresholds(scores, drawn, 1.0, LEVELS)
        slow = [
            [slow_threshold(scores.tolist(), w.tolist(), 1.0, v) for v in LEVELS] for w in drawn
        ]
        np.testing.assert_array_equal(again, slow)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 300), st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99]))
def test_equal_weights_give_the_finite_sample_quantile(n: int, level: float) -> None:
    """Of n people alike: the ceil((n + 1)(1 - a))-th smallest score, or none."""
    scores = np.random.default_rng(n).permutation(np.arange(1.0, n + 1))
    found = float(conformal.thresholds(scores, np.ones(n), np.ones(1), (level,))[0, 0])
    k = ceil(round((n + 1) * level, 9))
    assert conformal.rank(n, level) == k
    assert found == (k if k <= n else np.inf)
    split = conformal.thresholds(np.repeat(scores, 2), np.full(2 * n, 0.5), np.ones(1), (level,))
    assert split[0, 0] == found


def test_adaptive_scores_and_counts_equal_the_definition() -> None:
    """APS with ties, and how many classes weighted rows hold, against loops."""
    rng = np.random.default_rng(1)
    p = np.vstack([rng.dirichlet(np.ones(4), 8), [[0.25] * 4, [0.5, 0.5, 0.0, 0.0]]])
    u = rng.random(10)
    fast = conformal.adaptive(p, u)
    np.testing.assert_allclose(
        fast, [slow_adaptive(a.tolist(), b) for a, b in zip(p, u, strict=True)]
    )
    weight, q = rng.integers(0, 3, (5, 10)).astype(float), rng.random((5, 2))
    q[0, 0] = np.inf
    slow = [
        [sum(w * (row <= t).sum() for w, row in zip(ws, fast, strict=True)) for t in ts]
        for ws, ts in zip(weight, q, strict=True)
    ]
    np.testing.assert_allclose(conformal.counted(fast, weight, q), slow)


def test_each_row_is_calibrated_by_its_own_group_and_other_folds() -> None:
    """Nobody calibrates for rows of their own fold; a group without calibration has none."""
    scores = np.arange(6.0)
    pool = Pool(scores, np.ones(6), np.array([0, 0, 0, 1, 1, 1]), np.array([0, 1, 1, 0, 0, 1]))
    found = conformal.calibrated(
        pool, np.ones(4), np.array([0, 0, 1, 2]), np.array([0, 1, 1, 0]), (0.5,)
    )
    assert found.ravel().tolist() == [2.0, 0.0, 4.0, np.inf]


def test_coverage_is_what_is_promised() -> None:
    """Over 4,000 draws of 30 people and a new one: k / (n + 1) at each level, and never less."""
    rng, n, draws = np.random.default_rng(2), 30, 4000
    held = np.zeros((draws, len(LEVELS)))
    for d in range(draws):
        scores = rng.exponential(size=n + 1)
        held[d] = scores[-1] <= conformal.thresholds(
            scores[:-1], np.ones(n), np.ones(1), LEVELS
        )[0]  # fmt: skip
    wanted = np.array([conformal.rank(n, v) / (n + 1) for v in LEVELS])
    error = np.sqrt(wanted * (1 - wanted) / draws)
    assert (wanted >= LEVELS).all()
    assert (np.abs(held.mean(axis=0) - wanted) < 4 * error).all()


def test_randomised_adaptive_sets_hold_exactly() -> None:
    """APS of a right model holds as often as its rank says, whoever is likely."""
    rng, n, draws = np.random.default_rng(3), 40, 2000
    p = rng.dirichlet(np.ones(3), (draws, n + 1)).reshape(-1, 3)
    y = (rng.random(len(p))[:, None] > np.cumsum(p, axis=1)).sum(axis=1).clip(max=2)
    each = conformal.adaptive(p, rng.random(len(p)))
    own = each[np.arange(len(p)), y].reshape(draws, n + 1)
    q = np.sort(own[:, :n], axis=1)[:, conformal.rank(n, 0.9) - 1]
    wanted = conformal.rank(n, 0.9) / (n + 1)
    assert abs((own[:, -1] <= q).mean() - wanted) < 4 * np.sqrt(wanted * (1 - wanted) / draws)


def test_a_row_of_a_new_person_is_held_where_people_have_many_rows() -> None:
    """Rows that share their person's weight keep the promise; rows as people break it."""
    rng, draws, people = np.random.default_rng(4), 1500, 40
    held, naive = np.zeros(draws), np.zeros(draws)
    for d in range(draws):
        size = np.where(rng.random(people + 1) < 0.5, 1, 12)
        level = rng.exponential(size=people + 1) * np.where(size == 1, 3.0, 0.3)
        unit = np.repeat(np.arange(people), size[:-1])
        scores = level[unit] + 0.1 * rng.random(len(unit))
        new = level[-1] + 0.1 * rng.random()
        weight = 1 / size[unit]
        held[d] = new <= conformal.thresholds(scores, weight, np.ones(1), (0.9,))[0, 0]
        naive[d] = new <= conformal.thresholds(scores, np.ones(len(unit)), np.ones(1), (0.9,))[0, 0]
    assert held.mean() > 0.9 - 3 * np.sqrt(0.09 / draws)
    assert naive.mean() < 0.8


def test_sampling_weights_speak_for_the_people_sampled_from() -> None:
    """A hard quarter of people is sampled three times as often: weights undo it, without excess."""
    rng, draws, n = np.random.default_rng(5), 1500, 60
    held, plain = np.zeros(draws), np.zeros(draws)
    for d in range(draws):
        hard = rng.random(n) < 0.5
        scores = rng.exponential(size=n) * np.where(hard, 4.0, 1.0)
        weight = np.where(hard, 0.5, 1.5)
        new_hard = rng.random() < 0.25
        new = rng.exponential() * (4.0 if new_hard else 1.0)
        own = np.array([0.5 if new_hard else 1.5])
        held[d] = new <= conformal.thresholds(scores, weight, own, (0.8,))[0, 0]
        plain[d] = new <= conformal.thresholds(scores, np.ones(n), np.ones(1), (0.8,))[0, 0]
    error = np.sqrt(0.16 / draws)
    assert 0.8 - 3 * error < held.mean() < 0.8 + 0.02 + 3 * error
    assert plain.mean() > held.mean() + 3 * error


def test_groups_calibrated_apart_hold_where_all_together_do_not() -> None:
    """A fifth of people whose errors are three times as large: held 9 in 10 only by their own."""
    rng, draws, n = np.random.default_rng(6), 400, 200
    together, apart = np.zeros((draws, 2)), np.zeros((draws, 2))
    for d in range(draws):
        group = (rng.random(2 * n) < 0.2).astype(np.int64)
        scores = np.abs(rng.normal(size=2 * n)) * np.where(group == 1, 3.0, 1.0)
        fold = np.repeat([0, 1], n)
        for out, code in ((together, np.zeros_like(group)), (apart, group)):
            pool = Pool(scores[:n], np.ones(n), code[:n], fold[:n])
            q = conformal.calibrated(pool, np.ones(n), code[n:], fold[n:], (0.9,))[:, 0]
            for g in (0, 1):
                out[d, g] = (scores[n:] <= q)[group[n:] == g].mean()
    error = apart.std(axis=0) / np.sqrt(draws)
    assert (apart.mean(axis=0) > 0.9 - 3 * error).all()
    assert (apart.mean(axis=0) < 0.9 + 0.03 + 3 * error).all()
    assert together[:, 1].mean() < 0.65
    assert together[:, 0].mean() > 0.94


@pytest.mark.parametrize("level", [0.8, 0.9])
def test_another_library_makes_the_same_sets(level: float) -> None:
    """MAPIE's split-conformal LAC sets and absolute-residual intervals are the same."""
    rng = np.random.default_rng(7)
    x = rng.normal(size=(360, 2))
    label = np.argmax(x @ rng.normal(size=(2, 3)) + rng.gumbel(size=(360, 3)), axis=1)
    number = x @ np.array([1.0, -2.0]) + rng.normal(size=360)
    fit, hold, new = slice(0, 120), slice(120, 263), slice(263, 360)
    many, one = np.ones(143), np.ones(1)

    classes = LogisticRegression().fit(x[fit], label[fit])
    theirs = SplitConformalClassifier(classes, confidence_level=level).conformalize(
        x[hold], label[hold]
    )
    sets = theirs.predict_set(x[new])[1][:, :, 0]
    each = conformal.least_ambiguous(classes.predict_proba(x))
    own = each[np.arange(360), label]
    q = conformal.thresholds(own[hold], many, one, (level,))
    np.testing.assert_array_equal(each[new] <= q, sets)

    line = LinearRegression().fit(x[fit], number[fit])
    wide = SplitConformalRegressor(line, confidence_level=level).conformalize(x[hold], number[hold])
    low, high = wide.predict_interval(x[new])[1][:, :, 0].T
    said = line.predict(x)
    q = conformal.thresholds(
        conformal.residual(number, said, np.ones(360))[hold], many, one, (level,)
    )
    np.testing.assert_allclose(low, said[new] - q[0, 0])
    np.testing.assert_allclose(high, said[new] + q[0, 0])
