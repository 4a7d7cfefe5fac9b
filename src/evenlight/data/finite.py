"""Values of x that are not finite: counted, named, dropped, replaced or kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from evenlight.arrays import Bool, Float, Int, Values
from evenlight.data.features import Features
from evenlight.data.rows import DENSE_BUDGET, Held, Rows, blocks, columns, is_sparse
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

    Raises CohortError naming count, columns and rows, where values are to be refused.
    """
    if missing not in WAYS:
        raise CohortError(f"missing={missing!r}; wanted one of {', '.join(WAYS)}")
    keep = missing == "keep"
    flaws = _flaws(values, chosen, np.isinf if keep else _not_finite)
    everyone = np.ones(len(chosen), dtype=bool)
    if flaws.count and missing == "drop":
        notes.append(f"{int(flaws.rows.sum())} rows with values that are not finite were dropped.")
        return Finite(~flaws.rows, values)
    if flaws.count and missing == "median" and not is_sparse(values):
        notes.append(
            f"{flaws.count} values that are not finite were replaced by the column's median."
        )
        return Finite(everyone, _repaired(values, flaws, chosen))
    if flaws.count:
        raise CohortError(_refusal(values, features, flaws, keep=keep))
    gaps = _flaws(values, chosen, np.isnan) if keep else flaws
    if gaps.count:
        notes.append(
            f"{gaps.count} values in {int(gaps.rows.sum())} rows are missing (NaN) and were handed "
            "to the model as they are."
        )
    return Finite(everyone, values, gaps.count > 0)


def _not_finite(values: Values) -> Values:
    return ~np.isfinite(values)


def _flaws(values: Held, chosen: Bool, wrong: Wrong) -> Flaws:
    if is_sparse(values):
        return _sparse_flaws(values, chosen, wrong)
    rows, counts = np.zeros(len(chosen), dtype=bool), np.zeros(0, dtype=np.int64)
    where = np.flatnonzero(chosen)
    asked = values.take(where) if isinstance(values, Rows) else values
    for part, x in blocks(asked):
        at = where[part] if isinstance(values, Rows) else np.arange(part.start, part.stop)
        bad = wrong(x).reshape(len(x), -1) & chosen[at, None]
        rows[at] = bad.any(axis=1)
        found = bad.sum(axis=0, dtype=np.int64)
        counts = counts + found if counts.size else found
    return Flaws(rows, counts)


def _sparse_flaws(values: Any, chosen: Bool, wrong: Wrong) -> Flaws:
    """The same over the entries that are held; an absent one is 0."""
    row = np.repeat(np.arange(values.shape[0]), np.diff(values.indptr))
    bad = wrong(values.data) & chosen[row]
    counts = np.bincount(values.indices[bad], minlength=values.shape[1])
    rows = np.zeros(len(chosen), dtype=bool)
    rows[row[bad]] = True
    return Flaws(rows, counts.astype(np.int64))


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
