"""Sets of features swapped between two groups, among people with the same outcome."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from evenlight.arrays import Float, Int
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.groups import Groups
from evenlight.data.neutralised import Neutralised
from evenlight.errors import GroupError, ModelError, UnknownName
from evenlight.models.headed import own_head
from evenlight.probes.scene import LEAST, Scene, in_order, references, scene, tabular
from evenlight.stats.transport import gaussian_map, matched, quantile_map

How = Literal["auto", "quantile", "gaussian", "donors"]
WAYS: dict[str, str] = {
    "quantile": "quantile map of each feature, ties at random",
    "gaussian": "Gaussian optimal transport",
    "donors": "whole sets of people of the other group, matched by rank of what the set adds",
}
DRAWS = 5
"""How often what is random in a swap is drawn."""

RESAMPLES = 20
"""Resamples of people on which a swap is made anew, for the error of what comes of it."""

REFERENCES = 4
"""People of each group and stratum in whose place the model sees the values of others."""

MANY = 10
"""A column with more distinct values is taken for continuous."""

ENOUGH = 5
"""People for each column that a Gaussian map needs in every cell of group and stratum."""


@own_head
def swap(
    model: object,
    cohort: Cohort,
    *,
    by: str | Groups,
    sets: FeatureSets,
    how: How = "auto",
    target: int | str | None = None,
    rng: np.random.Generator | int = 0,
) -> Neutralised:
    """Each set moved from the distribution of one group to that of another, within outcome strata.

    Both groups of a pair are moved, to each other, among people with the same outcome (a number in
    bins) and declared strata; with more than two groups, pair by pair. A map that ignores the
    outcome moves what the outcome explains as well, and closes more than the set carries.

    Parameters
    ----------
    how
        *quantile*: feature by feature, each to the value of equal rank in the other group;
        *gaussian*: means and covariances of a block of numbers; *donors*: the whole set of somebody
        of the other group, of equal rank in what the model makes of the set, so that joint states
        (haplotypes, one-hot variables) are states that somebody has. *auto*: quantiles for one
        column, Gaussian for blocks of continuous columns with five people a column in every
        cell, donors for all other sets.

    Raises
    ------
    ModelError, FeatureError, GroupError
        for images (see `patches`), missing values, sets that do not fit, or no stratum with two
        rows of each of two groups.

    >>> import pandas as pd
    >>> people = pd.DataFrame({"g": list("aabb")}, index=list("wxyz"))
    >>> cohort = Cohort(np.array([[1.0], [2.0], [10.0], [20.0]]), people, ["m"])
    >>> sets = FeatureSets.from_lists({"marker": ["m"]}, ["m"])
    >>> made = swap(lambda x: x[:, 0], cohort, by="g", sets=sets)
    >>> made.after[0, 0].tolist()
    [10.0, 20.0, 1.0, 2.0]
    """
    if how not in get_args(How):
        raise UnknownName(f"no way {how!r} to swap; known: {', '.join(get_args(How))}")
    tabular(cohort, "swap")
    here = scene(model, cohort, by=by, sets=sets, target=target)
    return swapped(here, [_way(here, c, how) for c in here.columns], np.random.default_rng(rng))


def swapped(here: Scene, ways: list[str], rng: np.random.Generator) -> Neutralised:
    """The record of all sets, pairs and draws, each set in its own way."""
    pairs = _pairs(here)
    shape = (len(here.sets), len(pairs) * DRAWS, here.cohort.n)
    after, part = np.full(shape, np.nan), np.full(shape, np.nan)
    again: list[list[tuple[Int, Float]]] = []
    for i, (columns, way) in enumerate(zip(here.columns, ways, strict=True)):
        held = here.held(columns)
        again.append([])
        for c, pair in enumerate(pairs):
            at = slice(c * DRAWS, (c + 1) * DRAWS)
            move = _move(here, pair, columns, held, rng)
            after[i, at], part[i, at] = _drawn(here, move, way, rng)
            again[i] += [_again(here, move, way, rng) for _ in range(RESAMPLES)]
    rows, margin = _padded(again)
    return here.record(
        "swap", after, part=part, how=tuple(WAYS[way] for way in ways),
        pairs=tuple(pair for pair in pairs for _ in range(DRAWS)), again=margin,
        again_response=here.prepared.adapted.respond(margin), again_rows=rows,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Move:
    """One set and pair: `cells` of (rows of the level, rows of the reference), all `rows` (r,).

    `held` (n, q) values of the set; `own`, `other` (n,): mean output with a row's values in the
    place of some people of its own, of the other group, in its stratum; `hosts` (n, K) who these
    are in its own.
    """

    columns: Int
    held: Float
    cells: list[tuple[Int, Int]]
    rows: Int
    own: Float
    other: Float
    hosts: Int


def _pairs(here: Scene) -> list[tuple[str, str]]:
    """The pairs of groups that share a stratum."""
    names = here.groups.levels
    found = [
        (a, b) for a, b in here.groups.contrasts() if _cells(here, (names.index(a), names.index(b)))
    ]
    if not found:
        raise GroupError(
            f"{here.groups.name}: no stratum given {here.given.words} holds {LEAST} rows of each "
            "of two groups; people of both groups with the same outcome and strata are needed"
        )
    return found


def _cells(here: Scene, pair: tuple[int, int]) -> list[tuple[Int, Int]]:
    """Rows of the level and of the reference in each stratum that holds two of both."""
    group, out = here.given.group, []
    for rows in here.cells(here.given.stratum):
        a, b = (rows[group[rows] == code] for code in pair)
        if min(len(a), len(b)) >= LEAST:
            out.append((a, b))
    return out


def _move(
    here: Scene, names: tuple[str, str], columns: Int, held: Float, rng: np.random.Generator
) -> Move:
    pair = tuple(here.groups.levels.index(name) for name in names)
    cells = _cells(here, (pair[0], pair[1]))
    n = here.cohort.n
    code = np.full(n, -1, dtype=np.int64)
    for c, (a, b) in enumerate(cells):
        code[a], code[b] = 2 * c, 2 * c + 1
    hosts = references(here, code, REFERENCES, rng)
    rows = in_order(here, code >= 0)
    own, other = np.full((2, n), np.nan)
    own[rows] = _among(here, columns, held[rows], hosts[code[rows]])
    other[rows] = _among(here, columns, held[rows], hosts[code[rows] ^ 1])
    return Move(columns, held, cells, rows, own, other, hosts[code])


def _among(here: Scene, columns: Int, values: Float, hosts: Int) -> Float:
    """Mean output (r,) with `values` (r, q) in the place of some people (r, K)."""
    each = [here.margin(hosts[:, k], columns, values) for k in range(hosts.shape[1])]
    mean: Float = np.mean(each, axis=0)
    return mean


def _drawn(here: Scene, move: Move, way: str, rng: np.random.Generator) -> tuple[Float, Float]:
    """Margins (draws, n), and how each row moves the numerator of the closure (draws, n)."""
    after, part = np.full((2, DRAWS, here.cohort.n), np.nan)
    rows = move.rows
    for d in range(1 if way == "gaussian" else DRAWS):
        values, donor = _mapped(move, way, rng)
        after[d, rows] = here.margin(rows, move.columns, values[rows])
        if d == 0:
            reached = _reached(here, move, values, donor)
            lost = here.prepared.output[rows] - after[0, rows]
            part[:, rows] = (lost + reached + move.other[rows]) / 2
    return (after if way != "gaussian" else np.repeat(after[:1], DRAWS, axis=0)), part


def _again(here: Scene, move: Move, way: str, rng: np.random.Generator) -> tuple[Int, Float]:
    """The swap made anew on a resample of each group's units: who (l,), and their margins (l,)."""
    stratum = here.given.stratum
    drawn = [
        _resampled(rows, here.cohort.units[rows], rng)
        for rows in (np.concatenate(side) for side in zip(*move.cells, strict=True))
    ]
    who: list[Int] = []
    cells: list[tuple[Int, Int]] = []
    start = 0
    for rows, _ in move.cells:
        level, reference = (own[stratum[own] == stratum[rows[0]]] for own in drawn)
        if min(len(level), len(reference)) < LEAST:
            continue
        middle, stop = start + len(level), start + len(level) + len(reference)
        cells.append((np.arange(start, middle), np.arange(middle, stop)))
        who, start = [*who, level, reference], stop
    rows = np.concatenate([np.zeros(0, dtype=np.int64), *who])
    own = replace(move, held=move.held[rows], own=move.own[rows], other=move.other[rows])
    values, _ = _mapped(replace(own, cells=cells), way, rng)
    return rows, here.margin(rows, move.columns, values)


def _resampled(rows: Int, unit: Int, rng: np.random.Generator) -> Int:
    """Rows (l,) of units drawn with replacement among those of `rows`, each with all its rows."""
    first = np.unique(unit, return_index=True)[1]
    if len(first) == len(rows):
        return rows[rng.integers(len(rows), size=len(rows))]
    names = unit[np.sort(first)]
    drawn = names[rng.integers(len(names), size=len(names))]
    return np.concatenate([rows[unit == name] for name in drawn])


def _padded(again: list[list[tuple[Int, Float]]]) -> tuple[Int, Float]:
    """Who (m, e, l), -1 past the end, and their margins, 0 there."""
    longest = max(len(rows) for own in again for rows, _ in own)
    shape = (len(again), len(again[0]), longest)
    rows, margin = np.full(shape, -1, dtype=np.int64), np.zeros(shape)
    for i, own in enumerate(again):
        for e, (who, said) in enumerate(own):
            rows[i, e, : len(who)], margin[i, e, : len(who)] = who, said
    return rows, margin


def _mapped(move: Move, way: str, rng: np.random.Generator) -> tuple[Float, Int | None]:
    """New values (n, q) of the set; and whose they are (n,), where they are somebody's."""
    values, donor = move.held.copy(), np.full(len(move.held), -1, dtype=np.int64)
    key = (move.own + move.other) / 2
    for pair in move.cells:
        for own, others in (pair, pair[::-1]):
            if way == "donors":
                donor[own] = others[matched(key[own], key[others], rng=rng)]
                values[own] = move.held[donor[own]]
            elif way == "gaussian":
                values[own] = gaussian_map(move.held[own], move.held[others])
            else:
                values[own] = quantile_map(move.held[own], move.held[others], rng=rng)
    return values, donor if way == "donors" else None


def _reached(here: Scene, move: Move, values: Float, donor: Int | None) -> Float:
    """Mean output (r,) with a row's new values in the place of some people of its own group."""
    rows = move.rows
    if donor is not None:  # the donor's own values, seen among people of the other group
        found: Float = move.other[donor[rows]]
        return found
    return _among(here, move.columns, values[rows], move.hosts[rows])


def _way(here: Scene, columns: Int, how: How) -> str:
    """How one set is swapped."""
    if how == "gaussian" and not _numeric(here, columns):
        raise ModelError(
            "a Gaussian map makes values between those that are there; one-hot variables, codes "
            'and columns of few values need how="donors"'
        )
    if how != "auto":
        return how
    if len(columns) == 1:
        return "quantile"
    return "gaussian" if _numeric(here, columns) and _roomy(here, len(columns)) else "donors"


def _numeric(here: Scene, columns: Int) -> bool:
    """Whether all columns are continuous numbers."""
    coded = {c for i in here.cohort.features.indicators for c in i.columns}
    if here.prepared.adapted.codes or coded & {here.cohort.features.names[j] for j in columns}:
        return False
    held = here.held(columns)
    return all(len(np.unique(column)) > MANY for column in held.T)


def _roomy(here: Scene, q: int) -> bool:
    """Whether every cell that is moved has enough people for a Gaussian map of q columns."""
    names = here.groups.levels
    for a, b in _pairs(here):
        for cell in _cells(here, (names.index(a), names.index(b))):
            if min(map(len, cell)) < ENOUGH * q:
                return False
    return True
