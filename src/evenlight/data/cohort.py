"""The cohort: everything about a row in one place, aligned by id."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Literal

import numpy as np
import pandas as pd

from evenlight.arrays import Bool, Float, Int, Text
from evenlight.data import align, annotated, cards, gone, intake, missing_codes, repeats, roles
from evenlight.data import rows as reading
from evenlight.data.doubtful import doubtful
from evenlight.data.features import Features, check_states
from evenlight.data.finite import finite
from evenlight.data.groups import Axes, Groups
from evenlight.data.outcome import Kind, Survival, kind_of, outcome_values, with_event
from evenlight.errors import CohortError, GroupError


@dataclass(frozen=True, eq=False, init=False)
class Cohort:
    """n rows of data, the people they came from, and the roles of their columns.

    Parameters
    ----------
    x
        (n, *s): DataFrame (its index names the rows); array, CSR, or what `Rows` takes (zarr,
        HDF5, memory map, dataset, loader), read when asked for: row i is row i of `people`.
    people
        DataFrame indexed by row id; for a DataFrame x it is aligned by id.
    features
        p names or `Features`; taken from a DataFrame x when absent.
    outcome, outcome_kind
        a column (binary as 0/1, categorical, continuous), or `Survival(time, event)`.
    event
        of an outcome of two labels the one that is the event: `people` then holds it as 1.
    unit
        the column of the independent unit (person, donor); "row" says that each row is one.
    groups, strata, covariates, axes, weights, rater, prediction
        columns by role, one by its name alone; groups also as `Groups`, axes as `Axes`.
    split
        (column, level): only rows at `level`, the held-out ones, are audited.
    missing
        values of x that are not finite: "error", "drop" the rows, "median", or "keep" NaN for a
        model that takes it (recorded).
    join
        "exact", or "inner" to keep the rows that both x and people have (recorded).
    source
        where the data come from, with version and licence: a sentence for the record.

    Raises
    ------
    CohortError, GroupError, FeatureError
        naming the item, the count and the remedy.

    >>> people = pd.DataFrame({"sex": ["f", "m", "f"], "case": [0, 1, 1]}, index=["a", "b", "c"])
    >>> cohort = Cohort(np.eye(3), people, outcome="case", groups=["sex"])
    >>> cohort.n, cohort.outcome_kind, cohort.groups[0].levels
    (3, 'binary', ('f', 'm'))
    """

    x: reading.Held
    people: pd.DataFrame
    features: Features
    outcome: str | Survival | None
    outcome_kind: Kind | None
    unit: str | None
    groups: tuple[Groups, ...]
    strata: tuple[str, ...]
    covariates: tuple[str, ...]
    axes: tuple[Axes, ...]
    weights: str | None
    rater: str | None
    prediction: str | None
    split: tuple[str, str] | None
    flow: tuple[gone.Step, ...]
    notes: tuple[str, ...]
    """What was dropped, imputed or not shown: each a sentence for the report."""
    gaps: bool
    """Whether x holds NaN, which the model takes as it is (`missing="keep"`)."""
    event: str
    """The label that outcome 1 stands for, "" where the outcome was 0 and 1."""
    source: str

    def __init__(
        self,
        x: object,
        people: pd.DataFrame,
        features: Sequence[str] | Features | None = None,
        *,
        outcome: str | Survival | None = None,
        outcome_kind: Kind | None = None,
        event: str | float | None = None,
        unit: str | None = None,
        groups: Sequence[str | Groups] = (),
        strata: Sequence[str] = (),
        covariates: Sequence[str] = (),
        axes: Sequence[Axes] = (),
        weights: str | None = None,
        rater: str | None = None,
        prediction: str | None = None,
        split: tuple[str, str] | None = None,
        missing: Literal["error", "drop", "median", "keep"] = "error",
        join: Literal["exact", "inner"] = "exact",
        source: str = "",
    ) -> None:
        notes, table = list[str](), intake.people_table(people)
        groups, strata, covariates = intake.named(groups, strata, covariates, outcome=outcome)
        rows, values, named = intake.rows_of(x, table)
        keep = align.common(align.ids(table.index), rows) if join == "inner" else None
        lost = (0, 0) if keep is None else (len(rows) - len(keep), len(table) - len(keep))
        if keep is not None:
            notes += [intake.inner_note(rows, table, keep, groups)] if any(lost) else []
            rows, values = rows[keep], reading.take(values, keep)
        if join == "exact":
            align.no_extra(align.ids(table.index), rows)
        table = table.iloc[align.match(align.ids(table.index), rows, what="people")]
        columns = [c for c in (unit, weights, rater, prediction) if c is not None and c != "row"]
        columns += [*strata, *covariates, *([split[0]] if split else [])]
        columns += [outcome] if isinstance(outcome, str) else []
        columns += [outcome.time, outcome.event] if isinstance(outcome, Survival) else []
        intake.need_columns(table, columns + [g for g in groups if isinstance(g, str)])
        notes += missing_codes.told_missing(table, groups, columns)
        made = tuple(roles.grouping(g, table, rows) for g in groups)
        table, named_event = with_event(table, outcome, event, notes)
        if not len(rows):
            raise CohortError("the cohort has no rows; check join= and the ids of x and people")
        chosen = intake.split_rows(table, split, notes, unit=unit)
        names = intake.told_features(features, named, values, notes, rows)
        left = finite(values, names, missing, notes, chosen)
        index, own = np.flatnonzero(chosen & left.rows), intake.unit_names(table, unit)
        flow = gone.before(*lost, chosen, left.rows, own)
        _set(self, x=reading.take(left.values, index), features=names, gaps=left.gaps)
        _set(self, people=table.iloc[index], flow=flow, event=named_event)
        _set(self, outcome=outcome, groups=tuple(g.take(index) for g in made), unit=unit)
        _set(self, strata=tuple(strata), covariates=tuple(covariates), split=split, rater=rater)
        _set(self, axes=tuple(roles.axes_at(a, rows, index) for a in axes), weights=weights)
        _set(self, prediction=prediction, source=source)
        _set(self, outcome_kind=outcome_kind or kind_of(outcome, self.people))
        _check(self)
        _set(self, notes=(*notes, *doubtful(self.people, outcome, unit, self.groups)))

    from_anndata = classmethod(annotated.from_anndata)

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.people)

    @cached_property
    def rows(self) -> Text:
        """Row ids (n,) as text."""
        return align.ids(self.people.index)

    @cached_property
    def units(self) -> Int:
        """The independent unit of each row, (n,) codes in the sorted order of unit ids."""
        names = self.rows if self.unit in (None, "row") else self.people[self.unit].astype(str)
        codes: Int = np.unique(np.asarray(names, dtype=np.str_), return_inverse=True)[1]
        return codes.astype(np.int64)

    @property
    def u(self) -> int:
        """Number of independent units."""
        return int(self.units.max()) + 1

    @cached_property
    def order(self) -> Int:
        """Row positions in the sorted order of row ids: no answer depends on the order of rows."""
        order: Int = np.argsort(self.rows, kind="stable").astype(np.int64)
        return order

    @cached_property
    def y(self) -> Float:
        """The outcome (n,), NaN where unknown; categories as codes in sorted order."""
        if not isinstance(self.outcome, str):
            raise CohortError("the cohort has no outcome column; pass outcome= the column's name")
        return outcome_values(self.people[self.outcome], self.outcome_kind)

    @cached_property
    def stratum(self) -> Int:
        """The stratum of each row, (n,): the cross of the declared strata, sorted; -1 unknown."""
        return roles.crossed(self.people, self.strata)

    @cached_property
    def digest(self) -> str:
        """sha256 of ids, names and x, the same in whatever order the rows come."""
        state = sha256("\x1f".join(self.features.names).encode())
        state.update(str(tuple(self.x.shape[1:])).encode())
        state.update(reading.fingerprints(self.x, self.rows)[self.order].tobytes())
        return state.hexdigest()

    def grouping(self, by: str | Groups) -> Groups:
        """The grouping `by`: a declared one, any column of people, or a Groups aligned by id."""
        if isinstance(by, Groups):
            made = roles.grouping(by, self.people, self.rows)
        elif isinstance(by, str):
            declared = next((g for g in self.groups if g.name == by), None)
            if declared is None:
                intake.need_columns(self.people, [by])
            made = declared or roles.grouping(by, self.people, self.rows)
        else:
            raise GroupError(roles.no_grouping(by))
        roles.constant_in_unit(made, self.units)
        return made

    def dense(self, index: Int | Bool | slice = slice(None)) -> Float:
        """Rows of x as float64 (m, *s); CohortError where a sparse or lazy x would not fit."""
        return reading.dense(self.x, index)

    def blocks(self, size: int | None = None) -> Iterator[tuple[slice, Float]]:
        """All rows in their order, `size` at a time (by default 64 MB): where, and x (m, *s)."""
        for part, x in reading.blocks(self.x, size):
            yield part, np.asarray(x, dtype=np.float64)

    def columns(self, chosen: Sequence[int]) -> Float:
        """Some columns of x (n, *s), rows laid flat, as float64 (n, k), in one pass over them."""
        return reading.columns(self.x, chosen)

    def column(self, j: int) -> Float:
        """One column of x (n, p) as float64 (n,); a lazy x reads its neighbours in the pass."""
        if isinstance(self.x, np.ndarray):
            return self.columns([j])[:, 0]
        first, held = self.__dict__.get("_near", (0, np.empty((self.n, 0))))
        if not first <= j < first + held.shape[1]:
            many = max(1, 4 * reading.BLOCK // (8 * self.n))
            first = j // many * many
            held = self.columns(range(first, min(first + many, self.x.shape[1])))
            self.__dict__["_near"] = first, held
        return np.array(held[:, j - first])

    def take(self, index: Int | Bool) -> Cohort:
        """The same cohort with some of its rows."""
        at = np.arange(self.n)[index]
        return self.altered(
            x=reading.take(self.x, at), people=self.people.iloc[at],
            axes=tuple(a.take(at) for a in self.axes),
            groups=tuple(g.take(at) for g in self.groups),
        )  # fmt: skip

    def altered(self, **fields: object) -> Cohort:
        """The same people with other `fields`, such as x or groups; values are not checked again.

        Nothing that was computed of the old fields is kept. Raises CohortError for a name that is
        no field, and for fields that are not (n, ...).

        >>> people = pd.DataFrame({"sex": ["f", "m"]}, index=["a", "b"])
        >>> cohort = Cohort(np.eye(2), people, groups=["sex"])
        >>> cohort.altered(x=np.zeros((2, 2))).x.tolist()
        [[0.0, 0.0], [0.0, 0.0]]
        """
        known = self.__dataclass_fields__
        for name in fields:
            if name not in known:
                raise CohortError(f"a cohort has no {name!r}; its fields are {', '.join(known)}")
        made = object.__new__(Cohort)
        _set(made, **{name: fields.get(name, getattr(self, name)) for name in known})
        intake.same_length(made.n, made.x, made.groups, made.axes)
        return made

    def __repr__(self) -> str:
        return cards.told("Cohort", cards.cohort_facts(self))

    def _repr_html_(self) -> str:
        return cards.cohort_card(self)


def _set(record: object, **values: object) -> None:
    for name, value in values.items():
        object.__setattr__(record, name, value)


def _check(cohort: Cohort) -> None:
    if cohort.n == 0:
        raise CohortError('no row is left; all had values that are not finite (missing="drop")')
    if cohort.n == 1:
        raise CohortError("the cohort has one row; nothing can be compared")
    if cohort.unit is None:
        why = repeats.repeated_unit(cohort.people, cohort.rows, (*cohort.groups, cohort.outcome))
        if why:
            raise CohortError(f'{why}, or unit="row" if each row is a person of its own')
    elif cohort.unit != "row" and cohort.people[cohort.unit].isna().any():
        count = int(cohort.people[cohort.unit].isna().sum())
        raise CohortError(f"unit {cohort.unit!r} is missing in {count} rows; every row needs one")
    for groups in cohort.groups:
        roles.constant_in_unit(groups, cohort.units)
    names = [c for coded in cohort.features.indicators for c in coded.columns]
    held = cohort.columns([cohort.features.place[c] for c in names])
    for coded in cohort.features.indicators:
        check_states(coded, held, names)
