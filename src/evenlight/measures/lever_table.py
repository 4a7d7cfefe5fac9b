"""Performance of each group before and after an intervention, on the same people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtri, stdtrit

from evenlight.arrays import Bool, Float, Int, Text
from evenlight.data.cohort import Cohort
from evenlight.data.neutralised import Neutralised
from evenlight.data.probed import Predictions
from evenlight.measures.counted import told_left
from evenlight.measures.differences import Measured
from evenlight.measures.hidden_people import without_hidden
from evenlight.measures.judging import Judging
from evenlight.measures.lever import LeverTable
from evenlight.measures.measuring import OVERALL, pointwise
from evenlight.measures.perform import outcome_case, ranks_only
from evenlight.measures.prepare import ALPHA, Setting, setting
from evenlight.measures.rests import RULES, UNSTABLE, barred, reasons, resting
from evenlight.measures.told_effects import coarse_ends
from evenlight.measures.weighing import row_weights, sampling, weighted
from evenlight.small_groups import hidden_text, least_shown
from evenlight.stats.decisions import net_benefit
from evenlight.stats.disclosure import shown_counts
from evenlight.stats.intervals import spreads
from evenlight.stats.metrics import REGRESSION, Case, Metric, auroc
from evenlight.stats.one_step import calibration_slope
from evenlight.stats.parts import Shape
from evenlight.stats.survival import concordance

DRAWS = 500
"""Resamples of units: each is paired, before and after."""


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """People whose outcome is known, that outcome as a `case`, and weights (1 + draws, rows).

    `ranks_only` says why only ranks are judged, "" where more is; `hidden` levels are not shown.
    """

    here: Setting
    case: Case
    metrics: Mapping[str, Metric]
    events: bool
    weight: Float
    ranks_only: str = ""
    hidden: tuple[str, ...] = ()

    @property
    def codes(self) -> Int:
        """The group of each row."""
        return self.here.unit_group[self.here.unit]


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """One intervention on one set (and pair) in r parts: metrics (r, m), and draws (draws, r, m).

    `noise` (r, m) is the variance of `after` by the intervention's own draws; `n` (r,) units, and
    `told` (r,) as they may be shown; `redone` (e, r, m) changes where the intervention was made
    anew on resamples, else None.
    """

    kind: str
    subject: str
    pair: tuple[str, str]
    parts: tuple[str, ...]
    n: Int
    told: Int
    before: Measured
    after: Measured
    noise: Float
    redone: Float | None = None

    @property
    def change(self) -> Float:
        """After less before, (r, m)."""
        return self.after.value - self.before.value

    @property
    def again(self) -> Float:
        """The same in each resample, (draws, r, m)."""
        return self.after.drawn - self.before.drawn


def stage(made: Neutralised, on: Setting, rules: Judging, rng: np.random.Generator) -> Stage:
    """Who of a setting enters, how they count, and what is asked of the predictions."""
    cohort = on.cohort
    said = Predictions(
        made.rows, made.before, made.response_before, made.target, made.link, made.scale,
        score_only=made.score_only,
    )  # fmt: skip
    case = outcome_case(said, cohort, rules)
    known = np.isfinite(case.y if case.event is None else case.y + case.event)
    here = setting(cohort, on.groups, kept=known & weighted(cohort))
    here, _ = without_hidden(replace(here, coarse=here.coarse or on.rounded))
    events = cohort.outcome_kind != "continuous"
    weight = row_weights(here, draws=DRAWS, rng=rng)
    why = ranks_only(said, cohort)
    return Stage(here, case.take(here.kept), _metrics(cohort, rules), events, weight, why)


def lines_of(made: Neutralised, on: Stage) -> Iterator[Lines]:
    """The lines of one intervention, set by set and pair by pair."""
    known: dict[bytes, tuple[Float, int, Text, Float]] = {}
    for i, subject in enumerate(made.sets):
        for pair in dict.fromkeys(made.pairs) if made.pairs else [("", "")]:
            draws = made.draws_of(pair)
            margin = made.after[i][np.ix_(draws, on.here.kept)]
            response = made.response[i][np.ix_(draws, on.here.kept)]
            levels = pair if made.pairs else on.here.groups.levels
            moved = np.isfinite(margin).all(axis=0)
            found = [
                _part(on, moved & mask, (margin, response), known, every=made.kind != "swap")
                for mask in _masks(on, levels).values()
            ]
            line = _lines(on, (made.kind, subject, pair), (OVERALL, *levels), found)
            redone = [_changes(on, levels, *resample) for resample in made.redone(i, pair)]
            yield replace(line, redone=np.stack(redone)) if redone else line


def lever_table(lines: Sequence[Lines], *, rounded: bool, metrics: Sequence[str]) -> LeverTable:
    """All lines as one table."""
    rounded = rounded or any(((line.n > 0) & (line.n < least_shown())).any() for line in lines)
    columns: dict[str, list[np.ndarray]] = {name: [] for name in LeverTable.__dataclass_fields__}
    for line in lines:
        for name, values in _columns(line, rounded=rounded, metrics=metrics).items():
            columns[name].append(values.ravel())
    text = ("kind", "subject", "level", "reference", "part", "metric", "reason")
    joined = {
        name: np.concatenate([np.array([], dtype=np.str_ if name in text else np.float64), *parts])
        for name, parts in columns.items()
    }
    return LeverTable(**joined)


def _metrics(cohort: Cohort, rules: Judging) -> dict[str, Metric]:
    """What is asked, the first being that of the signal."""
    if cohort.outcome_kind == "survival":
        return {"concordance": concordance}
    if cohort.outcome_kind == "continuous":
        return {name: REGRESSION[name] for name in ("r2", "mae", "bias")}
    asked: dict[str, Metric] = {"auroc": auroc, "calibration_slope": calibration_slope}
    return asked if rules.threshold is None else {**asked, "net_benefit": net_benefit}


def _masks(on: Stage, levels: Sequence[str]) -> dict[str, Bool]:
    codes = [on.here.groups.levels.index(level) for level in levels]
    masks = {OVERALL: np.isin(on.codes, codes)}
    return masks | {level: on.codes == g for level, g in zip(levels, codes, strict=True)}


Part = tuple[Float, Float, int, Text, Float, Float]
"""Metrics before and after (1 + draws, m), units, reasons (m,), worth (m,), noise (m,)."""


def _part(
    on: Stage,
    mask: Bool,
    after: tuple[Float, Float],
    known: dict[bytes, tuple[Float, int, Text, Float]],
    *,
    every: bool,
) -> Part:
    """One part; what is known of these people before any intervention is computed once.

    `after` are margins and responses (d, n). Each draw is resampled if `every`, else the first one:
    draws of a swap keep ranks and hardly differ for a person, those of a shuffle do.
    """
    rows = on.here.order[mask[on.here.order]]
    case, weight = on.case.take(rows), on.weight[:, rows]
    key = rows.tobytes()
    if key not in known:
        known[key] = (_asked(on, case, weight), *_resting(on, rows, case))
    before, n, reason, worth = known[key]
    each = [
        _asked(on, replace(case, margin=m[rows], response=r[rows]), weight[: None if full else 1])
        for m, r, full in zip(*after, [True] + [every] * (len(after[0]) - 1), strict=True)
    ]
    value = np.stack([found[0] for found in each])
    noise = value.var(axis=0, ddof=1) / len(value) if len(value) > 1 else np.zeros_like(value[0])
    again = np.mean([found - found[0] for found in each if len(found) == len(weight)], axis=0)
    return before, again + value.mean(axis=0), n, reason, worth, noise


def _changes(on: Stage, levels: Sequence[str], rows: Int, margin: Float, response: Float) -> Float:
    """Change of every metric in every part (r, m), for a resample of rows (l,) of the cohort."""
    place = np.where(on.here.kept, np.cumsum(on.here.kept) - 1, -1)[rows]
    there = place >= 0
    at, case = place[there], on.case.take(place[there])
    moved = replace(case, margin=margin[there], response=response[there])
    weight, out = on.weight[:1, at], []
    for mask in _masks(on, levels).values():
        own = mask[at]
        pair = [_asked(on, side.take(own), weight[:, own])[0] for side in (case, moved)]
        out.append(pair[1] - pair[0])
    return np.stack(out)


def _asked(on: Stage, case: Case, weight: Float) -> Float:
    """Every metric under every weighting, (1 + draws, m)."""
    if not len(case.y):
        return np.full((len(weight), len(on.metrics)), np.nan)
    return np.column_stack([metric(case, weight) for metric in on.metrics.values()])


def _resting(on: Stage, rows: Int, case: Case) -> tuple[int, Text, Float]:
    """Units of a part, why a metric is not told (m,), and how much each rests on (m,)."""
    unit = on.here.unit[rows]
    n = len(np.unique(unit))
    found = resting(case, unit, sampling(on.here)[unit])
    rules = [RULES[name] for name in on.metrics]
    asked = [rule.on if on.events else "all" for rule in rules]
    least = np.array([found[name][0] for name in asked])
    worth = np.array([found[name][1] * r.ranks for name, r in zip(asked, rules, strict=True)])
    why = np.array([reasons()[name] for name in asked])
    hidden = hidden_text() if 0 < n < least_shown() else "nobody"
    reason = np.where(least < least_shown(), why, "")
    nothing = barred(on.metrics, on.case.response, on.ranks_only)
    reason = np.where(reason == "", nothing, reason)
    return n, np.full(len(rules), hidden) if n < least_shown() else reason, worth


def _lines(
    on: Stage, told: tuple[str, str, tuple[str, str]], parts: tuple[str, ...], found: list[Part]
) -> Lines:
    """Parts stacked; a metric that fails in more than 1 % of the resamples is not told."""
    before, after, n, reason, worth, noise = zip(*found, strict=True)
    first, then = (np.stack(side, axis=1) for side in (before, after))
    words = np.stack(reason).astype(object)
    lost = np.isnan(first + then).mean(axis=0) > 0.01
    words[np.isin(parts, on.hidden)] = hidden_text()
    words[(lost | np.isnan(first[0] + then[0])) & (words == "")] = UNSTABLE
    kinds = np.array([RULES[name].kind for name in on.metrics])
    shape, size = Shape(kinds, np.stack(worth)), np.stack(worth)
    margin = np.full(len(kinds), np.nan)
    sides = [
        Measured(side[0], side[1:], words.astype(np.str_), margin, size, shape, ALPHA)
        for side in (first, then)
    ]
    units = np.array(n)
    return Lines(
        *told, parts, units, _told(on, parts[1:], units), sides[0], sides[1], np.stack(noise)
    )


def _told(on: Stage, levels: Sequence[str], n: Int) -> Int:
    """Units (r,) of the whole and of its levels, so that nobody who was left out can be counted."""
    fewer = np.where(n[1:] < least_shown(), 0, n[1:] - told_left(on.here, levels, n[1:].tolist()))
    told: Int = n - np.append(fewer.sum(), fewer)
    return told


def _columns(line: Lines, *, rounded: bool, metrics: Sequence[str]) -> dict[str, np.ndarray]:
    """One intervention's columns, each (r, m)."""
    shape, reason = line.before.reason.shape, line.before.reason
    hidden = reason != ""
    whole = {"kind": line.kind, "subject": line.subject}
    whole |= dict(zip(("level", "reference"), line.pair, strict=True))
    made: dict[str, np.ndarray] = {n: np.full(shape, v) for n, v in whole.items()}
    made["part"] = np.repeat(np.array(line.parts)[:, None], shape[1], axis=1)
    made["metric"] = np.repeat(np.array(metrics)[None], shape[0], axis=0)
    count = np.where(line.n < least_shown(), np.nan, line.told.astype(np.float64))
    made["n"] = np.repeat(shown_counts(count, rounded=rounded)[:, None], shape[1], axis=1)
    for name, side in (("before", line.before), ("after", line.after)):
        limits = pointwise(side)
        made |= {
            name: limits["value"],
            f"{name}_low": limits["low"],
            f"{name}_high": limits["high"],
        }
    made["change"] = np.where(hidden, np.nan, line.change)
    half = _half(line)
    reason = np.where(np.isfinite(half) | hidden, reason, UNSTABLE)
    for name, sign in (("change_low", -1.0), ("change_high", 1.0)):
        made[name] = np.where(hidden, np.nan, line.change + sign * half)
    return {**made, **(_coarse(made) if rounded else {}), "reason": reason}


def _coarse(made: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The numbers to steps: another table tells the same of everybody."""
    out: dict[str, np.ndarray] = {}
    for name in ("before", "after", "change"):
        names = (name, f"{name}_low", f"{name}_high")
        ends = coarse_ends((made[names[0]], made[names[1]], made[names[2]]), made["n"])
        out |= dict(zip(names, ends, strict=True))
    return out


def _half(line: Lines) -> Float:
    """Half the width (r, m) of a change's interval: Student's where there are few resamples."""
    if line.redone is None:
        return float(-ndtri(ALPHA / 2)) * np.sqrt(spreads(line.again) ** 2 + line.noise)
    return float(stdtrit(len(line.redone) - 1, 1 - ALPHA / 2)) * spreads(line.redone)
