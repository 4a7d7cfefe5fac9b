"""From an annotated matrix (AnnData, or anything with X, obs and var) to a cohort.

It is known by what it has, so the library that made it is never imported: dense, CSR, CSC, backed
or a view, the same answer comes of each. Nothing is made dense, and nothing on disk is read whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import sparse

from evenlight.arrays import Int, Values
from evenlight.data import rows as reading
from evenlight.data.assay import Assay, assay_of
from evenlight.data.features import Features
from evenlight.data.groups import Axes
from evenlight.data.intake import listed
from evenlight.data.library_size import EXPRESSION, LIBRARY_SIZE, sampled, with_library_size
from evenlight.data.nearest import hint
from evenlight.data.observed import need_unit, plain_people, warn_of_torn_strata, without_codes
from evenlight.data.outcome import Survival
from evenlight.data.rows import Held, Rows, is_sparse
from evenlight.data.sources import lazy
from evenlight.errors import CohortError, FeatureError

if TYPE_CHECKING:
    from evenlight.data.cohort import Cohort

LISTED = ("groups", "strata", "covariates", "axes")
"""Roles that several columns may have."""

MEANT = "another matrix was meant?"
"""How the note ends on counts where a logarithm was recorded."""


def from_anndata(
    cls: type[Cohort],
    /,
    adata: Any,
    *,
    layer: str | None = None,
    raw: bool = False,
    features: str | None = None,
    **roles: Any,
) -> Cohort:
    """A cohort from an annotated matrix: X, obs and var of an AnnData, in memory, backed or a view.

    Parameters
    ----------
    adata
        X (n, p) dense, CSR, CSC, or on disk; obs (n rows) becomes people, var (p rows) the table of
        features.
    layer, raw
        a layer, or raw with its own var, in place of X.
    features
        the column of var that names the features (symbols, Ensembl ids); by default var's index.
    **roles
        Cohort's keywords: outcome, unit, groups, strata, covariates, split ...; columns of obs.
        `axes` may also name entries of obsm.

    Categories become plain labels. Codes for *unknown* are missing in columns that have a role. The
    notes say what the values are (counts, logarithms, shares ...); of expression, people get the
    column `library_size`.

    Raises
    ------
    CohortError
        where rows are cells or repeats of a person and no `unit` is named, or a matrix by columns
        (CSC) is too large to be converted.
    FeatureError
        for names that are missing or occur twice.

    >>> from types import SimpleNamespace
    >>> from evenlight.data.cohort import Cohort
    >>> obs = pd.DataFrame({"sex": pd.Categorical(["f", "m", "f"])}, index=["a", "b", "c"])
    >>> var = pd.DataFrame({"chromosome": ["1", "X"]}, index=["g1", "g2"])
    >>> adata = SimpleNamespace(X=np.array([[0, 3], [9, 1], [2, 2]]), obs=obs, var=var)
    >>> cohort = Cohort.from_anndata(adata, groups=["sex"], unit="row")
    >>> cohort.features.names, cohort.people["library_size"].tolist()
    (('g1', 'g2'), [3.0, 10.0, 4.0])
    """
    roles |= {name: listed(roles[name]) for name in LISTED if name in roles}
    x, var, place = _matrix(adata, layer, raw)
    held = _held(x, place)
    people = plain_people(adata.obs)
    need_unit(people, roles.get("unit"), [*(roles.get("groups") or ()), roles.get("outcome")])
    named = _roled(roles)
    people, notes = without_codes(people, named)
    warn_of_torn_strata(people, roles.get("unit") or "row", roles.get("strata") or ())
    found = assay_of(sampled(held, people.index.to_numpy(dtype=np.str_)))
    asked = LIBRARY_SIZE in named
    people, whence = with_library_size(people, held, adata, found.kind, asked=asked)
    made = cls(held, people, _features(var, features), **{**roles, "axes": _axes(adata, roles)})
    told = [f"x is {place}.", found.sentence, *_normalised(adata, found, raw), *whence]
    return made.altered(notes=(*made.notes, *notes, *told))


def _matrix(adata: Any, layer: str | None, raw: bool) -> tuple[Any, pd.DataFrame, str]:
    """The matrix that is asked for, the table of its columns, and where it was."""
    held = dir(adata)  # hasattr would read X of a view from disk
    absent = [name for name in ("X", "obs", "var") if name not in held]
    if absent:
        raise CohortError(
            f"a {type(adata).__name__} has no {', '.join(absent)}; pass an AnnData, or build "
            "Cohort(x, people)"
        )
    if layer is not None and raw:
        raise CohortError("layer and raw are two matrices; name one of them")
    layers = getattr(adata, "layers", None) or {}
    if raw:
        if getattr(adata, "raw", None) is None:
            raise CohortError("there is no raw; leave raw=, or name a layer")
        return adata.raw.X, adata.raw.var, "raw"
    if layer is not None:
        if layer not in layers:
            raise CohortError(f"there is no layer {layer!r}{hint(layer, list(layers))}")
        return layers[layer], adata.var, f"layer {layer!r}"
    x = _view(adata) if _on_disk_view(adata) else adata.X
    if x is None:
        raise CohortError(f"X is empty; name a layer: {', '.join(map(str, layers)) or 'none'}")
    return x, adata.var, "X"


def _on_disk_view(adata: Any) -> bool:
    """Whether X is a view of a matrix on disk, which anndata would read whole."""
    whole = getattr(adata, "isbacked", False) and hasattr(adata, "_adata_ref")
    return bool(whole and getattr(adata, "is_view", False))


def _view(adata: Any) -> Any:
    """X of a view of a matrix on disk: rows that are read from the whole when they are asked for.

    anndata makes no view of such a view, so what it selects is taken from the view itself.
    """
    whole = adata._adata_ref
    rows = np.atleast_1d(np.arange(whole.shape[0])[adata._oidx])
    columns = np.atleast_1d(np.arange(whole.shape[1])[adata._vidx])
    held = _held(whole.X, "X")
    if is_sparse(held):
        return held[rows][:, columns]
    return _View(held, rows.astype(np.int64), columns.astype(np.int64))


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """Some rows and columns of a matrix on disk."""

    whole: Any
    rows: Int
    columns: Int

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.rows), len(self.columns)

    @property
    def dtype(self) -> np.dtype[Any]:
        found: np.dtype[Any] = np.dtype(self.whole.dtype)
        return found

    def __getitem__(self, at: Any) -> Values:
        part: Values = self.whole[self.rows[at]]
        return part[:, self.columns]


def _held(x: Any, place: str) -> Held:
    """An array, CSR, or rows that are read when they are asked for."""
    if len(x.shape) != 2:
        raise CohortError(f"{place} has shape {tuple(x.shape)}; wanted (rows, features)")
    if is_sparse(x):
        held: sparse.csr_array = x if x.format == "csr" else _by_rows(x, place)
        return held
    if getattr(x, "format", None) == "csc":
        _affordable(x, int(x.group["data"].shape[0]), place)
        return _by_rows(x.to_memory(), place)
    if getattr(x, "format", None) == "csr" or lazy(x):
        return Rows(x)
    array: Values = np.asarray(x)
    return array


def _by_rows(x: Any, place: str) -> sparse.csr_array:
    """A sparse matrix as CSR, made once; one by columns would be read whole for each row."""
    _affordable(x, int(x.nnz), place)
    made: sparse.csr_array = x.tocsr()
    return made


def _affordable(x: Any, entries: int, place: str) -> None:
    needed = entries * (np.dtype(x.dtype).itemsize + 8) + 8 * (int(x.shape[0]) + 1)
    if needed > reading.DENSE_BUDGET:
        raise CohortError(
            f"{place} is sparse by columns (CSC), holds {entries:,} entries and takes "
            f"{needed / 2**30:.1f} GiB when it is converted, more than the "
            f"{reading.DENSE_BUDGET / 2**30:.1f} GiB allowed; store it by rows "
            "(adata.X = adata.X.tocsr())"
        )


def _roled(roles: Mapping[str, Any]) -> list[str]:
    """The columns in which a code is missing; groups know the codes, scores may be any number."""
    single = [roles.get(name) for name in ("unit", "rater")]
    many = [*(roles.get("strata") or ()), *(roles.get("covariates") or ())]
    outcome = roles.get("outcome")
    times = [outcome.time, outcome.event] if isinstance(outcome, Survival) else [outcome]
    return [name for name in (*single, *many, *times) if isinstance(name, str) and name != "row"]


def _features(var: pd.DataFrame, column: str | None) -> Features:
    """The columns of x by name, with the whole of var as their table."""
    if column is not None and column not in var.columns:
        raise FeatureError(
            f"var has no column {column!r}{hint(column, [str(c) for c in var.columns])}"
        )
    given = pd.Series(var.index if column is None else var[column], dtype=object)
    if given.isna().any():
        raise FeatureError(
            f"{int(given.isna().sum())} of {len(given)} features have no name in {column!r} of "
            "var; name them, or leave features= to use var's index"
        )
    names = tuple(given.astype(str))
    twice = sorted({n for n, again in zip(names, given.duplicated(), strict=True) if again})
    if twice:
        raise FeatureError(
            f"{len(twice)} feature names occur more than once, first {twice[0]!r}; call "
            "adata.var_names_make_unique(), or name the column of var that holds ids with features="
        )
    return Features(names, plain_people(var).set_axis(list(names)))


def _axes(adata: Any, roles: Mapping[str, Any]) -> tuple[Axes, ...]:
    """Axes as given, those named by an entry of obsm read from there."""
    return tuple(a if isinstance(a, Axes) else _of_obsm(adata, a) for a in roles.get("axes") or ())


def _of_obsm(adata: Any, name: str) -> Axes:
    held: Mapping[str, Any] = getattr(adata, "obsm", None) or {}
    known = [str(k) for k in held]
    if name not in known:
        raise CohortError(f"axes: obsm has no {name!r}{hint(str(name), known)}")
    values = np.asarray(held[name], dtype=np.float64)
    names = tuple(map(str, held[name].columns)) if isinstance(held[name], pd.DataFrame) else ()
    rows = adata.obs.index.astype(str).to_numpy(dtype=np.str_)
    return Axes(name.removeprefix("X_"), values, rows, names)


def _normalised(adata: Any, found: Assay, raw: bool) -> list[str]:
    """What uns records of a logarithm, and where that contradicts the values."""
    uns = getattr(adata, "uns", None) or {}
    if raw or "log1p" not in uns or found.kind not in (*EXPRESSION, "numbers"):
        return []
    base = (uns["log1p"] or {}).get("base") if isinstance(uns["log1p"], Mapping) else None
    told = "uns['log1p'] records that a logarithm was taken" + (f" (base {base})." if base else ".")
    if found.kind in ("counts", "scaled counts"):
        return [f"{told[:-1]}, and the values are {found.kind}: {MEANT}"]
    return [told]
