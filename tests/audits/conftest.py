"""One whole audit on real patients, shared by the tests that read it."""

from __future__ import annotations

import pytest

from evenlight.auditing import audit
from evenlight.cohorts import PHARMACOGENETIC, warfarin
from evenlight.data.cohort import Cohort
from evenlight.plan import Plan
from evenlight.record import Audit


@pytest.fixture(scope="session")
def patients() -> Cohort:
    """The 4,811 complete warfarin patients."""
    return warfarin()


@pytest.fixture(scope="session")
def formula(patients: Cohort) -> Audit:
    """The audit of the published pharmacogenetic formula."""
    return audit(
        PHARMACOGENETIC, patients, plan=Plan.from_data({"cohort": {"builtin": "warfarin"}})
    )
