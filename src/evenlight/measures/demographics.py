"""What a cohort reports about ancestry, ethnicity, geography, sex and age, and how complete."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Int, Text
from evenlight.data.cohort import Cohort
from evenlight.data.training import TrainingSummary
from evenlight.data.units import unit_codes
from evenlight.errors import InputError
from evenlight.measures.age_bands import BANDS, band_codes, doubts, years
from evenlight.measures.check import place_of
from evenlight.measures.demographic import (
    AGAINST,
    FIELDS,
    TOLD,
    TRAINED,
    Demographics,
    Parts,
    Reported,
)
from evenlight.measures.from_training import Distances, distances
from evenlight.measures.target_people import column_hint, target_of
from evenlight.small_groups import hidden_text, least_shown
from evenlight.stats.binomial import exact
from evenlight.stats.disclosure import left_counts, shown_counts, suppressed_counts
from evenlight.stats.intervals import quantile_interval
from evenlight.stats.shares import against

UNKNOWN_WHY = "no label is known"
NO_TARGET = "no target was declared"
NO_NUMBER = "no number"

Target = Mapping[str, Mapping[str, float]] | pd.DataFrame
"""Field to the share of each of its levels; or a table with columns field, level, share."""


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """One field of a cohort: levels and the code of each unit (u,), -1 unknown; numbers if any."""

    name: str
    column: str
    source: str
    levels: tuple[str, ...]
    codes: Int
    numbers: Float | None = None


def demographics(
    cohort: Cohort,
    *,
    fields: Mapping[str, str] | None = None,
    target: Target | None = None,
    training: TrainingSummary | Cohort | None = None,
    alpha: float = 0.05,
) -> Demographics:
    """What is reported of the people of a cohort, in independent units.

    Parameters
    ----------
    fields
        which column (or declared grouping) reports what: {"ancestry": "race", "age": "age"}. Of
        the fields ancestry, ethnicity, geography, sex, gender and age those that are not named are
        said to be so; a column that may be one is proposed, never used.
    target
        a declared target population: for a field, the share of each level; they add up to 1. A
        level of the cohort that the target lacks is an error, not a share of 0. Bands of age are
        written "0-17", "18-39", "65+"; without a target these are 0, 18, 40, 65 and 80 years.
    training
        the training people, or their summary: how far each level is from them. A summary has
        moments only, so that how training was composed cannot be told of it.
    alpha
        one minus the coverage of the limits that hold together within a field.

    Raises
    ------
    InputError, UnknownName, CohortError
        for a field that is not known, a column that is not there, a target that is no set of
        shares or lacks a level, training people of other features.

    >>> people = pd.DataFrame({"sex": ["f"] * 30 + ["m"] * 70}, index=[f"p{i}" for i in range(100)])
    >>> cohort = Cohort(np.eye(100), people, unit="row")
    >>> made = demographics(cohort, fields={"sex": "sex"}, target={"sex": {"f": 0.5, "m": 0.5}})
    >>> made.parts.word.tolist(), made.parts.ratio.tolist()
    (['below', 'above'], [0.6, 1.4])
    """
    named = _named(fields)
    for field in named:
        place_of(field, FIELDS, "field")
    wanted = target_of(target, named)
    read = [_read(cohort, name, named[name], wanted.get(name)) for name in FIELDS if name in named]
    told = [_told(cohort, one, wanted.get(one.name), alpha) for one in read]
    apart = distances(cohort, training, read, alpha=alpha)
    notes = [note for one in read if one.numbers is not None for note in doubts(cohort, one.column)]
    notes += [note for found in apart[:1] for note in found.notes]
    if cohort.weights:
        notes.append(
            f"Shares are those of the people as they were sampled; weights ({cohort.weights}) were "
            "not applied."
        )
    return Demographics(
        cohort.u,
        alpha,
        _reported(cohort, read, told),
        _parts(read, told, apart),
        np.array([_rounded(told, read, name) for name in _order(read)], dtype=np.int64),
        apart[0].of if apart else "",
        tuple(notes),
    )


def _named(fields: object) -> dict[str, str]:
    """The column of each field; InputError where they are no mapping of text to text."""
    if fields is None:
        return {}
    if isinstance(fields, Mapping) and all(isinstance(column, str) for column in fields.values()):
        return {str(field): column for field, column in fields.items()}
    raise InputError(
        f"fields is {fields!r:.80}; name the column that reports each field, as "
        f'fields={{"ancestry": "race"}}; the fields are {", ".join(FIELDS)}'
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Told:
    """What is told of one field: of the whole, and (k,) of each level."""

    known: float
    rounded: bool
    levels: tuple[str, ...]
    columns: Mapping[str, Float | Text]


def _read(cohort: Cohort, name: str, column: str, target: Mapping[str, float] | None) -> Field:
    """The levels of a field and the code of each unit."""
    declared = [groups.name for groups in cohort.groups]
    if name == "age" and column not in declared:
        numbers = years(cohort, column)
        if numbers is not None:
            levels, codes = band_codes(numbers, tuple(target or BANDS))
            return Field(name, column, "record", levels, codes, numbers)
    groups = cohort.grouping(column)
    codes = unit_codes(groups.codes, cohort.units)
    return Field(name, column, groups.source, groups.levels, codes)


def _told(cohort: Cohort, one: Field, target: Mapping[str, float] | None, alpha: float) -> _Told:
    """Counts, shares and what they are against a target, of counts as they may be shown."""
    levels = _levels(one, target)
    counts = np.bincount(one.codes + 1, minlength=len(levels) + 1)
    shown, reason, rounded = suppressed_counts(counts, smallest=least_shown())
    total = np.array([cohort.u])
    left = left_counts(np.array([(one.codes >= 0).sum()]), total, smallest=least_shown())
    known = min(float(shown_counts(left, rounded=rounded)[0]), float(cohort.u))
    hidden = reason[1:].astype(object)
    if 0 < known < least_shown():
        known, hidden[:] = np.nan, hidden_text()
    if not known > 0:
        hidden[hidden == ""] = UNKNOWN_WHY
    n = np.where(hidden == "", shown[1:], np.nan)
    wanted = np.array([target.get(level, 0.0) if target else np.nan for level in levels])
    columns = _against(n, known, wanted, cohort.u, alpha)
    columns |= {"n": n, "reason": hidden.astype(np.str_)}
    columns["why"] = _why(hidden, wanted)
    return _Told(known, rounded, levels, columns)


def _levels(one: Field, target: Mapping[str, float] | None) -> tuple[str, ...]:
    """Levels of the cohort, then those that the target alone has."""
    if target is None:
        return one.levels
    strange = [level for level in one.levels if level not in target]
    if one.numbers is None and strange:
        raise InputError(
            f"{one.name}: the target has no share for {strange[:5]}, levels of {one.column!r}; it "
            f"has {list(target)[:8]}: give each level its share (0 if nobody), or merge levels"
        )
    return (*one.levels, *(level for level in target if level not in one.levels))


def _why(hidden: np.ndarray, target: Float) -> Text:
    """Why nothing is told against the target."""
    why = np.where(hidden == "", np.where(np.isnan(target), NO_TARGET, ""), hidden).astype(object)
    why[(why == "") & (target == 0)] = "the target's share is 0, which has no ratio"
    return why.astype(np.str_)


def _against(
    n: Float, known: float, target: Float, total: int, alpha: float
) -> dict[str, Float | Text]:
    """Shares with limits, and against the target, each (k,)."""
    asked = np.isfinite(target) & np.isfinite(n)
    whole = known if np.isfinite(known) else 0.0
    made = against(n, np.nan_to_num(target), whole=whole, alpha=alpha)
    word = np.full(len(n), "cannot_tell", dtype=object)
    word[made.high < target], word[made.low > target] = "below", "above"
    word[~asked] = np.where(np.isfinite(target[~asked]), "not_estimable", "")
    unknown = total - whole
    least, most = n / total, (n + unknown) / total
    stands = ((word == "below") & (most < target)) | ((word == "above") & (least > target))
    holds = np.where(np.isin(word, ("below", "above")), np.where(stands, "yes", "no"), "")
    some = np.where(asked, target, np.nan)
    return {
        **dict(zip(TOLD, (made.share, made.low, made.high), strict=True)),
        "target": target,
        "difference": made.share - some,
        "difference_low": made.low - some,
        "difference_high": made.high - some,
        "ratio": np.divide(made.share, some, out=np.full(len(n), np.nan), where=some > 0),
        "p": np.where(asked, made.p, np.nan),
        "word": word.astype(np.str_),
        "holds": holds.astype(np.str_),
    }


def _order(read: list[Field]) -> list[str]:
    """Fields that were named, then the others."""
    own = [one.name for one in read]
    return own + [name for name in FIELDS if name not in own]


def _rounded(told: list[_Told], read: list[Field], name: str) -> int:
    own = [made.rounded for one, made in zip(read, told, strict=True) if one.name == name]
    return int(any(own))


def _reported(cohort: Cohort, read: list[Field], told: list[_Told]) -> Reported:
    """One entry a field."""
    names, f = _order(read), len(_order(read))
    known = np.array([made.known for made in told] + [np.nan] * (f - len(read)))
    low, high = exact(known / cohort.u, np.full(f, cohort.u), 0.05)
    asked = np.isfinite(known)
    few = hidden_text()
    why = [few if not made.known >= 0 else "" for made in told]
    why += ["no column was named"] * (f - len(read))
    middles = [_middle(one) for one in read] + [(np.nan,) * 3] * (f - len(read))
    own = [one.column for one in read]
    hints = [column_hint(cohort, name, own) for name in names[len(read) :]]
    middle = [np.array([m[i] for m in middles]) for i in range(3)]
    return Reported(
        field=tuple(names),
        column=(*own, *[""] * len(hints)),
        source=(*[one.source for one in read], *[""] * len(hints)),
        hint=(*[""] * len(read), *hints),
        known=known,
        share=known / cohort.u,
        low=np.where(asked, low, np.nan),
        high=np.where(asked, high, np.nan),
        reason=np.array(why, dtype=np.str_),
        middle=middle[0],
        middle_low=middle[1],
        middle_high=middle[2],
        middle_reason=np.where(np.isfinite(middle[0]), "", NO_NUMBER),
    )


def _middle(one: Field) -> tuple[float, ...]:
    """The median of a number with its limits, of 22 people or more."""
    if one.numbers is None:
        return (np.nan,) * 3
    known = one.numbers[np.isfinite(one.numbers)]
    return (np.nan,) * 3 if len(known) < 2 * least_shown() else quantile_interval(known, 0.5)


def _parts(read: list[Field], told: list[_Told], apart: list[Distances]) -> Parts:
    """One entry a level, over all fields."""
    names = ("n", *TOLD, "reason", "target", *AGAINST, "word", "holds", "why")
    columns = {name: [made.columns[name] for made in told] for name in names}
    joined = {name: _joined(own, name) for name, own in columns.items()}
    sizes = [len(made.levels) for made in told]
    trained = {name: [] for name in (*TRAINED, "training_share", "training_why")}  # type: ignore[var-annotated]
    for made, found in zip(told, apart, strict=True):
        for name, values in found.at(made.levels).items():
            trained[name].append(values)
    return Parts(
        field=np.repeat(np.arange(len(read)), sizes).astype(np.int64),
        level=tuple(level for made in told for level in made.levels),
        **joined,
        **{name: _joined(own, name) for name, own in trained.items()},
    )


def _joined(own: list[Float | Text], name: str) -> np.ndarray:
    """Columns of all fields, one after the other."""
    if own:
        return np.concatenate(own)
    words = name in ("reason", "why", "word", "holds", "training_why")
    return np.zeros(0, dtype=np.str_ if words else np.float64)
