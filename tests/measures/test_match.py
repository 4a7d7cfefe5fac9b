"""Matched people of different groups: pairs, distances, and what they show."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from scipy.special import expit

from evenlight.codec import plain, restore
from evenlight.data.cohort import Cohort
from evenlight.data.probed import Predictions
from evenlight.errors import FeatureError
from evenlight.measures.match import _known, match
from evenlight.measures.matched import Matched
from evenlight.measures.perform import Judging
from evenlight.measures.prepare import setting
from evenlight.stats.matching import level_line, nearest_pairs, pairs_within, rank_space


def slow_pairs(a: np.ndarray, b: np.ndarray, caliper: float) -> list[tuple[int, int]]:
    """Take the closest of all remaining pairs, again and again."""
    far = np.linalg.norm(a[:, None] - b[None], axis=2)
    made = []
    while far.size and far.min() <= caliper:
        i, j = np.unravel_index(int(far.argmin()), far.shape)
        made.append((int(i), int(j)))
        far[i], far[:, j] = np.inf, np.inf
    return sorted(made)


@pytest.mark.parametrize("caliper", [0.3, 5.0])
def test_pairs_are_the_closest_of_all_remaining(caliper: float) -> None:
    """Rounds of mutual neighbours give what the greedy list gives."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(40, 2)), rng.normal(size=(60, 2))
    first, second, far = nearest_pairs(a, b, caliper=caliper)
    pairs = list(zip(first.tolist(), second.tolist(), strict=True))
    assert pairs == slow_pairs(a, b, caliper)
    np.testing.assert_allclose(far, np.linalg.norm(a[first] - b[second], axis=1), atol=1e-7)


def test_people_who_are_the_same_are_paired_in_few_rounds() -> None:
    """A thousand people in four places pair off, each once, at no distance."""
    rng = np.random.default_rng(1)
    a, b = (rng.integers(0, 2, size=(n, 2)).astype(float) for n in (400, 600))
    first, second, far = nearest_pairs(a, b, caliper=1e-6)
    want = sum(
        min((a == p).all(axis=1).sum(), (b == p).all(axis=1).sum())
        for p in np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    )
    assert len(first) == want == len(set(second.tolist()))
    assert far.max() < 1e-6
    one, other, _ = pairs_within(a, caliper=1e-6)
    assert len(set(one) | set(other)) == 2 * len(one) > 390


def test_people_with_the_same_gaps_are_alike() -> None:
    """A model that only asks whether a value is missing treats matched people alike."""
    rng = np.random.default_rng(5)
    n = 600
    sex = np.resize(["f", "m"], n)
    gone = rng.random(n) < np.where(sex == "f", 0.5, 0.2)
    x = np.column_stack([rng.normal(size=n), np.where(gone, np.nan, rng.normal(size=n))])
    rows = [f"p{i:03d}" for i in range(n)]
    people = pd.DataFrame({"sex": sex}, index=rows)
    cohort = Cohort(x, people, ["age", "dose"], groups=["sex"], unit="row", missing="keep")
    said = np.where(gone, 1.0, 0.0)
    made = match(Predictions(cohort.rows, said, said, "y", "identity"), cohort, by="sex")
    assert made.reason.tolist() == [""]
    assert made.difference[0] == 0
    assert made.pairs[0] > 150


def test_gaps_of_units_are_shares_of_their_rows() -> None:
    """A unit counts the rows in which a value is known; one without any takes the others' mean."""
    x = np.array([[1.0], [3.0], [5.0], [np.nan], [np.nan], [np.nan]])
    people = pd.DataFrame(
        {"who": list("aabbcc"), "sex": list("ffmmff")}, index=[f"r{i}" for i in range(6)]
    )
    cohort = Cohort(x, people, ["dose"], groups=["sex"], unit="who", missing="keep")
    found = _known(setting(cohort, "sex"), cohort.dense())
    np.testing.assert_allclose(found, [[2.0, 0.0], [5.0, 0.5], [3.5, 1.0]])


def test_rank_distance_is_rosenbaums() -> None:
    """Mahalanobis distance of ranks, the variance that of untied ones, over the root of k."""
    rng = np.random.default_rng(2)
    x = np.column_stack([rng.lognormal(size=50), rng.normal(size=50), rng.random(50) < 0.1])
    ranks = np.column_stack([stats.rankdata(c) for c in x.T])
    cov = np.cov(ranks, rowvar=False, bias=True)
    to = np.diag(np.sqrt((50**2 - 1) / 12 / np.diag(cov)))
    inverse = np.linalg.inv(to @ cov @ to)
    space = rank_space(x)
    for i, j in ((0, 1), (3, 40)):
        d = ranks[i] - ranks[j]
        assert ((space[i] - space[j]) ** 2).sum() == pytest.approx(d @ inverse @ d / 3)
    np.testing.assert_allclose(rank_space(np.column_stack([np.exp(3 * x[:, 0]), x[:, 1:]])), space)


def test_the_line_to_equal_features_is_a_regression() -> None:
    """Its intercept and HC3 error are statsmodels'."""
    rng = np.random.default_rng(3)
    moved = rng.normal(size=(40, 2))
    d = 0.3 + moved @ np.array([1.0, -1.0]) + rng.normal(size=40)
    theirs = sm.OLS(d, sm.add_constant(moved)).fit(cov_type="HC3")
    value, error, df = level_line(d, moved)
    assert (value, error) == pytest.approx((theirs.params[0], theirs.bse[0]))
    assert df == 37


def people(n: int, *, direct: float, seed: int = 0) -> tuple[Cohort, Predictions]:
    """B has higher lab values; the model takes the lab, and adds `direct` for B."""
    rng = np.random.default_rng(seed)
    b = np.arange(n) % 2 == 1
    lab, age = rng.normal(size=n) + 0.7 * b, rng.normal(size=n)
    table = pd.DataFrame({"race": np.where(b, "B", "A")}, index=[f"p{i:04d}" for i in range(n)])
    c, d = rng.normal(size=(2, n))
    x = np.column_stack([lab, age, c, d, b])
    cohort = Cohort(x, table, ["lab", "age", "c", "d", "is_b"], groups=["race"], unit="row")
    margin = lab + 0.5 * age + 0.7 * c + 0.7 * d + direct * b
    return cohort, Predictions(cohort.rows, margin, expit(margin), "case", "logit")


def test_a_model_that_sees_the_features_only_treats_the_alike_alike() -> None:
    """B's outputs are higher, matched people's are not; the group's own column is left out."""
    cohort, said = people(1200, direct=0.0)
    made = match(said, cohort, by="race", judging=Judging(threshold=0.5))
    b = (cohort.people["race"] == "B").to_numpy()
    assert said.response[b].mean() - said.response[~b].mean() > 0.1
    assert made.left_out == ("is_b",)
    assert made.features == ("lab", "age", "c", "d")
    assert abs(made.adjusted[0]) < 0.01
    assert abs(made.difference[0]) < 0.03
    assert made.distance[0] < made.caliper[0] < 0.5
    assert abs(made.changed[0] - made.usual_changed[0]) < 0.05


def test_a_model_that_uses_the_group_is_seen_in_pairs() -> None:
    """The same people of B get more; the limits hold the true mean difference."""
    cohort, said = people(1200, direct=0.5)
    made = match(said, cohort, by="race", judging=Judging(threshold=0.5))
    margin = said.margin - 0.5 * (cohort.people["race"] == "B")
    true = float((expit(margin + 0.5) - expit(margin)).mean())
    assert made.adjusted_low[0] < true + 0.01
    assert made.adjusted_high[0] > true - 0.01
    assert made.adjusted_low[0] > 0.05
    assert made.changed_low[0] > made.usual_changed[0]


def test_people_who_are_not_alike_are_not_paired() -> None:
    """No overlap, a small group, no threshold: each says why; JSON keeps all."""
    cohort, said = people(200, direct=0.0)
    b = (cohort.people["race"] == "B").to_numpy()
    far = Cohort(
        cohort.x + 100.0 * b[:, None] * np.array([1, 0, 0, 0, 0]), cohort.people, cohort.features,
        groups=["race"], unit="row",
    )  # fmt: skip
    made = match(said, far, by="race", on=["lab"])
    assert made.reason[0].startswith("fewer than 11 pairs of B and A are alike")
    assert np.isnan(made.difference[0])
    plainly = match(said, cohort, by="race")
    assert plainly.decision_reason[0] == "no threshold is given"
    assert plain(restore(Matched, plain(plainly))) == plain(plainly)
    few = cohort.people.assign(race=np.where(np.arange(200) < 5, "B", "A"))
    small = Cohort(cohort.x, few, cohort.features, groups=["race"], unit="row")
    assert match(said, small, by="race").reason[0] == "suppressed (<11)"
    with pytest.raises(FeatureError, match="which are no features"):
        match(said, cohort, by="race", on=["height"])


def test_the_order_of_rows_changes_nothing() -> None:
    """The same pairs from the same people."""
    cohort, said = people(300, direct=0.2)
    turned = cohort.take(np.random.default_rng(1).permutation(300))
    assert plain(match(said, cohort, by="race")) == plain(match(said, turned, by="race"))
