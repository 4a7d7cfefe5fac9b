"""A sample of rows, balanced over groupings, that does not depend on the order of rows."""

from __future__ import annotations

from hashlib import sha256
from weakref import WeakKeyDictionary

import numpy as np

from evenlight.arrays import Bool, Int
from evenlight.data.cohort import Cohort
from evenlight.data.units import unit_codes
from evenlight.small_groups import least_shown
from evenlight.stats.disclosure import shown_units

LEAST = 20
"""Rows that a level is meant to have in a sample, whatever its size was asked to be."""


_SHOWN: WeakKeyDictionary[Cohort, dict[int, Int]] = WeakKeyDictionary()
"""Of each cohort that was asked, its rows that are shown, by the smallest group."""


def row_generator(seed: int, row: str, purpose: str) -> np.random.Generator:
    """Draws that belong to a row: the same whatever other rows there are, and in what order."""
    key = sha256(f"{seed}\x1f{purpose}\x1f{row}".encode("utf-8", "surrogatepass")).digest()
    return np.random.default_rng(int.from_bytes(key[:8], "big"))


def shown_rows(cohort: Cohort) -> Int:
    """Rows (m,) in the order of their ids, without the people of any hidden part.

    What is told of a whole cohort, such as the values between which everyone is moved, is told of
    these. All rows where too few would be left.
    """
    known = _SHOWN.setdefault(cohort, {})
    least = least_shown()
    if least not in known:
        known[least] = _shown_rows(cohort, least)
    return known[least]


def _shown_rows(cohort: Cohort, least: int) -> Int:
    keep = np.ones(cohort.u, dtype=bool)
    for groups in cohort.groups:
        keep &= shown_units(unit_codes(groups.codes, cohort.units), smallest=least)
    if keep.sum() < least:
        return cohort.order
    return np.asarray(cohort.order[keep[cohort.units[cohort.order]]], dtype=np.int64)


def balanced_sample(cohort: Cohort, rows: int, *, seed: int) -> Int:
    """Positions (m,) of about `rows` rows, as many from each cell of the cross of all groupings.

    A cell that has fewer gives all it has, and the others share what is left; rows of unknown
    group are drawn only where nobody who may be told of is known in all. Each unit gives one row
    before any gives a second. Where levels are many, each is meant to get 20 rows. In a drawn order
    that is balanced from its beginning.
    """
    ranks = np.array([_rank(seed, row) for row in cohort.rows.tolist()], dtype=np.uint64)
    turn = _turn(cohort.units, ranks)
    codes = np.column_stack([g.codes for g in cohort.groups] or [np.zeros(cohort.n, dtype=int)])
    known: Bool = np.asarray((codes >= 0).all(axis=1))
    shown = np.isin(np.arange(cohort.n), shown_rows(cohort))
    known = known if (known & shown).any() else shown
    cell = np.unique(codes, axis=0, return_inverse=True)[1].ravel()
    levels = max([len(g.levels) for g in cohort.groups], default=1)
    wanted = min(max(rows, LEAST * levels), int(known.sum()))
    place = _turn(cell, np.lexsort((ranks, turn)).argsort().astype(np.uint64))
    order = np.lexsort((ranks, place, turn))
    return order[known[order]][:wanted].astype(np.int64)


def _rank(seed: int, row: str) -> int:
    key = sha256(f"{seed}\x1fsample\x1f{row}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(key[:8], "big")


def _turn(codes: Int, ranks: np.ndarray[tuple[int, ...], np.dtype[np.uint64]]) -> Int:
    """How many of the same code come before each, by rank, (n,)."""
    order = np.lexsort((ranks, codes))
    first = np.ones(len(codes), dtype=bool)
    first[1:] = codes[order][1:] != codes[order][:-1]
    start = np.maximum.accumulate(np.where(first, np.arange(len(codes)), 0))
    turn = np.empty(len(codes), dtype=np.int64)
    turn[order] = np.arange(len(codes)) - start
    return turn
