"""Attributions compared by local ancestry: 0, 1 or 2 copies at a place, beside global ancestry.

For subject j at a place of the genome, phi_j of a person is regressed on d_j, the copies of one
ancestry that the person has at that place, beside the global proportions g, the covariates and the
strata of the cohort. The slope is the difference of mean attribution per copy among people of
equal global proportions. Of haplotypes that are exchangeable over the genome given g, E[d | g] is
linear in g, so the slope is 0 wherever attributions follow g alone, in whatever form; selection,
or assortment by place, breaks that. Slopes are by HC3, tested by Freedman and Lane's permutation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from evenlight.arrays import Float, Int, Text
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Axes
from evenlight.data.local_ancestry import LocalAncestry
from evenlight.errors import AttributionError
from evenlight.measures.adjusted import LEAST_OWN, few_units
from evenlight.measures.axes import coordinates, entering, everyone, left_sd
from evenlight.measures.comparison import View
from evenlight.measures.family import numbers
from evenlight.measures.local_comparison import NUMBERS, LocalComparison
from evenlight.measures.local_subjects import (
    copies_of,
    genotypes_of,
    indicators,
    subjects_of,
)
from evenlight.measures.lopsided_output import of_few_outputs
from evenlight.measures.nuisance import Blocked
from evenlight.measures.testing import Testing, asked_for
from evenlight.small_groups import least_shown
from evenlight.stats.disclosure import suppressed_counts, told_step, told_values
from evenlight.stats.equivalence import verdicts
from evenlight.stats.freedman_lane import Regression, own_part, regression, slopes
from evenlight.stats.local_slopes import local_slopes
from evenlight.stats.multiplicity import draws_for
from evenlight.stats.shuffles import shuffles
from evenlight.stats.unseen import ends_of, unseen

LEAST_DRAWS, WORK = 2_000, 5e8
"""Draws at least, and unit-draws of all regressions that default draws may cost beyond that."""


def by_local_ancestry(
    attributions: Attributions,
    cohort: Cohort,
    local: LocalAncestry,
    *,
    ancestry: str,
    beside: Axes | None = None,
    over: Literal["sites", "windows"] = "sites",
    testing: Testing | None = None,
    rng: np.random.Generator | int = 0,
) -> LocalComparison:
    """Compare attributions (n, p) of variants between carriers of 0, 1, 2 copies of an ancestry.

    Two views of sites: given nothing (a difference may be that of alleles, which differ in
    frequency, or of their use), and given the own genotype (people of one genotype at the site: the
    rest is what the model makes of linked sites). `over="windows"` sums attributions over the sites
    of each window and has the first view only.

    Parameters
    ----------
    attributions, cohort
        of genotypes whose feature table has chromosome and position.
    local
        people by row id, as `read_msp(path, cohort)` gives; of the same genome build.
    beside
        global proportions, by default the mean of `local` over its windows, which should then
        cover the genome: a share of one chromosome takes part of its own effect away.

    Raises FeatureError where no feature lies in a window, AttributionError where few people make
    nearly all of the variance of the output (its SD is then nobody's scale), GroupError where a row
    has no local ancestry or the rows of one unit have different ones.
    """
    asked = asked_for(testing)
    made, table = subjects_of(attributions, cohort, local, over)
    here = everyone(cohort, made.converged, "local ancestry")
    axes = local.shares() if beside is None else beside
    names, at = coordinates(axes, cohort, here)
    if few := of_few_outputs(here, made.total()):
        raise AttributionError(few)
    unit = left_sd(here.per_unit(made.total()), at, axes.name)
    phi = made.values.reshape(made.n, -1).astype(np.float64)
    own, wide = entering(here, "nothing", phi[here.kept])
    asking = _Asking(
        own, copies_of(here, local, ancestry)[own.unit], local.window_of(table), at[own.unit], wide,
        (ancestry, ", ".join(names)), np.random.default_rng(rng),
    )  # fmt: skip
    views = ("nothing",) if over == "windows" else ("nothing", "genotype")
    found: list[dict[str, Any]] = [
        asking.view(g, genotypes_of(cohort, here, made, own, g), unit, asked) for g in views
    ]
    stacked: dict[str, Any] = {
        k: np.stack([f[k] for f in found]) for k in (*NUMBERS, "verdict", "reason")
    }
    return LocalComparison(
        ancestry=ancestry, beside=names, subjects=made.features.names,
        places=tuple("" if w < 0 else local.windows[w] for w in asking.window.tolist()),
        given=views, target=made.target, unit=unit, margin=asked.margin, alpha=asked.alpha,
        draws=found[0]["draws"], n=len(own.unit),
        **stacked,
        **asking.crude(unit, found[0]["reason"]), **asking.cells(unit),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _Asking:
    """u units that enter, copies (u, w) of windows, the window (p,) of subjects, global (u, q).

    `wide` (u, r) are covariates; `words` the ancestry and the global axes; -1 is no window.
    """

    own: Blocked
    copies: Float
    window: Int
    globally: Float
    wide: Float
    words: tuple[str, str]
    rng: np.random.Generator

    @property
    def classes(self) -> Int:
        """People with 0, 1, 2 copies (3, p) at the place of each subject."""
        inside = self.copies[:, np.maximum(self.window, 0)]
        counts = np.stack([(inside == c).sum(axis=0) for c in range(3)])
        return np.where(self.window < 0, 0, counts).astype(np.int64)

    def why(self, j: int, others: Float) -> str:
        """Why a slope cannot be asked, "" if it can."""
        if self.window[j] < 0:
            return "the subject lies in no window of local ancestry"
        many = np.sort(self.classes_of(j))[::-1]
        if many[1] < least_shown():
            return (
                f"fewer than {least_shown()} people have another number of copies of "
                f"{self.words[0]} there than most have"
            )
        x = self.copies[:, [int(self.window[j])]]
        if own_part(x, others, self.own.block)[0] < LEAST_OWN:
            return f"copies of {self.words[0]} there follow from {self.words[1]} and covariates"
        return few_units(len(x), self.own.block, others)

    def classes_of(self, j: int) -> Int:
        """People (3,) with 0, 1, 2 copies at one subject."""
        x = self.copies[:, int(self.window[j])].astype(np.int64)
        return np.bincount(x, minlength=3)

    def prepared(self, states: Float | None) -> tuple[list[int], Int, list[str]]:
        """The first subject of each regression, which one (p,) each asks (-1: none), why not."""
        first: list[int] = []
        place: dict[int, int] = {}
        asks, reason = np.full(len(self.window), -1, dtype=np.int64), []
        known: dict[int, str] = {}
        for j, w in enumerate(self.window.tolist()):
            if states is None:
                why = known[w] if w in known else known.setdefault(w, self.why(j, self.others(j)))
            else:
                why = indicators(states[:, j])[1] or self.why(j, self.others(j, states))
            reason.append(why)
            if why:
                continue
            if states is not None or w not in place:
                place[w] = len(first)
                first.append(j)
            asks[j] = place[w]
        return first, asks, reason

    def others(self, j: int, states: Float | None = None) -> Float:
        """What stands beside the copies at one subject (u, r)."""
        own = np.zeros((len(self.wide), 0)) if states is None else indicators(states[:, j])[0]
        return np.hstack([self.globally, self.wide, own])

    def regression_of(self, j: int, states: Float | None) -> Regression:
        """The regression of one subject, made when asked for: thousands would not fit."""
        x, others = self.copies[:, [int(self.window[j])]], self.others(j, states)
        return regression(x, others, self.own.block, self.own.weights)

    def view(self, given: str, states: Float | None, unit: float, asked: Testing) -> dict[str, Any]:
        """All numbers (p,) of one view, and how many draws they rest on."""
        first, asks, reason = self.prepared(states)
        live = np.flatnonzero(asks >= 0)
        p = len(reason)
        out: dict[str, Any] = {name: np.full(p, np.nan) for name in NUMBERS}
        draws = asked.draws or _draws(len(live), len(first) * len(self.own.unit), asked.alpha)
        if len(live):
            drawn = shuffles(self.own.block, draws=draws, rng=self.rng)
            values = self.own.values[:, live]
            seen = local_slopes(
                values, lambda r: self.regression_of(first[r], states), asks[live], drawn,
                alpha=asked.alpha,
            )  # fmt: skip
            alpha = asked.alpha / len(live)
            slack = unseen(values, ends_of(values), alpha=alpha).sum(axis=0) / unit
            view = View("signed", given, "margin", unit, asked.alpha)
            for name, own in numbers(seen, seen.family, view, slack, testing=asked).items():
                out[name][live] = own
        classes = self.classes
        smallest = classes.sum(axis=0) - classes.max(axis=0)
        verdict = verdicts(out["low"], out["high"], asked.margin, smallest)
        words = np.array(reason, dtype=np.str_)
        return {**out, "verdict": verdict, "reason": words, "draws": draws}

    def crude(self, unit: float, reason: Text) -> dict[str, Any]:
        """The slopes (p,) without global proportions, by covariates and strata alone."""
        out = np.full(len(self.window), np.nan)
        for w in np.unique(self.window[reason == ""]):
            at = np.flatnonzero((self.window == w) & (reason == ""))
            alone = regression(self.copies[:, [w]], self.wide, self.own.block, self.own.weights)
            out[at] = slopes(self.own.values[:, at], alone).effect[0] / unit
        return {"crude": out, "crude_reason": reason}

    def cells(self, unit: float) -> dict[str, Any]:
        """People with 0, 1, 2 copies and their mean attribution (3, p), as they may be shown."""
        count, reason, rounded = suppressed_counts(self.classes, smallest=least_shown())
        words = np.where(count == 0, "nobody", reason.astype(object))
        words[:, self.window < 0] = "the subject lies in no window of local ancestry"
        mean = np.full(count.shape, np.nan)
        for c, j in np.argwhere(words == ""):
            phi = self.own.values[self.copies[:, self.window[j]] == c, j] / unit
            mean[c, j] = phi.mean()
            if rounded:
                sd = phi.std(keepdims=True) / np.sqrt(len(phi))
                mean[c, j] = told_values(mean[[c], j], told_step(sd, np.array([len(phi)])))[0]
        text = words.astype(np.str_)
        return {"rounded": rounded, "count": count, "mean": mean, "cell_reason": text}


def _draws(tests: int, work: int, alpha: float) -> int:
    """Default draws: as many as the family asks for, or as many as can be afforded."""
    afforded = max(LEAST_DRAWS, int(WORK / max(work, 1)))
    return min(draws_for(max(tests, 1), alpha=alpha), afforded)
