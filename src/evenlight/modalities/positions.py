"""Sequences position by position: attributions summed over letters, and sets of positions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from evenlight.arrays import Float, Int, Values
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.completeness import residual
from evenlight.data.feature_sets import FeatureSets
from evenlight.data.features import Features, Indicators
from evenlight.data.positions import Positions
from evenlight.data.rows import blocks
from evenlight.errors import AttributionError, CohortError, FeatureError
from evenlight.modalities.letters import (
    NOTHING,
    UNKNOWN,
    all_codes,
    letters_of,
    position_names,
)

WORDS = {NOTHING: "no letter", UNKNOWN: "unknown"}
"""States of a position that holds no single letter."""


def by_position(attributions: Attributions, cohort: Cohort) -> tuple[Attributions, Cohort]:
    """Attributions of one-hot sequences summed over letters (n, L), and a cohort of positions.

    The same people with a variable for each position, whose states are the letters that occur
    there: for every measure that needs no model, `compare` given the own letter among them. The
    sum over letters is what a position adds to the output, complete as the attributions are; where
    they are gradient x input, or start from 0, it is that of the letter that is there. A position
    that is alike in everybody is one column of 0.

    Raises CohortError for rows that are no one-hot sequences, AttributionError for attributions of
    other rows or features.
    """
    names = position_names(cohort)
    made = attributions.at(cohort)
    values = over_letters(made, cohort).astype(np.float32)
    told = _positions(cohort, names)
    return summed_to(made, told, values, names), told


def over_letters(made: Attributions, cohort: Cohort) -> Float:
    """What each position adds, (n, L): the sum over its letters.

    Raises AttributionError for attributions of another shape than the one-hot rows.
    """
    if tuple(made.values.shape) != tuple(cohort.x.shape):
        raise AttributionError(
            f"attributions have shape {tuple(made.values.shape)} and the sequences "
            f"{tuple(cohort.x.shape)}; give them as `explain` made them, one for each letter"
        )
    out = np.empty((made.n, int(cohort.x.shape[2])))
    for part, own in blocks(made.values):
        out[part] = own.sum(axis=1, dtype=np.float64)
    return out


def summed_to(
    made: Attributions, cohort: Cohort, values: Values, names: tuple[str, ...]
) -> Attributions:
    """The same rows with other features, sums (n, p) that add up to the same output."""
    error, converged = residual(values, made.output, made.base)
    return replace(
        made, features=Features(names), values=values, error=error,
        converged=converged & made.converged, spread=None, sensitivity=None,
        cohort_digest=cohort.digest,
    )  # fmt: skip


def _positions(cohort: Cohort, names: tuple[str, ...]) -> Cohort:
    """The same people with indicators of letters (n, q) for each position, in CSR."""
    letters, codes = letters_of(cohort), all_codes(cohort)
    columns: list[str] = []
    coded: list[Indicators] = []
    rows: list[Int] = []
    for j, name in enumerate(names):
        states, place, count = np.unique(codes[:, j], return_inverse=True, return_counts=True)
        words = [WORDS.get(int(s)) or letters[int(s)] for s in states]
        first = int(count.argmax())
        if len(states) == 1:
            columns.append(name)
            rows.append(np.zeros(0, dtype=np.int64))
            continue
        others = [s for s in range(len(states)) if s != first]
        own = {f"{name} {words[s]}": words[s] for s in others}
        coded.append(Indicators(name, own, words[first]))
        columns += own
        rows += [np.flatnonzero(place == s) for s in others]
    pointer = np.concatenate([[0], np.cumsum([len(own) for own in rows])])
    held = (np.ones(pointer[-1]), np.concatenate(rows), pointer)
    x = csr_array(_by_rows(held, (cohort.n, len(columns))))
    table = cohort.features.table
    told = Features(tuple(columns), _column_table(columns, coded, table), tuple(coded))
    return cohort.altered(x=x, features=told)


def _by_rows(held: tuple[Float, Int, Int], shape: tuple[int, int]) -> csr_array:
    """CSR (n, q) from columns: values, the row of each, and where each column begins."""
    values, rows, pointer = held
    column = np.repeat(np.arange(shape[1]), np.diff(pointer))
    return csr_array((values, (rows, column)), shape=shape)


def _column_table(
    columns: list[str], coded: list[Indicators], table: pd.DataFrame | None
) -> pd.DataFrame | None:
    """What is known of the position of each column."""
    if table is None:
        return None
    owner = {c: one.variable for one in coded for c in one.columns}
    found = [owner.get(c, c) for c in columns]
    if not set(found) <= set(table.index):
        return None
    return table.loc[found].set_axis(pd.Index(columns))


def windows(cohort: Cohort, size: int, *, step: int | None = None) -> FeatureSets:
    """Windows of `size` positions, every `step` (by default side by side), as sets of positions.

    Of one-hot sequences (n, A, L) all letters of a window's positions, or the positions of
    `by_position`. The last window ends with the sequence and may be shorter where windows stand
    side by side: `attributions.by` then sums over each position once. Windows that overlap are
    summed by `ev.summed`, and a last one that does not fit is left out. Parts with names are
    `FeatureSets.from_intervals`.

    Raises FeatureError for a size or a step that does not fit.

    >>> people = pd.DataFrame({"sex": ["f", "m"]}, index=["a", "b"])
    >>> windows(Cohort(np.zeros((2, 4, 10)), people), 4).names
    ('positions 1 to 4', 'positions 5 to 8', 'positions 9 to 10')
    """
    length, _ = _axis(cohort)
    every = size if step is None else step
    if not 1 <= size <= length or not 1 <= every <= size:
        raise FeatureError(
            f"windows of {size} positions every {every}; wanted a size of 1 to {length}, and a "
            "step of 1 to the size, so that no position is left out"
        )
    starts = range(0, length, every) if every == size else range(0, length - size + 1, every)
    spans = {
        f"positions {a + 1} to {min(a + size, length)}": (a, min(a + size, length)) for a in starts
    }
    return _parts(cohort, spans)


def _parts(cohort: Cohort, spans: dict[str, tuple[int, int]]) -> FeatureSets:
    """Named parts of a sequence, from start to before stop, which may overlap."""
    length, wide = _axis(cohort)
    pairs: list[tuple[int, int]] = []
    for i, (start, stop) in enumerate(spans.values()):
        pairs += [(i, a * length + j) for a in range(wide) for j in range(start, stop)]
    held = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    shape = (len(spans), wide * length)
    membership = csr_array((np.ones(len(pairs)), (held[0], held[1])), shape=shape)
    columns = cohort.x.ndim == 2
    features = cohort.features.variables().names if columns else Positions((wide, length))
    return FeatureSets(tuple(spans), features, membership, "window")


def _axis(cohort: Cohort) -> tuple[int, int]:
    """How many positions there are, and columns of letters for each: 1 after `by_position`."""
    if cohort.x.ndim == 2:
        return len(cohort.features.variables().names), 1
    if cohort.x.ndim != 3:
        raise CohortError(f"rows of x have shape {tuple(cohort.x.shape[1:])}; wanted sequences")
    return int(cohort.x.shape[2]), int(cohort.x.shape[1])
