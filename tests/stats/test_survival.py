"""Concordance agrees with lists of pairs and with a curve drawn by hand."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.duration.survfunc import SurvfuncRight

from evenlight.stats import survival
from evenlight.stats.metrics import Case
from evenlight.stats.survival import censoring, concordance, concordance_uno


def made(n: int = 80, seed: int = 0, *, tied: bool = True) -> Case:
    """Exponential times with higher risk earlier, about 40 % censored, ties where asked."""
    rng = np.random.default_rng(seed)
    risk = rng.normal(size=n).round(1 if tied else 9)
    time, stop = rng.exponential(np.exp(-risk)), rng.exponential(1.5, size=n)
    seen = np.minimum(time, stop)
    times = np.ceil(seen * 8) if tied else seen
    return Case(times, risk, risk, event=(time <= stop).astype(float), until=float(times.max()))


def slow(case: Case, weight: np.ndarray, extra: np.ndarray) -> float:
    """Every pair on its own, by the definition."""
    assert case.event is not None
    won = asked = 0.0
    for i in range(len(case.y)):
        for j in range(len(case.y)):
            later = case.y[j] > case.y[i]
            tied = case.y[j] == case.y[i] and case.event[j] == 0
            if case.event[i] == 0 or not (later or tied) or i == j:
                continue
            w = weight[i] * weight[j] * extra[i]
            asked += w
            a, b = case.margin[i], case.margin[j]
            won += w * ((a > b) + 0.5 * (a == b))
    return won / asked


@pytest.mark.parametrize("chunk", [3, 512])
def test_concordance_counts_pairs(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """With ties in time and risk, with weights, in chunks that cut or do not cut the rows."""
    monkeypatch.setattr(survival, "CHUNK", chunk)
    case, weight = made(), np.random.default_rng(1).integers(0, 3, size=80).astype(float)
    ours = concordance(case, np.stack([np.ones(80), weight]))
    one = np.ones(80)
    assert ours[0] == pytest.approx(slow(case, one, one))
    assert ours[1] == pytest.approx(slow(case, weight, one))


def test_censoring_is_kaplan_meier_of_the_censored() -> None:
    """The chance of being followed to just before a time, by statsmodels."""
    case = made(tied=False)
    assert case.event is not None
    theirs = SurvfuncRight(case.y, 1 - case.event)
    ours = censoring(case, np.ones((1, 80)))[0]
    for t, g in zip(case.y, ours, strict=True):
        before = theirs.surv_prob[theirs.surv_times < t]
        assert g == pytest.approx(before[-1] if len(before) else 1.0)


def test_unos_concordance_weighs_pairs_by_who_is_still_followed() -> None:
    """Each pair counts 1 / G(t)^2, t the earlier time, below the horizon."""
    case = made(tied=False)
    weight = np.ones((1, 80))
    extra = np.where(case.y < case.until, 1 / censoring(case, weight)[0] ** 2, 0.0)
    assert concordance_uno(case, weight)[0] == pytest.approx(slow(case, weight[0], extra))


def test_without_censoring_both_are_the_same() -> None:
    """Nobody censored, no horizon: Uno's weights are all 1."""
    case = made(tied=False)
    full = Case(case.y, case.margin, case.margin, event=np.ones(80), until=np.inf)
    w = np.random.default_rng(2).integers(1, 4, size=(3, 80)).astype(float)
    np.testing.assert_allclose(concordance(full, w), concordance_uno(full, w))


def test_the_opposite_risk_has_the_opposite_concordance() -> None:
    """Turning the risk round turns C into 1 - C."""
    case = made()
    back = Case(case.y, -case.response, -case.margin, event=case.event)
    w = np.ones((1, 80))
    assert concordance(case, w)[0] + concordance(back, w)[0] == pytest.approx(1.0)


def test_nobody_with_an_event_is_not_a_number() -> None:
    """No pair can be compared."""
    case = made()
    none = Case(case.y, case.margin, case.margin, event=np.zeros(80))
    assert np.isnan(concordance(none, np.ones((1, 80)))[0])
