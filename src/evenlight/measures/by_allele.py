"""Whether a letter, an allele or a number of motifs counts alike for everyone who carries it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from evenlight.arrays import Bool, Float, Int
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features
from evenlight.data.groups import MOST_PAIRS, Groups
from evenlight.errors import FeatureError, GroupError
from evenlight.measures.alleles import SPLIT, TEST, Alleles
from evenlight.measures.check import place_of
from evenlight.measures.compare import compare
from evenlight.measures.comparison import Comparison
from evenlight.measures.hidden_people import at_shown, only_shown, shown_sd
from evenlight.measures.lopsided_output import sd_of_many
from evenlight.measures.prepare import Setting, as_variables, own_states, own_values, setting
from evenlight.measures.testing import Testing, asked_for
from evenlight.measures.told_effects import told_pairs
from evenlight.measures.weighing import sampling
from evenlight.small_groups import hidden_text, least_shown
from evenlight.stats.disclosure import shown_counts, suppressed_counts, told_step, told_values
from evenlight.stats.equivalence import verdicts
from evenlight.stats.kitagawa import kitagawa

MOST_STATES = 24
"""Most states of a subject: twenty amino acids, and what is none of them."""


def by_allele(
    attributions: Attributions,
    cohort: Cohort,
    subject: str,
    *,
    by: str | Groups,
    testing: Testing | None = None,
    rng: np.random.Generator | int = 0,
) -> Alleles:
    """Compare the contribution of one subject between groups, state by state that people carry.

    A difference of mean contributions is of two parts: other letters (value), and the same letter
    that counts otherwise (use). Among carriers of one letter only use is left: it is tested letter
    by letter, within strata, as `compare` does, with intervals that hold together over letters and
    contrasts (Bonferroni over letters). `compare` asks for all positions at once (its views
    *location* and *slope*, given the own value); this shows one. Nobody of a level of 1 to 10 units
    enters, and where a cell is hidden counts are told to 5, other numbers to a step.

    Parameters
    ----------
    attributions, cohort
        those of `modalities.positions.by_position` for letters, `modalities.motifs.by_motif` for
        the number of motifs; or of any table with one-hot variables or genotypes.
    subject
        a feature with at most 24 states.

    Raises
    ------
    UnknownName
        for a subject that there is not.
    FeatureError
        for one without states: a set, or a number with more values.
    GroupError, AttributionError
        as `compare`, and where no level has 11 units.
    """
    asked = asked_for(testing)
    made, _ = as_variables(attributions, cohort)
    j = place_of(subject, made.features.names, "subject")
    whole = _everybody(cohort, by, made)
    here = only_shown(whole)
    made = at_shown(made, here)
    state, words = _states(here.cohort, subject)
    unit = sd_of_many(here, made.total())
    carried = _Carried(here, state, words, made.values[:, j].astype(np.float64) / unit)
    cells, hidden = _cells(carried, np.isin(whole.sizes, np.arange(1, least_shown())))
    generator = np.random.default_rng(rng)
    return Alleles(
        grouping=here.groups.name, source=here.groups.source, subject=subject, states=words,
        levels=here.groups.levels, contrasts=here.groups.contrasts(), target=made.target,
        unit=unit, margin=asked.margin, alpha=asked.alpha, **cells,
        **_tests(carried, _alone(made, j), unit, asked, generator),
        **_split(carried, hidden, coarse=cells["rounded"]),
    )  # fmt: skip


def _everybody(cohort: Cohort, by: str | Groups, made: Attributions) -> Setting:
    """The setting with hidden levels; GroupError where every one is."""
    whole = setting(cohort, _fixed(cohort.grouping(by)), kept=made.converged)
    if whole.sizes.max() < least_shown():
        raise GroupError(
            f"{whole.groups.name}: no level has {least_shown()} units; more people are needed"
        )
    return whole


@dataclass(frozen=True, slots=True, eq=False)
class _Carried:
    """The state of each row (n,), -1 unknown, and the subject's contribution (n,) in SD(f)."""

    here: Setting
    state: Int
    words: tuple[str, ...]
    phi: Float

    @property
    def holders(self) -> Int:
        """Units of each level that carry each state on some row, (s, k)."""
        here, kept = self.here, self.state[self.here.kept]
        group = here.unit_group[here.unit]
        own = (kept >= 0) & (group >= 0)
        pairs = np.unique(np.stack([kept[own], here.unit[own]]), axis=1)
        out = np.zeros((len(self.words), len(here.groups.levels)), dtype=np.int64)
        np.add.at(out, (pairs[0], here.unit_group[pairs[1]]), 1)
        return out


def _fixed(groups: Groups) -> Groups:
    """The same with its reference declared where there are too many pairs, for every subset."""
    k = len(groups.levels)
    if groups.reference is not None or k * (k - 1) // 2 <= MOST_PAIRS:
        return groups
    return replace(groups, reference=groups.contrasts()[0][1])


def _states(cohort: Cohort, subject: str) -> tuple[Int, tuple[str, ...]]:
    """The state of each row (n,), -1 unknown, and the words of those that occur."""
    coded = own_states(cohort, subject)
    if coded is not None:
        present, codes = np.unique(coded[0], return_inverse=True)
        words = tuple(coded[1][s] for s in present)
        known = np.ones(cohort.n, dtype=bool)
    else:
        values = own_values(cohort, subject)
        if values is None:
            raise FeatureError(
                f"{subject!r} has no value of its own, as a set has none; ask compare, or sum "
                "attributions by position or by motif"
            )
        known = np.isfinite(values)
        numbers, codes = np.unique(values[known], return_inverse=True)
        words = tuple(f"{number:g}" for number in numbers)
    if len(words) > MOST_STATES:
        raise FeatureError(
            f"{subject!r} has {len(words):,} values; wanted at most {MOST_STATES} states: ask "
            "compare, whose views location and slope hold any value"
        )
    out = np.full(cohort.n, -1, dtype=np.int64)
    out[known] = codes
    return out, words


def _cells(carried: _Carried, few: Bool) -> tuple[dict[str, Any], Bool]:
    """Carriers, shares and means of each state and level, and which cells (s, k) are hidden.

    All cells of `few` (k,), levels of 1 to 10 units, are; nobody of these is among `carried`.
    """
    here, holders = carried.here, carried.holders
    count, reason, rounded = suppressed_counts(holders, smallest=least_shown())
    rounded |= here.rounded
    count = shown_counts(count, rounded=rounded)
    count[:, few], reason = np.nan, np.where(few, hidden_text(), reason)
    share, mean = np.full((2, *holders.shape), np.nan)
    weight = _weights(here)
    state, group = carried.state[here.kept], here.unit_group[here.unit]
    phi = carried.phi[here.kept]
    for s, k in np.argwhere(reason == ""):
        own, level = (state == s) & (group == k), (state >= 0) & (group == k)
        total = float(weight[level].sum())
        share[s, k] = weight[own].sum() / total if total else 0.0
        if rounded:
            share[s, k] = _coarse(share[s, k], 0.5, int(here.sizes[k]), share=True)
        if holders[s, k]:
            mean[s, k] = _told(phi[own], weight[own], int(holders[s, k]), rounded=rounded)
    nobody = (holders == 0) & ~few
    words = np.where(nobody, "nobody", reason.astype(object)).astype(np.str_)
    cells = {"rounded": bool(rounded), "count": count, "share": share, "mean": mean}
    return cells | {"cell_reason": words}, (reason != "") & ~few


def _told(phi: Float, weight: Float, units: int, *, rounded: bool) -> float:
    """A weighted mean, as coarse as a count that is rounded to 5."""
    mean = float(np.average(phi, weights=weight))
    if not rounded:
        return mean
    return _coarse(mean, float(np.sqrt(np.average((phi - mean) ** 2, weights=weight))), units)


def _coarse(value: float, sd: float, units: int, *, share: bool = False) -> float:
    """A number of some units to the step that leaves open what a rounded count leaves open."""
    step = told_step(np.array([sd / np.sqrt(units)]), np.array([units]), share=share)
    return float(told_values(np.array([value]), step)[0])


def _weights(here: Setting) -> Float:
    """How much each kept row counts: the rows of a unit share its sampling weight."""
    made: Float = (sampling(here) / np.bincount(here.unit))[here.unit]
    return made


def _alone(made: Attributions, j: int) -> Attributions:
    """One subject's attributions, whose total is that of all."""
    own = np.ascontiguousarray(made.values[:, [j]])
    return replace(
        made, features=Features((made.features.names[j],)), values=own,
        base=made.total() - own[:, 0].astype(np.float64), spread=None, sensitivity=None,
        cohort_digest="",
    )  # fmt: skip


def _tests(
    carried: _Carried, alone: Attributions, unit: float, asked: Testing, rng: np.random.Generator
) -> dict[str, Any]:
    """The difference among carriers of each state, (s, c), in SD(f) of everybody."""
    shape = (len(carried.words), len(carried.here.groups.contrasts()))
    out: dict[str, Float] = {name: np.full(shape, np.nan) for name in TEST}
    smallest = np.zeros(shape, dtype=np.int64)
    reason = np.full(shape, "", dtype=object)
    enough = np.sort(carried.holders, axis=1)[:, -2] >= least_shown()
    many = max(int(enough.sum()), 1)
    testing = replace(asked, alpha=asked.alpha / many, alphas={}, own_value=False)
    for s, word in enumerate(carried.words):
        if not enough[s]:
            reason[s] = f"fewer than {least_shown()} carriers of {word} in all groups but one"
            continue
        found = _among(carried, s, alone, testing, rng)
        if isinstance(found, str):
            reason[s] = found
            continue
        at = found.view("signed", "nothing", found.views[0].scale)
        shown = told_pairs(found, at, carried.here)
        for name in ("effect", "low", "high"):
            out[name][s] = shown[name] * found.views[at].unit / unit
        out["p"][s] = np.minimum(shown["p_maxt"] * many, 1.0)
        smallest[s], reason[s] = found.n[at].min(axis=1), found.reason[at, :, 0]
    verdict = verdicts(out["low"], out["high"], asked.margin, smallest)
    return {**out, "verdict": verdict, "reason": reason.astype(np.str_)}


def _among(
    carried: _Carried, s: int, alone: Attributions, testing: Testing, rng: np.random.Generator
) -> Comparison | str:
    """The groups compared among carriers of one state, or why they cannot be."""
    here = carried.here
    at = np.flatnonzero((carried.state == s) & here.kept)
    cohort = here.cohort.altered(
        x=carried.state[:, None].astype(np.float64), features=alone.features, outcome=None,
        outcome_kind=None,
    ).take(at)  # fmt: skip
    own = ("rows", "values", "output", "base", "error", "converged")
    some = replace(alone, **{name: getattr(alone, name)[at] for name in own})
    inner = setting(cohort, here.groups.take(at))
    if not shown_sd(inner, some.total()) > 0:
        return "the output does not vary within groups of these carriers"
    return compare(some, cohort, by=inner.groups, testing=testing, rng=rng)


def _split(carried: _Carried, hidden: Bool, *, coarse: bool) -> dict[str, Any]:
    """The difference of each contrast (c,) by value, use, and values that one group alone has.

    Over the states of which no cell is hidden, so that no sum tells of one; the parts are then told
    to a step, as `compare` tells the difference over all states.
    """
    here = carried.here
    pairs = here.groups.contrasts()
    open_states: Bool = ~np.any(hidden, axis=1)
    state, group = carried.state[here.kept], here.unit_group[here.unit]
    own = (state >= 0) & open_states[state]
    phi, weight = carried.phi[here.kept][:, None], _weights(here)
    out = {name: np.full(len(pairs), np.nan) for name in SPLIT}
    reason = np.full(len(pairs), "", dtype=object)
    for c, names in enumerate(pairs):
        level, reference = (here.groups.levels.index(name) for name in names)
        among = own & np.isin(group, (level, reference))
        sizes = [len(np.unique(here.unit[among & (group == g)])) for g in (level, reference)]
        if min(sizes) < least_shown():
            few = names[int(np.argmin(sizes))]
            reason[c] = f"fewer than {least_shown()} units of {few} at states that may be shown"
            continue
        found = kitagawa(phi[among], state[among], group[among] == level, weight=weight[among])
        parts = np.array([getattr(found, name)[0] for name in SPLIT[1:]])
        if coarse:
            parts = told_values(parts, _step(phi[among, 0], group[among] == level, sizes))
        for name, part in zip(SPLIT, (parts.sum(), *parts), strict=True):
            out[name][c] = part
    shown = tuple(word for word, one in zip(carried.words, open_states, strict=True) if one)
    return {**out, "split_states": shown, "split_reason": reason.astype(np.str_)}


def _step(phi: Float, at_level: Bool, sizes: list[int]) -> Float:
    """The step of a difference of means of two groups, of `sizes` units: the wider one's."""
    spread = np.array([phi[side].std() for side in (at_level, ~at_level)])
    n = np.array(sizes, dtype=np.float64)
    return np.asarray(told_step(spread / np.sqrt(n), n).max())
