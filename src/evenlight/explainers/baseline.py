"""Where the paths of integrated gradients begin."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Float, Values
from evenlight.data.assay import SAMPLE, assay_of
from evenlight.data.cohort import Cohort
from evenlight.errors import AttributionError, EvenlightWarning
from evenlight.explainers.background import Reference, out_of_range
from evenlight.explainers.image_baselines import OWN, black, is_images, own_of
from evenlight.explainers.own_starts import OwnStarts, bases, named, sampled
from evenlight.explainers.thinned import IMAGES_FROM, spread_rows
from evenlight.models.adapted import Adapted
from evenlight.stats.drawn_in import drawn_in

LOOKED_AT = 64
"""Rows that are looked at together: most columns show early that they are no codes."""

COUNTED = 0.1
"""Where so many columns of a wide table of counts exceed 2, no column is a code for not doing so:
of genotypes beside an age and a few counts nearly all columns are codes."""

WIDE = 50
"""Fewest columns of a table in which a column of counts may happen to hold only 0, 1 and 2."""


def starts_of(
    baseline: object,
    cohort: Cohort,
    background: Reference,
    *,
    codes: bool = False,
    margin: Callable[[Float], Float] | None = None,
) -> tuple[Float, str]:
    """Where the paths begin, (b, *s), and what to call it: "mean", "rows", "black" or "given".

    "auto" takes the background's rows for images, codes, and where a column holds indicators or
    genotypes (0, 1, 2), else the background's mean; it takes the mean of a wide table of counts as
    well, where a rare gene holds only 0, 1 and 2 by chance (`chosen`). Of images it takes 16 rows
    whose `margin` (b, t) is spread as that of all (`thinned`), where it is known.

    Raises AttributionError for an unknown word, another shape, or values that are not finite.
    """
    if callable(baseline) or (isinstance(baseline, str) and baseline in OWN):
        told = "a function, of" if callable(baseline) else f"{baseline!r}:"
        raise AttributionError(
            f"baseline is {told} references that each row has of its own, which "
            'method="ig" and "shapley" alone take; give an array (b, *s), or background='
        )
    if not isinstance(baseline, str):
        given = _given(baseline, cohort)
        for flag in out_of_range(given, cohort, what="baseline"):
            warnings.warn(flag, EvenlightWarning, stacklevel=3)
        return given, "given"
    if baseline not in ("auto", "mean", "rows", "black"):
        raise AttributionError(
            f'baseline {baseline!r}; wanted "auto", "mean", "rows", of images "black", "blur" or '
            '"inpaint", or an array'
        )
    return _named(baseline, cohort, background, codes=codes, margin=margin)


def _named(
    baseline: str,
    cohort: Cohort,
    background: Reference,
    *,
    codes: bool,
    margin: Callable[[Float], Float] | None,
) -> tuple[Float, str]:
    """What a word makes of the background."""
    if codes and baseline in ("mean", "black"):
        raise AttributionError(
            f'codes have no {baseline}; say baseline="rows" or give codes as baseline'
        )
    if baseline == "black":
        return black(background.rows, cohort), "black"
    kind = baseline if baseline != "auto" else chosen(cohort, codes=codes)[0]
    if kind != "rows":
        return _mean_of(background, cohort)[None], kind
    if baseline == "auto" and margin is not None and is_images(cohort):
        return background.rows[spread_rows(margin(background.rows), IMAGES_FROM)], kind
    return background.rows, kind


def _mean_of(background: Reference, cohort: Cohort) -> Float:
    """The background's mean (*s); of images without what few have at a position (`drawn_in`).

    From a mean in which one image's burned-in name is left, everybody's attributions would tell it.
    """
    if not is_images(cohort):
        return background.mean
    rows = background.rows.reshape(len(background.rows), -1)
    made: Float = drawn_in(rows).mean(axis=0).reshape(background.rows.shape[1:])
    return made


@dataclass(frozen=True, slots=True, eq=False)
class Begun:
    """Where the paths of all rows begin, and what the model says there.

    `rows` (b, *s) serve all rows and `base` (1, targets) is their mean margin; or each row has
    `many` references of its `own`: `rows` are then those of some rows, and `base` is (n, targets).
    `why` says what "auto" saw.
    """

    rows: Float
    kind: str
    many: int
    base: Float
    own: OwnStarts | None = None
    why: str = ""


def begin(baseline: object, cohort: Cohort, background: Reference, adapted: Adapted) -> Begun:
    """Where paths begin by the option `baseline` of integrated gradients.

    Raises AttributionError as `starts_of`, `joined` and `own_rows` do.
    """
    if isinstance(baseline, Mapping):
        parts = getattr(adapted.module, "parts", {})
        baseline = joined(baseline, parts, space=cohort.x.shape[2:])
    if isinstance(baseline, str) and baseline in OWN:
        baseline = own_of(baseline, cohort)
    if callable(baseline):
        rows = sampled(baseline, cohort)
        many = rows.shape[1]
        base = bases(baseline, cohort, adapted, many)
        return Begun(rows.reshape(-1, *rows.shape[2:]), named(baseline), many, base, baseline)
    why = ""
    if isinstance(baseline, str) and baseline == "auto":
        word, why = chosen(cohort, codes=adapted.codes)
        baseline = baseline if is_images(cohort) else word  # columns are looked at once
    starts, kind = starts_of(
        baseline, cohort, background, codes=adapted.codes, margin=adapted.margin
    )
    base = adapted.margin(starts).mean(axis=0)[None]
    return Begun(starts, kind, len(starts), base, why=why)


def joined(
    baseline: Mapping[str, Values],
    parts: Mapping[str, tuple[list[int], tuple[int, ...]]],
    *,
    space: tuple[int, ...] = (),
) -> Float:
    """A baseline given for each input of a network as one, (b, p), or (b, c, *space) of images.

    `parts` maps an input to its columns, or channels, and the shape (*s) of one row; each baseline
    is (*s) or (b, *s), and one row serves for all b.

    Raises AttributionError for inputs that are not named exactly, or shapes that do not fit.

    >>> joined({"a": [1.0, 2.0], "b": [3.0]}, {"a": ([0, 2], (2,)), "b": ([1], (1,))}).tolist()
    [[1.0, 3.0, 2.0]]
    """
    if set(baseline) != set(parts):
        raise AttributionError(
            f"the baseline names the inputs {sorted(baseline)}, wanted {sorted(parts)}"
        )
    rows = {name: np.asarray(given, dtype=np.float64) for name, given in baseline.items()}
    for name, (_, shape) in parts.items():
        here = rows[name].shape
        rows[name] = rows[name][None] if here == shape else rows[name]
        if rows[name].shape[1:] != shape:
            raise AttributionError(
                f"the baseline of {name!r} has shape {here}, wanted {shape} or (b, *{shape})"
            )
    many = max(len(given) for given in rows.values())
    made = np.empty((many, sum(len(columns) for columns, _ in parts.values()), *space))
    for name, (columns, _) in parts.items():
        if len(rows[name]) not in (1, many):
            raise AttributionError(
                f"the baseline of {name!r} has {len(rows[name])} rows and another has {many}"
            )
        made[:, columns] = rows[name].reshape(len(rows[name]), len(columns), *space)
    return made


def _given(baseline: object, cohort: Cohort) -> Float:
    array = np.require(baseline, np.float64, "W")  # torch takes no read-only view, as of a mean
    shape = cohort.x.shape[1:]
    if array.shape == shape:
        array = array[None]
    if array.shape[1:] != shape or len(array) == 0:
        raise AttributionError(
            f"the baseline has shape {array.shape}, wanted {shape} or (b, *{shape})"
        )
    if not np.isfinite(array).all():
        raise AttributionError("the baseline holds values that are not finite; repair them")
    return array


def chosen(cohort: Cohort, *, codes: bool = False) -> tuple[str, str]:
    """What baseline "auto" is, "rows" or "mean", and what of the values says so.

    >>> import pandas as pd
    >>> rng, people = np.random.default_rng(0), pd.DataFrame({"g": ["a", "b"] * 40})
    >>> [chosen(Cohort(rng.poisson(mean, (80, 200)), people)) for mean in (0.5, 0.01)]
    [('mean', 'counts'), ('rows', 'indicators or genotypes')]
    """
    if codes:
        return "rows", "codes"
    if cohort.x.ndim > 2:
        return "rows", "images"
    if cohort.features.indicators:
        return "rows", "indicators or genotypes"
    counts = _counts(cohort)
    first = cohort.dense(cohort.order[:1])
    plain, varies = np.ones(first.shape[1], dtype=bool), np.zeros(first.shape[1], dtype=bool)
    for _, x in cohort.blocks(LOOKED_AT):
        plain &= np.isin(x, (0.0, 1.0, 2.0)).all(axis=0)
        varies |= (x != first).any(axis=0)
        if counts and float((~plain).mean()) >= COUNTED:
            return "mean", "counts"
        if not plain.any():
            break
    if (plain & varies).any():
        return "rows", "indicators or genotypes"
    return "mean", "no indicators or genotypes"


def _counts(cohort: Cohort) -> bool:
    """Whether x is a wide table of counts by the rows that are looked at first."""
    if cohort.x.shape[1] < WIDE:
        return False
    return assay_of(cohort.dense(cohort.order[:SAMPLE])).kind == "counts"
