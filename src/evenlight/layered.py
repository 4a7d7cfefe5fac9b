"""Layers and poolings as forks: the same questions on other embeddings of the same rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evenlight.data.cohort import Cohort
from evenlight.errors import InputError
from evenlight.forks import Fork
from evenlight.probes.embedded import Embeddings


def layerings(
    embeddings: Mapping[str, Embeddings | Any],
    cohort: Cohort,
    *,
    name: str = "embedding",
    **own: Any,
) -> tuple[Fork, ...]:
    """A fork for each of several embeddings of the same rows: layers, poolings, checkpoints.

    `embeddings` name them; what is no `Embeddings` is made one with the options `own` (`rows`,
    `head`, `directions`, `folds`). `cohort` is the one that the audited embeddings were given, and
    each fork has its own head, cross-fitted in the same folds. For `hold`, whose audit, model and
    cohort are those of one of them:

    >>> import numpy as np, pandas as pd
    >>> e = np.random.default_rng(0).normal(size=(40, 3))
    >>> people = pd.DataFrame({"y": e[:, 0], "g": ["a", "b"] * 20})
    >>> people.index = [f"p{i}" for i in range(40)]
    >>> cohort = Cohort(np.zeros((40, 1)), people, outcome="y", groups=["g"], unit="row")
    >>> made = layerings({"mean": e, "first token": e**3}, cohort, rows=people.index, folds=2)
    >>> [(fork.name, fork.setting) for fork in made]
    [('embedding', 'mean'), ('embedding', 'first token')]

    Raises InputError where there are none, and as `Embeddings` does.
    """
    if not embeddings:
        raise InputError("no embeddings; name each layer or pooling: {'layer 6, mean': vectors}")
    forks = []
    for setting, item in embeddings.items():
        made = item if isinstance(item, Embeddings) else Embeddings(item, name=setting, **own)
        turned = made.audited(cohort)
        forks.append(Fork(name, setting, model=turned.model, cohort=turned.cohort))
    return tuple(forks)
