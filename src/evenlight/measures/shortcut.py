"""Whether reliance on ancestry is consistent with a shortcut: the gate, with its reasons."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from evenlight.arrays import Float
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.given_sets import given_sets
from evenlight.data.twins import Twin
from evenlight.errors import InputError
from evenlight.measures.belongs import (
    same_levers,
    same_reliance,
    same_structure,
    same_twin,
)
from evenlight.measures.hidden_people import at_shown, only_shown, twin_at_shown
from evenlight.measures.lever import Levers
from evenlight.measures.prepare import Setting, as_variables, setting
from evenlight.measures.reliance import TOTALS, Reliance
from evenlight.measures.remaining import remaining
from evenlight.measures.shortcut_evidence import (
    GONE,
    Evidence,
    against_twin,
    closed,
    elsewhere,
    resembling,
    same_subject,
)
from evenlight.measures.shortcut_words import Answers, held, reason, stricter
from evenlight.measures.shortcuts import CRITERIA, LEAST_SHARE, NUMBERS, OverTwin, Shortcut
from evenlight.measures.structure import Structure, with_ids
from evenlight.measures.told_gate import told_shortcut

__all__ = ["shortcut"]

HELD_ALONE = "asked given the {given} only, since it could not be given {stricter}"


def shortcut(
    reliance: Reliance,
    attributions: Attributions,
    cohort: Cohort,
    *,
    sets: FeatureSets | None = None,
    adjust: Structure | None = None,
    evidence: Evidence | None = None,
) -> Shortcut:
    """The gate of ancestry reliance given the outcome: *consistent with a shortcut*, or unresolved.

    All of four must hold: (share) the lower limit of the share of the output's variance that lies
    between groups, given the outcome, through subjects without demonstrated support, is above 0.10;
    (comparison) refits of the model lean on these subjects more than refits of its twin do, or in
    an outside cohort the outcome is shown to follow less than half of the gap that they claim
    between groups; (remainder) a part of the outcome's gap between groups, at least half of what
    these subjects claim of it, is left when features have unpenalised slopes of their own within
    groups, or the outside cohort agrees and support is decided for at least half of the reliance;
    (intervention) neutralising them closes a part of the gap. To exchange all that a model uses
    closes the gap of any model: where no other subject moves the output, support must be decided
    for at least half of the reliance instead.

    Parameters
    ----------
    reliance
        what `rely` found of these attributions, summed by `sets`, and by which grouping.
    attributions
        of the audited model, by feature or summed already.
    sets
        the partition of the features that was judged: LD blocks, pathways, regions. Without it
        single features are judged, which are rarely decided.
    adjust
        the structure inside groups that `rely` was given.
    evidence
        the twin, the outside cohort, the intervention, and training people, as far as there are
        any. Without a twin and an outside cohort, and without an intervention, nothing stronger
        than *unresolved* is said.

    The strictest condition with the outcome in it that could be measured is asked: `given` says
    which, and `reason` why a stricter one could not be. *not_estimable* where none could. Each unit
    counts once, whatever sampling weights are declared. The evidence is association inside
    recorded labels.

    A twin whose refits do not resemble the audited model within groups (`stats.resemblance`) is no
    comparison, and `reason` says so.

    Raises InputError for a reliance of other groups, or adjusted otherwise, and for a twin by
    another grouping; AttributionError for attributions, a twin, an intervention or an outside
    cohort of other features, another target or another model; CohortError for training rows that
    are audited or have other features.
    """
    found = _evidence(evidence)
    made = attributions.by(given_sets(sets)) if sets is not None else attributions
    laid = as_variables(made, cohort)[0]
    here = setting(cohort, reliance.grouping, kept=laid.converged)
    same_reliance(reliance, laid, here)
    same_structure(reliance, adjust)
    if found.twin is not None:
        _suits(found.twin, laid, here, sets)
    if isinstance(found.levers, Levers):
        same_levers(found.levers, laid, reliance)
    at = reliance.strictest
    if at is None:
        return _silent(reliance, len(reliance.given) - 1, _unasked(reliance))
    here = only_shown(here)
    laid, adjust = at_shown(laid, here), with_ids(adjust, cohort)
    if found.twin is not None:
        found = replace(found, twin=twin_at_shown(found.twin, cohort, here))
    twin, near = resembling(found, laid, here)
    twinned, own = against_twin(twin, reliance, at, here, sets)
    other = elsewhere(found.outside, reliance, sets)
    moved = closed(found.levers, reliance, at)
    left = remaining(here, laid, reliance, sets, adjust=adjust, training=found.training)
    answers = Answers(twinned, other, left, moved)
    judged = replace(_judged(reliance, at, own, answers, twin), resemblance=near)
    return told_shortcut(judged, here)


def _unasked(lean: Reliance) -> str:
    """Why no reliance given the outcome is there: the reason of the loosest condition with it."""
    own = [g for g, given in enumerate(lean.given) if given != "nothing"]
    if not own:
        return "reliance is asked given the outcome, and the cohort has none that can be held fixed"
    return str(lean.total_reason[own[0]])


def _evidence(evidence: object) -> Evidence:
    found = Evidence() if evidence is None else evidence
    if not isinstance(found, Evidence):
        raise InputError(
            f"evidence is a {type(found).__name__}; wanted Evidence(twin=..., levers=...)"
        )
    return found


def _suits(twin: Twin, laid: Attributions, here: Setting, sets: FeatureSets | None) -> None:
    """Raise an error that names what does not fit, unless the twin can be set beside the model."""
    same_subject(twin.models[0], laid, sets, "the twin")
    same_twin(twin, here.cohort, here.groups, what="this gate", output=laid.output)


def _judged(lean: Reliance, at: int, own: OverTwin, answers: Answers, twin: Twin | str) -> Shortcut:
    """Everything brought together; a twin or an outside cohort that agrees is a comparison."""
    column = TOTALS.index("unsupported_share")
    share = np.array([t[at, column] for t in (lean.total, lean.total_low, lean.total_high)])
    rho = float(lean.resolved[at])
    enough = bool(share[1] > LEAST_SHARE)
    met = held([enough, answers.compared, answers.remains(rho), answers.closed.met])
    partial, why = _partial(lean)
    above, told = stricter(lean, at), reason(met, share, rho, answers)
    if above:
        told = f"{told}; {HELD_ALONE.format(given=lean.given[at], stricter=above)}"
    twinned, other, shut, left = answers.twinned, answers.other, answers.closed, answers.left
    return replace(
        _silent(lean, at, "-"),
        word="consistent_with_a_shortcut" if (met == "met").all() else "unresolved",
        reason=told,
        met=met,
        share=lean.share[at],
        unsupported=share,
        unresolved_part=float(lean.total[at, TOTALS.index("unresolved_share")]),
        resolved=rho if np.isfinite(rho) else 0.0,
        partial=partial,
        refits=twin.refits if isinstance(twin, Twin) else 0,
        how=twin.how if isinstance(twin, Twin) else "",
        excess_total=twinned.numbers,
        outside=other.numbers,
        closure=shut.numbers,
        remainder=left.numbers,
        reasons=np.array(["", twinned.reason, why, other.reason, shut.reason, left.reason]),
        over=own,
        stricter=above,
    )


def _partial(lean: Reliance) -> tuple[Float, str]:
    """The slope within groups of the partial score of the unsupported subjects, with limits."""
    found = lean.partial
    if found is None:
        return GONE, "no outcome by which the partial score could be judged"
    return np.array([found.slope[0], found.low[0], found.high[0]]), str(found.reason[0])


def _silent(lean: Reliance, at: int, why: str) -> Shortcut:
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
        reason=why,
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
        reasons=np.full(len(NUMBERS), why),
        alpha=float(lean.alpha[at]),
    )
