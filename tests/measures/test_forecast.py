"""What an audit will be able to tell, before it is run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from evenlight.data.cohort import Cohort
from evenlight.measures.forecast import forecast_features, forecast_metric


def people(sizes: tuple[int, int] = (150, 150), *, events: float = 0.4) -> Cohort:
    """A cohort of two groups, one feature and a binary outcome."""
    n = sum(sizes)
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {"group": np.repeat(["a", "b"], sizes), "y": (rng.uniform(size=n) < events).astype(int)},
        index=[f"p{i}" for i in range(n)],
    )
    x = rng.normal(size=(n, 1))
    return Cohort(x, table, ["gene"], outcome="y", unit="row", groups=["group"])


def test_the_rule_of_thumb_of_the_literature_is_met() -> None:
    """100 features: 150 + 150 people tell half an SD, 20 + 100 only about one."""
    for sizes, wanted in (((150, 150), 0.50), ((20, 100), 1.06)):
        made = forecast_features(
            people(sizes), "group", given="nothing", margin=0.1, alpha=0.05, subjects=100
        )
        assert next(iter(made)).detectable == pytest.approx(wanted, abs=0.01)


def test_a_small_group_is_told_with_its_reason() -> None:
    """Ten people cannot be asked, and the sentence says so."""
    made = forecast_features(
        people((10, 100)), "group", given="nothing", margin=0.1, alpha=0.05, subjects=5
    )
    told = next(iter(made))
    assert "fewer than 11 units in a" in str(told)
    assert np.isnan(told.detectable)


def test_a_stricter_level_and_fewer_people_tell_less() -> None:
    """Detectable differences grow with the number of tests, and shrink with alpha and people."""

    def seen(n: int, alpha: float, metrics: int) -> float:
        made = forecast_metric(
            people((n, n)), "group", "auroc", margin=0.05, alpha=alpha, metrics=metrics
        )
        return next(iter(made)).detectable

    assert seen(100, 0.05, 3) > seen(400, 0.05, 3)
    assert seen(100, 0.01, 3) > seen(100, 0.05, 3) > seen(100, 0.05, 1)


def test_a_metric_without_enough_events_is_not_foretold() -> None:
    """Ten events are too few for any rate that rests on them."""
    made = forecast_metric(
        people((100, 100), events=0.05), "group", "sensitivity", margin=0.05, alpha=0.05, metrics=3
    )
    assert "events or non-events" in str(next(iter(made)))


def test_the_people_needed_settle_the_question() -> None:
    """With as many times the people as told, equality can be confirmed."""
    cohort = people((200, 200))
    asked = {"margin": 0.1, "alpha": 0.05, "metrics": 3}
    first = next(iter(forecast_metric(cohort, "group", "auroc", **asked)))  # type: ignore[arg-type]
    times = int(np.ceil(first.needed))
    again = next(iter(forecast_metric(people((200 * times,) * 2), "group", "auroc", **asked)))  # type: ignore[arg-type]
    assert first.needed > 1.2
    assert again.needed == pytest.approx(1.0, abs=0.1)


def test_weights_make_a_cohort_tell_less() -> None:
    """People of unlike weight are worth fewer (Kish), and those of weight 0 are worth nothing."""
    plain, w = people((150, 150)), np.where(np.arange(300) % 3 == 0, 5.0, 1.0)

    def weighing(weights: np.ndarray) -> tuple[float, float]:
        roles: dict[str, Any] = {"outcome": "y", "unit": "row", "groups": ["group"], "weights": "w"}
        cohort = Cohort(plain.x, plain.people.assign(w=weights), ["gene"], **roles)
        asked = {"margin": 0.05, "alpha": 0.05}
        metric = forecast_metric(cohort, "group", "auroc", **asked, metrics=3)
        of_features = forecast_features(cohort, "group", given="nothing", **asked, subjects=5)
        return next(iter(metric)).detectable, next(iter(of_features)).detectable

    even, uneven = weighing(np.ones(300)), weighing(w)
    share = w.mean() ** 2 / (w**2).mean()
    assert uneven[1] == pytest.approx(even[1] / np.sqrt(share), rel=1e-6)
    assert uneven[0] > 1.2 * even[0]
    gone = weighing(np.where(np.arange(300) % 3 == 0, 0.0, 1.0))
    assert gone[1] == pytest.approx(even[1] * np.sqrt(1.5), rel=0.01)
