"""What swapping, shuffling or taking away sets of features does, to the gap and to performance."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from evenlight.arrays import Int
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.data.neutralised import Neutralised
from evenlight.errors import InputError
from evenlight.measures.belongs import moments, same_output
from evenlight.measures.counted import told_left
from evenlight.measures.hidden_people import shown_people, without_hidden
from evenlight.measures.judging import Judging
from evenlight.measures.lever import Closing, Levers
from evenlight.measures.lever_signal import signal
from evenlight.measures.lever_table import DRAWS, Stage, lever_table, lines_of, stage
from evenlight.measures.prepare import Setting, overlap_reason, population, setting
from evenlight.measures.told_effects import told_by_limits
from evenlight.measures.weighing import weighted
from evenlight.stats.closure import Closed, Outputs, Sides, closing, sides
from evenlight.stats.disclosure import shown_counts

FACTOR = {"swap": 2.0}
"""A swap turns a set's part of the gap round; every other kind takes it away."""

TEXT = (
    *("kind", "how", "subject", "level", "reference"),
    *("population", "reason", "closure_reason"),
)


def levers(
    made: Neutralised | Sequence[Neutralised],
    cohort: Cohort,
    *,
    by: str | Groups,
    judging: Judging | None = None,
    rng: np.random.Generator | int = 0,
) -> Levers:
    """Closure of the gap given the outcome, signal within groups, and performance before and after.

    The gap is that of the mean margin of two groups among people with the same outcome (a number in
    bins, its linear part within bins taken off) and declared strata, with the weights n_A n_B /
    (n_A + n_B); each unit counts once. `closure` is the share of it that a set carries; its limits
    count the sampling error of the map, and there are none where the gap's own interval holds 0.
    Shuffles give the signal. Metrics use the plan's threshold in `judging` for net benefit; without
    an outcome there is neither signal nor table, and the notes say so.

    Raises InputError where interventions are of other people, groupings or targets, and
    AttributionError where they are of several models.
    """
    asked = _interventions(made)
    rules, here = judging or Judging(), shown_people(cohort, by, kept=weighted(cohort))
    whole = [one.at(cohort) for one in _alike(asked, here)]
    for one in whole[1:]:
        same_output(f"the {one.kind}", one.before, whole[0].before)
    asked = [_at_shown(one, here) for one in whole]
    found = [line for one in asked for line in closings(one, here, rules.alpha)]
    known, generator = cohort.outcome_kind is not None, np.random.default_rng(rng)
    on = stage(asked[0], here, rules, generator) if known else None
    if on is not None:
        gone = without_hidden(setting(cohort, by, kept=weighted(cohort)))[1]
        on = replace(on, hidden=tuple(gone))
    return Levers(
        grouping=here.groups.name,
        source=here.groups.source,
        levels=here.groups.levels,
        target=asked[0].target,
        given=asked[0].given,
        scale=asked[0].scale,
        alpha=rules.alpha,
        draws=DRAWS,
        threshold=rules.threshold,
        closing=_stacked(found),
        **_performance(asked, on, rules.alpha, rounded=here.rounded),
        notes=_notes(asked, cohort),
        output=moments(whole[0].before),
    )


def _at_shown(one: Neutralised, here: Setting) -> Neutralised:
    """An intervention on the people who are shown."""
    if len(one.rows) == here.cohort.n:
        return one
    return replace(one, cohort_digest="").at(here.cohort)


def _performance(
    asked: Sequence[Neutralised], on: Stage | None, alpha: float, *, rounded: bool
) -> dict[str, Any]:
    """Signal and table; both are empty without an outcome."""
    metrics = ("",) if on is None else tuple(on.metrics)
    rounded = rounded or (on is not None and on.here.rounded)
    lines = [] if on is None else [line for one in asked for line in lines_of(one, on)]
    return {
        "signal": signal(lines, alpha=alpha, rounded=rounded, metric=metrics[0]),
        "table": lever_table(lines, rounded=rounded, metrics=metrics),
    }


def _interventions(made: object) -> list[Neutralised]:
    """One intervention or several, as a list."""
    asked: list[Any] = list(made) if isinstance(made, Iterable) else [made]
    for one in asked:
        if not isinstance(one, Neutralised):
            raise InputError(
                f"an intervention is a {type(one).__name__}; make some with swap, shuffle or remove"
            )
    return asked


def _notes(asked: Sequence[Neutralised], cohort: Cohort) -> tuple[str, ...]:
    notes = [note for one in asked for note in one.notes]
    if cohort.outcome_kind is None:
        notes.append(
            "The cohort has no outcome: gaps are not taken given one, and no performance is told."
        )
    if cohort.weights is not None:
        notes.append(
            f"Performance is weighed by {cohort.weights!r}; in gaps and closures each person "
            "counts once."
        )
    return tuple(dict.fromkeys(notes))


def _alike(asked: Sequence[Neutralised], here: Setting) -> Sequence[Neutralised]:
    """The interventions, if there are some and all are of one grouping and target."""
    if not asked:
        raise InputError("there is no intervention; make some with swap, shuffle or remove")
    for one in asked:
        if one.grouping != here.groups.name:
            raise InputError(
                f"a {one.kind} was made by {one.grouping!r} and is judged by "
                f"{here.groups.name!r}; make it again with by={here.groups.name!r}"
            )
        if (one.target, one.given) != (asked[0].target, asked[0].given):
            raise InputError(
                f"interventions are of targets {asked[0].target!r} given {asked[0].given} and "
                f"{one.target!r} given {one.given}; judge one target at a time"
            )
    return asked


def closings(made: Neutralised, here: Setting, alpha: float) -> list[dict[str, object]]:
    """The lines of one intervention; a shuffle within groups leaves what lies between them."""
    if made.kind == "shuffle":
        return []
    pairs = dict.fromkeys(made.pairs) if made.pairs else here.groups.contrasts()
    return [
        _line(made, i, pair, here, alpha=alpha) for i in range(len(made.sets)) for pair in pairs
    ]


def _line(
    made: Neutralised, i: int, pair: tuple[str, str], here: Setting, *, alpha: float
) -> dict[str, object]:
    """One set and pair."""
    codes = (here.groups.levels.index(pair[0]), here.groups.levels.index(pair[1]))
    both = sides(here.unit_group, codes, _unit_codes(made.stratum, here))
    lost = both.dropped
    reason = overlap_reason(both.total, both.left, pair, dropped=lost, rounded=here.rounded)
    some = told_left(here, pair, both.left, both.total)
    n = shown_counts(some.astype(np.float64), rounded=here.rounded)
    done = None if reason else _closed(made, i, pair, here, both=both, alpha=alpha)
    told = {"kind": made.kind, "how": made.how[i], "subject": made.sets[i]}
    told |= {"level": pair[0], "reference": pair[1], "reason": reason}
    left = (int(some[0]), int(some[1]))
    shown = population(both.total, left, both.strata, pair) if not reason else ""
    counts = {"n_level": n[0], "n_reference": n[1]} if not reason else {}
    numbers = _told(_numbers(done, made.given, reason), min(both.left), here)
    return {**numbers, **counts, **told,
            "strata": both.strata, "population": shown}  # fmt: skip


def _told(numbers: dict[str, object], least: int, here: Setting) -> dict[str, object]:
    """A gap and its closure to steps where a part is hidden: a gap is a difference of means."""
    flat = {name: np.array(value) for name, value in numbers.items() if name != "closure_reason"}
    n, half = np.array(least), (flat["gap_high"] - flat["gap_low"]) / 2
    gap = told_by_limits((flat["gap"], flat["gap_low"], flat["gap_high"]), n, here)
    after = told_by_limits((flat["after"], -half, half), n, here)[0]
    ends = (flat["closure"], flat["closure_low"], flat["closure_high"])
    values = (*gap, after, *told_by_limits(ends, n, here))
    names = ("gap", "gap_low", "gap_high", "after", "closure", "closure_low", "closure_high")
    return {**numbers, **dict(zip(names, values, strict=True))}


def _closed(
    made: Neutralised,
    i: int,
    pair: tuple[str, str],
    here: Setting,
    *,
    both: Sides,
    alpha: float,
) -> Closed:
    draws = made.draws_of(pair)
    y = here.per_unit(made.y)
    part = here.per_unit(made.part[i, draws].mean(axis=0))
    outputs = Outputs(
        here.per_unit(made.before),
        np.stack([here.per_unit(after) for after in made.after[i, draws]]),
        None if np.isnan(part[both.enter]).any() else part,
        _unit_codes(made.fitted, here),
        None if np.isnan(y[both.enter]).any() else y,
        _unit_codes(made.piece, here),
    )
    return closing(both, outputs, factor=FACTOR.get(made.kind, 1.0), alpha=alpha)


def _numbers(done: Closed | None, given: str, reason: str) -> dict[str, object]:
    names = ("gap", "gap_low", "gap_high", "after", "closure", "closure_low", "closure_high")
    if done is None:
        empty = dict.fromkeys((*names, "n_level", "n_reference"), float("nan"))
        return {**empty, "closure_reason": reason}
    values = (
        *(done.gap, done.gap_low, done.gap_high, done.after),
        *(done.closure, done.low, done.high),
    )
    held = f"the interval of the gap given {given} holds 0, so there is no share of it to tell"
    return {**dict(zip(names, values, strict=True)), "closure_reason": "" if done.bounded else held}


def _unit_codes(codes: Int, here: Setting) -> Int:
    """One code a unit (u,) from rows (n,) whose units have one each."""
    out = np.full(len(here.unit_group), -1, dtype=np.int64)
    out[here.unit] = codes[here.kept]
    return out


def _stacked(lines: Sequence[dict[str, object]]) -> Closing:
    made: dict[str, Any] = {}
    for name in Closing.__dataclass_fields__:
        kind = np.str_ if name in TEXT else np.int64 if name == "strata" else np.float64
        made[name] = np.array([line[name] for line in lines], dtype=kind)
    return Closing(**made)
