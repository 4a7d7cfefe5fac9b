"""Attributions from a `shap.Explanation`, matched with the people whose rows it explains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from evenlight.arrays import Float, Int
from evenlight.data import align
from evenlight.data.cohort import Cohort
from evenlight.data.name_diff import name_diff
from evenlight.data.rows import blocks
from evenlight.errors import AttributionError

if TYPE_CHECKING:
    from evenlight.data.attributions import Attributions

ROUNDING = 1e-5
"""How far, as a share of it, a value that shap kept (as float32, often) may be from ours."""


def from_shap(
    cls: type[Attributions],
    /,
    explanation: Any,
    cohort: Cohort | None = None,
    *,
    output: object,
    rows: Sequence[object] | None = None,
    **own: Any,
) -> Attributions:
    """From a `shap.Explanation` of one output (n, p): slice several outputs first.

    Parameters
    ----------
    cohort
        whose rows were explained, in their order: names and values of both are compared, so that no
        row gets the values of another. Left out, `rows` and `features` name them.
    output
        (n,) what the model gives for each row on the scale that was explained (log odds, or a
        probability): values and base must add up to it.
    rows
        ids of the rows explained, where they are not those of the cohort in their order.
    **own
        `features`, `scale`, `target`, `method`, `background` of `Attributions.from_arrays`.

    Raises AttributionError where names, values or number of rows differ, and where outputs of a
    classifier may be probabilities and no scale is said.

    >>> from types import SimpleNamespace
    >>> import pandas as pd
    >>> from evenlight.data.attributions import Attributions
    >>> x = np.array([[1.0, 0.0], [0.0, 2.0]])
    >>> told = SimpleNamespace(values=x, base_values=0.5, data=x, feature_names=["g1", "g2"])
    >>> people = pd.DataFrame({"sex": ["f", "m"]}, index=["a", "b"])
    >>> made = Attributions.from_shap(
    ...     told, Cohort(x, people, told.feature_names), output=[1.5, 2.5]
    ... )
    >>> made.rows.tolist(), made.features.names, made.method
    (['a', 'b'], ('g1', 'g2'), 'shap')
    """
    _explanation(explanation)
    values, names = _one_output(explanation), _names(explanation)
    _scale_said(cohort, output, own)
    given = {"output": output, "base": _base(explanation), "method": "shap", **own}
    if cohort is None:
        ids = _ids(rows, len(values))
        plain = {"features": names or [f"x{j}" for j in range(values.shape[1])]}
        return cls.from_arrays(values, rows=ids, **{**plain, **given})
    _same_features(names, cohort, values.shape)
    at = _places(explanation, cohort, rows, len(values))
    _same_values(explanation, cohort, at, by_name=names is not None)
    given["output"] = np.asarray(output, dtype=np.float64).reshape(-1)[at]
    given["base"] = np.broadcast_to(given["base"], len(values))[at]
    made = cls.from_arrays(
        values[at], rows=cohort.rows.tolist(), **{"features": cohort.features, **given}
    )
    return replace(made, cohort_digest=cohort.digest)


def _explanation(told: object) -> None:
    """Raise AttributionError for bare values, which have neither base nor names."""
    if all(hasattr(told, name) for name in ("values", "base_values", "feature_names", "data")):
        return
    several = np.ndim(told) > 2 if isinstance(told, np.ndarray) else isinstance(told, list | tuple)
    first = (
        "; values of several outputs, or interaction values, must be cut or summed to (rows, "
        "features) first" if several else ""
    )  # fmt: skip
    raise AttributionError(
        f"explanation is of type {type(told).__name__}; wanted a shap.Explanation, explainer(x). "
        "Bare values, as explainer.shap_values(x) gives them, have no base and no names: pass "
        "ev.Attributions.from_arrays(values, rows=cohort.rows, features=cohort.features, "
        f"output=what the model gives, base=explainer.expected_value){first}"
    )


def _one_output(explanation: Any) -> Float:
    values = np.asarray(explanation.values)
    if values.ndim == 3 and values.shape[1] == values.shape[2] and explanation.data is not None:
        data = np.asarray(explanation.data)
        if data.shape == values.shape[:2] and np.ndim(explanation.base_values) <= 1:
            raise AttributionError(
                "the explanation holds interaction values (rows, features, features); sum them "
                "over the last axis, values.sum(axis=2), or explain without interactions"
            )
    if values.ndim == 3:
        raise AttributionError(
            f"the explanation has {values.shape[2]} outputs; pass explanation[..., k] for one"
        )
    return values


def _names(explanation: Any) -> tuple[str, ...] | None:
    names = explanation.feature_names
    return None if names is None else tuple(str(name) for name in names)


def _base(explanation: Any) -> Float:
    base = np.asarray(explanation.base_values, dtype=np.float64)
    return base.reshape(-1) if base.ndim and base.size > 1 else base.reshape(())


def _ids(rows: Sequence[object] | None, n: int) -> Sequence[object]:
    if rows is None:
        raise AttributionError(
            f"an Explanation has no ids of its {n} rows: pass the cohort that was explained, or "
            "rows= the ids"
        )
    return rows


def _same_features(names: tuple[str, ...] | None, cohort: Cohort, shape: tuple[int, ...]) -> None:
    if names is not None and names != cohort.features.names:
        raise AttributionError(
            "the features of the explanation are not the cohort's: "
            f"{name_diff(names, cohort.features.names).sentence()}"
        )
    if shape[1:] != tuple(cohort.x.shape[1:]):
        raise AttributionError(
            f"the explanation has rows of shape {shape[1:]}, the cohort {cohort.x.shape[1:]}"
        )


def _scale_said(cohort: Cohort | None, output: object, own: Mapping[str, object]) -> None:
    """Raise AttributionError where outputs may be probabilities and nobody says what they are."""
    out = np.asarray(output, dtype=np.float64)
    chances = cohort is None or cohort.outcome_kind in ("binary", "categorical", None)
    if "scale" not in own and chances and ((out >= 0) & (out <= 1)).all():
        raise AttributionError(
            'the outputs all lie between 0 and 1, as probabilities do; say scale="probability", '
            'or scale="margin" if they are log odds'
        )


def _places(explanation: Any, cohort: Cohort, rows: Sequence[object] | None, n: int) -> Int:
    """Which row of the explanation is each row of the cohort (n,)."""
    if rows is not None:
        if len(rows) != n:
            raise AttributionError(f"rows names {len(rows)} of the {n} rows of the explanation")
        unexplained = int((~np.isin(cohort.rows, align.ids(list(rows)))).sum())
        if unexplained:
            raise AttributionError(
                f"{unexplained} of the cohort's {cohort.n} rows are not explained; pass "
                "cohort.take(np.isin(cohort.rows, rows)), the people who are"
            )
        return align.match(align.ids(list(rows)), cohort.rows, what="the explanation")
    if n != cohort.n:
        raise AttributionError(
            f"the explanation has {n} rows and the cohort {cohort.n}; pass rows= the ids of the "
            "rows explained"
        )
    if explanation.data is None:
        raise AttributionError(
            "the explanation holds no data to compare with the cohort's; pass rows= the ids of the "
            "rows explained"
        )
    return np.arange(n, dtype=np.int64)


def _same_values(explanation: Any, cohort: Cohort, at: Int, *, by_name: bool) -> None:
    """Raise AttributionError where a row explained is not what the cohort holds of that person."""
    if explanation.data is None:
        if by_name:
            return
        raise AttributionError(
            "the explanation has neither names of features nor data, so nothing tells whether they "
            "are the cohort's; set explanation.feature_names"
        )
    held = _numbers(explanation.data)
    wrong = np.zeros(cohort.n, dtype=bool)
    for part, x in blocks(cohort.x):
        least = ROUNDING * np.abs(np.nan_to_num(x)).max(axis=0, initial=0.0)  # of 0 and 1e-17
        near = np.isclose(held[at[part]], x, rtol=ROUNDING, atol=least, equal_nan=True)
        wrong[part] = ~near.reshape(len(x), -1).all(axis=1)
    if wrong.any():
        raise AttributionError(
            f"the explanation was made of other values than the cohort's in {int(wrong.sum())} of "
            f"{cohort.n} rows, first at positions {np.flatnonzero(wrong)[:3].tolist()}: bring both "
            "into one order, or pass rows= the ids of the rows explained"
        )


def _numbers(told: Any) -> Float:
    """The values that were explained, as shap kept them."""
    try:
        return np.asarray(told.toarray() if hasattr(told, "toarray") else told, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise AttributionError(
            "the explanation's data are no numbers, so they cannot be compared with the cohort's; "
            "explain the columns that the model reads"
        ) from error
