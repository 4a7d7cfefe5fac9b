"""That no split was declared is answered by training people who are shown beside the cohort."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evenlight.data.cohort import Cohort
from evenlight.data.intake import NO_SPLIT
from evenlight.doubts import cohort_notes


def people(prefix: str, n: int, donors: str = "") -> Cohort:
    """N rows with ids of this prefix, of donors where they are named."""
    table = pd.DataFrame(
        {
            "g": ["a", "a", "b", "b"] * (n // 4),
            "donor": [f"{donors or prefix}{i // 2}" for i in range(n)],
        },
        index=[f"{prefix}{i}" for i in range(n)],
    )
    x = np.random.default_rng(len(prefix)).normal(size=(n, 2))
    return Cohort(x, table, ["x", "y"], unit="donor", groups=["g"])


def test_training_people_that_are_others_answer_for_the_split() -> None:
    """The note then says what was checked, and nothing of training on these people."""
    audited = people("a", 40)
    assert NO_SPLIT in cohort_notes(audited)
    told = cohort_notes(audited, people("t", 60))
    assert NO_SPLIT not in told
    assert any("none of the 40 audited rows is among the 60 training rows" in t for t in told)
    assert len(told) == len(audited.notes)


def test_shared_rows_or_donors_leave_the_note() -> None:
    """The same rows, other rows of the same donors, or no cohort at all show nothing."""
    audited = people("a", 40)
    for training in (people("a", 60), people("t", 60, donors="a"), object()):
        assert NO_SPLIT in cohort_notes(audited, training)
