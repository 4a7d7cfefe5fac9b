"""A foundation model that is reached through its embeddings only, audited with a head on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, get_args

import numpy as np
import pandas as pd
from sklearn.base import clone

from evenlight.arrays import Float, Int
from evenlight.data import align
from evenlight.data.coefficients import Link
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features, FeatureSets
from evenlight.data.groups import Groups
from evenlight.errors import InputError, ModelError, UnknownName
from evenlight.models.adapt import adapt
from evenlight.models.adapted import Adapted
from evenlight.models.headed import Headed, headed
from evenlight.models.links import rival_margins
from evenlight.models.probe import Prepared, prepare, settled
from evenlight.probes.crossfit import LEAST, fitted_without, folds_of_units, learnable
from evenlight.probes.directions import Directions, Named, directions_of
from evenlight.probes.linear_heads import LinearHead, linear_fit
from evenlight.probes.vectors import embedded, vectors_at

Source = Callable[[Float], object]


@dataclass(frozen=True, slots=True, eq=False)
class Audited:
    """What `Embeddings.audited` gives: a model, the cohort in directions, and their sets."""

    model: Prepared
    cohort: Cohort
    sets: FeatureSets
    directions: Directions


@dataclass(frozen=True, slots=True, eq=False, init=False)
class Embeddings:
    """Vectors that a foundation model gives of each row, and a head that reads the outcome there.

    The head is cross-fitted by unit: the one that scores a row was fitted without any row of the
    same unit, so that performance, calibration and everything else is that of people whom the head
    has not seen. Whether the foundation model has seen them cannot be known here.

    Parameters
    ----------
    source
        numbers (n, d) with `rows`, their ids (a DataFrame brings its index), or a function of x
        (m, *s) that gives (m, d); where the cohort's x is the embedding itself, `lambda x: x`.
    head
        None: linear, with a penalty found inside each fold (logistic, multinomial, ridge); an
        unfitted scikit-learn estimator, fitted anew in each fold on the embedding itself; or
        `ev.adapt(fitted)`, one head for all rows. Of such a head it cannot be known whether it was
        fitted on the audited rows: if it was, everything it says of them is flattered.
    directions
        "principal" (PC 1, PC 2, ...), "clusters" of correlated dimensions (cluster 3 PC 1, ...) or
        "dimensions": how the embedding is expressed. It is turned, not stretched, without a look at
        the outcome, so that no prediction changes and attributions add up to the head's output.
    folds, rng
        number of folds, and the draw of units to folds.
    families
        a column of people, or Groups (`ev.relatives(...).families`): relatives stand in one fold.

    Raises
    ------
    ModelError
        for vectors of another shape, values that are not finite, ids that do not match, a single
        score, or no usable head.
    CohortError
        for an outcome that no head can learn here (survival), or fewer units of a class than folds.

    >>> rng = np.random.default_rng(0)
    >>> e = rng.normal(size=(60, 3))
    >>> people = pd.DataFrame({"y": e[:, 0] + 0.1 * rng.normal(size=60), "g": ["a", "b"] * 30},
    ...                       index=[f"p{i}" for i in range(60)])
    >>> cohort = Cohort(np.zeros((60, 1)), people, outcome="y", groups=["g"], unit="row")
    >>> made = Embeddings(e, rows=people.index, folds=3).audited(cohort)
    >>> made.cohort.features.names, made.model.output.shape
    (('PC 1', 'PC 2', 'PC 3'), (60,))
    """

    source: Any
    head: Any
    rows: tuple[str, ...] | None
    name: str
    directions: Named
    folds: int
    rng: int
    families: str | Groups | None

    def __init__(
        self,
        source: object,
        head: object | None = None,
        *,
        rows: Iterable[object] | None = None,
        name: str = "embeddings",
        directions: Named = "principal",
        folds: int = 5,
        rng: int = 0,
        families: str | Groups | None = None,
    ) -> None:
        _asked(directions, folds, rng, families)
        ids = rows
        if isinstance(source, pd.DataFrame):
            ids = source.index if rows is None else rows
            source = source.to_numpy()
        if not callable(source):
            source, ids = vectors_at(source, ids, name)
        kept = None if ids is None else tuple(str(i) for i in ids)
        given = {
            "source": source, "head": _usable(head), "rows": kept, "name": name,
            "directions": directions, "folds": folds, "rng": rng, "families": families,
        }  # fmt: skip
        for key, value in given.items():
            object.__setattr__(self, key, value)

    def vectors(self, cohort: Cohort) -> Float:
        """The embedding (n, d) of the cohort's rows, matched by id or made of their x."""
        if callable(self.source):
            return embedded(self.source, cohort, self.name)
        have = np.asarray(self.rows, dtype=np.str_)
        found = align.match(have, cohort.rows, what=f"embeddings {self.name!r}")
        made: Float = self.source[found]
        return made

    def audited(self, cohort: Cohort, *, target: int | str | None = None) -> Audited:
        """Model and cohort for `audit` and every verb: the people stay, x is the embedding turned.

        The model is `Headed`: each row is scored by the head that was fitted without its unit.
        """
        e = self.vectors(cohort)
        turned = directions_of(e, cohort, self.directions)
        there = _expressed(cohort, turned.to(e), turned, self._told(cohort))
        own, heads = self._heads(e, there, turned)
        if own is None:
            return Audited(prepare(heads[0], there, target=target), there, turned.sets, turned)
        model = headed(heads, there, own, target=target)
        return Audited(model, there, turned.sets, turned)

    def headed(self, cohort: Cohort) -> Headed | Prepared:
        """The same heads behind the embedding as functions of the cohort's own x, for `perturb`.

        Raises ModelError where the embedding of changed rows cannot be had.
        """
        if not callable(self.source):
            raise ModelError(
                f"embeddings {self.name!r} are vectors: of rows that are changed there are none; "
                "pass the function that embeds x as source, or perturb what .audited(cohort) gives"
            )
        e = self.vectors(cohort)
        turned = directions_of(e, cohort, self.directions)
        own, heads = self._heads(e, _expressed(cohort, turned.to(e), turned, ()), turned)
        behind = [_behind(head, self.source, turned, cohort) for head in heads]
        return prepare(behind[0], cohort) if own is None else headed(behind, cohort, own)

    def _heads(self, e: Float, there: Cohort, turned: Directions) -> tuple[Int | None, list[Any]]:
        """The head of each row (n,), None where one scores all, and the heads on directions."""
        if isinstance(self.head, Adapted):
            return None, [_turned(settled(self.head, _plain(there, e)), turned, there)]
        kind = there.outcome_kind
        learnable(there)
        rng = np.random.default_rng(self.rng)
        own = folds_of_units(there, self.folds, rng=rng, families=self.families)
        names = _classes(there)
        if self.head is None:
            how = linear_fit(str(kind))
            made = fitted_without(there.dense(), there, own, how, families=self.families)
            return own, [_linear(head, self.name, there, names) for head in made]

        def fit(x: Float, y: Float, unit: Int) -> Any:
            known = y if names is None or kind == "binary" else names[y.astype(np.int64)]
            wanted = known.astype(np.int64) if kind == "binary" else known
            return clone(self.head).fit(x, wanted)

        return own, _alike(fitted_without(e, there, own, fit), e, there, turned)

    def _told(self, cohort: Cohort) -> tuple[str, ...]:
        if isinstance(self.head, Adapted):
            return (
                f"The head on {self.name} was handed over fitted: whether it has seen these people "
                "cannot be known.",
            )
        kind = "linear head" if self.head is None else type(self.head).__name__
        whole = "unit" if self.families is None else "family"
        many = "units" if self.families is None else "families"
        return (
            f"A {kind} on {self.name} was fitted in {self.folds} folds of whole {many}; each row "
            f"is scored by the head that has not seen its {whole}.",
        )

    def __repr__(self) -> str:
        what = "a function" if callable(self.source) else f"{len(self.source)} vectors"
        head = "linear head" if self.head is None else type(self.head).__name__
        return f"Embeddings {self.name}: {what}, {head}, {self.folds} folds"


def _asked(directions: object, folds: object, rng: object, families: object) -> None:
    """Options that could not be right for any cohort."""
    if directions not in get_args(Named):
        raise UnknownName(f"no directions {directions!r}; known: {', '.join(get_args(Named))}")
    for name, value, least in (("folds", folds, LEAST), ("rng", rng, 0)):
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise InputError(f"{name} is {value!r}; wanted a whole number of at least {least}")
    if not isinstance(families, str | Groups | None):
        raise InputError(
            f"families is a {type(families).__name__}; wanted a column of people, or Groups"
        )


def _usable(head: object | None) -> object | None:
    """The head; ModelError for what can neither be cloned and fitted nor was adapted."""
    if head is None or isinstance(head, Adapted):
        return head
    if isinstance(head, type) or not (hasattr(head, "fit") and hasattr(head, "get_params")):
        raise ModelError(
            f"head is a {type(head).__name__}; pass None (linear), an unfitted scikit-learn "
            "estimator, or ev.adapt(model) for a head that was fitted elsewhere"
        )
    return head


def _expressed(cohort: Cohort, x: Float, turned: Directions, notes: tuple[str, ...]) -> Cohort:
    """The same people with the embedding in directions as x."""
    told = tuple(dict.fromkeys((*cohort.notes, *notes, *turned.notes)))
    x = np.ascontiguousarray(x)
    return cohort.altered(x=x, features=Features(turned.names), gaps=False, notes=told)


def _plain(there: Cohort, e: Float) -> Cohort:
    """The same people with the embedding itself as x."""
    names = Features(tuple(f"dimension {j + 1}" for j in range(e.shape[1])))
    return there.altered(x=e, features=names)


def _classes(cohort: Cohort) -> Any:
    """The names of the classes in the order of their codes, None for a number."""
    if cohort.outcome_kind == "continuous":
        return None
    if cohort.outcome_kind == "binary":
        return np.array(["0", "1"])
    known = cohort.people[cohort.outcome].dropna()
    return np.unique(np.asarray(known, dtype=np.str_))


def _linear(head: LinearHead, name: str, cohort: Cohort, classes: Any) -> Adapted:
    """A linear head behind the contract; its weights are known where its margin is linear."""
    title = f"linear head on {name}"
    if head.weights.shape[0] == 1:
        link: Link = "identity" if cohort.outcome_kind == "continuous" else "logit"
        return Adapted(
            title, "sklearn", head.score, link, targets=(str(cohort.outcome),),
            features=cohort.features.names, weights=head.weights, intercept=head.intercept,
        )  # fmt: skip
    return Adapted(
        title, "sklearn", lambda x: rival_margins(head.score(x)), "softmax",
        targets=tuple(map(str, classes)), features=cohort.features.names,
    )  # fmt: skip


def _alike(fitted: list[Any], e: Float, there: Cohort, turned: Directions) -> list[Adapted]:
    """Fitted heads behind one contract; probabilities for all where some have no margin."""
    plain = _plain(there, e)
    made = [settled(head, plain) for head in fitted]
    if len({one.scale for one in made}) > 1:
        made = [settled(adapt(head, link="identity"), plain) for head in fitted]
    return [_turned(one, turned, there) for one in made]


def _turned(adapted: Adapted, turned: Directions, there: Cohort) -> Adapted:
    """A head on the embedding as a head on directions."""
    inner = adapted.score
    assert inner is not None
    weights = intercept = None
    if adapted.weights is not None and adapted.intercept is not None:
        weights = adapted.weights @ turned.basis * turned.scale
        intercept = adapted.intercept + adapted.weights @ turned.mean
    return replace(
        adapted, score=lambda x: inner(turned.back(x)), features=there.features.names,
        weights=weights, intercept=intercept, estimator=None,
    )  # fmt: skip


def _behind(head: Adapted, source: Source, turned: Directions, cohort: Cohort) -> Adapted:
    """A head on directions as a function of the rows that are embedded."""
    inner = head.score
    assert inner is not None
    return replace(
        head, kind="callable", weights=None, intercept=None, estimator=None,
        score=lambda x: inner(turned.to(np.asarray(source(x), dtype=np.float64))),
        features=cohort.features.names if cohort.x.ndim == 2 else None,
    )  # fmt: skip
