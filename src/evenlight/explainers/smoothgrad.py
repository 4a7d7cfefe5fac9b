"""SmoothGrad (Smilkov et al. 2017): the gradient, averaged over noise added to the input."""

from __future__ import annotations

import numpy as np
import torch
from numpy.random import Generator, Philox

from evenlight.arrays import Float
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.errors import AttributionError, ModelError
from evenlight.explainers.assemble import Explained, record
from evenlight.explainers.background import Reference
from evenlight.explainers.borrowed import OTHER
from evenlight.explainers.device import bytes_at_once
from evenlight.explainers.draws import row_keys
from evenlight.explainers.feed import to_tensor
from evenlight.explainers.gradients import GAPS, gradients, margins_of, point_bytes
from evenlight.explainers.opened import Network
from evenlight.models.networks import as_tensor, kept
from evenlight.models.probe import Prepared, prepare


def explain(
    model: object,
    cohort: Cohort,
    *,
    target: int | str | None,
    background: Reference,
    rng: np.random.Generator,
    device: str = "cpu",
    noise: float = 0.1,
    draws: int = 32,
) -> Attributions:
    """(x - mean of the background) times the mean gradient at x + noise.

    `noise` is the standard deviation of what is added to each feature, in units of that feature's
    own over the background; `draws` of it come in pairs of opposite sign, drawn for each row by its
    id. `sensitivity` holds the mean gradient, `spread` its standard error over pairs. It does not
    promise that attributions add up: the residual is recorded and no row is refused.

    Raises ModelError for a model without gradients, AttributionError for draws or noise below 0.
    """
    if draws < 4 or draws % 2 or noise < 0:
        raise AttributionError(
            f"draws={draws}, noise={noise}; wanted an even number of at least 4, and noise >= 0"
        )
    prepared = prepare(model, cohort, target=target)
    if prepared.adapted.module is None:
        raise ModelError(f'{prepared.adapted.name} is no torch network; say method="shapley"')
    if prepared.adapted.codes:
        raise ModelError(f"{prepared.adapted.name} takes codes, which noise cannot move; {OTHER}")
    if cohort.gaps:
        raise ModelError(GAPS)
    size = noise * background.rows.std(axis=0)
    keys = row_keys(int(rng.integers(2**63)), cohort.rows)
    slopes, spread = np.empty((2, cohort.n, *cohort.x.shape[1:]))
    with kept(prepared.adapted.module) as module:
        net = Network(module, as_tensor(module, cohort.dense(cohort.order[:1])))
        for part, x in cohort.blocks(1):
            step = Generator(Philox(key=keys[part.start])).normal(size=(draws // 2, *x.shape[1:]))
            pairs = _slopes(net, prepared, x + size * step, x - size * step)
            slopes[part], spread[part] = pairs.mean(axis=0), pairs.std(axis=0, ddof=1)
    gap = cohort.dense() - background.mean
    spread /= np.sqrt(draws // 2)
    found = Explained(
        "smoothgrad", gap * slopes, float(prepared.margin(background.rows).mean()),
        {"complete": False, "noise": noise, "draws": draws, "device": device},
        spread=np.abs(gap) * spread, sensitivity=slopes,
        converged=np.ones(cohort.n, dtype=bool),
    )  # fmt: skip
    return record(found, prepared, cohort, background)


def _slopes(net: Network, prepared: Prepared, up: Float, down: Float) -> Float:
    """The mean gradient of each pair of points, (d, *s)."""
    margins = margins_of([prepared])
    z = to_tensor(np.concatenate([up, down]), net.blank).flatten(1)
    batch = bytes_at_once(z.device, None) // point_bytes(net, margins, z[:2])
    parts = [gradients(net, margins, own)[0] for own in torch.split(z, max(1, min(batch, len(z))))]
    found = torch.cat(parts).double().cpu().numpy().reshape(2, *up.shape)
    mean: Float = found.mean(axis=0)
    return mean
