"""One number for all groups together: the worst group, the largest gap, the equity-scaled AUROC."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from evenlight.arrays import Bool, Float, Int
from evenlight.measures.measuring import BLOCK, Found, Task
from evenlight.measures.prepare import ALPHA, Setting
from evenlight.measures.weighing import sampling
from evenlight.small_groups import least_shown
from evenlight.stats.decisions import DECISIONS
from evenlight.stats.disclosure import told_limits, told_values
from evenlight.stats.effects import unit_means
from evenlight.stats.intervals import critical, recovered, spreads
from evenlight.stats.metrics import AT_THRESHOLD, BINARY, REGRESSION, Metric
from evenlight.stats.parts import limits
from evenlight.stats.survival import SURVIVAL
from evenlight.stats.worst import Estimate, least, scaled, shuffled, widest

SHUFFLES = 500
LOSSES = ("mae", "brier")
"""Metrics of which less is better."""


def few_groups() -> str:
    """Why nothing is told over groups."""
    return f"fewer than two groups have {least_shown()} people to rest on"


@dataclass(frozen=True, slots=True)
class Summary:
    """What is said of all groups: `kind` worst, gap or scaled, of `metrics`, `given` y or not."""

    name: str
    kind: str
    metrics: tuple[str, ...]
    given: bool = True


def wanted(task: Task) -> Mapping[str, Metric]:
    """The metrics that summaries rest on."""
    if task.case.event is not None:
        return {"concordance": SURVIVAL["concordance"]}
    if not task.events:
        return {"mae": REGRESSION["mae"]}
    if task.ranks_only:
        return {"auroc": BINARY["auroc"]}
    made = {"auroc": BINARY["auroc"], "brier": BINARY["brier"]}
    if task.case.threshold is not None:
        made |= {**AT_THRESHOLD, "call_rate": DECISIONS["call_rate"]}
    return made


def asked(metrics: Mapping[str, Metric]) -> list[Summary]:
    """The summaries that these metrics allow."""
    out = [
        Summary(f"worst_{name}", "worst", (name,), given=name in ("auroc", "sensitivity"))
        for name in ("concordance", "mae", "auroc", "brier", "sensitivity")
        if name in metrics
    ]
    if "auroc" in metrics:
        out += [Summary("auroc_gap", "gap", ("auroc",)), Summary("es_auroc", "scaled", ("auroc",))]
    if "mae" in metrics:
        out.append(Summary("mae_gap", "gap", ("mae",), given=False))
    if "sensitivity" in metrics:
        both = ("sensitivity", "specificity")
        out.append(Summary("equalised_odds_gap", "gap", both))
        out.append(Summary("call_rate_gap", "gap", ("call_rate",), given=False))
    return out


def summaries(found: Found, rng: np.random.Generator) -> Mapping[str, Any]:
    """The fields of `Decisions` that speak of all groups together."""
    metrics = found.task.metrics
    rows = asked(metrics)
    numbers = {n: np.full(len(rows), np.nan) for n in ("value", "low", "high", "null", "p")}
    of, reason, left = [], [], []
    nulls = {given: _shuffles(found, rng, given=given) for given in (True, False)}
    for s, row in enumerate(rows):
        use = _usable(found, row)
        left.append(_left(found, use))
        reason.append("" if use.sum() >= 2 else few_groups())
        of.append("")
        if reason[s]:
            continue
        of[s], seen = _seen(found, row, use)
        told = _told(found, row, use, seen)
        null = _statistics(found, row, use, nulls[row.given])
        worse = _worse(row, null, seen[0])
        values = (*told, np.nanmean(null), (1 + worse) / (1 + len(null)))
        for name, number in zip(numbers, values, strict=True):
            numbers[name][s] = number
    return {
        "summaries": tuple(row.name for row in rows),
        "given": tuple("outcome" if row.given else "nothing" for row in rows),
        "of": np.array(of, dtype=np.str_),
        "left": tuple(left),
        "reason": np.array(reason, dtype=np.str_),
        **numbers,
    }


def _told(found: Found, row: Summary, use: Bool, seen: Estimate) -> Estimate:
    """The statistic and its limits to the widest step of the groups that enter."""
    at = [list(found.task.metrics).index(name) for name in row.metrics]
    k = len(found.task.here.groups.levels)
    step = found.measured.steps[1 : 1 + k][use][:, at].max(initial=0.0, keepdims=True)[0]
    value, low, high = (np.array([v]) for v in seen)
    low, high = told_limits(low, high, step)
    return float(told_values(value, step)[0]), float(low[0]), float(high[0])


def _worse(row: Summary, null: Float, seen: float) -> int:
    """How many shuffles are at least as bad as what was seen."""
    high = row.kind == "gap" or (row.kind == "worst" and row.metrics[0] in LOSSES)
    bad = null >= seen - 1e-12 if high else null <= seen + 1e-12
    return int(bad.sum())


def _usable(found: Found, row: Summary) -> Bool:
    """Levels (k,) in which every metric of a summary can be shown."""
    at = [list(found.task.metrics).index(name) for name in row.metrics]
    k = len(found.task.here.groups.levels)
    shown: Bool = (found.measured.reason[1 : 1 + k][:, at] == "").all(axis=1)
    return shown


def _left(found: Found, use: Bool) -> str:
    levels = found.task.here.groups.levels
    return ", ".join(level for level, kept in zip(levels, use, strict=True) if not kept)


def _seen(found: Found, row: Summary, use: Bool) -> tuple[str, Estimate]:
    """Of whom it is told, the statistic and its limits."""
    make: Mapping[str, Callable[[Found, Summary, Int], tuple[str, Estimate]]] = {
        "worst": _worst,
        "gap": _gap,
        "scaled": _scaled,
    }
    return make[row.kind](found, row, np.flatnonzero(use) + 1)


def _worst(found: Found, row: Summary, parts: Int) -> tuple[str, Estimate]:
    """Limits of all groups together; those of the worst are the worst of them."""
    made, m = found.measured, list(found.task.metrics).index(row.metrics[0])
    star = made.drawn[:, parts, m]
    z = critical(star, centre=np.nanmean(star, axis=0), alpha=ALPHA)
    low, high = (a[parts, m] for a in limits(made.value, spreads(made.drawn), made.shape, z))
    value, sign = made.value[parts, m], -1.0 if row.metrics[0] in LOSSES else 1.0
    if sign < 0:
        low, high = high, low
    at, (worst, down, up) = least(sign * value, sign * low, sign * high)
    ends = sorted((sign * down, sign * up))
    return found.task.here.groups.levels[parts[at] - 1], (sign * worst, ends[0], ends[1])


def _gap(found: Found, row: Summary, parts: Int) -> tuple[str, Estimate]:
    """The largest difference over pairs and metrics, from limits of all of them together."""
    made, levels = found.measured, found.task.here.groups.levels
    pairs = np.array(list(combinations(parts.tolist(), 2)))
    at = [list(found.task.metrics).index(name) for name in row.metrics]
    star = (made.drawn[:, pairs[:, 0]] - made.drawn[:, pairs[:, 1]])[:, :, at]
    flat = star.reshape(len(star), -1)
    z = critical(flat, centre=np.nanmean(flat, axis=0), alpha=ALPHA)
    low, high = limits(made.value, spreads(made.drawn), made.shape, z)
    down, up = recovered(made.value, low, high, (pairs[:, 0], pairs[:, 1]))
    apart = made.value[pairs[:, 0]] - made.value[pairs[:, 1]]
    best, seen = widest(*(a[:, at].ravel() for a in (apart, down, up)))
    pair, metric = divmod(best, len(at))
    a, b = pairs[pair] if apart[pair, at[metric]] < 0 else pairs[pair][::-1]
    told = f"{levels[a - 1]} below {levels[b - 1]}"
    return told + (f" in {row.metrics[metric]}" if len(at) > 1 else ""), seen


def _scaled(found: Found, row: Summary, parts: Int) -> tuple[str, Estimate]:
    """AUROC over 1 and the sum of its distances to the groups'."""
    made, m = found.measured, list(found.task.metrics).index(row.metrics[0])
    value, star = made.value[:, m], made.drawn[:, :, m]
    apart, again = value[0] - value[parts], star[:, :1] - star[:, parts]
    both = np.column_stack([star[:, 0], again])
    z = critical(both, centre=np.nanmean(both, axis=0), alpha=ALPHA)
    low, high = (a[0, m] for a in limits(made.value, spreads(made.drawn), made.shape, z))
    half = z * spreads(again)
    return "all groups", scaled((value[0], low, high), apart, apart - half, apart + half)


def _shuffles(found: Found, rng: np.random.Generator, *, given: bool) -> Float:
    """Metrics of each level under shuffled groups, (shuffles, k, m)."""
    task, here = found.task, found.task.here
    strata = _outcome_strata(task) if given else np.zeros(len(here.unit_group), dtype=np.int64)
    codes = shuffled(here.unit_group, strata, draws=SHUFFLES, rng=rng)
    case, unit = task.case.take(here.order), here.unit[here.order]  # no sum depends on row order
    share = (sampling(here) / np.bincount(unit))[unit]
    out = np.full((SHUFFLES, len(here.groups.levels), len(task.metrics)), np.nan)
    for start in range(0, SHUFFLES, BLOCK):
        rows = codes[start : start + BLOCK][:, unit]
        for g in range(len(here.groups.levels)):
            weight = (rows == g) * share
            for m, metric in enumerate(task.metrics.values()):
                out[start : start + BLOCK, g, m] = metric(case, weight)
    return out


def _outcome_strata(task: Task) -> Int:
    """Units by whether none, some or all of their rows have the event, (u,)."""
    here: Setting = task.here
    y = task.case.y if task.case.event is None else task.case.event
    return np.unique(unit_means(y, here.unit, here.order), return_inverse=True)[1].astype(np.int64)


def _statistics(found: Found, row: Summary, use: Bool, null: Float) -> Float:
    """The summary of each shuffle, (shuffles,)."""
    at = [list(found.task.metrics).index(name) for name in row.metrics]
    own = null[:, use][:, :, at]
    if row.kind == "gap":
        wide: Float = (own.max(axis=1) - own.min(axis=1)).max(axis=1)
        return wide
    if row.kind == "scaled":
        overall = found.measured.value[0, at[0]]
        even: Float = overall / (1 + np.abs(own[:, :, 0] - overall).sum(axis=1))
        return even
    worst: Float = (own.max if row.metrics[0] in LOSSES else own.min)(axis=1)[:, 0]
    return worst
