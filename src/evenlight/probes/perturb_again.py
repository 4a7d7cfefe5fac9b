"""Further draws of what everyone shares in a perturbation: other genes lost, another batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from evenlight.data.cohort import Cohort
from evenlight.data.perturbed import Perturbed
from evenlight.models.probe import prepare
from evenlight.probes.perturb import perturb, shared_by
from evenlight.probes.perturbations.suites import Asked, suite_of

REPEATS = 5
"""With the first draw six: the spread between draws is then known to within a third."""


def perturb_again(
    model: object,
    cohort: Cohort,
    *,
    suite: Asked,
    repeats: int = REPEATS,
    rng: np.random.Generator | int = 1,
    **how: Any,
) -> tuple[Perturbed, ...]:
    """`repeats` further perturbations of those in the suite that share a draw, () if none does.

    They are the `repeats=` of `fragility`, whose intervals and p then hold for other draws as well.
    In the others each row has random numbers of its own, whose error the spread over people tells.
    `rng` is to be another one than that of the perturbations that are repeated; `how` (target,
    explain, draws) are the options of `perturb`, and the same. With `explain` each repeat draws a
    background of its own, so that attributions speak for other backgrounds too.

    >>> import pandas as pd
    >>> cohort = Cohort(np.eye(2), pd.DataFrame({"g": ["a", "b"]}, index=["r", "s"]))
    >>> asked = {"name": "expression", "scale": "log1p"}
    >>> again = perturb_again(lambda x: x[:, 0], cohort, suite=asked, repeats=2)
    >>> len(again), again[0].shared
    (2, ('batch shift', 'gene-id loss', 'gene-id aliasing'))
    """
    whole = suite_of(suite, cohort)
    shared = shared_by(whole)
    if not shared or repeats < 1:
        return ()
    own, generator = whole.taking(*shared), np.random.default_rng(rng)
    prepared = prepare(model, cohort, target=how.pop("target", None))
    return tuple(perturb(prepared, cohort, suite=own, rng=generator, **how) for _ in range(repeats))
