"""False alarms under the null stay at 5 %, within Monte Carlo error.

This is a short run; the long one is `python -m evenlight.qualify.size`.
"""

from __future__ import annotations

import numpy as np
import pytest

from evenlight.qualify.size import ALPHA, CASES, size


@pytest.mark.parametrize("case", list(CASES))
def test_size_is_five_per_cent(case: str) -> None:
    """Raw size and the rate of any max-T flag, also where strata vary inside units."""
    found = size(case, runs=100, draws=399, rng=np.random.default_rng(3))
    assert abs(found.raw - ALPHA) < 3.5 * found.raw_error + 0.005
    assert found.any_flag < ALPHA + 3.0 * found.flag_error


def test_the_check_can_fail() -> None:
    """Rows taken as people in the nested case are flagged far too often."""
    from evenlight.stats.cells import Cells, design
    from evenlight.stats.permutation import (
        difference,
        null_statistics,
        p_value,
        permuted_labels,
    )

    rng, wrong = np.random.default_rng(4), []
    for _ in range(20):
        donor = np.repeat(np.arange(16), 30)
        values = rng.normal(size=(16, 5))[donor] * 0.5 + rng.normal(size=(480, 5))
        plan = design(Cells(np.arange(480), np.zeros(480, dtype=int), values), donor < 8)
        labels = permuted_labels(plan, draws=199, rng=rng)
        drawn = null_statistics(values, plan, labels)
        wrong.append((p_value(difference(values, plan).statistic, drawn) <= 0.05).mean())
    assert np.mean(wrong) > 0.3
