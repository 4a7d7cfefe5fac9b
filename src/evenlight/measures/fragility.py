"""Whether a change of the data moves the model equally far for everyone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.data.perturbed import Perturbed
from evenlight.errors import InputError, ModelError
from evenlight.measures.comparison import View
from evenlight.measures.fragile import Apart, Fragility
from evenlight.measures.fragile_again import drawn_once, redrawn
from evenlight.measures.fragile_moved import Moved, moved_by
from evenlight.measures.fragile_parts import doses, numbers
from evenlight.measures.fragile_shown import COVERAGE
from evenlight.measures.hidden_people import shown_sd, without_hidden
from evenlight.measures.lopsided_output import of_few_outputs
from evenlight.measures.prepare import Setting, setting
from evenlight.measures.tested import How, Tested, stacked, tested
from evenlight.measures.testing import Testing, asked_for
from evenlight.measures.views import at_level
from evenlight.measures.weighing import weighted
from evenlight.stats.multiplicity import draws_for

SHARES = 0.05
"""The margin of differences in shares: of decisions that flip, of attribution mass that moves.

That of changes is `Testing.margin`, by default 0.1 SD(f)."""

OTHERS_ONLY = (
    "People of a hidden part are in no number, overall among them, and numbers are no finer than "
    "counts to 5 carry: else a hidden part could be solved for."
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
    held. Of several draws each is judged by itself: sizes, flips and metrics are means over them.

    Parameters
    ----------
    threshold
        the deployed one, on the response: at or above it the decision is yes. Without it no
        decision flips.
    repeats
        some of the steps again with other seeds, as `probes.perturb_again` makes them, of as many
        draws. These steps are then judged by the mean over all draws, and what everyone shares in
        one (the genes that are lost, the shift of a batch) enters their intervals and p. Without
        any, answers speak for what was drawn, and a note says which. Of steps in which every row
        has numbers of its own none is needed.
    testing
        margin of *change* and *size* in SD(f) (0.1), error rate, draws. The margin of *flips* and
        *moved* is 0.05.

    Raises ModelError where the perturbations are of another cohort, or a few units make nearly all
    of the variance of the output, InputError for a threshold that
    is none, or repeats that are no repeats, GroupError where there is nothing to compare.
    """
    asked, made = asked_for(testing), perturbed.at(cohort)
    _threshold(made, threshold)
    here = setting(cohort, by, kept=weighted(cohort))
    shown, _ = without_hidden(here)
    sd = shown_sd(here, made.before)
    if not sd > 0:
        raise ModelError("the output does not vary within groups; a change has no SD(f) to be in")
    if few := of_few_outputs(here, made.before):
        raise ModelError(few)
    again, generator = redrawn(made, repeats, cohort), np.random.default_rng(rng)
    moved = moved_by(made, cohort, sd=sd, threshold=threshold, again=again)
    pairs = here.groups.contrasts()
    draws = asked.draws or draws_for(len(made.steps) * len(pairs), alpha=asked.alpha)
    found = _tested(moved, shown, How(asked, draws, ()), generator)
    hidden = (OTHERS_ONLY,) if here.rounded else ()
    return Fragility(
        grouping=here.groups.name, source=here.groups.source, levels=here.groups.levels,
        contrasts=pairs, suite=made.suite, perturbation=made.perturbation, strength=made.strength,
        unit=made.unit, target=made.target, link=made.link, scale=made.scale,
        response_unit=made.response_unit, threshold=threshold, method=made.method, sd=sd,
        alpha=asked.alpha, coverage=COVERAGE, draws=draws, repeats=len(again),
        **numbers(moved, here, generator), doses=doses(moved, here, asked.alpha),
        apart=_apart(found, here), cohort_digest=cohort.digest,
        notes=(*made.notes, *drawn_once(made, repeats), *hidden),
    )  # fmt: skip


def _threshold(made: Perturbed, threshold: float | None) -> None:
    if threshold is None:
        return
    if not np.isfinite(threshold):
        raise InputError(f"threshold is {threshold}; it is a number on the response, or None")
    if made.link in ("logit", "softmax") and not 0 < threshold < 1:
        raise InputError(f"threshold is {threshold:g}; it is a probability between 0 and 1")


@dataclass(frozen=True, slots=True, eq=False)
class _Judged:
    """One tested view with its margin."""

    tested: Tested
    margin: float


def _tested(moved: Moved, here: Setting, how: How, rng: np.random.Generator) -> list[_Judged]:
    """Every view: *change* and *size* first, then *flips* and *moved* with margins of their own."""
    given, scale = ["nothing"], moved.made.scale
    if moved.cohort.outcome_kind in ("binary", "categorical", "continuous"):
        given.append("outcome")
    found = _views(moved, here, how, dict.fromkeys(("change", "size"), scale), given, rng)
    out = [_Judged(_in_sd(one, moved.sd), how.testing.margin) for one in found]
    own = replace(how, testing=replace(how.testing, margin=SHARES))
    there = {"flips": moved.flips, "moved": moved.mass}
    shares = {name: "response" for name, rows in there.items() if rows is not None}
    if shares:
        found = _views(moved, here, own, shares, ["nothing"], rng)
        out += [_Judged(one, SHARES) for one in found]
    return out


def _views(
    moved: Moved, here: Setting, how: How, names: Mapping[str, str], given: Sequence[str],
    rng: np.random.Generator,
) -> list[Tested]:  # fmt: skip
    """Views by name and scale, each given everything in `given`, with what further draws add."""
    viewed = {
        g: [
            (at_level(View(name, g, scale, 1.0), how.testing), _rows(moved, name, here))
            for name, scale in names.items()
        ]
        for g in given
    }
    each = [np.hstack([_rows(one, name, here) for name in names]) for one in moved.each]
    return tested(here, viewed, replace(how, repeats=each, averaged=True), rng=rng)[0]


def _rows(moved: Moved, name: str, here: Setting) -> Float:
    """Rows (n kept, s) of one view."""
    every = {"change": moved.change, "size": moved.size, "flips": moved.flips, "moved": moved.mass}
    rows = every[name]
    assert rows is not None
    return rows[here.kept]


def _in_sd(one: Tested, sd: float) -> Tested:
    """The view with the SD(f) that its effects are told in."""
    return replace(one, view=replace(one.view, unit=sd))


def _apart(found: Sequence[_Judged], here: Setting) -> Apart:
    """Every view, stacked (v, c, ...)."""
    margin = np.array([one.margin for one in found])
    views = [one.tested for one in found]
    out = stacked(views, margin, here=here)
    return Apart(tuple(one.view for one in views), margin, **out)
