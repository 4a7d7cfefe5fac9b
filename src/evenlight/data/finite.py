"""Values of x that are not finite: counted, named, dropped, replaced or kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from evenlight.arrays import Bool, Float, Int, Values
from evenlight.data.features import Features
from evenlight.data.groups import SMALLEST_GROUP
from evenlight.data.missing_codes import shown_count
from evenlight.data.rows import DENSE_BUDGET, Held, Rows, blocks, columns, dense, is_sparse
from evenlight.data.value_codes import CODES, blanked, found, is_code, is_other, nines, spoken
from evenlight.errors import CohortError

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
    flaws, coded, codes = _looked(values, chosen, np.isinf if keep else _not_finite)
    if coded.count:
        notes.append(_coded(features, coded, codes, missing=missing))
    if coded.count and not keep:
        values = blanked(values, CODES if codes[0] < 0 else codes)
        flaws = _flaws(values, chosen, _not_finite)[0]
    everyone = np.ones(len(chosen), dtype=bool)
    if flaws.count and missing == "drop":
        notes.append(f"{_many(flaws)} rows with values that are not finite were dropped.")
        return Finite(~flaws.rows, values)
    if flaws.count and missing == "median" and not is_sparse(values):
        notes.append(
            f"Values not finite, in {_many(flaws)} rows, were replaced by the column's median."
        )
        return Finite(everyone, _repaired(values, flaws, chosen))
    if flaws.count:
        raise CohortError(_refusal(values, features, flaws, keep=keep))
    gaps = _flaws(values, chosen, np.isnan)[0] if keep else flaws
    if gaps.count:
        notes.append(
            f"Missing values (NaN) in {_many(gaps)} rows were handed to the model as they are."
        )
    return Finite(everyone, values, gaps.count > 0)


def _many(flaws: Flaws) -> str:
    """In how many rows, a few of them not counted."""
    return shown_count(int(flaws.rows.sum()))


def _not_finite(values: Values) -> Values:
    return ~np.isfinite(values)


def _looked(values: Held, chosen: Bool, wrong: Wrong) -> tuple[Flaws, Flaws, tuple[float, ...]]:
    """Wrong values, codes of missing ones in a table, and which codes; one pass over the rows."""
    nobody = Flaws(np.zeros(len(chosen), dtype=bool), np.zeros(1, dtype=np.int64))
    if values.ndim != 2 or values.dtype.kind not in "fi":
        return _flaws(values, chosen, wrong)[0], nobody, ()
    flaws, coded, others = _flaws(values, chosen, wrong, is_code, is_other)
    if coded.count and not others.count:
        return flaws, coded, found(dense(values, np.flatnonzero(coded.rows)[:1000]))
    if nines(values):
        return flaws, _flaws(values, chosen, _is_nine)[0], (9.0,)
    return flaws, nobody, ()


def _is_nine(values: Values) -> Values:
    return np.asarray(values == 9)


def _flaws(values: Held, chosen: Bool, *wrongs: Wrong) -> tuple[Flaws, ...]:
    """What each of several masks finds, in one pass over the rows."""
    if is_sparse(values):
        return tuple(_sparse_flaws(values, chosen, wrong) for wrong in wrongs)
    rows = np.zeros((len(wrongs), len(chosen)), dtype=bool)
    counts = np.zeros((len(wrongs), int(np.prod(values.shape[1:]))), dtype=np.int64)
    where = np.flatnonzero(chosen)
    asked = values.take(where) if isinstance(values, Rows) else values
    for part, x in blocks(asked):
        at = where[part] if isinstance(values, Rows) else np.arange(part.start, part.stop)
        for k, wrong in enumerate(wrongs):
            bad = wrong(x).reshape(len(x), -1) & chosen[at, None]
            rows[k, at] = bad.any(axis=1)
            counts[k] += bad.sum(axis=0, dtype=np.int64)
    return tuple(Flaws(mask, count) for mask, count in zip(rows, counts, strict=True))


def _sparse_flaws(values: Any, chosen: Bool, wrong: Wrong) -> Flaws:
    """The same over the entries that are held; an absent one is 0."""
    row = np.repeat(np.arange(values.shape[0]), np.diff(values.indptr))
    bad = wrong(values.data) & chosen[row]
    counts = np.bincount(values.indices[bad], minlength=values.shape[1])
    rows = np.zeros(len(chosen), dtype=bool)
    rows[row[bad]] = True
    return Flaws(rows, counts.astype(np.int64))


def _coded(features: Features, coded: Flaws, codes: tuple[float, ...], *, missing: str) -> str:
    """A note on codes of missing values. Raises CohortError where nobody said what to do."""
    at = np.flatnonzero(coded.columns)
    told = missing == "error" or coded.count >= SMALLEST_GROUP
    many = f"{coded.count}" if told else f"Fewer than {SMALLEST_GROUP}"
    held = (
        f"{many} values of x are {spoken(codes)}, by which files say that a value is "
        f"missing, in {len(at)} columns (first {[features.names[j] for j in at[:3]]}), while all "
        f"others are {'0 or more' if codes[0] < 0 else '0, 1 or 2'}"
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
    nan = not keep and _flaws(values, flaws.rows, np.isnan)[0].count == flaws.count
    more = ' (missing="keep" for a model that takes NaN itself)' if nan else ""
    return (
        f"x holds {flaws.count} values that are {kind} in {len(at)} columns "
        f"(first {names}) and {int(flaws.rows.sum())} rows (first at positions "
        f"{np.flatnonzero(flaws.rows)[:3].tolist()}); {remedy}{more}"
    )
