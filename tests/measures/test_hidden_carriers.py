"""Allele by allele, nobody can solve for 1 to 10 people, of a level or of a state in it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.errors import GroupError
from evenlight.measures.by_allele import by_allele
from evenlight.measures.compare import compare
from tests.measures.test_hidden_compared import (
    NAMES,
    QUICK,
    WEIGHTS,
    explained,
    people,
    whole_steps,
)


@pytest.mark.parametrize("few", [1, 2, 10])
def test_the_genotype_of_hidden_people_is_not_told(few: int) -> None:
    """Every cell of a hidden level is suppressed, zeros as well, and no state is theirs alone."""
    for dosage in (0.0, 1.0, 2.0, 7.0):
        cohort = people(few)
        x = cohort.dense()
        x[120:, 0] = dosage
        cohort = cohort.altered(x=x)
        found = by_allele(explained(cohort), cohort, "s1", by="g", testing=QUICK)
        c = found.levels.index("c")
        assert found.states == ("0", "1", "2")
        assert set(found.cell_reason[:, c]) == {"suppressed (<11)"}
        assert np.isnan(found.count[:, c]).all()
        assert (found.count[:, :2] % 5 == 0).all()


def test_carriers_in_a_hidden_cell_cannot_be_solved_for() -> None:
    """The difference over the states that are shown is told to a step; `compare` tells all of it.

    Four carriers of 2 in a, nobody in b: (compare - delta) 60 / 4 is their mean less that of the
    others, open by more than the SD of one of them; the parts still add up.
    """
    rng = np.random.default_rng(4)
    x = rng.integers(0, 2, size=(120, 3)).astype(float)
    x[:4, 0] = 2
    table = pd.DataFrame({"g": ["a"] * 60 + ["b"] * 60}, index=[f"r{i:03d}" for i in range(120)])
    cohort = Cohort(x, table, NAMES, unit="row", groups=["g"])
    phi = x * WEIGHTS
    phi[:4, 0] += 0.7 * rng.normal(size=4)
    made = Attributions.from_arrays(
        phi, rows=cohort.rows.tolist(), features=NAMES, output=phi.sum(axis=1), base=0.0
    )
    cells = by_allele(made, cohort, "s1", by="g", testing=QUICK)
    whole = compare(made, cohort, by="g", testing=QUICK)
    assert (cells.rounded, cells.split_states) == (True, ("0", "1"))
    sign = -1.0 if cells.contrasts[0][0] == "b" else 1.0
    left = sign * (whole.effect[whole.view("signed", "nothing", "margin"), 0, 0] - cells.delta[0])
    true = (phi[:4, 0].mean() - phi[4:60, 0].mean()) / cells.unit
    open_by = 0.1 / 2 * 60 / 4  # parts are told to 0.1
    assert abs(left * 60 / 4 - true) < open_by
    assert open_by > phi[:4, 0].std() / cells.unit
    np.testing.assert_allclose(cells.delta, cells.value + cells.use + cells.outside)
    assert whole_steps(cells.delta, np.array([0.1]))


def test_states_of_groups_that_are_all_small_are_not_listed() -> None:
    """Where no level has eleven people there is nothing to compare allele by allele."""
    cohort = people(0).take(np.r_[0:8, 60:69])
    with pytest.raises(GroupError, match="no level has 11 units"):
        by_allele(explained(cohort), cohort, "s1", by="g", testing=QUICK)
