"""Generated images, and a network that was trained on others of them: what regions tell apart.

The network's logit is a sum over places, so the truth of every region is known: within the outcome
only that in which a difference was planted differs. Each case trains on people of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from scipy.ndimage import binary_dilation

from evenlight.arrays import Bool, Float
from evenlight.cohorts.phantom import NOTHING, SHORTCUT, Phantom, Planted, phantom
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features
from evenlight.explainers.explain import explain
from evenlight.models.convolutional import SmallNetwork, trained_network
from evenlight.qualify.drawn import Asked, Drawn, moved

TRAINED = {2: 600, 3: 400}
"""People on whom the network is trained, by axes of the images."""

AUDITED = 400

REACH = 6
"""Positions within which the network sees two things at once."""


def chest_shortcut(rng: np.random.Generator) -> Drawn:
    """Chests of 400 people: a burned-in mark in 80 % of b and 10 % of a; 60 % and 20 % are ill.

    A network learned the lesion and the mark from 600 others. Within the outcome the corner of the
    mark differs; the lung with the lesion and every other region do not. The same corner with and
    without the mark, and the same lung with and without a lesion, move everyone equally far.
    """
    return _drawn(rng, 2, SHORTCUT, given=("mark",))


def chest_nothing(rng: np.random.Generator) -> Drawn:
    """Chests of 400 people in whom nothing goes with the group; no region may be flagged."""
    return _drawn(rng, 2, NOTHING, given=())


def chest_severity(rng: np.random.Generator) -> Drawn:
    """Chests; lesions of b are twice as bright: other values of the lung, and the same use."""
    return _drawn(rng, 2, Planted(severity=(0.7, 1.4)), given=("lesion",))


def chest_intensity(rng: np.random.Generator) -> Drawn:
    """Chests of b are brighter all over: regions may differ, the use of a lesion does not."""
    return _drawn(rng, 2, Planted(intensity=(0.0, 0.1)), given=None)


def chest_size(rng: np.random.Generator) -> Drawn:
    """Hearts of b are 12 % wider: regions may differ, the use of a lesion does not."""
    return _drawn(rng, 2, Planted(size=(1.0, 1.12)), given=None)


def head_shortcut(rng: np.random.Generator) -> Drawn:
    """Heads in 3-D, with lesion, mark and shares as in the chests, and 400 people to learn from."""
    return _drawn(rng, 3, SHORTCUT, given=("mark",))


Draw = Callable[[np.random.Generator], Drawn]

PHANTOMS: Mapping[str, Draw] = {
    "chest, shortcut": chest_shortcut,
    "chest, nothing": chest_nothing,
    "chest, severity": chest_severity,
    "chest, intensity": chest_intensity,
    "chest, size of the heart": chest_size,
    "head, shortcut": head_shortcut,
}
"""Name to generator; a draw trains a network, which takes some seconds."""


def _drawn(
    rng: np.random.Generator, dims: int, planted: Planted, *, given: tuple[str, ...] | None
) -> Drawn:
    """The audit of one network; `given` are the regions that differ within the outcome.

    None where regions may differ anywhere, since all of their values do.
    """
    network = trained_network(phantom(TRAINED[dims], dims=dims, planted=planted, rng=rng).cohort)
    held = phantom(AUDITED, dims=dims, planted=planted, rng=rng)
    seed = int(rng.integers(2**31))
    maps = explain(network, held.cohort, method="ig", baseline="mean", seed=seed)
    cohort = _table(held)
    own = {"mark": held.mark_region, "lesion": held.lesion_region}
    names, asked = np.array(held.regions.names), []
    if given is not None:
        at = np.isin(names, [own[what] for what in given])
        null = ~at & ~_beside(held, given)
        asked.append(Asked("difference given the outcome", at, null, np.where(null, 0.0, np.nan)))
    step, put = _steps(network, held)
    asked.append(Asked("use", np.zeros(len(names), dtype=bool), put, np.where(put, 0.0, np.nan)))
    return Drawn(
        _sums(maps, held), cohort, tuple(asked), contrasts=moved(step, cohort),
        extra=partial(_extra, network, held),
    )  # fmt: skip


def _sums(maps: Attributions, held: Phantom) -> Attributions:
    """Sums over regions, of the table of regions."""
    return replace(maps.by(held.regions), cohort_digest="")


def _table(held: Phantom) -> Cohort:
    """The same people with the mean value of each region as x (n, regions)."""
    sets = held.regions
    size = np.asarray(sets.membership.sum(axis=1)).reshape(-1)
    flat = held.cohort.dense().reshape(held.cohort.n, -1)
    return held.cohort.altered(x=(sets.membership @ flat.T).T / size, features=Features(sets.names))


def _beside(held: Phantom, given: tuple[str, ...]) -> Bool:
    """Regions (p,) of which one position in twenty is near enough to a lesion to see it."""
    named = np.array(held.regions.names)
    if "lesion" not in given:
        return np.zeros(len(named), dtype=bool)
    near = _grown(held.lesion > 0.1 * held.lesion.max())
    share = np.array([near[held.labels == label].mean() for label in range(len(named))])
    beside: Bool = (share > 0.05) & (named != held.lesion_region)
    return beside


def _grown(where: Bool) -> Bool:
    """Positions that the network sees together with one of these."""
    made: Bool = binary_dilation(where, np.ones([1 + 2 * REACH] * where.ndim, dtype=np.bool_))
    return made


def _steps(network: SmallNetwork, held: Phantom) -> tuple[Float, Bool]:
    """What common contrasts do to each logit (n, regions), and the regions (p,) that have one.

    A place of the mean image with all that the network sees beside it, put into everyone: the lung
    with the usual lesion against without, and, where the network has seen marks, the corner with
    the mark against without.
    """
    names = list(held.regions.names)
    lesion, mark = names.index(held.lesion_region), names.index(held.mark_region)
    usual = held.clean.mean(axis=0, dtype=np.float64)[0]
    skirt = held.lesion > 0.001 * held.lesion.max()
    put = {lesion: (usual + np.where(skirt, held.lesion, 0.0), _grown(skirt))}
    if any(held.planted.mark):
        put[mark] = (np.where(held.mark, held.bright, usual), held.labels == mark)
    step, asked = np.zeros((held.cohort.n, len(names))), np.zeros(len(names), dtype=bool)
    for region, (patch, where) in put.items():
        step[:, region] = _put(network, held, patch, where) - _put(network, held, usual, where)
        asked[region] = True
    return step, asked


def _put(network: SmallNetwork, held: Phantom, patch: Float, where: Bool) -> Float:
    """Logits (n,) with the same patch in everyone."""
    x = held.cohort.dense()
    x[:, :, where] = patch[where]
    return _logit(network, x)


def _logit(network: SmallNetwork, x: Float) -> Float:
    """Logits (n,) in double precision, in which alike is equal."""
    with torch.no_grad():
        made: Float = deepcopy(network).double()(torch.tensor(x)).numpy()[:, 0]
    return made


def _extra(network: SmallNetwork, held: Phantom, drawn: Drawn, seed: int) -> Mapping[str, float]:
    """AUROC of the network on the audited people, and what the mark does in SD of its logit."""
    logit, ill = _logit(network, held.cohort.dense()), held.cohort.y == 1
    ordered = logit[ill][:, None] > logit[~ill][None]
    pair = [_logit(network, held.paired(marked=marked).dense()) for marked in (False, True)]
    return {
        "auroc": float(ordered.mean()),
        "mark in SD": float((pair[1] - pair[0]).mean() / logit.std()),
    }
