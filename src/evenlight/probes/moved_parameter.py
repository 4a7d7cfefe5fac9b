"""A fitted parameter of everyone's image moved from one value to another, the same for all."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Bool, Float, Int
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.misfit import misfit
from evenlight.data.nearest import hint
from evenlight.data.probed import Contrasts
from evenlight.errors import FeatureError, ModelError, UnknownName
from evenlight.models.headed import own_head
from evenlight.models.probe import prepare
from evenlight.probes.common_patch import checked, contrasted
from evenlight.probes.image_parameters import PARAMETERS, Parameter
from evenlight.probes.pieces import CHANNELS

WHOLE = "image"
"""The subject where no regions are named."""


@own_head
def moved_parameter(
    model: object,
    cohort: Cohort,
    parameter: str | Parameter,
    *,
    levels: tuple[float, float] | None = None,
    sets: FeatureSets | None = None,
    target: int | str | None = None,
) -> Contrasts:
    """s_i = f(x_i with the parameter at `high`) - f(x_i with it at `low`), all else held.

    Parameters
    ----------
    parameter
        "intensity" (mean), "spread" (standard deviation), "size" and "dark size" (side of what is
        bright or dark, in positions), or a `Parameter` of your own.
    levels
        the two values; by default the pooled 10th and 90th percentile over units.
    sets
        regions, each a subject of its own, with its own values; by default the whole image, a
        subject "image".

    Returns
    -------
    Contrasts
        margin and response (n, q), of kind *common*: both ends are the same in everyone.

    Raises
    ------
    ModelError
        for a table, and where rows have no such parameter, as the size of what is not there.
    FeatureError
        for sets of other rows, and for a parameter that does not vary or levels that are no two
        numbers.
    UnknownName
        with the nearest name.
    """
    one = _known(parameter)
    checked(cohort, what="moved_parameter")
    regions = _regions(cohort, sets)
    ends = {name: _levels(one, name, cohort, inside, levels) for name, inside in regions.items()}
    prepared = prepare(model, cohort, target=target)
    low, high = np.empty((2, cohort.n, len(regions)))
    for part, rows in cohort.blocks():
        x = _channelled(rows, cohort)
        for q, (name, inside) in enumerate(regions.items()):
            for out, to in zip((low, high), ends[name], strict=True):
                out[part, q] = prepared.margin(one.moved(x, inside, to).reshape(rows.shape))
    words = [tuple(f"{one.name} {pair[k]:.4g}" for pair in ends.values()) for k in (0, 1)]
    return contrasted(
        prepared, cohort, tuple(regions), low, high, kind="common", words=(words[0], words[1])
    )


def _known(parameter: str | Parameter) -> Parameter:
    if isinstance(parameter, Parameter):
        return parameter
    if parameter not in PARAMETERS:
        known = ", ".join(PARAMETERS)
        near = hint(str(parameter), list(PARAMETERS))
        raise UnknownName(f"no parameter {parameter!r} of images{near}; known: {known}")
    return PARAMETERS[parameter]


def _channels(cohort: Cohort) -> bool:
    """Whether the first axis of a row is that of channels."""
    shape = cohort.x.shape[1:]
    if cohort.features.space is not None:
        return len(shape) > len(cohort.features.space.shape)
    return len(shape) > 2 and shape[0] <= CHANNELS


def _channelled(x: Float, cohort: Cohort) -> Float:
    """Rows as (m, c, *space)."""
    return x if _channels(cohort) else x[:, None]


def _regions(cohort: Cohort, sets: FeatureSets | None) -> dict[str, Bool]:
    """Each region's positions (*space); a region holds all channels of its positions."""
    shape = tuple(int(s) for s in cohort.x.shape[1:])
    first = 1 if _channels(cohort) else 0
    if sets is None:
        return {WHOLE: np.ones(shape[first:], dtype=bool)}
    if not sets.fits(cohort.features.names, shape):
        raise FeatureError(misfit(sets, cohort.features.names, shape))
    out: dict[str, Bool] = {}
    for name in sets.names:
        held = np.zeros(shape, dtype=bool)
        held.reshape(-1)[sets.columns(name)] = True
        flat = held.reshape(-1, *shape[first:]) if first else held[None]
        if (flat != flat[0]).any():
            raise FeatureError(
                f"set {name!r} holds some channels of a position and not others; a region is moved "
                "as a whole: make sets of the label map, shape=x.shape[1:]"
            )
        out[name] = flat[0]
    return out


def _levels(
    one: Parameter, name: str, cohort: Cohort, inside: Bool, levels: tuple[float, float] | None
) -> tuple[float, float]:
    """The two values between which everyone is moved."""
    values = measured(one, cohort, inside)
    lost = int((~np.isfinite(values)).sum())
    if lost:
        raise ModelError(
            f"{one.name} of {name!r} cannot be read off {lost} of {cohort.n} rows, as where a "
            "region is flat, so they cannot be moved alike; leave these rows out (cohort.take)"
        )
    if levels is not None:
        pair = float(levels[0]), float(levels[1])
        if not np.isfinite(pair).all() or pair[0] == pair[1]:
            raise FeatureError(f"levels {levels} of {one.name}; wanted two numbers that differ")
        return pair
    own = _per_unit(values, cohort.units)
    low, high = (float(v) for v in np.quantile(own, (0.1, 0.9)))
    if not low < high:
        raise FeatureError(f"{one.name} of {name!r} does not vary; name two values with levels=")
    return low, high


def measured(one: Parameter, cohort: Cohort, inside: Bool) -> Float:
    """The parameter (n,) of every row; NaN where it has none."""
    out = np.empty(cohort.n)
    for part, x in cohort.blocks():
        out[part] = one.measured(_channelled(x, cohort), inside)
    return out


def _per_unit(values: Float, units: Int) -> Float:
    made: Float = np.bincount(units, weights=values) / np.bincount(units)
    return made
