"""The verb: a model and a cohort in, attributions out."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from inspect import Parameter, signature
from math import prod
from typing import Any, overload

import numpy as np

from evenlight.arrays import Values
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.completeness import beyond_single
from evenlight.data.handed import need_cohort
from evenlight.data.rows import DENSE_BUDGET
from evenlight.errors import AttributionError, EvenlightWarning
from evenlight.explainers import TOGETHER, load
from evenlight.explainers.background import draw
from evenlight.explainers.device import placed
from evenlight.explainers.forests import unsuited
from evenlight.explainers.options import filled, known_only
from evenlight.models.adapted import Adapted
from evenlight.models.headed import by_head
from evenlight.models.probe import Prepared, prepare, prepare_all, settled
from evenlight.progress import Told

TILED = ("ig", "shapley")
"""Explainers whose blocks of rows may be kept as they are done; others give all at once."""

WRITES = ("ig", "linear")
"""Explainers that write into `out` row by row; of the others it is filled at the end."""

UNRECORDED = ("out", "threads", "tiles")
"""Options that change no answer."""

MOST_RECORDED = 10_000
"""Most numbers of an option that are kept in the record."""

Method = str | Callable[..., Attributions]


Several = list[int] | list[str] | tuple[int, ...] | tuple[str, ...]


def _one_background(cohort: Cohort, own: dict[str, Any]) -> dict[str, Any]:
    """The background of the whole cohort, before the rows of each head are explained."""
    return {**own, "background": cohort} if own.get("background") is None else own


@overload
def explain(
    model: object, cohort: Cohort, *, target: Several, method: Method = ..., 
    background: Cohort | Values | None = ..., seed: int = ..., device: str = ...,
    progress: bool | Told = ..., **own: Any,
) -> tuple[Attributions, ...]: ...  # fmt: skip


@overload
def explain(
    model: object, cohort: Cohort, *, target: int | str | None = ..., method: Method = ...,
    background: Cohort | Values | None = ..., seed: int = ..., device: str = ...,
    progress: bool | Told = ..., **own: Any,
) -> Attributions: ...  # fmt: skip


@by_head(_one_background)
def explain(
    model: object,
    cohort: Cohort,
    *,
    method: Method = "auto",
    target: int | str | Several | None = None,
    background: Cohort | Values | None = None,
    seed: int = 0,
    device: str = "cpu",
    progress: bool | Told = False,
    **own: Any,
) -> Attributions | tuple[Attributions, ...]:
    """What each feature adds to the margin of one target, for every row of the cohort.

    Parameters
    ----------
    model
        anything that `evenlight.adapt` takes.
    method
        a name of `EXPLAINERS`, "auto" (linear where the weights are known, ig for torch, trees for
        ensembles of them, else shapley), or a function with the signature of an explainer.
    target
        name or position of the output; needed where there are several. A list of them gives a
        tuple of attributions; "ig" makes these in one pass.
    background
        another cohort or an array (b, *s) from which the reference rows are drawn; by default
        100 rows of the cohort itself, balanced over its groups.
    seed
        of the background and of the explainer.
    device
        "cpu", "cuda" or "cuda:1": a network that is elsewhere is explained in a copy there.
    progress
        True for a bar on stderr, or a function that is told the `Pace` after each block of rows, by
        explainers that take long enough to tell.
    **own
        `tiles=` what keeps blocks of rows (`explainers.tiled`), by "ig" and "shapley".
        `out=` where the attributions are to lie (`explainers.options`): an array, or a new .npy
        file; "ig" and "linear" write there as they go, so that memory is flat in rows. And
        options of the explainer, such as `baseline=` of ig (`explainers.options`) or `players=`
        and `tolerance=` of shapley (`explainers.shapley`).

    >>> import pandas as pd
    >>> from evenlight.data.coefficients import CoefficientTable
    >>> people = pd.DataFrame({"sex": ["f", "m"]}, index=["a", "b"])
    >>> cohort = Cohort(pd.DataFrame({"age": [1.0, 3.0]}, index=["a", "b"]), people)
    >>> found = explain(CoefficientTable("dose", 1.0, {"age": 2.0}), cohort)
    >>> found.method, found.values.tolist(), found.base.tolist()
    ('linear', [[-2.0], [2.0]], [5.0, 5.0])
    """
    if not isinstance(seed, int | np.integer) or seed < 0:
        raise AttributionError(f"seed={seed!r}; wanted a whole number of at least 0")
    if not isinstance(method, str) and not callable(method):
        raise AttributionError(f"method={method!r}; wanted a name of EXPLAINERS or a function")
    need_cohort(cohort, "explain(model, cohort)")
    adapted = settled(model, cohort)
    here = placed(adapted, device)
    chosen = _suited(adapted, cohort) if method == "auto" else method
    asked: dict[str, Any] = {
        "background": draw(cohort, background, rng=np.random.default_rng([seed, 0])),
        "rng": np.random.default_rng([seed, 1]), "device": device, **own,
    }  # fmt: skip
    if asked.get("tiles") is None or chosen not in TILED:
        asked.pop("tiles", None)
    if progress is not False:
        asked["progress"] = progress
    known = {"seed": seed, "link": str(adapted.link), **_recorded(own)}
    passed = model if here is adapted and isinstance(model, Prepared) else here
    if isinstance(target, list | tuple):
        _foretold(len(target), cohort)
    else:
        return _one(passed, cohort, chosen, target, asked, known)
    if isinstance(chosen, str) and chosen in TOGETHER:
        together = load(chosen, TOGETHER)
        every = together(passed, cohort, targets=target, **_heard(together, asked))
        return tuple(replace(made, settings={**known, **made.settings}) for made in every)
    return tuple(
        _one(one, cohort, chosen, one.column, asked, known)
        for one in prepare_all(passed, cohort, target)
    )


def _foretold(targets: int, cohort: Cohort) -> None:
    """Warn, before any compute, of attributions of many targets that take much memory."""
    size = 4 * targets * prod(cohort.x.shape)
    if size > DENSE_BUDGET:
        warnings.warn(
            f"{targets:,} targets of {cohort.n:,} rows take {size / 2**30:.1f} GiB of "
            "attributions; explain some targets at a time, or one with out= a file",
            EvenlightWarning,
            stacklevel=3,
        )


def _one(
    model: object, cohort: Cohort, method: Method, target: int | str | None,
    asked: Mapping[str, Any], known: Mapping[str, Any],
) -> Attributions:  # fmt: skip
    explainer = load(method) if isinstance(method, str) else method
    late = asked.get("out") if isinstance(method, str) and method not in WRITES else None
    asked = {k: v for k, v in asked.items() if late is None or k != "out"}
    asked = _heard(explainer, asked)
    _known(method, explainer, asked)
    if isinstance(method, str):
        model = _held(prepare(model, cohort, target=target))
    made: Attributions = explainer(model, cohort, target=target, **asked)
    if late is not None:
        made = replace(made, values=filled(late, made.values))
    return replace(made, settings={**known, **made.settings})


def _held(prepared: Prepared) -> Prepared:
    """The same, where single precision holds what its output is made of."""
    if beyond := beyond_single(prepared.output):
        raise AttributionError(beyond)
    return prepared


def _heard(explainer: Callable[..., Any], asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same, without `progress` for an explainer that tells none."""
    taken = signature(explainer).parameters.values()
    if any(p.name == "progress" or p.kind is Parameter.VAR_KEYWORD for p in taken):
        return asked
    return {name: value for name, value in asked.items() if name != "progress"}


def _known(method: Method, explainer: Callable[..., Any], asked: Mapping[str, Any]) -> None:
    """Raise AttributionError for an option that the explainer does not have."""
    taken = signature(explainer).parameters.values()
    if any(p.kind is Parameter.VAR_KEYWORD for p in taken):
        return  # it looks for itself
    always = ("target", "background", "rng", "device")
    own = [p.name for p in taken if p.kind is Parameter.KEYWORD_ONLY and p.name not in always]
    name = method if isinstance(method, str) else getattr(method, "__name__", "the explainer")
    known_only(name, [key for key in asked if key not in always], own)


def _recorded(own: Mapping[str, Any]) -> dict[str, Any]:
    """The options as plain data, and the names of those that are too large or no data."""
    wanted = {name: value for name, value in own.items() if name not in UNRECORDED}
    plain = {name: _plain(value) for name, value in wanted.items()}
    left = [name for name in wanted if plain[name] is None and wanted[name] is not None]
    made: dict[str, Any] = {"options": {k: v for k, v in plain.items() if k not in left}}
    return {**made, "options_left_out": left} if left else made


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        every = {str(name): _plain(np.asarray(part)) for name, part in value.items()}
        return None if None in every.values() else every
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist() if value.size <= MOST_RECORDED else None
    return value if isinstance(value, str | int | float | bool) else None


def _suited(adapted: Adapted, cohort: Cohort) -> str:
    if adapted.weights is not None and not cohort.gaps:
        return "linear"
    if adapted.module is not None:
        return "ig"
    return "shapley" if unsuited(adapted) else "trees"
