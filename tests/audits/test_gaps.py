"""An audit of a model that takes missing values as they are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from evenlight.auditing import audit
from evenlight.data.cohort import Cohort
from evenlight.plan import Plan


@pytest.mark.parametrize("whole", [2, 0])
def test_what_cannot_be_moved_is_named(whole: int) -> None:
    """The audit answers, and says of which features the same change was not asked."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 4))
    ill = (x[:, 0] + rng.normal(size=300) > 0).astype(int)
    x[:, : 4 - whole][rng.random((300, 4 - whole)) < 0.15] = np.nan
    rows = [f"p{i:03d}" for i in range(300)]
    people = pd.DataFrame({"sex": ["f", "m"] * 150, "ill": ill}, index=rows)
    cohort = Cohort(
        x, people, list("abcd"), outcome="ill", groups=["sex"], unit="row", missing="keep"
    )
    model = HistGradientBoostingClassifier(max_iter=10).fit(x, ill)
    made = audit(model, cohort, plan=Plan.from_data({"measure": {"further": False}}))
    asked = "is of the other 2 features" if whole else "is not asked"
    told = [line for line in made.warnings if line.startswith("Values are missing (NaN) in a, b")]
    assert len(told) == 1
    assert told[0].endswith(f"moves the output alike {asked}.")
    assert len(made.findings) > 0
