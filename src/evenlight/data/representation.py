"""What a layer of a model holds of each row, and outputs after the groups' means are taken off it.

n rows, d columns; every `rows` (n,) holds row ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Int, Single, Text
from evenlight.data import align
from evenlight.data.cohort import Cohort
from evenlight.errors import ModelError


@dataclass(frozen=True, slots=True, eq=False)
class Representation:
    """A representation of the rows: `values` (n, d) float32 of the layer or step `name`.

    `source` says where it is from: layer (of a network), step (of a pipeline), given.
    `settings` say how, as the pooling of a map; `output` (n, t) are the margins of the model that
    was read, by which layers of another model are told apart; None where it is not known.

    >>> made = Representation.given("pooled", np.array([[0.5, 1.0], [2.0, 3.0]]), rows=["a", "b"])
    >>> made
    Representation of pooled: 2 rows, 2 columns (given)
    """

    name: str
    rows: Text
    values: Single
    source: str = "given"
    settings: Mapping[str, Any] = field(default_factory=dict)
    output: Float | None = None

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.shape[1] == 0:
            raise ModelError(
                f"embeddings {self.name!r} have shape {self.values.shape}; wanted (n, d): pool "
                "maps over space, or flatten them"
            )
        if len(self.values) != len(self.rows):
            raise ModelError(
                f"embeddings {self.name!r} have {len(self.values)} rows for {len(self.rows)} ids"
            )
        if self.output is not None and self.output.shape[:1] != (len(self.rows),):
            raise ModelError(
                f"embeddings {self.name!r} have outputs of shape {self.output.shape} for "
                f"{len(self.rows)} rows; wanted (n, t)"
            )
        if self.values.dtype != np.float32:
            raise ModelError(
                f"embeddings {self.name!r} are {self.values.dtype}; the record is float32, "
                "Representation.given takes any numbers"
            )
        bad = int((~np.isfinite(self.values)).any(axis=1).sum())
        if bad:
            raise ModelError(
                f"embeddings {self.name!r} hold values that are not finite in {bad} of "
                f"{len(self.rows)} rows; look at these rows, or leave them out"
            )

    @classmethod
    def given(cls, name: str, values: object, *, rows: Iterable[object]) -> Representation:
        """What was made elsewhere: numbers (n, d), one row an id."""
        try:
            made = np.asarray(values, dtype=np.float32)
        except (TypeError, ValueError):
            raise ModelError(f"embeddings {name!r} hold something that is no number") from None
        return cls(name, align.ids(list(rows)), made)

    def at(self, cohort: Cohort) -> Representation:
        """The same rows in the cohort's order, matched by id."""
        if np.array_equal(self.rows, cohort.rows):
            return self
        index = align.match(self.rows, cohort.rows, what=f"embeddings {self.name!r}")
        output = None if self.output is None else self.output[index]
        return replace(self, rows=cohort.rows, values=self.values[index], output=output)

    def to_frame(self) -> pd.DataFrame:
        """One line a row, one column a dimension. Individual data: keep with the patients' data."""
        columns = [f"{self.name}.{j + 1}" for j in range(self.values.shape[1])]
        index = pd.Index(self.rows, name="row")
        return pd.DataFrame(self.values, index=index, columns=columns)

    def __repr__(self) -> str:
        n, d = self.values.shape
        return f"Representation of {self.name}: {n} rows, {d} columns ({self.source})"


@dataclass(frozen=True, slots=True, eq=False)
class Erased:
    """The output where the means of a layer no longer differ between groups, all else held.

    In each stratum (of the cohort, of the outcome if `given` says so, and of the grouping `beside`
    if one is named) what the layer holds of a row is moved by the difference between the middle of
    the groups' means and the mean of the row's own group. `before` (n,) is the margin as it is,
    `after` (1 + b, n) the margin then: first with means over all rows, then with means over all
    rows but those of each of b blocks; `block` (n,) is the block of each row, by whole units.
    """

    layer: str
    grouping: str
    beside: str
    given: str
    rows: Text
    before: Float
    after: Float
    block: Int
    target: str
    cohort_digest: str = ""

    def __post_init__(self) -> None:
        n, made = len(self.rows), self.after
        if self.before.shape != (n,) or self.block.shape != (n,):
            raise ModelError(f"layer {self.layer!r}: before and block must be ({n},)")
        if made.ndim != 2 or made.shape[1] != n or len(made) != 1 + self.blocks:
            raise ModelError(
                f"layer {self.layer!r}: after has shape {made.shape}, wanted "
                f"({1 + self.blocks}, {n})"
            )
        for name, values in (("before", self.before), ("after", made)):
            bad = int((~np.isfinite(values)).sum())
            if bad:
                raise ModelError(f"layer {self.layer!r}: {name} holds {bad} values not finite")

    @property
    def blocks(self) -> int:
        """Number of blocks."""
        return int(self.block.max(initial=-1)) + 1

    def at(self, cohort: Cohort) -> Erased:
        """The same rows in the cohort's order, matched by id."""
        if self.cohort_digest and self.cohort_digest != cohort.digest:
            raise ModelError(f"the erased layer {self.layer!r} is of another cohort; erase anew")
        index = align.match(self.rows, cohort.rows, what=f"erased layer {self.layer!r}")
        return replace(
            self,
            rows=cohort.rows,
            before=self.before[index],
            after=self.after[:, index],
            block=self.block[index],
        )

    def to_frame(self) -> pd.DataFrame:
        """Margin before and after, one line a row. Individual data: keep with the patients'."""
        columns = {"before": self.before, "after": self.after[0]}
        return pd.DataFrame(columns, index=pd.Index(self.rows, name="row"))

    def __repr__(self) -> str:
        moved = float(np.sqrt(np.mean((self.before - self.after[0]) ** 2)))
        beside = f" given {self.beside}" if self.beside else ""
        return (
            f"Erased {self.grouping}{beside} from layer {self.layer}: the margin moves by "
            f"{moved:.3g} (root mean square) in {len(self.rows)} rows"
        )
