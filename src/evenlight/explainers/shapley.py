"""Shapley values by permutation walks (shap), for any model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import shap

from evenlight.arrays import Float
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.errors import ModelError
from evenlight.explainers.assemble import Explained, record
from evenlight.explainers.background import Reference
from evenlight.models.probe import Prepared, prepare

MOST_FEATURES = 4096
"""More features than this take too many calls of the model."""


def explain(
    model: object,
    cohort: Cohort,
    *,
    target: int | str | None,
    background: Reference,
    rng: np.random.Generator,
    device: str = "cpu",
    walks: int = 2,
) -> Attributions:
    """Interventional Shapley values over the background rows, from `walks` walks a row.

    Each walk visits the features in a random order, forward and back, so that one walk is exact up
    to interactions of two features. `spread` is the standard error over walks (absent for one).
    Rows are visited in the order of their ids: shuffled rows give the same answer.
    """
    if walks < 1:
        raise ModelError(f"walks={walks}; wanted at least 1")
    prepared = prepare(model, cohort, target=target)
    x = cohort.dense(cohort.order)
    flat, reference = x.reshape(len(x), -1), background.rows.reshape(len(background.rows), -1)
    if flat.shape[1] > MOST_FEATURES:
        raise ModelError(
            f"{flat.shape[1]} features need at least {2 * flat.shape[1]} model calls a row and "
            'background row; say method="ig" for a network, or audit fewer features'
        )
    seeds = rng.integers(2**31, size=walks).tolist()
    every = np.stack([_walk(prepared, flat, reference, x.shape[1:], s) for s in seeds])
    back = np.argsort(cohort.order)
    spread = every.std(axis=0, ddof=1) / np.sqrt(walks) if walks > 1 else None
    settings = {"walks": walks, "shap": shap.__version__, "complete": True, "device": "cpu"}
    found = Explained(
        "shapley", every.mean(axis=0)[back].reshape(x.shape),
        float(prepared.margin(background.rows).mean()), settings,
        spread=None if spread is None else spread[back].reshape(x.shape),
    )  # fmt: skip
    return record(found, prepared, cohort, background)


def _walk(
    prepared: Prepared, x: Float, reference: Float, shape: tuple[int, ...], seed: int
) -> Float:
    """One walk for every row, (n, p)."""

    def margin(rows: Float) -> Float:
        return prepared.margin(np.asarray(rows, dtype=np.float64).reshape(-1, *shape))

    masker = shap.maskers.Independent(reference, max_samples=len(reference))
    with _own_generator():
        explainer = shap.PermutationExplainer(margin, masker, seed=seed)
        found = explainer(x, max_evals=2 * x.shape[1] + 1, silent=True)
    return np.asarray(found.values, dtype=np.float64)


@contextmanager
def _own_generator() -> Iterator[None]:
    """Numpy's global generator, which shap seeds, put back as it was."""
    state = np.random.get_state()  # noqa: NPY002  the user's generator is what we protect
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002  as above
