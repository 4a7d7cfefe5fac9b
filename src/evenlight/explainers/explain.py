"""The verb: a model and a cohort in, attributions out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from evenlight.arrays import Values
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.explainers import load
from evenlight.explainers.background import draw
from evenlight.explainers.device import placed
from evenlight.models.adapted import Adapted
from evenlight.models.probe import settled


def explain(
    model: object,
    cohort: Cohort,
    *,
    method: str | Callable[..., Attributions] = "auto",
    target: int | str | None = None,
    background: Cohort | Values | None = None,
    seed: int = 0,
    device: str = "cpu",
    **own: object,
) -> Attributions:
    """What each feature adds to the margin of one target, for every row of the cohort.

    Parameters
    ----------
    model
        anything that `evenlight.adapt` takes.
    method
        a name of `EXPLAINERS`, "auto" (linear where the weights are known, ig for torch, else
        shapley), or a function with the signature of an explainer.
    target
        name or position of the output; needed where there are several.
    background
        another cohort or an array (b, *s) from which the reference rows are drawn; by default
        100 rows of the cohort itself, balanced over its groups.
    seed
        of the background and of the explainer.
    **own
        options of the explainer, such as `steps=` of ig or `walks=` of shapley.

    >>> import pandas as pd
    >>> from evenlight.data.coefficients import CoefficientTable
    >>> people = pd.DataFrame({"sex": ["f", "m"]}, index=["a", "b"])
    >>> cohort = Cohort(pd.DataFrame({"age": [1.0, 3.0]}, index=["a", "b"]), people)
    >>> found = explain(CoefficientTable("dose", 1.0, {"age": 2.0}), cohort)
    >>> found.method, found.values.tolist(), found.base.tolist()
    ('linear', [[-2.0], [2.0]], [5.0, 5.0])
    """
    adapted = placed(settled(model, cohort), device)
    chosen = _suited(adapted) if method == "auto" else method
    explainer = load(chosen) if isinstance(chosen, str) else chosen
    reference = draw(cohort, background, rng=np.random.default_rng([seed, 0]))
    made = explainer(
        adapted, cohort, target=target, background=reference,
        rng=np.random.default_rng([seed, 1]), device=device, **own,
    )  # fmt: skip
    return replace(made, settings={"seed": seed, "link": str(adapted.link), **made.settings})


def _suited(adapted: Adapted) -> str:
    if adapted.weights is not None:
        return "linear"
    return "ig" if adapted.module is not None else "shapley"
