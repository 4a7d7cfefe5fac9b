"""One repetition: a world, a model, its twin, an intervention, and what the gate says of it."""

from __future__ import annotations

from functools import partial
from zlib import crc32

import numpy as np
from scipy.stats import rankdata

from evenlight.arrays import Bool, Float
from evenlight.data.attributions import Attributions
from evenlight.data.twins import Twin
from evenlight.explainers.explain import explain
from evenlight.measures.genotype_axes import genotype_axes
from evenlight.measures.levers import levers
from evenlight.measures.rely import rely
from evenlight.measures.shortcut import shortcut
from evenlight.measures.shortcut_evidence import Evidence, unsupported_set
from evenlight.measures.shortcuts import CRITERIA, Shortcut
from evenlight.measures.structure import Structure
from evenlight.probes.refitting import Refitting
from evenlight.probes.swap import swap
from evenlight.probes.twin import twin
from evenlight.qualify.lines import Found
from evenlight.qualify.reliance.models import KINDS
from evenlight.qualify.reliance.worlds import GROUP, WORLDS, World
from evenlight.qualify.told import Score

OURS = "evenlight"


def gate(world: str, kind: str, n: int, seed: int) -> Found:
    """What the gate says of a model of `kind` trained and audited on n people each of a world.

    Under "gate" with a twin and an intervention, under "no twin" with an intervention alone, under
    "gate, adjusted" with support adjusted for the structure that the world has.
    """
    rng = np.random.default_rng([crc32(world.encode()), n, seed])
    made, how = WORLDS[world](rng, n), KINDS[kind]
    model = how.fit(made.training, seed)
    options = {name: value for name, value in how.options.items() if name != "method"}
    phi = explain(model, made.audited, method=how.options["method"], seed=seed, **options)
    again = Refitting(refit=how.refit, method=how.options["method"], options=options)
    pair = twin(model, made.audited, training=made.training, by=GROUP, refitting=again, rng=seed)
    asked: dict[str, Structure | None] = {"gate": None}
    if made.structure:
        asked["gate, adjusted"] = _structure(made)
    out: Found = {}
    for question, adjust in asked.items():
        without, full = _both(model, made, (phi, pair), adjust, seed)
        out[question] = {OURS: _scored(full, made)}
        out.setdefault("no twin", {OURS: {"consistent": float(_said(without))}})
    out["gate"][OURS]["AUPRC"] = _ranking(phi, made, pair, seed)
    return out


def _structure(made: World) -> Structure:
    if made.structure == "families":
        return Structure(families="family")
    return Structure(axes=genotype_axes(made.audited, within=GROUP, components=10))


def _both(
    model: object,
    made: World,
    held: tuple[Attributions, Twin],
    adjust: Structure | None,
    seed: int,
) -> tuple[Shortcut, Shortcut]:
    """The gate without a twin, and with everything."""
    phi, pair = held
    lean = rely(phi.by(made.sets), made.audited, by=GROUP, adjust=adjust, rng=seed)
    closed = None
    if lean.lacking.any():
        moved = swap(model, made.audited, by=GROUP, sets=unsupported_set(lean, made.sets), rng=seed)
        closed = levers(moved, made.audited, by=GROUP, rng=seed)
    asked = partial(shortcut, lean, phi, made.audited, sets=made.sets, adjust=adjust)
    without = asked(evidence=Evidence(levers=closed, training=made.training))
    full = asked(evidence=Evidence(twin=pair, levers=closed, training=made.training))
    return without, full


def _said(found: Shortcut) -> bool:
    return found.word == "consistent_with_a_shortcut"


def _scored(found: Shortcut, made: World) -> Score:
    """The word, what is met, and the numbers behind it."""
    causal = np.asarray(made.sets.membership @ made.causal.astype(float)) > 0
    shown = ~found.lacking
    out = {
        "consistent": float(_said(found)),
        "unresolved": float(found.word == "unresolved"),
        "unsupported share": float(found.unsupported[0]),
        "unsupported share, lower limit": float(found.unsupported[1]),
        "excess": float(found.excess_total[0]),
        "excess, lower limit": float(found.excess_total[2]),
        "remainder": float(found.remainder[0]),
        "remainder, lower limit": float(found.remainder[1]),
        "rho": float(found.resolved),
    }
    out |= {f"{name} met": float(m == "met") for name, m in zip(CRITERIA, found.met, strict=True)}
    if not causal.all():
        out["sets falsely supported"] = float(shown[~causal].mean())
    if causal.any():
        out["causal sets supported"] = float(shown[causal].mean())
    return out


def _ranking(phi: Attributions, made: World, pair: Twin, seed: int) -> float:
    """Average precision of features by excess over the twin, for what a shortcut is made of."""
    if made.truth != "shortcut" or not made.ancestral.any():
        return float("nan")
    lean = rely(phi, made.audited, by=GROUP, rng=seed)
    found = shortcut(lean, phi, made.audited, evidence=Evidence(twin=pair))
    return average_precision(found.over.excess, made.ancestral)


def average_precision(score: Float, wanted: Bool) -> float:
    """Mean, over what is wanted, of the precision at its rank (ties as badly as can be).

    >>> average_precision(np.array([3.0, 2.0, 1.0]), np.array([True, False, True])).__round__(3)
    0.833
    """
    rank = rankdata(-score, method="max")
    own = np.sort(rank[wanted])
    return float((np.arange(1, len(own) + 1) / own).mean())
