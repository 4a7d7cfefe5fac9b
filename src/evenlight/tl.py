"""The scverse way in: `ev.tl.explain(adata, model)`, then `compare` and `rely` by a column of obs.

Roles (outcome, unit, groups, strata ...) are given once, to `explain`, and remembered in
`adata.uns[key]`; what is found is kept there and, one number a gene, in `adata.varm[key]`.
Attributions of single rows stay in this process, with the adata that they belong to, unless
`keep_rows=` names a folder for them.
"""

from __future__ import annotations

from dataclasses import fields
from inspect import signature
from pathlib import Path
from typing import Any, cast
from weakref import finalize

import numpy as np
import pandas as pd

from evenlight import codec
from evenlight.arrays import Float
from evenlight.data.attributions import Attributions, Background
from evenlight.data.cohort import Cohort
from evenlight.data.units import unit_codes
from evenlight.errors import AttributionError, InputError
from evenlight.explainers.explain import explain as _explain
from evenlight.measures.compare import compare as _compare
from evenlight.measures.comparison import Comparison
from evenlight.measures.reliance import Reliance
from evenlight.measures.rely import rely as _rely
from evenlight.measures.streamed import parts
from evenlight.modalities import annotated_results as results
from evenlight.modalities.annotated_rows import TOLD, filling, read_rows, write_rows
from evenlight.modalities.cells import check_values, pseudobulk, warn_of_counts
from evenlight.small_groups import least_shown
from evenlight.stats.disclosure import told_step, told_values

KEY = "evenlight"
"""Where results stand unless another key is named."""

ROLES = frozenset(signature(Cohort).parameters) - {"x", "people"} | {"layer", "raw"}
"""Options of `explain` that make the cohort; all others go to the explainer."""

_near: dict[int, dict[str, Attributions]] = {}
"""Attributions by adata and key, as long as the adata lives."""


def explain(
    adata: Any,
    model: object,
    *,
    key_added: str = KEY,
    expects: str | None = None,
    keep_rows: str | Path | None = None,
    **options: Any,
) -> Attributions:
    """What each gene adds to the model's output, for every observation of adata.

    Parameters
    ----------
    adata
        an AnnData, in memory or backed; no view.
    key_added
        `adata.uns[key_added]` gets the roles and what was explained, `adata.varm[key_added]` the
        mean |attribution| over units (donors), to three digits, none where there are fewer than 11;
        more coarsely where a grouping that is declared hides a group of 1 to 10, so that no
        comparison by it solves for these people.
    expects
        what the values should be ("counts", "log counts", "shares" ...); by default what the model
        says in an attribute `expects`. A warning where they are something else, and where nothing
        was said and they are counts although adata records that a logarithm was taken.
    keep_rows
        a new zarr folder for the attributions of every row: patients' data. Without it they last as
        long as this process and this adata.
    **options
        roles, as `Cohort.from_anndata` takes them (outcome, unit, groups, strata, layer, raw,
        features ...), and options of `ev.explain` (method, target, background, seed ...).
    """
    roles = {name: value for name, value in options.items() if name in ROLES}
    cohort = Cohort.from_anndata(adata, **roles)
    wanted = getattr(model, "expects", None) if expects is None else expects
    said = check_values(cohort, wanted) if isinstance(wanted, str) else warn_of_counts(cohort)
    if isinstance(options.get("target"), list | tuple):
        raise AttributionError("several targets were named; explain each under a key of its own")
    made = _made(model, cohort, {k: v for k, v in options.items() if k not in ROLES}, keep_rows)
    told = _facts(made, cohort) | {"values": said}
    results.begin(adata, key_added, roles=roles, explained=told)
    results.into_varm(adata, key_added, importance_of(made, cohort))
    if id(adata) not in _near:
        finalize(adata, _near.pop, id(adata), None)
    _near.setdefault(id(adata), {})[key_added] = made
    return made


def _made(
    model: object, cohort: Cohort, options: dict[str, Any], keep_rows: str | Path | None
) -> Attributions:
    """The attributions, in memory, or written to a new folder as they are made."""
    if keep_rows is None:
        return cast(Attributions, _explain(model, cohort, **options))
    with filling(keep_rows) as values:
        headed = hasattr(model, "headed") or hasattr(model, "heads")
        out = {} if headed or "out" in options else {"out": values}
        made = cast(Attributions, _explain(model, cohort, **{**options, **out}))
        write_rows(made, keep_rows, {name: codec.plain(getattr(made, name)) for name in TOLD})
    return _read(keep_rows, cohort)


def compare(
    adata: Any,
    *,
    groupby: str,
    cell_type: str | None = None,
    key: str = KEY,
    rows: str | Path | None = None,
    **options: Any,
) -> Comparison:
    """Compare attributions between the groups of a column of obs (`ev.compare`).

    The record is returned, kept in `adata.uns[key]` (`ev.tl.comparison` reads it) and summed up in
    `adata.varm[key]`: difference, p and q of each contrast, signed and of |attribution|, in SD of
    the output. `rows` is the folder of `keep_rows=`, in another session than that of `explain`.

    With `cell_type`, a column of obs, donors are compared at the same shares of the cell types
    (`modalities.cells.pseudobulk`, standardised). That comparison stands beside the plain one, by
    the name "{groupby} at the same shares of {cell_type}".
    """
    made, here = _at_hand(adata, key, rows, cell_type)
    found = _compare(made, here, by=groupby, **options)
    results.keep(adata, key, "comparison", codec.plain(found), cell_type=cell_type)
    results.into_varm(adata, key, _differences(found, results.named(groupby, cell_type)))
    return found


def rely(
    adata: Any,
    *,
    groupby: str,
    cell_type: str | None = None,
    key: str = KEY,
    rows: str | Path | None = None,
    **options: Any,
) -> Reliance:
    """How much of the output's variance lies between the groups, and through which genes.

    The record of `ev.rely` is returned and kept in `adata.uns[key]` (`ev.tl.reliance` reads it); in
    `adata.varm[key]` stand share, p, q and support of each gene, under the strictest condition that
    could be asked. `cell_type` and `rows` are those of `compare`.
    """
    made, here = _at_hand(adata, key, rows, cell_type)
    found = _rely(made, here, by=groupby, **options)
    results.keep(adata, key, "reliance", codec.plain(found), cell_type=cell_type)
    results.into_varm(adata, key, _shares(found, results.named(groupby, cell_type)))
    return found


def comparison(
    adata: Any, groupby: str | None = None, *, cell_type: str | None = None, key: str = KEY
) -> Comparison:
    """The record that `compare` kept, also from a file that was written and read since.

    With `cell_type`, the one that was made with it; without, never that.
    """
    held = results.recall(adata, key, "comparison", groupby, cell_type=cell_type)
    return codec.restore(Comparison, held)


def reliance(
    adata: Any, groupby: str | None = None, *, cell_type: str | None = None, key: str = KEY
) -> Reliance:
    """The record that `rely` kept, also from a file that was written and read since."""
    held = results.recall(adata, key, "reliance", groupby, cell_type=cell_type)
    return codec.restore(Reliance, held)


def cohort(adata: Any, *, key: str = KEY) -> Cohort:
    """The cohort of adata by the roles that `explain` was given: what `ev.audit` takes."""
    return Cohort.from_anndata(adata, **results.roles_of(adata, key))


def attributions(adata: Any, *, key: str = KEY, rows: str | Path | None = None) -> Attributions:
    """Attributions of every row: those of this process, or of the folder `rows`.

    Raises AttributionError where there are none, and where adata is no longer what was explained.
    """
    return _of(adata, key, rows, cohort(adata, key=key))


def _at_hand(
    adata: Any, key: str, rows: str | Path | None, cell_type: str | None
) -> tuple[Attributions, Cohort]:
    """Attributions and cohort, one row a donor where cell types are to weigh alike."""
    here = cohort(adata, key=key)
    made = _of(adata, key, rows, here)
    if cell_type is None:
        return made, here
    bulk = pseudobulk(made, here, by=cell_type, how="standardised")
    return bulk.attributions, bulk.cohort


def _of(adata: Any, key: str, rows: str | Path | None, here: Cohort) -> Attributions:
    if rows is not None:
        return _read(rows, here).at(here)
    made = _near.get(id(adata), {}).get(key)
    if made is None:
        raise AttributionError(
            f"the attributions of single rows under {key!r} are not at hand (they are not written "
            "with adata); call ev.tl.explain again, or name the folder of keep_rows= with rows="
        )
    return made.at(here)


def _read(path: str | Path, here: Cohort) -> Attributions:
    arrays, told = read_rows(path, here)
    kept = {f.name for f in fields(Attributions)} & set(told)
    plain = {name: told[name] for name in kept}
    if plain.get("background") is not None:
        plain["background"] = codec.restore(Background, plain["background"])
    return Attributions(rows=here.rows, features=here.features, **arrays, **plain)


def _facts(made: Attributions, here: Cohort) -> dict[str, Any]:
    """What was explained, in plain words and numbers."""
    unsure = int((~made.converged).sum())
    return {
        "target": made.target, "scale": made.scale, "method": made.method, "rows": made.n,
        "units": here.u, "not_converged": unsure if unsure >= least_shown() or not unsure else
        least_shown() - 1, "cohort_digest": made.cohort_digest,
        "notes": "\n".join(here.notes),
    }  # fmt: skip


def importance_of(made: Attributions, here: Cohort) -> pd.DataFrame:
    """Mean |attribution| and mean attribution of each feature over units."""
    if made.values.ndim != 2:
        raise InputError("adata holds one number a gene, and attributions here are maps")
    size, mean, square = np.zeros((3, made.values.shape[1]))
    weight = _weights(here)
    for at, rows in parts(made.values, here.order):
        part, own = np.asarray(rows, dtype=np.float64), weight[at, None]
        size, mean = size + (own * np.abs(part)).sum(axis=0), mean + (own * part).sum(axis=0)
        square += (own * part**2).sum(axis=0)
    size, mean = (_told(values, square, here) for values in (size, mean))
    if here.u < least_shown():
        size, mean = np.full((2, len(size)), np.nan)
    return pd.DataFrame(
        {"mean_abs_attribution": size, "mean_attribution": mean}, index=list(made.features.names)
    )


def _told(mean: Float, square: Float, here: Cohort) -> Float:
    """Means (p,) of numbers of this mean square over units, to three digits or to a step."""
    third = 10.0 ** (np.floor(np.log10(np.maximum(np.abs(mean), 1e-300))) - 2)
    counts = [np.bincount(unit_codes(groups.codes, here.units) + 1) for groups in here.groups]
    if not any(((n > 0) & (n < least_shown())).any() for n in counts):
        return told_values(mean, third)
    spread = np.sqrt(np.maximum(square - mean**2, 0.0) / here.u)
    step = told_step(spread, np.array(here.u))
    return told_values(mean, np.maximum(step, third))


def _weights(here: Cohort) -> Float:
    """What each row (n,) weighs, so that every unit counts once."""
    rows = np.bincount(here.units)
    weight: Float = 1.0 / (rows[here.units] * len(rows))
    return weight


def _differences(found: Comparison, name: str) -> pd.DataFrame:
    """Columns of a comparison, each of which begins with its name."""
    columns: dict[str, Any] = {}
    for v, view in enumerate(found.views):
        if view.name not in ("signed", "magnitude") or view.given != "nothing":
            continue
        what = "" if view.name == "signed" else "magnitude "
        for c, (level, reference) in enumerate(found.contrasts):
            stem = f"{name}: {level} - {reference} {what}"
            columns |= {
                f"{stem}difference": found.effect[v, c], f"{stem}p": found.p[v, c],
                f"{stem}q": found.q[v, c], f"{stem}verdict": found.verdict[v, c].astype(object),
            }  # fmt: skip
    return pd.DataFrame(columns, index=list(found.subjects))


def _shares(found: Reliance, name: str) -> pd.DataFrame:
    g = found.strictest or 0
    stem = f"{name}: reliance "
    return pd.DataFrame(
        {
            f"{stem}share": found.share[g], f"{stem}p": found.p[g], f"{stem}q": found.q[g],
            f"{stem}verdict": found.verdict[g].astype(object),
            f"{stem}support": found.support.astype(object),
        },
        index=list(found.subjects),
    )  # fmt: skip
