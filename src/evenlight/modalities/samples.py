"""The samples of a file, and people's own table joined to them by id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from evenlight.arrays import Int, Text
from evenlight.data import align, intake
from evenlight.data.archives import check_packed
from evenlight.data.groups import MISSING, Groups
from evenlight.data.missing_codes import shown_count
from evenlight.errors import CohortError
from evenlight.modalities.sites import or_none

SEXES = {
    **dict.fromkeys(("1", "m", "male", "man", "men"), "male"),
    **dict.fromkeys(("2", "f", "female", "woman", "women"), "female"),
}
"""Sex as PLINK and people write it, compared without case."""

PEDIGREE = ("FID", "IID", "father", "mother", "sex")


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """Positions (n,) in the file of the rows that stay, and their people by row id."""

    at: Int
    people: pd.DataFrame
    notes: tuple[str, ...]


def sex_of(column: pd.Series) -> pd.Series:
    """Sex (n,) as male or female, from codes 1 and 2 or words; None for what is neither.

    >>> sex_of(pd.Series(["1", "F", "0"])).tolist()
    ['male', 'female', None]
    """
    text = [str(v).removesuffix(".0").strip().casefold() for v in column]
    return pd.Series([SEXES.get(t) for t in text], index=column.index, dtype=object)


def phenotype_of(column: pd.Series, notes: list[str]) -> pd.Series | None:
    """A phenotype of PLINK as numbers or labels, None where nothing is known.

    -9 is missing. 1 and 2 alone (with 0 for missing) are controls and cases and become 0 and 1.
    """
    text = column.astype(str).str.strip()
    bare = text.str.removesuffix(".0").str.casefold()
    known = ~bare.isin(MISSING)
    number = pd.to_numeric(text.where(known), errors="coerce")
    if (number.isna() & known).any():
        return or_none(text, known)
    levels = set(number.dropna().unique().tolist())
    if not levels - {0.0}:
        return None
    if levels <= {0.0, 1.0}:
        notes.append(
            f"Column {column.name!r} holds 0 and 1, which to PLINK are missing and control: it was "
            "left out; hand it over in people."
        )
        return None
    if levels <= {0.0, 1.0, 2.0}:
        notes.append(f"Column {column.name!r}: 2 is a case (1 here), 1 a control (0), 0 missing.")
        coded: pd.Series = number.where(number > 0) - 1
        return coded
    return number


def pedigree_people(samples: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """What a file tells of its people, of what is known of anybody: family, parents, sex, others.

    A note counts who shares a family or has a parent here: relatives are not independent.
    """
    people = pd.DataFrame(index=samples.index)
    families = samples["FID"].where(samples["FID"] != samples["IID"])
    if families.notna().any():
        people["family"] = samples["FID"]
    for name in ("father", "mother", "sex"):
        if samples[name].notna().any():
            people[name] = samples[name]
    for name in [c for c in samples.columns if c not in PEDIGREE]:
        own = phenotype_of(samples[name], notes)
        if own is not None:
            people[name] = own
    sharing = int(families[samples["FID"].duplicated(keep=False)].notna().sum())
    born = (samples["father"].isin(samples["IID"]) | samples["mother"].isin(samples["IID"])).sum()
    if sharing or born:
        notes.append(
            f"{shown_count(sharing)} people share a family id and {shown_count(int(born))} have a "
            "parent among the people: relatives are not independent (see relatives, and families= "
            "of genotype_axes)."
        )
    return people


def read_people(people: pd.DataFrame | str | Path | None, id: str) -> pd.DataFrame | None:
    """A table of people indexed by id as text, None for None.

    `id` names its column of ids (IID, FID_IID or any); without such a column its index holds them.
    """
    if people is None:
        return None
    table = people if isinstance(people, pd.DataFrame) else _table_at(Path(people), id)
    known = id in table.columns or {"FID", "IID"} <= set(table.columns)
    if not known and isinstance(table.index, pd.RangeIndex):
        raise CohortError(
            f"the table of people has no column {id!r} and no ids as index; name its column of "
            f"ids with id=, one of {', '.join(map(str, table.columns[:12]))}"
        )
    return _by_id(table, id)


def joined(
    samples: pd.DataFrame,
    people: pd.DataFrame | None,
    *,
    id: str,
    join: str,
    groups: Sequence[str | Groups] = (),
) -> Joined:
    """The people of a file with their own table, matched by id, in the order of the file.

    `samples` holds FID, IID, father, mother, sex and phenotypes; what `people` has of the same name
    stands. Raises CohortError, with counts and positions, where ids are missing, extra or repeated,
    or where file and table disagree on sex; `join="inner"` keeps those that both have.
    """
    if join not in ("exact", "inner"):
        raise CohortError(f'join={join!r}; wanted "exact" or "inner"')
    rows = _file_ids(samples, id)
    notes: list[str] = []
    told = pedigree_people(samples, notes).set_axis(pd.Index(rows.tolist(), dtype=object), axis=0)
    if people is None:
        return Joined(np.arange(len(rows), dtype=np.int64), told, tuple(notes))
    have = _unique(pd.Series(people.index.astype(str)), "the table of people")
    at = align.common(have, rows)
    if join == "exact":
        _all_there(rows, have, at, samples, id)
    elif len(at) < max(len(rows), len(have)):
        notes.append(intake.inner_note(rows, people.set_axis(have, axis=0), at, groups))
    if not len(at):
        raise CohortError(
            f"nobody is in the file and in the table of people{_other(samples, have, id)}"
        )
    table = people.set_axis(pd.Index(have.tolist(), dtype=object), axis=0).loc[rows[at].tolist()]
    table = table.rename(columns={c: "sex" for c in table.columns if str(c).casefold() == "sex"})
    _same_sex(told.iloc[at], table)
    own = told.iloc[at].drop(columns=[c for c in told.columns if c in table.columns])
    return Joined(at, pd.concat([table, own], axis=1), tuple(notes))


def _table_at(path: Path, id: str) -> pd.DataFrame:
    """A table of people from a file, its ids as text."""
    if not path.is_file():
        raise CohortError(f"there is no table of people {path.name!r}")
    check_packed(path)
    parted = {".csv": ",", ".tsv": "\t"}.get(path.suffix, r"\s+")
    try:
        table = pd.read_csv(path, sep=parted, dtype=dict.fromkeys(_ids(id), str))
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise CohortError(f"the table of people {path.name!r} is no table: {error}") from None
    return table.set_axis(table.columns.astype(str).str.removeprefix("#"), axis=1)


def _ids(id: str) -> set[str]:
    return {id, f"#{id}", "FID", "IID", "#FID", "#IID"}


def _by_id(table: pd.DataFrame, id: str) -> pd.DataFrame:
    if id in table.columns:
        return table.set_index(table[id].astype(str))
    if id == "FID_IID" and {"FID", "IID"} <= set(table.columns):
        return table.set_index(table["FID"].astype(str) + "_" + table["IID"].astype(str))
    return table


def _file_ids(samples: pd.DataFrame, id: str) -> Text:
    """The ids (n,) of a file's samples that are matched: FID_IID, else IID."""
    if id == "FID_IID":
        return _unique(samples["FID"] + "_" + samples["IID"], "the file")
    return _unique(samples["IID"], "the file", hint=' (id="FID_IID" if families have their own)')


def _unique(ids: pd.Series, where: str, hint: str = "") -> Text:
    twice = int(ids.duplicated().sum())
    if twice:
        raise CohortError(
            f"{twice} of {len(ids)} ids of {where} occur more than once, first at position "
            f"{int(ids.duplicated().to_numpy().argmax())}; give each row an id of its own{hint}"
        )
    return np.asarray(ids.astype(str), dtype=np.str_)


def _all_there(rows: Text, have: Text, at: Int, samples: pd.DataFrame, id: str) -> None:
    """Raise CohortError where file and table do not hold the same ids."""
    if len(at) == len(rows) == len(have):
        return
    lost = np.setdiff1d(np.arange(len(rows)), at)
    first = f" (first at positions {lost[:3].tolist()})" if len(lost) else ""
    raise CohortError(
        f"{len(lost)} of {len(rows)} samples of the file are not in the table of people{first}, "
        f"and {len(have) - len(at)} of {len(have)} people of the table are not in the file; give "
        f'the same people, or say join="inner" to keep the common ones{_other(samples, have, id)}'
    )


def _other(samples: pd.DataFrame, have: Text, id: str) -> str:
    """How many ids the other way of naming a sample would match, where that is more."""
    both = samples["FID"] + "_" + samples["IID"]
    other = ("IID", samples["IID"]) if id == "FID_IID" else ("FID_IID", both)
    many = int(np.isin(have, other[1].to_numpy(dtype=np.str_)).sum())
    mine = int(np.isin(have, (both if id == "FID_IID" else samples["IID"]).to_numpy(np.str_)).sum())
    return f'; id="{other[0]}" would match {many}' if many > mine else ""


def _same_sex(told: pd.DataFrame, table: pd.DataFrame) -> None:
    """Raise CohortError where the file and the table of people know another sex."""
    if "sex" not in told or "sex" not in table:
        return
    file, own = told["sex"].to_numpy(), sex_of(table["sex"]).to_numpy()
    both = pd.notna(file) & pd.notna(own)
    other = int((file[both] != own[both]).sum())
    if other:
        raise CohortError(
            f"file and table of people disagree on the sex of {other} of {int(both.sum())} people; "
            "correct one of them (1 and 2 are male and female), or rename the table's column"
        )
