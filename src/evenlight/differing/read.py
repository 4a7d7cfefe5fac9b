"""The judged numbers of a record, each by the id of the finding that it is or would be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from evenlight.judge import covered, result_id
from evenlight.measures.composition import UNKNOWN
from evenlight.plan import Plan
from evenlight.questions import answering
from evenlight.record import Audit
from evenlight.results import Measures, Result, results


@dataclass(frozen=True, slots=True, eq=False)
class Read:
    """Results by id, and of each primary question (by its text) the ids that answer it."""

    results: Mapping[str, Result]
    primary: Mapping[str, tuple[str, ...]]


def measures_of(audit: Audit) -> Measures:
    """What was judged, from the record alone."""
    own = audit.further
    return Measures(
        performances=audit.performances,
        comparisons=audit.comparisons,
        reliances=audit.reliances,
        coverage=_coverage(audit),
        target=audit.model.target,
        qualities=audit.qualities,
        shortcuts=own.shortcuts,
        encoded=own.encoded,
        slices=own.slices,
        by_sets=own.set_reliances,
        fragilities=own.fragilities,
        worsts=own.worsts,
        uncertainties=own.uncertainties,
        maps=own.maps,
        telling=own.region_telling + own.region_within,
        locally=own.by_local_ancestry,
    )


def read(audit: Audit) -> Read:
    """All judged numbers of an audit; below the plan's coverage of labels none can be asked."""
    measures = measures_of(audit)
    plan = Plan.from_data(audit.plan)
    found = [covered(r, measures, plan.policy) for r in results(measures)]
    ids = {id(r): result_id(r, audit.model.target) for r in found}
    primary = {}
    for question, answer in zip(plan.question, audit.answers, strict=True):
        own = answering(question, found, {})
        primary[answer.question] = tuple(ids.get(id(r), answer.id) for r in own)
        found += [r for r in own if id(r) not in ids]
        ids |= {id(r): answer.id for r in own if id(r) not in ids}
    return Read({ids[id(r)]: r for r in found}, primary)


def _coverage(audit: Audit) -> dict[str, float]:
    """The share of units with a known label, by grouping; as good as all where it is hidden."""
    made = {}
    for one in audit.compositions:
        share = one.share[one.parts.index(UNKNOWN)] if UNKNOWN in one.parts else 0.0
        made[one.grouping] = 1.0 - float(np.nan_to_num(share))
    return made
