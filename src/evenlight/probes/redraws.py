"""The same explanation on other draws of its background."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from evenlight.arrays import Values
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.errors import EvenlightWarning
from evenlight.explainers.background import draw
from evenlight.explainers.explain import explain
from evenlight.models.probe import Prepared

REPEATS = 5
"""Further draws where attributions are cheap."""

CHEAP = ("linear", "ig")
MOST = 2**26
"""Most numbers of x for which attributions by gradients count as cheap."""


def _made(i: int, make: Callable[[], Attributions]) -> Attributions:
    return make()


def redraws(
    prepared: Prepared,
    cohort: Cohort,
    made: Attributions,
    *,
    count: int | None = None,
    each: Callable[[int, Callable[[], Attributions]], Attributions] = _made,
) -> tuple[Attributions, ...]:
    """`count` explanations of all rows as `made`, each on another draw of the cohort's background.

    Only the background changes: the explainer's own draws stay. Without a count, five for a linear
    model, and for integrated gradients on tables of at most 2^26 numbers; none for others. `each`
    is asked for the i-th, counted from 1, and told how it is made: it may have it already.
    """
    cheap = made.method in CHEAP and cohort.x.ndim == 2 and prod(cohort.x.shape) <= MOST
    wanted = (REPEATS if cheap else 0) if count is None else count
    if str(made.settings.get("baseline")).startswith(("token", "own")):
        wanted = 0  # paths start at the mask token, or at the row's own: no background plays a part
    seed = int(made.settings.get("seed", 0))
    named = made.settings.get("options", {}).get("baseline")
    own: dict[str, Any] = {"baseline": named} if isinstance(named, str) else {}
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EvenlightWarning)  # they were told of the first background
        for i in range(1, wanted + 1):
            rows = draw(cohort, rng=np.random.default_rng([seed + i, 0])).rows

            def again(rows: Cohort | Values = rows) -> Attributions:
                return explain(
                    prepared, cohort, method=made.method, target=prepared.column,
                    background=rows, seed=seed, **own,
                )  # fmt: skip

            found.append(each(i, again))
    return tuple(found)
