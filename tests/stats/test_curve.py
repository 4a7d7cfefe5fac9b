"""The reliance curve is its definition, and its area the sum that it stands for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenlight.errors import InputError
from evenlight.stats.curve import reliance_curve


@given(st.integers(0, 10_000))
@settings(max_examples=50, deadline=None)
def test_the_area_is_the_sum_of_mass_times_association(seed: int) -> None:
    """sum_j M_j max(A_j, 0), to 1e-8, with ties and with values below 0."""
    rng = np.random.default_rng(seed)
    mass = rng.dirichlet(np.ones(12))
    association = np.round(rng.normal(0.1, 0.2, 12), 1)
    curve = reliance_curve(mass, association)
    assert abs(curve.area - float(mass @ np.maximum(association, 0))) < 1e-8
    for tau in (0.05, 0.1, 0.3, 2.0):
        wanted = mass[np.maximum(association, 0) >= tau - 1e-12].sum()
        assert curve.at(tau) == pytest.approx(wanted, abs=1e-12)


def test_where_nothing_tells_the_group_the_curve_has_no_area() -> None:
    """No step, no area; an association that is not known counts as none."""
    curve = reliance_curve(np.array([0.5, 0.5]), np.array([-0.1, np.nan]))
    assert curve.area == 0.0
    assert curve.at(0.1) == 0.0


def test_mass_and_association_are_of_the_same_features() -> None:
    """Two masses for three associations are refused."""
    with pytest.raises(InputError, match=r"mass is \(2,\), association \(3,\)"):
        reliance_curve(np.ones(2), np.ones(3))
