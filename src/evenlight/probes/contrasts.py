"""The same change for everyone, to see whose output moves more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.data.probed import Contrasts
from evenlight.errors import FeatureError, ModelError
from evenlight.models.headed import own_head
from evenlight.models.probe import Prepared, prepare
from evenlight.probes.values import Setting, chosen_change, common_change, known_variable

MOST = 2000
"""Most variables that are moved without being named."""


@own_head
def contrasts(
    model: object,
    cohort: Cohort,
    *,
    target: int | str | None = None,
    subjects: Sequence[str] | None = None,
    levels: Mapping[str, tuple[object, object]] | None = None,
) -> Contrasts:
    """s_ij = f(x_i with variable j at `high`) - f(x_i with variable j at `low`), on both scales.

    Parameters
    ----------
    subjects
        variables to move; by default all that have no missing value (`movable`). One-hot
        variables move as joint states.
    levels
        variable to (low, high), in place of the common change that `probes.values` describes.

    Returns
    -------
    Contrasts
        margin and response (n, q); variables that do not vary are left out.

    Raises
    ------
    FeatureError
        for an unknown variable or state, with the nearest name.
    ModelError
        for images, a variable with missing values, more than 2,000 unnamed variables, or a model
        that does not fit.
    """
    prepared, wanted = _asked(model, cohort, target, subjects, levels or {})
    changes = {name: _change(name, cohort, prepared, levels or {}) for name in wanted}
    moved = {name: change for name, change in changes.items() if change is not None}
    if not moved:
        raise FeatureError("no variable varies, so there is nothing to contrast")
    margin, response = np.empty((2, cohort.n, len(moved)))
    for part, rows in cohort.blocks():
        x = rows.copy()
        for q, (low, high) in enumerate(moved.values()):
            before, after = _at(prepared, x, low), _at(prepared, x, high)
            margin[part, q] = after - before
            response[part, q] = prepared.adapted.respond(after) - prepared.adapted.respond(before)
    return Contrasts(
        cohort.rows, tuple(moved), tuple(low.label for low, _ in moved.values()),
        tuple(high.label for _, high in moved.values()), margin, response, prepared.target,
        str(prepared.adapted.link), cohort.digest,
    )  # fmt: skip


def movable(cohort: Cohort) -> tuple[str, ...]:
    """The variables without a missing value, which can be moved alike for everyone.

    >>> import pandas as pd
    >>> people = pd.DataFrame({"sex": ["f", "m"]}, index=["a", "b"])
    >>> x = np.array([[1.0, np.nan], [2.0, 0.0]])
    >>> movable(Cohort(x, people, ["age", "dose"], missing="keep"))
    ('age',)
    """
    names = cohort.features.variables().names
    if not cohort.gaps:
        return names
    gaps = np.zeros(cohort.x.shape[1], dtype=bool)
    for _, x in cohort.blocks():
        gaps |= np.isnan(x).any(axis=0)
    held = {cohort.features.names[j] for j in np.flatnonzero(gaps)}
    coded = {i.variable: set(i.columns) for i in cohort.features.indicators}
    return tuple(name for name in names if not coded.get(name, {name}) & held)


def _gaps(names: Sequence[str]) -> str:
    told = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return f"{told} {'holds' if len(names) == 1 else 'hold'} missing values (NaN)"


def _asked(
    model: object, cohort: Cohort, target: int | str | None, subjects: Sequence[str] | None,
    levels: Mapping[str, object],
) -> tuple[Prepared, list[str]]:  # fmt: skip
    """The model, and the variables to move, once it is sure that they can be moved."""
    if cohort.x.ndim != 2:
        raise ModelError(
            "contrasts move the columns of a table; images need a common patch "
            "(common_patch, moved_parameter)"
        )
    free = movable(cohort)
    wanted = list(subjects) if subjects is not None else list(free)
    for name in [*wanted, *levels]:
        known_variable(name, cohort)
    held = [name for name in [*wanted, *levels] if name not in set(free)]
    if held or not free:
        raise ModelError(
            f"{_gaps(held or list(cohort.features.variables().names))}, and moving a missing value "
            "to a number is not the same change for everyone; leave them out of subjects= "
            f"({len(free)} variables have no missing value), or fill the gaps"
        )
    if subjects is None and len(wanted) > MOST:
        raise ModelError(f"{len(wanted)} variables; name at most {MOST} of them with subjects=")
    return prepare(model, cohort, target=target), wanted


def _change(
    name: str, cohort: Cohort, prepared: Prepared, levels: Mapping[str, tuple[object, object]]
) -> tuple[Setting, Setting] | None:
    if name in levels:
        return chosen_change(name, levels[name], cohort)
    return common_change(name, cohort, codes=prepared.adapted.codes)


def _at(prepared: Prepared, x: Float, setting: Setting) -> Float:
    """Margin (m,) of rows x (m, p) with one variable at one value; x is left as it was."""
    columns = list(setting.columns)
    before = x[:, columns]
    x[:, columns] = setting.values
    margin = prepared.margin(x)
    x[:, columns] = before
    return margin
