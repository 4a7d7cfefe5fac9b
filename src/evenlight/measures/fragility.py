"""Whether a change of the data moves the model equally far for everyone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.data.groups import SMALLEST_GROUP, Groups
from evenlight.data.perturbed import Perturbed
from evenlight.errors import InputError, ModelError
from evenlight.measures.comparison import View
from evenlight.measures.family import Results
from evenlight.measures.fragile import Apart, Fragility
from evenlight.measures.fragile_metrics import COVERAGE
from evenlight.measures.fragile_parts import Moved, doses, numbers
from evenlight.measures.prepare import Setting, population, setting
from evenlight.measures.tested import How, Tested, tested
from evenlight.measures.testing import Testing, asked_for
from evenlight.measures.views import at_level
from evenlight.measures.weighing import weighted
from evenlight.stats.disclosure import shown_counts
from evenlight.stats.effects import within_sd
from evenlight.stats.equivalence import extents
from evenlight.stats.multiplicity import draws_for

SHARES = 0.05
"""The margin of differences in shares: of decisions that flip, of attribution mass that moves.

That of changes is `Testing.margin`, by default 0.1 SD(f)."""

ROUNDING = 1e-6
"""A change below this part of SD(f) is the rounding of float32 outputs, and none."""

ONCE = (
    "What everyone shares in a draw (the genes that are lost, the shift of a batch) was drawn "
    "once: answers speak for that draw. Repeats with other seeds make them speak for others."
)


def fragility(
    perturbed: Perturbed,
    cohort: Cohort,
    *,
    by: str | Groups,
    threshold: float | None = None,
    repeats: Sequence[Perturbed] = (),
    testing: Testing | None = None,
    rng: np.random.Generator | int = 0,
) -> Fragility:
    """What each step of a perturbation does to the outputs of each group, and whether it differs.

    Of each part (overall and each level), paired by unit: change and size of change in SD(f), the
    pooled within-group SD of the output; decisions that flip; change of Brier score or MSE, AUROC
    or R2, and calibration; agreement of attributions where they were made; growth of the size with
    the strength. Groups are compared as `compare` compares attributions, each step a subject: over
    units, within the cohort's strata, beside its covariates, with its sampling weights; every view
    (*change*, *size*, *flips*, *moved*) is a family of its own over contrasts and steps, with
    simultaneous intervals. *change* and *size* are also asked given the outcome, where it can be
    held. Means over the draws of a perturbation are judged as they are in the record.

    Parameters
    ----------
    threshold
        the deployed one, on the response: at or above it the decision is yes. Without it no
        decision flips.
    repeats
        some of the steps again with other seeds, as `probes.perturb_again` makes them, each of one
        draw: what everyone shares in a draw (the genes that are lost, the shift of a batch) then
        enters the intervals of *change* and *size*. Without any, answers speak for what was drawn.
        Of steps in which every row has numbers of its own no repeat is needed.
    testing
        margin of *change* and *size* in SD(f) (0.1), error rate, draws. The margin of *flips* and
        *moved* is 0.05.

    Raises ModelError where the perturbations are of another cohort, InputError for a threshold that
    is none, or repeats that are no repeats, GroupError where there is nothing to compare.
    """
    asked, made = asked_for(testing), perturbed.at(cohort)
    _threshold(made, threshold)
    here = setting(cohort, by, kept=weighted(cohort))
    sd = within_sd(here.per_unit(made.before), here.unit_group)
    if not sd > 0:
        raise ModelError("the output does not vary within groups; a change has no SD(f) to be in")
    moved, generator = _moved(made, cohort, sd, threshold), np.random.default_rng(rng)
    others = [_drawn_again(moved, *one) for one in _repeats(made, repeats, cohort)]
    pairs = here.groups.contrasts()
    draws = asked.draws or draws_for(len(made.steps) * len(pairs), alpha=asked.alpha)
    found = _tested(moved, here, How(asked, draws, [a[here.kept] for a in others]), generator)
    parts = numbers(moved, here, generator)
    return Fragility(
        grouping=here.groups.name, source=here.groups.source, levels=here.groups.levels,
        contrasts=pairs, suite=made.suite, perturbation=made.perturbation, strength=made.strength,
        unit=made.unit, target=made.target, link=made.link, scale=made.scale,
        response_unit=made.response_unit, threshold=threshold, method=made.method, sd=sd,
        alpha=asked.alpha, coverage=COVERAGE, draws=draws, repeats=len(others), **parts,
        doses=doses(moved, here, asked.alpha), apart=_apart(found, rounded=here.rounded),
        notes=(*made.notes, *(() if others else (ONCE,))), cohort_digest=cohort.digest,
    )  # fmt: skip


def _threshold(made: Perturbed, threshold: float | None) -> None:
    if threshold is None:
        return
    if not np.isfinite(threshold):
        raise InputError(f"threshold is {threshold}; it is a number on the response, or None")
    if made.link in ("logit", "softmax") and not 0 < threshold < 1:
        raise InputError(f"threshold is {threshold:g}; it is a probability between 0 and 1")


def _repeats(
    made: Perturbed, repeats: Sequence[Perturbed], cohort: Cohort
) -> list[tuple[Perturbed, list[int]]]:
    """The repeats in the cohort's order, and which step each of theirs repeats.

    InputError where one is no repeat.
    """
    if isinstance(repeats, Perturbed):
        raise InputError("repeats is one record of perturbations; pass a list of them")
    place = {step: i for i, step in enumerate(made.steps)}
    out = []
    for again in (one.at(cohort) for one in repeats):
        strange = [step for step in again.steps if step not in place]
        if strange or again.steps != repeats[0].steps or again.target != made.target:
            raise InputError(
                f"a repeat has other steps ({', '.join(strange[:3]) or 'than another repeat'}) or "
                "another target than the perturbations"
            )
        if (again.draws, made.draws) != (1, 1):
            raise InputError("repeats and what they repeat are of one draw each; say draws=1")
        at = [place[step] for step in again.steps]
        if again.size.any() and np.array_equal(again.after, made.after[at]):
            raise InputError("a repeat has the same numbers as the perturbations; give another rng")
        out.append((again, at))
    return out


def _drawn_again(moved: Moved, again: Perturbed, at: list[int]) -> Float:
    """Changes (n, s) with those steps that were drawn again; the others as they are."""
    out = moved.change.copy()
    out[:, at] = _moved(again, moved.cohort, moved.sd, None).change
    return out


def _moved(made: Perturbed, cohort: Cohort, sd: float, threshold: float | None) -> Moved:
    """Rows (n, s) of what moved, changes in SD(f)."""
    still = ROUNDING * sd >= made.size.T
    change = np.where(still, 0.0, made.change.T / sd)
    size = np.where(still, 0.0, made.size.T / sd)
    flips = None
    if threshold is not None:
        turned = (made.response >= threshold) != (made.response_before >= threshold)
        flips = turned.T.astype(np.float64)
    return Moved(made, cohort, change, size, flips, sd)


@dataclass(frozen=True, slots=True, eq=False)
class _Judged:
    """One tested view with its margin."""

    tested: Tested
    margin: float


def _tested(moved: Moved, here: Setting, how: How, rng: np.random.Generator) -> list[_Judged]:
    """Every view: *change* and *size* first, then *flips* and *moved* with margins of their own."""
    given = ["nothing"]
    if moved.cohort.outcome_kind in ("binary", "categorical", "continuous"):
        given.append("outcome")
    scale = moved.made.scale
    viewed = {
        g: [
            (at_level(View(name, g, scale, 1.0), how.testing), rows[here.kept])
            for name, rows in (("change", moved.change), ("size", moved.size))
        ]
        for g in given
    }
    found = tested(here, viewed, how, rng=rng)[0]
    out = [_Judged(_in_sd(one, moved.sd), how.testing.margin) for one in found]
    own = How(replace(how.testing, margin=SHARES), how.draws, ())
    shares = [
        (at_level(View(name, "nothing", "response", 1.0), own.testing), rows[here.kept])
        for name, rows in (("flips", moved.flips), ("moved", moved.mass))
        if rows is not None
    ]
    if shares:
        found = tested(here, {"nothing": shares}, own, rng=rng)[0]
        out += [_Judged(one, SHARES) for one in found]
    return out


def _in_sd(one: Tested, sd: float) -> Tested:
    """The view with the SD(f) that its effects are told in."""
    return replace(one, view=replace(one.view, unit=sd))


def _apart(found: Sequence[_Judged], *, rounded: bool) -> Apart:
    """Every view, stacked (v, c, ...); counts to 5 where the grouping hides one."""
    out = {
        f.name: np.stack([getattr(one.tested.results, f.name) for one in found])
        for f in fields(Results)
    }
    margin = np.array([one.margin for one in found])
    extent = extents(out["low"], out["high"], margin[:, None, None], out["verdict"])
    entered = [[a if not a.reason else None for a in one.tested.asked] for one in found]
    left = np.array([[a.left if a else (0, 0) for a in row] for row in entered])
    kept = [
        [
            [_left(m) / max(n, 1) for n, m in zip(a.total, a.left, strict=True)]
            for a in one.tested.asked
        ]
        for one in found
    ]
    told = [
        [population(a.total, a.left, a.strata, a.names) if a else "" for a in row]
        for row in entered
    ]
    return Apart(
        tuple(one.tested.view for one in found), margin,
        n=shown_counts(left, rounded=rounded),
        kept=np.round(kept, 2) if rounded else np.array(kept),
        population=np.array(told, dtype=np.str_), extent=extent, **out,
    )  # fmt: skip


def _left(units: int) -> int:
    """Units left, a count of 1 to 10 told as 10, so that no share gives it away."""
    return SMALLEST_GROUP - 1 if 0 < units < SMALLEST_GROUP else units
