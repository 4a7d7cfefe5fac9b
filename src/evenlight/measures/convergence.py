"""Rows whose attributions did not converge: when there are too many, or more in one group."""

from __future__ import annotations

import numpy as np
from scipy.stats import fisher_exact

from evenlight.arrays import Bool, Int
from evenlight.data.digits import percent
from evenlight.data.groups import Groups
from evenlight.data.units import unit_codes
from evenlight.measures.prepare import ALPHA
from evenlight.measures.quality import RULES, UNRELIABLE


def unconverged_reasons(converged: Bool, groups: Groups, units: Int) -> tuple[str, ...]:
    """Why attributions cannot be compared in each contrast (c,), "" where they can.

    Such rows are left out of every test. That is no longer harmless where they are more than 5 % of
    a group's rows (and more than one), or where the share of people who have any differs between
    the two groups by more than 2 % with p below 5 % over all contrasts (Fisher's exact test).
    """
    rule = RULES["unconverged"]
    assert rule.margin is not None
    lost = [int((~converged & (groups.codes == g)).sum()) for g in range(len(groups.levels))]
    rows = [int((groups.codes == g).sum()) for g in range(len(groups.levels))]
    people = _people(converged, groups, units)
    pairs, out = groups.contrasts(), []
    for level, reference in pairs:
        a, b = groups.levels.index(level), groups.levels.index(reference)
        many = [i for i in (a, b) if lost[i] > max(1, rule.limit * rows[i])]
        told = [f"more than {percent(rule.limit)} of the rows in {groups.levels[i]}" for i in many]
        apart = abs(people[a, 0] / people[a].sum() - people[b, 0] / people[b].sum())
        if not many and apart > rule.margin and _differs(people[[a, b]], len(pairs)):
            told = [f"other shares of the rows in {level} and {reference}"]
        out.append(f"{UNRELIABLE}: {' and '.join(told)} did not converge" if told else "")
    return tuple(out)


def _people(converged: Bool, groups: Groups, units: Int) -> Int:
    """Units of each level with and without a row that did not converge, (k, 2)."""
    lost = np.bincount(units, weights=~converged) > 0
    codes = unit_codes(groups.codes, units)
    k = len(groups.levels)
    counts = [np.bincount(codes[side & (codes >= 0)], minlength=k) for side in (lost, ~lost)]
    return np.maximum(np.column_stack(counts), [[0, 1]]).astype(np.int64)


def _differs(table: Int, tests: int) -> bool:
    return bool(fisher_exact(table).pvalue * tests < ALPHA)
