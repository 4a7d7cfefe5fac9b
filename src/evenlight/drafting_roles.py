"""What part a column of people may play, by its name and its values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from evenlight.data.number_cells import no_levels
from evenlight.data.shown import short

PEOPLE = ("patient", "subject", "donor", "person", "participant", "individual", "people")
ROWS = ("sample", "row", "record", "image", "barcode", "id")
GROUPS: tuple[tuple[str, ...], ...] = (
    ("ancestry", "race", "ethnicity", "population", "superpopulation", "ethnic"),
    ("sex", "gender"),
)
OUTCOMES: tuple[tuple[str, ...], ...] = (
    ("outcome", "case", "label", "diagnosis", "disease"),
    ("event", "status", "death", "died", "dead", "mortality"),
    ("target", "response", "y", "dose"),
)
TIMES = ("time", "days", "months", "followup", "survival", "duration")
STRATA = (
    *("site", "centre", "center", "hospital", "batch", "scanner", "clinic", "institution"),
    *("platform", "study"),
)
SPLITS = ("split", "part", "partition", "subset")
HELD = ("test", "held out", "holdout", "heldout", "testing", "validation")
RATERS = ("reader", "rater", "annotator", "radiologist")
PREDICTIONS = ("prediction", "predicted", "deployed")
HAD = ("1", "yes", "true", "case", "positive", "ill", "dead", "died", "event", "disease")

UNIT = (
    "cohort.unit", None,
    'name the column of donors or patients; "row" only if each row is a person of its own',
)  # fmt: skip

MOST_LEVELS = 12
"""Values of a grouping, at most."""

MOST_CLASSES = 20
"""Values of an outcome that is named as classes are: an age at diagnosis has more."""

LISTED = 8
"""Names in one line of a list."""

MOST_STRATA = 20
"""Values of a stratum, and of text that is an input, at most."""


@dataclass(frozen=True, slots=True)
class Guess:
    """A key of the plan, what it may be (None: a person must say), and why."""

    key: str
    value: str | int | float | tuple[str, ...] | None
    why: str


def guessed(
    people: pd.DataFrame, terms: Sequence[str], matrices: Sequence[str] = ()
) -> tuple[tuple[Guess, ...], tuple[str, ...]]:
    """Roles of columns, and the columns that have none; `terms` are those of a formula at hand.

    With `matrices` of an annotated matrix one of these is what the model sees: the rows have names,
    and who was sampled is never taken to be the row, which may be a cell.
    """
    taken: dict[str, None] = {}
    made = list(_roles(people, taken))
    if matrices:
        made = [one for one in made if one.key != "cohort.id" and one.value != "row"]
        unit = [] if any(one.key == "cohort.unit" for one in made) else [Guess(*UNIT)]
        made += [*unit, _matrix(matrices)]
    else:
        made += _inputs(people, terms, taken)
    return tuple(made), tuple(name for name in people.columns if name not in taken)


def _roles(people: pd.DataFrame, taken: dict[str, None]) -> Iterator[Guess]:
    yield from _identity(people, taken)
    yield _groups(people, taken)
    yield from _outcome(people, taken)
    strata = [n for n in _named(people, STRATA, taken) if 2 <= people[n].nunique() <= MOST_STRATA]
    if strata:
        yield _take(taken, "cohort.strata", tuple(strata), "named as sites and batches are")
    yield from _split(people, taken)
    for key, names in (("rater", RATERS), ("prediction", PREDICTIONS)):
        found = _named(people, names, taken)
        if found:
            yield _take(taken, f"cohort.{key}", found[0], "by its name")


def _identity(people: pd.DataFrame, taken: dict[str, None]) -> Iterator[Guess]:
    """Ids of rows, and who was sampled."""
    whole = [n for n in people.columns if people[n].notna().all() and not _measured(people[n])]
    persons = _named(people[whole], PEOPLE, taken)
    rows = [n for n in _named(people[whole], (*ROWS, *PEOPLE), taken) if people[n].is_unique]
    repeated = [name for name in persons if not people[name].is_unique]
    unique = [name for name in whole if name not in taken and _ids(people[name])]
    if rows:
        yield _take(taken, "cohort.id", rows[0], "each value is there once, by its name an id")
    elif unique:
        yield _take(taken, "cohort.id", unique[0], "text in one word, and each value is there once")
    else:
        yield Guess("cohort.id", None, "no column names the rows; without it they are numbered")
    if repeated:
        why = "people by its name, and some have several rows"
        yield _take(taken, "cohort.unit", repeated[0], why)
    else:
        yield Guess("cohort.unit", "row", "no column says that a person has several rows")


def _groups(people: pd.DataFrame, taken: dict[str, None]) -> Guess:
    found = [
        name
        for words in GROUPS
        for name in _named(people, words, taken)
        if 2 <= people[name].nunique() <= MOST_LEVELS
    ]
    if not found:
        why = "name the columns whose groups are compared, as ancestry and sex"
        return Guess("cohort.groups", None, why)
    return _take(taken, "cohort.groups", tuple(found), "groups of people by their names")


def _outcomes(people: pd.DataFrame, taken: dict[str, None]) -> list[str]:
    """Columns that are free and are named as outcomes are, of no more values than these have."""
    most = (MOST_CLASSES, MOST_CLASSES, len(people))
    return [
        name
        for words, levels in zip(OUTCOMES, most, strict=True)
        for name in _named(people, words, taken)
        if 2 <= people[name].nunique() <= levels
    ]


def _outcome(people: pd.DataFrame, taken: dict[str, None]) -> Iterator[Guess]:
    found = _outcomes(people, taken)
    if not found:
        yield Guess("cohort.outcome", None, "name the column that the model should tell")
        return
    name = found[0]
    values = people[name].dropna()
    yield _take(taken, "cohort.outcome", name, "the first column named as outcomes are")
    times = [n for n in _named(people, TIMES, taken) if _positive(people[n])]
    if times and name in _named(people, OUTCOMES[1], {}) and set(values.unique()) <= {0, 1}:
        yield _take(taken, "cohort.time", times[0], "how long each was followed, by its name")
        return
    labels = sorted(values.astype(str).unique())
    if len(labels) != 2 or pd.api.types.is_numeric_dtype(values):
        return
    had = [label for label in labels if label.casefold() in HAD]
    if len(had) == 1:
        yield Guess("cohort.event", had[0], "of the two labels the one that names an event")
    else:
        yield Guess("cohort.event", None, "say which of the two labels of the outcome is the event")


def _split(people: pd.DataFrame, taken: dict[str, None]) -> Iterator[Guess]:
    """The rows that were held out."""
    for name in _named(people, SPLITS, taken):
        levels = [str(level) for level in people[name].dropna().unique()]
        held = [level for level in levels if level.casefold().replace("-", " ") in HELD]
        if held and len(levels) > 1:
            why = "the rows that were held out, by name and value"
            yield _take(taken, "cohort.split", (name, held[0]), why, (name,))
            return
    why = "name the column and value of held-out rows, if the model was trained on others"
    yield Guess("cohort.split", None, why)


def _inputs(people: pd.DataFrame, terms: Sequence[str], taken: dict[str, None]) -> list[Guess]:
    """What the model sees: the terms of its formula, or all that is left and can be an input."""
    named = [n for n in people.columns if any(t == n or t.startswith(f"{n} ") for t in terms)]
    ids = _named(people, ("id", *PEOPLE), taken)
    free = [name for name in people.columns if name not in taken and name not in ids]
    left = [name for name in free if _input(people[name])]
    others = [] if named else [name for name in _outcomes(people, taken) if name in left]
    taken |= dict.fromkeys(others)
    chosen = tuple(named or (name for name in left if name not in others))
    if not chosen:
        why = f"name the columns that the model sees{_left_out(others)}"
        return [Guess("cohort.features", None, why)]
    why = "all that is left: keep what the model sees" + _left_out(others)
    why = "terms of the formula" if named else why
    made = [_take(taken, "cohort.features", chosen, why)]
    lacking = [name for name in chosen if people[name].isna().any()]
    if lacking:
        first = short(lacking[0], 40)
        why = f"features with missing values: {len(lacking)}, first {first}; drop, median or keep"
        made.append(Guess("cohort.missing", None, why))
    return made


def _left_out(names: Sequence[str]) -> str:
    """The end of a reason that tells which columns were left out as outcomes.

    >>> _left_out(["died", "case"])
    '; left out, as they are named as outcomes are: died, case'
    """
    shown = ", ".join(short(name, 40) for name in names[:LISTED])
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    word = "it is" if len(names) == 1 else "they are"
    return f"; left out, as {word} named as outcomes are: {shown}{more}" if names else ""


def _matrix(matrices: Sequence[str]) -> Guess:
    """Which matrix the model sees."""
    if len(matrices) == 1:
        return Guess("cohort.layer", matrices[0], "the only matrix")
    shown = ", ".join(short(name, 40) for name in matrices)
    return Guess("cohort.layer", None, f"name the matrix that the model was trained on: {shown}")


def _take(
    taken: dict[str, None],
    key: str,
    value: str | tuple[str, ...],
    why: str,
    columns: tuple[str, ...] | None = None,
) -> Guess:
    own = (value,) if isinstance(value, str) else value
    taken |= dict.fromkeys(own if columns is None else columns)
    return Guess(key, value, why)


def _named(people: pd.DataFrame, words: Sequence[str], taken: dict[str, None]) -> list[str]:
    """Columns that are not taken and have one of the words in their name, by the order of words.

    >>> _named(pd.DataFrame(columns=["PatientID", "self_reported_race", "trace"]), ("race",), {})
    ['self_reported_race']
    """
    free = [str(name) for name in people.columns if name not in taken]
    parts = {name: _words(name) for name in free}
    return list(dict.fromkeys(n for word in words for n in free if word in parts[n]))


def _words(name: str) -> list[str]:
    """The words of a name.

    >>> _words("PatientID_2"), _words("follow-up time")
    (['patient', 'id', '2'], ['follow', 'up', 'time'])
    """
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return re.sub(r"[\W_]+", " ", apart).casefold().split()


def _ids(column: pd.Series) -> bool:
    """Whether a column of no missing value may name the rows: one word each, and no two alike."""
    if pd.api.types.is_numeric_dtype(column) or not column.is_unique or no_levels(column):
        return False
    return bool(column.astype(str).str.fullmatch(r"\S+").all())


def _measured(column: pd.Series) -> bool:
    return bool(pd.api.types.is_float_dtype(column))


def _positive(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and bool((column.dropna() >= 0).all())


def _input(column: pd.Series) -> bool:
    """Whether a model can see it: numbers that vary, or text of few values."""
    levels = column.nunique()
    return levels >= 2 and (pd.api.types.is_numeric_dtype(column) or levels <= MOST_STRATA)
