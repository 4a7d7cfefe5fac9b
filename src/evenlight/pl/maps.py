"""Maps of what positions add: means of groups and their difference; one person only if asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes

from evenlight.arrays import Float, Values
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.errors import InputError
from evenlight.figures.map_pictures import Plane, overlay
from evenlight.figures.maps import PANEL, difference_map, mean_maps, size
from evenlight.measures.mapped import MapComparison
from evenlight.measures.superpixels import balanced_mean
from evenlight.pl.given import contrast_of
from evenlight.pl.shown import axes, done, marked
from evenlight.pl.units import whose
from evenlight.small_groups import least_shown


def maps(
    data: Any,
    *,
    contrast: tuple[str, str] | None = None,
    view: Literal["signed", "magnitude", "sensitivity"] = "signed",
    given: Literal["nothing", "outcome"] = "nothing",
    template: Values | Cohort | None = None,
    cohort: Cohort | None = None,
    who: object = None,
    individuals: bool = False,
    ax: Axes | None = None,
    show: bool | None = None,
    save: str | Path | None = None,
) -> Axes | None:
    """Group means on one scale and their difference, significant clusters in full colour.

    Parameters
    ----------
    data
        what `ev.compare_maps` returned; or Attributions with `cohort`, for one person.
    contrast, view, given
        as in `volcano`; *sensitivity* where the attributions held it.
    template
        a map (*s) to lie in grey under all, or the cohort, whose mean image is taken.
    who, individuals
        the id of a unit or row, whose attributions lie over their own image. That shows a single
        person, so it needs `individuals=True`, bears a watermark, and no report ever holds it.
    ax
        for the difference alone (one plane of it); by default a new figure of all maps.
    """
    if isinstance(data, Attributions) or who is not None:
        return done(marked(_person(data, who, cohort, individuals, ax)), show, save)
    if not isinstance(data, MapComparison):
        raise InputError(f"found a {type(data).__name__}; wanted what ev.compare_maps returned")
    c, v = data.contrast(*contrast_of(data, contrast)), data.view(view, given)
    under = _template(template, data.space.shape)
    if ax is not None:
        return done(difference_map(data, c, v, template=under, ax=axes(ax, 1, 1)), show, save)
    from matplotlib import pyplot  # chooses a backend, which only a figure to be shown needs

    width, height = size(data, c, v)
    figure = pyplot.figure(figsize=(width / 96, height / 96), layout="constrained")
    made = mean_maps(data, c, v, template=under, figure=figure)
    return done(made.axes[0], show, save)


def _template(template: Values | Cohort | None, shape: tuple[int, ...]) -> Float | None:
    """A map (*s) of numbers."""
    if template is None:
        return None
    if isinstance(template, Cohort):
        return mean_image(template, shape)
    held = np.asarray(template, dtype=np.float64)
    if held.shape != shape or not np.isfinite(held).all():
        raise InputError(f"the template is {held.shape} with NaN or not {shape}; give one of that")
    return held


def mean_image(cohort: Cohort, shape: tuple[int, ...]) -> Float:
    """The mean image (*s) by `balanced_mean`, channels averaged; of 11 units or more."""
    if cohort.u < least_shown():
        raise InputError(
            f"a mean image of fewer than {least_shown()} units would show single people; give "
            "a template of your own"
        )
    made: Float = balanced_mean(cohort).reshape(-1, *shape).mean(axis=0)
    return made


def _person(
    data: Any, who: object, cohort: Cohort | None, individuals: bool, ax: Axes | None
) -> Axes:
    """One person's attributions over their image, the plane of the largest if it is a volume."""
    if not individuals:
        raise InputError(
            "this shows one person; pass individuals=True to draw it, in a notebook that stays "
            "with the patients' data, or draw groups: ev.pl.maps(ev.compare_maps(...))"
        )
    if not isinstance(data, Attributions) or cohort is None or who is None:
        raise InputError("one person is drawn of Attributions, with cohort= and who= an id")
    made = data.at(cohort)
    space = cohort.features.space
    if space is None:
        raise InputError("the cohort's features have no space; make it with read_images")
    at = whose(cohort, str(who))[:1]
    phi, image = (
        np.asarray(held, dtype=np.float64).reshape(-1, *space.shape)
        for held in (made.values[at], cohort.dense(at))
    )
    values = phi.sum(axis=0)
    plane = Plane(None, 0, "")
    if len(space.shape) == 3:
        plane = Plane(0, int(np.abs(values).sum(axis=(1, 2)).argmax()), "")
    room = axes(ax, PANEL * 1.6, PANEL * 1.5)
    return overlay(values, image.mean(axis=0), plane=plane, ax=room)
