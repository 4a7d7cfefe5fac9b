"""The recorded attribute changed, all else held."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Int
from evenlight.data.cohort import Cohort
from evenlight.data.handed import need_cohort
from evenlight.data.probed import Intervention
from evenlight.errors import FeatureError, ModelError
from evenlight.models.probe import prepare
from evenlight.probes.values import (
    Setting,
    known_variable,
    number_setting,
    observed,
    state_setting,
)


def flip(
    model: object, cohort: Cohort, attribute: str, *, target: int | str | None = None
) -> Intervention:
    """Output (n, k) with `attribute` set to each of its k states in every row.

    `attribute` is a one-hot variable of the cohort, or a column that holds 0 and 1.

    Raises FeatureError where it is neither, with the nearest name.

    >>> import pandas as pd
    >>> from evenlight.data.coefficients import CoefficientTable
    >>> people = pd.DataFrame({"site": ["s", "s"]}, index=["a", "b"])
    >>> cohort = Cohort(pd.DataFrame({"male": [0, 1]}, index=["a", "b"]), people)
    >>> flipped = flip(CoefficientTable("score", 1.0, {"male": 0.5}), cohort, "male")
    >>> flipped.states, flipped.change("0", "1").tolist()
    (('0', '1'), [0.5])
    """
    need_cohort(cohort, "flip(model, cohort, attribute)")
    if cohort.x.ndim != 2:
        raise ModelError("flip changes a column of a table; the cohort holds images")
    known_variable(attribute, cohort)
    settings, recorded = _states(attribute, cohort)
    prepared = prepare(model, cohort, target=target)
    margin = np.empty((cohort.n, len(settings)))
    for part, rows in cohort.blocks():
        x = rows.copy()
        for k, setting in enumerate(settings):
            x[:, list(setting.columns)] = setting.values
            margin[part, k] = prepared.margin(x)
    return Intervention(
        attribute, cohort.rows, tuple(s.label for s in settings), recorded, margin,
        prepared.adapted.respond(margin), prepared.target,
        {"model": prepared.adapted.name, "link": prepared.adapted.link,
         "cohort_digest": cohort.digest},
    )  # fmt: skip


def _states(attribute: str, cohort: Cohort) -> tuple[list[Setting], Int]:
    """The states of an attribute, and the one that each row has, (n,)."""
    coded = cohort.features.indicator(attribute)
    if coded is not None:
        place = {state: k for k, state in enumerate(coded.states)}
        settings = [state_setting(coded, state, cohort.features) for state in coded.states]
        return settings, np.array([place[s] for s in observed(coded, cohort)], dtype=np.int64)
    j = cohort.features.place[attribute]
    column = cohort.column(j)
    if not np.isin(column, (0.0, 1.0)).all():
        raise FeatureError(
            f"{attribute!r} holds other values than 0 and 1; flip needs an attribute with states: "
            "move a number with contrasts"
        )
    return [number_setting(j, 0.0), number_setting(j, 1.0)], column.astype(np.int64)
