"""Whatever the people of a hidden group are like, an audit says the same.

Page, figures, tables and exporters read the record alone (the contract `pages`), and the same
record gives the same bytes (tests/reports), so that what holds of the record holds of all of them.
"""

from __future__ import annotations

import re

import pytest

from evenlight.record import Audit
from tests.privacy.world import audited, people, pointers

TOLD_OF_ALL = (
    *(r"/cohort/digest", r".*/cohort_digest", r"/model/digest", r"/provenance/.*"),
    r"/further/levers/\d+/output/\d",  # moments of everybody, by no group
)
"""Pointers of what may change with the hidden people."""

ROUNDING = 1e-6
"""Residuals of explanations below this are errors of 32-bit numbers."""


@pytest.fixture(scope="module")
def pair() -> tuple[Audit, Audit]:
    """An audit, and that of the same cohort where hidden people are other people."""
    return audited(*people()), audited(*people(redrawn=1))


def test_the_record_is_the_same(pair: tuple[Audit, Audit]) -> None:
    """Each leaf of audit.json but digests, and moments of the output of everybody."""
    one, other = (pointers(made) for made in pair)
    apart = [at for at in {**one, **other} if one.get(at) != other.get(at)]
    strange = [at for at in apart if not any(re.fullmatch(known, at) for known in TOLD_OF_ALL)]
    assert [at for at in strange if not _rounding(one.get(at), other.get(at))] == []
    assert "/cohort/digest" in apart  # they are other people


def test_the_measures_that_could_tell_are_there(pair: tuple[Audit, Audit]) -> None:
    """The proof is of performance, use, reliance, levers, leaks, matches and associations."""
    made = pair[0]
    for name in ("levers", "leakages", "matches", "associations", "shortcuts", "uncertainties"):
        assert getattr(made.further, name), name
    for name in ("performances", "comparisons", "reliances", "sensitivities", "qualities"):
        assert getattr(made, name), name


def _rounding(one: object, other: object) -> bool:
    """Whether two numbers are both errors of rounding."""
    return all(isinstance(v, float) and abs(v) < ROUNDING for v in (one, other))
