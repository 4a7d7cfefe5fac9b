"""The background: the reference population from which attributions are measured."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from evenlight.arrays import Bool, Float, Int, Values
from evenlight.data.attributions import Background
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.data.positions import Positions
from evenlight.data.rows import Rows
from evenlight.data.sources import lazy
from evenlight.errors import AttributionError, EvenlightWarning
from evenlight.small_groups import least_shown

SIZE = 100
"""Rows of a background."""

Cell = tuple[tuple[str, str], ...]
"""(grouping, level) pairs; empty for everything."""


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """The rows (b, *s) of a background, their record, and sentences that a reader should know."""

    rows: Float
    record: Background
    notes: tuple[str, ...] = ()

    @property
    def mean(self) -> Float:
        """The balanced mean (*s), over the known values where some are missing."""
        known = ~np.isnan(self.rows)
        if known.all():
            return np.asarray(self.rows.mean(axis=0))
        count = known.sum(axis=0)
        total = np.where(known, self.rows, 0.0).sum(axis=0)
        empty = np.full(count.shape, np.nan)
        return np.asarray(np.divide(total, count, out=empty, where=count > 0))


def draw(
    cohort: Cohort,
    background: Cohort | Values | None = None,
    *,
    rng: np.random.Generator,
    size: int = SIZE,
) -> Reference:
    """`size` rows, balanced over groups, from `background` if given, else from the cohort.

    Balanced over the cross of the declared groupings, in its cells with at least 11 units; where
    that leaves out a level that has 11 units, over the levels of the first grouping; without
    groupings over everything. A cell with too few units gives some of them again. The draw does
    not depend on the order of rows. An array (or what `Rows` takes) has no groups and is drawn as
    it is.

    Raises AttributionError for other features, another shape, or values that are not finite.
    """
    source = cohort if background is None else background
    if isinstance(source, Cohort):
        _same_features(source, cohort)
        cells = _cells(source, [g.name for g in cohort.groups])
        chosen, composition = _balanced(source, cells, size, rng)
        rows, flags = source.dense(chosen), _one_group(cells, cohort)
    else:
        rows, flags = _given(source, cohort, size, rng), []
        composition = {"given": len(rows)}
    flags += _equal_to_input(rows, cohort)
    if isinstance(background, Cohort):
        flags += _far_off(rows, cohort)
    elif background is not None:
        flags += out_of_range(rows, cohort, what="background")
    for flag in flags:
        warnings.warn(flag, EvenlightWarning, stacklevel=2)
    notes = (*flags, *_size_note(rows, size))
    if background is None:
        notes += ("The background was drawn from the explained cohort itself.",)
    digest = sha256(np.ascontiguousarray(rows, dtype="<f8").tobytes()).hexdigest()
    return Reference(rows, Background(digest, len(rows), composition), notes)


def _same_features(source: Cohort, cohort: Cohort) -> None:
    if source.features.names != cohort.features.names or source.x.shape[1:] != cohort.x.shape[1:]:
        strange = sorted(set(source.features.names) ^ set(cohort.features.names))[:5]
        raise AttributionError(
            f"the background has shape (b, {', '.join(map(str, source.x.shape[1:]))}) and the "
            f"cohort (n, {', '.join(map(str, cohort.x.shape[1:]))}), names that differ: {strange}; "
            "give a background with the cohort's features in the cohort's order"
        )


def _given(values: object, cohort: Cohort, size: int, rng: np.random.Generator) -> Float:
    """`size` rows of an array, or of what is read when it is asked for."""
    if hasattr(values, "columns"):
        raise AttributionError(
            "the background is a table, whose columns could stand in any order; pass a Cohort, or "
            "table[list(cohort.features.names)].to_numpy()"
        )
    held = Rows(values) if lazy(values) else np.asarray(values, dtype=np.float64)
    wanted = cohort.x.shape[1:]
    if held.shape[1:] != wanted or len(held) == 0:
        raise AttributionError(
            f"the background has shape {held.shape}, wanted (b, {', '.join(map(str, wanted))})"
        )
    chosen = np.sort(rng.permutation(len(held))[:size])
    rows = np.asarray(held[chosen], dtype=np.float64)
    bad: Bool = np.isinf(rows) if cohort.gaps else ~np.isfinite(rows)
    if bad.any():
        raise AttributionError(
            f"the background holds {int(bad.sum())} values that are not finite; repair or drop them"
        )
    return rows


def _cells(source: Cohort, names: Sequence[str]) -> Mapping[Cell, Int]:
    """The rows of each cell, in the order of row ids."""
    own = {g.name for g in source.groups}
    groups = [source.grouping(n) for n in names if n in own or n in source.people.columns]
    if not groups:
        return {(): source.order}
    cross = _large(source, groups)
    present = {part for cell in cross for part in cell}
    wanted = {part for group in groups for cell in _large(source, [group]) for part in cell}
    if cross and wanted <= present:
        return cross
    return _large(source, groups[:1]) or {(): source.order}


def _large(source: Cohort, groups: Sequence[Groups]) -> dict[Cell, Int]:
    """The cells of the cross with at least 11 units of known group, in the order of levels."""
    codes = np.column_stack([g.codes for g in groups])
    cells: dict[Cell, Int] = {}
    for cell in np.unique(codes[(codes >= 0).all(axis=1)], axis=0):
        rows = source.order[(codes[source.order] == cell).all(axis=1)]
        if len(np.unique(source.units[rows])) >= least_shown():
            name = tuple((g.name, g.levels[c]) for g, c in zip(groups, cell, strict=True))
            cells[name] = rows
    return cells


def _balanced(
    source: Cohort, cells: Mapping[Cell, Int], size: int, rng: np.random.Generator
) -> tuple[Int, dict[str, int]]:
    """Positions of the drawn rows, and how many come from each cell."""
    most = max(len(np.unique(source.units[rows])) for rows in cells.values())
    size = min(size, most * len(cells))
    quota = [size // len(cells) + (i < size % len(cells)) for i in range(len(cells))]
    drawn = [
        _one_a_unit(source, rows, q, rng) for rows, q in zip(cells.values(), quota, strict=True)
    ]
    names = [" / ".join(level for _, level in cell) or "all" for cell in cells]
    return np.concatenate(drawn), dict(zip(names, quota, strict=True))


def _one_a_unit(source: Cohort, rows: Int, quota: int, rng: np.random.Generator) -> Int:
    """`quota` positions among `rows`, each unit once before any is drawn again."""
    mixed = rows[rng.permutation(len(rows))]
    first = np.sort(np.unique(source.units[mixed], return_index=True)[1])
    chosen: Int = np.resize(mixed[first], quota)
    return chosen


def _one_group(cells: Mapping[Cell, Int], cohort: Cohort) -> list[str]:
    """A sentence where the cells hold one level of a grouping of which the cohort has several."""
    notes = []
    for groups in cohort.groups:
        levels = {level for cell in cells for name, level in cell if name == groups.name}
        if len(levels) == 1 and len(np.unique(groups.codes[groups.known])) > 1:
            notes.append(
                f"The background holds one group of {groups.name} only ({next(iter(levels))}): "
                "attributions then measure the distance from that group."
            )
    return notes


def _equal_to_input(rows: Float, cohort: Cohort) -> list[str]:
    """A sentence where the background is one point that some explained rows equal."""
    if not (rows == rows[0]).all():
        return []
    point = rows[0].ravel()
    equal = sum(int((_flat(x) == point).all(axis=1).sum()) for _, x in cohort.blocks())
    if not equal:
        return []
    return [
        f"The background equals the input in {equal} of {cohort.n} rows, whose attributions are "
        "then all 0."
    ]


def out_of_range(rows: Float, cohort: Cohort, *, what: str) -> list[str]:
    """A sentence where rows (b, *s) hold values beyond all those of the cohort; NaN is not one."""
    low, high = _range(cohort)
    here = _flat(rows)
    beyond: Bool = np.any((here < low) | (here > high), axis=0)
    if not beyond.any():
        return []
    first = int(beyond.argmax())
    name = _named(cohort, first)
    return [
        f"The {what} lies outside the range of the data in {int(beyond.sum())} of {len(beyond)} "
        f"features (first {name!r}): the model is asked about values that nobody has."
    ]


def _far_off(rows: Float, cohort: Cohort) -> list[str]:
    """A sentence where most people of another cohort (b, *s) lie beyond the explained rows.

    Some of them always do, and with few rows explained most do. All positions of a channel (of an
    image, of a one-hot sequence) are on one scale and tell its range together: what nobody has at
    one of them may stand at another.
    """
    if cohort.n < least_shown():
        return []
    low, high = _range(cohort)
    if cohort.x.ndim > 2:
        low, high = (_over_channel(v, how, cohort) for v, how in ((low, np.min), (high, np.max)))
    here = _flat(rows)
    beyond: Bool = np.mean((here < low) | (here > high), axis=0) > 0.5
    if not beyond.any():
        return []
    first = int(beyond.argmax())
    name = _named(cohort, first)
    return [
        f"In {int(beyond.sum())} of {len(beyond)} features (first {name!r}) most people of the "
        "background lie outside the range of the explained rows; check that both are on one scale."
    ]


def _over_channel(values: Float, how: Callable[..., Float], cohort: Cohort) -> Float:
    """The least or largest of all positions of each channel (the first axis of a row), (p,)."""
    shape = tuple(int(s) for s in cohort.x.shape[1:])
    return np.repeat(how(values.reshape(shape[0], -1), axis=1), int(np.prod(shape[1:])))


def _range(cohort: Cohort) -> tuple[Float, Float]:
    """Lowest and highest value of each column (p,), NaN left out."""
    low, high = np.inf, -np.inf
    for _, x in cohort.blocks():
        low, high = (
            np.fmin(low, np.fmin.reduce(_flat(x), axis=0)),
            np.fmax(high, np.fmax.reduce(_flat(x), axis=0)),
        )
    return np.asarray(low), np.asarray(high)


def _named(cohort: Cohort, j: int) -> str:
    """The name of a column of rows laid flat: of a map where it stands, as "position 0,11"."""
    if cohort.x.ndim == 2:
        return cohort.features.names[j]
    return f"position {Positions(tuple(int(s) for s in cohort.x.shape[1:]))[j]}"


def _flat(x: Float) -> Float:
    return x.reshape(len(x), -1)


def _size_note(rows: Float, size: int) -> list[str]:
    if len(rows) >= size:
        return []
    return [f"The background has {len(rows)} rows in place of {size}."]
