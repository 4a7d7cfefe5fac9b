"""Whether the values of a cohort are in the units in which a model was trained."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from evenlight.codec import plain, restore
from evenlight.data.cohort import Cohort
from evenlight.data.principal import Principal
from evenlight.data.training import TrainingSummary
from evenlight.errors import FeatureError, InputError
from evenlight.measures.trained import TrainedValues
from evenlight.measures.trained_values import trained_values

GENES = [f"g{j:03d}" for j in range(80)]


def counts(n: int, seed: int, *, depth: float = 1.0) -> np.ndarray:
    """Counts of eighty genes, from rare to common, of people of unlike library size."""
    rng = np.random.default_rng(seed)
    level = np.geomspace(0.05, 40.0, 80)
    size = rng.lognormal(0.0, 0.3, size=(n, 1)) * depth
    return rng.poisson(level * size * rng.gamma(4.0, 0.25, size=(n, 80))).astype(float)


def logged(x: np.ndarray) -> np.ndarray:
    """As single-cell workflows do it: to a common total, and the logarithm of one more."""
    return np.asarray(np.log1p(1e4 * x / x.sum(axis=1, keepdims=True)))


def cohort(x: np.ndarray, names: list[str] | None = None) -> Cohort:
    """People without any role."""
    people = pd.DataFrame(index=[f"p{i:04d}" for i in range(len(x))])
    return Cohort(x, people, names or GENES[: x.shape[1]], unit="row")


def test_values_of_the_same_kind_are_like_those_of_training() -> None:
    """Counts against counts and logarithms against logarithms, of other people."""
    for made in (counts, lambda n, seed: logged(counts(n, seed))):
        summary = TrainingSummary.of(made(400, 0), GENES)
        found = trained_values(cohort(made(150, 1)), summary)
        assert found.verdict == "like"
        assert not found.doubt
        assert found.sentences() == ("All 80 features are in the range of 400 training units.",)


@pytest.mark.parametrize("summarised", [True, False])
def test_counts_where_logarithms_are_wanted_are_told(summarised: bool) -> None:
    """By what the numbers are, from a summary or from the training people."""
    train = logged(counts(400, 0))
    training = TrainingSummary.of(train, GENES) if summarised else cohort(train)
    found = trained_values(cohort(counts(150, 1)), training)
    assert found.verdict == "unlike"
    assert found.doubt.startswith(
        "The model was trained on logarithms of counts, and the values here are counts."
    )
    assert "Bring x to what the model was trained on" in found.doubt


@pytest.mark.parametrize(
    ("here", "train"),
    [
        (lambda x: x, lambda x: (x - x.mean(axis=0)) / x.std(axis=0)),
        (lambda x: logged(x) * np.log2(np.exp(1.0)) * 10, logged),
        (lambda x: logged(x) - 30.0, logged),
        (lambda x: x * 6.0, lambda x: x),
    ],
)
def test_other_units_are_told_by_ranges(here: object, train: object) -> None:
    """Counts against z-scores, another scale, another zero, six times the depth."""
    assert callable(here)
    assert callable(train)
    summary = TrainingSummary.of(train(counts(400, 0)), GENES)
    assert trained_values(cohort(here(counts(150, 1))), summary).verdict == "unlike"


def test_values_beyond_a_bounded_kind_are_told() -> None:
    """Standardised genotypes of a model of dosages, and M-values of one of methylation shares."""
    rng = np.random.default_rng(7)
    dosage = rng.binomial(2, 0.3, size=(200, 80)).astype(float)
    shares = rng.beta(2.0, 3.0, size=(200, 80))
    for before, here in ((dosage, (dosage - 0.6) / 0.65), (shares, np.log2(shares / (1 - shares)))):
        found = trained_values(cohort(here), cohort(before))
        assert found.verdict == "unlike"
        assert "to a large part outside of that range" in found.doubt
    z = logged(counts(300, 0))
    z = (z - z.mean(axis=0)) / z.std(axis=0)
    for here, before, told in (
        (
            z,
            logged(counts(300, 1)),
            "trained on logarithms of counts, and the values here are to a",
        ),
        (
            logged(counts(300, 1)),
            z,
            "trained on standardised values (mean 0, SD 1), and the values "
            "here are nowhere below 0.",
        ),
    ):
        assert told in trained_values(cohort(here), cohort(before)).doubt
    assert trained_values(cohort(z[:50]), cohort(z[50:])).verdict == "like"
    imputed = np.clip(dosage + rng.uniform(-0.2, 0.2, size=dosage.shape), 0, 2)
    assert trained_values(cohort(imputed), cohort(dosage)).verdict == "like"


def test_one_feature_of_two_is_not_the_table() -> None:
    """Half of two features is one: it is named, and the table is not called unlike."""
    rng = np.random.default_rng(8)
    before = rng.normal(size=(100, 2))
    one, both = before * [1, 9], before * 9
    assert trained_values(cohort(one), cohort(before)).verdict == "some"
    assert trained_values(cohort(both), cohort(before)).verdict == "unlike"
    assert trained_values(cohort(both[:, :1]), cohort(before[:, :1])).verdict == "unlike"


def test_a_feature_that_did_not_vary_in_training_is_said_to_vary_here() -> None:
    """One value for everybody, known to rounding: its SD is no unit, and it is told by itself."""
    rng = np.random.default_rng(9)
    before = rng.normal(size=(97, 3))
    before[:, 0] = 167.894
    found = trained_values(cohort(rng.normal([170, 0, 0], size=(60, 3))), cohort(before))
    assert (found.looked, found.apart, found.moved_features) == (3, 0, ("g000",))
    assert found.sentences()[0].startswith("1 of 3 features varies here and had one value in train")
    assert trained_values(cohort(before[:50]), cohort(before)).verdict == "like"
    still = trained_values(cohort(before), cohort(np.full((97, 3), 167.894)))
    assert still.sentences()[0].endswith("cannot be told: no feature varies in training.")
    assert still.doubt  # a strict gate needs evidence


def test_one_feature_in_another_unit_is_named() -> None:
    """Creatinine in umol/l, of a model of mg/dl: some, with the feature and how far."""
    rng = np.random.default_rng(2)
    names = ["age", "creatinine", "platelets", "sodium"]
    made = rng.normal([60, 1.1, 250, 140], [15, 0.4, 80, 4], size=(700, 4))
    summary = TrainingSummary.of(made[:400], names)
    here = made[400:] * [1, 88.4, 1, 1]
    found = trained_values(cohort(here, names), summary)
    assert found.verdict == "some"
    assert found.feature == ("creatinine",)
    assert found.shift[0] == pytest.approx((here[:, 1].mean() - 1.1) / 0.4, rel=0.1)
    assert found.shift[0] == float(f"{found.shift[0]:.2g}")
    said = " ".join(found.sentences())
    assert "1 of 4 features are apart from 400 training units: creatinine" in said
    assert found.to_frame()["feature"].tolist() == ["creatinine"]
    assert found.doubt == said  # 250 SD away is no other people


def test_people_of_another_kind_are_no_other_unit() -> None:
    """A shift of 1.5 SD in every feature and variants rare in training are not called apart."""
    rng = np.random.default_rng(3)
    summary = TrainingSummary.of(rng.normal(size=(400, 80)), GENES)
    assert trained_values(cohort(rng.normal(size=(150, 80)) + 1.5), summary).verdict == "like"
    rare = rng.binomial(2, 0.002, size=(2000, 80)).astype(float)
    common = rng.binomial(2, 0.4, size=(150, 80)).astype(float)
    found = trained_values(cohort(common), cohort(rare))
    assert found.apart + found.moved > 40
    assert not found.doubt
    assert found.verdict == "some"


def test_a_summary_of_components_tells_each_spread() -> None:
    """Features of unlike size: what is left of the directions is not shared out among them."""
    rng = np.random.default_rng(4)
    size = np.geomspace(0.01, 100, 80)
    summary = TrainingSummary.of(rng.normal(size=(200, 80)) * size, GENES, components=5)
    assert trained_values(cohort(rng.normal(size=(150, 80)) * size), summary).verdict == "like"


def test_what_cannot_be_told_is_said() -> None:
    """Ten people, other features, a summary without SDs, maps."""
    summary = TrainingSummary.of(counts(400, 0), GENES)
    one = Principal(np.zeros(2), np.ones(2), np.array([[1.0], [0.0]]), np.ones(1), 0.5, 1)
    bare = TrainingSummary(("a", "b"), 99, one)
    maps = np.random.default_rng(5).normal(size=(30, 2, 2))
    for x, names, training, told in (
        (counts(10, 1), None, summary, "fewer than 11 units"),
        (counts(20, 1), [f"h{j}" for j in range(80)], summary, "80 features of training are not"),
        (np.ones((20, 2)), ["a", "b"], bare, "does not tell the SD"),
        (maps, ["a", "b"], summary, "features of training are not in the cohort"),
        (counts(20, 1), None, cohort(maps, ["a", "b"]), "no table of features"),
    ):
        found = trained_values(cohort(x, names), training)
        assert found.verdict == "not_estimable"
        assert told in found.sentences()[0]
        assert told in found.doubt


def test_missing_and_huge_numbers_are_borne() -> None:
    """NaN is left out, 1e300 is far, a feature without a known value is not looked at."""
    rng = np.random.default_rng(6)
    summary = TrainingSummary.of(rng.normal(size=(400, 4)), GENES[:4])
    x = rng.normal(size=(50, 4))
    x[::2, 0], x[:, 1], x[:, 2] = np.nan, np.nan, 1e300
    people = pd.DataFrame(index=[f"p{i:04d}" for i in range(50)])
    found = trained_values(Cohort(x, people, GENES[:4], unit="row", missing="keep"), summary)
    assert found.looked == 3
    assert found.feature == ("g002",)
    assert np.isfinite(found.shift).all()


def test_the_record_goes_to_json_and_back_in_any_order_of_rows() -> None:
    """The same bytes from rows turned round; a strange verdict is refused."""
    summary = TrainingSummary.of(counts(400, 0) * 10, GENES)
    made = cohort(counts(150, 1))
    one = trained_values(made, summary)
    two = trained_values(made.take(np.arange(150)[::-1]), summary)
    assert plain(one) == plain(two)
    again = restore(TrainedValues, json.loads(json.dumps(plain(one))))
    assert again.sentences() == one.sentences()
    none = np.zeros(0)
    with pytest.raises(FeatureError, match="no verdict"):
        TrainedValues("", "", "", 0, 0, (), none, none, 0.0, 0.0, "odd", "")
    with pytest.raises(InputError, match="shape"):
        TrainedValues("", "", "", 0, 0, ("a",), none, none, 0.0, 0.0, "like", "")
