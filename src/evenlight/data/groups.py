"""Groups of people, and continuous axes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
import pandas as pd

from evenlight.arrays import Bool, Float, Int, Text
from evenlight.data.nearest import hint, nearest
from evenlight.data.shown import LONGEST_NAME, first, overlong, short
from evenlight.errors import GroupError

MOST_PAIRS = 15
"""More pairs than this are compared against the reference only."""

SHARES_TO = 1e-3
"""Shares of a composition add up to 1 within this."""

MISSING = frozenset(
    (
        *("", ".", "-9", "-99", "999", "na", "n/a", "<na>", "nan", "none", "null", "nat"),
        *("missing", "unknown", "not reported", "not available", "refused", "unspecified"),
    )
)
"""Labels that mean *unknown*, compared without case and surrounding space."""


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """One way to divide rows into named groups; unknown is not a group.

    `levels` (k,) in declared order; `codes` (n,) index into it, -1 unknown; `rows` (n,) ids, or
    None where the codes are in the cohort's own order; `source` says how the label was obtained
    (self-report, genetic, record); `reference` is a level.

    >>> labels = pd.Series(["AFR", "EUR", "NA"], index=["p1", "p2", "p3"])
    >>> groups = Groups.from_labels("ancestry", labels)
    >>> groups.levels, groups.codes.tolist()
    (('AFR', 'EUR'), [0, 1, -1])
    """

    name: str
    levels: tuple[str, ...]
    codes: Int
    source: str = "record"
    reference: str | None = None
    rows: Text | None = None

    def __post_init__(self) -> None:
        at = overlong((self.name, *self.levels))
        if at is not None:
            long = (self.name, *self.levels)[at]
            raise GroupError(
                f"{short(self.name)}: the {'level' if at else 'name'} {short(long)!r} has "
                f"{len(long):,} characters; at most {LONGEST_NAME:,}: give it a short label"
            )
        if len(set(self.levels)) != len(self.levels):
            raise GroupError(f"{self.name}: a level occurs twice in {self.levels}")
        if self.codes.ndim != 1:
            raise GroupError(f"{self.name}: codes must be (n,), found shape {self.codes.shape}")
        top, low = int(self.codes.max(initial=-1)), int(self.codes.min(initial=0))
        if top >= len(self.levels) or low < -1:
            raise GroupError(
                f"{self.name}: code {top if top > 0 else low} has no name among {self.levels}"
            )
        if self.reference is not None and self.reference not in self.levels:
            raise GroupError(
                f"{self.name}: reference {self.reference!r} is not among {self.levels}"
            )
        if self.rows is not None and len(self.rows) != len(self.codes):
            raise GroupError(f"{self.name}: {len(self.rows)} ids for {len(self.codes)} codes")

    def __repr__(self) -> str:
        many = f"{len(self.levels):,} levels ({first(self.levels)})"
        return f"Groups {self.name}: {many} of {len(self.codes):,} rows; labels from {self.source}"

    @classmethod
    def from_labels(
        cls,
        name: str,
        labels: pd.Series | Sequence[object],
        *,
        levels: Sequence[str] | None = None,
        missing: Iterable[object] = (),
        merge: Mapping[str, str] | None = None,
        by_position: bool = False,
        source: str = "record",
        reference: str | None = None,
    ) -> Groups:
        """Groups from labels, a Series indexed by row id.

        A bare array has no ids: it needs `by_position=True`. Labels in `MISSING` or `missing` are
        unknown; `merge` maps a label to the level that it joins; with `levels`, any other label is
        an error that names the nearest one.
        """
        if not isinstance(labels, pd.Series) and not by_position:
            raise GroupError(
                f"{name}: labels without row ids; pass a pandas Series indexed by row id, "
                "or say by_position=True if their order is the cohort's order"
            )
        rows = None
        if isinstance(labels, pd.Series):
            rows = None if by_position else labels.index.astype(str).to_numpy(dtype=np.str_)
            labels = labels.tolist()
        text = _clean(labels, {str(m).strip().casefold() for m in missing})
        text = [(merge or {}).get(t, t) if t is not None else None for t in text]
        known = tuple(levels) if levels is not None else _levels(name, text)
        _only_known(name, text, known)
        place = {level: i for i, level in enumerate(known)}
        codes = np.array([-1 if t is None else place[t] for t in text], dtype=np.int64)
        return cls(name, known, codes, source, reference, rows)

    @property
    def known(self) -> Bool:
        """Mask (n,) of the rows whose group is known."""
        mask: Bool = self.codes >= 0
        return mask

    def members(self, level: str) -> Bool:
        """Mask (n,) of the rows at `level`."""
        if level not in self.levels:
            near = nearest(level, self.levels, cutoff=0.0)
            raise GroupError(
                f"{self.name}: no level {level!r}; nearest {near!r}, all {self.levels}"
            )
        mask: Bool = self.codes == self.levels.index(level)
        return mask

    def labels(self) -> list[str | None]:
        """The label of each row, None where unknown."""
        return [None if c < 0 else self.levels[c] for c in self.codes]

    def contrasts(self) -> tuple[tuple[str, str], ...]:
        """(level, reference) pairs: against the declared reference, else all pairs.

        More than 15 pairs: against the largest level.

        >>> Groups("sex", ("female", "male"), np.array([0, 1])).contrasts()
        (('male', 'female'),)
        """
        reference = self.reference
        if reference is None and len(self.levels) * (len(self.levels) - 1) // 2 > MOST_PAIRS:
            counts = np.bincount(self.codes[self.known], minlength=len(self.levels))
            reference = self.levels[int(counts.argmax())]
        if reference is not None:
            return tuple((level, reference) for level in self.levels if level != reference)
        return tuple((b, a) for a, b in combinations(self.levels, 2))

    def take(self, index: Int | Bool) -> Groups:
        """The same grouping of some rows."""
        rows = None if self.rows is None else self.rows[index]
        return Groups(self.name, self.levels, self.codes[index], self.source, self.reference, rows)


@dataclass(frozen=True, slots=True, eq=False)
class Axes:
    """Continuous ancestry: `values` (n, q) PCs or admixture proportions, `rows` (n,) ids or None.

    Never cut into groups. `names` (q,) of the components, by default PC1, PC2 ... where the name
    begins with "pc", else name.1, name.2 ...; `composition` says that rows are shares that add up
    to 1: "shares" leaves the largest one out of a model, "ilr" takes isometric log-ratios.

    >>> Axes("pcs", np.zeros((3, 2))).names
    ('PC1', 'PC2')
    """

    name: str
    values: Float
    rows: Text | None = None
    names: tuple[str, ...] = ()
    composition: Literal["", "shares", "ilr"] = ""

    def __post_init__(self) -> None:
        given: object = self.values
        if isinstance(given, pd.DataFrame):
            raise GroupError(
                f"{self.name}: values are a DataFrame; pass values=frame.to_numpy(), "
                "rows=frame.index.to_numpy(dtype=str), names=tuple(frame.columns)"
            )
        try:
            object.__setattr__(self, "values", np.asarray(given, dtype=np.float64))
        except (TypeError, ValueError):
            raise GroupError(f"{self.name}: values hold something that is no number") from None
        if self.values.ndim != 2 or self.values.shape[1] == 0:
            raise GroupError(
                f"{self.name}: values must be (n, q), found {self.values.shape}; one axis is (n, 1)"
            )
        q = self.values.shape[1]
        if self.rows is not None and len(self.rows) != len(self.values):
            raise GroupError(f"{self.name}: {len(self.rows)} ids for {len(self.values)} rows")
        if not self.names:
            stem = "PC" if self.name.casefold().startswith("pc") else f"{self.name}."
            object.__setattr__(self, "names", tuple(f"{stem}{j + 1}" for j in range(q)))
        if len(self.names) != q or len(set(self.names)) != q:
            raise GroupError(f"{self.name}: {q} components need {q} names, found {self.names}")
        bad = int((~np.isfinite(self.values)).any(axis=1).sum())
        if bad:
            raise GroupError(
                f"{self.name}: {bad} of {len(self.values)} rows have a value that is not a number; "
                "leave these rows out (cohort.take), or give their values"
            )
        self._check_shares()

    def _check_shares(self) -> None:
        if self.composition not in ("", "shares", "ilr"):
            raise GroupError(
                f'{self.name}: composition {self.composition!r}; known: "", "shares", "ilr"'
            )
        if not self.composition:
            return
        if len(self.names) < 2:
            raise GroupError(f"{self.name}: a composition needs two shares or more")
        off = (self.values < 0).any(axis=1) | (np.abs(self.values.sum(axis=1) - 1) > SHARES_TO)
        if off.any():
            raise GroupError(
                f"{self.name}: {int(off.sum())} of {len(off)} rows are no shares that add up to 1 "
                f"(within {SHARES_TO}); divide each row by its sum"
            )

    def __repr__(self) -> str:
        some = first(self.names, 4)
        shares = f", a composition ({self.composition})" if self.composition else ""
        return f"Axes {self.name}: {len(self.values):,} rows of {len(self.names)} ({some}){shares}"

    def take(self, index: Int | Bool) -> Axes:
        """The same axes of some rows."""
        rows = None if self.rows is None else self.rows[index]
        return Axes(self.name, self.values[index], rows, self.names, self.composition)


def _clean(labels: Iterable[object], missing: set[str]) -> list[str | None]:
    """Labels as text; whole numbers lose their decimal point, unknown is None."""
    out: list[str | None] = []
    for label in labels:
        whole = isinstance(label, float) and label.is_integer()
        text = str(int(label)) if whole and isinstance(label, float) else str(label)
        bare = text.strip().casefold()
        out.append(None if label is None or bare in MISSING or bare in missing else text)
    return out


def _levels(name: str, text: Iterable[str | None]) -> tuple[str, ...]:
    """Distinct labels, sorted; two that differ only by case or space are an error."""
    levels = tuple(sorted({t for t in text if t is not None}))
    seen: dict[str, str] = {}
    for level in levels:
        bare = level.strip().casefold()
        if bare in seen:
            raise GroupError(
                f"{name}: labels {seen[bare]!r} and {level!r} differ only by case or space; "
                "correct them, or join them with merge="
            )
        seen[bare] = level
    return levels


def _only_known(name: str, text: Iterable[str | None], levels: tuple[str, ...]) -> None:
    strange = sorted({t for t in text if t is not None} - set(levels))
    if not strange:
        return
    near = hint(strange[0], levels, "") or "."
    raise GroupError(
        f"{name}: label {strange[0]!r} is not among the declared levels {levels}{near} "
        "Correct it, declare it, join it with merge=, or list it in missing="
    )
