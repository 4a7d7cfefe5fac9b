"""What a figure is given, an AnnData or a record, becomes the record that it draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from evenlight import codec
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.data.nearest import hint
from evenlight.errors import InputError, UnknownName
from evenlight.measures.comparison import Comparison
from evenlight.measures.mapped import MapComparison
from evenlight.measures.prepare import as_variables
from evenlight.measures.reliance import Reliance
from evenlight.modalities import annotated_results as results

KEY = "evenlight"
"""Where `ev.tl` keeps results unless another key is named."""

Record = TypeVar("Record", Comparison, Reliance)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which kept record is meant: what groups people, cell types that weigh alike, and the key.

    `symbols` is a column of adata.var by whose names its features are shown.
    """

    groupby: str | None
    cell_type: str | None
    key: str
    symbols: str | None = None


def comparison_of(data: Any, asked: Asked) -> Comparison:
    """The comparison given, or the one that `ev.tl.compare` kept."""
    if isinstance(data, Comparison):
        return _of_grouping(data, asked)
    _need_adata(data, "a Comparison (ev.compare)")
    return _kept(Comparison, data, asked, ("comparison", "compare"))


def reliance_of(data: Any, asked: Asked) -> Reliance:
    """The reliance given, or the one that `ev.tl.rely` kept."""
    if isinstance(data, Reliance):
        return _of_grouping(data, asked)
    _need_adata(data, "a Reliance (ev.rely)")
    return _kept(Reliance, data, asked, ("reliance", "rely"))


def attributed(
    data: Any, cohort: Cohort | None, key: str, rows: str | Path | None
) -> tuple[Attributions, Cohort]:
    """Attributions of every row and variable with their cohort, in its order."""
    if isinstance(data, Attributions):
        if cohort is None:
            raise InputError("attributions name no people; pass cohort= what they were made of")
        return as_variables(data.at(cohort), cohort)[0], cohort
    _need_adata(data, "Attributions (ev.explain) with cohort=")
    from evenlight import tl  # it explains, and so loads torch; a record is drawn without

    here = tl.cohort(data, key=key) if cohort is None else cohort
    return as_variables(tl.attributions(data, key=key, rows=rows).at(here), here)[0], here


def shown_names(data: Any, key: str, symbols: str | None) -> dict[str, str]:
    """By the name of a feature that by which a column of adata.var shows it; {} without a column.

    InputError where there is no adata.
    """
    if symbols is None:
        return {}
    if not is_adata(data):
        raise InputError(
            "gene_symbols= names a column of adata.var; pass adata, or rename the features that "
            "were compared: evenlight.renamed(cohort, table)"
        )
    return results.symbols_of(data, key, symbols)


def own_name(name: str | None, shown: Mapping[str, str]) -> str | None:
    """The name of the feature that is shown as `name`; any other as it is.

    >>> own_name("VKORC1", {"ENSG00000167397": "VKORC1"}), own_name("age", {})
    ('ENSG00000167397', 'age')
    """
    found = {told: own for own, told in shown.items()}
    return name if name is None or name in shown else found.get(name, name)


def is_adata(data: Any) -> bool:
    """Whether it has what an AnnData has."""
    return all(hasattr(data, name) for name in ("obs", "var", "uns", "obsm"))


def known(name: object, names: Sequence[str], what: str) -> str:
    """The name, if it is among `names`; else UnknownName with the nearest one."""
    if name in names:
        return str(name)
    some = f", such as {names[0]!r}" if names else ""
    there = hint(str(name), [str(n) for n in names], f"there are {len(names)}{some}")
    raise UnknownName(f"{name!r} is no {what}{there}")


def contrast_of(
    record: Comparison | MapComparison, contrast: tuple[str, str] | None
) -> tuple[str, str]:
    """The contrast asked for; the only one where none is named."""
    if contrast is not None:
        level, reference = contrast
        record.contrast(level, reference)
        return level, reference
    if len(record.contrasts) > 1:
        raise InputError(
            f"{record.grouping} has {len(record.contrasts)} contrasts; name one with contrast=, "
            f"such as {record.contrasts[0]!r}; known: {record.contrasts}"
        )
    return record.contrasts[0]


def grouping_of(cohort: Cohort, groupby: str | None) -> Groups:
    """The grouping named, or the only one that the cohort declares."""
    if groupby is not None:
        columns = list(map(str, cohort.people.columns))
        return cohort.grouping(
            known(groupby, [*(g.name for g in cohort.groups), *columns], "grouping or column")
        )
    if len(cohort.groups) != 1:
        names = [g.name for g in cohort.groups]
        raise InputError(f"the cohort declares {len(names)} groupings {names}; name one: groupby=")
    return cohort.groups[0]


def _of_grouping(record: Record, asked: Asked) -> Record:
    if asked.groupby not in (None, record.grouping):
        raise UnknownName(f"the record is by {record.grouping!r}, not by {asked.groupby!r}")
    shown_names(record, asked.key, asked.symbols)
    if asked.cell_type is not None:
        raise InputError(
            "cell_type= says which of the records that adata keeps is drawn; a record that is "
            "passed is drawn as it is: leave cell_type= out"
        )
    return record


def _need_adata(data: Any, record: str) -> None:
    if not is_adata(data):
        raise InputError(f"found a {type(data).__name__}; wanted an AnnData or {record}")


def _kept(record: type[Record], data: Any, asked: Asked, names: tuple[str, str]) -> Record:
    """The record kept; where there is none, the error ends with the call that makes it."""
    kind, verb = names
    try:
        held = results.recall(data, asked.key, kind, asked.groupby, cell_type=asked.cell_type)
    except UnknownName as error:
        if "ev.tl." in str(error) or "groupby=" in str(error):
            raise
        by = repr(asked.groupby) if asked.groupby else "a column of obs"
        own = "" if asked.cell_type is None else f", cell_type={asked.cell_type!r}"
        own += "" if asked.key == KEY else f", key={asked.key!r}"
        way = ", or" if "cell_type=" in str(error) else "; name a known one, or"
        raise UnknownName(f"{error}{way} call ev.tl.{verb}(adata, groupby={by}{own})") from error
    made = codec.restore(record, held)
    shown = shown_names(data, asked.key, asked.symbols)
    return replace(made, subjects=tuple(shown.get(name, name) for name in made.subjects))
