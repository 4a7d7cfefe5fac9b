"""Results inside an annotated matrix: what was found in .uns, one number a gene in .varm.

Everything is of types that `write_h5ad` and `write_zarr` keep: text, numbers, dictionaries of them
and tables. A record is kept as one JSON text, so that it reads back without loss.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pandas as pd

from evenlight.data.nearest import hint
from evenlight.data.outcome import Survival
from evenlight.errors import CohortError, InputError, UnknownName

SCHEMA = "urn:evenlight:annotated:1"
"""Name and version of what stands in .uns."""

KINDS = ("comparison", "reliance")
"""Records that are kept by grouping."""

ALIKE = " at the same shares of "
"""What stands between the grouping of a record and the cell types that weigh alike in it."""


def begin(adata: Any, key: str, *, roles: Mapping[str, Any], explained: Mapping[str, Any]) -> None:
    """Put a fresh dictionary in adata.uns[key] and take away what stood in .varm[key].

    `roles` are the arguments of `Cohort.from_anndata`, `explained` plain facts of the attributions.
    Raises CohortError for a view, and InputError for roles that are no names of columns.
    """
    if getattr(adata, "is_view", False):
        raise CohortError("adata is a view, which keeps no results; take adata = adata.copy()")
    made = json.dumps({name: _named(name, value) for name, value in roles.items()}, sort_keys=True)
    told = {k: v for k, v in explained.items() if isinstance(v, str | int | float)}
    empty: dict[str, Any] = {kind: {} for kind in KINDS}
    adata.uns[key] = {"schema": SCHEMA, "roles": made, "explained": told, **empty}
    if key in adata.varm:
        del adata.varm[key]


def _named(name: str, value: Any) -> Any:
    """A role as plain data."""
    if isinstance(value, Survival):
        return {"time": value.time, "event": value.event}
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, list | tuple) and all(isinstance(v, str) for v in value):
        return list(value)
    raise InputError(
        f"{name} is a {type(value).__name__}, which adata cannot remember; add it to obs (or obsm, "
        "for axes) and name it"
    )


def roles_of(adata: Any, key: str) -> dict[str, Any]:
    """The arguments of `Cohort.from_anndata` that were remembered; UnknownName without any."""
    roles: dict[str, Any] = json.loads(_stored(adata, key)["roles"])
    if isinstance(roles.get("outcome"), Mapping):
        roles["outcome"] = Survival(**roles["outcome"])
    if roles.get("split") is not None:
        roles["split"] = tuple(roles["split"])
    return roles


def _stored(adata: Any, key: str) -> dict[str, Any]:
    held = adata.uns.get(key)
    if not isinstance(held, Mapping) or held.get("schema") != SCHEMA:
        raise UnknownName(
            f"adata.uns has no results of evenlight under {key!r}; call "
            f"ev.tl.explain(adata, model, key_added={key!r}) first"
        )
    return dict(held)


def named(grouping: str, cell_type: str | None = None) -> str:
    """The name of a result: what groups people, and the cell types that weigh alike in it.

    >>> named("ancestry"), named("ancestry", "cell_type")
    ('ancestry', 'ancestry at the same shares of cell_type')
    """
    return grouping if cell_type is None else f"{grouping}{ALIKE}{cell_type}"


def keep(
    adata: Any, key: str, kind: str, record: Mapping[str, Any], *, cell_type: str | None = None
) -> None:
    """Keep a record's plain data under its kind and its name (`named`)."""
    held = _stored(adata, key)
    own = dict(held.get(kind, {}))
    own[_safe(named(str(record["grouping"]), cell_type))] = json.dumps(
        record, allow_nan=False, sort_keys=True
    )
    adata.uns[key] = {**held, kind: own}


def recall(
    adata: Any, key: str, kind: str, grouping: str | None, *, cell_type: str | None = None
) -> Any:
    """The plain data of a record; its grouping may be left out where there is one."""
    own = _stored(adata, key).get(kind, {})
    end = _safe(named("", cell_type))
    fit = [name for name in own if (name.endswith(end) if end else ALIKE not in name)]
    name = _safe(named(grouping, cell_type)) if grouping is not None else "".join(fit[:1])
    if grouping is None and len(fit) > 1:
        raise UnknownName(
            f"there are {len(fit)} of the kind {kind} under {key!r}; say which with groupby=: "
            f"{', '.join(map(repr, fit))}"
        )
    if name not in own:
        by = "" if grouping is None else f" by {grouping!r}"
        alike = "" if cell_type is None else f"{ALIKE}{cell_type!r}"
        typed = cell_type is None and not fit and bool(own)
        other = "; name their column of cell types with cell_type=" if typed else ""
        raise UnknownName(
            f"there is no {kind}{by}{alike} under {key!r}; known: {', '.join(own) or 'none'}{other}"
        )
    return json.loads(own[name])


def into_varm(adata: Any, key: str, columns: pd.DataFrame) -> None:
    """Add columns, indexed by the features' names, to the table adata.varm[key] (genes x columns).

    A gene that was not among the features has NaN, or "" in columns of text.
    """
    made = columns.set_axis([_safe(str(c)) for c in columns.columns], axis=1)
    made = made.reindex(_labels(adata, roles_of(adata, key)))
    for name in made.select_dtypes(object).columns:
        made[name] = made[name].fillna("")
    made.index = adata.var_names
    held = adata.varm.get(key)
    if held is not None:
        made = pd.concat([held.drop(columns=made.columns, errors="ignore"), made], axis=1)
    adata.varm[key] = made


def _labels(adata: Any, roles: Mapping[str, Any]) -> list[Any]:
    """The name of each of adata's genes as a feature; None where it is none of them."""
    var = adata.raw.var if roles.get("raw") else adata.var
    column = roles.get("features")
    names = pd.Series((var.index if column is None else var[column]).astype(str), dtype=object)
    found = names.set_axis(var.index.astype(str)).reindex(adata.var_names.astype(str))
    return found.tolist()


def symbols_of(adata: Any, key: str, column: str) -> dict[str, str]:
    """By the name of each feature, what a column of var calls it; UnknownName for another column.

    Where several genes share a symbol, their own names stand behind it; a gene without keeps its.
    """
    roles = roles_of(adata, key)
    var = adata.raw.var if roles.get("raw") else adata.var
    for asked in filter(None, (column, roles.get("features"))):
        if asked not in var.columns:
            known = [str(c) for c in var.columns]
            raise UnknownName(f"var has no column {asked!r}{hint(asked, known)}")
    own = var.index if roles.get("features") is None else var[roles["features"]]
    names, symbols = list(map(str, own)), var[column]
    told = ["" if gone else str(s).strip() for s, gone in zip(symbols, symbols.isna(), strict=True)]
    shared = Counter(told)
    return {
        name: f"{s} ({name})" if shared[s] > 1 else s
        for name, s in zip(names, told, strict=True)
        if s
    }


def _safe(name: str) -> str:
    """A name as a key of a file, in which "/" parts groups.

    >>> _safe("race/ethnicity")
    'race|ethnicity'
    """
    return name.replace("/", "|")
