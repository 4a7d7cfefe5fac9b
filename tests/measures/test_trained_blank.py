"""Features of another unit, filled in or new are told; skewed ones of the same law are not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evenlight.data.cohort import Cohort
from evenlight.data.training import TrainingSummary
from evenlight.measures.trained_values import trained_values

NAMES = [f"g{j:02d}" for j in range(30)]


def cohort(x: np.ndarray, unit: np.ndarray | None = None) -> Cohort:
    """People without any role, or rows of donors."""
    people = pd.DataFrame(index=[f"p{i:04d}" for i in range(len(x))])
    if unit is None:
        return Cohort(x, people, NAMES[: x.shape[1]], unit="row")
    return Cohort(x, people.assign(donor=unit), NAMES[: x.shape[1]], unit="donor")


def expression(n: int, seed: int) -> np.ndarray:
    """Thirty genes, as logarithms of counts."""
    rng = np.random.default_rng(seed)
    return np.asarray(np.log1p(rng.poisson(rng.gamma(2, 0.5, size=(n, 30)))))


def test_another_unit_is_a_doubt_where_it_is_one_feature_of_ten() -> None:
    """Creatinine and haemoglobin in other units, in all rows or a fifth; three slips are none."""
    rng = np.random.default_rng(0)
    mean, sd = [1, 60, 27, 4, 140, 13, 5, 40, 7, 250], [0.3, 12, 4, 0.4, 3, 1.5, 2, 4, 2, 60]
    train, here = (rng.normal(mean, sd, size=(n, 10)) for n in (800, 100))
    summary = TrainingSummary.of(train, NAMES[:10])
    unit = np.ones(10)
    unit[[0, 5]] = 88.4, 10.0
    for rows, word, far in (
        (slice(None), "some", 2),
        (slice(0, 20), "some", 2),
        (slice(0, 3), "some", 0),
    ):
        x = here.copy()
        x[rows] *= unit
        found = trained_values(cohort(x), summary)
        assert (found.verdict, found.far) == (word, far)
        assert ("g00" in found.doubt) == (far > 0)
    found = trained_values(cohort(here / unit), summary)
    assert found.feature[:2] == ("g00", "g05")
    assert found.doubt
    assert trained_values(cohort(here + 2 * np.array(sd)), summary).verdict == "like"


@pytest.mark.parametrize("by", ["rows", "cohort", "moments"])
def test_features_that_were_filled_in_are_told(by: str) -> None:
    """Fourteen of thirty genes are 0 for everybody: some, a doubt, with names."""
    train, here = expression(400, 0), expression(100, 1)
    here[:, :14] = 0.0
    known: dict[str, TrainingSummary | Cohort] = {
        "rows": TrainingSummary.of(train, NAMES),
        "cohort": cohort(train),
        "moments": TrainingSummary.from_moments(
            NAMES, 400, train.mean(axis=0), np.cov(train, rowvar=False)
        ),
    }
    made = known[by]
    found = trained_values(cohort(here), made)
    assert (found.verdict, found.filled, found.filled_features) == ("some", 14, tuple(NAMES[:14]))
    assert found.doubt.startswith("14 of 30 features have one value here and others in training: ")
    assert trained_values(cohort(expression(100, 2)), made).verdict == "like"


def test_a_mean_that_was_filled_in_is_told_whatever_its_rounding() -> None:
    """Twelve columns imputed by the training mean, over float32 or not: the same words."""
    train = expression(400, 0)
    summary = TrainingSummary.of(train, NAMES)
    said = []
    for mean in (train.mean(axis=0), train.mean(axis=0).astype(np.float32).astype(float)):
        here = expression(100, 1)
        here[:, :12] = mean[:12] * (1 + 1e-9 * np.random.default_rng(2).random((100, 12)))
        found = trained_values(cohort(here), summary)
        assert (found.filled, found.apart) == (12, 0)
        said.append(found.sentences())
    assert said[0] == said[1]


def test_what_chance_leaves_blank_is_not_told() -> None:
    """Rare variants that nobody of sixty has, and one sex alone among three hundred: no doubt."""
    rng = np.random.default_rng(3)
    rare = rng.binomial(2, 0.02, size=(1000, 30)).astype(float)
    found = trained_values(cohort(rng.binomial(2, 0.02, size=(60, 30)).astype(float)), cohort(rare))
    assert found.verdict == "like"
    both = np.column_stack([rng.integers(0, 2, 1000), rng.normal(size=(1000, 9))]).astype(float)
    women = np.column_stack([np.ones(300), rng.normal(size=(300, 9))])
    found = trained_values(cohort(women), TrainingSummary.of(both, NAMES[:10]))
    assert (found.verdict, found.filled_features, found.doubt) == ("some", ("g00",), "")


def test_donors_and_not_their_cells_say_what_chance_leaves_blank() -> None:
    """A gene of a third of the donors is absent in twelve donors, whatever their cells."""
    rng = np.random.default_rng(4)
    x = np.column_stack([np.ones(600), rng.normal(size=600)])
    train = np.column_stack([rng.random(600) < 0.3, rng.normal(size=600)]).astype(float)
    x[:, 0] = 0
    found = trained_values(cohort(x, np.arange(600) % 12), cohort(train))
    assert found.filled == 0
    assert trained_values(cohort(x), cohort(train)).filled == 1


def test_a_feature_of_one_value_in_training_is_new_here() -> None:
    """0 for all there and 100 here: some, in its own sentence; a rare diagnosis stays silent."""
    rng = np.random.default_rng(5)
    train, here = rng.normal(size=(400, 4)), rng.normal(size=(100, 4))
    train[:, 2], here[:, 2] = 0.0, 100 + here[:, 2]
    train[:, 3], here[:, 3] = np.arange(400) < 4, np.arange(100) < 3
    for made in (TrainingSummary.of(train, NAMES[:4]), cohort(train)):
        found = trained_values(cohort(here), made)
        assert (found.verdict, found.looked, found.moved_features) == ("some", 4, ("g02",))
        assert "1 of 4 features varies here and had one value in training" in found.sentences()[0]


@pytest.mark.parametrize("sigma", [1.0, 1.5, 2.0])
def test_skewed_features_of_the_same_law_are_like_training(sigma: float) -> None:
    """Twelve lognormal features of fifteen to sixty people: never unlike, and no doubt."""
    words = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        train = np.exp(sigma * rng.normal(size=(1000, 12)))
        made = [
            TrainingSummary.of(train, NAMES[:12]),
            TrainingSummary.from_moments(NAMES[:12], 1000, train.mean(axis=0), np.cov(train.T)),
        ][seed % 2]
        here = np.exp(sigma * rng.normal(size=(15 * (1 + seed % 4), 12)))
        found = trained_values(cohort(here), made)
        assert not found.doubt
        words.append(found.verdict)
    assert words.count("like") >= 36
    assert trained_values(cohort(here * 30), TrainingSummary.of(train, NAMES[:12])).doubt
