"""What the layers of a model encode of the groups in one audit, and what of that is used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from evenlight.data.cohort import Cohort
from evenlight.data.probed import Predictions
from evenlight.data.representation import Erased, Representation
from evenlight.errors import EvenlightError, PlanError
from evenlight.measures.encoded import EncodedUsed
from evenlight.measures.encoded_used import encoded_used
from evenlight.measures.tried import tried
from evenlight.models.probe import Prepared
from evenlight.plan import Plan
from evenlight.plan_parts import ReliancePlan
from evenlight.probes.embeddings import embed
from evenlight.probes.erase import erase
from evenlight.probes.opened import opened

STREAM = 5_000
"""Where the streams of the seed begin that are drawn here."""

TRIED = 200
"""Rows with which layers are tried before any compute."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """One record a grouping, and sentences on what could not be had."""

    encoded: tuple[EncodedUsed, ...] = ()
    notes: tuple[str, ...] = ()


def named_layers(asked: ReliancePlan) -> tuple[str, ...] | None:
    """The layers that a plan names, None for the model's main ones."""
    return None if asked.layers == "all" else tuple(asked.layers)


def check_layers(model: object, cohort: Cohort, asked: ReliancePlan) -> tuple[str, ...]:
    """The layers that will be read, () where none is asked for; tried with a few rows only.

    Raises PlanError for a model without layers, a name that it does not hold (with the known ones),
    and a layer that does not give one output a row.
    """
    if not asked.layers:
        return ()
    few = cohort.take(cohort.order[:TRIED])
    try:
        found = opened(model, few, layers=named_layers(asked))
    except EvenlightError as error:
        raise PlanError(f"reliance.layers: {error}") from None
    return tuple(layer.name for layer in found)


def encoding(
    prepared: Prepared,
    predicted: Predictions,
    cohort: Cohort,
    plan: Plan,
    say: Callable[[str], None],
) -> Encoding:
    """The table *encoded / used* by every grouping over the layers that the plan names.

    What the data do not allow is left out and said. Embeddings and erased outputs are of people:
    they are not kept.
    """
    asked = plan.reliance
    if not asked.layers:
        return Encoding()
    notes: list[str] = []
    say("reading the layers")
    what, ask_all = "What the layers encode", partial(embed, prepared, cohort)
    layers = tried(f"{what} could not be had", notes, ask_all, layers=named_layers(asked))
    if layers is None:
        return Encoding(notes=tuple(notes))
    read = _Read(prepared, predicted, layers, asked.against)
    made: list[EncodedUsed] = []
    for i, groups in enumerate(cohort.groups):
        say(f"what the layers encode of {groups.name}")
        rng = np.random.default_rng([plan.explain.seed, STREAM + i])
        ask = partial(_one, read, cohort, groups.name, notes, rng=rng)
        found = tried(f"{what} of {groups.name} could not be had", notes, ask)
        made += [] if found is None else [found]
    return Encoding(tuple(made), tuple(notes))


@dataclass(frozen=True, slots=True)
class _Read:
    """A model with what its layers hold, and the competing explanation."""

    prepared: Prepared
    predicted: Predictions
    layers: tuple[Representation, ...]
    against: str | None


def _one(
    read: _Read, cohort: Cohort, by: str, notes: list[str], *, rng: np.random.Generator
) -> EncodedUsed:
    """The table of one grouping; a layer that cannot be erased is told without what is used."""
    against = read.against if read.against != by else None
    freed = cohort if against is None else without_stratum(cohort, against)
    seed = int(rng.integers(2**63))
    erased: list[Erased] = []
    for layer in read.layers:
        ask = partial(
            erase, read.prepared, freed, by=by, against=against, layers=[layer.name],
            target=read.prepared.column, rng=seed,
        )  # fmt: skip
        erased += tried(f"What layer {layer.name} holds of {by} was not erased", notes, ask) or ()
    return encoded_used(
        read.layers, read.predicted, freed, by=by, erased=erased, against=against, rng=rng
    )


def without_stratum(cohort: Cohort, name: str) -> Cohort:
    """The same people, not held within the strata `name`: it is asked about beside the group."""
    if name not in cohort.strata:
        return cohort
    return cohort.altered(strata=tuple(s for s in cohort.strata if s != name))
