"""Clinical tables: errors, rounding, missing values and units."""

from __future__ import annotations

import numpy as np
import pytest

from evenlight.cohorts import warfarin
from evenlight.errors import FeatureError, InputError, UnknownName
from evenlight.probes.perturbations import tables
from evenlight.probes.perturbations.drawing import perturbed_rows
from evenlight.probes.perturbations.perturbation import Perturbation, Suite
from evenlight.probes.perturbations.suites import suite, suite_of
from tests.perturbed_world import cohort_of, table


def test_an_error_has_the_declared_spread_or_a_share_of_the_columns_own() -> None:
    """SD within a person where declared, else shares of the SD; yes-or-no columns have none."""
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.normal(170, 10, 4000), rng.normal(80, 20, 4000), np.arange(4000) % 2])
    cohort = cohort_of(x, ["height", "weight", "smoker"])
    for errors, wanted in (({"weight": 1.5}, (0.0, 1.5)), (None, (2.5, 5.0))):
        change = (
            suite("tabular", cohort, errors=errors).taking("measurement error").perturbations[0]
        )
        strength = 1.0 if errors else 0.25
        made = perturbed_rows(change, x, strength, rows=cohort.rows, run=0) - x
        np.testing.assert_allclose(made.std(axis=0)[:2], wanted, rtol=0.05)
        assert (made[:, 2] == 0).all()


def test_whole_numbers_stay_whole_and_sizes_stay_above_zero() -> None:
    """A decade of age is measured in decades, and no measured size turns negative."""
    cohort = table()
    change = suite("tabular", cohort).taking("measurement error").perturbations[0]
    made = perturbed_rows(change, cohort.dense(), 5.0, rows=cohort.rows, run=0)
    np.testing.assert_array_equal(made[:, 1], np.rint(made[:, 1]))
    assert made.min() >= 0


def test_a_one_hot_variable_is_missing_as_a_whole() -> None:
    """All its columns together say unknown; numbers hold their median, or NaN where asked."""
    cohort = table()
    for missing in ("median", "nan"):
        change = suite("tabular", cohort, missing=missing).taking("missing values").perturbations[0]
        made = perturbed_rows(change, cohort.dense(), 1.0, rows=cohort.rows, run=0)
        np.testing.assert_array_equal(made[:, 3:], np.tile([0.0, 1.0], (24, 1)))
        if missing == "nan":
            assert np.isnan(made[:, :3]).all()
        else:
            np.testing.assert_allclose(made[:, 0], np.median(cohort.dense()[:, 0]))


def test_one_number_of_a_row_is_in_another_unit() -> None:
    """At most one column a row is changed, by its factor, in the stated share of rows."""
    x = np.random.default_rng(0).normal(80, 5, (3000, 2))
    cohort = cohort_of(x, ["weight", "height"])
    change = suite("tabular", cohort, factors={"weight": 2.2046}).taking("unit mistakes")
    made = perturbed_rows(change.perturbations[0], x, 0.1, rows=cohort.rows, run=0)
    hit = made[:, 0] != x[:, 0]
    np.testing.assert_allclose(made[hit, 0], 2.2046 * x[hit, 0])
    assert hit.mean() == pytest.approx(0.1, abs=0.02)
    np.testing.assert_array_equal(made[:, 1], x[:, 1])


def test_rounding_moves_by_at_most_half_a_step() -> None:
    """Every value becomes a multiple of the step."""
    x = np.random.default_rng(0).normal(80, 5, (50, 1))
    made = tables.rounded(x, 0.5, np.random.default_rng(0), step=np.array([5.0]))
    assert np.abs(made - x).max() <= 1.25
    np.testing.assert_allclose(made / 2.5, np.rint(made / 2.5))


def test_warfarin_genotypes_become_unknown() -> None:
    """In the real table a genotype that is missing is the state Unknown, of one variable alone."""
    cohort = warfarin()
    name = next(i.variable for i in cohort.features.indicators if "VKORC1" in i.variable)
    made = suite("tabular", cohort, only=[name])
    assert [p.name for p in made.perturbations] == ["missing values"]
    coded = cohort.features.indicator(name)
    assert coded is not None
    columns = [cohort.features.place[c] for c in coded.columns]
    x = cohort.dense()[:, sorted(columns)]
    after = perturbed_rows(made.perturbations[0], x, 0.25, rows=cohort.rows, run=0)
    changed = (after != x).any(axis=1)
    states = [list(coded.columns.values())[i] for i in np.argsort(columns)]
    assert {states[i].casefold() for i in after[changed].argmax(axis=1)} == {"unknown"}
    assert 0.15 < changed.mean() < 0.25


def test_declarations_that_do_not_fit_are_refused() -> None:
    """Unknown columns, one indicator alone, factors of 0, words that the suite does not take."""
    cohort = table()
    with pytest.raises(FeatureError, match="did you mean 'height'"):
        suite("tabular", cohort, errors={"heigth": 1.0})
    with pytest.raises(FeatureError, match="one indicator of 'race'"):
        suite("tabular", cohort, only=["race B"])
    with pytest.raises(FeatureError, match="wanted a number above 0"):
        suite("tabular", cohort, factors={"height": 0.0})
    with pytest.raises(UnknownName, match="wanted median or nan"):
        suite("tabular", cohort, missing="mode")
    with pytest.raises(InputError, match="did you mean 'errors'"):
        suite("tabular", cohort, error={"height": 1.0})
    with pytest.raises(InputError, match="has no name"):
        suite_of({"scale": "log2"}, cohort)


def test_perturbations_and_suites_check_themselves() -> None:
    """Strengths ascend above 0, units are told, needs are known, names occur once."""

    def one(**changed: object) -> Perturbation:
        given = {"name": "a", "of": tables.rounded, "strengths": (1.0,), "unit": "kg",
                 "needs": "numbers", "source": "here"} | changed  # fmt: skip
        return Perturbation(**given)  # type: ignore[arg-type]

    for wrong in ((0.0, 1.0), (2.0, 1.0), (np.nan,), ()):
        with pytest.raises(InputError):
            one(strengths=wrong)
    with pytest.raises(UnknownName, match="known: numbers, counts"):
        one(needs="text")
    with pytest.raises(InputError, match="unit"):
        one(unit="")
    with pytest.raises(InputError, match="names 'a' twice"):
        Suite("s", (one(), one()))
    with pytest.raises(UnknownName, match="it has a"):
        Suite("s", (one(),)).taking("b")
    assert one().at(2, 3).strengths == (2.0, 3.0)
