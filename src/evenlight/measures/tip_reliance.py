"""How wrong the recorded outcome would have to be to overturn a verdict about reliance."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from evenlight.arrays import Bool, Float, Int
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.errors import GroupError, UnknownName
from evenlight.measures.belongs import same_reliance
from evenlight.measures.prepare import Setting, as_variables, setting
from evenlight.measures.reliance import TOTALS, Reliance
from evenlight.measures.stratified import strata_held
from evenlight.measures.tip import blank, fill
from evenlight.measures.tipped import ERRORS, Tipping, binary_label
from evenlight.small_groups import least_shown
from evenlight.stats.decomposition import estimable_strata
from evenlight.stats.equivalence import verdicts
from evenlight.stats.intervals import spreads
from evenlight.stats.strata import held_inside
from evenlight.stats.tipping import LabelSums, label_sums, restored_shares

DRAWN = 60
"""Bootstrap draws by which the standard error is carried to other labels, the same for all."""

JUDGED = TOTALS[:2]
"""The totals that have a verdict worth overturning: eta squared and the unsupported share."""

OTHERS = "all others"

MEASURE = "reliance given the {given}"


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """Units (u,) that enter: label `y`, `group`, and `sums` over draws, the first as recorded.

    The parts of `sums` are the output, its unsupported part, and the output; `found` (2, 3) holds
    estimate and limits of each total.
    """

    y: Float
    group: Int
    sums: LabelSums
    found: Float
    margin: float
    smallest: int

    def of(self, side: tuple[int, int], codes: Int) -> Bool:
        """Which codes are one group (code, 0), or all others (code, 1)."""
        code, other = side
        inside: Bool = (codes == code) != bool(other)
        return inside

    def events(self, side: tuple[int, int]) -> float:
        """The share of recorded events on a side."""
        here = self.of(side, self.group)
        return float(self.y[here].mean()) if here.any() else 0.0

    def shares(self, side: tuple[int, int], e: int, by: float) -> Float:
        """Both totals (d, 2) where labels of a side are worse `by` so much in `ERRORS` e."""
        worse = self.of(side, np.arange(self.sums.count.shape[-1]))
        errors = {"sensitivity": np.ones(len(worse)), "specificity": np.ones(len(worse))}
        errors[ERRORS[e]][worse] -= by
        return restored_shares(self.sums, **errors)

    def verdict(self, t: int, code: int, e: int, s: int, by: float) -> str:
        """The verdict of a total under such labels, "" where there can be none."""
        before, after = (self.shares((code, s), e, worse)[:, t] for worse in (0.0, by))
        wide, wider = (float(spreads(drawn[1:, None])[0]) for drawn in (before, after))
        if not np.isfinite(after[0]) or not wide > 0 or not np.isfinite(wider):
            return ""
        value, *ends = self.found[t]
        moved, ratio = value + after[0] - before[0], wider / wide
        low, high = (np.array([moved + ratio * (end - value)]) for end in ends)
        return str(verdicts(low, high, self.margin, np.array([self.smallest]))[0])


def tip_reliance(
    reliance: Reliance,
    attributions: Attributions,
    cohort: Cohort,
    *,
    by: str | Groups,
    given: str = "outcome",
    rng: np.random.Generator | int = 0,
) -> Tipping:
    """The tipping points of eta squared and the unsupported share that `rely` found.

    As `tip`: the label of one group gets ever worse in sensitivity or specificity, then that of all
    others; outcome strata are restored by the algebra of misclassification, and the share and its
    standard error follow. Which subjects lack support stays as found. Contrasts are (level, "all
    others"); of two groups there is one.

    Raises CohortError where the outcome is not binary, GroupError where no stratum of the outcome
    holds two groups, UnknownName where the condition was not asked or does not hold the outcome,
    InputError for a reliance by other groups, AttributionError for one of other attributions.
    """
    binary_label(cohort)
    g = _condition(reliance, given)
    made, _ = as_variables(attributions, cohort)
    here = setting(cohort, by, kept=made.converged)
    same_reliance(reliance, made, here)
    trial = _trial(reliance, g, here, made, np.random.default_rng(rng))
    sides = _sides(here)
    out = blank((len(sides), len(JUDGED)))
    for c, t in np.ndindex(len(sides), len(JUDGED)):
        code = sides[c][1]
        events = [trial.events((code, s)) for s in (0, 1)]
        look = partial(trial.verdict, t, code)
        fill(out, (c, t), str(reliance.total_verdict[g, t]), look, events)
    return Tipping(
        grouping=reliance.grouping,
        measure=MEASURE.format(given=given),
        target=reliance.target,
        threshold=None,
        contrasts=tuple(names for names, _ in sides),
        metrics=JUDGED,
        verdict=np.tile(reliance.total_verdict[g, : len(JUDGED)], (len(sides), 1)),
        **out,
    )


def _condition(reliance: Reliance, given: str) -> int:
    """The index of a condition that holds the outcome."""
    known = [name for name in reliance.given if name != "nothing"]
    if given not in known:
        told = "given nothing the outcome plays no part" if given == "nothing" else "not asked"
        raise UnknownName(f"no condition {given!r} ({told}); known: {', '.join(known) or 'none'}")
    return reliance.given.index(given)


def _sides(here: Setting) -> list[tuple[tuple[str, str], int]]:
    """(level, who stands against it) and the code of the level, for groups that are large enough.

    Two groups are one contrast: the second against the first.
    """
    levels = here.groups.levels
    large = [i for i, n in enumerate(here.sizes) if n >= least_shown()]
    if len(large) == 2:
        a, b = large
        return [((levels[b], levels[a]), b)]
    return [((levels[i], OTHERS), i) for i in large]


def _trial(
    reliance: Reliance, g: int, here: Setting, made: Attributions, rng: np.random.Generator
) -> Trial:
    """The units that `rely` used under this condition, with both totals as parts."""
    lacking = ~np.isin(reliance.support, ("supported_within_groups", "supported_unequally"))
    phi = here.per_unit(made.values.reshape(made.n, -1).astype(np.float64))
    f = here.per_unit(made.total())
    y = here.per_unit(here.cohort.y)
    held = strata_held(here, reliance.given[g])
    inside = held.code
    large = np.append(here.sizes >= least_shown(), False)[here.unit_group]
    label = np.where(np.isin(y, (0.0, 1.0)) & (inside >= 0), 2 * inside + (y == 1), -1)
    keep = estimable_strata(np.where(large, here.unit_group, -1), label.astype(np.int64))
    n, group = int(keep.sum()), here.unit_group[keep]
    parts = np.column_stack([f, phi[:, lacking].sum(axis=1), f])[keep]
    parts = held_inside(parts, (None, held.share[keep]), label[keep], group)
    if n == 0:
        raise GroupError(f"{reliance.grouping}: {reliance.total_reason[g]}")
    weight = np.vstack([np.ones(n), rng.multinomial(n, np.full(n, 1 / n), size=DRAWN)])
    cell = (inside[keep], group)
    found = [getattr(reliance, name)[g, :2] for name in ("total", "total_low", "total_high")]
    return Trial(
        y[keep],
        group,
        label_sums(parts - parts.mean(axis=0), y[keep], cell, weight),
        np.column_stack(found),
        reliance.margin,
        int(np.bincount(group)[np.unique(group)].min()),
    )
