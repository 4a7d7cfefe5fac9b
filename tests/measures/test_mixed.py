"""The mixed model: as statsmodels fits it, close to unit means, and honest where it fails."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from evenlight import codec
from evenlight.arrays import Float
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.errors import GroupError
from evenlight.measures import testing as how
from evenlight.measures.compare import compare
from evenlight.measures.mixed import Mixed, mixed
from evenlight.stats.mixed import NOT_CONVERGED, STILL, mixed_model


def made_of(cohort: Cohort, values: Float) -> Attributions:
    """Attributions with these values (n, p)."""
    return Attributions.from_arrays(
        values,
        rows=cohort.rows.tolist(),
        features=cohort.features,
        output=values.sum(axis=1),
        base=0.0,
    )


def cells(donors: int = 24, each: int = 6, **roles: object) -> tuple[Cohort, Float]:
    """Cells of donors, half of whom are B; ICC about 0.3."""
    rng = np.random.default_rng(0)
    donor = np.repeat(np.arange(donors), each)
    n = len(donor)
    people = pd.DataFrame(
        {
            "donor": [f"d{i:02d}" for i in donor],
            "race": np.where(donor % 2, "B", "A"),
            "site": np.where(donor % 3, "s", "t"),
        },
        index=[f"c{i:04d}" for i in range(n)],
    )
    cohort = Cohort(np.zeros((n, 3)), people, unit="donor", groups=["race"], **roles)  # type: ignore[arg-type]
    values = rng.normal(size=(n, 3)) + 0.65 * rng.normal(size=(donors, 3))[donor]
    values[donor % 2 == 1, 0] += 1.5
    return cohort, values


def test_the_model_is_that_of_the_formula() -> None:
    """Effect, error and ICC equal statsmodels' formula with site and a donor intercept."""
    cohort, values = cells(strata=["site"])
    found = mixed(made_of(cohort, values), cohort, by="race")
    frame = cohort.people.assign(y=values[:, 1].astype(np.float32).astype(float))
    fit = smf.mixedlm("y ~ race + site", frame, groups=frame["donor"]).fit(reml=True)
    unit = found.effect[0, 1] / fit.params["race[T.B]"]
    assert found.se[0, 1] == pytest.approx(fit.bse["race[T.B]"] * unit, rel=1e-3)
    tau, sigma = float(fit.cov_re.iloc[0, 0]), fit.scale
    assert found.icc[0, 1] == pytest.approx(tau / (tau + sigma), rel=1e-2)
    assert codec.restore(Mixed, codec.plain(found)).to_frame().equals(found.to_frame())


def test_equal_numbers_of_rows_give_the_difference_of_unit_means() -> None:
    """With as many cells in each donor the effect is that of the comparison, and both agree."""
    cohort, values = cells()
    made = made_of(cohort, values)
    comparison = compare(made, cohort, by="race", testing=how.Testing(draws=999))
    found = mixed(made, cohort, by="race")
    np.testing.assert_allclose(found.effect[0], comparison.effect[0, 0], rtol=1e-4)
    assert found.q[0, 0] < 0.05
    assert "in 3" in found.beside(comparison)


def test_a_fit_that_fails_says_so() -> None:
    """Constant values and a design without rank have a reason in place of numbers."""
    unit = np.repeat(np.arange(6), 3)
    x = np.column_stack([unit % 2, np.ones(18)]).astype(float)
    assert mixed_model(np.full(18, 2.0), x, unit).reason == STILL
    torn = np.column_stack([x, x[:, 0]])
    y = np.random.default_rng(1).normal(size=18)
    assert mixed_model(y, torn, unit).reason == NOT_CONVERGED


def test_one_row_a_unit_and_few_donors_are_told() -> None:
    """Without nesting it is an error; with 8 donors a group there is a reason."""
    cohort, values = cells(donors=24, each=1)
    with pytest.raises(GroupError, match="each unit has one row"):
        mixed(made_of(cohort, values), cohort, by="race")
    cohort, values = cells(donors=16)
    found = mixed(made_of(cohort, values), cohort, by="race")
    assert (found.reason == "fewer than 11 units in B").all()
