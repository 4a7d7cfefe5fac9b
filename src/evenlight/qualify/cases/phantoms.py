"""Generated images, and a network that was trained on others of them: what regions tell apart.

The truth of every region is known from pairs, the same people with and without what is planted
(`phantom_truth`). Each case trains on people of its own.
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
from evenlight.qualify.cases.phantom_truth import Truth, truth
from evenlight.qualify.drawn import Asked, Drawn, moved

TRAINED = {2: 600, 3: 400}
"""People on whom the network is trained, by axes of the images."""

AUDITED = 400

REACH = 6
"""Positions within which the network sees two things at once."""

BRIGHT, WIDER = (0.7, 1.4), (1.0, 1.12)
"""How bright the lesions of a and b are, and how wide heart or ventricles, as usual: 1."""

BRIGHTER = {2: 0.1, 3: 0.03}
"""What is added to images of b: of heads more leaves some networks untrained (AUROC near 0.5)."""


def chest_shortcut(rng: np.random.Generator) -> Drawn:
    """Chests of 400 people: a burned-in mark in 80 % of b and 10 % of a; 60 % and 20 % are ill.

    A network learned the lesion and the mark from 600 others. Within the outcome the corner of the
    mark differs; the lung with the lesion and every other region do not. The same corner with and
    without the mark, and the same lung with and without a lesion, move everyone equally far. True
    differences are those of pairs: the same people with everyone as in a and as in b.
    """
    return _drawn(rng, 2, SHORTCUT)


def chest_nothing(rng: np.random.Generator) -> Drawn:
    """Chests of 400 people in whom nothing goes with the group; no region may be flagged."""
    return _drawn(rng, 2, NOTHING)


def chest_severity(rng: np.random.Generator) -> Drawn:
    """Chests; lesions of b are twice as bright: other values of the lung, and the same use."""
    return _drawn(rng, 2, Planted(severity=BRIGHT))


def chest_intensity(rng: np.random.Generator) -> Drawn:
    """Chests of b are brighter all over: regions differ as far as pairs tell, and no use does."""
    return _drawn(rng, 2, Planted(intensity=(0.0, BRIGHTER[2])))


def chest_size(rng: np.random.Generator) -> Drawn:
    """Hearts of b are 12 % wider: regions near them differ as far as pairs tell, no use does."""
    return _drawn(rng, 2, Planted(size=WIDER))


def chest_everything(rng: np.random.Generator) -> Drawn:
    """All of these in one: the corner is found, intervals hold what pairs tell, no use differs."""
    return _drawn(rng, 2, _everything(2))


def head_shortcut(rng: np.random.Generator) -> Drawn:
    """Heads in 3-D, with lesion, mark and shares as in the chests, and 400 people to learn from."""
    return _drawn(rng, 3, SHORTCUT)


def head_nothing(rng: np.random.Generator) -> Drawn:
    """Heads of 400 people in whom nothing goes with the group; no region may be flagged."""
    return _drawn(rng, 3, NOTHING)


def head_severity(rng: np.random.Generator) -> Drawn:
    """Heads; lesions of b are twice as bright: other values of the hemisphere, and the same use."""
    return _drawn(rng, 3, Planted(severity=BRIGHT))


def head_intensity(rng: np.random.Generator) -> Drawn:
    """Heads of b are brighter all over: regions differ as far as pairs tell, and no use does."""
    return _drawn(rng, 3, Planted(intensity=(0.0, BRIGHTER[3])))


def head_size(rng: np.random.Generator) -> Drawn:
    """Ventricles of b are 12 % wider: regions differ as far as pairs tell, and no use does."""
    return _drawn(rng, 3, Planted(size=WIDER))


def head_everything(rng: np.random.Generator) -> Drawn:
    """All of these in one, in 3-D."""
    return _drawn(rng, 3, _everything(3))


Draw = Callable[[np.random.Generator], Drawn]

PHANTOMS: Mapping[str, Draw] = {
    "chest, shortcut": chest_shortcut,
    "chest, nothing": chest_nothing,
    "chest, severity": chest_severity,
    "chest, intensity": chest_intensity,
    "chest, size of the heart": chest_size,
    "chest, everything": chest_everything,
    "head, shortcut": head_shortcut,
    "head, nothing": head_nothing,
    "head, severity": head_severity,
    "head, intensity": head_intensity,
    "head, size of the ventricles": head_size,
    "head, everything": head_everything,
}
"""Name to generator; a draw trains a network, which takes some seconds."""


def _everything(dims: int) -> Planted:
    """All differences in one."""
    return replace(SHORTCUT, severity=BRIGHT, intensity=(0.0, BRIGHTER[dims]), size=WIDER)


def _drawn(rng: np.random.Generator, dims: int, planted: Planted) -> Drawn:
    """The audit of one network, and what pairs of the same people say is true of it."""
    network = trained_network(phantom(TRAINED[dims], dims=dims, planted=planted, rng=rng).cohort)
    held = phantom(AUDITED, dims=dims, planted=planted, rng=rng)
    seed, pairs = (int(rng.integers(2**31)) for _ in range(2))
    explained = partial(_explained, network, held.cohort, seed)
    maps, cohort = explained(held), _table(held)
    true = truth(lambda made: _values(explained(made)), held, _values(maps), dims=dims, seed=pairs)
    step, put = _steps(network, held)
    use = Asked("use", np.zeros(len(put), dtype=bool), put, np.where(put, 0.0, np.nan))
    return Drawn(
        maps, cohort, (_within(held, true), use), contrasts=moved(step, cohort),
        extra=partial(_extra, network, held, true.effect),
    )  # fmt: skip


def _explained(network: SmallNetwork, usual: Cohort, seed: int, made: Phantom) -> Attributions:
    """Sums over regions, from the mean image of the audited people, of the table of regions."""
    maps = explain(network, made.cohort, method="ig", baseline="mean", background=usual, seed=seed)
    return replace(maps.by(made.regions), cohort_digest="")


def _values(made: Attributions) -> Float:
    """The attributions (n, p) themselves, in double precision."""
    return np.asarray(made.values, dtype=np.float64)


def _within(held: Phantom, true: Truth) -> Asked:
    """What differs within the outcome: the places of mark and lesion where these were planted.

    Besides these, all that moves plainly; what moves neither plainly nor hardly is not scored as
    found or not found, but its interval has to hold the truth.
    """
    own = {"mark": held.mark_region, "severity": held.lesion_region}
    wanted = [region for what, region in own.items() if what in held.planted.differs]
    planted = np.isin(held.regions.names, wanted) | true.plain
    return Asked(
        "difference given the outcome", planted, true.null & ~planted, true.effect, error=true.error
    )


def _table(held: Phantom) -> Cohort:
    """The same people with the mean value of each region as x (n, regions)."""
    sets = held.regions
    size = np.asarray(sets.membership.sum(axis=1)).reshape(-1)
    flat = held.cohort.dense().reshape(held.cohort.n, -1)
    return held.cohort.altered(x=(sets.membership @ flat.T).T / size, features=Features(sets.names))


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


def _extra(
    network: SmallNetwork, held: Phantom, effect: Float, drawn: Drawn, seed: int
) -> Mapping[str, float]:
    """AUROC of the network on the audited people, and what pairs of images say of the mark.

    The mark in SD of the logit, and of what it does to the logit the part that is attributed to its
    corner, which is nearly all of it in a network that sees no farther than the corner reaches.
    """
    logit, ill = _logit(network, held.cohort.dense()), held.cohort.y == 1
    ordered = logit[ill][:, None] > logit[~ill][None]
    pair = [_logit(network, held.paired(marked=marked).dense()) for marked in (False, True)]
    step = float((pair[1] - pair[0]).mean())
    out = {"auroc": float(ordered.mean()), "mark in SD": step / float(logit.std())}
    if held.planted.differs == SHORTCUT.differs:
        share = held.planted.mark[1] - held.planted.mark[0]
        corner = held.regions.names.index(held.mark_region)
        out["corner of the mark"] = float(effect[corner]) / (share * step)
    return out
