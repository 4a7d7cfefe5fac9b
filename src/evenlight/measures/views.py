"""What is compared: attributions, their size, and the use of a common contrast."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from evenlight.arrays import Float
from evenlight.data.attributions import Attributions
from evenlight.data.probed import Contrasts
from evenlight.errors import AttributionError
from evenlight.measures.comparison import View
from evenlight.measures.prepare import Setting
from evenlight.measures.streamed import Streamed, rows_of, sizes
from evenlight.measures.testing import Testing

Viewed = Mapping[str, list[tuple[View, Float | Streamed]]]
"""Rows (n kept, p) of each view, by the condition that it is given."""


def attributed(
    made: Attributions, here: Setting, unit: float, testing: Testing, *, held: bool = True
) -> Viewed:
    """The views *signed* and *magnitude*, given nothing and, where there is one, the outcome.

    Unless they must be `held` in memory, large ones are read by block.
    """
    rows = rows_of(made, here)
    phi = np.asarray(rows) if held else rows
    given = ["nothing"]
    if here.cohort.outcome_kind in ("binary", "categorical", "continuous"):
        given.append("outcome")
    return {
        g: [
            (at_level(View(name, g, made.scale, unit), testing), values)
            for name, values in (("signed", phi), ("magnitude", sizes(phi)))
        ]
        for g in given
    }


def at_level(view: View, testing: Testing) -> View:
    """The view with the coverage that it is asked for."""
    return replace(view, alpha=testing.alpha_of(view.name, view.given))


def used(
    made: Attributions, contrasts: Contrasts, here: Setting, units: tuple[float, float]
) -> list[tuple[View, Float]]:
    """The view *use* on the margin and, where it differs, on the response, in `units` of each.

    Contrasts in which people's own values enter have a view of their own kind: it is no use.
    """
    name = "use" if contrasts.kind == "common" else contrasts.kind
    if made.scale != "margin":
        raise AttributionError("contrasts are on the margin, but these attributions are not")
    margin = placed(contrasts, contrasts.margin, made, here)
    out = [(View(name, "nothing", "margin", units[0]), margin)]
    if contrasts.link != "identity" and contrasts.output is not None:
        response = placed(contrasts, contrasts.response, made, here)
        out.append((View(name, "nothing", "response", units[1]), response))
    return [(view, settled(values, view.unit)) for view, values in out]


def placed(contrasts: Contrasts, rows: Float, made: Attributions, here: Setting) -> Float:
    """Contrast rows (n kept, p) in the order of the subjects, NaN where one has no contrast."""
    place = {name: j for j, name in enumerate(contrasts.subjects)}
    wide = np.full((int(here.kept.sum()), len(made.features)), np.nan)
    for j, name in enumerate(made.features.names):
        if name in place:
            wide[:, j] = rows[here.kept, place[name]]
    return wide


def settled(values: Float, unit: float) -> Float:
    """Values whose range is rounding (below 1e-9 of the unit) are set to their mean."""
    still = np.ptp(values, axis=0) <= 1e-9 * unit
    return np.where(still, values.mean(axis=0), values)
