"""What may tell the group: the output, attributions, what layers hold, the values themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from evenlight.arrays import Bool, Float
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.probed import Predictions
from evenlight.data.representation import Representation
from evenlight.errors import InputError
from evenlight.measures.prepare import as_variables

Teller = Representation | Attributions | Predictions | Literal["values"]

KINDS = ("output", "attributions", "embedding", "values")
"""What a representation is; only the output bears on use, all others show what is encoded."""

WIDEST = 20_000
"""Most columns of values that are taken from the cohort at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """One representation, in the cohort's order: values (n, d), and which rows count (n,)."""

    name: str
    kind: str
    target: str
    values: Float
    kept: Bool


def shown(representations: Teller | Sequence[Teller], cohort: Cohort) -> tuple[Shown, ...]:
    """Each representation lined up with the cohort; names are told apart.

    Raises InputError for none, for something else, and for two of one name.
    """
    if isinstance(representations, str | Representation | Attributions | Predictions):
        return (_shown(representations, cohort),)
    made = tuple(_shown(item, cohort) for item in representations)
    if not made:
        raise InputError(
            'no representation; give predictions, attributions, embeddings or "values"'
        )
    names = [item.name for item in made]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"two representations are called {twice!r}; give each a name of its own")
    return made


def _shown(item: object, cohort: Cohort) -> Shown:
    every = np.ones(cohort.n, dtype=bool)
    if isinstance(item, Predictions):
        at = item.at(cohort)
        return Shown("output", "output", item.target, at.margin[:, None], every)
    if isinstance(item, Attributions):
        made, _ = as_variables(item, cohort)
        values = made.values.astype(np.float64)
        return Shown("attributions", "attributions", made.target, values, made.converged)
    if isinstance(item, Representation):
        return Shown(item.name, "embedding", "", item.at(cohort).values.astype(np.float64), every)
    if item == "values":
        return Shown("values", "values", "", _values(cohort), every)
    raise InputError(
        f"a representation is a {type(item).__name__}; wanted ev.predict(...), ev.explain(...), "
        'ev.embed(...), or "values" for those of the cohort'
    )


def _values(cohort: Cohort) -> Float:
    """The cohort's own values (n, p)."""
    if cohort.x.ndim != 2 or cohort.x.shape[1] > WIDEST:
        raise InputError(
            f'"values" of shape {tuple(cohort.x.shape)}: wanted a table of at most {WIDEST} '
            "columns; embed it, or sum attributions over sets"
        )
    if cohort.gaps:
        raise InputError('"values" are missing in some rows; impute them, or leave "values" out')
    return cohort.dense()
