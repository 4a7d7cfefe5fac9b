"""Verdicts, effects, strata, association, support, disclosure: each against its definition."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit
from sklearn.metrics import mutual_info_score

from evenlight.stats import association, disclosure, effects, equivalence, strata
from evenlight.stats.cells import joint
from evenlight.stats.intervals import simultaneous, unit_weights
from evenlight.stats.support import Within, within_slopes
from tests import slow


@pytest.mark.parametrize(
    ("low", "high", "n", "word"),
    [
        (-0.05, 0.05, 20, "similar"),
        (0.01, 0.05, 20, "similar"),
        (-0.05, 0.05, 19, "cannot_tell"),
        (0.05, 0.3, 15, "different"),
        (0.2, 0.3, 40, "different"),
        (-0.3, -0.01, 40, "different"),
        (-0.2, 0.05, 400, "cannot_tell"),
        (np.nan, np.nan, 400, "not_estimable"),
    ],
)
def test_the_four_verdicts(low: float, high: float, n: int, word: str) -> None:
    """The table of verdicts at a margin of 0.1, the rule of 20 units included."""
    found = equivalence.verdicts(np.array([low]), np.array([high]), 0.1, np.array([n]))
    assert found.tolist() == [word]


def test_minimum_effect_p_is_a_shifted_t_test() -> None:
    """At the margin p is about one half, far beyond it small; without spread it is 1 or 1e-16."""
    p = equivalence.minimum_effect_p(
        np.array([0.1, 0.5, 0.05, 0.2]),
        np.array([0.01, 0.05, 0.0, 0.0]),
        np.array([50.0] * 4),
        0.1,
    )
    assert p[0] == pytest.approx(0.5, abs=1e-3)
    assert p[1] == pytest.approx(stats.t.sf(8, 50) + stats.t.sf(12, 50))
    assert p[2:].tolist() == [1.0, 1e-16]


def test_more_units_would_settle_it() -> None:
    """With that many more, the half-width shrinks to what a verdict needs."""
    effect, half = np.array([0.02]), np.array([0.15])
    var = (np.array([0.004]), np.array([0.0005]))
    more, where = equivalence.more_units(effect, half, 0.1, var, (30, 240))
    grown = var[0] * 30 / (30 + more) + var[1]
    assert where.tolist() == ["level"]
    assert (half * np.sqrt(grown / (var[0] + var[1])))[0] <= 0.08 + 1e-9


def test_within_sd_leaves_out_unknown_groups() -> None:
    """Pooled around group means, 1/n over units of known group."""
    v, g = np.array([1.0, 3.0, 10.0, 14.0, 99.0]), np.array([0, 0, 1, 1, -1])
    assert effects.within_sd(v, g) == pytest.approx(np.sqrt((1 + 1 + 4 + 4) / 4))


def test_unit_means_do_not_depend_on_row_order() -> None:
    """Summed in a given order, the bits are the same after a shuffle."""
    rng = np.random.default_rng(0)
    values, unit, ids = rng.normal(size=(50, 3)), rng.integers(0, 7, 50), np.arange(50)
    shuffle = rng.permutation(50)
    one = effects.unit_means(values, unit, np.argsort(ids))
    other = effects.unit_means(values[shuffle], unit[shuffle], np.argsort(ids[shuffle]))
    assert (one == other).all()


def test_outcome_bins_shrink_for_small_groups() -> None:
    """Ten bins where each group fills them with ten rows, else five."""
    rng = np.random.default_rng(0)
    y = rng.normal(size=1000)
    many = strata.outcome_bins(y, np.arange(1000) % 2, kind="continuous")
    few = strata.outcome_bins(y, (np.arange(1000) < 40).astype(int), kind="continuous")
    assert (many[1], few[1]) == (10, 5)
    assert np.bincount(many[0]).tolist() == [100] * 10


def test_eps_squared_is_unbiased_at_zero() -> None:
    """Without association it averages 0; with groups told apart it is near 1."""
    rng = np.random.default_rng(0)
    g = np.arange(90) % 3
    null = slow.eps_squared(rng.normal(size=(90, 400)), g)
    assert abs(null.mean()) < 4 * null.std() / 20
    assert slow.eps_squared((10.0 * g + rng.normal(size=90))[:, None], g)[0] > 0.95


def test_mutual_information_agrees_with_scikit_learn() -> None:
    """I(x; g) in nats."""
    rng = np.random.default_rng(1)
    x, g = rng.integers(0, 4, 200), rng.integers(0, 3, 200)
    assert association.entropies(x, g)[0] == pytest.approx(mutual_info_score(x, g))


def test_a_function_of_the_group_is_recognised_and_a_number_is_not() -> None:
    """Group columns are; a continuous value that differs between groups is not."""
    g = np.arange(300) % 3
    rng = np.random.default_rng(0)
    value = np.unique(3.0 * g + rng.normal(size=300), return_inverse=True)[1]
    assert association.function_of_group((g == 1).astype(int), g)
    assert not association.function_of_group(value, g)
    assert not association.function_of_group(np.zeros(300, dtype=int), g)


def test_within_slopes_equal_a_ratio_of_regressions() -> None:
    """B is the slope of y over the slope of the model's expectation, one intercept a cell."""
    rng = np.random.default_rng(2)
    g = np.arange(120) % 3
    x = rng.normal(size=120) + 2.0 * g
    y = 0.7 * x - 3.0 * g + rng.normal(size=120)
    expected = 0.5 * x + rng.normal(size=120)
    found = within_slopes(x[:, None], y, Within(g, g), expected=expected)
    design = np.column_stack([x, g == 0, g == 1, g == 2])
    slopes = [np.linalg.lstsq(design, v, rcond=None)[0][0] for v in (y, expected)]
    assert found.slope[0] == pytest.approx(slopes[0] / slopes[1])


def test_a_calibrated_model_is_supported_as_claimed() -> None:
    """Strong and weak, correlated features of a right logistic model: the slopes cover 1."""
    rng, held, refused = np.random.default_rng(8), [], 0
    for _ in range(60):
        x = rng.normal(size=(1500, 3))
        x[:, 1] += x[:, 0]
        g = np.arange(1500) % 3
        phi = x * np.array([2.0, 0.5, 0.15])
        p = expit(phi.sum(axis=1) + g - 1)
        y = (rng.uniform(size=1500) < p).astype(float)
        found = within_slopes(phi, y, Within(g, g), expected=p, binary=True)
        held.append(np.abs(found.slope - 1) <= 1.96 * found.se)
        refused += int((found.slope + 1.96 * found.se < 0.5).sum())
    assert np.mean(held) > 0.93
    assert refused <= 3


def test_support_keeps_its_size_when_groups_differ_in_level() -> None:
    """A feature that tells the group and nothing within it is called supported 5 % of the time."""
    rng = np.random.default_rng(3)
    g = np.arange(200) % 2
    x = rng.normal(size=(200, 2000)) + 3.0 * g[:, None]
    y = (rng.uniform(size=200) < 0.2 + 0.6 * g).astype(float)
    p = within_slopes(x, y, Within(g, g), expected=x[:, 0], binary=True).p
    assert abs((p < 0.05).mean() - 0.05) < 4 * np.sqrt(0.05 * 0.95 / 2000)


def test_a_column_that_does_not_vary_within_groups_has_no_slope() -> None:
    """Its support cannot be asked."""
    g = np.arange(40) % 2
    own = g[:, None].astype(float)
    found = within_slopes(own, np.arange(40.0), Within(g, g), expected=np.arange(40.0))
    assert np.isnan(found.slope).all()
    assert np.isnan(found.p).all()


def test_suppressed_counts_cannot_be_solved_from_the_total() -> None:
    """With a hidden cell the others are rounded, so that the total does not give it away."""
    shown, reason, rounded = disclosure.suppressed_counts(np.array([101, 47, 4]), smallest=11)
    assert rounded
    assert np.isnan(shown[2])
    assert reason[2] == "suppressed (<11)"
    assert 152 - shown[0] - shown[1] != 4
    untouched = disclosure.suppressed_counts(np.array([101, 47, 0]), smallest=11)
    assert untouched[0].tolist() == [101, 47, 0]


def test_joint_codes_cross_and_keep_unknown() -> None:
    """The cross of two codes has one code a pair; unknown in either is unknown."""
    assert joint([np.array([0, 0, 1, -1]), np.array([0, 1, 1, 1])]).tolist() == [0, 1, 2, -1]


def test_unit_weights_keep_group_sizes() -> None:
    """Each resample has as many units of each group as the cohort."""
    codes = np.array([0, 0, 0, 1, 1, -1])
    weight = unit_weights(codes, draws=20, rng=np.random.default_rng(0))
    assert (weight[:, codes == 0].sum(axis=1) == 3).all()
    assert (weight[:, codes == -1] == 1).all()


def test_simultaneous_limits_cover_jointly() -> None:
    """All of five independent means are covered in about 95 % of samples."""
    rng = np.random.default_rng(4)
    held = 0
    for _ in range(200):
        x = rng.normal(size=(80, 5))
        w = rng.multinomial(80, np.full(80, 1 / 80), size=400) / 80
        low, high = simultaneous(x.mean(axis=0), w @ x, centre=x.mean(axis=0))
        held += bool(((low <= 0) & (high >= 0)).all())
    assert abs(held / 200 - 0.95) < 0.05
