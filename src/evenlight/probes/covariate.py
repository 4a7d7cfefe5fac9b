"""The twin of any model of a table: the group stands beside its columns, and is averaged out.

The same class is refitted with centred group columns, `REACH` typical standard deviations apart so
that a penalty hardly touches them; the twin is the mean of its margin over the groups, weighted as
in training, with a row's own columns as they are. Of a linear model that is the same as dropping
the columns. A model that can have the group for nothing has no reason to guess it from the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from evenlight.arrays import Float, Int
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features
from evenlight.explainers.explain import explain
from evenlight.models.adapted import Adapted
from evenlight.models.frames import as_dense, as_fitted
from evenlight.models.probe import prepare
from evenlight.probes.refitting import Trainer, fresh, labels_of

REACH = 10.0
"""How far apart two groups are, in median standard deviations of the other columns."""


@dataclass(frozen=True, slots=True, eq=False)
class Averaged:
    """A model of p columns and m of the group; `columns` (k, m) at each group, `share` (k,)."""

    model: Adapted
    columns: Float
    share: Float

    def effect(self, x: Float, column: int) -> Float:
        """The mean margin of rows x (n, p) at each group (k,), less that over groups."""
        said = [self.model.margin(_beside(x, own))[:, column].mean() for own in self.columns]
        out: Float = np.array(said) - float(self.share @ np.array(said))
        return out


def covariate_twin(how: Trainer, x: Float, y: Float, group: Int, *, seed: int) -> Averaged:
    """The twin trained on rows x (n, p) of which every group 0 ... k - 1 is among `group`."""
    k = int(group.max()) + 1
    share = np.bincount(group) / len(group)
    scale = REACH * float(np.median(x.std(axis=0)[x.std(axis=0) > 0]))
    columns = scale * (np.eye(k)[:, 1:] - share[1:])
    wide = np.column_stack([x, columns[group]])
    names = (*how.names, *_names(how.names, k - 1))
    wider = replace(how, names=names, beside=k - 1)
    if how.estimator is None:
        return Averaged(wider.fit(wide, y, None, seed), columns, share)
    made = _fitted(how, x, columns[group], y, seed)
    return Averaged(wider.read(made, wide), columns, share)


def explained(
    twin: Averaged,
    cohort: Cohort,
    *,
    column: int,
    seed: int,
    method: str,
    options: Mapping[str, Any],
) -> Attributions:
    """Attributions of the cohort's own columns, averaged over the groups that a row is put into."""
    every = []
    for own in twin.columns:
        there = _cohort_at(cohort, own)
        asked = {name: _option(name, value, own) for name, value in options.items()}
        ready = prepare(twin.model, there, target=column)
        every.append(explain(ready, there, method=method, target=column, seed=seed, **asked))
    return _mean(every, twin.share, cohort)


def _mean(every: list[Attributions], share: Float, cohort: Cohort) -> Attributions:
    p, first = len(cohort.features), every[0]
    values = sum(w * one.values.astype(np.float64) for w, one in zip(share, every, strict=True))
    output, base, error = (
        np.asarray(sum(w * getattr(one, name) for w, one in zip(share, every, strict=True)))
        for name in ("output", "base", "error")
    )
    values = np.asarray(values)
    return replace(
        first,
        features=cohort.features,
        values=values[:, :p].astype(np.float32),
        output=output,
        base=base + values[:, p:].sum(axis=1),
        error=error,
        converged=np.all([one.converged for one in every], axis=0),
        spread=None,
        sensitivity=None,
        cohort_digest=cohort.digest,
    )


def _cohort_at(cohort: Cohort, own: Float) -> Cohort:
    """The cohort with everyone put into one group."""
    names = (*cohort.features.names, *_names(cohort.features.names, len(own)))
    return Cohort(
        _beside(cohort.dense(), own), cohort.people,
        Features(names, None, cohort.features.indicators), outcome=cohort.outcome,
        outcome_kind=cohort.outcome_kind, unit=cohort.unit or "row", groups=cohort.groups,
        missing="keep" if cohort.gaps else "error",
    )  # fmt: skip


def _option(name: str, value: Any, own: Float) -> Any:
    """A background of the original columns gets those of the group as well."""
    if name != "background" or value is None:
        return value
    return _cohort_at(value, own) if isinstance(value, Cohort) else _beside(np.asarray(value), own)


def _beside(x: Float, own: Float) -> Float:
    return np.column_stack([x, np.tile(own, (len(x), 1))])


def _names(taken: tuple[str, ...], count: int) -> tuple[str, ...]:
    """Names of group columns that no feature has."""
    stem = "group"
    while any(f"{stem}.{i}" in taken for i in range(count)):
        stem += "_"
    return tuple(f"{stem}.{i}" for i in range(count))


def _fitted(how: Trainer, x: Float, columns: Float, y: Float, seed: int) -> Any:
    """A fresh estimator; of a pipeline, the steps before the last see the model's columns alone."""
    made, labels = fresh(how.estimator, seed), labels_of(how, y)
    steps = getattr(made, "steps", None)
    if steps is None:
        return made.fit(np.column_stack([x, columns]), labels)
    if len(steps) == 1:
        return steps[0][1].fit(np.column_stack([x, columns]), labels)
    head, last = Pipeline(steps[:-1]), steps[-1][1]
    seen = as_dense(head.fit_transform(as_fitted(how.estimator, x), labels))
    last.fit(np.column_stack([seen, columns]), labels)
    return Beside(head, last, x.shape[1], how.estimator)


NOT_ITS_OWN = ("feature_names_in_", "n_features_in_", "estimators_", "tree_")
"""What the last step says of the columns that it sees, which are others."""


class Beside:
    """A fitted last step behind fitted first ones, which see the first p columns only."""

    def __init__(self, head: Any, last: Any, p: int, audited: Any) -> None:
        self.head, self.last, self.p, self.audited = head, last, p, audited

    def __getattr__(self, name: str) -> Any:
        """Methods of the last step, on rows of the model's columns and the group's."""
        if name.startswith("_") or name in ("coef_", "steps", *NOT_ITS_OWN):
            raise AttributeError(name)
        found = getattr(self.last, name)
        if name not in ("predict", "predict_proba", "decision_function"):
            return found
        return lambda x: found(self._inner(np.asarray(x, dtype=np.float64)))

    def _head(self, x: Float) -> Float:
        return as_dense(self.head.transform(as_fitted(self.audited, x)))

    def _inner(self, x: Float) -> Float:
        return np.column_stack([self._head(x[:, : self.p]), x[:, self.p :]])
