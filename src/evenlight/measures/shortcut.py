"""Whether reliance on ancestry is consistent with a shortcut: the gate, with its reasons."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from evenlight.arrays import Float, Text
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.groups import Groups
from evenlight.data.twins import Twin
from evenlight.errors import InputError
from evenlight.measures.lever import Levers
from evenlight.measures.prepare import as_variables, setting
from evenlight.measures.reliance import TOTALS, Reliance
from evenlight.measures.rely import rely
from evenlight.measures.remaining import remaining
from evenlight.measures.shortcut_evidence import (
    GONE,
    Compared,
    against_twin,
    closed,
    elsewhere,
    same_subject,
)
from evenlight.measures.shortcuts import (
    CRITERIA,
    FEWEST,
    LEAST_RESOLVED,
    LEAST_SHARE,
    NUMBERS,
    Closure,
    OverTwin,
    Shortcut,
)
from evenlight.measures.structure import Structure
from evenlight.measures.supported import SUPPORTED

__all__ = ["shortcut"]


def shortcut(
    attributions: Attributions,
    cohort: Cohort,
    *,
    by: str | Groups,
    sets: FeatureSets | None = None,
    twin: Twin | None = None,
    outside: tuple[Attributions, Cohort] | None = None,
    levers: Levers | Closure | None = None,
    training: Cohort | None = None,
    adjust: Structure | None = None,
    rng: np.random.Generator | int = 0,
) -> Shortcut:
    """The gate of ancestry reliance given the outcome: *consistent with a shortcut*, or unresolved.

    All of four must hold: (share) the lower limit of the share of the output's variance that lies
    between groups, given the outcome, through subjects without demonstrated support, is above 0.10;
    (comparison) refits of the model lean on these subjects more than refits of its twin do, or in
    an outside cohort the outcome is shown to follow less than half of the gap that they claim
    between groups; (remainder) a part of the outcome's gap between groups, at least half of what
    these subjects claim of it, is left when features have unpenalised slopes of their own within
    groups, or the outside cohort agrees and support is decided for at least half of the reliance;
    (intervention) neutralising them closes a part of the gap.

    Parameters
    ----------
    attributions
        of the audited model; `sets` (a partition of the features) are judged where they are given:
        LD blocks, pathways, regions. Single features are rarely decided.
    twin
        from `evenlight.probes.twin`, on the same cohort.
    outside
        attributions of the same model on a cohort that was recruited otherwise, and that cohort.
    levers
        what an intervention on the unsupported subjects closed: of `Levers` the lines of the set
        named "unsupported", which `unsupported_set` makes.
    training
        people apart from the audited ones, recruited alike, who make the remainder more certain
        (see `measures.remaining`); those whom the twin was trained on will do.
    adjust
        structure inside groups that support is adjusted for (see `rely`).

    Without a twin and an outside cohort, and without an intervention, nothing stronger than
    *unresolved* is said. *not_estimable* where the reliance itself could not be measured given the
    outcome. The evidence is association inside recorded labels.

    Raises InputError for a twin by another grouping or of fewer than 5 pairs, AttributionError for
    a twin or an outside cohort of other features or another target, CohortError for training rows
    that are audited or have other features.
    """
    made = attributions.by(sets) if sets is not None else attributions
    lean = rely(made, cohort, by=by, adjust=adjust, rng=rng)
    if twin is not None:
        _suits(twin, made, lean, sets)
    at = len(lean.given) - 1
    word = _unasked(lean, at)
    if word:
        return _silent(lean, at, word)
    laid = as_variables(made, cohort)[0]
    here = setting(cohort, by, kept=laid.converged)
    lacking = ~np.isin(lean.support, SUPPORTED)
    twinned, own = against_twin(twin, lean, here, lacking, sets)
    other = elsewhere(outside, lean, lacking, by, sets)
    moved = closed(levers, lean, lacking)
    left = remaining(here, laid, lean, sets, adjust=adjust, training=training)
    return _judged(lean, own, _Evidence(twinned, other, left, moved), twin)


def _unasked(lean: Reliance, at: int) -> str:
    """Why the reliance given the outcome is not there, "" if it is."""
    if lean.given[at] == "nothing":
        return "reliance is asked given the outcome, and the cohort has none that can be held fixed"
    return str(lean.total_reason[at])


def _suits(twin: Twin, made: Attributions, lean: Reliance, sets: FeatureSets | None) -> None:
    """Raise an error that names what does not fit, unless the twin can be set beside the model."""
    if twin.grouping != lean.grouping:
        raise InputError(f"the twin is by {twin.grouping!r}; this gate is by {lean.grouping!r}")
    if twin.refits < FEWEST:
        raise InputError(
            f"{twin.refits} pairs of refits; at least {FEWEST} are needed for their spread"
        )
    same_subject(twin.models[0], made, sets, "the twin")


@dataclass(frozen=True, slots=True)
class _Evidence:
    """The twin, an outside cohort, what is left of the gap, and an intervention."""

    twinned: Compared
    other: Compared
    left: Compared
    closed: Compared

    @property
    def compared(self) -> bool | None:
        """Whether a twin or an outside cohort agrees; None where neither was asked."""
        asked = [c.met for c in (self.twinned, self.other) if c.met is not None]
        return any(asked) if asked else None

    def remains(self, rho: float) -> bool | None:
        """Whether features leave a part of the gap, or, with support decided, an outside cohort."""
        return True if self.other.met and rho >= LEAST_RESOLVED else self.left.met


def _judged(lean: Reliance, own: OverTwin, evidence: _Evidence, twin: Twin | None) -> Shortcut:
    """Everything brought together; a twin or an outside cohort that agrees is a comparison."""
    twinned, other = evidence.twinned, evidence.other
    at = len(lean.given) - 1
    column = TOTALS.index("unsupported_share")
    share = np.array([t[at, column] for t in (lean.total, lean.total_low, lean.total_high)])
    rho = float(lean.resolved[at])
    enough = bool(share[1] > LEAST_SHARE)
    met = _held([enough, evidence.compared, evidence.remains(rho), evidence.closed.met])
    partial, why = _partial(lean)
    blank = _silent(lean, at, "-")
    sure = bool((met == "met").all())
    return replace(
        blank,
        word="consistent_with_a_shortcut" if sure else "unresolved",
        reason=_sentence(met, share, rho, evidence),
        met=met,
        share=lean.share[at],
        unsupported=share,
        unresolved_part=float(lean.total[at, TOTALS.index("unresolved_share")]),
        resolved=rho if np.isfinite(rho) else 0.0,
        partial=partial,
        refits=twin.refits if twin is not None else 0,
        how=twin.how if twin is not None else "",
        excess_total=twinned.numbers,
        outside=other.numbers,
        closure=evidence.closed.numbers,
        remainder=evidence.left.numbers,
        reasons=np.array(
            [
                "",
                twinned.reason,
                why,
                other.reason,
                evidence.closed.reason,
                evidence.left.reason,
            ]
        ),
        over=own,
    )


def _partial(lean: Reliance) -> tuple[Float, str]:
    """The slope within groups of the partial score of the unsupported subjects, with limits."""
    found = lean.partial
    if found is None:
        return GONE, "no outcome by which the partial score could be judged"
    return np.array([found.slope[0], found.low[0], found.high[0]]), str(found.reason[0])


def _held(answers: list[bool | None]) -> Text:
    words = {None: "not asked", True: "met", False: "not met"}
    return np.array([words[None if a is None else bool(a)] for a in answers])


def _sentence(met: Text, share: Float, rho: float, evidence: _Evidence) -> str:
    """What the word rests on, or what is missing for a stronger one."""
    twinned, other, closed = evidence.twinned, evidence.other, evidence.closed
    if (met == "met").all():
        route = "than its twin does" if twinned.met else "than an outside cohort bears out"
        left = (
            "the features leave a part of the outcome's own gap, and " if evidence.left.met else ""
        )
        return (
            f"at least {share[1]:.0%} of the variance given the outcome follows the group through "
            f"subjects without demonstrated support, more {route}; {left}neutralising these closes "
            "a part of the gap"
        )
    told = {
        "share": f"the unsupported share is not shown above {LEAST_SHARE:.0%} "
        f"(from {share[1]:.0%})",
        "comparison": _missing_comparison(met, twinned, other),
        "remainder": _missing_remainder(evidence, rho),
        "intervention": closed.reason or "neutralising them is not shown to close the gap",
    }
    gaps = [why for why, held in zip(told.values(), met.tolist(), strict=True) if held != "met"]
    return "; ".join(gaps)


def _missing_remainder(evidence: _Evidence, rho: float) -> str:
    own = (
        evidence.left.reason
        or "features, each at its own slope within groups, are not shown to leave a gap of at "
        "least half of what is claimed"
    )
    if not evidence.other.met:
        return own
    least = f"{LEAST_RESOLVED:.0%}"
    return f"{own}, and support is decided for {max(rho, 0):.0%} of the reliance, below {least}"


def _missing_comparison(met: Text, twinned: Compared, other: Compared) -> str:
    if met[1] == "not asked":
        return f"{twinned.reason} and {other.reason}"
    told = []
    if twinned.met is False:
        told.append("refits are not shown to lean on it more than their twins")
    if other.met is False:
        told.append("the outside cohort does not show it to fail")
    return ", and ".join(told)


def _silent(lean: Reliance, at: int, reason: str) -> Shortcut:
    """The record with nothing measured of a comparison, for a reason."""
    m = len(lean.subjects)
    gone = np.full(m, np.nan)
    return Shortcut(
        grouping=lean.grouping,
        source=lean.source,
        levels=lean.levels,
        target=lean.target,
        subjects=lean.subjects,
        subject_kind=lean.subject_kind,
        given=lean.given[at],
        n=int(lean.n[at]),
        word="not_estimable",
        reason=reason,
        met=np.full(len(CRITERIA), "not asked"),
        share=gone,
        support=lean.support,
        slope=lean.slope,
        slope_low=lean.slope_low,
        slope_high=lean.slope_high,
        support_reason=lean.support_reason,
        unsupported=GONE,
        unresolved_part=float("nan"),
        resolved=float("nan"),
        partial=GONE,
        refits=0,
        how="",
        over=OverTwin(gone, gone, gone, gone, gone),
        excess_total=GONE,
        outside=GONE,
        closure=GONE,
        remainder=GONE,
        reasons=np.full(len(NUMBERS), reason),
    )
