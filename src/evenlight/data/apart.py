"""Training people are others than the audited ones: by id, and by what was measured of them."""

from __future__ import annotations

import warnings

import numpy as np

from evenlight.arrays import Bool
from evenlight.data.cohort import Cohort
from evenlight.data.rows import fingerprints
from evenlight.errors import CohortError, EvenlightWarning

SAME = 0.5
"""Of audited rows with values of a training row, the part from which they are the same people."""

FEW = 0.05
"""Rows whose values another audited row has, beyond which equal values are no sign of a person."""

TELLING = 0.01
"""The part of audited rows with values of a training row that is told."""


def apart(cohort: Cohort, training: Cohort) -> None:
    """Raise CohortError where audited rows are trained on; warn of what looks like the same people.

    Rows of one id and the same values are the same row. Rows of other ids with the same values are
    the same people where more than half of the audited rows have such, although few of them look
    alike among themselves; a smaller part, and shared ids of the unit, bring a warning.
    """
    shared = shared_rows(cohort, training)
    if shared.any():
        raise CohortError(
            f"{int(shared.sum())} of {training.n} training rows are audited rows, first at "
            f"position {int(shared.argmax())} of these; refit on people who are not audited"
        )
    _alike(cohort, training)
    _units(cohort, training)


def shared_rows(cohort: Cohort, others: Cohort) -> Bool:
    """Mask (m,) of the rows of others that are rows of the cohort, of one id and the same values.

    >>> import pandas as pd
    >>> people = pd.DataFrame({"sex": ["f", "m"]}, index=["a", "b"])
    >>> one, two = Cohort(np.eye(2), people), Cohort(np.array([[1.0, 0.0], [5.0, 5.0]]), people)
    >>> shared_rows(one, two).tolist()
    [True, False]
    """
    audited = {row.tobytes() for row in fingerprints(cohort.x, cohort.rows)}
    return np.array([r.tobytes() in audited for r in fingerprints(others.x, others.rows)])


def same_features(cohort: Cohort, training: Cohort) -> None:
    """Raise CohortError unless both have the same columns in the same order."""
    if training.features.names != cohort.features.names:
        raise CohortError(
            f"the training cohort has {len(training.features)} features, the audited one "
            f"{len(cohort.features)}, or in another order; build both from the same columns"
        )


def _alike(cohort: Cohort, training: Cohort) -> None:
    """Rows with the values of a training row, as far as values tell people apart."""
    own, theirs = (_values(one) for one in (cohort, training))
    count = dict(zip(*np.unique(own, return_counts=True), strict=True))
    among = float(np.mean([count[row] > 1 for row in own]))
    same = np.isin(own, theirs) & np.array([count[row] == 1 for row in own])
    part = float(same.mean())
    told = (
        f"{int(same.sum())} of {cohort.n} audited rows have exactly the values of a training row "
        "under another id"
    )
    if among <= FEW and part > SAME:
        raise CohortError(f"{told}: they are the same people; refit on people who are not audited")
    if part > max(TELLING, among):
        warnings.warn(
            f"{told}; if they are the same people, refits are explained on their training data",
            EvenlightWarning,
            stacklevel=5,
        )


def _values(cohort: Cohort) -> np.ndarray:
    """A fingerprint of the values of each row, (n,), without its id."""
    nobody = np.full(cohort.n, "", dtype=np.str_)
    return np.array([row.tobytes().hex() for row in fingerprints(cohort.x, nobody)])


def _units(cohort: Cohort, training: Cohort) -> None:
    """Warn of ids of the unit that both have."""
    if training.unit in (None, "row") or training.unit != cohort.unit:
        return
    names = (set(c.people[str(c.unit)].astype(str)) for c in (training, cohort))
    both = set.intersection(*names)
    if both:
        warnings.warn(
            f"{len(both)} {training.unit} ids are in both the training and the audited cohort; if "
            "they are the same people, their explanations are those of training data",
            EvenlightWarning,
            stacklevel=5,
        )
