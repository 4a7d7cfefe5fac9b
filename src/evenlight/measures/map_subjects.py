"""Subjects whose values are asked how far they tell a group, of rows of x that are maps.

A set of positions of a picture is asked by its mean. Of one-hot sequences that mean is one over the
number of letters, whatever the letters are: a set that holds all letters of its positions is asked
by the letters themselves, a column each, as the states of a category are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Float, Int, Text, Values
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.misfit import misfit
from evenlight.errors import FeatureError
from evenlight.measures.prepare import Setting
from evenlight.stats.association import quantile_states
from evenlight.stats.strata import unit_categories

MOST_WORDS = 20
"""More words than this over the positions of a set are no states; their information is not told."""


@dataclass(frozen=True, slots=True, eq=False)
class Subjects:
    """p subjects of u units: columns `values` (u, c), and the subject of each, `owner` (c,).

    A one-hot variable has a column for each state, the reference among them. `states` (u, p) are
    for information, -1 unknown.
    """

    names: tuple[str, ...]
    kind: Text
    values: Float
    owner: Int
    states: Values


def set_columns(cohort: Cohort, sets: FeatureSets) -> list[list[int]]:
    """The columns of each set, of rows of x laid flat. FeatureError where sets do not fit x."""
    names, shape = cohort.features.names, tuple(int(s) for s in cohort.x.shape[1:])
    if not sets.fits(names, shape):
        raise FeatureError(misfit(sets, names, shape))
    return [sets.columns(name) for name in sets.names]


def set_values(here: Setting, columns: Sequence[int]) -> Float:
    """Values of units (u, q) at some columns of rows laid flat."""
    return here.per_unit(here.cohort.columns(columns))


def map_subjects(here: Setting, sets: FeatureSets | None) -> Subjects:
    """Each set by its mean over positions, or by the letters of its one-hot positions."""
    shape = tuple(int(s) for s in here.cohort.x.shape[1:])
    if sets is None:
        raise FeatureError(
            f"rows of x are maps of shape {shape}; pass sets of positions, as "
            "FeatureSets.from_label_map(regions), whose means are then asked"
        )
    chosen = set_columns(here.cohort, sets)
    made = [_subject(here, own, shape) for own in chosen]
    values, states, kind = zip(*made, strict=True)
    owner = np.repeat(np.arange(len(made)), [v.shape[1] for v in values])
    return Subjects(
        sets.names, np.array(kind, dtype=np.str_), np.hstack(values), owner, np.column_stack(states)
    )


def _subject(here: Setting, own: Sequence[int], shape: Sequence[int]) -> tuple[Float, Values, str]:
    """Values (u, c) and states (u,) of one set, and what they are."""
    raw = here.cohort.columns(own)
    codes = letter_codes(raw, np.asarray(own, dtype=np.int64), shape)
    values = here.per_unit(raw)
    if codes is None:
        mean = values.mean(axis=1, keepdims=True)
        return mean, quantile_states(mean)[:, 0], "mean of a set"
    return values, _words(here, codes), "letters of a set"


def letter_codes(raw: Float, own: Int, shape: Sequence[int]) -> Int | None:
    """The letter (n, q) at each position of a set's columns (n, c); one more where there is none.

    None unless rows are (letters, length) and the columns `own` (c,), of rows laid flat, hold all
    letters of their positions, as 0 and 1, at most one of them 1.

    >>> letter_codes(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([1, 4]), (2, 3)).tolist()
    [[0], [1]]
    """
    if len(shape) != 2 or not np.isin(raw, (0.0, 1.0)).all():
        return None
    letters, length = shape
    count = np.bincount(own % length, minlength=length)
    if letters < 2 or not np.isin(count, (0, letters)).all():
        return None
    order = np.lexsort((own // length, own % length))
    grid = raw[:, order].reshape(len(raw), -1, letters)
    if (grid.sum(axis=2) > 1).any():
        return None
    codes: Int = np.where(grid.any(axis=2), grid.argmax(axis=2), letters).astype(np.int64)
    return codes


def _words(here: Setting, codes: Int) -> Values:
    """The word (u,) of each unit over the positions of a set; -1 for all where they are too many.

    A unit whose rows have several words is one more state.
    """
    word = np.unique(codes, axis=0, return_inverse=True)[1].ravel()
    if word.max(initial=0) >= MOST_WORDS:
        return np.full(len(here.unit_group), -1, dtype=np.int16)
    return unit_categories(word[here.kept].astype(np.float64), here.unit).astype(np.int16)
