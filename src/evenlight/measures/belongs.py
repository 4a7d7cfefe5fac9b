"""Whether evidence belongs together: of one grouping, one model, one target."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from evenlight.arrays import Float
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.data.probed import Predictions
from evenlight.data.representation import Representation
from evenlight.data.twins import Twin
from evenlight.errors import AttributionError, InputError
from evenlight.measures.hidden_people import mass_of, without_hidden
from evenlight.measures.lever import Levers
from evenlight.measures.prepare import Setting
from evenlight.measures.reliance import Reliance
from evenlight.measures.structure import Structure
from evenlight.small_groups import least_shown

SAME = 0.01
"""Outputs of one model differ less than this, in SDs of the output: rounding on other machines."""

SHARED = 2
"""Groups that a twin must have in common with the audited people."""


def same_reliance(lean: Reliance, laid: Attributions, here: Setting) -> None:
    """Raise an error unless a reliance is of these attributions and groups."""
    if (lean.subjects, lean.target) != (laid.features.names, laid.target):
        raise AttributionError(
            f"the reliance is of {lean.target!r} through {len(lean.subjects)} subjects, the "
            f"attributions are of {laid.target!r} by {len(laid.features)}, or other names; pass "
            "the sets= by which they were summed for it"
        )
    if (lean.grouping, lean.levels) != (here.groups.name, here.groups.levels):
        raise InputError(
            f"the reliance is by {lean.grouping!r} between {list(lean.levels)}, these groups are "
            f"{here.groups.name!r} of {list(here.groups.levels)}; ask rely and this by the same "
            "groups"
        )
    if not np.allclose(lean.mass, _mass(laid, here), rtol=0, atol=1e-4, equal_nan=True):
        raise AttributionError(
            "the reliance was found of other attributions than these (subjects have other shares "
            "of the mean absolute attribution); pass those that rely was given"
        )


def same_structure(lean: Reliance, adjust: Structure | None) -> None:
    """InputError unless support of a reliance was adjusted alike."""
    told = "" if adjust is None else adjust.told
    if lean.adjusted != told:
        raise InputError(
            f"support of the reliance is {lean.adjusted or 'not adjusted'}, the gate would be "
            f"{told or 'not adjusted'}; pass the same adjust= to both"
        )


def _mass(laid: Attributions, here: Setting) -> Float:
    """The share of each subject in the mean absolute attribution, (p,), as `Reliance.mass`."""
    shown, _ = without_hidden(here)
    return mass_of(shown.per_unit(laid.values.reshape(laid.n, -1).astype(np.float64)), shown)


def same_groups(twin: object, groups: Groups, what: str) -> Twin:
    """The twin; InputError for none, or one by another grouping or with other groups."""
    if not isinstance(twin, Twin):
        raise InputError(
            f"twin is a {type(twin).__name__}; wanted the Twin of "
            "twin(model, cohort, training=..., by=...)"
        )
    if twin.grouping != groups.name:
        raise InputError(
            f"the twin is by {twin.grouping!r}; {what} is by {groups.name!r}; make one with "
            f"twin(..., by={groups.name!r})"
        )
    if len(set(twin.levels) & set(groups.levels)) < SHARED:
        raise InputError(
            f"the twin accounts for {list(twin.levels)}, the audited groups are "
            f"{list(groups.levels)}; name the groups of the training people as those of the audited"
        )
    return twin


def same_twin(
    twin: object,
    cohort: Cohort,
    groups: Groups,
    *,
    what: str,
    targets: Iterable[str] = (),
    output: Float | None = None,
) -> Twin:
    """The twin's rows as the cohort's, if it is by these groups and of this model and target.

    `what` asks for it, in words; `targets` are those of what stands beside it, and `output` (n,) is
    the audited model's, which the twin knows if it was refitted here.

    Raises InputError as `same_groups`, AttributionError for another target or another model.
    """
    made = same_groups(twin, groups, what).at(cohort)
    own = made.models[0].target
    other = next((target for target in targets if target and target != own), None)
    if other is not None:
        raise AttributionError(
            f"the twin is of {own!r}, {what} of {other!r}; refit with the same target="
        )
    if output is not None and made.audited is not None:
        same_output("the twin", made.audited, output)
    return made


def same_levers(levers: Levers, laid: Attributions, lean: Reliance) -> None:
    """Raise an error unless an intervention was on the model, target and groups of the reliance."""
    if (levers.grouping, levers.levels) != (lean.grouping, lean.levels):
        raise InputError(
            f"the intervention is by {levers.grouping!r} of {list(levers.levels)}, the reliance by "
            f"{lean.grouping!r} of {list(lean.levels)}; intervene by the same groups"
        )
    if (levers.target, levers.scale) != (laid.target, laid.scale):
        raise AttributionError(
            f"the intervention is on {levers.target!r} on the {levers.scale} scale, the "
            f"attributions are of {laid.target!r} on the {laid.scale} scale; pass the same target="
        )
    ours = moments(laid.output)
    if np.abs(levers.output - ours).max() > SAME * max(float(ours[0]), _tiny(laid.output)):
        raise AttributionError(
            "the intervention is on another model or other people: the SD of the output before it, "
            f"and roots of its third and fourth moments, are {_told(levers.output)}, those of the "
            f"attributions {_told(ours)}; make it again of the audited model and cohort"
        )


def moments(output: Float) -> Float:
    """Roots of the second, third and fourth central moment of an output (n,), (3,), in its units.

    They tell models apart; a constant added to the output is left out. The ten lowest and highest
    are drawn in to the next (of fewer than 44, a quarter), or the fourth moment is one person's.

    >>> moments(np.array([0.0, 0.0, 3.0])).round(3).tolist()
    [1.414, 1.26, 1.565]
    >>> moments(np.append(np.arange(100.0), 1e6)).round(1).tolist()
    [27.5, 0.0, 31.1]
    """
    far, order = min(least_shown() - 1, len(output) // 4), np.sort(output)
    drawn = np.clip(output, order[far], order[-1 - far])
    apart = drawn - drawn.mean()
    found = [np.mean(apart**2) ** 0.5, np.cbrt(np.mean(apart**3)), np.mean(apart**4) ** 0.25]
    return np.array(found, dtype=np.float64)


def _tiny(output: Float) -> float:
    """What is rounding in an output."""
    return 1e-9 * float(np.abs(output).max(initial=1.0))


def _told(numbers: Float) -> str:
    return ", ".join(f"{value:.4g}" for value in numbers)


def same_layers(layers: Sequence[Representation], said: Predictions) -> None:
    """AttributionError unless layers are of the model of the predictions, row by row the same.

    Layers that were made elsewhere carry no output and are let pass.
    """
    for layer in layers:
        if layer.output is None:
            continue
        apart = (layer.output - said.margin[:, None]).std(axis=0)
        same_output(f"layer {layer.name!r}", layer.output[:, int(apart.argmin())], said.margin)


def same_output(what: str, theirs: Float, ours: Float) -> None:
    """AttributionError unless two outputs (n,) of the same rows are those of one model.

    A constant between them is let pass: a log hazard has none of its own.
    """
    apart, spread = float((theirs - ours).std()), float(ours.std())
    if apart > SAME * max(spread, _tiny(ours)):
        raise AttributionError(
            f"{what} is of another model: on the same rows its output differs by {apart:.3g} "
            f"(root mean square, where the output's SD is {spread:.3g}); make it again of the "
            "audited model"
        )
