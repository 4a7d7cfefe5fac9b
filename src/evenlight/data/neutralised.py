"""What the interventions return: margins before and after some features were changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Int, Text
from evenlight.data import align
from evenlight.data.cohort import Cohort
from evenlight.errors import ModelError

Kind = Literal["swap", "shuffle", "removal", "residual", "inpaint", "blur"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""swap: each group gets the other's values; shuffle: everyone gets those of somebody of the own
group; removal: the mean over other people's values; residual: group means are made equal; inpaint,
blur: a region of an image is filled from its border, or blurred."""


@dataclass(frozen=True, slots=True, eq=False)
class Neutralised:
    """The model's output with each of m `sets` of features changed in n rows, in d ways.

    `before`, `response_before` (n,) as recorded; `after`, `response` (m, d, n) afterwards, NaN for
    a row that is not moved; `how` (m,) tells what was done to each set. `pairs` (d,) names the two
    groups of each swap (a pair once for each draw), and is () for the other kinds, whose d are
    draws. `stratum` (n,) codes the outcome (and strata) given which gaps are taken, -1 unknown;
    `fitted` (n,) codes the strata in which the change was fitted; both are the same for all rows
    of a unit. `piece` (n,) is the outcome alone, and `y` (n,) one that was cut into bins, all NaN
    where none was.
    `part` (m, d, n) says how each row moves what the gap loses, sampling error of the change with
    it (`evenlight.stats.closure`), NaN where the change depends on the row alone.
    `notes` are sentences about what the change does to the data.

    `again`, `again_response` (m, e, l): a swap made anew on e resamples of its people (for each
    pair in the order of `pairs`, as many), and `again_rows` (m, e, l) who they are, -1 past the
    end; e is 0 where a change is not fitted anew. `score_only`: see `Predictions`.
    """

    kind: Kind
    grouping: str
    rows: Text
    sets: tuple[str, ...]
    how: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...]
    before: Float
    response_before: Float
    after: Float
    response: Float
    part: Float
    stratum: Int
    fitted: Int
    piece: Int
    y: Float
    given: str
    target: str
    link: str
    scale: str = "margin"
    unit: str = ""
    cohort_digest: str = ""
    notes: tuple[str, ...] = ()
    again: Float = field(default_factory=lambda: np.zeros((0, 0, 0)))
    again_response: Float = field(default_factory=lambda: np.zeros((0, 0, 0)))
    again_rows: Int = field(default_factory=lambda: np.zeros((0, 0, 0), dtype=np.int64))
    score_only: bool = False

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ModelError(f"kind {self.kind!r} is not one of {KINDS}")
        n, m = len(self.rows), len(self.sets)
        d = self.after.shape[1] if self.after.ndim == 3 else -1
        flat = ("before", "response_before", "stratum", "fitted", "piece", "y")
        wanted: dict[str, tuple[int, ...]] = dict.fromkeys(flat, (n,))
        wanted |= dict.fromkeys(("after", "response", "part"), (m, d, n))
        for name, shape in wanted.items():
            found = getattr(self, name).shape
            if found != shape:
                raise ModelError(f"{name} has shape {found}, wanted {shape}")
        if len(self.how) != m or (self.kind == "swap") != bool(self.pairs):
            raise ModelError(f"{self.kind}: {len(self.how)} ways and pairs {self.pairs} do not fit")
        if self.pairs and len(self.pairs) != d:
            raise ModelError(f"{len(self.pairs)} pairs for {d} draws")
        shapes = {self.again.shape, self.again_response.shape, self.again_rows.shape}
        if len(shapes) > 1 or (self.again.size and len(self.again) != m):
            raise ModelError(f"resamples have shapes {sorted(shapes)}, wanted one ({m}, e, l)")
        self._numbers()

    def _numbers(self) -> None:
        gone = np.isnan(self.after)
        if (gone != np.isnan(self.response)).any() or not np.isfinite(self.after[~gone]).all():
            raise ModelError("after and response must be finite together, or NaN in rows not moved")
        if not np.isfinite([self.before, self.response_before]).all():
            raise ModelError("before holds values that are not finite")

    def at(self, cohort: Cohort) -> Neutralised:
        """The same rows in the cohort's order, matched by id."""
        if self.cohort_digest and self.cohort_digest != cohort.digest:
            raise ModelError(f"this {self.kind} was made on another cohort")
        index = align.match(self.rows, cohort.rows, what=self.kind)
        flat = ("before", "response_before", "stratum", "fitted", "piece", "y")
        taken = {name: getattr(self, name)[index] for name in flat}
        taken |= {name: getattr(self, name)[..., index] for name in ("after", "response", "part")}
        place = np.full(len(self.rows) + 1, -1, dtype=np.int64)
        place[index] = np.arange(len(index))
        return replace(self, rows=cohort.rows, again_rows=place[self.again_rows], **taken)

    def draws_of(self, pair: tuple[str, str]) -> Int:
        """The positions (e,) of the draws of one pair; of all draws where there are no pairs."""
        if not self.pairs:
            return np.arange(self.after.shape[1])
        return np.flatnonzero([known == pair for known in self.pairs]).astype(np.int64)

    def redone(self, i: int, pair: tuple[str, str]) -> Iterator[tuple[Int, Float, Float]]:
        """For each resample of set i and a pair: who (l,), their margins and responses."""
        names = list(dict.fromkeys(self.pairs))
        if not self.again.size or pair not in names:
            return
        each = self.again.shape[1] // len(names)
        for e in range(names.index(pair) * each, (names.index(pair) + 1) * each):
            there = self.again_rows[i, e] >= 0
            yield self.again_rows[i, e, there], self.again[i, e, there], (
                self.again_response[i, e, there]
            )  # fmt: skip

    def to_frame(self) -> pd.DataFrame:
        """Long table: row, set, margin before and, mean over draws, after. Individual data."""
        n, m = len(self.rows), len(self.sets)
        moved = np.isfinite(self.after)
        total = np.where(moved, self.after, 0.0).sum(axis=1)
        count = moved.sum(axis=1)
        after = np.divide(total, count, out=np.full((m, n), np.nan), where=count > 0)
        return pd.DataFrame(
            {
                "row": np.tile(self.rows, m),
                "set": np.repeat(np.array(self.sets, dtype=object), n),
                "before": np.tile(self.before, m),
                "after": after.ravel(),
            }
        )

    def __repr__(self) -> str:
        m, d, n = self.after.shape
        return f"Neutralised by {self.kind}: {m} sets in {n} rows, {d} draws, by {self.grouping}"
