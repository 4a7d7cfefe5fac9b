"""The same change for everyone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from torch import nn

from evenlight.arrays import Float
from evenlight.cohorts import PHARMACOGENETIC, warfarin
from evenlight.data.coefficients import CoefficientTable
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features, Indicators
from evenlight.errors import FeatureError, ModelError
from evenlight.probes.contrasts import contrasts

N = 60
RNG = np.random.default_rng(0)
STATES = np.array(["G/G", "A/G", "A/A", "unknown"])[np.r_[[0] * 5, [1] * 40, [2] * 5, [3] * 10]]
RACES = np.array(["W", "A", "missing"])[np.r_[[0] * 20, [1] * 15, [2] * 25]]
X = pd.DataFrame(
    {
        "age": RNG.normal(50, 9, N).round(1),
        "snp": np.tile([0, 1, 2], 20),
        "male": np.tile([0, 1], 30),
        "rare": np.r_[[1.5], np.zeros(N - 1)],
        "flat": np.ones(N),
        "v A/G": (STATES == "A/G").astype(float),
        "v A/A": (STATES == "A/A").astype(float),
        "v unknown": (STATES == "unknown").astype(float),
        "race W": (RACES == "W").astype(float),
        "race A": (RACES == "A").astype(float),
        "race missing": (RACES == "missing").astype(float),
    },
    index=[f"r{i:02d}" for i in range(N)],
)
CODED = (
    Indicators("v", {"v A/G": "A/G", "v A/A": "A/A", "v unknown": "unknown"}, "G/G"),
    Indicators("race", {"race W": "W", "race A": "A", "race missing": "missing"}, None),
)
COHORT = Cohort(
    X, pd.DataFrame({"y": X["age"]}), Features(tuple(map(str, X)), None, CODED), outcome="y"
)


def model(x: Float) -> Float:
    """Depends on every column, and on age times genotype."""
    said: Float = x @ np.arange(1.0, 12.0) / 50 + x[:, 0] * x[:, 6] / 100
    return said


def test_each_variable_moves_between_its_own_common_values() -> None:
    """Percentiles, genotypes 0 to 2, 0 to 1, extremes where percentiles tie; constants are out."""
    made = contrasts(model, COHORT)
    found = dict(zip(made.subjects, zip(made.low, made.high, strict=True), strict=True))
    low, high = np.quantile(X["age"], (0.1, 0.9))
    assert found == {
        "age": (f"{low:g}", f"{high:g}"),
        "snp": ("0", "2"),
        "male": ("0", "1"),
        "rare": ("0", "1.5"),
        "v": ("G/G", "A/A"),
        "race": ("W", "A"),
    }


def test_contrasts_equal_a_loop_over_rows() -> None:
    """Each number is the output with the variable at high minus that at low, all else held."""
    made = contrasts(model, COHORT, subjects=["age", "v", "race"])
    ends = np.quantile(X["age"], (0.1, 0.9))
    for i in range(0, N, 7):
        for q, (columns, low, high) in enumerate(
            [([0], [ends[0]], [ends[1]]), ([5, 6, 7], [0, 0, 0], [0, 1, 0]),
             ([8, 9, 10], [1, 0, 0], [0, 1, 0])]
        ):  # fmt: skip
            before, after = X.to_numpy()[[i]], X.to_numpy()[[i]]
            before[0, columns], after[0, columns] = low, high
            assert made.margin[i, q] == pytest.approx(float((model(after) - model(before))[0]))


def test_an_additive_model_moves_everyone_alike_on_the_margin_only() -> None:
    """On the square-root scale the contrast is one number, on the response it is not."""
    table = CoefficientTable("dose", 9.0, {"v A/A": -1.5, "age": -0.05}, link="square")
    made = contrasts(table, COHORT, subjects=["v"])
    np.testing.assert_allclose(made.margin, -1.5)
    assert made.response.std() > 0.1
    assert made.cohort_digest == COHORT.digest


def test_values_can_be_chosen() -> None:
    """Other states or numbers replace the common ones."""
    made = contrasts(
        model, COHORT, subjects=["v", "age"], levels={"v": ("G/G", "A/G"), "age": (40, 60)}
    )
    assert (made.low, made.high) == (("G/G", "40"), ("A/G", "60"))
    np.testing.assert_allclose(made.margin[:, 0], 6 / 50)


def test_swapping_the_values_flips_the_sign() -> None:
    """A contrast is antisymmetric."""
    there = contrasts(model, COHORT, subjects=["age"], levels={"age": (40, 60)})
    back = contrasts(model, COHORT, subjects=["age"], levels={"age": (60, 40)})
    np.testing.assert_allclose(there.margin, -back.margin)


def test_permuted_rows_permute_the_answer() -> None:
    """Row order is not part of the answer."""
    mixed = np.random.default_rng(1).permutation(N)
    first, second = contrasts(model, COHORT), contrasts(model, COHORT.take(mixed))
    np.testing.assert_allclose(second.margin, first.margin[mixed])


def test_the_cohort_is_left_as_it_was() -> None:
    """The columns that were moved hold what they held."""
    before = COHORT.dense().copy()
    contrasts(model, COHORT)
    np.testing.assert_array_equal(COHORT.dense(), before)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"subjects": ["Age"]}, "no variable 'Age' among the inputs; did you mean 'age'"),
        ({"subjects": ["v A/A"]}, "'v A/A' is one indicator of 'v'; .* name 'v'"),
        ({"levels": {"v": ("G/G", "T/T")}}, "v: no row is in state 'T/T'"),
        ({"levels": {"age": ("young", 60)}}, "age: level 'young' is not a number"),
        ({"subjects": ["flat"]}, "no variable varies"),
    ],
)
def test_what_cannot_be_contrasted_is_named(options: dict[str, object], message: str) -> None:
    """Unknown names get the nearest one; indicators, unseen states and text are refused."""
    with pytest.raises(FeatureError, match=message):
        contrasts(model, COHORT, **options)  # type: ignore[arg-type]


def test_images_and_very_wide_tables_are_refused() -> None:
    """Images need a common patch; 2,001 variables need to be named."""
    people = COHORT.people.iloc[:3]
    with pytest.raises(ModelError, match="images need a common patch"):
        contrasts(nn.Flatten(), Cohort(np.zeros((3, 1, 2, 2)), people))
    with pytest.raises(ModelError, match="2001 variables; name at most 2000"):
        contrasts(model, Cohort(np.zeros((3, 2001)), people))


def test_vkorc1_means_more_milligrams_where_doses_are_higher() -> None:
    """G/G to A/A: equal on the square-root scale; 17.8, 18.5 and 19.3 mg a week on the dose."""
    cohort = warfarin()
    made = contrasts(PHARMACOGENETIC, cohort, subjects=["VKORC1"])
    assert (made.low, made.high) == (("G/G",), ("A/A",))
    np.testing.assert_allclose(made.margin, -1.6974, atol=1e-12)
    race = cohort.grouping("race")
    levels = ("Asian", "White", "Black or African American")
    found = [-made.response[race.members(level), 0].mean() for level in levels]
    np.testing.assert_allclose(found, [17.77, 18.49, 19.25], atol=0.005)
