"""How many more people would settle a difference: people, not events, and 20 in each group."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evenlight.data.cohort import Cohort
from evenlight.data.features import Features
from evenlight.data.probed import Predictions
from evenlight.measures.judging import Judging
from evenlight.measures.perform import perform
from evenlight.measures.performance import Performance
from evenlight.stats.equivalence import still_needed
from evenlight.stats.power import auroc_error


def performed(n: int, share: float, apart: tuple[float, float], margin: float) -> Performance:
    """AUROC in two groups of n people, `share` of them with the event, shifted by `apart` SD."""
    rng = np.random.default_rng(2)
    group = np.repeat(["A", "B"], n)
    y = np.tile(np.arange(n) < share * n, 2).astype(int)
    z = rng.normal(size=2 * n) + y * np.where(group == "A", *apart)
    people = pd.DataFrame({"g": group, "y": y}, index=[f"p{i:05d}" for i in range(2 * n)])
    cohort = Cohort(z[:, None], people, Features(("z",)), outcome="y", unit="row", groups=["g"])
    response = 1 / (1 + np.exp(2 - z))
    made = Predictions(cohort.rows, z - 2, response, "1", "logit", "probability")
    return perform(made, cohort, by="g", judging=Judging(margins={"auroc": margin}), rng=1)


def literal(record: Performance, n: int, share: float, wanted: float) -> int:
    """The first number of people more in each group at which the interval is narrow enough.

    By the formula of Hanley and McNeil for each group, person by person, with `share` events.
    """
    m = record.metric("auroc")
    values = record.value[1:3, m].tolist()

    def error(people: int) -> float:
        events = share * people
        return float(sum(auroc_error(v, events, people - events) ** 2 for v in values) ** 0.5)

    half = record.difference[0, m] - record.difference_low[0, m]
    reach = half / error(n)
    more = 0
    while reach * error(n + more) > wanted:
        more += 1
    return more


@pytest.mark.parametrize("share", [0.05, 0.1])
def test_more_people_are_people_and_not_events(share: float) -> None:
    """A literal power calculation in people finds the same number, to the noise of a bootstrap."""
    n = 1500
    record = performed(n, share, (1.3, 1.25), 0.05)
    m = record.metric("auroc")
    assert record.verdict[0, m] == "cannot_tell"
    assert record.more_in[0, m] == "both"
    effect = abs(record.difference[0, m])
    wanted = literal(record, n, share, max(effect, 0.05 - effect))
    assert record.more[0, m] == pytest.approx(wanted, rel=0.35)
    assert record.more[0, m] > 2 * share * wanted


def test_what_decides_is_the_side_towards_zero() -> None:
    """An interval that is wide on the far side only asks for no more than the near side needs."""
    effect, low, high = (np.array([v]) for v in (0.3, -0.02, 1.9))
    var = (np.array([0.01]), np.array([0.01]))
    more, where = still_needed((effect, low, high), 0.1, var, (200, 200))
    far, _ = still_needed((effect, np.array([-1.3]), high), 0.1, var, (200, 200))
    assert where.tolist() == ["level"]
    assert more[0] < 100 < far[0]


@pytest.mark.parametrize(
    ("n", "counted", "more", "where"),
    [
        ((15, 240), (15, 240), 5, "level"),
        ((240, 12), (240, 12), 8, "reference"),
        ((15, 12), (15, 12), 8, "both"),
        ((300, 400), (15, 20), 100, "level"),
        ((15, 240), (13.5, 240), 8, "level"),
    ],
)
def test_similar_lacks_people_and_is_told_how_many(
    n: tuple[int, int], counted: tuple[float, float], more: float, where: str
) -> None:
    """Inside the margin only the 20 are missing: in people, by the share of them that count."""
    still = np.zeros(1)
    counts = tuple(np.array([float(c)]) for c in counted)
    got = still_needed(
        (still, still, still), 0.1, (still, still), n, counted=(counts[0], counts[1])
    )
    assert (got[0].tolist(), got[1].tolist()) == ([more], [where])


def test_a_wide_interval_in_few_people_needs_both() -> None:
    """No fewer than the 20, however little the interval has to shrink."""
    effect, low, high = (np.array([v]) for v in (0.0, -0.105, 0.105))
    var = (np.array([0.001]), np.array([0.001]))
    more, where = still_needed((effect, low, high), 0.1, var, (12, 12))
    assert (more.tolist(), where.tolist()) == ([8.0], ["both"])
