"""Models, embeddings or cohorts that could as well have been audited, as forks of one kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.errors import InputError
from evenlight.forks.fork import Fork

Prepare = Callable[[Float], Float]
"""Rows x (n, *s) as they are, to the same rows prepared, (n, *t)."""


def alternatives(name: str, others: Mapping[str, object]) -> tuple[Fork, ...]:
    """A fork for each of several models, embeddings or cohorts of the same people.

    `name` is the kind of choice and `others` maps each setting to what was chosen: a model (a
    training seed, a checkpoint, a prompt of a dual encoder: `ev.hf.over_prompts`), an
    `ev.Embeddings` (another layer or pooling), a Cohort (prepared otherwise), or a dict of options
    of the explanation (`{"blur": {"baseline": "blur"}}`).

    >>> made = alternatives("training seed", {"1": np.tanh, "2": np.sin})
    >>> [(fork.name, fork.setting) for fork in made]
    [('training seed', '1'), ('training seed', '2')]

    Raises InputError where there are none, and as `Fork` does.
    """
    if not isinstance(others, Mapping) or not others:
        raise InputError(
            f"{name}: no alternatives; map each setting to its model, embeddings, cohort or "
            "options, as {'seed 2': model}"
        )
    return tuple(_fork(name, str(setting), other) for setting, other in others.items())


def _fork(name: str, setting: str, other: object) -> Fork:
    if isinstance(other, Cohort):
        return Fork(name, setting, cohort=other)
    if isinstance(other, Mapping):
        return Fork(name, setting, options=other)
    return Fork(name, setting, model=other)


def preparations(
    ways: Mapping[str, Prepare],
    raw: Cohort,
    *,
    name: str = "preprocessing",
    fit: Callable[[Cohort], object] | None = None,
) -> tuple[Fork, ...]:
    """A fork for each way in which the same raw values could have been prepared.

    Normalisation, logarithm or gene selection, and their order. `ways` map a setting to a function
    of raw rows x (n, *s) that gives prepared ones: all rows are handed over at once, in the order
    of their ids. `raw` is the cohort of raw values. `fit` trains the model of a preparation on a
    cohort that is prepared that way (return it fitted on people apart from the audited ones); left
    out, the audited model is asked about rows that are prepared in another way than it was trained
    on.

    >>> import pandas as pd
    >>> people = pd.DataFrame({"sex": ["f", "m"]}, index=["a", "b"])
    >>> raw = Cohort(np.array([[1.0, 3.0], [2.0, 2.0]]), people, ["g1", "g2"], groups=["sex"])
    >>> made = preparations({"shares": lambda x: x / x.sum(axis=1, keepdims=True)}, raw)
    >>> made[0].cohort.x.tolist()
    [[0.25, 0.75], [0.5, 0.5]]

    Raises InputError where there are none, and for a preparation that gives other rows, another
    shape (pass a Cohort with its features to `alternatives`), or values that are not finite.
    """
    if not isinstance(ways, Mapping) or not ways:
        raise InputError(f"{name}: no ways to prepare; map each setting to a function of x")
    forks = []
    for setting, way in ways.items():
        cohort = raw.altered(x=_prepared(way, raw, f"{name}, {setting}"))
        forks.append(Fork(name, setting, cohort=cohort, model=None if fit is None else fit(cohort)))
    return tuple(forks)


def _prepared(way: Prepare, raw: Cohort, told: str) -> Float:
    """The prepared rows in the cohort's own order."""
    rows = raw.dense(raw.order)
    made = np.asarray(way(rows.copy()), dtype=np.float64)
    if made.shape != rows.shape:
        raise InputError(
            f"{told} makes {rows.shape} into {made.shape}; for other features build the Cohort "
            "yourself and pass it to alternatives"
        )
    bad = ~np.isfinite(made) & np.isfinite(rows)
    if bad.any():
        raise InputError(
            f"{told} gives {int(bad.sum())} values that are not finite where the raw ones are; "
            "guard logarithms and divisions, as log(1 + x)"
        )
    out = np.empty_like(made)
    out[raw.order] = made
    return out
