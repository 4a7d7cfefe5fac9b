"""Genotype columns that a plan names: found and checked before any compute."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evenlight.data.cohort import Cohort
from evenlight.errors import FeatureError
from evenlight.measures.axes import everyone
from evenlight.measures.genotypes import dosages, genotype_columns

WIDE = 5_000
"""Columns of x beyond which an audit leaves their association with the groups to the verb."""


def named_genotypes(cohort: Cohort, asked: Sequence[str] | bool) -> tuple[str, ...]:
    """The columns that are allele counts: those `asked` for, all of x for True, () for none.

    Raises FeatureError for a name that is no column, a state of a one-hot variable, a column that
    holds anything else than 0, 1, 2 or NaN, rows of one unit that differ, and for x that is no
    table or has more columns than an audit looks at.

    >>> import pandas as pd
    >>> from evenlight.data.features import Features
    >>> people = pd.DataFrame(index=["a", "b"])
    >>> x = np.array([[0.0, 61.5], [2.0, 48.0]])
    >>> cohort = Cohort(x, people, features=Features(("rs1", "age")))
    >>> named_genotypes(cohort, ["rs1"])
    ('rs1',)
    """
    names = genotype_columns(cohort, asked or False)
    if not names:
        return ()
    if len(cohort.features) > WIDE:
        raise FeatureError(
            f"x has {len(cohort.features):,} columns; an audit tells genotypes of at most "
            f"{WIDE:,}: call evenlight.associate(cohort, by=..., genotypes=[...]) beside it"
        )
    no_states(cohort, names)
    dosages(everyone(cohort, np.ones(cohort.n, dtype=bool), "everybody"), names)
    return names


def no_states(cohort: Cohort, names: Sequence[str]) -> None:
    """Raise FeatureError where a column of a one-hot variable is called a genotype."""
    coded = {c: i.variable for i in cohort.features.indicators for c in i.columns}
    both = [n for n in names if n in coded]
    if both:
        raise FeatureError(
            f"{both[0]!r} is a state of {coded[both[0]]!r} and no genotype; name the genotype "
            "columns, genotypes=[...]"
        )
