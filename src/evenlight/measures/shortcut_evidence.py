"""What the gate of reliance rests on beside it: twins, other people, interventions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Float
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.digits import percent
from evenlight.data.features import FeatureSets
from evenlight.data.twins import FEWEST, Twin
from evenlight.errors import AttributionError, InputError
from evenlight.measures.decided import LEAST_RESOLVED
from evenlight.measures.lever import Levers
from evenlight.measures.observed import RESPONSE, Observed, observed
from evenlight.measures.prepare import Setting, as_variables, setting
from evenlight.measures.reliance import Reliance
from evenlight.measures.shortcuts import UNSUPPORTED, Closure, OverTwin, Shortcut
from evenlight.measures.stratified import strata_given
from evenlight.measures.supported import HALF_CLAIM, link_of
from evenlight.measures.told_gate import told_slope
from evenlight.small_groups import least_shown
from evenlight.stats.excess import corrected_shares, excess
from evenlight.stats.outside import between_slope
from evenlight.stats.resemblance import resemblance

GONE = np.full(3, np.nan)
EMPTY = (
    "cannot tell: {many} of {all} subjects were neutralised and no other moves the output, which "
    "closes the gap of any model; subjects with support are needed beside them (more people, or "
    "other sets), an intervention on a part of them, or support that is decided for {least} of the "
    "reliance (it is for {known})"
)
"""Why an intervention on all that a model uses is no evidence."""
INSTEAD = (
    "{many} of {all} subjects were neutralised and no other moves the output, which closes the gap "
    "of any model; in its place support is decided for {known} of the reliance"
)
"""What stands in the place of such an intervention."""
Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What the gate may rest on beside the reliance; all of it may be missing.

    Parameters
    ----------
    twin
        from `evenlight.twin`, of the same cohort and grouping, of 5 pairs or more.
    outside
        attributions of the same model on a cohort that was recruited otherwise, and that cohort.
    levers
        what an intervention on the unsupported subjects closed: of `Levers` the lines of the set
        named "unsupported", which `unsupported_set` makes.
    training
        people apart from the audited ones, recruited alike, who make the remainder more certain
        (see `measures.remaining`); those whom the twin was trained on will do.
    no_twin
        why there is no twin, where one was wanted.

    Raises InputError for what is none of these, and for a twin of too few pairs.

    >>> Evidence(training="people")
    Traceback (most recent call last):
    evenlight.errors.InputError: training is a str; wanted a Cohort
    """

    twin: Twin | None = None
    outside: tuple[Attributions, Cohort] | None = None
    levers: Levers | Closure | None = None
    training: Cohort | None = None
    no_twin: str = "no twin was given"

    def __post_init__(self) -> None:
        _kind("twin", self.twin, Twin)
        _kind("levers", self.levers, Levers, Closure)
        _kind("training", self.training, Cohort)
        if self.outside is not None:
            pair = self.outside if isinstance(self.outside, tuple) else ()
            if [type(part) for part in pair] != [Attributions, Cohort]:
                raise InputError("outside is no pair; wanted (attributions, cohort)")
        if self.twin is not None and self.twin.refits < FEWEST:
            raise InputError(
                f"{self.twin.refits} pairs of refits; at least {FEWEST} are needed for their spread"
            )


def _kind(name: str, value: object, *kinds: type) -> None:
    if value is not None and not isinstance(value, kinds):
        wanted = " or ".join(kind.__name__ for kind in kinds)
        raise InputError(f"{name} is a {type(value).__name__}; wanted a {wanted}")


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """What a comparison says: three numbers, whether it is met (None: not asked), and why not."""

    numbers: Float
    met: bool | None
    reason: str


def same_subject(
    one: Attributions, made: Attributions, sets: FeatureSets | None, what: str
) -> None:
    """AttributionError unless another model's attributions are of the audited subjects."""
    names = (one.by(sets) if sets is not None else one).features.names
    if one.target != made.target or one.scale != made.scale:
        raise AttributionError(
            f"{what} is of {one.target!r} on the {one.scale} scale, the model of {made.target!r} "
            f"on the {made.scale} scale; explain both alike"
        )
    if names != made.features.names:
        raise AttributionError(
            f"{what} has {len(names)} features and the model {len(made.features)}, or other names; "
            "explain both alike, and sum both over the same sets"
        )


def against_twin(
    twin: Twin | str, lean: Reliance, at: int, here: Setting, sets: FeatureSets | None
) -> tuple[Compared, OverTwin]:
    """The excess of the unsupported share, and of each subject's, over the twin.

    In the strata of the condition `at` of the audited model's reliance; in place of a twin stands
    why there is none.
    """
    lacking = lean.lacking
    if isinstance(twin, str):
        gone = np.full(len(lacking), np.nan)
        return Compared(GONE, None, twin), OverTwin(gone, gone, gone, gone, gone)
    models, twins = (
        np.array([_shares(one, lean, at, here, sets) for one in part])
        for part in (twin.models, twin.twins)
    )
    every = excess(models, twins)
    total = excess(models[:, lacking].sum(axis=1), twins[:, lacking].sum(axis=1))
    means = models.mean(axis=0), twins.mean(axis=0)
    own = OverTwin(*means, every.mean, every.sd, every.low)
    numbers = np.array([float(total.mean), float(total.sd), float(total.low)])
    return Compared(numbers, bool(total.low > 0), ""), own


def resembling(found: Evidence, audited: Attributions, here: Setting) -> tuple[Twin | str, Float]:
    """The twin, or why none is compared; and the resemblance of its refits to the model (3,).

    Their outputs are correlated within groups, unit by unit. A twin of which it cannot be told
    whether it resembles the model is not compared either.
    """
    if found.twin is None:
        return found.no_twin, GONE
    refits = np.stack([here.per_unit(one.at(here.cohort).output) for one in found.twin.models])
    near = resemblance(here.per_unit(audited.output), refits, here.unit_group)
    twin = found.twin if near.there else near.reason
    return twin, np.array([near.value, near.high, near.least])


def _shares(
    one: Attributions, lean: Reliance, at: int, here: Setting, sets: FeatureSets | None
) -> Float:
    """B of each subject (m,) of one refit."""
    made, _ = as_variables(one.by(sets) if sets is not None else one, here.cohort)
    phi = here.per_unit(made.values.astype(np.float64))
    strata = strata_given(here, lean.given[at], bins=int(lean.bins[at]) or None)
    return corrected_shares(strata.laid(phi, here.per_unit(made.total())))


def elsewhere(
    outside: tuple[Attributions, Cohort] | None, lean: Reliance, sets: FeatureSets | None
) -> Compared:
    """The slope of the outcome between groups on the unsupported partial score, elsewhere."""
    if outside is None:
        return Compared(GONE, None, "no outside cohort was given")
    given, cohort = outside
    made, _ = as_variables(given.by(sets) if sets is not None else given, cohort)
    if made.features.names != lean.subjects or made.target != lean.target:
        raise AttributionError(
            f"the outside cohort has attributions of {made.target!r} with {len(made.features)} "
            f"subjects; wanted {lean.target!r} with the {len(lean.subjects)} that were audited"
        )
    there = setting(cohort, lean.grouping, kept=made.converged)
    f, link = there.per_unit(made.total()), link_of(made, cohort)
    everyone = np.zeros(len(f), dtype=np.int64)
    seen = observed(there, f, everyone, link=link, target=made.target)
    if seen.reason or seen.timed:
        return Compared(GONE, None, seen.reason or "survival has no slope between groups here")
    part = there.per_unit(made.values.astype(np.float64))[:, lean.lacking].sum(axis=1)
    return _borne_out(there, part, f, seen, link)


def _borne_out(there: Setting, part: Float, f: Float, seen: Observed, link: str) -> Compared:
    """The slope between groups of the outcome on a partial score, in groups large enough."""
    large = np.append(there.sizes >= least_shown(), False)
    if large.sum() < 2:
        return Compared(GONE, None, f"the outside cohort has no two groups of {least_shown()}")
    known = large[there.unit_group] & np.isfinite(seen.y)
    expect = RESPONSE[link] if seen.chance and link in RESPONSE else np.asarray
    group = there.unit_group[known]
    b, se = between_slope(part[known], f[known], seen.y[known], group, expect=expect)
    if not np.isfinite(b):
        return Compared(GONE, None, "nothing is claimed between the groups of the outside cohort")
    limits = np.array([b, b - Z95 * se, b + Z95 * se])
    return Compared(told_slope(limits, there), bool(limits[2] < HALF_CLAIM), "")


def closed(levers: Levers | Closure | None, lean: Reliance, at: int) -> Compared:
    """Whether neutralising the unsupported subjects closes a part of the gap.

    Where nothing else moves the output, that closes the gap of any model. In its place support must
    be decided for at least half of the reliance under condition `at`; else it cannot tell.
    """
    if levers is None:
        return Compared(GONE, None, "no intervention was given")
    wanted = tuple(s for s, lack in zip(lean.subjects, lean.lacking, strict=True) if lack)
    made = levers if isinstance(levers, Closure) else closure_of(levers, subjects=wanted)
    strange = sorted(set(made.subjects) - set(wanted))
    if strange:
        raise InputError(
            f"the intervention moved {strange[:3]}, which are no unsupported subjects of this "
            f"audit; neutralise some or all of {len(wanted)}, first {list(wanted[:3])}"
        )
    if np.isnan(made.low):
        return Compared(GONE, None, made.reason)
    if not _others(lean, made.subjects):
        return _nothing_else(made, lean, at)
    return Compared(np.array([made.value, made.low, made.high]), bool(made.low > 0), "")


def _nothing_else(made: Closure, lean: Reliance, at: int) -> Compared:
    """What stands for an intervention on all that moves the output: the share that is decided.

    One that is shown to open the gap is no agreement, whatever is decided.
    """
    if made.high <= 0:
        return Compared(np.array([made.value, made.low, made.high]), False, "")
    rho = float(np.nan_to_num(lean.resolved[at]))
    enough = rho >= LEAST_RESOLVED
    told = (INSTEAD if enough else EMPTY).format(
        many=len(made.subjects),
        all=len(lean.subjects),
        known=percent(rho),
        least=percent(LEAST_RESOLVED),
    )
    return Compared(GONE, True if enough else None, told)


def _others(lean: Reliance, moved: tuple[str, ...]) -> bool:
    """Whether any subject that was not neutralised has attributions other than 0."""
    return bool((~np.isin(lean.subjects, moved) & (lean.mass > 0)).any())


def unsupported_set(reliance: Reliance | Shortcut, sets: FeatureSets) -> FeatureSets:
    """One set, "unsupported", of all features of the sets without demonstrated support.

    For `swap`, whose `levers` the gate takes. Raises InputError where every set is supported, or
    the sets are others.
    """
    lean = reliance
    if lean.subjects != sets.names:
        raise InputError(f"these are {len(sets.names)} sets, others than the {len(lean.subjects)}")
    names = [s for s, lack in zip(lean.subjects, lean.lacking, strict=True) if lack]
    if not names:
        raise InputError("every set is supported within groups; there is nothing to neutralise")
    members = [member for name in names for member in sets.members(name)]
    return FeatureSets.from_lists({UNSUPPORTED: members}, list(sets.features), kind=sets.kind)


def closure_of(levers: Levers, *, subjects: tuple[str, ...]) -> Closure:
    """The closure of the set "unsupported", in the pair of groups with the widest gap."""
    lines = levers.closing
    own = np.flatnonzero((lines.subject == UNSUPPORTED) & (lines.kind != "shuffle"))
    if not len(own):
        known = ", ".join(sorted(set(lines.subject.tolist()))) or "none"
        raise InputError(
            f"no line of the interventions is about a set {UNSUPPORTED!r} (there are: {known}); "
            "make it with unsupported_set(...) and swap it"
        )
    wide = np.where(np.isnan(lines.gap[own]), -1.0, np.abs(lines.gap[own]))
    at = int(own[int(wide.argmax())])
    value, low, high = (
        float(part[at]) for part in (lines.closure, lines.closure_low, lines.closure_high)
    )
    return Closure(subjects, value, low, high, str(lines.closure_reason[at]))
