"""Several models of one kind, of which each row is scored by its own: cross-fitted heads.

A model is a function of x, and x does not say which head may score a row. So a verb is run with
each head, and of every row the answer of its own head is kept: on the whole cohort where rows
enter one another's answers (`own_head`), else on the rows of the head alone (`by_head`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import wraps
from typing import Any, TypeVar, cast

import numpy as np

from evenlight.arrays import Float, Int
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.faithful import CHECKS, Faithfulness
from evenlight.data.handed import need_cohort
from evenlight.data.neutralised import Neutralised
from evenlight.data.perturbed import EXPLAINED, STEPPED, Perturbed
from evenlight.data.probed import Contrasts
from evenlight.errors import ModelError
from evenlight.models.adapted import Adapted
from evenlight.models.probe import Prepared, prepare

Verb = TypeVar("Verb", bound=Callable[..., Any])
Record = Attributions | Contrasts | Faithfulness | Neutralised | Perturbed

AXES: Mapping[type, Mapping[str, int]] = {
    Attributions: dict.fromkeys(
        ("rows", "values", "output", "base", "error", "converged", "spread", "sensitivity"), 0
    ),
    Contrasts: dict.fromkeys(("rows", "margin", "response", "output"), 0),
    Faithfulness: dict.fromkeys(("rows", *CHECKS), 0),
    Neutralised: {
        **dict.fromkeys(
            ("rows", "before", "response_before", "stratum", "fitted", "piece", "y"), 0
        ),
        **dict.fromkeys(("after", "response", "part"), 2),
    },
    Perturbed: {
        **dict.fromkeys(("rows", "before", "response_before"), 0),
        **dict.fromkeys((*STEPPED, *EXPLAINED), 1),
    },
}
"""Record to its arrays over rows, and the axis of the rows in each."""


@dataclass(frozen=True, slots=True, eq=False)
class Headed(Prepared):
    """K models on one cohort: `heads`, and the position (n,) in them of each row's `own`.

    `adapted` says how all of them are read (link, scale, targets, unit); it scores no row, as long
    as it is not known whose row it is. `output` (n,) holds each row's margin by its own head.
    """

    heads: tuple[Prepared, ...] = ()
    own: Int = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def __post_init__(self) -> None:
        if not self.heads or self.own.shape != self.output.shape:
            raise ModelError(
                f"{len(self.heads)} heads, {self.own.shape} rows with a head and "
                f"{self.output.shape} outputs do not fit"
            )

    def margin(self, x: Float) -> Float:
        """No answer: of rows x alone it is not known which head may score them."""
        raise ModelError(UNKNOWN.format(name=self.adapted.name, heads=len(self.heads)))

    def rows_of(self, head: int) -> Int:
        """Positions of the rows that a head scores."""
        return np.flatnonzero(self.own == head).astype(np.int64)


UNKNOWN = (
    "{name}: each row has a head of its own among {heads}, and rows alone do not say whose they "
    "are; predict, explain, contrasts, faithfulness, swap, shuffle, remove and perturb know, "
    "this does not: for it pass one of model.heads"
)


def headed(adapted: Sequence[Adapted], cohort: Cohort, own: Int, *, target: Any = None) -> Headed:
    """K adapted models, each row scored by its `own` (n,); they must be read alike.

    Raises ModelError where link, scale or targets differ, and as `prepare` does.
    """
    if len(own) and not 0 <= own.min() <= own.max() < len(adapted):
        raise ModelError(f"rows name heads outside 0 to {len(adapted) - 1}")
    ready = tuple(prepare(one, cohort, target=target) for one in adapted)
    first = ready[0].adapted
    for other in (one.adapted for one in ready[1:]):
        if (other.link, other.scale, other.targets) != (first.link, first.scale, first.targets):
            raise ModelError(
                f"{first.name}: the heads are read differently: {first.link}, {first.scale}, "
                f"{first.targets} and {other.link}, {other.scale}, {other.targets}; say link= with "
                "ev.adapt, or choose another head"
            )
    output = np.stack([one.output for one in ready])[own, np.arange(cohort.n)]
    face = replace(
        first, score=_nobody(first.name, len(ready)), weights=None, intercept=None, estimator=None
    )
    checked = tuple(dict.fromkeys(line for one in ready for line in one.checked))
    return Headed(face, ready[0].column, output, checked, cohort.digest, cohort.rows, ready, own)


def _nobody(name: str, heads: int) -> Callable[[Float], Float]:
    def score(x: Float) -> Float:
        raise ModelError(UNKNOWN.format(name=name, heads=heads))

    return score


def own_head(verb: Verb) -> Verb:
    """The verb on the whole cohort with every head; each row keeps the answer of its own.

    For verbs in which other rows enter a row's answer: a common change, values of other people.
    """

    @wraps(verb)
    def asked(model: object, cohort: Cohort, *given: Any, **own: Any) -> Any:
        need_cohort(cohort, f"{verb.__name__}(model, cohort)")
        if not isinstance(model, Headed):
            return verb(model, cohort, *given, **own)
        own = _one_seed(own)
        parts = [verb(head, cohort, *given, **own) for head in _there(model, cohort).heads]
        return picked(parts, model.own)

    return cast(Verb, asked)


Whole = Callable[[Cohort, dict[str, Any]], dict[str, Any]]
"""Options of a verb that are made of the whole cohort, before it is divided."""


def by_head(whole: Whole) -> Callable[[Verb], Verb]:
    """The verb on the rows of each head, put together; options come from the `whole` cohort.

    For verbs whose rows do not depend on one another. A model that has heads on any cohort (with a
    method `headed`) is asked for them first.
    """

    def decorated(verb: Verb) -> Verb:
        @wraps(verb)
        def asked(model: object, cohort: Cohort, *given: Any, **own: Any) -> Any:
            need_cohort(cohort, f"{verb.__name__}(model, cohort)")
            made = model.headed(cohort) if hasattr(model, "headed") else model
            if not isinstance(made, Headed):
                return verb(model, cohort, *given, **own)
            own = _one_seed(whole(cohort, own))
            parts, places = [], []
            for k, head in enumerate(_there(made, cohort).heads):
                places.append(made.rows_of(k))
                part = cohort.take(places[-1])
                if part.n:
                    ready = prepare(head.adapted, part, target=head.column)
                    parts.append(verb(ready, part, *given, **own))
            return joined(parts, np.concatenate(places), cohort.digest)

        return cast(Verb, asked)

    return decorated


def _there(model: Headed, cohort: Cohort) -> Headed:
    """The model itself; ModelError on another cohort than that of its heads."""
    if model.cohort_digest != cohort.digest or len(model.own) != cohort.n:
        raise ModelError(
            f"{model.adapted.name}: its heads were fitted for another cohort; ask for its own "
            "with .audited(cohort)"
        )
    return model


def _one_seed(own: dict[str, Any]) -> dict[str, Any]:
    """A generator as a seed, so that all heads meet the same random numbers."""
    if isinstance(own.get("rng"), np.random.Generator):
        return {**own, "rng": int(own["rng"].integers(2**62))}
    return own


def picked(parts: Sequence[Any], own: Int) -> Any:
    """One record of K on the same n rows: each row from the record at `own` (n,)."""
    first = parts[0]
    made: dict[str, Any] = {}
    for name, axis in AXES[type(first)].items():
        if getattr(first, name) is not None:
            stacked = np.stack([np.moveaxis(getattr(part, name), axis, 0) for part in parts])
            made[name] = np.moveaxis(stacked[own, np.arange(len(own))], 0, axis)
    if isinstance(first, Neutralised):
        made |= _resampled(parts, own)
    return replace(first, **made, **_notes(parts))


def _resampled(parts: Sequence[Neutralised], own: Int) -> dict[str, Any]:
    """Changes made anew on resamples of people, where all heads met the same resamples."""
    at = parts[0].again_rows
    if any(not np.array_equal(part.again_rows, at) for part in parts):
        none = np.zeros((0, 0, 0))
        return {"again": none, "again_response": none, "again_rows": none.astype(np.int64)}
    who = own[np.maximum(at, 0)][None]
    return {
        name: np.take_along_axis(np.stack([getattr(p, name) for p in parts]), who, axis=0)[0]
        for name in ("again", "again_response")
    }


def joined(parts: Sequence[Any], place: Int, digest: str) -> Any:
    """One record of several on other rows; `place` (n,) is where each row stands in the cohort."""
    first, order = parts[0], np.argsort(place, kind="stable")
    made: dict[str, Any] = {}
    for name, axis in AXES[type(first)].items():
        if getattr(first, name) is not None:
            whole = np.concatenate([np.asarray(getattr(p, name)) for p in parts], axis=axis)
            made[name] = np.take(whole, order, axis=axis)
    known = {f.name for f in fields(first)}
    if "settings" in known:
        made["settings"] = {**first.settings, "heads": len(parts)}
    return replace(first, **made, **_notes(parts), cohort_digest=digest)


def _notes(parts: Sequence[Any]) -> dict[str, Any]:
    """Sentences of all records, each once."""
    if not hasattr(parts[0], "notes"):
        return {}
    return {"notes": tuple(dict.fromkeys(note for part in parts for note in part.notes))}
