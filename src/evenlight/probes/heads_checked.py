"""Whether attributions of cross-fitted heads say what each row's own head does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import wraps
from typing import Any, TypeVar, cast

import numpy as np

from evenlight.data import align
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.faithful import CHECKS, Faithfulness
from evenlight.data.handed import need_cohort
from evenlight.models.headed import Headed, joined
from evenlight.models.probe import prepare
from evenlight.probes.sample import balanced_sample

Verb = TypeVar("Verb", bound=Callable[..., Any])


def checked_by_head(rows: int) -> Callable[[Verb], Verb]:
    """`faithfulness` of one sample of the whole cohort, each row of it under its own head.

    `rows` is the size of the sample where none is asked for.
    """

    def decorated(verb: Verb) -> Verb:
        @wraps(verb)
        def asked(model: object, cohort: Cohort, attributions: Attributions, **own: Any) -> Any:
            need_cohort(cohort, f"{verb.__name__}(model, cohort, attributions)")
            if not isinstance(model, Headed):
                return verb(model, cohort, attributions, **own)
            many, seed = own.get("rows", rows), own.get("seed", 0)
            if own.get("background") is None:
                own = {**own, "background": cohort}
            made = attributions.at(cohort)
            sample = balanced_sample(cohort, many, seed=seed)
            parts, places = [], []
            for k, head in enumerate(model.heads):
                at = sample[model.own[sample] == k]
                if len(at):
                    part = cohort.take(at)
                    ready = prepare(head.adapted, part, target=head.column)
                    parts.append(verb(ready, part, _of(made, part), **{**own, "rows": len(at)}))
                    found = align.match(cohort.rows[sample], parts[-1].rows, what="the sample")
                    places.append(found)
            return _together(parts, np.concatenate(places), cohort.digest)

        return cast(Verb, asked)

    return decorated


def _of(made: Attributions, part: Cohort) -> Attributions:
    """The attributions of some rows of the cohort."""
    return replace(made, cohort_digest="").at(part)


def _together(parts: Sequence[Faithfulness], place: Any, digest: str) -> Faithfulness:
    """One record; what could not be had under one head is left out, with its reason."""
    whole: Faithfulness = joined(parts, place, digest)
    reasons = {name: why for part in parts for name, why in part.reasons.items()}
    gone: dict[str, Any] = {
        name: np.full(len(whole.rows), np.nan) for name in CHECKS if name in reasons
    }
    return replace(
        whole, **gone, reasons=reasons,
        evaluations=sum(part.evaluations for part in parts),
        explanations=sum(part.explanations for part in parts),
    )  # fmt: skip
