"""A cohort with other fields: the same people, nothing kept of what was computed before."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evenlight.data.cohort import Cohort
from evenlight.data.features import Features
from evenlight.data.groups import Groups
from evenlight.errors import CohortError

PEOPLE = pd.DataFrame(
    {
        "sex": ["f", "m"] * 3,
        "site": ["a", "a", "b", "b", "c", "c"],
        "case": [0, 1, 1, 0, 1, 0],
        "stage": [2.0, 1.0, 3.0, 2.0, 1.0, 3.0],
    },
    index=[f"p{i}" for i in range(6)],
)


X = np.random.default_rng(0).normal(size=(6, 3))


def made() -> Cohort:
    """Six people of two sexes at three sites."""
    return Cohort(X, PEOPLE, outcome="case", groups=["sex"], strata=["site"], unit="row")


def asked(cohort: Cohort) -> Cohort:
    """The cohort after everything that it keeps was computed once."""
    for name in ("rows", "units", "order", "y", "stratum", "digest"):
        getattr(cohort, name)
    cohort.column(0)
    return cohort


def test_other_values_leave_the_first_cohort_as_it_was() -> None:
    """The new cohort answers of its own x, the old one of the old x."""
    old = asked(made())
    before = old.digest
    new = old.altered(x=X + 1.0)
    assert new.digest != before
    np.testing.assert_array_equal(new.column(0), X[:, 0] + 1.0)
    np.testing.assert_array_equal(old.column(0), X[:, 0])
    assert old.digest == before == made().digest


def test_nothing_computed_is_shared() -> None:
    """Strata, outcome and digest are those of the new fields, even after the old were asked."""
    old = asked(made())
    new = old.altered(strata=(), outcome="stage", outcome_kind="continuous")
    assert set(new.__dict__) == set(old.__dataclass_fields__)
    assert new.stratum.tolist() == [0] * 6
    assert new.y.tolist() == PEOPLE["stage"].tolist()
    assert old.stratum.tolist() == [0, 0, 1, 1, 2, 2]


def test_the_digest_is_of_ids_names_and_x_only() -> None:
    """Groups, strata, notes and outcome leave the digest; names, x and ids change it."""
    old = asked(made())
    groups = (Groups("half", ("a", "b"), np.arange(6) % 2),)
    same = old.altered(groups=groups, strata=(), notes=("told",), outcome=None, outcome_kind=None)
    assert same.digest == old.digest
    others = old.people.set_axis([f"q{i}" for i in range(6)])
    changes: list[dict[str, object]] = [
        {"features": Features(("a", "b", "c"))}, {"x": -X}, {"people": others},
    ]  # fmt: skip
    for fields in changes:
        assert old.altered(**fields).digest != old.digest


def test_an_altered_cohort_is_that_of_the_constructor() -> None:
    """The same fields give the same cohort, altered or made anew, whole or some rows of it."""
    old = asked(made())
    anew = Cohort(-X, PEOPLE, outcome="case", groups=["sex"], unit="row")
    new = old.altered(x=-X, strata=())
    some = np.array([4, 1])
    for one, want in ((new, anew), (new.take(some), anew.take(some))):
        assert one.digest == want.digest
        assert one.grouping("sex").labels() == want.grouping("sex").labels()
        np.testing.assert_array_equal(one.stratum, want.stratum)
    assert old.take(some).rows.tolist() == ["p4", "p1"]


def test_a_name_that_is_no_field_is_refused() -> None:
    """The message lists the fields."""
    with pytest.raises(CohortError, match=r"a cohort has no 'stratum'; its fields are x, people"):
        made().altered(stratum=np.zeros(6))


@pytest.mark.parametrize(
    ("fields", "name"),
    [({"x": np.zeros((5, 3))}, "x"), ({"groups": (Groups("g", ("a",), np.zeros(5, int)),)}, "g")],
    ids=["x", "groups"],
)
def test_fields_of_other_rows_are_refused(fields: dict[str, object], name: str) -> None:
    """Five rows for six people are an error that names the field and both counts."""
    with pytest.raises(CohortError, match=f"{name} has 5 rows and the cohort has 6"):
        made().altered(**fields)
