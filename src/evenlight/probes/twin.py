"""The twin: the same model class refitted with the group accounted for, which is then dropped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Float, Int
from evenlight.data.apart import apart, same_features
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.twins import How, Twin
from evenlight.errors import CohortError, GroupError, InputError, ModelError
from evenlight.explainers.explain import explain
from evenlight.models.adapted import Adapted
from evenlight.models.links import margin_of
from evenlight.models.probe import Prepared, prepare
from evenlight.probes.columns import linear_twin
from evenlight.probes.covariate import Averaged, covariate_twin, explained
from evenlight.probes.offsets import Rows, offset_twin
from evenlight.probes.refitting import Refitting, Trainer, trainer
from evenlight.small_groups import least_shown

TRIES = 100
"""Resamples drawn at most until every group has all classes."""


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """Training rows of known group and outcome: x (n, *s), y, group and unit codes (n,)."""

    x: Float
    y: Float
    group: Int
    unit: Int
    levels: tuple[str, ...]
    classes: int


def twin(
    model: object,
    cohort: Cohort,
    *,
    training: Cohort,
    by: str,
    refitting: Refitting | None = None,
    rng: np.random.Generator | int = 0,
) -> Twin:
    """K bootstrap refits of a model and of its twin, all explained alike on the audited cohort.

    Each pair is trained on one resample of the people of `training` (whole units). The twin has the
    group `by` as a covariate without penalty, which is then dropped: it had no reason to learn the
    group from other features. A linear scikit-learn model gets scaled group columns, which are
    dropped; any other model of a table gets group columns, over which its margin is averaged; a
    model of images an effect of the group, estimated jointly, that is taken out of the outcome or,
    for classes, out of the case weights (`probes.columns`, `probes.covariate`, `probes.offsets`).

    Parameters
    ----------
    model
        the audited model: a scikit-learn estimator or pipeline is cloned; for any other say
        `Refitting(refit=...)`, with `refit(x, y, *, weight, seed)`. The outcome comes to `refit` as
        codes of classes, or on the margin, already shifted; of a table the x of each second call
        has group columns beside the features, so a network takes its width from x.
    training
        people apart from the audited ones, as the model's own training people were recruited.

    Nothing here says that the refits are like the audited model: the gate compares them only where
    their outputs are seen to go with its own within groups (`stats.resemblance`). Units are what is
    resampled; relatives in the training people make the spread over refits too small.

    Raises CohortError for audited rows among the training, an outcome that cannot be taken, or
    other features; GroupError for a group of fewer than 11 people or without one of the classes;
    ModelError for a model that cannot be trained anew.
    """
    asked = _asked(refitting)
    prepared = prepare(model, cohort, target=asked.target)
    people = _people(prepared, cohort, training, by, asked)
    how = trainer(
        prepared.adapted, prepared.column, outcome=str(training.outcome_kind),
        names=cohort.features.names, refit=asked.refit,
    )  # fmt: skip
    generator = np.random.default_rng(rng)
    seed = int(generator.integers(2**31))
    pairs, effects, ways = [], [], set()
    for _ in range(asked.refits):
        first, second, effect, way = _pair(how, people, asked, generator)
        pairs.append([_explained(one, prepared, cohort, asked, seed) for one in (first, second)])
        effects.append(effect)
        ways.add(way)
    route: How = ways.pop() if len(ways) == 1 else "offset"
    models, twins = (tuple(pair[i] for pair in pairs) for i in (0, 1))
    settings = {"training": training.digest, "people": len(people.y), "seed": seed}
    seen = prepared.output if prepared.adapted.scale == models[0].scale else None
    return Twin(models, twins, by, people.levels, route, np.array(effects), settings, seen)


def twin_of(
    models: Sequence[object],
    twins: Sequence[object],
    cohort: Cohort,
    *,
    by: str,
    refitting: Refitting | None = None,
    seed: int = 0,
) -> Twin:
    """A Twin from models that you trained: K refits, and as many twins on the same resamples.

    For classes that `twin` cannot refit, and for survival. A twin is the same class trained with
    the group as a covariate without penalty that is then dropped.

    Raises AttributionError where the two are not the same number.
    """
    asked = _asked(refitting)
    told = []
    for part in (models, twins):
        ready = [prepare(one, cohort, target=asked.target) for one in part]
        told.append(tuple(_told(one, cohort, asked, seed) for one in ready))
    levels = cohort.grouping(by).levels
    unknown = np.full((len(told[0]), len(levels)), np.nan)
    return Twin(told[0], told[1], by, levels, "given", unknown, {"seed": seed})


def _asked(refitting: object) -> Refitting:
    """How refits are made, by default as `Refitting` says."""
    asked = Refitting() if refitting is None else refitting
    if not isinstance(asked, Refitting):
        raise InputError(f"refitting is a {type(asked).__name__}; wanted Refitting(refits=...)")
    return asked


def _pair(
    how: Trainer, people: People, asked: Refitting, rng: np.random.Generator
) -> tuple[Adapted, Adapted | Averaged, Float, How]:
    """A refit of the model and its twin on one resample, the groups' effects, and the way."""
    index = _resample(people, rng)
    x, y, group = people.x[index], people.y[index], people.group[index]
    seed, k = int(rng.integers(2**31)), len(people.levels)
    fold = rng.integers(asked.folds, size=int(people.unit.max()) + 1)[people.unit[index]]
    first = how.fit(x, y, None, seed)
    linear = linear_twin(how, x, y, group, k=k, seed=seed) if asked.how == "auto" else None
    if linear is not None:
        return first, how.read(linear[0], x), linear[1], "columns"
    if asked.how == "covariate" or (asked.how == "auto" and x.ndim == 2):
        wide = covariate_twin(how, x, y, group, seed=seed)
        return first, wide, wide.effect(x, how.column), "covariate"
    rows = Rows(x, y, group, fold.astype(np.int64))
    second, effect = offset_twin(how, rows, rounds=asked.rounds, seed=seed)
    own = effect[:, 0 if people.classes == 0 else _class(how, people.classes)]
    return first, second, np.append(own, np.full(k - len(own), np.nan)), "offset"


def _class(how: Trainer, classes: int) -> int:
    """The code of the class that the audited target is."""
    if classes == 2:
        return 1
    return sorted(how.audited.targets).index(how.audited.targets[how.column])


def _resample(people: People, rng: np.random.Generator) -> Int:
    """Rows of a resample of units in which every group has all its classes."""
    units = int(people.unit.max()) + 1
    by_unit = np.argsort(people.unit, kind="stable")
    start = np.searchsorted(people.unit[by_unit], np.arange(units + 1))
    for _ in range(TRIES):
        drawn = rng.integers(units, size=units)
        parts = [by_unit[start[u] : start[u + 1]] for u in drawn]
        index: Int = np.concatenate(parts)
        if not _lacking(people, index):
            return index
    raise GroupError(
        f"no resample of {units} people in {TRIES} had every class in each of {people.levels}; "
        "leave out or merge groups with few events"
    )


def _lacking(people: People, index: Int) -> str:
    """The first level of which a class is not among the rows, "" if there is none."""
    for g, level in enumerate(people.levels):
        own = people.y[index][people.group[index] == g]
        if len(own) == 0 or (people.classes and len(np.unique(own)) < people.classes):
            return level
    return ""


def _explained(
    one: Adapted | Averaged, prepared: Prepared, cohort: Cohort, asked: Refitting, seed: int
) -> Attributions:
    if isinstance(one, Averaged):
        made = explained(
            one, cohort, column=prepared.column, seed=seed, method=asked.method,
            options=asked.options,
        )  # fmt: skip
        return made if asked.sets is None else made.by(asked.sets)
    return _told(prepare(one, cohort, target=prepared.column), cohort, asked, seed)


def _told(ready: Prepared, cohort: Cohort, asked: Refitting, seed: int) -> Attributions:
    """Attributions of one refit; the background is the same for all, since the seed is."""
    made: Attributions = explain(
        ready, cohort, method=asked.method, target=ready.column, seed=seed, **asked.options
    )
    return made if asked.sets is None else made.by(asked.sets)


def _people(
    prepared: Prepared, cohort: Cohort, training: Cohort, by: str, asked: Refitting
) -> People:
    """The training people that can be used, checked before any model is trained."""
    if not isinstance(training, Cohort):
        raise CohortError(f"training is a {type(training).__name__}; wanted a Cohort")
    same_features(cohort, training)
    apart(cohort, training)
    outcome = _outcome(prepared.adapted, training, asked)
    groups = training.grouping(by)
    known = (groups.codes >= 0) & np.isfinite(outcome)
    rows = training.order[known[training.order]]
    kept, codes = np.unique(groups.codes[rows], return_inverse=True)
    levels = tuple(groups.levels[i] for i in kept)
    unit = np.unique(training.units[rows], return_inverse=True)[1].astype(np.int64)
    y = outcome[rows]
    classes = 0 if training.outcome_kind == "continuous" else int(y.max(initial=0)) + 1
    made = People(training.dense(rows), y, codes.astype(np.int64), unit, levels, classes)
    _enough(made, by)
    return made


def _enough(people: People, by: str) -> None:
    if len(people.levels) < 2:
        raise GroupError(f"{by}: the training people are all in {list(people.levels)}")
    for g, level in enumerate(people.levels):
        count = len(np.unique(people.unit[people.group == g]))
        if count < least_shown():
            raise GroupError(
                f"{by}: fewer than {least_shown()} training people are in {level!r}; "
                "merge it with another level, or leave its people out of the training cohort"
            )
    lacking = _lacking(people, np.arange(len(people.y)))
    if lacking:
        raise GroupError(
            f"{by}: the training people in {lacking!r} do not have all {people.classes} classes of "
            "the outcome, so the effect of the group has no end; merge it or leave it out"
        )


def _outcome(adapted: Adapted, training: Cohort, asked: Refitting) -> Float:
    """The outcome (n,) as refits learn it: codes of classes, or the margin."""
    kind = training.outcome_kind
    if kind in ("binary", "categorical"):
        return training.y
    if kind is None:
        raise CohortError(
            "the training cohort has no outcome, and refits are trained on one; declare outcome= "
            "as for the audited cohort"
        )
    if kind != "continuous":
        raise CohortError(
            f"a {kind} outcome cannot be refitted here; train models and their twins yourself and "
            "hand them to twin_of(models, twins, cohort, by=...)"
        )
    if adapted.link in (None, "identity"):
        return training.y
    if asked.refit is None and adapted.gives != "margin":
        raise ModelError(
            f"{adapted.name} was declared with link {adapted.link!r} and predicts the response; "
            'declare gives="margin" where it was trained on the margin, or pass refit='
        )
    return margin_of(training.y, adapted.link)
