"""Values of x that are not finite: counted, named, dropped, replaced or kept."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from evenlight.arrays import Bool, Float, Int, Values
from evenlight.data import value_codes
from evenlight.data.column_ends import Ends
from evenlight.data.features import Features
from evenlight.data.missing_codes import shown_count
from evenlight.data.rows import DENSE_BUDGET, Held, Rows, blocks, columns, is_sparse
from evenlight.data.value_codes import CODES, DOSAGES, NINE, Coded, in_words
from evenlight.errors import CohortError, EvenlightWarning
from evenlight.small_groups import least_shown

WAYS = ("error", "drop", "median", "keep")

Wrong = Callable[[Values], Values]


@dataclass(frozen=True, slots=True, eq=False)
class Finite:
    """The rows (n,) that stay, the values, and whether NaN is among them."""

    rows: Bool
    values: Held
    gaps: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Flaws:
    """Which rows (n,) hold wrong values, and how many each column (p,) holds."""

    rows: Bool
    columns: Int

    @property
    def count(self) -> int:
        """Wrong values in all."""
        return int(self.columns.sum())


def finite(
    values: Held, features: Features, missing: str, notes: list[str], chosen: Bool
) -> Finite:
    """What stays of values (n, *s) by the way named in `missing`; only chosen rows are read.

    Codes of missing values (`value_codes`) of a table are missing, but with "keep".

    Raises CohortError naming count, columns and rows, where values are to be refused.
    """
    if missing not in WAYS:
        raise CohortError(f"missing={missing!r}; wanted one of {', '.join(WAYS)}")
    keep = missing == "keep"
    values, flaws = _seen(values, features, missing, notes, chosen)
    everyone = np.ones(len(chosen), dtype=bool)
    if flaws.count and missing == "drop":
        notes.append("Rows with values that are not finite were dropped.")  # counts: `data.gone`
        return Finite(~flaws.rows, values)
    if flaws.count and missing == "median" and not is_sparse(values):
        notes.append(
            f"Values not finite, in {_many(flaws)} rows, were replaced by the column's median."
        )
        return Finite(everyone, _repaired(values, flaws, chosen))
    if flaws.count:
        raise CohortError(_refusal(values, features, flaws, keep=keep))
    gaps = _flaws(values, chosen, np.isnan) if keep else flaws
    if gaps.count:
        notes.append(
            f"Missing values (NaN) in {_many(gaps)} rows were handed to the model as they are."
        )
    return Finite(everyone, values, gaps.count > 0)


def _seen(
    values: Held, features: Features, missing: str, notes: list[str], chosen: Bool
) -> tuple[Held, Flaws]:
    """The values, codes blanked where they are to be replaced, and what is wrong with them."""
    keep = missing == "keep"
    ends = Ends.none(values.shape[1]) if _table(values) else None
    flaws = _flaws(values, chosen, np.isinf if keep else _not_finite, ends)
    codes = _codes(values, chosen, ends, features, told=not keep) if ends is not None else None
    if codes is None:
        return values, flaws
    notes.append(_coded(features, codes, missing=missing))
    if missing == "drop":
        own = codes.flaws
        return values, Flaws(flaws.rows | own.rows, flaws.columns + own.columns)
    if missing == "median":
        values = value_codes.blanked(values, codes.found, in_words(codes.codes))
        flaws = _flaws(values, chosen, _not_finite)
    return values, flaws


def _many(flaws: Flaws) -> str:
    """In how many rows, a few of them not counted."""
    return shown_count(int(flaws.rows.sum()))


def _not_finite(values: Values) -> Values:
    return ~np.isfinite(values)


def _table(values: Held) -> bool:
    return values.ndim == 2 and values.dtype.kind in "fiu"


def _flaws(values: Held, chosen: Bool, wrong: Wrong, ends: Ends | None = None) -> Flaws:
    """What a mask finds, in one pass over the chosen rows, which also widens `ends`."""
    if is_sparse(values):
        return _sparse_flaws(values, chosen, wrong, ends)
    rows = np.zeros(len(chosen), dtype=bool)
    counts = np.zeros(int(np.prod(values.shape[1:])), dtype=np.int64)
    for at, x in _parts(values, chosen):
        bad = wrong(x).reshape(len(x), -1)
        rows[at] = bad.any(axis=1)
        counts += bad.sum(axis=0, dtype=np.int64)
        if ends is not None:
            ends.widen(x, whole=False)
    return Flaws(rows, counts)


def _sparse_flaws(values: Any, chosen: Bool, wrong: Wrong, ends: Ends | None) -> Flaws:
    """The same over the entries that are held; an absent one is 0."""
    row = np.repeat(np.arange(values.shape[0]), np.diff(values.indptr))
    bad = wrong(values.data) & chosen[row]
    counts = np.bincount(values.indices[bad], minlength=values.shape[1])
    rows = np.zeros(len(chosen), dtype=bool)
    rows[row[bad]] = True
    if ends is not None:
        ends.widen_held(values, chosen[row])
        held = np.bincount(values.indices[chosen[row]], minlength=values.shape[1])
        ends.widen_zero(held < chosen.sum())
    return Flaws(rows, counts.astype(np.int64))


def _parts(values: Held, chosen: Bool) -> Iterator[tuple[Int, Values]]:
    """Chosen rows in blocks: their positions (m,), and x (m, *s)."""
    where = np.flatnonzero(chosen)
    if isinstance(values, Rows):
        yield from ((where[part], x) for part, x in blocks(values.take(where)))
        return
    for part, x in blocks(values):
        own = chosen[part]
        at = np.arange(part.start, part.stop)
        yield (at, x) if own.all() else (at[own], x[own])


def _some(values: Any, chosen: Bool, columns: Int) -> Iterator[tuple[Int, Values]]:
    """The same of some columns (q,) of a table: positions (m,), and x (m, q)."""
    if is_sparse(values):
        yield from _parts(values[:, columns], chosen)
        return
    yield from ((at, x[:, columns]) for at, x in _parts(values, chosen))


@dataclass(frozen=True, slots=True, eq=False)
class _Codes:
    """Codes of missing values in a table: where they may stand, and what holds them.

    `others` says in words what the columns hold beside them.
    """

    found: Coded
    flaws: Flaws
    codes: list[float]
    others: str


def _codes(
    values: Held, chosen: Bool, ends: Ends, features: Features, *, told: bool
) -> _Codes | None:
    """What stands for a missing value, None if nothing does; warns where it may (if `told`)."""
    at = value_codes.suspects(ends)
    if not len(at):
        return None
    others, plain = _others(values, chosen, at)
    found = value_codes.coded(ends, others, plain)
    doubt = value_codes.doubtful(ends, others, found)
    if told and len(doubt):
        warnings.warn(_doubt(features, ends, doubt), EvenlightWarning, stacklevel=5)
    at = found.held
    if not len(at):
        return None
    rows = np.zeros(len(chosen), dtype=bool)
    counts = np.zeros((len(found.codes), len(found.columns[0])), dtype=np.int64)
    for own, x in _some(values, chosen, at):
        rows[own] = found.at(x, at).any(axis=1)
        counts[:, at] += np.array([(x == code).sum(axis=0) for code in found.codes])
    counts *= found.columns
    held = [code for code, n in zip(found.codes, counts.sum(axis=1), strict=True) if n]
    words = "0, 1 or 2" if plain[at].all() else "0 or more"
    return _Codes(found, Flaws(rows, counts.sum(axis=0)), held, words)


def _others(values: Held, chosen: Bool, at: Int) -> tuple[Ends, Bool]:
    """Of p columns, those `at`: ends of what is no code, and whether all is 0, 1, 2 or a code."""
    p = int(values.shape[1])
    ends, plain, made = Ends.none(len(at)), np.ones(len(at), dtype=bool), Ends.none(p)
    marks = (*CODES, value_codes.ABSENT, NINE, *DOSAGES)
    for _, x in _some(values, chosen, at):
        ends.widen(np.where(np.isin(x, CODES), np.nan, x))
        plain &= (np.isin(x, marks) | ~np.isfinite(x)).all(axis=0)
    made.low[at], made.high[at], made.whole[at] = ends.low, ends.high, ends.whole
    out = np.zeros(p, dtype=bool)
    out[at] = plain
    return made, out


def _doubt(features: Features, ends: Ends, at: Int) -> str:
    codes = sorted({float(v) for v in ends.low[at]}, reverse=True)
    return (
        f"{in_words(codes)} looks like a code for missing in {len(at)} columns of x (first "
        f"{[features.names[j] for j in at[:3]]}) and is used as a value, as there are other "
        "numbers below 0; write NaN in its place where it is one"
    )


def _coded(features: Features, codes: _Codes, *, missing: str) -> str:
    """A note on codes of missing values. Raises CohortError where nobody said what to do."""
    count, at = codes.flaws.count, codes.found.held
    at = at[codes.flaws.columns[at] > 0]
    told = missing == "error" or count >= least_shown()
    many = f"{count}" if told else f"Fewer than {least_shown()}"
    held = (
        f"{many} values of x are {in_words(codes.codes)}, by which files say that a value is "
        f"missing, in {len(at)} columns (first {[features.names[j] for j in at[:3]]}), while all "
        f"others of these are {codes.others}"
    )
    if missing == "error":
        raise CohortError(
            f'{held}; write NaN in their place, or say missing="drop" or missing="median", or '
            'missing="keep" if they are values to the model'
        )
    done = "were handed to the model as they are" if missing == "keep" else "were read as missing"
    return f"{held}: they {done}."


def _repaired(values: Any, flaws: Flaws, chosen: Bool) -> Held:
    """The values with the column's median over the chosen rows in place of what is not finite."""
    bad = np.flatnonzero(flaws.columns)
    if isinstance(values, Rows):
        return values.filled(_filling(values.take(np.flatnonzero(chosen)), bad))
    flat = values.reshape(len(values), -1)
    middle = _medians(flat[chosen][:, bad])
    held = flat[:, bad]
    repaired = flat.copy()
    repaired[:, bad] = np.where(_not_finite(held) & chosen[:, None], middle, held)
    whole: Values = repaired.reshape(values.shape)
    return whole


def _filling(rows: Rows, bad: Int) -> Float:
    """The medians (p,) of the columns that need one; 0 elsewhere, where nothing is replaced."""
    if rows.ndim != 2 or len(rows) * len(bad) * 8 > DENSE_BUDGET:
        raise CohortError(
            f'missing="median" reads {len(bad)} whole columns of an x that is not in memory; '
            'repair the values where they are kept, or say missing="drop"'
        )
    fill = np.zeros(rows.shape[1])
    fill[bad] = _medians(columns(rows, bad.tolist()))
    return fill


def _medians(values: Values) -> Float:
    """Medians (k,) of the finite values of each column (n, k)."""
    exact = np.where(np.isfinite(values), values, np.nan).astype(np.float64)
    if np.isnan(exact).all(axis=0).any():
        raise CohortError("a column has no finite value, so it has no median; leave it out")
    return np.asarray(np.nanmedian(exact, axis=0))


def _refusal(values: Held, features: Features, flaws: Flaws, *, keep: bool) -> str:
    at = np.flatnonzero(flaws.columns)
    names = [features.names[j] for j in at[:3]] if values.ndim == 2 else at[:3].tolist()
    kind = "infinite" if keep else "not finite"
    remedy = "repair them" if keep else 'repair them, or say missing="drop" or missing="median"'
    nan = not keep and _flaws(values, flaws.rows, np.isnan).count == flaws.count
    more = ' (missing="keep" for a model that takes NaN itself)' if nan else ""
    return (
        f"x holds {flaws.count} values that are {kind} in {len(at)} columns "
        f"(first {names}) and {int(flaws.rows.sum())} rows (first at positions "
        f"{np.flatnonzero(flaws.rows)[:3].tolist()}); {remedy}{more}"
    )
