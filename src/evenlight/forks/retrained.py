"""The audited class trained again: the training seed as a choice."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Float
from evenlight.data.apart import apart, same_features
from evenlight.data.cohort import Cohort
from evenlight.data.twins import Twin
from evenlight.errors import CohortError, InputError, ModelError
from evenlight.forks.fork import Fork
from evenlight.models.adapted import Adapted
from evenlight.models.links import margin_of
from evenlight.models.probe import Prepared, prepare
from evenlight.probes.refitting import Refit, trainer

SEEDS = 3
"""Training seeds where none are named."""


def retrained(
    model: object,
    cohort: Cohort,
    *,
    training: Cohort,
    refit: Refit | None = None,
    seeds: int = SEEDS,
    target: int | str | None = None,
) -> tuple[Fork, ...]:
    """A fork of kind *training seed* for each of `seeds` refits of a model on its training people.

    `refit(x, y, *, weight, seed)` trains the audited class, as in `ev.Refitting`; a scikit-learn
    estimator is cloned without it, with its random states set. `cohort` is the audited one, and
    `training` other people, with the outcome that is learned. What was refitted elsewhere goes to
    `ev.alternatives("training seed", {"1": model, ...})`.

    Raises CohortError for audited rows among the training or an outcome that cannot be learned,
    InputError for seeds that are no number of them, ModelError for a class that cannot be trained
    anew, and for one in which training leaves nothing to chance: all refits are then one model.
    """
    _wanted(training, seeds)
    prepared = prepare(model, cohort, target=target)
    same_features(cohort, training)
    apart(cohort, training)
    known = np.isfinite(_outcome(prepared.adapted, training, refit))
    rows = training.order[known[training.order]]
    x, y = training.dense(rows), _outcome(prepared.adapted, training, refit)[rows]
    how = trainer(
        prepared.adapted, prepared.column, outcome=str(training.outcome_kind),
        names=cohort.features.names, refit=refit,
    )  # fmt: skip
    made = [how.fit(x, y, None, seed) for seed in range(1, seeds + 1)]
    _by_chance([prepare(one, cohort, target=prepared.column) for one in made], prepared)
    return tuple(Fork("training seed", str(i + 1), model=one) for i, one in enumerate(made))


def _wanted(training: object, seeds: object) -> None:
    if isinstance(training, Twin):
        raise InputError(
            "a Twin holds the explanations of its refits and not the models; pass training= the "
            "people that it was made of, and refit= as in its Refitting"
        )
    if not isinstance(training, Cohort):
        raise CohortError(f"training is a {type(training).__name__}; wanted a Cohort")
    if not isinstance(seeds, int) or isinstance(seeds, bool) or seeds < 2:
        raise InputError(f"seeds is {seeds!r}; wanted a whole number of at least 2")


def _outcome(adapted: Adapted, training: Cohort, refit: Refit | None) -> Float:
    """The outcome (n,) as refits learn it: codes of classes, or the margin; NaN unknown."""
    kind = training.outcome_kind
    if kind in ("binary", "categorical"):
        return training.y
    if kind != "continuous":
        raise CohortError(
            f"the training cohort has {kind or 'no'} outcome, on which no refit is trained here; "
            'train them yourself and pass alternatives("training seed", {"1": model, ...})'
        )
    if adapted.link is None or adapted.link == "identity":
        return training.y
    if refit is None and adapted.gives != "margin":
        raise ModelError(
            f"{adapted.name} has link {adapted.link!r} and predicts the response; declare "
            'gives="margin" where it was trained on the margin, or pass refit='
        )
    return margin_of(training.y, adapted.link)


def _by_chance(made: list[Prepared], prepared: Prepared) -> None:
    """Raise ModelError where all refits are one model: there is no such choice."""
    first = made[0].output
    if all(np.allclose(one.output, first, rtol=1e-7, atol=1e-9) for one in made[1:]):
        raise ModelError(
            f"{prepared.adapted.name}: {len(made)} training seeds give one model, so training "
            "leaves nothing to chance and there is no such fork; refits on resamples of people can "
            'be passed as alternatives("training people", {"1": model, ...})'
        )
