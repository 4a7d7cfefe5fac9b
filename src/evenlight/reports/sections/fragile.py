"""B9, perturbations: what small changes of the data do to each group. F17, T15, T16."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from htpy import Element, Node, p

from evenlight.data.digits import confidence, count, estimate, fixed, number, plain
from evenlight.data.searched import Worst
from evenlight.data.shown import metric_name, short, versus
from evenlight.language import spoken
from evenlight.measures.fragile import Fragility
from evenlight.measures.words import SPOKEN, gravest
from evenlight.record import Audit
from evenlight.reports.drawings import DOSES, drawings, moving
from evenlight.reports.parts import (
    Some,
    evidence,
    folded,
    grid,
    groups,
    name,
    part,
    picture,
    rows_of,
    say,
)
from evenlight.reports.parts import verdict as judged
from evenlight.reports.pointing import Told, at, each
from evenlight.reports.sections.keyed import keyed
from evenlight.reports.words import CAPTIONS

CONFIRMED = (
    *("level", "reference", "reason", "effect", "low", "high", "trace", "n_held", "alpha"),
    "margin",
)
"""What the worst change is told with."""

UNTOLD = ("change", "size", "overlap", "r2")
"""Measures that stand elsewhere, or say what another one does."""

SHARES = ("flips", "agreement", "moved")
"""Measures that are told as they are; all others are changes."""

APART = "Groups are moved differently far by {apart} of {all} steps: {steps}."
TOGETHER = (
    "In none of {all} steps are two groups shown to be moved differently far. Comparisons: "
    "{verdicts}."
)
DRAWN = " What everybody shares in a draw was drawn {times} times."
NONE = "The worst combination of these changes: {verdict}, {reason}."
FOUND = (
    "The worst combination found within the bounds, {whom}: {searched} SD(f) in the half of the "
    "people that was searched, {effect} in the {n} who were not ({level} interval, margin "
    "{margin})."
)
WORDS = {
    "flips": "decisions that turn",
    "agreement": "rank agreement of attributions",
    "moved": "attribution mass that moves",
    "mse": "mean squared error",
}


def parts(audit: Audit) -> Iterator[Node]:
    """One part a grouping: a reading, the dose figure, every step, and the worst that was found."""
    made = drawings(audit)
    worsts = {record.grouping: record for record in audit.further.worsts}
    for key, record in keyed("t15", audit.further.fragilities):
        found = worsts.get(record.grouping)
        mark = key.replace("t15", "F17")
        yield part(
            spoken(
                "Small changes of the data ({suite}), by {grouping}",
                suite=record.suite,
                grouping=record.grouping,
            ),
            p(class_="reading", data_ref=_reading_at(record), data_of="steps")[reading(record)],
            (picture(made[one], record) for one in (mark,) if one in made),
            folded(spoken("Every change, group by group"), _steps(key, record)),
            folded(
                spoken("What it does to performance and explanations"),
                _measures(f"{key}m", record),
            ),
            None if found is None else _worst(key.replace("t15", "t16"), found),
            ref=at(record, "grouping", "suite"),
        )


def _reading_at(record: Fragility) -> str:
    """The verdicts of the sizes of change at every step, and how strong the steps are."""
    words = f"apart/verdict/{record.view('size')}"
    return at(record, words, "perturbation", "strength", "unit")


def reading(made: Fragility) -> str:
    """How many steps tell groups apart, and which first."""
    words = made.apart.verdict[made.view("size")]
    many = count(len(made.steps))
    found = [made.steps[s] for s in np.flatnonzero((words == "different").any(axis=0))]
    if found:
        first = "; ".join(short(step, 90) for step in found[:3])
        if len(found) > 3:
            first = spoken("{steps}, and {more} more", steps=first, more=len(found) - 3)
        return spoken(APART, apart=len(found), all=many, steps=first)
    told = {spoken(SPOKEN[word]): int((words == word).sum()) for word in SPOKEN}
    shown = ", ".join(f"{count(n)} {word}" for word, n in told.items() if n)
    return spoken(TOGETHER, all=many, verdicts=shown)


def _steps(key: str, record: Fragility) -> Element:
    """Mean size of change by group at the step that tells most, with the gravest verdict."""
    heads = [spoken("Change"), *(short(level, 40) for level in record.levels)]
    heads += [spoken("Difference of groups"), spoken("Verdict")]
    if record.threshold is not None:
        heads += [spoken("Difference in decisions that turn"), spoken("Verdict")]
    steps = [_telling(record, name) for name in dict.fromkeys(record.perturbation)]
    rows = rows_of([_step(record, s) for s in steps], "", [_step_at(record, s) for s in steps])
    named = spoken(
        CAPTIONS["T15"],
        grouping=short(record.grouping),
        level=confidence(record.alpha),
        margin=plain(float(record.apart.margin[record.view("size")])),
        draws=_drawn(record),
    )
    margin = f"apart/margin/{record.view('size')}"
    told = Told(named, record, f"grouping alpha repeats levels {margin}")
    return grid(key, "T15", told, heads, rows)


def _step_at(record: Fragility, s: int) -> str:
    """The pointers of one step: each group's change, and what the groups differ by."""
    m, fields = record.measure("size"), "value low high reason"
    own = [each(fields, record.part(level), s, m) for level in record.levels]
    views = [record.view("size")]
    steps = [s]
    if record.threshold is not None:
        views.append(record.view("flips"))
        steps.append(_telling(record, record.perturbation[s], "flips"))
    contrasts = range(len(record.contrasts))
    own += [
        each("apart/effect apart/low apart/high apart/reason", v, c, t)
        for v in views
        for t in dict.fromkeys(steps)
        for c in contrasts
    ]
    told = dict.fromkeys(steps)
    return " ".join((*(each("perturbation strength unit", t) for t in told), *own, "contrasts"))


def _telling(record: Fragility, perturbation: str, view: str = "size") -> int:
    """The smallest strength at which two groups differ in a view, else the largest."""
    at = np.flatnonzero(np.array(record.perturbation) == perturbation)
    words = record.apart.verdict[record.view(view)][:, at]
    apart = at[(words == "different").any(axis=0)]
    return int(apart[0] if len(apart) else at[-1])


def _drawn(record: Fragility) -> str:
    """On how many draws of what all people share the intervals rest."""
    if not record.repeats:
        return ""
    return spoken(DRAWN, times=record.repeats + 1)


def _step(record: Fragility, s: int) -> list[Node]:
    m = record.measure("size")
    cells: list[Node] = [name(record.steps[s])]
    for level in record.levels:
        r = record.part(level)
        limits = (float(a[r, s, m]) for a in (record.value, record.low, record.high))
        cells.append(evidence(estimate(*limits, reason=str(record.reason[r, s, m]))))
    cells += _furthest(record, "size", s)
    if record.threshold is None:
        return cells
    turned = _telling(record, record.perturbation[s], "flips")
    other = record.apart.verdict[record.view("flips"), :, turned] == "different"
    told, word = _furthest(record, "flips", turned if other.any() else s)
    at = plain(float(record.strength[turned])) if other.any() and turned != s else ""
    return [*cells, [spoken("at {strength}, ", strength=at) if at else "", told], word]


def _furthest(record: Fragility, view: str, s: int) -> list[Node]:
    """The contrast that decides one step of a view, and its verdict.

    A pair that cannot be asked stands back behind those that can.
    """
    v, apart = record.view(view), record.apart
    words = apart.verdict[v, :, s]
    word = gravest([w for w in words.tolist() if w != "not_estimable"])
    own = np.flatnonzero(words == word)
    c = int(own[np.argmax(np.abs(np.nan_to_num(apart.effect[v, own, s])))])
    limits = (float(a[v, c, s]) for a in (apart.effect, apart.low, apart.high))
    told = estimate(*limits, reason=str(apart.reason[v, c, s]), sign=True)
    return [[name(versus(record.contrasts[c])), ": ", evidence(told)], judged(word)]


def _measures(key: str, record: Fragility) -> Element:
    """The metrics at the largest strength of the perturbations that move outputs most."""
    heads = (spoken("After"), spoken("Measure"), *(short(level, 40) for level in record.levels))
    told: list[tuple[Node, Some]] = []
    own = [m for m, measure in enumerate(record.measures) if measure not in UNTOLD]
    for perturbation in moving(record)[:DOSES]:
        s = int(np.flatnonzero(np.array(record.perturbation) == perturbation)[-1])
        rows = rows_of(
            [_measure(record, s, m) for m in own], "", [_measure_at(record, s, m) for m in own]
        )
        told.append((name(record.steps[s]), rows))
    named = spoken(CAPTIONS["T15m"], grouping=short(record.grouping))
    caption = Told(named, record, "grouping levels")
    return groups(key, spoken("T15, measures"), caption, heads, told)


def _measure_at(record: Fragility, s: int, m: int) -> str:
    own = (each("value low high reason", record.part(level), s, m) for level in record.levels)
    return " ".join((each("perturbation strength unit", s), *own))


def _measure(record: Fragility, s: int, m: int) -> list[Node]:
    measure = record.measures[m]
    cells: list[Node] = [spoken(WORDS[measure]) if measure in WORDS else metric_name(measure)]
    for level in record.levels:
        r = record.part(level)
        limits = (float(a[r, s, m]) for a in (record.value, record.low, record.high))
        why = str(record.reason[r, s, m])
        cells.append(evidence(estimate(*limits, reason=why, sign=measure not in SHARES)))
    return cells


def _worst(key: str, made: Worst) -> list[Node]:
    """What was found by search, and what the other half says of it."""
    heads = (spoken("Change"), spoken("Searched between"), spoken("Found"))
    rows: list[list[Node]] = [
        [
            name(made.perturbations[q]),
            spoken(
                "{low} and {high} {unit}",
                low=plain(float(made.lower[q])),
                high=plain(float(made.upper[q])),
                unit=made.unit[q],
            ),
            number(float(made.strength[q]), digits=2),
        ]
        for q in range(len(made.perturbations))
    ]
    tries = count(len(made.trace))
    named = spoken(CAPTIONS["T16"], drawn=tries, grouping=short(made.grouping))
    told = Told(named, made, "trace grouping")
    some = rows_of(rows, "perturbations lower upper strength unit")
    return [
        p(class_="reading", data_ref=at(made, *CONFIRMED), data_of="sum")[
            judged(made.verdict), " ", say(confirmed(made))
        ],
        folded(spoken("The worst that was found"), grid(key, "T16", told, heads, some)),
    ]


def confirmed(made: Worst) -> str:
    """The worst combination in words: what was promised by the search, and what was confirmed."""
    whom = versus((made.level, made.reference)) if made.reference else short(made.level)
    if made.reason:
        return spoken(NONE, verdict=spoken(SPOKEN[made.verdict]), reason=made.reason)
    return spoken(
        FOUND,
        whom=whom,
        searched=fixed(made.searched, 2, sign=True),
        effect=estimate(made.effect, made.low, made.high, sign=True),
        n=count(float(made.n_held.sum())),
        level=confidence(made.alpha),
        margin=plain(made.margin),
    )
